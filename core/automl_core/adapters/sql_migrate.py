"""Bring a database to the tables of this version, whoever opens it first."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from automl_core.adapters.sql_engine import WRITES, enter_wal
from automl_core.adapters.sql_tables import HEAD_REVISION
from automl_core.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"

#: Any number that nobody else on the same PostgreSQL server uses; "AutoML" in ASCII.
_ADVISORY_LOCK = 0x4175746F4D4C


def migrate(engine: Engine) -> None:
    """Run what is missing of the migrations, in one transaction, one process at a time.

    Raises
    ------
    ConfigurationError
        If the database was written by a later version of this platform.
    """
    if engine.dialect.name == "sqlite":
        enter_wal(engine)
    with engine.connect() as connection:
        # The usual case, and every trainer's: nothing to do, and Alembic is slow to import.
        if _revision(connection) == HEAD_REVISION:
            return
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        # SQLite is locked by BEGIN IMMEDIATE already.
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK}
            )
        if _revision(connection) != HEAD_REVISION:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    # ConfigParser reads a lone % as the start of a reference.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    present = _revision(connection)
    try:
        ScriptDirectory.from_config(config).get_revision(present or "base")
    except CommandError as error:
        raise ConfigurationError(
            f"The database is at revision {present!r}, which this version does not know; "
            "it was written by a later version of AutoML Lite. Install that one."
        ) from error
    command.upgrade(config, "head")
