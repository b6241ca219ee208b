"""ISO dates and moments recognised and read on whole columns at once.

Only the spellings that programs write: ``2024-01-31``, and with ``T`` or a blank behind it
``09:05``, ``09:05:59`` or ``09:05:59Z``. Whatever else is a time is left to
:mod:`automl_core.tabular.cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from automl_core.tabular.cell_block import WORD, ColumnCells, Index, Mask, Words

OTHER: Final = 0
DATE: Final = 1
DATETIME: Final = 2
ZONED: Final = 3
"""With the ``Z`` of UTC."""

DAY_US: Final = 86_400_000_000
_DATE, _TO_MINUTES, _TO_SECONDS, _WITH_ZONE = 10, 16, 19, 20
_SHAPES: Final = {_DATE: DATE, _TO_MINUTES: DATETIME, _TO_SECONDS: DATETIME, _WITH_ZONE: ZONED}
_TOPS: Final = np.uint64(0x8080808080808080)
_T_TO_BLANK: Final = ord("T") ^ ord(" ")


class _Pattern(NamedTuple):
    """Eight bytes of a time, zeros where digits stand.

    Attributes
    ----------
    spelled : uint64
        By exclusive or with a cell's word it leaves the values of digits, and nothing of marks.
    limits : uint64
        Added to these it sets the highest bit of each byte that is too much.
    """

    spelled: np.uint64
    limits: np.uint64


def _pattern(spelled: bytes) -> _Pattern:
    limits = bytes(0x76 if byte == ord("0") else 0x7F for byte in spelled)
    return _Pattern(
        np.uint64(int.from_bytes(spelled, "little")),
        np.uint64(int.from_bytes(limits.ljust(WORD, b"\x7f"), "little")),
    )


_YEAR_MONTH: Final = _pattern(b"0000-00-")
_DAY: Final = _pattern(b"00")
_DAY_CLOCK: Final = _pattern(b"00T00:00")
_SECONDS: Final = {_TO_SECONDS: _pattern(b":00"), _WITH_ZONE: _pattern(b":00Z")}


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
    """Recognise and read the plain times among cells; done once for the same cells."""
    found: PlainTimes | None = cells.notes.get("times")
    if found is None:
        found = cells.notes["times"] = _read_all(cells)
    return found


def _read_all(cells: ColumnCells) -> PlainTimes:
    shapes = np.zeros(len(cells), dtype=np.uint8)
    micros = np.zeros(len(cells), dtype=np.int64)
    for length, shape in _SHAPES.items():
        rows = np.flatnonzero(cells.lengths == length)
        if len(rows) == 0:
            continue
        chosen = cells if len(rows) == len(cells) else cells.select(rows)
        ok, found = _read(chosen, length)
        shapes[rows[ok]] = shape
        micros[rows] = found
    return PlainTimes(shapes, micros)


def _read(cells: ColumnCells, length: int) -> tuple[Mask, Index]:
    """Read cells of one length: which are times, and the microseconds of these."""
    ok, pairs = _pairs(cells.first, _YEAR_MONTH)
    year, month = _place(pairs, 0) * 100 + _place(pairs, 2), _place(pairs, 5)
    word = cells.words(WORD)
    if length > _DATE:
        # A blank may stand for the T.
        letters = word.view(np.uint8)[2::WORD]
        letters ^= np.where(letters == ord(" "), np.uint8(_T_TO_BLANK), np.uint8(0))
    is_fine, pairs = _pairs(word, _DAY if length == _DATE else _DAY_CLOCK)
    day, hour, minute = _place(pairs, 0), _place(pairs, 3), _place(pairs, 6)
    ok &= is_fine
    ok &= (year >= 1) & (month >= 1) & (month <= 12)
    # Where a cell is no date the numbers mean nothing, but must be some.
    month += year * 12 - 13
    month *= ok
    first = _first_days()[month]
    ok &= (day >= 1) & (day <= _first_days()[month + 1] - first)
    micros = (first + day - 1) * DAY_US
    if length > _DATE:
        ok &= (hour <= 23) & (minute <= 59)
        seconds = (hour * 60 + minute) * 60
        if length > _TO_MINUTES:
            is_fine, pairs = _pairs(cells.words(2 * WORD), _SECONDS[length])
            of_minute = _place(pairs, 1)
            ok &= is_fine & (of_minute <= 59)
            seconds += of_minute
        micros += seconds * 1_000_000
    micros *= ok
    return ok, micros


def _pairs(word: Words, pattern: _Pattern) -> tuple[Mask, Words]:
    """Which words are as the pattern wants, and the number at each byte and the next."""
    digits = word ^ pattern.spelled
    ok: Mask = ((digits + pattern.limits) | digits) & _TOPS == 0
    return ok, digits * np.uint64(10) + (digits >> np.uint64(8))


def _place(pairs: Words, place: int) -> Index:
    return pairs.view(np.uint8)[place::WORD].astype(np.int64)


@lru_cache(maxsize=1)
def _first_days() -> Index:
    """Days from 1970 to the first of each month, from January of the year 1 on."""
    months = np.arange("0001-01", "10000-02", dtype="datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64)
