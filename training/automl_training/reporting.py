"""Reporters: tell a command line or the platform how far a job is."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from automl_core.errors import IllegalTransitionError
from automl_core.layout import LOG, job_key
from automl_core.lifecycle import change_job, enter_stage
from automl_core.logs import JSONFormatter
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.records import Job, JobProgress, StageName
from automl_training.stage import JobStopped, Workspace

_LOG = logging.getLogger(__name__)

#: Percent of a job's progress that each stage takes up; the search takes most of the time.
STAGE_WEIGHTS: dict[StageName, float] = {
    "ingest": 4,
    "profile": 6,
    "clarify": 1,
    "preprocess": 2,
    "train": 68,
    "evaluate": 4,
    "explain": 5,
    "export": 2,
    "verify": 5,
    "report": 3,
}

#: Seconds a stopped attempt may take to unwind; AWS Batch kills 30 s after its SIGTERM.
STOP_GRACE_S = 15.0

#: How often the heartbeat's thread looks whether it has something to do, in seconds.
_TICK_S = 0.25

#: Exit code of an attempt that was interrupted and may be started again (EX_TEMPFAIL).
EXIT_INTERRUPTED = 75

StopReason = Literal["interrupted", "cancelled", "fenced off", "ended"]


def percent(stage: StageName, share: float) -> float:
    """Tell a job's progress, 0 to 100, from its stage and the share of it that is done.

    >>> percent("ingest", 0.5), percent("train", 0.0), percent("done", 0.0)
    (2.0, 13.0, 100.0)
    """
    if stage == "done":
        return 100.0
    done = 0.0
    for name, weight in STAGE_WEIGHTS.items():
        if name == stage:
            return round(done + weight * min(max(share, 0.0), 1.0), 2)
        done += weight
    return 0.0


@dataclass(frozen=True)
class ProgressEvent:
    """Where a training is; ``progress`` runs from 0 to 100 and never falls."""

    stage: StageName = "queued"
    progress: float = 0.0
    message: str = ""
    best_score: float | None = None
    """Best validation score so far, in the orientation of the plan's metric."""
    n_trials: int = 0

    def advance(
        self,
        stage: StageName,
        share: float,
        message: str = "",
        best_score: float | None = None,
        n_trials: int | None = None,
    ) -> ProgressEvent:
        """Return the event that follows; what is not told anew stays."""
        return replace(
            self,
            stage=stage,
            progress=max(self.progress, percent(stage, share)),
            message=message,
            best_score=self.best_score if best_score is None else best_score,
            n_trials=self.n_trials if n_trials is None else n_trials,
        )


class CallbackReporter:
    """Hands every step to a function: the command line's reporter."""

    def __init__(self, on_progress: Callable[[ProgressEvent], None]) -> None:
        self._on_progress = on_progress
        self._event = ProgressEvent()

    def stage(self, name: StageName) -> None:
        """Tell that a stage has begun."""
        self._tell(self._event.advance(name, 0.0))

    def progress(
        self,
        share: float,
        message: str = "",
        *,
        best_score: float | None = None,
        n_trials: int | None = None,
    ) -> None:
        """Tell how much of the present stage is done, 0 to 1."""
        self._tell(self._event.advance(self._event.stage, share, message, best_score, n_trials))

    def _tell(self, event: ProgressEvent) -> None:
        self._event = event
        self._on_progress(event)


class SilentReporter(CallbackReporter):
    """Tells nobody."""

    def __init__(self) -> None:
        super().__init__(lambda event: None)


class JobLog(logging.FileHandler):
    """The job's log: JSON lines in a local file, kept under the job's keys.

    Continues the log of earlier attempts.

    Parameters
    ----------
    workspace : Workspace
        Where the file lies and where an earlier attempt's log comes from.
    objects : ObjectStore
        The log's home.
    job_id : str
        Whose log.
    """

    def __init__(self, workspace: Workspace, objects: ObjectStore, job_id: str) -> None:
        if workspace.has(LOG):
            workspace.path(LOG)
        super().__init__(workspace.folder / LOG, encoding="utf-8")
        self.setFormatter(JSONFormatter())
        self._objects = objects
        self._key = job_key(job_id, LOG)
        self._path = workspace.folder / LOG
        self._kept_bytes = 0

    def keep(self) -> None:
        """Copy the log to its home if it has grown."""
        size = self._path.stat().st_size
        if size > self._kept_bytes:
            self._objects.put_file(self._key, self._path)
            self._kept_bytes = size


