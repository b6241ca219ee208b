"""Counting the cells of one column while they stream by, in bounded memory.

A column with few different cells keeps each of them with its rows. One with many keeps
tallies of shapes and the keys of its cells, from which the number of different ones is
exact; if even these do not fit into the memory that all columns share, a lower bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from automl_core.tabular import plain_numbers, plain_times
from automl_core.tabular.bulk_shapes import PLAIN, TIMES, is_surely_text
from automl_core.tabular.cell_block import ColumnCells, Index, Mask
from automl_core.tabular.cells import (
    EMPTY,
    NUMBER_SHAPES,
    POINT_OR_GROUPED,
    TEXT,
    Decimal,
    parse_number,
    parse_time,
    shape_of,
)  # fmt: skip
from automl_core.tabular.distinct import KeySet, KnownCells, count_keys, first_of_each
from automl_core.tabular.plain_numbers import Floats, PlainNumbers, read_plain
from automl_core.tabular.plain_times import read_times

MAX_KNOWN: Final = 20_000
"""Different cells that a column keeps as texts."""
MAX_KNOWN_NUMBERS: Final = 256
"""The same for numbers, of which nobody looks at each."""
MEMORY_BYTES: Final = 24 * 1024**2
"""For the different cells of all columns together."""
ENTRY_BYTES: Final = 150
"""A text in a list with its key and count."""
MAX_MISFITS: Final = 5
SAMPLE_ROWS: Final = 1_000
"""First rows whose texts stand for a column whose cells are too many to keep."""
NUMBER_SAMPLE_ROWS: Final = 100
"""The same for numbers, whose texts nobody reads."""
_FOLLOWED_CELLS: Final = 64

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times of a table are UTC without a zone
_DECIMALS: Final[tuple[Decimal, ...]] = (".", ",")
_THOUSAND: Final = 1000.0
_MICROSECONDS: Final = 1_000_000
_MOST: Final = 0.5


class ColumnCounter:
    """What is known of one column.

    Attributes
    ----------
    counts : Counter or None
        Rows of each different cell, in order of appearance; None once given up. Complete
        after :meth:`finish`.
    sample : Counter
        Cells that stand for all where ``counts`` is None.
    shapes : Counter
        Rows of each shape; complete after :meth:`finish`.
    samples : dict
        A few cells of each shape.
    n_counted : int
        Rows that ``n_distinct`` covers.
    is_increasing : bool
        Every value is a number or a time and larger than the one before.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] | None = None
        self.sample: Counter[str] = Counter()
        self.shapes: Counter[str] = Counter()
        self.samples: dict[str, list[str]] = {}
        self.extremes: dict[Decimal, tuple[float, float]] = {}
        self.n_rows = 0
        self.n_counted = 0
        self.is_increasing = True
        self.is_exact = True
        self._known: KnownCells | None = KnownCells(MAX_KNOWN)
        self._numbers = KeySet()
        self._others = KeySet()
        self._n_distinct = (0, 0)
        self._bytes_per_cell = 0
        self._last = float("-inf")

    @property
    def needs_keys(self) -> bool:
        """Whether :meth:`add` asks for the keys of the next cells."""
        return self._known is not None

    @property
    def needs_numbers(self) -> bool:
        """Whether :meth:`add` asks for the plain numbers among the next cells."""
        return self.is_increasing or self._known is None

    def add(self, cells: ColumnCells) -> Index | None:
        """Take the column's next cells.

        Returns
        -------
        ndarray of shape (n_cells,) or None
            The place of each cell in ``texts``; None once the texts are not kept.
        """
        self.n_rows += len(cells)
        if self.is_increasing:
            self._follow(cells)
        if self._known is not None and len(self._known) == 0:
            self._start(cells)
        if self._known is not None:
            ids = self._known.add(cells, cells.keys())
            if ids is not None:
                self._bytes_per_cell = int(cells.lengths[:SAMPLE_ROWS].mean())
                if len(self._known) > MAX_KNOWN_NUMBERS and _are_numbers(cells):
                    self._forget_texts()
                    return None
                return ids
            self._forget_texts()
        if not self.sample:
            self._take_sample(cells)
        plain = read_plain(cells)
        self._take_keys(cells, plain)
        self._tally(cells, plain)
        return None

    @property
    def texts(self) -> list[str]:
        """Every different cell so far, in order of appearance; empty if they are not kept."""
        return [] if self._known is None else self._known.texts

    @property
    def n_seen(self) -> int:
        """Different cells so far, or different numbers of a column of numbers."""
        return len(self.texts) if self._known is not None else self._numbers.count()

    def so_far(self) -> ColumnCounter:
        """Shapes and samples of the cells until now, in a counter of their own."""
        told = ColumnCounter()
        told.n_rows, told.shapes = self.n_rows, self.shapes.copy()
        told.samples = {shape: list(cells) for shape, cells in self.samples.items()}
        if self._known is not None:
            told._tally_known(self._known.counts())
        return told

    def _start(self, cells: ColumnCells) -> None:
        """Keep no texts of a column that begins with many different numbers."""
        are_numbers = (read_plain(cells).shapes != plain_numbers.OTHER).mean() > _MOST
        if are_numbers and len(count_keys(cells.keys())[0]) > MAX_KNOWN_NUMBERS:
            self._known = None
            self._take_sample(cells.select(np.arange(min(NUMBER_SAMPLE_ROWS, len(cells)))))

    @property
    def bytes_held(self) -> int:
        """Estimate of the memory that the different cells take."""
        if self._known is not None:
            return len(self._known) * (ENTRY_BYTES + self._bytes_per_cell)
        return self._numbers.n_bytes + self._others.n_bytes

    def give_up(self) -> None:
        """Hold less; keep what was learned so far."""
        if self._known is not None:
            self._forget_texts()
        elif self.is_exact:
            self._n_distinct = self._numbers.count(), self._others.count()
            self.n_counted = self.n_rows
            self.is_exact = False
            self._numbers, self._others = KeySet(), KeySet()

    def finish(self) -> None:
        """Complete the counts."""
        if self._known is not None:
            self.counts = self._known.counts()
            self._tally_known(self.counts)
            self.n_counted = self.n_rows
        elif self.is_exact:
            self._n_distinct = self._numbers.count(), self._others.count()
            self.n_counted = self.n_rows

    def n_distinct(self, *, are_numbers: bool) -> int:
        """Different cells where they are not kept; as numbers, or as texts."""
        numbers, others = self._n_distinct
        return numbers if are_numbers else numbers + others

    # -- Texts become keys --------------------------------------------------------------

    def _forget_texts(self) -> None:
        assert self._known is not None
        counts = self._known.counts()
        self._known = None
        self._tally_known(counts)
        self.sample = Counter(dict(counts.most_common(SAMPLE_ROWS)))
        cells = ColumnCells.of_texts(list(counts))
        self._take_keys(cells, read_plain(cells))

    def _take_sample(self, cells: ColumnCells) -> None:
        rows = np.arange(min(SAMPLE_ROWS, len(cells)))
        self.sample = Counter(text for text in cells.texts(rows) if text.strip())

    def _take_keys(self, cells: ColumnCells, plain: PlainNumbers) -> None:
        if not self.is_exact:
            return
        is_number = plain.shapes != plain_numbers.OTHER
        n_numbers = int(np.count_nonzero(is_number))
        if n_numbers:
            values = plain.values if n_numbers == len(cells) else plain.values[is_number]
            # Zero and minus zero are the same number.
            self._numbers.add((values + 0.0).view(np.uint64))
        if n_numbers == len(cells):
            return
        is_other = ~is_number
        is_other &= cells.lengths > 0
        if is_other.all():
            self._others.add(cells.keys())
        elif is_other.any():
            self._others.add(cells.select(is_other).keys())

    # -- Tallies ------------------------------------------------------------------------

    def _tally_known(self, counts: Counter[str]) -> None:
        rows = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        cells = ColumnCells.of_texts(list(counts))
        self._tally(cells, read_plain(cells), rows)

    def _tally(self, cells: ColumnCells, plain: PlainNumbers, weights: Index | None = None) -> None:
        """Count shapes; ``weights`` are the rows that each cell stands for."""
        n_cells = np.bincount(plain.shapes, minlength=len(PLAIN) + 1).tolist()
        for code, shape in PLAIN.items():
            if n_cells[code]:
                found = np.flatnonzero(plain.shapes == code)
                n_rows = len(found) if weights is None else int(weights[found].sum())
                is_all = len(found) == len(cells)
                values = plain.values if is_all else plain.values[found]
                self._add_numbers(cells, found, values, shape, n_rows)
        n_other = n_cells[plain_numbers.OTHER]
        if n_other == 0:
            return
        is_empty = cells.lengths == 0
        if weights is None and n_other == np.count_nonzero(is_empty):
            self._add_shape(EMPTY, n_other)
            return
        if n_other == len(cells):
            rest = cells
        else:
            other = np.flatnonzero(plain.shapes == plain_numbers.OTHER)
            rest, is_empty = cells.select(other), is_empty[other]
            weights = None if weights is None else weights[other]
        self._tally_rest(rest, is_empty, weights)

    def _tally_rest(self, cells: ColumnCells, is_empty: Mask, weights: Index | None) -> None:
        """Count the shapes of cells that are no plain numbers."""

        def rows_of(mask: Mask) -> int:
            return int(np.count_nonzero(mask) if weights is None else weights[mask].sum())

        self._add_shape(EMPTY, rows_of(is_empty))
        is_time = self._tally_times(cells, weights)
        is_odd = ~is_empty & ~is_time
        if not is_odd.any():
            return
        is_text = is_surely_text(cells)
        self._add_shape(TEXT, rows_of(is_text))
        self._keep(TEXT, cells, np.flatnonzero(is_text))
        odd = np.flatnonzero(is_odd & ~is_text)
        if len(odd) == 0:
            return
        if weights is None:
            first, rows = first_of_each(cells.select(odd).keys())
            odd = odd[first]
        else:
            rows = weights[odd]
        for cell, n_rows in zip(cells.texts(odd), rows.tolist(), strict=True):
            self._add_odd(cell, n_rows)

    def _tally_times(self, cells: ColumnCells, weights: Index | None) -> Mask:
        """Count plain times; tell which of the cells are."""
        shapes = read_times(cells).shapes
        for code, shape in TIMES.items():
            found = np.flatnonzero(shapes == code)
            if len(found):
                n_rows = len(found) if weights is None else int(weights[found].sum())
                self._add_shape(shape, n_rows)
                self._keep(shape, cells, found)
        return np.asarray(shapes != plain_times.OTHER, dtype=np.bool_)

    def _add_numbers(
        self, cells: ColumnCells, rows: Index, values: Floats, shape: str, n_rows: int
    ) -> None:
        self._add_shape(shape, n_rows)
        self._keep(shape, cells, rows)
        low, high = float(values.min()), float(values.max())
        for decimal in _DECIMALS:
            if shape in NUMBER_SHAPES[decimal]:
                is_grouped = shape == POINT_OR_GROUPED and decimal == ","
                factor = _THOUSAND if is_grouped else 1.0
                self._widen(decimal, low * factor, high * factor)

    def _add_odd(self, cell: str, n_rows: int) -> None:
        shape = shape_of(cell)
        self._add_shape(shape, n_rows)
        if shape == EMPTY:
            return
        samples = self.samples.setdefault(shape, [])
        if len(samples) < MAX_MISFITS:
            samples.append(cell)
        for decimal in _DECIMALS:
            if shape in NUMBER_SHAPES[decimal]:
                value = parse_number(cell, decimal)
                if value is not None:
                    self._widen(decimal, value, value)

    def _add_shape(self, shape: str, rows: int) -> None:
        if rows:
            self.shapes[shape] += rows

    def _keep(self, shape: str, cells: ColumnCells, rows: Index) -> None:
        n_wanted = MAX_MISFITS - len(self.samples.get(shape, ()))
        if n_wanted > 0 and len(rows):
            self.samples.setdefault(shape, []).extend(cells.texts(rows[:n_wanted]))

    def _widen(self, decimal: Decimal, low: float, high: float) -> None:
        before = self.extremes.get(decimal, (low, high))
        self.extremes[decimal] = min(before[0], low), max(before[1], high)

    # -- Order --------------------------------------------------------------------------

    def _follow(self, cells: ColumnCells) -> None:
        """See whether the values still grow; empty cells are passed over."""
        there = cells.lengths > 0
        is_full = bool(there.all())
        values = read_plain(cells).values
        if not is_full:
            values = values[there]
        if not np.isnan(values).any():
            if len(values):
                self._follow_values(values)
            return
        rows = np.flatnonzero(there)
        if read_times(cells.select(rows[:1])).shapes[0] != plain_times.OTHER:
            times = read_times(cells if is_full else cells.select(rows))
            if (times.shapes != plain_times.OTHER).all():
                self._follow_values(times.micros / _MICROSECONDS)
                return
        for start in range(0, len(rows), _FOLLOWED_CELLS):
            for cell in cells.texts(rows[start : start + _FOLLOWED_CELLS]):
                if not self._grows_to(cell):
                    self.is_increasing = False
                    return

    def _follow_values(self, values: Floats) -> None:
        self.is_increasing = bool((np.diff(values, prepend=self._last) > 0).all())
        self._last = float(values[-1])

    def _grows_to(self, cell: str) -> bool:
        value = parse_number(cell)
        if value is None:
            moment = parse_time(cell)
            value = None if moment is None else (moment - _EPOCH).total_seconds()
        if value is None or value <= self._last:
            return False
        self._last = value
        return True


def _are_numbers(cells: ColumnCells) -> bool:
    """Tell whether most of the first cells are plain numbers."""
    first = cells.select(np.arange(min(SAMPLE_ROWS, len(cells))))
    return bool((read_plain(first).shapes != plain_numbers.OTHER).mean() > _MOST)


def share_memory(columns: Sequence[ColumnCounter], limit_bytes: int) -> None:
    """Let the columns with most different cells give up until the rest fits."""
    held = sum(column.bytes_held for column in columns)
    if held <= limit_bytes:
        return
    for column in sorted(columns, key=lambda column: -column.bytes_held):
        before = column.bytes_held
        column.give_up()
        held -= before - column.bytes_held
        # A quarter is left free, so that not every block comes here again.
        if held <= limit_bytes - limit_bytes // 4:
            return
