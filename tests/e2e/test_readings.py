"""Large uploads of the embedded home, read by real processes: end, death, restart."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from automl_backend.runners.readings import ReadingProcesses
from automl_core.errors import PlatformError
from automl_core.layout import UPLOAD, dataset_key
from automl_core.records import Dataset, ReadOptions
from automl_core.samples import penguins_path
from automl_core.settings import Settings, child_environment
from automl_core.wiring import Stores, open_stores

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0
REAL = [sys.executable, "-m", "automl_training.confirm"]
SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
]
#: Says on a file that it began, and that it ended.
TELLS = [
    sys.executable,
    "-c",
    "import os, pathlib, time\n"
    "told = pathlib.Path(os.environ['TMPDIR']).parent.parent / 'told'\n"
    "with told.open('a') as file: print('begins', file=file)\n"
    "time.sleep(0.3)\n"
    "with told.open('a') as file: print('ends', file=file)\n",
]


def eventually(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("It did not come about.")


class Bench:
    """The embedded stores, and readers of one's own making on them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(_env_file=None, data_dir=folder / "home")
        self.stores: Stores = open_stores(self.settings)
        self.folder = folder
        self.scratch = folder / "scratch"
        self.made: list[ReadingProcesses] = []
        for each in (self.scratch, folder / "logs"):
            each.mkdir()

    def readers(self, command: list[str], **changes: Any) -> ReadingProcesses:
        made = ReadingProcesses(
            metadata=self.stores.metadata,
            command=command,
            environment=child_environment(self.settings),
            logs=self.folder / "logs",
            scratch=self.scratch,
            now=lambda: datetime.now(UTC),
            **changes,
        )
        self.made.append(made)
        made.start()
        return made

    def add(self, dataset_id: str = "d1") -> Dataset:
        key = dataset_key(dataset_id, UPLOAD)
        self.stores.objects.put(key, penguins_path().read_bytes())
        stat = self.stores.objects.stat(key)
        now = datetime.now(UTC)
        self.stores.metadata.add_dataset(
            Dataset(
                dataset_id=dataset_id,
                filename="p.csv",
                content_type="text/csv",
                status="profiling",
                reading=ReadOptions(),
                etag=stat.etag,
                object_version=stat.object_version,
                created_at=now,
                updated_at=now,
            )
        )
        return self.dataset(dataset_id)

    def dataset(self, dataset_id: str = "d1") -> Dataset:
        return self.stores.metadata.get_dataset(dataset_id)

    def close(self) -> None:
        for each in self.made:
            each.stop()
        self.stores.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_an_upload_is_read_and_nothing_of_its_reading_is_left(bench):
    dataset = bench.add()
    readers = bench.readers(REAL)

    readers.read(dataset, ReadOptions())
    is_reading = readers.is_reading(dataset)
    eventually(lambda: not readers.is_reading(dataset))

    assert is_reading
    assert (bench.dataset().status, bench.dataset().row_count) == ("ready", 344)
    assert list(bench.scratch.iterdir()) == []


def test_one_upload_is_read_at_a_time(bench):
    readers = bench.readers(TELLS)
    datasets = [bench.add("d1"), bench.add("d2")]

    for dataset in datasets:
        readers.read(dataset, ReadOptions())
    eventually(lambda: not any(map(readers.is_reading, datasets)))

    assert (bench.folder / "told").read_text().split() == ["begins", "ends", "begins", "ends"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param([sys.executable, "-c", "exit(75)"], "exit code 75", id="platform trouble"),
        pytest.param(
            [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], "SIGKILL", id="killed"
        ),
        pytest.param(["/nowhere/reader"], "could not be started", id="no such program"),
    ],
)
def test_a_reader_that_dies_leaves_its_data_set_to_be_confirmed_again(bench, command, words):
    dataset = bench.add()

    bench.readers(command).read(dataset, ReadOptions())

    given_back = eventually(lambda: bench.dataset().status != "profiling" and bench.dataset())
    assert (given_back.status, given_back.error.code) == ("awaiting_upload", "worker-lost")
    assert words in given_back.error.detail


@pytest.mark.parametrize("command", [SLEEPS, DEAF], ids=["listens", "does not listen"])
def test_a_reader_that_hangs_is_ended(bench, command):
    dataset = bench.add()
    readers = bench.readers(command, limit_s=0.5)

    readers.read(dataset, ReadOptions())

    eventually(lambda: not readers.is_reading(dataset))
    assert bench.dataset().status == "awaiting_upload"


def test_stopping_the_platform_ends_what_is_read_and_what_waits(bench):
    readers = bench.readers(SLEEPS)
    datasets = [bench.add("d1"), bench.add("d2")]
    for dataset in datasets:
        readers.read(dataset, ReadOptions())

    began = time.monotonic()
    readers.stop()

    assert time.monotonic() - began < 5
    assert [bench.dataset(each).status for each in ("d1", "d2")] == ["awaiting_upload"] * 2
    assert "together with the platform" in bench.dataset("d2").error.detail
    with pytest.raises(PlatformError):
        readers.read(datasets[0], ReadOptions())


def test_what_a_killed_platform_was_reading_is_given_back_by_the_next(bench):
    dataset = bench.add()
    (bench.scratch / f"read-d1-{dataset.version}").mkdir()
    (bench.scratch / "read-deleted-7").mkdir()

    bench.readers(SLEEPS)

    assert bench.dataset().status == "awaiting_upload"
    assert list(bench.scratch.iterdir()) == []


def test_a_reading_that_was_begun_anew_is_not_given_back_for_an_older_one(bench):
    dataset = bench.add()
    (bench.scratch / "read-d1-99").mkdir()

    bench.readers(SLEEPS)

    assert bench.dataset() == dataset
