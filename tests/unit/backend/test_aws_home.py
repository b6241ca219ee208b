"""The AWS home put together, on an account in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest

from automl_backend.services.access import Caller
from automl_backend.services.platform import Platform
from automl_backend.wiring import build_platform
from automl_backend.wiring_batch import build_watch
from automl_core.errors import ConfigurationError, DatasetNotReadyError, PlatformError
from automl_core.layout import UPLOAD, dataset_key
from automl_core.records import TrainConfig
from automl_core.samples import PENGUINS_TARGET, penguins_path
from automl_core.settings import load_settings
from automl_core.tabular.schema import ReadOptions
from automl_core.wiring import kept_tables, open_stores
from automl_training.confirm import ReadingOrder, read_dataset

HASH = "a" * 64


@pytest.fixture
def make_platform(aws_home: dict[str, str]) -> Iterator[Callable[..., Platform]]:
    """Put platforms together with settings of one's own."""
    made: list[Platform] = []

    def make(**overrides: Any) -> Platform:
        made.append(build_platform(load_settings(**{"api_token_hashes": HASH, **overrides})))
        return made[-1]

    yield make
    for platform in made:
        platform.stop()


def uploaded(platform: Platform) -> str:
    data = penguins_path().read_bytes()
    dataset = platform.uploads.register(Caller(), filename="p.csv", content_type="text/csv")
    platform.datasets.objects.put(dataset_key(dataset.dataset_id, UPLOAD), data)
    return dataset.dataset_id


def described(batch: Any, ref: str | None) -> dict[str, Any]:
    assert ref is not None
    [found] = batch.describe_jobs(jobs=[ref.removeprefix("batch:")])["jobs"]
    return dict(found)


def variables(batch_job: dict[str, Any]) -> dict[str, str]:
    """What the container finds, without what Batch itself puts there."""
    found = {each["name"]: each["value"] for each in batch_job["container"]["environment"]}
    return {name: value for name, value in found.items() if not name.startswith("AWS_BATCH")}


def test_its_parts_are_ready_and_the_model_runtime_is_none_of_them(make_platform):
    platform = make_platform()

    platform.start()
    parts = platform.health.parts()

    assert [(part.name, part.is_ready) for part in parts] == [
        ("storage", True),
        ("database", True),
        ("queue", True),
    ]


def test_a_training_is_planned_submitted_and_cancelled(make_platform, batch):
    platform = make_platform(heartbeat_s=7)
    dataset_id = uploaded(platform)
    details = platform.datasets.confirm(Caller(), dataset_id, ReadOptions())

    started = platform.jobs.start(
        Caller(), dataset_id=dataset_id, target_column=PENGUINS_TARGET, config=TrainConfig()
    )
    job = platform.jobs.get(Caller(), started.job_id)
    cancelled = platform.jobs.cancel(Caller(), started.job_id)

    assert details.dataset.row_count == 344
    found = described(batch, job.runner_ref)
    assert found["jobName"] == f"automl-job-{job.job_id}-1"
    assert variables(found) == {
        "JOB_ID": job.job_id,
        "DATASET_ID": dataset_id,
        "TARGET_COLUMN": PENGUINS_TARGET,
        "TIME_BUDGET": str(job.time_budget_s),
        "AUTOML_ATTEMPT": "1",
        "AUTOML_HEARTBEAT_S": "7",
        "AUTOML_MAX_COLUMNS": "2000",
        "AUTOML_LOG_LEVEL": "info",
    }
    assert (job.status, cancelled.status) == ("pending", "cancelled")


def test_a_small_table_is_profiled_by_the_request(make_platform):
    platform = make_platform(inline_read_bytes=10**6)
    dataset_id = uploaded(platform)
    platform.datasets.confirm(Caller(), dataset_id, ReadOptions())

    profile = json.loads(platform.profiles.find(Caller(), dataset_id).read())
    assert profile["rows"]["kept"] == 344


