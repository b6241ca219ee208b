"""The stand-in answers the SDK as AWS Batch does, and runs jobs for real."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_standin.server import StandIn

from .conftest import FUNCTION_ARN, GRACE_S, Functions

Run = Callable[..., str]
Until = Callable[..., dict[str, Any]]

#: Says so once it can be stopped, and stays.
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(60)"
)
PATIENT = "import time; print('ready', flush=True); time.sleep(60)"


def wait_for_log(stand_in: StandIn, job_id: str, text: str) -> None:
    end = time.monotonic() + 20
    while text.encode() not in stand_in.jobs.log_of(job_id):
        assert time.monotonic() < end
        time.sleep(0.02)


def wait_for_events(functions: Functions, n_events: int) -> list[str]:
    end = time.monotonic() + 20
    while len(functions.invoked) < n_events:
        assert time.monotonic() < end
        time.sleep(0.02)
    return [event["detail"]["status"] for event in functions.invoked]


def order(batch: Any, path: str, **wanted: object) -> None:
    request = urllib.request.Request(
        f"{batch.meta.endpoint_url}/_standin/orders{path}",
        data=json.dumps(wanted).encode(),
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def test_a_job_runs_the_definitions_command(run: Run, until: Until, stand_in: StandIn) -> None:
    job_id = run()

    job = until(job_id)

    assert (job["status"], job["container"]["exitCode"]) == ("SUCCEEDED", 0)
    assert stand_in.jobs.log_of(job_id) == b"the definition spoke\n"


def test_a_job_sees_its_definitions_and_its_own_environment(
    run: Run, until: Until, stand_in: StandIn
) -> None:
    program = (
        "import os; print(*(os.environ[n] for n in ('GREETING', 'NAME', 'AWS_BATCH_JOB_ID', "
        "'AWS_BATCH_JOB_ATTEMPT', 'AWS_BATCH_JQ_NAME', 'ROLE_SEEN')), 'VIRTUAL_ENV' in os.environ)"
    )

    job_id = run(program, containerOverrides={"environment": [{"name": "NAME", "value": "Ada"}]})

    until(job_id)
    role = "arn:aws:iam::123456789012:role/job"
    assert stand_in.jobs.log_of(job_id).decode() == f"hello Ada {job_id} 1 spot {role} False\n"


def test_every_state_is_told_to_the_rules_target_in_order(
    run: Run, until: Until, functions: Functions
) -> None:
    job_id = run()
    until(job_id)

    statuses = wait_for_events(functions, 6)

    assert statuses == ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    event = functions.invoked[-1]
    assert (event["source"], event["detail-type"]) == ("aws.batch", "Batch Job State Change")
    assert event["detail"]["jobId"] == job_id
    assert event["detail"]["attempts"][0]["container"]["exitCode"] == 0


def test_a_target_that_does_not_let_eventbridge_in_is_not_called(
    run: Run, until: Until, functions: Functions, stand_in: StandIn
) -> None:
    functions.policy = {"Statement": []}
    until(run())

    end = time.monotonic() + 20
    while len(stand_in.bus.deliveries()) < 6:
        assert time.monotonic() < end
        time.sleep(0.02)

    assert functions.invoked == []
    assert "does not let EventBridge" in stand_in.bus.deliveries()[0]["problem"]


def test_a_function_that_fails_is_tried_three_times(
    run: Run, until: Until, functions: Functions, stand_in: StandIn
) -> None:
    functions.failures_left = 3
    until(run())

    statuses = wait_for_events(functions, 8)

    assert statuses[:4] == ["SUBMITTED", "SUBMITTED", "SUBMITTED", "PENDING"]
    first = stand_in.bus.deliveries()[0]
    assert (first["target"], first["problem"]) == (FUNCTION_ARN, '{"errorType": "Oops"}')


def test_a_platform_error_is_retried_and_a_users_error_is_not(run: Run, until: Until) -> None:
    retried = until(run("raise SystemExit(75)"))
    ended = until(run("raise SystemExit(65)"))

    assert [a["container"]["exitCode"] for a in retried["attempts"]] == [75, 75]
    assert [a["container"]["exitCode"] for a in ended["attempts"]] == [65]
    assert (ended["status"], ended["statusReason"]) == (
        "FAILED",
        "Essential container in task exited",
    )


def test_an_interrupted_spot_task_has_no_exit_code_and_is_retried(
    batch: Any, run: Run, until: Until
) -> None:
    order(batch, "/spot", interrupt_next=1)

    job = until(run("print()"))

    assert job["status"] == "SUCCEEDED"
    first, second = job["attempts"]
    assert first["statusReason"] == "Your Spot Task was interrupted."
    assert "exitCode" not in first["container"]
    assert second["container"]["exitCode"] == 0


def test_terminating_ends_the_process_even_if_it_ignores_the_signal(
    batch: Any, run: Run, until: Until, stand_in: StandIn
) -> None:
    job_id = run(STUBBORN)
    until(job_id, "RUNNING")
    wait_for_log(stand_in, job_id, "ready")
    (process,) = [p for p in stand_in.jobs.processes() if p["jobId"] == job_id]
    begun = time.monotonic()

    batch.terminate_job(jobId=job_id, reason="Enough.")

    job = until(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "Enough.")
    assert (job["isTerminated"], len(job["attempts"])) == (True, 1)
    assert job["container"]["exitCode"] == 137
    assert GRACE_S <= time.monotonic() - begun < GRACE_S + 5
    with pytest.raises(ProcessLookupError):
        os.kill(process["pid"], 0)


def test_what_a_container_leaves_running_ends_with_it(
    run: Run, until: Until, stand_in: StandIn
) -> None:
    program = (
        "import subprocess, sys; "
        f"print(subprocess.Popen([sys.executable, '-c', {PATIENT!r}]).pid, flush=True)"
    )
    job_id = run(program)

    until(job_id)

    pid = int(stand_in.jobs.log_of(job_id).split()[0])
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}/exe"):  # noqa: PTH110 - a link of the kernel
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_job_without_capacity_stays_runnable_until_it_is_cancelled(
    batch: Any, run: Run, until: Until
) -> None:
    order(batch, "/spot", hold=True)
    job_id = run(jobName="waits")
    until(job_id, "RUNNABLE")

    batch.cancel_job(jobId=job_id, reason="Not wanted.")

    job = until(job_id)
    assert (job["status"], job["statusReason"], job["attempts"]) == ("FAILED", "Not wanted.", [])
    assert job["isCancelled"]


def test_a_queue_runs_no_more_at_once_than_its_environment_has(
    batch: Any, run: Run, until: Until
) -> None:
    first, second = run(PATIENT), run(PATIENT)
    third = run(PATIENT)
    until(first, "RUNNING")
    until(second, "RUNNING")
    assert until(third, "RUNNABLE")["status"] == "RUNNABLE"

    batch.terminate_job(jobId=first, reason="Room for others.")

    assert until(third, "RUNNING")["status"] == "RUNNING"


def test_cancelling_a_running_job_leaves_it_alone(batch: Any, run: Run, until: Until) -> None:
    job_id = run(PATIENT)
    until(job_id, "RUNNING")

    batch.cancel_job(jobId=job_id, reason="Too late.")

    assert until(job_id, "RUNNING")["isCancelled"] is False


def test_jobs_are_listed_by_name_whatever_their_status(batch: Any, run: Run, until: Until) -> None:
    ended = run(jobName="automl-job-7-1")
    until(ended)
    run(jobName="automl-job-8-1")

    found = batch.list_jobs(
        jobQueue="spot", filters=[{"name": "JOB_NAME", "values": ["automl-job-7-*"]}]
    )["jobSummaryList"]

    assert [(job["jobId"], job["status"]) for job in found] == [(ended, "SUCCEEDED")]
    assert batch.list_jobs(jobQueue="on-demand", jobStatus="SUCCEEDED")["jobSummaryList"] == []


def test_a_command_that_is_not_there_fails_the_task(run: Run, until: Until) -> None:
    job = until(run(containerOverrides={"command": ["no-such-command"]}))

    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["reason"].startswith("CannotStartContainerError")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"jobQueue": "elsewhere"}, "elsewhere does not exist"),
        ({"jobDefinition": "elsewhere"}, "does not exist or is not ACTIVE"),
        ({"jobName": "no spaces"}, "must match"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "below 60"),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "MEMORY", "value": "2048"}]}},
            r"\(2 vCPU, 2048 MiB\) not valid",
        ),
        (
            {"containerOverrides": {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}},
            "reserved",
        ),
        ({"shareIdentifier": "ada"}, "without takes none"),
    ],
)
def test_what_batch_refuses_is_refused(run: Run, request_: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said) as caught:
        run(**request_)

    assert caught.value.response["Error"]["Code"] == "ClientException"


def test_nothing_is_deleted_that_is_enabled_or_in_use(batch: Any) -> None:
    with pytest.raises(ClientError, match="not DISABLED"):
        batch.delete_job_queue(jobQueue="spot")
    with pytest.raises(ClientError, match="DISABLED first"):
        batch.delete_compute_environment(computeEnvironment="spot")
    batch.update_compute_environment(computeEnvironment="spot", state="DISABLED")
    with pytest.raises(ClientError, match="existing JobQueue"):
        batch.delete_compute_environment(computeEnvironment="spot")
    batch.update_job_queue(jobQueue="spot", state="DISABLED")

    batch.delete_job_queue(jobQueue="spot")
    batch.delete_compute_environment(computeEnvironment="spot")

    left = batch.describe_compute_environments()["computeEnvironments"]
    assert [one["computeEnvironmentName"] for one in left] == ["on-demand"]


def test_a_definition_gets_revisions_and_the_newest_active_one_is_run(
    batch: Any, run: Run, until: Until
) -> None:
    (first,) = batch.describe_job_definitions(jobDefinitionName="training")["jobDefinitions"]
    kept = ("jobDefinitionName", "type", "platformCapabilities", "containerProperties")
    second = batch.register_job_definition(**{name: first[name] for name in kept})
    assert second["revision"] == 2
    batch.deregister_job_definition(jobDefinition="training:2")

    job = until(run())

    assert job["jobDefinition"] == first["jobDefinitionArn"]


def test_tags_are_kept(batch: Any) -> None:
    arn = batch.describe_job_queues(jobQueues=["spot"])["jobQueues"][0]["jobQueueArn"]

    batch.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    batch.untag_resource(resourceArn=arn, tagKeys=["a"])

    assert batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_submissions_are_refused_when_ordered(batch: Any, run: Run) -> None:
    order(batch, "", refuse=True)

    with pytest.raises(ClientError, match="Ordered to refuse"):
        run()
