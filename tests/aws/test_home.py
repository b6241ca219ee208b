"""The whole story on an emulated AWS: applied, used over the deployed API, destroyed.

The steps are in the order of the file and build on each other; what takes a while is begun
early and looked at later.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from automl_cli.client import Client
from automl_cli.walkthrough import as_features
from automl_core.adapters.dynamodb_tables import TTL_ATTRIBUTE, table_definitions
from automl_core.bundle.runtime import Predictor
from automl_core.samples import PENGUINS_TARGET

from .conftest import Story
from .deployment import Deployment

pytestmark = [pytest.mark.aws, pytest.mark.timeout(60)]

#: For jobs of which only the end matters.
SHORT = {"time_budget": 60, "families": ["linear"]}
#: A search that does not end by itself while a test looks at it.
LONG = {"time_budget": 600}
#: What a Batch job needs to start Python, and the events' function to start for the first time.
START_S = 60.0

DRIFT = json.loads(Path(__file__).with_name("expected_drift.json").read_text("utf-8"))


def eventually(what: Callable[[], Any], *, within_s: float) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < end, f"It did not come about within {within_s:.0f} s."
        time.sleep(0.2)
    return found


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def running_process(home: Deployment, job_id: str) -> dict[str, Any]:
    """The Batch job of a job that has a process."""
    (found,) = [job for job in home.batch_jobs(job_id) if job["pid"]]
    return found


# -- The door -------------------------------------------------------------------------


@pytest.mark.timeout(420)
def test_terraform_applies_and_names_everything(open_home: Deployment) -> None:
    outputs = open_home.outputs

    names = [line.split("=")[0] for line in _example_variables()]
    missing = [name for name in names if not outputs.get(name.lower())]
    assert missing == []
    assert set(outputs["function_names"]) == {"api", "events", "inference", "authorizer"}


def _example_variables() -> list[str]:
    """Variables of .env.example that tell where the stores and queues are."""
    text = (Path(__file__).resolve().parents[2] / ".env.example").read_text("utf-8")
    lines = [line.lstrip("# ") for line in text.splitlines()]
    wanted = ("S3_BUCKET_", "DYNAMODB_", "BATCH_", "AUTOML_BATCH_", "AWS_REGION=")
    return [line for line in lines if line.startswith(wanted) and "=" in line]


def test_the_tables_are_those_that_the_store_was_written_for(open_home: Deployment) -> None:
    outputs, client = open_home.outputs, open_home.client("dynamodb")
    wanted = table_definitions(outputs["dynamodb_datasets_table"], outputs["dynamodb_jobs_table"])

    made = [client.describe_table(TableName=table["TableName"])["Table"] for table in wanted]
    lives = client.describe_time_to_live(TableName=outputs["dynamodb_jobs_table"])

    assert [_keys_of(table) for table in made] == [_keys_of(table) for table in wanted]
    assert lives["TimeToLiveDescription"]["AttributeName"] == TTL_ATTRIBUTE


def _keys_of(table: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of a table and its indexes, and what each index holds."""
    indexes = {
        index["IndexName"]: (
            index["KeySchema"],
            index["Projection"]["ProjectionType"],
            sorted(index["Projection"].get("NonKeyAttributes", [])),
        )
        for index in table["GlobalSecondaryIndexes"]
    }
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    return {"keys": table["KeySchema"], "types": types, "indexes": indexes}


