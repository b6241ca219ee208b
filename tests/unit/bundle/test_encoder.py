"""The encoder gives the same bits for typed columns, for text and for JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.bundle import runtime
from automl_core.bundle.runtime import Encoder, InputError, clean_names
from automl_core.tabular import cells, names

NUMBER = {"name": "n", "kind": "numeric", "storage": "decimal"}
CATEGORY = {"name": "c", "kind": "categorical", "categories": ["rare", "Oslo", "3"]}
DATE = {"name": "d", "kind": "datetime", "storage": "datetime"}


def encode(spec: dict[str, Any], *values: Any) -> list[list[float]]:
    return Encoder([spec]).encode({spec["name"]: list(values)}, len(values)).tolist()


def one(spec: dict[str, Any], value: Any) -> float:
    return encode(spec, value)[0][0]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        pytest.param(3, 3.0, id="int"),
        pytest.param(2.5, 2.5, id="float"),
        pytest.param("2.5", 2.5, id="text"),
        pytest.param(" -1e3 ", -1000.0, id="blanks"),
        pytest.param(0.1, float(np.float32(0.1)), id="rounded-to-float32"),
        pytest.param(1e300, float(np.finfo(np.float32).max), id="beyond-float32"),
        pytest.param(-1e300, -float(np.finfo(np.float32).max), id="below-float32"),
        pytest.param(Decimal("1.5"), 1.5, id="decimal"),
        pytest.param(np.int64(4), 4.0, id="numpy"),
        pytest.param(np.str_("4"), 4.0, id="numpy-text"),
    ],
)
def test_a_number_is_read_in_every_form(value: Any, number: float):
    assert one(NUMBER, value) == number


@pytest.mark.parametrize(
    "value",
    [None, "", "  ", "NA", "abc", "1_000", "inf", "nan", "١", float("nan"), float("inf"), 10**400,
     True, [1], "1,5", "1e999"],
)  # fmt: skip
def test_what_is_no_number_is_missing_in_a_table(value: Any):
    assert np.isnan(one(NUMBER | {"missing_tokens": ["NA"]}, value))
    assert one(NUMBER | {"missing_tokens": ["NA"], "fill": 7.0}, value) == 7.0


def test_decimal_commas_are_read_where_the_table_has_them():
    comma = NUMBER | {"decimal": ","}

    assert [row[0] for row in encode(comma, "1,5", "1.234,5", 1.5, "2")] == [1.5, 1234.5, 1.5, 2.0]


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**53), 2**53)), max_size=20))
def test_arrays_texts_and_json_numbers_give_the_same_bits(values: list[Any]):
    spec = NUMBER | {"fill": 0.1}
    typed = np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    texts = ["" if v is None else repr(v) for v in values]
    encoder = Encoder([spec])

    matrices = [encoder.encode({"n": form}, len(values)) for form in (typed, values, texts)]

    assert matrices[0].tobytes() == matrices[1].tobytes() == matrices[2].tobytes()


@given(
    st.lists(
        st.one_of(st.none(), st.datetimes().filter(lambda moment: 1900 < moment.year < 2200)),
        max_size=10,
    )
)
def test_date_arrays_texts_and_objects_give_the_same_bits(values: list[datetime | None]):
    typed = np.array(values, dtype="datetime64[us]")
    texts = ["" if v is None else v.isoformat() for v in values]
    encoder = Encoder([DATE])

    matrices = [encoder.encode({"d": form}, len(values)) for form in (typed, values, texts)]

    assert matrices[0].tobytes() == matrices[1].tobytes() == matrices[2].tobytes()


def test_a_date_becomes_seven_numbers_in_utc():
    encoder = Encoder([DATE])

    assert encoder.feature_names == [
        "d:epoch_day", "d:year", "d:month", "d:day", "d:weekday", "d:day_of_year", "d:hour"
    ]  # fmt: skip
    assert encoder.feature_columns == ["d"] * 7
    assert encode(DATE, "2020-12-31T23:30:00-02:00") == [[18628, 2021, 1, 1, 4, 1, 1]]
    assert encode(DATE, date(1969, 12, 31)) == [[-1, 1969, 12, 31, 2, 365, 0]]
    aware = datetime(2020, 1, 1, 2, tzinfo=UTC) + timedelta(hours=1)
    assert encode(DATE, aware)[0][-1] == 3


def test_a_date_column_without_gaps_is_filled_with_its_median():
    filled = encode(
        DATE | {"fill": 86400.0 * 31 + 3600}, None, "no date", np.datetime64("NaT", "us")
    )

    assert filled == [[31, 1970, 2, 1, 6, 32, 1]] * 3


def test_a_date_is_read_in_the_files_format_and_in_iso():
    spec = DATE | {"time_format": "%d/%m/%Y"}

    found = encode(spec, "31/12/2020", "2020-12-31", "2020-12-31T00:00:00Z")

    assert found == [found[0]] * 3
    assert found[0][1:4] == [2020, 12, 31]
    assert Encoder([spec]).encode_rows([{"d": "2020-12-31"}]).tolist() == found[:1]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(None, 0, id="none"),
        pytest.param("", 0, id="empty"),
        pytest.param("  ", 0, id="blank"),
        pytest.param(float("nan"), 0, id="nan"),
        pytest.param("rare", 2, id="first"),
        pytest.param("Oslo", 3, id="second"),
        pytest.param("oslo", 1, id="another-case"),
        pytest.param(" Oslo ", 3, id="blanks-around-it"),
        pytest.param("NA", 1, id="no-token-in-a-text-column"),
        pytest.param("3", 4, id="digits"),
        pytest.param(3, 4, id="int"),
        pytest.param(3.0, 4, id="float"),
        pytest.param(Decimal(3), 4, id="decimal"),
        pytest.param("x" * 1_000_000, 1, id="long"),
        pytest.param(10**400, 1, id="huge"),
        pytest.param(True, 1, id="truth"),
    ],
)
def test_a_category_becomes_its_code(value: Any, code: int):
    assert one(CATEGORY, value) == code


@pytest.mark.parametrize(
    ("categories", "storage", "value", "code"),
    [
        pytest.param(["FALSE", "TRUE"], "boolean", True, 3, id="true"),
        pytest.param(["FALSE", "TRUE"], "boolean", "true", 3, id="another-case"),
        pytest.param(["no", "yes"], "boolean", True, 3, id="yes"),
        pytest.param(["no", "yes"], "boolean", False, 2, id="no"),
        pytest.param(["no", "yes"], "boolean", " YES ", 3, id="blanks"),
        pytest.param(["f", "t"], "boolean", True, 3, id="letter"),
        pytest.param(["0", "1"], "integer", True, 1, id="a-truth-value-is-no-number"),
        pytest.param(["True", "maybe"], "text", True, 2, id="text-column"),
        pytest.param(["no", "yes"], "text", True, 1, id="words-of-a-text-column-mean-themselves"),
        pytest.param(["1", "2"], "integer", "01", 2, id="number-text"),
        pytest.param(["1", "2"], "integer", 1.0, 2, id="float-for-int"),
        pytest.param(["1", "2"], "integer", "one", 1, id="no-number"),
        pytest.param(["1.5"], "decimal", "1.50", 2, id="decimal-text"),
        pytest.param(["2.0"], "text", 2.0, 2, id="float-spelled-as-a-float"),
    ],
)
def test_truth_values_and_numbers_find_their_category(
    categories: list[str], storage: str, value: Any, code: int
):
    assert one(CATEGORY | {"categories": categories, "storage": storage}, value) == code


def test_a_category_without_gaps_is_filled_with_the_most_frequent_value():
    filled = CATEGORY | {"fill_category": "Oslo"}

    assert encode(filled, None, "", "Rome") == [[3], [3], [1]]


def test_a_missing_token_is_missing_even_if_it_was_a_category():
    assert one(CATEGORY | {"missing_tokens": ["Oslo"]}, "Oslo") == 0


def test_equal_keys_of_other_types_do_not_share_a_code():
    spec = CATEGORY | {"categories": ["1", "true"], "storage": "text"}

    assert encode(spec, 1, True, 1.0, "1") == [[2], [3], [2], [2]]


def test_an_absent_column_is_missing_and_the_files_own_name_is_understood():
    encoder = Encoder([NUMBER | {"original_name": " N "}, CATEGORY])

    matrix = encoder.encode({" N ": [1.0]}, 1)

    assert matrix.tolist() == [[1, 0]]
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous


def test_columns_of_another_length_are_refused():
    with pytest.raises(InputError, match="'n' has 2 values for 3 rows"):
        Encoder([NUMBER]).encode({"n": [1, 2]}, 3)


@pytest.mark.parametrize(
    ("spec", "value", "message"),
    [
        pytest.param(NUMBER, "abc", "expects a number, not the text 'abc'", id="text"),
        pytest.param(NUMBER, True, "expects a number, not True", id="truth"),
        pytest.param(NUMBER, [1], r"expects a number, not \[1\]", id="list"),
        pytest.param(NUMBER, float("inf"), "finite", id="infinity"),
        pytest.param(NUMBER, float("-inf"), "finite", id="minus-infinity"),
        pytest.param(NUMBER, 10**400, "1.8e308", id="huge"),
        pytest.param(CATEGORY, {"a": 1}, "expects a text", id="object"),
        pytest.param(DATE, "tomorrow", "ISO 8601", id="no-date"),
        pytest.param(DATE, 5, "ISO 8601", id="number-for-a-date"),
        pytest.param(DATE | {"time_format": "%d/%Y"}, "x", "a time like %d/%Y", id="format"),
        pytest.param(NUMBER, "x" * 10**6, "…", id="long-values-are-cut"),
    ],
)
def test_a_row_is_refused_with_row_column_and_value(spec: dict[str, Any], value: Any, message: str):
    with pytest.raises(InputError, match=message) as caught:
        Encoder([spec]).encode_rows([{spec["name"]: None}, {spec["name"]: value}])

    assert caught.value.pointer == f"/1/{spec['name']}"
    assert len(str(caught.value)) < 200


def test_a_pointer_escapes_the_columns_name():
    with pytest.raises(InputError) as caught:
        Encoder([NUMBER | {"name": "a/b~c"}]).encode_rows([{"a/b~c": "x"}])

    assert caught.value.pointer == "/0/a~1b~0c"


@pytest.mark.parametrize("row", [{}, {"other": 1}, [1], "text", None])
def test_a_row_without_any_of_the_columns_is_refused(row: Any):
    with pytest.raises(InputError, match="Row 0"):
        Encoder([NUMBER]).encode_rows([row])


def test_notes_say_what_is_missing_unseen_out_of_range_or_unknown():
    encoder = Encoder(
        [NUMBER | {"minimum": 0.0, "maximum": 1.0}, CATEGORY, DATE | {"maximum": 0.0}]
    )
    row = {"n": 2, "c": "Rome", "d": "2020-01-01", "e": 1, "target": 1}

    notes = encoder.notes(row, ignored=["target"])

    assert [(note.code, note.column) for note in notes] == [
        ("out_of_range", "n"),
        ("unseen", "c"),
        ("out_of_range", "d"),
        ("unknown_column", "e"),
    ]
    assert [note.code for note in encoder.notes({})] == ["missing"] * 3
    assert encoder.notes({"n": 0.5, "c": "Oslo", "d": "1969-01-01"}) == []


# -- The same rules as the table reader's ----------------------------------------------

CELLS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[+-]?[0-9.,]{1,8}([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.from_regex(
        r"[(]?[-+−$€]{0,2} ?[1-9][0-9]{0,2}(['’ \u00a0.,][0-9]{3}){0,2}([.,][0-9]{1,2})?"
        r" ?(%|EUR|\$)?-?[)]?",
        fullmatch=True,
    ),
    st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}( ?Z| UTC| GMT|[+-]02(:?00)?)?)?",
        fullmatch=True,
    ),
)


@given(CELLS, st.sampled_from([".", ","]))
def test_numbers_are_read_as_the_table_reader_reads_them(cell: str, decimal: Any):
    assert runtime._read_number_text(cell.strip(), decimal) == cells.parse_number(cell, decimal)


@given(CELLS, st.sampled_from([None, "%d.%m.%Y", "%Y-%m-%d"]))
def test_times_are_read_as_the_table_reader_reads_them(cell: str, time_format: str | None):
    assert runtime._read_time_text(cell.strip(), time_format) == cells.parse_time(cell, time_format)


@given(st.lists(st.text(max_size=4), max_size=8))
def test_columns_are_named_as_the_table_reader_names_them(header: list[str]):
    assert clean_names(header) == names.clean_names(header)
