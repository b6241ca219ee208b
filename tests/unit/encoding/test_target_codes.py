"""Codes are put in the order of the target where this order holds for rows to come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl_core.records import Task
from automl_training.families.target_codes import TargetCodes, fit_target_codes

RANDOM = np.random.default_rng(0)
N_ROWS, N_CODES = 3000, 30
CODES = RANDOM.integers(0, N_CODES, N_ROWS)
#: What each code says of the target; their order is nobody's alphabet.
EFFECT = RANDOM.permutation(N_CODES).astype(float)
NOISE = RANDOM.normal(size=N_ROWS)
MATRIX = np.column_stack([NOISE, CODES]).astype(np.float32)
VALUES = EFFECT[CODES] + NOISE


def fit(
    matrix: np.ndarray,
    target: np.ndarray,
    *,
    task: Task = "regression",
    n_classes: int = 0,
    n_codes: int = N_CODES,
    **more: Any,
) -> tuple[TargetCodes, np.ndarray] | None:
    return fit_target_codes(
        matrix, target, task=task, n_classes=n_classes, category_features={1: n_codes}, **more
    )


def ranks(found: tuple[TargetCodes, np.ndarray] | None) -> np.ndarray:
    assert found is not None
    assert found[0].columns == (1,)
    return found[0].tables[0][:, 0]


def test_codes_are_ranked_by_what_they_say_of_a_number():
    found = fit(MATRIX, VALUES)

    assert ranks(found).tolist() == EFFECT.tolist()


def test_the_training_rows_come_back_coded_like_rows_to_come():
    found = fit(MATRIX, VALUES)

    assert found is not None
    codes, coded = found
    assert (coded.dtype, coded.shape) == (np.float32, MATRIX.shape)
    assert coded.tobytes() == codes.apply(MATRIX).tobytes()
    assert coded[:, 0].tobytes() == MATRIX[:, 0].tobytes()
    assert coded[:, 1].tolist() == EFFECT[CODES].tolist()


def test_codes_are_ranked_by_the_share_of_the_positive_class():
    share = (EFFECT + 1) / (N_CODES + 1)
    positive = (RANDOM.random(N_ROWS) < share[CODES]).astype(np.int64)

    found = ranks(fit(MATRIX, positive, task="binary", n_classes=2))

    assert np.corrcoef(found, EFFECT)[0, 1] > 0.95


def test_codes_of_alike_classes_stand_together():
    class_of_code = np.arange(N_CODES) % 3
    found = ranks(fit(MATRIX, class_of_code[CODES], task="multiclass", n_classes=3))

    in_order = class_of_code[np.argsort(found)]
    assert np.count_nonzero(np.diff(in_order)) == 2


def test_every_code_keeps_a_rank_of_its_own():
    found = ranks(fit(MATRIX, np.round(VALUES)))

    assert sorted(found.tolist()) == list(range(N_CODES))


@pytest.mark.parametrize(
    ("task", "n_classes", "target"),
    [
        pytest.param("regression", 0, RANDOM.normal(size=N_ROWS), id="numbers"),
        pytest.param("binary", 2, RANDOM.integers(0, 2, N_ROWS), id="two-classes"),
        pytest.param("multiclass", 4, RANDOM.integers(0, 4, N_ROWS), id="four-classes"),
    ],
)
def test_a_column_that_says_nothing_keeps_its_codes(task: Task, n_classes: int, target: np.ndarray):
    assert fit(MATRIX, target, task=task, n_classes=n_classes) is None


def test_values_too_rare_to_be_known_are_not_remembered():
    names = RANDOM.integers(2, 600, N_ROWS)
    rare = (RANDOM.random(N_ROWS) < 0.05).astype(np.int64)
    matrix = np.column_stack([NOISE, names]).astype(np.float32)

    assert fit(matrix, rare, task="binary", n_classes=2, n_codes=600) is None


def test_gaps_that_tell_the_target_are_no_reason_to_order_the_values():
    names = RANDOM.integers(2, 600, N_ROWS)
    target = RANDOM.normal(size=N_ROWS)
    names[:300] = 0
    target[:300] += 100
    matrix = np.column_stack([NOISE, names]).astype(np.float32)

    assert fit(matrix, target, n_codes=600) is None


def test_few_codes_are_left_as_they_are():
    few = np.column_stack([NOISE, CODES % 5]).astype(np.float32)

    assert fit(few, CODES % 5 * 10.0, n_codes=5) is None


def test_a_code_without_rows_stands_in_the_middle():
    found = ranks(fit(MATRIX, VALUES, n_codes=N_CODES + 1))

    assert abs(found[N_CODES] - N_CODES / 2) <= 2


def test_missing_and_unknown_have_a_rank_by_their_own_rows():
    matrix = MATRIX.copy()
    matrix[:, 1] = np.where(CODES < 2, CODES, matrix[:, 1])
    values = np.where(CODES == 0, 1000.0, np.where(CODES == 1, -1000.0, VALUES))

    found = ranks(fit(matrix, values))

    assert found[:2].tolist() == [N_CODES - 1, 0]


def test_an_outlier_does_not_move_the_order():
    spoilt = VALUES.copy()
    spoilt[np.argmin(EFFECT[CODES])] = 1e12

    assert ranks(fit(MATRIX, spoilt)).tolist() == EFFECT.tolist()


def test_rows_without_weight_have_no_say():
    weights = np.r_[np.ones(N_ROWS), np.zeros(N_ROWS)]
    matrix = np.vstack([MATRIX, MATRIX])
    target = np.r_[VALUES, -100 * VALUES]

    found = ranks(fit(matrix, np.clip(target, VALUES.min(), VALUES.max()), weights=weights))

    assert found.tolist() == EFFECT.tolist()


def test_no_weight_at_all_orders_nothing():
    assert fit(MATRIX, VALUES, weights=np.zeros(N_ROWS)) is None


def test_the_same_rows_and_seed_give_the_same_tables():
    first, second = fit(MATRIX, VALUES, seed=3), fit(MATRIX, VALUES, seed=3)

    assert ranks(first).tobytes() == ranks(second).tobytes()


def test_further_outputs_follow_behind_all_columns():
    table = np.array([[10, 11, 12], [20, 21, 22]], dtype=np.float32)
    other = np.array([[7], [8]], dtype=np.float32)
    matrix = np.array([[0, 5, 1], [1, 6, 0]], dtype=np.float32)

    coded = TargetCodes((0, 2), (table, other)).apply(matrix)

    assert coded.tolist() == [[10, 5, 8, 11, 12], [20, 6, 7, 21, 22]]


def test_very_few_rows_order_nothing():
    assert fit(MATRIX[:9], VALUES[:9]) is None
