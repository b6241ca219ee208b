"""The typed table of a data set: kept once, checked by every reader, made again if need be.

What one reading of an upload made lies in a folder of its own. The record names the folder,
with size and hash of the table: one conditional write makes a reading the data set's, so that
nobody sees half of one, nor two of them mixed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from automl_core.errors import (
    DatasetChangedError,
    DatasetDamagedError,
    DatasetNotReadyError,
    InvalidInputError,
    NotFoundError,
    PlatformError,
    StaleRecordError,
)
from automl_core.layout import (
    PREVIEW,
    PROFILE,
    REJECTS,
    SCHEMA,
    TABLE,
    UPLOAD,
    dataset_key,
    dataset_prefix,
    reading_folder,
    reading_version,
)
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.records import Dataset, KeptTable
from automl_core.tabular.schema import Rejects, TableSchema
from automl_core.tabular.work import TableWork

_LOG = logging.getLogger(__name__)

#: What a reading makes. The table goes first: it is what takes long and may fail.
MADE = (TABLE, SCHEMA, REJECTS, PREVIEW, PROFILE)
#: Whoever finds that the record has changed looks again; more often means a loop.
MAX_LOOKS = 5


@dataclass(frozen=True)
class TypedTable:
    """A data set's table in a local file, with how it was read."""

    dataset: Dataset
    """As it is stored now."""
    schema: TableSchema
    rejects: Rejects
    path: Path


