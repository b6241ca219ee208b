"""How columns go together, against plain recomputations and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from automl_core.tabular.associations import (
    Measurements,
    correlation_ratio,
    cramers_v,
    pearson,
    ranks,
    spearman,
)

N = 2000


@pytest.fixture
def random():
    return np.random.default_rng(7)


def gappy(random, values, share=0.2):
    return np.where(random.random(len(values)) < share, np.nan, values)


def test_ties_share_the_average_rank():
    assert ranks(np.array([2.0, 2.0, 9.0, 1.0])).tolist() == [2.5, 2.5, 4.0, 1.0]


@given(st.lists(st.integers(-5, 5).map(float) | st.just(np.nan), max_size=40))
def test_ranks_are_those_of_scipy(values):
    column = np.array(values, dtype=np.float64)

    there = ~np.isnan(column)
    assert ranks(column)[there].tolist() == stats.rankdata(column[there]).tolist()
    assert np.isnan(ranks(column)[~there]).all()


def test_correlations_without_gaps_are_scipy_s(random):
    x = random.normal(size=N)
    columns = [x, np.exp(x), random.integers(0, 3, N).astype(np.float64), x + random.normal(size=N)]

    rho = spearman(columns)
    r = pearson([Measurements.of(column) for column in columns])

    for i, first in enumerate(columns):
        for j, second in enumerate(columns):
            assert rho[i, j] == pytest.approx(stats.spearmanr(first, second).statistic)
            assert r[i, j] == pytest.approx(stats.pearsonr(first, second).statistic)


def test_pearson_takes_the_rows_where_both_are_present(random):
    x = random.normal(size=N)
    columns = [gappy(random, x + 5), gappy(random, x**2 - 3 * x), 1e9 + random.normal(size=N)]

    r = pearson([Measurements.of(column) for column in columns])

    for i, first in enumerate(columns):
        for j, second in enumerate(columns):
            both = ~np.isnan(first) & ~np.isnan(second)
            wanted = np.corrcoef(first[both], second[both])[0, 1]
            assert r[i, j] == pytest.approx(wanted, abs=1e-9)


def test_rho_sees_any_rising_curve_and_ignores_gaps(random):
    x = random.normal(size=N)

    rho = spearman([x, gappy(random, np.exp(x)), -x, random.normal(size=N)])

    # Ranks are taken within a column, so gaps cost a few thousandths.
    assert rho[0, 1] == pytest.approx(1.0, abs=0.005)
    assert rho[0, 2] == pytest.approx(-1.0)
    assert abs(rho[0, 3]) < 0.1


def test_rho_of_a_constant_is_unknown():
    rho = spearman([np.arange(50.0), np.ones(50), np.full(50, np.nan)])

    assert np.isnan(rho[0, 1])
    assert np.isnan(rho[0, 2])


def test_a_pair_of_few_common_rows_is_unknown():
    first = np.where(np.arange(40) < 22, np.arange(40.0), np.nan)
    second = np.where(np.arange(40) >= 18, np.arange(40.0), np.nan)

    assert np.isnan(spearman([first, second])[0, 1])


def test_cramers_v_is_one_for_a_copy_and_nought_for_noise(random):
    first = random.integers(0, 5, N)
    noise = random.integers(0, 50, N)

    assert cramers_v(first, 4 - first) == pytest.approx(1.0)
    assert cramers_v(first, noise) == pytest.approx(0.0, abs=0.08)
    assert cramers_v(first, np.zeros(N, dtype=np.int64)) is None


def test_cramers_v_is_bergsma_s(random):
    first = random.integers(0, 4, N)
    second = np.where(random.random(N) < 0.6, first, random.integers(0, 4, N))
    missing = np.where(random.random(N) < 0.1, -1, second)

    there = missing >= 0
    table = stats.contingency.crosstab(first[there], missing[there]).count
    n = int(there.sum())
    phi2 = max(0.0, stats.chi2_contingency(table, correction=False).statistic / n - 9 / (n - 1))
    side = 4 - 9 / (n - 1)
    assert cramers_v(first, missing) == pytest.approx(np.sqrt(phi2 / (side - 1)))


def test_the_correlation_ratio_is_the_adjusted_share_of_variance(random):
    codes = random.integers(-1, 6, N)
    values = gappy(random, codes * 0.5 + random.normal(size=N) + 100)

    both = (codes >= 0) & ~np.isnan(values)
    groups = [values[both & (codes == level)] for level in range(6)]
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    total = float(((values[both] - values[both].mean()) ** 2).sum())
    n = int(both.sum())
    wanted = np.sqrt(1 - within / total * (n - 1) / (n - 6))
    assert correlation_ratio(codes, values) == pytest.approx(wanted)


def test_the_correlation_ratio_is_corrected_for_many_small_levels(random):
    codes = random.integers(0, 400, N)
    values = random.normal(size=N)

    assert correlation_ratio(codes, codes.astype(np.float64)) == pytest.approx(1.0)
    assert correlation_ratio(codes, values) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize(
    ("codes", "values"),
    [
        pytest.param([0, 1] * 10, [3.0] * 20, id="a constant"),
        pytest.param([0] * 20, list(range(20)), id="one level"),
        pytest.param([-1] * 20, list(range(20)), id="no category"),
        pytest.param([0, 1] * 10, [np.nan] * 20, id="no number"),
    ],
)
def test_a_correlation_ratio_of_nothing_is_unknown(codes, values):
    assert correlation_ratio(np.array(codes), np.array(values, dtype=np.float64)) is None
