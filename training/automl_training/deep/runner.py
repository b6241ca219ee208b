"""The profiler's process: started with limits, watched, and killed when its time is over."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automl_core.tabular.plan import DEEP_REPORT_S
from automl_training.deep.child import MISSING

REPORT: Final = "report.html"
MADE: Final = "made.json"
CHILD: Final = Path(__file__).with_name("child.py")

#: Where ``make deep`` puts the profiler's environment, beside that of the platform.
ENVIRONMENT: Final = ".venv-deep"

_STDERR: Final = "stderr"
_TAIL_BYTES: Final = 8000
_POLL_S: Final = 0.25
_NO_MEMORY: Final = re.compile(
    r"cannot allocate memory|failed to map segment|unable to allocate|memory allocation",
    re.IGNORECASE,
)
_ERROR: Final = re.compile(r"^(?:\w+\.)*(\w+)(?::|$)")


@dataclass(frozen=True)
class DeepLimits:
    """How much a deep report may take; its cost goes with the columns, not with the rows."""

    max_columns: int = 40
    max_rows: int = 50_000
    seconds: float = DEEP_REPORT_S
    memory_bytes: int = 2 * 1024**3
    """Of address space, which is more than what is resident."""
    report_bytes: int = 32 * 1024**2


class DeepReportMissing(Exception):  # noqa: N818 - becomes a note, never an error of a job
    """There is no deep report; says why, and what to do about it."""


def find_deep_python(setting: Path | None) -> Path | None:
    """Find the interpreter that has the profiler.

    Parameters
    ----------
    setting : Path or None
        ``AUTOML_DEEP_REPORT_PYTHON``; taken as it is.

    Returns
    -------
    Path or None
        Else the one of the folder :data:`ENVIRONMENT` beside the running environment - never
        of the working folder, where somebody else may have put one.
    """
    if setting is not None:
        return setting
    beside = Path(sys.prefix).parent / ENVIRONMENT / "bin" / "python"
    return beside if beside.is_file() else None


def run_profiler(
    python: Path,
    folder: Path,
    limits: DeepLimits,
    *,
    on_wait: Callable[[], None],
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Run the profiler on the sample of a folder; afterwards the report lies there.

    Parameters
    ----------
    python : Path
        Interpreter that has the profiler.
    folder : Path
        Also the only place that the process is told to write to.
    limits : DeepLimits
    on_wait : callable
        Called several times a second; what it raises ends the process, too.
    monotonic : callable
        Seconds.

    Raises
    ------
    DeepReportMissing
        If there is no report, for whatever reason.
    """
    deadline = monotonic() + limits.seconds
    with (folder / _STDERR).open("wb") as stderr:
        try:
            # The program is ours, the interpreter one that the operator named.
            process = subprocess.Popen(  # noqa: S603
                # Isolated: neither variables nor the working folder add modules.
                [str(python), "-I", str(CHILD), str(folder)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=_environment(folder),
                start_new_session=True,
            )
        except OSError as error:
            raise DeepReportMissing(
                f"The Python of the deep report could not be started ({error.strerror}). Name "
                "one that has the packages of requirements/deep.txt in "
                "AUTOML_DEEP_REPORT_PYTHON, or run make deep."
            ) from error
    try:
        while process.poll() is None:
            if monotonic() > deadline:
                raise DeepReportMissing(
                    f"The profiler was stopped after {limits.seconds:g} seconds, which is all "
                    "that it gets. Leave out columns that matter little (exclude_columns)."
                )
            on_wait()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_POLL_S)
    finally:
        # Its session is its own, so the group holds nothing but it and its children, which
        # may outlive it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode != 0 or not (folder / MADE).is_file():
        raise DeepReportMissing(_explain(process.returncode, last_words(folder), limits))


def last_words(folder: Path) -> str:
    """The end of what the process wrote to stderr."""
    path = folder / _STDERR
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace").strip()


def _environment(folder: Path) -> dict[str, str]:
    """All that the process is told: no secret of the platform's, no proxy, one thread."""
    home = str(folder)
    return {
        "PATH": os.defpath,
        "HOME": home,
        "TMPDIR": home,
        "MPLCONFIGDIR": home,
        "MPLBACKEND": "agg",
        "LANG": "C.UTF-8",
        # Read by the profiler: any text here turns its call to its makers off.
        "YDATA_PROFILING_NO_ANALYTICS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
        # Each arena reserves address space, which is what the limit counts.
        "MALLOC_ARENA_MAX": "2",
    }


def _explain(exit_code: int, words: str, limits: DeepLimits) -> str:
    """Say in plain words why a process ended without a report."""
    gibibytes = f"{limits.memory_bytes / 1024**3:.3g}"
    too_large = (
        f"The profiler needed more than the {gibibytes} GB of memory that it gets. Leave out "
        "columns that matter little, long texts first (exclude_columns)."
    )
    last_line = words.splitlines()[-1] if words else ""
    found = _ERROR.match(last_line)
    error = found[1] if found else ""
    if exit_code == MISSING:
        return (
            "The Python that was to make it has not all packages of requirements/deep.txt. Run "
            "make deep, or name one that has them in AUTOML_DEEP_REPORT_PYTHON."
        )
    # Libraries that cannot be loaded for want of memory say so in their own ways.
    if error.endswith("MemoryError") or _NO_MEMORY.search(last_line):
        return too_large
    if error == "OSError" and "File too large" in last_line:
        return (
            "The profiler's page grew too large to be shown. Leave out columns that matter "
            "little (exclude_columns)."
        )
    if exit_code < 0:
        return (
            f"The system ended the profiler ({signal.Signals(-exit_code).name}), as it does when "
            "memory runs out. Leave out columns that matter little, long texts first "
            "(exclude_columns)."
        )
    return (
        f"The profiler stopped with an error of its own ({error or f'exit code {exit_code}'}); "
        "the job's log has its words."
    )
