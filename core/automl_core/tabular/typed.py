"""Cells of a block as the values that a schema says they are, ready to be stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular import plain_numbers
from automl_core.tabular.cell_block import ColumnCells, Index, Mask, Words
from automl_core.tabular.cells import Decimal, is_missing, parse_number, parse_time
from automl_core.tabular.distinct import code_keys, count_keys
from automl_core.tabular.parquet_writer import Coded, Column, RawTexts, Values
from automl_core.tabular.plain_numbers import read_plain
from automl_core.tabular.schema import ColumnSchema

MAX_KNOWN: Final = 20_000
"""Different cells of a column that are remembered with their values."""
MAX_CODED_NUMBERS: Final = 4_096
MAX_CODED_SHARE: Final = 0.5
"""Different cells per cell of a block up to which storing each once is worth it."""
_THOUSAND: Final = 1000.0
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - times of a table are UTC without a zone
_MICROSECONDS: Final = 1_000_000

Convert = Callable[[ColumnCells], Column]


def converter_of(column: ColumnSchema, decimal: Decimal) -> Convert:
    """What turns the cells of a column into values, block after block."""
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
        self._keys: Words = np.empty(0, dtype=np.uint64)
        self._ids: Index = np.empty(0, dtype=np.int64)
        self.meanings: list[Any] = []

    def __call__(self, cells: ColumnCells, keys: Words) -> Index:
        """The place of each cell's meaning in ``meanings``."""
        ids = self._look_up(keys)
        new = np.flatnonzero(ids < 0)
        if len(new) == 0:
            return ids
        codes, first = code_keys(keys[new])
        if len(self.meanings) + len(first) > MAX_KNOWN and len(self.meanings):
            self._forget()
            return self(cells, keys)
        n_before = len(self.meanings)
        ids[new] = n_before + codes
        self.meanings += [self._rule(text) for text in cells.texts(new[first])]
        together = np.concatenate([self._keys, keys[new[first]]])
        order = np.argsort(together)
        self._keys = together[order]
        self._ids = np.concatenate([self._ids, np.arange(n_before, len(self.meanings))])[order]
        return ids

    def _look_up(self, keys: Words) -> Index:
        ids = np.full(len(keys), -1, dtype=np.int64)
        if len(self._keys):
            places = np.searchsorted(self._keys, keys)
            places[places == len(self._keys)] = 0
            is_known = self._keys[places] == keys
            ids[is_known] = self._ids[places[is_known]]
        return ids


class _Numbers:
    def __init__(self, column: ColumnSchema, decimal: Decimal) -> None:
        self._is_integer = column.storage == "integer"
        self._decimal = decimal
        self._few = column.distinct_is_exact and column.n_distinct <= MAX_CODED_NUMBERS
        self._odd = _Remembered(lambda text: parse_number(text, decimal))

    def __call__(self, cells: ColumnCells) -> Column:
        plain = read_plain(cells)
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
            return _code(values, is_there)
        return Values(values, is_there)


def _code(values: npt.NDArray[Any], is_there: Mask) -> Column:
    there = values[is_there]
    distinct, _ = count_keys(there.view(np.uint64))
    if len(distinct) > MAX_CODED_SHARE * len(there):
        return Values(values, is_there)
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[is_there] = np.searchsorted(distinct, there.view(np.uint64))
    return Coded(codes, distinct.view(values.dtype))


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

        self._known = _Remembered(number)

    def __call__(self, cells: ColumnCells) -> Column:
        ids = self._known(cells, cells.keys())
        meanings = self._known.meanings
        is_known = np.array([value is not None for value in meanings], dtype=bool)
        numbers = np.array([value or 0 for value in meanings], dtype=np.int64)
        return Values(numbers[ids], is_known[ids])


class _Texts:
    def __init__(self, column: ColumnSchema) -> None:
        self._tokens = frozenset(column.missing_tokens)
        self._known = _Remembered(self._value)

    def _value(self, text: str) -> bytes | None:
        return None if is_missing(text, self._tokens) else text.encode()

    def __call__(self, cells: ColumnCells) -> Column:
        keys = cells.keys()
        if not self._tokens and _are_mostly_different(keys):
            return RawTexts(cells, ~_are_blank(cells))
        ids = self._known(cells, keys)
        used = np.zeros(len(self._known.meanings), dtype=bool)
        used[ids] = True
        is_there = np.array([value is not None for value in self._known.meanings], dtype=bool)
        codes = np.full(len(used), -1, dtype=np.int64)
        kept = np.flatnonzero(used & is_there)
        codes[kept] = np.arange(len(kept))
        return Coded(codes[ids], [self._known.meanings[i] for i in kept.tolist()])


def _are_mostly_different(keys: Words) -> bool:
    ordered = np.sort(keys)
    return int((ordered[1:] != ordered[:-1]).sum()) > MAX_CODED_SHARE * len(keys)


#: First bytes of blanks in UTF-8; all others begin no blank.
_BLANK_STARTS: Final = np.zeros(256, dtype=bool)
_BLANK_STARTS[[*range(9, 14), *range(28, 33), 0xC2, 0xE1, 0xE2, 0xE3]] = True


def _are_blank(cells: ColumnCells) -> Mask:
    """Tell which cells hold nothing, or nothing but blanks."""
    blank: Mask = cells.lengths == 0
    first = cells.data[np.minimum(cells.starts, len(cells.data) - 1)]
    doubtful = np.flatnonzero(~blank & _BLANK_STARTS[first])
    if len(doubtful):
        blank[doubtful] = [not text.strip() for text in cells.texts(doubtful)]
    return blank
