"""Jobs: started, watched, answered, stopped, tried again, deleted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from automl_backend.services.access import Caller, own_job
from automl_backend.services.cursors import Cursors
from automl_backend.services.idempotency import Idempotency
from automl_backend.services.planning import PlanningService, merged_config
from automl_core.errors import (
    IllegalTransitionError,
    ModelDeployedError,
    NotFoundError,
    PreconditionFailedError,
    StaleRecordError,
    TooManyJobsError,
)
from automl_core.layout import ANSWERS, LOG, job_key, job_prefix
from automl_core.lifecycle import change_job, move
from automl_core.ports import JobFilter, JobRunner, MetadataStore, ObjectStore
from automl_core.records import (
    ACTIVE,
    TERMINAL,
    ClarifyAnswers,
    Job,
    JobProgress,
    JobStatus,
    Plan,
    Record,
    TrainConfig,
)

MAX_LOG_LINES = 500


class StartedJob(Record):
    """A job that was recorded, and what it is going to do."""

    job_id: str
    status: JobStatus
    estimated_time: int
    """Seconds until the report, at the plan's upper estimate."""
    plan: Plan


class LogLine(Record):
    """One line of a job's log."""

    at: str
    level: str
    message: str
    stage: str | None = None


@dataclass(frozen=True)
class JobList:
    """One page of jobs."""

    items: list[Job]
    next_token: str | None


@dataclass(frozen=True)
class JobState:
    """A job and where its present attempt is."""

    job: Job
    progress: JobProgress | None


@dataclass(frozen=True)
class LogPage:
    """Log lines after a cursor, and the cursor after them."""

    lines: list[LogLine]
    next: int
    is_complete: bool


