"""Columns of a typed table, read in each of the ways that a profile reads them."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import numpy as np
import pytest

from automl_core.tabular.parquet_source import ParquetSource

TEXTS = ["b", None, "a", "b", "ä", "", "a b", None, "b", '"']
NUMBERS = [2.5, None, -0.0, 0.0, float("inf"), 2.5, float("nan"), 1e300, 3.0, None]
MOMENT = datetime.fromisoformat("2024-01-01T00:00:00.5")
DAYS = [date(2024, 1, 2), None, date(1969, 12, 31)] + [date(2024, 1, 1)] * 7


@pytest.fixture
def source(typed):
    path, _ = typed(
        {
            'a "text"': ("text", TEXTS),
            "number": ("decimal", NUMBERS),
            "day": ("date", DAYS),
            "when": ("datetime", [MOMENT] * 10),
            "whole": ("integer", [999_999_999_999_999 + i for i in range(10)]),
        }
    )
    with ParquetSource(path) as opened:
        yield opened


def test_columns_are_named_and_typed(source):
    assert source.names == ['a "text"', "number", "day", "when", "whole"]
    assert [source.is_number(name) for name in source.names] == [False, True, True, True, True]
    assert [source.is_time(name) for name in source.names] == [False, False, True, True, False]
    assert source.count_rows() == 10


def test_numbers_counted_in_the_database_are_those_counted_here(source):
    runs = source.number_runs("number")

    assert runs.values.tolist() == [0.0, 2.5, 3.0, 1e300]
    assert runs.rows.tolist() == [2, 2, 1, 1]
    # NaN and an empty cell are both missing.
    assert (runs.n_missing, runs.n_infinite) == (3, 1)
    assert source.number_runs("day").values.tolist() == [-86400, 1704067200, 1704153600]


def test_numbers_come_in_the_order_of_the_file(source):
    found = dict(source.numbers(["number", "when", "whole"], 10))

    assert np.isnan(found["number"][[1, 6, 9]]).all()
    assert found["number"][[0, 4]].tolist() == [2.5, np.inf]
    assert not np.signbit(found["number"][2])
    assert found["when"][0] == 1704067200.5
    assert found["whole"][9] == 1_000_000_000_000_008


def test_texts_are_counted_in_their_order(source):
    runs = source.text_runs('a "text"')

    wanted = Counter(text for text in TEXTS if text is not None)
    assert list(runs.values) == sorted(wanted)
    assert runs.rows.tolist() == [wanted[text] for text in sorted(wanted)]
    assert runs.n_missing == 2


def test_texts_of_many_values_are_counted_by_their_hash(source):
    found = source.hashed('a "text"', 10)

    assert np.flatnonzero(found.is_missing).tolist() == [1, 7]
    assert len(set(found.hashes[~found.is_missing].tolist())) == 6
    assert (found.length_min, found.length_max) == (0, 3)
    assert found.length_mean == pytest.approx(9 / 8)


def test_the_most_frequent_texts_are_found_by_their_hashes(source):
    found = source.hashed('a "text"', 10)
    hashes, rows = np.unique(found.hashes[~found.is_missing], return_counts=True)

    # The others come once each; of those the first in their order is taken.
    assert source.most_frequent_texts('a "text"', hashes, rows, 2) == [("b", 3), ("", 1)]
    assert source.most_frequent_texts('a "text"', hashes, rows * 0 + 1, 2) == []


def test_a_sample_holds_the_cells_of_its_rows(source):
    rows = np.array([0, 1, 4, 7, 8])
    counted = {'a "text"': source.text_runs('a "text"')}

    plain = {column.name: column for column in source.sample(source.names, rows, {})}
    hashed = {column.name: column for column in source.sample(source.names, rows, counted)}

    for found in (plain, hashed):
        text = found['a "text"']
        assert text.levels == ("b", "ä")
        assert text.codes.tolist() == [0, -1, 1, -1, 0]
        # An infinity is no number for what is computed on the sample.
        assert found["number"].numbers.tolist() == pytest.approx(
            [2.5, np.nan, np.nan, 1e300, 3.0], nan_ok=True
        )


def test_staged_columns_answer_as_those_of_the_file(source):
    wanted = source.text_runs('a "text"')

    with source.staged(['a "text"']):
        found = source.text_runs('a "text"')

    assert (found.values, found.rows.tolist()) == (wanted.values, wanted.rows.tolist())


def test_gaps_are_counted_by_pattern(source):
    patterns, rows = source.count_gap_patterns(['a "text"', "number", "day"])

    told = {tuple(p): n for p, n in zip(patterns.tolist(), rows.tolist(), strict=True)}
    assert told == {
        (False, False, False): 7,
        (False, True, False): 1,
        (True, False, False): 1,
        (True, True, True): 1,
    }


def test_gaps_of_more_columns_than_a_number_has_bits_are_counted(typed):
    columns = {f"c{i}": ("integer", [None if i == j else 1 for j in range(3)]) for i in range(130)}
    path, _ = typed(columns)

    with ParquetSource(path) as source:
        patterns, rows = source.count_gap_patterns(list(columns))

    assert rows.tolist() == [1, 1, 1]
    assert [sorted(np.flatnonzero(p).tolist()) for p in patterns] in (
        [[2], [1], [0]],
        [[0], [1], [2]],
    )


def test_row_hashes_tell_rows_apart(source):
    (all_of_them,) = source.row_hashes([source.names])
    (few,) = source.row_hashes([['a "text"']], where_present='a "text"')

    assert len(set(all_of_them.tolist())) == 10
    assert (len(few), len(set(few.tolist()))) == (8, 6)


def test_rows_of_a_class_are_found_by_label(source):
    found = source.rows_of_classes('a "text"', ["b", "ä", "none"])

    assert {label: rows.tolist() for label, rows in found.items()} == {
        "b": [0, 3, 8],
        "ä": [4],
        "none": [],
    }
