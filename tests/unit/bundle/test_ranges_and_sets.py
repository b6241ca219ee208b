"""A bundle's ranges and label sets: made in training, given with every answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.bundle.manifest import dump_manifest
from automl_core.bundle.runtime import BundleError, Predictor
from automl_training.scoring.conformal import Interval

from .conftest import manifest_of, model_bytes

MakePredictor = Callable[..., Predictor]

YOUNG = {"age": 20, "city": "Oslo", "when": "01.02.2003"}
OLD = {"age": 80, "city": "Bergen", "when": "01.02.2003"}
BINS = {"edges": [1.0, 50.0], "half_widths": [0.5, 2.0, 9.0]}


def loaded(task: str, **changes: Any) -> Predictor:
    """A bundle of that task whose manifest was changed afterwards."""
    manifest = {**manifest_of(task), **changes}
    return Predictor.from_bytes(model_bytes(task), dump_manifest(manifest))


def with_sets(task: str, threshold: float) -> Predictor:
    return loaded(task, label_set={"coverage": 0.9, "threshold": threshold})


def with_bins(bins: Any) -> Predictor:
    return loaded("regression", interval={"coverage": 0.9, "half_width": 5.0, "bins": bins})


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.05, [["no", "yes"], ["no", "yes"]]),
        (0.5, [["no"], ["yes"]]),
        (0.95, [[], []]),
    ],
    ids=["several", "one", "none"],
)
def test_a_set_holds_the_labels_that_are_probable_enough(threshold: float, expected: list[Any]):
    answer = with_sets("binary", threshold).predict_rows([YOUNG, OLD])[0]

    assert answer.label_sets == expected
    assert answer.labels == ["no", "yes"]


def test_labels_of_a_set_keep_their_type_and_order():
    answer = with_sets("multiclass", 0.2).predict_rows([YOUNG, OLD])[0]

    assert answer.label_sets == [[1, 2], [2, 3]]


def test_a_threshold_of_nought_holds_every_label():
    assert with_sets("multiclass", 0.0).predict_rows([YOUNG])[0].label_sets == [[1, 2, 3]]


def test_no_rows_have_no_sets():
    assert with_sets("binary", 0.5).predict_rows([])[0].label_sets == []


def test_a_range_is_as_wide_as_its_bin():
    # Answers are 1 (on the first edge: the bin above), 2 and 101.
    answer = with_bins(BINS).predict_rows([YOUNG, {**YOUNG, "city": "Bergen"}, OLD])[0]

    assert answer.values is not None
    assert answer.lower is not None
    assert answer.upper is not None
    assert (answer.values - answer.lower).tolist() == [2.0, 2.0, 9.0]
    assert (answer.upper - answer.values).tolist() == [2.0, 2.0, 9.0]


def test_no_rows_have_no_ranges():
    lower = with_bins(BINS).predict_rows([])[0].lower

    assert lower is not None
    assert lower.size == 0


@given(st.lists(st.floats(-100, 200), min_size=1, max_size=30))
def test_serving_reads_bins_as_training_made_them(values: list[float]):
    made = Interval(0.9, 5.0, tuple(BINS["edges"]), tuple(BINS["half_widths"]))
    answer = with_bins(BINS)._answer(np.array(values)[:, np.newaxis])

    assert answer.lower is not None
    np.testing.assert_array_equal(answer.lower, values - made.width_at(np.array(values)))


def test_bins_of_none_leave_one_width():
    answer = with_bins(None).predict_rows([YOUNG])[0]

    assert (answer.lower, answer.upper) == (np.array([-4.0]), np.array([6.0]))


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_bundle_of_the_first_format_answers_as_before(task: str):
    manifest = json.loads(dump_manifest(manifest_of(task)))
    for name in ("label_set", "explain", "native"):
        manifest.pop(name, None)
    manifest["format"] = 1
    if manifest["interval"] is not None:
        manifest["interval"].pop("bins", None)
    old = Predictor.from_bytes(model_bytes(task), dump_manifest(manifest))

    answer = old.predict_rows([YOUNG])[0]

    assert answer.label_sets is None
    if task == "regression":
        assert (answer.lower, answer.upper) == (np.array([-4.0]), np.array([6.0]))


@pytest.mark.parametrize(
    "bins",
    [
        {"edges": [1.0, 2.0], "half_widths": [1.0, 2.0]},
        {"edges": [2.0, 1.0], "half_widths": [1.0, 2.0, 3.0]},
        {"edges": [1.0], "half_widths": [1.0, -2.0]},
        {"edges": ["x"], "half_widths": [1.0, 2.0]},
        {"edges": [1.0]},
        [1.0],
    ],
    ids=["too few widths", "falling edges", "negative", "text", "no widths", "a list"],
)
def test_bins_that_do_not_fit_together_are_refused(bins: Any):
    with pytest.raises(BundleError, match="interval"):
        with_bins(bins)


@pytest.mark.parametrize("label_set", [{"threshold": "high"}, [0.5], {"threshold": 1.5}])
def test_a_threshold_that_is_no_share_is_refused(label_set: Any):
    with pytest.raises(BundleError, match="label sets"):
        loaded("binary", label_set=label_set)
