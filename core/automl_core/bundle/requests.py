"""Read the body of a prediction: strict JSON in one of three forms. Standard library only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from automl_core.errors import (
    BodyUnreadableError,
    InvalidInputError,
    LimitExceededError,
    PredictionInputError,
    several_wrong,
)

Scalar = str | int | float | bool | None
RequestForm = Literal["features", "rows", "columns"]
Row = dict[str, Scalar]

FORMS: tuple[RequestForm, ...] = ("features", "rows", "columns")

#: Rows whose answers are explained in one request: each costs hundreds of answers, 10 ms or
#: so of computing.
MAX_EXPLAINED_ROWS = 100

_NO_OBJECT = "Send a JSON object"
_NO_JSON = "Send a JSON object, as Content-Type application/json"
_NO_CELL = "A cell is a finite number, a text, true, false or null"
_NO_ROW = "Send at least one row"
_HALF_CHARACTER = "A text ends in the middle of a character (a lone surrogate); send it whole"
_UNKNOWN = "There is no such field; check its spelling"

#: Strict: a text is never taken for a number, nor true for 1. Floats are looked at one by one.
_PLAIN_KINDS = frozenset({str, int, bool, type(None)})
#: The only way in which JSON spells half of a character.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = "[\ud800-\udfff]"


class PredictionRequest(NamedTuple):
    """Rows to predict, and how they were sent."""

    form: RequestForm
    rows: list[Row]


def read_request(body: bytes, content_type: str | None, *, max_rows: int) -> PredictionRequest:
    """Read rows out of a request's body.

    Parameters
    ----------
    body : bytes
        JSON with exactly one of ``features`` (one row), ``rows`` and ``columns``.
    content_type : str or None
        The request's header; anything but JSON is refused, so that a web page of another
        origin cannot send what looks like a form.
    max_rows : int
        Rows that one request may bring.

    Raises
    ------
    BodyUnreadableError
        If this is no JSON.
    InvalidInputError
        If it is other JSON than described; points to each wrong part.
    PredictionInputError
        If columns differ in length.
    LimitExceededError
        For more rows than one request may bring.
    """
    given = _read_json(body, content_type)
    if not isinstance(given, dict):
        raise several_wrong([("", _NO_JSON)])
    unknown = [(f"/{_escaped(name)}", _UNKNOWN) for name in given if name not in FORMS]
    if unknown:
        raise several_wrong(unknown)
    sent = [form for form in FORMS if given.get(form) is not None]
    if len(sent) != 1:
        found = ", ".join(sent) or "none of them"
        raise several_wrong([("", f"Send exactly one of features, rows and columns, not {found}")])
    form = sent[0]
    wrong = _Wrong()
    rows = _READERS[form](given[form], wrong, max_rows)
    if wrong.n:
        raise several_wrong(wrong.parts, n_more=wrong.n - len(wrong.parts))
    if _SURROGATE.search(body):
        _check_texts(form, rows)
    return PredictionRequest(form, rows)


def read_explain(value: str) -> bool:
    """Read the query parameter ``explain``: whether contributions of the fields are asked for.

    Raises
    ------
    InvalidInputError
        If the word is no truth value.
    """
    word = value.strip().lower()
    if word in {"0", "off", "f", "false", "n", "no"}:
        return False
    if word in {"1", "on", "t", "true", "y", "yes"}:
        return True
    raise several_wrong([("/query/explain", "Send true or false")])


def check_explained(n_rows: int) -> None:
    """Refuse to explain more rows than one request may ask for; raises LimitExceededError."""
    if n_rows > MAX_EXPLAINED_ROWS:
        raise LimitExceededError(
            f"{n_rows:,} rows were sent; at most {MAX_EXPLAINED_ROWS:,} are explained at once."
            " Split them into several requests, or leave explain out."
        )


def explanations_missing(job_id: str) -> InvalidInputError:
    """Say that a model cannot be explained, instead of leaving the contributions out."""
    return InvalidInputError(
        f"The model of job {job_id} was made before its answers could be explained;"
        " train again, or leave explain out.",
        pointer="/query/explain",
    )


def pointer_part(name: str) -> str:
    """Escape a name for a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _escaped(name: str) -> str:
    """Escape what a client wrote, so that it can be sent back."""
    return pointer_part(re.sub(_LONE_SURROGATE, "�", name))


def _read_json(body: bytes, content_type: str | None) -> object:
    if not body or not _is_json(content_type):
        return None
    try:
        # RFC 8259 knows no other encoding; Python's reader would also let halves of characters in.
        return json.loads(body.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BodyUnreadableError("The body is not valid JSON; check quotes and commas.") from error
    except UnicodeDecodeError as error:
        raise BodyUnreadableError("The body is not UTF-8; send JSON in UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise BodyUnreadableError(
            "The body holds a number of thousands of digits, or is nested beyond reason."
        ) from error


def _is_json(content_type: str | None) -> bool:
    """Tell whether a body is announced as JSON.

    >>> _is_json("application/json; charset=utf-8"), _is_json("text/plain"), _is_json(None)
    (True, False, False)
    """
    kind, _, subkind = (content_type or "").partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subkind == "json" or subkind.endswith("+json"))


