"""The platform as its entry points see it: every use case, ready to be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from automl_backend.services.access import Authenticator
from automl_backend.services.comparisons import ComparisonService
from automl_backend.services.datasets import DatasetService
from automl_backend.services.deployments import DeploymentService
from automl_backend.services.health import HealthService
from automl_backend.services.idempotency import Idempotency
from automl_backend.services.jobs import JobService
from automl_backend.services.planning import PlanningService
from automl_backend.services.predictions import PredictionService
from automl_backend.services.profiles import ProfileService
from automl_backend.services.results import ResultService
from automl_backend.services.uploads import SignedTransfers, UploadService


@dataclass(frozen=True)
class Limits:
    """Limits of one request."""

    max_body_bytes: int
    max_upload_bytes: int
    max_form_bytes: int | None = None
    """Largest file that is taken as a form, where a way in front is narrower than the upload
    to a signed address; None: as large as an upload."""

    @property
    def largest_form_bytes(self) -> int:
        """Bytes of the largest file that is taken as a form."""
        if self.max_form_bytes is None:
            return self.max_upload_bytes
        return min(self.max_form_bytes, self.max_upload_bytes)


@dataclass(frozen=True, eq=False, repr=False)
class Platform:
    """Use cases and the few facts that the web layer needs."""

    access: Authenticator
    allowed_hosts: frozenset[str]
    """Host names under which an open platform answers; others are a rebinding attack."""
    limits: Limits
    health: HealthService
    uploads: UploadService
    transfers: SignedTransfers | None
    """None if the object store answers its signed URLs elsewhere."""
    datasets: DatasetService
    profiles: ProfileService
    planning: PlanningService
    idempotency: Idempotency
    jobs: JobService
    results: ResultService
    deployments: DeploymentService
    predictions: PredictionService
    comparisons: ComparisonService
    web_dir: Path | None
    """The web app's files; None where a CDN has them, or they were not built."""
    new_id: Callable[[], str]
    start: Callable[[], None]
    """Start what runs in the background; called once before the first request."""
    stop: Callable[[], None]
