"""Doctests of core: Alembic's scripts can only be imported by Alembic."""

collect_ignore_glob = ["automl_core/adapters/migrations/*"]
