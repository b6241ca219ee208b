"""From an upload to one typed Parquet file, and from that to arrays.

The cells are read by the rules of ``cells`` and nothing else: DuckDB's own casts would round
('0.73' as a whole number is 1) and take '1_000' for a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.errors import NotFoundError
from automl_core.records import Storage
from automl_core.tabular import parquet
from automl_core.tabular.blocks import read_blocks
from automl_core.tabular.early import changed
from automl_core.tabular.engine import connect, identifier
from automl_core.tabular.parquet_writer import ParquetWriter
from automl_core.tabular.plain_numbers import note_plain
from automl_core.tabular.read import OpenStream, Scan, scan_table
from automl_core.tabular.rows import RowReader
from automl_core.tabular.schema import ReadLimits, ReadOptions, TableSchema
from automl_core.tabular.source import Source
from automl_core.tabular.typed import converter_of


def read_table(
    open_stream: OpenStream,
    *,
    filename: str,
    out: Path,
    scratch: Path,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
    limits: ReadLimits = ReadLimits(),  # noqa: B008 - frozen
) -> Scan:
    """Scan a table and write it typed, both at once: half the work of one after the other.

    Parameters
    ----------
    open_stream, filename, options, limits
        As of :func:`automl_core.tabular.read.scan_table`.
    out, scratch
        As of :func:`write_parquet`.

    Raises
    ------
    TableUnreadableError, TableEmptyError, TableTooNarrowError, TableTooWideError, \
UploadTooLargeError, ConfigInvalidError
        As :func:`automl_core.tabular.read.scan_table` does.
    """
    part = out.with_name(out.name + ".part")
    try:
        scan = scan_table(
            open_stream, filename=filename, options=options, limits=limits, typed=part
        )
        if scan.schema.file.format == "parquet":
            write_parquet(open_stream, scan.schema, out, scratch=scratch)
        else:
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return scan


def write_parquet(
    open_stream: OpenStream, schema: TableSchema, out: Path, *, scratch: Path
) -> None:
    """Write a table that was scanned before, typed, its rows in the order of the file.

    Parameters
    ----------
    schema : TableSchema
        Of the same upload.
    out : Path
        Written whole or not at all.
    scratch : Path
        Folder for a copy of an upload that is Parquet itself, while this runs.

    Raises
    ------
    TableUnreadableError
        If the upload does not hold the rows that the schema counts.
    """
    part = out.with_name(out.name + ".part")
    try:
        if schema.file.format == "parquet":
            n_rows = parquet.rewrite(open_stream, schema, part, scratch=scratch)
        else:
            n_rows = _rewrite(open_stream, schema, part)
        if n_rows != schema.n_rows:
            raise changed(n_rows, schema.n_rows)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _rewrite(open_stream: OpenStream, schema: TableSchema, path: Path) -> int:
    """Write a text table; return its rows."""
    limits = ReadLimits()
    reader = RowReader.of(Source(open_stream, limits), schema.file, len(schema.columns), limits)
    converters = [converter_of(column, schema.file.decimal) for column in schema.columns]
    fields = [(column.name, column.storage) for column in schema.columns]
    with ParquetWriter(path, fields) as writer:
        for block in read_blocks(reader):
            columns = block.columns()
            note_plain(
                block,
                [
                    cells
                    for cells, (_, storage) in zip(columns, fields, strict=True)
                    if storage in {"integer", "decimal"}
                ],
            )
            values = [convert(cells) for convert, cells in zip(converters, columns, strict=True)]
            writer.write(values, block.n_rows)
    return writer.n_rows


def read_columns(
    parquet_path: Path, schema: TableSchema, names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Read columns of the typed table, rows in the order of the file.

    Parameters
    ----------
    parquet_path : Path
        As :func:`write_parquet` made it.
    names : sequence of str or None
        Final names; None: all columns.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        By final name. Numbers: float64 with NaN; truth values (in the words of the file) and
        text: objects, str or None; times: datetime64[us] in UTC with NaT.

    Raises
    ------
    NotFoundError
        If the schema has no such column.
    """
    by_name = {column.name: column for column in schema.columns}
    wanted = list(by_name) if names is None else list(names)
    unknown = next((name for name in wanted if name not in by_name), None)
    if unknown is not None:
        raise NotFoundError(f"The table has no column {unknown!r}.", pointer=unknown)
    if not wanted:
        return {}
    fields = ", ".join(f"{identifier(name)} AS v{i}" for i, name in enumerate(wanted))
    with connect([parquet_path.parent]) as connection:
        fetched = connection.execute(
            f"SELECT {fields} FROM read_parquet(?)",  # noqa: S608 - quoted
            [str(parquet_path)],
        ).fetchnumpy()
    return {
        name: _as_array(fetched.pop(f"v{i}"), by_name[name].storage)
        for i, name in enumerate(wanted)
    }


def _as_array(fetched: Any, storage: Storage) -> np.ndarray:
    """One fetched column in the type that is promised."""
    mask = np.ma.getmaskarray(fetched)
    data = np.ma.getdata(fetched)
    if storage in {"integer", "decimal"}:
        numbers = data.astype(np.float64)
        numbers[mask] = np.nan
        return numbers
    if storage in {"date", "datetime"}:
        times = data.astype("datetime64[us]")
        times[mask] = np.datetime64("NaT", "us")
        return times
    texts = data.astype(object)
    texts[mask] = None
    return texts
