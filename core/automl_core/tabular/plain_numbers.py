"""Plain numbers recognised and read on whole columns at once.

Only the spellings that need no thought: ``-?digits`` and ``-?digits.digits``, up to 15
digits. Then the digits are a whole number that float64 holds exactly, and dividing it by an
exact power of ten is rounded once: the result is the float64 nearest to what is written
(Clinger, How to Read Floating Point Numbers Accurately, 1990). Longer decimals are handed to
numpy. What is not recognised here is left to :mod:`automl_core.tabular.cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.cell_block import WORD, CellBlock, ColumnCells, Index, Mask, Words
from automl_core.tabular.cells import MAX_INTEGER_DIGITS

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.uint8]

#: What a cell was recognised as; the order is that of ``SHAPES``.
OTHER: Final = 0
INTEGER: Final = 1
POINT: Final = 2
POINT_OR_GROUPED: Final = 3
"""``1.234``: also one thousand and more beside decimal commas."""

_MAX_BYTES: Final = 2 * WORD
_MAX_LONG_BYTES: Final = 24
"""A float64 as programs print it has at most 24 characters."""
_MAX_EXACT_POWER: Final = 15
_GROUP: Final = 3

_ZEROS: Final = np.uint64(0x3030303030303030)
_HIGH_NIBBLES: Final = np.uint64(0xF0F0F0F0F0F0F0F0)
_SIX: Final = np.uint64(0x0606060606060606)
_DOTS: Final = np.uint64(0x2E2E2E2E2E2E2E2E)
_ONES: Final = np.uint64(0x0101010101010101)
_TOPS: Final = np.uint64(0x8080808080808080)
_PAIRS: Final = np.uint64(0x000000FF000000FF)
_MINUS: Final = 45
_ZERO: Final = 48
_NINE: Final = 9
_POWERS: Final = np.power(10.0, np.arange(_MAX_EXACT_POWER + 1), dtype=np.float64)


@dataclass(frozen=True)
class PlainNumbers:
    """What of a column's cells are plain numbers.

    Attributes
    ----------
    shapes : ndarray of shape (n_rows,), uint8
        ``OTHER``, ``INTEGER``, ``POINT`` or ``POINT_OR_GROUPED``.
    values : ndarray of shape (n_rows,), float64
        With a decimal point; NaN where the shape is ``OTHER``.
    """

    shapes: Shapes
    values: Floats


@dataclass(frozen=True)
class _Part:
    """Some cells without their signs, with their first eight bytes."""

    cells: ColumnCells
    word: Words

    def select(self, rows: Index | Mask) -> _Part:
        return _Part(self.cells.select(rows), self.word[rows])


def read_plain(cells: ColumnCells) -> PlainNumbers:
    """Recognise and read the plain numbers among cells."""
    n_rows = len(cells)
    shapes = np.zeros(n_rows, dtype=np.uint8)
    values = np.full(n_rows, np.nan)
    if n_rows == 0 or not _may_be_numbers(cells):
        return PlainNumbers(shapes, values)
    part = _Part(cells, cells.words())
    is_negative = (part.word & np.uint64(0xFF)) == _MINUS
    if is_negative.any():
        unsigned = ColumnCells(cells.data, cells.starts + is_negative, cells.lengths - is_negative)
        part = _Part(unsigned, unsigned.words())
    dots = part.word ^ _DOTS
    dots = (dots - _ONES) & ~dots & _TOPS
    has_dot = dots != 0
    if has_dot.all():
        rows = np.arange(n_rows)
    else:
        ok, numbers = _read_integers(part)
        ok &= ~has_dot
        shapes[ok] = INTEGER
        values[ok] = numbers[ok]
        rows = np.flatnonzero(has_dot)
    if len(rows):
        lowest = dots[rows] & (~dots[rows] + np.uint64(1))
        places = (np.bitwise_count(lowest - np.uint64(1)) >> np.uint8(3)).astype(np.int64)
        shapes[rows], values[rows] = _read_points(part.select(rows), places)
    np.negative(values, out=values, where=is_negative)
    return PlainNumbers(shapes, values)


def read_plain_columns(block: CellBlock, positions: Sequence[int]) -> dict[int, PlainNumbers]:
    """Recognise and read the plain numbers of some columns of a block."""
    found: dict[int, PlainNumbers] = {}
    for batch, cells in block.batches(positions):
        plain = read_plain(cells)
        shapes = plain.shapes.reshape(len(batch), -1)
        values = plain.values.reshape(len(batch), -1)
        found |= {position: PlainNumbers(shapes[i], values[i]) for i, position in enumerate(batch)}
    return found


def _may_be_numbers(cells: ColumnCells) -> bool:
    """Tell whether any first byte is a digit or a minus."""
    first = cells.data[np.minimum(cells.starts, len(cells.data) - 1)]
    return bool((((first - np.uint8(_ZERO)) <= _NINE) | (first == _MINUS)).any())


def _read_integers(part: _Part) -> tuple[Mask, Floats]:
    """Read cells of digits alone: which are, and their numbers."""
    lengths = part.cells.lengths
    ok, numbers = _digits(part.word, np.clip(lengths, 0, WORD))
    ok &= lengths >= 1
    longer = np.flatnonzero(ok & (lengths > WORD))
    if len(longer):
        cells = part.cells.select(longer)
        fits = cells.lengths <= MAX_INTEGER_DIGITS
        ok[longer], numbers[longer] = _long_digits(
            ColumnCells(cells.data, cells.starts, np.minimum(cells.lengths, _MAX_BYTES))
        )
        ok[longer] &= fits
    # A leading zero makes a name of it; alone it is a number.
    ok &= ((part.word & np.uint64(0xFF)) != _ZERO) | (lengths == 1)
    return ok, numbers


def _read_points(part: _Part, places: Index) -> tuple[Shapes, Floats]:
    """Read cells with a dot among their first eight bytes, at ``places``."""
    cells = part.cells
    n_after = cells.lengths - places - 1
    shapes = np.zeros(len(cells), dtype=np.uint8)
    values = np.full(len(cells), np.nan)
    whole_ok, whole = _digits(_first_bytes(part.word, places), places)
    may_be = whole_ok & (places >= 1) & (n_after >= 1)
    after = ColumnCells(cells.data, cells.starts + places + 1, np.clip(n_after, 1, _MAX_BYTES))
    after_ok, fraction = _long_digits(after)
    is_exact = places + n_after <= MAX_INTEGER_DIGITS
    ok = may_be & is_exact & after_ok
    power = _POWERS[np.clip(n_after, 0, _MAX_EXACT_POWER)]
    values[ok] = ((whole * power + fraction) / power)[ok]
    starts_at_one = (part.word & np.uint64(0xFF)) != _ZERO
    is_grouped = (n_after == _GROUP) & (places <= _GROUP) & starts_at_one
    shapes[ok] = np.where(is_grouped[ok], POINT_OR_GROUPED, POINT)
    long = np.flatnonzero(may_be & ~is_exact & (cells.lengths < _MAX_LONG_BYTES))
    if len(long):
        ok, numbers = _long_points(cells.select(long), places[long])
        shapes[long[ok]] = POINT
        values[long[ok]] = numbers
    return shapes, values


def _first_bytes(word: Words, n_bytes: Index) -> Words:
    """Keep the first bytes of each word (0 to 7)."""
    return word & ((np.uint64(1) << (n_bytes.astype(np.uint64) * np.uint64(8))) - np.uint64(1))


def _digits(word: Words, lengths: Index) -> tuple[Mask, Floats]:
    """Read up to eight digits: whether all bytes are digits, and the number.

    Parameters
    ----------
    word : ndarray of uint64
        First byte lowest; zero behind ``lengths``, which are 0 to 8. No byte reads as 0.
    """
    # The digits move to the top; zeros, as digits, fill up below. A shift by 64 is none.
    shift = np.uint64(WORD) * (np.uint64(WORD) - lengths.astype(np.uint64))
    is_empty = lengths == 0
    shift[is_empty] = 0
    digits = (word << shift) | (_ZEROS & ((np.uint64(1) << shift) - np.uint64(1)))
    digits[is_empty] = _ZEROS
    ok: Mask = ((digits & _HIGH_NIBBLES) == _ZEROS) & (((digits + _SIX) & _HIGH_NIBBLES) == _ZEROS)
    # Two digits, then four, then eight at a time (Lemire, simdjson).
    digits -= _ZEROS
    digits = digits * np.uint64(10) + (digits >> np.uint64(8))
    digits = (
        (digits & _PAIRS) * np.uint64(0x000F424000000064)
        + ((digits >> np.uint64(16)) & _PAIRS) * np.uint64(0x0000271000000001)
    ) >> np.uint64(32)
    return ok, digits.astype(np.float64)


def _long_digits(cells: ColumnCells) -> tuple[Mask, Floats]:
    """Read up to sixteen digits; exact up to fifteen."""
    lengths = cells.lengths
    ok, numbers = _digits(cells.words(), np.minimum(lengths, WORD))
    rest = np.flatnonzero(lengths > WORD)
    if len(rest):
        n_rest = lengths[rest] - WORD
        tail_ok, tail = _digits(cells.select(rest).words(WORD), n_rest)
        ok[rest] &= tail_ok
        numbers[rest] = numbers[rest] * _POWERS[n_rest] + tail
    return ok, numbers


def _long_points(cells: ColumnCells, places: Index) -> tuple[Mask, Floats]:
    """Read decimals with more digits than float64 keeps: which are, and the numbers of these."""
    columns = np.arange(_MAX_LONG_BYTES)
    where = np.minimum(cells.starts[:, None] + columns, len(cells.data) - 1)
    letters = cells.data[where]
    is_inside = columns < cells.lengths[:, None]
    is_digit = (letters - np.uint8(_ZERO)) <= _NINE
    is_point = columns == places[:, None]
    ok: Mask = (is_digit | is_point | ~is_inside).all(axis=1)
    letters[~is_inside] = 0
    texts = np.ascontiguousarray(letters[ok]).view(f"S{_MAX_LONG_BYTES}")[:, 0]
    return ok, texts.astype(np.float64)
