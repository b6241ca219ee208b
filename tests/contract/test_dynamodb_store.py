"""What only the DynamoDB store does: its items, its queries, and answers that get lost.

Runs on moto in process, or with ``AUTOML_TEST_DYNAMODB_ENDPOINT`` on a server.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import get_session
from botocore.stub import Stubber

from automl_core.adapters.dynamodb_items import (
    COMPRESS_ABOVE_BYTES,
    MAX_ITEM_BYTES,
    dataset_item,
    item_bytes,
    job_item,
)
from automl_core.adapters.dynamodb_tables import TTL_ATTRIBUTE, table_definitions
from automl_core.adapters.metadata_store_dynamodb import DynamoDBMetadataStore
from automl_core.errors import (
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PlatformError,
    StaleRecordError,
)
from automl_core.ports import JobFilter, Page, Position
from automl_core.records import (
    Dataset,
    Deployment,
    ErrorNote,
    IdempotencyKey,
    Job,
    JobProgress,
    TrainConfig,
)

NewJob = Callable[..., Job]
NewDataset = Callable[..., Dataset]
NewKey = Callable[..., IdempotencyKey]
Store = DynamoDBMetadataStore


@dataclass(frozen=True)
class Home:
    """A store, and what lies behind it."""

    store: Store
    client: Any
    jobs_table: str

    def items(self) -> list[dict[str, Any]]:
        """Everything in the jobs table, as long as that is little."""
        items: list[dict[str, Any]] = self.client.scan(TableName=self.jobs_table)["Items"]
        return items

    def item_keys(self) -> set[tuple[str, str]]:
        """Keys of everything in the jobs table."""
        return {(item["pk"]["S"], item["sk"]["S"]) for item in self.items()}

    def stored_job(self, job_id: str) -> dict[str, Any]:
        """Item of a job."""
        key = {"pk": {"S": f"job#{job_id}"}, "sk": {"S": "job"}}
        item: dict[str, Any] = self.client.get_item(TableName=self.jobs_table, Key=key)["Item"]
        return item


@pytest.fixture
def home(dynamodb_store: Store, dynamodb_client: Any, dynamodb_tables: tuple[str, str]) -> Home:
    return Home(dynamodb_store, dynamodb_client, dynamodb_tables[1])


def ids(jobs: list[Job]) -> list[str]:
    return [job.job_id for job in jobs]


def walk(read: Callable[[Position | None], Page[Any]]) -> list[list[Any]]:
    pages = [read(None)]
    while pages[-1].next is not None:
        pages.append(read(pages[-1].next))
    return [page.items for page in pages]


@contextmanager
def calls(client: Any) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Note every call of a client: its operation and what was sent."""
    noted: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        noted.append((model.name, params))

    client.meta.events.register("provide-client-params.dynamodb", note)
    try:
        yield noted
    finally:
        client.meta.events.unregister("provide-client-params.dynamodb", note)


def operations(noted: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in noted]


@contextmanager
def first_answers_lost(client: Any) -> Iterator[None]:
    """Have the SDK send every request twice, as after an answer that did not arrive."""

    def again(attempts: int, **_: Any) -> float | None:
        return 0.0 if attempts == 1 else None

    client.meta.events.register_first("needs-retry.dynamodb", again)
    try:
        yield
    finally:
        client.meta.events.unregister("needs-retry.dynamodb", again)


def noise(n_columns: int) -> TrainConfig:
    """Options that compression cannot bring below 60 bytes a column."""
    numbers = random.Random(0)
    return TrainConfig(
        exclude_columns=[f"{numbers.getrandbits(480):0120x}" for _ in range(n_columns)]
    )


def entry(deployment_id: str, at: datetime, job_id: str = "j") -> Deployment:
    return Deployment(
        deployment_id=deployment_id, job_id=job_id, action="deploy", bundle_sha256="b" * 64,
        created_at=at, updated_at=at,
    )  # fmt: skip


