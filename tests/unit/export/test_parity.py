"""Every family the search may pick answers alike before and after its export."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from automl_core.errors import ParityError
from automl_core.records import FamilyName, Task
from automl_training.export import (
    ParityResult,
    compare,
    compare_outputs,
    stress_rows,
    to_onnx_bytes,
)
from automl_training.families import FAMILIES, Candidate, Traits, family, linear
from automl_training.families.graph import TARGET_OPSET
from automl_training.families.parts import floor_to_float32

N_ROWS, N_FEATURES = 1200, 7
#: Column of the matrix to number of codes.
CATEGORIES = {2: 8, 3: 60}
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
NAMES = tuple(one.name for one in FAMILIES)

#: Float32 rounding of a few dozen leaves.
SMALL_GAP = 1e-6


def make_matrix(seed: int) -> np.ndarray:
    """Numbers with and without gaps, on a grid of tenths, categories, a constant."""
    rng = np.random.default_rng(seed)
    matrix = np.empty((N_ROWS, N_FEATURES), dtype=np.float32)
    matrix[:, 0] = rng.normal(size=N_ROWS)
    matrix[:, 1] = np.round(rng.normal(size=N_ROWS), 1)
    matrix[:, 2] = rng.integers(1, 8, N_ROWS)
    matrix[:, 3] = rng.integers(0, 60, N_ROWS)
    matrix[:, 4] = rng.exponential(1e6, N_ROWS)
    matrix[:, 5] = 7
    matrix[:, 6] = rng.integers(0, 100, N_ROWS) / 100
    matrix[rng.random(N_ROWS) < 0.15, 0] = np.nan
    matrix[rng.random(N_ROWS) < 0.15, 4] = np.nan
    return matrix


def make_target(matrix: np.ndarray, task: Task) -> np.ndarray:
    noise = np.random.default_rng(1).normal(size=len(matrix)) * 0.3
    score = np.nan_to_num(matrix[:, 0]) + matrix[:, 1] * (matrix[:, 2] - 4) + matrix[:, 6] + noise
    score = score + np.isnan(matrix[:, 4])
    if task == "regression":
        return score * 1000 + 50_000
    edges = [0.0] if task == "binary" else [-1.0, 0.0, 1.0]
    return np.digitize(score, edges)


def make_estimator(name: FamilyName, task: Task, *, n_trees: int = 20) -> Any:
    import lightgbm
    import xgboost
    from sklearn import ensemble

    is_regression = task == "regression"
    common = {"random_state": 0, "n_jobs": 1}
    match name:
        case "lightgbm":
            made = lightgbm.LGBMRegressor if is_regression else lightgbm.LGBMClassifier
            return made(n_estimators=n_trees, verbose=-1, **common)
        case "xgboost":
            made = xgboost.XGBRegressor if is_regression else xgboost.XGBClassifier
            return made(n_estimators=n_trees, **common)
        case "random_forest":
            made = (
                ensemble.RandomForestRegressor if is_regression else ensemble.RandomForestClassifier
            )
            return made(n_estimators=n_trees, **common)
        case "extra_trees":
            made = ensemble.ExtraTreesRegressor if is_regression else ensemble.ExtraTreesClassifier
            return made(n_estimators=n_trees, **common)
        case "hist_gradient_boosting":
            made = (
                ensemble.HistGradientBoostingRegressor
                if is_regression
                else ensemble.HistGradientBoostingClassifier
            )
            return made(max_iter=n_trees, random_state=0)
        case "linear":
            return linear.build({}, task=task, category_features=CATEGORIES, seed=0, n_threads=1)


def fit(name: FamilyName, task: Task, matrix: np.ndarray, *, n_trees: int = 20) -> Candidate:
    target = make_target(matrix, task)
    # Spinning OpenMP threads wait for each other where the cores are shared.
    with threadpool_limits(1):
        estimator = make_estimator(name, task, n_trees=n_trees).fit(matrix, target)
    return Candidate(
        family=name,
        config={},
        estimator=estimator,
        task=task,
        n_classes=0 if task == "regression" else len(np.unique(target)),
        validation_score=0.0,
        n_rows=len(matrix),
    )


def odd_rows(matrix: np.ndarray) -> np.ndarray:
    """New rows, rows of the training data, and rows with missing and unseen values."""
    new = make_matrix(seed=2)
    new[:200, 2] = 1  # unseen
    new[200:300, 3] = 0  # missing
    new[300:400, 0] = np.nan
    new[400:450, 4] = 1e30
    new[450:500, 0] = -1e30
    return np.concatenate([new, matrix])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", NAMES)
def test_the_exported_graph_answers_as_the_fitted_model(name: FamilyName, task: Task):
    matrix = make_matrix(seed=0)
    candidate = fit(name, task, matrix)

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert parity.passed
    assert parity.max_gap <= SMALL_GAP
    assert parity.label_flips == 0
    assert parity.n_rows == 2 * N_ROWS


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", NAMES)
def test_the_graph_has_one_input_one_output_and_the_agreed_opset(name: FamilyName, task: Task):
    candidate = fit(name, task, make_matrix(seed=0)[:300], n_trees=3)

    model = onnx.load_from_string(to_onnx_bytes(candidate, N_FEATURES))

    width = 1 if task == "regression" else candidate.n_classes
    shapes = [
        (value.name, [d.dim_value for d in value.type.tensor_type.shape.dim])
        for value in (*model.graph.input, *model.graph.output)
    ]
    output = "value" if task == "regression" else "probabilities"
    assert shapes == [("x", [0, N_FEATURES]), (output, [0, width])]
    assert {one.domain: one.version for one in model.opset_import} == TARGET_OPSET


@pytest.mark.parametrize("name", NAMES)
def test_the_same_model_gives_the_same_bytes(name: FamilyName):
    candidate = fit(name, "binary", make_matrix(seed=0)[:300], n_trees=3)

    assert to_onnx_bytes(candidate, N_FEATURES) == to_onnx_bytes(candidate, N_FEATURES)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "hist_gradient_boosting"])
def test_a_long_boosting_stays_within_the_tolerance(name: FamilyName, task: Task):
    matrix = make_matrix(seed=0)
    candidate = fit(name, task, matrix[:400], n_trees=150)

    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix)).passed


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "hist_gradient_boosting"])
def test_a_gap_in_a_column_without_gaps_in_training_takes_the_models_own_way(name: FamilyName):
    matrix = make_matrix(seed=0)
    candidate = fit(name, "binary", matrix)
    odd = odd_rows(matrix)
    odd[:, 1] = np.nan

    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd).max_gap <= SMALL_GAP


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_a_forests_learned_direction_of_missing_values_is_kept(name: FamilyName):
    matrix = make_matrix(seed=0)
    candidate = fit(name, "multiclass", matrix)
    odd = odd_rows(matrix)
    odd[:, [0, 1, 4]] = np.nan

    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd).max_gap <= SMALL_GAP


def test_values_that_equal_a_float64_threshold_rounded_to_float32_stay_on_their_side():
    rng = np.random.default_rng(0)
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1))
    matrix = np.where(rng.random((600, 1)) < 0.5, low, high).astype(np.float32)
    import lightgbm

    # The midpoint of neighbours in float32 rounds to one of them, the wrong one here.
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1, min_child_samples=1)
    model.fit(matrix, (matrix[:, 0] == high).astype(int))
    candidate = Candidate("lightgbm", {}, model, "binary", 2, 0.0, 600)

    parity = compare(candidate, to_onnx_bytes(candidate, 1), matrix)

    assert parity.passed


@given(
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
@example(0.0, -3.402823364973241e38)
def test_a_floored_threshold_decides_every_float32_as_the_float64_one(x: float, threshold: float):
    floored = floor_to_float32(np.array([threshold]))[0]

    assert (np.float32(x) <= floored) == (x <= threshold)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_ties_are_counted_and_are_no_flips(task: Task):
    matrix = make_matrix(seed=0)
    candidate = fit("random_forest", task, matrix, n_trees=2)

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix))

    assert parity.exact_ties > 0
    assert parity.label_flips == 0
    assert parity.passed


def test_a_boosting_without_any_split_is_exported():
    matrix = np.zeros((40, 2), dtype=np.float32)
    model = make_estimator("lightgbm", "regression", n_trees=2).fit(matrix, np.arange(40.0))
    candidate = Candidate("lightgbm", {}, model, "regression", 0, 0.0, 40)

    assert compare(candidate, to_onnx_bytes(candidate, 2), matrix).passed


def test_pruned_nodes_of_xgboost_are_left_out():
    matrix = make_matrix(seed=0)
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=10, gamma=5, max_depth=6, n_jobs=1)
    model.fit(matrix, make_target(matrix, "binary"))
    candidate = Candidate("xgboost", {}, model, "binary", 2, 0.0, N_ROWS)

    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix)).passed


def test_xgboost_after_early_stopping_uses_the_best_round():
    matrix = make_matrix(seed=0)
    target = make_target(matrix, "multiclass")
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=300, early_stopping_rounds=2, n_jobs=1)
    model.fit(matrix[:800], target[:800], eval_set=[(matrix[800:], target[800:])], verbose=False)
    candidate = Candidate("xgboost", {}, model, "multiclass", 4, 0.0, 800)

    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), matrix).passed


@pytest.mark.filterwarnings("ignore:.*booster=dart. is deprecated:UserWarning")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("lightgbm", {"objective": "poisson"}, id="lightgbm-poisson"),
        pytest.param(
            "lightgbm",
            {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
            id="lightgbm-forest",
        ),
        pytest.param("lightgbm", {"zero_as_missing": True}, id="lightgbm-zero-is-missing"),
        pytest.param("lightgbm", {"linear_tree": True}, id="lightgbm-linear-leaves"),
        pytest.param("lightgbm", {"reg_sqrt": True}, id="lightgbm-root-of-the-target"),
        pytest.param("xgboost", {"objective": "count:poisson"}, id="xgboost-poisson"),
        pytest.param("xgboost", {"booster": "dart", "rate_drop": 0.5}, id="xgboost-dropout"),
        pytest.param("hist_gradient_boosting", {"loss": "poisson"}, id="histogram-poisson"),
    ],
)
def test_a_model_that_the_graph_cannot_express_is_refused(
    name: FamilyName, options: dict[str, Any]
):
    matrix = make_matrix(seed=0)[:300]
    model = make_estimator(name, "regression", n_trees=3).set_params(**options)
    model.fit(matrix, np.abs(make_target(matrix, "regression")))
    candidate = Candidate(name, {}, model, "regression", 0, 0.0, 300)

    with pytest.raises(ParityError, match="not exported"):
        to_onnx_bytes(candidate, N_FEATURES)


def test_a_model_that_has_not_seen_every_class_is_refused():
    matrix = make_matrix(seed=0)
    model = make_estimator("lightgbm", "multiclass", n_trees=2)
    model.fit(matrix, make_target(matrix, "binary"))
    candidate = Candidate("lightgbm", {}, model, "multiclass", 3, 0.0, N_ROWS)

    with pytest.raises(ParityError, match="2 of 3 classes"):
        to_onnx_bytes(candidate, N_FEATURES)


def test_a_model_too_large_to_serve_is_refused():
    candidate = fit("extra_trees", "binary", make_matrix(seed=0), n_trees=3)

    with pytest.raises(ParityError, match="at most 0 MB"):
        to_onnx_bytes(candidate, N_FEATURES, max_bytes=1000)


def test_a_forest_that_never_saw_a_gap_still_answers_rows_with_gaps_alike():
    matrix = np.nan_to_num(make_matrix(seed=0))
    candidate = fit("random_forest", "binary", matrix)

    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix)).passed


def test_another_model_does_not_pass_as_the_fitted_one():
    matrix = make_matrix(seed=0)
    candidate = fit("lightgbm", "binary", matrix)
    other = fit("lightgbm", "binary", matrix, n_trees=10)

    parity = compare(candidate, to_onnx_bytes(other, N_FEATURES), matrix)

    assert not parity.passed
    assert parity.max_gap > 0.01


@pytest.mark.parametrize(
    ("expected", "found", "task", "result"),
    [
        pytest.param([[0.5, 0.5]], [[0.4999999, 0.5000001]], "binary", (True, 0, 1), id="a-tie"),
        pytest.param(
            [[0.500002, 0.499998]], [[0.499998, 0.500002]], "binary", (False, 1, 0), id="a-flip"
        ),
        pytest.param([[0.6, 0.4]], [[0.6001, 0.3999]], "binary", (False, 0, 0), id="a-gap"),
        pytest.param([1e6], [1e6 + 50], "regression", (True, 0, 0), id="small-beside-the-value"),
        pytest.param([1.0], [1.001], "regression", (False, 0, 0), id="large-beside-the-value"),
        pytest.param([1.0], [np.inf], "regression", (False, 0, 0), id="not-finite"),
    ],
)
def test_answers_are_compared_by_gap_and_label(
    expected: list[Any], found: list[Any], task: Task, result: tuple[bool, int, int]
):
    parity = compare_outputs(np.array(expected), np.array(found), task)

    assert (parity.passed, parity.label_flips, parity.exact_ties) == result


def test_parity_over_blocks_is_that_of_all_rows():
    matrix = np.tile(make_matrix(seed=0), (18, 1))
    candidate = fit("linear", "binary", matrix[:N_ROWS])

    parity = compare(candidate, to_onnx_bytes(candidate, N_FEATURES), matrix)

    assert isinstance(parity, ParityResult)
    assert parity.n_rows == len(matrix) > 20_000
    assert parity.passed


COLUMNS = [
    {"name": "a", "kind": "numeric", "fill": None},
    {"name": "b", "kind": "numeric", "fill": 2.5},
    {"name": "c", "kind": "categorical", "categories": ["x", "y"], "fill_category": None},
    {"name": "d", "kind": "datetime", "fill": None},
]


def test_stress_rows_have_each_column_missing_and_each_category_unseen():
    matrix = np.full((3, 10), 9, dtype=np.float32)

    rows = stress_rows(COLUMNS, matrix)

    assert rows.shape == (2 + 3 * 5, 10)
    np.testing.assert_array_equal(rows[0], [np.nan, 2.5, 0, *[np.nan] * 7])
    assert rows[1, 2] == 1
    assert np.isnan(rows[2:5, 0]).all()
    assert (rows[5:8, 1] == 2.5).all()
    assert (rows[8:11, 2] == 0).all()
    assert (rows[11:14, 2] == 1).all()
    assert np.isnan(rows[14:, 3:]).all()
    assert (rows[14:, :3] == 9).all()


def test_stress_rows_need_no_rows_to_start_from():
    assert len(stress_rows(COLUMNS, np.empty((0, 10), dtype=np.float32))) == 2


@pytest.mark.parametrize(
    ("name", "traits", "suits"),
    [
        pytest.param("lightgbm", Traits(10**7, 500, 10**5, "multiclass", 50), True, id="boosting"),
        pytest.param("random_forest", Traits(400_000, 20, 50, "binary", 2), True, id="forest"),
        pytest.param("extra_trees", Traits(400_000, 20, 50, "multiclass", 30), False, id="leaves"),
        pytest.param("linear", Traits(1000, 20, 50, "binary", 2), True, id="linear"),
        pytest.param("linear", Traits(1000, 20, 2500, "binary", 2), False, id="too-wide"),
        pytest.param("linear", Traits(10**6, 20, 50, "binary", 2), False, id="too-many-cells"),
        pytest.param("linear", Traits(1000, 20, 0, "binary", 2), False, id="nothing-to-weigh"),
    ],
)
def test_a_family_says_whether_it_suits_the_data(name: FamilyName, traits: Traits, suits: bool):
    assert family(name).suits(traits) is suits
    assert (family(name).why_not(traits) is None) is suits


def test_the_linear_family_gets_over_a_column_that_is_empty():
    matrix = make_matrix(seed=0)
    matrix[:, 0] = np.nan
    candidate = fit("linear", "regression", matrix)

    assert compare(candidate, to_onnx_bytes(candidate, N_FEATURES), odd_rows(matrix)).passed


def test_a_linear_model_can_be_cloned_and_keeps_its_options():
    from sklearn.base import clone

    model = linear.build({"C": 3.0}, task="binary", category_features={1: 4}, seed=5, n_threads=2)

    copy = clone(model)

    assert copy.n_threads == 2
    assert copy.named_steps["model"].C == 3.0
    assert copy.named_steps["design"].category_features == {1: 4}
