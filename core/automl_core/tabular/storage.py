"""What a column stores: decided from tallies of shapes alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from automl_core.records import Storage
from automl_core.tabular.cells import (
    COMMA,
    COMMA_OR_GROUPED,
    DATE,
    DATETIME,
    DAY_OR_MONTH,
    EMPTY,
    EXPONENT,
    GROUPED,
    LEADING_ZERO,
    LETTER_F,
    LETTER_T,
    LONG_INTEGER,
    MISSING_TOKENS,
    NUMBER_SHAPES,
    POINT,
    POINT_OR_GROUPED,
    TOKEN,
    TRUE_FALSE,
    YES_NO,
    Decimal,
)  # fmt: skip

MIN_READABLE_SHARE: Final = 0.995
"""Of the values that are there; the rest is read as missing, counted and told."""
MIN_DECIMAL_SHARE: Final = 0.95
"""Numbers among a column's values for it to have a say about the decimal mark."""
NEARLY_TYPED_SHARE: Final = 0.5
"""From here on it is worth telling why a column is not read as numbers or times."""

Shapes = Mapping[str, int]
"""Rows of each shape."""

_BOOLEANS = (frozenset({YES_NO}), frozenset({TRUE_FALSE}), frozenset({LETTER_T, LETTER_F}))
_POINTS = frozenset({POINT, POINT_OR_GROUPED})
_FRACTIONS: dict[Decimal, frozenset[str]] = {
    ".": _POINTS | {EXPONENT},
    ",": frozenset({COMMA, COMMA_OR_GROUPED, EXPONENT}),
}


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
    n_point = sum(1 for shapes in columns if _shows(shapes, POINT, "."))
    n_comma = sum(1 for shapes in columns if _shows(shapes, COMMA, ","))
    return "," if n_comma > n_point else "."


def _shows(shapes: Shapes, proof: str, decimal: Decimal) -> bool:
    n_there = _n_there(shapes)
    n_numbers = _rows(shapes, NUMBER_SHAPES[decimal])
    return shapes.get(proof, 0) > 0 and n_numbers >= MIN_DECIMAL_SHARE * n_there


