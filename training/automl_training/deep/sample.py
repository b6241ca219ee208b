"""What the profiler gets to see: some rows, some columns, and nothing that could be markup."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from automl_core.tabular.engine import connect, identifier, literal
from automl_core.tabular.schema import ColumnSchema, TableSchema

SPEC: Final = "spec.json"

#: Characters of a cell, and of a column's name, that the profiler sees.
MAX_TEXT: Final = 200

#: Characters that move the cursor or turn the writing direction of what follows.
_CONTROLS: Final = "\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")
#: The same for DuckDB, whose expressions write code points in braces.
_SQL_CONTROL: Final = (
    "[\\x{0}-\\x{1f}\\x{7f}-\\x{9f}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]"
)

#: What a type of the Parquet file holds; any other is handed over as text.
_KINDS: Final = {
    "TINYINT": "integer", "SMALLINT": "integer", "INTEGER": "integer", "BIGINT": "integer",
    "FLOAT": "decimal", "DOUBLE": "decimal", "DECIMAL": "decimal", "BOOLEAN": "boolean",
    "DATE": "datetime", "TIMESTAMP": "datetime",
}  # fmt: skip

#: What :func:`html.escape` replaces, in its order.
_ESCAPES: Final = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"),
)  # fmt: skip


#: Code of the finding whose columns no report shows.
_PERSONAL: Final = "personal-data"


@dataclass(frozen=True)
class Choice:
    """Which columns a profiler is given; each list in the order of the table."""

    columns: tuple[ColumnSchema, ...]
    over: tuple[str, ...] = ()
    """Over the cap."""
    personal: tuple[str, ...] = ()
    """Looking like personal data, whose values the data report hides as well."""
    reason: str = ""
    """How those under the cap were chosen; empty if none was over."""


def choose_columns(
    schema: TableSchema,
    *,
    profile: Mapping[str, Any] | None,
    excluded: Collection[str],
    at_most: int,
) -> Choice:
    """Choose the columns that a profiler is given, whose time and memory go with them.

    Parameters
    ----------
    schema : TableSchema
    profile : mapping or None
        ``profile.json``: with a target, its scores rank the columns; what it finds to be
        personal data is left out.
    excluded : collection of str
        Columns that the user left out of the training, by final or original name.
    at_most : int
    """
    profile = profile or {}
    target = (profile.get("target") or {}).get("column")
    scores = (profile.get("target") or {}).get("scores", ())
    rank = {score["name"]: number for number, score in enumerate(scores)}
    flagged = {
        name
        for finding in profile.get("findings", ())
        if finding["code"] == _PERSONAL
        for name in finding["columns"]
    }
    asked = [
        column
        for column in schema.columns
        if column.name == target or not {column.name, column.original_name} & set(excluded)
    ]
    personal = tuple(column.name for column in asked if column.name in flagged)
    wanted = [column for column in asked if column.name not in flagged]
    if len(wanted) <= at_most:
        return Choice(tuple(wanted), personal=personal)
    by_worth = sorted(
        wanted,
        key=lambda column: (
            column.name != target,
            rank.get(column.name, len(rank)),
            column.position,
        ),
    )
    kept = {column.name for column in by_worth[:at_most]}
    reason = "the target and the first ones" if target else "the first ones"
    return Choice(
        tuple(column for column in wanted if column.name in kept),
        over=tuple(column.name for column in wanted if column.name not in kept),
        personal=personal,
        reason="the target and those that tell most about it on their own" if rank else reason,
    )


def write_sample(
    table: Path,
    columns: Sequence[ColumnSchema],
    folder: Path,
    *,
    max_rows: int,
    seed: int,
) -> tuple[int, int, list[str]]:
    """Write rows drawn from the whole table, each column as a CSV file, every text escaped.

    Parameters
    ----------
    table : Path
        Typed Parquet.
    columns : sequence of ColumnSchema
    folder : Path
        Gets ``c0.csv``, ``c1.csv`` …, each with the number of the row before the cell.
    max_rows, seed : int

    Returns
    -------
    rows, of : int
        Rows written, and rows of the table.
    kinds : list of str
        What each column holds: integer, decimal, boolean, datetime, category or text.
    """
    table, folder = table.resolve(), folder.resolve()
    with connect([folder, table.parent]) as database:
        rows = database.read_parquet(str(table), file_row_number=True)
        rows.create_view("t")
        types = {name: str(kind) for name, kind in zip(rows.columns, rows.types, strict=True)}
        kinds = [_kind(column, types[column.name]) for column in columns]
        counted = database.execute("SELECT count(*) FROM t").fetchone()
        n_rows = int(counted[0]) if counted else 0
        where = ""
        if n_rows > max_rows:
            drawn = np.random.default_rng(seed).choice(n_rows, size=max_rows, replace=False)
            database.execute("CREATE TEMP TABLE drawn AS SELECT unnest(?) AS n", [drawn.tolist()])
            where = "WHERE file_row_number IN (SELECT n FROM drawn) "
        # A column at a time: rows of many long texts do not fit into the engine's memory.
        for i, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
            database.execute(
                f"COPY (SELECT file_row_number AS n, {_cell_sql(column.name, kind)} AS cell "  # noqa: S608 - names are quoted
                f"FROM t {where}ORDER BY file_row_number) "
                f"TO {literal(str(folder / f'c{i}.csv'))} (FORMAT csv, HEADER, NULLSTR '')"
            )
    return min(n_rows, max_rows), n_rows, kinds


def write_spec(
    folder: Path,
    names: Sequence[str],
    kinds: Sequence[str],
    *,
    title: str,
    limits: Mapping[str, int],
) -> None:
    """Write what the profiler's process needs to know beside the sample."""
    spec = {
        "title": escape(title),
        "columns": [
            {"name": name, "kind": kind}
            for name, kind in zip(escaped_names(names), kinds, strict=True)
        ],
        **limits,
    }
    (folder / SPEC).write_text(json.dumps(spec), encoding="utf-8")


def escape(text: str) -> str:
    """Make a text harmless in HTML: escaped, without control characters, of bounded length.

    >>> escape("<b>'a'\\x00")
    '&lt;b&gt;&#x27;a&#x27; '
    """
    return html.escape(_CONTROL.sub(" ", text[:MAX_TEXT]))


def escaped_names(names: Sequence[str]) -> list[str]:
    """Escape column names; two that look alike afterwards are numbered.

    >>> escaped_names(["a<b", "a\\x01", "a\\x02"])
    ['a&lt;b', 'a ', 'a  (2)']
    """
    made: list[str] = []
    taken: set[str] = set()
    for name in names:
        plain = safe = escape(name)
        number = 1
        while safe in taken:
            number += 1
            safe = f"{plain} ({number})"
        taken.add(safe)
        made.append(safe)
    return made


def _kind(column: ColumnSchema, sql_type: str) -> str:
    kind = _KINDS.get(sql_type.partition("(")[0], "text")
    few = kind == "text" and column.kind in ("categorical", "constant")
    return "category" if few else kind


def _cell_sql(name: str, kind: str) -> str:
    """SQL of a cell; a text is cut, cleaned and escaped as :func:`escape` does it."""
    if kind not in ("category", "text"):
        return identifier(name)
    cut = f"left({identifier(name)}::VARCHAR, {MAX_TEXT})"
    cell = f"regexp_replace({cut}, {literal(_SQL_CONTROL)}, ' ', 'g')"
    for plain, safe in _ESCAPES:
        cell = f"replace({cell}, {literal(plain)}, {literal(safe)})"
    return cell
