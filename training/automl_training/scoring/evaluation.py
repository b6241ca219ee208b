"""The whole judgement of a model on the holdout: what ``metrics.json`` holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import Metric, Task
from automl_training.scoring import conformal, curves
from automl_training.scoring.bootstrap import LEVEL, Resampled, interval, resample
from automl_training.scoring.metrics import (
    Floats,
    Measure,
    Scored,
    Weighted,
    measure,
    measures_of,
)
from automl_training.scoring.verdict import Improvement, verdict

#: A matrix of more classes than this can be neither read nor drawn.
MAX_CONFUSION_CLASSES = 50

COVERAGE = 0.9


def evaluate(
    y: NDArray[Any],
    predicted: NDArray[Any],
    *,
    task: Task,
    metric: Metric,
    classes: Sequence[Any],
    y_train: NDArray[Any],
    weights: NDArray[Any] | None = None,
    weights_train: NDArray[Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Judge predictions on the holdout against a trivial baseline.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Class codes or values of the holdout.
    predicted : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities or values.
    task, metric : Task, Metric
        The plan's; the metric decides the verdict.
    classes : sequence
        Labels in the order of the codes; empty for a regression.
    y_train : ndarray of shape (n_train_rows,)
        Target of the training rows: what the baseline may know.
    weights, weights_train : ndarray, optional
        Row weights of both.
    seed : int
        Of the resamples and of sampled points.

    Returns
    -------
    dict
        ``metrics.json``: strict JSON, null with a ``reason`` where something is undefined.
    """
    w = None if weights is None else np.asarray(weights, np.float64)
    model = Scored(task, np.asarray(y), np.asarray(predicted, np.float64))
    name, baseline = make_baseline(
        model, np.asarray(y_train), metric,
        weights=None if weights_train is None else np.asarray(weights_train, np.float64),
    )  # fmt: skip
    measures = measures_of(task)
    resampled = resample(model, baseline, measures, measure(metric), weights=w, seed=seed)
    ones = np.ones((1, model.y.size)) if w is None else w[np.newaxis, :]
    judged, guessed = Weighted(model, ones), Weighted(baseline, ones)
    values = {m.name: float(m.of(judged)[0]) for m in measures}
    guesses = {m.name: float(m.of(guessed)[0]) for m in measures}
    improvement = _improvement(measure(metric), values, guesses, resampled)
    result: dict[str, Any] = {
        "task": task,
        "metric": metric,
        "split": "holdout",
        "n_rows": int(model.y.size),
        "is_weighted": w is not None,
        "scores": {m.name: _entry(m, values[m.name], resampled) for m in measures},
        "interval_method": (
            f"{100 * LEVEL:.0f} % percentile bootstrap over {resampled.n_resamples:,} resamples "
            f"of the {model.y.size:,} holdout rows"
        ),
        "baseline": {"name": name, "scores": {k: _finite(v) for k, v in guesses.items()}},
        "improvement": {
            "value": _finite(improvement.value),
            "low": _finite(improvement.low),
            "high": _finite(improvement.high),
        },
        "is_better_than_baseline": improvement.is_certain,
        "verdict": verdict(
            measure(metric), values[metric], guesses[metric], name, improvement,
            n_rows=model.y.size,
        ),
        "classes": list(classes),
        "confusion": None,
        "per_class": [],
        "roc": [],
        "pr": [],
        "calibration": [],
        "calibration_error": None,
        "residuals": None,
        "interval": None,
    }  # fmt: skip
    rng = np.random.default_rng(seed)
    if task == "regression":
        result |= _regression_part(model, rng)
    else:
        result |= _classification_part(model, ones, classes)
    return result


