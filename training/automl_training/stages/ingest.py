"""Ingest: the table, typed once and kept so."""

from __future__ import annotations

import shutil
from pathlib import Path

from automl_core.errors import ConfigurationError
from automl_core.layout import REJECTS, SCHEMA, TABLE
from automl_core.records import StageName
from automl_core.tabular.kept import require_rows
from automl_core.tabular.schema import Rejects, TableSchema
from automl_training.stage import StageContext


class Ingest:
    """Takes the table as it was typed at its confirmation, or reads and types an upload."""

    name: StageName = "ingest"
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = (TABLE, SCHEMA, REJECTS)

    def run(self, context: StageContext) -> None:
        """Make ``table.parquet``, ``schema.json`` and ``rejects.json``."""
        workspace, reporter = context.workspace, context.reporter
        scratch = _empty_folder(workspace.scratch("ingest"))
        reporter.progress(0.0, "Reading the table")
        if context.fetch_kept is not None:
            # What the user saw and perhaps overrode at confirmation is what is trained on.
            found = context.fetch_kept(scratch)
            require_rows(found)
            schema, rejects, table = found.schema, found.rejects, found.path
        elif context.upload is not None:
            table = scratch / TABLE
            schema, rejects = _read(context, context.upload, table, scratch)
        else:
            raise ConfigurationError("This training was given no table.")
        file = schema.file
        context.decide(
            what="reading",
            chosen={"encoding": file.encoding, "delimiter": file.delimiter, "format": file.format},
            why=file.encoding_reason,
            warnings=schema.warnings,
        )
        workspace.write(SCHEMA, schema.model_dump_json())
        workspace.write(REJECTS, rejects.model_dump_json())
        workspace.take(TABLE, table)
        shutil.rmtree(scratch)
        reporter.progress(1.0, f"{schema.n_rows:,} rows read")


def _read(
    context: StageContext, upload: Path, table: Path, scratch: Path
) -> tuple[TableSchema, Rejects]:
    """Read an upload, and write it typed."""
    from automl_core.tabular.convert import read_table

    scan = read_table(
        lambda: upload.open("rb"),
        filename=context.upload_name,
        options=context.read_options,
        limits=context.limits,
        out=table,
        scratch=scratch,
    )
    return scan.schema, scan.rejects


def _empty_folder(folder: Path) -> Path:
    """A folder without leftovers of an attempt that was killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