class StoreReporter:
    """Writes stage changes at once and a heartbeat with the progress every few seconds.

    Every call raises :class:`JobStopped` once the attempt has to end: it was interrupted,
    the job is to be cancelled, is over, or belongs to a later attempt. The heartbeat's
    thread finds out by itself, asks the main thread to unwind, and ends the process if
    that takes longer than :data:`STOP_GRACE_S`.

    Parameters
    ----------
    metadata : MetadataStore
        Where job and progress are kept.
    job_id, attempt : str, int
        The attempt that reports; ``attempt`` is the fencing token.
    now : callable
        Clock of the records.
    heartbeat_s : float
        Seconds between two heartbeats.
    log : JobLog or None
        Kept with every heartbeat.
    interrupt : callable
        Called from the heartbeat's thread when the main thread has to unwind.
    end_process : callable
        Ends the process at once with an exit code; ``os._exit`` outside of tests.
    monotonic : callable
        Seconds for intervals.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        job_id: str,
        attempt: int,
        now: Callable[[], datetime],
        *,
        heartbeat_s: float,
        log: JobLog | None = None,
        interrupt: Callable[[], None] = lambda: None,
        end_process: Callable[[int], None] = os._exit,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metadata = metadata
        self._job_id = job_id
        self._attempt = attempt
        self._now = now
        self._heartbeat_s = heartbeat_s
        self._log = log
        self._interrupt = interrupt
        self._end_process = end_process
        self._monotonic = monotonic
        # Replaced whole and only by the main thread, so that no lock is needed: a signal
        # handler that waits for a lock of its own thread would wait for ever.
        self._event = ProgressEvent()
        self._stopped: tuple[StopReason, float] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_closed, daemon=True)

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the attempt has to end, if it has to."""
        return self._stopped[0] if self._stopped else None

    def start(self) -> None:
        """Send the first heartbeat and begin to send the others."""
        self.beat()
        self._raise_if_stopped()
        self._thread.start()

    def close(self) -> None:
        """End the heartbeats and keep the log a last time."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_GRACE_S)
        if self._log is not None and self.stop_reason != "fenced off":
            self._log.keep()

    def finish(self) -> None:
        """Tell that everything is made; no heartbeat comes after this one."""
        self._raise_if_stopped()
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_GRACE_S)
        self._raise_if_stopped()
        self._event = self._event.advance("done", 1.0)
        self.beat()

    def stop(self, reason: StopReason) -> None:
        """Have the next call of the main thread raise; the first reason counts."""
        if self._stopped is None:
            self._stopped = (reason, self._monotonic())

    def stage(self, name: StageName) -> None:
        """Write that the job is in another stage."""
        self._raise_if_stopped()
        try:
            job = change_job(
                self._metadata,
                self._job_id,
                lambda job: enter_stage(job, name, at=self._now()),
                attempt=self._attempt,
            )
        except IllegalTransitionError:
            self.stop("ended")
        else:
            if job is None:
                self.stop("fenced off")
        self._raise_if_stopped()
        self._event = self._event.advance(name, 0.0)
        _LOG.info("stage %s", name, extra={"job_id": self._job_id, "attempt": self._attempt})

    def progress(
        self,
        share: float,
        message: str = "",
        *,
        best_score: float | None = None,
        n_trials: int | None = None,
    ) -> None:
        """Keep what the next heartbeat will tell."""
        self._raise_if_stopped()
        self._event = self._event.advance(self._event.stage, share, message, best_score, n_trials)

    def beat(self) -> None:
        """Write one heartbeat and look whether the job still wants this attempt."""
        event = self._event
        kept = self._metadata.put_progress(
            JobProgress(
                job_id=self._job_id,
                attempt=self._attempt,
                heartbeat_at=self._now(),
                stage=event.stage,
                progress=event.progress,
                best_score=event.best_score,
                n_trials=event.n_trials,
                message=event.message,
            )
        )
        reason = self._reason_to_stop(self._metadata.get_job(self._job_id))
        if not kept:
            reason = "fenced off"
        if reason is not None and self._stopped is None:
            self.stop(reason)
        if self._log is not None and self.stop_reason != "fenced off":
            self._log.keep()

    def _reason_to_stop(self, job: Job) -> StopReason | None:
        if job.attempt != self._attempt:
            return "fenced off"
        if job.status != "running":
            return "ended"
        return "cancelled" if job.cancel_requested else None

    def _raise_if_stopped(self) -> None:
        if self._stopped is not None:
            raise JobStopped(self._stopped[0])

    def _beat_until_closed(self) -> None:
        next_beat = self._monotonic() + self._heartbeat_s
        interrupted = False
        while not self._closing.wait(_TICK_S):
            if self._stopped is None and self._monotonic() >= next_beat:
                next_beat = self._monotonic() + self._heartbeat_s
                try:
                    self.beat()
                # The store may be back at the next heartbeat; if not, the platform misses
                # them and declares the attempt lost.
                except Exception:  # noqa: BLE001 - adapters raise whatever their SDK raises
                    _LOG.exception("heartbeat failed", extra={"job_id": self._job_id})
            if self._stopped is None:
                continue
            if not interrupted:
                interrupted = True
                self._interrupt()
            if self._monotonic() - self._stopped[1] > STOP_GRACE_S:
                self._end_process(EXIT_INTERRUPTED if self._is_interrupted() else 0)
                return

    def _is_interrupted(self) -> bool:
        return self.stop_reason == "interrupted"
