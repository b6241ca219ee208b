"""AWS Batch's words about its jobs, as reports that the rules understand.

DescribeJobs, ListJobs and the events of a state change tell of a job in the same shape,
each leaving out what it does not know. Nothing here trusts the shape: a field that is
missing or of another type counts as not told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from automl_backend.services.runner_reports import (
    AttemptName,
    Cause,
    ReadingName,
    Report,
    RunnerState,
)

#: ``runner_ref`` of a job that AWS Batch runs begins with it.
REF_PREFIX = "batch:"

_STATES: dict[str, RunnerState] = {
    "SUBMITTED": "queued",
    "PENDING": "queued",
    "RUNNABLE": "queued",
    "STARTING": "starting",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
}
_NAMES = re.compile(r"automl-(job|read)-([A-Za-z0-9_-]+)-(\d{1,9})")

_TIMEOUT = "Job attempt duration exceeded timeout"
#: Spare capacity that AWS wanted back: of Fargate, and of EC2 below it. Often there is no
#: exit code with it.
_MACHINE_LOST = ("Your Spot Task was interrupted", "Host EC2")
#: What ECS says when a container never came to run.
_NOT_STARTED = ("CannotPull", "CannotCreateContainer", "CannotStartContainer", "ResourceInit")
_MEMORY = "OutOfMemory"
#: SIGKILL; where Batch did not stop the job itself, the kernel did for want of memory.
_EXIT_KILLED = 137


def attempt_job_name(job_id: str, attempt: int) -> str:
    """Name of the Batch job that runs an attempt; the same for every submission of it."""
    return f"automl-job-{job_id}-{attempt}"


def reading_job_name(dataset_id: str, version: int) -> str:
    """Name of the Batch job that reads a data set at a version of its record."""
    return f"automl-read-{dataset_id}-{version}"


def subject_of(job_name: str) -> AttemptName | ReadingName | None:
    """Tell what a Batch job does by its name; None: it is none of ours.

    >>> subject_of("automl-job-4f2-a-3")
    AttemptName(job_id='4f2-a', attempt=3)
    >>> subject_of("automl-read-d7-2")
    ReadingName(dataset_id='d7', version=2)
    >>> subject_of("nightly-backup") is None
    True
    """
    found = _NAMES.fullmatch(job_name)
    if found is None:
        return None
    kind, record_id, number = found.groups()
    if kind == "job":
        return AttemptName(record_id, int(number))
    return ReadingName(record_id, int(number))


def ref_of(batch_job_id: str) -> str:
    """What a job's ``runner_ref`` is while AWS Batch runs it."""
    return f"{REF_PREFIX}{batch_job_id}"


def batch_job_id(ref: str | None) -> str | None:
    """Batch's identifier in a ``runner_ref``; None if the reference is no job of Batch."""
    text = ref or ""
    return text.removeprefix(REF_PREFIX) if text.startswith(REF_PREFIX) else None


def report_of(detail: Mapping[str, Any]) -> Report | None:
    """Read what AWS Batch tells of one job; None: it is none of ours.

    Parameters
    ----------
    detail : mapping
        A job of DescribeJobs or ListJobs, or the ``detail`` of a state change.
    """
    subject = subject_of(_text(detail.get("jobName")))
    job_id = _text(detail.get("jobId"))
    state = _STATES.get(_text(detail.get("status")))
    if subject is None or not job_id or state is None:
        return None
    last = _last_attempt(detail)
    submitted_at = _moment(detail.get("createdAt"))
    exit_code = _exit_code(detail, last)
    return Report(
        subject=subject,
        ref=ref_of(job_id),
        state=state,
        submitted_at=submitted_at,
        # A job that Batch tries again waits since its first machine was lost.
        waiting_since=_moment(last.get("stoppedAt")) or submitted_at,
        started_at=_moment(detail.get("startedAt")) if state == "running" else None,
        cause=_cause(detail, last, exit_code) if state == "failed" else "unknown",
        exit_code=exit_code,
    )


def _cause(detail: Mapping[str, Any], last: Mapping[str, Any], exit_code: int | None) -> Cause:
    reasons = [
        _text(holder.get(name))
        for holder, name in (
            (detail, "statusReason"),
            (_mapping(detail.get("container")), "reason"),
            (last, "statusReason"),
            (_mapping(last.get("container")), "reason"),
        )
    ]

    def says(*words: str) -> bool:
        return any(word in reason for reason in reasons for word in words)

    is_stopped = detail.get("isTerminated") is True or detail.get("isCancelled") is True
    # The first that holds: a job past its limit, or stopped, may be killed with 137 too.
    causes: tuple[tuple[Cause, bool], ...] = (
        ("timeout", says(_TIMEOUT)),
        ("machine lost", says(*_MACHINE_LOST)),
        ("stopped", is_stopped),
        ("not started", exit_code is None and says(*_NOT_STARTED)),
        ("memory", exit_code == _EXIT_KILLED or says(_MEMORY)),
        ("exit", exit_code is not None),
    )
    return next((cause for cause, holds in causes if holds), "unknown")


def _last_attempt(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    attempts = detail.get("attempts")
    return _mapping(attempts[-1]) if isinstance(attempts, list) and attempts else {}


def _exit_code(detail: Mapping[str, Any], last: Mapping[str, Any]) -> int | None:
    for holder in (detail, last):
        code = _mapping(holder.get("container")).get("exitCode")
        if isinstance(code, int) and not isinstance(code, bool):
            return code
    return None


def _moment(value: object) -> datetime | None:
    """A time of Batch: milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
