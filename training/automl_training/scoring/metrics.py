"""The measures a model is chosen and judged by: one definition for search and holdout.

Every measure is written for a batch of row weights of shape ``(n_batches, n_rows)``: one
batch of ones is the plain score, a batch of counts is a bootstrap resample. NaN stands for
"not defined on these rows". Checked against scikit-learn's functions in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import Task

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Probabilities are kept this far from 0 and 1 in the logarithm, as scikit-learn does.
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Scored:
    """Rows with what a model said about them, and what several measures need of both.

    Parameters
    ----------
    task : Task
        Decides how ``y`` and ``predicted`` are read.
    y : ndarray of shape (n_rows,)
        Class codes 0 … n_classes - 1, or values.
    predicted : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or values. In a binary task class 1 is the positive one.
    """

    task: Task
    y: NDArray[Any]
    predicted: Floats
    _ranked: dict[int, _Ranking] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n_classes(self) -> int:
        """Number of classes the model knows."""
        return int(self.predicted.shape[1])

    @cached_property
    def labels(self) -> Codes:
        """The first class of highest probability, the rule that every bundle follows."""
        return np.asarray(self.predicted.argmax(axis=1), np.int64)

    @cached_property
    def cells(self) -> Codes:
        """Cell of the flattened confusion matrix (actual x predicted) of each row."""
        return np.asarray(self.y, np.int64) * self.n_classes + self.labels

    @cached_property
    def row_log_loss(self) -> Floats:
        """Negative logarithm of the probability given to the actual class."""
        given = self.predicted[np.arange(self.y.size), np.asarray(self.y, np.int64)]
        return np.asarray(-np.log(np.clip(given, EPSILON, 1 - EPSILON)))

    @cached_property
    def errors(self) -> Floats:
        """Actual minus predicted value."""
        return np.asarray(self.y - self.predicted, np.float64)

    def only(self, rows: NDArray[np.int64]) -> Scored:
        """Some of the rows."""
        return Scored(self.task, self.y[rows], self.predicted[rows])

    def ranking(self, code: int) -> _Ranking:
        """The rows in falling order of the probability of one class; sorted once."""
        if code not in self._ranked:
            self._ranked[code] = _Ranking.of(self.y == code, self.predicted[:, code])
        return self._ranked[code]


@dataclass(frozen=True)
class _Ranking:
    """Rows by falling score; rows of equal score form one step."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    is_positive: NDArray[np.bool_]

    @classmethod
    def of(cls, is_positive: NDArray[np.bool_], scores: Floats) -> _Ranking:
        order = np.argsort(-scores, kind="stable")
        ordered = scores[order]
        starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
        return cls(order, starts, is_positive[order])

    def steps(self, weights: Floats) -> tuple[Floats, Floats]:
        """Cumulated weights of positives and negatives after each step, per batch."""
        everyone = weights[:, self.order]
        positives = everyone * self.is_positive
        if self.starts.size < self.order.size:
            positives = np.add.reduceat(positives, self.starts, axis=1)
            everyone = np.add.reduceat(everyone, self.starts, axis=1)
        true_positives = np.cumsum(positives, axis=1)
        return true_positives, np.cumsum(everyone, axis=1) - true_positives


def _areas(ranking: _Ranking, weights: Floats) -> tuple[Floats, Floats]:
    """Area under the ROC curve, and average precision, per batch.

    The first by the trapezoid rule, which counts ties as one half; the second as the sum of
    precision times gain in recall over the steps, without interpolation.
    """
    tp, fp = ranking.steps(weights)
    before = np.zeros((weights.shape[0], 1))
    d_fp = np.diff(fp, axis=1, prepend=before)
    d_tp = np.diff(tp, axis=1, prepend=before)
    roc = (d_fp * (tp - d_tp / 2)).sum(axis=1)
    answered = tp + fp
    precision = np.divide(tp, answered, out=np.zeros_like(tp), where=answered > 0)
    return (
        _ratio(roc, tp[:, -1] * fp[:, -1]),
        _ratio((d_tp * precision).sum(axis=1), tp[:, -1]),
    )


def _ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)


def _mean_defined(values: Floats, axis: int) -> Floats:
    is_defined = ~np.isnan(values)
    total = np.where(is_defined, values, 0.0).sum(axis=axis)
    return _ratio(total, is_defined.sum(axis=axis).astype(np.float64))


