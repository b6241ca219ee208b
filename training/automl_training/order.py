"""What a trainer is told by its environment, and the job that it takes on because of it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from automl_core.errors import (
    ConfigurationError,
    ConflictError,
    DatasetNotReadyError,
    NotFoundError,
)
from automl_core.lifecycle import change_job, move
from automl_core.ports import MetadataStore
from automl_core.records import Dataset, Job, TrainConfig

#: Names of jobs that may be recorded by hand: they become parts of keys.
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Order:
    """What the environment asks for."""

    job_id: str
    dataset_id: str
    target_column: str
    time_budget_s: int
    attempt: int | None
    """None: nobody who recorded the job started this trainer."""
    batch_job_id: str | None = None
    """What AWS Batch calls this container, if it runs it."""
    batch_try: str | None = None
    """Which of Batch's own tries at it this is."""

    @property
    def runner_ref(self) -> str | None:
        """The reference that the job keeps of this container; None if its runner writes it.

        That of a trainer started by hand is no process of a platform's, so that a platform
        on the same database leaves it alone until it falls silent.
        """
        if self.batch_job_id is not None:
            return f"batch:{self.batch_job_id}"
        return f"container:{socket.gethostname()}" if self.attempt is None else None

    def names(self) -> dict[str, str | None]:
        """What finds this container again: in our log, and in Batch's."""
        return {
            "job_id": self.job_id,
            "batch_job_id": self.batch_job_id,
            "batch_try": self.batch_try,
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Order:
        """Read the container's variables.

        Raises
        ------
        ConfigurationError
            Naming every variable that is missing, or the number that is none.
        """
        names = ("JOB_ID", "DATASET_ID", "TARGET_COLUMN", "TIME_BUDGET")
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise ConfigurationError(f"Set {', '.join(missing)}: the trainer needs them.")
        return cls(
            job_id=environment["JOB_ID"],
            dataset_id=environment["DATASET_ID"],
            target_column=environment["TARGET_COLUMN"],
            time_budget_s=_whole_number("TIME_BUDGET", environment["TIME_BUDGET"]),
            attempt=_whole_number("AUTOML_ATTEMPT", environment["AUTOML_ATTEMPT"])
            if environment.get("AUTOML_ATTEMPT")
            else None,
            batch_job_id=environment.get("AWS_BATCH_JOB_ID") or None,
            batch_try=environment.get("AWS_BATCH_JOB_ATTEMPT") or None,
        )


def _whole_number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(f"{name} must be a whole number, not {text!r}.") from None


def take_job(order: Order, metadata: MetadataStore, now: Callable[[], datetime]) -> Job | None:
    """Have the job running under this attempt; None if there is nothing to do.

    A job that is running at this attempt already is gone on with: its runner started the
    attempt again. One that names another container of Batch is not: this one was submitted
    twice.
    """
    job = _recorded_job(order, metadata, now)
    attempt = job.attempt if order.attempt is None else order.attempt

    def is_ours(present: Job) -> bool:
        """One container of Batch is to run an attempt; by hand, whoever goes on with it may."""
        refs = (None, order.runner_ref)
        return order.batch_job_id is None or present.runner_ref in refs

    def take(present: Job) -> Job | None:
        if not is_ours(present):
            return None
        ref = present.runner_ref or order.runner_ref
        if present.status == "pending":
            return move(present, "running", at=now(), runner_ref=ref)
        if present.status == "running" and present.runner_ref != ref:
            return present.model_copy(update={"runner_ref": ref})
        return None

    taken = change_job(metadata, job.job_id, take, attempt=attempt)
    job = taken or metadata.get_job(job.job_id)
    return job if job.status == "running" and job.attempt == attempt and is_ours(job) else None


def _recorded_job(order: Order, metadata: MetadataStore, now: Callable[[], datetime]) -> Job:
    """Read the job, or record it if this trainer was started by hand.

    Raises
    ------
    NotFoundError
        If there is no such job, and a runner started this trainer: then it was deleted; or
        no such data set.
    ConfigurationError
        If no job can be called so.
    """
    try:
        return metadata.get_job(order.job_id)
    except NotFoundError:
        if order.attempt is not None or order.batch_job_id is not None:
            raise
    if _JOB_ID.fullmatch(order.job_id) is None:
        raise ConfigurationError(
            f"JOB_ID {order.job_id!r} names no job, and none can be recorded under it: use up to"
            " 64 letters, digits, '-' and '_'."
        )
    dataset = metadata.get_dataset(order.dataset_id)
    check_ready(dataset)
    at = now()
    new = Job(
        job_id=order.job_id,
        owner_id=dataset.owner_id,
        project_id=dataset.project_id,
        created_at=at,
        updated_at=at,
        dataset_id=dataset.dataset_id,
        dataset_name=dataset.filename,
        target_column=order.target_column,
        config=with_budget(TrainConfig(), order),
        time_budget_s=order.time_budget_s,
    )
    # Running from the start: a platform on the same database must not start it once more.
    running = move(new, "running", at=at, note="started by hand", runner_ref=order.runner_ref)
    try:
        metadata.add_job(running)
    except ConflictError:
        # Somebody recorded it a moment ago: then it is theirs, and this trainer helps out.
        return metadata.get_job(order.job_id)
    return running


def check_ready(dataset: Dataset) -> None:
    """Refuse a data set that was not confirmed.

    Raises
    ------
    DatasetNotReadyError
        Naming its status.
    """
    if dataset.status != "ready":
        raise DatasetNotReadyError(
            f"Data set {dataset.filename!r} is {dataset.status}; confirm its upload first.",
            dataset_id=dataset.dataset_id,
        )


def with_budget(config: TrainConfig, order: Order) -> TrainConfig:
    """Return a job's options with the time budget that the environment names.

    Raises
    ------
    ConfigurationError
        If the budget is not allowed.
    """
    try:
        return TrainConfig.model_validate(
            config.model_dump() | {"time_budget": order.time_budget_s}
        )
    except ValueError:
        raise ConfigurationError(
            f"TIME_BUDGET must be between 60 and 3600 seconds, not {order.time_budget_s}."
        ) from None
