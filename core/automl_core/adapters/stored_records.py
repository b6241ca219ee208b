"""What metadata stores say alike: how a record is written again, and why it is not."""

from __future__ import annotations

from typing import TypeVar

from automl_core.errors import ConflictError, NotFoundError, StaleRecordError
from automl_core.records import OwnedRecord

R = TypeVar("R", bound=OwnedRecord)


def next_version(record: R) -> R:
    """Return the record as the next write stores it and every later reader gets it.

    Validated, since a copy with changes is not: what could not be read again must not be
    written.
    """
    changed = record.model_copy(update={"version": record.version + 1})
    return record.model_validate_json(changed.model_dump_json())


def missing_record(word: str, record_id: str) -> NotFoundError:
    """Say that there is no such record."""
    return NotFoundError(f"There is no {word} {record_id!r}.")


def taken_record(word: str, record_id: str) -> ConflictError:
    """Say that an identifier is taken."""
    return ConflictError(f"There is a {word} {record_id!r} already.")


def stale_record(word: str, record_id: str, *, read_at: int, present: int) -> StaleRecordError:
    """Say that somebody else has written the record since it was read."""
    return StaleRecordError(
        f"The {word} {record_id!r} was read at version {read_at} and is at {present} now; "
        "read it again."
    )
