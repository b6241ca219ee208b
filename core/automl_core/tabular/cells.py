"""What one cell of a table can be read as: the rules that reading, training and serving share.

A rule is fixed by four facts of a column: its storage, the table's decimal mark, its
missing tokens and its time format. Whoever knows these reads a cell as it was read here:

- blanks around a cell are ignored, except in a text value, which stays as it stands;
- the empty (or blank) cell is missing, in every column; so is a missing token, exactly as
  it is spelled, where the column lists it;
- a number is what :data:`NUMBERS` matches in full, and finite; no thousands separators
  beside a decimal point, dots between groups of three beside a decimal comma; ASCII digits;
- a time without a format is ISO 8601 as :data:`ISO_TIME` matches it, with a format it is
  what ``datetime.strptime`` reads; without an offset it is UTC, with one it is moved to UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final, Literal

Decimal = Literal[".", ","]

#: Texts that other programs write where nothing is: read as missing in a column whose
#: other cells are numbers, times or truth values; ordinary values in a text column.
MISSING_TOKENS: Final = (
    "NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "-nan", "NAN", "NaT",
    "null", "NULL", "Null", "None",
)  # fmt: skip

NUMBERS: Final[dict[Decimal, re.Pattern[str]]] = {
    ".": re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"),
    ",": re.compile(
        r"[+-]?(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]*)?"
        r"|(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
    ),
}
ISO_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)

# -- Shapes ---------------------------------------------------------------------------
# A shape is what a cell looks like on its own; the column decides what it is read as.

EMPTY: Final = "empty"
TOKEN: Final = "token"  # noqa: S105 - a missing token, no password
INTEGER: Final = "integer"
LEADING_ZERO: Final = "leading zero"
LONG_INTEGER: Final = "long integer"
POINT: Final = "decimal point"
EXPONENT: Final = "exponent"
"""``1e5``: a number without a decimal mark."""
POINT_OR_GROUPED: Final = "decimal point or grouped"
"""``1.234``: a little more than one, or more than a thousand beside decimal commas."""
GROUPED: Final = "grouped by dots"
COMMA: Final = "decimal comma"
COMMA_OR_GROUPED: Final = "decimal comma or grouped"
"""``1,234``: a little more than one, or more than a thousand in English."""
YES_NO: Final = "yes or no"
TRUE_FALSE: Final = "true or false"
LETTER_T: Final = "t"
LETTER_F: Final = "f"
DATE: Final = "ISO date"
DATETIME: Final = "ISO datetime"
TEXT: Final = "text"
DAY_OR_MONTH: Final = "?"
"""Begins the shape of a date whose first two parts may be day and month or month and day."""

#: Shapes that are numbers under a decimal mark, whatever their size.
NUMBER_SHAPES: Final[dict[Decimal, frozenset[str]]] = {
    ".": frozenset({INTEGER, LEADING_ZERO, LONG_INTEGER, EXPONENT, POINT, POINT_OR_GROUPED}),
    ",": frozenset(
        {
            INTEGER,
            LEADING_ZERO,
            LONG_INTEGER,
            EXPONENT,
            COMMA,
            COMMA_OR_GROUPED,
            GROUPED,
            POINT_OR_GROUPED,
        }
    ),
}

#: More digits than a float64 keeps exactly: such whole numbers are names of things.
MAX_INTEGER_DIGITS: Final = 15

_TOKENS = frozenset(MISSING_TOKENS)
_WORDS = {
    "yes": YES_NO, "no": YES_NO, "true": TRUE_FALSE, "false": TRUE_FALSE,
    "t": LETTER_T, "f": LETTER_F,
}  # fmt: skip
_DIGITS = frozenset("0123456789")
_NUMBER_STARTS = frozenset("0123456789+-.,")
_POINT_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}")
_COMMA_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_YEAR_FIRST = re.compile(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}([ T].*)?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2[0-9]{4}([ T].*)?")
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAY_MONTH_NAME = re.compile(rf"[0-9]{{1,2}}([ -])(?:{_MONTHS})\1[0-9]{{4}}")
_MONTH_NAME_DAY = re.compile(rf"(?:{_MONTHS}) [0-9]{{1,2}}, [0-9]{{4}}")
_MONTHS_OF_YEAR = 12
_CLOCKS = (
    (re.compile(r"([ T])[0-9]{1,2}:[0-9]{2}"), "%H:%M"),
    (re.compile(r"([ T])[0-9]{1,2}:[0-9]{2}:[0-9]{2}"), "%H:%M:%S"),
    (re.compile(r"([ T])[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,6}"), "%H:%M:%S.%f"),
    (re.compile(r"([ T])[0-9]{1,2}:[0-9]{2} [AaPp][Mm]"), "%I:%M %p"),
    (re.compile(r"([ T])[0-9]{1,2}:[0-9]{2}:[0-9]{2} [AaPp][Mm]"), "%I:%M:%S %p"),
)


def is_missing(text: str, tokens: Collection[str]) -> bool:
    """Tell whether a cell says that nothing is there.

    >>> is_missing("  ", []), is_missing("NA", ["NA"]), is_missing("None", [])
    (True, True, False)
    """
    stripped = text.strip()
    return not stripped or stripped in tokens


def parse_number(text: str, decimal: Decimal = ".") -> float | None:
    """Read a number, or None where it is none (or not finite).

    >>> parse_number(" 1e3 "), parse_number("1_000"), parse_number("1.234,5", ",")
    (1000.0, None, 1234.5)
    """
    stripped = text.strip()
    if NUMBERS[decimal].fullmatch(stripped) is None:
        return None
    if decimal == ",":
        stripped = stripped.replace(".", "").replace(",", ".")
    value = float(stripped)
    return value if math.isfinite(value) else None


def parse_time(text: str, time_format: str | None = None) -> datetime | None:
    """Read a date or a moment, in UTC and without a zone, or None where it is none.

    >>> parse_time("2013-01-01T10:00:00+02:00")
    datetime.datetime(2013, 1, 1, 8, 0)
    >>> parse_time("31.12.2013", "%d.%m.%Y"), parse_time("2:3:1")
    (datetime.datetime(2013, 12, 31, 0, 0), None)
    """
    stripped = text.strip()
    try:
        if time_format is not None:
            return datetime.strptime(stripped, time_format)  # noqa: DTZ007 - UTC by rule
        if ISO_TIME.fullmatch(stripped) is None:
            return None
        moment = datetime.fromisoformat(stripped)
        # An offset near the first or the last year leaves the calendar.
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def shape_of(text: str) -> str:
    """Tell what a cell looks like on its own.

    Returns
    -------
    str
        One of the constants above; for other times the strptime format that reads it, or
        ``?`` and the format's rest where day and month cannot be told apart.

    >>> [shape_of(cell) for cell in ("7", "007", "1.5", "1,5", "2013-01-31", "2:3:1")]
    ['integer', 'leading zero', 'decimal point', 'decimal comma', 'ISO date', 'text']
    >>> shape_of("31/12/2013"), shape_of("12/31/2013 9:05"), shape_of("1/2/2013")
    ('%d/%m/%Y', '%m/%d/%Y %H:%M', '?/%Y')
    """
    stripped = text.strip()
    if not stripped:
        return EMPTY
    if stripped in _TOKENS:
        return TOKEN
    if stripped[0] not in _NUMBER_STARTS:
        if len(stripped) <= len("false"):
            return _WORDS.get(stripped.lower(), TEXT)
        return _checked_time(stripped, "%b %d, %Y") if _MONTH_NAME_DAY.fullmatch(stripped) else TEXT
    return _number_shape(stripped) or _time_shape(stripped)


def _number_shape(stripped: str) -> str | None:
    """Shape of a number, or None."""
    if stripped.isascii() and stripped.lstrip("+-").isdigit():
        return _integer_shape(stripped)
    if NUMBERS["."].fullmatch(stripped) is not None:
        shape = POINT_OR_GROUPED if _POINT_GROUPED.fullmatch(stripped) else POINT
        if "." not in stripped:
            shape = EXPONENT
        return shape if math.isfinite(float(stripped)) else TEXT
    if _COMMA_GROUPED.fullmatch(stripped):
        # More than one group can only be thousands, which no decimal mark reads.
        return COMMA_OR_GROUPED if stripped.count(",") == 1 else TEXT
    if NUMBERS[","].fullmatch(stripped) is not None and parse_number(stripped, ",") is not None:
        return GROUPED if _GROUPED.fullmatch(stripped) else COMMA
    return None


def _integer_shape(stripped: str) -> str:
    digits = stripped[1:] if stripped[0] in "+-" else stripped
    if not digits.isdigit():
        return TEXT
    if len(digits) > 1 and digits[0] == "0":
        return LEADING_ZERO
    return LONG_INTEGER if len(digits) > MAX_INTEGER_DIGITS else INTEGER


def _time_shape(stripped: str) -> str:
    """Shape of a time, or TEXT."""
    if stripped[0] not in _DIGITS:
        return TEXT
    if iso := ISO_TIME.fullmatch(stripped):
        whole = DATE if iso[1] is None else DATETIME
        return TEXT if parse_time(stripped) is None else whole
    shape = TEXT
    if match := _YEAR_FIRST.fullmatch(stripped):
        clock = _clock_format(match[2])
        mark = match[1]
        if clock is not None:
            shape = _checked_time(stripped, f"%Y{mark}%m{mark}%d{clock}")
    elif match := _YEAR_LAST.fullmatch(stripped):
        shape = _day_or_month(stripped, match)
    elif match := _DAY_MONTH_NAME.fullmatch(stripped):
        shape = _checked_time(stripped, f"%d{match[1]}%b{match[1]}%Y")
    return shape


def _day_or_month(stripped: str, match: re.Match[str]) -> str:
    clock = _clock_format(match[4])
    if clock is None:
        return TEXT
    mark, rest = match[2], f"{match[2]}%Y{clock}"
    first, second = int(match[1]), int(match[3])
    order = f"%d{mark}%m{rest}" if second <= _MONTHS_OF_YEAR else f"%m{mark}%d{rest}"
    shape = _checked_time(stripped, order)
    is_open = max(first, second) <= _MONTHS_OF_YEAR and shape != TEXT
    return DAY_OR_MONTH + rest if is_open else shape


def _clock_format(text: str | None) -> str | None:
    """Format of the part behind the date; empty without one, None if it is no time of day."""
    if text is None:
        return ""
    for pattern, time_format in _CLOCKS:
        if match := pattern.fullmatch(text):
            return match[1] + time_format
    return None


def _checked_time(stripped: str, time_format: str) -> str:
    """The format if the calendar knows that day, else TEXT."""
    return TEXT if parse_time(stripped, time_format) is None else time_format
