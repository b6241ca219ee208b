"""Reading a table: what is in an upload, without holding it in memory."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_core.errors import (
    ConfigInvalidError,
    NotFoundError,
    TableEmptyError,
    TableTooNarrowError,
    TableTooWideError,
    TableUnreadableError,
)  # fmt: skip
from automl_core.tabular import parquet
from automl_core.tabular.blocks import read_blocks
from automl_core.tabular.cells import Decimal, is_missing
from automl_core.tabular.early import EarlyWriter
from automl_core.tabular.encoding import Survey, guess_from_head, refuse_binary, survey
from automl_core.tabular.foreign import refuse_other_files
from automl_core.tabular.rows import RowReader
from automl_core.tabular.scan import count_columns, describe_columns
from automl_core.tabular.schema import (
    ColumnSchema,
    FileFacts,
    ReadLimits,
    ReadOptions,
    Rejects,
    TableFormat,
    TableSchema,
)  # fmt: skip
from automl_core.tabular.sniff import Layout, sniff
from automl_core.tabular.source import HEAD_BYTES, OpenStream, Source

__all__ = ["OpenStream", "Scan", "preview_rows", "read_text_columns", "scan_table"]

_NO_LIMITS = ReadLimits()


@dataclass(frozen=True)
class Scan:
    """What a table holds, and which of its lines could not be taken as they were."""

    schema: TableSchema
    rejects: Rejects


def scan_table(
    open_stream: OpenStream,
    *,
    filename: str,
    options: ReadOptions = ReadOptions(),  # noqa: B008 - frozen
    limits: ReadLimits = ReadLimits(),  # noqa: B008 - frozen
    typed: Path | None = None,
) -> Scan:
    """Read a whole table once and say how it is to be understood.

    CSV of any dialect, plain or gzip, streams through in a few tens of megabytes; Parquet is
    told by its magic bytes and read with its own types.

    Parameters
    ----------
    open_stream : callable
        Opens the raw upload from its start; called several times.
    filename : str
        For messages only; the bytes decide what the file is.
    options : ReadOptions
        What the user knows better.
    limits : ReadLimits
    typed : Path or None
        Where the rows of a text table are written as Parquet on the way, complete unless an
        error is raised; see :func:`automl_core.tabular.convert.read_table`.

    Raises
    ------
    TableUnreadableError
        If the bytes are no table: another kind of file, binary, an open quote, ragged rows.
    TableEmptyError, TableTooNarrowError, TableTooWideError
        If there is nothing in it, or less or more than the limits allow.
    UploadTooLargeError
        If a compressed file unpacks to more than the limits allow.
    ConfigInvalidError
        If an option cannot be followed.
    """
    source = Source(open_stream, limits)
    if source.is_parquet:
        schema = parquet.scan(open_stream, limits)
        _check_width(len(schema.columns), limits)
        return Scan(schema, Rejects())
    head = source.head()
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf\xfe\xff"):
        raise TableEmptyError(f"The file {filename!r} is empty. Upload a table with a header.")
    layout, first_guess = None, ""
    if not source.is_converted:
        refuse_other_files(head)
        refuse_binary(head, options.encoding)
        # A first look, so that what cannot be read is refused before the whole file is.
        first_guess = guess_from_head(head, options.encoding)
        layout = _lay_out(head, first_guess, filename, options, limits)
    facts = survey(source, head, options.encoding)
    if layout is None or facts.encoding != first_guess:
        layout = _lay_out(
            head, facts.encoding, filename, options, limits, table_format=source.format
        )
    with ExitStack() as closing:
        early = None
        if typed is not None:
            early = closing.enter_context(EarlyWriter(typed, layout.names, options.decimal))
        reader = RowReader(
            source, layout.dialect, facts.encoding, layout.skipped_lines, layout.has_header,
            len(layout.names), limits,
        )  # fmt: skip
        scan = _scan_rows(reader, facts, layout, early, filename=filename, decimal=options.decimal)
        if early is not None:
            again = RowReader.of(source, scan.schema.file, len(layout.names), limits)
            early.finish(scan.schema, lambda: read_blocks(again))
    return scan


def _scan_rows(
    reader: RowReader,
    facts: Survey,
    layout: Layout,
    early: EarlyWriter | None,
    *,
    filename: str,
    decimal: Decimal | None,
) -> Scan:
    """Count all rows, and hand them on to be written; say what they are."""
    source = reader.source
    counters = count_columns(
        read_blocks(reader), len(layout.names), then=early.take if early is not None else None
    )
    if reader.n_rows == 0:
        raise TableEmptyError(
            f"The file {filename!r} holds a header and no rows. Upload a table with data."
        )
    columns, decimal = describe_columns(counters, layout.names, decimal)
    dialect = layout.dialect
    schema = TableSchema(
        file=FileFacts(
            bytes=facts.n_bytes,
            sha256=facts.sha256,
            format=source.format,
            compression=source.compression,
            encoding=facts.encoding,
            encoding_reason=facts.reason,
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            escape=dialect.escape,
            skip_initial_space=dialect.skip_initial_space,
            has_header=layout.has_header,
            decimal=decimal,
            skipped_lines=layout.skipped_lines,
        ),
        n_rows=reader.n_rows,
        rows_set_aside=reader.n_set_aside,
        rows_padded=reader.n_padded,
        columns=columns,
        warnings=[*facts.warnings, *layout.warnings, *_warn(reader, columns)],
    )
    return Scan(schema, reader.result())


def preview_rows(
    open_stream: OpenStream, schema: TableSchema, *, n_rows: int
) -> list[list[str | None]]:
    """Read the first rows as text, None where a cell is missing.

    Parameters
    ----------
    schema : TableSchema
        Of the same upload.
    n_rows : int
        At most so many rows come back.
    """
    if schema.file.format == "parquet":
        return parquet.preview(open_stream, schema, n_rows)
    rows: list[list[str | None]] = []
    for chunk in _reader(open_stream, schema).chunks():
        rows.extend(
            [
                None if is_missing(cell, column.missing_tokens) else cell
                for cell, column in zip(row, schema.columns, strict=True)
            ]
            for row in chunk[: n_rows - len(rows)]
        )
        if len(rows) >= n_rows:
            break
    return rows


def read_text_columns(
    open_stream: OpenStream, schema: TableSchema, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Read columns as they stand in the file.

    Parameters
    ----------
    names : sequence of str
        Final names or names in the file.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        Under the given names; objects: str, or None where a cell is missing.

    Raises
    ------
    NotFoundError
        If the schema has no such column.
    """
    columns = [_find(schema, name) for name in names]
    if schema.file.format == "parquet":
        return parquet.read_text(open_stream, schema, dict(zip(names, columns, strict=True)))
    gathered: list[list[str | None]] = [[] for _ in columns]
    for chunk in _reader(open_stream, schema).chunks():
        for column, cells in zip(columns, gathered, strict=True):
            position, tokens = column.position, column.missing_tokens
            cells.extend(
                None if is_missing(row[position], tokens) else row[position] for row in chunk
            )
    return {name: _objects(cells) for name, cells in zip(names, gathered, strict=True)}


