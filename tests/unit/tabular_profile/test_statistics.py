"""Numbers about columns, pairs and single features."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.tabular.associations import correlation_ratio, cramers_v, ranks, spearman
from automl_core.tabular.leakage import (
    GapLeak,
    PairLeak,
    find_gap_leaks,
    find_pair_leaks,
    spells_target,
)
from automl_core.tabular.parquet_source import SampleColumn
from automl_core.tabular.scores import assign_folds, class_score, number_score
from automl_core.tabular.statistics import describe_numbers

N = 2000


@pytest.fixture
def random():
    return np.random.default_rng(7)


def coded(values) -> SampleColumn:
    texts = [str(value) for value in values]
    levels = tuple(sorted(set(texts)))
    return SampleColumn("c", codes=np.array([levels.index(t) for t in texts]), levels=levels)


def numbers(values) -> SampleColumn:
    return SampleColumn("n", numbers=np.asarray(values, dtype=np.float64))


# -- One column -----------------------------------------------------------------------


def test_a_column_of_numbers_is_described_by_its_moments_and_quantiles():
    described = describe_numbers(np.array([4.0, np.nan, 1.0, 3.0, 2.0]))

    assert (described["n_present"], described["n_infinite"], described["n_distinct"]) == (4, 0, 4)
    stats = described["stats"]
    assert (stats["minimum"], stats["maximum"], stats["mean"]) == (1.0, 4.0, 2.5)
    assert stats["std"] == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    assert stats["skew"] == pytest.approx(0.0)
    assert {"share": 0.5, "value": 2.5} in stats["quantiles"]
    assert stats["is_whole"]


def test_infinities_are_counted_and_leave_the_moments_alone():
    described = describe_numbers(np.array([np.inf, 1.0, 3.0, -np.inf]))

    assert described["n_infinite"] == 2
    assert described["stats"]["mean"] == 2.0


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="no rows"),
        pytest.param([np.nan, np.nan], id="nothing there"),
        pytest.param([np.inf], id="only an infinity"),
    ],
)
def test_a_column_without_a_finite_value_has_no_statistics(values):
    described = describe_numbers(np.array(values, dtype=np.float64))

    assert (described["stats"], described["histogram"], described["top"]) == (None, None, [])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([5.5] * 9, id="one value"),
        pytest.param([1e16, 1e16 + 2], id="values closer than the bars could be"),
        pytest.param([-1.7e308, 1.7e308, 0.5], id="the whole range of numbers"),
        pytest.param([5e-324, 1e-323, 0.5], id="the smallest numbers"),
    ],
)
def test_strange_numbers_get_a_histogram_all_the_same(values):
    with np.errstate(all="ignore"):
        histogram = describe_numbers(np.array(values))["histogram"]

    assert histogram is not None
    assert sum(histogram["counts"]) <= len(values)


def test_few_whole_numbers_get_one_bar_a_value():
    histogram = describe_numbers(np.array([3.0, 1.0, 3.0, 7.0]))["histogram"]

    assert histogram == {"kind": "values", "values": [1.0, 3.0, 7.0], "counts": [1, 2, 1]}


def test_bars_leave_out_far_tails_and_count_them(random):
    values = np.append(random.normal(size=N), [1e9])

    histogram = describe_numbers(values)["histogram"]

    assert histogram["edges"][-1] < 10
    assert histogram["n_below"] + sum(histogram["counts"]) + histogram["n_above"] == N + 1


# -- Pairs ----------------------------------------------------------------------------


def test_ties_share_the_average_rank():
    assert ranks(np.array([2.0, 2.0, 9.0, 1.0])).tolist() == [2.5, 2.5, 4.0, 1.0]


def test_rho_sees_any_rising_curve_and_ignores_gaps(random):
    x = random.normal(size=N)
    gappy = np.where(random.random(N) < 0.2, np.nan, np.exp(x))
    noise = random.normal(size=N)

    rho = spearman([x, gappy, -x, noise])

    # Ranks are taken within a column, so gaps cost a few thousandths.
    assert rho[0, 1] == pytest.approx(1.0, abs=0.005)
    assert rho[0, 2] == pytest.approx(-1.0)
    assert abs(rho[0, 3]) < 0.1


def test_rho_of_a_constant_is_unknown():
    rho = spearman([np.arange(50.0), np.ones(50), np.full(50, np.nan)])

    assert np.isnan(rho[0, 1])
    assert np.isnan(rho[0, 2])


def test_cramers_v_is_one_for_a_copy_and_nought_for_noise(random):
    first = random.integers(0, 5, N)
    noise = random.integers(0, 50, N)

    assert cramers_v(first, 4 - first) == pytest.approx(1.0)
    assert cramers_v(first, noise) == pytest.approx(0.0, abs=0.08)
    assert cramers_v(first, np.zeros(N, dtype=np.int64)) is None


def test_the_correlation_ratio_is_corrected_for_many_small_levels(random):
    codes = random.integers(0, 400, N)
    values = random.normal(size=N)

    assert correlation_ratio(codes, codes.astype(np.float64)) == pytest.approx(1.0)
    assert correlation_ratio(codes, values) == pytest.approx(0.0, abs=0.2)


# -- Single features ------------------------------------------------------------------


def test_a_copy_of_the_classes_is_certain_and_noise_is_chance(random):
    classes = random.integers(0, 3, N)
    folds = assign_folds(coded(classes), seed=0)

    assert class_score(coded(classes), classes, folds) == pytest.approx(1.0)
    assert class_score(numbers(random.normal(size=N)), classes, folds) == pytest.approx(
        0.5, abs=0.04
    )


def test_an_identifier_scores_nothing_out_of_fold(random):
    classes = random.integers(0, 2, N)
    folds = assign_folds(coded(classes), seed=0)
    identifier = SampleColumn("id", codes=np.arange(N), levels=tuple(map(str, range(N))))

    assert class_score(identifier, classes, folds) == pytest.approx(0.5, abs=0.01)


def test_a_gap_counts_as_a_value_of_its_own(random):
    classes = random.integers(0, 2, N)
    gappy = np.where(classes == 1, np.nan, 3.0)
    folds = assign_folds(coded(classes), seed=0)

    assert class_score(numbers(gappy), classes, folds) == pytest.approx(1.0)


def test_the_area_does_not_depend_on_how_rare_a_class_is(random):
    classes = (random.random(20_000) < 0.02).astype(np.int64)
    shifted = random.normal(size=20_000) + 2.0 * classes
    folds = assign_folds(coded(classes), seed=0)

    # Two normal curves two deviations apart: Φ(2 / √2) = 0.921.
    assert class_score(numbers(shifted), classes, folds) == pytest.approx(0.921, abs=0.02)


def test_a_number_s_score_sees_lines_curves_and_noise(random):
    target = random.normal(size=N)
    folds = assign_folds(numbers(target), seed=0)

    assert number_score(numbers(3 * target - 7), target, folds) == pytest.approx(1.0)
    assert number_score(numbers(np.exp(target)), target, folds) > 0.97
    assert number_score(numbers(random.normal(size=N)), target, folds) < 0.01


def test_every_fold_has_its_share_of_a_rare_class():
    classes = np.zeros(1000, dtype=np.int64)
    classes[:10] = 1

    folds = assign_folds(coded(classes), seed=3)

    assert np.bincount(folds[classes == 1]).tolist() == [2, 2, 2, 2, 2]


# -- Leakage --------------------------------------------------------------------------


def test_a_gap_that_falls_on_one_class_gives_it_away():
    found = find_gap_leaks(
        {"tail": {"yes": 300}, "often": {"no": 900, "yes": 60}, "few": {"yes": 19}},
        {"no": 9000, "yes": 1000},
    )

    assert found == [GapLeak("tail", "yes", 300, 1.0, 0.3)]


def test_a_gap_on_the_usual_class_proves_nothing():
    assert find_gap_leaks({"x": {"no": 300}}, {"no": 9000, "yes": 1000}) == []


@pytest.mark.parametrize(
    ("compute", "operation"),
    [
        pytest.param(lambda a, b: a + b, "{0} + {1}", id="sum"),
        pytest.param(lambda a, b: a - b, "{0} - {1}", id="difference"),
        pytest.param(lambda a, b: a * b, "{0} × {1}", id="product"),
        pytest.param(lambda a, b: a / b, "{0} / {1}", id="ratio"),
    ],
)
def test_a_target_computed_from_two_columns_is_found(random, compute, operation):
    a, b = random.integers(1, 90, N).astype(float), random.integers(1, 90, N).astype(float)
    noise = random.normal(size=N)

    found = find_pair_leaks({"noise": noise, "a": a, "b": b}, compute(a, b))

    assert found == [PairLeak("a", "b", operation)]


def test_a_sum_that_is_off_in_one_row_is_no_leak(random):
    a, b = random.normal(size=N), random.normal(size=N)
    target = a + b
    target[17] += 5

    assert find_pair_leaks({"a": a, "b": b}, target) == []


def test_a_column_that_adds_nothing_to_a_copy_is_not_blamed(random):
    target = random.normal(size=N)
    mostly_zero = np.zeros(N)
    mostly_zero[:3] = 1e-12

    assert find_pair_leaks({"copy": target, "zero": mostly_zero}, target) == []


def test_a_name_that_spells_the_class_is_noticed():
    tissues = ["kidney", "liver", "colon"] * 20
    names = [f"{tissue.title()}_{i}" for i, tissue in enumerate(tissues)]

    assert spells_target(coded(names), coded(tissues))
    assert not spells_target(coded(names[1:] + names[:1]), coded(tissues))
    assert not spells_target(coded(names), coded(["a", "b", "c"] * 20))