# -- Tables ---------------------------------------------------------------------------


def test_tables_are_paid_by_request_and_indexed_for_every_list() -> None:
    datasets, jobs = table_definitions("the-datasets", "the-jobs")

    assert [summary(datasets), summary(jobs)] == [
        {
            "the-datasets": (["dataset_id"], "PAY_PER_REQUEST"),
            "by_owner": (["owner_key", "position"], "ALL", []),
            "by_text": (["owner_key", "position"], "INCLUDE", ["search_text"]),
        },
        {
            "the-jobs": (["pk", "sk"], "PAY_PER_REQUEST"),
            "by_owner": (["owner_key", "position"], "ALL", []),
            "by_status": (["status_key", "position"], "ALL", []),
            "by_dataset": (["dataset_key", "position"], "ALL", []),
            "by_deployed": (["deployed_key", "position"], "ALL", []),
            "by_queue": (["queue_key", "position"], "ALL", []),
            "by_text": (
                ["owner_key", "position"],
                "INCLUDE",
                ["search_text", "tags", "status", "dataset_id"],
            ),
        },
    ]
    assert {part["AttributeType"] for part in jobs["AttributeDefinitions"]} == {"S"}
    assert TTL_ATTRIBUTE == "ttl"


def summary(definition: dict[str, Any]) -> dict[str, Any]:
    def key(schema: list[dict[str, str]]) -> list[str]:
        assert [part["KeyType"] for part in schema] == ["HASH", "RANGE"][: len(schema)]
        return [part["AttributeName"] for part in schema]

    return {definition["TableName"]: (key(definition["KeySchema"]), definition["BillingMode"])} | {
        index["IndexName"]: (
            key(index["KeySchema"]),
            index["Projection"]["ProjectionType"],
            index["Projection"].get("NonKeyAttributes", []),
        )
        for index in definition["GlobalSecondaryIndexes"]
    }


def test_only_idempotency_keys_are_removed_by_time(
    home: Home,
    new_job: NewJob,
    new_key: NewKey,
    noon: datetime,
) -> None:
    home.store.add_job(new_job(tags=["t"]))
    home.store.secret("signing")
    expires_at = noon + timedelta(seconds=10.5)
    home.store.reserve_key(new_key(expires_at=expires_at), now=noon)

    items = home.items()

    with_end = {item["pk"]["S"][:4]: item["ttl"]["N"] for item in items if "ttl" in item}
    assert with_end == {"key#": str(math.ceil(expires_at.timestamp()))}


# -- Pages ----------------------------------------------------------------------------

LISTS: dict[str, tuple[Callable[[Store, int, Position | None], Page[Any]], list[str]]] = {
    "data sets": (lambda s, n, a: s.list_datasets("local", limit=n, after=a), ["Query"]),
    "data sets by text": (
        lambda s, n, a: s.list_datasets("local", limit=n, after=a, text="ENGUIN"),
        ["Query", "BatchGetItem"],
    ),
    "jobs": (lambda s, n, a: s.list_jobs("local", limit=n, after=a), ["Query"]),
    "jobs by status": (
        lambda s, n, a: s.list_jobs("local", limit=n, after=a, where=JobFilter(status="failed")),
        ["Query"],
    ),
    "jobs by data set": (
        lambda s, n, a: s.list_jobs("local", limit=n, after=a, where=JobFilter(dataset_id="d")),
        ["Query"],
    ),
    "jobs by tag": (
        lambda s, n, a: s.list_jobs("local", limit=n, after=a, where=JobFilter(tag="paper")),
        ["Query", "BatchGetItem"],
    ),
    "jobs by text": (
        lambda s, n, a: s.list_jobs("local", limit=n, after=a, where=JobFilter(text="ENGUIN")),
        ["Query", "BatchGetItem"],
    ),
    "jobs by everything": (
        lambda s, n, a: s.list_jobs(
            "local",
            limit=n,
            after=a,
            where=JobFilter(text="enguin", tag="paper", dataset_id="d", status="failed"),
        ),
        ["Query", "BatchGetItem"],
    ),
    "deployed models": (lambda s, n, a: s.list_deployed("local", limit=n, after=a), ["Query"]),
}


