"""What is read on whole columns at once is what the rules say of each cell."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl_core.tabular import cells as rules
from automl_core.tabular import plain_times
from automl_core.tabular.bulk_shapes import is_surely_text, shapes_of
from automl_core.tabular.cell_block import CellBlock, ColumnCells
from automl_core.tabular.counting import ColumnCounter
from automl_core.tabular.distinct import KeyIndex, KeySet, KnownCells
from automl_core.tabular.plain_numbers import INTEGER, OTHER, POINT, POINT_OR_GROUPED, read_plain
from automl_core.tabular.plain_times import read_times
from automl_core.tabular.scan import count_columns, describe_columns
from automl_core.tabular.schema import ColumnSchema
from automl_core.tabular.typed import _trim, converter_of

NAMES = {
    INTEGER: rules.INTEGER,
    POINT: rules.POINT,
    POINT_OR_GROUPED: rules.POINT_OR_GROUPED,
}
NUMBER_LIKE = st.one_of(
    st.from_regex(r"[-+]?[0-9]{0,18}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,16}\.[0-9]{0,18}", fullmatch=True),
    st.integers(-(10**16), 10**16).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text("0123456789.-+e, ", max_size=20),
    st.text(max_size=10).filter(lambda text: "\0" not in text),
)


@settings(deadline=None)
@given(st.lists(NUMBER_LIKE, max_size=40))
@example(["-0", "0", "-0.0", "007", "0.500", "1.234", "12.3456", "-1.000", "0.123456789012345678"])
def test_a_recognised_number_is_what_the_rules_read(texts: list[str]) -> None:
    plain = read_plain(ColumnCells.of_texts(texts))

    for text, shape, value in zip(texts, plain.shapes.tolist(), plain.values, strict=True):
        if shape == OTHER:
            assert np.isnan(value)
            continue
        assert rules.shape_of(text) == NAMES[shape]
        expected = rules.parse_number(text)
        assert value == expected
        assert np.signbit(value) == np.signbit(expected)


def test_ordinary_numbers_are_all_recognised() -> None:
    texts = ["0", "-7", "123456789012345", "3.14", "-0.5", "100.25", "0.8444218515250481"]

    assert (read_plain(ColumnCells.of_texts(texts)).shapes != OTHER).all()


TIME_LIKE = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(" ", "seconds")),
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%MZ")),
    st.dates().map(str),
    st.from_regex(r"[0-9]{4}-[0-3][0-9]-[0-3][0-9]", fullmatch=True),
    st.from_regex(r"20[0-9]{2}-0[1-9]-0[1-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9]Z?)?",
                  fullmatch=True),
    st.text("0123456789-T: Z", min_size=10, max_size=20),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(TIME_LIKE, max_size=40))
@example(["2024-02-29", "2023-02-29", "0000-01-01", "1900-02-29", "9999-12-31T23:59:59Z"])
def test_a_recognised_time_is_what_the_rules_read(texts: list[str]) -> None:
    plain = read_times(ColumnCells.of_texts(texts))

    names = {
        plain_times.DATE: rules.DATE,
        plain_times.DATETIME: rules.DATETIME,
        plain_times.ZONED: rules.ZONED_DATETIME,
    }
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - times of a table are UTC without a zone
    for text, shape, micros in zip(texts, plain.shapes.tolist(), plain.micros, strict=True):
        if shape == plain_times.OTHER:
            continue
        assert rules.shape_of(text) == names[shape]
        moment = rules.parse_time(text)
        assert moment is not None
        assert epoch + timedelta(microseconds=int(micros)) == moment


def test_ordinary_times_are_all_recognised() -> None:
    texts = ["2024-02-29", "1969-12-31 23:59", "2013-01-01T10:00:00Z", "2013-01-01 10:00:00"]

    assert (read_times(ColumnCells.of_texts(texts)).shapes != plain_times.OTHER).all()


@settings(deadline=None)
@given(st.lists(st.one_of(NUMBER_LIKE, TIME_LIKE, st.sampled_from(["", " ", "NA", "a name: b"]))))
def test_shapes_of_many_are_those_of_each(texts: list[str]) -> None:
    assert shapes_of(texts) == [rules.shape_of(text) for text in texts]


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.from_regex(r"[A-Za-z][A-Za-z0-9 ,.:/'$-]{0,45}", fullmatch=True),
            st.from_regex(r"(Jan|Feb|March|December|Sept) [0-9]{1,2},? [0-9]{4}", fullmatch=True),
            st.from_regex(r"(USD|EUR|CHF|R\$|kr) ?[0-9][0-9,.']{0,9}", fullmatch=True),
            st.sampled_from([*rules.MISSING_TOKENS, "false", "Infinity", "unknown", "Monday"]),
        ),
        min_size=1,
    )
)
def test_whatis_surely_text_has_the_shape_of_text(texts: list[str]) -> None:
    sure = is_surely_text(ColumnCells.of_texts(texts))

    for text, is_sure in zip(texts, sure, strict=True):
        assert not is_sure or rules.shape_of(text) == rules.TEXT


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=40).filter(lambda text: "\0" not in text),
            st.integers(240, 300).map("x".__mul__),
        ),
        max_size=60,
    )
)
def test_keys_tell_different_cells_apart(texts: list[str]) -> None:
    keys = ColumnCells.of_texts(texts).keys()

    assert len(set(keys.tolist())) == len(set(texts))


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=20), min_size=1, max_size=5))
def test_known_cells_are_counted_in_order_of_appearance(blocks: list[list[int]]) -> None:
    known, distinct = KnownCells(1000), KeySet()
    for numbers in blocks:
        cells = ColumnCells.of_texts([f"value {number}" for number in numbers])
        places = known.add(cells, cells.keys())
        assert places is not None
        assert [known.texts[place] for place in places] == [f"value {number}" for number in numbers]
        distinct.add(cells.keys())

    expected = Counter(f"value {number}" for numbers in blocks for number in numbers)
    assert list(known.counts().items()) == list(expected.items())
    assert distinct.count() == len(expected)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=30, unique=True), max_size=4))
def test_an_index_finds_what_it_numbered_and_nothing_else(groups: list[list[int]]) -> None:
    index, numbers = KeyIndex(), {}
    for group in groups:
        new = [key for key in group if key not in numbers]
        numbers |= {key: len(numbers) + i for i, key in enumerate(new)}
        index.add(np.array(new, dtype=np.uint64))
    asked = [*numbers, 1, 2**63]

    found = index.find(np.array(asked, dtype=np.uint64)).tolist()

    assert found == [numbers.get(key, -1) for key in asked]


def test_keys_that_share_a_slot_are_found_all_the_same() -> None:
    keys = np.arange(200_000, dtype=np.uint64) * np.uint64(7919)
    index = KeyIndex()
    index.add(keys)

    assert (index.find(keys) == np.arange(len(keys))).all()
    assert (index.find(keys + np.uint64(1)) == -1).all()


def test_too_many_cells_are_not_taken_at_all() -> None:
    known = KnownCells(3)
    few, many = ColumnCells.of_texts(["a", "b"]), ColumnCells.of_texts(["a", "c", "d"])
    known.add(few, few.keys())

    assert known.add(many, many.keys()) is None
    assert known.counts() == {"a": 1, "b": 1}


MIXED = st.one_of(
    st.integers(-99, 99).map(str), st.floats(-9, 9).map(lambda x: f"{x:.2f}"),
    st.sampled_from(["", "  ", "NA", "1e3", "+5", "1.234", "1,5", "007", "yes", "2024-01-31"]),
    st.from_regex(r"[a-z]{12}", fullmatch=True),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=80))
def test_a_column_that_forgot_its_texts_has_the_same_tallies(texts: list[str]) -> None:
    cells = ColumnCells.of_texts(texts)
    kept, forgot = ColumnCounter(), ColumnCounter()
    kept.add(cells)
    forgot.add(ColumnCells.of_texts(texts[:1]))
    forgot.give_up()
    forgot.add(ColumnCells.of_texts(texts[1:]))
    kept.finish()
    forgot.finish()

    assert kept.counts == Counter(texts)
    assert forgot.counts is None
    assert forgot.shapes == kept.shapes
    assert forgot.extremes == kept.extremes
    assert forgot.is_increasing == kept.is_increasing
    assert forgot.n_rows == kept.n_rows == len(texts)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["", " ", "\u3000", "\u00a0", "\t", "é", "あ", "ÂÃ", " a", "à ", "\x85b\u2003"]
        )
    )
)
def test_blanks_around_a_cell_are_left_out_whatever_the_blank(texts: list[str]) -> None:
    trimmed = _trim(ColumnCells.of_texts(texts))

    assert trimmed.texts(np.arange(len(texts))) == [text.strip() for text in texts]


def described(texts: list[str], decimal: str | None = None) -> tuple[ColumnSchema, str]:
    block = CellBlock.of_rows([[text] for text in texts])
    (column,), mark = describe_columns(count_columns([block], 1), ["x"], decimal)
    return column, mark


@pytest.mark.parametrize("decimal", [".", ","])
@settings(deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=30))
def test_values_are_those_of_the_rules(decimal: str, texts: list[str]) -> None:
    column, mark = described(texts, decimal)
    stored = converter_of(column, mark)(ColumnCells.of_texts(texts))
    rows = range(len(texts))
    if hasattr(stored, "codes"):
        got = [None if stored.codes[i] < 0 else stored.distinct[stored.codes[i]] for i in rows]
    elif hasattr(stored, "array"):
        got = [stored.array[i] if stored.is_there[i] else None for i in rows]
    else:
        got = [stored.cells.text(i).encode() if stored.is_there[i] else None for i in rows]

    for text, value in zip(texts, got, strict=True):
        if column.storage in {"integer", "decimal"}:
            assert value == rules.parse_number(text, mark)
        elif column.storage in {"text", "boolean"}:
            missing = rules.is_missing(text, column.missing_tokens)
            assert value == (None if missing else text.strip().encode())
    assert sum(value is None for value in got) == column.n_missing


def test_counting_is_given_up_where_memory_ends_and_says_so() -> None:
    blocks = [
        CellBlock.of_rows(
            [
                [str(i), f"w{i % 997 * 7919}", "ab"[i % 2], f"{i * 7 % 50_021}.5"]
                for i in range(start, start + 5000)
            ]
        )
        for start in range(0, 60_000, 5000)
    ]

    counters = count_columns(blocks, 4, memory_bytes=400_000)
    (row, word, letter, number), _ = describe_columns(counters, ["row_id", "w", "l", "x"], None)

    assert (row.n_distinct, row.distinct_is_exact, row.kind) == (60_000, True, "identifier")
    assert (word.n_distinct, word.distinct_is_exact) == (997, True)
    assert [(v.value, v.rows) for v in letter.top_values] == [("a", 30_000), ("b", 30_000)]
    assert (number.distinct_is_exact, number.storage, number.top_values) == (False, "decimal", [])
    assert 2000 <= number.n_distinct <= 50_021
    assert (number.minimum, number.maximum, number.n_missing) == (0.5, 50_020.5, 0)
    assert (row.minimum, row.maximum) == (0, 59_999)
