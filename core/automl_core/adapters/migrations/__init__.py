"""The database's history: Alembic migrations, run when the store is opened."""
