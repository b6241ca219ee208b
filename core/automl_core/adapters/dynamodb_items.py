"""Records as items of the DynamoDB metadata store, and back.

An item carries the record's JSON in one attribute, and beside it what conditions, indexes
and filters look at. All of it is text, so nothing of a record depends on how DynamoDB
keeps numbers (38 digits, no NaN, no empty set).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from automl_core.adapters import dynamodb_keys as keys
from automl_core.adapters.search_text import dataset_text, job_text
from automl_core.errors import LimitExceededError
from automl_core.records import (
    Dataset,
    Deployment,
    IdempotencyKey,
    Job,
    ModelUse,
    OwnedRecord,
    utc_text,
)

#: An item in the form of the low-level client: ``{"name": {"S": "text"}}``.
Item = dict[str, dict[str, Any]]

#: Attribute with the record's JSON: text, or compressed bytes.
RECORD: Final = "record"

#: Attribute that tells one write from any other, see ``dynamodb_writes``.
WRITE_ID: Final = "write_id"

#: Documents above this are compressed: below it the space saved is not worth a console that
#: shows no text. Ten thousand column names are a megabyte of JSON and 60 kB compressed.
COMPRESS_ABOVE_BYTES: Final = 32 * 1024

#: DynamoDB's limit of an item, names of the attributes included.
MAX_ITEM_BYTES: Final = 400 * 1024

#: No number we write is longer on disk (38 digits, sign and exponent).
_NUMBER_BYTES: Final = 21
_CONTAINER_BYTES: Final = 3


def pack(document: str) -> dict[str, Any]:
    """Bring a JSON document to the form in which it is stored."""
    data = document.encode()
    if len(data) <= COMPRESS_ABOVE_BYTES:
        return {"S": document}
    return {"B": zlib.compress(data)}


def unpack(value: dict[str, Any]) -> str:
    """Read a stored JSON document."""
    if "S" in value:
        return str(value["S"])
    return zlib.decompress(value["B"]).decode()


def document_of(item: Item | None) -> str | None:
    """Return an item's JSON; None if there is no item, or it is a stub still."""
    return None if item is None or RECORD not in item else unpack(item[RECORD])


def is_of_write(item: Item | None, write_id: str) -> bool:
    """Tell whether an item bears the mark of one write."""
    return item is not None and item.get(WRITE_ID) == {"S": write_id}


def version_of(item: Item) -> int:
    """Version of a stored record."""
    return int(item["version"]["N"])


def item_bytes(item: Item) -> int:
    """Tell how large DynamoDB takes an item to be.

    >>> item_bytes({"pk": {"S": "job#1"}, "n": {"N": "7"}})
    29
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "B":
        return len(content)
    if kind == "L":
        return _CONTAINER_BYTES + sum(1 + _value_bytes(part) for part in content)
    return _NUMBER_BYTES if kind == "N" else 1


def require_fit(item: Item, word: str, record_id: str) -> Item:
    """Return an item that DynamoDB takes.

    Raises
    ------
    LimitExceededError
        If it is larger than an item may be.
    """
    n_bytes = item_bytes(item)
    if n_bytes <= MAX_ITEM_BYTES:
        return item
    raise LimitExceededError(
        f"The {word} {record_id!r} takes {n_bytes:,} bytes compressed; at most "
        f"{MAX_ITEM_BYTES:,} can be stored. Shorten its lists of columns, its notes or names."
    )


def texts(**values: str) -> Item:
    """Attributes that are text."""
    return {name: {"S": value} for name, value in values.items()}


def key_of(pk: str, sk: str) -> Item:
    """Primary key of an item of the jobs table."""
    return texts(pk=pk, sk=sk)


def _owned(record: OwnedRecord, record_id: str) -> Item:
    return {
        **texts(
            owner_key=keys.require_identifier("owner", record.owner_id),
            position=keys.position(record.created_at, record_id),
        ),
        "version": {"N": str(record.version)},
        RECORD: pack(record.model_dump_json()),
    }


def dataset_item(dataset: Dataset) -> Item:
    """Item of a data set."""
    dataset_id = keys.require_identifier("data set", dataset.dataset_id)
    item = {
        **_owned(dataset, dataset_id),
        **texts(dataset_id=dataset_id, status=dataset.status, search_text=dataset_text(dataset)),
    }
    return require_fit(item, "data set", dataset_id)


def job_item(job: Job) -> Item:
    """Item of a job, in every index that lists it."""
    job_id = keys.require_identifier("job", job.job_id)
    dataset_id = keys.require_identifier("data set", job.dataset_id)
    item = {
        **_owned(job, job_id),
        **key_of(keys.job_pk(job_id), keys.JOB),
        **texts(
            status=job.status,
            dataset_id=dataset_id,
            search_text=job_text(job),
            status_key=keys.status_key(job.owner_id, job.status),
            dataset_key=dataset_id,
            queue_key=job.status,
        ),
        "tags": {"L": [{"S": tag} for tag in _tags(job)]},
    }
    if job.is_deployed:
        # An item without an index's key is not in the index: it holds deployed jobs only.
        item |= texts(deployed_key=job.owner_id)
    return require_fit(item, "job", job_id)


def _tags(job: Job) -> list[str]:
    """A job's tags, each once; an empty one is in no list."""
    return [keys.require_identifier("tag", tag) for tag in dict.fromkeys(job.tags)]


