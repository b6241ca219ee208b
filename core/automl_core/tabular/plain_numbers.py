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

_MAX_LONG_BYTES: Final = 24
"""A float64 as programs print it has at most 24 characters."""
_GROUP: Final = 3

_ZEROS: Final = np.uint64(0x3030303030303030)
_DOTS: Final = np.uint64(0x1E1E1E1E1E1E1E1E)
"""What dots are once ``_ZEROS`` is taken from them by exclusive or, as digits are 0 to 9."""
_ABOVE_NINE: Final = np.uint64(0x7676767676767676)
"""Added to a byte of 0 to 9 it leaves the highest bit alone."""
_ONES: Final = np.uint64(0x0101010101010101)
_TOPS: Final = np.uint64(0x8080808080808080)
_PAIRS: Final = np.uint64(0x000000FF000000FF)
_MINUS: Final = 45
_ZERO: Final = 48
_NINE: Final = 9
_POWERS: Final = np.power(10.0, np.arange(MAX_INTEGER_DIGITS + 2), dtype=np.float64)
#: By the place of a dot in a word (8: none): the bytes up to it, and what a number whose last
#: digit is the word's last byte is divided by.
_UP_TO_DOT: Final[Words] = np.array(
    [(1 << (WORD * (place + 1))) - 1 for place in range(WORD)] + [0], dtype=np.uint64
)
_DIVISORS: Final = np.array([10.0 ** (WORD - 1 - place) for place in range(WORD)] + [1.0])


@dataclass(frozen=True)
class PlainNumbers:
    """What of a column's cells are plain numbers.

    Attributes
    ----------
    shapes : ndarray of shape (n_rows,), uint8
        ``OTHER``, ``INTEGER``, ``POINT`` or ``POINT_OR_GROUPED``.
    values : ndarray of shape (n_rows,), float64
        With a decimal point; NaN where the shape is ``OTHER``. Not to be changed.
    """

    shapes: Shapes
    values: Floats


def read_plain(cells: ColumnCells) -> PlainNumbers:
    """Recognise and read the plain numbers among cells; done once for the same cells."""
    found: PlainNumbers | None = cells.notes.get("numbers")
    if found is None:
        found = cells.notes["numbers"] = _read(cells)
    return found


def _read(cells: ColumnCells) -> PlainNumbers:
    n_rows = len(cells)
    word, lengths = cells.first, cells.lengths
    first = _first_bytes(word)
    is_negative = first == _MINUS
    if not (is_negative.any() or ((first - np.uint8(_ZERO)) <= _NINE).any()):
        return PlainNumbers(np.zeros(n_rows, dtype=np.uint8), np.full(n_rows, np.nan))
    negative = np.flatnonzero(is_negative)
    if len(negative):
        signed = cells.select(negative)
        unsigned = ColumnCells(cells.data, signed.starts + 1, signed.lengths - 1)
        word, lengths = word.copy(), lengths - is_negative
        word[negative] = unsigned.first
        first = _first_bytes(word)
    shapes, values = _read_words(word, lengths, first == _ZERO)
    longer = np.flatnonzero(lengths > WORD)
    if len(longer):
        starts = cells.starts[longer] + is_negative[longer]
        some = ColumnCells(cells.data, starts, lengths[longer])
        shapes[longer], values[longer] = _read_longer(some, word[longer])
    if len(negative):
        values[negative] = -values[negative]
    return PlainNumbers(shapes, values)


def note_plain(block: CellBlock, columns: Sequence[ColumnCells]) -> None:
    """Recognise and read the plain numbers of some columns of a block together."""
    for batch, together in block.batches(columns):
        plain = read_plain(together)
        shapes = plain.shapes.reshape(len(batch), -1)
        values = plain.values.reshape(len(batch), -1)
        for i, cells in enumerate(batch):
            cells.notes["numbers"] = PlainNumbers(shapes[i], values[i])


def _first_bytes(word: Words) -> Shapes:
    """The first byte of each word."""
    return word.view(np.uint8)[::WORD]


