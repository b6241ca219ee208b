from __future__ import annotations

import dataclasses

import pytest

from automl_training.search import SearchSpec, Trial
from automl_training.search.watch import SearchOver, Watch

SPEC = SearchSpec(
    task="regression", n_classes=0, metric="rmse", families=("linear", "lightgbm"),
    category_features={}, budget_s=100, hard_deadline_s=120,
)  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make_watch(clock: Clock, *, needs_refits: bool = False, **changes) -> Watch:
    return Watch(dataclasses.replace(SPEC, **changes), needs_refits, clock)


def count(watch: Watch, loss: float, *, family: str = "linear", refit_s: float = 0.1) -> None:
    number = watch.n_trials + 1
    watch.count(Trial(number, family, loss, loss, {}, 0.1, 0.0, 100), refit_s)


def test_the_search_ends_shortly_before_the_budget():
    clock = Clock()
    watch = make_watch(clock)
    clock.now = 90
    watch.check()

    clock.now = 92.5

    with pytest.raises(SearchOver, match="time for searching"):
        watch.check()


def test_time_is_left_for_fits_on_all_rows_where_they_are_needed():
    watch = make_watch(Clock(), needs_refits=True)
    count(watch, 1.0, refit_s=12)
    count(watch, 2.0, family="lightgbm", refit_s=8)

    assert watch.ends_at_s == pytest.approx(100 - 1.3 * 20)


def test_fits_on_all_rows_take_less_than_half_of_the_budget_from_the_search():
    watch = make_watch(Clock(), needs_refits=True)
    count(watch, 1.0, refit_s=500)

    assert watch.ends_at_s == pytest.approx(55)


def test_first_trials_get_a_fair_part_of_the_time_and_later_ones_of_what_is_left():
    clock = Clock()
    watch = make_watch(clock)
    first = watch.time_for_trial()
    count(watch, 1.0)
    count(watch, 1.0, family="lightgbm")

    clock.now = 83.0

    assert first == pytest.approx(93 / 4)
    assert watch.time_for_trial() == pytest.approx(4)


def test_what_the_clock_has_ended_gets_most_of_what_is_left():
    clock = Clock()
    watch = make_watch(clock)
    count(watch, 1.0)
    count(watch, 1.0, family="lightgbm")

    clock.now = 43.0

    assert watch.time_for_trial(is_long=True) == pytest.approx(35)


def test_the_number_of_trials_ends_a_search_that_counts_them():
    watch = make_watch(Clock(), reproducible=True, max_trials=2)
    count(watch, 1.0)
    watch.check()
    count(watch, 2.0)

    with pytest.raises(SearchOver, match="all 2 trials"):
        watch.check()


def test_a_reproducible_search_does_not_look_at_the_clock():
    clock = Clock()
    watch = make_watch(clock, reproducible=True)
    clock.now = 1e6

    watch.check()

    assert watch.time_for_trial() == float("inf")


def test_without_an_improvement_for_long_the_search_gives_up():
    clock = Clock()
    watch = make_watch(clock)
    for _ in range(60):
        count(watch, 1.0)
    clock.now = 39
    watch.check()

    clock.now = 41

    with pytest.raises(SearchOver, match="nothing had improved for 40 seconds"):
        watch.check()


def test_few_trials_are_no_reason_to_give_up():
    clock = Clock()
    watch = make_watch(clock)
    count(watch, 1.0)
    clock.now = 80

    watch.check()


def test_a_perfect_score_ends_the_search_when_every_family_had_its_turn():
    watch = make_watch(Clock())
    count(watch, 0.0)
    watch.check()
    count(watch, 0.5, family="lightgbm")

    with pytest.raises(SearchOver, match="cannot get any better"):
        watch.check()


def test_a_family_that_was_given_up_is_not_waited_for():
    watch = make_watch(Clock())
    count(watch, 0.0)

    watch.give_up("lightgbm")

    with pytest.raises(SearchOver, match="cannot get any better"):
        watch.check()