@pytest.mark.parametrize(("read", "expected"), LISTS.values(), ids=LISTS)
def test_every_page_of_every_list_is_one_query(
    home: Home,
    new_job: NewJob,
    new_dataset: NewDataset,
    read: Callable[[Store, int, Position | None], Page[Any]],
    expected: list[str],
) -> None:
    for number in range(23):
        owner_id = "somebody else" if number == 7 else "local"
        home.store.add_dataset(new_dataset(owner_id=owner_id))
        home.store.add_job(
            new_job(
                owner_id=owner_id, dataset_id="d",
                status="failed", tags=["paper"], is_deployed=True,
            )
        )  # fmt: skip

    with calls(home.client) as noted:
        pages = walk(lambda after: read(home.store, 5, after))

    assert sum(map(len, pages)) == 22
    assert operations(noted) == expected * len(pages)
    assert all(len(page) <= 5 for page in pages)


def test_an_empty_list_is_one_query(home: Home) -> None:
    with calls(home.client) as noted:
        assert home.store.list_jobs("local", limit=5, where=JobFilter(tag="t")) == Page()

    assert operations(noted) == ["Query"]


def test_a_query_reads_one_record_more_than_the_page_holds(home: Home) -> None:
    with calls(home.client) as noted:
        home.store.list_datasets("local", limit=5)
        home.store.list_jobs("local", limit=5)
        home.store.list_jobs("local", limit=5, where=JobFilter(tag="t"))
        home.store.list_deployed("local", limit=5)

    assert [sent["Limit"] for _, sent in noted] == [6, 6, 6, 6]


def test_records_too_large_for_one_answer_come_on_more_pages(home: Home, new_job: NewJob) -> None:
    for _ in range(6):
        home.store.add_job(new_job(config=noise(5000)))

    pages = walk(lambda after: home.store.list_jobs("local", limit=6, after=after))

    assert len(pages) > 1
    assert [job_id for page in pages for job_id in ids(page)] == [
        "job-006", "job-005", "job-004", "job-003", "job-002", "job-001",
    ]  # fmt: skip


def test_nothing_but_the_operations_that_roles_allow_is_called(
    home: Home,
    new_job: NewJob,
    new_dataset: NewDataset,
    new_key: NewKey,
    noon: datetime,
) -> None:
    store = home.store
    with calls(home.client) as noted:
        store.add_dataset(new_dataset(dataset_id="d"))
        store.update_dataset(store.get_dataset("d"))
        store.add_job(new_job(job_id="j", tags=["old"], is_deployed=True))
        store.update_job(store.get_job("j").model_copy(update={"tags": ["new"]}))
        store.put_progress(JobProgress(job_id="j", attempt=1, heartbeat_at=noon))
        store.add_deployment(entry("e", noon))
        store.note_use("j", at=noon, n_predictions=1)
        for read, _ in LISTS.values():
            read(store, 5, None)
        store.jobs_with_status(["pending"])
        store.count_jobs(["pending"])
        store.count_jobs(["pending"], owner_id="local")
        store.count_jobs(["pending"], dataset_id="d")
        store.get_progress("j")
        store.get_use("j")
        store.deployments("j")
        store.reserve_key(new_key(), now=noon)
        store.finish_key(new_key(status_code=200))
        store.release_key("local", "press-once")
        store.secret("signing")
        store.delete_job("j")
        store.delete_dataset("d")
        store.ping()

    assert set(operations(noted)) == {
        "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems",
        "UpdateItem",
    }  # fmt: skip


# -- Items ----------------------------------------------------------------------------


