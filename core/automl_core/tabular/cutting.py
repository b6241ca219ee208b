"""Cutting plain CSV into cells on whole arrays: only what is beyond doubt.

A block is cut here if its quotes are as RFC 4180 wants them and every record has the width
of the table. Everything else is said to be irregular and left to a reader that looks at one
character after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from automl_core.tabular.cell_block import PADDING, WORD, Bytes, CellBlock, Index, Mask

_LF: Final = 10
_CR: Final = 13
_AROUND: Final = 2
"""Quotes of a cell that has none inside."""
_MANY_QUOTES: Final = 0.2
"""Quotes for each cell from which on every cell is asked for one."""


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
    n_rows = len(ends) // n_columns
    lasts = ends[n_columns - 1 :: n_columns][:n_rows]
    # As many line ends as rows, and one at the end of each: then none is anywhere else.
    is_regular = n_rows > 0 and marks.n_ends == n_rows and bool((marks.view[lasts] == _LF).all())
    if is_regular:
        n_bytes, n_lines = int(lasts[-1]) + 1, n_rows
        ends = ends[: n_rows * n_columns]
    else:
        lines = ends[marks.view[ends] == _LF]
        if len(lines) == 0:
            return Cut(0, None)
        n_bytes, n_lines = int(lines[-1]) + 1, len(lines)
    quotes = marks.quotes[: np.searchsorted(marks.quotes, n_bytes)]
    if len(quotes) and not _are_plain(quotes, marks):
        return Cut(0, None, has_plain_quotes=False)
    if not is_regular:
        return Cut(n_bytes, None)
    lasts_of_rows = np.ascontiguousarray(ends.reshape(n_rows, n_columns).T)
    starts = np.empty_like(lasts_of_rows)
    np.add(lasts_of_rows[:-1], 1, out=starts[1:])
    starts[0, 0] = 0
    np.add(lasts_of_rows[-1, :-1], 1, out=starts[0, 1:])
    cells = CellBlock(padded, starts, np.subtract(lasts_of_rows, starts, out=lasts_of_rows))
    if b"\r" in block and not _drop_returns(marks, cells, n_bytes):
        return Cut(n_bytes, None)
    if len(quotes):
        quoted = _find_quoted(cells, ends, quotes)
        cells = _unquote(block, n_bytes, cells, quoted, quotes)
        if marks.has_ends_inside or b"\r" in block:
            n_lines = _count_lines(block, marks.view[:n_bytes])
    return Cut(n_bytes, cells, n_lines)


def _count_lines(block: bytes, view: Bytes) -> int:
    """Line ends of any kind at the beginning of a block, those inside quotes too."""
    n_lines = int(np.count_nonzero(view == _LF))
    if b"\r" in block:
        n_lines += block.count(b"\r", 0, len(view)) - block.count(b"\r\n", 0, len(view))
    return n_lines


@dataclass(frozen=True)
class _Marks:
    """What every byte of a block is; marks inside quotes are none."""

    view: Bytes
    is_cut: Mask
    """Delimiters and line ends."""

    n_ends: int
    """Line ends."""

    has_ends_inside: bool
    """Whether any line ends are inside quotes."""

    outside: Mask | None
    """All but what lies from an opening quote to before its closing one; None without any."""

    quotes: Index


def _mark(block: bytes, view: Bytes, delimiter: int, quote: int | None) -> _Marks:
    is_end = view == _LF
    is_cut = view == delimiter
    is_cut |= is_end
    outside = None
    quotes = np.empty(0, dtype=np.int64)
    n_ends = n_lines = int(np.count_nonzero(is_end))
    if quote is not None and quote in block:
        is_quote = view == quote
        outside = _outside(is_quote)
        is_end &= outside
        is_cut &= outside
        n_ends = int(np.count_nonzero(is_end))
        quotes = np.flatnonzero(is_quote)
    return _Marks(view, is_cut, n_ends, n_ends < n_lines, outside, quotes)


def _outside(is_quote: Mask) -> Mask:
    """Tell before and at which places the quotes are even in number.

    Sixty-four places at a time: the parity of all lower bits by shifts that double.
    """
    packed = np.packbits(is_quote, bitorder="little")
    bits = np.zeros(-(-len(packed) // WORD), dtype="<u8")
    bits.view(np.uint8)[: len(packed)] = packed
    for shift in (1, 2, 4, 8, 16, 32):
        bits ^= bits << np.uint64(shift)
    is_odd = np.bitwise_xor.accumulate(bits >> np.uint64(63))
    bits[1:] ^= np.uint64(0) - is_odd[:-1]
    np.invert(bits, out=bits)
    unpacked = np.unpackbits(bits.view(np.uint8), count=len(is_quote), bitorder="little")
    return unpacked.view(np.bool_)


def _are_plain(quotes: Index, marks: _Marks) -> bool:
    """Tell whether quotes open only at a cell's beginning and close only at its end."""
    view, quote = marks.view, marks.view[quotes[0]]
    # What a record holds is complete, so every second quote closes.
    before = quotes[0::2] - 1
    is_first = before < 0
    # One behind another belongs to a doubled quote.
    if not (is_first | marks.is_cut[before] | (view[before] == quote)).all():
        return False
    after = quotes[1::2] + 1
    is_fine = marks.is_cut[after] | (view[after] == quote)
    returns = after[~is_fine]
    # Behind the CR nothing but the LF of its line.
    is_end = marks.is_cut[returns + 1] & (view[returns + 1] == _LF)
    return bool((view[returns] == _CR).all() and is_end.all())


