"""Deployments and models."""

from __future__ import annotations

from automl_backend.deps import Deployments, NextToken, PageLimit, TheCaller
from automl_backend.routing import guarded_router
from automl_backend.schemas.deployments import (
    DeploymentsView,
    DeploymentView,
    DeployRequest,
    ModelPage,
)

router = guarded_router("models")


@router.post("/jobs/{job_id}/deploy", operation_id="deploy_job")
def deploy_job(
    job_id: str, body: DeployRequest, caller: TheCaller, deployments: Deployments
) -> DeploymentView:
    """Let a job's model answer predictions, or withdraw it."""
    return DeploymentView.of(deployments.deploy(caller, job_id, is_deployed=body.deploy))


@router.get("/jobs/{job_id}/deployments", operation_id="list_deployments")
def list_deployments(job_id: str, caller: TheCaller, deployments: Deployments) -> DeploymentsView:
    """Read a job's deployment journal, newest first."""
    entries = deployments.journal(caller, job_id)
    return DeploymentsView(items=[DeploymentView.of(entry) for entry in entries])


@router.get("/models", operation_id="list_models")
def list_models(
    caller: TheCaller,
    deployments: Deployments,
    limit: PageLimit = 20,
    next_token: NextToken = None,
) -> ModelPage:
    """List deployed models with their last use."""
    return ModelPage.of(deployments.models(caller, limit=limit, next_token=next_token))