def test_small_records_are_text_and_large_ones_compressed(home: Home, new_job: NewJob) -> None:
    wide = TrainConfig(exclude_columns=[f"column {number:090}" for number in range(10_000)])
    home.store.add_job(new_job(job_id="small"))
    home.store.add_job(new_job(job_id="wide", config=wide))

    small = home.stored_job("small")["record"]
    large = home.stored_job("wide")["record"]

    assert set(small) == {"S"}
    assert set(large) == {"B"}
    assert len(large["B"]) < 60_000
    assert home.store.get_job("wide").config == wide
    assert home.store.list_jobs("local", limit=1).items[0].config == wide


def test_a_record_at_the_limit_of_compression_is_read_back(home: Home, new_job: NewJob) -> None:
    bare = len(new_job(job_id="j").model_dump_json())
    for n_bytes in (COMPRESS_ABOVE_BYTES, COMPRESS_ABOVE_BYTES + 1):
        name = "x" * (n_bytes - bare)
        job = new_job(job_id=f"{n_bytes}"[:1], dataset_name=name)
        home.store.add_job(job.model_copy(update={"job_id": f"j{n_bytes}"}))

        assert home.store.get_job(f"j{n_bytes}").dataset_name == name


def test_a_record_beyond_what_an_item_holds_is_refused_and_changes_nothing(
    home: Home,
    new_job: NewJob,
    new_dataset: NewDataset,
) -> None:
    home.store.add_job(new_job(job_id="j"))
    before = home.item_keys()
    long_error = ErrorNote(code="c", title="t", detail=str(noise(10_000)))

    with pytest.raises(LimitExceededError, match=r"'too-large' takes \d{3},\d{3} bytes"):
        home.store.add_job(new_job(job_id="too-large", config=noise(10_000), tags=["t"]))
    with pytest.raises(LimitExceededError, match="409,600"):
        home.store.update_job(
            home.store.get_job("j").model_copy(
                update={"config": noise(10_000), "error": long_error}
            )
        )
    with pytest.raises(LimitExceededError, match="data set"):
        home.store.add_dataset(
            new_dataset(error=long_error, filename=str(noise(5_000).exclude_columns))
        )

    assert home.item_keys() == before
    assert home.store.get_job("j").version == 0


def test_the_size_of_an_item_is_counted_as_dynamodb_counts_it(
    new_job: NewJob, new_dataset: NewDataset
) -> None:
    counted = {
        "text": {"S": "Größe"}, "bytes": {"B": b"12345"}, "truth": {"BOOL": True},
        "number": {"N": "1"}, "list": {"L": [{"S": "ab"}, {"S": ""}]},
    }  # fmt: skip

    # Names 24, text 7, bytes 5, truth 1, number at most 21, list 3 + 1 + 2 + 1.
    assert item_bytes(counted) == 24 + 7 + 5 + 1 + 21 + 7
    assert item_bytes(job_item(new_job())) < MAX_ITEM_BYTES
    assert item_bytes(dataset_item(new_dataset())) < MAX_ITEM_BYTES


def test_what_cannot_be_a_key_is_refused_with_its_name(
    home: Home, new_job: NewJob, new_dataset: NewDataset, new_key: NewKey, noon: datetime
) -> None:
    with pytest.raises(InvalidInputError, match="job 'xxx"):
        home.store.add_job(new_job(job_id="x" * 901))
    with pytest.raises(InvalidInputError, match="data set ''"):
        home.store.add_job(new_job(dataset_id=""))
    with pytest.raises(InvalidInputError, match="owner ''"):
        home.store.add_dataset(new_dataset(owner_id=""))
    with pytest.raises(InvalidInputError, match="owner"):
        home.store.reserve_key(new_key(owner_id="\ud800"), now=noon)

    assert home.store.list_jobs("", limit=1) == Page()
    assert home.store.list_datasets("local", limit=1, text="\ud800") == Page()
    assert home.store.list_deployed("x" * 2000, limit=1) == Page()
    assert home.store.count_jobs(["pending"], owner_id="") == 0
    assert not home.store.put_progress(JobProgress(job_id="", attempt=1, heartbeat_at=noon))
    with pytest.raises(NotFoundError):
        home.store.note_use("x" * 901, at=noon, n_predictions=1)
    home.store.delete_job("")
    home.store.delete_dataset("")
    home.store.release_key("", "k")


