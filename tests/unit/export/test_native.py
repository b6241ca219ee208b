"""The fitted model in a file: it comes back as it was, and nothing else comes with it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skops import io

from automl_core.errors import ModelCorruptError
from automl_core.records import FamilyName, Task
from automl_training.families import Blend, Calibrator, Candidate, Coded, predict_matrix
from automl_training.native import TRUSTED, load_model, save_model, trusted_types

from .test_mixtures import blend_of, candidate_of, fit_member
from .test_parity import NAMES, TASKS, fit, make_matrix, odd_rows


def there_and_back(candidate: Candidate, tmp_path: Path) -> Candidate:
    path = tmp_path / "model.skops"
    save_model(path, candidate)
    return load_model(path)


def assert_same(found: Candidate, expected: Candidate, matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(predict_matrix(found, matrix), predict_matrix(expected, matrix))
    for name in (
        "family", "config", "task", "n_classes", "validation_score", "n_rows", "calibrator",
    ):  # fmt: skip
        assert getattr(found, name) == getattr(expected, name)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_every_family_comes_back_exactly(name: FamilyName, task: Task, tmp_path: Path):
    matrix = make_matrix(seed=0)
    candidate = fit(name, task, matrix, n_trees=8)

    found = there_and_back(candidate, tmp_path)

    assert_same(found, candidate, odd_rows(matrix))
    assert type(found.estimator) is type(candidate.estimator)


@pytest.mark.parametrize("name", NAMES)
def test_the_types_listed_for_a_family_are_those_that_its_models_hold(
    name: FamilyName, tmp_path: Path
):
    path = tmp_path / "model.skops"
    needed: set[str] = set()
    for task in TASKS:
        save_model(path, fit(name, task, make_matrix(seed=0), n_trees=2))
        needed |= set(io.get_untrusted_types(file=path))

    assert needed == set(trusted_types([name])) <= set(TRUSTED)


@pytest.mark.parametrize("task", TASKS)
def test_blends_codes_and_calibrators_come_back_exactly(task: Task, tmp_path: Path):
    matrix = make_matrix(seed=0)
    members: list[tuple[FamilyName, Any]] = [
        (name, fit_member(name, task, matrix, coded=coded))
        for name, coded in (("lightgbm", True), ("extra_trees", False), ("linear", False))
    ]
    config = {"members": [{"family": "lightgbm", "weight": np.float64(0.5), "trial_id": 3}]}
    candidate = candidate_of(blend_of(members), task, config=config, validation_score=0.25)
    if task != "regression":
        bias = (0.0, 0.5, 0.25, 0.125)[: candidate.n_classes]
        candidate = candidate_of(
            blend_of(members), task, config=config, calibrator=Calibrator(1.25, bias)
        )

    found = there_and_back(candidate, tmp_path)

    assert_same(found, candidate, odd_rows(matrix))
    assert isinstance(found.estimator, Blend)
    assert found.estimator.weights == candidate.estimator.weights
    assert isinstance(found.estimator.members[0], Coded)


def test_the_file_can_be_read_without_this_packages_own_classes(tmp_path: Path):
    matrix = make_matrix(seed=0)
    coded = fit_member("lightgbm", "binary", matrix, coded=True)
    save_model(tmp_path / "m.skops", candidate_of(coded, "binary", "lightgbm"))

    tree = io.load(tmp_path / "m.skops", trusted=[t for t in TRUSTED if "automl" not in t])

    assert tree["family"] == "lightgbm"
    assert tree["model"]["codes"]["columns"] == [2, 3]
    probabilities = tree["model"]["estimator"].predict_proba(coded.codes.apply(matrix))
    np.testing.assert_array_equal(probabilities, coded.predict_proba(matrix))


class Stranger:
    """A type that no model of ours holds."""


def test_a_type_that_is_not_listed_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "model.skops"
    io.dump({"format": 1, "model": Stranger()}, path)

    with pytest.raises(ModelCorruptError, match=r"test_native\.Stranger.*was not loaded"):
        load_model(path)


def test_a_function_in_the_file_is_refused(tmp_path: Path):
    path = tmp_path / "model.skops"
    io.dump({"format": 1, "model": print}, path)

    with pytest.raises(ModelCorruptError, match=r"builtins\.print"):
        load_model(path)


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"format": 2}, id="another-format"),
        pytest.param({"format": 1}, id="parts-missing"),
        pytest.param([1, 2], id="a-list"),
    ],
)
def test_a_file_of_another_shape_is_refused(tree: Any, tmp_path: Path):
    io.dump(tree, tmp_path / "model.skops")

    with pytest.raises(ModelCorruptError, match="damaged or of another version"):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_bytes_that_are_no_file_of_ours_are_refused(data: bytes, tmp_path: Path):
    (tmp_path / "model.skops").write_bytes(data)

    with pytest.raises(ModelCorruptError, match="damaged"):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize(
    ("name", "field", "value", "words"),
    [
        pytest.param("random_forest", "left_child", 10**6, "lead nowhere", id="forest-outside"),
        pytest.param("random_forest", "right_child", 0, "lead nowhere", id="forest-circle"),
        pytest.param("random_forest", "feature", 10**6, "not there", id="forest-column"),
        pytest.param(
            "hist_gradient_boosting", "left", 10**6, "lead nowhere", id="boosting-outside"
        ),
        pytest.param(
            "hist_gradient_boosting", "feature_idx", 99, "not there", id="boosting-column"
        ),
    ],
)
def test_forged_trees_that_lead_out_of_their_arrays_are_refused(
    name: FamilyName, field: str, value: int, words: str, tmp_path: Path
):
    candidate = fit(name, "binary", make_matrix(seed=0), n_trees=2)
    if name == "random_forest":
        tree = candidate.estimator.estimators_[0].tree_
        state = tree.__getstate__()
        state["nodes"] = state["nodes"].copy()
        state["nodes"][field][0] = value
        tree.__setstate__(state)
    else:
        candidate.estimator._predictors[0][0].nodes[field][0] = value

    with pytest.raises(ModelCorruptError, match=words):
        there_and_back(candidate, tmp_path)


def test_the_file_is_packed_and_holds_no_pickle(tmp_path: Path):
    path = tmp_path / "model.skops"
    save_model(path, fit("random_forest", "binary", make_matrix(seed=0), n_trees=20))

    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        schema = json.loads(archive.read("schema.json"))

    assert {Path(entry.filename).suffix for entry in entries} <= {".json", ".npy", ".bin"}
    assert schema["__class__"] == "dict"
    assert sum(e.compress_size for e in entries) < 0.6 * sum(e.file_size for e in entries)
    assert [one.name for one in tmp_path.iterdir()] == ["model.skops"]
