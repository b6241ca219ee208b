"""Writes of a job that change several items: what goes into one transaction.

A job is one item, with a stub each for its progress and its use, an item for each of its
tags, and its journal. What must not outlive it, or be seen without it, changes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from automl_core.adapters import dynamodb_items as items
from automl_core.adapters import dynamodb_keys as keys
from automl_core.adapters.dynamodb_items import Item, key_of
from automl_core.adapters.dynamodb_tables import POSITION
from automl_core.adapters.dynamodb_writes import (
    MAX_TRANSACTION_WRITES,
    Condition,
    check,
    delete,
    marked,
    new_write_id,
    put,
)
from automl_core.records import Deployment, Job, utc_text

Parts = list[dict[str, Any]]

IS_NEW_DATASET: Final = Condition("attribute_not_exists(#dataset_id)")
IS_NEW: Final = Condition("attribute_not_exists(#pk)")
IS_THERE: Final = Condition("attribute_exists(#pk)")


def is_at(version: int) -> Condition:
    """Demand that a record is still at the version it was read at."""
    return Condition("#version = :version", {":version": {"N": str(version)}})


def tags_stay(item: Item, version: int) -> Condition:
    """Demand that a job is at a version, and that its tag items need no change.

    They are derived from these attributes; while those stay, one write does it all.
    """
    return Condition(
        "#version = :version AND #tags = :tags AND #position = :position AND #owner_key = :owner",
        {
            ":version": {"N": str(version)},
            ":tags": item["tags"],
            ":position": item[POSITION],
            ":owner": item["owner_key"],
        },
    )


def adding_job(table: str, job: Job) -> Parts:
    """Add a job that is not there, with its stubs and its tags' items."""
    item = marked(items.job_item(job), new_write_id())
    others = [
        *items.stub_items(job.job_id),
        *(items.tag_item(key, job.job_id) for key in items.tag_keys(item).values()),
    ]
    # Only the job is conditional: whatever an unfinished deletion left goes with this.
    return [put(table, item, IS_NEW), *(put(table, other) for other in others)]


def retagging_job(table: str, present: Item, item: Item, version: int) -> Parts:
    """Write a job and bring its tag items to what it says.

    Parameters
    ----------
    table : str
        Name of the jobs table.
    present : dict
        The job's item as it is stored at ``version``.
    item : dict
        The one to put in its place.
    version : int
        Version that the stored job must have.
    """
    job_id = keys.read_position(item[POSITION]["S"]).record_id
    before, after = items.tag_keys(present), items.tag_keys(item)
    gone = [key for pk, key in before.items() if after.get(pk) != key]
    new = [key for pk, key in after.items() if before.get(pk) != key]
    return [
        put(table, marked(item, new_write_id()), is_at(version)),
        *(delete(table, key) for key in gone),
        *(put(table, items.tag_item(key, job_id)) for key in new),
    ]


def adding_deployment(table: str, deployment: Deployment, entry: int) -> Parts:
    """Append an entry with a number of its own to the journal of a job that is there."""
    journal, identifier = items.deployment_items(deployment, entry)
    return [
        put(table, marked(journal, new_write_id()), IS_NEW),
        put(table, identifier, IS_NEW),
        check(table, key_of(keys.job_pk(deployment.job_id), keys.JOB), IS_THERE),
    ]


def deleting_journal(table: str, job_id: str, sort_keys: Iterable[str]) -> Iterator[Parts]:
    """Delete the journal among a job's items, in transactions as large as they may be."""
    begin = keys.deployment_sk("")
    parts: Parts = []
    for sk in sort_keys:
        if sk.startswith(begin):
            identifier = keys.deployment_pk(sk.removeprefix(begin))
            parts.append(delete(table, key_of(keys.job_pk(job_id), sk)))
            parts.append(delete(table, key_of(identifier, keys.DEPLOYMENT)))
    for start in range(0, len(parts), MAX_TRANSACTION_WRITES):
        yield parts[start : start + MAX_TRANSACTION_WRITES]


def deleting_job(table: str, job_id: str, job: Item | None) -> Parts:
    """Delete a job's stubs, and the job with its tag items if it is there still.

    The tags that were read are the job's as long as its version is: at another one, the
    transaction is refused.
    """
    pk = keys.job_pk(job_id)
    parts = [delete(table, key_of(pk, sk)) for sk in (keys.PROGRESS, keys.USE)]
    if job is not None:
        parts.append(delete(table, key_of(pk, keys.JOB), is_at(items.version_of(job))))
        parts += [delete(table, key) for key in items.tag_keys(job).values()]
    return parts


def counting_use(
    n_predictions: int, at: datetime, write_id: str
) -> tuple[tuple[str, Condition], tuple[str, Condition]]:
    """Count predictions, once for each write: changes to try one after the other.

    The first notes the moment too and demands that it is the latest, which only the stored
    item knows; the second leaves the later moment that is stored.
    """
    values = {":n": {"N": str(n_predictions)}, ":id": {"S": write_id}}
    once = "attribute_exists(#pk) AND (attribute_not_exists(#write_id) OR #write_id <> :id)"
    latest = f"{once} AND (attribute_not_exists(#last_used_at) OR #last_used_at <= :at)"
    return (
        (
            "SET #write_id = :id, #last_used_at = :at ADD #n_predictions :n",
            Condition(latest, {**values, ":at": {"S": utc_text(at)}}),
        ),
        ("SET #write_id = :id ADD #n_predictions :n", Condition(once, values)),
    )
