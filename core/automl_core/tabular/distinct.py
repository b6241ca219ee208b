"""Different cells of a column, counted by keys in arrays instead of by texts in a dictionary."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from automl_core.tabular.cell_block import ColumnCells, Index, Words

_PENDING_SHARE: Final = 1.0
"""New keys are merged once they are so many for one that is merged already."""
_MIN_PENDING: Final = 50_000
_MIN_SLOT_BITS, _MAX_SLOT_BITS = 8, 18
_ROOMY_BITS: Final = 12
_SLOTS_PER_KEY, _ROOMY_SLOTS_PER_KEY = 4, 16
"""A small table has so many that few keys must share one, and stays in the cache all the same."""


def count_keys(keys: Words) -> tuple[Words, Index]:
    """Different keys, ascending, and the rows of each.

    ``numpy.unique`` hashes whole numbers, which takes thirty times as long as sorting them.
    """
    ordered = np.sort(keys)
    starts = _starts(ordered)
    return ordered[starts], np.diff(starts, append=len(ordered))


def _starts(ordered: Words) -> Index:
    """Where each different key begins."""
    is_start = np.ones(len(ordered), dtype=bool)
    if len(ordered):
        np.not_equal(ordered[1:], ordered[:-1], out=is_start[1:])
    return np.flatnonzero(is_start)


def code_keys(keys: Words) -> tuple[Index, Index]:
    """Number the different keys: the number of each key, and the first row of each number."""
    order = np.argsort(keys, kind="stable")
    starts = _starts(keys[order])
    codes = np.empty(len(keys), dtype=np.int64)
    codes[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(keys)))
    return codes, order[starts]


def first_of_each(keys: Words) -> tuple[Index, Index]:
    """First row and number of rows of each different key."""
    order = np.argsort(keys, kind="stable")
    starts = _starts(keys[order])
    return order[starts], np.diff(starts, append=len(keys))


class KeyIndex:
    """Numbers keys in the order in which they are first seen; quick at finding known ones.

    A key's place in a table of slots follows from its bits; the few that find their slot
    taken are searched for.
    """

    def __init__(self) -> None:
        self.keys: Words = np.empty(0, dtype=np.uint64)
        self._bits = _MIN_SLOT_BITS
        self._slots = np.full(1 << self._bits, -1, dtype=np.int64)
        self._crowded: Words = np.empty(0, dtype=np.uint64)
        self._crowded_ids: Index = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, keys: Words) -> Index:
        """The number of each key; -1 of an unknown one."""
        if len(self.keys) == 0:
            return np.full(len(keys), -1, dtype=np.int64)
        ids = self._slots[self._slot(keys)]
        # A free slot says -1, the last key: that one has a slot, or is among the crowded.
        is_strange = self.keys[ids] != keys
        if not is_strange.any():
            return ids
        strange = np.flatnonzero(is_strange)
        ids[strange] = -1
        if len(self._crowded):
            places = np.searchsorted(self._crowded, keys[strange])
            places[places == len(self._crowded)] = 0
            is_known = self._crowded[places] == keys[strange]
            ids[strange[is_known]] = self._crowded_ids[places[is_known]]
        return ids

    def add(self, keys: Words) -> None:
        """Number further keys, each of them new and once."""
        self.keys = np.concatenate([self.keys, keys])
        bits = self._bits
        while bits < _MAX_SLOT_BITS and len(self.keys) > _room(bits):
            bits += 1
        if bits == self._bits:
            self._settle(keys, len(self.keys) - len(keys))
            return
        self._bits = bits
        self._slots = np.full(1 << bits, -1, dtype=np.int64)
        self._crowded, self._crowded_ids = self._crowded[:0], self._crowded_ids[:0]
        self._settle(self.keys, 0)

    def _settle(self, keys: Words, first_id: int) -> None:
        ids = first_id + np.arange(len(keys))
        slots = self._slot(keys)
        is_free = self._slots[slots] < 0
        self._slots[slots[is_free]] = ids[is_free]
        is_crowded = self._slots[slots] != ids
        if is_crowded.any():
            crowded = np.concatenate([self._crowded, keys[is_crowded]])
            order = np.argsort(crowded)
            self._crowded = crowded[order]
            self._crowded_ids = np.concatenate([self._crowded_ids, ids[is_crowded]])[order]

    def _slot(self, keys: Words) -> Index:
        # Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
        spread = keys * np.uint64(0x9E3779B97F4A7C15)
        spread >>= np.uint64(64 - self._bits)
        return spread.view(np.int64)


def _room(bits: int) -> int:
    """Keys up to which a table of ``2**bits`` slots is large enough."""
    return (1 << bits) // (_ROOMY_SLOTS_PER_KEY if bits < _ROOMY_BITS else _SLOTS_PER_KEY)


class KnownCells:
    """Every different cell with its rows, in order of appearance, up to a number of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._index = KeyIndex()
        self._rows: Index = np.empty(0, dtype=np.int64)
        self.texts: list[str] = []
        """By the number that :meth:`add` gives a cell."""

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, cells: ColumnCells, keys: Words) -> Index | None:
        """Take further cells; None, and nothing taken, if there would be too many.

        Returns
        -------
        ndarray of shape (n_cells,) or None
            The number of each cell, the same for the same cell.
        """
        ids = self._index.find(keys)
        new = np.flatnonzero(ids < 0)
        if len(new):
            codes, first = code_keys(keys[new])
            if len(self.texts) + len(first) > self._limit:
                return None
            by_appearance = np.argsort(first)
            numbers = np.empty_like(by_appearance)
            numbers[by_appearance] = len(self.texts) + np.arange(len(first))
            ids[new] = numbers[codes]
            rows = new[first[by_appearance]]
            self._index.add(keys[rows])
            self.texts += cells.texts(rows)
        counted = np.bincount(ids, minlength=len(self.texts))
        counted[: len(self._rows)] += self._rows
        self._rows = counted
        return ids

    def counts(self) -> Counter[str]:
        """Rows of each different cell."""
        return Counter(dict(zip(self.texts, self._rows.tolist(), strict=True)))


class KeySet:
    """How many different keys there were."""

    def __init__(self) -> None:
        self._merged: Words = np.empty(0, dtype=np.uint64)
        self._pending: list[Words] = []
        self._n_pending = 0

    def add(self, keys: Words) -> None:
        """Take further keys."""
        if len(keys) == 0:
            return
        unique, _ = count_keys(keys)
        self._pending.append(unique)
        self._n_pending += len(unique)
        if self._n_pending > max(_MIN_PENDING, _PENDING_SHARE * len(self._merged)):
            self._merge()

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        return 8 * (len(self._merged) + self._n_pending)

    def count(self) -> int:
        """Different keys so far."""
        self._merge()
        return len(self._merged)

    def _merge(self) -> None:
        if self._pending:
            self._merged, _ = count_keys(np.concatenate([self._merged, *self._pending]))
            self._pending, self._n_pending = [], 0
