"""Keeps jobs true to what became of their trainers: by messages, and by looking after them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from automl_backend.services import job_truth
from automl_backend.services.job_truth import Finding, Patience
from automl_backend.services.runner_reports import AttemptName, Report
from automl_core.errors import NotFoundError, PlatformError
from automl_core.lifecycle import change_job
from automl_core.ports import MetadataStore
from automl_core.records import Job, JobProgress
from automl_core.tabular.confirm import release

logger = logging.getLogger("automl.watch")


class Trainers(Protocol):
    """What the watch asks of a runner far away."""

    def submit(self, job: Job) -> None:
        """Hand a pending job over; what fails for the moment is left to the sweep."""
        ...

    def place(self, job: Job) -> None:
        """Hand a pending job over unless the runner has it already.

        Raises
        ------
        PlatformError
            If the runner does not take it.
        """
        ...

    def look_up(self, refs: Sequence[str]) -> dict[str, Report]:
        """Ask for what the runner knows; references that it does not know are left out."""
        ...

    def stop(self, ref: str, reason: str) -> None:
        """Stop what runs, or waits, under a reference; nothing if it has ended."""
        ...


@dataclass
class Swept:
    """What a sweep found."""

    n_jobs: int = 0
    n_stuck: int = 0
    """Jobs that do not get on by themselves."""
    n_lost: int = 0
    """Attempts that came to nothing."""
    problems: list[Exception] = field(default_factory=list)
    """Of jobs that could not be looked after this time."""


@dataclass(frozen=True, eq=False, repr=False)
class JobWatch:
    """Applies the rules of :mod:`job_truth` to the stored jobs."""

    metadata: MetadataStore
    trainers: Trainers
    max_attempts: int
    patience: Patience
    now: Callable[[], datetime]

    # -- Messages -------------------------------------------------------------------

    def hear(self, report: Report) -> bool:
        """Take note of a report; tell whether an attempt came to nothing by it."""
        if isinstance(report.subject, AttemptName):
            return self._hear_of_attempt(report, report.subject)
        self._hear_of_reading(report)
        return False

    def _hear_of_attempt(self, report: Report, name: AttemptName) -> bool:
        def change(job: Job) -> Job | None:
            return job_truth.settle(job, report, now=self.now(), max_attempts=self.max_attempts)

        return self._changed(name.job_id, change, attempt=name.attempt)

    def _hear_of_reading(self, report: Report) -> None:
        if isinstance(report.subject, AttemptName):
            return
        try:
            dataset = self.metadata.get_dataset(report.subject.dataset_id)
        except NotFoundError:
            return
        failure = job_truth.reading_failure(dataset, report)
        if failure is not None:
            release(self.metadata, dataset, failure, at=self.now())
            logger.warning(
                "reading lost",
                extra={"dataset_id": dataset.dataset_id, "cause": report.cause, "ref": report.ref},
            )

    # -- The sweep ------------------------------------------------------------------

    def sweep(self) -> Swept:
        """Look after every job that is pending or running.

        Trouble with one job is kept and the others are looked after all the same.
        """
        swept = Swept()
        due: list[tuple[Job, JobProgress | None]] = []
        for job in self.metadata.jobs_with_status(["pending", "running"]):
            swept.n_jobs += 1
            with _apart(swept, job):
                if job_truth.needs_runner(job, now=self.now(), patience=self.patience):
                    self._place(job, swept)
                    continue
                progress = self.metadata.get_progress(job.job_id)
                if job_truth.is_due(job, progress, now=self.now(), patience=self.patience):
                    due.append((job, progress))
        reports = self.trainers.look_up([job.runner_ref for job, _ in due if job.runner_ref])
        for job, progress in due:
            with _apart(swept, job):
                self._look_after(job, progress, reports.get(job.runner_ref or ""), swept)
        return swept

    def _place(self, job: Job, swept: Swept) -> None:
        try:
            self.trainers.place(job)
        except PlatformError:
            swept.n_stuck += 1

            def give_up(present: Job) -> Job | None:
                return job_truth.refused(present, now=self.now(), patience=self.patience)

            swept.n_lost += self._changed(job.job_id, give_up, attempt=job.attempt)
            raise

    def _look_after(
        self, job: Job, progress: JobProgress | None, report: Report | None, swept: Swept
    ) -> None:
        finding = Finding()

        def change(present: Job) -> Job | None:
            nonlocal finding
            finding = Finding()
            # Asked about one runner's work, answered for that one only.
            if present.runner_ref == job.runner_ref:
                finding = job_truth.look(
                    present,
                    progress,
                    report,
                    now=self.now(),
                    max_attempts=self.max_attempts,
                    patience=self.patience,
                )
            return finding.changed

        # The job is at its end, or at another attempt, before the runner is told to stop: a
        # trainer that starts in between finds that it is not wanted.
        is_lost = self._changed(job.job_id, change, attempt=job.attempt)
        swept.n_lost += is_lost
        swept.n_stuck += finding.is_stuck
        if finding.stop and job.runner_ref is not None:
            self.trainers.stop(job.runner_ref, "No longer wanted by the platform")

    # -- Parts ----------------------------------------------------------------------

    def _changed(self, job_id: str, change: Callable[[Job], Job | None], *, attempt: int) -> bool:
        """Write what a rule says; hand a new attempt over. True: the attempt came to nothing."""
        try:
            job = change_job(self.metadata, job_id, change, attempt=attempt)
        except NotFoundError:
            # Deleted meanwhile: nobody waits for it.
            return False
        if job is None or job.status == "cancelled":
            return False
        logger.warning(
            "attempt lost",
            extra={
                "job_id": job_id,
                "attempt": attempt,
                "status": job.status,
                "code": job.error.code if job.error else None,
            },
        )
        if job.status == "pending":
            self.trainers.submit(job)
        return True


@contextmanager
def _apart(swept: Swept, job: Job) -> Iterator[None]:
    """Keep trouble with one job from hiding the others; it is raised when all are done."""
    try:
        yield
    except Exception as error:
        # Whatever it is, the other jobs need their look; the caller of the sweep raises it.
        logger.exception("job not looked after", extra={"job_id": job.job_id})
        error.add_note(f"While looking after job {job.job_id}.")
        swept.problems.append(error)
