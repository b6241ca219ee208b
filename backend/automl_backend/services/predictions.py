"""Predictions of deployed models: the core's serving, on jobs of the metadata store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from automl_backend.services.access import Caller
from automl_core.bundle.loaded import LoadedModels
from automl_core.bundle.serving import Serving
from automl_core.errors import NotFoundError
from automl_core.ports import MetadataStore
from automl_core.records import Job


@dataclass(frozen=True)
class StoredJobs:
    """Jobs as prediction sees them, read each time: a withdrawal acts at once."""

    metadata: MetadataStore
    now: Callable[[], datetime]

    def find(self, job_id: str) -> Job | None:
        """Read a job; None: there is none."""
        try:
            return self.metadata.get_job(job_id)
        except NotFoundError:
            return None

    def note_use(self, job_id: str, n_predictions: int) -> None:
        """Count predictions as they are made."""
        self.metadata.note_use(job_id, at=self.now(), n_predictions=n_predictions)


@dataclass(frozen=True, eq=False, repr=False)
class PredictionService:
    """Answers predictions on behalf of a caller."""

    metadata: MetadataStore
    models: LoadedModels
    max_rows: int
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def predict(
        self,
        caller: Caller,
        job_id: str,
        body: bytes,
        content_type: str | None,
        *,
        explain: bool = False,
    ) -> str:
        """Answer a request's body, as JSON; see :meth:`Serving.predict`."""
        return self._serving.predict(caller.owner_id, job_id, body, content_type, explain=explain)

    def info(self, caller: Caller, job_id: str) -> str:
        """Describe the fields of a deployed model, as JSON."""
        return self._serving.info(caller.owner_id, job_id)

    @property
    def _serving(self) -> Serving:
        jobs = StoredJobs(self.metadata, self.now)
        return Serving(jobs, self.models, self.max_rows, self.monotonic)