def _read_words(word: Words, lengths: Index, starts_with_zero: Mask) -> tuple[Shapes, Floats]:
    """Read cells without a sign, of up to eight bytes; longer ones are recognised as ``OTHER``."""
    # The last character moves to the top, zeros fill up below: the digits of a whole number.
    shift = np.maximum((WORD - lengths) * WORD, 0).astype(np.uint64)
    digits = (word ^ _ZEROS) << shift
    dots = _find_dots(digits)
    ok = (lengths >= 1) & (lengths <= WORD)
    if not dots.any():
        ok &= ~starts_with_zero | (lengths == 1)
        ok &= _are_digits(digits)
        values = _number(digits)
        shapes = ok.view(np.uint8)
    else:
        place = _lowest(dots)
        _take_out(digits, place)
        ok &= _are_digits(digits)
        has_dot = place < WORD
        n_after = WORD - 1 - place
        # A whole number with a leading zero is a name; before a dot and behind it are digits.
        ok &= np.where(
            has_dot, (n_after >= 1) & (n_after + 1 < lengths), ~starts_with_zero | (lengths == 1)
        )
        values = _number(digits)
        values /= _DIVISORS[place]
        shapes = np.where(has_dot, np.uint8(POINT), np.uint8(INTEGER))
        is_grouped = (n_after == _GROUP) & ~starts_with_zero & (lengths <= 2 * _GROUP + 1)
        shapes[is_grouped] = POINT_OR_GROUPED
        shapes *= ok
    values[~ok] = np.nan
    return shapes, values


def _read_longer(cells: ColumnCells, word: Words) -> tuple[Shapes, Floats]:
    """Read cells without a sign, of more than eight bytes."""
    lengths = cells.lengths
    n_rest = np.minimum(lengths - WORD, WORD)
    head = word ^ _ZEROS
    rest = (cells.words(WORD) ^ _ZEROS) << ((WORD - n_rest) * WORD).astype(np.uint64)
    starts_with_zero = _first_bytes(word) == _ZERO
    place = _lowest(_find_dots(head))
    has_dot = place < WORD
    _take_out(head, place)
    n_after = np.where(has_dot, lengths - 1 - place, 0)
    is_exact = lengths - has_dot <= MAX_INTEGER_DIGITS
    ok = _are_digits(head) & _are_digits(rest)
    ok &= is_exact & np.where(has_dot, place >= 1, ~starts_with_zero)
    values = _number(head) * _POWERS[n_rest] + _number(rest)
    values /= _POWERS[np.minimum(n_after, MAX_INTEGER_DIGITS)]
    values[~ok] = np.nan
    shapes = np.where(has_dot, np.uint8(POINT), np.uint8(INTEGER))
    shapes *= ok
    long = np.flatnonzero(has_dot & (place >= 1) & ~is_exact & (lengths < _MAX_LONG_BYTES))
    if len(long):
        ok, numbers = _long_points(cells.select(long), place[long])
        shapes[long[ok]] = POINT
        values[long[ok]] = numbers
    return shapes, values


def _find_dots(digits: Words) -> Words:
    """The highest bit of each byte that is a dot; of bytes above one it may be set as well."""
    dots = digits ^ _DOTS
    return (dots - _ONES) & ~dots & _TOPS


def _lowest(dots: Words) -> Index:
    """The place of the first dot in each word, 8 without one."""
    lowest = dots & (~dots + np.uint64(1))
    return (np.bitwise_count(lowest - np.uint64(1)) >> np.uint8(3)).astype(np.int64)


def _take_out(digits: Words, place: Index) -> None:
    """Take the dot out of each word; the bytes before it move up."""
    moved = digits << np.uint64(WORD)
    moved ^= digits
    moved &= _UP_TO_DOT[place]
    digits ^= moved


def _are_digits(digits: Words) -> Mask:
    """Tell which words have bytes of 0 to 9 only."""
    ok: Mask = ((digits + _ABOVE_NINE) | digits) & _TOPS == 0
    return ok


def _number(digits: Words) -> Floats:
    """The number that eight bytes of 0 to 9 spell, the first digit lowest."""
    # Two digits, then four, then eight at a time (Lemire, simdjson).
    pairs = digits * np.uint64(10)
    pairs += digits >> np.uint64(8)
    low = pairs & _PAIRS
    low *= np.uint64(0x000F424000000064)
    pairs >>= np.uint64(16)
    pairs &= _PAIRS
    pairs *= np.uint64(0x0000271000000001)
    pairs += low
    pairs >>= np.uint64(32)
    return pairs.view(np.int64).astype(np.float64)


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
