"""Made-up jobs of every kind, and their pages, for the tests of the reports."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from automl_core.records import Task
from automl_core.tabular.schema import FileFacts, TableSchema
from automl_training.reports import ReportSource, render_report

# Test folders are no packages (importmode=importlib), so a neighbour is loaded by its path.
_SPEC = importlib.util.spec_from_file_location(
    "report_documents", Path(__file__).with_name("report_documents.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
documents = importlib.util.module_from_spec(_SPEC)
sys.modules["report_documents"] = documents
_SPEC.loader.exec_module(documents)

make_leaderboard = documents.make_leaderboard

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`|**_x_** {{7*7}}</pre></style>"
FAMILY_TITLES = {
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "extra_trees": "Extra trees",
    "linear": "Linear model",
}
METRIC_TITLES = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "R²",
}


def make_source(
    task: Task = "binary",
    *,
    text: str = "yield",
    n_classes: int = 3,
    n_columns: int = 8,
    n_holdout: int = 800,
) -> ReportSource:
    """A finished job with every part, ``text`` wherever a name or a cell can stand."""
    n_classes = {"binary": 2, "multiclass": n_classes, "regression": 0}[task]
    classes = [*(f"class {k}" for k in range(n_classes - 1)), text] if n_classes else []
    columns = [
        text if not k else f"{documents.NAMES[k % 5]}_{k}" if k >= 5 else documents.NAMES[k]
        for k in range(n_columns)
    ]
    plan = documents.make_plan(task, text, classes, columns)
    return ReportSource(
        job_id="j1",
        dataset_name=f"{text}.csv",
        made_at=datetime(2026, 1, 2, 12, tzinfo=UTC),
        plan=plan,
        schema=TableSchema(
            file=FileFacts(bytes=123_456, sha256="0" * 64, format="csv"), n_rows=4000, columns=[]
        ),
        splits={
            "method": "stratified", "notes": [f"Note on {text}."],
            "train": list(range(3200)), "holdout": list(range(n_holdout)),
        },
        encoder_columns=[
            {
                "name": name,
                "kind": documents.KINDS[k % 5],
                "n_missing": k,
                "categories": [text, "b"] if documents.KINDS[k % 5] == "categorical" else None,
            }
            for k, name in enumerate(columns)
        ],
        metrics=documents.make_metrics(plan, classes, columns, text, n_holdout),
        leaderboard=documents.make_leaderboard(plan, text),
        explanations=documents.make_explanations(plan, columns, text),
        parity={
            "passed": True, "task": task, "tolerance": 1e-5, "n_rows": n_holdout,
            "n_missing_rows": 20, "n_unseen_rows": 20, "label_flips": 0, "exact_ties": 0,
            "max_probability_gap": None if task == "regression" else 2e-7,
            "max_relative_gap": 3e-7 if task == "regression" else None,
        },
        manifest=documents.make_manifest(columns, classes, text),
        family_titles=FAMILY_TITLES,
        metric_titles=METRIC_TITLES,
        lower_is_better=documents.LOWER_IS_BETTER,
        telemetry=[
            {"kind": "stage", "stage": "ingest", "outcome": "done", "seconds": 0.5,
             "peak_rss_mib": 120.0},
            {"kind": "stage", "stage": "train", "outcome": "done", "seconds": 61.3,
             "peak_rss_mib": 820.0},
        ],
    )  # fmt: skip


# -- Jobs of other kinds --------------------------------------------------------------


def tiny_source() -> ReportSource:
    """Forty rows: hardly anything can be said."""
    source = make_source(n_holdout=8)
    metrics = {
        **source.metrics,
        "scores": {
            "roc_auc": {"value": 1.0, "low": 1.0, "high": 1.0},
            "log_loss": {"value": 0.2, "low": None, "high": None,
                         "reason": "too few rows of some class."},
        },
        "is_worth_deploying": False,
        "roc": [], "pr": [], "calibration": [], "segments": [], "thresholds": None,
    }  # fmt: skip
    return replace(source, metrics=metrics, splits={**source.splits, "train": list(range(32))})


def weighted_source() -> ReportSource:
    """Rows that do not count alike."""
    source = make_source()
    plan = source.plan.model_copy(update={"weight_column": "households"})
    return replace(source, plan=plan, metrics={**source.metrics, "is_weighted": True})


def ensemble_source(task: Task = "regression") -> ReportSource:
    """Several families together."""
    source = make_source(task)
    members = [
        {"family": "lightgbm", "trial_id": 12, "weight": 0.56, "score": 531.0},
        {"family": "extra_trees", "trial_id": 3, "weight": 0.28, "score": 548.0},
        {"family": "linear", "trial_id": 40, "weight": 0.16, "score": 640.0},
    ]
    chosen = {
        "family": "ensemble", "kind": "ensemble", "trial_id": None, "score": 519.0,
        "config": {"members": members}, "members": members,
    }  # fmt: skip
    found = {
        "considered": True, "chosen": True, "score": 519.0, "best_single_score": 531.0,
        "gain": 12.0, "gain_low": 4.1, "gain_high": 20.2, "reason": "Better by more than noise",
        "members": members,
    }  # fmt: skip
    board = {**source.leaderboard, "chosen": chosen, "ensemble": found}
    return replace(source, leaderboard=board)


def time_source() -> ReportSource:
    """The latest rows are the holdout, of a table whose groups stay together."""
    source = make_source("regression")
    split = source.plan.split.model_copy(
        update={"method": "time", "time_column": "signed_up", "group_column": "household"}
    )
    plan = source.plan.model_copy(update={"split": split})
    return replace(source, plan=plan, splits={**source.splits, "method": "time_group"})


def useless_source() -> ReportSource:
    """Nothing that was tried is better than guessing, and one column looks like a leak."""
    source = make_source()
    metrics = {
        **source.metrics,
        "is_better_than_baseline": False,
        "is_worth_deploying": False,
        "verdict": "Not better than guessing: the interval of the difference holds zero.",
        "leak_check": {
            "suspicious": True, "column": "closed_at", "share": 0.98,
            "reason": "Column 'closed_at' alone holds 98 % of the improvement",
        },
        "calibration_error": 0.12,
    }  # fmt: skip
    return replace(source, metrics=metrics)


def bare_source(task: Task = "binary") -> ReportSource:
    """A job whose documents hold nothing that can be left out."""
    source = make_source(task)
    metrics = {
        name: source.metrics[name]
        for name in ("task", "metric", "n_rows", "scores", "is_better_than_baseline", "verdict")
    }
    chosen = {"family": "linear"}
    return replace(
        source,
        splits={"train": [0] * 32, "holdout": [0] * 8},
        metrics=metrics,
        leaderboard={"chosen": chosen},
        explanations={},
        parity={},
        manifest={},
        telemetry=[],
        encoder_columns=[{"name": "tenure"}],
    )


JOBS: dict[str, Any] = {
    "two classes": make_source,
    "three classes": lambda: make_source("multiclass"),
    "twenty classes": lambda: make_source("multiclass", n_classes=20),
    "sixty classes": lambda: make_source("multiclass", n_classes=60),
    "regression": lambda: make_source("regression"),
    "hardly any rows": tiny_source,
    "weighted": weighted_source,
    "ensemble": ensemble_source,
    "time split": time_source,
    "no better than guessing": useless_source,
    "bare": bare_source,
    "bare regression": lambda: bare_source("regression"),
}


# -- Pages -------------------------------------------------------------------------


class Page(HTMLParser):
    """Elements, their attributes and the text of a page."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


def text_of(source: Any) -> str:
    """The page's words, each run of blanks as one."""
    return " ".join(Page(render_report(source)).text.split())


@cache
def html_of(job: str) -> str:
    return str(render_report(JOBS[job]()))


@cache
def page_of(job: str) -> Page:
    return Page(html_of(job))


def changed(source: Any, document: str, **parts: Any) -> Any:
    return replace(source, **{document: {**getattr(source, document), **parts}})
