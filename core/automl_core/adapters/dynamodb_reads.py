"""Reading from DynamoDB: one item, one page, many items by key."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from automl_core.adapters.aws_clients import aws_errors
from automl_core.adapters.dynamodb_items import Item
from automl_core.adapters.dynamodb_writes import Sleep, names_in, pauses
from automl_core.errors import PlatformError

#: DynamoDB's limit of one BatchGetItem.
MAX_BATCH_KEYS: Final = 100


@dataclass(frozen=True)
class Search:
    """One Query: which partition, from where on, what of it, how much.

    ``#names`` and ``:values`` as in :class:`~automl_core.adapters.dynamodb_writes.Condition`.
    """

    table: str
    hash_name: str
    hash_value: str
    index: str | None = None
    range_name: str = "position"
    before: str | None = None
    """Only sort keys below this one."""
    begins_with: str | None = None
    """Only sort keys that begin so."""
    filter: str | None = None
    """Applied after reading: what it leaves out is paid for, but not sent."""
    values: Item = field(default_factory=dict)
    attributes: Sequence[str] = ()
    """What to bring of each item; empty: everything the index holds."""
    limit: int | None = None
    is_newest_first: bool = True
    is_consistent: bool = False

    def arguments(self) -> dict[str, Any]:
        """Arguments of the Query."""
        condition = f"#{self.hash_name} = :hash"
        values: Item = {":hash": {"S": self.hash_value}, **self.values}
        if self.before is not None:
            condition += f" AND #{self.range_name} < :before"
            values[":before"] = {"S": self.before}
        if self.begins_with is not None:
            condition += f" AND begins_with(#{self.range_name}, :begin)"
            values[":begin"] = {"S": self.begins_with}
        wanted = ", ".join(f"#{name}" for name in self.attributes)
        given = {
            "IndexName": self.index,
            "FilterExpression": self.filter,
            "ProjectionExpression": wanted or None,
            "Limit": self.limit,
        }
        return {
            "TableName": self.table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names_in(condition, self.filter or "", wanted),
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not self.is_newest_first,
            "ConsistentRead": self.is_consistent,
            **{name: value for name, value in given.items() if value is not None},
        }


@dataclass(frozen=True)
class Answer:
    """What one Query brought."""

    items: list[Item]
    last_key: Item | None
    """Key of the last item looked at, if DynamoDB stopped before the partition's end."""


class Reader:
    """Reads through a client.

    Parameters
    ----------
    client : botocore.client.BaseClient
        Client of DynamoDB.
    sleep : callable
        Waits some seconds.
    """

    def __init__(self, client: Any, sleep: Sleep = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def get(self, table: str, key: Item, *attributes: str) -> Item | None:
        """Read one item as it is now, or None."""
        wanted = ", ".join(f"#{name}" for name in attributes)
        options: dict[str, Any] = {}
        if wanted:
            options = {"ProjectionExpression": wanted, "ExpressionAttributeNames": names_in(wanted)}
        with aws_errors():
            answer = self._client.get_item(TableName=table, Key=key, ConsistentRead=True, **options)
        item: Item | None = answer.get("Item")
        return item

    def query(self, search: Search) -> Answer:
        """Send one Query."""
        return self._send(search.arguments())

    def query_all(self, search: Search) -> Iterator[Item]:
        """Read a partition to its end, megabyte by megabyte."""
        arguments = search.arguments()
        while True:
            answer = self._send(arguments)
            yield from answer.items
            if answer.last_key is None:
                return
            arguments["ExclusiveStartKey"] = answer.last_key

    def _send(self, arguments: dict[str, Any]) -> Answer:
        with aws_errors():
            answer = self._client.query(**arguments)
        return Answer(answer["Items"], answer.get("LastEvaluatedKey"))

    def get_many(
        self, table: str, keys: Iterable[Item], *attributes: str, is_consistent: bool = False
    ) -> list[Item]:
        """Read items by key, in no order; what is not there is left out."""
        waiting = list(keys)
        found: list[Item] = []
        while waiting:
            chunk, waiting = waiting[:MAX_BATCH_KEYS], waiting[MAX_BATCH_KEYS:]
            found += self._get_batch(table, chunk, attributes, is_consistent=is_consistent)
        return found

    def _get_batch(
        self, table: str, keys: list[Item], attributes: Sequence[str], *, is_consistent: bool
    ) -> list[Item]:
        wanted = ", ".join(f"#{name}" for name in attributes)
        request = {
            "Keys": keys,
            "ProjectionExpression": wanted,
            "ExpressionAttributeNames": names_in(wanted),
            "ConsistentRead": is_consistent,
        }
        found: list[Item] = []
        for pause_s in pauses():
            with aws_errors():
                answer = self._client.batch_get_item(RequestItems={table: request})
            found += answer["Responses"].get(table, [])
            # More than 16 MB, or more than the table serves at the moment.
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys")
            if not left:
                return found
            request = request | {"Keys": left}
            self._sleep(pause_s)
        raise PlatformError(
            "AWS did not hand out all records of a page; try again in a few seconds."
        )
