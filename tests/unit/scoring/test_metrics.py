from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from automl_training.scoring import is_higher_better, loss_of, score, score_of
from automl_training.scoring.metrics import MEASURES, Scored, Weighted, measure

#: Both sides sum the same float64 values, in another order.
EXACT = 1e-10


def draw(n_rows: int, n_classes: int, seed: int = 0, *, ties: bool = False):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n_rows)
    raw = rng.dirichlet(np.ones(n_classes), n_rows) + 0.5 * np.eye(n_classes)[y]
    if ties:
        raw = np.round(raw, 1) + 0.01
    return y, raw / raw.sum(axis=1, keepdims=True), rng.uniform(0.1, 3, n_rows)


BINARY = {
    "roc_auc": lambda y, p, w: sk.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, w: sk.average_precision_score(y, p[:, 1], sample_weight=w),
    "log_loss": lambda y, p, w: sk.log_loss(y, p, sample_weight=w),
    "brier": lambda y, p, w: sk.brier_score_loss(y, p[:, 1], sample_weight=w),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sk.balanced_accuracy_score(
        y, p.argmax(1), sample_weight=w
    ),
    "f1": lambda y, p, w: sk.f1_score(y, p.argmax(1), sample_weight=w),
    "macro_f1": lambda y, p, w: sk.f1_score(y, p.argmax(1), sample_weight=w, average="macro"),
    "precision": lambda y, p, w: sk.precision_score(y, p.argmax(1), sample_weight=w),
    "recall": lambda y, p, w: sk.recall_score(y, p.argmax(1), sample_weight=w),
}
MULTICLASS = {
    "roc_auc": lambda y, p, w: sk.roc_auc_score(y, p, sample_weight=w, multi_class="ovr"),
    "average_precision": lambda y, p, w: sk.average_precision_score(
        np.eye(p.shape[1])[y], p, sample_weight=w, average="macro"
    ),
    **{name: BINARY[name] for name in ("log_loss", "accuracy", "balanced_accuracy", "macro_f1")},
}
REGRESSION = {
    "rmse": lambda y, p, w: sk.root_mean_squared_error(y, p, sample_weight=w),
    "mae": lambda y, p, w: sk.mean_absolute_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: sk.r2_score(y, p, sample_weight=w),
}


@pytest.mark.parametrize("is_weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "tied"])
@pytest.mark.parametrize("name", BINARY)
def test_binary_scores_are_those_of_scikit_learn(name, ties, is_weighted):
    y, predicted, weights = draw(400, 2, ties=ties)
    weights = weights if is_weighted else None

    ours = score(name, y, predicted, task="binary", weights=weights)

    assert ours == pytest.approx(BINARY[name](y, predicted, weights), abs=EXACT)


@pytest.mark.parametrize("is_weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", MULTICLASS)
def test_multiclass_scores_are_those_of_scikit_learn(name, is_weighted):
    y, predicted, weights = draw(500, 5)
    weights = weights if is_weighted else None

    ours = score(name, y, predicted, task="multiclass", weights=weights)

    assert ours == pytest.approx(MULTICLASS[name](y, predicted, weights), abs=EXACT)


@pytest.mark.parametrize("is_weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", REGRESSION)
def test_regression_scores_are_those_of_scikit_learn(name, is_weighted):
    rng = np.random.default_rng(0)
    y = rng.normal(1e6, 50, 300)
    predicted = y + rng.normal(0, 20, 300)
    weights = rng.uniform(0.1, 3, 300) if is_weighted else None

    ours = score(name, y, predicted, task="regression", weights=weights)

    # Targets of a million with a spread of 50 cost R2 some digits on either side.
    assert ours == pytest.approx(REGRESSION[name](y, predicted, weights), rel=1e-8)


def test_every_measure_is_checked_against_scikit_learn():
    assert {m.name for m in MEASURES} == {*BINARY, *MULTICLASS, *REGRESSION}


def test_classes_that_the_rows_lack_do_not_count():
    y, predicted, _ = draw(200, 4)
    keep = y != 2

    ours = score("balanced_accuracy", y[keep], predicted[keep], task="multiclass")

    seen = predicted[keep].argmax(1)
    expected = np.mean([np.mean(seen[y[keep] == code] == code) for code in (0, 1, 3)])
    assert ours == pytest.approx(expected)
    assert math.isfinite(score("roc_auc", y[keep], predicted[keep], task="multiclass"))


@pytest.mark.parametrize(
    ("name", "task", "y", "predicted"),
    [
        pytest.param("roc_auc", "binary", [1, 1], [[0.2, 0.8], [0.4, 0.6]], id="one class"),
        pytest.param("average_precision", "binary", [0, 0], [[0.2, 0.8]] * 2, id="no positive"),
        pytest.param("recall", "binary", [0, 0], [[0.2, 0.8]] * 2, id="nothing to recall"),
        pytest.param("precision", "binary", [0, 1], [[0.8, 0.2]] * 2, id="none called positive"),
        pytest.param("r2", "regression", [3.3, 3.3, 3.3], [1.0, 2.0, 3.0], id="constant target"),
    ],
)
def test_what_is_not_defined_is_nan_and_has_a_reason(name, task, y, predicted):
    value = score(name, np.array(y), np.array(predicted), task=task)

    assert math.isnan(value)
    assert measure(name).undefined_because


def test_f1_without_any_positive_is_zero():
    assert score("f1", np.array([0, 0]), np.array([[0.9, 0.1]] * 2), task="binary") == 0


def test_certain_and_wrong_costs_much_but_not_infinitely_much():
    value = score("log_loss", np.array([1, 0]), np.array([[1.0, 0.0], [1.0, 0.0]]), task="binary")

    assert value == pytest.approx(sk.log_loss([1, 0], [[1.0, 0.0], [1.0, 0.0]]))


def test_weights_of_a_batch_count_rows_as_repeating_them_does():
    y, predicted, _ = draw(50, 3)
    counts = np.random.default_rng(1).integers(0, 4, (2, 50))

    batched = {
        m.name: m.of(Weighted(Scored("multiclass", y, predicted), counts.astype(float)))
        for m in MEASURES
        if "multiclass" in m.tasks
    }

    for name, values in batched.items():
        for value, times in zip(values, counts, strict=True):
            rows = np.repeat(np.arange(50), times)
            repeated = score(name, y[rows], predicted[rows], task="multiclass")
            assert value == pytest.approx(repeated, abs=EXACT), name


def test_a_loss_is_small_where_a_score_is_good_and_turns_back():
    assert loss_of("accuracy", 0.75) == 0.25
    assert loss_of("mae", 3.0) == 3.0
    assert score_of("accuracy", loss_of("accuracy", 0.75)) == 0.75
    assert not is_higher_better("log_loss")
