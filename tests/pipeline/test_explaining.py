"""Permutation importances on a model whose workings are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from automl_training.explaining import MAX_REPEATS, permutation_importances

SLICES = {"used": slice(0, 1), "date": slice(1, 3), "idle": slice(3, 4)}


def explain(**changes):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 4)).astype(np.float32)
    options = {
        "task": "regression",
        "metric": "rmse",
        "seed": 1,
        "monotonic": itertools.count(step=0.001).__next__,
        "max_seconds": 10.0,
        "on_progress": lambda share: None,
        **changes,
    }
    y = options.pop("y", predict(matrix))
    return permutation_importances(options.pop("predict", predict), matrix, y, SLICES, **options)


def predict(matrix):
    return 5 * matrix[:, 0].astype(np.float64) + matrix[:, 1] + matrix[:, 2]


def test_columns_come_most_important_first_and_an_unused_one_has_none():
    result = explain()

    assert [feature.name for feature in result.features] == ["used", "date", "idle"]
    assert result.features[-1].importance == 0
    # Shuffling x in y = 5 x leaves an error of 5 times the root of two deviations of x.
    assert result.features[0].importance == pytest.approx(5 * 2**0.5, rel=0.1)
    assert (result.n_rows, result.n_repeats, result.metric) == (400, MAX_REPEATS, "rmse")


def test_importances_are_positive_also_where_a_higher_score_is_better():
    assert explain(metric="r2").features[0].importance > 1


def test_the_same_seed_gives_the_same_importances():
    assert explain() == explain()


def test_repeats_end_when_the_time_is_up():
    result = explain(monotonic=itertools.count(step=1.0).__next__, max_seconds=2.0)

    assert result.n_repeats == 1
    assert result.n_rows == 266


def test_a_metric_that_is_not_defined_on_these_rows_is_replaced():
    def answer(matrix):
        positive = 1 / (1 + np.exp(-predict(matrix)))
        return np.stack([1 - positive, positive], axis=1)

    result = explain(task="binary", metric="roc_auc", predict=answer, y=np.zeros(400, np.int64))

    assert result.metric == "log_loss"


def test_progress_runs_to_the_end():
    shares: list[float] = []

    explain(on_progress=shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
