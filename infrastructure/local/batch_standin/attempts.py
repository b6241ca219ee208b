"""One attempt of a job: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from batch_standin.retry import Outcome

#: What ECS says of every task whose container came to its end by itself.
CONTAINER_EXITED = "Essential container in task exited"
SPOT_INTERRUPTED = "Your Spot Task was interrupted."
TIMED_OUT = "Job attempt duration exceeded timeout"

#: From SIGTERM to SIGKILL (``stopTimeout`` of a container on Fargate).
GRACE_S = 30.0

StopCause = Literal["terminated", "interrupted", "timeout"]


class Attempt:
    """A running command and the ways to stop it.

    Parameters
    ----------
    command : sequence of str
        What the container would run.
    environment : mapping
        All of the process's environment.
    folder : Path
        Made for the attempt, its working folder, home and place for temporary files;
        removed with everything in it when the attempt is over.
    log : Path
        Takes both outputs.
    grace_s : float
        Seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        *,
        grace_s: float = GRACE_S,
    ) -> None:
        self._grace_s = grace_s
        self._folder = folder
        self._lock = threading.Lock()
        self._cause: StopCause | None = None
        self._stop_reason = ""
        self._timers: list[threading.Timer] = []
        folder.mkdir(parents=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                list(command),
                cwd=folder,
                env={**environment, "HOME": str(folder), "TMPDIR": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process that stands for the container's first."""
        return self._process.pid

    def stop(self, cause: StopCause, reason: str) -> None:
        """Send SIGTERM now and SIGKILL after the grace; the first cause stays the cause."""
        with self._lock:
            if self._cause is not None:
                return
            self._cause, self._stop_reason = cause, reason
        self._signal(signal.SIGTERM)
        self._later(self._grace_s, lambda: self._signal(signal.SIGKILL))

    def limit(self, seconds: float) -> None:
        """Stop the attempt when it has run for so long."""
        self._later(seconds, lambda: self.stop("timeout", TIMED_OUT))

    def wait(self) -> Outcome | None:
        """Wait for the end and clear up; None if the command succeeded.

        With its first process a container ends whatever that one left running.
        """
        # Left unreaped, so that the group's number still belongs to this attempt.
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self._signal(signal.SIGKILL)
        code = self._process.wait()
        for timer in self._timers:
            timer.cancel()
        shutil.rmtree(self._folder, ignore_errors=True)
        exit_code = code if code >= 0 else 128 - code
        with self._lock:
            cause = self._cause
        if cause == "interrupted":
            return Outcome(status_reason=self._stop_reason)
        if cause is not None:
            return Outcome(
                status_reason=self._stop_reason,
                exit_code=exit_code,
                timed_out=cause == "timeout",
                terminated=cause == "terminated",
            )
        if exit_code == 0:
            return None
        return Outcome(status_reason=CONTAINER_EXITED, exit_code=exit_code)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _signal(self, number: signal.Signals) -> None:
        """SIGTERM goes to the first process, as in a container; SIGKILL ends all of them."""
        try:
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass
