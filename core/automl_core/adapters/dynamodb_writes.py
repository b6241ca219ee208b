"""Conditional writes to DynamoDB, and what became of them.

Two things are easily got wrong, so they are done here and nowhere else:

*An answer that was lost.* The SDK sends a request again when its answer does not come. If
the first one had been carried out, the second one fails its own condition, because of what
the first one wrote. Every write therefore leaves a ``write_id`` in its item, made anew for
each call of the store: a refusal that shows our own is no refusal.

*A transaction in the way.* DynamoDB refuses a write while another transaction holds one of
its items, and the SDK does not try again. Nothing was decided then, so the write is sent
again after a moment.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from automl_core.adapters.aws_clients import aws_errors
from automl_core.adapters.dynamodb_items import WRITE_ID, Item, is_of_write
from automl_core.errors import PlatformError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

T = TypeVar("T")
Sleep = Callable[[float], None]

#: Transactions last milliseconds; whoever is still in the way after these tries (2 s in
#: all) is no single transaction.
MAX_TRIES: Final = 8
_FIRST_PAUSE_S: Final = 0.01

#: DynamoDB's limit of a transaction.
MAX_TRANSACTION_WRITES: Final = 100

_REFUSED: Final = "ConditionalCheckFailed"
_IN_THE_WAY: Final = "TransactionConflict"


@dataclass(frozen=True)
class Condition:
    """What must hold of the stored item, with names and values written in full.

    Names stand as ``#name``: many of ours (status, record, position, ttl) are words that
    DynamoDB keeps for itself.
    """

    text: str
    values: Item = field(default_factory=dict)

    def arguments(self, *other_texts: str) -> dict[str, Any]:
        """Arguments of a request, for the names used here and in its other expressions."""
        arguments: dict[str, Any] = {
            "ConditionExpression": self.text,
            "ExpressionAttributeNames": names_in(self.text, *other_texts),
            # The stored item comes back with the refusal: nothing else need be asked.
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return arguments | ({"ExpressionAttributeValues": self.values} if self.values else {})


def names_in(*expressions: str) -> dict[str, str]:
    """Say what the ``#names`` of expressions stand for.

    >>> names_in("#pk = :a AND begins_with(#sk, :b)")
    {'#pk': 'pk', '#sk': 'sk'}
    """
    words = " ".join(expressions).replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {word: word[1:] for word in words if word.startswith("#")}


@dataclass(frozen=True)
class Outcome:
    """Whether a write was carried out, and what stood in its way if not."""

    is_written: bool
    stored: Item | None = None
    """The item whose condition did not hold; None if there is none."""
    part: int = 0
    """Which write of a transaction was refused."""


def new_write_id() -> str:
    """Make the mark of one write."""
    return uuid.uuid4().hex


def marked(item: Item, write_id: str) -> Item:
    """Return an item with the mark of the write that stores it."""
    return {**item, WRITE_ID: {"S": write_id}}


def put(table: str, item: Item, condition: Condition | None = None) -> dict[str, Any]:
    """Part of a transaction that puts an item."""
    arguments = {} if condition is None else condition.arguments()
    return {"Put": {"TableName": table, "Item": item, **arguments}}


def delete(table: str, key: Item, condition: Condition | None = None) -> dict[str, Any]:
    """Part of a transaction that deletes an item."""
    arguments = {} if condition is None else condition.arguments()
    return {"Delete": {"TableName": table, "Key": key, **arguments}}


def check(table: str, key: Item, condition: Condition) -> dict[str, Any]:
    """Part of a transaction that only demands something of an item."""
    return {"ConditionCheck": {"TableName": table, "Key": key, **condition.arguments()}}


class Writer:
    """Sends writes through a client until they are decided.

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

    def put(self, table: str, item: Item, condition: Condition) -> Outcome:
        """Store an item if the condition holds of what is stored."""
        write_id = new_write_id()
        request = put(table, marked(item, write_id), condition)["Put"]
        refusal = self._decide(lambda: self._client.put_item(**request))
        if refusal is None or is_of_write(refusal.stored, write_id):
            return Outcome(is_written=True)
        return refusal

    def update(
        self, table: str, key: Item, change: str, condition: Condition, **options: str
    ) -> tuple[Outcome, Item]:
        """Change an item if the condition holds of it; returns what was asked back too."""
        request = {"TableName": table, "Key": key, "UpdateExpression": change, **options}
        request |= condition.arguments(change)
        answer: list[Item] = []

        def send() -> None:
            answer.append(self._client.update_item(**request).get("Attributes", {}))

        refusal = self._decide(send)
        return (Outcome(is_written=True), answer[0]) if refusal is None else (refusal, {})

    def delete(self, table: str, key: Item, condition: Condition | None = None) -> Outcome:
        """Delete an item if the condition holds of it."""
        request = delete(table, key, condition)["Delete"]
        refusal = self._decide(lambda: self._client.delete_item(**request))
        return refusal or Outcome(is_written=True)

    def transact(self, parts: Sequence[dict[str, Any]]) -> Outcome:
        """Carry out writes all together or not at all.

        A refused put whose mark is stored already was carried out by an earlier request
        of this call, and all the others with it.
        """

        def send() -> None:
            # One token a try: the SDK's own repetitions of a try are recognised by it.
            self._client.transact_write_items(
                TransactItems=list(parts), ClientRequestToken=new_write_id()
            )

        refusal = self._decide(send)
        if refusal is None:
            return Outcome(is_written=True)
        ours = parts[refusal.part].get("Put", {}).get("Item", {}).get(WRITE_ID)
        if ours is not None and is_of_write(refusal.stored, ours["S"]):
            return Outcome(is_written=True)
        return refusal

    def _decide(self, send: Callable[[], object]) -> Outcome | None:
        """Send a write until it is carried out (None) or refused."""
        # Not at the head of the module: a process without AWS never loads the SDK.
        from botocore.exceptions import ClientError

        for pause_s in pauses():
            try:
                with aws_errors():
                    send()
            except ClientError as error:
                refusal = _refusal(error)
                if refusal is not None:
                    return refusal
                if not _is_in_the_way(error):
                    raise
                self._sleep(pause_s)
            else:
                return None
        raise PlatformError(
            "The record is being written by others without a pause; try again in a few seconds."
        )


def pauses() -> list[float]:
    """Seconds to wait after each try: doubling, and never alike for two callers."""
    return [
        _FIRST_PAUSE_S * 2**number * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        for number in range(MAX_TRIES)
    ]


def _refusal(error: ClientError) -> Outcome | None:
    """Read what stood in the way of a write; None if the error is no refused condition."""
    response: dict[str, Any] = error.response
    if response["Error"]["Code"] == f"{_REFUSED}Exception":
        return Outcome(is_written=False, stored=response.get("Item"))
    for part, reason in enumerate(response.get("CancellationReasons", [])):
        if reason.get("Code") == _REFUSED:
            return Outcome(is_written=False, stored=reason.get("Item"), part=part)
    return None


def _is_in_the_way(error: ClientError) -> bool:
    response: dict[str, Any] = error.response
    codes = {reason.get("Code") for reason in response.get("CancellationReasons", [])}
    return response["Error"]["Code"] == f"{_IN_THE_WAY}Exception" or _IN_THE_WAY in codes
