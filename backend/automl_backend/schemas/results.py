"""What a job has made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from automl_backend.schemas.base import View
from automl_backend.services.results import ArtifactList, JobResult
from automl_core.records import Metric, Task

JSONObject = dict[str, Any]


class ArtifactView(View):
    """A named file that a stage made, with a short-lived address."""

    name: str
    size_bytes: int
    sha256: str | None = Field(description="Null while the job runs.")
    content_type: str
    download_url: str


class ArtifactsView(View):
    """Artifacts so far."""

    items: list[ArtifactView]
    is_complete: bool
    expires_in: int = Field(description="Seconds for which the addresses work.")

    @classmethod
    def of(cls, artifacts: ArtifactList) -> ArtifactsView:
        """Show a list of artifacts."""
        return cls(
            items=[ArtifactView(**vars(link)) for link in artifacts.items],
            is_complete=artifacts.is_complete,
            expires_in=artifacts.expires_in,
        )


class ResultView(View):
    """A completed job's figures; never changes."""

    job_id: str
    dataset_id: str
    target_column: str
    task: Task | None
    metric: Metric | None
    score: float | None
    split: Literal["holdout"]
    model_family: str | None
    model_version: str | None
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    plan: JSONObject
    metrics: JSONObject
    explanations: JSONObject
    parity: JSONObject

    @classmethod
    def of(cls, result: JobResult) -> ResultView:
        """Show a result."""
        job = result.job
        return cls(
            job_id=job.job_id,
            dataset_id=job.dataset_id,
            target_column=job.target_column,
            task=job.task,
            metric=job.metric,
            score=job.score,
            split="holdout",
            model_family=job.model_family,
            model_version=job.bundle_sha256,
            started_at=job.started_at,
            finished_at=job.finished_at,
            plan=result.plan,
            metrics=result.metrics,
            explanations=result.explanations,
            parity=result.parity,
        )


class _Lenient(View):
    """An artifact's part: fields that a later version adds are passed on."""

    model_config = ConfigDict(extra="allow")


class TrialView(_Lenient):
    """One fitted configuration."""

    rank: int
    trial_id: str | int
    family: str
    score: float | None
    config: JSONObject
    train_seconds: float | None = None
    at_seconds: float | None = None
    sample_rows: int | None = None


class ChosenView(_Lenient):
    """The trial whose model was exported."""

    family: str
    trial_id: str | int | None = None
    score: float | None = None


class RejectedView(_Lenient):
    """A family whose candidate was passed over, and why."""

    family: str
    reason: str


class LeaderboardView(_Lenient):
    """Every trial of a job, best validation score first."""

    metric: Metric
    higher_is_better: bool
    evaluated_on: str
    n_trials: int
    trials: list[TrialView]
    families: list[JSONObject] = Field(default_factory=list)
    chosen: ChosenView | None = None
    rejected: list[RejectedView] = Field(default_factory=list)
