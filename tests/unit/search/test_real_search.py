"""Real searches with FLAML, on tables small enough for a few seconds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from automl_training.families import predict_matrix
from automl_training.scoring import score
from automl_training.search import SearchSpec, run_search

pytestmark = pytest.mark.slow

FAMILIES = (
    "lightgbm", "xgboost", "hist_gradient_boosting", "extra_trees", "random_forest", "linear",
)  # fmt: skip

#: Trials decide, not the clock: a busy machine changes nothing.
SPEC = SearchSpec(
    task="binary", n_classes=2, metric="roc_auc", families=FAMILIES, category_features={2: 5},
    budget_s=60, hard_deadline_s=90, n_threads=1, reproducible=True, max_trials=12,
    max_candidates=6,
)  # fmt: skip


def table(n_rows: int, seed: int = 0):
    """Two numbers with gaps and a category, all three of which tell the target."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n_rows, 2))
    category = rng.integers(2, 5, n_rows)
    signal = numbers[:, 0] + 0.5 * numbers[:, 1] + (category == 3) + rng.normal(0, 0.3, n_rows)
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    return np.column_stack([numbers, category]).astype(np.float32), signal


def test_a_binary_search_tries_every_family_and_finds_the_signal(tmp_path):
    matrix, signal = table(400)
    y = (signal > 0.5).astype(np.int64)

    result = run_search(tmp_path, SPEC, matrix[:300], y[:300])

    assert len(result.trials) == 12
    assert {t.family for t in result.trials} == set(FAMILIES)
    assert {c.family for c in result.candidates} == set(FAMILIES)
    assert result.notes == []
    assert result.evaluated_on == "5-fold cross-validation on the 300 training rows"
    best = result.candidates[0]
    assert best.validation_score == max(t.score for t in result.trials)
    assert score("roc_auc", y[300:], predict_matrix(best, matrix[300:]), task="binary") > 0.85


def test_a_reproducible_search_gives_the_same_result_for_the_same_seed(tmp_path):
    matrix, signal = table(200)
    y = (signal > 0.5).astype(np.int64)

    first, again, other = (
        run_search(tmp_path / name, dataclasses.replace(SPEC, seed=seed, max_trials=8), matrix, y)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )

    def facts(result):
        return [(t.family, t.score, t.config) for t in result.trials]

    assert facts(first) == facts(again)
    assert facts(first) != facts(other)
    for one, two in zip(first.candidates, again.candidates, strict=True):
        assert np.array_equal(predict_matrix(one, matrix), predict_matrix(two, matrix))


def test_a_regression_search_takes_weights_and_beats_the_mean(tmp_path):
    matrix, signal = table(400)
    spec = dataclasses.replace(SPEC, task="regression", n_classes=0, metric="mae")
    weights = np.linspace(0.1, 2, 300)

    result = run_search(tmp_path, spec, matrix[:300], signal[:300], weights=weights)

    predicted = predict_matrix(result.candidates[0], matrix[300:])
    guess = np.abs(signal[300:] - np.median(signal[:300])).mean()
    assert score("mae", signal[300:], predicted, task="regression") < 0.7 * guess
    assert all(t.loss == t.score for t in result.trials)


def test_rare_classes_in_order_of_time_are_learned_by_every_family(tmp_path):
    # Class 2 is absent from the early windows, where codes have a gap.
    matrix, signal = table(240)
    y = np.digitize(signal, [0.0, 2.5])
    y[:120][y[:120] == 2] = 3
    y = np.searchsorted(np.unique(y), y)
    spec = dataclasses.replace(
        SPEC, task="multiclass", n_classes=int(y.max()) + 1, metric="log_loss", max_trials=6
    )

    result = run_search(tmp_path, spec, matrix, y, time_ordered=True)

    assert result.notes == []
    assert len(result.candidates) == len(FAMILIES)
    for candidate in result.candidates:
        assert predict_matrix(candidate, matrix).shape == (240, spec.n_classes)


def test_an_interrupted_search_goes_on_from_its_best(tmp_path):
    matrix, signal = table(200)
    y = (signal > 0.5).astype(np.int64)
    spec = dataclasses.replace(SPEC, reproducible=False, max_trials=8)
    earlier = run_search(tmp_path / "a", spec, matrix, y).trials

    result = run_search(tmp_path / "b", spec, matrix, y, resume=earlier)

    assert result.trials[: len(earlier)] == earlier
    assert [t.trial_id for t in result.trials] == list(range(1, len(result.trials) + 1))
    best = min((t for t in earlier if t.family == "lightgbm"), key=lambda t: t.loss)
    again = next(t for t in result.trials[len(earlier) :] if t.family == "lightgbm")
    assert again.loss == pytest.approx(best.loss, abs=1e-6)


def test_a_family_that_cannot_be_fitted_is_given_up_and_told(tmp_path):
    # A value beyond float32 is infinite in the matrix: scikit-learn refuses, boosting bins it.
    matrix, signal = table(200)
    y = (signal > 0.5).astype(np.int64)
    matrix[5, 0] = np.inf
    spec = dataclasses.replace(SPEC, families=("lightgbm", "extra_trees"), max_trials=6)

    result = run_search(tmp_path, spec, matrix, y)

    assert [c.family for c in result.candidates] == ["lightgbm"]
    assert "extra_trees was given up: ValueError" in result.notes[0]
