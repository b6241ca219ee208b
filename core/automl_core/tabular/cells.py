"""What one cell of a table can be read as: the rules that reading, training and serving share.

A rule is fixed by four facts of a column: its storage, the table's decimal mark, its
missing tokens and its time format. Whoever knows these reads a cell as it was read here:

- blanks around a cell are ignored;
- the empty (or blank) cell is missing, in every column; so is a missing token, exactly as
  it is spelled, where the column lists it;
- a number is what :data:`NUMBERS` matches in full, once what offices put around it is taken
  off (:mod:`spellings`: a sign of money or percent, thousands set apart, a minus behind it),
  and finite; what is not the decimal mark sets thousands apart; ASCII digits;
- a time without a format is ISO 8601 as :data:`ISO_TIME` matches it, with a format it is
  what ``datetime.strptime`` reads; without an offset it is UTC, with one it is moved to UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final, Literal

from automl_core.tabular.spellings import GROUPINGS, UNITS, Dressed, undress

Decimal = Literal[".", ","]

#: Texts that programs write where nothing is: read as missing in a column whose other cells
#: are numbers, times or truth values; ordinary values in a text column.
CLEAR_TOKENS: Final = (
    "NA", "N/A", "n/a", "na", "n.a.", "N.A.", "<NA>", "NaN", "nan", "-nan", "NAN", "NaT", "null",
    "NULL", "Null", "(null)", "<null>", "None", "NIL", "nil", "missing", "undefined",
    "\\N", "\\\\N", "#N/A", "#NA", "#N/A N/A", "#NV", "#NULL!", "1.#IND", "-1.#IND", "1.#QNAN",
    "(blank)", "(Leer)", "(leer)", "(vide)",
)  # fmt: skip
#: The same, of signs that people also use for other things; worth telling where they stand.
VAGUE_TOKENS: Final = (
    ".", *(f".{letter}" for letter in "_ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "-", "--", "---", "–", "—",
    "?", "??", "*", "#", "..", "...", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#ERROR!",
    "#WERT!", "#BEZUG!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!",
)  # fmt: skip
MISSING_TOKENS: Final = CLEAR_TOKENS + VAGUE_TOKENS

NUMBERS: Final[dict[Decimal, re.Pattern[str]]] = {
    ".": re.compile(
        r"[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?"
        r"|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
    ),
    ",": re.compile(
        r"[+-]?(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]*)?"
        r"|(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
    ),
}
ISO_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"( ?Z| UTC| GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)

# -- Shapes ---------------------------------------------------------------------------
# A shape is what a cell looks like on its own; the column decides what it is read as.

EMPTY: Final = "empty"
TOKEN: Final = "token"  # noqa: S105 - a missing token, no password
VAGUE_TOKEN: Final = "vague token"  # noqa: S105 - a missing token, no password
INTEGER: Final = "integer"
LEADING_ZERO: Final = "leading zero"
LONG_INTEGER: Final = "long integer"
POINT: Final = "decimal point"
EXPONENT: Final = "exponent"
"""``1e5``: a number without a decimal mark."""
POINT_OR_GROUPED: Final = "decimal point or grouped"
"""``1.234``: a little more than one, or more than a thousand beside decimal commas."""
GROUPED: Final = "grouped by dots"
LONG_GROUPED: Final = "long integer grouped by dots"
COMMA: Final = "decimal comma"
COMMA_OR_GROUPED: Final = "decimal comma or grouped"
"""``1,234``: a little more than one, or more than a thousand in English."""
COMMA_GROUPED: Final = "grouped by commas"
LONG_COMMA_GROUPED: Final = "long integer grouped by commas"
COMMA_GROUPED_POINT: Final = "grouped by commas, with a point"
ROUNDED: Final = "rounded by a spreadsheet"
"""``1.23457E+12``: how a spreadsheet shows (and exports) a long number."""
ROUNDED_COMMA: Final = "rounded by a spreadsheet, with a comma"
INFINITE: Final = "infinite"
YES: Final = "yes"
NO: Final = "no"
TRUE: Final = "true"
FALSE: Final = "false"
LETTER_T: Final = "t"
LETTER_F: Final = "f"
DATE: Final = "ISO date"
DATETIME: Final = "ISO datetime"
ZONED_DATETIME: Final = "ISO datetime with a time zone"
SHORT_YEAR: Final = "date with two digits for the year"
TEXT: Final = "text"
DAY_OR_MONTH: Final = "?"
"""Begins the shape of a date whose first two parts may be day and month or month and day."""
MAY: Final = "May "
"""Begins the shape of a date in May, whose name is as long as its abbreviation."""
DRESSED: Final = "~"
"""Begins the shape of a number that :func:`spellings.undress` reads: unit, grouping, turned
or not, and the shape of the plain number, with ``~`` between them."""

_BOTH = {INTEGER, LEADING_ZERO, LONG_INTEGER, EXPONENT}
_PLAIN_SHAPES: dict[Decimal, set[str]] = {
    ".": _BOTH | {POINT, POINT_OR_GROUPED, COMMA_OR_GROUPED, COMMA_GROUPED, COMMA_GROUPED_POINT,
                  LONG_COMMA_GROUPED, ROUNDED},
    ",": _BOTH | {COMMA, COMMA_OR_GROUPED, GROUPED, LONG_GROUPED, POINT_OR_GROUPED, ROUNDED_COMMA},
}  # fmt: skip


def dressed_shape(dress: Dressed, plain_shape: str) -> str:
    """Put the shape of a dressed number together; :func:`read_shape` takes it apart."""
    turned = "turned" if dress.is_turned else ""
    return DRESSED + DRESSED.join((dress.unit, dress.grouping, turned, plain_shape))


def read_shape(shape: str) -> tuple[str, Dressed]:
    """Shape of the number under the dress, and the dress; any other shape has none.

    >>> read_shape("~%~~~integer")
    ('integer', Dressed(plain='', unit='%', grouping='', is_turned=False))
    """
    if not shape.startswith(DRESSED):
        return shape, Dressed("", "", "", is_turned=False)
    unit, grouping, turned, plain = shape[1:].split(DRESSED)
    return plain, Dressed("", unit, grouping, bool(turned))


#: Shapes that are numbers under a decimal mark, whatever their size.
NUMBER_SHAPES: Final[dict[Decimal, frozenset[str]]] = {
    decimal: frozenset(plain)
    | {
        dressed_shape(Dressed("", unit, grouping, is_turned), shape)
        for unit in UNITS
        for grouping in GROUPINGS
        for is_turned in (False, True)
        for shape in plain
    }
    for decimal, plain in _PLAIN_SHAPES.items()
}

#: More digits than a float64 keeps exactly: such whole numbers are names of things.
MAX_INTEGER_DIGITS: Final = 15

_WORDS = {
    **dict.fromkeys(CLEAR_TOKENS, TOKEN), **dict.fromkeys(VAGUE_TOKENS, VAGUE_TOKEN),
}  # fmt: skip
_LOWER_WORDS = {
    "yes": YES, "no": NO, "true": TRUE, "false": FALSE, "t": LETTER_T, "f": LETTER_F,
    "inf": INFINITE, "infinity": INFINITE,
}  # fmt: skip
_INFINITIES = frozenset({"∞", "1.#inf", "inf", "infinity"})
_LONGEST_WORD = max(map(len, _LOWER_WORDS))
_DIGITS = frozenset("0123456789")
_NUMBER_STARTS = frozenset("0123456789+-.,−($€£¥₹∞")
_POINT_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}")
_COMMAS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(\.[0-9]*)?")
_ROUNDED = re.compile(r"[+-]?[0-9][.,][0-9]{1,5}E\+[0-9]{2}")
_YEAR_FIRST = re.compile(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}([ T].*)?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2[0-9]{4}([ T].*)?")
_MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    "|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
)
_ABBREVIATED = 3
_DAY_MONTH_NAME = re.compile(rf"[0-9]{{1,2}}([ -]?)({_MONTHS})\1[0-9]{{4}}([ T:].*)?", re.I)
_MONTH_NAME_DAY = re.compile(rf"({_MONTHS}) [0-9]{{1,2}}, [0-9]{{4}}([ T].*)?", re.I)
_SHORT_YEAR = re.compile(
    rf"[0-9]{{1,2}}([-/. ])(?:[0-9]{{1,2}}|{_MONTHS})\1[0-9]{{2}}(?:[ T].*)?", re.I
)
_MONTHS_OF_YEAR = 12
_CLOCKS = tuple(
    (re.compile(rf"([ T:]){pattern}"), time_format)
    for pattern, time_format in (
        ("[0-9]{1,2}:[0-9]{2}", "%H:%M"),
        ("[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"),
        (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,6}", "%H:%M:%S.%f"),
        ("[0-9]{1,2}:[0-9]{2} [AaPp][Mm]", "%I:%M %p"),
        ("[0-9]{1,2}:[0-9]{2}:[0-9]{2} [AaPp][Mm]", "%I:%M:%S %p"),
    )
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
    >>> parse_number("1,234.50-"), parse_number("12 %"), parse_number("1 234,5", ",")
    (-1234.5, 12.0, 1234.5)
    """
    stripped = text.strip()
    if NUMBERS[decimal].fullmatch(stripped) is None:
        dress = undress(stripped)
        if dress is None or NUMBERS[decimal].fullmatch(dress.plain) is None:
            return None
        stripped = dress.plain
    if decimal == ",":
        stripped = stripped.replace(".", "").replace(",", ".")
    elif "," in stripped:
        stripped = stripped.replace(",", "")
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
        moment = datetime.fromisoformat(plain_zone(stripped))
        # An offset near the first or the last year leaves the calendar.
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def plain_zone(moment: str) -> str:
    """Spell the time zone of an ISO time as the standard does."""
    if moment[-1] not in "ZCT":
        return moment
    return moment.removesuffix("Z").removesuffix("UTC").removesuffix("GMT").rstrip() + "+00:00"


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
    word = _WORDS.get(stripped)
    if word is not None:
        return word
    if stripped[0] not in _NUMBER_STARTS:
        if len(stripped) <= _LONGEST_WORD:
            return _LOWER_WORDS.get(stripped.lower(), TEXT)
        match = _MONTH_NAME_DAY.fullmatch(stripped)
        return TEXT if match is None else _named_month(stripped, "{} %d, %Y", match[1], match[2])
    return (
        _number_shape(stripped)
        or _time_shape(stripped)
        or _dressed_shape(stripped)
        or (INFINITE if stripped.lower().lstrip("+-") in _INFINITIES else TEXT)
    )


