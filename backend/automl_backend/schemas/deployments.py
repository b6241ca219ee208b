"""Deployments and models."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from automl_backend.schemas.base import Body, View
from automl_backend.services.deployments import DeployedModel, ModelList
from automl_core.records import Deployment, Metric, Task


class DeployRequest(Body):
    """True: the model may answer predictions; false: no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"deploy": True}]})

    deploy: bool


class DeploymentView(View):
    """One entry of a job's deployment journal."""

    deployment_id: str
    job_id: str
    action: Literal["deploy", "undeploy"]
    is_deployed: bool
    model_version: str
    at: AwareDatetime

    @classmethod
    def of(cls, entry: Deployment) -> DeploymentView:
        """Show an entry."""
        return cls(
            deployment_id=entry.deployment_id,
            job_id=entry.job_id,
            action=entry.action,
            is_deployed=entry.action == "deploy",
            model_version=entry.bundle_sha256,
            at=entry.created_at,
        )


class DeploymentsView(View):
    """A job's journal, newest first."""

    items: list[DeploymentView]


class ModelView(View):
    """A deployed model with its last use."""

    job_id: str
    dataset_id: str
    dataset_name: str
    target_column: str
    task: Task | None
    metric: Metric | None
    score: float | None
    model_family: str | None
    model_version: str | None
    last_used_at: AwareDatetime | None = Field(description="Null: never asked yet.")
    n_predictions: int

    @classmethod
    def of(cls, model: DeployedModel) -> ModelView:
        """Show a model."""
        job, use = model.job, model.use
        return cls(
            job_id=job.job_id,
            dataset_id=job.dataset_id,
            dataset_name=job.dataset_name,
            target_column=job.target_column,
            task=job.task,
            metric=job.metric,
            score=job.score,
            model_family=job.model_family,
            model_version=job.bundle_sha256,
            last_used_at=use.last_used_at if use else None,
            n_predictions=use.n_predictions if use else 0,
        )


class ModelPage(View):
    """One page of deployed models."""

    items: list[ModelView]
    next_token: str | None

    @classmethod
    def of(cls, page: ModelList) -> ModelPage:
        """Show a page."""
        return cls(items=[ModelView.of(each) for each in page.items], next_token=page.next_token)