# -- Several items at once ------------------------------------------------------------


def test_changed_tags_move_the_items_that_list_them(home: Home, new_job: NewJob) -> None:
    home.store.add_job(new_job(job_id="j", tags=["old", "both", "both"]))
    job = home.store.get_job("j")
    home.store.update_job(job.model_copy(update={"tags": ["both", "new"]}))

    tags = {pk for pk, _ in home.item_keys() if pk.startswith("tag#")}

    assert tags == {"tag#local#both", "tag#local#new"}


def test_a_job_that_is_listed_elsewhere_takes_its_tags_along(
    home: Home, new_job: NewJob, noon: datetime
) -> None:
    home.store.add_job(new_job(job_id="j", tags=["t"]))
    moved = {"owner_id": "ada", "created_at": noon + timedelta(days=1)}
    home.store.update_job(home.store.get_job("j").model_copy(update=moved))

    tagged = JobFilter(tag="t")

    assert ids(home.store.list_jobs("ada", limit=9, where=tagged).items) == ["j"]
    assert home.store.list_jobs("local", limit=9, where=tagged).items == []


def test_a_change_that_leaves_the_tags_is_one_write(home: Home, new_job: NewJob) -> None:
    home.store.add_job(new_job(job_id="j", tags=["t"]))
    job = home.store.get_job("j")

    with calls(home.client) as noted:
        home.store.update_job(job.model_copy(update={"notes": "new", "status": "failed"}))

    assert operations(noted) == ["PutItem"]


def test_a_heartbeat_is_one_write_and_brings_no_deleted_job_back(
    home: Home,
    new_job: NewJob,
    noon: datetime,
) -> None:
    home.store.add_job(new_job(job_id="j"))
    progress = JobProgress(job_id="j", attempt=1, heartbeat_at=noon)

    with calls(home.client) as noted:
        assert home.store.put_progress(progress)
    home.store.delete_job("j")

    assert operations(noted) == ["UpdateItem"]
    assert not home.store.put_progress(progress)
    with pytest.raises(NotFoundError):
        home.store.note_use("j", at=noon, n_predictions=1)
    with pytest.raises(NotFoundError):
        home.store.add_deployment(entry("e", noon))
    assert home.item_keys() == set()


def test_a_deleted_job_leaves_no_item_however_long_its_journal(
    home: Home,
    new_job: NewJob,
    noon: datetime,
) -> None:
    home.store.add_job(new_job(job_id="j", tags=["a", "b"], is_deployed=True))
    for number in range(60):
        home.store.add_deployment(entry(f"e{number}", noon))
    home.store.note_use("j", at=noon, n_predictions=1)

    home.store.delete_job("j")

    assert home.items() == []
    home.store.add_job(new_job(job_id="j"))
    home.store.add_deployment(entry("e0", noon))


def test_a_deletion_that_was_cut_short_is_finished_by_the_next_one(
    home: Home,
    new_job: NewJob,
    noon: datetime,
) -> None:
    home.store.add_job(new_job(job_id="j", tags=["a"]))
    home.store.add_deployment(entry("e", noon))

    with fails_at(home.client, "TransactWriteItems", 2), pytest.raises(RuntimeError):
        home.store.delete_job("j")
    halfway = home.item_keys()
    home.store.delete_job("j")

    assert halfway
    assert home.item_keys() == set()


