"""Keys of the DynamoDB metadata store: one place says where a record lies.

Every key is text. What people chose (an owner, a tag) stands in front of a part of known
form or with its separators escaped, so that no two of them can meet in one key.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from automl_core.errors import InvalidInputError
from automl_core.ports import Position
from automl_core.records import utc_text

#: Sort keys of the items that every job has.
JOB: Final = "job"
PROGRESS: Final = "progress"
USE: Final = "use"

#: Sort keys of items that are alone under their partition key.
DEPLOYMENT: Final = "deployment"
KEY: Final = "key"

#: Partition key of what belongs to the platform rather than to an owner.
PLATFORM: Final = "platform"

#: A sort key holds 1,024 bytes; a position begins with 28 of them for the time.
MAX_IDENTIFIER_BYTES: Final = 900


def is_identifier(text: str) -> bool:
    """Tell whether a text can be part of a key; nothing is stored under one that cannot.

    >>> is_identifier("job-1"), is_identifier(""), is_identifier("x" * 5000)
    (True, False, False)
    """
    return 0 < len(text.encode("utf-8", "surrogatepass")) <= MAX_IDENTIFIER_BYTES and is_text(text)


def is_text(text: str) -> bool:
    """Tell whether a text can be stored at all: half of a character cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def require_identifier(name: str, text: str) -> str:
    """Return a text that can be part of a key.

    Raises
    ------
    InvalidInputError
        If it is empty, too long or not Unicode.
    """
    if is_identifier(text):
        return text
    raise InvalidInputError(
        f"The {name} {text[:40]!r} cannot be stored: it must be text of 1 to "
        f"{MAX_IDENTIFIER_BYTES} bytes.",
        pointer=name,
    )


def position(created_at: datetime, record_id: str) -> str:
    """Sort key of every list: by time, then by identifier, as text.

    >>> from datetime import UTC
    >>> position(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "job-1")
    '2026-01-02T03:04:05.000000Z#job-1'
    """
    return f"{utc_text(created_at)}#{record_id}"


def read_position(text: str) -> Position:
    """Read a sort key back.

    >>> read_position("2026-01-02T03:04:05.000000Z#a#b").record_id
    'a#b'
    """
    created_at, _, record_id = text.partition("#")
    return Position(datetime.fromisoformat(created_at), record_id)


def job_pk(job_id: str) -> str:
    """Partition key of a job and of everything that goes with it."""
    return f"job#{job_id}"


def status_key(owner_id: str, status: str) -> str:
    """Partition key of an owner's jobs of one status."""
    return f"{owner_id}#{status}"


def tag_pk(owner_id: str, tag: str) -> str:
    """Partition key of an owner's jobs that bear a tag.

    >>> tag_pk("ada", "paper")
    'tag#ada#paper'
    >>> tag_pk("a", "b#c") == tag_pk("a#b", "c")
    False
    """
    owner = owner_id.replace("%", "%25").replace("#", "%23")
    return f"tag#{owner}#{tag}"


def key_pk(owner_id: str, key: str) -> str:
    """Partition key of an owner's idempotency key, whatever it holds and however long it is."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"key#{owner_id}#{digest}"


def deployment_pk(deployment_id: str) -> str:
    """Partition key of the item that keeps a deployment's identifier from being used twice."""
    return f"deployment#{deployment_id}"


def deployment_sk(deployment_id: str) -> str:
    """Sort key of an entry of a job's journal."""
    return f"{DEPLOYMENT}#{deployment_id}"


def secret_sk(name: str) -> str:
    """Sort key of one of the platform's secrets."""
    return f"secret#{name}"
