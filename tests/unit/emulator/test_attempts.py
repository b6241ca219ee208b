"""An attempt is a process that ends for sure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from batch_standin.attempts import Attempt
from batch_standin.retry import Outcome


def test_an_attempt_that_exceeds_its_time_is_stopped_for_that(tmp_path: Path) -> None:
    attempt = Attempt(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        os.environ,
        tmp_path / "attempt",
        tmp_path / "log",
    )

    attempt.limit(0.2)

    assert attempt.wait() == Outcome(
        "Job attempt duration exceeded timeout", exit_code=143, timed_out=True
    )


def test_nothing_of_an_attempts_folder_is_left(tmp_path: Path) -> None:
    program = "open('scratch', 'w').close(); import tempfile; tempfile.mkdtemp()"
    attempt = Attempt(
        [sys.executable, "-c", program], os.environ, tmp_path / "attempt", tmp_path / "log"
    )

    assert attempt.wait() is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["log"]
