"""Counting the cells of one column while they stream by, in bounded memory.

Exact as long as the different values fit into the memory that all columns share; from then
on a column keeps tallies of shapes and a lower bound of its distinct values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from automl_core.tabular.cells import (
    EMPTY,
    INTEGER,
    NUMBER_SHAPES,
    POINT,
    Decimal,
    parse_number,
    parse_time,
    shape_of,
)  # fmt: skip

MEMORY_BYTES: Final = 40 * 1024**2
"""For the different values of all columns together."""
ENTRY_BYTES: Final = 150
"""A value in a dictionary with its count, without its characters."""
MEASURED_CELLS: Final = 32
"""Cells of a chunk whose length stands for all."""
MAX_MISFITS: Final = 5

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times of a table are UTC without a zone
_DECIMALS: Final[tuple[Decimal, ...]] = (".", ",")
# A whole chunk of plain numbers is known by one match instead of thousands.
_ALL_INTEGER = re.compile(r"(?:-?(?:0|[1-9][0-9]{0,14}+)\n)*+")
_ALL_POINT = re.compile(r"(?:-?[0-9]++\.[0-9]++\n)*+")
_CLEARLY_POINT = re.compile(r"\.(?:[0-9]{1,2}|[0-9]{4,})\n")


class ColumnCounter:
    """What is known of one column.

    Attributes
    ----------
    counts : Counter or None
        Rows of each different cell, in order of appearance; None once given up.
    shapes : Counter
        Rows of each shape; complete after :meth:`finish`.
    samples : dict
        A few cells of each shape.
    n_counted : int
        Rows that ``counts`` covered when it was given up, or all.
    n_distinct : int
        Different non-empty cells among these rows.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] | None = Counter()
        self.shapes: Counter[str] = Counter()
        self.samples: dict[str, list[str]] = {}
        self.extremes: dict[Decimal, tuple[float, float]] = {}
        self.n_rows = 0
        self.bytes_per_value = 0
        self.n_counted = 0
        self.n_distinct = 0
        self.is_increasing = True
        self._last = float("-inf")

    def add(self, cells: Sequence[str]) -> None:
        """Take the column's next cells."""
        self.n_rows += len(cells)
        sample = cells[:MEASURED_CELLS]
        self.bytes_per_value = max(self.bytes_per_value, sum(map(len, sample)) // len(sample))
        if self.is_increasing:
            self._follow(cells)
        if self.counts is not None:
            self.counts.update(cells)
        else:
            self._tally_chunk(cells)

    @property
    def bytes_held(self) -> int:
        """Estimate of the memory that the different values take."""
        if self.counts is None:
            return 0
        return len(self.counts) * (ENTRY_BYTES + self.bytes_per_value)

    def give_up(self) -> None:
        """Stop keeping the different values; keep what they told."""
        if self.counts is None:
            return
        self._settle()
        self.counts = None

    def finish(self) -> None:
        """Complete the tallies."""
        if self.counts is not None:
            self._settle()

    def _settle(self) -> None:
        assert self.counts is not None
        self.n_counted = self.n_rows
        self._tally(self.counts)
        self.n_distinct = sum(1 for cell in self.counts if cell and not cell.isspace())

    def _tally_chunk(self, cells: Sequence[str]) -> None:
        joined = "\n".join(cells) + "\n"
        if joined.count("\n") == len(cells):
            if _ALL_INTEGER.fullmatch(joined):
                self._tally_numbers(cells, INTEGER)
                return
            if _ALL_POINT.fullmatch(joined) and _CLEARLY_POINT.search(joined):
                self._tally_numbers(cells, POINT)
                return
        self._tally(Counter(cells))

    def _tally_numbers(self, cells: Sequence[str], shape: str) -> None:
        """Tally a chunk of which every cell is a plain number."""
        self.shapes[shape] += len(cells)
        self.samples.setdefault(shape, [cells[0]])
        numbers = list(map(float, cells))
        low, high = min(numbers), max(numbers)
        for decimal in _DECIMALS:
            if shape in NUMBER_SHAPES[decimal]:
                self._widen(decimal, low, high)

    def _tally(self, counts: Counter[str]) -> None:
        for cell, rows in counts.items():
            shape = shape_of(cell)
            self.shapes[shape] += rows
            if shape == EMPTY:
                continue
            samples = self.samples.setdefault(shape, [])
            if len(samples) < MAX_MISFITS:
                samples.append(cell)
            for decimal in _DECIMALS:
                if shape in NUMBER_SHAPES[decimal]:
                    value = parse_number(cell, decimal)
                    if value is not None:
                        self._widen(decimal, value, value)

    def _widen(self, decimal: Decimal, low: float, high: float) -> None:
        before = self.extremes.get(decimal, (low, high))
        self.extremes[decimal] = min(before[0], low), max(before[1], high)

    def _follow(self, cells: Sequence[str]) -> None:
        """See whether the values still grow; empty cells are passed over."""
        last = self._last
        for cell in cells:
            if not cell:
                continue
            value = parse_number(cell)
            if value is None:
                moment = parse_time(cell)
                value = None if moment is None else _seconds(moment)
            if value is None or value <= last:
                self.is_increasing = False
                return
            last = value
        self._last = last


def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds()


def share_memory(columns: Sequence[ColumnCounter], limit_bytes: int) -> None:
    """Let the columns with most different values give up until the rest fits."""
    held = sum(column.bytes_held for column in columns)
    if held <= limit_bytes:
        return
    for column in sorted(columns, key=lambda column: -column.bytes_held):
        held -= column.bytes_held
        column.give_up()
        # Half is left free, so that not every chunk comes here again.
        if held <= limit_bytes // 2:
            return
