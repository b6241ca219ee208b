"""Cells of a block as the values that a schema says they are, ready to be stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from automl_core.records import Storage
from automl_core.tabular import plain_numbers, plain_times
from automl_core.tabular.cell_block import ColumnCells, Index, Mask, Words
from automl_core.tabular.cells import Decimal, parse_number, parse_time
from automl_core.tabular.distinct import KeyIndex, code_keys, count_keys
from automl_core.tabular.parquet_writer import Coded, Column, RawTexts, Values
from automl_core.tabular.plain_numbers import read_plain
from automl_core.tabular.plain_times import read_times

MAX_KNOWN: Final = 20_000
"""Different cells of a column that are remembered with their values."""
MAX_CODED_NUMBERS: Final = 4_096
MAX_CODED_SHARE: Final = 0.5
"""Different cells per cell of a block up to which storing each once is worth it."""
_FEW: Final = 256
"""Values that are all stored in each dictionary, needed in this block or not."""
_THOUSAND: Final = 1000.0
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - times of a table are UTC without a zone
_MICROSECONDS: Final = 1_000_000


class Decision(Protocol):
    """How the cells of a column are to be read; a ``ColumnSchema`` says so."""

    @property
    def storage(self) -> Storage: ...

    @property
    def missing_tokens(self) -> Sequence[str]: ...

    @property
    def time_format(self) -> str | None: ...

    @property
    def n_distinct(self) -> int: ...

    @property
    def distinct_is_exact(self) -> bool: ...


class Convert(Protocol):
    """Turns the cells of a column into values, block after block."""

    def __call__(self, cells: ColumnCells) -> Column:
        """Values of cells, which are asked about as far as they are not known yet."""
        ...

    def of_places(self, cells: ColumnCells, places: Index, texts: Sequence[str]) -> Column:
        """Values of cells that are told by their places in a list.

        Parameters
        ----------
        places : ndarray of shape (n_cells,)
        texts : sequence of str
            May grow from call to call; what was there stays where it is.
        """
        ...


def converter_of(column: Decision, decimal: Decimal) -> Convert:
    """What turns the cells of a column into values."""
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

    def __call__(self, cells: ColumnCells) -> Index:
        """The place of each cell's meaning in ``meanings``."""
        keys = cells.keys()
        ids = self._index.find(keys)
        new = np.flatnonzero(ids < 0)
        if len(new) == 0:
            return ids
        codes, first = code_keys(keys[new])
        if len(self.meanings) + len(first) > MAX_KNOWN and len(self.meanings):
            self._forget()
            return self(cells)
        ids[new] = len(self.meanings) + codes
        self.meanings += [self._rule(text) for text in cells.texts(new[first])]
        self._index.add(keys[new[first]])
        return ids


class _Numbers:
    def __init__(self, column: Decision, decimal: Decimal) -> None:
        self._is_integer = column.storage == "integer"
        self._decimal = decimal
        self._few = column.distinct_is_exact and column.n_distinct <= MAX_CODED_NUMBERS
        self._index = KeyIndex()
        self._odd = _Remembered(lambda text: parse_number(text, decimal))
        self._code_of = np.empty(0, dtype=np.int64)

    def __call__(self, cells: ColumnCells) -> Column:
        values, is_there = self._read(cells)
        if not self._few:
            return Values(values, is_there)
        codes = np.full(len(values), -1, dtype=np.int64)
        if is_there.all():
            codes = self._number(values)
        else:
            codes[is_there] = self._number(values[is_there])
        # Of more numbers than one block has shown it was only thought that they are few.
        self._few = len(self._index) <= MAX_CODED_NUMBERS
        return self._coded(codes, values.dtype)

    def of_places(self, _: ColumnCells, places: Index, texts: Sequence[str]) -> Column:
        n_known = len(self._code_of)
        if len(texts) > n_known:
            values, is_there = self._read(ColumnCells.of_texts(texts[n_known:]))
            codes = np.full(len(values), -1, dtype=np.int64)
            codes[is_there] = self._number(values[is_there])
            self._code_of = np.concatenate([self._code_of, codes])
        return self._coded(
            self._code_of[places], np.dtype(np.int64 if self._is_integer else np.float64)
        )

    def _read(self, cells: ColumnCells) -> tuple[npt.NDArray[Any], Mask]:
        """The numbers, and where there are any."""
        plain = read_plain(cells)
        values = plain.values
        if self._decimal == ",":
            values = values.copy()
            values[plain.shapes == plain_numbers.POINT] = np.nan
            values[plain.shapes == plain_numbers.POINT_OR_GROUPED] *= _THOUSAND
        is_odd = plain.shapes == plain_numbers.OTHER
        if is_odd.any():
            odd = np.flatnonzero(is_odd & (cells.lengths > 0))
            if len(odd):
                ids = self._odd(cells.select(odd))
                meanings = np.array(
                    [np.nan if value is None else value for value in self._odd.meanings]
                )
                values = values.copy()
                values[odd] = meanings[ids]
        is_there = ~np.isnan(values)
        if self._is_integer:
            values = (values if is_there.all() else np.where(is_there, values, 0.0)).astype(
                np.int64
            )
        return values, is_there

    def _number(self, values: npt.NDArray[Any]) -> Index:
        """The place of each value among the different ones."""
        keys = values.view(np.uint64)
        ids = self._index.find(keys)
        new = np.flatnonzero(ids < 0)
        if len(new):
            added, _ = count_keys(keys[new])
            self._index.add(added)
            ids[new] = self._index.find(keys[new])
        return ids

    def _coded(self, codes: Index, dtype: np.dtype[Any]) -> Column:
        distinct = self._index.keys.view(dtype)
        if len(distinct) <= min(_FEW, MAX_CODED_SHARE * len(codes)):
            return Coded(codes, distinct)
        is_there = codes >= 0
        numbers, kept = _renumber(codes[is_there], len(distinct))
        if len(kept) > MAX_CODED_SHARE * len(numbers):
            values = np.zeros(len(codes), dtype=dtype)
            values[is_there] = distinct[codes[is_there]]
            return Values(values, is_there)
        codes = codes.copy()
        codes[is_there] = numbers
        return Coded(codes, distinct[kept])


