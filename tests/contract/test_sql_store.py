"""What is of SQL databases only: migrations, restarts, several processes, lost servers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from automl_core.adapters import sql_tables
from automl_core.adapters.metadata_store_sql import SQLMetadataStore
from automl_core.adapters.sql_engine import open_engine, parse_url
from automl_core.adapters.sql_migrate import MIGRATIONS
from automl_core.errors import AutoMLError, ConfigurationError, ConflictError, PlatformError
from automl_core.records import Deployment, IdempotencyKey, Job, JobProgress

NewJob = Callable[..., Job]
NewKey = Callable[..., IdempotencyKey]

#: Opens the store, tells so, waits for the others, then claims jobs until none is left.
CLAIMER = """
import sys
from datetime import UTC, datetime
from automl_core.adapters.metadata_store_sql import SQLMetadataStore
from automl_core.errors import StaleRecordError
from automl_core.lifecycle import move

store = SQLMetadataStore(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
n_claimed = 0
while waiting := store.jobs_with_status(["pending"]):
    for job in waiting:
        try:
            store.update_job(move(job, "running", at=datetime.now(UTC), runner_ref=sys.argv[2]))
        except StaleRecordError:
            continue
        n_claimed += 1
print(n_claimed)
store.close()
"""


def start_claimer(url: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLAIMER, url, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def raw_engine(url: str) -> Engine:
    return create_engine(parse_url(url))


# -- Migrations -----------------------------------------------------------------------


def test_migrations_make_exactly_the_tables_that_the_code_uses(database_url: str) -> None:
    SQLMetadataStore(database_url).close()
    engine = raw_engine(database_url)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, sql_tables.metadata)
    engine.dispose()

    assert differences == []


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))

    assert ScriptDirectory.from_config(config).get_heads() == [sql_tables.HEAD_REVISION]


def test_foreign_keys_and_unique_names_are_those_of_the_code(database_url: str) -> None:
    # Autogeneration does not look at how a foreign key deletes.
    SQLMetadataStore(database_url).close()
    engine = raw_engine(database_url)

    inspector = inspect(engine)
    deletions = {
        table: [key["options"].get("ondelete") for key in inspector.get_foreign_keys(table)]
        for table in inspector.get_table_names()
    }
    engine.dispose()

    assert {table for table, rules in deletions.items() if rules == ["CASCADE"]} == {
        "job_tags", "job_progress", "deployments", "model_use",
    }  # fmt: skip


@pytest.mark.postgres
def test_postgresql_sorts_by_code_point_whatever_its_language(postgres_url: str) -> None:
    SQLMetadataStore(postgres_url).close()
    engine = raw_engine(postgres_url)

    with engine.connect() as connection:
        collations = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'text'"
                " AND column_name <> 'document' AND collation_name IS DISTINCT FROM 'C'"
            )
        ).all()
    engine.dispose()

    assert collations == []


def test_a_database_of_a_later_version_is_left_alone(database_url: str) -> None:
    SQLMetadataStore(database_url).close()
    engine = raw_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match=r"'9999'.*later version"):
        SQLMetadataStore(database_url)

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_a_migration_that_was_interrupted_left_nothing_behind(database_url: str) -> None:
    # A table in the way makes the second half of the migration fail.
    engine = raw_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE model_use (in_the_way INTEGER)"))

    with pytest.raises(DBAPIError, match="model_use"):
        SQLMetadataStore(database_url)

    tables = inspect(engine).get_table_names()
    engine.dispose()
    assert tables == ["model_use"]


# -- Restart and several processes ----------------------------------------------------


def test_everything_is_there_after_a_restart(
    database_url: str, new_job: NewJob, new_key: NewKey, noon: datetime
) -> None:
    before = SQLMetadataStore(database_url)
    job = new_job(job_id="j", tags=["t"], notes="🐧")
    progress = JobProgress(job_id="j", attempt=1, heartbeat_at=noon, progress=40)
    deployment = Deployment(
        deployment_id="d", job_id="j", action="deploy", bundle_sha256="b", created_at=noon,
        updated_at=noon,
    )  # fmt: skip
    before.add_job(job)
    before.put_progress(progress)
    before.add_deployment(deployment)
    before.note_use("j", at=noon, n_predictions=3)
    before.reserve_key(new_key(), now=noon)
    before.close()

    after = SQLMetadataStore(database_url)

    use = after.get_use("j")
    assert after.get_job("j") == job
    assert after.list_jobs("local", limit=1).items == [job]
    assert after.get_progress("j") == progress
    assert after.deployments("j") == [deployment]
    assert use is not None
    assert (use.last_used_at, use.n_predictions) == (noon, 3)
    assert after.reserve_key(new_key(), now=noon) == new_key()
    after.close()


def test_what_was_answered_survives_a_killed_process(database_url: str) -> None:
    script = """
import os, sys
from datetime import UTC, datetime
from automl_core.adapters.metadata_store_sql import SQLMetadataStore
from automl_core.records import Dataset
store = SQLMetadataStore(sys.argv[1])
now = datetime.now(UTC)
store.add_dataset(Dataset(dataset_id="d", filename="f", content_type="text/csv", created_at=now,
                          updated_at=now))
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", script, database_url], check=False)

    store = SQLMetadataStore(database_url)

    assert killed.returncode == -9
    assert store.get_dataset("d").filename == "f"
    store.close()


@pytest.mark.timeout(120)
def test_processes_that_start_together_share_an_empty_database_and_each_job_goes_to_one(
    database_url: str, new_job: NewJob
) -> None:
    claimers = [start_claimer(database_url, f"claimer {number}") for number in range(4)]
    assert [read_line(claimer) for claimer in claimers] == ["open"] * 4
    store = SQLMetadataStore(database_url)
    for _ in range(30):
        store.add_job(new_job())

    outputs = [claimer.communicate("go\n")[0] for claimer in claimers]

    jobs = store.list_jobs("local", limit=100).items
    store.close()
    assert [claimer.returncode for claimer in claimers] == [0] * 4
    assert sum(int(output) for output in outputs) == 30
    assert {(job.status, job.version) for job in jobs} == {("running", 1)}


def test_a_page_is_read_through_an_index_without_sorting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'automl.db'}"
    SQLMetadataStore(url).close()
    engine = raw_engine(url)
    ends = "AND (created_at, job_id) < ('x', 'y') ORDER BY created_at DESC, job_id DESC LIMIT 21"

    with engine.connect() as connection:
        plans = [
            " ".join(
                row.detail
                for row in connection.execute(
                    text(f"EXPLAIN QUERY PLAN SELECT document FROM jobs WHERE {condition} {ends}")
                )
            )
            for condition in (
                "owner_id = 'a'",
                "owner_id = 'a' AND status = 'failed'",
                "owner_id = 'a' AND dataset_id = 'd'",
                "owner_id = 'a' AND is_deployed IS 1",
            )
        ]
    engine.dispose()

    assert all("USING INDEX" in plan and "TEMP B-TREE" not in plan for plan in plans), plans


