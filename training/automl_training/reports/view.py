"""What the templates show: plain words and formatted figures made from a job's artifacts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from automl_core.records import MissingPolicy, Plan
from automl_core.tabular.schema import TableSchema
from automl_training.reports.charts import (
    Chart,
    bar_chart,
    figure,
    histogram_chart,
    line_chart,
    scatter_chart,
    shortened,
)

MAX_TRIALS_SHOWN = 15
MAX_BARS = 20

_MISSING_WORDS: dict[MissingPolicy, str] = {
    "auto": "kept as missing where the column had gaps in training; the models know how to "
    "read them.",
    "drop": "training rows with a gap in any column that is read were left out.",
    "mean": "filled with the training rows' mean; in categories with the most frequent value.",
    "median": "filled with the training rows' median; in categories with the most frequent value.",
    "most_frequent": "filled with the training rows' most frequent value.",
}


@dataclass(frozen=True)
class ReportSource:
    """Everything that a report is made of; the parsed artifacts of one job."""

    job_id: str
    dataset_name: str
    made_at: datetime
    plan: Plan
    schema: TableSchema
    splits: dict[str, Any]
    encoder_columns: list[dict[str, Any]]
    metrics: dict[str, Any]
    leaderboard: dict[str, Any]
    explanations: dict[str, Any]
    parity: dict[str, Any]
    versions: dict[str, str]
    family_titles: dict[str, str]
    metric_titles: dict[str, str]
    telemetry: list[dict[str, Any]] = field(default_factory=list)


def view(source: ReportSource) -> dict[str, Any]:
    """Shape the artifacts for the templates."""
    plan, metrics = source.plan, source.metrics
    chosen = source.leaderboard["chosen"]
    importance_chart = _importances(source)
    return {
        "job_id": source.job_id,
        "dataset_name": source.dataset_name,
        "made_at": source.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        "plan": plan,
        "schema": source.schema,
        "metrics": metrics,
        "leaderboard": source.leaderboard,
        "task_words": _task_words(plan),
        "facts": _facts(source),
        "metric_title": source.metric_titles[plan.metric],
        "chosen_title": source.family_titles[chosen["family"]],
        "score_rows": _score_rows(source),
        "undefined_scores": [
            f"{source.metric_titles[name]}: {entry['reason']}"
            for name, entry in metrics["scores"].items()
            if entry.get("reason")
        ],
        "charts": _charts(source),
        "confusion": _confusion(metrics),
        "confusion_reason": (metrics["confusion"] or {}).get("reason"),
        "per_class_rows": _per_class_rows(metrics),
        "interval_text": _interval_text(metrics),
        "importance_chart": importance_chart,
        "importance_text": _importance_text(source),
        "top_columns": ", ".join(
            feature["name"] for feature in source.explanations["features"][:5]
        ),
        "n_train": len(source.splits["train"]),
        "n_holdout": len(source.splits["holdout"]),
        "split_notes": source.splits["notes"],
        "missing_text": _MISSING_WORDS[plan.missing],
        "has_point_interval": any(
            entry["low"] is not None and entry["low"] == entry["high"]
            for entry in metrics["scores"].values()
        ),
        "search_text": _search_text(source),
        "feature_rows": _feature_rows(source),
        "family_rows": _family_rows(source),
        "trial_rows": _trial_rows(source),
        "parity_text": parity_text(source.parity),
        "parity_rows": _parity_rows(source.parity),
        "reproduction_rows": _reproduction_rows(source),
        "stage_rows": [
            [line["stage"], _seconds(line["seconds"]), f"{line['peak_rss_mib']:,.0f}"]
            for line in source.telemetry
            if line["kind"] == "stage" and line["outcome"] == "done"
        ],
        "versions_text": ", ".join(
            f"{name} {version}" for name, version in source.versions.items()
        ),
        "classes_text": ", ".join(str(label) for label in metrics["classes"][:10])
        + (" …" if len(metrics["classes"]) > 10 else ""),
        "dropped_text": ", ".join(f"{column.name} ({column.code})" for column in plan.dropped),
    }


def parity_text(parity: dict[str, Any]) -> str:
    """Say what was proven of the exported model."""
    rows = (
        f"The exported model was checked against the fitted one on all {parity['n_rows']:,} "
        f"holdout rows, on {parity['n_missing_rows']:,} rows with missing cells and on "
        f"{parity['n_unseen_rows']:,} rows with unseen categories"
    )
    gap, allowed = parity["max_probability_gap"], figure(parity["tolerance"])
    if gap is None:
        gap = parity["max_relative_gap"]
        return f"{rows}: the largest relative difference was {figure(gap)} (allowed: {allowed})."
    flips = parity["label_flips"]
    changed = f"{flips:,} answers changed" if flips else "no answer changed"
    return (
        f"{rows}: the largest difference of a probability was {figure(gap)} "
        f"(allowed: {allowed}), and {changed}."
    )


def _search_text(source: ReportSource) -> str:
    if source.plan.reproducible:
        return "a fixed number, so that the same seed finds the same model."
    return (
        f"in a time budget of {source.plan.time_budget_s:,} seconds. "
        f"The search ended because {source.leaderboard['stopped_because']}."
    )


def _seconds(value: float) -> str:
    """A duration in seconds, as exact as it can be measured.

    >>> _seconds(0.08196), _seconds(0.0004), _seconds(12.345), _seconds(1234.5)
    ('0.08', '< 0.01', '12.3', '1,234')
    """
    if value < 0.01:
        return "< 0.01"
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _task_words(plan: Plan) -> str:
    if plan.task == "regression":
        return "It predicts a number."
    if plan.task == "binary":
        return f"It tells two classes apart; the positive one is {plan.positive_label}."
    return f"It tells {len(plan.classes)} classes apart."


def _facts(source: ReportSource) -> list[tuple[str, str]]:
    entry = source.metrics["scores"][source.plan.metric]
    chosen = source.leaderboard["chosen"]
    return [
        (f"{source.metric_titles[source.plan.metric]} on the holdout", figure(entry["value"])),
        ("95 % interval", _interval(entry)),
        ("Model", source.family_titles[chosen["family"]]),
        ("Training rows", f"{len(source.splits['train']):,}"),
        ("Holdout rows", f"{source.metrics['n_rows']:,}"),
        ("Columns read", f"{len(source.encoder_columns):,}"),
    ]


def _interval(entry: dict[str, Any]) -> str:
    if entry["low"] is None:
        return "–"
    return f"{figure(entry['low'])} to {figure(entry['high'])}"


def _score_rows(source: ReportSource) -> list[list[str]]:
    from automl_training.scoring import is_higher_better

    baseline = source.metrics["baseline"]["scores"]
    return [
        [
            source.metric_titles[name],
            figure(entry["value"]),
            _interval(entry),
            figure(baseline[name]),
            "higher" if is_higher_better(name) else "lower",
        ]
        for name, entry in source.metrics["scores"].items()
    ]


def _charts(source: ReportSource) -> list[Chart]:
    metrics, plan = source.metrics, source.plan
    charts = []
    if metrics["roc"]:
        charts.append(
            line_chart(
                "ROC curve",
                "For every threshold: how many positive rows are found against how many "
                "negative ones are taken for positive. The diagonal is guessing.",
                _points(metrics["roc"]),
                x_label="false positive rate",
                y_label="true positive rate",
                has_diagonal=True,
            )
        )
    if metrics["pr"]:
        charts.append(
            line_chart(
                "Precision and recall",
                "For every threshold: how many of the positive rows are found against how "
                "often a positive answer is right.",
                _points(metrics["pr"]),
                x_label="recall",
                y_label="precision",
            )
        )
    if metrics["calibration"]:
        of = plan.positive_label if plan.task == "binary" else "the answered class"
        charts.append(
            line_chart(
                "Calibration",
                f"Predicted probability of {of} against its observed share; on the diagonal "
                "the probabilities can be taken at their word.",
                _points(metrics["calibration"]),
                x_label="predicted probability",
                y_label="observed share",
                has_diagonal=True,
                has_dots=True,
            )
        )
    if metrics["residuals"]:
        charts += _residual_charts(metrics["residuals"])
    return charts


def _residual_charts(residuals: dict[str, Any]) -> list[Chart]:
    sampled = " A sample of the rows." if residuals["points_are_sampled"] else ""
    histogram = residuals["histogram"]
    return [
        scatter_chart(
            "Predicted against actual",
            f"Each dot is a holdout row; on the diagonal the prediction is right.{sampled}",
            _points(residuals["points"]),
            x_label="actual",
            y_label="predicted",
        ),
        histogram_chart(
            "Errors",
            f"Actual minus predicted; half of the rows are off by less than "
            f"{figure(residuals['median_absolute'])}. The outer bins hold all that lies beyond.",
            histogram["edges"],
            histogram["counts"],
            x_label="actual minus predicted",
        ),
    ]


def _points(points: list[dict[str, float]]) -> list[tuple[float, float]]:
    return [(point["x"], point["y"]) for point in points]


def _confusion(metrics: dict[str, Any]) -> dict[str, Any] | None:
    confusion = metrics["confusion"]
    if not confusion or confusion["matrix"] is None:
        return None
    rows = []
    for label, counts in zip(confusion["labels"], confusion["matrix"], strict=True):
        total = max(sum(counts), 1)
        cells = [{"count": count, "percent": round(100 * count / total)} for count in counts]
        rows.append({"label": label, "cells": cells})
    return {"labels": confusion["labels"], "rows": rows}


def _per_class_rows(metrics: dict[str, Any]) -> list[list[str]]:
    return [
        [
            str(entry["label"]),
            f"{entry['n_rows']:,}",
            f"{entry['n_predicted']:,}",
            figure(entry["precision"]),
            figure(entry["recall"]),
            figure(entry["f1"]),
        ]
        for entry in metrics["per_class"]
    ]


def _interval_text(metrics: dict[str, Any]) -> str:
    interval = metrics["interval"]
    if not interval:
        return ""
    if interval["half_width"] is None:
        return str(interval["reason"])
    return (
        f"A prediction comes with a range of ± {figure(interval['half_width'])}, which covers "
        f"about {100 * interval['coverage']:.0f} of 100 rows like the holdout's "
        f"({interval['method']})."
    )


def _importances(source: ReportSource) -> Chart | None:
    features = source.explanations["features"][:MAX_BARS]
    if not features:
        return None
    metric = source.metric_titles[source.explanations["metric"]]
    return bar_chart(
        "Loss of score when a column is shuffled",
        f"Importance of the first {len(features)} columns, as loss of {metric}.",
        [(f["name"], f["importance"], f["std"]) for f in features],
        headers=["Column", f"Loss of {metric}", "Spread over repeats"],
    )


def _importance_text(source: ReportSource) -> str:
    explained = source.explanations
    n_left = max(len(explained["features"]) - MAX_BARS, 0)
    return (
        f"How much the {source.metric_titles[explained['metric']]} suffers when the values of a "
        f"column are shuffled among {explained['n_rows']:,} holdout rows "
        f"({explained['n_repeats']} repeats). Columns that carry the same information share "
        "their importance, and an important column need not be a cause."
        + (f" {n_left:,} less important columns are not drawn." if n_left else "")
    )


def _feature_rows(source: ReportSource) -> list[list[str]]:
    return [
        [
            column["name"],
            column["kind"],
            f"{column.get('n_missing') or 0:,}",
            f"{len(column['categories']):,}" if column.get("categories") else "–",
        ]
        for column in source.encoder_columns
    ]


def _family_rows(source: ReportSource) -> list[list[str]]:
    return [
        [
            source.family_titles[best["family"]],
            figure(best["score"]),
            f"{best['n_trials']:,}",
            _seconds(best["train_seconds"]),
        ]
        for best in source.leaderboard["families"]
    ]


def _trial_rows(source: ReportSource) -> list[list[str]]:
    return [
        [
            str(trial["rank"]),
            source.family_titles[trial["family"]],
            figure(trial["score"]),
            _seconds(trial["train_seconds"]),
            "–" if trial["sample_rows"] is None else f"{trial['sample_rows']:,}",
            shortened(
                ", ".join(
                    f"{name} {figure(value) if isinstance(value, float) else value}"
                    for name, value in trial["config"].items()
                ),
                180,
            ),
        ]
        for trial in source.leaderboard["trials"][:MAX_TRIALS_SHOWN]
    ]


def _parity_rows(parity: dict[str, Any]) -> list[list[str]]:
    rows = [
        ["Passed", "yes" if parity["passed"] else "no"],
        ["Holdout rows", f"{parity['n_rows']:,}"],
        ["Rows with missing cells", f"{parity['n_missing_rows']:,}"],
        ["Rows with unseen categories", f"{parity['n_unseen_rows']:,}"],
    ]
    allowed = ["Allowed difference", figure(parity["tolerance"])]
    if parity["max_probability_gap"] is None:
        gap = figure(parity["max_relative_gap"])
        return [*rows, ["Largest relative difference of a value", gap], allowed]
    return [
        *rows,
        ["Largest difference of a probability", figure(parity["max_probability_gap"])],
        allowed,
        ["Answers that changed", f"{parity['label_flips']:,}"],
        ["Exact ties (either answer is right)", f"{parity['exact_ties']:,}"],
    ]


def _reproduction_rows(source: ReportSource) -> list[list[str]]:
    file, plan = source.schema.file, source.plan
    return [
        ["Data set's SHA-256", file.sha256],
        ["Rows and columns", f"{source.schema.n_rows:,} and {len(source.schema.columns):,}"],
        ["Seed", str(plan.seed)],
        ["Search", "fixed number of trials" if plan.reproducible else f"{plan.time_budget_s} s"],
        *([name, version] for name, version in source.versions.items()),
    ]
