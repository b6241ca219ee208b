"""The Batch runner: on moto's Batch where that is faithful, else on stubbed answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from automl_backend.runners.batch import BatchRunner
from automl_core.adapters.aws_clients import aws_errors
from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.costs.training import TaskSize, task_size
from automl_core.errors import PlatformError
from automl_core.lifecycle import move
from automl_core.records import Dataset, Job, ReadOptions, TrainConfig

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = 1_772_366_400_000
MIB = 1024**2


def a_dataset(**changes: Any) -> Dataset:
    values = {
        "dataset_id": "d",
        "filename": "a.csv",
        "content_type": "text/csv",
        "created_at": NOON,
        "updated_at": NOON,
        "file_size": 30 * MIB,
    }
    return Dataset.model_validate(values | changes)


def a_job(**changes: Any) -> Job:
    values = {
        "job_id": "j",
        "owner_id": "some-one",
        "dataset_id": "d",
        "dataset_name": "a.csv",
        "target_column": "the target, in words",
        "config": TrainConfig(),
        "time_budget_s": 120,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job.model_validate(values | changes)


def make_runner(client: Any, metadata: MemoryMetadataStore) -> BatchRunner:
    return BatchRunner(
        lambda: client,
        aws_errors,
        metadata,
        queue="spot",
        on_demand_queue="on-demand",
        job_definition="trainer",
        environment={"AUTOML_HEARTBEAT_S": "5"},
    )


@pytest.fixture
def metadata() -> MemoryMetadataStore:
    store = MemoryMetadataStore()
    store.add_dataset(a_dataset())
    return store


# -- On moto ----------------------------------------------------------------------------


def described(batch: Any, ref: str) -> dict[str, Any]:
    [found] = batch.describe_jobs(jobs=[ref.removeprefix("batch:")])["jobs"]
    return dict(found)


def test_a_job_is_submitted_and_found_by_its_reference(batch, metadata):
    runner = make_runner(batch, metadata)
    metadata.add_job(a_job())

    runner.submit(a_job())

    ref = metadata.get_job("j").runner_ref
    found = described(batch, ref)
    assert found["jobName"] == "automl-job-j-1"
    assert found["jobQueue"].endswith("job-queue/spot")
    assert runner.look_up([ref])[ref].state == "succeeded"


def test_later_attempts_run_where_the_job_belongs(batch, metadata):
    runner = make_runner(batch, metadata)
    metadata.add_job(a_job(attempt=2, capacity="on_demand"))

    runner.submit(metadata.get_job("j"))

    found = described(batch, metadata.get_job("j").runner_ref)
    assert found["jobName"] == "automl-job-j-2"
    assert found["jobQueue"].endswith("job-queue/on-demand")


def test_both_queues_must_take_jobs(batch, metadata):
    runner = make_runner(batch, metadata)

    runner.ping()
    batch.update_job_queue(jobQueue="on-demand", state="DISABLED")

    with pytest.raises(PlatformError, match="DISABLED and VALID"):
        runner.ping()


def test_a_queue_that_is_not_there_is_no_queue(batch, metadata):
    batch.update_job_queue(jobQueue="spot", state="DISABLED")
    batch.delete_job_queue(jobQueue="spot")

    with pytest.raises(PlatformError, match="is not there"):
        make_runner(batch, metadata).ping()


def test_references_of_other_runners_are_not_asked_for(batch, metadata):
    runner = make_runner(batch, metadata)

    assert runner.look_up(["box|12|345", "container:x"]) == {}
    runner.stop("container:x", "Not Batch's to stop.")


# -- On stubbed answers -----------------------------------------------------------------


@pytest.fixture
def stub(credentials) -> Iterator[Stubber]:
    with Stubber(boto3.client("batch", region_name="eu-central-1")) as made:
        yield made
        made.assert_no_pending_responses()


def resources(size: TaskSize) -> list[dict[str, str]]:
    """What Fargate wants: virtual CPUs, and memory in MiB, as text."""
    memory = str(round(size.memory_gb * 1024))
    return [{"type": "VCPU", "value": f"{size.vcpu:g}"}, {"type": "MEMORY", "value": memory}]


SUBMITTED = {"jobName": "x", "jobId": "1"}


def submission(**changes: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "jobName": ANY,
        "jobQueue": "spot",
        "jobDefinition": "trainer",
        "shareIdentifier": ANY,
        "containerOverrides": ANY,
        "timeout": ANY,
    }
    return wanted | changes


def expect_list(stub: Stubber, queue: str, name: str, *found: dict[str, Any]) -> None:
    stub.add_response(
        "list_jobs",
        {"jobSummaryList": list(found)},
        {"jobQueue": queue, "filters": [{"name": "JOB_NAME", "values": [name]}]},
    )


def summary(job_id: str, status: str, name: str = "automl-job-j-1", after_s: int = 1):
    created = NOON_MS + after_s * 1000
    return {"jobId": job_id, "jobName": name, "status": status, "createdAt": created}


def test_a_submission_says_all_that_its_container_needs(stub, metadata):
    metadata.add_job(a_job())
    stub.add_response(
        "submit_job",
        SUBMITTED,
        {
            "jobName": "automl-job-j-1",
            "jobQueue": "spot",
            "jobDefinition": "trainer",
            "shareIdentifier": "someone",
            "containerOverrides": {
                "environment": [
                    {"name": "AUTOML_HEARTBEAT_S", "value": "5"},
                    {"name": "JOB_ID", "value": "j"},
                    {"name": "DATASET_ID", "value": "d"},
                    {"name": "TARGET_COLUMN", "value": "the target, in words"},
                    {"name": "TIME_BUDGET", "value": "120"},
                    {"name": "AUTOML_ATTEMPT", "value": "1"},
                ],
                "resourceRequirements": resources(task_size(30 * MIB)),
            },
            "timeout": {"attemptDurationSeconds": 480},
        },
    )

    make_runner(stub.client, metadata).submit(a_job())

    assert metadata.get_job("j").runner_ref == "batch:1"


@pytest.mark.parametrize(
    ("dataset", "size"),
    [
        pytest.param({"file_size": None}, task_size(None), id="nothing is known"),
        pytest.param({"file_size": 1024 * MIB}, task_size(1024 * MIB), id="a gigabyte"),
        pytest.param(
            {"file_size": 5 * MIB, "row_count": 1_000_000, "column_count": 100},
            task_size(5 * MIB, n_cells=100_000_000),
            id="a compressed upload with many cells",
        ),
    ],
)
def test_the_container_is_as_large_as_the_data_need(stub, dataset, size):
    metadata = MemoryMetadataStore()
    metadata.add_dataset(a_dataset(**dataset))
    metadata.add_job(a_job())
    overrides = {"environment": ANY, "resourceRequirements": resources(size)}
    stub.add_response("submit_job", SUBMITTED, submission(containerOverrides=overrides))

    make_runner(stub.client, metadata).submit(a_job())


@pytest.mark.parametrize(
    ("code", "status"),
    [("TooManyRequestsException", 429), ("ServerException", 500), ("ClientException", 400)],
)
def test_what_batch_does_not_take_is_left_to_the_sweep(stub, metadata, code, status):
    metadata.add_job(a_job())
    runner = make_runner(stub.client, metadata)

    stub.add_client_error("submit_job", code, "arn:secret", http_status_code=status)
    runner.submit(a_job())

    assert metadata.get_job("j") == a_job()
    expect_list(stub, "spot", "automl-job-j-1")
    stub.add_client_error("submit_job", code, "arn:secret", http_status_code=status)
    with pytest.raises(PlatformError) as refusal:
        runner.place(a_job())
    assert code in refusal.value.detail
    assert "secret" not in refusal.value.detail


def test_a_job_that_was_cancelled_while_it_was_submitted_is_stopped(stub, metadata):
    metadata.add_job(move(a_job(), "cancelled", at=NOON))
    stub.add_response("submit_job", SUBMITTED, submission())
    stub.add_response("terminate_job", {}, {"jobId": "1", "reason": ANY})

    make_runner(stub.client, metadata).submit(a_job())

    assert metadata.get_job("j").runner_ref is None


def test_of_two_submissions_the_first_stays(stub, metadata):
    metadata.add_job(a_job(runner_ref="batch:0"))
    stub.add_response("submit_job", SUBMITTED, submission())
    stub.add_response("terminate_job", {}, {"jobId": "1", "reason": ANY})

    make_runner(stub.client, metadata).submit(a_job())

    assert metadata.get_job("j").runner_ref == "batch:0"


def test_a_trainer_that_was_faster_than_the_answer_is_left_alone(stub, metadata):
    metadata.add_job(move(a_job(), "running", at=NOON, runner_ref="batch:1"))
    stub.add_response("submit_job", SUBMITTED, submission())

    make_runner(stub.client, metadata).submit(a_job())

    assert metadata.get_job("j").runner_ref == "batch:1"


def test_a_submission_whose_answer_was_lost_is_adopted(stub, metadata):
    metadata.add_job(a_job())
    expect_list(
        stub,
        "spot",
        "automl-job-j-1",
        summary("3", "RUNNABLE", after_s=9),
        summary("2", "STARTING", after_s=2),
        summary("1", "FAILED"),
    )

    make_runner(stub.client, metadata).place(a_job())

    assert metadata.get_job("j").runner_ref == "batch:2"


def test_a_submission_from_before_the_plan_was_confirmed_is_not_adopted(stub, metadata):
    waiting = move(move(a_job(), "running", at=NOON), "waiting", at=NOON)
    job = move(waiting, "pending", at=NOON + timedelta(minutes=5))
    metadata.add_job(job)
    expect_list(stub, "spot", "automl-job-j-1", summary("1", "RUNNING"))
    stub.add_response("submit_job", {"jobName": "x", "jobId": "2"}, submission())

    make_runner(stub.client, metadata).place(job)

    assert metadata.get_job("j").runner_ref == "batch:2"


def test_a_running_job_is_terminated(stub, metadata):
    stub.add_response("terminate_job", {}, {"jobId": "1", "reason": "Cancelled by its owner"})

    make_runner(stub.client, metadata).cancel(a_job(status="running", runner_ref="batch:1"))


def test_a_job_whose_reference_is_not_written_yet_is_found_to_be_stopped(stub, metadata):
    expect_list(stub, "spot", "automl-job-j-1", summary("7", "SUBMITTED"))
    stub.add_response("terminate_job", {}, {"jobId": "7", "reason": ANY})

    make_runner(stub.client, metadata).cancel(a_job(status="cancelled"))


def test_a_word_to_stop_that_is_lost_is_no_error(stub, metadata):
    stub.add_client_error("terminate_job", "ServerException", http_status_code=500)

    make_runner(stub.client, metadata).cancel(a_job(status="running", runner_ref="batch:1"))


def test_more_jobs_than_one_call_takes_are_asked_for_in_turns(stub, metadata):
    refs = [f"batch:{number}" for number in range(150)]
    for start, stop in ((0, 100), (100, 150)):
        ids = [str(number) for number in range(start, stop)]
        jobs = [
            {"jobName": f"automl-job-{each}-1", "jobId": each, "jobQueue": "q", "status": "RUNNING",
             "startedAt": NOON_MS, "jobDefinition": "d"}
            for each in ids
        ]  # fmt: skip
        stub.add_response("describe_jobs", {"jobs": jobs}, {"jobs": ids})

    assert list(make_runner(stub.client, metadata).look_up(refs)) == refs


# -- Readings ---------------------------------------------------------------------------


def test_a_reading_is_submitted_on_demand_with_its_own_command(stub, metadata):
    stub.add_response(
        "submit_job",
        SUBMITTED,
        submission(
            jobName="automl-read-d-4",
            jobQueue="on-demand",
            shareIdentifier="local",
            containerOverrides={
                "command": ["python", "-m", "automl_training.confirm"],
                "environment": [
                    {"name": "AUTOML_HEARTBEAT_S", "value": "5"},
                    {"name": "DATASET_ID", "value": "d"},
                    {"name": "AUTOML_READ_OPTIONS", "value": '{"delimiter":";"}'},
                ],
                "resourceRequirements": ANY,
            },
            timeout={"attemptDurationSeconds": 1800},
        ),
    )

    make_runner(stub.client, metadata).read_dataset(
        a_dataset(version=4), ReadOptions(delimiter=";")
    )


def test_a_reading_that_batch_does_not_take_is_an_error(stub, metadata):
    stub.add_client_error("submit_job", "ClientException", "no such queue")

    with pytest.raises(PlatformError, match="ClientException"):
        make_runner(stub.client, metadata).read_dataset(a_dataset(), ReadOptions())


@pytest.mark.parametrize(("status", "expected"), [("RUNNABLE", True), ("FAILED", False)])
def test_batch_is_asked_whether_it_still_reads(stub, metadata, status, expected):
    expect_list(stub, "on-demand", "automl-read-d-4", summary("1", status, "automl-read-d-4"))

    assert make_runner(stub.client, metadata).is_reading(a_dataset(version=4)) is expected
