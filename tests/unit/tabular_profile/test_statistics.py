"""Numbers about one column, against plain recomputations."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.tabular.statistics import QUANTILES, describe_numbers, moments, runs_of

N = 2000

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
plain = st.floats(min_value=-1e6, max_value=1e6).map(lambda x: round(x, 3))
columns = st.lists(plain | st.integers(-50, 50).map(float), min_size=1, max_size=80)


@pytest.fixture
def random():
    return np.random.default_rng(7)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def days(*texts: str):
    return describe_numbers(np.array([seconds(text) for text in texts]), is_time=True)["histogram"]


def test_a_column_of_numbers_is_described_by_its_moments_and_quantiles():
    described = describe_numbers(np.array([4.0, np.nan, 1.0, 3.0, 2.0]))

    assert (described["n_present"], described["n_missing"], described["n_distinct"]) == (4, 1, 4)
    stats = described["stats"]
    assert (stats["minimum"], stats["maximum"], stats["mean"]) == (1.0, 4.0, 2.5)
    assert stats["std"] == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    assert stats["skew"] == pytest.approx(0.0)
    assert stats["kurtosis"] == pytest.approx(-1.36)
    assert {"share": 0.5, "value": 2.5} in stats["quantiles"]
    assert stats["is_whole"]


def test_infinities_are_counted_and_leave_the_moments_alone():
    described = describe_numbers(np.array([np.inf, 1.0, 3.0, -np.inf]))

    assert (described["n_infinite"], described["n_present"]) == (2, 4)
    assert described["stats"]["mean"] == 2.0
    assert described["histogram"]["counts"] == [1, 1]


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


def test_a_constant_has_no_shape():
    stats = describe_numbers(np.full(9, 0.1))["stats"]

    assert (stats["mean"], stats["std"], stats["skew"], stats["kurtosis"]) == (0.1, 0.0, None, None)


# -- Against plain recomputations -------------------------------------------------------


@given(st.lists(numbers, max_size=60))
def test_every_value_is_counted_once(values):
    runs = runs_of(np.array(values, dtype=np.float64))

    finite = Counter(value + 0.0 for value in values if math.isfinite(value))
    assert dict(zip(runs.values.tolist(), runs.rows.tolist(), strict=True)) == finite
    assert runs.values.tolist() == sorted(finite)
    assert runs.n_missing == sum(math.isnan(value) for value in values)
    assert runs.n_infinite == sum(math.isinf(value) for value in values)


@given(columns)
def test_moments_are_those_of_exact_arithmetic(values):
    runs = runs_of(np.array(values))

    found = moments(runs.values, runs.rows)

    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    second, third, fourth = (
        sum((value - mean) ** power for value in exact) / len(exact) for power in (2, 3, 4)
    )
    # A few units in the last place of the largest value.
    assert found["mean"] == pytest.approx(float(mean), rel=1e-12, abs=1e-9)
    if found["skew"] is not None:
        assert found["std"] == pytest.approx(
            math.sqrt(second * len(exact) / (len(exact) - 1)), rel=1e-9
        )
        assert found["skew"] == pytest.approx(float(third) / float(second) ** 1.5, abs=1e-5)
        assert found["kurtosis"] == pytest.approx(float(fourth / second**2) - 3, abs=1e-5)


def test_moments_of_large_numbers_with_a_small_spread_keep_their_digits(random):
    spread = random.integers(0, 1000, N).astype(np.float64)
    shifted, plainly = runs_of(spread + 1.7e9), runs_of(spread)

    found, wanted = (moments(runs.values, runs.rows) for runs in (shifted, plainly))

    for key in ("std", "skew", "kurtosis"):
        assert found[key] == pytest.approx(wanted[key], rel=1e-9)


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_moments_do_not_leave_the_range_of_numbers(random, scale):
    values = random.exponential(size=N)

    found = moments(*_runs(values * scale))
    wanted = moments(*_runs(values))

    assert found["mean"] == pytest.approx(wanted["mean"] * scale)
    assert found["std"] == pytest.approx(wanted["std"] * scale)
    assert found["skew"] == pytest.approx(wanted["skew"])


def _runs(values):
    runs = runs_of(values)
    return runs.values, runs.rows


@given(columns)
def test_quantiles_are_numpy_s(values):
    stats = describe_numbers(np.array(values))["stats"]

    found = [item["value"] for item in stats["quantiles"]]
    assert found == pytest.approx(np.quantile(values, QUANTILES).tolist(), rel=1e-12, abs=1e-9)


@given(columns)
def test_shares_are_those_of_the_rows(values):
    stats = describe_numbers(np.array(values))["stats"]

    low, high = np.quantile(values, (0.25, 0.75))
    fence = 3.0 * (high - low)
    outside = [v for v in values if v < low - fence or v > high + fence] if high > low else []
    assert stats["share_zero"] == pytest.approx(values.count(0.0) / len(values))
    assert stats["share_negative"] == pytest.approx(sum(v < 0 for v in values) / len(values))
    assert stats["share_outside"] == pytest.approx(
        len(outside) / len(values), abs=1.5 / len(values)
    )
    assert stats["is_whole"] == all(v.is_integer() for v in values)


@given(columns)
def test_the_most_frequent_values_come_first_and_ties_by_value(values):
    top = describe_numbers(np.array(values), n_top=5)["top"]

    counted = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    assert top == (counted[:5] if counted[0][1] > 1 else [])


# -- Histograms -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([5.5] * 9, id="one value"),
        pytest.param([1e16, 1e16 + 2], id="values closer than the bars could be"),
        pytest.param([-1.7e308, 1.7e308, 0.5], id="the whole range of numbers"),
        pytest.param([5e-324, 1e-323, 0.5], id="the smallest numbers"),
        pytest.param([float(i) * 1e300 for i in range(60)], id="whole numbers beyond all digits"),
    ],
)
def test_strange_numbers_get_a_histogram_all_the_same(values):
    histogram = describe_numbers(np.array(values))["histogram"]

    beside = histogram.get("n_below", 0) + histogram.get("n_above", 0)
    assert sum(histogram["counts"]) + beside == len(values)


def test_few_whole_numbers_get_one_bar_a_value():
    histogram = describe_numbers(np.array([3.0, 1.0, 3.0, 7.0]))["histogram"]

    assert histogram == {"kind": "values", "values": [1.0, 3.0, 7.0], "counts": [1, 2, 1]}


@pytest.mark.parametrize(("n_values", "kind"), [(39, "values"), (40, "bars")])
def test_from_forty_whole_numbers_on_bars_are_ranges(n_values, kind):
    assert describe_numbers(np.arange(n_values) * 3.0)["histogram"]["kind"] == kind


def test_bars_of_whole_numbers_hold_as_many_values_each():
    histogram = describe_numbers(np.arange(100.0))["histogram"]

    assert histogram["edges"][:3] == [0.0, 4.0, 8.0]
    assert set(histogram["counts"]) == {4}


def test_bars_leave_out_far_tails_and_count_them(random):
    values = np.append(random.normal(size=N), [1e9])

    histogram = describe_numbers(values)["histogram"]

    assert histogram["edges"][-1] < 10
    assert histogram["n_below"] + sum(histogram["counts"]) + histogram["n_above"] == N + 1


@given(st.lists(plain, min_size=1, max_size=80), st.booleans())
def test_bars_count_the_rows_between_their_edges(values, is_time):
    histogram = describe_numbers(np.array(values), is_time=is_time)["histogram"]

    if histogram["kind"] == "values":
        assert sum(histogram["counts"]) == len(values)
        return
    edges = histogram["edges"]
    assert edges == sorted(set(edges))
    inside = [sum(low <= v < high for v in values) for low, high in pairwise(edges)]
    inside[-1] += values.count(edges[-1])
    assert histogram["counts"] == inside
    assert histogram["n_below"] == sum(v < edges[0] for v in values)
    assert histogram["n_above"] == sum(v > edges[-1] for v in values)


@pytest.mark.parametrize(
    ("first", "last", "unit", "step"),
    [
        ("2024-01-01T00:00:01", "2024-01-01T00:00:40", "second", 1),
        ("2024-01-01T00:00:00", "2024-01-01T20:30:00", "hour", 1),
        ("2024-01-01T00:00:00", "2024-01-01T20:30:07", "hour", 1),
        ("2024-01-01", "2024-01-02", "day", 1),
        ("2024-01-01", "2024-02-10", "day", 1),
        ("2024-01-01", "2024-08-10", "week", 1),
        ("2021-01-15", "2024-08-10", "month", 1),
        ("2014-01-15", "2024-08-10", "month", 3),
        ("1990-01-15", "2024-08-10", "year", 1),
        ("1700-01-15", "2024-08-10", "year", 10),
        ("0001-01-01", "9999-12-31", "year", 500),
    ],
)
def test_bars_of_dates_follow_the_calendar(first, last, unit, step):
    histogram = days(first, last)

    assert (histogram["unit"], histogram["step"]) == (unit, step)
    assert sum(histogram["counts"]) == 2


def test_months_begin_on_their_first_day_and_weeks_on_monday():
    months = days("2023-02-20", "2024-02-29", "2025-07-01")["edges"]
    weeks = days("2024-01-03", "2024-06-20")["edges"]

    assert months[:2] == [seconds("2023-02-01"), seconds("2023-03-01")]
    assert months[-1] == seconds("2025-08-01")
    assert weeks[0] == seconds("2024-01-01")


def test_dates_beyond_every_calendar_still_get_bars():
    histogram = describe_numbers(np.array([-1e12, 0.5, 1e12]), is_time=True)["histogram"]

    assert (sum(histogram["counts"]), histogram["unit"]) == (3, None)
