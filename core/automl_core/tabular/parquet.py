"""Uploads that are Parquet: their own types, read through DuckDB."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from automl_core.errors import TableEmptyError, TableTooWideError, TableUnreadableError
from automl_core.records import Storage
from automl_core.tabular.cells import MAX_INTEGER_DIGITS
from automl_core.tabular.engine import connect, identifier, literal
from automl_core.tabular.kinds import ColumnStats, classify_column
from automl_core.tabular.names import clean_names
from automl_core.tabular.schema import (
    ColumnSchema,
    FileFacts,
    ReadLimits,
    TableSchema,
    ValueCount,
)  # fmt: skip
from automl_core.tabular.source import OpenStream
from automl_core.tabular.thresholds import MAX_CLASSES

if TYPE_CHECKING:
    import duckdb

N_EXAMPLES: Final = 5
N_TOP_VALUES: Final = 10
MAX_SHOWN: Final = 200
COPY_BYTES: Final = 1024**2

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
     "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)  # fmt: skip
_NESTED = ("STRUCT", "MAP", "UNION", "BLOB", "GEOMETRY", "VARIANT", "LIST")


@dataclass(frozen=True)
class _Column:
    """A column of the file: its name there and DuckDB's type for it."""

    name: str
    type: str
    alias: str

    @property
    def is_nested(self) -> bool:
        return self.type.startswith(_NESTED) or self.type.endswith("]")


def scan(open_stream: OpenStream, limits: ReadLimits) -> TableSchema:
    """Describe a Parquet upload.

    Raises
    ------
    TableUnreadableError
        If it is damaged.
    TableEmptyError, TableTooWideError
    """
    with _spooled(open_stream) as spool:
        if len(spool.columns) > limits.max_columns:
            raise TableTooWideError(
                f"The table has {len(spool.columns):,} columns; at most {limits.max_columns:,} "
                "are read. Leave out columns that cannot matter."
            )
        n_rows = int(spool.one("SELECT count(*) FROM t")[0])
        if n_rows == 0:
            raise TableEmptyError("The Parquet file holds no rows. Upload a table with data.")
        names = clean_names([column.name for column in spool.columns])
        columns = [
            _describe(spool, column, position, name, n_rows)
            for position, (column, name) in enumerate(zip(spool.columns, names, strict=True))
        ]
        return TableSchema(
            file=FileFacts(
                bytes=spool.n_bytes, sha256=spool.sha256, format="parquet",
                encoding_reason="Parquet keeps text as UTF-8",
            ),
            n_rows=n_rows,
            columns=columns,
        )  # fmt: skip


def preview(open_stream: OpenStream, schema: TableSchema, n_rows: int) -> list[list[str | None]]:
    """The first rows as text."""
    with _spooled(open_stream) as spool:
        picked = ", ".join(
            f"CAST({expression(column.type, described.storage, column.alias)} AS VARCHAR)"
            for column, described in zip(spool.columns, schema.columns, strict=True)
        )
        rows = spool.connection.execute(f"SELECT {picked} FROM t LIMIT {int(n_rows)}").fetchall()  # noqa: S608 - aliases of ours and quoted types
        return [list(row) for row in rows]


def read_text(
    open_stream: OpenStream, schema: TableSchema, columns: Mapping[str, ColumnSchema]
) -> dict[str, np.ndarray]:
    """Columns as text, under the given names."""
    answer = {}
    with _spooled(open_stream) as spool:
        for name, described in columns.items():
            column = spool.columns[described.position]
            value = expression(column.type, described.storage, column.alias)
            rows = spool.connection.execute(f"SELECT CAST({value} AS VARCHAR) FROM t").fetchall()  # noqa: S608 - an alias of ours
            array = np.empty(len(rows), dtype=object)
            array[:] = [row[0] for row in rows]
            answer[name] = array
    return answer


