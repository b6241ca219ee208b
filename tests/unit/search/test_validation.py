from __future__ import annotations

import numpy as np
import pytest

from automl_core.errors import SearchFailedError
from automl_training.search import SearchSpec
from automl_training.search.validation import make_validation


def make_spec(task: str, n_classes: int = 0, seed: int = 0) -> SearchSpec:
    return SearchSpec(
        task=task, n_classes=n_classes, metric="log_loss", families=("linear",),
        category_features={}, budget_s=10, hard_deadline_s=20, seed=seed,
    )  # fmt: skip


def folds_of(y, task, *, n_classes=0, seed=0, groups=None, time_ordered=False, n_features=5):
    spec = make_spec(task, n_classes, seed)
    return make_validation(y, spec, groups=groups, time_ordered=time_ordered, n_features=n_features)


def test_every_row_is_validated_once_and_never_trained_on_then():
    y = np.repeat([0, 1, 2], [600, 360, 240])

    validation = folds_of(y, "multiclass", n_classes=3)

    assert len(validation.folds) == 6
    assert validation.can_bag
    assert sorted(np.concatenate([valid for _, valid in validation.folds])) == list(range(1200))
    for train, valid in validation.folds:
        assert set(train) | set(valid) == set(range(1200))
        assert np.bincount(y[valid]).tolist() == [100, 60, 40]


def test_few_rows_are_dealt_out_twice():
    validation = folds_of(np.arange(120.0), "regression")

    assert validation.words == "twice repeated 6-fold cross-validation on the 120 training rows"
    assert (len(validation.folds), validation.n_bagged) == (12, 6)
    for deal in (validation.folds[:6], validation.folds[6:]):
        assert sorted(np.concatenate([valid for _, valid in deal])) == list(range(120))
    assert not np.array_equal(validation.folds[0][1], validation.folds[6][1])


def test_every_fold_trains_on_every_class_however_rare():
    y = np.repeat(np.arange(5), [60, 40, 1, 2, 3])

    validation = folds_of(y, "multiclass", n_classes=5)

    for train, _ in validation.folds:
        assert np.unique(y[train]).tolist() == [0, 1, 2, 3, 4]
    assert validation.can_bag
    assert 2 not in y[np.concatenate([valid for _, valid in validation.folds])]


@pytest.mark.parametrize(
    ("y", "n_folds"),
    [
        pytest.param(np.repeat([0, 1], [100, 3]), 3, id="as many as rows of the rare class"),
        pytest.param(np.repeat([0, 1], [15, 15]), 3, id="ten rows a fold"),
        pytest.param(np.repeat([0, 1], [3, 3]), 2, id="two at least"),
    ],
)
def test_there_are_fewer_folds_where_six_would_be_noise(y, n_folds):
    assert folds_of(y, "binary", n_classes=2).n_bagged == n_folds


def test_the_seed_decides_the_folds():
    y = np.arange(100.0)

    first = folds_of(y, "regression", seed=1).folds[0][1]

    assert np.array_equal(first, folds_of(y, "regression", seed=1).folds[0][1])
    assert not np.array_equal(first, folds_of(y, "regression", seed=2).folds[0][1])


def test_many_rows_are_validated_on_one_part():
    validation = folds_of(np.arange(40_000.0), "regression")

    ((train, valid),) = validation.folds
    assert (train.size, valid.size) == (34_285, 5_715)
    assert not validation.is_cross_validation
    assert validation.can_bag
    assert validation.words == "14 % of the 40,000 training rows, not trained on"


def test_the_part_of_very_many_rows_has_rows_enough():
    ((_, valid),) = folds_of(np.arange(300_000.0), "regression").folds

    assert valid.size == 15_000


def test_wide_tables_are_validated_on_one_part_earlier():
    y = np.arange(5_000.0)

    assert folds_of(y, "regression", n_features=10).is_cross_validation
    assert not folds_of(y, "regression", n_features=100).is_cross_validation


@pytest.mark.parametrize("n_rows", [100, 20_000], ids=["folds", "one part"])
def test_in_order_of_time_later_rows_are_validated(n_rows):
    validation = folds_of(np.arange(float(n_rows)), "regression", time_ordered=True)

    for train, valid in validation.folds:
        assert train.max() < valid.min()
    assert validation.folds[-1][1].max() == n_rows - 1
    # Models of early windows know nothing of what came after them.
    assert not validation.can_bag


def test_with_time_and_groups_later_rows_of_other_groups_are_validated():
    groups = np.arange(600) // 40

    validation = folds_of(np.arange(600.0), "regression", groups=groups, time_ordered=True)

    for train, valid in validation.folds:
        assert train.max() < valid.min()
        assert set(groups[train]) & set(groups[valid]) == set()
    assert validation.words.endswith("of groups not trained on")


@pytest.mark.parametrize("n_rows", [200, 20_000], ids=["folds", "one part"])
def test_no_group_is_on_both_sides(n_rows):
    groups = np.random.default_rng(0).integers(0, 30, n_rows)

    validation = folds_of(np.arange(float(n_rows)), "regression", groups=groups)

    for train, valid in validation.folds:
        assert set(groups[train]) & set(groups[valid]) == set()
        assert valid.size > 0


def test_there_are_no_more_folds_than_groups():
    groups = np.repeat([0, 1, 2], 20)

    assert folds_of(np.arange(60.0), "regression", groups=groups).n_bagged == 3


def test_windows_of_one_class_are_left_out():
    # The first seventh, on which the first window would train, holds class 0 only.
    y = np.array([0] * 20 + [1, 0] * 50)

    validation = folds_of(y, "binary", n_classes=2, time_ordered=True)

    assert len(validation.folds) == 5


def test_one_group_cannot_be_validated_on():
    with pytest.raises(SearchFailedError, match="one group"):
        folds_of(np.arange(60.0), "regression", groups=np.zeros(60, int))


def test_rows_that_cannot_be_divided_are_refused():
    with pytest.raises(SearchFailedError, match="cannot be divided"):
        folds_of(np.array([0] * 50 + [1]), "binary", n_classes=2, time_ordered=True)
