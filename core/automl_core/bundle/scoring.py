"""Score a table file with a bundle, whichever of our two formats it has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.bundle.runtime import CHUNK_ROWS, InputError, Predictor, ScoreWriter, score_csv

if TYPE_CHECKING:
    import duckdb

_PARQUET_MAGIC = b"PAR1"


def score_file(predictor: Predictor, input: Path, out: Path) -> int:  # noqa: A002 - its plain name
    """Score a CSV or Parquet file; what it is, its first bytes say.

    Parameters
    ----------
    predictor : Predictor
    input : Path
    out : Path
        CSV, as :func:`automl_core.bundle.runtime.score_csv` writes it.

    Returns
    -------
    int
        Rows scored, in the input's order.

    Raises
    ------
    InputError
        If the file cannot be read, or lacks a column of the model.
    """
    with input.open("rb") as stream:
        is_parquet = stream.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC
    if not is_parquet:
        return score_csv(predictor, input, out)
    part = out.with_name(out.name + ".part")
    try:
        n_rows = _score_parquet(predictor, input, part)
        os.replace(part, out)  # noqa: PTH105 - the one spelling that says “replace”
    finally:
        part.unlink(missing_ok=True)
    return n_rows


def _score_parquet(predictor: Predictor, path: Path, part: Path) -> int:
    import duckdb

    try:
        with duckdb.connect() as connection:
            result = _open_parquet(connection, path)
            header = [column[0] for column in result.description]
            positions = predictor.encoder.find_columns(header)
            n_rows = 0
            with part.open("w", encoding="utf-8", newline="") as sink:
                writer = ScoreWriter(predictor, sink, header)
                for chunk in _chunks(result):
                    table = {name: [row[at] for row in chunk] for name, at in positions.items()}
                    predictions = predictor.predict(table, len(chunk))
                    writer.write([[_cell(value) for value in row] for row in chunk], predictions)
                    n_rows += len(chunk)
            return n_rows
    except duckdb.Error as error:
        raise InputError("The Parquet file cannot be read.") from error


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyConnection:
    """Select everything, moments with a zone in UTC without one (Python's would need pytz)."""
    connection.execute("SET TimeZone = 'UTC'")
    read = "SELECT * FROM read_parquet($1)"
    columns = connection.execute(f"DESCRIBE {read}", [str(path)]).fetchall()
    quoted = ['"' + name.replace('"', '""') + '"' for name, *_ in columns]
    zoned = [name for name, column in zip(quoted, columns, strict=True) if "TIME ZONE" in column[1]]
    if zoned:
        casts = ", ".join(f"CAST({name} AS TIMESTAMP) AS {name}" for name in zoned)
        read = f"SELECT * REPLACE ({casts}) FROM read_parquet($1)"  # noqa: S608 - quoted names
    return connection.execute(read, [str(path)])


def _chunks(result: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := result.fetchmany(CHUNK_ROWS):
        yield chunk


def _cell(value: object) -> str:
    """Write a value of a Parquet file as a CSV cell.

    >>> [_cell(value) for value in (None, True, 1.5, "a")]
    ['', 'true', '1.5', 'a']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
