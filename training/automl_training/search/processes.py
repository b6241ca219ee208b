"""Starting and killing the child with everything that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from automl_training.search.records import STDERR

#: Characters of the child's last words that are kept.
_TAIL = 4000


class Child:
    """One child process in a session of its own; killed, as a group, when the block ends."""

    def __init__(self, command: Sequence[str], folder: Path, *, n_threads: int) -> None:
        self._stderr = folder / STDERR
        limits = {
            # Libraries that read these ignore every other limit.
            "OMP_NUM_THREADS": str(n_threads),
            "OPENBLAS_NUM_THREADS": str(n_threads),
            "MKL_NUM_THREADS": str(n_threads),
            # Threads that spin while they wait starve whoever shares the cores.
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        with self._stderr.open("wb") as stderr:
            # The command is ours: this very interpreter and a module of this package.
            self._process = subprocess.Popen(  # noqa: S603
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=os.environ | limits,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def wait(self, seconds: float) -> bool:
        """Wait for its end at most so long; tell whether it has ended."""
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it and all that it started, at once; harmless if it has ended."""
        if self._process.poll() is not None:
            return
        # Its session is its own, so the group holds nothing but it and its children.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        return self._stderr.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip()
