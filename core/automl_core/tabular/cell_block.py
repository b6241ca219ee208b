"""A block of a table's cells as bytes, column by column, for work on whole arrays at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WORD: Final = 8
PADDING: Final = b"\0" * (3 * WORD)
"""Behind the bytes of every block, so that two whole words can be read at any cell's end."""

MAX_MIXED: Final = 256
"""Bytes of a cell from which on it is hashed by itself: few cells of a table are so long."""
BATCH_CELLS: Final = 16_384
"""Cells worked on at once: enough that calls cost nothing, few enough for the cache."""

#: By number of bytes that belong to a cell: what keeps them and clears what follows.
_KEEP: Final[Words] = np.array([(1 << (WORD * n)) - 1 for n in range(WORD + 1)], dtype=np.uint64)
# Odd constants of the splitmix64 generator (Steele, Lea, Flood 2014).
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class ColumnCells:
    """The cells of one column in a block.

    Attributes
    ----------
    data : ndarray of uint8
        Bytes of the whole block, UTF-8, with ``PADDING`` at the end; holds no NUL before it.
    starts, lengths : ndarray of shape (n_rows,), int64
        Where a cell begins and how many bytes it has.
    notes : dict
        What was found of them before, under names of the finders' own.
    """

    data: Bytes
    starts: Index
    lengths: Index
    notes: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> ColumnCells:
        """Cells that are texts already."""
        data, starts, lengths = _join(texts)
        return cls(data, starts, lengths)

    def __len__(self) -> int:
        return len(self.starts)

    def text(self, row: int) -> str:
        """One cell."""
        start = self.starts[row]
        return self.data[start : start + self.lengths[row]].tobytes().decode()

    def texts(self, rows: Index) -> list[str]:
        """Some cells."""
        return [text.decode() for text in self.select(rows).raw_texts()]

    def raw_texts(self) -> list[bytes]:
        """All cells, as UTF-8."""
        whole = self.data.data
        ends = (self.starts + self.lengths).tolist()
        return [
            bytes(whole[begin:end]) for begin, end in zip(self.starts.tolist(), ends, strict=True)
        ]

    def select(self, rows: Index | Mask) -> ColumnCells:
        """The same column on some rows."""
        return ColumnCells(self.data, self.starts[rows], self.lengths[rows])

    @property
    def first(self) -> Words:
        """The first eight bytes of each cell, as :meth:`words` gives them; not to be changed."""
        found: Words | None = self.notes.get("first")
        if found is None:
            found = self.notes["first"] = self._first()
        return found

    def _first(self) -> Words:
        everywhere = _at_every_byte(self.data)
        # The padding is behind every cell.
        picked = everywhere[self.starts]
        picked &= _KEEP[np.minimum(self.lengths, WORD)]
        return picked

    def words(self, offset: int = 0) -> Words:
        """Eight bytes of each cell from an offset on, the first the lowest; zero behind its end."""
        if offset == 0:
            return self.first
        places = np.minimum(self.starts + offset, len(self.data) - WORD)
        picked = _at_every_byte(self.data)[places]
        picked &= _KEEP[np.clip(self.lengths - offset, 0, WORD)]
        return picked

    def keys(self) -> Words:
        """A number for each cell that tells different cells apart.

        Up to eight bytes it is the cell itself; beyond, a 64-bit hash: among a million
        different cells the chance that any two share one is 3e-8.
        """
        found: Words | None = self.notes.get("keys")
        if found is None:
            found = self.notes["keys"] = self._keys()
        return found

    def _keys(self) -> Words:
        keys = self.first
        if not len(keys) or int(self.lengths.max()) <= WORD:
            return keys
        keys = keys.copy()
        longer = np.flatnonzero((self.lengths > WORD) & (self.lengths <= MAX_MIXED))
        if len(longer):
            keys[longer] = self.select(longer)._mixed(keys[longer])
        for row in np.flatnonzero(self.lengths > MAX_MIXED).tolist():
            start = self.starts[row]
            cell = self.data[start : start + self.lengths[row]]
            digest = hashlib.blake2b(cell.tobytes(), digest_size=WORD).digest()
            keys[row] = int.from_bytes(digest, "little")
        return keys

    def _mixed(self, first: Words) -> Words:
        """Hashes of cells of more than eight bytes, word by word on all cells at once."""
        mixed = _mix(first)
        offset = WORD
        rows = np.arange(len(self))
        left = self
        while len(rows):
            mixed[rows] = _mix(mixed[rows] ^ left.words(offset))
            offset += WORD
            is_left = np.flatnonzero(left.lengths > offset)
            left, rows = left.select(is_left), rows[is_left]
        return mixed