@pytest.mark.parametrize("token", [None, "a-wrong-token"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/jobs"), ("GET", "/api/jobs"), ("POST", "/predict/1"), ("GET", "/predict/1/info")],
)
def test_nobody_passes_without_a_token(
    open_home: Deployment, token: str | None, method: str, path: str
) -> None:
    with open_home.stranger(token) as stranger:
        answer = stranger.call(method, path)

    # An HTTP API says 401 without the header and 403 when its authorizer refuses.
    assert answer.status_code in ((401,) if token is None else (401, 403)), answer.text


def test_health_is_told_to_everybody(open_home: Deployment) -> None:
    with open_home.stranger(None) as stranger:
        # Under /api, since the emulator itself answers /health of any host.
        health = stranger.ok("GET", "/api/health")
        runtime = stranger.ok("GET", "/api/health/model-runtime")

    assert health["status"] == "ok", health
    assert runtime["status"] == "ready", runtime


# -- Uploads --------------------------------------------------------------------------


def test_an_upload_url_that_will_be_too_old_is_asked_for(
    open_home: Deployment, story: Story, penguins: bytes
) -> None:
    story["old_ticket"] = open_home.api.ticket(len(penguins))
    story["old_ticket_at"] = time.monotonic()


def test_the_store_refuses_forms_that_are_not_as_signed(
    open_home: Deployment, penguins: bytes
) -> None:
    api = open_home.api
    ticket = api.ticket(len(penguins))
    other_key = ticket["fields"]["key"].replace(ticket["dataset_id"], "0" * 32)

    refused = [
        api.send_form(ticket, penguins, **{"Content-Type": "text/html"}),
        api.send_form(ticket, penguins, key=other_key),
        api.send_form(ticket, penguins + b"\n" * 1_048_576),
        api.send_form(ticket, b""),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 400, 400]
    assert open_home.object_versions("datasets/") == []


def test_the_store_refuses_puts_that_are_not_as_signed(
    open_home: Deployment, penguins: bytes
) -> None:
    api = open_home.api
    ticket = api.ticket(len(penguins), method="PUT")

    refused = [
        api.send_put(ticket, penguins, Content_Type="text/html"),
        api.send_put(ticket, penguins + b"\n", Content_Length=str(len(penguins) + 1)),
    ]

    assert [answer.status_code for answer in refused] == [403, 403]
    assert open_home.object_versions("datasets/") == []


def test_a_table_is_uploaded_by_form_and_confirmed(
    open_home: Deployment, story: Story, penguins: bytes
) -> None:
    api = open_home.api
    ticket = api.ticket(len(penguins), name="penguins.csv")

    sent = api.send_form(ticket, penguins)
    dataset = api.ok("POST", f"/datasets/{ticket['dataset_id']}/confirm", {})

    assert sent.is_success, sent.text
    assert (dataset["status"], dataset["row_count"]) == ("ready", 344)
    story["dataset"] = ticket["dataset_id"]


def test_a_table_is_uploaded_by_put_and_confirmed(
    open_home: Deployment, story: Story, penguins: bytes
) -> None:
    api = open_home.api
    ticket = api.ticket(len(penguins), method="PUT")

    sent = api.send_put(ticket, penguins)
    dataset = api.ok("POST", f"/datasets/{ticket['dataset_id']}/confirm", {})

    assert sent.is_success, sent.text
    assert (dataset["status"], dataset["row_count"]) == ("ready", 344)
    story["second_dataset"] = ticket["dataset_id"]


def test_the_plan_is_told_before_anything_starts(open_home: Deployment, story: Story) -> None:
    wish = {
        "dataset_id": story["dataset"],
        "target_column": PENGUINS_TARGET,
        "config": {"time_budget": 60},
    }

    before = open_home.stand_in("jobs")

    answer = open_home.api.ok("POST", "/train", wish, dry_run="true")

    assert (answer["job_id"], answer["plan"]["task"]) == (None, "multiclass")
    assert open_home.stand_in("jobs") == before


# -- Trainings, begun together --------------------------------------------------------


def test_a_job_whose_submission_is_lost_stays_pending(open_home: Deployment, story: Story) -> None:
    refused, taken = {"refuse": True}, {"refuse": False}

    with open_home.ordered("", during=refused, after=taken):
        job_id = open_home.api.train(story["second_dataset"], PENGUINS_TARGET, SHORT)

    assert open_home.api.status(job_id)["status"] == "pending"
    assert open_home.batch_jobs(job_id) == []
    story["lost"] = job_id
    story["lost_at"] = time.monotonic()


@pytest.mark.timeout(120)
def test_a_training_runs_with_heartbeats(open_home: Deployment, story: Story) -> None:
    api = open_home.api
    wish = {
        "dataset_id": story["dataset"],
        "target_column": PENGUINS_TARGET,
        "config": {"time_budget": 60},
    }

    job_id = api.ok("POST", "/train", wish)["job_id"]

    first = api.wait(job_id, lambda seen: seen["heartbeat_at"] is not None, within_s=START_S)
    assert first["status"] == "running"
    api.wait(job_id, lambda seen: seen["heartbeat_at"] > first["heartbeat_at"], within_s=30)
    (batch_job,) = open_home.batch_jobs(job_id)
    assert batch_job["jobName"] == f"automl-job-{job_id}-1"
    assert batch_job["jobQueue"] == open_home.outputs["batch_job_queue"]
    story["job"] = job_id


@pytest.mark.timeout(120)
def test_a_task_that_spot_takes_twice_goes_on_on_demand(
    open_home: Deployment, story: Story
) -> None:
    spot = open_home.outputs["batch_job_queue"].rpartition("/")[2]
    # Batch itself tries once more on Spot; the second loss is ours to repair.
    open_home.order(f"/{spot}", interrupt_next=2)

    job_id = open_home.api.train(story["second_dataset"], PENGUINS_TARGET, SHORT)

    open_home.api.wait(
        job_id, lambda seen: (seen["status"], seen["attempt"]) == ("running", 2), within_s=START_S
    )
    names = [(job["jobName"], job["jobQueue"]) for job in open_home.batch_jobs(job_id)]
    assert names == [
        (f"automl-job-{job_id}-1", open_home.outputs["batch_job_queue"]),
        (f"automl-job-{job_id}-2", open_home.outputs["automl_batch_on_demand_queue"]),
    ]
    story["spot_job"] = job_id


@pytest.mark.timeout(120)
def test_a_large_table_is_read_by_a_batch_job(open_home: Deployment, story: Story) -> None:
    api = open_home.api
    data = ("amount,kind\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(10_000))).encode()
    assert len(data) > 65536
    ticket = api.ticket(len(data), name="large.csv")
    sent = api.send_form(ticket, data)
    assert sent.is_success, sent.text

    answer = api.call("POST", f"/datasets/{ticket['dataset_id']}/confirm", {})

    assert (answer.status_code, answer.json()["status"]) == (202, "profiling"), answer.text
    dataset = eventually(
        lambda: _unless_profiling(api.ok("GET", f"/datasets/{ticket['dataset_id']}")),
        within_s=START_S,
    )
    assert (dataset["status"], dataset["row_count"]) == ("ready", 10_000), dataset
    (batch_job,) = open_home.batch_jobs(f"automl-read-{ticket['dataset_id']}")
    assert batch_job["jobQueue"] == open_home.outputs["automl_batch_on_demand_queue"]
    story["large_dataset"] = ticket["dataset_id"]


def _unless_profiling(dataset: dict[str, Any]) -> dict[str, Any] | None:
    return None if dataset["status"] == "profiling" else dataset


@pytest.mark.timeout(120)
def test_a_cancelled_training_is_gone_within_ten_seconds(
    open_home: Deployment, story: Story
) -> None:
    api = open_home.api
    job_id = api.train(story["second_dataset"], PENGUINS_TARGET, LONG)
    api.wait(job_id, lambda seen: seen["heartbeat_at"] is not None, within_s=START_S)
    pid = running_process(open_home, job_id)["pid"]

    api.ok("POST", f"/jobs/{job_id}/cancel")

    eventually(lambda: is_gone(pid), within_s=10)
    api.wait_for(job_id, "cancelled", within_s=10)
    story["cancelled"] = job_id


@pytest.mark.timeout(120)
def test_a_killed_training_fails_with_a_reason(open_home: Deployment, story: Story) -> None:
    api = open_home.api
    job_id = api.train(story["second_dataset"], PENGUINS_TARGET, LONG)
    api.wait(job_id, lambda seen: seen["heartbeat_at"] is not None, within_s=START_S)

    os.kill(running_process(open_home, job_id)["pid"], signal.SIGKILL)

    # Batch's event says so: long before a heartbeat is missed.
    status = api.wait_for(job_id, "failed", within_s=20)
    assert status["error"]["code"] in ("worker-lost", "training-memory"), status
    assert status["error"]["detail"]
    story["killed"] = job_id


def test_an_old_upload_url_is_refused(open_home: Deployment, story: Story, penguins: bytes) -> None:
    ticket = story["old_ticket"]
    age_s = time.monotonic() - story["old_ticket_at"]
    time.sleep(max(0.0, ticket["expires_in"] + 1 - age_s))

    answer = open_home.api.send_form(ticket, penguins)

    assert answer.status_code == 403, answer.text
    assert open_home.object_versions(f"datasets/{ticket['dataset_id']}/") == []


@pytest.mark.timeout(150)
def test_the_sweep_submits_what_was_lost(open_home: Deployment, story: Story) -> None:
    api, job_id = open_home.api, story["lost"]
    # A minute is what a submission may take before it counts as lost.
    time.sleep(max(0.0, 61 - (time.monotonic() - story["lost_at"])))

    open_home.sweep()

    assert len(open_home.batch_jobs(job_id)) == 1
    api.wait_for(job_id, "running", within_s=START_S)
    open_home.sweep()
    assert len(open_home.batch_jobs(job_id)) == 1
    # Its end is that of any other.
    api.ok("POST", f"/jobs/{job_id}/cancel")
    api.wait_for(job_id, "cancelled", within_s=20)


# -- The result -----------------------------------------------------------------------


@pytest.mark.timeout(240)
def test_the_training_completes(open_home: Deployment, story: Story) -> None:
    status = open_home.api.wait_for(story["job"], "completed", within_s=230)

    assert status["progress"] == 100
    result = open_home.api.ok("GET", f"/jobs/{story['job']}/result")
    assert result["parity"]["passed"] is True
    assert result["metrics"]["scores"]["accuracy"]["value"] > 0.9, result["metrics"]["scores"]


def test_artifacts_are_listed_and_downloaded_by_signed_addresses(
    open_home: Deployment, story: Story
) -> None:
    listed = open_home.api.ok("GET", f"/jobs/{story['job']}/artifacts")

    assert listed["is_complete"]
    files = {}
    for artifact in listed["items"]:
        answer = open_home.api.fetch(artifact["download_url"])
        assert answer.is_success, f"{artifact['name']}: {answer.text}"
        # These two are written when everything else is summed up.
        if artifact["name"] not in ("log.jsonl", "manifest.json"):
            assert hashlib.sha256(answer.content).hexdigest() == artifact["sha256"]
        assert "attachment" in answer.headers["content-disposition"]
        files[artifact["name"]] = answer.content
    assert {"bundle/model.onnx", "bundle/manifest.json", "report.html"} <= set(files)
    story["files"] = files


def test_reports_and_log_are_shown(open_home: Deployment, story: Story) -> None:
    api = open_home.api

    reports = [
        api.call("GET", f"/jobs/{story['job']}/reports/{name}") for name in ("eda", "training")
    ]
    log = api.ok("GET", f"/jobs/{story['job']}/logs")
    profile = api.ok("GET", f"/datasets/{story['dataset']}/profile")

    assert [(r.status_code, r.text.lstrip()[:9].lower()) for r in reports] == [
        (200, "<!doctype")
    ] * 2
    assert all("sandbox" in r.headers["content-security-policy"] for r in reports)
    assert log["lines"]
    assert profile


def test_a_model_that_is_not_deployed_does_not_answer(open_home: Deployment, story: Story) -> None:
    answer = open_home.api.call("POST", f"/predict/{story['job']}", {"rows": [{}]})

    assert answer.status_code == 404, answer.text


def test_the_deployed_model_answers_as_its_bundle_does(
    open_home: Deployment, story: Story, penguins: bytes
) -> None:
    api, job_id, files = open_home.api, story["job"], story["files"]
    api.ok("POST", f"/jobs/{job_id}/deploy", {"deploy": True})
    # An instance trusts what it knows of a job for five seconds.
    eventually(lambda: api.call("GET", f"/predict/{job_id}/info").is_success, within_s=6)
    info = api.ok("GET", f"/predict/{job_id}/info")
    table = list(csv.DictReader(io.StringIO(penguins.decode())))
    rows = [as_features(row, info["fields"]) for row in table[:50]]

    answer = api.ok("POST", f"/predict/{job_id}", {"rows": rows})

    bundle = Predictor.from_bytes(files["bundle/model.onnx"], files["bundle/manifest.json"])
    expected, _ = bundle.predict_rows(rows)
    assert expected.labels is not None
    assert expected.probabilities is not None
    assert [row["prediction"] for row in answer["predictions"]] == expected.labels
    # Both run the same model; float32 sums may differ in the last digits between machines.
    assert [row["probability"] for row in answer["predictions"]] == pytest.approx(
        expected.probabilities.max(axis=1).tolist(), abs=1e-6
    )
    models = api.ok("GET", "/models")["items"]
    assert [(m["job_id"], m["n_predictions"]) for m in models] == [(job_id, 50)]


def test_a_withdrawn_model_answers_no_more_within_five_seconds(
    open_home: Deployment, story: Story
) -> None:
    api, job_id = open_home.api, story["job"]
    row = {"rows": [{"bill_length_mm": 40.0}]}
    assert api.call("POST", f"/predict/{job_id}", row).is_success

    api.ok("POST", f"/jobs/{job_id}/deploy", {"deploy": False})

    eventually(lambda: api.call("POST", f"/predict/{job_id}", row).status_code == 404, within_s=5)


@pytest.mark.timeout(240)
def test_what_spot_interrupted_completes_on_demand(open_home: Deployment, story: Story) -> None:
    status = open_home.api.wait_for(story["spot_job"], "completed", within_s=230)

    assert status["attempt"] == 2


def test_the_command_line_talks_to_this_platform(open_home: Deployment, story: Story) -> None:
    address = open_home.home.api_url(open_home.outputs["api_id"])
    client = Client(address, open_home.token)
    try:
        page = client.get("/jobs", limit=1, status="completed")
        rest = client.get("/jobs", limit=1, status="completed", next_token=page["next_token"])
    finally:
        client.close()

    found = [job["job_id"] for job in page["items"] + rest["items"]]
    assert found == [story["spot_job"], story["job"]]


def test_every_event_was_delivered_and_understood(open_home: Deployment) -> None:
    deliveries = open_home.stand_in("deliveries")["deliveries"]

    assert [one for one in deliveries if one["problem"]] == []
    assert {one["status"] for one in deliveries} == {"RUNNING", "SUCCEEDED", "FAILED"}


# -- The end --------------------------------------------------------------------------


@pytest.mark.timeout(120)
def test_nothing_is_left_of_what_is_deleted(open_home: Deployment, story: Story) -> None:
    api = open_home.api
    jobs = [story[name] for name in ("job", "spot_job", "lost", "cancelled", "killed")]
    datasets = [story[name] for name in ("dataset", "second_dataset", "large_dataset")]
    assert open_home.object_versions(f"jobs/{jobs[0]}/")
    assert open_home.items(jobs[0])

    for job_id in jobs:
        api.ok("DELETE", f"/jobs/{job_id}")
    for dataset_id in datasets:
        api.ok("DELETE", f"/datasets/{dataset_id}")

    for prefix in [f"jobs/{one}/" for one in jobs] + [f"datasets/{one}/" for one in datasets]:
        assert open_home.object_versions(prefix) == []
    for identifier in jobs + datasets:
        assert open_home.items(identifier) == []


@pytest.mark.timeout(120)
def test_a_second_plan_changes_nothing_but_what_is_known(open_home: Deployment) -> None:
    plan = open_home.terraform.plan()

    drift = {
        change["address"]: _changed(change["change"])
        for change in plan["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }
    assert drift == {entry["address"]: entry["attributes"] for entry in DRIFT["drift"]}


def _changed(change: dict[str, Any]) -> list[str]:
    """Names of the attributes that would change, or what would happen instead."""
    if change["actions"] != ["update"]:
        return list(change["actions"])
    before, after = change["before"], change["after"]
    names = set(after) | set(change["after_unknown"])
    return sorted(
        name
        for name in names
        if before.get(name) != after.get(name) or change["after_unknown"].get(name) is True
    )


@pytest.mark.timeout(420)
def test_destroy_leaves_nothing(open_home: Deployment) -> None:
    assert len(open_home.terraform.resources()) > 50

    open_home.terraform.destroy()

    assert open_home.terraform.resources() == []
    assert open_home.client("s3").list_buckets()["Buckets"] == []
    assert open_home.client("dynamodb").list_tables()["TableNames"] == []
    assert open_home.client("lambda").list_functions()["Functions"] == []
    batch = open_home.client("batch")
    assert batch.describe_job_queues()["jobQueues"] == []
    assert batch.describe_compute_environments()["computeEnvironments"] == []
    active = batch.describe_job_definitions(status="ACTIVE")
    assert active["jobDefinitions"] == []
