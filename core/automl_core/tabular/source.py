"""From an upload to lines of text: decompression, refusals by magic bytes, line limits."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, Literal

from automl_core.errors import TableUnreadableError, UploadTooLargeError
from automl_core.tabular.schema import ReadLimits

OpenStream = Callable[[], BinaryIO]
"""Opens the raw upload from its start, any number of times."""
Compression = Literal["none", "gzip"]

HEAD_BYTES: Final = 1024**2
"""Bytes, unpacked, from which the dialect is judged."""
BLOCK_CHARACTERS: Final = 256 * 1024
MAX_LINE_CHARACTERS: Final = 8 * 1024**2
"""A longer line is no row of a table; it would have to be held in memory whole."""
END_OF_TABLE: Final = "\0"
"""Given as one more line at the end. It comes back as a record of its own unless a quote
is still open; NUL never occurs in the lines before it."""

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_EXPANSION_FLOOR = 8 * 1024**2
"""Bytes that any file may unpack to: small tables of few values pack better than 100:1."""

#: First bytes, and what a file that begins with them is.
_MAGIC: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program (ELF)"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (_GZIP, "a gzip file inside a gzip file"),
)
_MARKUP: Final = (
    (b"<!doctype", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b"<svg", "an SVG image"),
    (b"{\\rtf", "an RTF document"),
    (b'{"', "JSON"),
    (b"[{", "JSON"),
)
_WAY_OUT = "Export the table as CSV (or Parquet) and upload that."


class Source:
    """One upload, opened as often as needed.

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
    is_parquet : bool
    """

    def __init__(self, open_stream: OpenStream, limits: ReadLimits) -> None:
        self._open_stream = open_stream
        self._limits = limits
        with open_stream() as raw:
            start = _read_fully(raw, 8)
        self.compression: Compression = "gzip" if start.startswith(_GZIP) else "none"
        self.is_parquet = start.startswith(_PARQUET)

    @contextmanager
    def expanded(self, tap: Callable[[bytes], object] | None = None) -> Iterator[BinaryIO]:
        """Open the unpacked bytes.

        Parameters
        ----------
        tap : callable or None
            Is given every raw byte once, in order, as far as the stream is read.

        Raises
        ------
        TableUnreadableError
            While reading, if the compressed data are damaged.
        UploadTooLargeError
            While reading, if it unpacks to more than the limits allow.
        """
        with self._open_stream() as raw:
            counted = _Tapped(raw, tap)
            reader: io.RawIOBase = counted
            if self.compression == "gzip":
                reader = _Gunzipped(counted, self._limits)
            with io.BufferedReader(reader, buffer_size=256 * 1024) as stream:
                yield stream

    def head(self) -> bytes:
        """The first ``HEAD_BYTES``, unpacked; one more byte is read to see if there is more."""
        with self.expanded() as stream:
            return _read_fully(stream, HEAD_BYTES + 1)

    def lines(self, encoding: str) -> Generator[str, None, None]:
        """Yield the lines with their ends, then ``END_OF_TABLE``.

        Bytes that do not fit the encoding become U+FFFD; NUL characters and a byte order
        mark are left out. CR, LF and CRLF end a line.

        Raises
        ------
        TableUnreadableError
            If a line is longer than ``MAX_LINE_CHARACTERS``.
        """
        with (
            self.expanded() as stream,
            io.TextIOWrapper(stream, encoding, errors="replace", newline="") as text,
        ):
            number = 0
            while block := text.read(BLOCK_CHARACTERS):
                # Up to the end of its line; between CR and LF this adds the LF.
                rest = text.readline(MAX_LINE_CHARACTERS)
                is_cut = len(rest) == MAX_LINE_CHARACTERS
                block += rest
                if number == 0:
                    block = block.removeprefix("\ufeff")
                if "\0" in block:
                    block = block.replace("\0", "")
                lines = io.StringIO(block, newline="").readlines()
                number += len(lines)
                if is_cut:
                    raise TableUnreadableError(
                        f"Line {number} is longer than {MAX_LINE_CHARACTERS:,} characters, so this "
                        f"is no table with one row a line. {_WAY_OUT}"
                    )
                yield from lines
            yield END_OF_TABLE


def refuse_other_files(head: bytes) -> None:
    """Refuse what is visibly no table, by its first bytes.

    Raises
    ------
    TableUnreadableError
        With the name of what it is.
    """
    kind = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    if head.startswith(b"PK\x03\x04"):
        kind = "an Excel workbook" if b"xl/" in head[:4096] else "a zip archive"
    if head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is None:
        start = head[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        kind = next((name for magic, name in _MARKUP if start.startswith(magic)), None)
    if kind is not None:
        raise TableUnreadableError(f"This file is {kind}, not a table. {_WAY_OUT}")


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