def _at_every_byte(data: Bytes) -> Words:
    """The words that begin at each byte, most of them unaligned; not to be changed."""
    return np.ndarray(len(data) - WORD + 1, "<u8", data, strides=(1,))


def _mix(words: Words) -> Words:
    """Spread the bits of each word over all others."""
    mixed = words + _STEP
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


@dataclass(frozen=True)
class CellBlock:
    """Consecutive rows of a table.

    Attributes
    ----------
    data : ndarray of uint8
        With ``PADDING``.
    starts, lengths : ndarray of shape (n_columns, n_rows), int64
    """

    data: Bytes
    starts: Index
    lengths: Index

    @property
    def n_rows(self) -> int:
        """Rows of the block."""
        return int(self.starts.shape[1])

    def column(self, position: int) -> ColumnCells:
        """The cells of a column."""
        return ColumnCells(self.data, self.starts[position], self.lengths[position])

    def columns(self) -> list[ColumnCells]:
        """The cells of all columns, with their first words."""
        columns: list[ColumnCells] = []
        step = max(1, BATCH_CELLS // max(self.n_rows, 1))
        for start in range(0, len(self.starts), step):
            where = slice(start, start + step)
            starts, lengths = self.starts[where], self.lengths[where]
            together = ColumnCells(self.data, starts.ravel(), lengths.ravel())
            first = together.first.reshape(starts.shape)
            columns += [
                ColumnCells(self.data, begins, sizes, {"first": words})
                for begins, sizes, words in zip(starts, lengths, first, strict=True)
            ]
        return columns

    def batches(
        self, columns: Sequence[ColumnCells]
    ) -> Iterator[tuple[Sequence[ColumnCells], ColumnCells]]:
        """Columns one behind another, so that each batch has cells enough for arrays.

        Parameters
        ----------
        columns : sequence of ColumnCells
            Some of :meth:`columns`.
        """
        step = max(1, BATCH_CELLS // max(self.n_rows, 1))
        for start in range(0, len(columns), step):
            batch = columns[start : start + step]
            if len(batch) == 1:
                yield batch, batch[0]
                continue
            yield (
                batch,
                ColumnCells(
                    self.data,
                    np.concatenate([cells.starts for cells in batch]),
                    np.concatenate([cells.lengths for cells in batch]),
                    {"first": np.concatenate([cells.first for cells in batch])},
                ),
            )

    def note_keys(self, columns: Sequence[ColumnCells]) -> None:
        """Find the keys of some of :meth:`columns` together; see :meth:`ColumnCells.keys`."""
        for batch, together in self.batches(columns):
            keys = together.keys().reshape(len(batch), -1)
            for cells, own in zip(batch, keys, strict=True):
                cells.notes["keys"] = own

    def head(self, n_rows: int) -> list[list[str]]:
        """The first rows as texts."""
        rows = np.arange(min(n_rows, self.n_rows))
        columns = [self.column(i).texts(rows) for i in range(len(self.starts))]
        return [list(row) for row in zip(*columns, strict=True)]

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[str]]) -> CellBlock:
        """Cells that were cut by somebody else; every row has the same number."""
        data, starts, lengths = _join([cell for row in rows for cell in row])
        shape = (len(rows), len(rows[0]) if rows else 0)
        return cls(
            data,
            np.ascontiguousarray(starts.reshape(shape).T),
            np.ascontiguousarray(lengths.reshape(shape).T),
        )


def _join(texts: Sequence[str]) -> tuple[Bytes, Index, Index]:
    """Texts one behind another, and where each lies."""
    cells = [text.encode() for text in texts]
    lengths = np.fromiter(map(len, cells), dtype=np.int64, count=len(cells))
    return (
        np.frombuffer(b"".join([*cells, PADDING]), dtype=np.uint8),
        np.cumsum(lengths) - lengths,
        lengths,
    )
