"""Whole tables in processes of their own, whose memory is given back when they end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from automl_core.errors import AutoMLError, PlatformError
from automl_core.tabular.work import ReadOrder, WorkHere

#: A profile of a gigabyte takes about a minute on two cores.
TIMEOUT_S = 600.0
#: What a process could not do, for whoever started it.
FAILURE = "failure.json"
EXIT_FAILURE = 1
#: Uploads that requests have read at the same time: each may take half a gigabyte.
READERS = 2
#: Profiles at the same time: one may take a gigabyte.
PROFILERS = 1


class WorkInChild:
    """Does table work in child processes; a few at a time, the others wait for their turn.

    Parameters
    ----------
    environment : mapping
        What every process is given.
    timeout_s : float
        Seconds that one may take.
    """

    def __init__(self, environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S) -> None:
        self._environment = dict(environment)
        self._timeout_s = timeout_s
        self._readers = threading.BoundedSemaphore(READERS)
        self._profilers = threading.BoundedSemaphore(PROFILERS)
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._is_closing = False

    def read(self, upload: Path, folder: Path, order: ReadOrder) -> None:
        """Read an upload in a child process."""
        with self._readers:
            self._run(folder, "read", str(upload), order.model_dump_json())

    def convert(self, upload: Path, folder: Path) -> None:
        """Write an upload typed, in a child process."""
        with self._readers:
            self._run(folder, "convert", str(upload))

    def profile(self, folder: Path) -> None:
        """Profile a table in a child process."""
        with self._profilers:
            self._run(folder, "profile")

    def stop(self) -> None:
        """End what is being done, and do no more: the platform is being stopped."""
        with self._lock:
            self._is_closing = True
            for child in self._children:
                child.kill()

    def _run(self, folder: Path, what: str, *arguments: str) -> None:
        command = [sys.executable, "-m", __name__, what, str(folder), *arguments]
        with self._child(command) as child:
            try:
                returncode = child.wait(self._timeout_s)
            except subprocess.TimeoutExpired as error:
                raise PlatformError(
                    f"This table took longer than {self._timeout_s:.0f} seconds on this machine."
                    " Close other programs and try again, or use a smaller table."
                ) from error
        if returncode == 0:
            return
        told = folder / FAILURE
        if returncode == EXIT_FAILURE and told.exists():
            raise _error_of(json.loads(told.read_bytes()))
        raise PlatformError(
            f"The process for this table ended with {returncode}; this machine may be short of"
            " memory. Close other programs, or use fewer columns, and try again."
        )

    @contextmanager
    def _child(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process; whatever happens, it has ended afterwards."""
        with self._lock:
            if self._is_closing:
                raise PlatformError("The platform is being stopped; ask again afterwards.")
            try:
                child = subprocess.Popen(  # noqa: S603 - our own module
                    command, env=self._environment, stdin=subprocess.DEVNULL
                )
            except OSError as error:
                raise PlatformError(
                    f"No process for this table could be started ({error.strerror}); try again."
                ) from error
            self._children.add(child)
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            with self._lock:
                self._children.remove(child)


def _error_of(told: Mapping[str, str | None]) -> AutoMLError:
    """Raise again here what a child process said."""
    kind = next((each for each in _kinds(AutoMLError) if each.code == told["code"]), PlatformError)
    return kind(str(told["detail"]), pointer=told["pointer"])


def _kinds(base: type[AutoMLError]) -> Iterator[type[AutoMLError]]:
    yield base
    for each in base.__subclasses__():
        yield from _kinds(each)


def main(arguments: Sequence[str]) -> int:
    """Child: what to do, the folder, and for a reading upload and order."""
    what, place, *rest = arguments
    folder = Path(place)
    work = WorkHere()
    try:
        if what == "read":
            work.read(Path(rest[0]), folder, ReadOrder.model_validate_json(rest[1]))
        elif what == "convert":
            work.convert(Path(rest[0]), folder)
        else:
            work.profile(folder)
    except AutoMLError as error:
        told = {"code": error.code, "detail": error.detail, "pointer": error.pointer}
        (folder / FAILURE).write_text(json.dumps(told), encoding="utf-8")
        return EXIT_FAILURE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
