"""The quality benchmark's own arithmetic: scores, ranks, ratios, and what is read of answers."""

from __future__ import annotations

import doctest
import importlib
import math

import numpy as np
import pytest
from benchmarks.quality import ranking, scoring
from benchmarks.quality.systems import match_labels
from sklearn import metrics as reference


@pytest.mark.parametrize(
    "module",
    [
        "chance",
        "environments",
        "processes",
        "ranking",
        "report",
        "results",
        "scoring",
        "sets",
        "systems",
    ],
)
def test_examples_of_the_docstrings_hold(module):
    found = doctest.testmod(importlib.import_module(f"benchmarks.quality.{module}"))

    assert found.failed == 0


def probabilities(generator, n_rows, n_classes):
    drawn = generator.dirichlet(np.ones(n_classes), n_rows)
    # Ties, as forests make them.
    return np.round(drawn, 1) + 0.01


def test_measures_of_a_binary_set_are_those_of_scikit_learn():
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 300).astype(float)
    answers = probabilities(generator, 300, 2)

    found = scoring.measures("binary", truth, answers)

    shares = answers / answers.sum(axis=1, keepdims=True)
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, answers[:, 1]))
    assert found["log_loss"] == pytest.approx(reference.log_loss(truth, shares))


def test_measures_of_a_multiclass_set_are_those_of_scikit_learn():
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 4, 300).astype(float)
    answers = probabilities(generator, 300, 4)

    found = scoring.measures("multiclass", truth, answers)

    shares = answers / answers.sum(axis=1, keepdims=True)
    assert found["accuracy"] == reference.accuracy_score(truth, answers.argmax(axis=1))
    assert found["log_loss"] == pytest.approx(reference.log_loss(truth, shares))


def test_measures_of_a_regression_are_those_of_scikit_learn():
    generator = np.random.default_rng(3)
    truth, answers = generator.normal(size=(2, 300))

    found = scoring.measures("regression", truth, answers)

    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, answers))
    assert found["r2"] == pytest.approx(reference.r2_score(truth, answers))


def test_a_probability_of_zero_for_the_true_class_costs_a_finite_loss():
    losses = scoring.row_losses("binary", np.array([1.0]), np.array([[1.0, 0.0]]))

    assert losses[0] == pytest.approx(-math.log(scoring.SMALLEST_PROBABILITY), rel=1e-5)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(np.array([0.1, np.nan]), id="an answer that is not a number"),
        pytest.param(np.array([0.1]), id="too few answers"),
    ],
)
def test_answers_that_cannot_be_scored_are_refused(answers):
    with pytest.raises(ValueError, match="answers"):
        scoring.measures("regression", np.array([0.0, 1.0]), answers)


def test_a_test_with_one_class_has_no_area_under_the_curve():
    found = scoring.measures("binary", np.array([0.0, 0.0]), np.full((2, 2), 0.5))

    assert found["roc_auc"] is None


# -- Ranks and ratios -----------------------------------------------------------------

CELLS = {
    ("a", 0): {"ours": 0.1, "flaml": 0.2, "best": 0.05},
    ("a", 1): {"ours": 0.1, "flaml": 0.2, "best": 0.05},
    ("b", 0): {"ours": 0.3, "flaml": None, "best": 0.1},
    ("c", 0): {"ours": 0.4, "flaml": 0.2, "best": 0.2},
}


def test_a_failure_is_ranked_behind_every_answer():
    found = ranking.mean_ranks(CELLS, ["ours", "flaml", "best"])

    assert found == {"ours": 2.25, "flaml": 2.625, "best": 1.125}


def test_a_win_is_counted_for_every_seed_and_against_a_failure():
    assert ranking.duel(CELLS, "ours", "flaml").win_rate == 0.75


def test_every_set_weighs_the_same_in_the_ratio_however_many_seeds_it_has():
    found = ranking.duel(CELLS, "ours", "flaml")

    assert found.by_set == pytest.approx({"a": 0.5, "c": 2.0})
    assert found.ratio == pytest.approx(1.0)


def test_systems_that_never_met_are_not_compared():
    assert ranking.duel(CELLS, "ours", "absent") is None


def test_the_gap_is_closed_by_the_share_of_the_way_in_logs():
    cells = {("a", 0): {"ours": 0.5, "flaml": 1.0, "best": 0.25}}

    assert ranking.gap_closed(cells, "ours", "flaml", "best") == pytest.approx(0.5)


def test_there_is_no_gap_to_close_where_the_other_is_not_ahead():
    cells = {("a", 0): {"ours": 0.5, "flaml": 0.2, "best": 0.25}}

    assert ranking.gap_closed(cells, "ours", "flaml", "best") is None


def test_a_paired_interval_holds_one_where_systems_differ_only_by_noise():
    generator = np.random.default_rng(0)
    shared = generator.exponential(size=(2, 400))
    pairs = [(each, each + generator.normal(0, 0.05, 400)) for each in shared]

    low, high = ranking.paired_interval(pairs, floors=[0.01, 0.01], is_root=False)

    assert low < 1 < high
    # Unpaired, the rows' own spread would make it wider than a tenth.
    assert high - low < 0.02


def test_a_paired_interval_leaves_one_out_where_every_row_is_better():
    errors = np.random.default_rng(0).exponential(size=400)

    low, high = ranking.paired_interval([(errors, errors * 4)], floors=[1e-3], is_root=True)

    # The root of a quarter.
    assert (low, high) == pytest.approx((0.5, 0.5))


def test_losses_that_are_next_to_nothing_are_level():
    pair = (np.full(50, 1e-5), np.full(50, 3e-3))

    assert ranking.paired_interval([pair], floors=[0.01], is_root=False) == (1.0, 1.0)


# -- Labels of a bundle ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "texts", "order"),
    [
        pytest.param(["no", "yes"], ["no", "yes"], [0, 1], id="texts"),
        pytest.param([2, 1], ["1", "2"], [1, 0], id="whole numbers in another order"),
        pytest.param([False, True], ["False", "True"], [0, 1], id="booleans"),
    ],
)
def test_labels_are_found_by_what_the_table_writes(labels, texts, order):
    assert match_labels(labels, texts) == order


def test_a_class_that_the_bundle_lacks_is_refused():
    with pytest.raises(ValueError, match="no class 'c'"):
        match_labels(["a", "b"], ["a", "c"])
