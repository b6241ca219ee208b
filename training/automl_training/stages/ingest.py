"""Ingest: the uploaded table, read once and kept typed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

from automl_core.layout import REJECTS, SCHEMA, TABLE
from automl_core.records import StageName
from automl_core.tabular.convert import write_parquet
from automl_core.tabular.read import scan_table
from automl_training.stage import StageContext


class Ingest:
    """Writes the table as Parquet and says which lines could not be read."""

    name: StageName = "ingest"
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = (TABLE, SCHEMA, REJECTS)

    def run(self, context: StageContext) -> None:
        """Make ``table.parquet``, ``schema.json`` and ``rejects.json``."""

        def open_upload() -> BinaryIO:
            return context.upload.open("rb")

        workspace, reporter = context.workspace, context.reporter
        reporter.progress(0.0, "Reading the table")
        # What the user saw and perhaps overrode at confirmation is what is trained on.
        scan = context.confirmed or scan_table(
            open_upload,
            filename=context.upload_name,
            options=context.read_options,
            limits=context.limits,
        )
        file = scan.schema.file
        context.decide(
            what="reading",
            chosen={"encoding": file.encoding, "delimiter": file.delimiter, "format": file.format},
            why=file.encoding_reason,
            warnings=scan.schema.warnings,
        )
        reporter.progress(0.5, "Writing it typed")
        scratch = workspace.scratch("ingest")
        table = _empty_folder(scratch) / TABLE
        write_parquet(open_upload, scan.schema, table, scratch=scratch)
        workspace.write(SCHEMA, scan.schema.model_dump_json())
        workspace.write(REJECTS, scan.rejects.model_dump_json())
        workspace.take(TABLE, table)
        shutil.rmtree(scratch)
        reporter.progress(1.0, f"{scan.schema.n_rows:,} rows read")


def _empty_folder(folder: Path) -> Path:
    """A folder without leftovers of an attempt that was killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
