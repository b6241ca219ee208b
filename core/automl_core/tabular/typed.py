"""Cells of a block as the values that a schema says they are, ready to be stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular import plain_numbers, plain_times
from automl_core.tabular.cell_block import ColumnCells, Index, Mask, Words
from automl_core.tabular.cells import Decimal, parse_number, parse_time
from automl_core.tabular.distinct import KeyIndex, code_keys, count_keys
from automl_core.tabular.parquet_writer import Coded, Column, RawTexts, Values
from automl_core.tabular.plain_numbers import PlainNumbers, read_plain
from automl_core.tabular.plain_times import read_times
from automl_core.tabular.schema import ColumnSchema

MAX_KNOWN: Final = 20_000
"""Different cells of a column that are remembered with their values."""
MAX_CODED_NUMBERS: Final = 4_096
MAX_CODED_SHARE: Final = 0.5
"""Different cells per cell of a block up to which storing each once is worth it."""
_THOUSAND: Final = 1000.0
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - times of a table are UTC without a zone
_MICROSECONDS: Final = 1_000_000

Convert = Callable[[ColumnCells, PlainNumbers | None], Column]


def converter_of(column: ColumnSchema, decimal: Decimal) -> Convert:
    """What turns the cells of a column into values, block after block.

    It also takes the plain numbers among the cells, where they are known already.
    """
    if column.storage in {"integer", "decimal"}:
        return _Numbers(column, decimal)
    if column.storage in {"date", "datetime"}:
        return _Times(column)
    return _Texts(column)


class _Remembered:
    """What cells mean, asked once for each different cell."""

    def __init__(self, rule: Callable[[str], Any]) -> None:
        self._rule = rule
        self._forget()

    def _forget(self) -> None:
        self._index = KeyIndex()
        self.meanings: list[Any] = []

    def __call__(self, cells: ColumnCells, keys: Words) -> Index:
        """The place of each cell's meaning in ``meanings``."""
        ids = self._index.find(keys)
        new = np.flatnonzero(ids < 0)
        if len(new) == 0:
            return ids
        codes, first = code_keys(keys[new])
        if len(self.meanings) + len(first) > MAX_KNOWN and len(self.meanings):
            self._forget()
            return self(cells, keys)
        ids[new] = len(self.meanings) + codes
        self.meanings += [self._rule(text) for text in cells.texts(new[first])]
        self._index.add(keys[new[first]])
        return ids


class _Numbers:
    def __init__(self, column: ColumnSchema, decimal: Decimal) -> None:
        self._is_integer = column.storage == "integer"
        self._decimal = decimal
        self._few = column.distinct_is_exact and column.n_distinct <= MAX_CODED_NUMBERS
        self._index = KeyIndex()
        self._odd = _Remembered(lambda text: parse_number(text, decimal))

    def __call__(self, cells: ColumnCells, plain: PlainNumbers | None = None) -> Column:
        plain = plain or read_plain(cells)
        values = plain.values
        if self._decimal == ",":
            values[plain.shapes == plain_numbers.POINT] = np.nan
            values[plain.shapes == plain_numbers.POINT_OR_GROUPED] *= _THOUSAND
        odd = np.flatnonzero((plain.shapes == plain_numbers.OTHER) & (cells.lengths > 0))
        if len(odd):
            rest = cells.select(odd)
            ids = self._odd(rest, rest.keys())
            meanings = np.array(
                [np.nan if value is None else value for value in self._odd.meanings]
            )
            values[odd] = meanings[ids]
        is_there = ~np.isnan(values)
        if self._is_integer:
            values = np.where(is_there, values, 0.0).astype(np.int64)
        if self._few:
            return self._code(values, is_there)
        return Values(values, is_there)

    def _code(self, values: npt.NDArray[Any], is_there: Mask) -> Column:
        keys = values[is_there].view(np.uint64)
        ids = self._index.find(keys)
        new = np.flatnonzero(ids < 0)
        if len(new):
            added, _ = count_keys(keys[new])
            self._index.add(added)
            ids[new] = self._index.find(keys[new])
        codes = np.full(len(values), -1, dtype=np.int64)
        codes[is_there], kept = _renumber(ids, len(self._index))
        if len(kept) > MAX_CODED_SHARE * len(ids):
            return Values(values, is_there)
        return Coded(codes, self._index.keys[kept].view(values.dtype))