def expression(column_type: str, storage: Storage, alias: str) -> str:
    """SQL that turns a column of the file into what is stored; NULL where nothing is known."""
    if storage == "integer":
        return f"CAST({alias} AS BIGINT)"
    if storage == "decimal":
        return f"CASE WHEN isfinite(CAST({alias} AS DOUBLE)) THEN CAST({alias} AS DOUBLE) END"
    if storage == "date":
        return f"CASE WHEN isfinite({alias}) THEN {alias} END"
    if storage == "datetime":
        at_utc = f"({alias} AT TIME ZONE 'UTC')" if "TIME ZONE" in column_type else alias
        moment = f"CAST({at_utc} AS TIMESTAMP)"
        return f"CASE WHEN isfinite({moment}) THEN {moment} END"
    text = f"CAST({alias} AS VARCHAR)"
    return f"CASE WHEN trim({text}, E' \\t\\r\\n') <> '' THEN {text} END"


@dataclass(frozen=True)
class _Spool:
    connection: duckdb.DuckDBPyConnection
    columns: list[_Column]
    n_bytes: int
    sha256: str

    def one(self, sql: str) -> tuple[Any, ...]:
        """The only row of an answer."""
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return tuple(row)


@contextmanager
def _spooled(open_stream: OpenStream) -> Iterator[_Spool]:
    """Open the upload as view ``t`` with columns ``c0``, ``c1`` … (Parquet needs a file)."""
    with TemporaryDirectory(prefix="automl-") as folder:
        path = Path(folder) / "upload.parquet"
        digest = hashlib.sha256()
        with open_stream() as stream, path.open("wb") as file:
            while block := stream.read(COPY_BYTES):
                digest.update(block)
                file.write(block)
        with connect([Path(folder)]) as connection:
            columns = open_view(connection, path)
            yield _Spool(connection, columns, path.stat().st_size, digest.hexdigest())


def open_view(connection: duckdb.DuckDBPyConnection, path: Path) -> list[_Column]:
    """Make view ``t`` of a Parquet file, its columns called ``c0``, ``c1`` …

    Raises
    ------
    TableUnreadableError
        If the file is damaged.
    """
    import duckdb

    try:
        described = connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]
        ).fetchall()
        columns = [_Column(row[0], row[1], f"c{i}") for i, row in enumerate(described)]
        aliases = ", ".join(column.alias for column in columns)
        connection.execute(
            f"CREATE VIEW t AS SELECT * FROM read_parquet({literal(str(path))}) AS f({aliases})"  # noqa: S608 - quoted
        )
        # Damage behind the footer shows only when the data are read.
        connection.execute("SELECT max(COLUMNS(*)) FROM (SELECT * FROM t LIMIT 1)").fetchall()
    except duckdb.Error as error:
        raise TableUnreadableError(
            "The Parquet file is damaged or of a kind that is not supported. Write it again, or "
            "upload the table as CSV."
        ) from error
    return columns


