"""What a page of each list costs on DynamoDB, from 100,000 records and from 10.

    python benchmarks/list_pages.py [--emulator .venv-emulator/bin/ministack] [--records 100000]

Fills tables of an emulator of AWS with one owner's 10 data sets and jobs and another one's
100,000, and reads one page of every list from both. An emulator looks for a page by going
through its whole memory, which DynamoDB does not; so its answers are kept while that is done
once, and the page is read again and again with each request answered at once by what was kept
for it. What is timed is all the work of our process: making and signing requests, reading
answers, making records. What DynamoDB itself would do is told by its own measures: queries sent,
records looked at, bytes answered, and read units by its rule (half a unit for each 4 kB looked at,
eventually consistent). Bounds: one Query a page; the page from 100,000 records takes at most
1.2 times the one from 10, in CPU time of our process.

A search has to look at every record up to 1 MB of its index, which is DynamoDB's limit of a
Query: its page costs up to 131 read units, however few records it finds, and it is shown with as
many positions as it finds. The bound holds for a word that few records hold; a word that all of
them hold is shown beside it, without a bound.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import get_session

from automl_core.adapters.dynamodb_items import (
    Item,
    dataset_item,
    item_bytes,
    job_item,
    tag_item,
    tag_keys,
)
from automl_core.adapters.dynamodb_tables import JOB_TEXT_ATTRIBUTES, table_definitions
from automl_core.adapters.metadata_store_dynamodb import DynamoDBMetadataStore
from automl_core.ports import JobFilter, Page
from automl_core.records import Dataset, Job, TimelineEntry, TrainConfig

MAX_RATIO = 1.2
LIMIT = 5
FEW = 10
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATASETS, JOBS = "datasets", "jobs"
#: Five records of each owner hold this word.
RARE = "harvest"
BATCH = 25


def make_dataset(owner_id: str, number: int, *, is_marked: bool) -> Dataset:
    """One confirmed data set."""
    at = START + timedelta(seconds=number)
    return Dataset(
        owner_id=owner_id, dataset_id=f"{owner_id}{number:028x}", created_at=at, updated_at=at,
        filename=f"penguins {RARE if is_marked else 'of the islands'}.csv",
        content_type="text/csv", status="ready", file_size=13_478, sha256="0" * 64,
        etag="1" * 32, object_version="2" * 32, row_count=344, column_count=7,
    )  # fmt: skip


def make_job(owner_id: str, number: int, *, is_marked: bool) -> Job:
    """One completed job with all that its life has left on it; 2.5 kB as an item."""
    at = START + timedelta(seconds=number)
    stages = ("ingest", "profile", "clarify", "preprocess", "train", "evaluate", "explain")
    return Job(
        owner_id=owner_id, job_id=f"{owner_id}{number:028x}", dataset_id=f"set of {owner_id}",
        dataset_name="penguins.csv", target_column="species", config=TrainConfig(),
        time_budget_s=120, status="completed", stage="done", created_at=at, updated_at=at,
        started_at=at, finished_at=at, task="multiclass", metric="macro_f1", score=0.991,
        model_family="lightgbm", bundle_sha256="3" * 64, is_deployed=True, tags=["paper"],
        notes=f"for the {RARE if is_marked else 'talk'}", runner_ref="batch:" + "4" * 36,
        timeline=[TimelineEntry(at=at, status="running", stage=s, attempt=1) for s in stages],
    )  # fmt: skip


# -- The lists ------------------------------------------------------------------------

Read = Callable[[DynamoDBMetadataStore, str], Page[Any]]


def _jobs(where: Callable[[str], JobFilter]) -> Read:
    return lambda store, owner: store.list_jobs(owner, limit=LIMIT, where=where(owner))


def _datasets(text: str | None) -> Read:
    return lambda store, owner: store.list_datasets(owner, limit=LIMIT, text=text)


LISTS: dict[str, Read] = {
    "data sets": _datasets(None),
    "jobs": _jobs(lambda _: JobFilter()),
    "jobs by status": _jobs(lambda _: JobFilter(status="completed")),
    "jobs by data set": _jobs(lambda owner: JobFilter(dataset_id=f"set of {owner}")),
    "jobs by tag": _jobs(lambda _: JobFilter(tag="paper")),
    "deployed models": lambda store, owner: store.list_deployed(owner, limit=LIMIT),
    "data sets, q of few": _datasets(RARE),
    "jobs, q of few": _jobs(lambda _: JobFilter(text=RARE)),
}
#: A word of every record: shown without a bound.
SEARCHES_OF_ALL: dict[str, Read] = {
    "data sets, q of all": _datasets("penguins"),
    "jobs, q of all": _jobs(lambda _: JobFilter(text="penguins")),
}


# -- Answers that are kept ------------------------------------------------------------


@dataclass
class Kept:
    """One answer of the emulator, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """What a connection would hand out."""
        yield self.body


