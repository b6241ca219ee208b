"""The deferred runner is the runner that it stands for, made at the first call."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automl_backend.runners.deferred import DeferredRunner
from automl_core.records import Dataset, Job, ReadOptions, TrainConfig

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JOB = Job(
    job_id="j1", dataset_id="d1", dataset_name="a.csv", target_column="y",
    config=TrainConfig(), time_budget_s=60, created_at=NOW, updated_at=NOW,
)  # fmt: skip
DATASET = Dataset(
    dataset_id="d1", filename="a.csv", content_type="text/csv", created_at=NOW, updated_at=NOW
)


class Noting:
    """Notes every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def submit(self, job: Job) -> None:
        self.calls.append(("submit", job))

    def cancel(self, job: Job) -> None:
        self.calls.append(("cancel", job))

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None:
        self.calls.append(("read_dataset", dataset, options))

    def is_reading(self, dataset: Dataset) -> bool:
        self.calls.append(("is_reading", dataset))
        return True

    def ping(self) -> None:
        self.calls.append(("ping",))


@pytest.mark.parametrize(
    "call",
    [
        ("submit", JOB),
        ("cancel", JOB),
        ("read_dataset", DATASET, ReadOptions(header=True)),
        ("is_reading", DATASET),
        ("ping",),
    ],
    ids=lambda call: call[0],
)
def test_every_call_reaches_one_runner(call):
    made: list[Noting] = []

    def make() -> Noting:
        made.append(Noting())
        return made[-1]

    runner = DeferredRunner(make)
    assert made == []

    name, *arguments = call
    first = getattr(runner, name)(*arguments)
    getattr(runner, name)(*arguments)

    (noting,) = made
    assert noting.calls == [call, call]
    assert first is (True if name == "is_reading" else None)