@dataclass(frozen=True, eq=False, repr=False)
class KeptTables:
    """Keeps typed tables beside their uploads, and fetches them.

    Attributes
    ----------
    work : TableWork
        Makes a table that is missing.
    new_token : callable
        Makes a short text that no other reading has.
    """

    metadata: MetadataStore
    objects: ObjectStore
    work: TableWork
    new_token: Callable[[], str]

    # -- Keeping ----------------------------------------------------------------------

    def keep(self, dataset: Dataset, folder: Path, **changes: object) -> Dataset:
        """Keep what a reading made, and make it the data set's.

        Parameters
        ----------
        dataset : Dataset
            As it was read; a change by somebody else meanwhile wins over this one.
        folder : Path
            Holds files of ``MADE``; the profile may be missing.
        **changes
            Of the record, written with it.

        Returns
        -------
        Dataset
            As stored. Everything of earlier readings is deleted: whoever is just reading
            it finds the new one on the record.

        Raises
        ------
        StaleRecordError, NotFoundError
            If the data set was changed or deleted meanwhile; nothing of this reading is left.
        """
        name = reading_folder(dataset.version + 1, self.new_token())
        table = folder / TABLE
        kept = KeptTable(folder=name, size_bytes=table.stat().st_size, sha256=_sha256_of(table))
        for each in MADE:
            if (folder / each).exists():
                self.objects.put_file(
                    dataset_key(dataset.dataset_id, f"{name}/{each}"), folder / each
                )
        try:
            stored = self.metadata.update_dataset(
                dataset.model_copy(update={**changes, "kept": kept})
            )
        except StaleRecordError:
            self.objects.delete_prefix(dataset_key(dataset.dataset_id, f"{name}/"))
            raise
        except NotFoundError:
            # Deleted while it was read: what was kept since then goes too.
            self.objects.delete_prefix(dataset_prefix(dataset.dataset_id))
            raise
        self._forget_older(stored, kept.folder)
        return stored

    def _forget_older(self, dataset: Dataset, folder: str) -> None:
        """Delete what readings before this one left, those that were cut short included.

        A reading that began at an earlier version can win no more. One that began after this
        one has a higher version in its folder's name and is left alone.
        """
        prefix = dataset_prefix(dataset.dataset_id)
        try:
            for key in self.objects.keys(prefix):
                name = key.removeprefix(prefix)
                version = reading_version(name)
                if name == UPLOAD or name.startswith(f"{folder}/"):
                    continue
                if version is None or version <= dataset.version:
                    self.objects.delete(key)
        except PlatformError as error:
            # Ready all the same; the next reading, or the deletion, finds what is left.
            _LOG.warning(
                "earlier readings not deleted",
                extra={"dataset_id": dataset.dataset_id, "detail": error.detail},
            )

    # -- Fetching ---------------------------------------------------------------------

    def fetch(self, dataset: Dataset, folder: Path) -> TypedTable:
        """Fetch the table into a folder; make it of the upload if there is none that is whole.

        Raises
        ------
        DatasetDamagedError, DatasetChangedError
            If it is damaged, or was never made, and its upload is gone or another one.
        DatasetNotReadyError
            If the data set is being read anew.
        PlatformError
            If a store does not answer, or changes faster than it can be read.
        """
        for _ in range(MAX_LOOKS):
            try:
                return self._whole(dataset, folder)
            except (NotFoundError, DatasetDamagedError) as error:
                trouble = error.detail
            present = self.metadata.get_dataset(dataset.dataset_id)
            if present.status != "ready":
                raise DatasetNotReadyError(
                    f"The data set {present.filename!r} is being read anew; wait until it is ready."
                )
            if present.kept != dataset.kept:
                # Somebody else has read it again, or made the table: theirs is the one.
                dataset = present
                continue
            try:
                return self._make_again(present, folder, trouble)
            except StaleRecordError:
                dataset = self.metadata.get_dataset(dataset.dataset_id)
        raise PlatformError("This data set is changed all the time; try again.")

    def _whole(self, dataset: Dataset, folder: Path) -> TypedTable:
        """Download a table that is there, and check that it is what was written."""
        kept, name = dataset.kept, dataset.filename
        if kept is None:
            raise NotFoundError("No table was kept when this data set was confirmed.")
        path = folder / TABLE
        self.objects.download(kept_key(dataset, TABLE), path)
        size = path.stat().st_size
        if (size, _sha256_of(path)) != (kept.size_bytes, kept.sha256):
            raise DatasetDamagedError(
                f"The table kept of {name!r} is damaged: {size:,} bytes are there, and they are"
                f" not the {kept.size_bytes:,} that were written. {_CONFIRM_AGAIN}"
            )
        schema, rejects = self.documents(dataset)
        if (schema.n_rows, schema.file.sha256) != (dataset.row_count, dataset.sha256):
            raise DatasetDamagedError(
                f"What is kept of {name!r} does not fit together: its schema counts"
                f" {schema.n_rows:,} rows, its record {dataset.row_count or 0:,}. {_CONFIRM_AGAIN}"
            )
        (folder / SCHEMA).write_text(schema.model_dump_json(), encoding="utf-8")
        return TypedTable(dataset, schema, rejects, path)

    def documents(self, dataset: Dataset) -> tuple[TableSchema, Rejects]:
        """Read how a table was understood, and which of its lines were set aside.

        Raises
        ------
        NotFoundError
            If they are not there: gone, or of an earlier reading by now.
        DatasetDamagedError
            If they are not what was written.
        """
        found = [self.objects.get(kept_key(dataset, name)) for name in (SCHEMA, REJECTS)]
        try:
            return TableSchema.model_validate_json(found[0]), Rejects.model_validate_json(found[1])
        except ValidationError as error:
            raise DatasetDamagedError(
                f"What was kept of {dataset.filename!r} cannot be read any more. {_CONFIRM_AGAIN}"
            ) from error

    def _make_again(self, dataset: Dataset, folder: Path, trouble: str) -> TypedTable:
        """Make the table of the upload, in the way that was confirmed, and keep it."""
        _LOG.warning(
            "typed table made again", extra={"dataset_id": dataset.dataset_id, "detail": trouble}
        )
        upload = folder / UPLOAD
        try:
            self.objects.download(dataset_key(dataset.dataset_id, UPLOAD), upload)
            schema, rejects = self.documents(dataset)
            self._fetch_rest(dataset, folder)
        except NotFoundError as error:
            raise DatasetDamagedError(
                f"The typed table of {dataset.filename!r} is not there, nor is all that it could"
                f" be made of. {_CONFIRM_AGAIN}"
            ) from error
        if _sha256_of(upload) != dataset.sha256:
            raise DatasetChangedError(
                f"The stored file of {dataset.filename!r} is no longer the one that was confirmed; "
                "upload it again and confirm the new data set.",
                dataset_id=dataset.dataset_id,
            )
        try:
            self.work.convert(upload, folder)
        except InvalidInputError as error:
            raise DatasetDamagedError(
                f"The upload of {dataset.filename!r} cannot be typed again as it was read at its"
                f" confirmation: {error.detail} {_CONFIRM_AGAIN}"
            ) from error
        upload.unlink()
        stored = self.keep(dataset, folder)
        return TypedTable(stored, schema, rejects, folder / TABLE)

    def _fetch_rest(self, dataset: Dataset, folder: Path) -> None:
        for name in (SCHEMA, REJECTS):
            self.objects.download(kept_key(dataset, name), folder / name)
        for name in (PREVIEW, PROFILE):
            with suppress(NotFoundError):
                self.objects.download(kept_key(dataset, name), folder / name)


_CONFIRM_AGAIN = (
    "Confirm the data set again, which reads its upload anew; if that is gone too, upload the"
    " file as a new data set."
)


def kept_key(dataset: Dataset, name: str) -> str:
    """Where something lies that was made of a data set's upload."""
    if dataset.kept is not None:
        return dataset_key(dataset.dataset_id, f"{dataset.kept.folder}/{name}")
    # Of what was confirmed when no table was kept.
    return dataset_key(dataset.dataset_id, name)


def require_rows(table: TypedTable) -> None:
    """Check that a table holds the rows that its schema counts; loads the database.

    Raises
    ------
    DatasetDamagedError
        If it does not.
    """
    from automl_core.tabular.engine import connect

    path = table.path
    with connect([path.parent]) as connection:
        row = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    n_rows = 0 if row is None else int(row[0])
    if n_rows != table.schema.n_rows:
        raise DatasetDamagedError(
            f"The table kept of {table.dataset.filename!r} holds {n_rows:,} rows where"
            f" {table.schema.n_rows:,} were counted. {_CONFIRM_AGAIN}"
        )


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
