"""Statements that several methods of the SQL metadata store share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from automl_core.adapters import sql_tables as tables
from automl_core.adapters.search_text import fold
from automl_core.adapters.sql_rows import Row, tag_rows
from automl_core.adapters.sql_tables import PlainText
from automl_core.adapters.stored_records import missing_record, stale_record, taken_record
from automl_core.ports import Page, Position
from automl_core.records import Job, OwnedRecord, utc_text

R = TypeVar("R", bound=OwnedRecord)

#: What people call a row of these tables.
_WORDS = {tables.datasets.name: "data set", tables.jobs.name: "job"}


class _TextPosition(FunctionElement[int]):
    """Place of a text in another one from 1 on, 0 if it is not in it."""

    type = Integer()
    inherit_cache = True


@compiles(_TextPosition, "sqlite")
def _instr(element: _TextPosition, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_TextPosition, "postgresql")
def _strpos(element: _TextPosition, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


def contains_text(column: Column[str], wanted: str) -> ColumnElement[bool]:
    """Say that a column of folded text holds a user's words.

    Not with LIKE: there, characters of the words would have a meaning of their own, and
    SQLite takes at most 50,000 bytes of them.
    """
    return _TextPosition(column, literal(fold(wanted), PlainText)) > 0


def read_page(
    connection: Connection,
    model: type[R],
    record_id: Column[str],
    conditions: list[ColumnElement[bool]],
    *,
    limit: int,
    after: Position | None,
) -> Page[R]:
    """Read one page, newest first, beginning after the place where the last one ended."""
    table = record_id.table
    query = select(table.c.created_at, record_id, table.c.document).where(*conditions)
    if after is not None:
        reached = tuple_(
            literal(utc_text(after.created_at), PlainText), literal(after.record_id, PlainText)
        )
        query = query.where(tuple_(table.c.created_at, record_id) < reached)
    # One row more than asked for tells whether there is another page.
    query = query.order_by(table.c.created_at.desc(), record_id.desc()).limit(limit + 1)
    rows = connection.execute(query).all()
    items = [model.model_validate_json(document) for _, _, document in rows[:limit]]
    if len(rows) <= limit:
        return Page(items)
    created_at, last_id, _ = rows[limit - 1]
    return Page(items, Position(datetime.fromisoformat(created_at), last_id))


def replace_row(
    connection: Connection, table: Table, key: Column[str], row: Row, *, version: int
) -> None:
    """Write a row over the one of the same key if that still has the version."""
    is_same = key == row[key.name]
    condition = is_same & (table.c.version == version)
    if connection.execute(update(table).where(condition).values(row)).rowcount == 1:
        return
    present = connection.scalar(select(table.c.version).where(is_same))
    if present is None:
        raise missing_record(_WORDS[table.name], str(row[key.name]))
    raise stale_record(_WORDS[table.name], str(row[key.name]), read_at=version, present=present)


def write_tags(connection: Connection, job: Job) -> None:
    """Write a job's tags where none of it are."""
    rows = tag_rows(job)
    if rows:
        connection.execute(insert(tables.job_tags), rows)


def require_job(connection: Connection, job_id: str) -> None:
    """Hold on to a job for the rest of the transaction."""
    query = select(tables.jobs.c.job_id).where(tables.jobs.c.job_id == job_id)
    # Key share is what the foreign key takes itself; SQLite's writers are alone anyway.
    if connection.scalar(query.with_for_update(read=True, key_share=True)) is None:
        raise missing_record("job", job_id)


@contextmanager
def written_once(word: str, record_id: str) -> Iterator[None]:
    """Say that an identifier is taken, in the words of its kind."""
    try:
        yield
    except IntegrityError as error:
        raise taken_record(word, record_id) from error
