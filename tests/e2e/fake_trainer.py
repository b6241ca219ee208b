"""A trainer that trains nothing: a real process that behaves as its target column says.

``quick`` completes its job, ``slow`` works until it is told to stop, ``stubborn`` does not
listen, ``crash`` ends with an error, ``family`` has a child of its own, ``mute`` never
sends a heartbeat, ``said`` completes its job and then does not end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from automl_core.lifecycle import change_job, move
from automl_core.records import JobProgress
from automl_core.settings import load_settings
from automl_core.wiring import Stores, open_stores

BEAT_S = 0.1


def main() -> None:
    manner = os.environ["TARGET_COLUMN"]
    job_id, attempt = os.environ["JOB_ID"], int(os.environ["AUTOML_ATTEMPT"])
    is_deaf = manner == "stubborn"
    signal.signal(signal.SIGTERM, signal.SIG_IGN if is_deaf else lambda *_: sys.exit(75))
    stores = open_stores(load_settings())
    print(f"trainer {os.getpid()} of {job_id} attempt {attempt}", flush=True)
    if manner == "crash":
        sys.exit(3)
    if manner in ("quick", "said"):
        complete(stores, job_id, attempt)
    if manner == "quick":
        return
    if manner == "family":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(f"child {child.pid}", flush=True)
    while True:
        if manner != "mute":
            stores.metadata.put_progress(
                JobProgress(job_id=job_id, attempt=attempt, heartbeat_at=datetime.now(UTC))
            )
        time.sleep(BEAT_S)


def complete(stores: Stores, job_id: str, attempt: int) -> None:
    change_job(
        stores.metadata,
        job_id,
        lambda job: move(job, "completed", at=datetime.now(UTC), stage="done"),
        attempt=attempt,
    )


if __name__ == "__main__":
    main()
