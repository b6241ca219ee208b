"""Deployments: which models may answer predictions, and the journal of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from automl_backend.services.access import Caller, own_job
from automl_backend.services.cursors import Cursors
from automl_backend.services.results import ResultService
from automl_core.errors import ModelUnprovenError, ResultNotReadyError, StaleRecordError
from automl_core.lifecycle import change_job
from automl_core.ports import MetadataStore
from automl_core.records import Deployment, Job, ModelUse


@dataclass(frozen=True)
class DeployedModel:
    """A deployed model and when it was last asked; None: never yet."""

    job: Job
    use: ModelUse | None


@dataclass(frozen=True)
class ModelList:
    """One page of deployed models."""

    items: list[DeployedModel]
    next_token: str | None


@dataclass(frozen=True, eq=False, repr=False)
class DeploymentService:
    """Use cases around deploying and withdrawing models."""

    metadata: MetadataStore
    results: ResultService
    cursors: Cursors
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    def deploy(self, caller: Caller, job_id: str, *, is_deployed: bool) -> Deployment:
        """Deploy or withdraw a job's model; wishing what is so already changes nothing.

        Raises
        ------
        ResultNotReadyError
            If the job has not completed.
        ModelUnprovenError
            If its exported model has no passed parity report.
        """
        job = own_job(self.metadata, caller, job_id)
        sha256 = self._provable_bundle(job)
        if job.is_deployed == is_deployed:
            journal = self.metadata.deployments(job_id)
            return journal[0] if journal else self._entry(job, sha256, is_deployed=is_deployed)
        self._flip(job_id, is_deployed=is_deployed)
        entry = self._entry(job, sha256, is_deployed=is_deployed)
        self.metadata.add_deployment(entry)
        return entry

    def journal(self, caller: Caller, job_id: str) -> list[Deployment]:
        """Read every deployment and withdrawal, newest first."""
        own_job(self.metadata, caller, job_id)
        return self.metadata.deployments(job_id)

    def models(self, caller: Caller, *, limit: int, next_token: str | None) -> ModelList:
        """Read one page of deployed models."""
        where = {"list": "models"}
        after = self.cursors.read(next_token, owner_id=caller.owner_id, where=where)
        page = self.metadata.list_deployed(caller.owner_id, limit=limit, after=after)
        token = self.cursors.write(page.next, owner_id=caller.owner_id, where=where)
        models = [DeployedModel(job, self.metadata.get_use(job.job_id)) for job in page.items]
        return ModelList(models, token)

    def _provable_bundle(self, job: Job) -> str:
        if job.status != "completed":
            raise ResultNotReadyError(
                f"Job {job.job_id} is {job.status}; only a completed job's model can be deployed."
            )
        if job.bundle_sha256 is None or not self.results.has_passed_parity(job):
            raise ModelUnprovenError(
                f"The model of job {job.job_id} has no passed parity report, so its answers may"
                " differ from the model that was scored; train it again."
            )
        return job.bundle_sha256

    def _flip(self, job_id: str, *, is_deployed: bool) -> None:
        def change(job: Job) -> Job:
            return job.model_copy(update={"is_deployed": is_deployed, "updated_at": self.now()})

        if change_job(self.metadata, job_id, change) is None:
            raise StaleRecordError(f"Job {job_id} is being changed by others; try again.")

    def _entry(self, job: Job, sha256: str, *, is_deployed: bool) -> Deployment:
        now = self.now()
        return Deployment(
            deployment_id=self.new_id(),
            owner_id=job.owner_id,
            project_id=job.project_id,
            created_at=now,
            updated_at=now,
            job_id=job.job_id,
            action="deploy" if is_deployed else "undeploy",
            bundle_sha256=sha256,
        )
