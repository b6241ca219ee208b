"""Trainers as jobs of AWS Batch: submitted, found again, stopped; readers of large uploads too.

A Batch job's name says which attempt of which job it is, so that what was submitted can be
found even where the answer of SubmitJob was lost. The job's ``runner_ref`` holds Batch's
identifier; a trainer that finds another one there was submitted twice and ends at once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from automl_backend.runners.batch_limits import READ_LIMIT_S
from automl_backend.runners.batch_reports import (
    attempt_job_name,
    batch_job_id,
    reading_job_name,
    ref_of,
    report_of,
)
from automl_backend.services.job_truth import CLOCK_SKEW, attempt_limit_s
from automl_backend.services.runner_reports import ENDED, Report
from automl_core.costs.training import TaskSize, task_size
from automl_core.errors import NotFoundError, PlatformError
from automl_core.lifecycle import change_job, pending_since
from automl_core.ports import MetadataStore
from automl_core.records import Dataset, Job, ReadOptions

logger = logging.getLogger("automl.runner")

READ_COMMAND = ("python", "-m", "automl_training.confirm")
#: DescribeJobs takes no more identifiers at once.
MAX_DESCRIBED = 100


class BatchRunner:
    """Hands jobs to AWS Batch: first attempts on Spot capacity, later ones where they belong.

    Parameters
    ----------
    connect : callable
        Makes the client of AWS Batch when it is first needed.
    platform_errors : callable
        Context in which trouble with AWS itself becomes ``PlatformError``.
    metadata : MetadataStore
        Jobs and data sets.
    queue, on_demand_queue : str
        Names or ARNs of the job queues, both with a fair-share policy.
    job_definition : str
        Name or ARN. Its retry rules, roles and image are the operator's; size, time limit
        and environment are set for each job.
    environment : mapping
        What every container is given beside the names of its job: settings of the platform
        that trainer and API must share.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        platform_errors: Callable[[], AbstractContextManager[None]],
        metadata: MetadataStore,
        *,
        queue: str,
        on_demand_queue: str,
        job_definition: str,
        environment: Mapping[str, str],
    ) -> None:
        self._connect = connect
        self._platform_errors = platform_errors
        self._metadata = metadata
        self._queue = queue
        self._on_demand_queue = on_demand_queue
        self._job_definition = job_definition
        self._environment = dict(environment)

    # -- The port -------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        """Submit a pending job; what Batch does not take now, the sweep submits later."""
        try:
            self._submit(job)
        except PlatformError as error:
            logger.warning(
                "job not submitted, left to the sweep",
                extra={"job_id": job.job_id, "attempt": job.attempt, "detail": error.detail},
            )

    def cancel(self, job: Job) -> None:
        """Stop what Batch has of the job, wherever it is.

        TerminateJob alone: it cancels what has not started, too, while CancelJob does
        nothing to a job that began to start a moment ago.
        """
        try:
            for ref in [job.runner_ref] if job.runner_ref else self._live_refs(job):
                self.stop(ref, "Cancelled by its owner")
        except PlatformError as error:
            # The trainer looks at its job with every heartbeat, and before it begins.
            logger.warning(
                "cancellation left to the trainer",
                extra={"job_id": job.job_id, "detail": error.detail},
            )

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None:
        """Submit the reading of a data set.

        On demand, since somebody waits for it: minutes of a spare machine that may be taken
        back would save a fraction of a cent.
        """
        self._submit_job(
            name=reading_job_name(dataset.dataset_id, dataset.version),
            queue=self._on_demand_queue,
            share=dataset.owner_id,
            size=task_size(dataset.file_size),
            limit_s=READ_LIMIT_S,
            command=READ_COMMAND,
            environment={
                "DATASET_ID": dataset.dataset_id,
                "AUTOML_READ_OPTIONS": options.model_dump_json(exclude_none=True),
            },
        )

    def is_reading(self, dataset: Dataset) -> bool:
        """Ask Batch for the reading of this version of the data set."""
        name = reading_job_name(dataset.dataset_id, dataset.version)
        found = self._listed(self._on_demand_queue, name)
        return any(report.state not in ENDED for report in found)

    def ping(self) -> None:
        """Raise ``PlatformError`` unless both queues take jobs."""
        wanted = [self._queue, self._on_demand_queue]
        with self._errors():
            answer = self._client.describe_job_queues(jobQueues=wanted)
        found = {
            key: queue
            for queue in answer.get("jobQueues", [])
            for key in (queue.get("jobQueueName"), queue.get("jobQueueArn"))
        }
        for name in wanted:
            queue = found.get(name)
            if queue is None:
                raise PlatformError("A job queue of AWS Batch that the settings name is not there.")
            state, status = queue.get("state"), queue.get("status")
            if (state, status) != ("ENABLED", "VALID"):
                raise PlatformError(
                    f"A job queue of AWS Batch is {state} and {status}; it runs no jobs until it is"
                    " ENABLED and VALID."
                )

    # -- For the watch --------------------------------------------------------------

    def place(self, job: Job) -> None:
        """Submit a pending job unless Batch has it already: then note under which name.

        Raises
        ------
        PlatformError
            If Batch does not take it.
        """
        refs = self._live_refs(job)
        if refs:
            self._note(job, refs[0])
        else:
            self._submit(job)

    def look_up(self, refs: Sequence[str]) -> dict[str, Report]:
        """Ask Batch for jobs by reference; it forgets those that ended a week ago."""
        ids = [found for found in map(batch_job_id, refs) if found is not None]
        reports: dict[str, Report] = {}
        for start in range(0, len(ids), MAX_DESCRIBED):
            with self._errors():
                answer = self._client.describe_jobs(jobs=ids[start : start + MAX_DESCRIBED])
            found = (report_of(detail) for detail in answer.get("jobs", []))
            reports |= {report.ref: report for report in found if report is not None}
        return reports

    def stop(self, ref: str, reason: str) -> None:
        """Stop a Batch job; one that has ended, or is none of Batch's, stays as it is."""
        found = batch_job_id(ref)
        if found is not None:
            with self._errors():
                self._client.terminate_job(jobId=found, reason=reason)

    # -- Parts ----------------------------------------------------------------------

    @cached_property
    def _client(self) -> Any:
        return self._connect()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Have everything that AWS says against a call mean that it runs no jobs now."""
        from botocore.exceptions import ClientError

        try:
            with self._platform_errors():
                yield
        except ClientError as error:
            told = error.response.get("Error", {})
            raise PlatformError(
                f"AWS Batch refused {error.operation_name} ({told.get('Code', 'Unknown')}); check"
                " the queues and the job definition that the settings name.",
                aws_message=told.get("Message"),
            ) from error

    def _submit(self, job: Job) -> None:
        ref = self._submit_job(
            name=attempt_job_name(job.job_id, job.attempt),
            queue=self._queue_of(job),
            share=job.owner_id,
            size=self._size(job),
            limit_s=attempt_limit_s(job.time_budget_s),
            command=None,
            environment={
                "JOB_ID": job.job_id,
                "DATASET_ID": job.dataset_id,
                "TARGET_COLUMN": job.target_column,
                "TIME_BUDGET": str(job.time_budget_s),
                "AUTOML_ATTEMPT": str(job.attempt),
            },
        )
        self._note(job, ref)

    def _queue_of(self, job: Job) -> str:
        return self._on_demand_queue if job.capacity == "on_demand" else self._queue

    def _size(self, job: Job) -> TaskSize:
        try:
            dataset = self._metadata.get_dataset(job.dataset_id)
        except NotFoundError:
            # Deleted by force: the trainer says so on the job.
            return task_size(None)
        cells = (dataset.row_count or 0) * (dataset.column_count or 0)
        return task_size(dataset.file_size, n_cells=cells or None)

    def _submit_job(
        self,
        *,
        name: str,
        queue: str,
        share: str,
        size: TaskSize,
        limit_s: int,
        command: Sequence[str] | None,
        environment: Mapping[str, str],
    ) -> str:
        variables = {**self._environment, **environment}
        overrides: dict[str, Any] = {
            "environment": [{"name": key, "value": value} for key, value in variables.items()],
            "resourceRequirements": [
                {"type": "VCPU", "value": f"{size.vcpu:g}"},
                {"type": "MEMORY", "value": str(round(size.memory_gb * 1024))},
            ],
        }
        if command is not None:
            overrides["command"] = list(command)
        with self._errors():
            answer = self._client.submit_job(
                jobName=name,
                jobQueue=queue,
                jobDefinition=self._job_definition,
                shareIdentifier=_share(share),
                containerOverrides=overrides,
                timeout={"attemptDurationSeconds": limit_s},
            )
        found = str(answer["jobId"])
        logger.info("submitted to Batch", extra={"batch_job": found, "name_in_batch": name})
        return ref_of(found)

    def _note(self, job: Job, ref: str) -> None:
        """Write the reference on the job; stop what is not, or no longer, this attempt's."""

        def change(present: Job) -> Job | None:
            if present.runner_ref is not None or present.status not in ("pending", "running"):
                return None
            return present.model_copy(update={"runner_ref": ref})

        try:
            noted = change_job(self._metadata, job.job_id, change, attempt=job.attempt)
            present = noted or self._metadata.get_job(job.job_id)
        except NotFoundError:
            present = None
        # The trainer may have been faster and have written the very same reference.
        if present is None or (present.attempt, present.runner_ref) != (job.attempt, ref):
            self.stop(ref, "Given up, or submitted twice")

    def _live_refs(self, job: Job) -> list[str]:
        """References of what Batch has for the job's present attempt, oldest first."""
        since = pending_since(job) - CLOCK_SKEW
        name = attempt_job_name(job.job_id, job.attempt)
        live = [
            report
            for report in self._listed(self._queue_of(job), name)
            if report.state not in ENDED
            and report.submitted_at is not None
            and report.submitted_at >= since
        ]
        live.sort(key=lambda report: (report.submitted_at or since, report.ref))
        return [report.ref for report in live]

    def _listed(self, queue: str, name: str) -> list[Report]:
        """Ask a queue for the jobs of one name, whatever their state."""
        found: list[Report] = []
        more: dict[str, str] = {}
        while True:
            with self._errors():
                page = self._client.list_jobs(
                    jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}], **more
                )
            reports = (report_of(summary) for summary in page.get("jobSummaryList", []))
            found += [report for report in reports if report is not None]
            if not page.get("nextToken"):
                return found
            more = {"nextToken": page["nextToken"]}


def _share(owner_id: str) -> str:
    """Share of the queue: one an owner, in the letters and digits that Batch allows."""
    return re.sub(r"[^A-Za-z0-9]", "", owner_id)[:255] or "nobody"
