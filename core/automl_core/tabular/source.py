"""From an upload to the bytes of a text table: decompression, and conversion of other formats."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal

from automl_core.errors import TableUnreadableError, UploadTooLargeError
from automl_core.tabular import workbook
from automl_core.tabular.jsonl import JsonTable, is_json
from automl_core.tabular.schema import ReadLimits, TableFormat

OpenStream = Callable[[], BinaryIO]
"""Opens the raw upload from its start, any number of times."""
Compression = Literal["none", "gzip"]

HEAD_BYTES: Final = 1024**2
"""Bytes, unpacked, from which the dialect is judged."""
_RAW_BYTES: Final = 256 * 1024
MAX_LINE_CHARACTERS: Final = 8 * 1024**2
"""A longer line is no row of a table; it would have to be held in memory whole."""
END_OF_TABLE: Final = "\0"
"""Given as one more line at the end. It comes back as a record of its own unless a quote
is still open; NUL never occurs in the lines before it."""

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_START_BYTES = 4096
_EXPANSION_FLOOR = 8 * 1024**2
"""Bytes that any file may unpack to: small tables of few values pack better than 100:1."""


class Source:
    """One upload, opened as often as needed; JSON and workbooks come out as CSV.

    Parameters
    ----------
    open_stream : callable
        Opens the raw upload from its start.
    limits : ReadLimits
        Caps of what a compressed file may unpack to.

    Attributes
    ----------
    compression : {"none", "gzip"}
        By magic bytes, never by the name.
    format : {"csv", "parquet", "jsonl", "xlsx"}
        By the first bytes, too; ``csv`` is whatever is nothing else.
    notes : list of str
        What there is to tell about a conversion; complete once :meth:`expanded` was called.
    """

    def __init__(self, open_stream: OpenStream, limits: ReadLimits) -> None:
        self._open_stream = open_stream
        self._limits = limits
        with open_stream() as raw:
            start = _read_fully(raw, 8)
        self.compression: Compression = "gzip" if start.startswith(_GZIP) else "none"
        self.format: TableFormat = "csv"
        self.notes: list[str] = []
        self._json: JsonTable | None = None
        self._sheet: Path | None = None
        with self._unpacked() as stream:
            unpacked = _read_fully(stream, _START_BYTES)
        if start.startswith(_PARQUET):
            self.format = "parquet"
        elif unpacked.startswith(_ZIP) and self._keep_workbook():
            self.format = "xlsx"
        elif is_json(unpacked):
            self.format = "jsonl"

    @property
    def is_parquet(self) -> bool:
        """Whether DuckDB reads it with its own types."""
        return self.format == "parquet"

    @property
    def is_converted(self) -> bool:
        """Whether what comes out is CSV of our own making: UTF-8, commas, RFC 4180."""
        return self.format in {"jsonl", "xlsx"}

    @contextmanager
    def expanded(self, tap: Callable[[bytes], object] | None = None) -> Iterator[BinaryIO]:
        """Open the unpacked bytes, or the CSV that stands for them.

        Parameters
        ----------
        tap : callable or None
            Is given every raw byte once, in order, as far as the stream is read; of a
            conversion all of them.

        Raises
        ------
        TableUnreadableError
            While reading, if the compressed data are damaged, or JSON or a workbook is.
        UploadTooLargeError
            While reading, if it unpacks to more than the limits allow.
        """
        if not self.is_converted:
            with self._unpacked(tap) as stream:
                yield stream
            return
        if tap is not None:
            with self._open_stream() as raw:
                while data := raw.read(_RAW_BYTES):
                    tap(data)
        if self.format == "jsonl":
            with io.BufferedReader(_Pieces(self._json_rows()), _RAW_BYTES) as stream:
                yield stream
        else:
            with self._csv_of_sheet().open("rb") as stream:
                yield stream

    @contextmanager
    def _unpacked(self, tap: Callable[[bytes], object] | None = None) -> Iterator[BinaryIO]:
        with self._open_stream() as raw:
            counted = _Tapped(raw, tap)
            reader: io.RawIOBase = counted
            if self.compression == "gzip":
                reader = _Gunzipped(counted, self._limits)
            with io.BufferedReader(reader, buffer_size=_RAW_BYTES) as stream:
                yield stream

    def _json_rows(self) -> Iterator[bytes]:
        if self._json is None:
            table = JsonTable(self._unpacked, self._limits)
            table.survey()
            self._json, self.notes = table, table.notes
        return self._json.as_csv()

    def _keep_workbook(self) -> bool:
        """Put a zip archive into a folder that goes with this object; tell if it is a workbook."""
        folder = Path(tempfile.mkdtemp(prefix="automl-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._sheet = folder / "sheet.csv"
        with self._unpacked() as stream:
            workbook.keep(stream, folder / "upload.xlsx")
        return workbook.is_workbook(folder / "upload.xlsx")

    def _csv_of_sheet(self) -> Path:
        assert self._sheet is not None
        if not self._sheet.exists():
            self.notes = workbook.convert(self._sheet.with_name("upload.xlsx"), self._sheet)
        return self._sheet

    def head(self) -> bytes:
        """The first ``HEAD_BYTES``, unpacked; one more byte is read to see if there is more."""
        with self.expanded() as stream:
            return _read_fully(stream, HEAD_BYTES + 1)


def _read_fully(stream: BinaryIO, n_bytes: int) -> bytes:
    """Read ``n_bytes`` unless the stream ends before; raw streams may answer with less."""
    parts: list[bytes] = []
    left = n_bytes
    while left > 0 and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


class _Tapped(io.RawIOBase):
    """Counts the bytes that pass, and shows them to a tap. Does not close what it reads."""

    def __init__(self, raw: BinaryIO, tap: Callable[[bytes], object] | None) -> None:
        self._raw = raw
        self._tap = tap
        self.n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer type is newer than Python 3.11
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.n_bytes += len(data)
        if self._tap is not None:
            self._tap(data)
        return len(data)


class _Pieces(io.RawIOBase):
    """A stream of bytes that are made piece by piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer type is newer than Python 3.11
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        part = self._rest[: len(buffer)]
        buffer[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)


class _Gunzipped(io.RawIOBase):
    """Unpacks gzip (also of several members) and stops a bomb early."""

    def __init__(self, packed: _Tapped, limits: ReadLimits) -> None:
        self._packed = packed
        # gzip asks for a file it can read; raw streams are enough for it behind a buffer.
        self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(packed, 64 * 1024), mode="rb")
        self._limits = limits
        self._expanded = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer type is newer than Python 3.11
        try:
            data = self._gzip.read1(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TableUnreadableError(
                f"The gzip data are damaged or cut short ({error}). Upload the file again."
            ) from error
        buffer[: len(data)] = data
        self._expanded += len(data)
        self._check()
        return len(data)

    def _check(self) -> None:
        limits = self._limits
        if self._expanded > limits.max_expanded_bytes:
            raise UploadTooLargeError(
                f"This file unpacks to more than {limits.max_expanded_bytes / 1024**3:.1f} GiB, "
                "the limit for a table. Upload fewer rows."
            )
        allowed = max(_EXPANSION_FLOOR, limits.max_expansion * self._packed.n_bytes)
        if self._expanded > allowed:
            raise UploadTooLargeError(
                f"This file unpacks to more than {limits.max_expansion} times its size, which no "
                "ordinary table does. Upload it unpacked."
            )
