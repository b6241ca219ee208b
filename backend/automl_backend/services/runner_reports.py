"""What a runner far away tells of its work, in words that are no runner's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

RunnerState = Literal["queued", "starting", "running", "succeeded", "failed"]
Cause = Literal["machine lost", "timeout", "memory", "not started", "stopped", "exit", "unknown"]

ENDED: frozenset[RunnerState] = frozenset({"succeeded", "failed"})


@dataclass(frozen=True)
class AttemptName:
    """One attempt of a job."""

    job_id: str
    attempt: int


@dataclass(frozen=True)
class ReadingName:
    """One reading of a data set: the record's version while it is read names it."""

    dataset_id: str
    version: int


@dataclass(frozen=True)
class Report:
    """What a runner tells of an attempt or a reading."""

    subject: AttemptName | ReadingName
    ref: str
    """What the runner calls it; kept as the job's ``runner_ref``."""
    state: RunnerState
    submitted_at: datetime | None = None
    waiting_since: datetime | None = None
    """Since when it waits for a machine: after a machine was lost, since then."""
    started_at: datetime | None = None
    cause: Cause = "unknown"
    """Why it failed."""
    exit_code: int | None = None
