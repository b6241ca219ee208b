"""Real searches on tables small enough for a few seconds."""

from __future__ import annotations

import dataclasses
import sys
import textwrap

import joblib
import numpy as np
import pytest

from automl_training.families import Blend, predict_matrix
from automl_training.scoring import score
from automl_training.search import SearchSpec, read_trials, run_search

pytestmark = pytest.mark.slow

FAMILIES = (
    "lightgbm", "xgboost", "hist_gradient_boosting", "extra_trees", "random_forest", "linear",
)  # fmt: skip

#: Trials decide, not the clock: a busy machine changes nothing.
SPEC = SearchSpec(
    task="binary", n_classes=2, metric="roc_auc", families=("lightgbm", "linear"),
    category_features={2: 5}, budget_s=600, hard_deadline_s=900, n_threads=1, reproducible=True,
    max_trials=3, max_candidates=6,
)  # fmt: skip


def table(n_rows: int, seed: int = 0):
    """Two numbers with gaps and a category, all three of which tell the target."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n_rows, 2))
    category = rng.integers(2, 5, n_rows)
    signal_ = numbers[:, 0] + 0.5 * numbers[:, 1] + (category == 3) + rng.normal(0, 0.3, n_rows)
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    return np.column_stack([numbers, category]).astype(np.float32), signal_


def test_a_binary_search_tries_every_family_and_finds_the_signal(tmp_path):
    matrix, signal_ = table(400)
    y = (signal_ > 0.5).astype(np.int64)

    spec = dataclasses.replace(SPEC, families=FAMILIES, max_trials=6)
    result = run_search(tmp_path, spec, matrix[:300], y[:300])

    assert {t.family for t in result.trials} == set(FAMILIES)
    assert {c.family for c in result.candidates} >= set(FAMILIES)
    assert result.notes == []
    assert result.evaluated_on == "twice repeated 6-fold cross-validation on the 300 training rows"
    best = result.candidates[0]
    assert score("roc_auc", y[300:], predict_matrix(best, matrix[300:]), task="binary") > 0.85
    assert all(one.kind in {"bag", "ensemble"} for one in result.fitted)


def test_answers_to_unseen_rows_belong_to_each_candidate(tmp_path):
    matrix, signal_ = table(300)

    spec = dataclasses.replace(SPEC, task="regression", n_classes=0, metric="rmse")
    result = run_search(tmp_path, spec, matrix, signal_)

    for candidate, unseen in zip(result.candidates, result.out_of_fold, strict=True):
        assert unseen.rows.tolist() == list(range(300))
        value = score("rmse", signal_[unseen.rows], unseen.predictions, task="regression")
        assert value == pytest.approx(candidate.validation_score, rel=1e-5)
        # A model knows the rows it was fitted on better than those it was not.
        assert value > score("rmse", signal_, predict_matrix(candidate, matrix), task="regression")


def test_a_reproducible_search_gives_the_same_models_for_the_same_seed(tmp_path):
    matrix, signal_ = table(200)
    y = (signal_ > 0.5).astype(np.int64)

    first, again, other = (
        run_search(
            tmp_path / name,
            dataclasses.replace(SPEC, seed=seed, max_trials=5, n_threads=n_threads),
            matrix, y,
        )
        for name, seed, n_threads in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1))
    )  # fmt: skip

    def facts(result):
        return [(t.family, t.score, t.config) for t in result.trials]

    assert facts(first) == facts(again)
    assert facts(first) != facts(other)
    assert [one.members for one in first.fitted] == [one.members for one in again.fitted]
    for one, two in zip(first.candidates, again.candidates, strict=True):
        assert np.array_equal(predict_matrix(one, matrix), predict_matrix(two, matrix))


def test_a_regression_search_takes_weights_and_beats_the_mean(tmp_path):
    matrix, signal_ = table(400)
    spec = dataclasses.replace(SPEC, task="regression", n_classes=0, metric="mae")
    weights = np.linspace(0.1, 2, 300)

    result = run_search(tmp_path, spec, matrix[:300], signal_[:300], weights=weights)

    predicted = predict_matrix(result.candidates[0], matrix[300:])
    guess = np.abs(signal_[300:] - np.median(signal_[:300])).mean()
    assert score("mae", signal_[300:], predicted, task="regression") < 0.7 * guess
    assert all(t.loss == t.score for t in result.trials)


def test_rare_classes_in_order_of_time_are_learned_by_every_family(tmp_path):
    # Class 2 is absent from the early windows, where codes have a gap.
    matrix, signal_ = table(240)
    y = np.digitize(signal_, [0.0, 2.5])
    y[:120][y[:120] == 2] = 3
    y = np.searchsorted(np.unique(y), y)
    spec = dataclasses.replace(
        SPEC, task="multiclass", n_classes=int(y.max()) + 1, metric="log_loss", families=FAMILIES,
        max_trials=6,
    )  # fmt: skip

    result = run_search(tmp_path, spec, matrix, y, time_ordered=True)

    assert result.notes == []
    assert {c.family for c in result.candidates} >= set(FAMILIES)
    for candidate in result.candidates:
        assert candidate.n_rows == 240
        assert predict_matrix(candidate, matrix).shape == (240, spec.n_classes)
    assert all(one.kind in {"single", "ensemble"} for one in result.fitted)


def test_an_ensemble_may_be_switched_off(tmp_path):
    matrix, signal_ = table(300)
    spec = dataclasses.replace(
        SPEC, task="regression", n_classes=0, metric="rmse", ensemble="off", max_trials=3
    )

    result = run_search(tmp_path, spec, matrix, signal_)

    assert {one.kind for one in result.fitted} == {"bag"}
    assert (result.ensemble.considered, result.ensemble.chosen) == (False, False)


def test_a_chosen_ensemble_is_one_flat_blend_that_comes_first(tmp_path):
    # A step and a slope: trees know the one, the linear model the other.
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(1_500, 3)).astype(np.float32)
    target = 3.0 * (matrix[:, 0] > 0.3) + 2.0 * matrix[:, 1] + rng.normal(0, 1, 1_500)
    spec = dataclasses.replace(
        SPEC, task="regression", n_classes=0, metric="rmse", category_features={},
        max_trials=2,
    )  # fmt: skip

    result = run_search(tmp_path, spec, matrix[:1_000], target[:1_000])

    first = result.fitted[0]
    assert first.kind == "ensemble"
    assert isinstance(first.candidate.estimator, Blend)
    assert len(first.candidate.estimator.members) == 12
    losses = [
        score("rmse", target[1_000:], predict_matrix(c, matrix[1_000:]), task="regression")
        for c in result.candidates
    ]
    assert losses[0] < min(losses[1:])


def test_an_interrupted_search_goes_on_from_its_best(tmp_path):
    matrix, signal_ = table(200)
    y = (signal_ > 0.5).astype(np.int64)
    spec = dataclasses.replace(SPEC, reproducible=False, max_trials=4)
    earlier = run_search(tmp_path / "a", spec, matrix, y).trials

    result = run_search(tmp_path / "b", spec, matrix, y, resume=earlier)

    assert result.trials[: len(earlier)] == earlier
    assert [t.trial_id for t in result.trials] == list(range(1, len(result.trials) + 1))
    best, again = min(earlier, key=lambda t: t.loss), result.trials[len(earlier)]
    assert again.family == best.family
    assert again.loss == pytest.approx(best.loss, abs=1e-6)
    assert max(c.validation_score for c in result.candidates) >= best.score - 1e-6


def test_a_family_that_cannot_be_fitted_is_given_up_and_told(tmp_path):
    # A value beyond float32 is infinite in the matrix: scikit-learn refuses, boosting bins it.
    matrix, signal_ = table(200)
    y = (signal_ > 0.5).astype(np.int64)
    matrix[5, 0] = np.inf
    spec = dataclasses.replace(SPEC, families=("lightgbm", "extra_trees"), max_trials=3)

    result = run_search(tmp_path, spec, matrix, y)

    assert {c.family for c in result.candidates} <= {"lightgbm", "ensemble"}
    assert "extra_trees was given up: ValueError" in result.notes[0]


#: The real child, killed by itself when a file of this name appears for the first time.
MORTAL_CHILD = """
import os, pathlib, signal, sys, threading, time
sys.argv = sys.argv[1:]
pattern, folder, phase = sys.argv[0], pathlib.Path(sys.argv[1]), sys.argv[2]
mark = folder / "killed"
def kill():
    while not any(folder.glob(pattern)):
        time.sleep(0.01)
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
if not mark.exists():
    threading.Thread(target=kill, daemon=True).start()
