"""Every column of a table: what was counted of it, and its cells on the sampled rows.

A table that the sample holds whole is fetched once, column by column. Of a longer one,
columns of few different values are counted in the database, which groups the dictionaries
of the file instead of rows; only columns of many values are fetched row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.parquet_source import ParquetSource
from automl_core.tabular.row_keys import RowKeys
from automl_core.tabular.samples import SampleColumn, sample_of_numbers
from automl_core.tabular.sampling import Sample
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.statistics import N_TOP, Codes, describe_numbers, describe_runs
from automl_core.tabular.text_counts import TextRuns

Details = dict[str, Any]

MAX_EXACT_ROWS: Final = 20_000_000
"""Rows up to which every different text is counted; 160 MB of hashes."""
MANY_VALUES: Final = 20_000
"""Different values from which sorting the rows is quicker than grouping them."""
WIDE: Final = 100
"""Columns from which a query for each of them costs more than what it asks."""
_STAGED_CELLS: Final = 4_000_000


@dataclass
class Measured:
    """What was counted of columns, and what they hold on the sampled rows; all by name."""

    details: dict[str, Details] = field(default_factory=dict)
    sampled: dict[str, SampleColumn] = field(default_factory=dict)
    uncounted: list[str] = field(default_factory=list)
    """Columns whose values are too many in too many rows to be counted."""
    gaps: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    """Where a cell is missing, of columns that were fetched whole and have gaps."""


def measure_columns(
    source: ParquetSource,
    schema: TableSchema,
    sample: Sample,
    keys: RowKeys,
    *,
    target: str | None,
    is_over: Callable[[], bool],
    max_exact_rows: int = MAX_EXACT_ROWS,
) -> Measured:
    """Measure the columns of a table until all are done or the time is over.

    Parameters
    ----------
    keys : RowKeys
        Gets every column whose rows pass through here.
    target : str or None
        Measured first, since most of what follows is about it.
    is_over : callable
        Asked before each column; those that are left have no entry in the answer.
    max_exact_rows : int
        Rows up to which the different values of every text column are counted.
    """
    columns = sorted(schema.columns, key=lambda column: column.name != target)
    work = _Work(source, sample, keys, is_over, max_exact_rows)
    numbers = [column for column in columns if source.is_number(column.name)]
    texts = [column for column in columns if not source.is_number(column.name)]
    if sample.is_everything:
        work.whole_numbers(numbers)
        work.whole_texts(texts)
    elif len(columns) > WIDE:
        work.many_numbers(numbers)
        width = max(1, _STAGED_CELLS // max(sample.of, 1))
        for start in range(0, len(texts), width):
            batch = texts[start : start + width]
            with source.staged([column.name for column in batch]):
                work.long_texts(batch)
        work.read_sample(texts)
    else:
        few = [column for column in numbers if _has_few_values(column)]
        work.few_numbers(few)
        work.many_numbers([column for column in numbers if not _has_few_values(column)])
        work.long_texts(texts)
        work.read_sample([*few, *texts])
    return work.measured


def _has_few_values(column: ColumnSchema) -> bool:
    return column.distinct_is_exact and column.n_distinct <= MANY_VALUES


@dataclass
class _Work:
    source: ParquetSource
    sample: Sample
    keys: RowKeys
    is_over: Callable[[], bool]
    max_exact_rows: int
    measured: Measured = field(default_factory=Measured)
    counted: dict[str, TextRuns] = field(default_factory=dict)

    # -- The sample is the whole table ----------------------------------------------------

    def whole_numbers(self, columns: Sequence[ColumnSchema]) -> None:
        """Fetch number columns once for everything."""
        for column, values in self._fetched(columns):
            self.keys.add(column, values.view(np.uint64))
            self._keep(column, sample_of_numbers(column.name, values))
            if self.measured.details[column.name]["n_missing"]:
                self.measured.gaps[column.name] = np.isnan(values)

    def whole_texts(self, columns: Sequence[ColumnSchema]) -> None:
        """Fetch text columns once for everything."""
        by_name = {column.name: column for column in columns}
        for found in self.source.texts(list(by_name), self.sample.of):
            if self.is_over():
                return
            assert found.codes is not None
            rows = np.bincount(found.codes + 1, minlength=len(found.levels) + 1)
            self.measured.details[found.name] = _text_details(
                found.levels, rows[1:], n_missing=int(rows[0])
            )
            self.keys.add(by_name[found.name], found.codes.view(np.uint64))
            self._keep(by_name[found.name], found)
            if rows[0]:
                self.measured.gaps[found.name] = found.is_missing

    # -- Long tables ----------------------------------------------------------------------

    def few_numbers(self, columns: Sequence[ColumnSchema]) -> None:
        """Count number columns in the database."""
        for column in columns:
            if self.is_over():
                return
            runs = self.source.number_runs(column.name)
            is_time = self.source.is_time(column.name)
            self.measured.details[column.name] = _number_details(
                describe_runs(runs, is_time=is_time)
            )

    def many_numbers(self, columns: Sequence[ColumnSchema]) -> None:
        """Fetch number columns; the sample is taken from them."""
        for column, values in self._fetched(columns):
            self.keys.add(column, values.view(np.uint64))
            self._keep(column, sample_of_numbers(column.name, values[self.sample.rows]))

    def long_texts(self, columns: Sequence[ColumnSchema]) -> None:
        """Count text columns in the database, or by hash where they have many values."""
        for column in columns:
            if self.is_over():
                return
            if _has_few_values(column):
                runs = self.source.text_runs(column.name)
                self.counted[column.name] = runs
                self.measured.details[column.name] = _text_details(
                    runs.values, runs.rows, n_missing=runs.n_missing
                )
            elif self.sample.of <= self.max_exact_rows:
                self.measured.details[column.name] = self._hashed_details(column)
            else:
                self.measured.uncounted.append(column.name)
                self.measured.details[column.name] = self._estimated_details(column)

    def read_sample(self, columns: Sequence[ColumnSchema]) -> None:
        """Read columns that were only counted on the sampled rows."""
        wanted = [
            column.name
            for column in columns
            if column.name in self.measured.details and _is_looked_at(column)
        ]
        if not wanted or self.is_over():
            return
        for found in self.source.sample(wanted, self.sample.rows, self.counted):
            self.measured.sampled[found.name] = found

    # -- Parts ----------------------------------------------------------------------------

    def _fetched(self, columns: Sequence[ColumnSchema]) -> Iterator[tuple[ColumnSchema, Any]]:
        by_name = {column.name: column for column in columns}
        for name, values in self.source.numbers(list(by_name), self.sample.of):
            if self.is_over():
                return
            self.measured.details[name] = _number_details(
                describe_numbers(values, is_time=self.source.is_time(name))
            )
            yield by_name[name], values

    def _keep(self, column: ColumnSchema, found: SampleColumn) -> None:
        if _is_looked_at(column):
            self.measured.sampled[column.name] = found

    def _hashed_details(self, column: ColumnSchema) -> Details:
        found = self.source.hashed(column.name, self.sample.of)
        self.keys.add(column, found.hashes)
        is_missing = found.is_missing
        there = found.hashes if is_missing is None else found.hashes[~is_missing]
        ordered = np.sort(there)
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        starts = starts if len(ordered) else starts[:0]
        rows = np.diff(starts, append=len(ordered))
        return {
            **_NO_NUMBERS,
            "n_missing": self.sample.of - len(there),
            "n_distinct": len(starts),
            "top": self.source.most_frequent_texts(column.name, ordered[starts], rows, N_TOP),
            "lengths": _lengths(found.length_min, found.length_mean, found.length_max)
            if len(there)
            else None,
        }

    def _estimated_details(self, column: ColumnSchema) -> Details:
        found = self.source.estimate_texts(column.name)
        return {
            **_NO_NUMBERS,
            "n_missing": self.sample.of - found.n_present,
            "n_distinct": found.n_distinct,
            "exact": False,
            "top": [],
            "lengths": _lengths(found.length_min, found.length_mean, found.length_max)
            if found.n_present
            else None,
        }


_NO_NUMBERS: Final = {"n_infinite": 0, "stats": None, "histogram": None}


def _lengths(low: int, mean: float, high: int) -> dict[str, float]:
    return {"minimum": low, "mean": mean, "maximum": high}


def _is_looked_at(column: ColumnSchema) -> bool:
    """Tell whether any later block reads the column's sampled cells."""
    return column.n_distinct > 0 and column.kind != "constant"


def _number_details(described: Details) -> Details:
    return {**described, "lengths": None}


def _text_details(values: Sequence[str], rows: Codes, *, n_missing: int) -> Details:
    """Details of texts that come sorted, each with its rows."""
    n_present = int(rows.sum())
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    mean = float((rows * lengths).sum()) / max(n_present, 1)
    order = np.argsort(-rows, kind="stable")[:N_TOP].tolist()
    repeats = n_present > len(values)
    return {
        **_NO_NUMBERS,
        "n_missing": n_missing,
        "n_distinct": len(values),
        "top": [(values[i], int(rows[i])) for i in order] if repeats else [],
        "lengths": _lengths(int(lengths.min()), mean, int(lengths.max())) if n_present else None,
    }
