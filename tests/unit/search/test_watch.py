from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from automl_training.search import SearchSpec
from automl_training.search.watch import WORST_LOSS, SearchOver, Watch

SPEC = SearchSpec(
    task="regression", n_classes=0, metric="rmse", families=("linear", "lightgbm"),
    category_features={}, budget_s=100, hard_deadline_s=120,
)  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FittedModel:
    """A model that answers what it is told, fitted in a known time."""

    def __init__(self, answer, *, family: str = "linear", fit_seconds: float = 0.1) -> None:
        self.answer = np.asarray(answer, float)
        self.family = family
        self.fit_seconds = fit_seconds

    def predict(self, _):
        return self.answer

    predict_proba = predict


def make_watch(clock: Clock, **changes) -> Watch:
    return Watch(dataclasses.replace(SPEC, **changes), n_folds=1, n_rows=1000, elapsed=clock)


def make_trial(watch: Watch, *, loss: float, **model) -> None:
    watch.metric(
        None, np.zeros(4), FittedModel([loss] * 4, **model), None, np.zeros((100, 1)), None
    )


def test_a_fold_is_scored_by_our_metric_with_its_weights():
    watch = make_watch(Clock())
    model = FittedModel([1.0, 3.0])

    loss, told = watch.metric(
        None, np.zeros(2), model, None, np.zeros((8, 1)), None, np.array([3.0, 1.0])
    )

    assert loss == pytest.approx(np.sqrt(3.0))
    assert told == {"fold_loss": loss}


def test_a_score_where_higher_is_better_becomes_a_loss():
    watch = make_watch(Clock(), task="binary", n_classes=2, metric="accuracy")
    model = FittedModel([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.7, 0.3]])

    loss, _ = watch.metric(None, np.array([0, 0, 1, 1]), model, None, np.zeros((8, 1)), None)

    assert loss == 0.25


@pytest.mark.parametrize("answer", [np.nan, np.inf], ids=["NaN", "infinite"])
def test_a_model_that_answers_nonsense_has_the_worst_loss_but_a_finite_one(answer):
    watch = make_watch(Clock())

    loss, _ = watch.metric(
        None, np.zeros(2), FittedModel([answer, 0]), None, np.zeros((8, 1)), None
    )

    assert loss == WORST_LOSS


def test_the_search_leaves_a_share_of_the_budget_for_refits():
    clock = Clock()
    watch = make_watch(clock)

    clock.now = 84.9
    watch.check_clock()
    clock.now = 85.0
    with pytest.raises(SearchOver, match="time for searching"):
        watch.check_clock()


def test_the_search_ends_earlier_if_refits_take_longer():
    watch = make_watch(Clock())

    # 2 s for 100 of 1,000 rows are 20 s, half as much for the other one.
    make_trial(watch, loss=1.0, fit_seconds=2.0)
    make_trial(watch, loss=2.0, family="lightgbm", fit_seconds=1.0)

    assert watch.reserve_s == pytest.approx(1.3 * 30)


def test_refits_never_take_more_than_half_of_the_budget():
    watch = make_watch(Clock())

    make_trial(watch, loss=1.0, fit_seconds=500.0)

    assert watch.reserve_s == 45


def test_the_clock_does_not_end_a_reproducible_search():
    clock = Clock()
    clock.now = 1000.0

    make_watch(clock, reproducible=True, max_trials=3).check_clock()


def test_the_search_ends_after_its_number_of_trials():
    watch = make_watch(Clock(), reproducible=True, max_trials=2)

    make_trial(watch, loss=1.0)
    watch.check_hope()
    make_trial(watch, loss=1.0)

    with pytest.raises(SearchOver, match="all 2 trials"):
        watch.check_hope()


def test_the_search_gives_up_when_nothing_has_improved_for_long():
    clock = Clock()
    watch = make_watch(clock)
    for _ in range(60):
        make_trial(watch, loss=1.0)

    clock.now = 39.9
    watch.check_hope()
    clock.now = 40.0
    with pytest.raises(SearchOver, match="nothing had improved for 40 seconds"):
        watch.check_hope()


def test_an_improvement_renews_its_patience():
    clock = Clock()
    watch = make_watch(clock)
    for _ in range(60):
        make_trial(watch, loss=1.0)

    clock.now = 39.0
    make_trial(watch, loss=0.9)
    clock.now = 78.0

    watch.check_hope()


def test_few_trials_are_no_reason_to_give_up():
    clock = Clock()
    watch = make_watch(clock)
    for _ in range(59):
        make_trial(watch, loss=1.0)

    clock.now = 84.0

    watch.check_hope()


def test_a_perfect_score_ends_the_search_once_every_family_was_tried():
    watch = make_watch(Clock())
    for _ in range(60):
        make_trial(watch, loss=0.0)
    watch.check_hope()

    make_trial(watch, loss=1.0, family="lightgbm")

    with pytest.raises(SearchOver, match="cannot get any better"):
        watch.check_hope()


def test_a_family_that_was_given_up_is_not_waited_for():
    watch = make_watch(Clock())
    for _ in range(60):
        make_trial(watch, loss=0.0)

    watch.give_up("lightgbm")

    with pytest.raises(SearchOver):
        watch.check_hope()


def test_folds_make_one_trial_together():
    watch = Watch(SPEC, n_folds=3, n_rows=1000, elapsed=Clock())

    for loss in (1.0, 2.0, 6.0):
        assert watch.n_trials == 0
        make_trial(watch, loss=loss)

    assert watch.n_trials == 1
    assert watch.best_loss == pytest.approx(3.0)
