"""The stand-in for Batch on a port of its own, called by the SDK."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest

from batch_standin.access import RoleCredentials
from batch_standin.control_plane import ControlPlane
from batch_standin.events import EventBus
from batch_standin.jobs import Jobs, Surroundings
from batch_standin.protocol import Scope
from batch_standin.server import Handler, Server, StandIn

SCOPE = Scope("123456789012", "eu-central-1")
RULE_ARN = "arn:aws:events:eu-central-1:123456789012:rule/batch"
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:events"
#: Short, so that a process that ignores SIGTERM is soon killed.
GRACE_S = 0.5


class Functions:
    """Lambda and EventBridge with one rule, one target, and what was invoked."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []
        self.failures_left = 0
        self.policy: dict[str, Any] = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "lambda:InvokeFunction",
                    "Condition": {"ArnLike": {"AWS:SourceArn": RULE_ARN}},
                }
            ]
        }

    def get_paginator(self, name: str) -> Functions:
        assert name == "list_rules"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        pattern = json.dumps({"source": ["aws.batch"]})
        rule = {"Name": "batch", "Arn": RULE_ARN, "State": "ENABLED", "EventPattern": pattern}
        return [{"Rules": [rule, {"Name": "hourly", "Arn": "x", "State": "ENABLED"}]}]

    def test_event_pattern(self, **request: str) -> dict[str, bool]:
        sources = json.loads(request["EventPattern"])["source"]
        return {"Result": json.loads(request["Event"])["source"] in sources}

    def list_targets_by_rule(self, **request: str) -> dict[str, Any]:
        return {"Targets": [{"Id": request["Rule"], "Arn": FUNCTION_ARN}]}

    def get_policy(self, **request: str) -> dict[str, str]:
        assert request["FunctionName"] == FUNCTION_ARN
        return {"Policy": json.dumps(self.policy)}

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert request["FunctionName"] == FUNCTION_ARN
        self.invoked.append(json.loads(request["Payload"]))
        if self.failures_left:
            self.failures_left -= 1
            return {"FunctionError": "Unhandled", "Payload": BytesIO(b'{"errorType": "Oops"}')}
        return {"Payload": BytesIO(b"null")}


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def stand_in(functions: Functions, tmp_path: Path) -> Iterator[StandIn]:
    plane = ControlPlane(SCOPE)
    bus = EventBus(SCOPE, functions, functions, retry_waits_s=(0.01, 0.01))
    surroundings = Surroundings(
        environment={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        credentials=lambda role_arn: {"ROLE_SEEN": role_arn or ""},
        folder=tmp_path,
        grace_s=GRACE_S,
    )
    jobs = Jobs(SCOPE, plane, surroundings, bus.publish)
    server = Server(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.stand_in = StandIn(
        SCOPE, plane, jobs, bus, RoleCredentials(None, None, SCOPE.account_id, address), None
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.stand_in
    jobs.close()
    bus.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def batch(stand_in: StandIn) -> Iterator[Any]:
    """The SDK's client, with two queues and a job definition made by it."""
    address = stand_in.credentials._address
    client = boto3.client(
        "batch", endpoint_url=address, region_name=SCOPE.region,
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip
    for name in ("spot", "on-demand"):
        made = client.create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            computeResources={"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"]},
        )
        client.create_job_queue(
            jobQueueName=name,
            priority=1,
            computeEnvironmentOrder=[
                {"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}
            ],
        )
    client.register_job_definition(
        jobDefinitionName="training",
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties={
            "image": "registry.example.org/training@sha256:0",
            "command": ["python", "-c", "print('the definition spoke')"],
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "jobRoleArn": "arn:aws:iam::123456789012:role/job",
            "resourceRequirements": [
                {"type": "VCPU", "value": "2"},
                {"type": "MEMORY", "value": "4096"},
            ],
            "environment": [{"name": "GREETING", "value": "hello"}],
        },
        retryStrategy={
            "attempts": 2,
            "evaluateOnExit": [
                {"onStatusReason": "Your Spot Task was interrupted*", "action": "RETRY"},
                {"onExitCode": "75", "action": "RETRY"},
                {"onReason": "*", "action": "EXIT"},
            ],
        },
    )
    yield client
    client.close()


@pytest.fixture
def run(batch: Any) -> Callable[..., str]:
    """Submit a job whose command is a Python text; its identifier."""

    def submit(program: str | None = None, **request: Any) -> str:
        overrides = request.pop("containerOverrides", {})
        if program is not None:
            overrides["command"] = ["python", "-c", program]
        request = {"jobName": "job", "jobQueue": "spot", "jobDefinition": "training"} | request
        answer = batch.submit_job(containerOverrides=overrides, **request)
        return str(answer["jobId"])

    return submit


@pytest.fixture
def until(batch: Any) -> Callable[..., dict[str, Any]]:
    """Wait until a job has one of some statuses; the job."""

    def wait(job_id: str, *statuses: str) -> dict[str, Any]:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            job: dict[str, Any] = batch.describe_jobs(jobs=[job_id])["jobs"][0]
            if job["status"] in (statuses or ("SUCCEEDED", "FAILED")):
                return job
            time.sleep(0.02)
        raise AssertionError(f"{job['status']} after 20 s")

    return wait
