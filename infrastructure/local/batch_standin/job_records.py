"""A submitted job: what it was asked to run, and its record as DescribeJobs shows it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from batch_standin.attempts import Attempt
from batch_standin.control_plane import checked_timeout, task_size
from batch_standin.protocol import BatchError, Json, Scope, now_ms
from batch_standin.retry import checked_strategy


@dataclass
class BatchJob:
    """A job with all that its life needs."""

    record: Json
    command: list[str]
    environment: dict[str, str]
    role_arn: str | None
    vcpus: float
    attempt: Attempt | None = None
    stop_reason: str | None = None
    """Set by a cancel or terminate, before or while it runs."""

    @classmethod
    def submitted(
        cls, scope: Scope, name: str, queue: Json, definition: Json, request: Json
    ) -> BatchJob:
        """Return the job that a request asks for, the overrides laid over its definition.

        Raises
        ------
        BatchError
            If Batch would refuse it.
        """
        properties: Json = definition["containerProperties"]
        overrides: Json = request.get("containerOverrides") or {}
        asked = {r["type"]: r for r in properties.get("resourceRequirements") or []}
        asked |= {r["type"]: r for r in overrides.get("resourceRequirements") or []}
        vcpus, _ = task_size(list(asked.values()))
        environment = {e["name"]: e["value"] for e in properties.get("environment") or []}
        environment |= {e["name"]: e["value"] for e in overrides.get("environment") or []}
        reserved = [key for key in environment if key.startswith("AWS_BATCH")]
        if reserved:
            raise BatchError(f"Environment variable {reserved[0]} is reserved by AWS Batch.")
        command = overrides.get("command") or properties.get("command") or []
        if not command:
            raise BatchError("Neither the job definition nor the override names a command.")
        share = request.get("shareIdentifier")
        if bool(share) != ("schedulingPolicyArn" in queue):
            raise BatchError(
                f"shareIdentifier {share!r}: a queue with a scheduling policy needs one, and one "
                "without takes none."
            )
        strategy = request.get("retryStrategy")
        tags = definition["tags"] if definition.get("propagateTags") else {}
        job_id = str(uuid.uuid4())
        record: Json = {
            "jobArn": scope.arn("job", job_id),
            "jobName": name,
            "jobId": job_id,
            "jobQueue": queue["jobQueueArn"],
            "status": "",
            "attempts": [],
            "statusReason": "",
            "createdAt": now_ms(),
            "retryStrategy": checked_strategy(strategy or definition["retryStrategy"]),
            "dependsOn": [],
            "jobDefinition": definition["jobDefinitionArn"],
            "parameters": {},
            "container": {
                "image": properties["image"],
                "command": command,
                "jobRoleArn": properties.get("jobRoleArn"),
                "executionRoleArn": properties["executionRoleArn"],
                "environment": [{"name": k, "value": v} for k, v in environment.items()],
                "resourceRequirements": list(asked.values()),
                "networkInterfaces": [],
                "secrets": [],
            },
            "tags": tags | (request.get("tags") or {}),
            "platformCapabilities": definition["platformCapabilities"],
            "isCancelled": False,
            "isTerminated": False,
        }
        timeout = checked_timeout(request.get("timeout")) or definition.get("timeout")
        if timeout:
            record["timeout"] = timeout
        if share:
            record["shareIdentifier"] = share
        return cls(record, command, environment, properties.get("jobRoleArn"), vcpus)


def is_named(name: str, filters: list[Json]) -> bool:
    """Compare a job's name with the filters, whatever its case; an asterisk may end a value."""
    values = [value.lower() for one in filters for value in one["values"]]
    return any(
        name.lower().startswith(value[:-1]) if value.endswith("*") else name.lower() == value
        for value in values
    )


def summary_of(record: Json) -> Json:
    """An entry of ListJobs."""
    keys = (
        "jobArn", "jobId", "jobName", "createdAt", "status", "statusReason", "startedAt",
        "stoppedAt", "jobDefinition",
    )  # fmt: skip
    container = {k: v for k, v in record["container"].items() if k in ("exitCode", "reason")}
    return {key: record[key] for key in keys if key in record} | {"container": container}
