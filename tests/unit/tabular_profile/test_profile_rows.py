"""Rows that repeat, and cells that go missing together."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.tabular.profile import profile_table
from automl_core.tabular.row_keys import count_conflicts, count_repeats

#: The whole table as its own sample, and a sample of a few rows.
WAYS = pytest.mark.parametrize("sample_rows", [1_000, 10], ids=["whole", "sampled"])


@pytest.fixture
def random():
    return np.random.default_rng(3)


@WAYS
def test_repeated_and_contradicting_rows_are_counted(typed, sample_rows):
    rows = list(range(30))
    path, schema = typed(
        {
            "x": ("integer", [*rows, 0, 1, 2]),
            "y": ("text", ["a", "b", "a"] * 10 + ["a", "b", "b"]),
        }
    )

    found = profile_table(path, schema, target="y", sample_rows=sample_rows)["duplicates"]

    assert (found["rows"], found["conflicting_rows"]) == (2, 2)
    assert found["share"] == pytest.approx(2 / 33, rel=1e-5)
    assert found["without_identifiers"] is None


@WAYS
def test_rows_are_counted_again_without_identifiers(typed, sample_rows):
    path, schema = typed(
        {
            "key": ("text", [f"k{i}" for i in range(40)]),
            "x": ("integer", [i % 38 for i in range(40)]),
        },
        key="identifier",
    )

    found = profile_table(path, schema, target=None, sample_rows=sample_rows)["duplicates"]

    assert found["rows"] == 0
    assert found["without_identifiers"] == {"columns": ["key"], "rows": 2, "share": 0.05}
    assert found["conflicting_rows"] is None


@WAYS
def test_rows_without_a_target_contradict_nobody(typed, sample_rows):
    path, schema = typed(
        {
            "x": ("integer", [1, 1, 2, 2] * 10),
            "z": ("decimal", [0.5, None, 0.7, None] * 10),
            "y": ("text", ["a", "b", "a", None] * 10),
        }
    )

    found = profile_table(path, schema, target="y", sample_rows=sample_rows)["duplicates"]

    assert (found["rows"], found["conflicting_rows"]) == (36, 0)


@WAYS
def test_a_missing_cell_is_like_another_missing_cell_and_like_no_value(typed, sample_rows):
    path, schema = typed(
        {"t": ("text", [None, None, "", "a"] * 5), "x": ("decimal", [None, None, 0.0, 1.0] * 5)}
    )

    found = profile_table(path, schema, target=None, sample_rows=sample_rows)["duplicates"]

    assert found["rows"] == 20 - 3


def test_only_identifiers_leave_rows_that_are_all_alike(typed):
    path, schema = typed(
        {"a": ("text", [f"k{i}" for i in range(30)]), "b": ("integer", list(range(30)))},
        a="identifier",
        b="identifier",
    )

    found = profile_table(path, schema, target=None, sample_rows=10)["duplicates"]

    assert found["without_identifiers"]["rows"] == 29


def test_keys_that_come_again_are_counted():
    keys = np.array([3, 1, 3, 3, 2], dtype=np.uint64)

    assert count_repeats(keys) == 2
    assert count_repeats(keys[:0]) == 0
    assert count_conflicts(keys, np.array([1, 1, 2, 1, 1], dtype=np.uint64)) == 3
    assert count_conflicts(keys[:0], keys[:0]) == 0


# -- Gaps -------------------------------------------------------------------------------


@WAYS
def test_columns_that_go_missing_together_are_told(typed, sample_rows):
    path, schema = typed(
        {
            "a": ("decimal", [None, 1.5, 2.5, 3.5] * 10),
            "b": ("text", [None, "u", "v", "w"] * 10),
            "c": ("decimal", [1.5, 2.5, 3.5, None] * 10),
            "whole": ("integer", list(range(40))),
            "empty": ("text", [None] * 40),
            "constant": ("text", ["x", None, "x", "x"] * 10),
        }
    )

    profile = profile_table(path, schema, target=None, sample_rows=sample_rows)

    patterns = profile["missing_patterns"]
    assert patterns["pairs"] == [{"columns": ["a", "b"], "rows": 10, "together": 1}]
    assert {tuple(p["columns"]): p["rows"] for p in patterns["patterns"]} == {
        ("a", "b"): 10,
        ("constant",): 10,
        (): 10,
        ("c",): 10,
    }
    assert patterns["columns"] == {"compared": 4, "of": 4}
    assert patterns["scope"]["basis"] == "all_rows"


@WAYS
def test_many_patterns_are_counted_like_few(typed, random, sample_rows):
    masks = random.random((300, 9)) < 0.3
    masks[:, 1] |= masks[:, 0]
    path, schema = typed(
        {f"c{j}": ("integer", [None if masks[i, j] else i for i in range(300)]) for j in range(9)}
    )

    profile = profile_table(path, schema, target=None, sample_rows=sample_rows)

    pair = next(
        p for p in profile["missing_patterns"]["pairs"] if set(p["columns"]) == {"c0", "c1"}
    )
    both, either = (masks[:, 0] & masks[:, 1]).sum(), (masks[:, 0] | masks[:, 1]).sum()
    assert (pair["rows"], pair["together"]) == (both, pytest.approx(both / either, rel=1e-5))
    complete = next(p for p in profile["missing_patterns"]["patterns"] if not p["columns"])
    assert complete["rows"] == (~masks.any(axis=1)).sum()


def test_columns_with_the_fewest_gaps_are_left_out_of_a_long_table_and_named(typed):
    columns = {
        f"c{j:02d}": ("integer", [None if i <= j % 9 else i for i in range(40)]) for j in range(70)
    }
    path, schema = typed(columns)

    profile = profile_table(path, schema, target=None, sample_rows=10)

    assert profile["missing_patterns"]["columns"] == {"compared": 60, "of": 70}
    (told,) = [item for item in profile["skipped"] if item["block"] == "missing_patterns"]
    assert "60 columns with most gaps of 70" in told["why"]
