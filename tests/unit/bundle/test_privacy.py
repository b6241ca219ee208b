"""A predictor reports nothing about its use to anybody."""

from __future__ import annotations

import os
import subprocess
import sys


def test_loading_the_predictor_leaves_no_trace_of_the_runtime_s_reporting(tmp_path):
    # Where it reports, it keeps a session file and an identifier in these folders.
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(tmp_path))
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}

    subprocess.run(
        [sys.executable, "-c", "import automl_core.bundle.runtime"],
        env=environment | folders,
        check=True,
    )

    assert list(tmp_path.rglob("*")) == []
