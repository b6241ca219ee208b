"""Run a command in a process group of its own: its seconds, its memory, its end."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SAMPLE_SECONDS = 0.2

#: How much of a failed command's output is kept with the failure.
FAILURE_CHARACTERS = 300

#: The last line of a traceback, and what our own command says.
_ERROR = re.compile(r"(?:[\w.]*(?:Error|Exception|Interrupt|Exit)\b|automl:)")


@dataclass(frozen=True)
class Outcome:
    """How a command went.

    Attributes
    ----------
    seconds : float
        Wall time of the whole process.
    peak_mib : float
        Largest sum of resident memory over the process and its descendants, looked at every
        0.2 s. Pages that processes share are counted in each.
    cpu_s : float
        Processor seconds of the process and of the children that it waited for: they stay the
        same where something else takes the processors, wall time does not.
    failure : str or None
        None if it ended with 0; else why not, in its own last words.
    """

    seconds: float
    peak_mib: float
    cpu_s: float
    failure: str | None


def memory_of_tree(pid: int) -> int:
    """Bytes of resident memory of a process and all its descendants."""
    total = 0
    pending = [pid]
    while pending:
        current = pending.pop()
        try:
            total += int(Path(f"/proc/{current}/statm").read_text().split()[1]) * PAGE_BYTES
            for task in Path(f"/proc/{current}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    threads: int,
    extra: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a group of its own; both of its streams go to ``log``."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        **(extra or {}),
    }
    with log.open("wb") as stream:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
            start_new_session=True,
        )


def end_group(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to everything that :func:`start` started, and wait for the first process."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    process.wait()


def last_words(text: str) -> str:
    """The last line that tells of an error, else the last line; cut to a length for a table.

    >>> last_words("Traceback …\\nValueError: no rows\\n  warnings.warn(\\n")
    'ValueError: no rows'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    told = [line for line in lines if _ERROR.match(line)]
    return (told or lines)[-1][:FAILURE_CHARACTERS]


def measure(
    command: Sequence[str | Path],
    log: Path,
    *,
    threads: int,
    limit_s: float,
    extra: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a command to its end, or to ``limit_s``, and measure it.

    Parameters
    ----------
    command : sequence of str or Path
    log : Path
        Gets what it prints.
    threads : int
        For the libraries that read it from the environment.
    limit_s : float
        Seconds after which the whole group is killed; the outcome is a failure then.
    extra : mapping or None
        Further variables of its environment.
    """
    peak = 0
    cpu_before = _cpu_of_children()
    began = time.monotonic()
    process = start(command, log, threads=threads, extra=extra)
    is_late = False
    try:
        while process.poll() is None:
            peak = max(peak, memory_of_tree(process.pid))
            if time.monotonic() - began > limit_s:
                is_late = True
                break
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - began
    finally:
        # Workers that outlive their parent would steal time from the next system.
        end_group(process)
    failure = None
    if is_late:
        failure = f"no answer after {limit_s:.0f} s"
    elif process.returncode != 0:
        failure = f"exit {process.returncode}: {last_words(log.read_text('utf-8', 'replace'))}"
    return Outcome(seconds, peak / 2**20, _cpu_of_children() - cpu_before, failure)
