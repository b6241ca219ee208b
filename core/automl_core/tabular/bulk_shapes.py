"""What cells look like, told of all of them at once as :func:`cells.shape_of` tells it of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from automl_core.tabular import plain_numbers, plain_times
from automl_core.tabular.cell_block import WORD, ColumnCells, Mask, Words
from automl_core.tabular.cells import (
    DATE,
    DATETIME,
    EMPTY,
    INTEGER,
    POINT,
    POINT_OR_GROUPED,
    TEXT,
    ZONED_DATETIME,
    shape_of,
)  # fmt: skip
from automl_core.tabular.plain_numbers import read_plain
from automl_core.tabular.plain_times import read_times

#: Shapes by what the cells were recognised as.
PLAIN: Final = {
    plain_numbers.INTEGER: INTEGER,
    plain_numbers.POINT: POINT,
    plain_numbers.POINT_OR_GROUPED: POINT_OR_GROUPED,
}
TIMES: Final = {
    plain_times.DATE: DATE,
    plain_times.DATETIME: DATETIME,
    plain_times.ZONED: ZONED_DATETIME,
}

MIN_TEXT_BYTES: Final = 10
"""Every word that means something else (``false``, ``#N/A``) is shorter."""
MAX_NUMBER_BYTES: Final = 40
"""No number and no time is spelled longer."""
_NINE: Final = 9
_ZEROS: Final = np.uint64(0x3030303030303030)
_TENS: Final = np.uint64(0x0A0A0A0A0A0A0A0A)
_TOPS: Final = np.uint64(0x8080808080808080)


def shapes_of(texts: Sequence[str]) -> list[str]:
    """Tell what cells look like, as :func:`shape_of` does, on all of them at once."""
    cells = ColumnCells.of_texts(texts)
    shapes = np.full(len(texts), None, dtype=object)
    for names, codes in ((PLAIN, read_plain(cells).shapes), (TIMES, read_times(cells).shapes)):
        for code, shape in names.items():
            shapes[codes == code] = shape
    shapes[cells.lengths == 0] = EMPTY
    shapes[is_surely_text(cells)] = TEXT
    return [
        shape_of(text) if shape is None else shape
        for text, shape in zip(texts, shapes.tolist(), strict=True)
    ]


def is_surely_text(cells: ColumnCells) -> Mask:
    """Tell of which cells :func:`shape_of` would say ``TEXT``, without asking.

    They begin with an ASCII letter and are too long for a word with a meaning. Either they
    are also too long for any number or time, or hold no digit, or begin with one letter and
    a digit behind it, as keys of other systems do.
    """
    word = cells.words()
    first = word & np.uint64(0xFF)
    second = (word >> np.uint64(8)) & np.uint64(0xFF)
    letter = (first | np.uint64(0x20)) - np.uint64(ord("a"))
    sure: Mask = (letter < 26) & (cells.lengths >= MIN_TEXT_BYTES - 1)
    is_key = (second - np.uint64(ord("0"))) <= _NINE
    open_ = np.flatnonzero(sure & ~is_key & (cells.lengths <= MAX_NUMBER_BYTES))
    if len(open_):
        looked = cells.select(open_)
        has_digit = np.zeros(len(open_), dtype=bool)
        longest = int(looked.lengths.max())
        for offset in range(0, longest, WORD):
            has_digit |= _any_digit(looked.words(offset))
        sure[open_] = ~has_digit & (looked.lengths >= MIN_TEXT_BYTES)
    return sure


def _any_digit(word: Words) -> Mask:
    """Tell which words hold a byte from ``0`` to ``9``."""
    digits = word ^ _ZEROS
    found: Mask = (digits - _TENS) & ~digits & _TOPS != 0
    return found