def _renumber(ids: Index, n_known: int) -> tuple[Index, Index]:
    """Number only those that are used: the new numbers, and the old number of each."""
    is_used = np.zeros(n_known, dtype=bool)
    is_used[ids] = True
    kept = np.flatnonzero(is_used)
    numbers = np.empty(n_known, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers[ids], kept


class _Times:
    def __init__(self, column: ColumnSchema) -> None:
        time_format = column.time_format
        is_date = column.storage == "date"

        def number(text: str) -> int | None:
            moment = parse_time(text, time_format)
            if moment is None:
                return None
            passed = moment - _EPOCH
            if is_date:
                return passed.days
            seconds = passed.days * 86_400 + passed.seconds
            return seconds * _MICROSECONDS + passed.microseconds

        self._is_iso = time_format is None
        self._is_date = is_date
        self._known = _Remembered(number)

    def __call__(self, cells: ColumnCells, _: PlainNumbers | None = None) -> Column:
        n_rows = len(cells)
        is_there = np.zeros(n_rows, dtype=bool)
        numbers = np.zeros(n_rows, dtype=np.int64)
        if self._is_iso:
            plain = read_times(cells)
            is_there = plain.shapes != plain_times.OTHER
            numbers = plain.micros // plain_times.DAY_US if self._is_date else plain.micros
        odd = np.flatnonzero(~is_there & (cells.lengths > 0))
        if len(odd):
            rest = cells.select(odd)
            ids = self._known(rest, rest.keys())
            meanings = self._known.meanings
            is_known = np.array([value is not None for value in meanings], dtype=bool)
            is_there[odd] = is_known[ids]
            numbers[odd] = np.array([value or 0 for value in meanings], dtype=np.int64)[ids]
        return Values(numbers, is_there)


class _Texts:
    def __init__(self, column: ColumnSchema) -> None:
        self._tokens = frozenset(column.missing_tokens)
        self._is_raw = False
        self._known = _Remembered(self._value)

    def _value(self, text: str) -> bytes | None:
        stripped = text.strip()
        return None if not stripped or stripped in self._tokens else stripped.encode()

    def __call__(self, cells: ColumnCells, _: PlainNumbers | None = None) -> Column:
        if self._is_raw:
            return _as_they_lie(cells)
        keys = cells.keys()
        if not self._tokens and _are_mostly_different(keys):
            # Later blocks of such a column are hardly otherwise, and need not be looked at.
            self._is_raw = True
            return _as_they_lie(cells)
        ids = self._known(cells, keys)
        is_there = np.array([value is not None for value in self._known.meanings], dtype=bool)
        there = is_there[ids]
        codes = np.full(len(ids), -1, dtype=np.int64)
        codes[there], kept = _renumber(ids[there], len(is_there))
        return Coded(codes, [self._known.meanings[i] for i in kept.tolist()])


def _as_they_lie(cells: ColumnCells) -> Column:
    trimmed = _trim(cells)
    return RawTexts(trimmed, trimmed.lengths > 0)


def _are_mostly_different(keys: Words) -> bool:
    ordered = np.sort(keys)
    return int((ordered[1:] != ordered[:-1]).sum()) > MAX_CODED_SHARE * len(keys)


#: First and last bytes of blanks in UTF-8; no blank has others.
_BLANK_STARTS: Final = np.zeros(256, dtype=bool)
_BLANK_STARTS[[*range(9, 14), *range(28, 33), 0xC2, 0xE1, 0xE2, 0xE3]] = True
_BLANK_ENDS: Final = np.zeros(256, dtype=bool)
_BLANK_ENDS[[*range(9, 14), *range(28, 33), *range(0x80, 0x8B), 0x9F, 0xA0, 0xA8, 0xA9, 0xAF]] = (
    True
)


def _trim(cells: ColumnCells) -> ColumnCells:
    """Leave the blanks around each cell out."""
    top = len(cells.data) - 1
    first = cells.data[np.minimum(cells.starts, top)]
    last = cells.data[np.clip(cells.starts + cells.lengths - 1, 0, top)]
    doubtful = np.flatnonzero((cells.lengths > 0) & (_BLANK_STARTS[first] | _BLANK_ENDS[last]))
    if len(doubtful) == 0:
        return cells
    starts, lengths = cells.starts.copy(), cells.lengths.copy()
    for row, text in zip(doubtful.tolist(), cells.texts(doubtful), strict=True):
        left = text.lstrip()
        starts[row] += len(text[: len(text) - len(left)].encode())
        lengths[row] = len(left.rstrip().encode())
    return ColumnCells(cells.data, starts, lengths)
