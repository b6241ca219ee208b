"""What a column stores: decided from tallies of shapes alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from automl_core.records import Storage
from automl_core.tabular.cells import (
    COMMA,
    COMMA_GROUPED,
    COMMA_GROUPED_POINT,
    COMMA_OR_GROUPED,
    DATE,
    DATETIME,
    DAY_OR_MONTH,
    DRESSED,
    EMPTY,
    EXPONENT,
    FALSE,
    GROUPED,
    INFINITE,
    INTEGER,
    LEADING_ZERO,
    LETTER_F,
    LETTER_T,
    LONG_COMMA_GROUPED,
    LONG_GROUPED,
    LONG_INTEGER,
    MAY,
    MISSING_TOKENS,
    NO,
    NUMBER_SHAPES,
    POINT,
    POINT_OR_GROUPED,
    ROUNDED,
    ROUNDED_COMMA,
    TOKEN,
    TRUE,
    VAGUE_TOKEN,
    YES,
    ZONED_DATETIME,
    Decimal,
    read_shape,
)  # fmt: skip
from automl_core.tabular.storage_notes import explain_text, note_number, note_vague, quote

MIN_READABLE_SHARE: Final = 0.995
"""Of the values that are there; the rest is read as missing, counted and told."""
MIN_DECIMAL_SHARE: Final = 0.95
"""Numbers among a column's values for it to have a say about the decimal mark."""
MAX_CODES_SHARE: Final = 0.005
"""Whole numbers with leading zeros or too many digits that a column of fractions may have."""

Shapes = Mapping[str, int]
"""Rows of each shape."""
Samples = Mapping[str, Sequence[str]]

_ABSENT = frozenset({EMPTY, TOKEN, VAGUE_TOKEN})
_BOOLEANS = (frozenset({YES, NO}), frozenset({TRUE, FALSE}), frozenset({LETTER_T, LETTER_F}))
_ISO = frozenset({DATE, DATETIME, ZONED_DATETIME})
_CODES = frozenset({LEADING_ZERO, LONG_INTEGER, LONG_GROUPED, LONG_COMMA_GROUPED})
#: Shapes that only this decimal mark explains.
_PROOFS: dict[Decimal, frozenset[str]] = {
    ".": frozenset({POINT, COMMA_GROUPED, LONG_COMMA_GROUPED, COMMA_GROUPED_POINT, ROUNDED}),
    ",": frozenset({COMMA, GROUPED, LONG_GROUPED, ROUNDED_COMMA}),
}
#: Shapes that mean another number under the other mark.
_OPEN: dict[Decimal, str] = {".": COMMA_OR_GROUPED, ",": POINT_OR_GROUPED}
_FRACTIONS: dict[Decimal, frozenset[str]] = {
    ".": frozenset({POINT, POINT_OR_GROUPED, COMMA_GROUPED_POINT, ROUNDED, EXPONENT}),
    ",": frozenset({COMMA, COMMA_OR_GROUPED, ROUNDED_COMMA, EXPONENT}),
}
_ENGLISH_MONEY = frozenset("$£₹")


@dataclass(frozen=True)
class StorageDecision:
    """How to read a column's cells.

    Attributes
    ----------
    fitting : frozenset of str
        Shapes that are values; of a text column all but the empty one.
    n_missing : int
        Rows without a value, unreadable ones included.
    """

    storage: Storage
    fitting: frozenset[str]
    n_missing: int
    n_unreadable: int = 0
    time_format: str | None = None
    missing_tokens: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)


def choose_decimal(columns: Sequence[Shapes]) -> Decimal:
    """Find the decimal mark of a table: that of most columns that show one.

    ``1.234`` and ``1,234`` say nothing on their own: they may be thousands.
    """
    n_point = sum(1 for shapes in columns if _shows(shapes, "."))
    n_comma = sum(1 for shapes in columns if _shows(shapes, ","))
    return "," if n_comma > n_point else "."


def is_decimal_shown(columns: Sequence[Shapes], decimal: Decimal) -> bool:
    """Tell whether any column of the table shows this decimal mark."""
    return any(_shows(shapes, decimal) for shapes in columns)


def _shows(shapes: Shapes, decimal: Decimal) -> bool:
    n_numbers = _rows(shapes, NUMBER_SHAPES[decimal])
    return _proves(shapes, decimal) and n_numbers >= MIN_DECIMAL_SHARE * _n_there(shapes)