@dataclass
class Tape:
    """Keeps the answers to a client's requests, and answers with them later."""

    kept: dict[tuple[str, bytes], Kept] = field(default_factory=dict)
    is_playing: bool = False
    n_bytes: int = 0
    _asked: tuple[str, bytes] = ("", b"")

    def before_send(self, request: Any, **_: Any) -> AWSResponse | None:
        """Answer from memory, or let the request go to the emulator."""
        body = request.body if isinstance(request.body, bytes) else request.body.encode()
        target = request.headers["X-Amz-Target"]
        self._asked = (target if isinstance(target, str) else target.decode(), body)
        if not self.is_playing:
            return None
        kept = self.kept[self._asked]
        return AWSResponse(request.url, kept.status, kept.headers, kept)

    def before_parse(self, response_dict: dict[str, Any], **_: Any) -> None:
        """Keep an answer of the emulator."""
        if not self.is_playing:
            self.n_bytes += len(response_dict["body"])
            self.kept[self._asked] = Kept(
                response_dict["status_code"], dict(response_dict["headers"]), response_dict["body"]
            )


def make_client(endpoint: str) -> Any:
    """A client with more patience than the platform's: an emulator takes seconds a query."""
    return get_session().create_client(
        "dynamodb", region_name="eu-central-1", endpoint_url=endpoint,
        aws_access_key_id="000000000000", aws_secret_access_key="-",  # noqa: S106 - an emulator's
        config=Config(read_timeout=600, retries={"total_max_attempts": 1}),
    )  # fmt: skip


# -- Filling --------------------------------------------------------------------------


def is_marked(number: int, n_records: int) -> bool:
    """Tell whether a record holds the rare word: five of the ten, or of the newest 500."""
    age = n_records - 1 - number
    return age % 2 == 0 if n_records == FEW else age < 500 and age % 100 == 0


def items_of(owner_id: str, n_records: int) -> Iterator[tuple[str, Item]]:
    """Everything that one owner's records put into the tables."""
    for number in range(n_records):
        marked = is_marked(number, n_records)
        yield DATASETS, dataset_item(make_dataset(owner_id, number, is_marked=marked))
        item = job_item(make_job(owner_id, number, is_marked=marked))
        yield JOBS, item
        for key in tag_keys(item).values():
            yield JOBS, tag_item(key, item["position"]["S"].partition("#")[2])


def fill(client: Any, n_records: int) -> None:
    """Write both owners' records."""
    for definition in table_definitions(DATASETS, JOBS):
        client.create_table(**definition)

    def send(batch: list[tuple[str, Item]]) -> None:
        tables: dict[str, list[Any]] = {}
        for table, item in batch:
            tables.setdefault(table, []).append({"PutRequest": {"Item": item}})
        left = client.batch_write_item(RequestItems=tables)["UnprocessedItems"]
        if left:
            raise SystemExit("the emulator left records out")

    everything = itertools.chain(items_of("few", FEW), items_of("many", n_records))
    begin, n_sent = time.monotonic(), 0
    with ThreadPoolExecutor(2) as pool:
        for batches in _grouped(_grouped(everything, BATCH), 200):
            list(pool.map(send, batches))
            n_sent += sum(map(len, batches))
            print(f"filled {n_sent:,} items in {time.monotonic() - begin:.0f} s", file=sys.stderr)


