"""Uploads: a signed ticket for the browser, and the platform's own end of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Literal, Protocol, runtime_checkable

from automl_backend.services.access import Caller
from automl_core.errors import InvalidInputError, UploadTooLargeError
from automl_core.layout import UPLOAD, dataset_key
from automl_core.ports import MetadataStore, ObjectStat, ObjectStore, UploadTicket
from automl_core.records import Dataset

#: Content types by which browsers and scripts announce tables. What the bytes are is
#: decided by reading them; this list only keeps mistakes (pictures, archives) out early.
TABLE_CONTENT_TYPES = frozenset(
    {
        "text/csv",
        "text/plain",
        "text/tab-separated-values",
        "application/csv",
        "application/gzip",
        "application/json",
        "application/jsonl",
        "application/x-gzip",
        "application/vnd.apache.parquet",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/x-jsonlines",
        "application/x-ndjson",
        "application/octet-stream",
        "application/parquet",
        "application/x-parquet",
    }
)


@runtime_checkable
class SignedTransfers(Protocol):
    """An object store that answers its signed URLs itself, as the local one does."""

    def receive_form(
        self, fields: Mapping[str, str], filename: str, content_type: str, stream: BinaryIO
    ) -> ObjectStat:
        """Store a form upload whose signed policy allows it."""
        ...

    def receive_put(
        self, query: Mapping[str, str], headers: Mapping[str, str], stream: BinaryIO
    ) -> ObjectStat:
        """Store a PUT whose signed URL allows it."""
        ...

    def open_signed(self, query: Mapping[str, str]) -> tuple[ObjectStat, BinaryIO, str]:
        """Open what a signed download URL names; also the file name to save it under."""
        ...


@dataclass(frozen=True)
class UploadLimits:
    """What a ticket allows."""

    max_bytes: int
    url_ttl_s: int


@dataclass(frozen=True)
class Upload:
    """A data set that waits for its file, and how to send it."""

    dataset: Dataset
    ticket: UploadTicket


@dataclass(frozen=True, eq=False, repr=False)
class UploadService:
    """Use cases around getting a table's bytes into the object store."""

    metadata: MetadataStore
    objects: ObjectStore
    limits: UploadLimits
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    def request(
        self,
        caller: Caller,
        *,
        filename: str,
        content_type: str,
        size_bytes: int | None = None,
        method: Literal["POST", "PUT"] = "POST",
    ) -> Upload:
        """Record a data set to come and sign the upload of its file.

        Raises
        ------
        InvalidInputError
            For a content type that is no table's, or a PUT without its size: a signed PUT
            has no size range, so it is signed for exactly one size.
        UploadTooLargeError
            If the announced size is over the limit.
        """
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type not in TABLE_CONTENT_TYPES:
            raise InvalidInputError(
                f"{content_type!r} is not the content type of a table;"
                " send CSV (text/csv), JSON Lines (application/x-ndjson), Excel (.xlsx) or"
                " Parquet (application/vnd.apache.parquet).",
                pointer="/content_type",
            )
        if size_bytes is not None and size_bytes > self.limits.max_bytes:
            raise UploadTooLargeError(
                f"The file has {size_bytes:,} bytes; at most {self.limits.max_bytes:,} are"
                " allowed.",
                pointer="/size_bytes",
            )
        if method == "PUT" and size_bytes is None:
            raise InvalidInputError(
                "A PUT upload needs size_bytes; leave method out for a form upload without it.",
                pointer="/size_bytes",
            )
        dataset = self.register(caller, filename=filename, content_type=media_type)
        key = dataset_key(dataset.dataset_id, UPLOAD)
        if method == "PUT" and size_bytes is not None:
            ticket = self.objects.upload_url(
                key,
                content_type=media_type,
                size_bytes=size_bytes,
                expires_in=self.limits.url_ttl_s,
            )
        else:
            ticket = self.objects.upload_form(
                key,
                content_type=media_type,
                max_bytes=self.limits.max_bytes,
                expires_in=self.limits.url_ttl_s,
            )
        return Upload(dataset, ticket)

    def register(self, caller: Caller, *, filename: str, content_type: str) -> Dataset:
        """Record a data set whose file is still to come."""
        now = self.now()
        dataset = Dataset(
            dataset_id=self.new_id(),
            owner_id=caller.owner_id,
            project_id=caller.project_id,
            created_at=now,
            updated_at=now,
            filename=plain_filename(filename),
            content_type=content_type,
        )
        self.metadata.add_dataset(dataset)
        return dataset


def plain_filename(name: str) -> str:
    r"""Keep the last part of a path, without control characters, at most 200 characters.

    >>> plain_filename("C:\\fakepath\\Größen 2024.csv")
    'Größen 2024.csv'
    >>> plain_filename("../../etc/passwd\x00")
    'passwd'
    >>> plain_filename("/")
    'table'
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[-200:] or "table"