def _drop_returns(marks: _Marks, cells: CellBlock, n_bytes: int) -> bool:
    """Take the CR of CRLF off the last cells of records; False if a CR stands elsewhere."""
    is_return = marks.view[:n_bytes] == _CR
    if marks.outside is not None:
        is_return &= marks.outside[:n_bytes]
    last, lengths = cells.starts[-1] + cells.lengths[-1] - 1, cells.lengths[-1]
    returned = is_return[last] & (lengths > 0)
    if int(np.count_nonzero(is_return)) != int(np.count_nonzero(returned)):
        return False
    lengths -= returned
    return True


def _find_quoted(cells: CellBlock, ends: Index, quotes: Index) -> Index:
    """The places of cells that begin with a quote, column behind column.

    Parameters
    ----------
    ends : ndarray of shape (n_cells,)
        Of the cells, row behind row.
    """
    starts, lengths = cells.starts.reshape(-1), cells.lengths.reshape(-1)
    if len(quotes) > _MANY_QUOTES * len(ends):
        mark = cells.data[quotes[0]]
        return np.flatnonzero((cells.data[starts] == mark) & (lengths > 0))
    opens = quotes[0::2]
    row, column = np.divmod(np.searchsorted(ends, opens), len(cells.starts))
    places = column * cells.n_rows + row
    found: Index = places[starts[places] == opens]
    return found


def _unquote(
    block: bytes, n_bytes: int, cells: CellBlock, quoted: Index, quotes: Index
) -> CellBlock:
    """Take the quotes off the cells, in place; a doubled one stands for itself.

    Returns
    -------
    CellBlock
        The same, with cells behind its bytes that had to be put together.
    """
    starts, lengths = cells.starts.reshape(-1), cells.lengths.reshape(-1)
    begins, sizes = starts[quoted], lengths[quoted]
    starts[quoted] = begins + 1
    lengths[quoted] = sizes - _AROUND
    if len(quotes) == _AROUND * len(quoted):
        return cells
    n_quotes = np.searchsorted(quotes, begins + sizes) - np.searchsorted(quotes, begins)
    doubled = quoted[n_quotes > _AROUND]
    one = block[quotes[0] : quotes[0] + 1]
    begins = starts[doubled]
    whole = [
        block[start:end].replace(one * 2, one)
        for start, end in zip(begins.tolist(), (begins + lengths[doubled]).tolist(), strict=True)
    ]
    sizes = np.fromiter(map(len, whole), dtype=np.int64, count=len(whole))
    starts[doubled] = n_bytes + np.cumsum(sizes) - sizes
    lengths[doubled] = sizes
    data = np.frombuffer(b"".join([block[:n_bytes], *whole, PADDING]), dtype=np.uint8)
    return CellBlock(data, cells.starts, cells.lengths)
