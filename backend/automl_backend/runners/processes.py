"""Processes that outlive the one that started them: named, recognised, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Fields of ``/proc/<pid>/stat`` after the command's name, which may hold blanks
#: (proc(5)): the state is the first, the start time in clock ticks the twentieth.
_STATE, _START = 0, 19
_STAT = "/proc/{pid}/stat"


@dataclass(frozen=True)
class ProcessRef:
    """A process by machine, number and start, so that a reused number is not mistaken for it."""

    host: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.host}|{self.pid}|{self.started}"

    @classmethod
    def parse(cls, text: str | None) -> ProcessRef | None:
        """Read what ``str`` wrote; None for anything else.

        >>> ProcessRef.parse("box|12|345")
        ProcessRef(host='box', pid=12, started='345')
        >>> ProcessRef.parse("arn:aws:batch:1") is None
        True
        """
        host, _, rest = (text or "").partition("|")
        pid, _, started = rest.partition("|")
        if not host or not pid.isdigit() or not started:
            return None
        return cls(host, int(pid), started)

    @classmethod
    def of(cls, pid: int) -> ProcessRef | None:
        """Name a process of this machine; None if it is gone."""
        started = _start_of(pid)
        return None if started is None else cls(this_host(), pid, started)

    @property
    def is_here(self) -> bool:
        """True for a process of this machine; of others nothing can be told."""
        return self.host == this_host()

    def is_alive(self) -> bool:
        """Tell whether this very process still runs; a zombie does not."""
        return self.is_here and _start_of(self.pid) == self.started

    def terminate(self) -> None:
        """Ask the process to unwind."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


def this_host() -> str:
    """Name of this machine, without the separator of references."""
    return socket.gethostname().replace("|", "-") or "localhost"


def kill_group(pid: int) -> None:
    """Kill every process of the group that a session's leader began."""
    # The kernel hands the number out to no new process while the group has members, and
    # an unreaped leader keeps it too.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def has_exited(pid: int) -> bool:
    """Tell whether a child has ended, leaving its exit status to be read."""
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return True


def describe_exit(returncode: int | None) -> str:
    """Say in words how a process ended.

    >>> describe_exit(-9)
    'was killed by SIGKILL (signal 9)'
    >>> describe_exit(3)
    'ended with exit code 3'
    """
    if returncode is None:
        return "ended while nobody watched"
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = "a signal"
    return f"was killed by {name} (signal {-returncode})"


def _start_of(pid: int) -> str | None:
    """Start time of a running process, in whatever unit the system gives; None if gone."""
    if Path("/proc/self/stat").exists():
        try:
            text = Path(_STAT.format(pid=pid)).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = text.rpartition(")")[2].split()
        return None if fields[_STATE] in "ZX" else fields[_START]
    # Systems without /proc, such as macOS.
    answer = subprocess.run(  # noqa: S603 - a number is its only argument
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - wherever ps lies
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else " ".join(started.split())