@contextmanager
def fails_at(client: Any, operation: str, number: int) -> Iterator[None]:
    """Have the process fall over at one of its calls."""
    event, seen = f"before-call.dynamodb.{operation}", []

    def fall(**_: Any) -> None:
        seen.append(1)
        if len(seen) == number:
            raise RuntimeError("killed")

    client.meta.events.register(event, fall)
    try:
        yield
    finally:
        client.meta.events.unregister(event, fall)


# -- Answers that get lost ------------------------------------------------------------


def test_a_write_whose_answer_was_lost_is_no_conflict(
    home: Home,
    new_job: NewJob,
    new_dataset: NewDataset,
    new_key: NewKey,
    noon: datetime,
) -> None:
    store, key = home.store, new_key()
    with first_answers_lost(home.client):
        store.add_dataset(new_dataset(dataset_id="d"))
        store.update_dataset(store.get_dataset("d").model_copy(update={"status": "ready"}))
        store.add_job(new_job(job_id="j", tags=["old"]))
        store.update_job(store.get_job("j").model_copy(update={"notes": "new"}))
        store.update_job(store.get_job("j").model_copy(update={"tags": ["new"]}))
        store.add_deployment(entry("e", noon))
        store.note_use("j", at=noon, n_predictions=3)
        store.note_use("j", at=noon - timedelta(seconds=1), n_predictions=4)
        is_kept = store.put_progress(JobProgress(job_id="j", attempt=1, heartbeat_at=noon))
        reserved = store.reserve_key(key, now=noon)
        store.finish_key(key.model_copy(update={"status_code": 200}))
        secret = store.secret("signing")

    use = store.get_use("j")
    assert store.get_dataset("d").version == 1
    assert (store.get_job("j").version, store.get_job("j").tags) == (2, ["new"])
    assert store.deployments("j") == [entry("e", noon)]
    assert use is not None
    assert (use.n_predictions, use.last_used_at) == (7, noon)
    assert is_kept
    assert reserved is None
    assert store.reserve_key(key, now=noon) == key.model_copy(update={"status_code": 200})
    assert store.secret("signing") == secret


def test_somebody_elses_write_is_a_conflict_even_when_answers_get_lost(
    home: Home,
    new_job: NewJob,
    new_dataset: NewDataset,
    new_key: NewKey,
    noon: datetime,
) -> None:
    job, dataset, key = new_job(job_id="j"), new_dataset(dataset_id="d"), new_key()
    home.store.add_job(job)
    home.store.add_dataset(dataset)
    home.store.add_deployment(entry("e", noon))
    home.store.reserve_key(key, now=noon)
    home.store.update_job(job)

    with first_answers_lost(home.client):
        with pytest.raises(ConflictError):
            home.store.add_job(job)
        with pytest.raises(ConflictError):
            home.store.add_dataset(dataset)
        with pytest.raises(ConflictError):
            home.store.add_deployment(entry("e", noon))
        with pytest.raises(StaleRecordError):
            home.store.update_job(job)
        with pytest.raises(StaleRecordError):
            home.store.update_job(job.model_copy(update={"tags": ["t"]}))
        assert home.store.reserve_key(key, now=noon) == key


def test_deleting_and_releasing_bear_a_lost_answer(
    home: Home,
    new_job: NewJob,
    new_dataset: NewDataset,
    new_key: NewKey,
    noon: datetime,
) -> None:
    home.store.add_job(new_job(job_id="j", tags=["t"]))
    home.store.add_dataset(new_dataset(dataset_id="d"))
    home.store.reserve_key(new_key(), now=noon)

    with first_answers_lost(home.client):
        home.store.delete_job("j")
        home.store.delete_dataset("d")
        home.store.release_key("local", "press-once")

    assert home.item_keys() == set()


# -- Many at once ---------------------------------------------------------------------


