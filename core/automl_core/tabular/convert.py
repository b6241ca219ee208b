"""From an upload to one typed Parquet file, and from that to arrays.

The cells are read by the rules of ``cells`` and nothing else: DuckDB is handed numbers and
times that are already plain, and told the type of each column. Its own casts would round
('0.73' as a whole number is 1) and take '1_000' for a number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from automl_core.errors import NotFoundError, TableUnreadableError
from automl_core.records import Storage
from automl_core.tabular import parquet
from automl_core.tabular.cells import Decimal, is_missing, parse_number, parse_time
from automl_core.tabular.engine import connect, identifier, literal
from automl_core.tabular.read import OpenStream
from automl_core.tabular.rows import RowReader
from automl_core.tabular.schema import ColumnSchema, ReadLimits, TableSchema
from automl_core.tabular.source import Source

SQL_TYPES: Final[dict[Storage, str]] = {
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "boolean": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "text": "VARCHAR",
}
MEMORY_VALUES: Final = 20_000
"""Different cells of a column whose plain form is remembered."""
MIN_LINE_BYTES: Final = 2 * 1024**2


def write_parquet(
    open_stream: OpenStream, schema: TableSchema, out: Path, *, scratch: Path
) -> None:
    """Write the table once, typed, its rows in the order of the file.

    Parameters
    ----------
    schema : TableSchema
        Of the same upload.
    out : Path
        Written whole or not at all.
    scratch : Path
        Folder for a copy of the table as plain CSV while this runs.

    Raises
    ------
    TableUnreadableError
        If the upload does not hold the rows that the schema counts.
    """
    part = out.with_name(out.name + ".part")
    plain = scratch / ("plain.parquet" if schema.file.format == "parquet" else "plain.csv")
    try:
        with connect([scratch, out.parent]) as connection:
            if schema.file.format == "parquet":
                parquet.copy_upload(open_stream, plain)
                found = parquet.open_view(connection, plain)
                picked = [
                    parquet.expression(column.type, described.storage, column.alias)
                    for column, described in zip(found, schema.columns, strict=True)
                ]
                table = "t"
            else:
                longest = _write_plain(open_stream, schema, plain)
                picked = [f"c{column.position}" for column in schema.columns]
                table = _read_csv(plain, schema, longest)
            fields = ", ".join(
                f"{value} AS {identifier(column.name)}"
                for value, column in zip(picked, schema.columns, strict=True)
            )
            connection.execute(
                f"COPY (SELECT {fields} FROM {table}) TO {literal(str(part))} "  # noqa: S608 - quoted
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            row = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(part)]).fetchone()
        if row is None or row[0] != schema.n_rows:
            raise TableUnreadableError(
                f"{row and row[0]:,} rows were read where {schema.n_rows:,} were counted before: "
                "the file has changed, or its quotes are ambiguous. Upload it again."
            )
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        plain.unlink(missing_ok=True)


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


# -- Plain CSV ------------------------------------------------------------------------


def _write_plain(open_stream: OpenStream, schema: TableSchema, path: Path) -> int:
    """Write the table as UTF-8 CSV with plain cells; return a number of bytes no line passes."""
    limits = ReadLimits()
    source = Source(open_stream, limits)
    reader = RowReader.of(source, schema.file, len(schema.columns), limits)
    plainers = [_Plainer(column, schema.file.decimal) for column in schema.columns]
    longest = 0
    with path.open("wb") as file:
        for rows in reader.chunks():
            columns = [
                plain(cells) for plain, cells in zip(plainers, zip(*rows, strict=True), strict=True)
            ]
            data = _as_csv(list(zip(*columns, strict=True))).encode()
            longest = max(longest, len(data))
            file.write(data)
    return longest


def _as_csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    plain = text.getvalue()
    if "\r" not in plain:
        return plain
    # A lone CR inside a cell ends a line for many readers, and not every Python quotes it.
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def _read_csv(path: Path, schema: TableSchema, longest_line: int) -> str:
    """Table function over the plain CSV with nothing left to be detected."""
    types = ", ".join(
        f"'c{column.position}': '{SQL_TYPES[column.storage]}'" for column in schema.columns
    )
    max_line = max(MIN_LINE_BYTES, longest_line)
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, header = false, delim = ',', "
        "quote = '\"', escape = '\"', new_line = '\\n', nullstr = '', encoding = 'utf-8', "
        "strict_mode = true, parallel = false, null_padding = false, ignore_errors = false, "
        f"max_line_size = {max_line}, columns = {{{types}}})"
    )


class _Plainer:
    """Turns the cells of one column into plain ones; empty where nothing is known."""

    def __init__(self, column: ColumnSchema, decimal: Decimal) -> None:
        self._plain_one = _plain_rule(column, decimal)
        self._known: dict[str, str] = {}

    def __call__(self, cells: Sequence[str]) -> list[str]:
        known = self._known
        new = set(cells).difference(known)
        if new:
            if len(known) + len(new) > MEMORY_VALUES:
                known.clear()
                new = set(cells)
            rule = self._plain_one
            known.update((cell, rule(cell)) for cell in new)
        return list(map(known.__getitem__, cells))


def _plain_rule(column: ColumnSchema, decimal: Decimal) -> Callable[[str], str]:
    """How a cell of this column becomes plain."""
    tokens = frozenset(column.missing_tokens)
    time_format = column.time_format

    def plain_text(cell: str) -> str:
        return "" if is_missing(cell, tokens) else cell

    def plain_number(cell: str) -> str:
        value = parse_number(cell, decimal)
        return "" if value is None else repr(value)

    def plain_integer(cell: str) -> str:
        value = parse_number(cell, decimal)
        return "" if value is None else str(int(value))

    def plain_date(cell: str) -> str:
        moment = parse_time(cell, time_format)
        return "" if moment is None else moment.date().isoformat()

    def plain_moment(cell: str) -> str:
        moment = parse_time(cell, time_format)
        return "" if moment is None else moment.isoformat(sep=" ")

    rules: dict[Storage, Callable[[str], str]] = {
        "integer": plain_integer,
        "decimal": plain_number,
        "date": plain_date,
        "datetime": plain_moment,
        "boolean": plain_text,
        "text": plain_text,
    }
    return rules[column.storage]
