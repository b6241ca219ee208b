"""Connections to the SQL databases we support, and their errors in our words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from automl_core.errors import ConfigurationError, PlatformError

#: Seconds that a SQLite writer waits for its turn; writes take milliseconds.
SQLITE_BUSY_TIMEOUT_S = 30.0

#: Seconds to wait for a PostgreSQL server to accept a connection.
CONNECT_TIMEOUT_S = 5

#: Milliseconds after which unanswered data means that the PostgreSQL server is gone.
TCP_USER_TIMEOUT_MS = 20_000

#: Execution option of a transaction that will write.
WRITES = "automl_writes"

_UNREADABLE = (
    "AUTOML_DATABASE_URL is not the URL of a database; it must look like "
    "sqlite:////folder/automl.db or postgresql://user:password@host:5432/name."
)


def parse_url(text: str) -> URL:
    """Read a database URL; ``postgres://`` and ``postgresql://`` mean the driver we ship.

    Raises
    ------
    ConfigurationError
        If it is no URL, or of a database that this store was not made for. Never shows
        the URL, which may hold a password.

    Examples
    --------
    >>> parse_url("postgres://ada@db.example/automl").drivername
    'postgresql+psycopg'
    """
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise ConfigurationError(_UNREADABLE) from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(
            f"AUTOML_DATABASE_URL begins with {url.drivername}://; this platform keeps its records "
            "in SQLite (sqlite:///) or PostgreSQL (postgresql://)."
        )
    if url.database in (None, "", ":memory:") or "mode" in url.query:
        raise ConfigurationError(
            "AUTOML_DATABASE_URL names a SQLite database in memory, which a trainer's process "
            "could not see; name a file, as in sqlite:////folder/automl.db."
        )
    return url


def open_engine(url: URL) -> Engine:
    """Make the engine; nothing is connected yet, but a SQLite file is there afterwards."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
        "application_name": "automl-lite",
    }
    given = {name: value for name, value in arguments.items() if name not in url.query}
    # No server-side prepared statements: poolers such as PgBouncer hand connections around.
    return create_engine(url, pool_pre_ping=True, connect_args={**given, "prepare_threshold": None})


def _open_sqlite(url: URL) -> Engine:
    try:
        # Made before SQLite does, so that nobody else on the machine can read it.
        os.close(os.open(str(url.database), os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"The database file cannot be opened ({error.strerror}); choose a folder that can be "
            "written with AUTOML_DATA_DIR, or another AUTOML_DATABASE_URL."
        ) from error
    # isolation_level None: the driver begins no transaction by itself; we do, below.
    engine = create_engine(
        url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S, "isolation_level": None}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # FULL: with WAL, NORMAL could lose the last commits at a power cut. A job that was
    # answered with 202 must still be there; one fsync a write is what that costs.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reading transaction that turns into a writing one fails at once when somebody else
    # wrote in between, whatever the busy timeout: writers take the lock when they begin.
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def enter_wal(engine: Engine) -> None:
    """Switch a SQLite file to write-ahead logging; the file remembers it.

    Readers then never wait for a writer. SQLite does not wait for its busy timeout here
    when two processes switch at once, so this does.
    """
    deadline = time.monotonic() + SQLITE_BUSY_TIMEOUT_S
    with engine.connect() as connection:
        while True:
            try:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            except exc.OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what an unreachable or broken database throws into ``PlatformError``.

    The detail names neither address nor statement; the cause stays chained for the log.
    """
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError) as error:
        if _is_wrong_statement(error):
            raise
        raise PlatformError("The database does not answer; try again in a moment.") from error
    except exc.DBAPIError as error:
        # A plain DatabaseError is SQLite's word for a file that is damaged or none of its own.
        if type(error) is not exc.DatabaseError and not error.connection_invalidated:
            raise
        raise PlatformError("The database cannot be read; it may be damaged.") from error


def _is_wrong_statement(error: exc.SQLAlchemyError) -> bool:
    """Tell a mistake of ours, which SQLite files under the same class as a full disk."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else None
    return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
