"""A sample of rows, and models whose workings are known."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from automl_core.bundle.runtime import Encoder
from automl_training.explaining import Subject

COMMON = {"decimal": ".", "missing_tokens": [], "n_missing": 0}
COLUMNS: list[dict[str, Any]] = [
    {**COMMON, "name": "used", "kind": "numeric", "storage": "decimal", "fill": None},
    {**COMMON, "name": "when", "kind": "datetime", "storage": "date", "time_format": None},
    {
        **COMMON, "name": "city", "kind": "categorical", "storage": "text",
        "categories": ["Oslo", "Bergen", "Rome"],
    },
    {**COMMON, "name": "idle", "kind": "numeric", "storage": "integer", "fill": None},
]  # fmt: skip
N_ROWS = 400
SEEN = np.array(["Oslo", "Bergen", "Rome"], dtype=object)


def values(n_rows: int = N_ROWS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    days = rng.integers(0, 3650, n_rows).astype("timedelta64[D]")
    return {
        "used": rng.normal(size=n_rows),
        "when": (np.datetime64("2010-01-01") + days).astype("datetime64[s]"),
        "city": SEEN[rng.choice(3, n_rows, p=[0.6, 0.3, 0.1])],
        "idle": rng.integers(0, 5, n_rows).astype(np.float64),
    }


def value_of(matrix: np.ndarray) -> np.ndarray:
    """Five times the number, plus years since 2010, plus three in Rome."""
    x = matrix.astype(np.float64)
    return 5 * np.nan_to_num(x[:, 0]) + (x[:, 2] - 2010) + 3.0 * (x[:, 8] == 4)


def number(matrix: np.ndarray) -> np.ndarray:
    return value_of(matrix)[:, None]


def chance(matrix: np.ndarray) -> np.ndarray:
    positive = 1 / (1 + np.exp(-(value_of(matrix) - 4.5)))
    return np.stack([1 - positive, positive], axis=1)


def kinds(matrix: np.ndarray) -> np.ndarray:
    """Four classes by the number alone."""
    logits = np.outer(np.nan_to_num(matrix[:, 0].astype(np.float64)), [-2.0, 0.0, 1.0, 2.0])
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


ANSWERS = {"regression": number, "binary": chance, "multiclass": kinds}
CLASSES: dict[str, list[Any]] = {
    "regression": [], "binary": ["no", "yes"], "multiclass": [0, 1, 2, 3]
}  # fmt: skip
METRICS = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}


@pytest.fixture
def make_subject() -> Callable[..., Subject]:
    """Make a subject of a task; anything can be given instead."""

    def make(task: str = "regression", **changes: Any) -> Subject:
        table = changes.pop("table", values())
        encoder = Encoder(COLUMNS)
        n_rows = len(table["used"])
        matrix = encoder.encode(table, n_rows)
        answer = ANSWERS[task]
        answers = answer(matrix)
        rng = np.random.default_rng(1)
        y = {
            "regression": lambda: answers[:, 0],
            "binary": lambda: (answers[:, 1] > rng.random(n_rows)).astype(np.int64),
            "multiclass": lambda: answers.argmax(axis=1),
        }[task]()
        given = {
            "answer": answer,
            "columns": COLUMNS,
            "table": table,
            "matrix": matrix,
            "feature_columns": encoder.feature_columns,
            "y": y,
            "weights": None,
            "rows": np.arange(n_rows) + 1000,
            "task": task,
            "metric": METRICS[task],
            "target": {
                "name": "target",
                "classes": CLASSES[task],
                "positive": "yes" if task == "binary" else None,
            },
            "seed": 1,
            "seconds_per_answer": 1e-6,
        }
        return Subject(**{**given, **changes})

    return make


@pytest.fixture
def timed() -> dict[str, Any]:
    """Time that hardly passes."""
    return {"monotonic": itertools.count(step=1e-6).__next__, "max_seconds": 100.0}