@dataclass(frozen=True)
class Weighted:
    """Scored rows under batches of weights: what several measures share is made once.

    ``weights`` has the shape (n_batches, n_rows).
    """

    scored: Scored
    weights: Floats

    def mean(self, values: Floats) -> Floats:
        """Weighted mean of a value of each row."""
        return _ratio(self.weights @ values, self.weights.sum(axis=1))

    @cached_property
    def areas(self) -> tuple[Floats, Floats]:
        """ROC AUC and average precision; with more classes than two, the mean of one
        against the rest over the classes that the rows hold."""
        if self.scored.task == "binary":
            return _areas(self.scored.ranking(1), self.weights)
        each = [
            _areas(self.scored.ranking(code), self.weights) for code in range(self.scored.n_classes)
        ]
        roc, precision = (np.stack(values) for values in zip(*each, strict=True))
        return _mean_defined(roc, axis=0), _mean_defined(precision, axis=0)

    @cached_property
    def areas_by_chance(self) -> Floats:
        """Average precision to be expected of a random order, per batch.

        Somewhat above the share of positives, the more so the fewer rows there are.
        Bestgen: Exact Expected Average Precision of the Random Baseline for System
        Evaluation, PBML 103 (2015).
        """
        n = np.maximum((self.weights > 0).sum(axis=1).astype(np.float64), 2.0)
        harmonic = np.log(n) + np.euler_gamma + 1 / (2 * n)
        total = self.weights.sum(axis=1)
        codes = [1] if self.scored.task == "binary" else range(self.scored.n_classes)
        each = []
        for code in codes:
            share = _ratio(self.weights @ (self.scored.y == code).astype(np.float64), total)
            expected = (harmonic + (share * n - 1) / (n - 1) * (n - harmonic)) / n
            each.append(np.where(share > 0, expected, np.nan))
        return _mean_defined(np.stack(each), axis=0)

    @cached_property
    def confusions(self) -> Floats:
        """Matrices, actual x predicted, of shape (n_batches, n_classes, n_classes)."""
        n, cells = self.scored.n_classes, self.scored.cells
        return np.stack(
            [np.bincount(cells, weights=w, minlength=n * n).reshape(n, n) for w in self.weights]
        )

    @cached_property
    def dealt_out(self) -> tuple[Floats, Floats, Floats]:
        """As ``per_class``, had the same labels been dealt out to the rows at random."""
        _, actual, answered = self.per_class
        total = actual.sum(axis=1, keepdims=True)
        return _ratio(actual * answered, np.broadcast_to(total, actual.shape)), actual, answered

    @cached_property
    def per_class(self) -> tuple[Floats, Floats, Floats]:
        """Right answers, rows and answers of each class, each (n_batches, n_classes)."""
        matrix = self.confusions
        return np.diagonal(matrix, axis1=1, axis2=2), matrix.sum(axis=2), matrix.sum(axis=1)


def _accuracy(rows: Weighted) -> Floats:
    return rows.mean((rows.scored.labels == rows.scored.y).astype(np.float64))


def _balanced_accuracy(rows: Weighted) -> Floats:
    right, actual, _ = rows.per_class
    return _mean_defined(_ratio(right, actual), axis=1)


def _f1_of_each(parts: tuple[Floats, Floats, Floats]) -> Floats:
    right, actual, answered = parts
    return _ratio(2 * right, actual + answered)


def _macro_f1(parts: tuple[Floats, Floats, Floats]) -> Floats:
    return _mean_defined(_f1_of_each(parts), axis=1)


def _f1(parts: tuple[Floats, Floats, Floats]) -> Floats:
    # No positive row and none predicted: scikit-learn says 0.
    return np.nan_to_num(_f1_of_each(parts)[:, 1], nan=0.0)


def _precision(rows: Weighted) -> Floats:
    right, _, answered = rows.per_class
    return _ratio(right[:, 1], answered[:, 1])


def _recall(rows: Weighted) -> Floats:
    right, actual, _ = rows.per_class
    return _ratio(right[:, 1], actual[:, 1])


def _brier(rows: Weighted) -> Floats:
    return rows.mean((rows.scored.predicted[:, 1] - rows.scored.y) ** 2)


def _rmse(rows: Weighted) -> Floats:
    return np.sqrt(rows.mean(rows.scored.errors**2))


def _r2(rows: Weighted) -> Floats:
    # Shifted by one common value, so that large targets lose no digits in the difference.
    y = np.asarray(rows.scored.y, np.float64) - float(np.mean(rows.scored.y))
    squares = rows.mean(y**2)
    spread = squares - rows.mean(y) ** 2
    # Below this, what is left of a constant target is rounding.
    has_spread = spread > EPSILON * np.maximum(squares, np.finfo(np.float64).tiny)
    return 1.0 - _ratio(rows.mean(rows.scored.errors**2), np.where(has_spread, spread, 0.0))