def decide_storage(
    shapes: Shapes, decimal: Decimal, samples: Mapping[str, Sequence[str]] | None = None
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

    Examples
    --------
    >>> decide_storage({"integer": 999, "text": 1, "empty": 5}, ".").storage
    'integer'
    >>> decide_storage({"integer": 999, "leading zero": 1}, ".").storage
    'text'
    """
    samples = samples or {}
    n_there = _n_there(shapes)
    n_empty = shapes.get(EMPTY, 0) + shapes.get(TOKEN, 0)
    if n_there == 0:
        return StorageDecision("text", frozenset(), n_empty, missing_tokens=MISSING_TOKENS)
    there = {shape for shape, rows in shapes.items() if rows and shape not in {EMPTY, TOKEN}}
    for words in _BOOLEANS:
        if there <= words and (len(words) == 1 or there == words):
            return StorageDecision("boolean", words, n_empty, missing_tokens=MISSING_TOKENS)
    typed = _decide_number(shapes, decimal) or _decide_time(shapes)
    if typed is None:
        return StorageDecision(
            "text",
            frozenset(there | {TOKEN}),
            shapes.get(EMPTY, 0),
            warnings=_explain_text(shapes, decimal, samples),
        )
    storage, fitting, time_format = typed
    n_unreadable = n_there - _rows(shapes, fitting)
    warnings = []
    if n_unreadable:
        odd = [cell for shape in sorted(there - fitting) for cell in samples.get(shape, ())]
        what = "numbers" if storage in {"integer", "decimal"} else "times"
        warnings.append(
            f"{n_unreadable:,} of {n_there:,} values are no {what}"
            f"{_quote(odd)} and are read as missing."
        )
    return StorageDecision(
        storage, fitting, n_empty + n_unreadable, n_unreadable, time_format, MISSING_TOKENS,
        warnings,
    )  # fmt: skip


Typed = tuple[Storage, frozenset[str], str | None]


def _decide_number(shapes: Shapes, decimal: Decimal) -> Typed | None:
    fitting = NUMBER_SHAPES[decimal]
    if _rows(shapes, fitting) < MIN_READABLE_SHARE * _n_there(shapes):
        return None
    if _rows(shapes, _FRACTIONS[decimal]):
        return "decimal", fitting, None
    # Zip codes, account numbers: as numbers they would lose zeros or digits.
    if shapes.get(LEADING_ZERO, 0) or shapes.get(LONG_INTEGER, 0):
        return None
    return "integer", fitting, None


def _decide_time(shapes: Shapes) -> Typed | None:
    needed = MIN_READABLE_SHARE * _n_there(shapes)
    iso = frozenset({DATE, DATETIME})
    if _rows(shapes, iso) >= needed:
        return "datetime" if shapes.get(DATETIME, 0) else "date", iso, None
    for time_format in _formats(shapes):
        fitting = _fitting(time_format, shapes)
        if _rows(shapes, fitting) >= needed:
            has_clock = "%H" in time_format or "%I" in time_format
            return "datetime" if has_clock else "date", fitting, time_format
    return None


def _formats(shapes: Shapes) -> list[str]:
    """Formats among the shapes, the most frequent first."""
    found = [shape for shape in shapes if shape.startswith("%") and shapes[shape]]
    return sorted(found, key=lambda shape: (-shapes[shape], shape))


def _fitting(time_format: str, shapes: Shapes) -> frozenset[str]:
    """Shapes that a format reads; none if the order of day and month is contradicted."""
    if time_format == "%Y-%m-%d":
        return frozenset({time_format, DATE})
    if not time_format.startswith(("%d", "%m")) or "%b" in time_format:
        return frozenset({time_format})
    first, mark, second, rest = time_format[:2], time_format[2], time_format[3:5], time_format[5:]
    if shapes.get(f"{second}{mark}{first}{rest}", 0):
        return frozenset()
    return frozenset({time_format, DAY_OR_MONTH + rest})


def _explain_text(
    shapes: Shapes, decimal: Decimal, samples: Mapping[str, Sequence[str]]
) -> list[str]:
    """Why a column that is nearly typed is text all the same."""
    n_there = _n_there(shapes)
    nearly = NEARLY_TYPED_SHARE * n_there
    n_numbers = _rows(shapes, NUMBER_SHAPES[decimal])
    n_open = sum(rows for shape, rows in shapes.items() if shape.startswith(DAY_OR_MONTH))
    n_times = n_open + sum(
        rows for shape, rows in shapes.items()
        if shape in {DATE, DATETIME} or shape.startswith("%")
    )  # fmt: skip
    if n_open == n_there:
        return [
            f"Day and month cannot be told apart{_quote(_cells(samples, DAY_OR_MONTH))}, so the "
            "column stays text; write dates as 2026-12-31."
        ]
    warnings = []
    if n_numbers >= MIN_READABLE_SHARE * n_there:
        n_kept = shapes.get(LEADING_ZERO, 0) + shapes.get(LONG_INTEGER, 0)
        odd = [*samples.get(LEADING_ZERO, ()), *samples.get(LONG_INTEGER, ())]
        warnings.append(
            f"{n_kept:,} whole numbers have leading zeros or more than 15 digits{_quote(odd)}, "
            "so the column stays text."
        )
    elif n_numbers >= nearly or n_times >= nearly:
        what, fits = (
            ("numbers", NUMBER_SHAPES[decimal]) if n_numbers >= n_times else ("times", _TIMES)
        )
        odd = [
            cell for shape, cells in samples.items() for cell in cells
            if shape not in fits and not (fits is _TIMES and shape.startswith(("%", DAY_OR_MONTH)))
        ]  # fmt: skip
        warnings.append(
            f"{max(n_numbers, n_times):,} of {n_there:,} values are {what}, the others are not"
            f"{_quote(odd)}, so the column stays text; leave those cells empty if they mean that "
            "nothing is known."
        )
    elif _rows(shapes, {COMMA, COMMA_OR_GROUPED, GROUPED, *_POINTS}) >= nearly:
        odd = [
            cell
            for s in (COMMA, COMMA_OR_GROUPED, GROUPED, *_POINTS)
            for cell in samples.get(s, ())
        ]
        warnings.append(
            f"Numbers such as{_quote(odd)[1:]} do not fit the table's decimal mark {decimal!r}, so "
            "the column stays text; name the decimal mark if it is another."
        )
    if shapes.get(TOKEN, 0):
        warnings.append(
            f"{shapes[TOKEN]:,} cells say{_quote(samples.get(TOKEN, ()))}, which is kept as a "
            "value in a text column; leave them empty if nothing is known."
        )
    return warnings


_TIMES = frozenset({DATE, DATETIME})


def _cells(samples: Mapping[str, Sequence[str]], prefix: str) -> list[str]:
    return [c for shape, cells in samples.items() if shape.startswith(prefix) for c in cells]


def _quote(cells: Sequence[str], limit: int = 3) -> str:
    """Up to three cells for a sentence, with a blank before."""
    shown = ", ".join(repr(cell[:40]) for cell in cells[:limit])
    return f" ({shown})" if shown else ""


def _n_there(shapes: Shapes) -> int:
    """Rows that hold something."""
    return sum(rows for shape, rows in shapes.items() if shape not in {EMPTY, TOKEN})


def _rows(shapes: Shapes, wanted: Collection[str]) -> int:
    return sum(rows for shape, rows in shapes.items() if shape in wanted)
