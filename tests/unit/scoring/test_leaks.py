from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from automl_training.scoring import leak_check

NAMES = ("leak", "a", "b", "c")
SLICES = {name: slice(i, i + 1) for i, name in enumerate(NAMES)}


def fitted(task, *, leak_noise, seed=0, n_rows=1200):
    """A forest on three weak columns and one that is the target, give or take some noise."""
    rng = np.random.default_rng(seed)
    weak = rng.normal(size=(n_rows, 3))
    value = weak @ [1.0, 0.7, 0.4] + rng.normal(size=n_rows)
    if task == "regression":
        y, model = value, ExtraTreesRegressor(60, random_state=0, max_features=1.0)
    else:
        y = np.digitize(value, [-1.0, 1.0] if task == "multiclass" else [0.0])
        model = ExtraTreesClassifier(60, random_state=0, max_features=1.0)
    leak = y + leak_noise * rng.normal(size=n_rows)
    matrix = np.column_stack([leak, weak]).astype(np.float32)
    half = n_rows // 2
    model.fit(matrix[:half], y[:half])
    predict = model.predict if task == "regression" else model.predict_proba
    return predict, matrix[half:], y[half:]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_near_copy_of_the_target_is_named(task):
    predict, matrix, y = fitted(task, leak_noise=0.05)

    found = leak_check(predict, matrix, y, SLICES, task=task)

    assert found["suspicious"]
    assert found["column"] == "leak"
    assert found["share"] > 0.95
    assert "'leak' alone holds" in found["reason"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_honest_columns_raise_no_alarm(task):
    predict, matrix, y = fitted(task, leak_noise=20.0)

    found = leak_check(predict, matrix, y, SLICES, task=task)

    assert not found["suspicious"]
    assert found["column"] == "a"
    assert 0 < found["share"] < 0.95


def test_the_only_useful_column_of_a_modest_model_is_no_copy():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(800, 4)).astype(np.float32)
    y = (matrix[:, 0] + 2 * rng.normal(size=800) > 0).astype(np.int64)
    p = 1 / (1 + np.exp(-matrix[:, :1].astype(np.float64)))

    found = leak_check(
        lambda rows: np.column_stack([1 - rows[:, 0], rows[:, 0]]),
        np.column_stack([p, matrix[:, 1:]]), y, SLICES, task="binary",
    )  # fmt: skip

    assert (found["suspicious"], found["share"]) == (False, 1.0)
    assert "far from perfect" in found["reason"]


def test_a_column_of_several_features_counts_as_one():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(500, 3)).astype(np.float32)
    y = matrix[:, 0].astype(np.float64) + matrix[:, 1]

    found = leak_check(
        lambda rows: rows[:, 0].astype(np.float64) + rows[:, 1], matrix, y,
        {"when": slice(0, 2), "other": slice(2, 3)}, task="regression",
    )  # fmt: skip

    assert (found["suspicious"], found["column"], found["share"]) == (True, "when", 1.0)


def test_missing_cells_that_tell_the_class_are_found():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 500)
    matrix = rng.normal(size=(500, 4)).astype(np.float32)
    matrix[y == 1, 0] = np.nan

    def predict(rows):
        p = np.where(np.isnan(rows[:, 0]), 0.99, 0.01)
        return np.column_stack([1 - p, p])

    assert leak_check(predict, matrix, y, SLICES, task="binary")["column"] == "leak"


@pytest.mark.parametrize(
    ("y", "slices"),
    [
        (np.zeros(200, np.int64), SLICES),
        (np.arange(10) % 2, SLICES),
        (np.arange(200) % 2, {"leak": slice(0, 4)}),
    ],
    ids=["one class", "few rows", "one column"],
)
def test_where_nothing_can_be_compared_nothing_is_said(y, slices):
    matrix = np.zeros((y.size, 4), np.float32)

    found = leak_check(lambda rows: np.full((len(rows), 2), 0.5), matrix, y, slices, task="binary")

    assert (found["suspicious"], found["column"], found["share"]) == (False, None, None)
    assert found["reason"]