# -- SQLite's own ---------------------------------------------------------------------


def test_a_sqlite_file_is_durable_private_and_lets_readers_pass(tmp_path: Path) -> None:
    path = tmp_path / "automl.db"
    store = SQLMetadataStore(f"sqlite:///{path}")
    reader, writer = raw_engine(f"sqlite:///{path}"), raw_engine(f"sqlite:///{path}")

    with writer.connect() as writing:
        writing.exec_driver_sql("BEGIN IMMEDIATE")
        assert store.list_jobs("local", limit=1).items == []
        writing.rollback()
    with reader.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine = open_engine(parse_url(f"sqlite:///{path}"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1

    assert path.stat().st_mode & 0o777 == 0o600
    store.close()
    engine.dispose()
    reader.dispose()
    writer.dispose()


def test_a_file_that_is_no_database_is_reported_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "automl.db"
    path.write_bytes(b"this is somebody's diary, not a database" * 100)

    with pytest.raises(PlatformError, match="cannot be read"):
        SQLMetadataStore(f"sqlite:///{path}")

    assert path.read_bytes().startswith(b"this is somebody's diary")


def test_a_sqlite_file_in_no_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AUTOML_DATA_DIR") as caught:
        SQLMetadataStore(f"sqlite:///{tmp_path / 'nowhere' / 'automl.db'}")

    assert str(tmp_path) not in caught.value.detail


# -- Addresses and lost servers -------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg"),
        ("sqlite:////folder/automl.db", "sqlite"),
    ],
)
def test_database_urls_are_read(given: str, driver: str) -> None:
    assert parse_url(given).drivername == driver


@pytest.mark.parametrize(
    "given",
    [
        "", "automl.db", "mysql://u:geheim@h/d", "postgresql+asyncpg://u:geheim@h/d", "sqlite://",
        "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true", "http://u:geheim@h",
        "postgresql://u:geheim@h:port/d",
    ],
)  # fmt: skip
def test_other_database_urls_are_refused_without_showing_a_password(given: str) -> None:
    with pytest.raises(ConfigurationError, match="AUTOML_DATABASE_URL") as caught:
        SQLMetadataStore(given)

    assert "geheim" not in shown(caught.value)


def shown(error: AutoMLError) -> str:
    """Everything of an error that a log would show."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    return " ".join(f"{cause!r} {cause}" for cause in causes)


def test_a_server_that_is_not_there_is_platform_trouble_without_its_address_or_password() -> None:
    with pytest.raises(PlatformError, match="does not answer") as caught:
        SQLMetadataStore("postgresql://ada:geheim@127.0.0.1:1/automl")

    assert "127.0.0.1" not in caught.value.detail
    assert "geheim" not in shown(caught.value)


def test_a_store_whose_database_is_gone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "automl.db"
    store = SQLMetadataStore(f"sqlite:///{path}")
    store.close()
    path.unlink()
    path.mkdir()

    with pytest.raises(PlatformError, match="does not answer"):
        store.ping()
    with pytest.raises(PlatformError):
        store.get_job("j")
    store.close()


@pytest.mark.postgres
def test_a_store_works_on_after_the_server_dropped_its_connections(
    postgres_url: str, new_job: NewJob
) -> None:
    store = SQLMetadataStore(postgres_url)
    store.add_job(new_job(job_id="j"))
    engine = raw_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()

    assert store.get_job("j").job_id == "j"
    store.close()


def test_a_conflict_is_no_platform_trouble(database_url: str, new_job: NewJob) -> None:
    store = SQLMetadataStore(database_url)
    job = new_job()
    store.add_job(job)

    with pytest.raises(ConflictError):
        store.add_job(job)

    store.close()
