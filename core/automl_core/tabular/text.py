"""The text of an upload as UTF-8, whatever it was written in, and its lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Generator, Iterable, Iterator
from typing import Final

from automl_core.errors import TableUnreadableError
from automl_core.tabular.source import END_OF_TABLE, MAX_LINE_CHARACTERS, Source

PIECE_BYTES: Final = 256 * 1024
_UTF8: Final = frozenset({"ascii", "utf-8"})


def utf8_pieces(
    source: Source, encoding: str, n_bytes: int = PIECE_BYTES
) -> Generator[bytes, None, None]:
    """Yield a source as UTF-8, cut anywhere between two characters.

    Bytes that do not fit the encoding become U+FFFD; NUL characters and a byte order mark
    are left out.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    is_utf8 = encoding in _UTF8
    is_first = True
    with source.expanded() as stream:
        while True:
            raw = stream.read(n_bytes)
            if is_utf8 and raw and raw.isascii() and not decoder.getstate()[0]:
                piece = raw
            else:
                piece = decoder.decode(raw, final=not raw).encode("utf-8", "replace")
            if is_first and piece:
                piece, is_first = piece.removeprefix(codecs.BOM_UTF8), False
            if b"\0" in piece:
                piece = piece.replace(b"\0", b"")
            if piece:
                yield piece
            if not raw:
                return


def lines_of(pieces: Iterable[bytes], *, first_line: int = 1) -> Iterator[str]:
    """Yield the lines of UTF-8 with their ends, then ``END_OF_TABLE``.

    CR, LF and CRLF end a line.

    Raises
    ------
    TableUnreadableError
        If a line is longer than ``MAX_LINE_CHARACTERS``.
    """
    rest = ""
    n_lines = first_line - 1
    for piece in pieces:
        lines = io.StringIO(rest + piece.decode(), newline="").readlines()
        # The last one may go on, or its CR be half of a CRLF.
        rest = lines.pop() if lines else ""
        n_lines += len(lines)
        yield from lines
        if len(rest) > MAX_LINE_CHARACTERS:
            raise TableUnreadableError(
                f"Line {n_lines + 1} is longer than {MAX_LINE_CHARACTERS:,} characters, so this "
                "is no table with one row a line. Export the table as CSV (or Parquet) and upload "
                "that."
            )
    if rest:
        yield rest
    yield END_OF_TABLE
