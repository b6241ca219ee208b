"""Data sets: confirmed by reading them whole, listed, previewed, deleted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from automl_backend.services.access import Caller, own_dataset
from automl_backend.services.cursors import Cursors
from automl_backend.services.read_options import agrees, as_read
from automl_backend.services.uploads import UploadService
from automl_core.errors import (
    AutoMLError,
    DatasetDamagedError,
    DatasetInUseError,
    DatasetNotReadyError,
    NotFoundError,
    StaleRecordError,
    UploadTooLargeError,
    WorkerLostError,
)
from automl_core.layout import PREVIEW, PROFILE, TABLE, UPLOAD, dataset_key, dataset_prefix
from automl_core.ports import MetadataStore, ObjectStat, ObjectStore, Page
from automl_core.records import ACTIVE, TERMINAL, Dataset, JobStatus
from automl_core.samples import penguins_path
from automl_core.tabular.confirm import Confirmer, release, require_same_upload
from automl_core.tabular.kept import kept_key
from automl_core.tabular.schema import Preview, ReadOptions, Rejects, TableSchema
from automl_core.tabular.work import MAX_PREVIEW_ROWS

Kept = TypeVar("Kept")

__all__ = [
    "MAX_PREVIEW_ROWS",
    "READING_RETRY_S",
    "SHOWN_REJECTS",
    "DatasetDetails",
    "DatasetList",
    "DatasetService",
    "Preview",
    "ReadsDatasets",
]

#: When to ask again for a data set that is being read.
READING_RETRY_S = 3
#: The first lines that were set aside, as far as an answer shows them.
SHOWN_REJECTS = 20


class ReadsDatasets(Protocol):
    """The part of a job runner that reads large uploads."""

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None: ...

    def is_reading(self, dataset: Dataset) -> bool: ...


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


@dataclass(frozen=True, eq=False, repr=False)
class DatasetService:
    """Use cases around data sets."""

    metadata: MetadataStore
    objects: ObjectStore
    uploads: UploadService
    cursors: Cursors
    confirmer: Confirmer
    runner: ReadsDatasets
    inline_read_bytes: int | None
    """Larger uploads are read by the runner; None: none is."""
    reading_limit_s: float
    """A reading that was asked for longer ago is over, whatever became of it."""
    now: Callable[[], datetime]

    # -- Reading --------------------------------------------------------------------

    def get(self, caller: Caller, dataset_id: str) -> DatasetDetails:
        """Read one data set with its columns."""
        dataset = own_dataset(self.metadata, caller, dataset_id)
        if dataset.status == "profiling" and self._is_overdue(dataset):
            lost = WorkerLostError(
                "The reading of this file ended without a word; confirm the data set again."
            )
            dataset = release(self.metadata, dataset, lost, at=self.now()) or own_dataset(
                self.metadata, caller, dataset_id
            )
        return self._details(dataset)

    def table(self, caller: Caller, dataset_id: str) -> tuple[Dataset, TableSchema]:
        """Read a confirmed data set and its schema.

        Raises
        ------
        DatasetNotReadyError
            If it was not confirmed, or refused.
        """
        details = self._details(self.ready(caller, dataset_id))
        assert details.schema is not None
        return details.dataset, details.schema

    def ready(self, caller: Caller, dataset_id: str) -> Dataset:
        """Read the record of a confirmed data set.

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
        if dataset.status == "profiling":
            raise DatasetNotReadyError(
                "This data set is still being read; wait until its status is ready"
                f" (GET /datasets/{dataset_id})."
            )
        if dataset.status != "ready":
            tried = f"It could not be read: {dataset.error.detail} " if dataset.error else ""
            raise DatasetNotReadyError(
                f"{tried}This data set has not been confirmed; upload its file, then POST"
                f" /datasets/{dataset_id}/confirm."
            )
        return dataset

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
        _, preview = self._of_one_reading(
            self.ready(caller, dataset_id),
            lambda dataset: Preview.model_validate_json(
                self.objects.get(kept_key(dataset, PREVIEW))
            ),
        )
        return preview.model_copy(update={"rows": preview.rows[:n_rows]})

    # -- Making ---------------------------------------------------------------------

    def confirm(self, caller: Caller, dataset_id: str, options: ReadOptions) -> DatasetDetails:
        """Have the uploaded file read whole, pin what was read and keep its schema.

        A small file is read before this returns. A larger one is handed to the runner: the
        data set is ``profiling`` until it is ready, refused, or awaits another try.

        Confirming again gives the same answer; with other options the file is read anew,
        which is refused once a job has used it. A reading that died is begun again, and what
        is damaged, or was confirmed when no table was kept, is read anew as it was.

        Raises
        ------
        UploadMissingError
            If no file has arrived.
        DatasetChangedError
            If the file was replaced after its confirmation, or while it was read.
        DatasetNotReadyError
            If the file is just being read with other options.
        InvalidInputError, LimitExceededError
            If the file is not a table that we read; kept on the data set.
        """
        dataset = own_dataset(self.metadata, caller, dataset_id)
        stat = self.confirmer.upload_stat(dataset)
        if dataset.status == "profiling" and self._is_being_read(dataset):
            if dataset.reading != options:
                raise DatasetNotReadyError(
                    "This data set is being read with other options; wait until it is ready,"
                    " then confirm it with these."
                )
            return DatasetDetails(dataset)
        if dataset.status == "ready":
            require_same_upload(
                stat,
                dataset,
                "The file was replaced after this data set had been confirmed;"
                " upload it as a new data set.",
            )
            details, options = self._settled(dataset, options)
            if details is not None:
                return details
        if stat.size_bytes > self.uploads.limits.max_bytes:
            raise self.confirmer.refuse(
                dataset,
                UploadTooLargeError(
                    f"The file has {stat.size_bytes:,} bytes;"
                    f" at most {self.uploads.limits.max_bytes:,} are allowed."
                ),
            )
        if self._is_for_the_runner(stat.size_bytes):
            return DatasetDetails(self._hand_over(dataset, stat, options))
        try:
            confirmed = self.confirmer.confirm(dataset, stat, options)
        except StaleRecordError:
            # Confirmed twice at once: whoever came second sees what the first one read.
            present = self._details(own_dataset(self.metadata, caller, dataset_id))
            if present.schema is None or not agrees(present.schema, options):
                raise
            return present
        return DatasetDetails(confirmed.dataset, confirmed.schema, confirmed.rejects)

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
        # The record goes after the objects: if this is cut short, deleting again finishes it.
        self.objects.delete_prefix(dataset_prefix(dataset.dataset_id))
        self.metadata.delete_dataset(dataset.dataset_id)
        # What a reading had kept in between. One that ends later finds no record, and clears
        # up after itself.
        self.objects.delete_prefix(dataset_prefix(dataset.dataset_id))

    # -- Parts ----------------------------------------------------------------------

    def _settled(
        self, dataset: Dataset, options: ReadOptions
    ) -> tuple[DatasetDetails | None, ReadOptions]:
        """Answer a confirmation by an earlier one; no answer: the file is to be read so.

        Raises
        ------
        DatasetInUseError
            If it is to be read otherwise than jobs have learned it.
        """
        try:
            details = self._details(dataset)
        except DatasetDamagedError:
            return None, options
        assert details.schema is not None
        if not agrees(details.schema, options):
            if self.metadata.count_jobs(_EVERY_STATUS, dataset_id=dataset.dataset_id):
                raise DatasetInUseError(
                    "Jobs were trained on this data set as it was read;"
                    " upload the file again to read it with other options."
                )
            return None, options
        if self._is_whole(details.dataset):
            return details, options
        if not self._is_for_the_runner(dataset.file_size or 0):
            with (
                suppress(DatasetDamagedError),
                tempfile.TemporaryDirectory(prefix="automl-table-") as folder,
            ):
                found = self.confirmer.tables.fetch(details.dataset, Path(folder))
                return DatasetDetails(found.dataset, found.schema, found.rejects), options
        elif self.metadata.count_jobs(ACTIVE, dataset_id=dataset.dataset_id):
            # They need it to be ready, and make the table themselves.
            return details, options
        return None, as_read(details.schema.file)

    def _is_overdue(self, dataset: Dataset) -> bool:
        return self.now() - dataset.updated_at > timedelta(seconds=self.reading_limit_s)

    def _is_being_read(self, dataset: Dataset) -> bool:
        return not self._is_overdue(dataset) and self.runner.is_reading(dataset)

    def _hand_over(self, dataset: Dataset, stat: ObjectStat, options: ReadOptions) -> Dataset:
        """Record that the file is being read, then have the runner read it."""
        # Recorded before it is handed over: a reader that starts at once must find it so.
        handed = self.metadata.update_dataset(
            dataset.model_copy(
                update={
                    "status": "profiling",
                    "updated_at": self.now(),
                    "file_size": stat.size_bytes,
                    "etag": stat.etag,
                    "object_version": stat.object_version,
                    "reading": options,
                    "error": None,
                }
            )
        )
        try:
            self.runner.read_dataset(handed, options)
        except AutoMLError as error:
            release(self.metadata, handed, error, at=self.now())
            raise
        return handed

    def _details(self, dataset: Dataset) -> DatasetDetails:
        if dataset.status != "ready":
            return DatasetDetails(dataset)
        present, (schema, rejects) = self._of_one_reading(dataset, self.confirmer.tables.documents)
        return DatasetDetails(present, schema, rejects)

    def _of_one_reading(
        self, dataset: Dataset, read: Callable[[Dataset], Kept]
    ) -> tuple[Dataset, Kept]:
        """Read what was kept of a data set; once more if it was just read anew.

        Raises
        ------
        DatasetDamagedError
            If it is not there, or not what was written.
        """
        try:
            return dataset, read(dataset)
        except NotFoundError as error:
            present = self.metadata.get_dataset(dataset.dataset_id)
            if present.status == "ready" and present.kept != dataset.kept:
                return present, read(present)
            raise DatasetDamagedError(
                f"What was kept of {dataset.filename!r} is not there. Confirm the data set again"
                f" (POST /datasets/{dataset.dataset_id}/confirm), which reads its upload anew."
            ) from error

    def _is_whole(self, dataset: Dataset) -> bool:
        """Tell whether all is there that a confirmation keeps.

        The typed table, with as many bytes as were written; and the profile, where no request
        could make it.
        """
        if dataset.kept is None:
            return False
        try:
            found = self.objects.stat(kept_key(dataset, TABLE))
        except NotFoundError:
            return False
        if found.size_bytes != dataset.kept.size_bytes:
            return False
        is_small = not self._is_for_the_runner(dataset.file_size or 0)
        return is_small or self.objects.exists(kept_key(dataset, PROFILE))

    def _is_for_the_runner(self, size_bytes: int) -> bool:
        return self.inline_read_bytes is not None and size_bytes > self.inline_read_bytes


_EVERY_STATUS: frozenset[JobStatus] = ACTIVE | TERMINAL
