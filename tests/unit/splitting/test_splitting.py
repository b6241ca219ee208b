from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl_core.errors import ConfigInvalidError, TableTooShortError, TargetUnusableError
from automl_core.records import Plan, PlanFeature, Range, SplitPlan
from automl_training.splitting import split_rows


def make_plan(method: str, *, task: str = "binary", test_size: float = 0.2) -> Plan:
    return Plan(
        target_column="y",
        task=task,
        task_confidence="given",
        task_reason="",
        metric="rmse" if task == "regression" else "log_loss",
        metric_reason="",
        row_count=0,
        rows_without_target=0,
        features=[PlanFeature(name="x", kind="numeric")],
        dropped=[],
        split=SplitPlan(
            method=method, test_size=test_size, time_column="t", group_column="g", reason=""
        ),
        families=["linear"],
        missing="auto",
        time_budget_s=60,
        seed=0,
        reproducible=False,
        estimated_seconds=Range(low=0, high=0),
        estimated_dollars=Range(low=0, high=0),
    )


def classes_of(*counts: int) -> np.ndarray[Any, Any]:
    return np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize("method", ["stratified", "random"])
def test_every_row_with_a_target_is_on_exactly_one_side(method):
    y = np.array(["a", "b", None, "a", "b"] * 20, dtype=object)

    split = split_rows(y, make_plan(method), seed=1)

    both = np.sort(np.concatenate([split.train, split.holdout]))
    assert both.tolist() == [row for row in range(100) if row % 5 != 2]
    assert split.holdout.size == 16


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param(np.array([1.0, np.nan, 2.0, 3.0]), id="NaN among numbers"),
        pytest.param(np.array(["a", None, "b", "c"], dtype=object), id="None among texts"),
        pytest.param(np.array(["a", float("nan"), "b", "c"], dtype=object), id="NaN among texts"),
    ],
)
def test_rows_without_a_target_are_on_neither_side(missing):
    split = split_rows(missing, make_plan("random", task="regression"), seed=0)

    assert sorted([*split.train, *split.holdout]) == [0, 2, 3]


def test_the_same_seed_gives_the_same_split_and_another_one_another():
    y = classes_of(60, 40)

    first = split_rows(y, make_plan("stratified"), seed=5)
    again = split_rows(y, make_plan("stratified"), seed=5)
    other = split_rows(y, make_plan("stratified"), seed=6)

    assert np.array_equal(first.holdout, again.holdout)
    assert not np.array_equal(first.holdout, other.holdout)


def test_a_stratified_holdout_has_each_classes_share():
    split = split_rows(classes_of(500, 300, 200), make_plan("stratified"), seed=0)

    held = np.bincount(classes_of(500, 300, 200)[split.holdout])
    assert held.tolist() == [100, 60, 40]


def test_rare_classes_are_guarded_on_both_sides():
    y = classes_of(1000, 1, 2, 4, 5, 6)

    split = split_rows(y, make_plan("stratified", test_size=0.05), seed=0)

    in_train = np.bincount(y[split.train], minlength=6)
    in_holdout = np.bincount(y[split.holdout], minlength=6)
    assert (in_train >= 1).all()
    assert in_holdout[[1, 2, 3]].tolist() == [0, 0, 0]
    assert (in_holdout[[4, 5]] >= 1).all()


@pytest.mark.parametrize("test_size", [0.05, 0.2, 0.5])
def test_no_class_of_two_rows_is_lost_to_training(test_size):
    y = np.repeat(np.arange(30), 2)

    split = split_rows(y, make_plan("stratified", test_size=test_size), seed=3)

    assert np.unique(y[split.train]).size == 30


def test_the_latest_rows_are_held_out_and_training_rows_come_in_order_of_time():
    times = np.array([5, 3, 9, 1, 7, 2, 8, 4, 6, 0], dtype="datetime64[D]")

    split = split_rows(classes_of(5, 5), make_plan("time"), times=times, seed=0)

    assert times[split.holdout].astype(int).tolist() == [8, 9]
    assert times[split.train].astype(int).tolist() == list(range(8))


def test_rows_of_one_moment_are_never_divided():
    times = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 2], dtype=float)

    split = split_rows(np.arange(10.0), make_plan("time", task="regression"), times=times, seed=0)

    assert set(times[split.train]) & set(times[split.holdout]) == set()
    assert split.holdout.size == 4


def test_rows_without_a_time_train_and_the_report_is_told():
    times = np.array(["2024-01-03", "NaT", "2024-01-01", "2024-01-02"], dtype="datetime64[D]")

    split = split_rows(np.arange(4.0), make_plan("time", task="regression"), times=times, seed=0)

    assert split.train.tolist() == [1, 2, 3]
    assert split.notes == ("1 rows without a time train as if they were the oldest.",)


