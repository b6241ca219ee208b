"""Jobs: submitted, run, retried, stopped; every change of state told to whoever listens."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_standin.attempts import CONTAINER_EXITED, GRACE_S, SPOT_INTERRUPTED, Attempt
from batch_standin.control_plane import ControlPlane
from batch_standin.job_records import BatchJob, is_named, summary_of
from batch_standin.protocol import BatchError, Json, Scope, checked_name, now_ms, required
from batch_standin.retry import Outcome, decide

TERMINAL = frozenset({"SUCCEEDED", "FAILED"})
#: Not yet on a machine: what CancelJob can still stop.
WAITING = frozenset({"SUBMITTED", "PENDING", "RUNNABLE"})
STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
#: DescribeJobs takes no more identifiers.
MAX_DESCRIBED = 100


@dataclass(frozen=True)
class Surroundings:
    """What every job's process finds around it."""

    environment: Mapping[str, str]
    """Endpoint, region, PATH: what the container's image and ECS would bring."""
    credentials: Callable[[str | None], Mapping[str, str]]
    """Variables that lead a process to the credentials of its role (ARN or None)."""
    folder: Path
    """Holds working folders and logs."""
    grace_s: float = GRACE_S


@dataclass
class QueueOrders:
    """What a test wants to happen on one queue."""

    interrupt_next: int = 0
    """So many tasks to come are interrupted as Spot tasks are, as soon as they run."""
    is_held: bool = False
    """No capacity: jobs stay RUNNABLE."""


@dataclass
class Orders:
    """What a test wants to happen."""

    refuses_submissions: bool = False
    queues: dict[str, QueueOrders] = field(default_factory=dict)

    def of(self, queue_name: str) -> QueueOrders:
        """Orders for one queue."""
        return self.queues.setdefault(queue_name, QueueOrders())