def rewrite(open_stream: OpenStream, schema: TableSchema, path: Path, *, scratch: Path) -> int:
    """Write an upload again with the types of the schema; return its rows."""
    plain = scratch / "plain.parquet"
    try:
        with connect([scratch, path.parent]) as connection:
            copy_upload(open_stream, plain)
            fields = ", ".join(
                f"{expression(found.type, column.storage, found.alias)} AS "
                f"{identifier(column.name)}"
                for found, column in zip(open_view(connection, plain), schema.columns, strict=True)
            )
            connection.execute(
                f"COPY (SELECT {fields} FROM t) TO {literal(str(path))} "  # noqa: S608 - quoted
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            row = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    finally:
        plain.unlink(missing_ok=True)
    return int(row[0]) if row else 0


def copy_upload(open_stream: OpenStream, path: Path) -> None:
    """Put the upload into a file."""
    with open_stream() as stream, path.open("wb") as file:
        shutil.copyfileobj(stream, file, COPY_BYTES)


def _storage(spool: _Spool, column: _Column) -> Storage:
    kind = column.type
    if kind in _INTEGERS:
        limit = 10**MAX_INTEGER_DIGITS
        is_short = spool.one(f"SELECT bool_and({column.alias} BETWEEN -{limit} AND {limit}) FROM t")  # noqa: S608 - an alias of ours
        return "integer" if is_short[0] is not False else "text"
    if kind in {"FLOAT", "DOUBLE"} or kind.startswith("DECIMAL"):
        return "decimal"
    if kind == "BOOLEAN":
        return "boolean"
    if kind == "DATE":
        return "date"
    return "datetime" if kind.startswith("TIMESTAMP") else "text"


def _describe(
    spool: _Spool, column: _Column, position: int, name: str, n_rows: int
) -> ColumnSchema:
    storage = _storage(spool, column)
    value = expression(column.type, storage, column.alias)
    is_number = storage in {"integer", "decimal"}
    n_there, n_values, n_distinct = spool.one(
        f"SELECT count({column.alias}), count(v), count(DISTINCT v) "  # noqa: S608 - an alias of ours
        f"FROM (SELECT {column.alias}, {value} AS v FROM t)"
    )
    low, high = (
        spool.one(f"SELECT min({value})::DOUBLE, max({value})::DOUBLE FROM t")  # noqa: S608 - an alias of ours
        if is_number
        else (None, None)
    )
    is_increasing = (
        storage not in {"text", "boolean"}
        and n_values > 1
        and not spool.one(
            "SELECT count(*) FROM (SELECT v, lag(v) OVER () AS p "  # noqa: S608 - an alias of ours
            f"FROM (SELECT {value} AS v FROM t) WHERE v IS NOT NULL) WHERE v <= p"
        )[0]
    )
    length, words, single = spool.one(
        "SELECT coalesce(avg(length(v)), 0), coalesce(avg(len(string_split(v, ' '))), 1), "  # noqa: S608 - an alias of ours
        "coalesce(avg(CAST(NOT contains(v, ' ') AS INTEGER)), 1) "
        f"FROM (SELECT CAST({value} AS VARCHAR) AS v FROM t) WHERE v IS NOT NULL"
    )
    n_top = MAX_CLASSES if n_distinct <= MAX_CLASSES else N_TOP_VALUES
    top = spool.connection.execute(
        f"SELECT CAST(v AS VARCHAR), count(*) AS n FROM (SELECT {value} AS v FROM t) "  # noqa: S608 - an alias of ours
        f"WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {n_top}"
    ).fetchall()
    kind, reason = classify_column(
        ColumnStats(
            name=name, storage=storage, n_values=n_values, n_distinct=n_distinct,
            n_counted=n_values, is_increasing=is_increasing, minimum=low, maximum=high,
            mean_length=length, mean_words=words, share_single_words=single,
        )
    )  # fmt: skip
    if column.is_nested and kind != "constant":
        kind, reason = "text", f"Its values are nested ({column.type[:40]})."
    n_unreadable = n_there - n_values if storage in {"decimal", "date", "datetime"} else 0
    return ColumnSchema(
        name=name,
        original_name=column.name,
        position=position,
        storage=storage,
        kind=kind,
        kind_reason=reason,
        n_missing=n_rows - n_values,
        n_distinct=n_distinct,
        n_unreadable=n_unreadable,
        minimum=low,
        maximum=high,
        is_increasing=is_increasing,
        mean_length=round(length, 3),
        examples=_examples(spool, value),
        top_values=[ValueCount(value=text[:MAX_SHOWN], rows=rows) for text, rows in top],
        warnings=[f"{n_unreadable:,} values are infinite or NaN and are read as missing."]
        if n_unreadable
        else [],
    )


def _examples(spool: _Spool, value: str) -> list[str]:
    rows: Sequence[tuple[str]] = spool.connection.execute(
        f"SELECT CAST(v AS VARCHAR) FROM (SELECT {value} AS v FROM t LIMIT 1000) "  # noqa: S608 - an alias of ours
        f"WHERE v IS NOT NULL LIMIT {N_EXAMPLES}"
    ).fetchall()
    return [row[0][:MAX_SHOWN] for row in rows]
