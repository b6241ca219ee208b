"""The profile of a table: ``profile.json``, which report, plan and web page read.

Its shape is ``profile_schema.json`` beside this file; ``docs/profile-json.md`` explains every key.
Each block carries its scope: whether it was computed on all rows or on a seeded sample, and
of how many.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from automl_core.records import Task
from automl_core.tabular.findings import find_all
from automl_core.tabular.parquet_source import ParquetSource
from automl_core.tabular.profile_blocks import column_block, file_block, flag_columns
from automl_core.tabular.profile_columns import MAX_EXACT_ROWS, Measured, measure_columns
from automl_core.tabular.profile_pairs import describe_pairs
from automl_core.tabular.profile_rows import (
    describe_duplicates,
    describe_missing_patterns,
    key_groups,
    no_duplicates,
)
from automl_core.tabular.profile_target import describe_target
from automl_core.tabular.row_keys import RowKeys
from automl_core.tabular.samples import SampleColumn
from automl_core.tabular.sampling import Sample, all_rows, draw_sample
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.signs import find_signs, mask_personal
from automl_core.tabular.thresholds import SAMPLE_ROWS, STATED

SCHEMA_VERSION: Final = 1
BUDGET_S: Final = 120.0


def profile_table(
    parquet: Path,
    schema: TableSchema,
    *,
    target: str | None,
    seed: int = 0,
    task: Task | None = None,
    clock: Callable[[], float] = time.perf_counter,
    budget_s: float = BUDGET_S,
    sample_rows: int = SAMPLE_ROWS,
) -> dict[str, Any]:
    """Describe every column, how columns go together and what points at the target.

    Parameters
    ----------
    parquet : Path
        The typed table; its columns are the schema's, under their final names.
    schema : TableSchema
    target : str or None
        Final name of the column to predict; None leaves the target's block out.
    seed : int
        Of the sample and of the folds.
    task : Task or None
        The task if the user chose one; None: detected.
    clock : callable
        Seconds on a steady clock, for ``seconds`` and the budget.
    budget_s : float
        Seconds after which no further block is begun; what is left is named in ``skipped``.
    sample_rows : int
        Rows of the sample in a longer table (fewer in a very wide one).

    Returns
    -------
    dict
        Strict JSON: plain types, no NaN, floats to six significant digits. The same table
        and seed give the same content apart from ``seconds``, unless time ran out.
    """
    with ParquetSource(parquet) as source:
        work = _Profiling(source, schema, clock, budget_s)
        profile = work.run(target=target, task=task, seed=seed, sample_rows=sample_rows)
    cleaned = strict(profile)
    assert isinstance(cleaned, dict)
    return cleaned


@dataclass
class _Profiling:
    """One profile in the making; blocks in the order of their worth."""

    source: ParquetSource
    schema: TableSchema
    clock: Callable[[], float]
    budget_s: float
    seconds: dict[str, float] = field(default_factory=dict)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self, *, target: str | None, task: Task | None, seed: int, sample_rows: int
    ) -> dict[str, Any]:
        """Make all blocks."""
        self._lap_began = self._began = self.clock()
        schema, source = self.schema, self.source
        n_rows = source.count_rows()
        everything = all_rows(n_rows)
        answer = schema.column(target) if target is not None else None
        sample = draw_sample(
            source, schema, n_rows=n_rows, target=answer, task=task, seed=seed, wanted=sample_rows
        )
        is_everything = sample.is_everything
        name = answer.name if answer is not None else None
        keys = RowKeys(n_rows, key_groups(schema, name, is_everything=is_everything))
        measured = measure_columns(source, schema, sample, keys, target=name, is_over=self.is_over)
        columns = [column_block(c, measured.details.get(c.name), n_rows) for c in schema.columns]
        self._skip("columns", [c.name for c in schema.columns if c.name not in measured.details])
        if measured.uncounted:
            why = f"In over {MAX_EXACT_ROWS:,} rows the most frequent of many texts are not told."
            self.skipped.append({"block": "columns", "columns": measured.uncounted, "why": why})
        self._lap("columns")
        duplicates = no_duplicates(everything)
        if not self._is_skipped("duplicates"):
            duplicates = describe_duplicates(
                source,
                schema,
                keys,
                measured.sampled.get(name) if name is not None else None,
                n_rows=n_rows,
                is_everything=is_everything,
                target=name,
                scope=everything,
            )
        self._lap("duplicates")
        signs = find_signs(schema, {} if self._is_skipped("signs") else measured.sampled)
        mask_personal(columns, signs)
        self._lap("signs")
        target_block = self._target(
            measured,
            sample,
            target=answer,
            task=task,
            seed=seed,
            hidden=frozenset(signs.personal),
        )
        self._lap("target")
        pairs = self._pairs(measured, sample, target_block)
        self._lap("associations")
        patterns = self._patterns(columns, measured, n_rows, is_everything=is_everything)
        self._lap("missing_patterns")
        profile: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "file": file_block(schema),
            "rows": {
                "read": n_rows + schema.rows_set_aside,
                "kept": n_rows,
                "set_aside": schema.rows_set_aside,
                "padded": schema.rows_padded,
            },
            "renamed": [
                {"original": column.original_name, "final": column.name}
                for column in schema.columns
                if column.original_name != column.name
            ],
            "columns": columns,
            "scope": everything,
            "duplicates": duplicates,
            "missing_patterns": patterns,
            "associations": pairs,
            "target": target_block,
            "reading_notes": list(schema.warnings),
            "findings": [],
            "skipped": self.skipped,
            "thresholds": STATED,
        }
        profile["findings"] = find_all(profile, signs)
        flag_columns(columns, profile["findings"])
        self._lap("findings")
        return {**profile, "seconds": self.seconds}

    # -- Time -----------------------------------------------------------------------------

    def is_over(self) -> bool:
        """Tell whether the time is used up."""
        return self.clock() - self._began > self.budget_s

    def _lap(self, block: str) -> None:
        now = self.clock()
        self.seconds[block] = round(now - self._lap_began, 3)
        self._lap_began = now

    def _is_skipped(self, block: str) -> bool:
        """Tell whether a block has to be left out, and note that it is."""
        if self.is_over():
            self._skip(block, [], whole=True)
            return True
        return False

    def _skip(self, block: str, columns: list[str], *, whole: bool = False) -> None:
        if columns or whole:
            why = f"The {self.budget_s:g} s that a profile may take were over."
            self.skipped.append({"block": block, "columns": columns, "why": why})

    # -- Blocks ---------------------------------------------------------------------------

    def _target(
        self,
        measured: Measured,
        sample: Sample,
        *,
        target: ColumnSchema | None,
        task: Task | None,
        seed: int,
        hidden: frozenset[str],
    ) -> dict[str, Any] | None:
        if target is None or self._is_skipped("target"):
            return None
        return describe_target(
            self.source,
            self.schema,
            measured.sampled,
            target=target.name,
            task=task,
            scope=sample.scope(),
            seed=seed,
            hidden=hidden,
        )

    def _pairs(
        self, measured: Measured, sample: Sample, target: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        # Over before it begins: the block is there all the same, with nothing compared.
        is_skipped = self._is_skipped("associations")
        sampled: Mapping[str, SampleColumn] = {} if is_skipped else measured.sampled
        if sample.is_uniform is not None:
            sampled = {name: cells.take(sample.is_uniform) for name, cells in sampled.items()}
        block, left_out = describe_pairs(
            self.schema,
            sampled,
            target["column"] if target is not None and target["task"] is not None else None,
            {item["name"]: item["score"] for item in target["scores"]} if target else {},
            scope=sample.uniform_scope(),
            is_over=self.is_over,
        )
        self.skipped += left_out
        return block

    def _patterns(
        self,
        columns: list[dict[str, Any]],
        measured: Measured,
        n_rows: int,
        *,
        is_everything: bool,
    ) -> dict[str, Any]:
        is_skipped = self._is_skipped("missing_patterns")
        missing = {} if is_skipped else {c["name"]: c["missing"]["rows"] for c in columns}
        if is_everything:
            # A column that time did not reach has no mask of its gaps.
            missing = {name: n for name, n in missing.items() if not n or name in measured.gaps}
        block = describe_missing_patterns(
            self.source,
            missing,
            measured.gaps if is_everything else None,
            n_rows=n_rows,
            scope=all_rows(n_rows),
        )
        compared = block["columns"]
        if compared["compared"] < compared["of"]:
            self.skipped.append(
                {
                    "block": "missing_patterns",
                    "columns": [],
                    "why": f"Only the {compared['compared']} columns with most gaps of "
                    f"{compared['of']:,} are compared.",
                }
            )
        return block


# -- Strict JSON ----------------------------------------------------------------------


def strict(value: Any) -> Any:
    """Make a value plain JSON: no numpy types, no NaN or infinity, six significant digits.

    >>> strict({"a": np.float64(1 / 3), "b": float("nan"), "c": (np.int64(2), True)})
    {'a': 0.333333, 'b': None, 'c': [2, True]}
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return _plain_number(value)


def _plain_number(value: Any) -> Any:
    if type(value) is float:
        return _round(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _round(float(value))
    return value


def _round(number: float) -> float | None:
    if not math.isfinite(number):
        return None
    # Whole numbers keep all their digits: identifiers, years, seconds since 1970.
    if number.is_integer() and abs(number) < 2**53:
        return number
    return float(f"{number:.6g}")
