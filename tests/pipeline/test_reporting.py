"""Reporters: progress for people, heartbeats and fencing for the platform."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from automl_core.errors import StaleRecordError
from automl_core.lifecycle import move
from automl_core.records import Job, JobProgress, TrainConfig
from automl_training.reporting import (
    STAGE_WEIGHTS,
    CallbackReporter,
    ProgressEvent,
    StoreReporter,
    percent,
)
from automl_training.stage import JobStopped

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Records:
    """One job and its progress, in memory; the part of the store that a reporter uses."""

    def __init__(self) -> None:
        pending = Job(
            job_id="j1", dataset_id="d1", dataset_name="t.csv", target_column="y",
            config=TrainConfig(), time_budget_s=60, created_at=NOON, updated_at=NOON,
        )  # fmt: skip
        self.job = move(pending, "running", at=NOON)
        self.heartbeats: list[JobProgress] = []
        self.is_down = False

    def get_job(self, job_id: str) -> Job:
        if self.is_down:
            raise ConnectionError("no answer")
        return self.job

    def update_job(self, job: Job) -> Job:
        if job.version != self.job.version:
            raise StaleRecordError("changed")
        self.job = job.model_copy(update={"version": job.version + 1})
        return self.job

    def put_progress(self, progress: JobProgress) -> bool:
        if progress.attempt < self.job.attempt:
            return False
        self.heartbeats.append(progress)
        return True

    def change(self, **fields: Any) -> None:
        self.job = self.job.model_copy(update=fields)


@pytest.fixture
def records() -> Records:
    return Records()


def reporter_for(records: Records, **options: Any) -> StoreReporter:
    return StoreReporter(records, "j1", 1, lambda: NOON, **{"heartbeat_s": 60.0, **options})


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, "waited ten seconds"
        time.sleep(0.01)


def test_the_weights_of_all_stages_make_a_hundred_percent():
    assert sum(STAGE_WEIGHTS.values()) == 100


def test_progress_runs_from_stage_to_stage():
    assert percent("queued", 0.5) == 0
    assert percent("train", 1.0) == percent("evaluate", 0.0)
    assert percent("report", 1.0) == percent("done", 0.0) == 100


def test_a_callback_sees_progress_that_never_falls():
    seen: list[ProgressEvent] = []
    reporter = CallbackReporter(seen.append)

    reporter.stage("train")
    reporter.progress(0.5, "lightgbm", best_score=0.8, n_trials=3)
    reporter.progress(0.4, "xgboost")

    assert [event.progress for event in seen] == [13.0, 47.0, 47.0]
    assert (seen[-1].message, seen[-1].best_score, seen[-1].n_trials) == ("xgboost", 0.8, 3)


def test_a_stage_change_is_written_to_the_job_at_once(records):
    reporter_for(records).stage("train")

    assert records.job.stage == "train"
    assert records.job.timeline[-1].stage == "train"


def test_a_heartbeat_carries_the_progress(records):
    reporter = reporter_for(records)
    reporter.stage("train")
    reporter.progress(0.5, "12 trials", best_score=0.9, n_trials=12)

    reporter.beat()

    assert records.heartbeats[-1].model_dump() == {
        "job_id": "j1", "attempt": 1, "heartbeat_at": NOON, "stage": "train", "progress": 47.0,
        "best_score": 0.9, "n_trials": 12, "message": "12 trials",
    }  # fmt: skip


def test_heartbeats_come_by_themselves(records):
    reporter = reporter_for(records, heartbeat_s=0.01)

    reporter.start()
    wait_until(lambda: len(records.heartbeats) >= 3)
    reporter.close()

    n_beats = len(records.heartbeats)
    time.sleep(0.5)
    assert len(records.heartbeats) == n_beats


def test_heartbeats_go_on_after_the_store_was_away(records):
    reporter = reporter_for(records, heartbeat_s=0.01)
    reporter.start()
    records.is_down = True
    wait_until(lambda: len(records.heartbeats) >= 2)
    records.is_down = False
    n_beats = len(records.heartbeats)

    wait_until(lambda: len(records.heartbeats) > n_beats)
    reporter.close()

    assert reporter.stop_reason is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"attempt": 2}, "fenced off", id="another attempt has begun"),
        pytest.param({"status": "cancelled"}, "ended", id="the job is over"),
        pytest.param({"cancel_requested": True}, "cancelled", id="somebody cancelled it"),
    ],
)
def test_an_attempt_that_nobody_wants_any_more_stops_at_its_next_call(records, change, reason):
    reporter = reporter_for(records)
    reporter.stage("train")
    records.change(**change)

    reporter.beat()

    with pytest.raises(JobStopped, match=reason):
        reporter.progress(0.5)
    assert reporter.stop_reason == reason


def test_a_stage_of_a_fenced_off_attempt_is_not_written(records):
    records.change(attempt=2)

    with pytest.raises(JobStopped, match="fenced off"):
        reporter_for(records).stage("train")
    assert records.job.stage == "queued"


def test_a_stage_of_a_job_that_is_over_is_not_written(records):
    records.change(status="failed")

    with pytest.raises(JobStopped, match="ended"):
        reporter_for(records).stage("train")
    assert records.job.stage == "queued"


def test_the_main_thread_is_interrupted_when_the_heartbeat_finds_a_cancelled_job(records):
    interrupts: list[str] = []
    reporter = reporter_for(records, heartbeat_s=0.01, interrupt=lambda: interrupts.append("now"))
    reporter.start()

    records.change(cancel_requested=True)
    wait_until(lambda: interrupts)
    reporter.close()

    assert interrupts == ["now"]


def test_a_process_that_does_not_unwind_is_ended(records):
    ends: list[int] = []
    clock = iter(range(0, 10**9, 1000))
    reporter = reporter_for(
        records, heartbeat_s=0.01, end_process=ends.append, monotonic=lambda: float(next(clock))
    )
    reporter.start()

    reporter.stop("interrupted")
    wait_until(lambda: ends)

    assert ends == [75]


def test_the_first_reason_to_stop_counts(records):
    reporter = reporter_for(records)

    reporter.stop("cancelled")
    reporter.stop("interrupted")

    assert reporter.stop_reason == "cancelled"


def test_the_last_heartbeat_says_that_all_is_done(records):
    reporter = reporter_for(records)
    reporter.start()

    reporter.finish()
    reporter.close()

    assert (records.heartbeats[-1].stage, records.heartbeats[-1].progress) == ("done", 100.0)
