"""For every action of every role: the step that does not work without it.

A step raises ``AssertionError`` when it does not work. What it prepares by itself needs
other actions than the one that is taken away, so the action is what breaks it.
"""

from __future__ import annotations

import csv
import io
import os
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from automl_cli.walkthrough import as_features
from automl_core.samples import PENGUINS_TARGET

from .deployment import PACKAGES, TERMINAL, Deployment

SHORT = {"time_budget": 60, "families": ["linear"]}
LONG = {"time_budget": 600}
#: Two homes share two cores; a trainer starts in three to ten seconds.
START_S = 60.0
#: What became of a call shows within this time.
SOON_S = 8.0


@dataclass
class Rehearsal:
    """A deployed platform with what the steps begin from."""

    home: Deployment
    penguins: bytes
    dataset_id: str = ""
    """Confirmed."""
    completed: str = ""
    """Job with a model, once it has completed."""
    lost: str = ""
    """Pending for more than a minute, since its submission was lost."""
    silent: str = ""
    """Running, without a heartbeat for more than a minute."""

    @property
    def spot(self) -> str:
        return str(self.home.outputs["batch_job_queue"]).rpartition("/")[2]

    @property
    def on_demand(self) -> str:
        return str(self.home.outputs["automl_batch_on_demand_queue"]).rpartition("/")[2]

    def until(self, is_so: Callable[[], object], *, within_s: float = SOON_S) -> None:
        end = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < end
            time.sleep(0.2)

    def train(self, config: dict[str, Any] = SHORT) -> str:
        return self.home.api.train(self.dataset_id, PENGUINS_TARGET, config)

    def batch_status(self, part: str) -> list[str]:
        return [str(job["status"]) for job in self.home.batch_jobs(part)]

    def restart(self, function: str) -> None:
        """Have a function begin anew, with nothing remembered, by sending its package again."""
        package = PACKAGES / f"{function}-x86_64.zip"
        functions = self.home.client("lambda")
        name = self.home.outputs["function_names"][function]
        functions.update_function_code(FunctionName=name, ZipFile=package.read_bytes())
        functions.get_waiter("function_updated_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def held(self, queue: str) -> Any:
        return self.home.ordered(f"/{queue}", during={"hold": True}, after={"hold": False})

    def end_all(self) -> None:
        """Leave no training of a step behind; nobody looks at how it ended."""
        kept = {self.lost, self.silent, self.completed}
        batch = self.home.client("batch")
        for job in self.home.stand_in("jobs")["jobs"]:
            is_over = job["status"] in ("SUCCEEDED", "FAILED")
            if not is_over and not any(one and one in job["jobName"] for one in kept):
                batch.terminate_job(jobId=job["jobId"], reason="The step is over.")


# -- The API --------------------------------------------------------------------------


def store_is_healthy(play: Rehearsal) -> None:
    assert play.home.api.ok("GET", "/api/health/storage")["status"] == "ready"


def queue_is_healthy(play: Rehearsal) -> None:
    assert play.home.api.ok("GET", "/api/health/queue")["status"] == "ready"


def upload_by_put(play: Rehearsal) -> None:
    ticket = play.home.api.ticket(len(play.penguins), method="PUT")
    sent = play.home.api.send_put(ticket, play.penguins)
    assert sent.is_success, sent.text


def upload_is_requested(play: Rehearsal) -> None:
    play.home.api.ticket(len(play.penguins))


def table_is_confirmed(play: Rehearsal) -> None:
    play.home.api.upload(play.penguins)


def dataset_is_read(play: Rehearsal) -> None:
    play.home.api.ok("GET", f"/datasets/{play.dataset_id}")


def dataset_is_deleted(play: Rehearsal) -> None:
    api = play.home.api
    dataset_id = api.upload(play.penguins)
    prefix = f"datasets/{dataset_id}/"
    s3 = play.home.client("s3")
    bucket = play.home.outputs["s3_bucket_datasets"]
    # What a broken upload of a large file leaves behind must go, too.
    s3.create_multipart_upload(Bucket=bucket, Key=f"{prefix}upload")
    api.ok("DELETE", f"/datasets/{dataset_id}")
    assert play.home.object_versions(prefix) == []
    assert not s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads")


def jobs_are_listed(play: Rehearsal) -> None:
    play.home.api.ok("GET", "/jobs")


def jobs_are_found_by_tag(play: Rehearsal) -> None:
    api, job_id = play.home.api, play.completed
    api.ok("PATCH", f"/jobs/{job_id}", {"tags": ["kept"]})
    assert [job["job_id"] for job in api.ok("GET", "/jobs", tag="kept")["items"]] == [job_id]


def model_is_deployed(play: Rehearsal) -> None:
    play.home.api.ok("POST", f"/jobs/{play.completed}/deploy", {"deploy": False})
    play.home.api.ok("POST", f"/jobs/{play.completed}/deploy", {"deploy": True})


def job_is_submitted(play: Rehearsal) -> None:
    with play.held(play.spot):
        job_id = play.train()
        assert play.batch_status(job_id)
        play.end_all()


def waiting_job_is_stopped(play: Rehearsal) -> None:
    with play.held(play.spot):
        job_id = play.train()
        play.until(lambda: play.batch_status(job_id) == ["RUNNABLE"])
        play.home.api.ok("POST", f"/jobs/{job_id}/cancel")
        try:
            play.until(lambda: play.batch_status(job_id) == ["FAILED"], within_s=2)
        finally:
            play.end_all()


def reading_is_asked_after(play: Rehearsal) -> None:
    """A second confirm of a table that Batch reads asks whether it is still being read."""
    api = play.home.api
    data = b"amount,kind\n" + b"1,a\n2,b\n" * 10_000
    with play.held(play.on_demand):
        ticket = api.ticket(len(data))
        assert api.send_form(ticket, data).is_success
        confirm = f"/datasets/{ticket['dataset_id']}/confirm"
        try:
            assert api.ok("POST", confirm, {})["status"] == "profiling"
            assert api.call("POST", confirm, {}).status_code < 500
        finally:
            play.end_all()


# -- The inference --------------------------------------------------------------------


def new_model_answers(play: Rehearsal) -> None:
    """Ask an instance that has loaded no model yet."""
    play.restart("inference")
    _ask(play, play.completed)


def known_model_answers(play: Rehearsal) -> None:
    # Longer than an instance trusts what it knows of a job.
    time.sleep(5.5)
    _ask(play, play.completed)


def uses_are_counted(play: Rehearsal) -> None:
    api, job_id = play.home.api, play.completed

    def counted() -> int:
        models = {m["job_id"]: m for m in api.ok("GET", "/models")["items"]}
        return int(models[job_id]["n_predictions"] or 0)

    _ask(play, job_id)
    before = counted()
    # Longer than an instance keeps its counts to itself.
    time.sleep(10.5)
    _ask(play, job_id)
    assert counted() > before


def _ask(play: Rehearsal, job_id: str) -> None:
    api = play.home.api
    api.ok("POST", f"/jobs/{job_id}/deploy", {"deploy": True})
    info = api.ok("GET", f"/predict/{job_id}/info")
    first = next(csv.DictReader(io.StringIO(play.penguins.decode())))
    api.ok("POST", f"/predict/{job_id}", {"features": as_features(first, info["fields"])})


# -- The events -----------------------------------------------------------------------


def lost_machine_is_replaced(play: Rehearsal) -> None:
    """Batch's own second try is lost, too: the events' function starts the next attempt."""
    with play.held(play.on_demand):
        play.home.order(f"/{play.spot}", interrupt_next=2)
        job_id = play.train(LONG)
        try:
            play.until(lambda: _has_next_attempt(play, job_id), within_s=20)
        finally:
            play.home.order(f"/{play.spot}", interrupt_next=0)
            play.end_all()


def _has_next_attempt(play: Rehearsal, job_id: str) -> bool:
    told = play.home.stand_in("deliveries")["deliveries"]
    assert not [one for one in told if job_id in one["jobName"] and one["problem"]]
    return bool(play.home.batch_jobs(f"{job_id}-2"))


def lost_submission_is_made_up_for(play: Rehearsal) -> None:
    with play.held(play.spot):
        play.home.sweep()
        assert play.batch_status(play.lost)


def silent_job_is_looked_after(play: Rehearsal) -> None:
    play.home.sweep()


# -- The trainer ----------------------------------------------------------------------


def training_gets_to_its_search(play: Rehearsal) -> None:
    job_id = play.train()
    try:
        play.until(lambda: _has_stage(play, job_id, "train"), within_s=START_S)
    finally:
        play.end_all()


def _has_stage(play: Rehearsal, job_id: str, stage: str) -> bool:
    assert "FAILED" not in play.batch_status(job_id)
    status = play.home.api.status(job_id)
    assert status["status"] not in TERMINAL, status
    seen = status["stage"] == stage and status["heartbeat_at"] is not None
    return bool(seen)


def answered_training_goes_on(play: Rehearsal) -> None:
    """A proposed plan that was answered is deleted, with every version of it."""
    job_id = play.train({**LONG, "auto_confirm": False})
    try:
        play.until(lambda: play.home.api.status(job_id)["status"] == "waiting", within_s=START_S)
        play.home.api.ok("POST", f"/jobs/{job_id}/clarify", {})
        play.until(lambda: _has_stage(play, job_id, "train"), within_s=START_S)
        # Batch's second try goes on without it, and leaves the proposal behind.
        assert play.home.object_versions(f"jobs/{job_id}/proposal.json") == []
    finally:
        play.end_all()


def large_table_is_read(play: Rehearsal) -> None:
    api = play.home.api
    data = b"amount,kind\n" + b"1,a\n2,b\n" * 10_000
    ticket = api.ticket(len(data), name=f"{uuid.uuid4().hex}.csv")
    assert api.send_form(ticket, data).is_success
    api.ok("POST", f"/datasets/{ticket['dataset_id']}/confirm", {})

    def is_read() -> bool:
        assert "FAILED" not in play.batch_status(f"automl-read-{ticket['dataset_id']}")
        return bool(api.ok("GET", f"/datasets/{ticket['dataset_id']}")["status"] == "ready")

    play.until(is_read, within_s=START_S)


# -- Preparing ------------------------------------------------------------------------


def make_silent(play: Rehearsal) -> None:
    """Stop a trainer's process where it stands: it runs on, and says nothing."""
    job_id = play.train(LONG)
    play.until(lambda: _has_stage(play, job_id, "train"), within_s=START_S)
    (batch_job,) = play.home.batch_jobs(job_id)
    os.kill(batch_job["pid"], signal.SIGSTOP)
    play.silent = job_id


Step = Callable[[Rehearsal], None]

#: Role, action, and the step that breaks without it.
NEEDED: tuple[tuple[str, str, Step], ...] = (
    ("api", "s3:PutObject", upload_by_put),
    ("api", "s3:GetObject", table_is_confirmed),
    ("api", "s3:ListBucket", store_is_healthy),
    ("api", "s3:DeleteObject", dataset_is_deleted),
    ("api", "s3:DeleteObjectVersion", dataset_is_deleted),
    ("api", "s3:ListBucketVersions", dataset_is_deleted),
    ("api", "s3:ListBucketMultipartUploads", dataset_is_deleted),
    ("api", "s3:AbortMultipartUpload", dataset_is_deleted),
    ("api", "dynamodb:GetItem", dataset_is_read),
    ("api", "dynamodb:PutItem", upload_is_requested),
    ("api", "dynamodb:UpdateItem", model_is_deployed),
    ("api", "dynamodb:DeleteItem", dataset_is_deleted),
    ("api", "dynamodb:Query", jobs_are_listed),
    ("api", "dynamodb:BatchGetItem", jobs_are_found_by_tag),
    ("api", "dynamodb:ConditionCheckItem", model_is_deployed),
    ("api", "batch:SubmitJob", job_is_submitted),
    ("api", "batch:TerminateJob", waiting_job_is_stopped),
    ("api", "batch:ListJobs", reading_is_asked_after),
    ("api", "batch:DescribeJobQueues", queue_is_healthy),
    ("inference", "s3:GetObject", new_model_answers),
    ("inference", "dynamodb:GetItem", known_model_answers),
    ("inference", "dynamodb:UpdateItem", uses_are_counted),
    ("events", "dynamodb:GetItem", lost_machine_is_replaced),
    ("events", "dynamodb:PutItem", lost_machine_is_replaced),
    ("events", "batch:SubmitJob", lost_machine_is_replaced),
    ("events", "dynamodb:Query", lost_submission_is_made_up_for),
    ("events", "dynamodb:BatchGetItem", lost_submission_is_made_up_for),
    ("events", "batch:ListJobs", lost_submission_is_made_up_for),
    ("events", "batch:DescribeJobs", silent_job_is_looked_after),
    ("training", "s3:GetObject", training_gets_to_its_search),
    ("training", "s3:PutObject", training_gets_to_its_search),
    ("training", "s3:ListBucket", training_gets_to_its_search),
    ("training", "s3:ListBucketVersions", answered_training_goes_on),
    ("training", "s3:DeleteObject", answered_training_goes_on),
    ("training", "dynamodb:GetItem", training_gets_to_its_search),
    ("training", "dynamodb:PutItem", training_gets_to_its_search),
    ("training", "dynamodb:UpdateItem", training_gets_to_its_search),
)

#: Steps that need a completed training, or a job that was lost or silent for a minute.
LATE: tuple[Step, ...] = (
    jobs_are_found_by_tag,
    model_is_deployed,
    new_model_answers,
    known_model_answers,
    uses_are_counted,
    lost_submission_is_made_up_for,
    silent_job_is_looked_after,
)
#: Steps that run trainers: last, since what their role loses is lost to every trainer.
TRAINERS: tuple[Step, ...] = (
    training_gets_to_its_search,
    answered_training_goes_on,
    large_table_is_read,
)

#: Role, action, and why no step shows that it is needed here. For these the emulator is
#: asked whether the role's policy allows the action on the resource that it is for.
SIMULATED: tuple[tuple[str, str, str], ...] = (
    *(
        (role, action, "Lambda writes the log for the function; the emulator keeps it itself.")
        for role in ("api", "authorizer", "events", "inference")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    ),
    *(
        (role, action, "The emulator has no X-Ray, whose daemon sends in the function's name.")
        for role in ("api", "events")
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
    ),
    (
        "events",
        "sqs:SendMessage",
        "Lambda puts what failed three times on the queue; the emulator does not ask the role.",
    ),
    (
        "events",
        "batch:TerminateJob",
        "Stops a trainer after five minutes without a sign of life: longer than this test.",
    ),
    (
        "training",
        "s3:AbortMultipartUpload",
        "Clears up an upload in parts that broke, which only files beyond 64 MiB have.",
    ),
    *(
        (role, "s3:GetObjectVersion", "Goes on with a read whose connection broke in its middle.")
        for role in ("api", "training")
    ),
    (
        "training",
        "s3:DeleteObjectVersion",
        "The emulator asks for it only of the second object of a deletion, and this is of one.",
    ),
    (
        "training",
        "s3:ListBucketMultipartUploads",
        "Clears up a table that was deleted in the moment between its reading and its record.",
    ),
    *(
        ("training_execution", action, "ECS writes the container's log; here there is none.")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    ),
)
