"""A bundle of an ensemble, used as somebody does who has downloaded it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from automl_core.bundle.checker import check_bundle
from automl_core.bundle.manifest import build_manifest
from automl_core.bundle.runtime import Encoder, Predictor
from automl_core.bundle.writer import download_readme, write_bundle
from automl_core.records import FamilyName, Task
from automl_training.export import compare_outputs, members_of, to_onnx_bytes
from automl_training.families import Blend, Calibrator, Candidate, Coded, predict_matrix
from automl_training.families.target_codes import TargetCodes
from automl_training.native import save_model, trusted_types

from .test_parity import make_estimator

CITIES = [f"city {number}" for number in range(30)]
COLUMNS: list[dict[str, Any]] = [
    {"name": "age", "kind": "numeric", "storage": "integer", "fill": None},
    {"name": "city", "kind": "categorical", "categories": CITIES, "fill_category": None},
    {"name": "when", "kind": "datetime", "storage": "date", "fill": None},
    {"name": "note", "kind": "text", "buckets": [3, 7], "n_buckets": 16},
]
FAMILIES: tuple[FamilyName, ...] = (
    "lightgbm", "xgboost", "hist_gradient_boosting", "extra_trees", "linear"
)  # fmt: skip
N_ROWS = 400


def make_rows(seed: int) -> list[dict[str, Any]]:
    """Rows as a client sends them, with gaps, cities nobody knows, and words."""
    rng = np.random.default_rng(seed)
    words = ["good", "bad", "late", "early", "clean", "dirty", "loud", "quiet"]
    rows = []
    for _ in range(N_ROWS):
        draw = rng.random(4)
        rows.append(
            {
                "age": None if draw[0] < 0.1 else int(rng.integers(18, 90)),
                "city": None if draw[1] < 0.1 else CITIES[rng.integers(30)],
                "when": f"20{rng.integers(10, 26)}-0{rng.integers(1, 10)}-1{rng.integers(10)}",
                "note": " ".join(rng.choice(words, rng.integers(0, 5))),
            }
        )
    for row in rows[:20]:
        row["city"] = "Atlantis"
    return rows


def train(task: Task, matrix: np.ndarray) -> Candidate:
    age, city = np.nan_to_num(matrix[:, 0], nan=40), matrix[:, 1]
    score = age / 20 + city % 7 + np.random.default_rng(5).normal(size=len(matrix))
    edges = {"binary": [5.0], "multiclass": [3.0, 6.0], "regression": []}[task]
    target = score * 100 if task == "regression" else np.digitize(score, edges)
    outputs = np.eye(3)[target] if task == "multiclass" else target[:, None]
    table = np.array([outputs[matrix[:, 1] == code].sum(axis=0) / 20 for code in range(32)])
    codes = TargetCodes((1,), (table.astype(np.float32),))
    members = []
    for name in FAMILIES:
        with threadpool_limits(1):
            estimator = make_estimator(name, task, n_trees=6)
            if name == "linear":
                estimator.set_params(design__category_features={1: 32})
                members.append(estimator.fit(matrix, target))
            else:
                members.append(Coded(codes, estimator.fit(codes.apply(matrix), target)))
    n_classes = {"binary": 2, "multiclass": 3, "regression": 0}[task]
    calibrator = Calibrator(0.8, (0.0, 0.1, -0.2)[:n_classes]) if n_classes else None
    blend = Blend(tuple(members), (0.3, 0.3, 0.2, 0.1, 0.1), FAMILIES)
    return Candidate("ensemble", {}, blend, task, n_classes, 0.0, N_ROWS, calibrator)


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def download(request, tmp_path_factory) -> tuple[Path, Candidate]:
    """A folder with the bundle, ``model.skops`` and the README; and the fitted model."""
    task: Task = request.param
    folder = tmp_path_factory.mktemp("download")
    rows = make_rows(seed=0)
    encoder = Encoder(COLUMNS)
    candidate = train(task, encoder.encode_rows(rows))
    model = to_onnx_bytes(candidate, len(encoder.feature_names))
    save_model(folder / "model.skops", candidate)
    classes = [["no", "yes"], ["a", "b", "c"], []][["binary", "multiclass", task].index(task)]
    manifest = build_manifest(
        job_id="job-1",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        task=task,
        target={"name": "price", "storage": "text", "classes": classes, "positive": None},
        columns=COLUMNS,
        model=model,
        family="ensemble",
        members=[{"family": name, "weight": w} for name, w, _ in members_of(candidate)],
        native={
            "file": "model.skops",
            "sha256": hashlib.sha256((folder / "model.skops").read_bytes()).hexdigest(),
            "trusted": trusted_types(name for name, _, _ in members_of(candidate)),
        },
        interval={"coverage": 0.9, "half_width": 9.0,
                  "bins": {"edges": [400.0], "half_widths": [5.0, 20.0]}}
        if task == "regression" else None,
        label_set=None if task == "regression" else {"coverage": 0.9, "threshold": 0.3},
        explain={"background": rows[:5], "columns": ["age", "city"], "baseline": None},
        dataset={"sha256": "0" * 64, "n_rows": N_ROWS},
        training={"rows": N_ROWS, "seed": 0, "config": {}},
        versions={"onnx": "1"},
        probe_rows=rows[:20],
    )  # fmt: skip
    write_bundle(folder, model=model, manifest=manifest)
    (folder / "README.md").write_text(download_readme(manifest), encoding="utf-8")
    return folder, candidate


def test_raw_rows_through_the_bundle_are_answered_as_by_the_fitted_model(
    download: tuple[Path, Candidate],
):
    folder, candidate = download
    predictor = Predictor.load(folder)
    rows = make_rows(seed=1)

    answer = predictor.predict_rows(rows)[0]

    expected = predict_matrix(candidate, predictor.encoder.encode_rows(rows))
    parity = compare_outputs(expected, answer.outputs(), candidate.task)
    assert parity.passed
    assert (answer.lower is not None) == (candidate.task == "regression")
    assert (answer.label_sets is not None) == (candidate.task != "regression")


def test_the_bundle_is_whole(download: tuple[Path, Candidate], tmp_path: Path):
    for name in ("model.onnx", "manifest.json", "predict.py"):
        (tmp_path / name).write_bytes((download[0] / name).read_bytes())

    assert check_bundle(tmp_path) == []


#: Runs a script where nothing but the standard library, numpy, onnxruntime and what that one
#: brings can be imported.
ALONE = """
import runpy, sys
ALLOWED = {"numpy", "onnxruntime", "google", "flatbuffers", "packaging", "__main__"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED and top not in sys.stdlib_module_names:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(script: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", ALONE, str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=script.parent,
    )
    assert (done.returncode, done.stderr) == (0, f"{N_ROWS} rows scored.\n")


def test_its_script_needs_only_numpy_and_onnxruntime(
    download: tuple[Path, Candidate], tmp_path: Path
):
    folder, _ = download
    rows = make_rows(seed=2)
    with (tmp_path / "in.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["age", "city", "when", "note"])
        writer.writeheader()
        writer.writerows(rows)

    run_alone(folder / "predict.py", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"))

    with (tmp_path / "out.csv").open(newline="") as file:
        found = [row["prediction"] for row in csv.DictReader(file)]
    answer = Predictor.load(folder).predict_rows(rows)[0]
    expected = answer.labels if answer.values is None else [f"{v:.9g}" for v in answer.values]
    assert found == expected


def blocks(readme: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)


def test_the_readmes_own_words_run(download: tuple[Path, Candidate], tmp_path: Path):
    folder, candidate = download
    predict, load = blocks((folder / "README.md").read_text(encoding="utf-8"))
    check = """
import numpy as np
members = fitted["members"]
table = {name: [row[name] for row in rows] for name in rows[0]}
matrix = predictor.encoder.encode(table, len(rows))
total = 0
for member in members:
    read, estimator = matrix, member["estimator"]
    if member["codes"]:
        read = matrix.copy()
        extra = []
        for column, codes in zip(member["codes"]["columns"], member["codes"]["tables"]):
            coded = codes[matrix[:, column].astype(int)]
            read[:, column] = coded[:, 0]
            extra.append(coded[:, 1:])
        read = np.hstack([read, *extra])
    ask = getattr(estimator, "predict_proba", estimator.predict)
    total = total + member["weight"] * ask(read)
if fitted["calibrator"]:
    score = fitted["calibrator"]["slope"] * np.log(np.maximum(total, 1e-5))
    score = np.exp(score + np.array(fitted["calibrator"]["bias"]))
    total = score / score.sum(axis=1, keepdims=True)
np.save(OUT, total)
"""
    script = f"{predict}\n{load}\nimport json\nrows = json.load(open({str(tmp_path / 'rows')!r}))\n"
    script += f"OUT = {str(tmp_path / 'out.npy')!r}\n{check}"
    rows = make_rows(seed=3)[:50]
    (tmp_path / "rows").write_text(json.dumps(rows))

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    expected = predict_matrix(candidate, Encoder(COLUMNS).encode_rows(rows))
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, rtol=1e-5, atol=1e-7)


def test_a_download_without_a_fitted_model_does_not_speak_of_one(
    download: tuple[Path, Candidate],
):
    manifest = json.loads((download[0] / "manifest.json").read_bytes())
    older = {
        name: value
        for name, value in manifest.items()
        if name not in {"native", "interval", "label_set", "explain", "probes"}
    }
    older["model"] = {"family": "lightgbm"}

    text = download_readme(older)

    assert "skops" not in text
    assert "One model: lightgbm." in text
    assert "lower" not in text
    assert "label_sets" not in text