def stub_items(job_id: str) -> list[Item]:
    """Items that are written with a job, for what its trainer and its model will report.

    They stand for "the job is there": whoever reports needs to look at no second item.
    """
    pk = keys.job_pk(job_id)
    return [
        {**key_of(pk, keys.PROGRESS), "attempt": {"N": "0"}},
        key_of(pk, keys.USE),
    ]


def tag_keys(job: Item) -> dict[str, Item]:
    """Primary keys of a stored job's tag items, by partition key."""
    owner, place = job["owner_key"]["S"], job["position"]["S"]
    pks = [keys.tag_pk(owner, tag["S"]) for tag in job["tags"]["L"]]
    return {pk: key_of(pk, place) for pk in pks}


def tag_item(key: Item, job_id: str) -> Item:
    """Item that puts a job under one of its tags."""
    return {**key, **texts(job_id=job_id)}


def deployment_items(deployment: Deployment, entry: int) -> tuple[Item, Item]:
    """Items of a journal's entry and of its identifier."""
    deployment_id = keys.require_identifier("deployment", deployment.deployment_id)
    journal = {
        **key_of(keys.job_pk(deployment.job_id), keys.deployment_sk(deployment_id)),
        **texts(position=keys.position(deployment.created_at, deployment_id)),
        # Entries of the same moment are told apart by their number.
        "entry": {"N": str(entry)},
        RECORD: pack(deployment.model_dump_json()),
    }
    identifier = {
        **key_of(keys.deployment_pk(deployment_id), keys.DEPLOYMENT),
        **texts(job_id=deployment.job_id),
    }
    return require_fit(journal, "deployment", deployment_id), identifier


def read_journal(items: Iterable[Item]) -> list[Deployment]:
    """Read a journal, newest entry first."""
    entries = [
        (Deployment.model_validate_json(unpack(item[RECORD])), int(item["entry"]["N"]))
        for item in items
    ]
    entries.sort(key=lambda pair: (pair[0].created_at, pair[1]), reverse=True)
    return [deployment for deployment, _ in entries]


def read_use(job_id: str, item: Item | None) -> ModelUse | None:
    """Read a model's use; None: never yet."""
    if item is None or "last_used_at" not in item:
        return None
    return ModelUse(
        job_id=job_id,
        last_used_at=datetime.fromisoformat(item["last_used_at"]["S"]),
        n_predictions=int(item["n_predictions"]["N"]),
    )


def idempotency_item(record: IdempotencyKey) -> Item:
    """Item of an idempotency key."""
    owner_id = keys.require_identifier("owner", record.owner_id)
    item = {
        **key_of(keys.key_pk(owner_id, record.key), keys.KEY),
        **texts(request_sha256=record.request_sha256, expires_at=utc_text(record.expires_at)),
        "is_answered": {"BOOL": record.status_code is not None},
        # DynamoDB removes the item up to days later; until then the code tells by expires_at.
        "ttl": {"N": str(math.ceil(record.expires_at.timestamp()))},
        RECORD: pack(record.model_dump_json()),
    }
    return require_fit(item, "idempotency key", record.key[:100])
