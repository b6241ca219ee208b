"""Blends, coded models and calibrated answers: one graph of any of them answers alike."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from automl_core.bundle.runtime import check_onnx
from automl_core.errors import ParityError
from automl_core.records import FamilyName, Task
from automl_training.export import compare, export_within_size, to_onnx_bytes
from automl_training.families import Blend, Calibrator, Candidate, Coded, predict_matrix
from automl_training.families.base import probabilities_of, values_of
from automl_training.families.target_codes import TargetCodes

from .test_parity import (
    CATEGORIES,
    N_FEATURES,
    NAMES,
    TASKS,
    fit,
    make_estimator,
    make_matrix,
    make_target,
    odd_rows,
)

#: Slopes at both ends of what is fitted; one bias a class, as far as there are classes.
CALIBRATORS = (None, (0.4, (0.0, 0.7, -0.3, 0.2)), (2.5, (0.0, -0.7, 0.3, 0.1)))


def calibrator(number: int, n_classes: int) -> Calibrator | None:
    given = CALIBRATORS[number] if n_classes else None
    return None if given is None else Calibrator(given[0], given[1][:n_classes])


def codes_of(target: np.ndarray, matrix: np.ndarray, task: Task, seed: int = 0) -> TargetCodes:
    """Means of the target by code, of rows drawn by the seed, for both categories."""
    drawn = np.random.default_rng(seed).random(len(target)) < 0.7
    outputs = np.eye(int(target.max()) + 1)[target] if task == "multiclass" else target[:, None]
    prior = outputs.mean(axis=0)
    tables = []
    for column, n_codes in CATEGORIES.items():
        rows = [outputs[drawn & (matrix[:, column] == code)] for code in range(n_codes)]
        means = [(row.sum(axis=0) + prior) / (len(row) + 1) for row in rows]
        tables.append(np.array(means, dtype=np.float32))
    return TargetCodes(tuple(CATEGORIES), tuple(tables))


def fit_member(
    name: FamilyName, task: Task, matrix: np.ndarray, *, coded: bool, seed: int = 0
) -> Any:
    """A model fitted on some of the rows."""
    target = make_target(matrix, task)
    rows = np.random.default_rng(seed).permutation(len(matrix))[:800]
    with threadpool_limits(1):
        estimator = make_estimator(name, task, n_trees=8)
        if not coded:
            return estimator.fit(matrix[rows], target[rows])
        codes = codes_of(target, matrix, task, seed)
        return Coded(codes, estimator.fit(codes.apply(matrix[rows]), target[rows]))


def candidate_of(estimator: Any, task: Task, name: str = "ensemble", **changes: Any) -> Candidate:
    n_classes = {"binary": 2, "multiclass": 4, "regression": 0}[task]
    made = Candidate(name, {}, estimator, task, n_classes, 0.0, 800)  # type: ignore[arg-type]
    return replace(made, **changes)


def blend_of(members: list[tuple[FamilyName, Any]], seed: int = 0) -> Blend:
    weights = np.random.default_rng(seed).random(len(members)) + 0.1
    weights /= weights.sum()
    return Blend(
        tuple(member for _, member in members),
        tuple(weights.tolist()),
        tuple(name for name, _ in members),
    )


@pytest.mark.parametrize("number", range(len(CALIBRATORS)))
@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("name", NAMES)
def test_calibrated_answers_are_those_of_the_fitted_model(
    name: FamilyName, task: Task, number: int
):
    matrix = make_matrix(seed=0)
    plain = fit(name, task, matrix)
    candidate = replace(plain, calibrator=calibrator(number, plain.n_classes))

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert parity.passed
    assert parity.label_flips == 0


@pytest.mark.parametrize(
    ("name", "options"),
    [("lightgbm", {}), ("xgboost", {"min_child_weight": 0, "reg_lambda": 0})],
)
def test_small_probabilities_keep_the_digits_that_a_cautious_calibration_lifts(
    name: FamilyName, options: dict[str, Any]
):
    matrix = make_matrix(seed=0)
    target = (matrix[:, 1] > 0).astype(int)
    with threadpool_limits(1):
        estimator = make_estimator(name, "binary", n_trees=100).set_params(**options)
        estimator.fit(matrix, target)
    candidate = candidate_of(estimator, "binary", name, calibrator=Calibrator(0.4, (0.0, 0.0)))
    raw = predict_matrix(replace(candidate, calibrator=None), matrix)

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert raw.min() < 1e-4
    assert parity.passed
    assert parity.max_gap < 2e-6


@pytest.mark.parametrize("name", [*NAMES, "all"])
def test_values_near_zero_survive_large_leaves_that_cancel(name: str):
    rng = np.random.default_rng(0)
    matrix = make_matrix(seed=0)
    large = np.exp(rng.normal(8 + matrix[:, 1], 1.5))
    target = np.where(rng.random(len(matrix)) < 0.6, 0, large)
    names = NAMES if name == "all" else (name,)
    members: list[tuple[FamilyName, Any]] = []
    for one in names:
        with threadpool_limits(1):
            estimator = make_estimator(one, "regression", n_trees=100)
            members.append((one, estimator.fit(matrix, target)))
    candidate = (
        candidate_of(blend_of(members), "regression")
        if name == "all"
        else candidate_of(members[0][1], "regression", name)
    )

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert target.mean() > 4000
    assert parity.max_gap < 2e-6 if name != "all" else parity.passed


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_coded_model_brings_its_tables_into_the_graph(name: FamilyName, task: Task):
    matrix = make_matrix(seed=0)
    candidate = candidate_of(fit_member(name, task, matrix, coded=True), task, name)

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert parity.passed


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_bag_of_folds_is_one_graph(name: FamilyName, task: Task):
    matrix = make_matrix(seed=0)
    members = [(name, fit_member(name, task, matrix, coded=True, seed=fold)) for fold in range(3)]
    candidate = candidate_of(blend_of(members), task, name)

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert parity.passed


@pytest.mark.parametrize("number", range(len(CALIBRATORS)))
@pytest.mark.parametrize("task", TASKS)
def test_an_ensemble_of_all_families_is_one_graph(task: Task, number: int):
    matrix = make_matrix(seed=0)
    members = [
        (name, fit_member(name, task, matrix, coded=at % 2 == 0, seed=at))
        for at, name in enumerate(NAMES)
    ]
    candidate = candidate_of(blend_of(members), task)
    candidate = replace(candidate, calibrator=calibrator(number, candidate.n_classes))

    model = to_onnx_bytes(candidate, N_FEATURES)
    parity = compare(candidate, model, odd_rows(matrix))

    check_onnx(model)
    assert parity.passed


NODES = {
    "one boosting": (["lightgbm"], False, 2),
    "a calibrated boosting": (["lightgbm"], True, 6),
    "a forest": (["random_forest"], False, 1),
    "a bag of boostings": (["lightgbm", "xgboost", "hist_gradient_boosting"], False, 5),
    "boostings and forests": (["lightgbm", "random_forest", "extra_trees"], False, 4),
}


@pytest.mark.parametrize(("names", "calibrated", "n_nodes"), NODES.values(), ids=NODES.keys())
def test_a_graph_has_few_nodes_as_each_costs_time_on_every_row(
    names: list[FamilyName], calibrated: bool, n_nodes: int
):
    matrix = make_matrix(seed=0)
    members = [(name, fit_member(name, "binary", matrix, coded=False)) for name in names]
    estimator = blend_of(members) if len(names) > 1 else members[0][1]
    changes = {"calibrator": Calibrator(1.5, (0.0, 0.0)) if calibrated else None}
    name = "ensemble" if len(names) > 1 else names[0]

    model = to_onnx_bytes(candidate_of(estimator, "binary", name, **changes), N_FEATURES)

    assert len(onnx.load_from_string(model).graph.node) <= n_nodes


def test_tables_that_several_members_share_are_stored_once():
    matrix = make_matrix(seed=0)
    coded = fit_member("lightgbm", "binary", matrix, coded=True)
    other = Coded(TargetCodes(coded.codes.columns, tuple(t.copy() for t in coded.codes.tables)),
                  coded.estimator)  # fmt: skip
    blend = Blend((coded, other), (0.5, 0.5), ("lightgbm", "lightgbm"))

    graph = onnx.load_from_string(
        to_onnx_bytes(candidate_of(blend, "binary", "lightgbm"), N_FEATURES)
    ).graph

    assert max(np.prod(one.dims) for one in graph.initializer) == sum(CATEGORIES.values())


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_same_blend_gives_the_same_bytes(task: Task):
    matrix = make_matrix(seed=0)
    members: list[tuple[FamilyName, Any]] = [
        ("lightgbm", fit_member("lightgbm", task, matrix, coded=True)),
        ("linear", fit_member("linear", task, matrix, coded=False)),
    ]
    candidate = candidate_of(blend_of(members), task)

    assert to_onnx_bytes(candidate, N_FEATURES) == to_onnx_bytes(candidate, N_FEATURES)


def test_a_blend_whose_member_lacks_a_class_is_refused():
    matrix = make_matrix(seed=0)
    narrow = make_estimator("lightgbm", "multiclass", n_trees=2)
    narrow.fit(matrix, make_target(matrix, "binary"))
    whole = fit("lightgbm", "multiclass", matrix, n_trees=2).estimator
    blend = Blend((whole, narrow), (0.5, 0.5), ("lightgbm", "lightgbm"))

    with pytest.raises(ParityError, match="2 of 4 classes"):
        to_onnx_bytes(candidate_of(blend, "multiclass", "lightgbm"), N_FEATURES)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    seed=st.integers(0, 2**31),
    n_rows=st.integers(40, 120),
    task=st.sampled_from(TASKS),
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
    coded=st.booleans(),
    slope=st.floats(0.4, 2.5),
)
def test_small_tables_of_any_kind_are_answered_alike(
    *, seed: int, n_rows: int, task: Task, names: list[FamilyName], coded: bool, slope: float
):
    rng = np.random.default_rng(seed)
    matrix = make_matrix(seed)[:n_rows]
    matrix[:, 0] *= np.float32(10.0 ** rng.integers(-6, 7))
    if task == "regression":
        target = rng.normal(size=n_rows) * 10.0 ** rng.integers(-3, 7)
    else:
        target = np.arange(n_rows) % (2 if task == "binary" else 4)
        rng.shuffle(target)
    members = []
    for name in names:
        with threadpool_limits(1):
            codes = codes_of(target, matrix, task, seed) if coded and name != "linear" else None
            read = matrix if codes is None else codes.apply(matrix)
            estimator = make_estimator(name, task, n_trees=int(rng.integers(1, 12)))
            estimator.fit(read, target)
        members.append((name, estimator if codes is None else Coded(codes, estimator)))
    candidate = candidate_of(blend_of(members, seed), task)
    if task != "regression":
        bias = (0.0, *rng.normal(size=candidate.n_classes - 1).tolist())
        candidate = replace(candidate, calibrator=Calibrator(slope, bias))

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert parity.passed, parity


def test_a_blend_too_large_to_serve_loses_what_weighs_least_for_its_size():
    matrix = make_matrix(seed=0)
    names: list[FamilyName] = ["lightgbm", "extra_trees", "linear"]
    members = tuple(fit_member(name, "binary", matrix, coded=False) for name in names)
    whole = candidate_of(Blend(members, (0.5, 0.3, 0.2), tuple(names)), "binary")
    n_bytes = len(to_onnx_bytes(whole, N_FEATURES))

    same, model, nothing = export_within_size(whole, N_FEATURES, max_bytes=n_bytes)
    smaller, left, note = export_within_size(whole, N_FEATURES, max_bytes=n_bytes - 1)

    assert (same, len(model), nothing) == (whole, n_bytes, None)
    assert smaller.estimator.families == ("lightgbm", "linear")
    np.testing.assert_allclose(smaller.estimator.weights, (0.5 / 0.7, 0.2 / 0.7))
    assert compare(smaller, left, odd_rows(matrix)).passed
    assert note is not None
    assert "1 of 3 models of the blend (extra_trees) were left out" in note


def test_a_single_model_too_large_to_serve_has_nothing_to_lose():
    matrix = make_matrix(seed=0)
    candidate = fit("extra_trees", "binary", matrix, n_trees=3)

    with pytest.raises(ParityError, match="at most 0 MB"):
        export_within_size(candidate, N_FEATURES, max_bytes=1000)


# -- The fitted side ----------------------------------------------------------------------


def test_a_blend_is_the_weighted_mean_of_its_members():
    matrix = make_matrix(seed=0)
    first = fit_member("lightgbm", "binary", matrix, coded=False)
    second = fit_member("random_forest", "binary", matrix, coded=True)
    blend = Blend((first, second), (0.25, 0.75), ("lightgbm", "random_forest"))

    found = blend.predict_proba(matrix)

    expected = 0.25 * first.predict_proba(matrix) + 0.75 * second.predict_proba(matrix)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(blend.predict(matrix), expected.argmax(axis=1))
    np.testing.assert_array_equal(blend.classes_, [0, 1])


def test_a_blend_of_regressions_predicts_the_mean_value():
    matrix = make_matrix(seed=0)
    first = fit_member("lightgbm", "regression", matrix, coded=False)
    second = fit_member("linear", "regression", matrix, coded=False)
    blend = Blend((first, second), (0.5, 0.5), ("lightgbm", "linear"))

    found = predict_matrix(candidate_of(blend, "regression"), matrix)

    expected = (first.predict(matrix) + second.predict(matrix)) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "names", "words"),
    [
        pytest.param((1.0,), ("lightgbm", "linear"), "one of each", id="a-weight-missing"),
        pytest.param((0.5, 0.6), ("lightgbm", "linear"), "sum to 1", id="too-much"),
        pytest.param((1.5, -0.5), ("lightgbm", "linear"), "above 0", id="negative"),
        pytest.param((1.0, float("nan")), ("lightgbm", "linear"), "above 0", id="not-a-number"),
    ],
)
def test_a_blend_that_does_not_add_up_is_refused(
    weights: tuple[float, ...], names: tuple[FamilyName, ...], words: str
):
    with pytest.raises(ValueError, match=words):
        Blend((object(), object()), weights, names)


def test_a_blend_within_a_blend_is_refused():
    inner = Blend((object(),), (1.0,), ("linear",))

    with pytest.raises(ValueError, match="write out the inner"):
        Blend((inner,), (1.0,), ("linear",))


def test_members_of_different_classes_have_none_in_common():
    matrix = make_matrix(seed=0)
    two = fit_member("lightgbm", "binary", matrix, coded=False)
    four = fit_member("lightgbm", "multiclass", matrix, coded=False)

    with pytest.raises(ValueError, match="different classes"):
        Blend((two, four), (0.5, 0.5), ("lightgbm", "lightgbm")).classes_  # noqa: B018


def test_a_coded_model_is_asked_with_codes_replaced():
    matrix = make_matrix(seed=0)
    binary = fit_member("lightgbm", "binary", matrix, coded=True)
    values = fit_member("lightgbm", "regression", matrix, coded=True)

    np.testing.assert_array_equal(
        binary.predict_proba(matrix), binary.estimator.predict_proba(binary.codes.apply(matrix))
    )
    np.testing.assert_array_equal(
        binary.predict(matrix), binary.estimator.predict(binary.codes.apply(matrix))
    )
    np.testing.assert_array_equal(
        values_of(values, matrix), values.estimator.predict(values.codes.apply(matrix))
    )


def test_calibration_raises_to_a_power_shifts_and_makes_rows_sum_to_one():
    given = np.array([[0.2, 0.8], [0.0, 1.0], [0.5, 0.5]])

    found = Calibrator(2.0, (0.0, np.log(3.0))).apply(given)

    odds = 3.0 * (np.maximum(given[:, 1], 1e-5) / np.maximum(given[:, 0], 1e-5)) ** 2
    np.testing.assert_allclose(found[:, 1], odds / (1 + odds), rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-15)


def test_a_slope_of_one_without_bias_changes_nothing_but_certainties():
    given = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])

    found = Calibrator(1.0, (0.0, 0.0, 0.0)).apply(given)

    np.testing.assert_allclose(found[0], given[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], [1 / 1.00002, 1e-5 / 1.00002, 1e-5 / 1.00002])


def test_xgboosts_first_class_of_two_keeps_its_digits():
    matrix = make_matrix(seed=0)
    target = (matrix[:, 1] > 0).astype(int)
    with threadpool_limits(1):
        model = make_estimator("xgboost", "binary", n_trees=150).fit(matrix, target)

    ours = probabilities_of(model, matrix)

    np.testing.assert_allclose(ours, model.predict_proba(matrix), atol=1e-7)
    np.testing.assert_allclose(ours.sum(axis=1), 1.0, rtol=1e-12)
    odds = np.log(ours[:, 1] / ours[:, 0])
    np.testing.assert_allclose(odds, model.predict(matrix, output_margin=True), rtol=1e-6)


def test_an_ensemble_that_is_no_blend_is_refused():
    matrix = make_matrix(seed=0)
    model = fit_member("lightgbm", "binary", matrix, coded=False)

    with pytest.raises(ParityError, match=re.escape("no blend of models")):
        to_onnx_bytes(candidate_of(model, "binary"), N_FEATURES)
