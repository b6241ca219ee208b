"""From an upload to a data set: read whole, pinned, typed and kept, or refused with the reason.

A request of the API does this for small uploads, a process of the runner's for large ones.
Importing this module is cheap: the readers come in when something is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

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
from automl_core.layout import REJECTS, UPLOAD, dataset_key, dataset_prefix
from automl_core.ports import MetadataStore, ObjectStat, ObjectStore
from automl_core.records import Dataset, ErrorNote, ReadOptions
from automl_core.tabular.kept import KeptTables
from automl_core.tabular.schema import ReadLimits, Rejects, TableSchema
from automl_core.tabular.work import ReadOrder, read_schema


@dataclass(frozen=True)
class Confirmed:
    """A data set that is ready, with what reading it told."""

    dataset: Dataset
    schema: TableSchema
    rejects: Rejects


@dataclass(frozen=True)
class Confirmer:
    """Reads uploads and keeps what they hold."""

    tables: KeptTables
    limits: ReadLimits
    now: Callable[[], datetime]

    @property
    def _metadata(self) -> MetadataStore:
        return self.tables.metadata

    @property
    def _objects(self) -> ObjectStore:
        return self.tables.objects

    def upload_stat(self, dataset: Dataset) -> ObjectStat:
        """Look at the uploaded file.

        Raises
        ------
        UploadMissingError
            If none has arrived.
        """
        try:
            return self._objects.stat(dataset_key(dataset.dataset_id, UPLOAD))
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
        with_profile: bool = False,
    ) -> Confirmed:
        """Read an upload whole, keep the table typed, pin what was read, and make it ready.

        Nothing is kept before all of it is there, and nothing of it is seen before the last
        step, one conditional write of the record.

        Parameters
        ----------
        dataset : Dataset
            As it was read; a change by somebody else meanwhile wins over this one.
        stat : ObjectStat
            Of the upload before it was opened.
        options : ReadOptions
            What the user knows better than the reader.
        with_profile : bool
            Make the profile too; else it is made when it is first asked for.

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
        with TemporaryDirectory(prefix="automl-table-") as place:
            folder = Path(place)
            # Fetched once: the reader opens it several times.
            upload = folder / UPLOAD
            self._objects.download(stat.key, upload)
            try:
                order = ReadOrder(filename=dataset.filename, options=options, limits=self.limits)
                self.tables.work.read(upload, folder, order)
                if with_profile:
                    self.tables.work.profile(folder)
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
            schema = read_schema(folder)
            rejects = Rejects.model_validate_json((folder / REJECTS).read_bytes())
            ready = self.tables.keep(
                dataset,
                folder,
                status="ready",
                file_size=stat.size_bytes,
                sha256=schema.file.sha256,
                etag=stat.etag,
                object_version=stat.object_version,
                row_count=schema.n_rows,
                column_count=len(schema.columns),
                error=None,
                updated_at=self.now(),
                reading=None,
            )
        return Confirmed(ready, schema, rejects)

    def refuse(self, dataset: Dataset, error: AutoMLError) -> AutoMLError:
        """Keep on the data set why it was refused; the error is raised by the caller."""
        changes = {
            "status": "refused",
            "error": _note(error),
            "updated_at": self.now(),
            "reading": None,
        }
        try:
            self._metadata.update_dataset(dataset.model_copy(update=changes))
        except NotFoundError:
            # Deleted while it was read: what was uploaded since then goes too.
            self._objects.delete_prefix(dataset_prefix(dataset.dataset_id))
            raise
        return error


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


def _note(error: AutoMLError) -> ErrorNote:
    return ErrorNote(code=error.code, title=error.title, detail=error.detail)
