"""Data sets: confirmed by reading them whole, listed, previewed, deleted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from automl_backend.services.access import Caller, own_dataset
from automl_backend.services.cursors import Cursors
from automl_backend.services.uploads import UploadService
from automl_core.errors import (
    AutoMLError,
    ConfigInvalidError,
    DatasetChangedError,
    DatasetInUseError,
    DatasetNotReadyError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    UploadMissingError,
    UploadTooLargeError,
)
from automl_core.layout import PREVIEW, REJECTS, SCHEMA, UPLOAD, dataset_key, dataset_prefix
from automl_core.ports import MetadataStore, ObjectStat, ObjectStore, Page
from automl_core.records import ACTIVE, TERMINAL, Dataset, ErrorNote, JobStatus, Record
from automl_core.samples import penguins_path
from automl_core.tabular.read import preview_rows, scan_table
from automl_core.tabular.schema import ReadLimits, ReadOptions, Rejects, TableSchema

MAX_PREVIEW_ROWS = 100
#: The first lines that were set aside, as far as an answer shows them.
SHOWN_REJECTS = 20


class Preview(Record):
    """First rows as text; a missing cell is None."""

    columns: list[str]
    rows: list[list[str | None]]


@dataclass(frozen=True)
class DatasetDetails:
    """A data set's record with what reading it told; both None before confirmation."""

    dataset: Dataset
    schema: TableSchema | None = None
    rejects: Rejects | None = None


@dataclass(frozen=True)
class DatasetList:
    """One page of data sets."""

    items: list[Dataset]
    next_token: str | None