def test_a_secret_is_made_once_under_twenty_threads(home: Home) -> None:
    start = threading.Barrier(20)

    def ask(_: int) -> bytes:
        start.wait()
        return home.store.secret("signing")

    with ThreadPoolExecutor(20) as pool:
        secrets = set(pool.map(ask, range(20)))

    assert len(secrets) == 1
    assert len(bytes.fromhex(secrets.pop().decode())) == 32
    assert home.store.secret("other") != home.store.secret("signing")


# -- What DynamoDB says when it cannot ------------------------------------------------


@pytest.fixture
def scripted() -> Iterator[tuple[Store, Stubber, list[float]]]:
    """A store whose client answers by a script, and the pauses it made."""
    client = get_session().create_client(
        "dynamodb", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    slept: list[float] = []
    with Stubber(client) as script:
        yield (
            DynamoDBMetadataStore(
                client, datasets_table="datasets", jobs_table="jobs", sleep=slept.append
            ),
            script,
            slept,
        )
        script.assert_no_pending_responses()
    client.close()


Scripted = tuple[Store, Stubber, list[float]]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("AccessDeniedException", 400),
        ("ExpiredTokenException", 400),
    ],
)
def test_what_aws_refuses_for_now_is_platform_trouble(
    scripted: Scripted, new_job: NewJob, new_dataset: NewDataset, code: str, status: int
) -> None:
    store, script, _ = scripted
    for method in ("get_item", "query", "put_item", "update_item", "transact_write_items"):
        script.add_client_error(method, code, http_status_code=status)

    with pytest.raises(PlatformError, match=code):
        store.get_job("j")
    with pytest.raises(PlatformError, match=code):
        store.list_jobs("local", limit=1)
    with pytest.raises(PlatformError, match=code):
        store.add_dataset(new_dataset())
    with pytest.raises(PlatformError, match=code):
        store.note_use("j", at=new_job().created_at, n_predictions=1)
    with pytest.raises(PlatformError, match=code):
        store.add_job(new_job())


def test_a_transaction_that_was_throttled_is_platform_trouble(
    scripted: Scripted, new_job: NewJob
) -> None:
    store, script, _ = scripted
    add_cancellation(script, "None", "ThrottlingError")

    with pytest.raises(PlatformError, match="too many requests"):
        store.add_job(new_job())


def add_cancellation(script: Stubber, *codes: str) -> None:
    script.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        http_status_code=400,
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def test_a_write_waits_for_a_transaction_in_its_way(
    scripted: Scripted, new_job: NewJob, new_dataset: NewDataset
) -> None:
    store, script, slept = scripted
    script.add_client_error("put_item", "TransactionConflictException", http_status_code=400)
    script.add_client_error("put_item", "TransactionConflictException", http_status_code=400)
    script.add_response("put_item", {})
    add_cancellation(script, "TransactionConflict", "None", "None")
    script.add_response("transact_write_items", {})

    store.add_dataset(new_dataset())
    store.add_job(new_job())

    assert [0.005 <= pause <= 0.03 for pause in slept] == [True] * 3


def test_a_record_that_never_stands_still_is_platform_trouble(
    scripted: Scripted, new_dataset: NewDataset
) -> None:
    store, script, slept = scripted
    for _ in range(8):
        script.add_client_error("put_item", "TransactionConflictException", http_status_code=400)

    with pytest.raises(PlatformError, match="written by others"):
        store.add_dataset(new_dataset())

    assert sum(slept) < 5


def test_an_error_that_is_nobodys_trouble_passes_untouched(
    scripted: Scripted, new_dataset: NewDataset
) -> None:
    store, script, _ = scripted
    script.add_client_error("put_item", "ValidationException", http_status_code=400)

    with pytest.raises(Exception, match="ValidationException") as caught:
        store.add_dataset(new_dataset())

    assert type(caught.value).__name__ == "ClientError"


def test_a_missing_table_fails_the_ping_with_its_name(scripted: Scripted) -> None:
    store, script, _ = scripted
    script.add_client_error("get_item", "ResourceNotFoundException", http_status_code=400)

    with pytest.raises(PlatformError, match=r"'datasets' cannot be read \(ResourceNotFound"):
        store.ping()


