"""Artifacts of made-up jobs, for the tests of the reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from automl_core.records import Plan, Task
from automl_core.tabular.schema import FileFacts, TableSchema
from automl_training.reports import ReportSource
from automl_training.scoring import evaluate
from automl_training.scoring.metrics import MEASURES


def make_plan(task: Task, text: str, classes: list[str]) -> Plan:
    return Plan.model_validate(
        {
            "target_column": text,
            "task": task,
            "task_confidence": "high",
            "task_reason": f"Reason with {text}.",
            "metric": {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task],
            "metric_reason": "It fits.",
            "classes": [{"label": label, "rows": 50} for label in classes],
            "positive_label": classes[1] if task == "binary" else None,
            "row_count": 250,
            "rows_without_target": 3,
            "features": [{"name": text, "kind": "categorical"}],
            "dropped": [{"name": text, "code": "constant", "reason": f"Only {text}."}],
            "split": {"method": "random", "test_size": 0.2, "reason": "At random."},
            "families": ["lightgbm"],
            "missing": "auto",
            "time_budget_s": 60,
            "seed": 7,
            "reproducible": False,
            "estimated_seconds": {"low": 60, "high": 90},
            "estimated_dollars": {"low": 0.0, "high": 0.01},
            "warnings": [{"code": "few-rows", "columns": [text], "text": f"Few rows of {text}."}],
        }
    )


def make_source(task: Task = "binary", *, text: str = "yield") -> ReportSource:
    """A finished job, with ``text`` wherever a name or a cell of the data can stand."""
    rng = np.random.default_rng(0)
    classes = {"binary": ["no", text], "multiclass": ["a", "b", text], "regression": []}[task]
    plan = make_plan(task, text, classes)
    if task == "regression":
        y: Any = rng.normal(size=200)
        predicted: Any = y + rng.normal(scale=0.3, size=200)
    else:
        y = rng.integers(0, len(classes), 200)
        predicted = rng.dirichlet(np.ones(len(classes)), 200)
        predicted[np.arange(200), y] += 1
        predicted /= predicted.sum(axis=1, keepdims=True)
    metrics = evaluate(
        y, predicted, task=task, metric=plan.metric, classes=classes, y_train=y, seed=0
    )
    trial = {
        "rank": 1, "trial_id": 1, "family": "lightgbm", "score": 0.9, "config": {"depth": 3},
        "train_seconds": 0.5, "at_seconds": 2.0, "sample_rows": 200, "n_trials": 1,
    }  # fmt: skip
    return ReportSource(
        job_id="j1",
        dataset_name=f"{text}.csv",
        made_at=datetime(2026, 1, 2, 12, tzinfo=UTC),
        plan=plan,
        schema=TableSchema(
            file=FileFacts(bytes=10, sha256="0" * 64, format="csv"), n_rows=250, columns=[]
        ),
        splits={"train": [0] * 200, "holdout": [0] * 50, "notes": [f"Note on {text}."]},
        encoder_columns=[
            {"name": text, "kind": "categorical", "categories": [text], "n_missing": 2}
        ],
        metrics=metrics,
        leaderboard={
            "metric": plan.metric,
            "higher_is_better": task == "binary",
            "evaluated_on": "five folds of the training rows",
            "stopped_because": "the time for searching was over",
            "n_trials": 1,
            "trials": [trial],
            "families": [trial],
            "chosen": {"family": "lightgbm", "trial_id": 1, "score": 0.9},
            "rejected": [{"family": "xgboost", "reason": f"It differs on {text}."}],
        },
        explanations={
            "method": "permutation", "metric": plan.metric, "split": "holdout", "n_rows": 50,
            "n_repeats": 5, "features": [{"name": text, "importance": 0.2, "std": 0.01}],
        },
        parity={
            "passed": True, "task": task, "tolerance": 1e-5, "n_rows": 50, "n_missing_rows": 20,
            "n_unseen_rows": 20, "label_flips": 0, "exact_ties": 0,
            "max_probability_gap": None if task == "regression" else 2e-7,
            "max_relative_gap": 3e-7 if task == "regression" else None,
        },
        versions={"python": "3.12.1", "onnxruntime": "1.31.1"},
        family_titles={"lightgbm": "LightGBM", "xgboost": "XGBoost"},
        metric_titles={measure.name: measure.title for measure in MEASURES},
        telemetry=[
            {"kind": "stage", "stage": "ingest", "outcome": "done", "seconds": 0.5,
             "peak_rss_mib": 120.0},
        ],
    )  # fmt: skip
