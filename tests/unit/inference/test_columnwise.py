"""Many rows are read column by column, to the same bits, notes and refusals as one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.bundle.runtime import MIN_COLUMNWISE_ROWS, Encoder, InputError

COMMON = {"decimal": ".", "n_missing": 0}
ENCODER = Encoder(
    [
        {
            **COMMON, "name": "n", "original_name": " n", "kind": "numeric", "storage": "decimal",
            "missing_tokens": ["NA"], "fill": None, "minimum": -1.0, "maximum": 1.0, "typical": 0,
        },
        {
            **COMMON, "name": "m", "original_name": "m", "kind": "numeric", "storage": "integer",
            "missing_tokens": [], "fill": 7.0, "minimum": None, "maximum": None, "typical": 0,
        },
        {
            **COMMON, "name": "c", "original_name": "c", "kind": "categorical", "storage": "text",
            "missing_tokens": ["?"], "fill_category": "x", "categories": ["x", "y"], "typical": "x",
        },
        {
            **COMMON, "name": "k", "original_name": "k", "kind": "categorical",
            "storage": "integer", "missing_tokens": [], "fill_category": None,
            "categories": ["1", "2"], "typical": "1",
        },
        {
            **COMMON, "name": "d", "original_name": "d", "kind": "datetime", "storage": "date",
            "missing_tokens": [], "time_format": "%d.%m.%Y", "fill": None, "minimum": 0.0,
            "maximum": 1.7e9, "typical": "01.02.2003",
        },
    ]
)  # fmt: skip

NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.just(10**400)
USUAL = {
    "n": st.floats(-2, 2) | st.sampled_from([None, "NA", "0.5", 10**30, -1e300]),
    " n": st.none() | st.integers(-1, 1),
    "m": st.integers(-(2**70), 2**70) | st.none() | st.just(" 12 "),
    "c": st.sampled_from(["x", "y", "z", "?", "", " x", None]),
    "k": st.sampled_from([1, 2, 3, 1.0, True, "1", "2.0", None]),
    "d": st.sampled_from(["01.02.2003", "2003-02-01", None, "2100-01-01T12:00:00Z"]),
    "other": st.just(1),
}
UNUSUAL = NUMBERS | st.booleans() | st.text(max_size=2) | st.none() | st.just([1])
ROWS = st.lists(
    st.fixed_dictionaries({}, optional=USUAL), min_size=MIN_COLUMNWISE_ROWS, max_size=12
)
WITH_A_WRONG_CELL = st.tuples(ROWS, st.integers(0, 7), st.sampled_from(list(USUAL)), UNUSUAL).map(
    lambda drawn: [
        {**row, drawn[2]: drawn[3]} if at == drawn[1] else row for at, row in enumerate(drawn[0])
    ]
)


def one_by_one(rows):
    """Matrix and notes of rows that are read each by itself, or the first refusal."""
    cells, notes = [], []
    for at, row in enumerate(rows):
        try:
            cells.append(ENCODER.encode_rows([row])[0].tobytes())
        except InputError as error:
            text = str(error).replace("Row 0", f"Row {at}", 1)
            return text, error.pointer.replace("/0", f"/{at}", 1)
        notes.append(ENCODER.notes(row, ignored=["target"]))
    return cells, notes


@given(ROWS | WITH_A_WRONG_CELL)
def test_many_rows_are_read_as_each_by_itself(rows):
    expected = one_by_one(rows)

    try:
        matrix, notes = ENCODER.encode_noted(rows, ignored=["target"])
    except InputError as error:
        found = (str(error), error.pointer)
    else:
        found = ([row.tobytes() for row in matrix], notes)
        assert ENCODER.encode_rows(rows).tobytes() == matrix.tobytes()

    assert found == expected


def test_a_row_without_any_column_is_refused_among_many():
    rows = [{"n": 1}] * 9 + [{"other": 1}]

    with pytest.raises(InputError, match="Row 9 has none of the model's columns"):
        ENCODER.encode_noted(rows)
