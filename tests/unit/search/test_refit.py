from __future__ import annotations

import joblib
import numpy as np
import pytest

from automl_training.search import SearchSpec, Trial, best_of_each
from automl_training.search.records import TrainingRows
from automl_training.search.refit import (
    MIN_SAMPLE_ROWS,
    Refit,
    expected_seconds,
    fit_candidate,
    plan_refits,
    refit_best,
    sample_of,
)
from automl_training.search.validation import make_validation


def trial(number: int, family: str, loss: float, seconds: float = 1.0, rows: int = 1000) -> Trial:
    return Trial(number, family, -loss, loss, {}, seconds, float(number), rows)


def make_spec(task: str = "multiclass", n_classes: int = 3) -> SearchSpec:
    return SearchSpec(
        task=task, n_classes=n_classes, metric="log_loss", families=("linear", "lightgbm"),
        category_features={}, budget_s=10, hard_deadline_s=20, n_threads=1,
    )  # fmt: skip


def plan(trials, *, left_s: float, n_rows: int = 100_000, n_at_most: int = 4):
    return plan_refits(
        trials, lambda t: t.train_seconds, n_rows=n_rows, left_s=left_s, n_at_most=n_at_most
    )


def test_the_best_trial_of_each_family_is_refitted_best_first():
    trials = [
        trial(1, "linear", 3.0), trial(2, "lightgbm", 2.0), trial(3, "linear", 1.0),
        trial(4, "xgboost", 4.0),
    ]  # fmt: skip

    refits = plan(trials, left_s=100)

    assert [refit.trial.trial_id for refit in refits] == [3, 2, 4]
    assert all(refit.n_rows == 100_000 for refit in refits)


def test_no_more_families_are_refitted_than_wished():
    trials = [trial(1, "linear", 1.0), trial(2, "lightgbm", 2.0), trial(3, "xgboost", 3.0)]

    assert len(plan(trials, left_s=100, n_at_most=2)) == 2


def test_of_equal_losses_the_one_that_saw_more_rows_counts():
    trials = [trial(1, "linear", 1.0, rows=100), trial(2, "linear", 1.0, rows=1000)]

    assert best_of_each(trials)[0].trial_id == 2


def test_a_trial_that_could_not_be_scored_is_not_refitted():
    assert plan([trial(1, "linear", np.inf)], left_s=100) == []


def test_the_quickest_comes_first_when_the_best_would_not_end_in_time():
    trials = [trial(1, "random_forest", 1.0, 90), trial(2, "lightgbm", 2.0, 5)]

    refits = plan(trials, left_s=50)

    assert [(refit.trial.family, refit.n_rows) for refit in refits] == [
        ("lightgbm", 100_000),
        ("random_forest", 100_000),
    ]


def test_a_sample_is_fitted_when_even_the_quickest_would_not_end_in_time():
    refits = plan([trial(1, "random_forest", 1.0, 100)], left_s=10)

    assert refits[0].n_rows == 5000
    assert refits[0].seconds == pytest.approx(5)


def test_a_sample_is_never_too_small_to_teach():
    assert plan([trial(1, "linear", 1.0, 1e6)], left_s=1)[0].n_rows == MIN_SAMPLE_ROWS


def test_the_time_of_a_trial_foretells_the_time_of_its_refit():
    y = np.arange(100.0)
    folds = make_validation(y, make_spec("regression", 0), groups=None, time_ordered=False)
    large = np.arange(100_000.0)
    part = make_validation(large, make_spec("regression", 0), groups=None, time_ordered=False)

    # Five fits of 80 rows in 4 s: 0.01 s a row. One fit of 10,000 rows in 4 s: 0.4 ms a row.
    assert expected_seconds(trial(1, "linear", 1, 4.0, 100), folds, 100) == pytest.approx(1.0)
    assert expected_seconds(trial(1, "linear", 1, 4.0, 10_000), part, 100_000) == pytest.approx(40)


def test_a_sample_has_every_class_and_is_the_same_for_the_same_seed():
    y = np.repeat([0, 1, 2], [5000, 4000, 1])

    rows = sample_of(y, 100, make_spec())

    assert rows.size == 100
    assert np.unique(y[rows]).tolist() == [0, 1, 2]
    assert np.array_equal(rows, sample_of(y, 100, make_spec()))


@pytest.mark.parametrize("family", ["linear", "lightgbm"])
def test_a_candidate_says_what_it_was_fitted_on_and_answers_every_class(family):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    matrix = (rng.normal(size=(300, 2)) + y[:, None]).astype(np.float32)
    refit = Refit(trial(7, family, 0.5), seconds=1.0, n_rows=200)

    candidate = fit_candidate(refit, make_spec(), TrainingRows(matrix, y), left_s=None)

    assert (candidate.family, candidate.n_rows, candidate.validation_score) == (family, 200, -0.5)
    assert candidate.estimator.predict_proba(matrix).shape == (300, 3)


def test_weights_enter_the_fit():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    matrix = rng.normal(size=(200, 2)).astype(np.float32)
    weights = np.where(y == 1, 100.0, 1.0)
    refit = Refit(trial(1, "linear", 0.5), seconds=1.0, n_rows=200)
    spec = make_spec("binary", 2)

    plain = fit_candidate(refit, spec, TrainingRows(matrix, y), left_s=None)
    heavy = fit_candidate(refit, spec, TrainingRows(matrix, y, weights), left_s=None)

    assert plain.estimator.predict_proba(matrix)[:, 1].mean() == pytest.approx(0.5, abs=0.1)
    assert heavy.estimator.predict_proba(matrix)[:, 1].mean() > 0.9


def test_a_second_candidate_is_fitted_on_a_sample_when_the_budget_is_nearly_used(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 3000)
    data = TrainingRows((rng.normal(size=(3000, 2)) + y[:, None]).astype(np.float32), y)
    spec = make_spec()
    validation = make_validation(y, spec, groups=None, time_ordered=False)
    trials = [
        trial(1, "linear", 1.0, seconds=0.1, rows=3000),
        trial(2, "lightgbm", 2.0, seconds=1000.0, rows=3000),
    ]

    n_fitted = refit_best(
        tmp_path, spec, data, trials, validation, elapsed=lambda: 6.0, is_last_resort=False
    )

    kept = [joblib.load(tmp_path / f"candidate-{number}.joblib") for number in range(n_fitted)]
    assert [(c.family, c.n_rows) for c in kept] == [("linear", 3000), ("lightgbm", 2000)]
    assert list(tmp_path.glob("*.part")) == []
