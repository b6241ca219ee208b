"""What the parts of the stand-in share: JSON, its errors, names and times of AWS Batch."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

#: A name of a job, a queue or a definition, as AWS Batch allows it.
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")


class BatchError(Exception):
    """An answer that is an error, in the words of the service's protocol."""

    def __init__(self, message: str, *, code: str = "ClientException", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Scope:
    """The account and region that every resource belongs to."""

    account_id: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """ARN of a Batch resource."""
        return f"arn:aws:batch:{self.region}:{self.account_id}:{kind}/{name}"

    def name_of(self, reference: str, kind: str) -> str:
        """Name out of a name or an ARN.

        >>> scope = Scope("123456789012", "eu-west-1")
        >>> scope.name_of("arn:aws:batch:eu-west-1:123456789012:job-queue/q", "job-queue")
        'q'
        >>> scope.name_of("q", "job-queue")
        'q'
        """
        return reference.removeprefix(self.arn(kind, ""))


def now_ms() -> int:
    """Milliseconds since 1970, as Batch writes its times."""
    return time.time_ns() // 1_000_000


def required(request: Json, *names: str) -> list[Any]:
    """Values of a request that must be there."""
    missing = [name for name in names if not request.get(name)]
    if missing:
        raise BatchError(f"Parameter {missing[0]} is required.")
    return [request[name] for name in names]


def checked_name(name: str, what: str) -> str:
    """The name, if Batch would take it."""
    if not NAME.match(name):
        raise BatchError(
            f"Error executing request, Exception : {what} {name!r} must match {NAME.pattern}."
        )
    return name