def _grouped(values: Iterator[Any], size: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    for value in values:
        group.append(value)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


# -- Measuring ------------------------------------------------------------------------


@dataclass
class Cost:
    """What one page asked of DynamoDB."""

    operations: list[str] = field(default_factory=list)
    n_looked_at: int = 0
    n_bytes: int = 0
    read_units: float = 0.0
    emulator_s: float = 0.0


def read_units(operation: str, sent: dict[str, Any], answer: dict[str, Any]) -> float:
    """Read units by DynamoDB's rule, eventually consistent: half a one for each 4 kB."""
    table = sent.get("TableName") or next(iter(sent["RequestItems"]))
    item = record_of(table)
    if operation == "BatchGetItem":
        # Each record is rounded up by itself.
        return len(answer["Responses"][table]) * math.ceil(item_bytes(item) / 4096) / 2
    if sent.get("IndexName") == "by_text":
        names = {"pk", "sk", "dataset_id", "owner_key", "position", "search_text"}
        names |= set(JOB_TEXT_ATTRIBUTES) if table == JOBS else set()
        item = {name: value for name, value in item.items() if name in names}
    elif "IndexName" not in sent:
        (key,) = tag_keys(item).values()
        item = tag_item(key, "x" * 32)
    return max(1, math.ceil(answer["ScannedCount"] * item_bytes(item) / 4096)) / 2


def record_of(table: str) -> Item:
    """An item as large as every other one of its table."""
    if table == DATASETS:
        return dataset_item(make_dataset("many", 1, is_marked=False))
    return job_item(make_job("many", 1, is_marked=False))


def record(store: DynamoDBMetadataStore, client: Any, tape: Tape, read: Read, owner: str) -> Cost:
    """Read a page from the emulator and note what it took."""
    cost = Cost()
    requests: list[dict[str, Any]] = []

    def before(params: dict[str, Any], model: Any, **_: Any) -> None:
        cost.operations.append(model.name)
        requests.append(params)

    def after(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        cost.n_looked_at += parsed.get("ScannedCount", 0)
        cost.read_units += read_units(model.name, requests[-1], parsed)

    events = client.meta.events
    events.register("provide-client-params.dynamodb", before)
    events.register("after-call.dynamodb", after)
    tape.n_bytes = 0
    begin = time.perf_counter()
    page = read(store, owner)
    cost.emulator_s = time.perf_counter() - begin
    cost.n_bytes = tape.n_bytes
    events.unregister("provide-client-params.dynamodb", before)
    events.unregister("after-call.dynamodb", after)
    if len(page.items) != LIMIT:
        raise SystemExit(f"a page of {owner} held {len(page.items)} records, not {LIMIT}")
    return cost


def cpu_ms(store: DynamoDBMetadataStore, read: Read, n_rounds: int) -> dict[str, float]:
    """Median CPU time of a page from either owner, in turn, answered from memory."""
    taken: dict[str, list[float]] = {"few": [], "many": []}
    for _ in range(n_rounds):
        for owner, times in taken.items():
            begin = time.process_time()
            read(store, owner)
            times.append(time.process_time() - begin)
    return {owner: statistics.median(times) * 1000 for owner, times in taken.items()}


def measure(endpoint: str, n_records: int, n_rounds: int) -> bool:
    """Fill, read, print; tells whether every bound was kept."""
    client = make_client(endpoint)
    fill(client, n_records)
    tape = Tape()
    client.meta.events.register("before-send.dynamodb", tape.before_send)
    client.meta.events.register("before-parse.dynamodb", tape.before_parse)
    store = DynamoDBMetadataStore(client, datasets_table=DATASETS, jobs_table=JOBS)
    print(
        f"| list | queries | of | looked at | read units | kB answered | own CPU ms | ratio"
        f" | emulator s |\n|{'---|' * 9}"
    )
    is_kept = True
    for name, read in (LISTS | SEARCHES_OF_ALL).items():
        tape.is_playing = False
        costs = {owner: record(store, client, tape, read, owner) for owner in ("few", "many")}
        tape.is_playing = True
        times = cpu_ms(store, read, n_rounds)
        ratio = times["many"] / times["few"]
        for owner, n in (("few", FEW), ("many", n_records)):
            cost = costs[owner]
            shown = f"{ratio:.2f}" if owner == "many" else ""
            print(
                f"| {name} | {' + '.join(cost.operations)} | {n:,} | {cost.n_looked_at:,} |"
                f" {cost.read_units:,.1f} | {cost.n_bytes / 1000:,.1f} | {times[owner]:.2f} |"
                f" {shown} | {cost.emulator_s:.2f} |",
                flush=True,
            )
            is_kept &= cost.operations.count("Query") == 1
        is_kept &= ratio <= MAX_RATIO or name in SEARCHES_OF_ALL
    client.close()
    return is_kept


@contextlib.contextmanager
def emulator(command: Path) -> Iterator[str]:
    """Run an emulator of AWS; gives its address."""
    if not command.exists():
        raise SystemExit(
            f"there is no {command}; make it with `make {command.parts[0]}`, or name another one"
            " with --emulator, or the address of one that runs with --endpoint"
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
    switches = {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "AUTH": "false"}
    process = subprocess.Popen(
        [str(command)], env=environment | switches | {"GATEWAY_PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{address}/_ministack/health", timeout=1).close()  # noqa: S310
                break
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--emulator", type=Path, default=Path(".venv-emulator/bin/ministack"))
    parser.add_argument("--endpoint", help="address of an emulator that runs already")
    parser.add_argument("--records", type=int, default=100_000, help="of the larger owner")
    parser.add_argument("--rounds", type=int, default=200, help="pages timed for each owner")
    given = parser.parse_args()
    if given.records < 1000:
        parser.error("--records: fewer than 1000 say nothing about many")
    running = contextlib.nullcontext(given.endpoint) if given.endpoint else emulator(given.emulator)
    with running as address:
        is_kept = measure(address, given.records, given.rounds)
    print(
        f"\nbounds: one Query a page, ratio at most {MAX_RATIO}: {'kept' if is_kept else 'MISSED'}"
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
