"""What is done to whole tables, from files to files of one folder.

It needs memory for much of a table. Whoever has little, or must give it back, has a process of
its own do the same: hence files on both sides, and no words between but the errors.
Importing this module is cheap: the readers come in when something is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Protocol

from automl_core.errors import PlatformError
from automl_core.layout import PREVIEW, PROFILE, REJECTS, SCHEMA, TABLE
from automl_core.records import Record
from automl_core.tabular.schema import Preview, ReadLimits, ReadOptions, TableSchema

MAX_PREVIEW_ROWS = 100


class ReadOrder(Record):
    """How an upload is to be read."""

    filename: str
    options: ReadOptions
    limits: ReadLimits


class TableWork(Protocol):
    """Reads, converts and profiles tables.

    Each writes into a folder under the names of :mod:`automl_core.layout`, and may use it as
    scratch space meanwhile. Room that is lacking raises ``PlatformError``.
    """

    def read(self, upload: Path, folder: Path, order: ReadOrder) -> None:
        """Read an upload; make ``schema.json``, ``rejects.json``, ``preview.json`` and
        ``table.parquet``.

        Raises
        ------
        ConfigInvalidError
            If an option cannot be followed; the file may still be read without.
        InvalidInputError, LimitExceededError
            If the file is not a table that we read.
        """
        ...

    def convert(self, upload: Path, folder: Path) -> None:
        """Make ``table.parquet`` as the folder's ``schema.json`` says.

        Raises
        ------
        InvalidInputError
            If the upload does not hold what the schema says.
        """
        ...

    def profile(self, folder: Path) -> None:
        """Make ``profile.json`` of the folder's ``table.parquet`` and ``schema.json``."""
        ...


class WorkHere:
    """Does it in this process."""

    def read(self, upload: Path, folder: Path, order: ReadOrder) -> None:
        """Read an upload: once for what it holds, typed on the way; once for its first rows."""
        from automl_core.tabular.convert import read_table
        from automl_core.tabular.read import preview_rows

        def opened() -> BinaryIO:
            return upload.open("rb")

        with _room(), TemporaryDirectory(prefix="scratch-", dir=folder) as scratch:
            scan = read_table(
                opened,
                filename=order.filename,
                options=order.options,
                limits=order.limits,
                out=folder / TABLE,
                scratch=Path(scratch),
            )
        preview = Preview(
            columns=[column.name for column in scan.schema.columns],
            rows=preview_rows(opened, scan.schema, n_rows=MAX_PREVIEW_ROWS),
        )
        with _room():
            for name, told in ((SCHEMA, scan.schema), (REJECTS, scan.rejects), (PREVIEW, preview)):
                (folder / name).write_text(told.model_dump_json(), encoding="utf-8")

    def convert(self, upload: Path, folder: Path) -> None:
        """Write the table typed, as it was read before."""
        _convert(upload, read_schema(folder), folder)

    def profile(self, folder: Path) -> None:
        """Describe the table."""
        from automl_core.tabular.profile import profile_table

        described = profile_table(folder / TABLE, read_schema(folder), target=None)
        text = json.dumps(described, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        with _room():
            (folder / PROFILE).write_text(text, encoding="utf-8")


def read_schema(folder: Path) -> TableSchema:
    """Read a folder's ``schema.json``."""
    return TableSchema.model_validate_json((folder / SCHEMA).read_bytes())


def _convert(upload: Path, schema: TableSchema, folder: Path) -> None:
    from automl_core.tabular.convert import write_parquet

    with _room(), TemporaryDirectory(prefix="scratch-", dir=folder) as scratch:
        write_parquet(lambda: upload.open("rb"), schema, folder / TABLE, scratch=Path(scratch))


@contextmanager
def _room() -> Iterator[None]:
    """Say in our words that files cannot be written."""
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"The table cannot be written beside its upload ({error.strerror or 'unknown'});"
            " free space in the temporary folder."
        ) from error
