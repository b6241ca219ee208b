"""Jobs."""

from __future__ import annotations

from pydantic import AwareDatetime, ConfigDict, Field

from automl_backend.schemas.base import Body, View
from automl_backend.services.comparisons import Comparison
from automl_backend.services.jobs import JobList, JobState, LogLine, LogPage
from automl_core.records import (
    TERMINAL,
    ErrorNote,
    Job,
    JobStatus,
    Metric,
    StageName,
    Tag,
    Task,
    TimelineEntry,
    TrainConfig,
)

#: How often a client should ask for the status of an active job.
POLL_S = 2


class JobView(View):
    """One job: what was wished, where it is, what came out."""

    job_id: str
    dataset_id: str
    dataset_name: str
    target_column: str
    config: TrainConfig
    time_budget_s: int
    status: JobStatus
    stage: StageName
    attempt: int
    cancel_requested: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    error: ErrorNote | None
    task: Task | None
    metric: Metric | None
    score: float | None = Field(description="Value of the metric on the holdout.")
    model_family: str | None
    is_deployed: bool
    tags: list[str]
    notes: str
    version: int

    @classmethod
    def of(cls, job: Job) -> JobView:
        """Show a job's record without what only the platform needs."""
        return cls(**job.model_dump(include=set(JobView.model_fields)))


class JobPage(View):
    """One page of jobs, newest first."""

    items: list[JobView]
    next_token: str | None

    @classmethod
    def of(cls, page: JobList) -> JobPage:
        """Show a page."""
        return cls(items=[JobView.of(job) for job in page.items], next_token=page.next_token)


class JobPatch(Body):
    """New tags or notes; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tags": ["baseline"], "notes": "First try."}]}
    )

    tags: list[Tag] | None = Field(default=None, max_length=10)
    notes: str | None = Field(default=None, max_length=1000)


class JobStatusView(View):
    """Where a job is: small, for asking often."""

    job_id: str
    status: JobStatus
    stage: StageName
    attempt: int
    progress: float = Field(description="0 to 100, over all stages.")
    best_score: float | None = Field(description="Best validation score so far.")
    metric: Metric | None
    n_trials: int
    message: str
    cancel_requested: bool
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    heartbeat_at: AwareDatetime | None
    error: ErrorNote | None

    @classmethod
    def of(cls, state: JobState) -> JobStatusView:
        """Show a job's record and the progress of its present attempt together."""
        job, progress = state.job, state.progress
        share = progress.progress if progress else 0.0
        return cls(
            job_id=job.job_id,
            status=job.status,
            stage=job.stage,
            attempt=job.attempt,
            progress=100.0 if job.status == "completed" else share,
            best_score=progress.best_score if progress else None,
            metric=job.metric,
            n_trials=progress.n_trials if progress else 0,
            message=progress.message if progress else "",
            cancel_requested=job.cancel_requested,
            started_at=job.started_at,
            finished_at=job.finished_at,
            heartbeat_at=progress.heartbeat_at if progress else None,
            error=job.error,
        )

    def headers(self) -> dict[str, str]:
        """When to ask again: never, once the job has ended."""
        return {} if self.status in TERMINAL else {"Retry-After": str(POLL_S)}


class LogView(View):
    """Log lines after a cursor; ask again with ``after=next``."""

    lines: list[LogLine]
    next: int
    is_complete: bool

    @classmethod
    def of(cls, page: LogPage) -> LogView:
        """Show log lines."""
        return cls(lines=page.lines, next=page.next, is_complete=page.is_complete)


class EventsView(View):
    """A job's time line, oldest first."""

    items: list[TimelineEntry]


class ClarifyRequest(Body):
    """Answers to the plan's questions; an empty object takes the plan as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"task_type": "regression"}]})

    task_type: Task | None = None
    exclude_columns: list[str] | None = Field(default=None, max_length=10_000)
    time_budget: int | None = Field(default=None, ge=60, le=3600)


class CompareRequest(Body):
    """Jobs to put side by side."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_ids": [
                        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                        "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
                    ]
                }
            ]
        }
    )

    job_ids: list[str] = Field(min_length=2, max_length=4)


class ComparisonView(View):
    """Jobs side by side; ranked only on the same data, target, metric and holdout."""

    jobs: list[JobView]
    is_ranked: bool
    ranking: list[str] = Field(description="Identifiers, best first; empty if not ranked.")
    reasons: list[str] = Field(description="Why the jobs cannot be ranked.")

    @classmethod
    def of(cls, comparison: Comparison) -> ComparisonView:
        """Show a comparison."""
        return cls(
            jobs=[JobView.of(job) for job in comparison.jobs],
            is_ranked=bool(comparison.ranking),
            ranking=comparison.ranking,
            reasons=comparison.reasons,
        )