def _proves(shapes: Shapes, decimal: Decimal) -> bool:
    """One cell can only be read with this decimal mark."""
    for shape, rows in shapes.items():
        plain, dress = read_shape(shape)
        if rows and plain in _PROOFS[decimal]:
            return True
        # Where the sign goes before the number, commas set thousands apart.
        if rows and decimal == "." and plain == COMMA_OR_GROUPED and dress.unit in _ENGLISH_MONEY:
            return True
    return False


def decide_storage(
    shapes: Shapes, decimal: Decimal, samples: Samples | None = None, *, is_shown: bool = False
) -> StorageDecision:
    """Decide what a column stores.

    Parameters
    ----------
    shapes : mapping of str to int
        Rows of each shape.
    decimal : {".", ","}
        Of the table.
    samples : mapping of str to sequence of str
        A few cells of each shape, for the warnings.
    is_shown : bool
        The decimal mark is known: another column shows it, or the user named it. Then what
        may be thousands (``1,234`` beside a decimal point) is thousands.

    Examples
    --------
    >>> decide_storage({"integer": 999, "text": 1, "empty": 5}, ".").storage
    'integer'
    >>> decide_storage({"integer": 999, "leading zero": 1}, ".").storage
    'text'
    """
    samples = samples or {}
    n_there = _n_there(shapes)
    n_absent = sum(shapes.get(shape, 0) for shape in _ABSENT)
    if n_there == 0:
        return StorageDecision("text", frozenset(), n_absent, missing_tokens=MISSING_TOKENS)
    there = {shape for shape, rows in shapes.items() if rows and shape not in _ABSENT}
    has_tokens = n_absent > shapes.get(EMPTY, 0)
    for words in _BOOLEANS:
        # Beside one truth value alone, `None` or `-` may be the name of the other.
        if there == words or (there < words and not has_tokens and LETTER_T not in words):
            return StorageDecision(
                "boolean", words, n_absent, missing_tokens=MISSING_TOKENS,
                warnings=note_vague(shapes, samples),
            )  # fmt: skip
    doubt = None
    if _rows(shapes, NUMBER_SHAPES[decimal]) + shapes.get(INFINITE, 0) >= (
        MIN_READABLE_SHARE * n_there
    ):
        doubt = _doubt(shapes, decimal, samples, is_shown=is_shown)
    typed = None if doubt else _decide_number(shapes, decimal) or _decide_time(shapes)
    if typed is None:
        return StorageDecision(
            "text",
            frozenset(there | {TOKEN, VAGUE_TOKEN}),
            shapes.get(EMPTY, 0),
            warnings=explain_text(shapes, decimal, samples, doubt),
        )
    storage, fitting, time_format = typed
    n_unreadable = n_there - _rows(shapes, fitting)
    is_number = storage in {"integer", "decimal"}
    warnings = []
    if n_unreadable:
        odd = [cell for shape in sorted(there - fitting) for cell in samples.get(shape, ())]
        what = "numbers" if is_number else "times"
        warnings.append(
            f"{n_unreadable:,} of {n_there:,} values are no {what}{quote(odd)} and are read as "
            "missing."
        )
    if is_number:
        warnings += note_number(shapes, decimal, samples, is_shown=is_shown)
    elif shapes.get(ZONED_DATETIME, 0) and shapes.get(DATETIME, 0):
        warnings.append(
            "Some times have a time zone and some have none; those without are taken as UTC."
        )
    return StorageDecision(
        storage, fitting, n_absent + n_unreadable, n_unreadable, time_format, MISSING_TOKENS,
        warnings + note_vague(shapes, samples),
    )  # fmt: skip


Typed = tuple[Storage, frozenset[str], str | None]


