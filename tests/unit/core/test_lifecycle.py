"""The life of a job, by example and against a model of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.errors import IllegalTransitionError, NotFoundError, StaleRecordError
from automl_core.lifecycle import (
    MAX_TIMELINE,
    MAX_WRITE_TRIES,
    MOVES,
    change_job,
    enter_stage,
    move,
    pending_since,
    replace_attempt,
)
from automl_core.records import (
    ACTIVE,
    TERMINAL,
    ErrorNote,
    Job,
    JobProgress,
    JobStatus,
    TimelineEntry,
    TrainConfig,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
STATUSES: tuple[JobStatus, ...] = get_args(JobStatus)


def a_job(**changes: object) -> Job:
    values = {
        "job_id": "j",
        "dataset_id": "d",
        "dataset_name": "penguins.csv",
        "target_column": "species",
        "config": TrainConfig(),
        "time_budget_s": 120,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job.model_validate(values | changes)


# -- Moves ----------------------------------------------------------------------------


def test_every_status_is_either_active_or_terminal() -> None:
    assert set(STATUSES) == set(MOVES) == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL


@pytest.mark.parametrize("after", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_a_job_moves_where_it_may_and_nowhere_else(before: JobStatus, after: JobStatus) -> None:
    job = a_job(status=before)
    if after in MOVES[before]:
        assert move(job, after, at=LATER).status == after
    else:
        with pytest.raises(
            IllegalTransitionError, match=f"j is {before}; it cannot become {after}"
        ):
            move(job, after, at=LATER)


@pytest.mark.parametrize("status", STATUSES)
def test_no_way_leads_out_of_completed(status: JobStatus) -> None:
    with pytest.raises(IllegalTransitionError):
        move(a_job(status="completed"), status, at=LATER)


def test_a_move_is_written_into_the_time_line_and_leaves_the_old_record_alone() -> None:
    job = a_job()

    moved = move(job, "running", at=LATER, stage="ingest", note="claimed", runner_ref="process 7")

    assert (moved.status, moved.stage, moved.runner_ref) == ("running", "ingest", "process 7")
    assert moved.updated_at == moved.started_at == LATER
    assert moved.timeline == [
        TimelineEntry(at=LATER, status="running", stage="ingest", attempt=1, note="claimed")
    ]
    assert (job.status, job.timeline) == ("pending", [])


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_an_end_has_its_time(status: JobStatus) -> None:
    job = a_job(status="running", started_at=NOON)

    ended = move(job, status, at=LATER)

    assert ended.finished_at == LATER
    assert ended.started_at == NOON


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_retry_opens_a_new_attempt_and_forgets_the_end_of_the_last(status: JobStatus) -> None:
    job = a_job(
        status=status, stage="train", finished_at=NOON, started_at=NOON, cancel_requested=True,
        runner_ref="process 7", error=ErrorNote(code="c", title="t", detail="d"),
    )  # fmt: skip

    retried = move(job, "pending", at=LATER)

    assert (retried.attempt, retried.stage, retried.started_at) == (2, "queued", NOON)
    assert (retried.error, retried.finished_at, retried.runner_ref) == (None, None, None)
    assert not retried.cancel_requested


def test_an_interrupted_run_is_a_new_attempt_and_an_answered_question_is_not() -> None:
    assert move(a_job(status="running"), "pending", at=LATER).attempt == 2
    assert move(a_job(status="waiting"), "pending", at=LATER).attempt == 1


def test_what_goes_back_to_the_queue_is_no_runners_any_more() -> None:
    for status in ("running", "waiting", "failed", "cancelled"):
        again = move(a_job(status=status, runner_ref="process 7"), "pending", at=LATER)

        assert again.runner_ref is None


def test_a_pending_job_that_nobody_took_begins_anew() -> None:
    job = a_job(runner_ref="process 7")

    again = replace_attempt(job, at=LATER, note="no machine", capacity="on_demand")

    assert (again.status, again.attempt, again.runner_ref) == ("pending", 2, None)
    assert (again.capacity, again.updated_at) == ("on_demand", LATER)
    assert again.timeline[-1].note == "no machine"
    for status in set(STATUSES) - {"pending"}:
        with pytest.raises(IllegalTransitionError, match="only a pending job"):
            replace_attempt(a_job(status=status), at=LATER, note="")


def test_a_job_is_pending_since_it_last_entered_the_queue() -> None:
    job = a_job()
    again = move(move(job, "running", at=LATER), "pending", at=LATER + timedelta(minutes=1))

    assert pending_since(job) == NOON
    assert pending_since(again) == LATER + timedelta(minutes=1)


def test_only_a_running_job_enters_stages() -> None:
    running = a_job(status="running", stage="ingest")

    entered = enter_stage(running, "profile", at=LATER)

    assert (entered.stage, entered.status, entered.updated_at) == ("profile", "running", LATER)
    assert entered.timeline[-1].stage == "profile"
    for status in set(STATUSES) - {"running"}:
        with pytest.raises(IllegalTransitionError, match="only a running job"):
            enter_stage(a_job(status=status), "profile", at=LATER)


def test_a_long_time_line_keeps_its_beginning_and_its_end() -> None:
    job = move(a_job(), "running", at=NOON, note="first")

    for number in range(MAX_TIMELINE + 50):
        job = enter_stage(job, "train", at=NOON + timedelta(seconds=number))

    assert len(job.timeline) == MAX_TIMELINE
    assert job.timeline[0].note == "first"
    assert job.timeline[-1].at == NOON + timedelta(seconds=MAX_TIMELINE + 49)


# -- Conditional changes --------------------------------------------------------------


class BusyStore(MemoryMetadataStore):
    """Somebody else changes the job before each of the first writes."""

    def __init__(self, n_collisions: int) -> None:
        super().__init__()
        self.n_collisions = n_collisions
        self.n_writes = 0

    def update_job(self, job: Job) -> Job:
        self.n_writes += 1
        if self.n_writes <= self.n_collisions:
            super().update_job(self.get_job(job.job_id).model_copy(update={"notes": "theirs"}))
        return super().update_job(job)


def test_a_change_is_made_again_on_what_others_wrote_meanwhile() -> None:
    store = BusyStore(n_collisions=MAX_WRITE_TRIES - 1)
    store.add_job(a_job())

    stored = change_job(store, "j", lambda job: job.model_copy(update={"tags": ["ours"]}))

    assert stored is not None
    assert (stored.notes, stored.tags) == ("theirs", ["ours"])
    assert store.get_job("j") == stored


def test_a_change_that_always_collides_is_given_up() -> None:
    store = BusyStore(n_collisions=10**6)
    store.add_job(a_job())

    with pytest.raises(StaleRecordError, match="changed by others"):
        change_job(store, "j", lambda job: job)

    assert store.n_writes == MAX_WRITE_TRIES


def test_an_attempt_that_was_fenced_off_writes_nothing() -> None:
    store = MemoryMetadataStore()
    store.add_job(a_job(status="running", attempt=2))

    assert change_job(store, "j", lambda job: move(job, "completed", at=LATER), attempt=1) is None
    assert store.get_job("j") == a_job(status="running", attempt=2)


def test_a_change_that_wants_nothing_writes_nothing() -> None:
    store = MemoryMetadataStore()
    store.add_job(a_job())

    assert change_job(store, "j", lambda _: None) is None
    assert store.get_job("j").version == 0


def test_a_change_of_a_job_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        change_job(MemoryMetadataStore(), "j", lambda job: job)


# -- Against a model ------------------------------------------------------------------


class JobLife(RuleBasedStateMachine):
    """Events of any age in any order against a model of three numbers and a word.

    Trainers are started, speak, end and die; users cancel and retry; a supervisor gives up
    lost trainers. Every trainer keeps speaking under the attempt it was started with, long
    after others took over: its words must change nothing then.
    """

    trainers = Bundle("trainers")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryMetadataStore()
        self.seconds = 0
        self.status: JobStatus = "pending"
        self.attempt = 1
        self.version = 0
        self.latest_progress: tuple[int, int] | None = None
        self.ends: list[tuple[int, JobStatus]] = []

    def now(self) -> datetime:
        self.seconds += 1
        return NOON + timedelta(seconds=self.seconds)

    def attempt_move(
        self, status: JobStatus, *, attempt: int | None = None, **changes: object
    ) -> Job | None:
        """Try an event on the store, and expect of it what the model says."""
        is_fenced = attempt is not None and attempt != self.attempt
        is_allowed = status in MOVES[self.status]
        if not is_fenced and not is_allowed:
            with pytest.raises(IllegalTransitionError):
                self.apply(status, attempt, changes)
            return None
        job = self.apply(status, attempt, changes)
        assert (job is None) == is_fenced
        if job is not None:
            if status == "pending" and self.status != "waiting":
                self.attempt += 1
                assert job.runner_ref is None
            if status in TERMINAL:
                self.ends.append((self.attempt, status))
            self.status = status
            self.version += 1
        return job

    def apply(
        self, status: JobStatus, attempt: int | None, changes: dict[str, object]
    ) -> Job | None:
        at = self.now()
        return change_job(
            self.store, "j", lambda job: move(job, status, at=at, **changes), attempt=attempt
        )

    @initialize()
    def add(self) -> None:
        self.store.add_job(a_job())

    @precondition(lambda self: self.status == "pending")
    @rule(target=trainers)
    def claim(self) -> int:
        self.attempt_move("running", runner_ref=f"process {self.attempt}")
        return self.attempt

    @rule(trainer=trainers, status=st.sampled_from(["completed", "failed", "waiting"]))
    def trainer_says(self, trainer: int, status: JobStatus) -> None:
        self.attempt_move(status, attempt=trainer)

    @rule(trainer=trainers)
    def trainer_enters_a_stage(self, trainer: int) -> None:
        at = self.now()
        is_live = trainer == self.attempt and self.status == "running"
        if trainer == self.attempt and not is_live:
            with pytest.raises(IllegalTransitionError):
                self.enter(at, trainer)
        else:
            assert (self.enter(at, trainer) is not None) == is_live
            self.version += is_live

    def enter(self, at: datetime, trainer: int) -> Job | None:
        return change_job(
            self.store, "j", lambda job: enter_stage(job, "train", at=at), attempt=trainer
        )

    @rule(trainer=trainers, percent=st.integers(0, 100))
    def trainer_reports_progress(self, trainer: int, percent: int) -> None:
        is_late = self.latest_progress is not None and trainer < self.latest_progress[0]
        progress = JobProgress(
            job_id="j", attempt=trainer, heartbeat_at=self.now(), progress=percent
        )
        assert self.store.put_progress(progress) is not is_late
        if not is_late:
            self.latest_progress = (trainer, percent)

    @rule(trainer=consumes(trainers))
    def trainer_dies_and_the_supervisor_tries_again(self, trainer: int) -> None:
        self.attempt_move("pending", attempt=trainer)

    @rule(status=st.sampled_from(["cancelled", "pending"]))
    def user_wants(self, status: JobStatus) -> None:
        self.attempt_move(status)

    @rule(status=st.sampled_from(STATUSES))
    def somebody_writes_what_he_read_long_ago(self, status: JobStatus) -> None:
        present = self.store.get_job("j")
        stale = present.model_copy(update={"version": present.version - 1, "status": status})
        with pytest.raises(StaleRecordError):
            self.store.update_job(stale)

    @invariant()
    def the_store_holds_what_the_model_says(self) -> None:
        job = self.store.get_job("j")
        assert (job.status, job.attempt, job.version) == (self.status, self.attempt, self.version)
        assert (job.finished_at is not None) == (job.status in TERMINAL)
        assert job.runner_ref in (None, f"process {self.attempt}")

    @invariant()
    def the_time_line_runs_forward(self) -> None:
        timeline = self.store.get_job("j").timeline
        keys = [(entry.attempt, entry.at) for entry in timeline]
        assert keys == sorted(keys)
        assert not timeline or timeline[-1].status == self.status

    @invariant()
    def an_attempt_ends_once_and_nothing_follows_a_completed_one(self) -> None:
        attempts = [attempt for attempt, _ in self.ends]
        assert len(set(attempts)) == len(attempts)
        assert all(status != "completed" for _, status in self.ends[:-1])

    @invariant()
    def progress_is_that_of_the_latest_attempt_that_spoke(self) -> None:
        progress = self.store.get_progress("j")
        told = None if progress is None else (progress.attempt, int(progress.progress))
        assert told == self.latest_progress


TestJobLife = JobLife.TestCase
TestJobLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
