"""The watch: messages applied to stored jobs, and the sweep for what no message told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automl_backend.services.job_truth import Patience
from automl_backend.services.job_watch import JobWatch
from automl_backend.services.runner_reports import AttemptName, ReadingName, Report
from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.errors import PlatformError
from automl_core.lifecycle import move
from automl_core.records import Dataset, Job, JobProgress, ReadOptions, TrainConfig

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class FarRunner:
    """A runner that takes notes, and answers what a test wrote down."""

    reports: dict[str, Report] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    breaks: set[str] = field(default_factory=set)
    submitted: list[tuple[str, int]] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def submit(self, job: Job) -> None:
        self.submitted.append((job.job_id, job.attempt))

    def place(self, job: Job) -> None:
        if job.job_id in self.breaks:
            raise RuntimeError("A fault of ours.")
        if job.job_id in self.refuses:
            raise PlatformError("The queue takes nothing.")
        self.placed.append(job.job_id)

    def look_up(self, refs: Sequence[str]) -> dict[str, Report]:
        self.asked += refs
        return {ref: self.reports[ref] for ref in refs if ref in self.reports}

    def stop(self, ref: str, reason: str) -> None:
        self.stopped.append(ref)


class Bench:
    """Records in memory, a far runner, and a clock."""

    def __init__(self) -> None:
        self.metadata = MemoryMetadataStore()
        self.runner = FarRunner()
        self.now = NOON
        self.watch = JobWatch(
            metadata=self.metadata,
            trainers=self.runner,
            max_attempts=3,
            patience=Patience(),
            now=lambda: self.now,
        )

    def add(self, job_id: str, status: Any = "pending", **changes: Any) -> Job:
        job = Job(
            job_id=job_id,
            dataset_id="d",
            dataset_name="penguins.csv",
            target_column="species",
            config=TrainConfig(),
            time_budget_s=120,
            created_at=NOON,
            updated_at=NOON,
        )
        if status != "pending":
            job = move(job, status, at=NOON)
        self.metadata.add_job(job.model_copy(update=changes))
        return self.metadata.get_job(job_id)

    def beat(self, job_id: str) -> None:
        self.metadata.put_progress(
            JobProgress(
                job_id=job_id, attempt=1, heartbeat_at=self.now, stage="train", progress=1.0
            )
        )

    def tell(self, job_id: str, state: Any, ref: str = "batch:1", **changes: Any) -> Report:
        report = Report(AttemptName(job_id, changes.pop("attempt", 1)), ref, state, NOON, **changes)
        self.runner.reports[ref] = report
        return report

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# -- Messages ---------------------------------------------------------------------------


def test_a_lost_machine_is_followed_by_a_submission(bench):
    bench.add("j", "running", runner_ref="batch:1")
    report = bench.tell("j", "failed", cause="machine lost")

    is_lost, again = bench.watch.hear(report), bench.watch.hear(report)

    assert (is_lost, again) == (True, False)
    assert bench.runner.submitted == [("j", 2)]
    assert bench.metadata.get_job("j").capacity == "on_demand"


def test_a_cancellation_that_was_carried_out_is_no_loss(bench):
    bench.add("j", "running", runner_ref="batch:1", cancel_requested=True)

    assert not bench.watch.hear(bench.tell("j", "failed", cause="stopped"))
    assert bench.metadata.get_job("j").status == "cancelled"


def test_a_report_about_a_job_that_was_deleted_is_forgotten(bench):
    assert not bench.watch.hear(bench.tell("gone", "failed"))
    assert bench.runner.submitted == []


def a_reading(bench: Bench) -> Dataset:
    bench.metadata.add_dataset(
        Dataset(
            dataset_id="d",
            filename="a.csv",
            content_type="text/csv",
            status="profiling",
            reading=ReadOptions(),
            created_at=NOON,
            updated_at=NOON,
        )
    )
    return bench.metadata.get_dataset("d")


def test_a_reading_that_died_leaves_its_data_set_to_be_confirmed_again(bench):
    version = a_reading(bench).version
    report = Report(ReadingName("d", version), "batch:7", "failed", NOON, cause="memory")

    assert not bench.watch.hear(report)
    assert not bench.watch.hear(report)

    dataset = bench.metadata.get_dataset("d")
    assert (dataset.status, dataset.reading, dataset.version) == (
        "awaiting_upload",
        None,
        version + 1,
    )
    assert "memory" in dataset.error.detail


def test_a_report_about_a_data_set_that_was_deleted_is_forgotten(bench):
    assert not bench.watch.hear(Report(ReadingName("d", 0), "batch:7", "failed", NOON))


# -- The sweep --------------------------------------------------------------------------


def test_a_job_whose_submission_was_lost_is_handed_over(bench):
    bench.add("young")
    bench.pass_by(seconds=59)
    early = bench.watch.sweep()
    bench.pass_by(seconds=1)

    late = bench.watch.sweep()

    assert (early.n_jobs, late.n_jobs) == (1, 1)
    assert bench.runner.placed == ["young"]
    assert (late.n_stuck, late.problems) == (0, [])


def test_a_job_that_no_runner_takes_is_stuck_and_then_fails(bench):
    bench.add("j")
    bench.runner.refuses.add("j")
    bench.pass_by(minutes=5)
    soon = bench.watch.sweep()
    bench.pass_by(minutes=15)

    late = bench.watch.sweep()

    assert (soon.n_stuck, soon.n_lost, len(soon.problems)) == (1, 0, 1)
    assert (late.n_stuck, late.n_lost, len(late.problems)) == (1, 1, 1)
    assert bench.metadata.get_job("j").error.code == "no-capacity"


def test_a_dead_trainer_that_no_event_told_of_is_found(bench):
    bench.add("dead", "running", runner_ref="batch:1")
    bench.add("alive", "running", runner_ref="batch:2")
    bench.tell("dead", "failed", cause="memory", exit_code=137)
    bench.pass_by(minutes=2)
    bench.beat("alive")

    swept = bench.watch.sweep()

    assert bench.runner.asked == ["batch:1"]
    assert (swept.n_jobs, swept.n_lost) == (2, 1)
    assert bench.metadata.get_job("dead").status == "failed"
    assert bench.metadata.get_job("alive").status == "running"


def test_a_job_that_waits_in_vain_is_fenced_off_stopped_and_submitted_again(bench):
    bench.add("j", runner_ref="batch:1")
    bench.tell("j", "queued", waiting_since=NOON)
    bench.pass_by(minutes=20)

    swept = bench.watch.sweep()

    assert (swept.n_stuck, swept.n_lost) == (1, 1)
    assert bench.runner.stopped == ["batch:1"]
    assert bench.runner.submitted == [("j", 2)]


def test_a_trainer_of_another_attempt_is_never_stopped_for_this_one(bench):
    """The job went on while the runner was asked: the answer is about the past."""
    before = bench.add("j", "running", runner_ref="batch:1")
    bench.pass_by(minutes=30)

    class Slow(FarRunner):
        def look_up(self, refs: Sequence[str]) -> dict[str, Report]:
            bench.metadata.update_job(
                move(before, "pending", at=bench.now).model_copy(update={"runner_ref": "batch:2"})
            )
            return {"batch:1": bench.tell("j", "running", started_at=NOON)}

    slow = Slow()
    watch = JobWatch(bench.metadata, slow, 3, Patience(), lambda: bench.now)
    swept = watch.sweep()

    assert (swept.n_stuck, swept.n_lost, slow.stopped) == (0, 0, [])
    assert bench.metadata.get_job("j").runner_ref == "batch:2"


def test_trouble_with_one_job_does_not_hide_the_others(bench):
    for job_id in ("a", "b", "c"):
        bench.add(job_id)
    bench.runner.breaks.add("a")
    bench.pass_by(minutes=2)

    swept = bench.watch.sweep()

    assert bench.runner.placed == ["b", "c"]
    [problem] = swept.problems
    assert isinstance(problem, RuntimeError)
    assert problem.__notes__ == ["While looking after job a."]


def test_a_lost_word_to_stop_is_said_again(bench):
    bench.add("j", "running", runner_ref="batch:1", cancel_requested=True)
    bench.tell("j", "running")

    bench.watch.sweep()

    assert bench.runner.stopped == ["batch:1"]
    assert bench.metadata.get_job("j").status == "running"
