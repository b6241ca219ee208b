"""A Parquet file written from arrays, one row group at a time.

Flat tables of six types, every column optional, plain pages with dictionaries where values
repeat: what a typed table needs, in the memory of one row group. The format is
https://parquet.apache.org/docs/file-format/, with version 1 of data pages.
"""

from __future__ import annotations

import struct as binary
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from automl_core.records import Storage
from automl_core.tabular.cell_block import WORD, ColumnCells, Mask
from automl_core.tabular.thrift import FALSE, Value, i32, i64, listed, struct, text, varint

_MAGIC: Final = b"PAR1"
_OPTIONAL: Final = 1
_BYTE_BITS: Final = 8
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_UNCOMPRESSED: Final = 0
"""Dictionaries shorten what repeats; packing the rest takes longer than reading it."""
_INT32, _INT64, _DOUBLE, _BYTE_ARRAY = 1, 2, 5, 6

_PHYSICAL: Final[dict[Storage, int]] = {
    "integer": _INT64,
    "decimal": _DOUBLE,
    "boolean": _BYTE_ARRAY,
    "date": _INT32,
    "datetime": _INT64,
    "text": _BYTE_ARRAY,
}
_SIZE: Final = binary.Struct("<I")
"""Before each text: its bytes."""
_MAX_PADDED: Final = 4
"""Times the mean length of texts up to which they are all made as long as the longest."""
_NUMPY: Final = {_INT32: "<i4", _INT64: "<i8", _DOUBLE: "<f8"}
_UTF8, _DATE, _TIMESTAMP_MICROS = 0, 6, 10
_CONVERTED: Final[dict[Storage, int]] = {
    "boolean": _UTF8,
    "text": _UTF8,
    "date": _DATE,
    "datetime": _TIMESTAMP_MICROS,
}

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Values:
    """Numbers, days since 1970 or microseconds since 1970, with a mask of those that are there."""

    array: Array
    is_there: Mask


@dataclass(frozen=True)
class Coded:
    """Values by their place in a list of distinct ones; -1 where nothing is; texts as bytes."""

    codes: Array
    distinct: Array | Sequence[bytes]


@dataclass(frozen=True)
class RawTexts:
    """Texts as they lie in a block, with a mask of those that are there."""

    cells: ColumnCells
    is_there: Mask


Column = Values | Coded | RawTexts


class _Chunk(NamedTuple):
    """What the footer tells of a column chunk."""

    told: Value
    n_bytes: int


@dataclass(frozen=True)
class _Group:
    """A row group: its column chunks, None where one is still to be replaced."""

    chunks: list[_Chunk | None]
    n_rows: int

    def told(self) -> Value:
        chunks = [chunk for chunk in self.chunks if chunk is not None]
        assert len(chunks) == len(self.chunks)
        n_bytes = sum(chunk.n_bytes for chunk in chunks)
        return struct(
            {1: listed([chunk.told for chunk in chunks]), 2: i64(n_bytes), 3: i64(self.n_rows)}
        )


class ParquetWriter:
    """Writes row groups; a context manager that completes the file unless an error ends it.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    columns : sequence of (str, Storage)
        Names and what they store.
    """

    def __init__(self, path: Path, columns: Sequence[tuple[str, Storage]]) -> None:
        self._columns = list(columns)
        self._file: BinaryIO = path.open("wb")
        self._file.write(_MAGIC)
        self._offset = len(_MAGIC)
        self._groups: list[_Group] = []
        self.n_rows = 0

    def __enter__(self) -> ParquetWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._file.close()

    def write(self, columns: Sequence[Column], n_rows: int) -> None:
        """Write a row group, its columns in the order of the schema."""
        chunks: list[_Chunk | None] = [
            self._write_chunk(name, storage, column)
            for (name, storage), column in zip(self._columns, columns, strict=True)
        ]
        self._groups.append(_Group(chunks, n_rows))
        self.n_rows += n_rows

    @property
    def rows_of_groups(self) -> list[int]:
        """Rows of each row group."""
        return [group.n_rows for group in self._groups]

    def set_storage(self, position: int, storage: Storage) -> None:
        """Let a column store something else; each of its chunks is to be replaced then."""
        self._columns[position] = self._columns[position][0], storage
        for group in self._groups:
            group.chunks[position] = None

    def replace(self, group: int, position: int, column: Column) -> None:
        """Write a column of a row group again; what was written before is no part of the file."""
        self._groups[group].chunks[position] = self._write_chunk(*self._columns[position], column)

    # -- Column chunks ------------------------------------------------------------------

    def _write_chunk(self, name: str, storage: Storage, column: Column) -> _Chunk:
        physical = _PHYSICAL[storage]
        start = self._offset
        encoding = _PLAIN
        if isinstance(column, Coded):
            encoding = _RLE_DICTIONARY
            entries = _plain(column.distinct, physical)
            facts = struct({1: i32(len(column.distinct)), 2: i32(_PLAIN)})
            self._write_page(entries, _DICTIONARY_PAGE, 7, facts)
        data_start = self._offset
        is_there, body = _body(column, physical)
        facts = struct({1: i32(len(is_there)), 2: i32(encoding), 3: i32(_RLE), 4: i32(_RLE)})
        self._write_page(_levels(is_there) + body, _DATA_PAGE, 5, facts)
        fields = {
            1: i32(physical),
            2: listed([i32(encoding), i32(_RLE)]),
            3: listed([text(name)]),
            4: i32(_UNCOMPRESSED),
            5: i64(len(is_there)),
            6: i64(self._offset - start),
            7: i64(self._offset - start),
            9: i64(data_start),
        }
        if encoding == _RLE_DICTIONARY:
            fields[11] = i64(start)
        return _Chunk(struct({2: i64(start), 3: struct(fields)}), self._offset - start)

    def _write_page(self, data: bytes, kind: int, number: int, facts: Value) -> None:
        sizes = {1: i32(kind), 2: i32(len(data)), 3: i32(len(data)), number: facts}
        header = struct(sizes).data
        self._file.write(header)
        self._file.write(data)
        self._offset += len(header) + len(data)

    # -- Footer -------------------------------------------------------------------------

    def _finish(self) -> None:
        root = struct({4: text("schema"), 5: i32(len(self._columns))})
        elements = [_element(name, storage) for name, storage in self._columns]
        footer = struct(
            {
                1: i32(1),
                2: listed([root, *elements]),
                3: i64(self.n_rows),
                4: listed([group.told() for group in self._groups])
                if self._groups
                else Value(9, b"\x0c"),
                6: text("automl-lite"),
            }
        ).data
        self._file.write(footer + binary.pack("<I", len(footer)) + _MAGIC)


