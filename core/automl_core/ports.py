"""Ports: what the platform needs of its surroundings. A port says what, an adapter says how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Generic, Literal, Protocol, TypeVar

from automl_core.records import (
    Dataset,
    Deployment,
    IdempotencyKey,
    Job,
    JobProgress,
    JobStatus,
    ModelUse,
    ReadOptions,
)

T = TypeVar("T")


@dataclass(frozen=True)
class ObjectStat:
    """What the store knows of an object without reading it."""

    key: str
    size_bytes: int
    etag: str
    content_type: str
    object_version: str | None = None


@dataclass(frozen=True)
class UploadTicket:
    """How a client may upload one object: a form to POST, or a URL to PUT to."""

    method: Literal["POST", "PUT"]
    url: str
    fields: dict[str, str]
    """Form fields of a POST, to be sent before ``file``; empty for PUT."""
    headers: dict[str, str]
    """Headers that a PUT must carry; empty for POST."""
    expires_in: int


class ObjectStore(Protocol):
    """Bytes under keys: data sets, model bundles, reports.

    Keys are made by :mod:`automl_core.layout`. Reading what is not there raises
    ``NotFoundError``; writing replaces, and a reader never sees half of an object.
    """

    def put(self, key: str, data: bytes) -> None:
        """Store bytes, replacing what was there."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """Store a file's bytes without holding them in memory."""
        ...

    def get(self, key: str) -> bytes:
        """Read an object whole."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open an object for streaming reads; the caller closes it."""
        ...

    def download(self, key: str, path: Path) -> None:
        """Write an object to a local file, atomically."""
        ...

    def stat(self, key: str) -> ObjectStat:
        """Tell size, ETag and content type."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under the key."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """Every key under a prefix, sorted."""
        ...

    def delete(self, key: str) -> None:
        """Delete one object; deleting what is not there is no error."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix ending in ``/``; tell how many there were."""
        ...

    def upload_form(
        self, key: str, *, content_type: str, max_bytes: int, expires_in: int, min_bytes: int = 1
    ) -> UploadTicket:
        """Sign a form POST: exact key, exact content type, size range, expiry."""
        ...

    def upload_url(
        self, key: str, *, content_type: str, size_bytes: int, expires_in: int
    ) -> UploadTicket:
        """Sign a PUT of exactly ``size_bytes`` bytes of one content type."""
        ...

    def download_url(self, key: str, *, filename: str, expires_in: int) -> str:
        """Sign a GET that is answered as an attachment of that name."""
        ...

    def ping(self) -> None:
        """Raise ``PlatformError`` if the store cannot be written and read."""
        ...


@dataclass(frozen=True)
class Position:
    """Where a page of a list ended: the sort key of its last record."""

    created_at: datetime
    record_id: str


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list shows; None matches all."""

    status: JobStatus | None = None
    dataset_id: str | None = None
    tag: str | None = None
    text: str | None = None
    """Case-insensitive part of the data set's name, target, notes or identifier."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page, newest first; ``next`` is None on the last one."""

    items: list[T] = field(default_factory=list)
    next: Position | None = None


class MetadataStore(Protocol):
    """Records. Adding an identifier twice raises ``ConflictError``; what is not there,
    ``NotFoundError``; an update of a version that is no longer the present one,
    ``StaleRecordError``. ``update_*`` returns the record as stored, its version one higher.

    A page of a list may be short, even empty, and still name a ``next``: a store may stop
    after having looked at a bounded number of records. Only a page without one is the last.
    """

    def add_dataset(self, dataset: Dataset) -> None: ...

    def get_dataset(self, dataset_id: str) -> Dataset: ...

    def update_dataset(self, dataset: Dataset) -> Dataset: ...

    def list_datasets(
        self, owner_id: str, *, limit: int, after: Position | None = None, text: str | None = None
    ) -> Page[Dataset]:
        """Newest first; ``text`` is a case-insensitive part of the file's name."""
        ...

    def delete_dataset(self, dataset_id: str) -> None:
        """Forget the record; deleting what is not there is no error."""
        ...

    def add_job(self, job: Job) -> None: ...

    def get_job(self, job_id: str) -> Job: ...

    def update_job(self, job: Job) -> Job: ...

    def list_jobs(
        self,
        owner_id: str,
        *,
        limit: int,
        after: Position | None = None,
        where: JobFilter = JobFilter(),
    ) -> Page[Job]:
        """Newest first."""
        ...

    def jobs_with_status(self, statuses: Iterable[JobStatus], *, limit: int = 1000) -> list[Job]:
        """Jobs of all owners, oldest first: the queue, and what a sweep looks at."""
        ...

    def count_jobs(
        self,
        statuses: Iterable[JobStatus],
        *,
        owner_id: str | None = None,
        dataset_id: str | None = None,
    ) -> int: ...

    def delete_job(self, job_id: str) -> None:
        """Forget job, progress, deployments and use; deleting twice is no error."""
        ...

    def put_progress(self, progress: JobProgress) -> bool:
        """Keep the progress unless a later attempt's is stored; tell whether it was kept."""
        ...

    def get_progress(self, job_id: str) -> JobProgress | None: ...

    def add_deployment(self, deployment: Deployment) -> None:
        """Append to the journal."""
        ...

    def deployments(self, job_id: str) -> list[Deployment]:
        """The journal of one job, newest first."""
        ...

    def list_deployed(
        self, owner_id: str, *, limit: int, after: Position | None = None
    ) -> Page[Job]:
        """Jobs whose model is deployed, newest job first."""
        ...

    def note_use(self, job_id: str, *, at: datetime, n_predictions: int) -> None:
        """Add to a model's count of predictions."""
        ...

    def get_use(self, job_id: str) -> ModelUse | None: ...

    def reserve_key(self, record: IdempotencyKey, *, now: datetime) -> IdempotencyKey | None:
        """Keep an idempotency key if it is new or the stored one has expired; else return
        the stored one. Atomic: of many callers exactly one gets None."""
        ...

    def finish_key(self, record: IdempotencyKey) -> None:
        """Store the answer under a reserved key."""
        ...

    def release_key(self, owner_id: str, key: str) -> None:
        """Forget a reserved key whose request failed."""
        ...

    def ping(self) -> None:
        """Raise ``PlatformError`` if the store does not answer."""
        ...


class JobRunner(Protocol):
    """Runs trainers, and reads uploads that are too large for a request.

    The queue itself is the metadata store's pending jobs: what cannot be handed over at
    the moment is found there later, so handing over fails for no job.
    """

    def submit(self, job: Job) -> None:
        """Have a pending job run as soon as there is room; returns at once."""
        ...

    def cancel(self, job: Job) -> None:
        """Stop the job's trainer, if it has one; returns at once."""
        ...

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None:
        """Have a data set that is ``profiling`` read and kept; returns at once.

        Raises
        ------
        PlatformError
            If nobody will read it.
        """
        ...

    def is_reading(self, dataset: Dataset) -> bool:
        """Tell whether a ``profiling`` data set, at this version, is still to be read."""
        ...

    def ping(self) -> None:
        """Raise ``PlatformError`` if no job would be run."""
        ...
