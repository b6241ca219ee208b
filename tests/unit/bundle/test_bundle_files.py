"""A bundle's folder is complete, checked, and usable without any of our packages."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.bundle import runtime
from automl_core.bundle.checker import check_bundle
from automl_core.bundle.manifest import check_manifest, dump_manifest, probe_rows_of
from automl_core.bundle.runtime import BundleError, Predictor, score_csv
from automl_core.bundle.writer import runtime_source, write_bundle, zip_bundle

from .conftest import COLUMNS, manifest_of, model_bytes

MakeBundle = Callable[..., Path]


def test_a_bundle_is_three_files_and_its_version_is_the_manifests_hash(tmp_path: Path):
    version = write_bundle(
        tmp_path / "b", model=model_bytes("binary"), manifest=manifest_of("binary")
    )

    files = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert sorted(files) == ["manifest.json", "model.onnx", "predict.py"]
    assert hashlib.sha256(files["manifest.json"]).hexdigest() == version
    assert files["predict.py"] == Path(runtime.__file__).read_bytes() == runtime_source()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_written_bundle_has_no_problems(bundle: MakeBundle, task: str):
    assert check_bundle(bundle(task)) == []


def test_the_same_bundle_gives_the_same_zip(bundle: MakeBundle, tmp_path: Path):
    folder = bundle("binary")

    first = zip_bundle(folder, tmp_path / "a.zip").read_bytes()

    assert zip_bundle(folder, tmp_path / "b.zip").read_bytes() == first


def test_the_manifest_holds_everything_that_prediction_needs():
    manifest = manifest_of("regression")

    assert manifest["features"][:3] == ["age", "city", "when:epoch_day"]
    assert manifest["model"]["sha256"] == hashlib.sha256(model_bytes("regression")).hexdigest()
    assert manifest["model"]["n_features"] == 9
    assert manifest["probes"]["outputs"] == [[1.0], [100.0], [100.0]]
    assert check_manifest(dump_manifest(manifest)) == []


def test_a_manifest_is_not_built_for_a_model_that_does_not_fit():
    with pytest.raises(BundleError, match="input or output"):
        manifest_of("binary", columns=COLUMNS[:2])


def test_a_number_that_json_has_no_word_for_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        manifest_of("binary", metrics={"roc_auc": float("nan")})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"versions": None}, "'versions'", id="no-versions"),
        pytest.param({"model": {"file": "x", "sha256": "", "n_features": 9}}, "called", id="file"),
        pytest.param(
            {"model": {"file": "model.onnx", "sha256": "", "n_features": 8}},
            "number",
            id="features",
        ),
        pytest.param({"target": {"name": "t", "classes": ["a", "a"]}}, "twice", id="class-twice"),
        pytest.param({"target": {"name": "t", "classes": ["a", []]}}, "neither", id="class-list"),
        pytest.param({"target": {"name": "t", "classes": [1, 2, 3]}}, "two classes", id="three"),
        pytest.param({"interval": {"half_width": 1}}, "interval", id="interval"),
        pytest.param({"columns": [{}, {}, {}]}, "no name", id="columns"),
        pytest.param({"format": 9}, "format", id="format"),
    ],
)
def test_a_manifests_problem_is_named(change: dict[str, Any], problem: str):
    manifest = {**manifest_of("binary"), **change}

    found = check_manifest(json.dumps(manifest).encode())

    assert any(problem in text for text in found)


NATIVE = {"file": "model.skops", "sha256": "0" * 64, "trusted": ["lightgbm.basic.Booster"]}
EXPLAIN = {"background": [{"age": 3, "city": None}], "columns": ["city", "age"], "baseline": None}
BINS = {"edges": [0.0, 2.5], "half_widths": [1, 2.0, 0.0]}


def test_a_manifest_of_format_2_says_what_serving_promises_and_who_answers():
    manifest = manifest_of(
        "regression",
        interval={"coverage": 0.9, "half_width": 5.0, "bins": BINS},
        explain=EXPLAIN,
        native=NATIVE,
        family="ensemble",
        members=[{"family": "lightgbm", "weight": 0.75}, {"family": "linear", "weight": 0.25}],
    )

    assert check_manifest(dump_manifest(manifest)) == []
    assert manifest["format"] == 2
    assert manifest["interval"]["bins"] == BINS
    assert manifest["label_set"] is None
    assert manifest["explain"] == EXPLAIN
    assert manifest["native"] == NATIVE
    assert manifest["model"]["family"] == "ensemble"
    assert [member["weight"] for member in manifest["model"]["members"]] == [0.75, 0.25]


def test_a_single_model_is_its_own_member_and_an_interval_without_bins_has_one_width():
    manifest = manifest_of("regression")

    assert manifest["model"]["members"] == [{"family": "random_forest", "weight": 1.0}]
    assert manifest["interval"] == {"coverage": 0.9, "half_width": 5.0, "bins": None}


def test_a_manifest_of_format_1_is_still_whole():
    manifest = manifest_of("regression")
    older = {
        name: value
        for name, value in manifest.items()
        if name not in {"label_set", "explain", "native"}
    }
    older |= {"format": 1, "interval": {"coverage": 0.9, "half_width": 5.0}}
    older["model"] = {name: v for name, v in manifest["model"].items() if name != "members"}

    assert check_manifest(json.dumps(older).encode()) == []


@pytest.mark.parametrize(
    ("task", "change", "problem"),
    [
        pytest.param(
            "regression", {"interval": {"coverage": 2, "half_width": 1}}, "share", id="coverage"
        ),
        pytest.param(
            "regression", {"interval": {"coverage": 0.9, "half_width": -1}}, "share", id="negative"
        ),
        pytest.param(
            "regression",
            {"interval": {"coverage": 0.9, "half_width": 1, "bins": {"edges": [1]}}},
            "bins",
            id="bins-without-widths",
        ),
        pytest.param(
            "regression",
            {"interval": {"coverage": 0.9, "half_width": 1,
                          "bins": {"edges": [2, 1], "half_widths": [1, 1, 1]}}},
            "bins",
            id="falling-edges",
        ),
        pytest.param("regression", {"label_set": {}}, "no classification", id="set-of-a-number"),
        pytest.param("binary", {"label_set": []}, "no classification", id="set-of-nothing"),
        pytest.param(
            "binary", {"label_set": {"coverage": 0.9, "threshold": 7}}, "threshold", id="threshold"
        ),
        pytest.param(
            "binary", {"label_set": {"threshold": 0.5}}, "coverage", id="set-without-coverage"
        ),
        pytest.param("binary", {"explain": {"columns": []}}, "compare with", id="no-background"),
        pytest.param(
            "binary",
            {"explain": {"background": [{}] * 21, "columns": []}},
            "more than 20",
            id="too-many-rows",
        ),
        pytest.param(
            "binary",
            {"explain": {"background": [{"height": 1}], "columns": []}},
            "not those of the model",
            id="foreign-row",
        ),
        pytest.param(
            "binary",
            {"explain": {"background": [], "columns": ["age", "age"]}},
            "not those of the model",
            id="column-twice",
        ),
        pytest.param("binary", {"native": {"file": "x"}}, "trusted types", id="no-trusted-types"),
        pytest.param("binary", {"native": "model.skops"}, "trusted types", id="native-text"),
    ],
)  # fmt: skip
def test_a_broken_promise_of_a_manifest_is_named(task: str, change: dict[str, Any], problem: str):
    manifest = {**manifest_of(task), **change}

    found = check_manifest(json.dumps(manifest).encode())

    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([], id="none"),
        pytest.param({}, id="no-list"),
        pytest.param([{"family": "linear", "weight": 0.5}], id="half"),
        pytest.param([{"weight": 1.0}], id="no-family"),
        pytest.param([{"family": "linear", "weight": "all"}], id="no-number"),
    ],
)
def test_members_of_a_model_that_do_not_add_up_are_named(members: Any):
    manifest = manifest_of("binary")
    manifest["model"]["members"] = members

    assert check_manifest(dump_manifest(manifest)) == [
        "The model's members have no weights that sum to 1."
    ]


def test_every_problem_of_a_folder_is_named(bundle: MakeBundle, tmp_path: Path):
    folder = bundle("binary")
    (folder / "notes.txt").write_text("")
    (folder / "predict.py").write_text("import os")

    problems = check_bundle(folder)

    assert len(problems) == 2
    assert check_bundle(tmp_path / "nowhere") == [
        f"The bundle has no {name}." for name in ("model.onnx", "manifest.json", "predict.py")
    ]


def test_a_damaged_model_is_a_problem(bundle: MakeBundle):
    folder = bundle("binary")
    (folder / "model.onnx").write_bytes(b"")

    assert len(check_bundle(folder)) == 1


def test_probe_rows_are_the_json_that_a_client_would_send():
    table = {
        "age": np.array([1.0, np.nan, 3.0]),
        "city": np.array(["Oslo", None, "Rome"], dtype=object),
        "when": np.array(["2003-02-01", "NaT", "2020-12-31"], dtype="datetime64[us]"),
    }

    assert probe_rows_of(COLUMNS, table) == [
        {"age": 1, "city": "Oslo", "when": "01.02.2003"},
        {"age": None, "city": None, "when": None},
        {"age": 3, "city": "Rome", "when": "31.12.2020"},
    ]
    assert len(probe_rows_of(COLUMNS, table, n_rows=2)) == 2


# -- The script in the bundle ---------------------------------------------------------

#: Runs the script as ``__main__`` where none of our packages can be imported.
ALONE = """
import runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("automl_"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", ALONE, str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_bundles_own_script_answers_as_the_package_does(bundle: MakeBundle, tmp_path: Path):
    folder = bundle("multiclass")
    source = tmp_path / "in.csv"
    source.write_text("age;city;when\n20;Oslo;01.02.2003\n80;Rome;x\n;;\n")

    done = run_alone(folder / "predict.py", str(source), "--out", str(tmp_path / "alone.csv"))
    score_csv(Predictor.load(folder), source, tmp_path / "ours.csv")

    assert (done.returncode, done.stderr) == (0, "3 rows scored.\n")
    alone = (tmp_path / "alone.csv").read_bytes()
    assert alone == (tmp_path / "ours.csv").read_bytes()
    assert [row["prediction"] for row in csv.DictReader(alone.decode().splitlines())] == [
        "1", "3", "3"
    ]  # fmt: skip


def test_the_script_says_in_one_line_what_is_wrong_with_a_table(bundle: MakeBundle, tmp_path: Path):
    (tmp_path / "in.csv").write_text("a\n1\n")

    done = run_alone(
        bundle() / "predict.py", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv")
    )

    assert done.returncode == 65
    assert done.stderr.startswith("error: None of the model's columns")
    assert done.stderr.count("\n") == 1


def test_the_script_refuses_a_damaged_bundle(bundle: MakeBundle, tmp_path: Path):
    folder = bundle()
    (folder / "model.onnx").write_bytes(b"x")
    (tmp_path / "in.csv").write_text("a\n1\n")

    done = run_alone(
        folder / "predict.py", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv")
    )

    assert done.returncode == 70
    assert "SHA-256" in done.stderr