from automl_training.search.child import main
sys.exit(main(folder, phase))
"""


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("spec.json", id="before the first trial"),
        pytest.param("models-00001*", id="while the first models are written"),
        pytest.param("kept-00003*", id="between two trials"),
        pytest.param("candidate-0.joblib", id="while candidates are made"),
    ],
)
@pytest.mark.parametrize("time_ordered", [False, True], ids=["bags", "fits on all rows"])
def test_a_child_that_is_killed_at_any_time_leaves_a_result(tmp_path, pattern, time_ordered):
    matrix, signal_ = table(300)
    y = (signal_ > 0.5).astype(np.int64)
    script = tmp_path / "mortal.py"
    script.write_text(textwrap.dedent(MORTAL_CHILD))
    spec = dataclasses.replace(SPEC, families=("linear",), max_trials=4)

    result = run_search(
        tmp_path / "s", spec, matrix, y, time_ordered=time_ordered,
        command=(sys.executable, str(script), pattern),
    )  # fmt: skip

    assert (tmp_path / "s" / "killed").exists()
    candidate, unseen = result.candidates[0], result.out_of_fold[0]
    assert predict_matrix(candidate, matrix).shape == (300, 2)
    assert unseen.predictions.shape == (unseen.rows.size, 2)
    assert score("roc_auc", y[unseen.rows], unseen.predictions, task="binary") > 0.8


def test_what_is_kept_on_disk_is_the_best_of_each_family_and_of_all(tmp_path):
    matrix, signal_ = table(300)
    spec = dataclasses.replace(
        SPEC, task="regression", n_classes=0, metric="rmse", max_trials=20,
    )  # fmt: skip

    run_search(tmp_path, spec, matrix, signal_)

    kept = [joblib.load(path).trial for path in tmp_path.glob("kept-*.joblib")]
    trials = read_trials(tmp_path / "trials.jsonl")
    assert len(kept) <= 14
    assert min(trials, key=lambda t: t.loss).trial_id in {t.trial_id for t in kept}
    assert {t.family for t in kept} == {"lightgbm", "linear"}
    assert len(list(tmp_path.glob("models-*.joblib"))) == len(kept)
