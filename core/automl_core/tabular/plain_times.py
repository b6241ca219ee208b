"""ISO dates and moments recognised and read on whole columns at once.

Only the spellings that programs write: ``2024-01-31``, and with ``T`` or a blank behind it
``09:05``, ``09:05:59`` or ``09:05:59Z``. Whatever else is a time is left to
:mod:`automl_core.tabular.cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.cell_block import WORD, ColumnCells, Index, Mask

OTHER: Final = 0
DATE: Final = 1
DATETIME: Final = 2
ZONED: Final = 3
"""With the ``Z`` of UTC."""

DAY_US: Final = 86_400_000_000
_LENGTHS: Final = (10, 16, 19, 20)
_DIGITS: Final = (0, 1, 2, 3, 5, 6, 8, 9)
_CLOCK_DIGITS: Final = (11, 12, 14, 15)
_ZERO: Final = np.uint8(ord("0"))
_NINE: Final = 9


@dataclass(frozen=True)
class PlainTimes:
    """What of a column's cells are plain times.

    Attributes
    ----------
    shapes : ndarray of shape (n_rows,), uint8
        ``OTHER``, ``DATE``, ``DATETIME`` or ``ZONED``.
    micros : ndarray of shape (n_rows,), int64
        Microseconds since 1970, UTC; 0 where the shape is ``OTHER``.
    """

    shapes: npt.NDArray[np.uint8]
    micros: Index


def read_times(cells: ColumnCells) -> PlainTimes:
    """Recognise and read the plain times among cells."""
    shapes = np.zeros(len(cells), dtype=np.uint8)
    micros = np.zeros(len(cells), dtype=np.int64)
    rows = np.flatnonzero(np.isin(cells.lengths, _LENGTHS))
    if len(rows) == 0:
        return PlainTimes(shapes, micros)
    chosen = cells.select(rows)
    words = [chosen.words(offset) for offset in (0, WORD, 2 * WORD)]
    letters = np.stack(words, axis=1).view(np.uint8)
    ok, days = _read_days(letters)
    clocks = np.flatnonzero(ok & (chosen.lengths > _LENGTHS[0]))
    passed = np.zeros(len(rows), dtype=np.int64)
    if len(clocks):
        ok[clocks], passed[clocks] = _read_clocks(letters[clocks], chosen.lengths[clocks])
    found = rows[ok]
    micros[found] = (days * DAY_US + passed)[ok]
    lengths = chosen.lengths[ok]
    shapes[found] = np.select(
        [lengths == _LENGTHS[0], lengths == _LENGTHS[3]], [DATE, ZONED], DATETIME
    )
    return PlainTimes(shapes, micros)


def _read_days(letters: npt.NDArray[np.uint8]) -> tuple[Mask, Index]:
    """Which begin with a date that the calendar knows, and its days since 1970."""
    digits = letters - _ZERO
    ok = np.ones(len(letters), dtype=bool)
    for place in _DIGITS:
        ok &= digits[:, place] <= _NINE
    for place in (4, 7):
        ok &= letters[:, place] == ord("-")
    year = _number(digits, (0, 1, 2, 3))
    month, day = _number(digits, (5, 6)), _number(digits, (8, 9))
    ok &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    # Where a cell is no date the numbers mean nothing, but must be some.
    months = np.where(ok, (year - 1970) * 12 + month - 1, 0)
    first = _days_before(months)
    ok &= day <= _days_before(months + 1) - first
    return ok, first + day - 1


def _days_before(months: Index) -> Index:
    """Days from 1970 to the first of a month, counted from January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _read_clocks(letters: npt.NDArray[np.uint8], lengths: Index) -> tuple[Mask, Index]:
    """Which go on with a time of day, and its microseconds."""
    digits = letters - _ZERO
    ok = (letters[:, 10] == ord("T")) | (letters[:, 10] == ord(" "))
    ok &= letters[:, 13] == ord(":")
    for place in _CLOCK_DIGITS:
        ok &= digits[:, place] <= _NINE
    hour, minute = _number(digits, (11, 12)), _number(digits, (14, 15))
    has_seconds = lengths > _LENGTHS[1]
    seconds = np.where(has_seconds, _number(digits, (17, 18)), 0)
    ok &= ~has_seconds | (
        (letters[:, 16] == ord(":")) & (digits[:, 17] <= _NINE) & (digits[:, 18] <= _NINE)
    )
    ok &= (lengths < _LENGTHS[3]) | (letters[:, 19] == ord("Z"))
    ok &= (hour <= 23) & (minute <= 59) & (seconds <= 59)
    return ok, ((hour * 60 + minute) * 60 + seconds) * 1_000_000


def _number(digits: npt.NDArray[np.uint8], places: tuple[int, ...]) -> Index:
    number = np.zeros(len(digits), dtype=np.int64)
    for place in places:
        number = number * 10 + digits[:, place]
    return number
