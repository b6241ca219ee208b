"""A child that dies with its parent: nothing may go on computing for a job that is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

#: ``PR_SET_PDEATHSIG`` of Linux (prctl(2)).
_SET_PARENT_DEATH_SIGNAL = 1

#: Seconds between two looks at the parent where the kernel does not tell.
_LOOK_S = 1.0


def die_with(parent_pid: int) -> None:
    """Have this process killed as soon as its parent has ended.

    On Linux the kernel does it. Elsewhere, and where the parent ended before the kernel was
    asked, a thread notices that the process was handed to another parent.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)

    def look() -> None:
        while os.getppid() == parent_pid:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=look, name="parent-watch", daemon=True).start()
