"""What a runner's report means for a job: by example, and against a model of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from automl_backend.services.job_truth import (
    Patience,
    attempt_limit_s,
    is_due,
    look,
    needs_runner,
    reading_failure,
    refused,
    settle,
)
from automl_backend.services.runner_reports import AttemptName, ReadingName, Report
from automl_core.lifecycle import move
from automl_core.records import TERMINAL, Dataset, Job, JobProgress, TrainConfig

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAX_ATTEMPTS = 3


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_job(**changes: Any) -> Job:
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


def running(**changes: Any) -> Job:
    return a_job(**{"status": "running", "stage": "train", "runner_ref": "batch:1", **changes})


def told(state: str, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "subject": AttemptName("j", 1),
        "ref": "batch:1",
        "state": state,
        "submitted_at": NOON,
    }
    return Report(**(values | changes))


def settled(job: Job, report: Report, now: datetime = NOON) -> Job | None:
    return settle(job, report, now=now, max_attempts=MAX_ATTEMPTS)


# -- Attempts that ended ----------------------------------------------------------------


@pytest.mark.parametrize("state", ["queued", "starting", "running"])
@pytest.mark.parametrize("job", [a_job(runner_ref="batch:1"), running()], ids=["pending", "runs"])
def test_an_attempt_that_goes_on_changes_nothing(job, state):
    """A job that Batch tries again is RUNNABLE once more: its trainer goes on by itself."""
    assert settled(job, told(state)) is None


@pytest.mark.parametrize("status", [*sorted(TERMINAL), "waiting"])
@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_a_job_that_has_said_how_it_ended_is_left_alone(status, state):
    assert settled(running(status=status), told(state)) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"subject": AttemptName("j", 2)}, id="a later attempt"),
        pytest.param({"subject": AttemptName("k", 1)}, id="another job"),
        pytest.param({"ref": "batch:2"}, id="a second submission of the attempt"),
        pytest.param({"subject": ReadingName("j", 1)}, id="a reading"),
    ],
)
def test_a_report_of_something_else_changes_nothing(changes):
    assert settled(running(), told("failed", **changes)) is None


def test_an_event_may_come_before_the_reference_is_written():
    job = a_job()

    ended = settled(job, told("failed", cause="exit", exit_code=78, submitted_at=at(1)))

    assert ended is not None
    assert (ended.status, ended.error.code) == ("failed", "worker-lost")
    assert "settings" in ended.error.detail


def test_the_trainer_that_asked_a_question_is_not_the_one_that_goes_on():
    """Its success comes when the question is answered and nothing new is submitted yet."""
    waiting = move(running(), "waiting", at=at(100))
    again = move(waiting, "pending", at=at(200))

    assert (again.attempt, again.runner_ref) == (1, None)
    assert settled(again, told("succeeded", submitted_at=at(0)), at(201)) is None
    assert settled(again, told("failed", submitted_at=None), at(201)) is None


@pytest.mark.parametrize("report", [told("succeeded"), told("failed", cause="stopped")])
def test_a_job_that_was_to_be_cancelled_is_cancelled_whatever_ended_it(report):
    ended = settled(running(cancel_requested=True), report)

    assert (ended.status, ended.error) == ("cancelled", None)


def test_a_success_of_which_the_job_knows_nothing_is_a_loss():
    ended = settled(running(), told("succeeded"), at(9))

    assert (ended.status, ended.error.code, ended.error.stage) == ("failed", "worker-lost", "train")
    assert ended.finished_at == at(9)


@pytest.mark.parametrize("job", [a_job(runner_ref="batch:1"), running()], ids=["pending", "runs"])
def test_a_machine_that_was_taken_back_begins_a_new_attempt_on_demand(job):
    again = settled(job, told("failed", cause="machine lost"))

    assert (again.status, again.attempt, again.capacity) == ("pending", 2, "on_demand")
    assert (again.stage, again.runner_ref, again.error) == ("queued", None, None)
    assert again.timeline[-1].note == "the machine was taken back"


def test_after_the_last_attempt_a_lost_machine_fails_the_job():
    job = running(attempt=MAX_ATTEMPTS)
    report = told("failed", cause="machine lost", subject=AttemptName("j", MAX_ATTEMPTS))

    ended = settled(job, report)

    assert (ended.status, ended.error.code) == ("failed", "worker-lost")
    assert "taken back" in ended.error.detail


def test_a_trainer_that_asks_for_another_try_gets_one_where_it_was():
    again = settled(running(), told("failed", cause="exit", exit_code=75))

    assert (again.status, again.attempt, again.capacity) == ("pending", 2, "spot")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        pytest.param({"cause": "timeout"}, "job-timeout", "480 seconds", id="time limit"),
        pytest.param({"cause": "memory", "exit_code": 137}, "worker-lost", "memory", id="memory"),
        pytest.param({"cause": "not started"}, "no-capacity", "image", id="no image"),
        pytest.param({"cause": "stopped"}, "worker-lost", "from outside", id="operator"),
        pytest.param({"cause": "exit", "exit_code": 3}, "worker-lost", "exit code 3", id="crash"),
        pytest.param({"cause": "unknown"}, "worker-lost", "before it had", id="no word at all"),
    ],
)
def test_a_failure_is_named_and_advises(changes, code, words):
    ended = settled(running(), told("failed", **changes))

    assert (ended.status, ended.error.code) == ("failed", code)
    assert words in ended.error.detail


@pytest.mark.parametrize(("budget_s", "limit_s"), [(0, 300), (60, 390), (61, 392), (3600, 5700)])
def test_the_time_limit_is_one_and_a_half_budgets_and_a_reserve(budget_s, limit_s):
    assert attempt_limit_s(budget_s) == limit_s


# -- The sweep --------------------------------------------------------------------------

PATIENCE = Patience()


def heartbeat(seconds: float, attempt: int = 1) -> JobProgress:
    return JobProgress(
        job_id="j", attempt=attempt, heartbeat_at=at(seconds), stage="train", progress=10.0
    )


def looked(job: Job, report: Report | None, now: datetime, progress: JobProgress | None = None):
    return look(job, progress, report, now=now, max_attempts=MAX_ATTEMPTS, patience=PATIENCE)


@pytest.mark.parametrize(
    ("job", "seconds", "is_needed"),
    [
        pytest.param(a_job(), 59, False, id="still being submitted"),
        pytest.param(a_job(), 60, True, id="never submitted"),
        pytest.param(a_job(runner_ref="batch:1"), 600, False, id="submitted"),
        pytest.param(running(runner_ref=None), 600, False, id="running"),
        pytest.param(move(running(), "pending", at=at(100)), 150, False, id="a new attempt"),
    ],
)
def test_a_pending_job_without_a_runner_is_handed_over_again(job, seconds, is_needed):
    assert needs_runner(job, now=at(seconds), patience=PATIENCE) is is_needed


def test_a_job_that_no_runner_takes_fails_in_the_end():
    assert refused(a_job(), now=at(899), patience=PATIENCE) is None
    assert refused(a_job(), now=at(900), patience=PATIENCE).error.code == "no-capacity"
    assert refused(a_job(runner_ref="batch:1"), now=at(900), patience=PATIENCE) is None


@pytest.mark.parametrize(
    ("job", "progress", "seconds", "expected"),
    [
        pytest.param(running(), heartbeat(100), 150, False, id="a heart beats"),
        pytest.param(running(), heartbeat(100), 160, True, id="a heart has stopped"),
        pytest.param(running(), heartbeat(155, attempt=2), 160, True, id="another's heart"),
        pytest.param(running(), None, 30, False, id="just begun"),
        pytest.param(running(cancel_requested=True), heartbeat(100), 101, True, id="to stop"),
        pytest.param(a_job(runner_ref="batch:1"), None, 60, True, id="long in the queue"),
        pytest.param(running(status="waiting"), None, 9999, False, id="waits for an answer"),
    ],
)
def test_a_runner_is_asked_only_about_silent_jobs(job, progress, seconds, expected):
    assert is_due(job, progress, now=at(seconds), patience=PATIENCE) is expected


def test_an_end_that_no_event_told_is_found():
    finding = looked(running(), told("failed", cause="machine lost"), at(100))

    assert (finding.changed.status, finding.changed.attempt) == ("pending", 2)
    assert not finding.stop


def test_waiting_in_vain_for_spare_machines_goes_on_on_demand():
    job, report = a_job(runner_ref="batch:1"), told("queued", waiting_since=NOON)

    soon, late = looked(job, report, at(1199)), looked(job, report, at(1200))

    assert soon.changed is None
    assert (late.changed.status, late.changed.attempt) == ("pending", 2)
    assert (late.changed.capacity, late.changed.runner_ref) == ("on_demand", None)
    assert late.stop
    assert late.is_stuck


@pytest.mark.parametrize("state", ["queued", "starting"])
def test_waiting_in_vain_on_demand_fails_the_job(state):
    job = a_job(runner_ref="batch:1", capacity="on_demand", attempt=2)
    report = told(state, subject=AttemptName("j", 2), waiting_since=NOON)

    finding = looked(job, report, at(1200))

    assert (finding.changed.status, finding.changed.error.code) == ("failed", "no-capacity")
    assert finding.stop


def test_a_second_try_of_the_runner_waits_from_its_own_beginning():
    report = told("queued", waiting_since=at(1000))

    assert looked(running(), report, at(1500)).changed is None
    assert looked(running(), report, at(2200)).changed.status == "pending"


def test_a_trainer_that_hangs_is_stopped():
    report = told("running", started_at=NOON)

    assert looked(running(), report, at(299), heartbeat(10)).changed is None
    finding = looked(running(), report, at(310), heartbeat(10))
    assert (finding.changed.status, finding.changed.error.code) == ("failed", "worker-lost")
    assert "300 seconds" in finding.changed.error.detail
    assert finding.stop


def test_a_trainer_that_began_again_has_time_to_be_heard():
    report = told("running", started_at=at(400))

    assert looked(running(), report, at(500), heartbeat(10)).changed is None


def test_a_trainer_past_the_limit_that_its_runner_should_keep_is_stopped():
    report = told("running", started_at=NOON)
    late = attempt_limit_s(120) + 121

    finding = looked(running(), report, at(late), heartbeat(late - 100))

    assert (finding.changed.status, finding.changed.error.code) == ("failed", "job-timeout")
    assert finding.stop


def test_a_lost_word_to_stop_is_said_again():
    finding = looked(running(cancel_requested=True), told("running"), at(1), heartbeat(0))

    assert (finding.changed, finding.stop) == (None, True)


def test_a_runner_that_does_not_know_the_job_has_lost_it():
    assert looked(running(), None, at(200), heartbeat(10)).changed is None
    assert looked(running(), None, at(400), heartbeat(10)).changed.error.code == "worker-lost"
    assert looked(running(cancel_requested=True), None, at(1)).changed.status == "cancelled"


# -- Readings ---------------------------------------------------------------------------


def a_dataset(**changes: Any) -> Dataset:
    values = {
        "dataset_id": "d",
        "filename": "a.csv",
        "content_type": "text/csv",
        "status": "profiling",
        "version": 4,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Dataset.model_validate(values | changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cause": "memory"}, "worker-lost"),
        ({"cause": "timeout"}, "job-timeout"),
        ({"cause": "not started"}, "no-capacity"),
        ({"cause": "exit", "exit_code": 75}, "worker-lost"),
        ({"state": "succeeded"}, "worker-lost"),
    ],
)
def test_a_reading_that_ended_without_a_word_says_why(changes, code):
    report = told(**{"state": "failed", "subject": ReadingName("d", 4), **changes})

    assert reading_failure(a_dataset(), report).code == code


@pytest.mark.parametrize(
    ("dataset", "report"),
    [
        pytest.param(
            a_dataset(), told("running", subject=ReadingName("d", 4)), id="it is still read"
        ),
        pytest.param(
            a_dataset(version=5), told("failed", subject=ReadingName("d", 4)), id="begun again"
        ),
        pytest.param(
            a_dataset(status="ready", version=5),
            told("succeeded", subject=ReadingName("d", 4)),
            id="it is ready",
        ),
        pytest.param(a_dataset(), told("failed", subject=AttemptName("d", 4)), id="a training"),
    ],
)
def test_other_reports_leave_a_data_set_alone(dataset, report):
    assert reading_failure(dataset, report) is None


# -- Against a model --------------------------------------------------------------------

ENDINGS = st.sampled_from(
    [
        {"state": "succeeded"},
        {"state": "failed", "cause": "machine lost"},
        {"state": "failed", "cause": "timeout"},
        {"state": "failed", "cause": "memory", "exit_code": 137},
        {"state": "failed", "cause": "exit", "exit_code": 75},
        {"state": "failed", "cause": "exit", "exit_code": 65},
        {"state": "failed", "cause": "unknown"},
    ]
)
GOING_ON = st.sampled_from(["queued", "starting", "running"])


class Reports(RuleBasedStateMachine):
    """Reports of all attempts that ever were, in any order and number, beside what happens.

    The model knows only this: which attempt is the present one, whether it is over, and
    that of all messages just one may count - the first ending of the present submission.
    """

    @initialize()
    def begin(self) -> None:
        self.clock = 0.0
        self.job = a_job()
        self.submissions: list[tuple[int, str, float]] = []
        self.ended: dict[str, dict[str, Any]] = {}
        self.submit()

    def tick(self, seconds: float = 20.0) -> datetime:
        self.clock += seconds
        return at(self.clock)

    def submit(self) -> None:
        """What the platform does with a pending job, the writing of the reference included."""
        ref = f"batch:{len(self.submissions) + 1}"
        self.submissions.append((self.job.attempt, ref, self.clock))
        self.job = self.job.model_copy(update={"runner_ref": ref})

    @property
    def ref(self) -> str:
        return self.submissions[-1][1]

    def report(self, number: int, changes: dict[str, Any]) -> Report:
        attempt, ref, since = self.submissions[-1 - number % len(self.submissions)]
        return told(
            **{
                **changes,
                "subject": AttemptName("j", attempt),
                "ref": ref,
                "submitted_at": at(since),
            }
        )

    def is_present(self, report: Report) -> bool:
        return report.ref == self.ref and self.job.status in ("pending", "running")

    # What happens beside the reports.

    @precondition(lambda self: self.job.status == "pending")
    @rule()
    def trainer_takes_the_job(self) -> None:
        self.job = move(self.job, "running", at=self.tick())

    @precondition(lambda self: self.job.status == "running" and not self.job.cancel_requested)
    @rule(status=st.sampled_from(["completed", "failed", "waiting", "waiting"]))
    def trainer_says_how_it_ended(self, status: Any) -> None:
        self.job = move(self.job, status, at=self.tick())

    @precondition(lambda self: self.job.status in ("pending", "running", "waiting"))
    @rule()
    def owner_asks_to_cancel(self) -> None:
        if self.job.status == "running":
            self.job = self.job.model_copy(update={"cancel_requested": True})
        else:
            self.job = move(self.job, "cancelled", at=self.tick())

    @precondition(lambda self: self.job.status in ("failed", "cancelled", "waiting"))
    @rule()
    def owner_goes_on(self) -> None:
        self.job = move(self.job, "pending", at=self.tick())
        self.submit()

    @precondition(lambda self: self.job.status == "running" and not self.job.cancel_requested)
    @rule()
    def trainer_asks_and_owner_answers(self) -> None:
        """The one way to a second submission of an attempt; rare by the steps alone."""
        self.trainer_says_how_it_ended("waiting")
        self.owner_goes_on()

    # Reports, of the submissions that there were: 0 is the last one.

    @rule(number=st.integers(0, 4), state=GOING_ON)
    def tells_of_an_attempt_that_goes_on(self, number: int, state: str) -> None:
        report = self.report(number, {"state": state})

        assert settled(self.job, report, self.tick()) is None

    @rule(number=st.integers(0, 4), ending=ENDINGS)
    def tells_of_an_end(self, number: int, ending: dict[str, Any]) -> None:
        """An attempt ends in one way, however often that is told."""
        attempt, ref, _ = self.submissions[-1 - number % len(self.submissions)]
        report = self.report(number, self.ended.setdefault(ref, ending))
        before, counts = self.job, self.is_present(report)

        changed = settled(before, report, self.tick())

        assert (changed is not None) == counts, (attempt, ref)
        if changed is None:
            return
        self.job = changed
        if before.cancel_requested:
            assert changed.status == "cancelled"
        elif changed.status == "pending":
            assert changed.attempt == before.attempt + 1 <= MAX_ATTEMPTS
            self.submit()
        else:
            assert changed.status == "failed"
            assert changed.error is not None

    @precondition(lambda self: self.job.status == "pending")
    @rule(number=st.integers(0, 4), ending=ENDINGS)
    def tells_of_an_end_before_the_reference_is_written(
        self, number: int, ending: dict[str, Any]
    ) -> None:
        _, ref, _ = self.submissions[-1 - number % len(self.submissions)]
        unwritten = self.job.model_copy(update={"runner_ref": None})
        report = self.report(number, self.ended.get(ref, ending))

        changed = settled(unwritten, report, at(self.clock + 1))

        assert (changed is not None) == (ref == self.ref)

    @invariant()
    def an_end_is_never_undone_by_a_report(self) -> None:
        for number in range(len(self.submissions)):
            if self.job.status in TERMINAL:
                assert settled(self.job, self.report(number, {"state": "failed"})) is None


TestReports = Reports.TestCase
TestReports.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
