"""Who is calling, and what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from automl_backend.services.tokens import TokenHashes
from automl_core.errors import NotFoundError
from automl_core.ports import MetadataStore
from automl_core.records import DEFAULT_PROJECT, LOCAL_OWNER, Dataset, Job, OwnedRecord

Owned = TypeVar("Owned", bound=OwnedRecord)


@dataclass(frozen=True)
class Caller:
    """On whose behalf a request is answered."""

    owner_id: str = LOCAL_OWNER
    project_id: str = DEFAULT_PROJECT


class Authenticator(Protocol):
    """Turns the token of a request into a caller."""

    @property
    def is_open(self) -> bool:
        """True if nobody needs a token: only ever on a loopback address."""
        ...

    def caller(self, token: str | None) -> Caller:
        """Tell who holds the token.

        Raises
        ------
        UnauthorizedError
            If a token is needed and this is none of the valid ones.
        """
        ...


class OpenAccess:
    """Everybody is the local user; for a platform that only this machine can reach."""

    is_open = True

    def caller(self, token: str | None) -> Caller:
        """Answer the local user, whatever token came."""
        return Caller()


class TokenAccess:
    """Holders of a token whose SHA-256 hash is configured are the local user."""

    is_open = False

    def __init__(self, token_hashes: Iterable[str]) -> None:
        self._hashes = TokenHashes(token_hashes)

    def caller(self, token: str | None) -> Caller:
        """Compare with every configured hash in constant time."""
        self._hashes.check(token)
        return Caller()


def own_dataset(metadata: MetadataStore, caller: Caller, dataset_id: str) -> Dataset:
    """Read a data set of the caller; somebody else's is answered like a missing one."""
    try:
        dataset = metadata.get_dataset(dataset_id)
    except NotFoundError:
        dataset = None
    return _own(dataset, caller, f"There is no data set {dataset_id!r}.")


def own_job(metadata: MetadataStore, caller: Caller, job_id: str) -> Job:
    """Read a job of the caller; somebody else's is answered like a missing one."""
    try:
        job = metadata.get_job(job_id)
    except NotFoundError:
        job = None
    return _own(job, caller, f"There is no job {job_id!r}.")


def _own(record: Owned | None, caller: Caller, missing: str) -> Owned:
    if record is None or record.owner_id != caller.owner_id:
        raise NotFoundError(missing)
    return record
