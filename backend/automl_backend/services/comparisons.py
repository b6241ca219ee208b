"""Jobs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automl_backend.services.access import Caller, own_dataset, own_job
from automl_core.errors import NotFoundError
from automl_core.ports import MetadataStore
from automl_core.records import Job, Metric

#: Metrics of which less is better.
LOSSES: frozenset[Metric] = frozenset({"log_loss", "rmse", "mae"})


@dataclass(frozen=True)
class Comparison:
    """Jobs in the order asked for, and a ranking if one would mean something."""

    jobs: list[Job]
    ranking: list[str]
    """Identifiers, best holdout score first; empty if the jobs cannot be ranked."""
    reasons: list[str]
    """Why they cannot be ranked; empty if they are."""


@dataclass(frozen=True, eq=False, repr=False)
class ComparisonService:
    """Compares jobs; ranks them only on the same data, target and metric."""

    metadata: MetadataStore

    def compare(self, caller: Caller, job_ids: Sequence[str]) -> Comparison:
        """Put jobs side by side."""
        jobs = [own_job(self.metadata, caller, job_id) for job_id in dict.fromkeys(job_ids)]
        reasons = self._reasons(caller, jobs)
        if reasons:
            return Comparison(jobs, [], reasons)
        ranked = sorted(jobs, key=_loss)
        return Comparison(jobs, [job.job_id for job in ranked], [])

    def _reasons(self, caller: Caller, jobs: Sequence[Job]) -> list[str]:
        reasons = [
            f"Job {job.job_id} is {job.status} and has no score yet."
            for job in jobs
            if job.status != "completed" or job.score is None
        ]
        if len({self._content(caller, job) for job in jobs}) > 1:
            reasons.append("They were trained on different data.")
        if len({job.target_column for job in jobs}) > 1:
            reasons.append("They predict different columns.")
        if len({job.task for job in jobs}) > 1:
            reasons.append("They solve different tasks.")
        if len({job.metric for job in jobs}) > 1:
            reasons.append("They were scored with different metrics.")
        splits = {_split(job) for job in jobs}
        if len(splits) > 1:
            reasons.append("They set different rows aside as their holdout.")
        return reasons

    def _content(self, caller: Caller, job: Job) -> str:
        """Hash of a job's data: the same file uploaded twice is the same data."""
        try:
            return own_dataset(self.metadata, caller, job.dataset_id).sha256 or job.dataset_id
        except NotFoundError:
            return job.dataset_id


def _split(job: Job) -> str:
    config = job.config
    parts = (config.test_size, config.seed, config.time_column, config.group_column)
    return repr(parts)


def _loss(job: Job) -> float:
    score = job.score or 0.0
    return score if job.metric in LOSSES else -score