def _doubt(shapes: Shapes, decimal: Decimal, samples: Samples, *, is_shown: bool) -> str | None:
    """Why numbers must not be read as numbers, as a sentence, or None."""
    rows_of: dict[str, int] = {}
    units: dict[str, list[str]] = {}
    groupings: set[str] = set()
    for shape, rows in shapes.items():
        if rows and shape in NUMBER_SHAPES[decimal]:
            plain, dress = read_shape(shape)
            rows_of[plain] = rows_of.get(plain, 0) + rows
            units.setdefault(dress.unit, []).extend(samples.get(shape, ()))
            groupings.add(dress.grouping)
    n_numbers = sum(rows_of.values())
    n_fractions = _rows(rows_of, _FRACTIONS[decimal])
    n_codes = _rows(rows_of, _CODES)
    sentence = None
    if len(units.keys() - {""}) > 1 or {"", "%"} <= units.keys():
        mixed = quote([cells[0] for cells in units.values() if cells])
        sentence = (
            f"The numbers do not all carry the same sign{mixed}, so the column stays text; write "
            "them in one unit, without the sign."
        )
    elif n_codes and (not n_fractions or n_codes > MAX_CODES_SHARE * n_numbers):
        odd = [cell for shape in _CODES for cell in samples.get(shape, ())]
        sentence = (
            f"{n_codes:,} whole numbers have leading zeros or more than 15 digits{quote(odd)}, so "
            "the column stays text."
        )
    elif decimal == "." and not is_shown and not _proves(shapes, "."):
        # What 1,234 and 1.234 mean is open; cells without any mark show that thousands have one.
        open_shape = COMMA_OR_GROUPED if rows_of.get(COMMA_OR_GROUPED) else POINT_OR_GROUPED
        is_open = open_shape == COMMA_OR_GROUPED or rows_of.get(INTEGER, 0) > 0
        if rows_of.get(open_shape, 0) and is_open:
            sentence = (
                f"Numbers such as{quote(samples.get(open_shape, ()))[1:]} may have a decimal mark "
                "or thousands set apart, so the column stays text; name the decimal mark."
            )
    is_alike = len(groupings) == 1 and "" not in groupings
    if sentence is None and is_alike and not n_fractions:
        sentence = (
            f"Digits in groups{quote(_cells(samples, DRESSED))} may be numbers or, say, telephone "
            "numbers, so the column stays text; leave the blanks out if they are numbers."
        )
    return sentence


def _decide_number(shapes: Shapes, decimal: Decimal) -> Typed | None:
    fitting = NUMBER_SHAPES[decimal]
    n_numbers = _rows(shapes, fitting)
    if not n_numbers or n_numbers + shapes.get(INFINITE, 0) < MIN_READABLE_SHARE * _n_there(shapes):
        return None
    has_fractions = any(
        rows and shape in fitting and read_shape(shape)[0] in _FRACTIONS[decimal]
        for shape, rows in shapes.items()
    )
    return "decimal" if has_fractions else "integer", fitting, None


def _decide_time(shapes: Shapes) -> Typed | None:
    needed = MIN_READABLE_SHARE * _n_there(shapes)
    if _rows(shapes, _ISO) >= needed:
        return "date" if not _rows(shapes, _ISO - {DATE}) else "datetime", _ISO, None
    for time_format in _formats(shapes):
        fitting = _fitting(time_format, shapes)
        if _rows(shapes, fitting) >= needed:
            has_clock = "%H" in time_format or "%I" in time_format
            return "datetime" if has_clock else "date", fitting, time_format
    return None


def _formats(shapes: Shapes) -> list[str]:
    """Formats among the shapes, the most frequent first; that of May alone comes last."""
    found = [shape for shape in shapes if shape.startswith(("%", MAY)) and shapes[shape]]
    found.sort(key=lambda shape: (shape.startswith(MAY), -shapes[shape], shape))
    return [shape.removeprefix(MAY) for shape in found]


def _fitting(time_format: str, shapes: Shapes) -> frozenset[str]:
    """Shapes that a format reads; none if the order of day and month is contradicted."""
    if time_format == "%Y-%m-%d":
        return frozenset({time_format, DATE})
    if "%b" in time_format or "%B" in time_format:
        return frozenset({time_format, MAY + time_format.replace("%B", "%b")})
    if not time_format.startswith(("%d", "%m")):
        return frozenset({time_format})
    first, mark, second, rest = time_format[:2], time_format[2], time_format[3:5], time_format[5:]
    if shapes.get(f"{second}{mark}{first}{rest}", 0):
        return frozenset()
    return frozenset({time_format, DAY_OR_MONTH + rest})


def _cells(samples: Samples, prefix: str) -> list[str]:
    return [c for shape, cells in samples.items() if shape.startswith(prefix) for c in cells]


def _n_there(shapes: Shapes) -> int:
    """Rows that hold something."""
    return sum(rows for shape, rows in shapes.items() if shape not in _ABSENT)


def _rows(shapes: Shapes, wanted: Collection[str]) -> int:
    return sum(rows for shape, rows in shapes.items() if shape in wanted)
