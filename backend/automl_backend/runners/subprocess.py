"""Trainers as processes of this machine, under one supervisor.

The queue is the metadata store's pending jobs, so nothing is lost with this process. A
job is claimed by one conditional write; its trainer runs in a session of its own and
outlives a platform that is killed: the next one recognises it by machine, number and
start time, and goes on watching it.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from automl_backend.runners.processes import ProcessRef, describe_exit, has_exited, kill_group
from automl_backend.runners.readings import ReadingProcesses, is_reading_folder
from automl_core.errors import (
    AutoMLError,
    JobTimeoutError,
    NotFoundError,
    PlatformError,
    WorkerLostError,
)
from automl_core.lifecycle import change_job, move
from automl_core.ports import MetadataStore
from automl_core.records import Dataset, ErrorNote, Job, ReadOptions

logger = logging.getLogger("automl.runner")

#: A trainer that was told to stop has this long before its whole group is killed.
KILL_AFTER_S = 5.0
#: At shutdown the trainer may also upload what is finished; still below the ten seconds
#: after which container engines kill.
STOP_WITHIN_S = 8.0
#: Seconds that a job may take beyond twice its budget: reading, reports, a busy machine.
SPARE_S = 300.0
#: Heartbeats that may be missed. Only a hung process is found this way (a dead one is
#: seen at once), so patience costs little, while a machine out of breath is spared.
MISSED_HEARTBEATS = 12
MIN_SILENCE_S = 60.0
#: A trainer that has written its job's end may clear up this long.
LINGER_S = 30.0
#: Exit code of a trainer that left its job for another attempt (EX_TEMPFAIL).
EXIT_TRY_AGAIN = 75


@dataclass(frozen=True)
class Timing:
    """Seconds that decide; tests shorten them."""

    poll_s: float = 0.5
    kill_after_s: float = KILL_AFTER_S
    stop_within_s: float = STOP_WITHIN_S
    spare_s: float = SPARE_S
    silence_s: float = MIN_SILENCE_S
    linger_s: float = LINGER_S

    @classmethod
    def of_heartbeat(cls, heartbeat_s: float) -> Timing:
        """The usual timing for a heartbeat of the settings."""
        return cls(silence_s=max(MIN_SILENCE_S, MISSED_HEARTBEATS * heartbeat_s))


@dataclass
class _Trainer:
    """A watched process: our own child, or one adopted from an earlier platform."""

    job_id: str
    attempt: int
    ref: ProcessRef
    began_at: datetime
    limit_s: float
    child: subprocess.Popen[bytes] | None
    stop_at: float | None = None
    """When its group will be killed; None: it was not told to stop."""
    failure: AutoMLError | None = None
    """Why the supervisor stopped it, if the job must fail for it."""

    def is_gone(self) -> bool:
        if self.child is not None:
            return has_exited(self.child.pid)
        return not self.ref.is_alive()

    def collect(self) -> int | None:
        """Kill what is left of the group, then read the exit status; None if not ours to read."""
        kill_group(self.ref.pid)
        return self.child.wait() if self.child is not None else None


class SubprocessRunner:
    """Runs pending jobs, oldest first, in at most ``slots`` processes at a time.

    Parameters
    ----------
    metadata : MetadataStore
        Queue and jobs.
    command : sequence of str
        Program and arguments of a trainer.
    environment : mapping
        What every trainer is given; the job's own variables come on top.
    logs : Path
        Folder for what trainers print, one file an attempt.
    scratch : Path
        Folder for what trainers keep while they run, one folder an attempt. Removed with
        the attempt: a trainer that was killed could not tidy up itself.
    slots : int
        Trainers at the same time.
    max_attempts : int
        After this many a job that lost its trainer with the platform fails.
    now : callable
        Clock of the records.
    monotonic : callable
        Seconds for intervals.
    timing : Timing
        Seconds that decide.
    read_command : sequence of str
        Program and arguments of a reader of large uploads.
    """

    def __init__(
        self,
        *,
        metadata: MetadataStore,
        command: Sequence[str],
        environment: Mapping[str, str],
        logs: Path,
        scratch: Path,
        slots: int,
        max_attempts: int,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        timing: Timing = Timing(),
        read_command: Sequence[str] = (sys.executable, "-m", "automl_training.confirm"),
    ) -> None:
        self._metadata = metadata
        self._command = list(command)
        self._environment = dict(environment)
        self._logs = logs
        self._scratch = scratch
        self._slots = slots
        self._max_attempts = max_attempts
        self._now = now
        self._monotonic = monotonic
        self._timing = timing
        self._trainers: dict[str, _Trainer] = {}
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_swept = False
        self._trouble: str | None = "The runner has not been started."
        self._readings = ReadingProcesses(
            metadata=metadata,
            command=read_command,
            environment=environment,
            logs=logs,
            scratch=scratch,
            now=now,
        )

    # -- The port -------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Look at the queue at once instead of at the next poll."""
        self._wake.set()

    def cancel(self, job: Job) -> None:
        """Look at the running jobs at once."""
        self._wake.set()

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None:
        """Read a data set in a process of its own, one at a time."""
        self._readings.read(dataset, options)

    def is_reading(self, dataset: Dataset) -> bool:
        """Tell whether this platform is reading the data set, or is going to."""
        return self._readings.is_reading(dataset)

    def ping(self) -> None:
        """Raise ``PlatformError`` if no job would be run."""
        if self._trouble is not None:
            raise PlatformError(self._trouble)
        if self._thread is None or not self._thread.is_alive():
            raise PlatformError("The runner's supervisor has ended; restart the platform.")

    # -- Life -----------------------------------------------------------------------

    def start(self) -> None:
        """Take over what an earlier platform left, then run the queue in the background."""
        for folder in (self._logs, self._scratch):
            folder.mkdir(parents=True, exist_ok=True)
        self._readings.start()
        self._trouble = None
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the trainers; their jobs go back to the queue for the next platform."""
        self._closing.set()
        self._wake.set()
        self._readings.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._trouble = "The runner has been stopped."

    def _supervise(self) -> None:
        while not self._closing.is_set():
            self._attend(self._step)
            self._wake.wait(self._timing.poll_s)
            self._wake.clear()
        deadline = self._monotonic() + self._timing.stop_within_s
        for trainer in self._trainers.values():
            trainer.ref.terminate()
            trainer.stop_at = min(trainer.stop_at or deadline, deadline)
        pause = threading.Event()
        while self._trainers:
            self._attend(self._watch)
            if self._monotonic() > deadline + self._timing.stop_within_s:
                # The store is away: the next platform finds these jobs and their dead trainers.
                return
            pause.wait(min(self._timing.poll_s, 0.05))

    def _attend(self, work: Callable[[], None]) -> None:
        """Do one round; trouble with the store or the machine is told, and tried again."""
        try:
            work()
        except (AutoMLError, OSError) as error:
            if self._trouble is None:
                logger.exception("the supervisor is in trouble")
            detail = error.detail if isinstance(error, AutoMLError) else "Starting trainers fails."
            self._trouble = f"{detail} Queued jobs wait."
        else:
            self._trouble = None

    def _step(self) -> None:
        self._watch()
        self._take_over()
        if not self._is_swept:
            self._sweep()
        self._fill()

    # -- Watching -------------------------------------------------------------------

    def _watch(self) -> None:
        for trainer in list(self._trainers.values()):
            if trainer.is_gone():
                self._settle(trainer)
                continue
            if trainer.stop_at is None:
                self._look_after(trainer)
            elif self._monotonic() >= trainer.stop_at:
                kill_group(trainer.ref.pid)

    def _look_after(self, trainer: _Trainer) -> None:
        """Stop a trainer that is not wanted any more, took too long, or is silent."""
        try:
            job = self._metadata.get_job(trainer.job_id)
        except NotFoundError:
            self._tell_to_stop(trainer)
            return
        age = self._now() - trainer.began_at
        if job.attempt != trainer.attempt or job.cancel_requested:
            self._tell_to_stop(trainer)
        elif job.status != "running":
            # Its word on the job is said; a process that then does not end holds up the queue.
            if (self._now() - job.updated_at).total_seconds() > self._timing.linger_s:
                self._tell_to_stop(trainer)
        elif age.total_seconds() > trainer.limit_s:
            trainer.failure = JobTimeoutError(
                f"The training took longer than {trainer.limit_s:.0f} seconds, twice its time"
                " budget and a reserve, and was stopped. Choose fewer columns or a smaller table,"
                " or a machine with more cores."
            )
            self._tell_to_stop(trainer)
        elif age > self._silence and self._is_silent(trainer):
            trainer.failure = WorkerLostError(
                f"The trainer gave no sign of life for {self._silence.total_seconds():.0f} seconds"
                " and was stopped. Try the job again; if it stays, the machine is short of memory."
            )
            self._tell_to_stop(trainer)

    @property
    def _silence(self) -> timedelta:
        return timedelta(seconds=self._timing.silence_s)

    def _is_silent(self, trainer: _Trainer) -> bool:
        progress = self._metadata.get_progress(trainer.job_id)
        if progress is None or progress.attempt != trainer.attempt:
            return True
        return self._now() - progress.heartbeat_at > self._silence

    def _tell_to_stop(self, trainer: _Trainer) -> None:
        trainer.ref.terminate()
        trainer.stop_at = self._monotonic() + self._timing.kill_after_s

    # -- Endings --------------------------------------------------------------------

    def _settle(self, trainer: _Trainer) -> None:
        """Write down how a trainer ended, unless it did so itself."""
        returncode = trainer.collect()
        ending = describe_exit(returncode)
        logger.info(
            "trainer ended",
            extra={"job_id": trainer.job_id, "attempt": trainer.attempt, "ending": ending},
        )

        def change(job: Job) -> Job | None:
            if job.status != "running":
                return None
            if job.cancel_requested:
                return move(job, "cancelled", at=self._now(), note="cancelled by its owner")
            if trainer.failure is not None:
                return self._failed(job, trainer.failure)
            if self._closing.is_set():
                return move(job, "pending", at=self._now(), note="the platform was stopped")
            if returncode in (None, EXIT_TRY_AGAIN):
                return self._tried_again(job, f"the trainer {ending}")
            return self._failed(
                job,
                WorkerLostError(
                    f"The trainer {ending} before it had finished.{_likely_cause(returncode)}"
                    " Try the job again: stages that are done are kept."
                ),
            )

        self._change(trainer.job_id, change, attempt=trainer.attempt)
        # Forgotten only now: if the store did not answer, the next round settles it.
        del self._trainers[trainer.job_id]
        self._tidy(f"{trainer.job_id}-{trainer.attempt}")

    def _tidy(self, attempt: str) -> None:
        shutil.rmtree(self._scratch / attempt, ignore_errors=True)

    def _tried_again(self, job: Job, reason: str) -> Job:
        if job.attempt < self._max_attempts:
            return move(job, "pending", at=self._now(), note=reason)
        return self._failed(
            job,
            WorkerLostError(
                f"Attempt {job.attempt} of {self._max_attempts} was the last by itself: {reason}."
                " Try the job again when the platform is well."
            ),
        )

    def _failed(self, job: Job, error: AutoMLError) -> Job:
        note = ErrorNote(code=error.code, title=error.title, detail=error.detail, stage=job.stage)
        return move(job, "failed", at=self._now(), error=note, note=error.title)

    def _change(
        self, job_id: str, change: Callable[[Job], Job | None], *, attempt: int | None = None
    ) -> Job | None:
        """Change a job; one that was deleted meanwhile needs no change."""
        try:
            return change_job(self._metadata, job_id, change, attempt=attempt)
        except NotFoundError:
            return None

    # -- Taking over ----------------------------------------------------------------

    def _take_over(self) -> None:
        """Adopt running jobs of an earlier platform, or put them back into the queue."""
        for job in self._metadata.jobs_with_status(["running"]):
            if job.job_id in self._trainers:
                continue
            ref = ProcessRef.parse(job.runner_ref)
            if ref is not None and ref.is_alive():
                self._trainers[job.job_id] = self._trainer(job, ref, child=None)
                logger.info("trainer adopted", extra={"job_id": job.job_id, "pid": ref.pid})
                continue
            # A job without any reference was claimed by a platform that died before its
            # trainer began. One that is no process of this machine, such as a container that
            # somebody started by hand, only its silence tells to be gone.
            is_gone = job.runner_ref is None or (ref is not None and ref.is_here)
            if is_gone or self._heard_nothing(job):
                self._change(job.job_id, self._orphaned, attempt=job.attempt)

    def _sweep(self) -> None:
        """Remove what trainers left that died with an earlier platform."""
        kept = {f"{trainer.job_id}-{trainer.attempt}" for trainer in self._trainers.values()}
        for folder in list(self._scratch.iterdir()):
            if folder.name not in kept and not is_reading_folder(folder.name):
                self._tidy(folder.name)
        self._is_swept = True

    def _heard_nothing(self, job: Job) -> bool:
        """Of another machine's trainer only the heartbeat can tell."""
        progress = self._metadata.get_progress(job.job_id)
        heard_at = job.updated_at
        if progress is not None and progress.attempt == job.attempt:
            heard_at = max(heard_at, progress.heartbeat_at)
        return self._now() - heard_at > self._silence

    def _orphaned(self, job: Job) -> Job | None:
        if job.status != "running":
            return None
        if job.cancel_requested:
            return move(job, "cancelled", at=self._now(), note="cancelled by its owner")
        return self._tried_again(job, "the trainer ended together with the platform")

    def _trainer(
        self, job: Job, ref: ProcessRef, child: subprocess.Popen[bytes] | None
    ) -> _Trainer:
        began_at = next(
            (entry.at for entry in reversed(job.timeline) if entry.note == _CLAIMED),
            job.updated_at,
        )
        return _Trainer(
            job_id=job.job_id,
            attempt=job.attempt,
            ref=ref,
            began_at=began_at,
            limit_s=2 * job.time_budget_s + self._timing.spare_s,
            child=child,
        )

    # -- Starting -------------------------------------------------------------------

    def _fill(self) -> None:
        """Start pending jobs, oldest first, while there is room."""
        free = self._slots - len(self._trainers)
        if free <= 0:
            return
        for waiting in self._metadata.jobs_with_status(["pending"], limit=free):
            job = self._change(waiting.job_id, self._claimed)
            if job is not None:
                self._spawn(job)

    def _claimed(self, job: Job) -> Job | None:
        if job.status != "pending":
            return None
        return move(job, "running", at=self._now(), note=_CLAIMED)

    def _spawn(self, job: Job) -> None:
        try:
            child = self._popen(job)
        except OSError:
            # Told at once, so that the reason is not taken for a lost trainer's.
            self._change(
                job.job_id,
                lambda present: self._tried_again(present, "the trainer could not be started"),
                attempt=job.attempt,
            )
            raise
        ref = ProcessRef.of(child.pid)
        if ref is None:
            # It has ended already; a number of no process is never alive, so it is settled.
            ref = ProcessRef("", child.pid, "0")
        self._trainers[job.job_id] = self._trainer(job, ref, child)
        self._change(
            job.job_id,
            lambda present: present.model_copy(update={"runner_ref": str(ref)}),
            attempt=job.attempt,
        )
        logger.info(
            "trainer started",
            extra={"job_id": job.job_id, "attempt": job.attempt, "pid": child.pid},
        )

    def _popen(self, job: Job) -> subprocess.Popen[bytes]:
        attempt = f"{job.job_id}-{job.attempt}"
        scratch = self._scratch / attempt
        scratch.mkdir(exist_ok=True)
        variables = {
            "TMPDIR": str(scratch),
            "JOB_ID": job.job_id,
            "DATASET_ID": job.dataset_id,
            "TARGET_COLUMN": job.target_column,
            "TIME_BUDGET": str(job.time_budget_s),
            "AUTOML_ATTEMPT": str(job.attempt),
        }
        with (self._logs / f"{attempt}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the command is the platform's own
                self._command,
                env=self._environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A session of its own: a whole group to kill, and no Ctrl-C meant for us.
                start_new_session=True,
            )


_CLAIMED = "claimed by the runner"


def _likely_cause(returncode: int | None) -> str:
    if returncode == -9:
        return (
            " Most often the machine ran out of memory: use a smaller table, fewer columns,"
            " or a machine with more memory."
        )
    return ""
