"""The profile of a table: ``profile.json``, which report, plan and web page read.

Every block carries its scope: whether it was computed on all rows or on a seeded sample,
and of how many.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from automl_core.records import Task
from automl_core.tabular.findings import find_all
from automl_core.tabular.parquet_source import Codes, ParquetSource, SampleColumn, TextCounts
from automl_core.tabular.profile_pairs import describe_missing_patterns, describe_pairs
from automl_core.tabular.profile_target import describe_target
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.statistics import describe_numbers
from automl_core.tabular.thresholds import SAMPLE_ROWS, STATED

FORMAT_VERSION: Final = 1
N_TOP: Final = 10
MAX_TEXT: Final = 200
"""Characters of a cell that a profile keeps."""
MAX_SAMPLE_CELLS: Final = 10_000_000
"""The sample has fewer rows for a wide table: 80 MB of float64 at most."""
MIN_SAMPLE_ROWS: Final = 2_000


def profile_table(
    parquet: Path,
    schema: TableSchema,
    *,
    target: str | None,
    seed: int = 0,
    task: Task | None = None,
    clock: Callable[[], float] = time.perf_counter,
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
        Seconds on a steady clock, for ``seconds``.

    Returns
    -------
    dict
        Strict JSON: plain types, no NaN, floats to six significant digits. The same table
        and seed give the same content apart from ``seconds``.
    """
    seconds: dict[str, float] = {}
    started = clock()

    def lap(block: str) -> None:
        nonlocal started
        now = clock()
        seconds[block] = round(now - started, 3)
        started = now

    with ParquetSource(parquet) as source:
        n_rows = source.count_rows()
        everything = {"basis": "all_rows", "rows": n_rows, "of": n_rows, "seed": None}
        columns = _describe_columns(source, schema, n_rows)
        lap("columns")
        duplicates = _describe_duplicates(source, schema, n_rows, target, everything)
        lap("duplicates")
        rows = draw_rows(n_rows, len(schema.columns), seed=seed)
        scope = {
            "basis": "all_rows" if len(rows) == n_rows else "sample",
            "rows": len(rows),
            "of": n_rows,
            "seed": seed,
        }
        sampled = _read_sample(source, schema, rows, n_rows, target)
        lap("sample")
        target_block = describe_target(
            source, schema, sampled, target=target, task=task, scope=scope, seed=seed
        )
        lap("target")
        pairs = describe_pairs(schema, sampled, target_block, scope=scope)
        patterns = describe_missing_patterns(schema, sampled, scope=scope)
        lap("associations")
    profile: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "file": schema.file.model_dump(mode="json"),
        "rows": {
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
        "thresholds": STATED,
    }
    profile["findings"] = find_all(profile)
    lap("findings")
    profile["seconds"] = seconds
    cleaned = strict(profile)
    assert isinstance(cleaned, dict)
    return cleaned


def draw_rows(n_rows: int, n_columns: int, *, seed: int) -> Codes:
    """Row numbers of the sample, ascending, drawn from the whole table."""
    wanted = min(SAMPLE_ROWS, max(MIN_SAMPLE_ROWS, MAX_SAMPLE_CELLS // max(n_columns, 1)))
    if n_rows <= wanted:
        return np.arange(n_rows, dtype=np.int64)
    chosen = np.random.default_rng(seed).choice(n_rows, size=wanted, replace=False)
    return np.sort(chosen).astype(np.int64)


def strict(value: Any) -> Any:
    """Make a value plain JSON: no numpy types, no NaN or infinity, six significant digits.

    >>> strict({"a": np.float64(1 / 3), "b": float("nan"), "c": (np.int64(2), True)})
    {'a': 0.333333, 'b': None, 'c': [2, True]}
    """
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
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


# -- Blocks ---------------------------------------------------------------------------


def _describe_columns(
    source: ParquetSource, schema: TableSchema, n_rows: int
) -> list[dict[str, Any]]:
    missing = source.count_missing(source.names)
    numeric = [column.name for column in schema.columns if source.is_number(column.name)]
    texts = [column.name for column in schema.columns if not source.is_number(column.name)]
    details = {
        name: _number_details(describe_numbers(values, n_top=N_TOP))
        for name, values in source.numbers(numeric, n_rows)
    } | {
        name: _text_details(counts)
        for name, counts in source.text_counts(texts, n_rows, n_top=N_TOP)
    }
    return [
        _column_block(
            column,
            n_rows=n_rows,
            n_missing=missing[column.name],
            details=details[column.name],
        )
        for column in schema.columns
    ]


def _column_block(
    column: ColumnSchema, *, n_rows: int, n_missing: int, details: Mapping[str, Any]
) -> dict[str, Any]:
    n_present = n_rows - n_missing
    top = details["top"]
    return {
        "position": column.position,
        "name": column.name,
        "original_name": column.original_name,
        "storage": column.storage,
        "kind": column.kind,
        "kind_reason": column.kind_reason,
        "missing": {"rows": n_missing, "share": n_missing / n_rows if n_rows else 0.0},
        "unreadable": column.n_unreadable,
        "distinct": {"value": details["n_distinct"], "exact": True},
        "is_increasing": column.is_increasing,
        "infinite": details["n_infinite"],
        "stats": details["stats"],
        "histogram": details["histogram"],
        "lengths": details["lengths"],
        "top": [
            {
                "value": value[:MAX_TEXT] if isinstance(value, str) else value,
                "rows": rows,
                "share": rows / n_present,
            }
            for value, rows in top
        ],
        "examples": [example[:MAX_TEXT] for example in column.examples],
        "warnings": list(column.warnings),
    }


def _number_details(described: Mapping[str, Any]) -> dict[str, Any]:
    """A number's or a date's block; a unique column has no most frequent value to show."""
    top = described["top"]
    repeated = bool(top) and top[0][1] > 1
    return {**described, "top": top if repeated else [], "lengths": None}


def _text_details(counts: TextCounts) -> dict[str, Any]:
    return {
        "n_distinct": counts.n_distinct,
        "n_infinite": 0,
        "stats": None,
        "histogram": None,
        "top": counts.top,
        "lengths": {
            "minimum": counts.length_min,
            "mean": counts.length_mean,
            "maximum": counts.length_max,
        },
    }


def _describe_duplicates(
    source: ParquetSource,
    schema: TableSchema,
    n_rows: int,
    target: str | None,
    scope: Mapping[str, Any],
) -> dict[str, Any]:
    rows = source.count_duplicates()
    readable = {"numeric", "categorical", "datetime"}
    features = [
        column.name
        for column in schema.columns
        if column.name != target and column.kind in readable
    ]
    return {
        "rows": rows,
        "share": rows / n_rows if n_rows else 0.0,
        "conflicting_rows": source.count_conflicts(features, target) if target else None,
        "scope": scope,
    }


def _read_sample(
    source: ParquetSource,
    schema: TableSchema,
    rows: Codes,
    n_rows: int,
    target: str | None,
) -> dict[str, SampleColumn]:
    """Columns on the sampled rows; those that no later block looks at are left out."""
    names = [
        column.name
        for column in schema.columns
        if column.name == target or (column.n_distinct > 0 and column.kind != "constant")
    ]
    return {column.name: column for column in source.sample(names, rows, n_rows)}
