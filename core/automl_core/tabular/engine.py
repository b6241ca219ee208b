"""DuckDB, told everything: no downloads, no files but the given folders, bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT: Final = "512MB"
N_THREADS: Final = 2


@contextmanager
def connect(folders: Sequence[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that sees files in these folders and nothing else.

    Parameters
    ----------
    folders : sequence of Path
        The first one also takes what does not fit into memory.
    """
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "threads": N_THREADS,
            "temp_directory": str(folders[0]),
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        allowed = ", ".join(literal(str(folder.resolve()) + "/") for folder in folders)
        connection.execute(f"SET allowed_directories = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def literal(text: str) -> str:
    """Quote a text for SQL.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a column's name for SQL; a quote inside is doubled."""
    return '"' + name.replace('"', '""') + '"'
