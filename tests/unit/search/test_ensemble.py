from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from automl_training.scoring import score
from automl_training.search import SearchSpec, Trial
from automl_training.search.ensemble import greedy_weights, judge, members_of, pool_of
from automl_training.search.kept import Kept
from automl_training.search.portfolio import MAX_TREES
from automl_training.search.records import TrainingRows

SPEC = SearchSpec(
    task="regression", n_classes=0, metric="rmse", families=("linear",), category_features={},
    budget_s=60, hard_deadline_s=70,
)  # fmt: skip


def make_kept(number: int, predictions, loss: float, *, n_trees: int = 10) -> Kept:
    trial = Trial(number, "linear", loss, loss, {}, 1.0, 1.0, len(predictions))
    return Kept(
        trial, np.arange(len(predictions)), np.asarray(predictions, np.float32), n_trees, 100
    )


def make_pool(target, answers, *, n_trees=10, **changes):
    spec = dataclasses.replace(SPEC, **changes)
    data = TrainingRows(np.zeros((len(target), 1), np.float32), np.asarray(target))
    losses = [
        score(spec.metric, target, answer, task=spec.task)
        * (-1 if spec.metric in {"roc_auc", "accuracy"} else 1)
        for answer in answers
    ]
    kept = [
        make_kept(number, answer, loss, n_trees=n_trees)
        for number, (answer, loss) in enumerate(zip(answers, losses, strict=True), 1)
    ]
    return pool_of(spec, data, sorted(kept, key=lambda one: one.trial.loss))


def errors(seed: int, n: int = 2_000) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_models_with_different_errors_are_averaged():
    target = errors(0)
    pool = make_pool(target, [target + 0.5 * errors(seed) for seed in (1, 2, 3)])

    note, weights = judge(pool)

    assert note.chosen
    assert weights == pytest.approx([1 / 3] * 3, abs=0.1)
    assert note.score < 0.7 * note.best_single_score
    assert note.gain_low > 0
    assert sum(member.weight for member in note.members) == pytest.approx(1)


def test_the_greedy_mean_is_never_worse_than_the_best_single_model():
    target = errors(0, 300)
    for seed in range(5):
        answers = [target + errors(10 * seed + k, 300) * (0.3 + 0.2 * k) for k in range(5)]
        pool = make_pool(target, answers)

        mixed = np.tensordot(greedy_weights(pool), pool.predictions, axes=1)

        best = min(pool.losses(one)[0] for one in pool.predictions)
        assert pool.losses(mixed)[0] <= best + 1e-12


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy", "macro_f1"])
def test_probabilities_are_mixed_for_the_metric_that_is_asked_for(metric):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 1_500)
    scores = [1.2 * (2 * y - 1) + rng.normal(0, 1.5, y.size) for _ in range(3)]
    answers = [np.stack([1 - p, p], axis=1) for p in (1 / (1 + np.exp(-s)) for s in scores)]
    pool = make_pool(y, answers, task="binary", n_classes=2, metric=metric)

    note, weights = judge(pool)

    assert note.chosen
    assert np.count_nonzero(weights) == 3
    assert note.gain > 0


def test_no_ensemble_is_chosen_of_models_that_make_the_same_errors():
    target = errors(0)
    same = target + errors(1)
    pool = make_pool(target, [same, same + 1e-9, same - 1e-9])

    assert not judge(pool)[0].chosen


def test_on_noise_the_gain_is_seldom_taken_for_real():
    # Every model guesses; whichever is best, and whatever is mixed, is so by chance.
    n_chosen = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 300)
        answers = [np.stack([1 - p, p], axis=1) for p in rng.random((8, 300)) * 0.1 + 0.45]
        pool = make_pool(y, answers, task="binary", n_classes=2, metric="roc_auc")
        n_chosen += judge(pool)[0].chosen

    # One side of the interval leaves out a fifth.
    assert n_chosen <= 8


def test_the_graph_of_an_ensemble_stays_small_enough_to_be_quick():
    target = errors(0)
    answers = [target + errors(seed) for seed in range(1, 6)]
    pool = make_pool(target, answers, n_trees=MAX_TREES // 2)

    weights = greedy_weights(pool)

    assert np.count_nonzero(weights) == 2


def test_members_come_heaviest_first():
    kept = [make_kept(1, [0.0], 0.1), make_kept(2, [0.0], 0.2), make_kept(3, [0.0], 0.3)]

    members = members_of(kept, np.array([0.25, 0.75, 0.0]))

    assert [(member.trial_id, member.weight) for member in members] == [(2, 0.75), (1, 0.25)]


def test_row_weights_count():
    target = np.zeros(1_000)
    left = np.where(np.arange(1_000) < 500, 0.0, 1.0)
    data = TrainingRows(np.zeros((1_000, 1), np.float32), target, np.where(left > 0, 1e-6, 1.0))
    kept = [make_kept(1, left, 0.1), make_kept(2, 1 - left, 0.2)]

    weights = greedy_weights(pool_of(SPEC, data, kept))

    assert weights.tolist() == [1.0, 0.0]
