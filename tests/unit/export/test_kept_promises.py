"""Ranges and label sets of a bundle are those that were measured on the fitted model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from automl_core.bundle.runtime import Predictions
from automl_training.stages.export import promised
from automl_training.stages.verify import are_ranges_kept, are_sets_kept

VALUES = np.array([1.0, 5.0, 9.0, 10.0])
PLAIN = {"coverage": 0.9, "half_width": 2.0, "bins": None}
BINNED = {
    "coverage": 0.9, "half_width": 2.0, "bins": {"edges": [4.0, 10.0], "half_widths": [1, 2, 3]}
}  # fmt: skip


def ranges(widths: Any, values: np.ndarray = VALUES) -> Predictions:
    return Predictions(values=values, lower=values - widths, upper=values + widths)


@pytest.mark.parametrize(
    ("answer", "block", "is_kept"),
    [
        pytest.param(ranges(2.0), PLAIN, True, id="one-width"),
        pytest.param(ranges(2.1), PLAIN, False, id="another-width"),
        pytest.param(ranges(2.0, VALUES + 1e-6), PLAIN, True, id="rounding"),
        pytest.param(ranges(np.array([1, 2, 2, 3])), BINNED, True, id="a-width-a-bin"),
        pytest.param(ranges(np.array([1, 2, 2, 2])), BINNED, True, id="on-an-edge-either-bin"),
        pytest.param(ranges(np.array([1, 2, 3, 3])), BINNED, False, id="a-width-of-another-bin"),
        pytest.param(ranges(2.0), BINNED, False, id="bins-forgotten"),
        pytest.param(Predictions(values=VALUES), PLAIN, False, id="no-ranges"),
        pytest.param(Predictions(values=VALUES), None, True, id="nothing-promised"),
        pytest.param(ranges(2.0), None, False, id="a-promise-that-nobody-measured"),
        pytest.param(
            Predictions(values=VALUES),
            {"coverage": 0.9, "half_width": None, "bins": None},
            True,
            id="too-few-rows-for-a-width",
        ),
    ],
)
def test_ranges_are_compared_with_those_measured(
    answer: Predictions, block: dict[str, Any] | None, is_kept: bool
):
    assert are_ranges_kept(VALUES, answer, block) is is_kept


SHARES = np.array([[0.7, 0.2, 0.1], [0.45, 0.45, 0.1], [0.2, 0.5, 0.3]])


def sets(threshold: float | None, shares: np.ndarray = SHARES) -> Predictions:
    return Predictions(
        labels=[1, 1, 2], probabilities=shares, classes=[1, True, "1"], set_threshold=threshold
    )


@pytest.mark.parametrize(
    ("answer", "threshold", "is_kept"),
    [
        pytest.param(sets(0.3), 0.3, True, id="the-same"),
        pytest.param(sets(0.15), 0.3, False, id="a-lower-threshold"),
        pytest.param(sets(0.45, SHARES - 1e-7), 0.45, True, id="a-class-just-at-the-threshold"),
        pytest.param(sets(None), 0.3, False, id="no-sets"),
        pytest.param(sets(None), None, True, id="nothing-promised"),
        pytest.param(sets(0.3), None, False, id="a-promise-that-nobody-measured"),
    ],
)
def test_label_sets_are_compared_with_those_measured(
    answer: Predictions, threshold: float | None, is_kept: bool
):
    block = None if threshold is None else {"coverage": 0.9, "threshold": threshold}

    assert are_sets_kept(SHARES, answer, block) is is_kept


def test_a_manifest_takes_of_a_promise_what_serving_needs():
    measured = {**BINNED, "n_rows": 80, "measured": {"coverage": 0.91}, "method": "words"}

    assert promised(measured, "half_width", "bins") == BINNED
    assert promised({**measured, "half_width": None}, "half_width", "bins") is None
    assert promised(None, "threshold") is None
    assert promised({"coverage": 0.9, "threshold": 0.2, "n_rows": 3}, "threshold") == {
        "coverage": 0.9, "threshold": 0.2
    }  # fmt: skip
