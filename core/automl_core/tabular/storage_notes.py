"""Sentences about a column's storage: why it is text, and what was read in an unusual way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from automl_core.tabular.cells import (
    COMMA,
    COMMA_GROUPED,
    COMMA_GROUPED_POINT,
    COMMA_OR_GROUPED,
    DATE,
    DATETIME,
    DAY_OR_MONTH,
    EMPTY,
    GROUPED,
    LEADING_ZERO,
    LONG_COMMA_GROUPED,
    LONG_GROUPED,
    LONG_INTEGER,
    MAY,
    NUMBER_SHAPES,
    POINT,
    POINT_OR_GROUPED,
    ROUNDED,
    ROUNDED_COMMA,
    SHORT_YEAR,
    TOKEN,
    VAGUE_TOKEN,
    ZONED_DATETIME,
    Decimal,
    read_shape,
)  # fmt: skip

NEARLY_TYPED_SHARE: Final = 0.5
"""From here on it is worth telling why a column is not read as numbers or times."""

_ISO_TIMES = frozenset({DATE, DATETIME, ZONED_DATETIME})
_TIME_PREFIXES = ("%", DAY_OR_MONTH, MAY)
_MARKED = (COMMA, COMMA_OR_GROUPED, GROUPED, POINT, POINT_OR_GROUPED, COMMA_GROUPED,
           COMMA_GROUPED_POINT)  # fmt: skip
_CODES = (LEADING_ZERO, LONG_INTEGER, LONG_GROUPED, LONG_COMMA_GROUPED)


def explain_text(
    shapes: Mapping[str, int],
    decimal: Decimal,
    samples: Mapping[str, Sequence[str]],
    doubt: str | None,
) -> list[str]:
    """Why a column that is nearly typed is text all the same.

    Parameters
    ----------
    doubt : str or None
        Why numbers were not read as numbers, where that is known.
    """
    absent = {EMPTY, TOKEN, VAGUE_TOKEN}
    n_there = sum(rows for shape, rows in shapes.items() if shape not in absent)
    warnings = [] if doubt is None else [doubt]
    if doubt is None:
        sentence = _why_no_time(shapes, n_there, samples) or _why_untyped(
            shapes, n_there, decimal, samples
        )
        warnings += [sentence] if sentence else []
    n_tokens = _rows(shapes, {TOKEN, VAGUE_TOKEN})
    if n_tokens:
        cells = [*samples.get(TOKEN, ()), *samples.get(VAGUE_TOKEN, ())]
        warnings.append(
            f"{n_tokens:,} cells say{quote(cells)}, which is kept as a value in a text column; "
            "leave them empty if nothing is known."
        )
    return warnings


def _why_no_time(
    shapes: Mapping[str, int], n_there: int, samples: Mapping[str, Sequence[str]]
) -> str | None:
    n_open = sum(rows for shape, rows in shapes.items() if shape.startswith(DAY_OR_MONTH))
    if n_open == n_there:
        return (
            f"Day and month cannot be told apart{quote(_cells(samples, DAY_OR_MONTH))}, so the "
            "column stays text; write dates as 2026-12-31."
        )
    if shapes.get(SHORT_YEAR, 0) >= NEARLY_TYPED_SHARE * n_there:
        return (
            f"Dates have two digits for the year{quote(samples.get(SHORT_YEAR, ()))}, whose "
            "century is not guessed, so the column stays text; write dates as 2026-12-31."
        )
    return None


def _why_untyped(
    shapes: Mapping[str, int],
    n_there: int,
    decimal: Decimal,
    samples: Mapping[str, Sequence[str]],
) -> str | None:
    nearly = NEARLY_TYPED_SHARE * n_there
    n_numbers = _rows(shapes, NUMBER_SHAPES[decimal])
    n_times = sum(rows for shape, rows in shapes.items() if _is_time(shape))
    if n_numbers >= nearly or n_times >= nearly:
        are_numbers = n_numbers >= n_times
        what = "numbers" if are_numbers else "times"
        odd = [
            cell for shape, cells in samples.items() for cell in cells
            if not (shape in NUMBER_SHAPES[decimal] if are_numbers else _is_time(shape))
            and shape not in {TOKEN, VAGUE_TOKEN}
        ]  # fmt: skip
        if max(n_numbers, n_times) == n_there:
            return f"The {what} are written in several ways, so the column stays text."
        return (
            f"{max(n_numbers, n_times):,} of {n_there:,} values are {what}, the others are not"
            f"{quote(odd)}, so the column stays text; leave those cells empty if they mean that "
            "nothing is known."
        )
    marked = {shape: n for shape, n in shapes.items() if read_shape(shape)[0] in _MARKED}
    if sum(marked.values()) >= nearly:
        odd = [cell for shape in marked for cell in samples.get(shape, ())]
        return (
            f"Numbers such as{quote(odd)[1:]} do not fit the table's decimal mark {decimal!r}, so "
            "the column stays text; name the decimal mark if it is another."
        )
    return None


def _is_time(shape: str) -> bool:
    return shape in _ISO_TIMES or shape.startswith(_TIME_PREFIXES)


def note_number(
    shapes: Mapping[str, int],
    decimal: Decimal,
    samples: Mapping[str, Sequence[str]],
    *,
    is_shown: bool,
) -> list[str]:
    """What was read in an unusual way in a column of numbers."""
    units: dict[str, list[str]] = {}
    turned: list[str] = []
    n_turned = 0
    numbers = {shape: n for shape, n in shapes.items() if n and shape in NUMBER_SHAPES[decimal]}
    for shape, rows in numbers.items():
        _, dress = read_shape(shape)
        if dress.unit:
            units.setdefault(dress.unit, []).extend(samples.get(shape, ()))
        if dress.is_turned:
            n_turned += rows
            turned.extend(samples.get(shape, ()))
    warnings = [
        f"The sign {unit} was taken off the numbers{quote(cells)}." for unit, cells in units.items()
    ]
    if n_turned:
        warnings.append(
            f"{n_turned:,} numbers have their minus behind them or stand in brackets"
            f"{quote(turned)} and are read as negative."
        )
    if rounded := [*samples.get(ROUNDED, ()), *samples.get(ROUNDED_COMMA, ())]:
        warnings.append(
            f"Numbers such as{quote(rounded)[1:]} look as if a spreadsheet had shortened them; "
            "if they are long numbers, export them again with all their digits."
        )
    if any(shape in _CODES for shape in numbers):
        odd = [cell for shape in _CODES for cell in samples.get(shape, ())]
        warnings.append(
            f"Among the decimals, numbers such as{quote(odd)[1:]} lose leading zeros or digits."
        )
    plain = {read_shape(shape)[0] for shape in numbers}
    if decimal == "." and not is_shown and plain == {POINT_OR_GROUPED}:
        warnings.append(
            f"Numbers such as{quote(samples.get(POINT_OR_GROUPED, ()))[1:]} are read with a "
            "decimal point; if it sets thousands apart, name the comma as the decimal mark."
        )
    return warnings


def note_vague(shapes: Mapping[str, int], samples: Mapping[str, Sequence[str]]) -> list[str]:
    """Signs that usually say that nothing is known, and may mean something here."""
    if not shapes.get(VAGUE_TOKEN, 0):
        return []
    return [
        f"{shapes[VAGUE_TOKEN]:,} cells say{quote(samples.get(VAGUE_TOKEN, ()))} and are read as "
        "missing."
    ]


def quote(cells: Sequence[str], limit: int = 3) -> str:
    """Up to three different cells for a sentence, with a blank before."""
    shown = ", ".join(repr(cell[:40]) for cell in list(dict.fromkeys(cells))[:limit])
    return f" ({shown})" if shown else ""


def _cells(samples: Mapping[str, Sequence[str]], prefix: str) -> list[str]:
    return [c for shape, cells in samples.items() if shape.startswith(prefix) for c in cells]


def _rows(shapes: Mapping[str, int], wanted: Collection[str]) -> int:
    return sum(rows for shape, rows in shapes.items() if shape in wanted)