def _number_shape(stripped: str) -> str | None:
    """Shape of a plain number, or None."""
    if stripped.isascii() and stripped.lstrip("+-").isdigit():
        return _integer_shape(stripped)
    shape = None
    if _ROUNDED.fullmatch(stripped) is not None:
        shape = ROUNDED if "." in stripped else ROUNDED_COMMA
    elif commas := _COMMAS.fullmatch(stripped):
        shape = COMMA_GROUPED_POINT if commas[1] else COMMA_GROUPED
        if shape == COMMA_GROUPED and stripped.count(",") == 1:
            shape = COMMA_OR_GROUPED
        elif shape == COMMA_GROUPED and _is_long(stripped):
            shape = LONG_COMMA_GROUPED
    elif NUMBERS["."].fullmatch(stripped) is not None:
        shape = POINT_OR_GROUPED if _POINT_GROUPED.fullmatch(stripped) else POINT
        if "." not in stripped:
            shape = EXPONENT
        if not math.isfinite(float(stripped)):
            shape = INFINITE
    elif NUMBERS[","].fullmatch(stripped) is not None:
        shape = COMMA if parse_number(stripped, ",") is not None else INFINITE
        if _GROUPED.fullmatch(stripped) is not None:
            shape = LONG_GROUPED if _is_long(stripped) else GROUPED
    return shape


