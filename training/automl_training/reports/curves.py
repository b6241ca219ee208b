"""Curves of a classification: ROC, precision and recall, calibration, thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from automl_core.tabular.report.parts import Chart, Head, Table, Text
from automl_core.tabular.report.words import clean, share, whole
from automl_core.tabular.wording import join
from automl_training.reports.plots import Axis, Line, Point, lines
from automl_training.reports.source import ReportSource
from automl_training.reports.words import (
    NOTHING,
    block,
    figure,
    items,
    part,
    sentence,
    three,
)

_N = True
BEST_WORDS: Final = {
    "f1": "F1",
    "balanced_accuracy": "balanced accuracy",
    "youden": "Youden's J",
}


def named(title: str, chart: Chart | None) -> list[tuple[str, Chart]]:
    """A chart with its heading, if there is one."""
    return [] if chart is None else [(title, chart)]


def curves(source: ReportSource) -> list[tuple[str, Chart]]:
    """The curves that this task and this job have, each with its heading."""
    return [
        *named("ROC curve", _roc(source)),
        *named("Precision and recall", _precision_recall(source)),
        *named("Calibration", _calibration(source)),
    ]


def _roc(source: ReportSource) -> Chart | None:
    points = _points(items(source.metrics, "roc"))
    if len(points) < 2:
        return None
    x, y = Axis(0.0, 1.0, "false positive rate"), Axis(0.0, 1.0, "true positive rate")
    area = block(block(source.metrics, "scores"), "roc_auc").get("value")
    return Chart(
        lines(
            [Line(points)], x=x, y=y, has_diagonal=True,
            title="ROC curve",
            description=f"{len(points)} points; the area under the curve is {figure(area)}.",
        ),
        _pairs("ROC curve", ("False positive rate", "True positive rate"), points),
        "For every threshold: the share of positive rows that is found against the share of "
        "negative rows that is taken for positive. Dashed: guessing.",
    )  # fmt: skip


def _precision_recall(source: ReportSource) -> Chart | None:
    points = _points(items(source.metrics, "pr"))
    if len(points) < 2:
        return None
    x, y = Axis(0.0, 1.0, "recall"), Axis(0.0, 1.0, "precision")
    share_positive = _share_positive(source)
    guess = (
        ""
        if share_positive is None
        else f" Dashed: the share of positive rows, {share(share_positive)}, which guessing gets."
    )
    return Chart(
        lines(
            [Line(points)], x=x, y=y, across=share_positive,
            title="Precision and recall",
            description=f"{len(points)} points.",
        ),
        _pairs("Precision and recall", ("Recall", "Precision"), points),
        "For every threshold: the share of positive rows that is found against how often a "
        f"positive answer is right.{guess}",
    )  # fmt: skip


def _share_positive(source: ReportSource) -> float | None:
    table = items(source.metrics, "per_class")
    total = sum(entry.get("n_rows", 0) for entry in table)
    if source.plan.task != "binary" or len(table) != 2 or not total:
        return None
    return float(table[1].get("n_rows", 0)) / float(total)


def _calibration(source: ReportSource) -> Chart | None:
    bins = items(source.metrics, "calibration")
    points = _points(bins)
    if not points:
        return None
    of = (
        clean(source.plan.positive_label, most=40)
        if source.plan.task == "binary"
        else "the answered class"
    )
    gap = source.metrics.get("calibration_error")
    off = "" if gap is None else f" On average they are {100 * gap:.1f} percentage points apart."
    rows: list[Sequence[Text]] = [
        (figure(entry["x"]), figure(entry["y"]), whole(entry.get("n_rows", 0))) for entry in bins
    ]
    heads = (Head("Predicted"), Head("Observed", _N), Head("Rows", _N))
    return Chart(
        lines(
            [Line(points, has_dots=True)],
            x=Axis(0.0, 1.0, "predicted probability"), y=Axis(0.0, 1.0, "observed share"),
            has_diagonal=True,
            title="Calibration",
            description=f"{len(points)} bins of rows; on the diagonal both agree.",
        ),
        Table("Calibration", heads, rows, "twin"),
        f"Predicted probability of {of} against its observed share, in bins of equal numbers of "
        f"rows. On the dashed line probabilities can be taken at their word.{off}",
    )  # fmt: skip


def about_calibration(source: ReportSource) -> str:
    """What was done to the probabilities, if this job knows."""
    if "calibration_applied" not in source.metrics:
        return ""
    applied = block(source.metrics, "calibration_applied")
    if not applied:
        return (
            "Probabilities are the model's own: correcting them did not help on rows that its "
            "parts had not seen."
        )
    slope = applied.get("slope")
    how = "" if slope is None else f" (slope {figure(slope)})"
    reason = f" {sentence(applied['reason'])}" if applied.get("reason") else ""
    return f"Probabilities are corrected after the model{how}.{reason}"


# -- Thresholds -----------------------------------------------------------------------


def threshold_chart(source: ReportSource) -> Chart | None:
    """Precision, recall and F1 by threshold, with the whole table as its twin."""
    table = items(block(source.metrics, "thresholds"), "table")
    if len(table) < 2:
        return None
    best = block(block(source.metrics, "thresholds"), "best").get("f1")
    drawn = [
        Line(_by_threshold(table, "precision"), "l"),
        Line(_by_threshold(table, "recall"), "l second"),
        Line(_by_threshold(table, "f1"), "l third"),
    ]
    return Chart(
        lines(
            drawn,
            x=Axis(0.0, 1.0, "threshold"), y=Axis(0.0, 1.0, "score on the holdout"),
            upright=best,
            title="Precision, recall and F1 by threshold",
            description=f"{len(table)} thresholds."
            + ("" if best is None else f" The highest F1 is at {figure(best)}."),
        ),
        _whole_table(table),
    )  # fmt: skip


def _by_threshold(table: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    return [
        (float(entry["threshold"]), float(entry[name]))
        for entry in table
        if entry.get(name) is not None and entry.get("threshold") is not None
    ]


def chosen_thresholds(source: ReportSource) -> Table | None:
    """The thresholds worth knowing side by side, with their scores on the holdout."""
    thresholds = block(source.metrics, "thresholds")
    table = items(thresholds, "table")
    if not table:
        return None
    at_best = block(thresholds, "at_best")
    names: dict[float, list[str]] = {}
    entries: dict[float, Mapping[str, Any]] = {}
    for name, threshold in block(thresholds, "best").items():
        if threshold is None:
            continue
        names.setdefault(threshold, []).append(BEST_WORDS.get(name, name.replace("_", " ")))
        found = at_best.get(name)
        entries[threshold] = found if isinstance(found, Mapping) else _nearest(table, threshold)
    heads = [Head("Threshold"), Head("0.5: the label", _N)]
    heads += [
        Head(f"{figure(round(threshold, 3))}: highest {join(names[threshold])}", _N)
        for threshold in sorted(entries, reverse=True)
    ]
    shown = [_nearest(table, 0.5), *(entries[key] for key in sorted(entries, reverse=True))]
    rows = [(words, *(_cell(name, entry) for entry in shown)) for name, words in _ROWS.items()]
    return Table("Scores on the holdout at chosen thresholds", heads, rows, "twin")


def about_thresholds(source: ReportSource) -> str:
    """Where the tuned thresholds come from and what to do with them."""
    thresholds = block(source.metrics, "thresholds")
    rows = thresholds.get("n_rows")
    tuned = (
        f"Tuned on the answers that {rows:,} training rows got from models that had not seen them, "
        "scored on the holdout. "
        if isinstance(rows, int)
        else "Scored on the holdout. "
    )
    return (
        f"The label is the more probable class. A row can also count as "
        f"{clean(source.plan.positive_label, most=40)} from another probability on: a lower "
        f"threshold finds more of them and is wrong more often. {tuned}What an error costs decides."
    )


def _nearest(table: Sequence[Mapping[str, Any]], threshold: float) -> Mapping[str, Any]:
    found: Mapping[str, Any] = min(table, key=lambda entry: abs(entry["threshold"] - threshold))
    return found


_ROWS: Final = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "specificity": "Specificity",
    "balanced_accuracy": "Balanced accuracy",
    "share_positive": "Called positive",
    "tp": "Found",
    "fp": "False alarms",
    "fn": "Missed",
    "tn": "Rightly left alone",
}


def _whole_table(entries: Sequence[Mapping[str, Any]]) -> Table:
    heads = [Head("Threshold"), *(Head(words, _N) for words in _ROWS.values())]
    rows = [
        (figure(entry.get("threshold")), *(_cell(name, entry) for name in _ROWS))
        for entry in entries
    ]
    return Table("Scores on the holdout at every threshold", heads, rows)


def _cell(name: str, entry: Mapping[str, Any]) -> str:
    value = entry.get(name)
    if value is None:
        return NOTHING
    if name == "share_positive":
        return part(value)
    return whole(value) if name in {"tp", "fp", "fn", "tn"} else three(value)


# -- Points ---------------------------------------------------------------------------


def _points(entries: Sequence[Mapping[str, Any]]) -> list[Point]:
    return [(float(entry["x"]), float(entry["y"])) for entry in entries]


def _pairs(caption: str, heads: tuple[str, str], points: Sequence[Point]) -> Table:
    rows = [(figure(round(a, 4)), figure(round(b, 4))) for a, b in points]
    return Table(caption, (Head(heads[0]), Head(heads[1], _N)), rows, "twin")
