"""What a runner's report about an attempt means for its job: rules, and nothing else.

A runner far away tells of its work by messages that come late, twice, or in another order
than things happened, and some get lost. Every rule here is a function of the job as it
stands and of what was reported; whoever calls them writes the answer by one conditional
write. A job that is over never changes, nor does one that is at another attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from automl_backend.services.runner_reports import ENDED, AttemptName, ReadingName, Report
from automl_core.errors import (
    AutoMLError,
    JobTimeoutError,
    NoCapacityError,
    WorkerLostError,
)
from automl_core.lifecycle import move, pending_since, replace_attempt
from automl_core.records import Capacity, Dataset, ErrorNote, Job, JobProgress

#: The runner's clock and ours agree better than this. What it was given that much before
#: the job last entered the queue belongs to an earlier stay there.
CLOCK_SKEW = timedelta(seconds=10)

#: Exit code of a trainer that left its attempt for another try (EX_TEMPFAIL).
EXIT_TRY_AGAIN = 75
#: Exit code of a trainer that cannot work with its settings (EX_CONFIG).
EXIT_CONFIGURATION = 78


@dataclass(frozen=True)
class Patience:
    """How long which silence is borne; tests shorten it."""

    submit_s: float = 60.0
    """A pending job that no runner has, after which it is handed over again."""
    refusal_s: float = 900.0
    """A pending job that no runner takes, after which it fails."""
    queue_s: float = 1200.0
    """Waiting for a machine, and for its image, before another kind of machine is tried."""
    silence_s: float = 60.0
    """A trainer without heartbeat, before its runner is asked."""
    hang_s: float = 300.0
    """A trainer without heartbeat that its runner says is running, before it is stopped.
    Longer than the silence: the stores may have been away for the trainer alone."""
    overrun_s: float = 120.0
    """Beyond the time limit that the runner itself is to keep."""


@dataclass(frozen=True)
class Finding:
    """What the sweep is to do about a job."""

    changed: Job | None = None
    """The job as it must be written; None: it stays as it is."""
    stop: bool = False
    """The runner must stop what it has."""
    is_stuck: bool = False
    """The job does not get on by itself."""


NOTHING = Finding()


def attempt_limit_s(time_budget_s: int) -> int:
    """Seconds after which a runner must stop an attempt; reports and export come on top.

    >>> attempt_limit_s(300)
    750
    """
    return max(60, -(-time_budget_s * 3 // 2) + 300)


# -- Attempts that ended ----------------------------------------------------------------


def settle(job: Job, report: Report, *, now: datetime, max_attempts: int) -> Job | None:
    """Tell what a report makes of a job.

    Parameters
    ----------
    job : Job
        As it is stored.
    report : Report
        About an attempt.
    now : datetime
        The moment that is written.
    max_attempts : int
        Attempts that may be made without being asked for.

    Returns
    -------
    Job or None
        The job to write: over, or pending at a new attempt. None if the report changes
        nothing: it is of another attempt, of another submission of this one, of one that
        goes on, or the job has said itself how it ended.
    """
    if report.state not in ENDED or not _is_about(job, report):
        return None
    if job.cancel_requested:
        return move(job, "cancelled", at=now, note="cancelled by its owner")
    if report.state == "succeeded":
        return _failed(
            job,
            WorkerLostError(
                "The trainer ended without having said how. Try the job again: stages that are"
                " done are kept."
            ),
            now,
        )
    if report.cause == "machine lost":
        reason = "the machine was taken back"
        return _again(job, reason, _lost(job, reason), now, max_attempts, capacity="on_demand")
    if report.exit_code == EXIT_TRY_AGAIN and report.cause == "exit":
        reason = "the trainer could not reach the platform"
        lost = _lost(job, reason)
        return _again(job, reason, lost, now, max_attempts, capacity=job.capacity)
    return _failed(job, _failure(job, report), now)


def _is_about(job: Job, report: Report) -> bool:
    """Tell whether a report is about what the job is doing now."""
    name = report.subject
    if not isinstance(name, AttemptName) or (name.job_id, name.attempt) != (
        job.job_id,
        job.attempt,
    ):
        return False
    if job.status not in ("pending", "running"):
        return False
    if job.runner_ref is not None:
        return job.runner_ref == report.ref
    # Nobody has written the reference yet. A job whose plan was confirmed is at the attempt
    # it was before: only the time tells the two submissions apart.
    return report.submitted_at is not None and report.submitted_at >= (
        pending_since(job) - CLOCK_SKEW
    )


def _failure(job: Job, report: Report) -> AutoMLError:
    if report.cause == "timeout":
        return _timeout(job)
    if report.cause == "memory":
        return WorkerLostError(
            "The trainer ran out of memory and was stopped. Use fewer rows or columns, or exclude"
            " text columns with many different values."
        )
    if report.cause == "not started":
        return NoCapacityError(
            "The machine could not start the trainer, most often because its image cannot be"
            " fetched. Whoever runs the platform finds the reason in the queue's own record of"
            " the job; try it again afterwards."
        )
    if report.cause == "stopped":
        return WorkerLostError(
            "The trainer was stopped from outside of the platform. Try the job again: stages"
            " that are done are kept."
        )
    if report.exit_code == EXIT_CONFIGURATION:
        return WorkerLostError(
            "The trainer was started with settings that it cannot work with; its own log names"
            " them to whoever runs the platform."
        )
    ending = "ended" if report.exit_code is None else f"ended with exit code {report.exit_code}"
    return WorkerLostError(
        f"The trainer {ending} before it had finished. Try the job again: stages that are done"
        " are kept."
    )


def _timeout(job: Job) -> JobTimeoutError:
    return JobTimeoutError(
        f"The training took longer than {attempt_limit_s(job.time_budget_s)} seconds, one and a"
        " half times its time budget and a reserve, and was stopped. Choose fewer columns or a"
        " smaller table."
    )


def _lost(job: Job, reason: str) -> WorkerLostError:
    return WorkerLostError(
        f"Attempt {job.attempt} was the last by itself: {reason}. Try the job again; stages that"
        " are done are kept."
    )


def _again(
    job: Job,
    reason: str,
    otherwise: AutoMLError,
    now: datetime,
    max_attempts: int,
    *,
    capacity: Capacity,
) -> Job:
    """Begin a new attempt while there may be one, else fail."""
    if job.attempt >= max_attempts:
        return _failed(job, otherwise, now)
    if job.status == "pending":
        return replace_attempt(job, at=now, note=reason, capacity=capacity)
    return move(job, "pending", at=now, note=reason, capacity=capacity)


def _failed(job: Job, error: AutoMLError, now: datetime) -> Job:
    note = ErrorNote(code=error.code, title=error.title, detail=error.detail, stage=job.stage)
    return move(job, "failed", at=now, error=note, note=error.title)


# -- The sweep --------------------------------------------------------------------------


def needs_runner(job: Job, *, now: datetime, patience: Patience) -> bool:
    """Tell whether a pending job was never handed over, as far as anybody has written."""
    return (
        job.status == "pending"
        and job.runner_ref is None
        and _seconds(now, pending_since(job)) >= patience.submit_s
    )


def refused(job: Job, *, now: datetime, patience: Patience) -> Job | None:
    """Fail a job that no runner takes; None while that is still borne."""
    if job.status != "pending" or job.runner_ref is not None:
        return None
    if _seconds(now, pending_since(job)) < patience.refusal_s:
        return None
    return _failed(
        job,
        NoCapacityError(
            "The queue of trainers has refused this job ever since it was started. Whoever runs"
            " the platform finds the reason in its log; try the job again afterwards."
        ),
        now,
    )


def is_due(job: Job, progress: JobProgress | None, *, now: datetime, patience: Patience) -> bool:
    """Tell whether a runner must be asked what became of a job.

    A trainer that gives signs of life need not be asked about, unless it is to stop.
    """
    if job.status == "pending":
        return job.runner_ref is not None and _seconds(now, pending_since(job)) >= patience.submit_s
    return job.status == "running" and (
        job.cancel_requested or _seconds(now, heard_at(job, progress)) >= patience.silence_s
    )


def heard_at(job: Job, progress: JobProgress | None) -> datetime:
    """Tell when a job or its trainer last said something."""
    if progress is not None and progress.attempt == job.attempt:
        return max(job.updated_at, progress.heartbeat_at)
    return job.updated_at


def look(
    job: Job,
    progress: JobProgress | None,
    report: Report | None,
    *,
    now: datetime,
    max_attempts: int,
    patience: Patience,
) -> Finding:
    """Tell what to do about a job after its runner was asked.

    Parameters
    ----------
    job, progress
        As they are stored.
    report : Report or None
        The runner's answer; None: it knows of no such work.
    now, max_attempts, patience
        As in :func:`settle`.
    """
    if not is_due(job, progress, now=now, patience=patience):
        return NOTHING
    if report is None:
        return _unknown(job, progress, now, patience)
    if report.state in ENDED:
        return Finding(settle(job, report, now=now, max_attempts=max_attempts))
    return _going_on(job, progress, report, now=now, max_attempts=max_attempts, patience=patience)


def _going_on(
    job: Job,
    progress: JobProgress | None,
    report: Report,
    *,
    now: datetime,
    max_attempts: int,
    patience: Patience,
) -> Finding:
    if not _is_about(job, report):
        return NOTHING
    if job.cancel_requested:
        return Finding(stop=True)
    if report.state == "running":
        return _running(job, progress, report, now, patience)
    return _waiting(job, report, now, max_attempts, patience)


def _waiting(
    job: Job, report: Report, now: datetime, max_attempts: int, patience: Patience
) -> Finding:
    if report.waiting_since is None or _seconds(now, report.waiting_since) < patience.queue_s:
        return NOTHING
    minutes = f"{patience.queue_s / 60:.0f} minutes"
    none = NoCapacityError(
        f"Attempt {job.attempt} waited longer than {minutes} for a machine. Try the job again"
        " later; if it stays, the account's quota is too small."
    )
    # On demand is the last resort: who waits in vain there waits for nothing else.
    tries = max_attempts if job.capacity == "spot" else 0
    reason = f"no machine took it within {minutes}"
    changed = _again(job, reason, none, now, tries, capacity="on_demand")
    return Finding(changed, stop=True, is_stuck=True)


def _unknown(job: Job, progress: JobProgress | None, now: datetime, patience: Patience) -> Finding:
    if job.cancel_requested:
        return Finding(move(job, "cancelled", at=now, note="cancelled by its owner"))
    if _seconds(now, heard_at(job, progress)) < patience.hang_s:
        return NOTHING
    lost = WorkerLostError(
        "The trainer gave no sign of life, and its runner does not know it any more. Try the job"
        " again: stages that are done are kept."
    )
    return Finding(_failed(job, lost, now), is_stuck=True)


def _running(
    job: Job, progress: JobProgress | None, report: Report, now: datetime, patience: Patience
) -> Finding:
    began_at = report.started_at or job.updated_at
    limit_s = attempt_limit_s(job.time_budget_s) + patience.overrun_s
    if _seconds(now, began_at) > limit_s:
        return Finding(_failed(job, _timeout(job), now), stop=True, is_stuck=True)
    # A second try by the runner itself begins with the silence of the first one's end.
    silence_s = _seconds(now, max(heard_at(job, progress), began_at))
    if silence_s < patience.hang_s:
        return NOTHING
    hung = WorkerLostError(
        f"The trainer gave no sign of life for {silence_s:.0f} seconds and was stopped. Try the"
        " job again; if it stays, the machine is short of memory."
    )
    return Finding(_failed(job, hung, now), stop=True, is_stuck=True)


def _seconds(now: datetime, then: datetime) -> float:
    return (now - then).total_seconds()


# -- Readings ---------------------------------------------------------------------------


def reading_failure(dataset: Dataset, report: Report) -> AutoMLError | None:
    """Tell why a data set must be confirmed again, if a report says so.

    Returns
    -------
    AutoMLError or None
        None if the reading goes on, is another one, or has said itself how it ended.
    """
    name = ReadingName(dataset.dataset_id, dataset.version)
    if dataset.status != "profiling" or report.subject != name or report.state not in ENDED:
        return None
    if report.cause == "memory":
        return WorkerLostError(
            "The reader ran out of memory. Upload the table as Parquet or with fewer columns."
        )
    if report.cause == "timeout":
        return JobTimeoutError(
            "Reading the file took too long and was stopped. Upload it as Parquet, or a smaller"
            " table."
        )
    if report.cause == "not started":
        return NoCapacityError(
            "The machine could not start the reader; confirm the data set again, and tell whoever"
            " runs the platform if it stays."
        )
    code = "" if report.exit_code is None else f" with exit code {report.exit_code}"
    return WorkerLostError(f"The reader ended{code} before it had finished; confirm again.")
