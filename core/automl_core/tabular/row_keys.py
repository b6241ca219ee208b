"""One number for each row, alike for rows that are alike.

The keys of a row's cells are mixed with a salt of their column and added up, so that the
key of a few columns is the sum over them (Zobrist's way of hashing). Rows that differ have
the same 64-bit key with a chance of about 5e-20 for a pair: a millionth for all pairs of five
million rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.schema import ColumnSchema

Keys = npt.NDArray[np.uint64]

_CHUNK: Final = 32_768
"""Cells mixed at once: what is in the works stays in the processor's cache."""
_WHOLE: Final = 2**64 - 1


class RowKeys:
    """Keys of the rows of a table for some groups of its columns.

    Parameters
    ----------
    n_rows : int
    groups : mapping of name to positions of columns
    """

    def __init__(self, n_rows: int, groups: Mapping[str, Collection[int]]) -> None:
        self._members = {name: frozenset(positions) for name, positions in groups.items()}
        self._keys = {name: np.zeros(n_rows, dtype=np.uint64) for name in groups}
        self.added: set[int] = set()
        """Positions of the columns that were taken."""

    def add(self, column: ColumnSchema, cells: Keys) -> None:
        """Take a column's cells, as 64 bits each, into the groups that it belongs to."""
        keys = [
            self._keys[name]
            for name, positions in self._members.items()
            if column.position in positions
        ]
        self.added.add(column.position)
        if keys:
            _mix_into(keys, cells, column.position)

    def of(self, group: str) -> Keys:
        """The keys of a group, one a row."""
        return self._keys[group]


def count_repeats(keys: Keys) -> int:
    """Rows that have the key of an earlier row."""
    ordered = np.sort(keys)
    return int((ordered[1:] == ordered[:-1]).sum())


def count_conflicts(keys: Keys, answers: Keys) -> int:
    """Rows of which another one has the same key and another answer."""
    order = np.argsort(keys)
    keys, answers = keys[order], answers[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    if len(keys) == 0 or len(starts) == len(keys):
        return 0
    low, high = np.minimum.reduceat(answers, starts), np.maximum.reduceat(answers, starts)
    rows = np.diff(starts, append=len(keys))
    return int(rows[low != high].sum())


def _mix_into(keys: list[Keys], cells: Keys, position: int) -> None:
    """Mix cells by the finalizer of splitmix64 (Steele, Lea, Flood, 2014) and add them."""
    salt = np.uint64((position + 1) * 0x9E3779B97F4A7C15 & _WHOLE)
    for start in range(0, len(cells), _CHUNK):
        mixed = cells[start : start + _CHUNK] + salt
        mixed ^= mixed >> np.uint64(30)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        for key in keys:
            key[start : start + _CHUNK] += mixed
