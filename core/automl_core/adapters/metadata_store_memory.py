"""Metadata store in memory, for tests: what the SQL store does, without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import RLock
from typing import TypeVar

from automl_core.adapters.search_text import dataset_text, fold, job_text
from automl_core.adapters.stored_records import missing_record, stale_record, taken_record
from automl_core.ports import JobFilter, Page, Position
from automl_core.records import (
    Dataset,
    Deployment,
    IdempotencyKey,
    Job,
    JobProgress,
    JobStatus,
    ModelUse,
    OwnedRecord,
)

R = TypeVar("R", bound=OwnedRecord)

_EVERY_JOB = JobFilter()


class MemoryMetadataStore:
    """Records in dictionaries behind one lock; gone with the process.

    What is handed out is a copy that went through JSON, as from every other store: a list
    inside a record that somebody changes, or a number that JSON cannot keep, behaves alike.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._datasets: dict[str, Dataset] = {}
        self._jobs: dict[str, Job] = {}
        self._progress: dict[str, JobProgress] = {}
        self._journal: dict[str, list[Deployment]] = {}
        self._use: dict[str, ModelUse] = {}
        self._keys: dict[tuple[str, str], IdempotencyKey] = {}

    # -- Data sets --------------------------------------------------------------------

    def add_dataset(self, dataset: Dataset) -> None:
        """Keep a new data set."""
        with self._lock:
            _add(self._datasets, dataset.dataset_id, dataset, "data set")

    def get_dataset(self, dataset_id: str) -> Dataset:
        """Read one data set."""
        return _copy(_get(self._datasets, dataset_id, "data set"))

    def update_dataset(self, dataset: Dataset) -> Dataset:
        """Replace a data set that is still at the version it was read at."""
        with self._lock:
            return _replace(self._datasets, dataset.dataset_id, dataset, "data set")

    def list_datasets(
        self, owner_id: str, *, limit: int, after: Position | None = None, text: str | None = None
    ) -> Page[Dataset]:
        """Newest first; ``text`` is a case-insensitive part of the file's name."""
        wanted = fold(text or "")
        with self._lock:
            found = {
                key: dataset
                for key, dataset in self._datasets.items()
                if dataset.owner_id == owner_id and wanted in dataset_text(dataset)
            }
        return _page(found, limit, after)

    def delete_dataset(self, dataset_id: str) -> None:
        """Forget the record; deleting what is not there is no error."""
        with self._lock:
            self._datasets.pop(dataset_id, None)

    # -- Jobs -------------------------------------------------------------------------

    def add_job(self, job: Job) -> None:
        """Keep a new job."""
        with self._lock:
            _add(self._jobs, job.job_id, job, "job")

    def get_job(self, job_id: str) -> Job:
        """Read one job."""
        return _copy(_get(self._jobs, job_id, "job"))

    def update_job(self, job: Job) -> Job:
        """Replace a job that is still at the version it was read at."""
        with self._lock:
            return _replace(self._jobs, job.job_id, job, "job")

    def list_jobs(
        self,
        owner_id: str,
        *,
        limit: int,
        after: Position | None = None,
        where: JobFilter = _EVERY_JOB,
    ) -> Page[Job]:
        """Newest first."""
        wanted = fold(where.text or "")
        return self._job_page(
            lambda job: (
                job.owner_id == owner_id
                and where.status in (None, job.status)
                and where.dataset_id in (None, job.dataset_id)
                and (where.tag is None or where.tag in job.tags)
                and wanted in job_text(job)
            ),
            limit,
            after,
        )

    def _job_page(
        self, is_wanted: Callable[[Job], bool], limit: int, after: Position | None
    ) -> Page[Job]:
        with self._lock:
            found = {key: job for key, job in self._jobs.items() if is_wanted(job)}
        return _page(found, limit, after)

    def jobs_with_status(self, statuses: Iterable[JobStatus], *, limit: int = 1000) -> list[Job]:
        """Jobs of all owners, oldest first."""
        wanted = frozenset(statuses)
        with self._lock:
            found = [job for job in self._jobs.values() if job.status in wanted]
        found.sort(key=lambda job: (job.created_at, job.job_id))
        return [_copy(job) for job in found[:limit]]

    def count_jobs(
        self,
        statuses: Iterable[JobStatus],
        *,
        owner_id: str | None = None,
        dataset_id: str | None = None,
    ) -> int:
        """Count jobs that have one of the statuses."""
        wanted = frozenset(statuses)
        with self._lock:
            return sum(
                job.status in wanted
                and owner_id in (None, job.owner_id)
                and dataset_id in (None, job.dataset_id)
                for job in self._jobs.values()
            )

    def delete_job(self, job_id: str) -> None:
        """Forget the job with its progress, journal and use."""
        with self._lock:
            self._jobs.pop(job_id, None)
            self._progress.pop(job_id, None)
            self._journal.pop(job_id, None)
            self._use.pop(job_id, None)

    # -- Progress ---------------------------------------------------------------------

    def put_progress(self, progress: JobProgress) -> bool:
        """Keep the progress unless a later attempt's is stored or the job is gone."""
        with self._lock:
            stored = self._progress.get(progress.job_id)
            is_late = stored is not None and stored.attempt > progress.attempt
            if is_late or progress.job_id not in self._jobs:
                return False
            self._progress[progress.job_id] = progress
            return True

    def get_progress(self, job_id: str) -> JobProgress | None:
        """Read the latest progress, if there is any."""
        return self._progress.get(job_id)

    # -- Deployments ------------------------------------------------------------------

    def add_deployment(self, deployment: Deployment) -> None:
        """Append to the journal."""
        with self._lock:
            _get(self._jobs, deployment.job_id, "job")
            known = {entry.deployment_id for journal in self._journal.values() for entry in journal}
            if deployment.deployment_id in known:
                raise taken_record("deployment", deployment.deployment_id)
            self._journal.setdefault(deployment.job_id, []).append(deployment)

    def deployments(self, job_id: str) -> list[Deployment]:
        """The journal of one job, newest first."""
        with self._lock:
            entries = list(reversed(self._journal.get(job_id, [])))
        # Sorting keeps the order of what bears the same time.
        return sorted(entries, key=lambda entry: entry.created_at, reverse=True)

    def list_deployed(
        self, owner_id: str, *, limit: int, after: Position | None = None
    ) -> Page[Job]:
        """Jobs whose model is deployed, newest job first."""
        return self._job_page(
            lambda job: job.owner_id == owner_id and job.is_deployed, limit, after
        )

    def note_use(self, job_id: str, *, at: datetime, n_predictions: int) -> None:
        """Add to a model's count of predictions."""
        with self._lock:
            _get(self._jobs, job_id, "job")
            before = self._use.get(job_id)
            self._use[job_id] = ModelUse(
                job_id=job_id,
                last_used_at=max(at, before.last_used_at) if before else at,
                n_predictions=n_predictions + (before.n_predictions if before else 0),
            )

    def get_use(self, job_id: str) -> ModelUse | None:
        """Tell when a model last answered, if it ever did."""
        return self._use.get(job_id)

    # -- Idempotency ------------------------------------------------------------------

    def reserve_key(self, record: IdempotencyKey, *, now: datetime) -> IdempotencyKey | None:
        """Keep an idempotency key if it is new or the stored one has expired; else return
        the stored one."""
        slot = (record.owner_id, record.key)
        with self._lock:
            stored = self._keys.get(slot)
            if stored is not None and stored.expires_at > now:
                return stored
            self._keys[slot] = record
            return None

    def finish_key(self, record: IdempotencyKey) -> None:
        """Store the answer under a reserved key, unless it is another request's by now."""
        slot = (record.owner_id, record.key)
        with self._lock:
            stored = self._keys.get(slot)
            if (
                stored is not None
                and stored.status_code is None
                and stored.request_sha256 == record.request_sha256
            ):
                self._keys[slot] = record

    def release_key(self, owner_id: str, key: str) -> None:
        """Forget a reserved key whose request failed; an answered one is kept."""
        slot = (owner_id, key)
        with self._lock:
            stored = self._keys.get(slot)
            if stored is not None and stored.status_code is None:
                del self._keys[slot]

    # -- Health -----------------------------------------------------------------------

    def ping(self) -> None:
        """Memory always answers."""


def _copy(record: R) -> R:
    return record.model_validate_json(record.model_dump_json())


def _get(kept: dict[str, R], key: str, word: str) -> R:
    found = kept.get(key)
    if found is None:
        raise missing_record(word, key)
    return found


def _add(kept: dict[str, R], key: str, record: R, word: str) -> None:
    if key in kept:
        raise taken_record(word, key)
    kept[key] = _copy(record)


def _replace(kept: dict[str, R], key: str, record: R, word: str) -> R:
    present = _get(kept, key, word).version
    if present != record.version:
        raise stale_record(word, key, read_at=record.version, present=present)
    kept[key] = _copy(record.model_copy(update={"version": present + 1}))
    return _copy(kept[key])


def _page(found: dict[str, R], limit: int, after: Position | None) -> Page[R]:
    rows = sorted(((record.created_at, key, record) for key, record in found.items()), reverse=True)
    if after is not None:
        rows = [row for row in rows if row[:2] < (after.created_at, after.record_id)]
    items = [_copy(record) for _, _, record in rows[:limit]]
    if len(rows) <= limit:
        return Page(items)
    created_at, key, _ = rows[limit - 1]
    return Page(items, Position(created_at, key))