@dataclass(frozen=True, eq=False, repr=False)
class JobService:
    """Use cases around training jobs."""

    metadata: MetadataStore
    objects: ObjectStore
    runner: JobRunner
    planning: PlanningService
    cursors: Cursors
    idempotency: Idempotency
    max_active: int
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    # Counting and adding must be one step, or two requests pass the limit together.
    _limit_lock: threading.Lock = field(default_factory=threading.Lock)

    # -- Starting -------------------------------------------------------------------

    def start(
        self,
        caller: Caller,
        *,
        dataset_id: str,
        target_column: str,
        config: TrainConfig,
        key: str | None = None,
    ) -> StartedJob:
        """Record a new job, then hand it to the runner; once for each idempotency key.

        Raises
        ------
        InvalidInputError
            If the plan is blocked: the first reason's class.
        TooManyJobsError
            If the owner has as many active jobs as allowed.
        """
        wish = ["train", dataset_id, target_column, config.model_dump(mode="json")]
        return self.idempotency.once(
            caller,
            key,
            request=json.dumps(wish, sort_keys=True),
            answer_type=StartedJob,
            run=lambda: self._start(caller, dataset_id, target_column, config),
        )

    def _start(
        self, caller: Caller, dataset_id: str, target_column: str, config: TrainConfig
    ) -> StartedJob:
        planned = self.planning.feasible(caller, dataset_id, target_column, config)
        now = self.now()
        job = Job(
            job_id=self.new_id(),
            owner_id=caller.owner_id,
            project_id=caller.project_id,
            created_at=now,
            updated_at=now,
            dataset_id=planned.dataset.dataset_id,
            dataset_name=planned.dataset.filename,
            target_column=planned.plan.target_column,
            config=config,
            time_budget_s=planned.plan.time_budget_s,
            task=planned.plan.task,
            metric=planned.plan.metric,
        )
        # Recorded before it is submitted: a trainer that starts at once must find its job,
        # and a job whose submission is lost is found by the runner's next look at the queue.
        with self._limit_lock:
            self._require_room(caller)
            self.metadata.add_job(job)
        self.runner.submit(job)
        return StartedJob(
            job_id=job.job_id,
            status=job.status,
            estimated_time=round(planned.plan.estimated_seconds.high),
            plan=planned.plan,
        )

    def _require_room(self, caller: Caller) -> None:
        n_active = self.metadata.count_jobs(ACTIVE, owner_id=caller.owner_id)
        if n_active >= self.max_active:
            raise TooManyJobsError(
                f"{n_active} of your jobs are pending, running or waiting; at most"
                f" {self.max_active} may be. Wait for one to finish, or cancel one."
            )

    # -- Watching -------------------------------------------------------------------

    def get(self, caller: Caller, job_id: str) -> Job:
        """Read one job."""
        return own_job(self.metadata, caller, job_id)

    def list(
        self, caller: Caller, *, limit: int, next_token: str | None, where: JobFilter
    ) -> JobList:
        """Read one page, newest first."""
        bound: dict[str, object] = {"list": "jobs", **vars(where)}
        after = self.cursors.read(next_token, owner_id=caller.owner_id, where=bound)
        page = self.metadata.list_jobs(caller.owner_id, limit=limit, after=after, where=where)
        token = self.cursors.write(page.next, owner_id=caller.owner_id, where=bound)
        return JobList(page.items, token)

    def state(self, caller: Caller, job_id: str) -> JobState:
        """Read a job with the progress of its present attempt."""
        job = own_job(self.metadata, caller, job_id)
        progress = self.metadata.get_progress(job_id)
        is_present = progress is not None and progress.attempt == job.attempt
        return JobState(job, progress if is_present else None)

    def log(self, caller: Caller, job_id: str, *, after: int, limit: int) -> LogPage:
        """Read log lines after a cursor; an attempt that starts over keeps the log."""
        job = own_job(self.metadata, caller, job_id)
        try:
            text = self.objects.get(job_key(job_id, LOG)).decode(errors="replace")
        except NotFoundError:
            text = ""
        lines = text.splitlines()
        shown = lines[after : after + limit]
        end = after + len(shown)
        is_complete = job.status in TERMINAL and end >= len(lines)
        return LogPage([_log_line(line) for line in shown], end, is_complete)

    # -- Changing -------------------------------------------------------------------

    def annotate(
        self,
        caller: Caller,
        job_id: str,
        *,
        tags: Sequence[str] | None,
        notes: str | None,
        expected_version: int | None,
    ) -> Job:
        """Change tags and notes; with a version, only if it is still the present one.

        Raises
        ------
        PreconditionFailedError
            If the job was changed since the caller read it.
        """
        own_job(self.metadata, caller, job_id)

        def change(job: Job) -> Job:
            if expected_version is not None and job.version != expected_version:
                raise PreconditionFailedError(
                    f"The job is at version {job.version}, you read {expected_version};"
                    " read it again and repeat your change."
                )
            changes: dict[str, object] = {"updated_at": self.now()}
            if tags is not None:
                changes["tags"] = list(dict.fromkeys(tags))
            if notes is not None:
                changes["notes"] = notes
            return job.model_copy(update=changes)

        return self._changed(job_id, change)

    def cancel(self, caller: Caller, job_id: str) -> Job:
        """Stop a job; stopping a cancelled one again changes nothing.

        A pending one is cancelled at once; the runner may already have a place for it in a
        queue of its own, which it gives up. A running job is stopped by the runner within
        seconds: until its process is gone it stays ``running`` with ``cancel_requested``.

        Raises
        ------
        IllegalTransitionError
            If the job has completed or failed.
        """
        own_job(self.metadata, caller, job_id)

        def change(job: Job) -> Job | None:
            if job.status == "cancelled" or (job.status == "running" and job.cancel_requested):
                return None
            if job.status == "running":
                return job.model_copy(update={"cancel_requested": True, "updated_at": self.now()})
            return move(job, "cancelled", at=self.now(), note="cancelled by its owner")

        changed = change_job(self.metadata, job_id, change)
        job = changed or self.metadata.get_job(job_id)
        # A running job is told to stop again when asked again: the first word may be lost.
        if changed is not None or job.status == "running":
            self.runner.cancel(job)
        return job

    def clarify(self, caller: Caller, job_id: str, answers: ClarifyAnswers) -> Job:
        """Answer the plan's questions and let a waiting job go on.

        Raises
        ------
        IllegalTransitionError
            If the job is not waiting.
        InvalidInputError
            If the plan is blocked with these answers.
        """
        job = own_job(self.metadata, caller, job_id)
        if job.status != "waiting":
            raise IllegalTransitionError(
                f"Job {job_id} is {job.status}; only a waiting job takes answers."
            )
        changes: dict[str, object] = answers.model_dump(exclude_none=True)
        planned = self.planning.feasible(
            caller, job.dataset_id, job.target_column, merged_config(job.config, changes)
        )
        # The answers are there before the job may be claimed.
        self.objects.put(job_key(job_id, ANSWERS), answers.model_dump_json().encode())

        def change(present: Job) -> Job:
            return move(
                present,
                "pending",
                at=self.now(),
                note="plan confirmed",
                time_budget_s=planned.plan.time_budget_s,
                task=planned.plan.task,
                metric=planned.plan.metric,
            )

        return self._submitted(self._changed(job_id, change))

    def retry(self, caller: Caller, job_id: str) -> Job:
        """Begin a new attempt of a failed or cancelled job; finished stages are kept."""
        job = own_job(self.metadata, caller, job_id)
        if job.status not in ("failed", "cancelled"):
            raise IllegalTransitionError(
                f"Job {job_id} is {job.status}; only a failed or cancelled job can be tried again."
            )
        with self._limit_lock:
            self._require_room(caller)
            changed = self._changed(
                job_id, lambda job: move(job, "pending", at=self.now(), note="tried again")
            )
        return self._submitted(changed)

    def delete(self, caller: Caller, job_id: str) -> None:
        """Forget a job with every artifact; its data set stays as it is.

        Raises
        ------
        IllegalTransitionError
            If the job is active: its trainer would go on writing.
        ModelDeployedError
            If its model is deployed: clients may be asking it.
        """
        job = own_job(self.metadata, caller, job_id)
        if job.status in ACTIVE:
            raise IllegalTransitionError(
                f"Job {job_id} is {job.status}; cancel it before deleting it."
            )
        if job.is_deployed:
            raise ModelDeployedError(
                f"The model of job {job_id} is deployed and would stop answering; withdraw it"
                ' first (POST /jobs/{id}/deploy with {"deploy": false}).'
            )
        # The record goes last: if this is cut short, deleting again finishes it.
        self.objects.delete_prefix(job_prefix(job_id))
        self.metadata.delete_job(job_id)

    # -- Parts ----------------------------------------------------------------------

    def _submitted(self, job: Job) -> Job:
        self.runner.submit(job)
        return job

    def _changed(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        job = change_job(self.metadata, job_id, change)
        if job is None:
            raise StaleRecordError(f"Job {job_id} is being changed by others; try again.")
        return job


def _log_line(line: str) -> LogLine:
    """Read one line of ``log.jsonl``; a line cut short by a kill is shown as it is."""
    try:
        fields: Any = json.loads(line)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return LogLine(at="", level="info", message=line)
    stage = fields.get("stage")
    return LogLine(
        at=str(fields.get("at", "")),
        level=str(fields.get("level", "info")),
        message=str(fields.get("message", "")),
        stage=None if stage is None else str(stage),
    )
