from __future__ import annotations

import numpy as np
import pytest

from automl_training.scoring.segments import MAX_PER_COLUMN, MAX_SEGMENTS, segments


def find(losses, columns, **options):
    return segments(losses, columns, **{"metric": "log_loss", "take_root": False} | options)


def test_the_part_where_the_model_errs_most_comes_first():
    rng = np.random.default_rng(0)
    city = rng.choice(np.array(["Oslo", "Bergen", "Rome"], object), 3000)
    losses = rng.exponential(size=3000) * np.where(city == "Rome", 3.0, 1.0)

    found = find(losses, {"noise": rng.normal(size=3000), "city": city})

    assert (found[0]["column"], found[0]["segment"]) == ("city", "is Rome")
    assert found[0]["n_rows"] == np.sum(city == "Rome")
    assert found[0]["score"] == pytest.approx(losses[city == "Rome"].mean())
    assert found[0]["overall"] == pytest.approx(losses.mean())
    assert found[0]["low"] < found[0]["score"] < found[0]["high"]
    assert found[0]["is_worse"]
    assert {entry["segment"] for entry in found[1:]} == {"is Oslo", "is Bergen"}
    assert not any(entry["is_worse"] for entry in found[1:])


def test_errors_that_depend_on_nothing_name_no_segment():
    rng = np.random.default_rng(0)
    columns = {f"n{i}": rng.normal(size=2000) for i in range(30)}
    alarms = [find(rng.exponential(size=2000), columns, seed=seed) for seed in range(10)]

    # Bonferroni: one alarm in twenty sets, with room for the tails of an exponential.
    assert sum(bool(found) for found in alarms) <= 3


def test_numbers_times_and_truth_values_are_named_in_words():
    n = 1000
    number = np.repeat(np.arange(10.0), n // 10)
    day = np.datetime64("2024-01-01", "us") + np.arange(n).astype("timedelta64[D]")
    is_late = np.array([i >= 800 for i in range(n)], object)
    losses = np.where(number >= 8, 5.0, 1.0) + np.linspace(0, 0.1, n)

    found = find(losses, {"number": number, "day": day, "is_late": is_late})

    worst = {entry["column"]: entry["segment"] for entry in reversed(found) if entry["is_worse"]}
    assert worst == {
        "number": "above 7",
        "day": "above 2026-03-10T00:00",
        "is_late": "is true",
    }


def test_few_numbers_are_named_as_they_are_written():
    losses = np.where(np.arange(400) % 2 == 0, 5.0, 1.0)

    found = find(losses, {"open": (np.arange(400) % 2).astype(np.float64)})

    assert [entry["segment"] for entry in found] == ["is 0", "is 1"]


def test_missing_cells_are_a_segment():
    rng = np.random.default_rng(0)
    age = rng.uniform(0, 99, 2000)
    gap = rng.random(2000) < 0.2
    losses = rng.exponential(size=2000) * np.where(gap, 4.0, 1.0)

    found = find(losses, {"age": np.where(gap, np.nan, age)})

    assert (found[0]["segment"], found[0]["n_rows"]) == ("is missing", gap.sum())


def test_squared_errors_are_shown_as_their_root():
    part = np.array(["a", "b"] * 500, object)
    losses = np.where(part == "a", 16.0, 4.0)

    found = find(losses, {"part": part}, metric="rmse", take_root=True)

    assert [(entry["segment"], entry["score"]) for entry in found] == [("is a", 4.0), ("is b", 2.0)]
    assert found[0]["overall"] == pytest.approx(10**0.5)
    assert found[0]["metric"] == "rmse"


def test_no_column_fills_the_list_alone():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 10, 5000)
    names = np.array([f"v{i}" for i in range(10)], object)
    columns = {f"copy {i}": names[code] for i in range(5)}

    found = find(rng.exponential(size=5000) * (1 + code), columns)

    assert len(found) <= MAX_SEGMENTS
    for name in columns:
        worse = [entry for entry in found if entry["column"] == name and entry["is_worse"]]
        assert len(worse) <= MAX_PER_COLUMN


def test_few_rows_name_no_segment():
    assert find(np.array([9.0, 1.0] * 20), {"part": np.array(["a", "b"] * 20, object)}) == []


def test_columns_that_divide_nothing_are_passed_over():
    columns = {
        "constant": np.zeros(200),
        "empty": np.full(200, np.nan),
        "nothing": np.full(200, None, object),
        "identifier": np.array([f"row {i}" for i in range(200)], object),
    }

    assert find(np.arange(200.0), columns) == []


def test_the_same_seed_gives_the_same_segments():
    rng = np.random.default_rng(0)
    part = rng.choice(np.array(["a", "b"], object), 30_000)
    losses = rng.exponential(size=30_000) * np.where(part == "a", 2.0, 1.0)

    assert find(losses, {"part": part}, seed=4) == find(losses, {"part": part}, seed=4)