def test_a_single_moment_cannot_be_divided():
    with pytest.raises(ConfigInvalidError, match="one moment only"):
        split_rows(np.arange(4.0), make_plan("time", task="regression"), times=np.zeros(4), seed=0)


def test_with_time_and_group_later_rows_of_other_groups_are_held_out():
    times = np.arange(200.0)
    # Old groups have rows up to the cut, new ones begin shortly before it.
    groups = np.where(times < 150, times // 10, 100 + times // 10)
    groups[165:175] = 3

    split = split_rows(
        np.arange(200.0), make_plan("time", task="regression"), times=times, groups=groups, seed=0
    )

    assert set(groups[split.train]) & set(groups[split.holdout]) == set()
    assert split.holdout.min() > split.train.max()
    assert split.holdout.size >= 20
    assert "no group is on both sides" in split.notes[0]


def test_groups_that_span_all_time_are_partly_held_out():
    times = np.arange(400.0)
    groups = np.arange(400) % 20

    split = split_rows(
        np.arange(400.0), make_plan("time", task="regression"), times=times, groups=groups, seed=0
    )

    assert set(groups[split.train]) & set(groups[split.holdout]) == set()
    assert split.holdout.size == 40
    assert split.train.size == 160


def test_one_group_of_all_time_is_refused():
    with pytest.raises(ConfigInvalidError, match="by time or by group alone"):
        split_rows(
            np.arange(50.0), make_plan("time", task="regression"), times=np.arange(50.0),
            groups=np.zeros(50), seed=0,
        )  # fmt: skip


def test_no_group_is_on_both_sides_and_the_share_is_near():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 40, 1000).astype(str).astype(object)
    y = rng.integers(0, 2, 1000)

    split = split_rows(y, make_plan("group"), groups=groups, seed=0)

    assert set(groups[split.train]) & set(groups[split.holdout]) == set()
    assert split.holdout.size == pytest.approx(200, abs=30)


def test_rows_without_a_group_are_groups_of_their_own():
    groups = np.array([None] * 50, dtype=object)

    split = split_rows(classes_of(25, 25), make_plan("group"), groups=groups, seed=0)

    assert split.holdout.size == 10


def test_a_group_split_keeps_every_class_learnable_where_it_can():
    # Class 2 lives in two groups only: holding out both would lose it.
    groups = np.repeat(np.arange(10), 10)
    y = np.tile([0, 1], 50)
    y[groups >= 8] = 2

    for seed in range(5):
        split = split_rows(y, make_plan("group", test_size=0.3), groups=groups, seed=seed)
        assert set(y[split.train]) == {0, 1, 2}


def test_one_group_cannot_be_divided():
    with pytest.raises(ConfigInvalidError, match="one group only"):
        split_rows(
            classes_of(3, 3), make_plan("group"), groups=np.array(["a"] * 6, dtype=object), seed=0
        )


def test_holdout_rows_of_a_class_that_never_trains_are_left_out_and_told():
    y = np.array([0, 1, 0, 1, 0, 1, 0, 1, 2, 0])

    split = split_rows(y, make_plan("time"), times=np.arange(10.0), seed=0)

    assert split.holdout.tolist() == [9]
    assert "no training row has their class" in split.notes[0]


def test_a_given_holdout_is_taken_as_it_is():
    is_given = np.array([False] * 6 + [True] * 4)

    split = split_rows(classes_of(3, 7), make_plan("given"), is_given_holdout=is_given, seed=0)

    assert split.holdout.tolist() == [6, 7, 8, 9]


def test_with_the_holdout_in_another_table_every_row_trains():
    split = split_rows(classes_of(3, 3), make_plan("given"), seed=0)

    assert split.train.size == 6
    assert split.holdout.size == 0


def test_training_rows_of_one_class_are_refused():
    y = np.array([0, 0, 0, 0, 1])

    with pytest.raises(TargetUnusableError, match="one class"):
        split_rows(y, make_plan("time"), times=np.arange(5.0), seed=0)


def test_fewer_than_two_targets_are_refused():
    with pytest.raises(TableTooShortError, match="Only 1 of 3 rows"):
        split_rows(np.array([1.0, np.nan, np.nan]), make_plan("random", task="regression"), seed=0)


@pytest.mark.parametrize("method", ["time", "group"])
def test_a_method_without_its_column_is_refused(method):
    with pytest.raises(ConfigInvalidError, match=f"set {method}_column"):
        split_rows(classes_of(5, 5), make_plan(method), seed=0)


def test_a_stratified_split_of_a_regression_is_refused():
    with pytest.raises(ConfigInvalidError, match="needs classes"):
        split_rows(np.arange(5.0), make_plan("stratified", task="regression"), seed=0)
