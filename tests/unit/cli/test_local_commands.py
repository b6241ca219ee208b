"""Commands that need no platform: profile, train --plan-only, predict."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from automl_core.bundle.manifest import build_manifest
from automl_core.bundle.writer import write_bundle, zip_bundle
from automl_core.samples import penguins_path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Forty rows whose target follows from their one number."""
    file = tmp_path / "sizes.csv"
    rows = "".join(f"{i};{'big' if i > 20 else 'small'};{i % 7},5\n" for i in range(1, 41))
    file.write_text(f"size;class;other\n{rows}")
    return file


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A regression that answers twice its input."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["value"])],
        "twice",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.array([[2.0]], np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    manifest = build_manifest(
        job_id="j1",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        task="regression",
        target={"name": "price", "storage": "decimal", "classes": [], "positive": None},
        columns=[
            {
                "name": "size",
                "original_name": "size",
                "kind": "numeric",
                "storage": "decimal",
                "decimal": ".",
                "time_format": None,
                "missing_tokens": [],
                "fill": None,
                "fill_category": None,
                "categories": [],
                "minimum": 0.0,
                "maximum": 100.0,
                "typical": 5.0,
                "n_missing": 0,
            }
        ],
        model=model.SerializeToString(),
        family="linear",
        dataset={"sha256": "0" * 64, "n_rows": 10},
        training={"rows": 10, "seed": 0, "config": {}},
        versions={},
        interval={"coverage": 0.9, "half_width": 1.0},
    )
    folder = tmp_path_factory.mktemp("model") / "bundle"
    write_bundle(folder, model=model.SerializeToString(), manifest=manifest)
    return folder


def test_a_plan_is_told_before_anything_is_trained(automl, tmp_path):
    out = tmp_path / "out"

    said = automl("train", penguins_path(), "--target", "species", "--out", out, "--plan-only")

    assert said.code == 0
    assert "Predict 'species': multiclass." in said.out
    assert "Leave out region: " in said.out
    assert json.loads((out / "plan.json").read_bytes())["target_column"] == "species"
    assert not (out / "bundle").exists()


def test_options_of_the_command_line_reach_the_plan(automl, tmp_path):
    said = automl(
        "train", penguins_path(), "--target", "species", "--out", tmp_path / "out", "--plan-only",
        "--exclude", "study,sex", "--metric", "macro_f1", "--time-budget", "90", "--seed", "3",
        "--group-column", "individual_id", "--families", "linear", "--json",
    )  # fmt: skip

    plan = said.document["plan"]
    assert (said.document["status"], plan["metric"], plan["time_budget_s"]) == (
        "planned",
        "macro_f1",
        90,
    )
    assert (plan["seed"], plan["families"]) == (3, ["linear"])
    assert (plan["split"]["method"], plan["split"]["group_column"]) == ("group", "individual_id")
    assert {"study", "sex"} <= {dropped["name"] for dropped in plan["dropped"]}


def test_an_unusable_target_ends_with_bad_data(automl, tmp_path):
    said = automl(
        "train", penguins_path(), "--target", "region", "--out", tmp_path / "out", "--plan-only"
    )

    assert said.code == 65
    assert "region" in said.err


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_bundle_scores_a_table_in_its_order(automl, bundle, tmp_path, packed):
    used = zip_bundle(bundle, tmp_path / "bundle.zip") if packed else bundle
    rows = tmp_path / "in.csv"
    rows.write_text("name,size\nb,3\na,1.5\n")

    said = automl("predict", used, rows, "--out", tmp_path / "o" / "out.csv", "--json")

    assert said.document["n_rows"] == 2
    with (tmp_path / "o" / "out.csv").open(newline="") as stream:
        scored = list(csv.DictReader(stream))
    assert [row["name"] for row in scored] == ["b", "a"]
    assert [float(row["prediction"]) for row in scored] == [6.0, 3.0]
    assert [float(row["upper"]) for row in scored] == [7.0, 4.0]


def test_a_parquet_file_is_scored_as_well(automl, bundle, tmp_path):
    rows = tmp_path / "in.parquet"
    duckdb.sql(f"COPY (SELECT * FROM (VALUES (3.0), (2.0), (1.5)) AS t(size)) TO '{rows}'")

    said = automl("predict", bundle, rows, "--out", tmp_path / "out.csv")

    assert said.out == f"Predicted 'price' for 3 rows; written to {tmp_path / 'out.csv'}.\n"
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 4


def test_a_table_without_the_model_s_columns_is_bad_data(automl, bundle, tmp_path):
    rows = tmp_path / "in.csv"
    rows.write_text("name\nb\n")

    said = automl("predict", bundle, rows, "--out", tmp_path / "out.csv")

    assert said.code == 65
    assert "size" in said.err
    assert not (tmp_path / "out.csv").exists()


def test_a_damaged_bundle_is_bad_data(automl, bundle, tmp_path):
    damaged = tmp_path / "bundle"
    damaged.mkdir()
    for file in bundle.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "model.onnx").write_bytes(b"x")
    rows = tmp_path / "in.csv"
    rows.write_text("size\n1\n")

    said = automl("predict", damaged, rows, "--out", tmp_path / "out.csv")

    assert said.code == 65
    assert said.err.count("\n") == 1


def test_the_input_is_never_overwritten(automl, bundle, tmp_path):
    rows = tmp_path / "in.csv"
    rows.write_text("size\n1\n")

    said = automl("predict", bundle, rows, "--out", rows)

    assert said.code == 2
    assert rows.read_text() == "size\n1\n"
