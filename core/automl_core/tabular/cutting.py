"""Cutting plain CSV into cells on whole arrays: only what is beyond doubt.

A block is cut here if its quotes are as RFC 4180 wants them and every record has the width
of the table. Everything else is said to be irregular and left to a reader that looks at one
character after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from automl_core.tabular.cell_block import PADDING, Bytes, CellBlock, Index, Mask

_LF: Final = 10
_CR: Final = 13
_AROUND: Final = 2
"""Quotes of a cell that has none inside."""


@dataclass(frozen=True)
class Cut:
    """What became of a block.

    Attributes
    ----------
    n_bytes : int
        Of whole records; what follows belongs to the next block. 0: no record ends.
    n_lines : int
        Lines of the file that the records take.
    cells : CellBlock or None
        None: the records are not all of the table's width.
    has_plain_quotes : bool
        False: quotes stand where RFC 4180 has none, so that nobody can tell where a record
        ends without following them from the start; ``n_bytes`` is 0 then.
    """

    n_bytes: int
    cells: CellBlock | None
    n_lines: int = 0
    has_plain_quotes: bool = True


def cut_block(block: bytes, *, delimiter: str, quote: str, n_columns: int) -> Cut:
    """Cut the whole records at the beginning of a block.

    Parameters
    ----------
    block : bytes
        UTF-8 without NUL; begins where a record does.
    delimiter, quote : str
        ASCII characters; no quote if empty.
    n_columns : int
        At least 2: in a table of one column a blank line cannot be told from an empty cell.
    """
    padded = np.frombuffer(block + PADDING, dtype=np.uint8)
    marks = _mark(block, padded[: len(block)], ord(delimiter), ord(quote) if quote else None)
    ends = np.flatnonzero(marks.is_cut)
    lines = np.flatnonzero(marks.is_end[ends])
    if len(lines) == 0:
        return Cut(0, None)
    n_bytes = int(ends[lines[-1]]) + 1
    ends = ends[: lines[-1] + 1]
    quotes = marks.quotes[: np.searchsorted(marks.quotes, n_bytes)]
    if len(quotes) and not _are_plain(quotes, marks):
        return Cut(0, None, has_plain_quotes=False)
    irregular = Cut(n_bytes, None)
    if len(ends) != len(lines) * n_columns or (np.diff(lines, prepend=-1) != n_columns).any():
        return irregular
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    if b"\r" in block and not _drop_returns(marks, ends, n_columns, n_bytes):
        return irregular
    n_lines = len(lines) if marks.inside is None else _count_lines(block, n_bytes)
    data = padded
    if len(quotes):
        data = _unquote(block[:n_bytes], padded, (starts, ends), quotes)
    return Cut(n_bytes, _block(data, starts, ends, n_columns), n_lines)


def _count_lines(block: bytes, n_bytes: int) -> int:
    """Line ends of any kind, those inside quotes too."""
    n_lines = block.count(b"\n", 0, n_bytes)
    if b"\r" in block:
        n_lines += block.count(b"\r", 0, n_bytes) - block.count(b"\r\n", 0, n_bytes)
    return n_lines


@dataclass(frozen=True)
class _Marks:
    """What every byte of a block is; marks inside quotes are none."""

    view: Bytes
    is_cut: Mask
    """Delimiters and line ends."""

    is_end: Mask
    inside: Mask | None
    """From an opening quote to before its closing one; None without any quote."""

    quotes: Index


def _mark(block: bytes, view: Bytes, delimiter: int, quote: int | None) -> _Marks:
    is_end = view == _LF
    is_cut = view == delimiter
    inside = None
    quotes = np.empty(0, dtype=np.int64)
    if quote is not None and quote in block:
        is_quote = view == quote
        inside = np.bitwise_xor.accumulate(is_quote)
        is_end &= ~inside
        is_cut &= ~inside
        quotes = np.flatnonzero(is_quote)
    is_cut |= is_end
    return _Marks(view, is_cut, is_end, inside, quotes)


def _are_plain(quotes: Index, marks: _Marks) -> bool:
    """Tell whether quotes open only at a cell's beginning and close only at its end."""
    assert marks.inside is not None
    view, quote = marks.view, marks.view[quotes[0]]
    opens = marks.inside[quotes]
    before = quotes[opens] - 1
    is_first = before < 0
    # One behind another belongs to a doubled quote.
    if not (is_first | marks.is_cut[before] | (view[before] == quote)).all():
        return False
    after = quotes[~opens] + 1
    is_fine = marks.is_cut[after] | (view[after] == quote)
    returns = np.flatnonzero(~is_fine)
    return bool((view[after[returns]] == _CR).all() and marks.is_end[after[returns] + 1].all())


def _drop_returns(marks: _Marks, ends: Index, n_columns: int, n_bytes: int) -> bool:
    """Move the last ends of records before the CR of CRLF; False if a CR stands elsewhere."""
    is_return = marks.view[:n_bytes] == _CR
    if marks.inside is not None:
        is_return &= ~marks.inside[:n_bytes]
    lasts = ends[n_columns - 1 :: n_columns]
    returned = is_return[lasts - 1]
    if int(is_return.sum()) != int(returned.sum()):
        return False
    ends[n_columns - 1 :: n_columns] -= returned
    return True


def _unquote(block: bytes, padded: Bytes, places: tuple[Index, Index], quotes: Index) -> Bytes:
    """Take the quotes off the cells, whose places are moved; a doubled one stands for itself.

    Returns
    -------
    ndarray of uint8
        The block, with cells behind it that had to be put together.
    """
    starts, ends = places
    quote = padded[quotes[0]]
    quoted = np.flatnonzero((padded[starts] == quote) & (ends > starts))
    n_quotes = np.searchsorted(quotes, ends[quoted]) - np.searchsorted(quotes, starts[quoted])
    starts[quoted] += 1
    ends[quoted] -= 1
    doubled = quoted[n_quotes > _AROUND]
    if len(doubled) == 0:
        return padded
    mark = bytes([quote])
    whole = [
        block[start:end].replace(mark * 2, mark)
        for start, end in zip(starts[doubled].tolist(), ends[doubled].tolist(), strict=True)
    ]
    sizes = np.fromiter(map(len, whole), dtype=np.int64, count=len(whole))
    starts[doubled] = len(block) + np.cumsum(sizes) - sizes
    ends[doubled] = starts[doubled] + sizes
    return np.frombuffer(b"".join([block, *whole, PADDING]), dtype=np.uint8)


def _block(data: Bytes, starts: Index, ends: Index, n_columns: int) -> CellBlock:
    lengths = ends - starts
    return CellBlock(
        data,
        np.ascontiguousarray(starts.reshape(-1, n_columns).T),
        np.ascontiguousarray(lengths.reshape(-1, n_columns).T),
    )