@dataclass(frozen=True)
class DatasetService:
    """Use cases around data sets."""

    metadata: MetadataStore
    objects: ObjectStore
    uploads: UploadService
    cursors: Cursors
    limits: ReadLimits
    now: Callable[[], datetime]

    # -- Reading --------------------------------------------------------------------

    def get(self, caller: Caller, dataset_id: str) -> DatasetDetails:
        """Read one data set with its columns."""
        return self._details(own_dataset(self.metadata, caller, dataset_id))

    def table(self, caller: Caller, dataset_id: str) -> tuple[Dataset, TableSchema]:
        """Read a confirmed data set and its schema.

        Raises
        ------
        DatasetNotReadyError
            If it was not confirmed, or refused.
        """
        dataset = own_dataset(self.metadata, caller, dataset_id)
        if dataset.status == "refused" and dataset.error is not None:
            raise DatasetNotReadyError(
                f"This data set was refused: {dataset.error.detail} Upload a repaired file."
            )
        if dataset.status != "ready":
            raise DatasetNotReadyError(
                "This data set has not been confirmed; upload its file, then POST"
                f" /datasets/{dataset_id}/confirm."
            )
        return dataset, self._schema(dataset)

    def list(
        self, caller: Caller, *, limit: int, next_token: str | None, text: str | None
    ) -> DatasetList:
        """Read one page, newest first."""
        where = {"list": "datasets", "q": text}
        after = self.cursors.read(next_token, owner_id=caller.owner_id, where=where)
        page: Page[Dataset] = self.metadata.list_datasets(
            caller.owner_id, limit=limit, after=after, text=text
        )
        token = self.cursors.write(page.next, owner_id=caller.owner_id, where=where)
        return DatasetList(page.items, token)

    def preview(self, caller: Caller, dataset_id: str, *, n_rows: int) -> Preview:
        """Read the first rows, as they were kept at confirmation."""
        dataset, _ = self.table(caller, dataset_id)
        kept = self.objects.get(dataset_key(dataset.dataset_id, PREVIEW))
        preview = Preview.model_validate_json(kept)
        return preview.model_copy(update={"rows": preview.rows[:n_rows]})

    # -- Making ---------------------------------------------------------------------

    def confirm(self, caller: Caller, dataset_id: str, options: ReadOptions) -> DatasetDetails:
        """Read the uploaded file whole, pin what was read and keep its schema.

        Confirming again gives the same answer; with other options the file is read anew,
        which is refused once a job has used it.

        Raises
        ------
        UploadMissingError
            If no file has arrived.
        DatasetChangedError
            If the file was replaced after its confirmation, or while it was read.
        InvalidInputError, LimitExceededError
            If the file is not a table that we read; kept on the data set.
        """
        dataset = own_dataset(self.metadata, caller, dataset_id)
        stat = self._upload_stat(dataset)
        if dataset.status == "ready":
            if (stat.etag, stat.object_version) != (dataset.etag, dataset.object_version):
                raise DatasetChangedError(
                    "The file was replaced after this data set had been confirmed;"
                    " upload it as a new data set."
                )
            details = self._details(dataset)
            if details.schema is not None and _agrees(details.schema, options):
                return details
            if self.metadata.count_jobs(_EVERY_STATUS, dataset_id=dataset_id):
                raise DatasetInUseError(
                    "Jobs were trained on this data set as it was read;"
                    " upload the file again to read it with other options."
                )
        if stat.size_bytes > self.uploads.limits.max_bytes:
            raise self._refuse(
                dataset,
                UploadTooLargeError(
                    f"The file has {stat.size_bytes:,} bytes;"
                    f" at most {self.uploads.limits.max_bytes:,} are allowed."
                ),
            )
        return self._read(dataset, stat, options)

    def create(
        self, caller: Caller, *, filename: str, content_type: str, stream: BinaryIO
    ) -> DatasetDetails:
        """Store a small file and confirm it at once."""
        dataset = self.uploads.register(caller, filename=filename, content_type=content_type)
        with tempfile.TemporaryDirectory(prefix="automl-upload-") as folder:
            path = Path(folder) / UPLOAD
            with path.open("wb") as file:
                shutil.copyfileobj(stream, file)
            self.objects.put_file(dataset_key(dataset.dataset_id, UPLOAD), path)
        return self.confirm(caller, dataset.dataset_id, ReadOptions())

    def create_sample(self, caller: Caller) -> DatasetDetails:
        """Make the demo data set."""
        path = penguins_path()
        with path.open("rb") as stream:
            return self.create(caller, filename=path.name, content_type="text/csv", stream=stream)

    def delete(self, caller: Caller, dataset_id: str, *, force: bool) -> None:
        """Forget a data set with its file and profile.

        Raises
        ------
        DatasetInUseError
            If jobs refer to it and ``force`` is not set.
        """
        dataset = own_dataset(self.metadata, caller, dataset_id)
        n_jobs = self.metadata.count_jobs(_EVERY_STATUS, dataset_id=dataset.dataset_id)
        if n_jobs and not force:
            jobs = "1 job refers" if n_jobs == 1 else f"{n_jobs:,} jobs refer"
            raise DatasetInUseError(
                f"{jobs} to this data set; delete what refers to it first, or pass force=true"
                " (their reports and models stay, but none can be trained again)."
            )
        # The record goes last: if this is cut short, deleting again finishes it.
        self.objects.delete_prefix(dataset_prefix(dataset.dataset_id))
        self.metadata.delete_dataset(dataset.dataset_id)

    # -- Parts ----------------------------------------------------------------------

    def _read(self, dataset: Dataset, stat: ObjectStat, options: ReadOptions) -> DatasetDetails:
        open_stream = partial(self.objects.open, stat.key)
        try:
            scan = scan_table(
                open_stream, filename=dataset.filename, options=options, limits=self.limits
            )
        except ConfigInvalidError:
            # The option is wrong, not the file: it can still be confirmed without.
            raise
        except (InvalidInputError, LimitExceededError) as error:
            raise self._refuse(dataset, error) from error
        preview = Preview(
            columns=[column.name for column in scan.schema.columns],
            rows=preview_rows(open_stream, scan.schema, n_rows=MAX_PREVIEW_ROWS),
        )
        after = self._upload_stat(dataset)
        if (after.etag, after.object_version) != (stat.etag, stat.object_version):
            raise DatasetChangedError(
                "The file was replaced while it was being read; confirm it again."
            )
        for name, document in (
            (SCHEMA, scan.schema),
            (REJECTS, scan.rejects),
            (PREVIEW, preview),
        ):
            self.objects.put(
                dataset_key(dataset.dataset_id, name), document.model_dump_json().encode()
            )
        ready = self.metadata.update_dataset(
            dataset.model_copy(
                update={
                    "status": "ready",
                    "updated_at": self.now(),
                    "file_size": stat.size_bytes,
                    "sha256": scan.schema.file.sha256,
                    "etag": stat.etag,
                    "object_version": stat.object_version,
                    "row_count": scan.schema.n_rows,
                    "column_count": len(scan.schema.columns),
                    "error": None,
                }
            )
        )
        return DatasetDetails(ready, scan.schema, scan.rejects)

    def _refuse(self, dataset: Dataset, error: AutoMLError) -> AutoMLError:
        """Keep on the data set why it was refused; the error is raised by the caller."""
        note = ErrorNote(code=error.code, title=error.title, detail=error.detail)
        self.metadata.update_dataset(
            dataset.model_copy(
                update={"status": "refused", "updated_at": self.now(), "error": note}
            )
        )
        return error

    def _upload_stat(self, dataset: Dataset) -> ObjectStat:
        try:
            return self.objects.stat(dataset_key(dataset.dataset_id, UPLOAD))
        except NotFoundError as error:
            raise UploadMissingError(
                "No file has arrived for this data set; upload it with the signed form, then"
                " confirm."
            ) from error

    def _details(self, dataset: Dataset) -> DatasetDetails:
        if dataset.status != "ready":
            return DatasetDetails(dataset)
        rejects = self.objects.get(dataset_key(dataset.dataset_id, REJECTS))
        return DatasetDetails(dataset, self._schema(dataset), Rejects.model_validate_json(rejects))

    def _schema(self, dataset: Dataset) -> TableSchema:
        text = self.objects.get(dataset_key(dataset.dataset_id, SCHEMA))
        return TableSchema.model_validate_json(text)


_EVERY_STATUS: frozenset[JobStatus] = ACTIVE | TERMINAL


def _agrees(schema: TableSchema, options: ReadOptions) -> bool:
    """Tell whether a table was already read as the options wish."""
    if schema.file.format == "parquet":
        return True
    read_as: Mapping[str, object] = {
        "encoding": schema.file.encoding,
        "delimiter": schema.file.delimiter,
        "decimal": schema.file.decimal,
        "header": schema.file.has_header,
    }
    wished = options.model_dump(exclude_none=True)
    return all(read_as[name] == value for name, value in wished.items())