def _objects(cells: list[str | None]) -> np.ndarray:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def _find(schema: TableSchema, name: str) -> ColumnSchema:
    column = schema.column(name)
    if column is None:
        raise NotFoundError(f"The table has no column {name!r}.", pointer=name)
    return column


def _reader(open_stream: OpenStream, schema: TableSchema) -> RowReader:
    source = Source(open_stream, _NO_LIMITS)
    return RowReader.of(source, schema.file, len(schema.columns), _NO_LIMITS)


def _lay_out(
    head: bytes,
    encoding: str,
    filename: str,
    options: ReadOptions,
    limits: ReadLimits,
    *,
    table_format: TableFormat = "csv",
) -> Layout:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(head).removeprefix("\ufeff").replace("\0", "")
    if options.delimiter is not None and options.delimiter in '"\r\n\0':
        raise ConfigInvalidError(f"The character {options.delimiter!r} cannot be a delimiter.")
    if len(head) > HEAD_BYTES and "\n" not in text and "\r" not in text:
        raise TableUnreadableError(
            f"The first {HEAD_BYTES:,} bytes of the file hold no line end, so this is no table "
            "with one row a line. Export the table as CSV (or Parquet) and upload that."
        )
    layout = sniff(
        text,
        is_whole=len(head) <= HEAD_BYTES,
        delimiter=options.delimiter,
        header=options.header,
        table_format=table_format,
    )
    if layout is None:
        raise TableEmptyError(
            f"The file {filename!r} holds no table, only blank lines or remarks. Upload a table "
            "with a header and rows."
        )
    _check_width(len(layout.names), limits)
    return layout


def _check_width(n_columns: int, limits: ReadLimits) -> None:
    if n_columns > limits.max_columns:
        raise TableTooWideError(
            f"The table has {n_columns:,} columns; at most {limits.max_columns:,} are read. "
            "Leave out columns that cannot matter."
        )
    if n_columns < limits.min_columns:
        raise TableTooNarrowError(
            f"The table has {n_columns} column; learning needs a target and at least one more. "
            "If the file has several, name its delimiter."
        )


def _warn(reader: RowReader, columns: Sequence[ColumnSchema]) -> list[str]:
    warnings = []
    if reader.n_set_aside:
        warnings.append(
            f"{reader.n_set_aside:,} rows have more fields than the table has columns and were "
            "set aside."
        )
    if reader.n_padded:
        warnings.append(
            f"{reader.n_padded:,} rows have fewer fields than the table has columns; the missing "
            "ones are read as empty."
        )
    renamed = [c for c in columns if c.name != c.original_name and reader.has_header]
    if renamed:
        shown = ", ".join(f"{c.original_name!r} to {c.name!r}" for c in renamed[:5])
        warnings.append(f"{len(renamed):,} columns were renamed: {shown}.")
    if len(columns) == 1:
        warnings.append("The table has one column only; nothing can be learned from it.")
    return warnings
