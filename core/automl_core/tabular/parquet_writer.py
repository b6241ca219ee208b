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
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from automl_core.records import Storage
from automl_core.tabular.cell_block import ColumnCells, Mask
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
        self._groups: list[Value] = []
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
        start = self._offset
        chunks = [
            self._write_chunk(name, storage, column)
            for (name, storage), column in zip(self._columns, columns, strict=True)
        ]
        sizes = {1: listed(chunks), 2: i64(self._offset - start), 3: i64(n_rows)}
        self._groups.append(struct(sizes))
        self.n_rows += n_rows

    # -- Column chunks ------------------------------------------------------------------

    def _write_chunk(self, name: str, storage: Storage, column: Column) -> Value:
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
        return struct({2: i64(start), 3: struct(fields)})

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
                4: listed(self._groups) if self._groups else Value(9, b"\x0c"),
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
        return is_there, _codes(column.codes[is_there], len(column.distinct))
    if isinstance(column, RawTexts):
        return column.is_there, _raw(column.cells.select(column.is_there))
    return column.is_there, _plain(column.array[column.is_there], physical)


def _codes(codes: Array, n_distinct: int) -> bytes:
    """Places in a dictionary, bit-packed: of 1, 2, 4, 8 or 16 bits, whatever is enough."""
    needed = max(n_distinct - 1, 1).bit_length()
    width = next(bits for bits in (1, 2, 4, 8, 16, 32) if bits >= needed)
    n_groups = -(-len(codes) // 8)
    padded = np.zeros(n_groups * 8, dtype=np.uint32)
    padded[: len(codes)] = codes
    if width >= _BYTE_BITS:
        packed = padded.astype(f"<u{width // _BYTE_BITS}").tobytes()
    else:
        bits = (padded[:, None] >> np.arange(width, dtype=np.uint32)) & 1
        packed = np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()
    return bytes([width]) + varint(n_groups << 1 | 1) + packed


def _plain(values: Array | Sequence[bytes], physical: int) -> bytes:
    """Values one behind another; texts with their lengths before them."""
    if physical != _BYTE_ARRAY:
        return np.asarray(values).astype(_NUMPY[physical], copy=False).tobytes()
    return b"".join([binary.pack("<I", len(value)) + value for value in values])


def _raw(cells: ColumnCells) -> bytes:
    """Texts of a block, each with its length before it, without touching them one by one."""
    sizes = cells.lengths + 4
    ends = np.cumsum(sizes)
    n_bytes = int(ends[-1]) if len(ends) else 0
    out = np.empty(n_bytes, dtype=np.uint8)
    begins = ends - sizes
    prefix = cells.lengths.astype("<u4").view(np.uint8).reshape(-1, 4)
    for i in range(4):
        out[begins + i] = prefix[:, i]
    # Every byte of every text: where it goes, and where it comes from.
    n_letters = int(cells.lengths.sum())
    within = np.arange(n_letters) - np.repeat(
        np.cumsum(cells.lengths) - cells.lengths, cells.lengths
    )
    out[within + np.repeat(begins + 4, cells.lengths)] = cells.data[
        within + np.repeat(cells.starts, cells.lengths)
    ]
    return out.tobytes()
