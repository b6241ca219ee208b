"""From an upload to a data set: read whole, pinned and kept, or refused with the reason.

A request of the API does this for small uploads, a process of the runner's for large ones.
Importing this module is cheap: the readers come in when something is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from automl_core.errors import (
    AutoMLError,
    ConfigInvalidError,
    DatasetChangedError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    StaleRecordError,
    UploadMissingError,
)
from automl_core.layout import (
    PREVIEW,
    PROFILE,
    REJECTS,
    SCHEMA,
    UPLOAD,
    dataset_key,
    dataset_prefix,
)
from automl_core.ports import MetadataStore, ObjectStat, ObjectStore
from automl_core.records import Dataset, ErrorNote, ReadOptions
from automl_core.tabular.schema import Preview, ReadLimits, Rejects, TableSchema

if TYPE_CHECKING:
    from automl_core.tabular.read import Scan

MAX_PREVIEW_ROWS = 100

#: Makes ``profile.json`` of a schema's upload.
ProfileUpload = Callable[[TableSchema], dict[str, Any]]


@dataclass(frozen=True)
class Confirmed:
    """A data set that is ready, with what reading it told."""

    dataset: Dataset
    schema: TableSchema
    rejects: Rejects


@dataclass(frozen=True)
class Confirmer:
    """Reads uploads and keeps what they hold."""

    metadata: MetadataStore
    objects: ObjectStore
    limits: ReadLimits
    now: Callable[[], datetime]

    def upload_stat(self, dataset: Dataset) -> ObjectStat:
        """Look at the uploaded file.

        Raises
        ------
        UploadMissingError
            If none has arrived.
        """
        try:
            return self.objects.stat(dataset_key(dataset.dataset_id, UPLOAD))
        except NotFoundError as error:
            raise UploadMissingError(
                "No file has arrived for this data set; upload it with the signed form, then"
                " confirm."
            ) from error

    def confirm(
        self,
        dataset: Dataset,
        stat: ObjectStat,
        options: ReadOptions,
        *,
        open_upload: Callable[[], BinaryIO] | None = None,
        profile: ProfileUpload | None = None,
    ) -> Confirmed:
        """Read an upload whole, pin what was read, keep its schema, and make it ready.

        Parameters
        ----------
        dataset : Dataset
            As it was read; a change by somebody else meanwhile wins over this one.
        stat : ObjectStat
            Of the upload before it was opened.
        options : ReadOptions
            What the user knows better than the reader.
        open_upload : callable or None
            Opens a local copy of the upload; None: the store's object is streamed.
        profile : callable or None
            Makes the profile that is kept too; None: it is made when it is first asked for.

        Raises
        ------
        ConfigInvalidError
            If an option cannot be followed; the file may still be read without.
        InvalidInputError, LimitExceededError
            If the file is not a table that we read; kept on the data set.
        DatasetChangedError
            If the file was replaced while it was read.
        StaleRecordError, NotFoundError
            If the data set was changed or deleted meanwhile.
        """
        opened = open_upload or partial(self.objects.open, stat.key)
        try:
            scan, preview = self._read(dataset, options, opened)
            described = None if profile is None else profile(scan.schema)
        except ConfigInvalidError:
            # The option is wrong, not the file: it can still be confirmed without.
            raise
        except (InvalidInputError, LimitExceededError) as error:
            raise self.refuse(dataset, error) from error
        require_same_upload(
            self.upload_stat(dataset),
            stat,
            "The file was replaced while it was being read; confirm it again.",
        )
        documents = {
            SCHEMA: scan.schema.model_dump_json(),
            REJECTS: scan.rejects.model_dump_json(),
            PREVIEW: preview.model_dump_json(),
        }
        for name, text in documents.items():
            self.objects.put(dataset_key(dataset.dataset_id, name), text.encode())
        if described is not None:
            # Under the version that the write below makes; if another write wins, nobody
            # looks for it.
            key = profile_key(dataset.dataset_id, dataset.version + 1)
            self.objects.put(key, json.dumps(described, allow_nan=False).encode())
        ready = self._write(
            dataset,
            status="ready",
            file_size=stat.size_bytes,
            sha256=scan.schema.file.sha256,
            etag=stat.etag,
            object_version=stat.object_version,
            row_count=scan.schema.n_rows,
            column_count=len(scan.schema.columns),
            error=None,
        )
        return Confirmed(ready, scan.schema, scan.rejects)

    def refuse(self, dataset: Dataset, error: AutoMLError) -> AutoMLError:
        """Keep on the data set why it was refused; the error is raised by the caller."""
        self._write(dataset, status="refused", error=_note(error))
        return error

    def _read(
        self, dataset: Dataset, options: ReadOptions, opened: Callable[[], BinaryIO]
    ) -> tuple[Scan, Preview]:
        from automl_core.tabular.read import preview_rows, scan_table

        scan = scan_table(opened, filename=dataset.filename, options=options, limits=self.limits)
        preview = Preview(
            columns=[column.name for column in scan.schema.columns],
            rows=preview_rows(opened, scan.schema, n_rows=MAX_PREVIEW_ROWS),
        )
        return scan, preview

    def _write(self, dataset: Dataset, **changes: object) -> Dataset:
        changed = {**changes, "updated_at": self.now(), "reading": None}
        try:
            return self.metadata.update_dataset(dataset.model_copy(update=changed))
        except NotFoundError:
            # Deleted while it was read: what was kept since then goes too.
            self.objects.delete_prefix(dataset_prefix(dataset.dataset_id))
            raise


def release(
    metadata: MetadataStore, dataset: Dataset, error: AutoMLError, *, at: datetime
) -> Dataset | None:
    """Have a data set await its confirmation again, with why its reading came to nothing.

    Returns
    -------
    Dataset or None
        As stored now; None if somebody else changed or deleted it meanwhile: then it is
        theirs.
    """
    changes = {
        "status": "awaiting_upload",
        "updated_at": at,
        "reading": None,
        "error": _note(error),
    }
    try:
        return metadata.update_dataset(dataset.model_copy(update=changes))
    except (StaleRecordError, NotFoundError):
        return None


def require_same_upload(found: ObjectStat, pinned: ObjectStat | Dataset, words: str) -> None:
    """Refuse to go on with other bytes than those that were looked at before.

    Raises
    ------
    DatasetChangedError
        In the given words.
    """
    if (found.etag, found.object_version) != (pinned.etag, pinned.object_version):
        raise DatasetChangedError(words)


def profile_key(dataset_id: str, version: int) -> str:
    """Where a profile lies; the version counts readings of the file: other options, another."""
    return dataset_key(dataset_id, f"v{version}/{PROFILE}")


def profile_in_process(upload: Path, schema: TableSchema) -> dict[str, Any]:
    """Profile a downloaded upload in this process; needs room for the whole table."""
    from automl_core.tabular.convert import write_parquet
    from automl_core.tabular.profile import profile_table

    with TemporaryDirectory(prefix="automl-table-") as folder:
        parquet = Path(folder) / "table.parquet"
        write_parquet(lambda: upload.open("rb"), schema, parquet, scratch=Path(folder))
        return profile_table(parquet, schema, target=None)


def _note(error: AutoMLError) -> ErrorNote:
    return ErrorNote(code=error.code, title=error.title, detail=error.detail)