def _renumber(ids: Index, n_known: int) -> tuple[Index, Index]:
    """Number only those that are used: the new numbers, and the old number of each."""
    is_used = np.zeros(n_known, dtype=bool)
    is_used[ids] = True
    kept = np.flatnonzero(is_used)
    numbers = np.empty(n_known, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers[ids], kept


class _Times:
    def __init__(self, column: Decision) -> None:
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
        self._learned = Values(np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))

    def __call__(self, cells: ColumnCells) -> Values:
        n_rows = len(cells)
        if self._is_iso:
            plain = read_times(cells)
            is_there = plain.shapes != plain_times.OTHER
            numbers = plain.micros // plain_times.DAY_US if self._is_date else plain.micros
        else:
            is_there = np.zeros(n_rows, dtype=bool)
            numbers = np.zeros(n_rows, dtype=np.int64)
        if is_there.all():
            return Values(numbers, is_there)
        odd = np.flatnonzero(~is_there & (cells.lengths > 0))
        if len(odd):
            ids = self._known(cells.select(odd))
            meanings = self._known.meanings
            is_known = np.array([value is not None for value in meanings], dtype=bool)
            is_there[odd] = is_known[ids]
            numbers = numbers.copy()
            numbers[odd] = np.array([value or 0 for value in meanings], dtype=np.int64)[ids]
        return Values(numbers, is_there)

    def of_places(self, cells: ColumnCells, places: Index, texts: Sequence[str]) -> Column:
        known = self._learned
        if len(texts) - len(known.array) > MAX_CODED_SHARE * len(cells):
            return self(cells)
        if len(texts) > len(known.array):
            more = self(ColumnCells.of_texts(texts[len(known.array) :]))
            known = self._learned = Values(
                np.concatenate([known.array, more.array]),
                np.concatenate([known.is_there, more.is_there]),
            )
        return Values(known.array[places], known.is_there[places])


class _Texts:
    def __init__(self, column: Decision) -> None:
        self._tokens = frozenset(column.missing_tokens)
        self._is_raw = False
        self._known = _Remembered(self._value)
        self._values: list[bytes] = []
        self._code_of = np.empty(0, dtype=np.int64)

    def _value(self, text: str) -> bytes | None:
        stripped = text.strip()
        return None if not stripped or stripped in self._tokens else stripped.encode()

    def __call__(self, cells: ColumnCells) -> Column:
        if self._is_raw:
            return _as_they_lie(cells)
        if not self._tokens and _are_mostly_different(cells.keys()):
            # Later blocks of such a column are hardly otherwise, and need not be looked at.
            self._is_raw = True
            return _as_they_lie(cells)
        ids = self._known(cells)
        is_there = np.array([value is not None for value in self._known.meanings], dtype=bool)
        there = is_there[ids]
        codes = np.full(len(ids), -1, dtype=np.int64)
        codes[there], kept = _renumber(ids[there], len(is_there))
        return Coded(codes, [self._known.meanings[i] for i in kept.tolist()])

    def of_places(self, cells: ColumnCells, places: Index, texts: Sequence[str]) -> Column:
        is_used = np.zeros(len(texts), dtype=bool)
        is_used[places] = True
        if not self._tokens and np.count_nonzero(is_used) > MAX_CODED_SHARE * len(cells):
            return _as_they_lie(cells)
        new = texts[len(self._code_of) :]
        if new:
            codes = np.full(len(new), -1, dtype=np.int64)
            for i, value in enumerate(map(self._value, new)):
                if value is not None:
                    codes[i] = len(self._values)
                    self._values.append(value)
            self._code_of = np.concatenate([self._code_of, codes])
        if len(self._values) <= _FEW:
            return Coded(self._code_of[places], self._values[:])
        kept = np.flatnonzero(is_used & (self._code_of >= 0))
        codes = np.full(len(texts), -1, dtype=np.int64)
        codes[kept] = np.arange(len(kept))
        return Coded(codes[places], [self._values[i] for i in self._code_of[kept].tolist()])


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