def _element(name: str, storage: Storage) -> Value:
    fields = {1: i32(_PHYSICAL[storage]), 3: i32(_OPTIONAL), 4: text(name)}
    if storage in _CONVERTED:
        fields[6] = i32(_CONVERTED[storage])
    if storage == "datetime":
        # Not an instant of a zone: a local time, in microseconds.
        micros = struct({2: struct({})})
        fields[10] = struct({8: struct({1: FALSE, 2: micros})})
    return struct(fields)


# -- Pages ----------------------------------------------------------------------------


def _levels(is_there: Mask) -> bytes:
    """Definition levels: for each row whether a value is there."""
    if is_there.all():
        runs = varint(len(is_there) << 1) + b"\x01"
    else:
        bits = np.packbits(is_there, bitorder="little")
        runs = varint(len(bits) << 1 | 1) + bits.tobytes()
    return binary.pack("<I", len(runs)) + runs


def _body(column: Column, physical: int) -> tuple[Mask, bytes]:
    """Which rows have a value, and the values of these."""
    if isinstance(column, Coded):
        is_there = column.codes >= 0
        codes = column.codes if is_there.all() else column.codes[is_there]
        return is_there, _codes(codes, len(column.distinct))
    is_there = column.is_there
    is_full = is_there.all()
    if isinstance(column, RawTexts):
        return is_there, _raw(column.cells if is_full else column.cells.select(is_there))
    return is_there, _plain(column.array if is_full else column.array[is_there], physical)


def _codes(codes: Array, n_distinct: int) -> bytes:
    """Places in a dictionary, bit-packed: of 1, 2, 4, 8, 16 or 32 bits, whatever is enough."""
    needed = max(n_distinct - 1, 1).bit_length()
    width = next(bits for bits in (1, 2, 4, 8, 16, 32) if bits >= needed)
    n_groups = -(-len(codes) // 8)
    padded = np.zeros(n_groups * 8, dtype=f"<u{max(width // _BYTE_BITS, 1)}")
    padded[: len(codes)] = codes
    n_together = _BYTE_BITS // width
    if n_together == _BYTE_BITS:
        padded = np.packbits(padded, bitorder="little")
    elif n_together:
        parts = padded.reshape(-1, n_together)
        padded = parts[:, 0].copy()
        for i in range(1, n_together):
            padded |= parts[:, i] << np.uint8(i * width)
    return bytes([width]) + varint(n_groups << 1 | 1) + padded.tobytes()


def _plain(values: Array | Sequence[bytes], physical: int) -> bytes:
    """Values one behind another; texts with their lengths before them."""
    if physical != _BYTE_ARRAY:
        return np.asarray(values).astype(_NUMPY[physical], copy=False).tobytes()
    sized = [part for value in values for part in (_SIZE.pack(len(value)), value)]
    return b"".join(sized)


def _raw(cells: ColumnCells) -> bytes:
    """Texts of a block, each with its length before it, without touching them one by one."""
    if len(cells) == 0:
        return b""
    lengths = cells.lengths
    n_words = -(-(int(lengths.max()) + _SIZE.size) // WORD)
    if n_words * WORD > _MAX_PADDED * (float(lengths.mean()) + _SIZE.size):
        return b"".join(
            part for text in cells.raw_texts() for part in (_SIZE.pack(len(text)), text)
        )
    # All in rows of the same width, from which what is behind the texts is left out.
    rows = np.empty((len(cells), n_words), dtype="<u8")
    rows[:, 0] = lengths.view(np.uint64) | cells.first << np.uint64(32)
    for i in range(1, n_words):
        rows[:, i] = cells.words(i * WORD - _SIZE.size)
    is_kept = np.arange(n_words * WORD) < (lengths + _SIZE.size)[:, None]
    return rows.view(np.uint8)[is_kept].tobytes()
