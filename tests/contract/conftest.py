"""One entry here for each adapter: every contract test runs on all of them."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.core.models import botocore_stubber
from sqlalchemy import create_engine, text

from automl_core.adapters.aws_clients import make_client
from automl_core.adapters.dynamodb_tables import table_definitions
from automl_core.adapters.metadata_store_dynamodb import DynamoDBMetadataStore
from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.adapters.metadata_store_sql import SQLMetadataStore
from automl_core.adapters.object_store_local import LocalObjectStore
from automl_core.adapters.object_store_memory import MemoryObjectStore
from automl_core.adapters.object_store_s3 import S3ObjectStore
from automl_core.adapters.signing import Signer
from automl_core.adapters.sql_engine import parse_url
from automl_core.adapters.sql_tables import metadata as tables
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.records import Dataset, IdempotencyKey, Job, TrainConfig

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


#: What signs transfers and receives them itself.
SignedTransferStore = LocalObjectStore | MemoryObjectStore


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


#: Runs the tests of DynamoDB against a server instead of moto: an emulator's address.
_DYNAMODB_ENDPOINT = "AUTOML_TEST_DYNAMODB_ENDPOINT"


@pytest.fixture(scope="session")
def dynamodb_client() -> Iterator[Any]:
    """A client as the platform makes it; making one takes longer than most of these tests."""
    endpoint = os.environ.get(_DYNAMODB_ENDPOINT)
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            # Twelve digits: some emulators take the key for the number of an account.
            environment.setenv(name, "000000000000")
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
            environment.delenv(name, raising=False)
        if endpoint is not None:
            environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        client = make_client("dynamodb", region="eu-central-1")
    if endpoint is None:
        answer_in_turn(client)
    yield client
    client.close()


def answer_in_turn(client: Any) -> None:
    """Have moto answer one request after the other.

    DynamoDB looks at a condition and writes in one step; moto does so in two, and threads
    would slip between them. The lock holds for one request, as the step does on AWS.
    """
    lock = threading.Lock()

    def answer(**sent: Any) -> Any:
        with lock:
            return botocore_stubber(**sent)

    # In place of moto's own handler: every handler is called, whoever answers first.
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register("before-send", answer)


@pytest.fixture
def dynamodb_tables(dynamodb_client: Any) -> Iterator[tuple[str, str]]:
    """Names of two empty tables: of moto's own, gone with the test, or of a server's."""
    names = (f"datasets-{uuid.uuid4().hex}", f"jobs-{uuid.uuid4().hex}")
    is_moto = os.environ.get(_DYNAMODB_ENDPOINT) is None
    with mock_aws() if is_moto else nullcontext():
        for definition in table_definitions(*names):
            dynamodb_client.create_table(**definition)
        yield names
        for name in names:
            dynamodb_client.delete_table(TableName=name)


@pytest.fixture
def dynamodb_store(dynamodb_client: Any, dynamodb_tables: tuple[str, str]) -> DynamoDBMetadataStore:
    datasets_table, jobs_table = dynamodb_tables
    return DynamoDBMetadataStore(
        dynamodb_client, datasets_table=datasets_table, jobs_table=jobs_table
    )


# Migrating takes longer than most of these tests: they share what has been migrated once.
@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "dynamodb"]
)
def metadata(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MetadataStore]:
    if request.param == "memory":
        yield MemoryMetadataStore()
        return
    if request.param == "dynamodb":
        yield request.getfixturevalue("dynamodb_store")
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


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3ObjectStore]:
    """Three empty versioned buckets, in this process."""
    with mock_aws():
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing behind it")
        client = make_client("s3", region="eu-central-1")
        for kind in ("datasets", "models", "reports"):
            client.create_bucket(
                Bucket=f"{kind}-bucket",
                CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
            )
            client.put_bucket_versioning(
                Bucket=f"{kind}-bucket", VersioningConfiguration={"Status": "Enabled"}
            )
        yield S3ObjectStore(
            client,
            datasets_bucket="datasets-bucket",
            models_bucket="models-bucket",
            reports_bucket="reports-bucket",
        )
        client.close()


@pytest.fixture
def own_objects(tmp_path: Path, clock: Clock) -> Callable[[str], SignedTransferStore]:
    """Open a store of ours, which checks by itself what it has signed."""

    def build(kind: str) -> SignedTransferStore:
        signer = Signer(b"the secret of the contract tests")
        if kind == "local":
            return LocalObjectStore(tmp_path / "store", signer, "http://api.test", clock)
        return MemoryObjectStore(signer, "http://api.test", clock)

    return build


@pytest.fixture(params=["local", "memory", "s3"])
def objects(
    request: pytest.FixtureRequest, own_objects: Callable[[str], SignedTransferStore]
) -> ObjectStore:
    if request.param == "s3":
        return request.getfixturevalue("s3")
    return own_objects(request.param)
