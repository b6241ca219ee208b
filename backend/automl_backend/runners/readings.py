"""Large uploads, read in processes of this machine: one at a time, each with a folder of its own.

A reading that ends without a word, with the platform or by itself, leaves its data set
awaiting another confirmation: nothing but time is lost, and asking again begins anew.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from automl_backend.runners.processes import describe_exit, kill_group
from automl_core.errors import AutoMLError, NotFoundError, PlatformError, WorkerLostError
from automl_core.ports import MetadataStore
from automl_core.records import Dataset, ReadOptions
from automl_core.tabular.confirm import release

logger = logging.getLogger("automl.runner")

#: A gigabyte is read and profiled in a few minutes; half an hour means that it hangs.
READ_LIMIT_S = 1800.0
#: Readings wait for each other; those of an hour ago are over, whatever became of them.
READING_LIMIT_S = 2 * READ_LIMIT_S
#: A reader that was told to stop has this long to tidy up.
KILL_AFTER_S = 3.0

_FOLDER = re.compile(r"read-(.+)-(\d+)")
#: What a reader says itself on the data set: it is ready, or refused.
_SAID = frozenset({0, 65})


def is_reading_folder(name: str) -> bool:
    """Tell whether a folder of the scratch space belongs to a reading."""
    return _FOLDER.fullmatch(name) is not None


class ReadingProcesses:
    """Readers of large uploads.

    Parameters
    ----------
    metadata : MetadataStore
        Data sets.
    command : sequence of str
        Program and arguments of a reader.
    environment : mapping
        What every reader is given; what it is to read comes on top.
    logs, scratch : Path
        Folders for what readers print, and for what they keep while they run.
    now : callable
        Clock of the records.
    limit_s : float
        Seconds that one reading may take.
    """

    def __init__(
        self,
        *,
        metadata: MetadataStore,
        command: Sequence[str],
        environment: Mapping[str, str],
        logs: Path,
        scratch: Path,
        now: Callable[[], datetime],
        limit_s: float = READ_LIMIT_S,
    ) -> None:
        self._metadata = metadata
        self._command = list(command)
        self._environment = dict(environment)
        self._logs = logs
        self._scratch = scratch
        self._now = now
        self._limit_s = limit_s
        self._lock = threading.Lock()
        #: One reading at a time: profiling holds a whole table in memory.
        self._turn = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        self._closing = threading.Event()

    def start(self) -> None:
        """Give back what an earlier platform was reading when it ended."""
        for folder in list(self._scratch.iterdir()):
            found = _FOLDER.fullmatch(folder.name)
            if found is not None:
                self._give_back(
                    found.group(1), int(found.group(2)), "ended together with the platform"
                )
                shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """End every reading; their data sets can be confirmed again."""
        self._closing.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def read(self, dataset: Dataset, options: ReadOptions) -> None:
        """Read a data set as soon as it is its turn.

        Raises
        ------
        PlatformError
            If the platform is being stopped, or cannot write its folder.
        """
        name = _name_of(dataset)
        with self._lock:
            if self._closing.is_set():
                raise PlatformError("The platform is being stopped; confirm again afterwards.")
            try:
                # Made first: it is what the next platform finds of a reading that was cut off.
                (self._scratch / name).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PlatformError(
                    f"The platform's folder cannot be written ({error.strerror})."
                ) from error
            thread = threading.Thread(
                target=self._run, args=(dataset, options), name=name, daemon=True
            )
            self._threads[name] = thread
            thread.start()

    def is_reading(self, dataset: Dataset) -> bool:
        """Tell whether the data set, at this version, is being read or waits for its turn."""
        with self._lock:
            return _name_of(dataset) in self._threads

    def _run(self, dataset: Dataset, options: ReadOptions) -> None:
        name = _name_of(dataset)
        try:
            with self._turn:
                ending = self._ending(dataset, options, name)
            if ending is not None:
                self._give_back(dataset.dataset_id, dataset.version, ending)
        except AutoMLError:
            # The store is away. The folder stays for the next platform to give it back; till
            # then the data set's own limit of time does.
            logger.exception("reading not settled", extra={"dataset_id": dataset.dataset_id})
        else:
            shutil.rmtree(self._scratch / name, ignore_errors=True)
        finally:
            with self._lock:
                del self._threads[name]

    def _ending(self, dataset: Dataset, options: ReadOptions, name: str) -> str | None:
        """Run the reader; say how it ended unless it has said so itself."""
        if self._closing.is_set():
            return "ended together with the platform"
        variables = {
            "TMPDIR": str(self._scratch / name),
            "DATASET_ID": dataset.dataset_id,
            "AUTOML_READ_OPTIONS": options.model_dump_json(exclude_none=True),
        }
        try:
            with (self._logs / f"{name}.log").open("ab") as log:
                child = subprocess.Popen(  # noqa: S603 - the command is the platform's own
                    self._command,
                    env=self._environment | variables,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError:
            logger.exception("reader not started", extra={"dataset_id": dataset.dataset_id})
            return "could not be started"
        returncode = self._wait(child)
        logger.info(
            "reader ended",
            extra={"dataset_id": dataset.dataset_id, "ending": describe_exit(returncode)},
        )
        if returncode in _SAID:
            return None
        if self._closing.is_set():
            return "ended together with the platform"
        return describe_exit(returncode)

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for a reader to end, or end it."""
        waited_s, step_s = 0.0, 0.1
        while waited_s < self._limit_s and not self._closing.wait(0):
            try:
                return child.wait(timeout=step_s)
            except subprocess.TimeoutExpired:
                waited_s += step_s
        child.terminate()
        try:
            child.wait(timeout=KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            kill_group(child.pid)
        return child.wait()

    def _give_back(self, dataset_id: str, version: int, ending: str) -> None:
        """Have a data set await its confirmation again, if it is still being read so."""
        try:
            dataset = self._metadata.get_dataset(dataset_id)
        except NotFoundError:
            return
        if (dataset.status, dataset.version) == ("profiling", version):
            lost = WorkerLostError(f"The reader {ending}. Confirm the data set again.")
            release(self._metadata, dataset, lost, at=self._now())


def _name_of(dataset: Dataset) -> str:
    return f"read-{dataset.dataset_id}-{dataset.version}"
