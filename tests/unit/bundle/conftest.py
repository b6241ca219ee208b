"""Small bundles made by hand: one tree, no training."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.bundle.manifest import build_manifest
from automl_core.bundle.runtime import Predictor
from automl_core.bundle.writer import write_bundle
from automl_training.families.graph import Tree, tree_model

COLUMNS: list[dict[str, Any]] = [
    {
        "name": "age", "original_name": " age", "kind": "numeric", "storage": "integer",
        "decimal": ".", "missing_tokens": ["NA"], "fill": None,
        "minimum": 1.0, "maximum": 99.0, "typical": 40, "n_missing": 1,
    },
    {
        "name": "city", "original_name": "city", "kind": "categorical", "storage": "text",
        "decimal": ".", "missing_tokens": [], "fill_category": None,
        "categories": ["Oslo", "Bergen"], "typical": "Bergen", "n_missing": 1,
    },
    {
        "name": "when", "original_name": "when", "kind": "datetime", "storage": "date",
        "decimal": ".", "time_format": "%d.%m.%Y", "missing_tokens": [], "fill": None,
        "minimum": 0.0, "maximum": 1.7e9, "typical": "01.02.2003", "n_missing": 0,
    },
]  # fmt: skip

PROBES = [
    {"age": 30, "city": "Oslo", "when": "01.02.2003"},
    {"age": None, "city": None, "when": None},
    {"age": 70, "city": "Rome", "when": "31.12.2020"},
]


def stump(left: list[float], right: list[float], *, feature: int = 0, at: float = 50.0) -> Tree:
    """``feature <= at`` leads to ``left``, anything else and what is missing to ``right``."""
    return Tree(
        feature=np.array([feature, 0, 0]),
        threshold=np.array([at, 0, 0]),
        missing_yes=np.zeros(3, dtype=bool),
        yes=np.array([1, -1, -1]),
        no=np.array([2, -1, -1]),
        values=np.array([[0.0] * len(left), left, right]),
    )


def model_bytes(task: str) -> bytes:
    """Old age says yes, red, or 100 plus one in Bergen."""
    if task == "binary":
        model = tree_model([stump([0.1], [0.9])], n_features=9, base=[0], link="binary_mean")
    elif task == "multiclass":
        trees = [stump([0.7, 0.3, 0.0], [0.0, 0.25, 0.75])]
        model = tree_model(trees, n_features=9, base=[0, 0, 0], link="mean")
    else:
        trees = [stump([1.0], [100.0]), stump([0.0], [1.0], feature=1, at=2.0)]
        model = tree_model(trees, n_features=9, base=[0], link="identity")
    return bytes(model.SerializeToString(deterministic=True))


CLASSES: dict[str, list[Any]] = {
    "binary": ["no", "yes"], "multiclass": [1, 2, 3], "regression": []
}  # fmt: skip


def manifest_of(task: str, **changes: Any) -> dict[str, Any]:
    """The manifest of the model of that task."""
    classes = CLASSES[task]
    given: dict[str, Any] = {
        "job_id": "job-1",
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "task": task,
        "target": {
            "name": "target",
            "storage": "text",
            "classes": classes,
            "positive": classes[1] if task == "binary" else None,
        },
        "columns": COLUMNS,
        "model": model_bytes(task),
        "family": "random_forest",
        "interval": {"coverage": 0.9, "half_width": 5.0} if task == "regression" else None,
        "dataset": {"sha256": "0" * 64, "n_rows": 100},
        "training": {"rows": 80, "seed": 0, "config": {}},
        "versions": {"onnx": "1"},
        "probe_rows": PROBES,
    }
    return build_manifest(**{**given, **changes})


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[..., Path]:
    """Write a bundle of a task into a folder of its own."""

    def make(task: str = "binary", **changes: Any) -> Path:
        folder = tmp_path / task
        manifest = manifest_of(task, **changes)
        write_bundle(folder, model=changes.get("model", model_bytes(task)), manifest=manifest)
        return folder

    return make


@pytest.fixture
def predictor(bundle: Callable[..., Path]) -> Callable[..., Predictor]:
    """Load such a bundle."""
    return lambda task="binary", **changes: Predictor.load(bundle(task, **changes))
