"""What the benchmark of interruptions takes for complete, and for no worse."""

from __future__ import annotations

import hashlib
import json
import random
import runpy
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "interruptions.py"


@pytest.fixture(scope="module")
def interruptions():
    return runpy.run_path(str(BENCHMARK), run_name="benchmarks.interruptions")


def job_of(folder, data=b"model"):
    (folder / "model.onnx").write_bytes(data)
    artifact = {"name": "model.onnx", "sha256": hashlib.sha256(b"model").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": [artifact]}))
    return folder


def test_a_job_whose_artifacts_are_those_of_its_manifest_is_complete(interruptions, tmp_path):
    assert interruptions["incomplete"](job_of(tmp_path)) == []


def test_a_job_is_incomplete_without_its_manifest_or_with_another_artifact(interruptions, tmp_path):
    assert interruptions["incomplete"](tmp_path) == ["no manifest.json"]
    assert interruptions["incomplete"](job_of(tmp_path, b"half")) == [
        "model.onnx is not what the manifest says"
    ]


def test_every_part_of_a_training_is_hit_once(interruptions):
    moments = interruptions["draw_moments"](10, 100.0, random.Random(7))

    assert [int(moment // 10) for moment in moments] == list(range(10))


@pytest.mark.parametrize(
    ("metric", "score", "is_fine"),
    [
        pytest.param("roc_auc", 0.95, True, id="better than the interval"),
        pytest.param("roc_auc", 0.79, False, id="below an area's interval"),
        pytest.param("rmse", 0.79, True, id="less error than the interval"),
        pytest.param("rmse", 0.95, False, id="more error than the interval"),
    ],
)
def test_a_score_is_worse_only_past_the_bad_end(interruptions, metric, score, is_fine):
    assert interruptions["is_no_worse"](metric, score, (0.8, 0.9)) is is_fine
