"""Which rows stand for a long table where all of them would take too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.records import Task
from automl_core.tabular.parquet_source import ParquetSource
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.statistics import Codes
from automl_core.tabular.target import detect_task
from automl_core.tabular.thresholds import MAX_CLASSES, SAMPLE_ROWS

MAX_SAMPLE_CELLS: Final = 16_000_000
"""The sample has fewer rows for a wide table: 128 MB of float64 at most."""
MIN_SAMPLE_ROWS: Final = 2_000
MIN_CLASS_SAMPLE: Final = 200
"""Rows of a class in the sample, below which what is said about it would be chance."""

ALL_ROWS: Final = "all rows"
UNIFORM: Final = "uniform random sample"


@dataclass(frozen=True)
class Sample:
    """Row numbers that blocks are computed on, where not on all rows.

    Attributes
    ----------
    rows : ndarray of shape (n_sampled,)
        Ascending.
    of : int
        Rows of the table.
    seed : int
    method : str
        How they were drawn, for the scope of a block.
    is_uniform : ndarray of shape (n_sampled,) or None
        False for rows that were added so that rare classes have enough; None: there are none.
    """

    rows: Codes
    of: int
    seed: int
    method: str
    is_uniform: npt.NDArray[np.bool_] | None = None

    @property
    def is_everything(self) -> bool:
        """Tell whether no row is left out."""
        return len(self.rows) == self.of

    def scope(self) -> dict[str, Any]:
        """Scope of a block that was computed on these rows."""
        if self.is_everything:
            return all_rows(self.of)
        return _scope("sample", len(self.rows), self.of, self.method, self.seed)

    def uniform_scope(self) -> dict[str, Any]:
        """Scope of a block that was computed on the uniform part of these rows."""
        if self.is_uniform is None:
            return self.scope()
        return _scope("sample", int(self.is_uniform.sum()), self.of, UNIFORM, self.seed)


def all_rows(n_rows: int) -> dict[str, Any]:
    """Scope of a block that was computed on every row."""
    return _scope("all_rows", n_rows, n_rows, ALL_ROWS, None)


def _scope(basis: str, rows: int, of: int, method: str, seed: int | None) -> dict[str, Any]:
    return {"basis": basis, "rows": rows, "of": of, "method": method, "seed": seed}


def draw_rows(n_rows: int, n_columns: int, *, seed: int, wanted: int = SAMPLE_ROWS) -> Codes:
    """Row numbers of a uniform sample, ascending, drawn from the whole table."""
    wanted = min(wanted, _affordable_rows(n_columns))
    if n_rows <= wanted:
        return np.arange(n_rows, dtype=np.int64)
    chosen = np.random.default_rng(seed).choice(n_rows, size=wanted, replace=False)
    return np.sort(chosen).astype(np.int64)


def draw_sample(
    source: ParquetSource,
    schema: TableSchema,
    *,
    n_rows: int,
    target: ColumnSchema | None,
    task: Task | None,
    seed: int,
    wanted: int = SAMPLE_ROWS,
) -> Sample:
    """Draw the sample of a table, with enough rows of every class of its target.

    A class that a uniform sample holds fewer than ``MIN_CLASS_SAMPLE`` rows of is topped up
    to that many (or to all it has); the added rows are told apart, since what is said about
    the columns among themselves must not lean on them.
    """
    rows = draw_rows(n_rows, len(schema.columns), seed=seed, wanted=wanted)
    plain = Sample(rows=rows, of=n_rows, seed=seed, method=UNIFORM)
    if plain.is_everything or target is None or not _has_classes(target, task, schema.n_rows):
        return plain
    enough = min(MIN_CLASS_SAMPLE, _affordable_rows(len(schema.columns)) // (2 * target.n_distinct))
    rarest = min((found.rows for found in target.top_values), default=0)
    if rarest * len(rows) / n_rows >= 2 * enough:
        return plain
    class_rows = source.class_rows(target.name)
    # Twice what is enough: chance may leave a class with fewer rows than are expected.
    expected = {label: n * len(rows) / n_rows for label, n in class_rows.items()}
    rare = sorted(label for label, n in expected.items() if n < 2 * enough)
    if not rare:
        return plain
    random = np.random.default_rng([seed, 1])
    added: list[Codes] = []
    for found in source.rows_of_classes(target.name, rare).values():
        others = np.setdiff1d(found, rows, assume_unique=True)
        lacking = min(enough - (len(found) - len(others)), len(others))
        if lacking > 0:
            added.append(random.choice(others, size=lacking, replace=False))
    if not added:
        return plain
    together = np.concatenate((rows, *added))
    order = np.argsort(together, kind="stable")
    return Sample(
        rows=together[order],
        of=n_rows,
        seed=seed,
        method=f"random sample, stratified: every class has {enough} rows of it, or all its rows",
        is_uniform=order < len(rows),
    )


def _affordable_rows(n_columns: int) -> int:
    return max(MIN_SAMPLE_ROWS, MAX_SAMPLE_CELLS // max(n_columns, 1))


def _has_classes(target: ColumnSchema, task: Task | None, n_rows: int) -> bool:
    if not target.distinct_is_exact or not 2 <= target.n_distinct <= MAX_CLASSES:
        return False
    chosen = task if task is not None else detect_task(target, n_rows=n_rows).task
    return chosen in {"binary", "multiclass"}