@dataclass(frozen=True)
class Measure:
    """One measure: what it is called, which way is better, and where it is defined."""

    name: str
    title: str
    is_higher_better: bool
    tasks: tuple[Task, ...]
    of: Callable[[Weighted], Floats]
    undefined_because: str = "there are no rows to score"
    by_chance: Callable[[Weighted], Floats] | None = None
    """What the same answers would score if they were dealt out to the rows at random, for the
    measures where a constant answer scores less than that."""
    chance_title: str = "model's own labels dealt out to the rows at random"

    def guess(self, model: Weighted, baseline: Weighted) -> Floats:
        """What guessing scores: the baseline, or the model's own labels dealt out at random."""
        guessed = self.of(baseline)
        if self.by_chance is None:
            return guessed
        return np.fmax(guessed, self.by_chance(model))


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_BOTH_SIDES = "the rows hold one class only"

MEASURES: tuple[Measure, ...] = (
    Measure("roc_auc", "ROC AUC", True, _CLASSES,
            lambda rows: rows.areas[0], _BOTH_SIDES),
    Measure("average_precision", "average precision", True, _CLASSES,
            lambda rows: rows.areas[1], "no row is of the positive class",
            by_chance=lambda rows: rows.areas_by_chance, chance_title="rows in random order"),
    Measure("log_loss", "log loss", False, _CLASSES,
            lambda rows: rows.mean(rows.scored.row_log_loss)),
    Measure("brier", "Brier score", False, ("binary",), _brier),
    Measure("accuracy", "accuracy", True, _CLASSES, _accuracy),
    Measure("balanced_accuracy", "balanced accuracy", True, _CLASSES, _balanced_accuracy),
    Measure("f1", "F1 of the positive class", True, ("binary",),
            lambda rows: _f1(rows.per_class), by_chance=lambda rows: _f1(rows.dealt_out)),
    Measure("macro_f1", "macro F1", True, _CLASSES,
            lambda rows: _macro_f1(rows.per_class),
            by_chance=lambda rows: _macro_f1(rows.dealt_out)),
    Measure("precision", "precision", True, ("binary",), _precision,
            "the model calls no row positive"),
    Measure("recall", "recall", True, ("binary",), _recall, "no row is of the positive class"),
    Measure("rmse", "root mean squared error", False, ("regression",), _rmse),
    Measure("mae", "mean absolute error", False, ("regression",),
            lambda rows: rows.mean(np.abs(rows.scored.errors))),
    Measure("r2", "R²", True, ("regression",), _r2, "every row has the same target value"),
)  # fmt: skip

_BY_NAME: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}


def measure(name: str) -> Measure:
    """Find a measure by its name."""
    return _BY_NAME[name]


def measures_of(task: Task) -> tuple[Measure, ...]:
    """Every measure that a task reports, in the order of the report."""
    return tuple(m for m in MEASURES if task in m.tasks)


def is_higher_better(metric: str) -> bool:
    """Tell the orientation of a metric.

    >>> is_higher_better("roc_auc"), is_higher_better("rmse")
    (True, False)
    """
    return measure(metric).is_higher_better


def score(
    metric: str,
    y: NDArray[Any],
    predicted: NDArray[Any],
    *,
    task: Task,
    weights: NDArray[Any] | None = None,
) -> float:
    """Score predictions.

    Parameters
    ----------
    metric : str
        Name of a measure in ``MEASURES``.
    y : ndarray of shape (n_rows,)
        Class codes or values.
    predicted : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities or values; in a binary task column 1 is the positive class.
    task : Task
        How both are to be read.
    weights : ndarray of shape (n_rows,), optional
        Row weights, not negative.

    Returns
    -------
    float
        In the metric's own orientation; NaN where it is not defined on these rows
        (``measure(metric).undefined_because`` says why).
    """
    scored = Scored(task, np.asarray(y), np.asarray(predicted, np.float64))
    ones = np.ones(scored.y.size) if weights is None else np.asarray(weights, np.float64)
    return float(measure(metric).of(Weighted(scored, ones[np.newaxis, :]))[0])


def loss_of(metric: str, value: float) -> float:
    """Turn a score into a loss: smaller is better, 0 is perfect.

    >>> round(loss_of("roc_auc", 0.9), 6), loss_of("rmse", 2.0)
    (0.1, 2.0)
    """
    return 1.0 - value if is_higher_better(metric) else value


def score_of(metric: str, loss: float) -> float:
    """Turn a loss back into a score; the inverse of :func:`loss_of`."""
    return 1.0 - loss if is_higher_better(metric) else loss
