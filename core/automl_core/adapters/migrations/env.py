"""Alembic's entry: run migrations on the connection that was handed over.

The caller owns the transaction, which holds the lock that keeps two processes from
migrating at the same time; see ``automl_core.adapters.sql_migrate``.
"""

from alembic import context

from automl_core.adapters.sql_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes tables by copying them.
    render_as_batch=True,
)
context.run_migrations()
