from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from automl_training.scoring.conformal import (
    MIN_ROWS_PER_BIN,
    ROUNDING,
    Interval,
    fit_interval,
    fit_threshold,
    half_width,
    wilson,
)
from automl_training.scoring.promises import Unseen, interval_block, label_set_block


def uneven(n_rows, seed=0):
    """Errors that grow with the predicted value."""
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(0, 10, n_rows)
    return predicted + rng.normal(size=n_rows) * (0.2 + predicted), predicted


def even(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    predicted = rng.normal(size=n_rows)
    return predicted + rng.normal(size=n_rows), predicted


def classes(n_rows, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    scores = 1.5 * rng.normal(size=(n_rows, n_classes))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return (shares.cumsum(axis=1) > rng.random((n_rows, 1))).argmax(axis=1), shares


# -- Ranges ---------------------------------------------------------------------------


def test_errors_that_are_alike_everywhere_have_one_width():
    found = fit_interval(*even(2000))

    assert found is not None
    assert (found.edges, found.half_widths) == ((), ())
    # 1.645 standard deviations; the quantile of 2,000 rows has an error of 0.03.
    assert found.half_width == pytest.approx(1.645, abs=0.1)


def test_errors_that_grow_have_widths_that_grow():
    found = fit_interval(*uneven(4000))

    assert found is not None
    assert len(found.half_widths) == 10
    assert list(found.edges) == pytest.approx(np.arange(1, 10), abs=0.2)
    assert found.half_widths[0] < 2
    assert found.half_widths[-1] > 12


def test_bins_cover_new_rows_everywhere_where_one_width_does_not():
    y, predicted = uneven(4000)
    new_y, new = uneven(20_000, seed=1)
    found = fit_interval(y, predicted)
    single = half_width(y - predicted)

    inside = np.abs(new_y - new) <= found.width_at(new)
    high = new > 8

    # 4,000 rows in a fifth: three standard errors are 1.4 %, and as much for the widths.
    assert inside[high].mean() == pytest.approx(0.9, abs=0.03)
    assert inside.mean() == pytest.approx(0.9, abs=0.015)
    assert np.mean(np.abs(new_y - new)[high] <= single) < 0.8


def test_few_rows_have_no_bins():
    found = fit_interval(*uneven(2 * MIN_ROWS_PER_BIN - 1))

    assert found is not None
    assert found.edges == ()


def test_equal_predicted_values_are_never_divided():
    rng = np.random.default_rng(0)
    predicted = rng.choice([0.0, 1.0, 5.0], 3000)
    y = predicted + rng.normal(size=3000) * (predicted + 0.1)

    found = fit_interval(y, predicted)

    assert found is not None
    assert found.edges == (0.5, 3.0)
    assert found.half_widths[0] < found.half_widths[1] < found.half_widths[2]


def test_one_predicted_value_has_one_width():
    found = fit_interval(np.arange(1000.0), np.zeros(1000))

    assert found == Interval(0.9, 900.0)


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    found = Interval(0.9, 2.0, (1.0,), (0.5, 3.0))

    assert found.width_at(np.array([0.9, 1.0, 1.1])).tolist() == [0.5, 3.0, 3.0]


def test_eight_rows_are_too_few_for_nine_tenths():
    assert fit_interval(np.arange(8.0), np.zeros(8)) is None
    assert fit_interval(np.arange(9.0), np.zeros(9)) == Interval(0.9, 8.0)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 600), st.sampled_from([even, uneven]))
def test_ranges_cover_exchangeable_rows_within_binomial_error(seed, n_rows, make):
    # Thirty calibrations, each asked about 40 new rows.
    hits, asked = 0, 0
    for number in range(30):
        found = fit_interval(*make(n_rows, seed + 1000 * number))
        new_y, new = make(40, seed + 1000 * number + 500)
        hits += int((np.abs(new_y - new) <= found.width_at(new)).sum())
        asked += 40

    # At least 90 %, at most a rank more in each of the bins (one in a hundred rows, or one
    # of all of a small table); a chance of one in a hundred thousand to fail.
    most = 0.9 + max(0.012, 1.2 / n_rows)
    assert binomtest(hits, asked, 0.9, alternative="less").pvalue > 1e-5
    assert binomtest(hits, asked, most, alternative="greater").pvalue > 1e-5


# -- Label sets -----------------------------------------------------------------------


def test_the_threshold_is_the_rank_of_a_hand_computed_table():
    # Nineteen rows: rank ceil(20 x 0.9) = 18 of the missed shares, the second smallest
    # share of the right class.
    shares = np.linspace(0.05, 0.95, 19)

    found = fit_threshold(np.ones(19, np.int64), np.column_stack([1 - shares, shares]))

    assert found == pytest.approx(0.1 - ROUNDING, abs=1e-12)


def test_eight_rows_have_no_label_sets():
    y, shares = classes(8)

    assert fit_threshold(y, shares) is None


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 400), st.integers(2, 6))
def test_label_sets_cover_exchangeable_rows_within_binomial_error(seed, n_rows, n_classes):
    hits, asked = 0, 0
    for number in range(30):
        threshold = fit_threshold(*classes(n_rows, n_classes, seed + 1000 * number))
        y, shares = classes(40, n_classes, seed + 1000 * number + 500)
        hits += int((shares[np.arange(40), y] >= threshold).sum())
        asked += 40

    most = 0.9 + 1.2 / n_rows
    assert binomtest(hits, asked, 0.9, alternative="less").pvalue > 1e-5
    assert binomtest(hits, asked, most, alternative="greater").pvalue > 1e-5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0.05, 0.95), min_size=2, max_size=5))
