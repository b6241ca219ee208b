"""Columns of a typed Parquet table as numpy arrays, a few at a time.

All SQL of the profile is here. Memory stays that of one batch of columns plus the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.engine import connect, identifier
from automl_core.tabular.samples import SampleColumn, encode, only_used, sample_of_numbers
from automl_core.tabular.statistics import Codes, Floats, Runs
from automl_core.tabular.text_counts import HashedTexts, Hashes, TextEstimate, TextRuns

__all__ = ["Codes", "Floats", "ParquetSource", "SampleColumn"]


_BATCH_CELLS: Final = 4_000_000
"""Cells fetched at once: 32 MB of float64."""
_SLICE_ROWS: Final = 8_000_000
"""Rows fetched at once: DuckDB holds an answer a second time before it hands it over."""
_MAX_CANDIDATES: Final = 2_000
"""Texts that may be among the most frequent, up to which they are asked for by hash."""

_NUMBER_TYPES: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL",
)  # fmt: skip
_TIME_TYPES: Final = ("DATE", "TIMESTAMP")


class ParquetSource:
    """Reads one Parquet file; a context manager, since it holds a database connection."""

    def __init__(self, path: Path) -> None:
        path = path.resolve()
        self._closing = ExitStack()
        self._connection = self._closing.enter_context(connect([path.parent]))
        table = self._connection.read_parquet(str(path), file_row_number=True)
        self._types = {
            name: str(kind)
            for name, kind in zip(table.columns, table.types, strict=True)
            if name != "file_row_number"
        }
        table.create_view("t")
        self._staged: frozenset[str] = frozenset()

    def __enter__(self) -> ParquetSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    # -- What is there ------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Columns in file order."""
        return list(self._types)

    def is_number(self, name: str) -> bool:
        """Tell whether a column holds numbers or times, as stored in the file."""
        return self._types[name].startswith(_NUMBER_TYPES + _TIME_TYPES)

    def is_time(self, name: str) -> bool:
        """Tell whether a column holds dates or moments, as stored in the file."""
        return self._types[name].startswith(_TIME_TYPES)

    def count_rows(self) -> int:
        """Rows of the table."""
        return int(self._one("SELECT count(*) FROM t")[0])

    @contextmanager
    def staged(self, names: Sequence[str]) -> Iterator[None]:
        """Copy columns of a wide table into memory while they are looked at one by one.

        Each query on the file reads the footer of all its columns again, which for 1,500
        columns takes longer than the counting.
        """
        chosen = ", ".join(map(identifier, names))
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {chosen} FROM t")  # noqa: S608 - names are quoted
        self._staged = frozenset(names)
        try:
            yield
        finally:
            self._staged = frozenset()
            self._connection.execute("DROP TABLE staged")

    def _table(self, name: str) -> str:
        return "staged" if name in self._staged else "t"

    # -- Values of one column, counted ----------------------------------------------------

    def number_runs(self, name: str) -> Runs:
        """Count a number or time column of few different values in the database.

        Values leave it counted, so that neither every row nor a sort of them is needed;
        grouped as they are stored, since dictionaries of the file are then grouped once.
        """
        column = identifier(name)
        arrays = self._connection.execute(
            f"SELECT {self._as_double(name, 'v')} AS v, n FROM "  # noqa: S608 - names are quoted
            f"(SELECT {column} AS v, count(*) AS n FROM t GROUP BY {column})"
        ).fetchnumpy()
        values, rows = _plain(arrays["v"]), np.ma.getdata(arrays["n"]).astype(np.int64)
        order = np.argsort(values, kind="stable")
        values, rows = values[order], rows[order]
        finite = np.isfinite(values)
        missing = int(rows[np.isnan(values)].sum())
        return Runs(
            values=values[finite] + 0.0,
            rows=rows[finite],
            n_missing=missing,
            n_infinite=int(rows[~finite].sum()) - missing,
        )

    def text_runs(self, name: str) -> TextRuns:
        """Count a text column of few different values."""
        column = _as_text(name)
        rows = self._connection.execute(
            f"SELECT v, hash(v), n FROM (SELECT {column} AS v, count(*) AS n "  # noqa: S608 - names are quoted
            f"FROM {self._table(name)} GROUP BY {column})"
        ).fetchall()
        there = sorted(row for row in rows if row[0] is not None)
        return TextRuns(
            values=tuple(row[0] for row in there),
            hashes=np.array([row[1] for row in there], dtype=np.uint64),
            rows=np.array([row[2] for row in there], dtype=np.int64),
            n_missing=sum(row[2] for row in rows if row[0] is None),
        )

    def hashed(self, name: str, n_rows: int) -> HashedTexts:
        """A text column of many different values, its rows in their order."""
        hashes = np.empty(n_rows, dtype=np.uint64)
        masks: list[npt.NDArray[np.bool_]] = []
        low, high, total, there = np.iinfo(np.int32).max, 0, 0, 0
        column = _as_text(name)
        for start, where in _slices(n_rows):
            arrays = self._connection.execute(
                f"SELECT hash({column}) AS h, CAST(length({column}) AS INTEGER) AS l "  # noqa: S608 - names are quoted
                f"FROM {self._table(name)} {where}"
            ).fetchnumpy()
            stop = start + len(arrays["h"])
            hashes[start:stop] = arrays["h"]
            masks.append(np.ma.getmaskarray(arrays["l"]))
            lengths = np.ma.getdata(arrays["l"])[~masks[-1]]
            if len(lengths):
                low, high = min(low, int(lengths.min())), max(high, int(lengths.max()))
                total, there = total + int(lengths.sum(dtype=np.int64)), there + len(lengths)
        return HashedTexts(
            hashes=hashes,
            is_missing=np.concatenate(masks) if there < n_rows else None,
            length_min=low if there else 0,
            length_mean=total / there if there else 0.0,
            length_max=high,
        )

    def most_frequent_texts(
        self, name: str, hashes: Hashes, rows: Codes, n_top: int
    ) -> list[tuple[str, int]]:
        """The most frequent texts of a column whose hashes were counted; ties by text."""
        if len(rows) == 0 or int(rows.max()) < 2:
            return []
        least = int(np.sort(rows)[-n_top:][0])
        candidates = hashes[rows >= least]
        column = _as_text(name)
        where, bound = f"{column} IS NOT NULL", []
        if len(candidates) <= _MAX_CANDIDATES:
            where += f" AND hash({column}) IN (SELECT unnest(CAST(? AS UBIGINT[])))"
            bound = [candidates.tolist()]
        found = self._connection.execute(
            f"SELECT {column} AS v, count(*) AS n FROM {self._table(name)} WHERE {where} "  # noqa: S608 - names are quoted
            f"GROUP BY v ORDER BY n DESC, v LIMIT {int(n_top)}",
            bound,
        ).fetchall()
        return [(str(text), int(count)) for text, count in found]

    def estimate_texts(self, name: str) -> TextEstimate:
        """A text column of a table too long to count every value of it."""
        column = _as_text(name)
        row = self._one(
            f"SELECT approx_count_distinct({column}), count({column}), min(length({column})), "  # noqa: S608 - names are quoted
            f"avg(length({column})), max(length({column})) FROM t"
        )
        return TextEstimate(int(row[0]), int(row[1]), row[2] or 0, row[3] or 0.0, row[4] or 0)

    # -- All rows -----------------------------------------------------------------------

    def numbers(self, names: Sequence[str], n_rows: int) -> Iterator[tuple[str, Floats]]:
        """Yield number and time columns on all rows in their order, NaN where missing.

        Infinities pass through; times are seconds since 1970, UTC.
        """
        width = max(1, _BATCH_CELLS // max(n_rows, 1))
        for batch in _batches(names, width):
            chosen = ", ".join(
                f"{self._as_double(name, identifier(name))} AS c{i}" for i, name in enumerate(batch)
            )
            found: list[list[Floats]] = [[] for _ in batch]
            for _, where in _slices(n_rows):
                arrays = self._connection.execute(f"SELECT {chosen} FROM t {where}").fetchnumpy()  # noqa: S608 - names are quoted
                for i in range(len(batch)):
                    found[i].append(_plain(arrays.pop(f"c{i}")))
            for i, name in enumerate(batch):
                parts, found[i] = found[i], []
                yield name, parts[0] if len(parts) == 1 else np.concatenate(parts)

    def texts(self, names: Sequence[str], n_rows: int) -> Iterator[SampleColumn]:
        """Yield text columns on all rows in their order, as codes."""
        for batch in _batches(names, max(1, _BATCH_CELLS // max(n_rows, 1))):
            chosen = ", ".join(f"{_as_text(name)} AS c{i}" for i, name in enumerate(batch))
            arrays = self._connection.execute(f"SELECT {chosen} FROM t").fetchnumpy()  # noqa: S608 - names are quoted
            for i, name in enumerate(batch):
                yield encode(name, arrays.pop(f"c{i}"))

    def row_hashes(
        self, groups: Sequence[Sequence[str]], *, where_present: str | None = None
    ) -> list[Hashes]:
        """One hash a row of each group of columns, of rows where a column has a value."""
        chosen = ", ".join(
            f"hash({', '.join(map(identifier, names))}) AS h{i}" for i, names in enumerate(groups)
        )
        where = "" if where_present is None else f"WHERE {identifier(where_present)} IS NOT NULL"
        arrays = self._connection.execute(f"SELECT {chosen} FROM t {where}").fetchnumpy()  # noqa: S608 - names are quoted
        return [np.asarray(arrays[f"h{i}"]) for i in range(len(groups))]

    def count_gap_patterns(self, names: Sequence[str]) -> tuple[npt.NDArray[np.bool_], Codes]:
        """Count rows by which of the columns are missing in them.

        Returns
        -------
        patterns : ndarray of shape (n_patterns, n_columns)
            True where missing; in no order.
        rows : ndarray of shape (n_patterns,)
        """
        words = [
            " + ".join(
                f"CASE WHEN {identifier(name)} IS NULL THEN {1 << i} ELSE 0 END"
                for i, name in enumerate(word)
            )
            for word in _batches(names, 60)
        ]
        chosen = ", ".join(f"CAST({word} AS BIGINT) AS w{i}" for i, word in enumerate(words))
        arrays = self._connection.execute(
            f"SELECT {chosen}, count(*) AS n FROM t GROUP BY ALL"  # noqa: S608 - names are quoted
        ).fetchnumpy()
        packed = np.stack([np.asarray(arrays[f"w{i}"]) for i in range(len(words))])
        at = np.arange(len(names))
        patterns = (packed[at // 60].T >> (at % 60)) & 1
        return patterns.astype(np.bool_), np.asarray(arrays["n"]).astype(np.int64)

    def classes_where_missing(self, names: Sequence[str], target: str) -> dict[str, dict[str, int]]:
        """Rows per class of the target among each column's gaps."""
        found: dict[str, dict[str, int]] = {name: {} for name in names}
        if not names:
            return found
        gaps = ", ".join(f"count(*) - count({identifier(name)})" for name in names)
        rows = self._connection.execute(
            f"SELECT CAST({identifier(target)} AS VARCHAR), {gaps} FROM t "  # noqa: S608 - names are quoted
            f"WHERE {identifier(target)} IS NOT NULL GROUP BY ALL"
        ).fetchall()
        for label, *counts in rows:
            for name, count in zip(names, counts, strict=True):
                found[name][str(label)] = int(count)
        return found

    def class_rows(self, target: str) -> dict[str, int]:
        """Rows per value of the target, labelled as in ``classes_where_missing``."""
        rows = self._connection.execute(
            f"SELECT CAST({identifier(target)} AS VARCHAR), count(*) FROM t "  # noqa: S608 - names are quoted
            f"WHERE {identifier(target)} IS NOT NULL GROUP BY ALL"
        ).fetchall()
        return {str(label): int(count) for label, count in rows}

    def rows_of_classes(self, target: str, labels: Sequence[str]) -> dict[str, Codes]:
        """Row numbers, ascending, of some values of the target, labelled as in ``class_rows``."""
        arrays = self._connection.execute(
            f"SELECT file_row_number AS r, {_as_text(target)} AS v FROM t "  # noqa: S608 - names are quoted
            f"WHERE {_as_text(target)} IN (SELECT unnest(CAST(? AS VARCHAR[])))",
            [list(labels)],
        ).fetchnumpy()
        found = np.asarray(arrays["v"])
        return {label: np.sort(np.asarray(arrays["r"])[found == label]) for label in labels}

    # -- Sampled rows -------------------------------------------------------------------

    def sample(
        self, names: Sequence[str], rows: Codes, counted: Mapping[str, TextRuns]
    ) -> Iterator[SampleColumn]:
        """Yield columns on the given row numbers (ascending).

        Texts that were ``counted`` before are told by their hash and never made again.
        """
        self._connection.register("sampled", {"r": rows})
        for batch in _batches(names, max(1, _BATCH_CELLS // max(len(rows), 1))):
            chosen = ", ".join(
                f"{self._sampled_cell(name, is_counted=name in counted)} AS c{i}"
                for i, name in enumerate(batch)
            )
            arrays = self._connection.execute(
                f"SELECT file_row_number AS r, {chosen} FROM t "  # noqa: S608 - names are quoted
                "WHERE file_row_number IN (SELECT r FROM sampled)"
            ).fetchnumpy()
            order = np.argsort(np.asarray(arrays["r"]), kind="stable")
            for i, name in enumerate(batch):
                cells = arrays.pop(f"c{i}")[order]
                if self.is_number(name):
                    yield sample_of_numbers(name, _plain(cells))
                elif name in counted:
                    yield _by_hash(name, np.asarray(cells), counted[name])
                else:
                    yield encode(name, cells)
        self._connection.unregister("sampled")

    def _sampled_cell(self, name: str, *, is_counted: bool) -> str:
        if self.is_number(name):
            return self._as_double(name, identifier(name))
        return f"hash({_as_text(name)})" if is_counted else _as_text(name)

    # -- Parts --------------------------------------------------------------------------

    def _as_double(self, name: str, value: str) -> str:
        if self.is_time(name):
            return f"CAST(epoch({value}) AS DOUBLE)"
        return f"CAST({value} AS DOUBLE)"

    def _one(self, query: str) -> tuple[Any, ...]:
        # All of it: an answer that is not read to its end keeps the connection busy.
        ((*row,),) = self._connection.execute(query).fetchall()
        return tuple(row)


def _by_hash(name: str, hashes: Hashes, runs: TextRuns) -> SampleColumn:
    """Codes of texts by their hashes; what was not counted is missing."""
    by_hash = np.argsort(runs.hashes)
    at = np.searchsorted(runs.hashes, hashes, sorter=by_hash)
    codes = by_hash[np.minimum(at, len(by_hash) - 1)]
    known = runs.hashes[codes] == hashes
    return only_used(name, np.where(known, codes, -1).astype(np.int64), runs.values)


def _as_text(name: str) -> str:
    return f"CAST({identifier(name)} AS VARCHAR)"


def _plain(array: npt.NDArray[Any]) -> Floats:
    """A float64 array of its own, NaN where the database said NULL; no negative zero."""
    numbers = np.ma.getdata(array).astype(np.float64, copy=True)
    if np.ma.isMaskedArray(array):
        numbers[np.ma.getmaskarray(array)] = np.nan
    numbers += 0.0
    return numbers


def _batches(items: Sequence[Any], width: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), width):
        yield items[start : start + width]


def _slices(n_rows: int) -> Iterator[tuple[int, str]]:
    """First row and condition of each slice of a long table; one without condition of others."""
    if n_rows <= _SLICE_ROWS:
        yield 0, ""
        return
    for start in range(0, n_rows, _SLICE_ROWS):
        stop = start + _SLICE_ROWS
        yield start, f"WHERE file_row_number >= {start} AND file_row_number < {stop}"