def _is_long(stripped: str) -> bool:
    return sum(1 for character in stripped if character in _DIGITS) > MAX_INTEGER_DIGITS


def _integer_shape(stripped: str) -> str:
    digits = stripped[1:] if stripped[0] in "+-" else stripped
    if not digits.isdigit():
        return TEXT
    if len(digits) > 1 and digits[0] == "0":
        return LEADING_ZERO
    return LONG_INTEGER if len(digits) > MAX_INTEGER_DIGITS else INTEGER


def _dressed_shape(stripped: str) -> str | None:
    """Shape of a number in the dress that offices give it, or None."""
    dress = undress(stripped)
    shape = None if dress is None else _number_shape(dress.plain)
    if dress is None or shape is None or shape in {TEXT, INFINITE}:
        return None
    return dressed_shape(dress, shape)


def _time_shape(stripped: str) -> str | None:
    """Shape of a time, or None."""
    if stripped[0] not in _DIGITS:
        return None
    if iso := ISO_TIME.fullmatch(stripped):
        whole = DATE if iso[1] is None else DATETIME if iso[2] is None else ZONED_DATETIME
        return TEXT if parse_time(stripped) is None else whole
    shape = None
    if match := _YEAR_FIRST.fullmatch(stripped):
        clock = _clock_format(match[2])
        mark = match[1]
        if clock is not None:
            shape = _checked_time(stripped, f"%Y{mark}%m{mark}%d{clock}")
    elif match := _YEAR_LAST.fullmatch(stripped):
        shape = _day_or_month(stripped, match)
    elif match := _DAY_MONTH_NAME.fullmatch(stripped):
        shape = _named_month(stripped, f"%d{match[1]}{{}}{match[1]}%Y", match[2], match[3])
    elif _SHORT_YEAR.fullmatch(stripped):
        shape = SHORT_YEAR
    return shape


def _named_month(stripped: str, date_format: str, month: str, rest: str | None) -> str:
    """Shape of a date whose month is spelled out; ``{}`` stands for it in the format."""
    clock = _clock_format(rest)
    if clock is None:
        return TEXT
    name = "%b" if len(month) == _ABBREVIATED else "%B"
    shape = _checked_time(stripped, date_format.format(name) + clock)
    is_may = month.lower() == "may" and shape != TEXT
    return MAY + date_format.format("%b") + clock if is_may else shape


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
