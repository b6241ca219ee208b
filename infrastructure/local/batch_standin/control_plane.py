"""Compute environments, scheduling policies, queues and job definitions, and their tags."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Mapping

from batch_standin.protocol import BatchError, Json, Scope, checked_name, required
from batch_standin.retry import checked_strategy

#: vCPU of a Fargate task -> its memory in MiB.
FARGATE_MEMORY_MIB: Mapping[str, frozenset[int]] = {
    "0.25": frozenset({512, 1024, 2048}),
    "0.5": frozenset(range(1024, 4096 + 1, 1024)),
    "1": frozenset(range(2048, 8192 + 1, 1024)),
    "2": frozenset(range(4096, 16384 + 1, 1024)),
    "4": frozenset(range(8192, 30720 + 1, 1024)),
    "8": frozenset(range(16384, 61440 + 1, 4096)),
    "16": frozenset(range(32768, 122880 + 1, 8192)),
}
MIN_TIMEOUT_S = 60


def task_size(requirements: list[Json]) -> tuple[float, int]:
    """Return vCPUs and MiB of a Fargate task, if there is a task of that size.

    Raises
    ------
    BatchError
        In the service's own words.
    """
    asked = {entry["type"]: str(entry["value"]) for entry in requirements}
    vcpu, memory = asked.get("VCPU", ""), asked.get("MEMORY", "")
    by_number = {float(name): sizes for name, sizes in FARGATE_MEMORY_MIB.items()}
    try:
        is_right = int(memory) in by_number[float(vcpu)]
    except (KeyError, ValueError):
        is_right = False
    if not is_right:
        raise BatchError(
            "Error executing request, Exception : Fargate resource requirements "
            f"({vcpu or 'no'} vCPU, {memory or 'no'} MiB) not valid."
        )
    return float(vcpu), int(memory)


def checked_timeout(timeout: Json | None) -> Json | None:
    """The timeout of an attempt, if Batch would take it."""
    if timeout is not None and timeout.get("attemptDurationSeconds", 0) < MIN_TIMEOUT_S:
        raise BatchError(
            f"Error executing request, Exception : Job timeout {timeout} is below "
            f"{MIN_TIMEOUT_S} seconds."
        )
    return timeout


class ControlPlane:
    """What Terraform makes, and what a submitted job refers to."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._lock = threading.RLock()
        self._environments: dict[str, Json] = {}
        self._policies: dict[str, Json] = {}
        self._queues: dict[str, Json] = {}
        self._definitions: dict[str, list[Json]] = {}

    def operations(self) -> dict[str, Callable[[Json], Json]]:
        """Every operation, by the last part of its path."""
        return {
            "createcomputeenvironment": self.create_environment,
            "updatecomputeenvironment": self.update_environment,
            "describecomputeenvironments": self.describe_environments,
            "deletecomputeenvironment": self.delete_environment,
            "createschedulingpolicy": self.create_policy,
            "updateschedulingpolicy": self.update_policy,
            "describeschedulingpolicies": self.describe_policies,
            "listschedulingpolicies": self.list_policies,
            "deleteschedulingpolicy": self.delete_policy,
            "createjobqueue": self.create_queue,
            "updatejobqueue": self.update_queue,
            "describejobqueues": self.describe_queues,
            "deletejobqueue": self.delete_queue,
            "registerjobdefinition": self.register_definition,
            "describejobdefinitions": self.describe_definitions,
            "deregisterjobdefinition": self.deregister_definition,
        }

    # -- Compute environments ---------------------------------------------------------

    def create_environment(self, request: Json) -> Json:
        """CreateComputeEnvironment."""
        name, kind = required(request, "computeEnvironmentName", "type")
        with self._lock:
            arn = self._new(self._environments, "compute-environment", name)
            self._environments[name] = {
                "computeEnvironmentName": name,
                "computeEnvironmentArn": arn,
                "ecsClusterArn": f"arn:aws:ecs:{self._scope.region}:{self._scope.account_id}"
                f":cluster/{name}_Batch_{uuid.uuid4()}",
                "tags": request.get("tags") or {},
                "type": kind,
                "state": request.get("state", "ENABLED"),
                "status": "VALID",
                "statusReason": "ComputeEnvironment Healthy",
                "computeResources": request.get("computeResources") or {},
                "serviceRole": request.get("serviceRole")
                or f"arn:aws:iam::{self._scope.account_id}:role/aws-service-role/"
                "batch.amazonaws.com/AWSServiceRoleForBatch",
                "containerOrchestrationType": "ECS",
                "uuid": str(uuid.uuid4()),
            }
            return {"computeEnvironmentName": name, "computeEnvironmentArn": arn}

    def update_environment(self, request: Json) -> Json:
        """UpdateComputeEnvironment."""
        with self._lock:
            found = self._find(
                self._environments, "compute-environment", request["computeEnvironment"]
            )
            for field in ("state", "serviceRole"):
                found[field] = request.get(field, found[field])
            found["computeResources"] |= request.get("computeResources") or {}
            return {
                name: found[name] for name in ("computeEnvironmentName", "computeEnvironmentArn")
            }

    def describe_environments(self, request: Json) -> Json:
        """DescribeComputeEnvironments."""
        asked = request.get("computeEnvironments")
        return {"computeEnvironments": self._some(self._environments, "compute-environment", asked)}

    def delete_environment(self, request: Json) -> Json:
        """DeleteComputeEnvironment."""
        with self._lock:
            name = self._scope.name_of(request["computeEnvironment"], "compute-environment")
            found = self._find(self._environments, "compute-environment", name)
            if found["state"] != "DISABLED":
                raise BatchError(
                    f"Cannot delete, compute environment {name} must be DISABLED first."
                )
            arn = found["computeEnvironmentArn"]
            users = [
                queue["jobQueueName"]
                for queue in self._queues.values()
                if arn in [e["computeEnvironment"] for e in queue["computeEnvironmentOrder"]]
            ]
            if users:
                raise BatchError(f"Cannot delete, found existing JobQueue relationship: {users[0]}")
            del self._environments[name]
            return {}

    # -- Scheduling policies ----------------------------------------------------------

    def create_policy(self, request: Json) -> Json:
        """CreateSchedulingPolicy."""
        (name,) = required(request, "name")
        with self._lock:
            arn = self._new(self._policies, "scheduling-policy", name)
            self._policies[name] = {
                "name": name,
                "arn": arn,
                "fairsharePolicy": request.get("fairsharePolicy") or {},
                "tags": request.get("tags") or {},
            }
            return {"name": name, "arn": arn}

    def update_policy(self, request: Json) -> Json:
        """UpdateSchedulingPolicy."""
        with self._lock:
            found = self._find(self._policies, "scheduling-policy", request["arn"])
            found["fairsharePolicy"] = request.get("fairsharePolicy") or {}
            return {}

    def describe_policies(self, request: Json) -> Json:
        """DescribeSchedulingPolicies."""
        return {
            "schedulingPolicies": self._some(
                self._policies, "scheduling-policy", request.get("arns") or []
            )
        }

    def list_policies(self, _request: Json) -> Json:
        """ListSchedulingPolicies."""
        with self._lock:
            return {"schedulingPolicies": [{"arn": p["arn"]} for p in self._policies.values()]}

    def delete_policy(self, request: Json) -> Json:
        """DeleteSchedulingPolicy."""
        with self._lock:
            found = self._find(self._policies, "scheduling-policy", request["arn"])
            if any(q.get("schedulingPolicyArn") == found["arn"] for q in self._queues.values()):
                raise BatchError(f"Cannot delete, scheduling policy {found['name']} is in use.")
            del self._policies[found["name"]]
            return {}

    # -- Queues -----------------------------------------------------------------------

    def create_queue(self, request: Json) -> Json:
        """CreateJobQueue."""
        name, order = required(request, "jobQueueName", "computeEnvironmentOrder")
        with self._lock:
            self._check_order(order)
            policy = request.get("schedulingPolicyArn")
            if policy:
                self._find(self._policies, "scheduling-policy", policy)
            arn = self._new(self._queues, "job-queue", name)
            self._queues[name] = {
                "jobQueueName": name,
                "jobQueueArn": arn,
                "state": request.get("state", "ENABLED"),
                **({"schedulingPolicyArn": policy} if policy else {}),
                "status": "VALID",
                "statusReason": "JobQueue Healthy",
                "priority": request.get("priority", 0),
                "computeEnvironmentOrder": order,
                "tags": request.get("tags") or {},
                "jobStateTimeLimitActions": request.get("jobStateTimeLimitActions") or [],
            }
            return {"jobQueueName": name, "jobQueueArn": arn}

    def update_queue(self, request: Json) -> Json:
        """UpdateJobQueue."""
        with self._lock:
            found = self._find(self._queues, "job-queue", request["jobQueue"])
            if "computeEnvironmentOrder" in request:
                self._check_order(request["computeEnvironmentOrder"])
            for field in (
                "state", "priority", "computeEnvironmentOrder", "schedulingPolicyArn",
                "jobStateTimeLimitActions",
            ):  # fmt: skip
                if field in request:
                    found[field] = request[field]
            return {name: found[name] for name in ("jobQueueName", "jobQueueArn")}

    def describe_queues(self, request: Json) -> Json:
        """DescribeJobQueues."""
        return {"jobQueues": self._some(self._queues, "job-queue", request.get("jobQueues"))}

    def delete_queue(self, request: Json) -> Json:
        """DeleteJobQueue."""
        with self._lock:
            found = self._find(self._queues, "job-queue", request["jobQueue"])
            if found["state"] != "DISABLED":
                raise BatchError(
                    f"Cannot delete, job queue {found['jobQueueName']} is not DISABLED."
                )
            del self._queues[found["jobQueueName"]]
            return {}

    def _check_order(self, order: list[Json]) -> None:
        for entry in order:
            self._find(self._environments, "compute-environment", entry["computeEnvironment"])

    # -- Job definitions --------------------------------------------------------------

    def register_definition(self, request: Json) -> Json:
        """RegisterJobDefinition: one more revision."""
        name, kind = required(request, "jobDefinitionName", "type")
        properties = request.get("containerProperties") or {}
        if kind != "container" or "FARGATE" not in (request.get("platformCapabilities") or []):
            raise BatchError("This stand-in runs job definitions of type container for FARGATE.")
        for field in ("image", "executionRoleArn"):
            if not properties.get(field):
                raise BatchError(f"Error executing request, Exception : {field} is required.")
        task_size(properties.get("resourceRequirements") or [])
        with self._lock:
            revisions = self._definitions.setdefault(checked_name(name, "jobDefinitionName"), [])
            revision = len(revisions) + 1
            arn = self._scope.arn("job-definition", f"{name}:{revision}")
            optional = ("schedulingPriority", "timeout", "propagateTags")
            checked_timeout(request.get("timeout"))
            revisions.append(
                {
                    "jobDefinitionName": name,
                    "jobDefinitionArn": arn,
                    "revision": revision,
                    "status": "ACTIVE",
                    "type": kind,
                    "parameters": request.get("parameters") or {},
                    "containerProperties": properties,
                    "retryStrategy": checked_strategy(request.get("retryStrategy")),
                    "platformCapabilities": request["platformCapabilities"],
                    "tags": request.get("tags") or {},
                    "containerOrchestrationType": "ECS",
                }
                | {field: request[field] for field in optional if field in request}
            )
            return {
                "jobDefinitionName": name,
                "jobDefinitionArn": arn,
                "revision": revision,
            }

    def describe_definitions(self, request: Json) -> Json:
        """DescribeJobDefinitions: by names or ARNs, by name, by status."""
        with self._lock:
            every = [one for revisions in self._definitions.values() for one in revisions]
            asked = request.get("jobDefinitions")
            if asked:
                wanted = {self._scope.name_of(one, "job-definition") for one in asked}
                every = [
                    one
                    for one in every
                    if {one["jobDefinitionName"], f"{one['jobDefinitionName']}:{one['revision']}"}
                    & wanted
                ]
            for field in ("jobDefinitionName", "status"):
                if request.get(field):
                    every = [one for one in every if one[field] == request[field]]
            return {"jobDefinitions": copy.deepcopy(every)}

    def deregister_definition(self, request: Json) -> Json:
        """DeregisterJobDefinition: the revision stays to be seen, inactive."""
        with self._lock:
            self._definition(request["jobDefinition"])["status"] = "INACTIVE"
            return {}

    def _definition(self, reference: str) -> Json:
        name, _, revision = self._scope.name_of(reference, "job-definition").partition(":")
        active = [
            one
            for one in self._definitions.get(name, [])
            if one["status"] == "ACTIVE" and revision in ("", str(one["revision"]))
        ]
        if not active:
            raise BatchError(
                f"Error executing request, Exception : Job definition {reference} does not "
                "exist or is not ACTIVE."
            )
        return active[-1]

    # -- For jobs ---------------------------------------------------------------------

    def definition_of(self, reference: str) -> Json:
        """The newest active revision, or the one that is named."""
        with self._lock:
            return copy.deepcopy(self._definition(reference))

    def queue_of(self, reference: str) -> Json:
        """An enabled queue."""
        with self._lock:
            queue = self._find(self._queues, "job-queue", reference)
            if queue["state"] != "ENABLED":
                raise BatchError(f"Job queue {reference} is {queue['state']}; it takes no jobs.")
            return copy.deepcopy(queue)

    def capacity_of(self, queue_arn: str) -> tuple[str, float]:
        """Name of the queue's first enabled environment and its vCPUs; 0 if there is none."""
        with self._lock:
            queue = self._find(self._queues, "job-queue", queue_arn)
            for entry in sorted(queue["computeEnvironmentOrder"], key=lambda e: int(e["order"])):
                found = self._find(
                    self._environments, "compute-environment", entry["computeEnvironment"]
                )
                if found["state"] == "ENABLED":
                    vcpus = found["computeResources"].get("maxvCpus", 0)
                    return found["computeEnvironmentName"], float(vcpus)
            return "", 0.0

    # -- Tags -------------------------------------------------------------------------

    def tags_of(self, arn: str) -> dict[str, str]:
        """The live tags of a resource; changing them changes the resource's."""
        with self._lock:
            stores = (
                ("computeEnvironmentArn", self._environments.values()),
                ("arn", self._policies.values()),
                ("jobQueueArn", self._queues.values()),
                ("jobDefinitionArn", [one for many in self._definitions.values() for one in many]),
            )
            for field, resources in stores:
                for resource in resources:
                    if resource[field] == arn:
                        tags: dict[str, str] = resource["tags"]
                        return tags
        raise BatchError(f"Resource {arn} does not exist.", code="ClientException", status=404)

    # -- Lookups ----------------------------------------------------------------------

    def _new(self, store: dict[str, Json], kind: str, name: str) -> str:
        if checked_name(name, kind) in store:
            raise BatchError(f"Object already exists: {self._scope.arn(kind, name)}")
        return self._scope.arn(kind, name)

    def _find(self, store: dict[str, Json], kind: str, reference: str) -> Json:
        found = store.get(self._scope.name_of(reference, kind))
        if found is None:
            raise BatchError(f"Error executing request, Exception : {reference} does not exist.")
        return found

    def _some(self, store: dict[str, Json], kind: str, asked: list[str] | None) -> list[Json]:
        with self._lock:
            if asked is None:
                return copy.deepcopy(list(store.values()))
            names = [self._scope.name_of(one, kind) for one in asked]
            return copy.deepcopy([store[name] for name in names if name in store])