def test_a_large_table_is_read_by_batch(make_platform, batch):
    platform = make_platform(inline_read_bytes=1000)
    dataset_id = uploaded(platform)

    dataset = platform.datasets.confirm(Caller(), dataset_id, ReadOptions(decimal=".")).dataset

    [summary] = batch.list_jobs(
        jobQueue="on-demand",
        filters=[{"name": "JOB_NAME", "values": [f"automl-read-{dataset_id}-{dataset.version}"]}],
    )["jobSummaryList"]
    found = described(batch, summary["jobId"])
    assert variables(found)["AUTOML_READ_OPTIONS"] == '{"decimal":"."}'
    assert dataset.status == "profiling"
    with pytest.raises(DatasetNotReadyError, match="still being read"):
        platform.profiles.find(Caller(), dataset_id)


def test_what_batch_reads_is_ready_for_requests(make_platform):
    """The reader's own entry point, in this process, with the stores' settings alone."""
    platform = make_platform(inline_read_bytes=1000)
    dataset_id = uploaded(platform)
    platform.datasets.confirm(Caller(), dataset_id, ReadOptions())
    stores_only = load_settings(batch_job_queue="", batch_job_definition="")

    with closing(open_stores(stores_only)) as stores:
        read_dataset(ReadingOrder(dataset_id, ReadOptions()), stores_only, stores)

    details = platform.datasets.get(Caller(), dataset_id)
    assert (details.dataset.status, details.dataset.row_count) == ("ready", 344)
    assert details.dataset.object_version is not None
    profile = json.loads(platform.profiles.find(Caller(), dataset_id).read())
    assert profile["rows"]["kept"] == 344
    assert len(platform.datasets.preview(Caller(), dataset_id, n_rows=5).rows) == 5


def test_a_table_read_anew_leaves_no_version_of_what_was_kept_before(make_platform, aws_home):
    platform = make_platform()
    dataset_id = uploaded(platform)
    platform.datasets.confirm(Caller(), dataset_id, ReadOptions())
    platform.profiles.find(Caller(), dataset_id)

    again = platform.datasets.confirm(Caller(), dataset_id, ReadOptions(header=False)).dataset

    s3 = boto3.client("s3", region_name=aws_home["AWS_REGION"])
    found = s3.list_object_versions(Bucket=aws_home["S3_BUCKET_DATASETS"])
    prefix = f"datasets/{dataset_id}/"
    names = ("preview.json", "rejects.json", "schema.json", "table.parquet")
    assert sorted(each["Key"].removeprefix(prefix) for each in found["Versions"]) == sorted(
        [UPLOAD, *(f"{again.kept.folder}/{name}" for name in names)]
    )
    assert "DeleteMarkers" not in found


def test_a_trainer_takes_the_table_that_a_request_kept(make_platform, tmp_path):
    platform = make_platform()
    dataset_id = uploaded(platform)
    confirmed = platform.datasets.confirm(Caller(), dataset_id, ReadOptions()).dataset
    platform.datasets.objects.delete(dataset_key(dataset_id, UPLOAD))

    with closing(open_stores(load_settings())) as stores:
        found = kept_tables(stores).fetch(stores.metadata.get_dataset(dataset_id), tmp_path)

    assert (found.dataset, found.schema.n_rows) == (confirmed, 344)
    assert found.path.stat().st_size == confirmed.kept.size_bytes


def test_a_table_too_large_for_a_request_is_not_profiled_by_one(make_platform):
    """Read whole while every file was, then the limit was set."""
    dataset_id = uploaded(make_platform())
    make_platform().datasets.confirm(Caller(), dataset_id, ReadOptions())

    with pytest.raises(PlatformError, match="a request makes none of more than 1,000"):
        make_platform(inline_read_bytes=1000).profiles.find(Caller(), dataset_id)


def test_nobody_is_let_in_without_a_token_though_the_address_is_a_loopback_one(aws_home):
    with pytest.raises(ConfigurationError, match="AUTOML_API_TOKEN_HASHES is not set"):
        build_platform(load_settings(host="127.0.0.1"))


@pytest.mark.parametrize("build", [build_platform, build_watch])
def test_every_variable_of_batchs_that_is_missing_is_named(aws_home, monkeypatch, build):
    for name in ("BATCH_JOB_QUEUE", "AUTOML_BATCH_ON_DEMAND_QUEUE"):
        monkeypatch.delenv(name)

    with pytest.raises(ConfigurationError, match="BATCH_JOB_QUEUE, AUTOML_BATCH_ON_DEMAND_QUEUE"):
        build(load_settings(api_token_hashes=HASH))
