"""The API's process stays small whatever is uploaded to it: the benchmark, on a small table."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "confirm_memory.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/clear_refs").exists(),
        reason="left out: only Linux tells the largest memory of a step",
    ),
]


@pytest.mark.parametrize("inline", ["", "1000"], ids=["read for a request", "read by the runner"])
def test_a_table_is_read_profiled_and_shown_outside_the_apis_process(inline):
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--megabytes", "2"],
        env=os.environ | {"AUTOML_INLINE_READ_BYTES": inline},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    # To import the database alone would take 40 MiB.
    assert float(re.search(r"growth ([\d.]+) MiB", done.stdout)[1]) < 30
