"""Columns as the table reader gives them, and what the encoder learns from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from automl_core.records import ColumnKind, Plan, PlanFeature, Range, SplitPlan, Storage
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema
from automl_training.encoding import fit_columns

Fit = Callable[..., list[dict[str, Any]]]


def make_schema(name: str, storage: Storage, kind: ColumnKind, **more: Any) -> ColumnSchema:
    return ColumnSchema(
        name=name, original_name=name, position=0, storage=storage, kind=kind, kind_reason="",
        n_missing=0, n_distinct=0, **more,
    )  # fmt: skip


def learn(
    columns: list[ColumnSchema],
    table: dict[str, np.ndarray],
    *,
    rows: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Learn the columns' encoding from rows of a table; of all rows if none are named."""
    n_rows = len(next(iter(table.values())))
    plan = Plan(
        target_column="t",
        task="regression",
        task_confidence="high",
        task_reason="",
        metric="rmse",
        metric_reason="",
        row_count=n_rows,
        rows_without_target=0,
        features=[PlanFeature(name=column.name, kind=column.kind) for column in columns],
        dropped=[],
        split=SplitPlan(method="random", test_size=0.2, reason=""),
        families=["lightgbm"],
        missing="auto",
        time_budget_s=60,
        seed=0,
        reproducible=False,
        estimated_seconds=Range(low=0, high=0),
        estimated_dollars=Range(low=0, high=0),
    )
    schema = TableSchema(
        file=FileFacts(bytes=1, sha256="", format="csv"), n_rows=n_rows, columns=columns
    )
    return fit_columns(table, schema, plan, np.arange(n_rows) if rows is None else rows)


@pytest.fixture
def fit_texts() -> Fit:
    """Learn columns of free text, one a keyword."""

    def fit(*, rows: list[int] | None = None, **texts: list[str | None]) -> list[dict[str, Any]]:
        return learn(
            [make_schema(name, "text", "text", missing_tokens=["NA"]) for name in texts],
            {name: np.array(values, dtype=object) for name, values in texts.items()},
            rows=None if rows is None else np.array(rows),
        )

    return fit
