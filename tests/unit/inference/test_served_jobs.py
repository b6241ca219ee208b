"""Jobs are read from the very items that the metadata store writes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from automl_core.adapters import dynamodb_keys
from automl_core.adapters.deployed_models_aws import (
    MAX_IDENTIFIER_BYTES,
    MAX_JOBS,
    open_served_jobs,
)
from automl_core.records import TimelineEntry

from .conftest import JOBS, NOON, REGION


@pytest.fixture
def served(aws, environment, clock):
    """Jobs as prediction sees them."""
    made = open_served_jobs(
        environment, region=REGION, table=JOBS, now=clock, monotonic=clock.seconds
    )
    yield made
    made.close()


@pytest.mark.parametrize("n_entries", [0, 2000], ids=["plain", "compressed"])
def test_a_job_is_read_as_it_was_recorded(aws, served, n_entries):
    entry = TimelineEntry(at=NOON, status="running", stage="train", attempt=1)
    job = aws.add_job(timeline=[entry] * n_entries)

    found = served.find("job-1")

    item = aws.dynamodb.get_item(
        TableName=JOBS, Key={"pk": {"S": "job#job-1"}, "sk": {"S": "job"}}
    )["Item"]
    assert list(item["record"]) == (["B"] if n_entries else ["S"])
    assert found._asdict() == {name: getattr(job, name) for name in found._fields}


def test_a_missing_job_is_none(served):
    assert served.find("nothing") is None


@pytest.mark.parametrize(
    "job_id", ["", "x" * 901, "é" * 500], ids=["empty", "long", "long in bytes"]
)
def test_what_cannot_be_a_key_is_not_asked_for(aws, served, job_id):
    assert served.find(job_id) is None
    assert aws.asked == []
    assert MAX_IDENTIFIER_BYTES == dynamodb_keys.MAX_IDENTIFIER_BYTES


def test_only_so_many_jobs_are_remembered(aws, served):
    for number in range(MAX_JOBS + 1):
        served.find(f"job-{number}")
    asked = len(aws.asked)

    served.find(f"job-{MAX_JOBS}")
    served.find("job-0")

    assert len(aws.asked) == asked + 1


def test_uses_are_counted_in_the_store_s_own_form(aws, served, clock):
    aws.add_job()

    served.note_use("job-1", 3)
    clock.move(10)
    served.note_use("job-1", 4)

    use = aws.store.get_use("job-1")
    assert (use.n_predictions, use.last_used_at) == (7, datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))


def test_what_is_not_yet_counted_is_written_at_the_end(aws, served):
    aws.add_job()
    served.note_use("job-1", 3)
    served.note_use("job-1", 4)

    served.close()

    assert aws.store.get_use("job-1").n_predictions == 7
