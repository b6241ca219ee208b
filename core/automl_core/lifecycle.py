"""The life of a job: which status may follow which, in one place.

Every change is one conditional write. ``version`` guards against lost updates, ``attempt``
is the fencing token: whatever a trainer of an earlier attempt still says is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from automl_core.errors import IllegalTransitionError, StaleRecordError
from automl_core.records import TERMINAL, Job, JobStatus, StageName, TimelineEntry

#: ``failed`` and ``cancelled`` end an attempt; only a retry, which opens a new attempt,
#: leads out of them. Nothing leads out of ``completed``.
MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    "pending": frozenset({"running", "failed", "cancelled"}),
    "running": frozenset({"pending", "waiting", "completed", "failed", "cancelled"}),
    "waiting": frozenset({"pending", "failed", "cancelled"}),
    "failed": frozenset({"pending"}),
    "cancelled": frozenset({"pending"}),
    "completed": frozenset(),
}

#: Entries of a time line kept on the job; the oldest after the first are let go.
MAX_TIMELINE = 200

#: Conflicting writers are few (API, supervisor, one trainer); more collisions than this
#: in a row mean that something writes in a loop.
MAX_WRITE_TRIES = 8


def move(
    job: Job,
    status: JobStatus,
    *,
    at: datetime,
    stage: StageName | None = None,
    note: str = "",
    **changes: Any,
) -> Job:
    """Return the job in another status, with its time line continued.

    Leaving ``failed`` or ``cancelled``, and going back to ``pending`` from ``running``,
    begins a new attempt. Whatever goes back to the queue is no runner's any more.

    Raises
    ------
    IllegalTransitionError
        If the status may not follow the present one.
    """
    if status not in MOVES[job.status]:
        raise IllegalTransitionError(
            f"Job {job.job_id} is {job.status}; it cannot become {status}.", job_id=job.job_id
        )
    is_new_attempt = status == "pending" and job.status in ("running", "failed", "cancelled")
    update: dict[str, Any] = {
        "status": status,
        "stage": stage or ("queued" if status == "pending" else job.stage),
        "attempt": job.attempt + 1 if is_new_attempt else job.attempt,
        "updated_at": at,
    }
    if status == "pending":
        update["runner_ref"] = None
    if is_new_attempt:
        update |= {"error": None, "finished_at": None, "cancel_requested": False}
    if status == "running":
        update["started_at"] = job.started_at or at
    if status in TERMINAL:
        update["finished_at"] = at
    update |= changes
    return _continue_timeline(job.model_copy(update=update), at, note)


def replace_attempt(job: Job, *, at: datetime, note: str, **changes: Any) -> Job:
    """Return the pending job at a new attempt, since no trainer took the present one.

    Raises
    ------
    IllegalTransitionError
        If the job is not pending.
    """
    if job.status != "pending":
        raise IllegalTransitionError(
            f"Job {job.job_id} is {job.status}; only a pending job's attempt is replaced.",
            job_id=job.job_id,
        )
    update = {"attempt": job.attempt + 1, "runner_ref": None, "updated_at": at, **changes}
    return _continue_timeline(job.model_copy(update=update), at, note)


def pending_since(job: Job) -> datetime:
    """Tell when a pending job last entered the queue."""
    entered = (entry.at for entry in reversed(job.timeline) if entry.status == "pending")
    return next(entered, job.created_at)


def enter_stage(job: Job, stage: StageName, *, at: datetime) -> Job:
    """Return the running job in its next stage."""
    if job.status != "running":
        raise IllegalTransitionError(
            f"Job {job.job_id} is {job.status}; only a running job has stages.", job_id=job.job_id
        )
    return _continue_timeline(job.model_copy(update={"stage": stage, "updated_at": at}), at, "")


def _continue_timeline(job: Job, at: datetime, note: str) -> Job:
    entry = TimelineEntry(at=at, status=job.status, stage=job.stage, attempt=job.attempt, note=note)
    entries = [*job.timeline, entry]
    if len(entries) > MAX_TIMELINE:
        entries = [entries[0], *entries[-(MAX_TIMELINE - 1) :]]
    return job.model_copy(update={"timeline": entries})


class JobsTable(Protocol):
    """The part of the metadata store that a change of a job needs."""

    def get_job(self, job_id: str) -> Job: ...

    def update_job(self, job: Job) -> Job: ...


def change_job(
    store: JobsTable,
    job_id: str,
    change: Callable[[Job], Job | None],
    *,
    attempt: int | None = None,
) -> Job | None:
    """Read a job, change it, write it if nobody else did meanwhile; else try again.

    Parameters
    ----------
    store : JobsTable
        The metadata store.
    job_id : str
        Which job.
    change : callable
        Gets the present job, returns the changed one, or None to leave it as it is.
        May be called several times.
    attempt : int or None
        Fencing token: if the job is at another attempt, nothing is written.

    Returns
    -------
    Job or None
        The job as stored now, or None if the attempt was fenced off or nothing changed.

    Raises
    ------
    StaleRecordError
        If other writers won every one of ``MAX_WRITE_TRIES`` races.
    """
    for _ in range(MAX_WRITE_TRIES):
        job = store.get_job(job_id)
        if attempt is not None and job.attempt != attempt:
            return None
        changed = change(job)
        if changed is None:
            return None
        try:
            return store.update_job(changed)
        except StaleRecordError:
            continue
    raise StaleRecordError(f"Job {job_id} is being changed by others; try again.", job_id=job_id)
