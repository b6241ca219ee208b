"""Columns of a typed Parquet table as numpy arrays, a few at a time.

All SQL of the profile is here. Memory stays that of one batch of columns plus the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.engine import connect, identifier

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_BATCH_CELLS: Final = 4_000_000
"""Cells fetched at once: 32 MB of float64."""

_NUMBER_TYPES: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL",
)  # fmt: skip
_TIME_TYPES: Final = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class TextCounts:
    """What was counted of a text column; lengths are in characters."""

    n_distinct: int
    top: list[tuple[str, int]]
    length_min: int
    length_mean: float
    length_max: int


@dataclass(frozen=True)
class SampleColumn:
    """One column on the sampled rows: numbers with NaN, or codes with -1 where missing.

    Dates are numbers: seconds since 1970, UTC. ``levels`` are the codes' texts.
    """

    name: str
    numbers: Floats | None = None
    codes: Codes | None = None
    levels: tuple[str, ...] = ()

    @property
    def is_missing(self) -> npt.NDArray[np.bool_]:
        """Mask of shape (n_sampled,)."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        assert self.codes is not None
        return self.codes < 0


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

    def count_rows(self) -> int:
        """Rows of the table."""
        return int(self._one("SELECT count(*) FROM t")[0])

    # -- All rows -----------------------------------------------------------------------

    def numbers(self, names: Sequence[str], n_rows: int) -> Iterator[tuple[str, Floats]]:
        """Yield number and time columns on all rows, NaN where missing.

        Infinities pass through; times are seconds since 1970, UTC.
        """
        width = max(1, _BATCH_CELLS // max(n_rows, 1))
        for start in range(0, len(names), width):
            batch = names[start : start + width]
            chosen = ", ".join(f"{self._as_double(name)} AS c{i}" for i, name in enumerate(batch))
            arrays = self._connection.execute(f"SELECT {chosen} FROM t").fetchnumpy()  # noqa: S608 - names are quoted
            for i, name in enumerate(batch):
                yield name, _plain(arrays[f"c{i}"])

    def text_counts(
        self, names: Sequence[str], n_rows: int, *, n_top: int
    ) -> Iterator[tuple[str, TextCounts]]:
        """Count the values of text columns; most frequent first, ties by text."""
        width = max(1, _BATCH_CELLS // max(n_rows, 1))
        for start in range(0, len(names), width):
            batch = names[start : start + width]
            chosen = ", ".join(f"{self._as_text(name)} AS c{i}" for i, name in enumerate(batch))
            # Copied first: each query on the file reads the footer of all its columns again,
            # which for 1,500 columns takes longer than the counting.
            self._connection.execute(
                f"CREATE OR REPLACE TEMP TABLE texts AS SELECT {chosen} FROM t"  # noqa: S608 - names are quoted
            )
            for i, name in enumerate(batch):
                yield name, self._count_texts(f"c{i}", n_top)
        self._connection.execute("DROP TABLE IF EXISTS texts")

    def _count_texts(self, column: str, n_top: int) -> TextCounts:
        counted = self._one(
            f"SELECT count(DISTINCT {column}), min(length({column})), avg(length({column})), "  # noqa: S608 - a name of ours
            f"max(length({column})) FROM texts"
        )
        top = self._connection.execute(
            f"SELECT {column}, count(*) AS n FROM texts WHERE {column} IS NOT NULL "  # noqa: S608 - a name of ours
            f"GROUP BY {column} ORDER BY n DESC, {column} LIMIT {int(n_top)}"
        ).fetchall()
        return TextCounts(
            n_distinct=int(counted[0]),
            top=[(str(found), int(rows)) for found, rows in top],
            length_min=int(counted[1] or 0),
            length_mean=float(counted[2] or 0.0),
            length_max=int(counted[3] or 0),
        )

    def count_missing(self, names: Sequence[str]) -> dict[str, int]:
        """Missing cells of each column."""
        counted: dict[str, int] = {}
        for start in range(0, len(names), 200):
            batch = names[start : start + 200]
            chosen = ", ".join(f"count({identifier(name)})" for name in batch)
            row = self._one(f"SELECT count(*), {chosen} FROM t")  # noqa: S608 - names are quoted
            counted |= {
                name: int(row[0] - there) for name, there in zip(batch, row[1:], strict=True)
            }
        return counted

    def count_duplicates(self) -> int:
        """Rows that repeat an earlier row in every column (by a 64-bit hash)."""
        every = ", ".join(map(identifier, self.names))
        row = self._one(f"SELECT count(*) - count(DISTINCT hash({every})) FROM t")  # noqa: S608 - names are quoted
        return int(row[0])

    def count_conflicts(self, features: Sequence[str], target: str) -> int:
        """Rows alike in all features of which another row has another target."""
        if not features:
            return 0
        alike = ", ".join(map(identifier, features))
        answer = identifier(target)
        row = self._one(
            f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM t "  # noqa: S608 - names are quoted
            f"WHERE {answer} IS NOT NULL GROUP BY hash({alike}) "
            f"HAVING min({answer}) <> max({answer}))"
        )
        return int(row[0])

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

    # -- Sampled rows -------------------------------------------------------------------

    def sample(self, names: Sequence[str], rows: Codes, n_rows: int) -> Iterator[SampleColumn]:
        """Yield columns on the given row numbers (ascending)."""
        everything = len(rows) == n_rows
        if not everything:
            self._connection.execute("CREATE OR REPLACE TEMP TABLE sampled (r BIGINT)")
            self._connection.execute(
                "INSERT INTO sampled SELECT unnest(CAST(? AS BIGINT[]))", [rows.tolist()]
            )
        where = "" if everything else "WHERE file_row_number IN (SELECT r FROM sampled)"
        width = max(1, _BATCH_CELLS // max(len(rows), 1))
        for start in range(0, len(names), width):
            batch = names[start : start + width]
            chosen = ", ".join(
                f"{self._as_double(name) if self.is_number(name) else self._as_text(name)} AS c{i}"
                for i, name in enumerate(batch)
            )
            arrays = self._connection.execute(
                f"SELECT file_row_number AS r, {chosen} FROM t {where}"  # noqa: S608 - names are quoted
            ).fetchnumpy()
            order = np.argsort(np.asarray(arrays["r"]), kind="stable")
            for i, name in enumerate(batch):
                column = arrays[f"c{i}"][order]
                if self.is_number(name):
                    numbers = _plain(column)
                    numbers[~np.isfinite(numbers)] = np.nan
                    yield SampleColumn(name, numbers=numbers)
                else:
                    yield _encode(name, column)

    # -- Parts --------------------------------------------------------------------------

    def _as_double(self, name: str) -> str:
        if self._types[name].startswith(_TIME_TYPES):
            return f"CAST(epoch({identifier(name)}) AS DOUBLE)"
        return f"CAST({identifier(name)} AS DOUBLE)"

    @staticmethod
    def _as_text(name: str) -> str:
        return f"CAST({identifier(name)} AS VARCHAR)"

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        assert row is not None
        return row


def _plain(array: npt.NDArray[Any]) -> Floats:
    """A float64 array of its own, NaN where the database said NULL."""
    return np.array(np.ma.filled(np.ma.asarray(array, dtype=np.float64), np.nan))


def _encode(name: str, column: npt.NDArray[Any]) -> SampleColumn:
    """Number the texts of a column in their order; -1 where missing."""
    there = ~np.ma.getmaskarray(column)
    codes = np.full(len(column), -1, dtype=np.int64)
    levels: tuple[str, ...] = ()
    if there.any():
        texts = np.ma.getdata(column)[there]
        positions = {text: i for i, text in enumerate(sorted(set(texts)))}
        codes[there] = [positions[text] for text in texts]
        levels = tuple(positions)
    return SampleColumn(name, codes=codes, levels=levels)
