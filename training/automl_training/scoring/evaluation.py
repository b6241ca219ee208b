"""The whole judgement of a model on the holdout: what ``metrics.json`` holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import Metric, SplitMethod, Task
from automl_training.scoring import curves, promises
from automl_training.scoring.bootstrap import LEVEL, Resampled, interval, resample
from automl_training.scoring.metrics import (
    Floats,
    Measure,
    Scored,
    Weighted,
    measure,
    measures_of,
)
from automl_training.scoring.promises import Unseen
from automl_training.scoring.thresholds import threshold_block
from automl_training.scoring.verdict import (
    Improvement,
    imbalance_words,
    is_worth_deploying,
    verdict,
)

if TYPE_CHECKING:
    from automl_training.families.calibrator import Calibrator

#: A matrix of more classes than this can be neither read nor drawn.
MAX_CONFUSION_CLASSES = 50

#: From this share of rows in one class on, accuracy alone says nothing.
IMBALANCED = 0.7


@dataclass(frozen=True)
class Evidence:
    """What is known of the model beside its answers to the holdout; all of it may be absent.

    Parameters
    ----------
    unseen : Unseen or None
        Out-of-fold answers to training rows: ranges, label sets and thresholds are made of
        them, and of the holdout where they are absent.
    split : SplitMethod
        How the holdout was set aside.
    calibrator : Calibrator or None
        Part of the model, if calibration helped.
    segments : list
        From :func:`automl_training.scoring.segments.segments`.
    leak : mapping or None
        From :func:`automl_training.scoring.leaks.leak_check`.
    """

    unseen: Unseen | None = None
    split: SplitMethod = "random"
    calibrator: Calibrator | None = None
    segments: list[dict[str, Any]] = field(default_factory=list)
    leak: Mapping[str, Any] | None = None


NO_EVIDENCE = Evidence()


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
    evidence: Evidence = NO_EVIDENCE,
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
    evidence : Evidence
        What else is known of the model.

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
    judged_by = measure(metric)
    resampled = resample(model, baseline, measures, judged_by, weights=w, seed=seed)
    ones = np.ones((1, model.y.size)) if w is None else w[np.newaxis, :]
    judged, guessed = Weighted(model, ones), Weighted(baseline, ones)
    values = {m.name: float(m.of(judged)[0]) for m in measures}
    guesses = {m.name: float(m.guess(judged, guessed)[0]) for m in measures}
    improvement = _improvement(judged_by, values, guesses, resampled)
    is_worth = is_worth_deploying(judged_by, values[metric], guesses[metric], improvement)
    is_by_chance = guesses[metric] > float(judged_by.of(guessed)[0])
    against = judged_by.chance_title if is_by_chance else name
    words = verdict(
        judged_by, values[metric], guesses[metric], against, improvement, n_rows=model.y.size
    )  # fmt: skip
    if metric == "accuracy":
        words = " ".join([words, *_imbalance(judged, classes, values, guesses)])
    if evidence.leak is not None and evidence.leak["suspicious"]:
        words = f"{words} Check before deploying: {evidence.leak['reason']}"
    result: dict[str, Any] = {
        "task": task,
        "metric": metric,
        "split": "holdout",
        "n_rows": int(model.y.size),
        "is_weighted": w is not None,
        "scores": {m.name: _entry(m, values[m.name], resampled) for m in measures},
        "interval_method": _interval_method(resampled, model.y.size),
        "baseline": {
            "name": name,
            "scores": {k: _finite(v) for k, v in guesses.items()},
            "by_chance": [m.name for m in measures if m.by_chance is not None],
        },
        "improvement": {
            "value": _finite(improvement.value),
            "low": _finite(improvement.low),
            "high": _finite(improvement.high),
        },
        "is_better_than_baseline": improvement.is_certain,
        "is_worth_deploying": is_worth,
        "verdict": words,
        "classes": list(classes),
        "confusion": None,
        "per_class": [],
        "roc": [],
        "pr": [],
        "calibration": [],
        "calibration_error": None,
        "calibration_applied": None,
        "thresholds": None,
        "label_set": None,
        "residuals": None,
        "interval": None,
        "segments": evidence.segments,
        "leak_check": None if evidence.leak is None else dict(evidence.leak),
    }
    if task == "regression":
        result["residuals"] = curves.residual_summary(model, np.random.default_rng(seed))
        result["interval"] = promises.interval_block(
            np.asarray(model.y, np.float64), model.predicted, evidence.unseen,
            split=evidence.split, seed=seed,
        )  # fmt: skip
    else:
        result |= _classification_part(model, w, classes, evidence, seed)
    promised = result["interval"] or result["label_set"]
    if w is not None:
        promised["method"] += " Every row counts alike, whatever its weight."
    return result


def _interval_method(resampled: Resampled, n_rows: int) -> str:
    words = (
        f"{100 * LEVEL:.0f} % percentile bootstrap over {resampled.n_resamples:,} resamples of "
        f"the {n_rows:,} holdout rows"
    )
    if resampled.n_rows < n_rows:
        words += f" (of {resampled.n_rows:,} of them, scaled to all)"
    if resampled.keeps_rare:
        words += "; rare classes keep their number of rows"
    return words


def _imbalance(
    judged: Weighted, classes: Sequence[Any], values: dict[str, float], guesses: dict[str, float]
) -> list[str]:
    """Say what accuracy hides, if most rows are of one class."""
    actual = judged.per_class[1][0]
    most = int(actual.argmax())
    share = float(actual[most] / actual.sum()) if actual.sum() > 0 else 0.0
    balanced = values["balanced_accuracy"]
    if share < IMBALANCED or not math.isfinite(balanced):
        return []
    return [imbalance_words(classes[most], share, balanced, guesses["balanced_accuracy"])]


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
    gains = sign * (resampled.model[m.name] - resampled.baseline)
    bounds = interval(gains)
    value = sign * (values[m.name] - guesses[m.name])
    if bounds is None:
        return Improvement(value, math.nan, math.nan, math.nan)
    return Improvement(value, *bounds, float(np.nanstd(gains)))


def _classification_part(
    model: Scored,
    weights: Floats | None,
    classes: Sequence[Any],
    evidence: Evidence,
    seed: int,
) -> dict[str, Any]:
    everyone = np.ones((1, model.y.size))
    counted = Weighted(model, everyone).confusions[0]
    weighted = counted
    if weights is not None:
        weighted = Weighted(model, weights[np.newaxis, :]).confusions[0]
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
    unseen = evidence.unseen
    if model.task == "binary":
        part["roc"] = curves.roc_points(model)
        part["pr"] = curves.precision_recall_points(model)
        part["thresholds"] = threshold_block(
            model,
            model if unseen is None else Scored("binary", unseen.y, unseen.predicted),
            weights=weights,
            tuned_weights=weights if unseen is None else unseen.weights,
            chosen_on="holdout" if unseen is None else "out_of_fold",
        )
    part["calibration"] = curves.calibration_points(model)
    part["calibration_error"] = curves.calibration_error(part["calibration"])
    part["calibration_applied"] = _calibration_applied(evidence.calibrator)
    part["label_set"] = promises.label_set_block(
        np.asarray(model.y, np.int64), model.predicted, unseen, split=evidence.split, seed=seed
    )
    return part


def _calibration_applied(calibrator: Calibrator | None) -> dict[str, Any] | None:
    if calibrator is None:
        return None
    if abs(calibrator.slope - 1) < 0.02:
        what = "the classes' probabilities were shifted or kept from being 0"
    elif calibrator.slope < 1:
        what = "the model was too sure of itself, so its probabilities were made more careful"
    else:
        what = "the model was too careful, so its probabilities were made bolder"
    return {
        "slope": calibrator.slope,
        "bias": list(calibrator.bias),
        "reason": f"On training rows that it had not seen, {what}; this lowered their log loss by "
        "more than noise.",
    }


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


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