def test_records_that_were_not_handed_out_are_asked_for_again(
    scripted: Scripted, new_job: NewJob
) -> None:
    store, script, slept = scripted
    jobs = [new_job(tags=["t"]), new_job(tags=["t"])]
    items = [job_item(job) for job in jobs]
    places = [{"sk": item["position"]} for item in reversed(items)]
    keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
    script.add_response("query", {"Items": places})
    script.add_response(
        "batch_get_item",
        {"Responses": {"jobs": items[:1]}, "UnprocessedKeys": {"jobs": {"Keys": keys[1:]}}},
    )
    script.add_response("batch_get_item", {"Responses": {"jobs": items[1:]}})

    page = store.list_jobs("local", limit=5, where=JobFilter(tag="t"))

    assert page == Page(jobs[::-1])
    assert len(slept) == 1


def test_records_that_are_never_handed_out_are_platform_trouble(
    scripted: Scripted, new_job: NewJob
) -> None:
    store, script, _ = scripted
    item = job_item(new_job())
    left = {"jobs": {"Keys": [{"pk": item["pk"], "sk": item["sk"]}]}}
    script.add_response("query", {"Items": [{"position": item["position"]}]})
    for _ in range(8):
        script.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})

    with pytest.raises(PlatformError, match="all records"):
        store.list_jobs("local", limit=5, where=JobFilter(text="x"))


# -- Indexes that are a moment behind -------------------------------------------------


def test_a_job_that_has_left_the_queue_is_not_taken_from_it(
    scripted: Scripted, new_job: NewJob
) -> None:
    store, script, _ = scripted
    waiting, begun = new_job(), new_job(status="running")
    items = [job_item(waiting), job_item(begun)]
    script.add_response("query", {"Items": [{"position": item["position"]} for item in items]})
    script.add_response("batch_get_item", {"Responses": {"jobs": items}})

    assert store.jobs_with_status(["pending"]) == [waiting]


def test_the_queue_is_read_as_it_is_now(home: Home) -> None:
    with calls(home.client) as noted:
        home.store.jobs_with_status(["pending", "running"])
        home.store.count_jobs(["pending", "running"], owner_id="local")

    assert operations(noted) == ["Query"] * 4


def test_a_job_between_two_statuses_is_counted_once(scripted: Scripted, new_job: NewJob) -> None:
    store, script, _ = scripted
    item = {"position": job_item(new_job())["position"]}
    script.add_response("query", {"Items": [item]})
    script.add_response("query", {"Items": [item]})

    assert store.count_jobs(["pending", "running"], owner_id="local") == 1


def test_a_job_that_lost_its_tag_or_is_gone_is_not_shown_under_it(
    scripted: Scripted, new_job: NewJob
) -> None:
    store, script, _ = scripted
    kept, untagged, gone = new_job(tags=["t"]), new_job(), new_job(tags=["t"])
    places = [{"sk": job_item(job)["position"]} for job in (gone, untagged, kept)]
    script.add_response("query", {"Items": places})
    script.add_response(
        "batch_get_item", {"Responses": {"jobs": [job_item(kept), job_item(untagged)]}}
    )

    assert store.list_jobs("local", limit=3, where=JobFilter(tag="t")) == Page([kept])


def test_a_search_that_stopped_early_goes_on_from_there(
    scripted: Scripted, new_dataset: NewDataset, noon: datetime
) -> None:
    store, script, _ = scripted
    reached = {
        "owner_key": {"S": "local"}, "dataset_id": {"S": "d#9"},
        "position": {"S": "2026-03-01T12:00:00.000000Z#d#9"},
    }  # fmt: skip
    script.add_response("query", {"Items": [], "LastEvaluatedKey": reached})

    page = store.list_datasets("local", limit=5, text="rare")

    assert page == Page([], Position(noon, "d#9"))