class Jobs:
    """All jobs of the stand-in, each driven by a thread of its own.

    Parameters
    ----------
    scope, control_plane
        Where jobs belong and what they refer to.
    surroundings : Surroundings
        What their processes find.
    publish : callable
        Takes a copy of the job's record after every change of state, in order.
    """

    def __init__(
        self,
        scope: Scope,
        control_plane: ControlPlane,
        surroundings: Surroundings,
        publish: Callable[[Json], None],
    ) -> None:
        self._scope = scope
        self._plane = control_plane
        self._surroundings = surroundings
        self._publish = publish
        self._changed = threading.Condition()
        self._jobs: dict[str, BatchJob] = {}
        self._is_closed = False
        self.orders = Orders()

    def operations(self) -> dict[str, Callable[[Json], Json]]:
        """Every operation, by the last part of its path."""
        return {
            "submitjob": self.submit,
            "describejobs": self.describe,
            "listjobs": self.listing,
            "canceljob": self.cancel,
            "terminatejob": self.terminate,
        }

    # -- Operations -------------------------------------------------------------------

    def submit(self, request: Json) -> Json:
        """SubmitJob."""
        if self.orders.refuses_submissions:
            raise BatchError("Ordered to refuse.", code="ServerException", status=500)
        name, queue, definition = required(request, "jobName", "jobQueue", "jobDefinition")
        job = BatchJob.submitted(
            self._scope,
            checked_name(name, "jobName"),
            self._plane.queue_of(queue),
            self._plane.definition_of(definition),
            request,
        )
        with self._changed:
            self._jobs[job.record["jobId"]] = job
            self._move(job, "SUBMITTED")
        threading.Thread(target=self._live, args=(job,), daemon=True).start()
        return {key: job.record[key] for key in ("jobArn", "jobName", "jobId")}

    def describe(self, request: Json) -> Json:
        """DescribeJobs; identifiers of nothing are left out."""
        (asked,) = required(request, "jobs")
        if len(asked) > MAX_DESCRIBED:
            raise BatchError(f"DescribeJobs takes {MAX_DESCRIBED} jobs, not {len(asked)}.")
        with self._changed:
            ids = [self._scope.name_of(one, "job") for one in asked]
            return {"jobs": [copy.deepcopy(self._jobs[i].record) for i in ids if i in self._jobs]}

    def listing(self, request: Json) -> Json:
        """ListJobs of a queue: by status, or by name (then of any status)."""
        (queue,) = required(request, "jobQueue")
        arn = self._scope.arn("job-queue", self._scope.name_of(queue, "job-queue"))
        status = request.get("jobStatus", "RUNNING")
        filters = request.get("filters") or []
        if status not in STATUSES:
            raise BatchError(f"jobStatus {status!r} is none of {', '.join(STATUSES)}.")
        for one in filters:
            if one["name"] != "JOB_NAME":
                raise BatchError(f"This stand-in filters by JOB_NAME, not by {one['name']}.")
        with self._changed:
            records = [j.record for j in self._jobs.values() if j.record["jobQueue"] == arn]
            found = [
                record
                for record in reversed(records)
                if (is_named(record["jobName"], filters) if filters else record["status"] == status)
            ]
            return {"jobSummaryList": [summary_of(record) for record in found]}

    def cancel(self, request: Json) -> Json:
        """CancelJob: ends what has not started; leaves the rest alone."""
        job, reason = self._stoppable(request)
        with self._changed:
            if job.record["status"] in WAITING:
                job.record["isCancelled"] = True
                self._halt(job, reason)
        return {}

    def terminate(self, request: Json) -> Json:
        """TerminateJob: ends a job wherever it is."""
        job, reason = self._stoppable(request)
        with self._changed:
            if job.record["status"] not in TERMINAL:
                job.record["isTerminated"] = True
                self._halt(job, reason)
        return {}

    def _stoppable(self, request: Json) -> tuple[BatchJob, str]:
        job_id, reason = required(request, "jobId", "reason")
        job = self._jobs.get(self._scope.name_of(job_id, "job"))
        if job is None:
            raise BatchError(f"Job {job_id} does not exist.", status=404)
        return job, reason

    def _halt(self, job: BatchJob, reason: str) -> None:
        job.stop_reason = job.stop_reason or reason
        if job.attempt is not None:
            job.attempt.stop("terminated", job.stop_reason)
        self._changed.notify_all()

    # -- For tests and the server -----------------------------------------------------

    def processes(self) -> list[Json]:
        """Jobs with the process that runs them, for tests that look at it."""
        with self._changed:
            return [
                {
                    **{key: job.record[key] for key in ("jobId", "jobName", "jobQueue", "status")},
                    "pid": job.attempt.pid if job.attempt else None,
                    "attempt": len(job.record["attempts"]) + 1,
                }
                for job in self._jobs.values()
            ]

    def log_of(self, job_id: str) -> bytes:
        """Both outputs of every attempt so far, one after the other."""
        logs = sorted(self._surroundings.folder.glob(f"{job_id}-*.log"))
        return b"".join(log.read_bytes() for log in logs)

    def order(self, change: Callable[[Orders], None]) -> None:
        """Change the orders, and let waiting jobs look at them."""
        with self._changed:
            change(self.orders)
            self._changed.notify_all()

    def close(self) -> None:
        """End every process; no job goes on after this."""
        with self._changed:
            self._is_closed = True
            running = [job.attempt for job in self._jobs.values() if job.attempt]
            self._changed.notify_all()
        for attempt in running:
            attempt.stop("terminated", "The stand-in was stopped.")

    # -- A job's life -----------------------------------------------------------------

    def _live(self, job: BatchJob) -> None:
        with self._changed:
            self._move(job, "PENDING")
        while True:
            if not self._wait_for_capacity(job):
                return
            started = self._start(job)
            outcome = started if isinstance(started, Outcome) else started.wait()
            with self._changed:
                job.attempt = None
                self._note_attempt(job, outcome)
                if outcome is None:
                    self._move(job, "SUCCEEDED", CONTAINER_EXITED)
                    return
                strategy = job.record["retryStrategy"]
                n_attempts = len(job.record["attempts"])
                if self._is_closed or decide(strategy, n_attempts, outcome) == "EXIT":
                    self._move(job, "FAILED", outcome.status_reason)
                    return

    def _wait_for_capacity(self, job: BatchJob) -> bool:
        queue = job.record["jobQueue"]
        queue_name = self._scope.name_of(queue, "job-queue")
        with self._changed:
            self._move(job, "RUNNABLE")
            while True:
                if self._is_closed:
                    return False
                if job.stop_reason is not None:
                    self._move(job, "FAILED", job.stop_reason)
                    return False
                environment, vcpus = self._plane.capacity_of(queue)
                in_use = sum(
                    other.vcpus
                    for other in self._jobs.values()
                    if other.record["jobQueue"] == queue
                    and other.record["status"] in ("STARTING", "RUNNING")
                )
                if not self.orders.of(queue_name).is_held and in_use + job.vcpus <= vcpus:
                    job.environment["AWS_BATCH_CE_NAME"] = environment
                    self._move(job, "STARTING")
                    return True
                # Also looks again by itself: queues change without telling.
                self._changed.wait(timeout=1.0)

    def _start(self, job: BatchJob) -> Attempt | Outcome:
        record = job.record
        number = len(record["attempts"]) + 1
        queue_name = self._scope.name_of(record["jobQueue"], "job-queue")
        label = f"{record['jobId']}-{number}"
        environment = {
            **self._surroundings.environment,
            **self._surroundings.credentials(job.role_arn),
            **job.environment,
            "AWS_BATCH_JOB_ID": record["jobId"],
            "AWS_BATCH_JOB_ATTEMPT": str(number),
            "AWS_BATCH_JQ_NAME": queue_name,
        }
        try:
            attempt = Attempt(
                job.command,
                environment,
                self._surroundings.folder / label,
                self._surroundings.folder / f"{label}.log",
                grace_s=self._surroundings.grace_s,
            )
        except OSError as error:
            return Outcome("Task failed to start", f"CannotStartContainerError: {error}")
        with self._changed:
            job.attempt = attempt
            record["startedAt"] = now_ms()
            record["container"]["logStreamName"] = f"{record['jobName']}/default/{label}"
            self._move(job, "RUNNING")
            if "timeout" in record:
                attempt.limit(record["timeout"]["attemptDurationSeconds"])
            orders = self.orders.of(queue_name)
            if job.stop_reason is not None or self._is_closed:
                attempt.stop("terminated", job.stop_reason or "The stand-in was stopped.")
            elif orders.interrupt_next:
                orders.interrupt_next -= 1
                attempt.stop("interrupted", SPOT_INTERRUPTED)
        return attempt

    def _note_attempt(self, job: BatchJob, outcome: Outcome | None) -> None:
        record = job.record
        container: dict[str, Any] = {"logStreamName": record["container"].get("logStreamName", "")}
        if outcome is None:
            container["exitCode"] = 0
        elif outcome.exit_code is not None:
            container["exitCode"] = outcome.exit_code
        if outcome is not None and outcome.reason:
            container["reason"] = outcome.reason
        record["container"] = {
            key: value
            for key, value in record["container"].items()
            if key not in ("exitCode", "reason")
        } | container
        record["stoppedAt"] = now_ms()
        record["attempts"].append(
            {
                "container": container,
                "startedAt": record.get("startedAt", record["stoppedAt"]),
                "stoppedAt": record["stoppedAt"],
                "statusReason": outcome.status_reason if outcome else CONTAINER_EXITED,
            }
        )

    def _move(self, job: BatchJob, status: str, reason: str = "") -> None:
        job.record["status"] = status
        job.record["statusReason"] = reason
        self._publish(copy.deepcopy(job.record))
        self._changed.notify_all()
