"""AWS Batch's own words, as its guide and real accounts show them, in ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_backend.runners.batch_reports import (
    attempt_job_name,
    batch_job_id,
    reading_job_name,
    report_of,
    subject_of,
)
from automl_backend.services.runner_reports import AttemptName, ReadingName, Report

CREATED = 1_772_366_400_000
CREATED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def detail(**changes: Any) -> dict[str, Any]:
    """A state change's detail, shortened to what any of them holds."""
    whole: dict[str, Any] = {
        "jobArn": "arn:aws:batch:us-east-1:123456789012:job/4c7599ae",
        "jobName": "automl-job-j-1",
        "jobId": "4c7599ae",
        "jobQueue": "arn:aws:batch:us-east-1:123456789012:job-queue/spot",
        "status": "FAILED",
        "attempts": [],
        "createdAt": CREATED,
        "container": {"image": "trainer", "environment": []},
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def attempt(**changes: Any) -> dict[str, Any]:
    return {"container": {}, "startedAt": CREATED + 60_000, "stoppedAt": CREATED + 90_000} | changes


def test_names_lead_back_to_what_they_name():
    assert subject_of(attempt_job_name("0af-3", 12)) == AttemptName("0af-3", 12)
    assert subject_of(reading_job_name("0af", 4)) == ReadingName("0af", 4)


@pytest.mark.parametrize(
    "name",
    ["", "automl-job-", "automl-job-j-", "automl-job-j-x", "other-job-j-1", "automl-job-j-1 "],
)
def test_other_peoples_jobs_are_none_of_ours(name):
    assert report_of(detail(jobName=name)) is None


def test_only_batchs_references_are_batchs():
    assert (batch_job_id("batch:1"), batch_job_id("box|1|2"), batch_job_id(None)) == (
        "1",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("SUBMITTED", "queued"),
        ("PENDING", "queued"),
        ("RUNNABLE", "queued"),
        ("STARTING", "starting"),
        ("RUNNING", "running"),
        ("SUCCEEDED", "succeeded"),
        ("FAILED", "failed"),
    ],
)
def test_every_status_of_batch_has_its_state(status, state):
    report = report_of(detail(status=status, startedAt=CREATED + 1000))

    assert (report.state, report.ref) == (state, "batch:4c7599ae")
    assert report.submitted_at == report.waiting_since == CREATED_AT
    assert (report.started_at is not None) == (status == "RUNNING")


@pytest.mark.parametrize(
    ("told", "cause", "exit_code"),
    [
        pytest.param(
            {"statusReason": "Your Spot Task was interrupted.", "attempts": [attempt()]},
            "machine lost",
            None,
            id="a Spot task without exit code",
        ),
        pytest.param(
            {
                "statusReason": "Your Spot Task was interrupted.",
                "container": {"exitCode": 75, "reason": "Your Spot Task was interrupted."},
            },
            "machine lost",
            75,
            id="a Spot task whose trainer said goodbye",
        ),
        pytest.param(
            {"statusReason": "Essential container in task exited",
             "attempts": [attempt(statusReason="Your Spot Task was interrupted.")]},
            "machine lost",
            None,
            id="told of the last try only",
        ),
        pytest.param(
            {"statusReason": "Host EC2 (instance i-0ab) terminated."},
            "machine lost",
            None,
            id="a host below",
        ),
        pytest.param(
            {"statusReason": "Job attempt duration exceeded timeout",
             "container": {"exitCode": 137}},
            "timeout",
            137,
            id="past its limit",
        ),
        pytest.param(
            {"statusReason": "Essential container in task exited",
             "container": {"exitCode": 137,
                           "reason": "OutOfMemoryError: Container killed due to memory usage"}},
            "memory",
            137,
            id="out of memory",
        ),
        pytest.param(
            {"statusReason": "Essential container in task exited",
             "attempts": [attempt(container={"exitCode": 137})]},
            "memory",
            137,
            id="killed, the exit code with the try only",
        ),
        pytest.param(
            {"statusReason": "Task failed to start",
             "container": {"reason": "CannotPullContainerError: pull image manifest has been "
                                     "retried 5 time(s)"}},
            "not started",
            None,
            id="no image",
        ),
        pytest.param(
            {"statusReason": "ResourceInitializationError: unable to pull secrets"},
            "not started",
            None,
            id="no way to ECR",
        ),
        pytest.param(
            {"statusReason": "Cancelled by its owner", "isTerminated": True,
             "container": {"exitCode": 137}},
            "stopped",
            137,
            id="terminated",
        ),
        pytest.param(
            {"statusReason": "Cancelled", "isCancelled": True}, "stopped", None, id="cancelled"
        ),
        pytest.param(
            {"statusReason": "Essential container in task exited", "container": {"exitCode": 65}},
            "exit",
            65,
            id="an exit code of ours",
        ),
        pytest.param({}, "unknown", None, id="no word at all"),
    ],
)  # fmt: skip
def test_a_failure_has_its_cause(told, cause, exit_code):
    report = report_of(detail(**told))

    assert (report.cause, report.exit_code) == (cause, exit_code)


def test_a_job_that_batch_tries_again_waits_since_its_first_machine_was_lost():
    lost = attempt(statusReason="Your Spot Task was interrupted.")

    report = report_of(detail(status="RUNNABLE", attempts=[lost]))

    assert report.state == "queued"
    assert (report.waiting_since - report.submitted_at).total_seconds() == 90


def test_a_summary_of_a_list_reads_alike():
    summary = {
        "jobId": "1",
        "jobName": "automl-read-d-3",
        "status": "RUNNING",
        "createdAt": CREATED,
    }

    assert report_of(summary) == Report(
        ReadingName("d", 3), "batch:1", "running", CREATED_AT, CREATED_AT
    )


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(detail(statusReason=""))), JUNK))
def test_whatever_shape_an_event_has_it_is_read_or_left_alone(changes):
    report = report_of({**detail(), **changes})

    assert report is None or isinstance(report, Report)
