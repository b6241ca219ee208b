"""Tables of the DynamoDB metadata store, as CreateTable takes them.

Terraform makes the tables of a real home; tests, benchmarks and a comparison with the
Terraform use these definitions.
"""

from __future__ import annotations

from typing import Any, Final

#: Attribute by which DynamoDB removes expired items some time after their end (epoch s).
TTL_ATTRIBUTE: Final = "ttl"

#: Sort key of every index: time of creation, then identifier.
POSITION: Final = "position"

#: Indexes of the jobs table that hold whole records, with their partition keys.
JOB_INDEXES: Final = {
    "by_owner": "owner_key",
    "by_status": "status_key",
    "by_dataset": "dataset_key",
    "by_deployed": "deployed_key",
    "by_queue": "queue_key",
}

#: What a search in one owner's jobs looks at: a few hundred bytes a job.
JOB_TEXT_ATTRIBUTES: Final = ("search_text", "tags", "status", "dataset_id")


def table_definitions(datasets_table: str, jobs_table: str) -> list[dict[str, Any]]:
    """Define both tables with their indexes.

    Parameters
    ----------
    datasets_table, jobs_table : str
        Names of the tables.

    Returns
    -------
    list of dict
        Arguments of CreateTable. The time to live of the jobs table is switched on
        afterwards (UpdateTimeToLive, attribute ``TTL_ATTRIBUTE``).
    """
    return [
        _table(
            datasets_table,
            ["dataset_id"],
            [_index("by_owner", "owner_key"), _index("by_text", "owner_key", ("search_text",))],
        ),
        _table(
            jobs_table,
            ["pk", "sk"],
            [
                *(_index(name, key) for name, key in JOB_INDEXES.items()),
                _index("by_text", "owner_key", JOB_TEXT_ATTRIBUTES),
            ],
        ),
    ]


def _table(name: str, key: list[str], indexes: list[dict[str, Any]]) -> dict[str, Any]:
    schemas = [_schema(key), *(index["KeySchema"] for index in indexes)]
    attributes = dict.fromkeys(part["AttributeName"] for schema in schemas for part in schema)
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes
        ],
        "KeySchema": schemas[0],
        "GlobalSecondaryIndexes": indexes,
    }


def _schema(key: list[str]) -> list[dict[str, str]]:
    return [
        {"AttributeName": attribute, "KeyType": kind}
        for attribute, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]


def _index(name: str, key: str, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": "ALL"}
    if attributes:
        projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(attributes)}
    return {"IndexName": name, "KeySchema": _schema([key, POSITION]), "Projection": projection}
