"""A predictor reports nothing about its use to anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = "import os, automl_core.bundle.runtime; print(os.environ['ORT_DISABLE_TELEMETRY'])"


def load_predictor(home: Path, **variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(home))
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env=environment | folders | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_loading_the_predictor_leaves_no_trace_of_the_runtime_s_reporting(tmp_path):
    assert load_predictor(tmp_path) == "1"
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("choice", ["0", "1"])
def test_whoever_set_the_switch_decides(tmp_path, choice: str):
    assert load_predictor(tmp_path, ORT_DISABLE_TELEMETRY=choice) == choice
