"""The events' function: on an AWS home in this process, through its handler alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automl_backend.lambdas import events
from automl_core.errors import ConfigurationError, InvalidInputError, PlatformError
from automl_core.lifecycle import move
from automl_core.ports import MetadataStore
from automl_core.records import Dataset, Job, ReadOptions, TrainConfig
from automl_core.settings import load_settings
from automl_core.wiring import open_stores

SWEEP = {"source": "automl.schedule", "detail-type": "sweep"}


@dataclass
class Context:
    """What the function reads of Lambda's context."""

    function_name: str = "events"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:events"
    aws_request_id: str = "r"


@pytest.fixture
def metadata(aws_home: dict[str, str]) -> Iterator[MetadataStore]:
    """The home's records, while the function works on them."""
    events.the_watch.cache_clear()
    yield open_stores(load_settings()).metadata
    events.the_watch.cache_clear()


def a_job(**changes: Any) -> Job:
    long_ago = datetime.now(UTC) - timedelta(minutes=3)
    values = {
        "job_id": "j",
        "dataset_id": "d",
        "dataset_name": "penguins.csv",
        "target_column": "species",
        "config": TrainConfig(),
        "time_budget_s": 120,
        "created_at": long_ago,
        "updated_at": long_ago,
    }
    return Job.model_validate(values | changes)


def state_change(status: str, name: str = "automl-job-j-1", **detail: Any) -> dict[str, Any]:
    whole = {
        "jobName": name,
        "jobId": "1",
        "status": status,
        "createdAt": int(datetime.now(UTC).timestamp() * 1000),
        "attempts": [],
    }
    return {
        "version": "0",
        "source": "aws.batch",
        "detail-type": "Batch Job State Change",
        "detail": whole | detail,
    }


def call(event: dict[str, Any]) -> dict[str, Any]:
    return events.handler(event, Context())


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Metrics, in CloudWatch's embedded form."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]
    return [line for line in lines if "_aws" in line]


def test_a_lost_machine_is_followed_by_an_attempt_on_demand(metadata, batch, capsys):
    metadata.add_job(move(a_job(), "running", at=datetime.now(UTC), runner_ref="batch:1"))

    told = call(state_change("FAILED", statusReason="Your Spot Task was interrupted."))

    job = metadata.get_job("j")
    assert told == {"is_ours": True, "is_lost": True}
    assert (job.status, job.attempt, job.capacity) == ("pending", 2, "on_demand")
    [submitted] = batch.describe_jobs(jobs=[job.runner_ref.removeprefix("batch:")])["jobs"]
    assert submitted["jobName"] == "automl-job-j-2"
    assert submitted["jobQueue"].endswith("/on-demand")
    [metric] = written(capsys)
    assert metric["LostJobs"] == [1]
    assert metric["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "AutoMLLite",
            "Dimensions": [[]],
            "Metrics": [{"Name": "LostJobs", "Unit": "Count"}],
        }
    ]


def test_an_event_that_comes_twice_counts_once(metadata, capsys):
    metadata.add_job(move(a_job(), "running", at=datetime.now(UTC), runner_ref="batch:1"))
    event = state_change("FAILED", container={"exitCode": 137})
    call(event)
    after = metadata.get_job("j")

    assert call(event) == {"is_ours": True, "is_lost": False}
    assert metadata.get_job("j") == after
    assert after.error.code == "worker-lost"
    assert len(written(capsys)) == 1


def test_a_success_that_the_trainer_has_told_itself_changes_nothing(metadata):
    running = move(a_job(), "running", at=datetime.now(UTC), runner_ref="batch:1")
    metadata.add_job(move(running, "completed", at=datetime.now(UTC), stage="done"))

    assert call(state_change("SUCCEEDED")) == {"is_ours": True, "is_lost": False}
    assert metadata.get_job("j").status == "completed"


@pytest.mark.parametrize("detail", [{}, {"jobName": "somebody-elses"}, None, [], "text"])
def test_jobs_of_others_are_left_alone(metadata, detail):
    event = {**state_change("FAILED"), "detail": detail}

    assert call(event) == {"is_ours": False}


def test_a_reading_that_died_can_be_asked_for_again(metadata):
    now = datetime.now(UTC)
    metadata.add_dataset(
        Dataset(
            dataset_id="d",
            filename="a.csv",
            content_type="text/csv",
            status="profiling",
            reading=ReadOptions(),
            created_at=now,
            updated_at=now,
        )
    )
    version = metadata.get_dataset("d").version

    call(state_change("FAILED", f"automl-read-d-{version}", container={"exitCode": 137}))

    dataset = metadata.get_dataset("d")
    assert (dataset.status, dataset.reading) == ("awaiting_upload", None)
    assert "memory" in dataset.error.detail


def test_the_sweep_submits_what_was_never_submitted(metadata, capsys):
    metadata.add_job(a_job())

    told = call(SWEEP)

    assert told == {"n_jobs": 1, "n_stuck": 0, "n_lost": 0}
    assert metadata.get_job("j").runner_ref.startswith("batch:")
    [metric] = written(capsys)
    assert (metric["StuckJobs"], metric["LostJobs"]) == ([0], [0])


def test_a_sweep_that_fails_for_one_job_does_the_others_and_then_fails(metadata, batch, capsys):
    metadata.add_job(a_job(job_id="stranded", capacity="on_demand"))
    metadata.add_job(a_job())
    batch.update_job_queue(jobQueue="on-demand", state="DISABLED")
    batch.delete_job_queue(jobQueue="on-demand")

    with pytest.raises(ExceptionGroup, match="could not be looked after") as raised:
        call(SWEEP)

    [problem] = raised.value.exceptions
    assert isinstance(problem, PlatformError)
    assert metadata.get_job("j").runner_ref is not None
    [metric] = written(capsys)
    assert metric["StuckJobs"] == [1]


def test_an_event_of_nobody_is_an_error():
    with pytest.raises(InvalidInputError, match=r"aws\.s3"):
        call({"source": "aws.s3", "detail-type": "Object Created"})


def test_without_the_homes_variables_it_does_not_start(credentials, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events.the_watch.cache_clear()

    with pytest.raises(ConfigurationError, match="DYNAMODB_JOBS_TABLE"):
        call(SWEEP)


def test_its_package_needs_no_data_libraries():
    """The zip holds none of them: importing one would end every call."""
    code = """
import sys
import automl_backend.lambdas.events, automl_backend.wiring_batch, automl_core.wiring
import automl_core.adapters.metadata_store_dynamodb, automl_core.adapters.object_store_s3
found = {"numpy", "duckdb", "onnxruntime", "sqlalchemy", "fastapi", "starlette", "jinja2",
         "charset_normalizer", "pandas", "automl_training"} & set(sys.modules)
print(*sorted(found))
"""

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")