def make_baseline(
    model: Scored, y_train: NDArray[Any], metric: Metric, *, weights: Floats | None
) -> tuple[str, Scored]:
    """What somebody who has not seen the features would answer for every row.

    Class shares of the training rows, whose label is the most frequent class; the mean of
    the training rows, or their median where absolute errors count.
    """
    if model.task == "regression":
        if metric == "mae":
            name, answer = "median of the training rows", _weighted_median(y_train, weights)
        else:
            name, answer = (
                "mean of the training rows",
                float(np.average(y_train, weights=weights)),
            )
        return name, Scored("regression", model.y, np.full(model.y.size, answer))
    counts = np.bincount(y_train.astype(np.int64), weights, minlength=model.n_classes)
    shares = np.tile(counts / counts.sum(), (model.y.size, 1))
    return (
        "class shares of the training rows (label: the most frequent class)",
        Scored(model.task, model.y, shares),
    )


def _weighted_median(values: NDArray[Any], weights: Floats | None) -> float:
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _entry(m: Measure, value: float, resampled: Resampled) -> dict[str, Any]:
    if not math.isfinite(value):
        return {"value": None, "low": None, "high": None, "reason": f"{m.undefined_because}."}
    bounds = interval(resampled.model[m.name])
    if bounds is None:
        reason = "too many resamples leave it undefined: too few rows of some class."
        return {"value": value, "low": None, "high": None, "reason": reason}
    return {"value": value, "low": bounds[0], "high": bounds[1]}


def _improvement(
    m: Measure, values: dict[str, float], guesses: dict[str, float], resampled: Resampled
) -> Improvement:
    """Difference to the baseline on the same resamples, positive where the model is better."""
    sign = 1.0 if m.is_higher_better else -1.0
    bounds = interval(sign * (resampled.model[m.name] - resampled.baseline))
    return Improvement(sign * (values[m.name] - guesses[m.name]), *(bounds or (math.nan, math.nan)))


def _classification_part(model: Scored, weights: Floats, classes: Sequence[Any]) -> dict[str, Any]:
    counted = Weighted(model, np.ones((1, model.y.size))).confusions[0]
    weighted = Weighted(model, weights).confusions[0]
    part: dict[str, Any] = {"per_class": _per_class(counted, weighted, classes)}
    if len(classes) <= MAX_CONFUSION_CLASSES:
        part["confusion"] = {
            "labels": list(classes),
            "matrix": counted.astype(np.int64).tolist(),
            "rows": "actual",
            "columns": "predicted",
        }
    else:
        part["confusion"] = {
            "labels": [],
            "matrix": None,
            "reason": f"{len(classes)} classes; shown for up to {MAX_CONFUSION_CLASSES}.",
        }
    if model.task == "binary":
        part["roc"] = curves.roc_points(model)
        part["pr"] = curves.precision_recall_points(model)
    part["calibration"] = curves.calibration_points(model)
    part["calibration_error"] = curves.calibration_error(part["calibration"])
    return part


def _per_class(counted: Floats, weighted: Floats, classes: Sequence[Any]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class, null where there is nothing to divide by."""

    def share(over: float, under: float) -> float | None:
        return float(over / under) if under > 0 else None

    table = []
    for code, label in enumerate(classes):
        right = weighted[code, code]
        actual, answered = weighted[code].sum(), weighted[:, code].sum()
        table.append(
            {
                "label": label,
                "n_rows": int(counted[code].sum()),
                "n_predicted": int(counted[:, code].sum()),
                "precision": share(right, answered),
                "recall": share(right, actual),
                "f1": share(2 * right, actual + answered),
            }
        )
    return table


def _regression_part(model: Scored, rng: np.random.Generator) -> dict[str, Any]:
    width = conformal.half_width(model.errors, coverage=COVERAGE)
    interval_of_rows: dict[str, Any] = {
        "coverage": COVERAGE,
        "half_width": width,
        "n_rows": int(model.y.size),
        "method": "split conformal prediction on the holdout's residuals (Lei et al. 2018)",
    }
    if width is None:
        interval_of_rows["reason"] = (
            f"{model.y.size} holdout rows are too few for {COVERAGE:.0%} intervals."
        )
    return {"residuals": curves.residual_summary(model, rng), "interval": interval_of_rows}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
