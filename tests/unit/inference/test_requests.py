"""Bodies are read as the API's document describes them; every other one is refused."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from automl_backend.schemas.predictions import PredictRequest
from automl_core.bundle.requests import FORMS, read_explain, read_request
from automl_core.errors import (
    BodyUnreadableError,
    InvalidInputError,
    LimitExceededError,
    PredictionInputError,
)

JSON = "application/json"
NAMES = st.sampled_from(["a", "b/c", "d~e", ""]) | st.text(max_size=3)
CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(
    CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
ROWS = st.dictionaries(NAMES, CELLS, max_size=3)
FORM_VALUES = {
    "features": ROWS | VALUES,
    "rows": st.lists(ROWS, max_size=3) | VALUES,
    "columns": st.dictionaries(NAMES, st.lists(CELLS, min_size=2, max_size=2), max_size=3) | VALUES,
}
BODIES = st.one_of(
    VALUES,
    *(st.fixed_dictionaries({form: values}) for form, values in FORM_VALUES.items()),
    st.fixed_dictionaries({}, optional={**FORM_VALUES, "other": VALUES}),
)


def is_described(content: object) -> bool:
    """Tell whether a body is one that the document describes, with as many rows as it needs."""
    try:
        found = PredictRequest.model_validate(content)
    except ValidationError:
        return False
    sent = [form for form in FORMS if getattr(found, form) is not None]
    lengths = {len(values) for values in (found.columns or {}).values()}
    return len(sent) == 1 and len(lengths) < 2 and lengths != {0}


def has_half_a_character(content: object) -> bool:
    return any(0xD800 <= ord(character) < 0xE000 for character in str(content))


@given(BODIES)
def test_a_body_is_read_exactly_if_the_document_describes_it(content):
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    # Python writes and reads NaN and infinities, which are no JSON: those must be refused too.
    expected = is_described(json.loads(body)) and not has_half_a_character(content)

    try:
        request = read_request(body, JSON, max_rows=10)
    except (InvalidInputError, PredictionInputError) as error:
        assert not expected, error.detail
        assert error.detail.endswith(".")
        for pointer, _ in error.parts:
            resolve(pointer, content)
    else:
        assert expected
        assert all(isinstance(row, dict) for row in request.rows)


def resolve(pointer: str, content: object) -> object:
    """What a pointer points to; fails if there is nothing."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        content = content[int(name)] if isinstance(content, list) else content[name]
    return content


@pytest.mark.parametrize(
    ("body", "pointers", "detail"),
    [
        pytest.param('{"features": {"a": NaN}}', ["/features/a"], "A cell is", id="NaN"),
        pytest.param('{"features": {"a": 1e999}}', ["/features/a"], "A cell is", id="too large"),
        pytest.param('{"features": {"a/b~": [1]}}', ["/features/a~1b~0"], "A cell", id="nested"),
        pytest.param('{"rows": [{"a": 1}, 2]}', ["/rows/1"], "Send a JSON object", id="no row"),
        pytest.param(
            '{"rows": [{"a": {}}, {"b": []}]}', ["/rows/0/a", "/rows/1/b"], "(and 1 more)", id="two"
        ),
        pytest.param('{"columns": {"a": [1, [2]]}}', ["/columns/a/1"], "A cell is", id="column"),
        pytest.param('{"columns": {"a": 1}}', ["/columns/a"], "list of values", id="no column"),
        pytest.param('{"columns": {"a": []}}', ["/columns"], "at least one row", id="no rows"),
        pytest.param('{"rows": []}', ["/rows"], "at least one row", id="empty rows"),
        pytest.param('{"row": []}', ["/row"], "no such field", id="unknown field"),
        pytest.param('{"features": {}, "rows": []}', [""], "not features, rows", id="two forms"),
        pytest.param("{}", [""], "not none of them", id="no form"),
        pytest.param("[]", [""], "Send a JSON object", id="a list"),
        pytest.param("", [""], "Send a JSON object", id="nothing"),
    ],
)
def test_each_wrong_part_is_pointed_at(body, pointers, detail):
    with pytest.raises(InvalidInputError) as caught:
        read_request(body.encode(), JSON, max_rows=10)

    assert [pointer for pointer, _ in caught.value.parts] == pointers
    assert detail in caught.value.detail


def test_of_many_wrong_parts_twenty_are_named_and_all_are_counted():
    body = json.dumps({"rows": [{"a": []}] * 1000}).encode()

    with pytest.raises(InvalidInputError) as caught:
        read_request(body, JSON, max_rows=1000)

    assert len(caught.value.parts) == 20
    assert "(and 999 more)" in caught.value.detail


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-json-ish"])
def test_what_is_not_announced_as_json_is_not_read(content_type):
    with pytest.raises(InvalidInputError, match="Content-Type application/json"):
        read_request(b'{"features": {"a": 1}}', content_type, max_rows=10)


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON; charset=utf-8", "application/a+json"]
)
def test_json_is_read_however_it_is_announced(content_type):
    request = read_request(b'{"features": {"a": 1}}', content_type, max_rows=10)

    assert (request.form, request.rows) == ("features", [{"a": 1}])


@pytest.mark.parametrize(
    "body",
    [
        b'{"features": ',
        b"\xff\xfe{}",
        '{"features": {"a": 1}}'.encode("utf-16"),
        b'{"features": {"a": "\xed\xa0\x80"}}',
        b'{"features": {"a": ' + b"1" * 5000 + b"}}",
        b"[" * 100_000,
    ],
    ids=["cut short", "no UTF-8", "UTF-16", "half a character", "a long number", "nested"],
)
def test_what_is_no_json_is_told(body):
    with pytest.raises(BodyUnreadableError):
        read_request(body, JSON, max_rows=10)


@pytest.mark.parametrize("form", ["rows", "columns"])
def test_only_so_many_rows_are_taken(form):
    content = {"rows": [{"a": 1}] * 11} if form == "rows" else {"columns": {"a": [1] * 11}}

    with pytest.raises(LimitExceededError, match="11 rows were sent; at most 10"):
        read_request(json.dumps(content).encode(), JSON, max_rows=10)


def test_the_last_of_two_equal_names_counts():
    request = read_request(b'{"features": {"a": 1, "a": 2}}', JSON, max_rows=10)

    assert request.rows == [{"a": 2}]


def test_numbers_are_read_to_the_last_bit():
    value = math.nextafter(0.1, 1)

    request = read_request(json.dumps({"rows": [{"a": value}]}).encode(), JSON, max_rows=10)

    assert request.rows == [{"a": value}]


@pytest.mark.parametrize(
    ("word", "is_asked"),
    [("false", False), ("0", False), ("OFF", False), (" f ", False), ("true", True), ("1", True),
     ("Yes", True)],
)  # fmt: skip
def test_explanations_are_asked_for_or_declined(word, is_asked):
    assert read_explain(word) is is_asked


@pytest.mark.parametrize("word", ["", "maybe", "2"])
def test_a_word_that_is_no_truth_value_is_refused(word):
    with pytest.raises(InvalidInputError) as caught:
        read_explain(word)

    assert caught.value.pointer == "/query/explain"
