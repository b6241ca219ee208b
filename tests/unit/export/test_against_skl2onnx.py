"""Our graphs against those of skl2onnx: an independent writer of the same models.

Where skl2onnx is exact, both graphs must agree. Where it is not, the tests at the end show
the break that made us write our own (docs/adr/0008-own-onnx-graphs.md). One of those that
fails means that skl2onnx has been mended and the decision can be looked at again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from skl2onnx import to_onnx as skl2onnx_graph
from skl2onnx.common.data_types import FloatTensorType
from sklearn import ensemble
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from automl_core.records import FamilyName, Task
from automl_training.export import VALUE_TOLERANCE, to_onnx_bytes
from automl_training.families import Candidate, linear, predict_matrix
from automl_training.families.graph import TARGET_OPSET

N_ROWS, N_FEATURES = 600, 5
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

#: Absolute and relative. Both add a dozen float32 leaves or products, each in its own order:
#: at most a dozen roundings of 2**-24. A wrong branch is off by orders of magnitude more.
TOLERANCE = 2e-6
#: What a wrong branch costs in the cases at the end.
WRONG_BRANCH = 0.1

#: skl2onnx 1.20 writes a Python bool into an int attribute, which protobuf 7 will refuse.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Field onnx.AttributeProto.ints. Expected an int, got a boolean:DeprecationWarning"
)

_TREES: dict[FamilyName, dict[bool, Any]] = {
    "random_forest": {
        False: ensemble.RandomForestClassifier,
        True: ensemble.RandomForestRegressor,
    },
    "extra_trees": {False: ensemble.ExtraTreesClassifier, True: ensemble.ExtraTreesRegressor},
    "hist_gradient_boosting": {
        False: ensemble.HistGradientBoostingClassifier,
        True: ensemble.HistGradientBoostingRegressor,
    },
}


def make_matrix(seed: int) -> np.ndarray:
    """Whole numbers: thresholds between them are far from every value in float32."""
    return np.random.default_rng(seed).integers(-40, 40, (N_ROWS, N_FEATURES)).astype(np.float32)


def make_target(matrix: np.ndarray, task: Task) -> np.ndarray:
    noise = np.random.default_rng(9).normal(size=len(matrix))
    score = matrix[:, 0] / 20 + matrix[:, 1] / 10 - matrix[:, 2] / 40 + noise
    if task == "regression":
        return score
    return np.digitize(score, [0.0] if task == "binary" else [-2.0, 0.0, 2.0])


def fit_trees(name: FamilyName, task: Task, matrix: np.ndarray, target: np.ndarray) -> Candidate:
    size = {"max_iter": 12} if name == "hist_gradient_boosting" else {"n_estimators": 12}
    # Spinning OpenMP threads wait for each other where the cores are shared.
    with threadpool_limits(1):
        model = _TREES[name][task == "regression"](random_state=0, **size).fit(matrix, target)
    return as_candidate(name, task, model, target)


def as_candidate(name: FamilyName, task: Task, model: Any, target: np.ndarray) -> Candidate:
    n_classes = 0 if task == "regression" else len(np.unique(target))
    return Candidate(name, {}, model, task, n_classes, 0.0, len(target))


def run(graph: bytes, matrix: np.ndarray) -> np.ndarray:
    """Let a graph of either writer answer; skl2onnx puts labels before probabilities."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    last = session.get_outputs()[-1].name
    answers = session.run([last], {session.get_inputs()[0].name: matrix})[0]
    return answers.astype(np.float64).reshape(len(matrix), -1)


def run_ours(candidate: Candidate, matrix: np.ndarray) -> np.ndarray:
    return run(to_onnx_bytes(candidate, matrix.shape[1]), matrix)


def run_theirs(model: Any, task: Task, matrix: np.ndarray) -> np.ndarray:
    graph = skl2onnx_graph(
        model,
        initial_types=[("x", FloatTensorType([None, matrix.shape[1]]))],
        target_opset=TARGET_OPSET,
        options=None if task == "regression" else {id(model): {"zipmap": False}},
    )
    return run(graph.SerializeToString(), matrix)


def fitted_answers(candidate: Candidate, matrix: np.ndarray) -> np.ndarray:
    return predict_matrix(candidate, matrix).reshape(len(matrix), -1)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", tuple(_TREES))
def test_trees_answer_as_the_graph_of_skl2onnx(name: FamilyName, task: Task):
    matrix = make_matrix(seed=0)
    candidate = fit_trees(name, task, matrix, make_target(matrix, task))
    asked = make_matrix(seed=1)

    ours, theirs = run_ours(candidate, asked), run_theirs(candidate.estimator, task, asked)

    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def fit_linear(task: Task, matrix: np.ndarray, target: np.ndarray) -> tuple[Candidate, Any]:
    """Our linear pipeline, and one that skl2onnx can read.

    The second has scikit-learn's own scaler in place of our design matrix, and the same
    weights.
    """
    model = linear.build({}, task=task, category_features={}, seed=0, n_threads=1)
    candidate = as_candidate("linear", task, model.fit(matrix, target), target)
    scaler = StandardScaler().fit(matrix.astype(np.float64))
    return candidate, make_pipeline(scaler, model.named_steps["model"])


@pytest.mark.parametrize("task", TASKS)
def test_linear_models_answer_as_the_graph_of_skl2onnx(task: Task):
    matrix = make_matrix(seed=0)
    candidate, plain = fit_linear(task, matrix, make_target(matrix, task))
    asked = make_matrix(seed=1)

    ours, theirs = run_ours(candidate, asked), run_theirs(plain, task, asked)

    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_skl2onnx_sends_missing_cells_of_a_forest_the_wrong_way_and_we_do_not(name: FamilyName):
    matrix = make_matrix(seed=0)
    target = make_target(matrix, "binary")
    # A missing cell speaks for the class of low values, so that trees learn to send it left.
    matrix[(matrix[:, 1] < 0) & (np.arange(N_ROWS) % 2 == 0), 1] = np.nan
    candidate = fit_trees(name, "binary", matrix, target)
    expected = fitted_answers(candidate, matrix)

    ours = run_ours(candidate, matrix)
    theirs = run_theirs(candidate.estimator, "binary", matrix)

    np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE)
    assert np.abs(theirs - expected).max() > WRONG_BRANCH


def test_skl2onnx_rounds_a_boostings_threshold_onto_a_value_and_we_do_not():
    # The midpoint of neighbours in float32 is halfway; rounding to even goes up here.
    low = np.nextafter(np.float32(1), np.float32(2))
    high = np.nextafter(low, np.float32(2))
    matrix = np.tile(np.array([[low], [high]], dtype=np.float32), (100, 1))
    target = (matrix[:, 0] == high).astype(int)
    candidate = fit_trees("hist_gradient_boosting", "binary", matrix, target)
    expected = fitted_answers(candidate, matrix)

    ours = run_ours(candidate, matrix)
    theirs = run_theirs(candidate.estimator, "binary", matrix)

    np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE)
    assert np.abs(theirs - expected).max() > WRONG_BRANCH


def test_skl2onnx_scales_large_numbers_in_float32_and_we_do_not():
    offset = np.float32([1e6, 0, 1e6, 0, 0])
    matrix = make_matrix(seed=0)
    candidate, plain = fit_linear("regression", matrix + offset, make_target(matrix, "regression"))
    asked = make_matrix(seed=1) + offset
    expected = fitted_answers(candidate, asked)

    ours, theirs = run_ours(candidate, asked), run_theirs(plain, "regression", asked)

    np.testing.assert_allclose(ours, expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert np.abs(theirs - expected).max() > VALUE_TOLERANCE
