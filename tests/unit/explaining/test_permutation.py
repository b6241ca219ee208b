"""Permutation importances on a model whose workings are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from automl_training.explaining import find_groups, permutation_importances
from automl_training.explaining.permutation import MAX_REPEATS

from .conftest import N_ROWS, values


@pytest.fixture
def explain(make_subject, timed):
    def make(task="regression", together=(), **changes):
        options = {**timed, "on_progress": lambda share: None}
        options |= {name: changes.pop(name) for name in list(changes) if name in options}
        return permutation_importances(make_subject(task, **changes), together, **options)

    return make


def test_columns_come_most_important_first_and_an_unused_one_has_exactly_none(explain):
    result = explain()

    assert [feature.name for feature in result.features] == ["used", "when", "city", "idle"]
    last = result.features[-1]
    assert (last.importance, last.std, last.low, last.high) == (0.0, 0.0, 0.0, 0.0)
    # Shuffling x in y = 5 x leaves an error of 5 times the root of two deviations of x.
    assert result.features[0].importance == pytest.approx(5 * 2**0.5, rel=0.1)
    assert (result.n_rows, result.n_repeats, result.metric) == (N_ROWS, MAX_REPEATS, "rmse")


def test_all_features_of_a_date_are_shuffled_together(explain):
    (when,) = [feature for feature in explain().features if feature.name == "when"]

    # Years spread evenly over ten: the root of two of their deviations.
    assert when.importance == pytest.approx(2**0.5 * (100 / 12) ** 0.5, rel=0.1)


def test_importances_are_positive_also_where_a_higher_score_is_better(explain):
    assert explain(metric="r2").features[0].importance > 0.5
    assert explain("binary").features[0].importance > 0.1


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_each_interval_holds_its_importance(explain, task):
    for feature in explain(task).features:
        assert feature.low <= feature.importance <= feature.high


def test_an_interval_holds_what_other_rows_give(explain, make_subject):
    other = values(4 * N_ROWS)
    expected = {feature.name: feature.importance for feature in explain(table=other).features}

    found = [feature for feature in explain().features if feature.low > 0]

    assert {feature.name for feature in found} == {"used", "when", "city"}
    for feature in found:
        assert feature.low < expected[feature.name] < feature.high


def test_fewer_rows_make_wider_intervals(explain):
    wide = explain(table=values(100)).features[0]
    narrow = explain(table=values(1600)).features[0]

    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_rows_without_weight_count_for_nothing(explain):
    table = values()
    weights = np.where(table["city"] == "Rome", 0.0, 1.0)

    plain = {feature.name: feature.importance for feature in explain().features}
    weighted = {feature.name: feature.importance for feature in explain(weights=weights).features}

    assert weighted["city"] < plain["city"]


def test_the_same_seed_gives_the_same_importances(explain):
    assert explain() == explain()
    assert explain() != explain(seed=2)


def test_repeats_end_when_the_time_is_up(explain):
    result = explain(monotonic=itertools.count(step=1.0).__next__, max_seconds=6.0)

    assert result.n_repeats == 1
    assert result.n_rows == 384
    assert result.unmeasured == []


def test_columns_for_which_there_is_no_time_stand_last_without_an_interval(explain):
    result = explain(monotonic=itertools.count(step=1.0).__next__, max_seconds=3.0)

    assert result.unmeasured == ["city", "idle"]
    assert result.n_rows == 192
    for feature in result.features[-2:]:
        assert (feature.importance, feature.low, feature.high) == (0.0, None, None)


def test_a_metric_that_is_not_defined_on_these_rows_is_replaced(explain):
    result = explain("binary", y=np.zeros(N_ROWS, dtype=np.int64))

    assert result.metric == "log_loss"
    assert any(feature.importance != 0 for feature in result.features)


def test_an_interval_that_cannot_be_told_is_none(explain):
    y = np.zeros(N_ROWS, dtype=np.int64)
    y[7] = 1

    feature = explain("binary", y=y).features[0]

    assert (feature.low, feature.high) == (None, None)


def test_the_sample_is_left_as_it_was(explain, make_subject, timed):
    subject = make_subject()
    before = subject.matrix.copy()

    permutation_importances(subject, **timed, on_progress=lambda share: None)

    assert np.array_equal(subject.matrix, before)


def test_progress_runs_to_the_end(explain):
    shares: list[float] = []

    explain(on_progress=shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0


# -- Columns that tell nearly the same ----------------------------------------------------


def test_twins_hide_behind_one_another_and_together_show_what_they_are_worth(explain):
    table = values()
    table["idle"] = table["used"]

    def answer(matrix):
        # Trusts whichever of the two is nearer to nothing: each alone is hardly missed.
        return np.minimum(abs(matrix[:, :1]), abs(matrix[:, -1:])).astype(np.float64)

    y = abs(table["used"])
    result = explain(table=table, answer=answer, y=y, together=[(("used", "idle"), 0.99)])

    (group,) = result.groups
    alone = max(feature.importance for feature in result.features)
    assert group.columns == ("used", "idle")
    assert group.importance > 0
    assert group.low <= group.importance <= group.high
    assert "“used” and “idle” tell nearly the same" in group.sentence
    assert f"{group.importance:.3g}" in group.sentence
    assert f"{alone:.3g}" in group.sentence


def test_a_group_that_the_model_does_not_read_costs_nothing(explain):
    (group,) = explain("multiclass", together=[(("idle", "city"), 0.9)]).groups

    assert (group.importance, group.low, group.high) == (0.0, 0.0, 0.0)
    assert "none hides" in group.sentence


def test_pairs_are_joined_into_groups_the_closest_first():
    pairs = [
        {"columns": ["a", "b"], "value": -0.9},
        {"columns": ["b", "c"], "value": 0.85},
        {"columns": ["d", "e"], "value": 0.99},
        {"columns": ["a", "gone"], "value": 0.99},
        {"columns": ["e", "f"], "value": 0.5},
    ]

    assert find_groups(pairs, "fedcba") == [(("e", "d"), 0.99), (("c", "b", "a"), 0.85)]


def test_without_pairs_there_is_no_group():
    assert find_groups([], ["a", "b"]) == []
