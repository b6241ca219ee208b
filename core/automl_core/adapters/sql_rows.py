"""Records as rows of the SQL metadata store: the columns that queries look at."""

from __future__ import annotations

import hashlib

from automl_core.adapters.search_text import dataset_text, job_text
from automl_core.records import Dataset, Deployment, IdempotencyKey, Job, OwnedRecord, utc_text

Row = dict[str, object]


def _owned(record: OwnedRecord) -> Row:
    return {
        "owner_id": record.owner_id,
        "created_at": utc_text(record.created_at),
        "version": record.version,
        "document": record.model_dump_json(),
    }


def dataset_row(dataset: Dataset) -> Row:
    """Row of a data set."""
    return {
        **_owned(dataset),
        "dataset_id": dataset.dataset_id,
        "search_text": dataset_text(dataset),
    }


def job_row(job: Job) -> Row:
    """Row of a job, without its tags."""
    return {
        **_owned(job),
        "job_id": job.job_id,
        "dataset_id": job.dataset_id,
        "status": job.status,
        "is_deployed": job.is_deployed,
        "search_text": job_text(job),
    }


def tag_rows(job: Job) -> list[Row]:
    """Rows of a job's tags, each once."""
    return [{"job_id": job.job_id, "tag": tag} for tag in dict.fromkeys(job.tags)]


def deployment_row(deployment: Deployment) -> Row:
    """Row of an entry of the journal."""
    return {
        "deployment_id": deployment.deployment_id,
        "job_id": deployment.job_id,
        "created_at": utc_text(deployment.created_at),
        "document": deployment.model_dump_json(),
    }


def key_row(record: IdempotencyKey) -> Row:
    """Row of an idempotency key."""
    return {
        "slot": key_slot(record.owner_id, record.key),
        "request_sha256": record.request_sha256,
        "is_answered": record.status_code is not None,
        "expires_at": utc_text(record.expires_at),
        "document": record.model_dump_json(),
    }


def key_slot(owner_id: str, key: str) -> str:
    """Primary key of an owner's idempotency key, whatever it holds and however long it is."""
    text = f"{len(owner_id)}:{owner_id}:{key}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