def test_sets_and_ranges_grow_with_the_coverage(seed, coverages):
    coverages.sort()
    y, shares = classes(200, seed=seed)
    value, predicted = uneven(200, seed)

    thresholds = [fit_threshold(y, shares, coverage=c) for c in coverages]
    widths = [half_width(value - predicted, coverage=c) for c in coverages]

    assert thresholds == sorted(thresholds, reverse=True)
    assert widths == sorted(widths)


# -- What is said of both -------------------------------------------------------------


def test_ranges_are_made_of_unseen_rows_and_measured_on_the_holdout():
    y, predicted = even(1000, seed=1)

    block = interval_block(y, predicted, Unseen(*even(3000)), split="random", seed=0)

    measured = block["measured"]
    assert (block["calibrated_on"], block["n_rows"]) == ("out_of_fold", 3000)
    assert measured["n_rows"] == 1000
    assert measured["coverage"] == np.mean(np.abs(y - predicted) <= block["half_width"])
    assert measured["low"] < measured["coverage"] < measured["high"]
    assert measured["mean_width"] == pytest.approx(2 * block["half_width"])
    assert block["note"] is None
    assert "3,000 training rows" in block["method"]


def test_without_unseen_rows_the_holdout_is_used_in_turn():
    y, predicted = even(1000)

    block = interval_block(y, predicted, None, split="random", seed=0)

    assert block["calibrated_on"] == "holdout"
    assert block["half_width"] == half_width(y - predicted)
    # Three standard errors of 1,000 rows.
    assert block["measured"]["coverage"] == pytest.approx(0.9, abs=0.03)
    assert "kept no out-of-fold answers" in block["method"]


def test_label_sets_without_unseen_rows_use_the_holdout_in_turn():
    y, shares = classes(1000)

    block = label_set_block(y, shares, None, split="random", seed=0)

    assert block["calibrated_on"] == "holdout"
    assert block["measured"]["coverage"] == pytest.approx(0.9, abs=0.03)


def test_sizes_of_label_sets_are_counted():
    shares = np.array([[0.9, 0.1], [0.5, 0.5], [0.3, 0.7]])
    unseen = Unseen(np.zeros(9, np.int64), np.column_stack([np.full(9, 0.5), np.full(9, 0.5)]))

    block = label_set_block(np.array([0, 1, 0]), shares, unseen, split="random", seed=0)

    assert block["threshold"] == pytest.approx(0.5, abs=2e-6)
    assert block["measured"]["mean_size"] == pytest.approx(4 / 3)
    assert block["measured"]["share_single"] == pytest.approx(2 / 3)
    assert block["measured"]["share_empty"] == 0.0
    assert block["measured"]["coverage"] == pytest.approx(2 / 3)


def test_sets_may_be_empty_and_the_words_say_so():
    shares = np.array([[0.5, 0.5], [0.95, 0.05]])
    unseen = Unseen(np.zeros(20, np.int64), np.tile([0.9, 0.1], (20, 1)))

    block = label_set_block(np.array([0, 0]), shares, unseen, split="random", seed=0)

    assert block["measured"]["share_empty"] == 0.5
    assert "none (nothing fits well enough)" in block["method"]


@pytest.mark.parametrize(
    ("split", "word"), [("time", "Later rows"), ("group", "New groups"), ("given", "file")]
)
def test_rows_that_are_not_exchangeable_are_called_so(split, word):
    block = interval_block(*even(500), Unseen(*even(500)), split=split, seed=0)

    assert word in block["note"]


def test_a_promise_that_does_not_hold_is_called_too_bold():
    y, predicted = even(1000)

    block = interval_block(3 * y, predicted, Unseen(y, predicted), split="random", seed=0)

    assert "too bold" in block["note"]


def test_a_promise_that_holds_too_often_is_called_careful():
    y, predicted = even(1000)

    block = interval_block(y, predicted, Unseen(3 * y, predicted), split="random", seed=0)

    assert "careful" in block["note"]


def test_too_few_rows_promise_nothing_and_say_why():
    y, predicted = even(8)
    codes, shares = classes(8)

    ranges = interval_block(y, predicted, None, split="random", seed=0)
    sets = label_set_block(codes, shares, None, split="random", seed=0)

    assert (ranges["half_width"], ranges["measured"]) == (None, None)
    assert (sets["threshold"], sets["measured"]) == (None, None)
    assert "too few" in ranges["reason"]
    assert "too few" in sets["reason"]


@pytest.mark.parametrize(("hits", "n_rows"), [(0, 10), (9, 10), (10, 10), (880, 1000)])
def test_wilson_bounds_are_those_of_scipy(hits, n_rows):
    expected = binomtest(hits, n_rows).proportion_ci(method="wilson")

    assert wilson(hits, n_rows) == pytest.approx((expected.low, expected.high), abs=1e-6)
