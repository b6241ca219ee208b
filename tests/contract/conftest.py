"""One entry here for each adapter: every contract test runs on all of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.adapters.metadata_store_sql import SQLMetadataStore
from automl_core.adapters.object_store_local import LocalObjectStore
from automl_core.adapters.object_store_memory import MemoryObjectStore
from automl_core.adapters.signing import Signer
from automl_core.adapters.sql_engine import parse_url
from automl_core.adapters.sql_tables import metadata as tables
from automl_core.ports import MetadataStore
from automl_core.records import Dataset, IdempotencyKey, Job, TrainConfig

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def noon() -> datetime:
    return NOON


# -- Metadata -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables and no records, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "automl.db"
    SQLMetadataStore(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def migrated_url(postgres_server: Callable[[], str]) -> str:
    """A PostgreSQL database with all tables, to be emptied."""
    url = postgres_server()
    SQLMetadataStore(url).close()
    return url


def empty(url: str) -> None:
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(tables.tables)} RESTART IDENTITY"))
    engine.dispose()


# Migrating takes longer than most of these tests: they share what has been migrated once.
@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def metadata(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MetadataStore]:
    if request.param == "memory":
        yield MemoryMetadataStore()
        return
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "automl.db")
        url = f"sqlite:///{tmp_path / 'automl.db'}"
    else:
        url = request.getfixturevalue("migrated_url")
        empty(url)
    store = SQLMetadataStore(url)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'automl.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def new_job() -> Callable[..., Job]:
    numbers = itertools.count(1)

    def build(**changes: Any) -> Job:
        number = next(numbers)
        values = {
            "job_id": f"job-{number:03}",
            "dataset_id": "dataset-1",
            "dataset_name": "penguins.csv",
            "target_column": "species",
            "config": TrainConfig(),
            "time_budget_s": 120,
            "created_at": NOON + timedelta(seconds=number),
            "updated_at": NOON + timedelta(seconds=number),
        }
        return Job(**values | changes)

    return build


@pytest.fixture
def new_dataset() -> Callable[..., Dataset]:
    numbers = itertools.count(1)

    def build(**changes: Any) -> Dataset:
        number = next(numbers)
        values = {
            "dataset_id": f"dataset-{number:03}",
            "filename": "penguins.csv",
            "content_type": "text/csv",
            "created_at": NOON + timedelta(seconds=number),
            "updated_at": NOON + timedelta(seconds=number),
        }
        return Dataset(**values | changes)

    return build


@pytest.fixture
def new_key() -> Callable[..., IdempotencyKey]:
    def build(**changes: Any) -> IdempotencyKey:
        values = {
            "key": "press-once",
            "request_sha256": "a" * 64,
            "created_at": NOON,
            "updated_at": NOON,
            "expires_at": NOON + timedelta(hours=24),
        }
        return IdempotencyKey(**values | changes)

    return build


# -- Objects --------------------------------------------------------------------------


@pytest.fixture(params=["local", "memory"])
def objects(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> LocalObjectStore | MemoryObjectStore:
    signer = Signer(b"the secret of the contract tests")
    if request.param == "local":
        return LocalObjectStore(tmp_path / "store", signer, "http://api.test", clock)
    return MemoryObjectStore(signer, "http://api.test", clock)