class _Wrong:
    """What is wrong: the first parts, and the number of all."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str]] = []
        self.n = 0

    def add(self, pointer: str, message: str) -> None:
        self.n += 1
        if len(self.parts) < _KEPT:
            self.parts.append((pointer, message))


#: Wrong parts whose pointers are written out; an answer names fewer.
_KEPT = 100


def _read_features(given: object, wrong: _Wrong, max_rows: int) -> list[Row]:
    if not isinstance(given, dict):
        wrong.add("/features", _NO_OBJECT)
        return []
    if not _are_cells(given.values()):
        _add_cells(given, "/features", wrong)
    return [given]


def _read_rows(given: object, wrong: _Wrong, max_rows: int) -> list[Row]:
    if not isinstance(given, list):
        wrong.add("/rows", "Send a list of rows")
        return []
    if not given:
        wrong.add("/rows", _NO_ROW)
    _check_number(len(given), max_rows)
    for number, row in enumerate(given):
        if not isinstance(row, dict):
            wrong.add(f"/rows/{number}", _NO_OBJECT)
        elif not _are_cells(row.values()):
            _add_cells(row, f"/rows/{number}", wrong)
    return given


def _read_columns(given: object, wrong: _Wrong, max_rows: int) -> list[Row]:
    if not isinstance(given, dict):
        wrong.add("/columns", _NO_OBJECT)
        return []
    if not given:
        wrong.add("/columns", _NO_ROW)
    for name, values in given.items():
        pointer = f"/columns/{_escaped(name)}"
        if not isinstance(values, list):
            wrong.add(pointer, "Send a list of values")
        elif not _are_cells(values):
            for number, value in enumerate(values):
                if not _are_cells((value,)):
                    wrong.add(f"{pointer}/{number}", _NO_CELL)
    if wrong.n:
        return []
    lengths = {len(values) for values in given.values()}
    if len(lengths) > 1:
        raise PredictionInputError(
            f"The columns have {min(lengths)} to {max(lengths)} values; send the same number each.",
            pointer="/columns",
        )
    _check_number(max(lengths), max_rows)
    if lengths == {0}:
        wrong.add("/columns", _NO_ROW)
    names = list(given)
    return [dict(zip(names, row, strict=True)) for row in zip(*given.values(), strict=True)]


_READERS = {"features": _read_features, "rows": _read_rows, "columns": _read_columns}


def _are_cells(values: Iterable[object]) -> bool:
    for value in values:
        kind = type(value)
        if kind is float:
            # Only NaN and the infinities differ from themselves here.
            if value - value != 0.0:  # type: ignore[operator] # a float
                return False
        elif kind not in _PLAIN_KINDS:
            return False
    return True


def _add_cells(row: Mapping[str, object], pointer: str, wrong: _Wrong) -> None:
    for name, value in row.items():
        if not _are_cells((value,)):
            wrong.add(f"{pointer}/{_escaped(name)}", _NO_CELL)


def _check_number(n_rows: int, max_rows: int) -> None:
    if n_rows > max_rows:
        raise LimitExceededError(
            f"{n_rows:,} rows were sent; at most {max_rows:,} are predicted at once."
            " Split them into several requests."
        )


def _check_texts(form: RequestForm, rows: list[Row]) -> None:
    """Refuse texts that no UTF-8 answer could repeat."""
    parts: list[tuple[str, str]] = []
    for number, row in enumerate(rows):
        for name, value in row.items():
            texts: list[Any] = [name, value]
            if any(type(text) is str and re.search(_LONE_SURROGATE, text) for text in texts):
                inner = f"/{number}/{_escaped(name)}"
                parts.append((sent_pointer(form, inner) or "", _HALF_CHARACTER))
    if parts:
        raise several_wrong(parts)


def sent_pointer(form: RequestForm, pointer: str | None) -> str | None:
    """Point into the body that was sent instead of the rows that were made of it.

    >>> sent_pointer("features", "/0/age"), sent_pointer("rows", "/3/age")
    ('/features/age', '/rows/3/age')
    >>> sent_pointer("columns", "/3/age")
    '/columns/age/3'
    """
    if pointer is None or not pointer.startswith("/"):
        return None
    row, _, column = pointer[1:].partition("/")
    if form == "features":
        return f"/features/{column}" if column else "/features"
    if form == "rows":
        return f"/rows{pointer}"
    return f"/columns/{column}/{row}" if column else "/columns"


def sent_detail(form: RequestForm, text: str) -> str:
    """Leave the row's number out where only one row was sent.

    >>> sent_detail("features", "Row 0: column 'a' expects a number, not the text 'x'.")
    "Column 'a' expects a number, not the text 'x'."
    >>> sent_detail("features", "Row 0 has no finite answer."), sent_detail("rows", "Row 0 has.")
    ('The row has no finite answer.', 'Row 0 has.')
    """
    if form != "features":
        return text
    bare = text.removeprefix("Row 0: ")
    return f"{bare[:1].upper()}{bare[1:]}".replace("Row 0 ", "The row ", 1)
