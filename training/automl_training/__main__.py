"""Container entry point: ``python -m automl_training`` runs one attempt of one job.

The environment names the job (``JOB_ID``, ``DATASET_ID``, ``TARGET_COLUMN``,
``TIME_BUDGET``); everything else comes from the job's record and the settings. A job that
nobody has recorded yet, and that no runner started, is recorded here with default options.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

from automl_core.errors import (
    AutoMLError,
    ConfigurationError,
    PlatformError,
    TrainingError,
    exit_code,
)
from automl_core.layout import BUNDLE_MANIFEST, LEADERBOARD, MANIFEST, METRICS
from automl_core.lifecycle import change_job, move
from automl_core.logs import configure_logs
from automl_core.records import Dataset, ErrorNote, Job
from automl_core.settings import Settings, load_settings
from automl_core.wiring import Stores, kept_tables, open_stores
from automl_training.order import Order, check_ready, take_job, with_budget
from automl_training.pipeline import run_pipeline, write_manifest
from automl_training.reporting import EXIT_INTERRUPTED, JobLog, StoreReporter
from automl_training.stage import JobStopped, Stage, StageContext, WaitingForAnswer, read_json
from automl_training.stages import STAGES
from automl_training.stages.deep import with_deep_report
from automl_training.threads import available_threads
from automl_training.workspace import StoreWorkspace, sha256_of

_LOG = logging.getLogger(__name__)


def main(stages: Sequence[Stage] = STAGES) -> int:
    """Run the attempt that the environment names; return the process's exit code."""
    started = time.monotonic()
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        order = Order.from_environment(os.environ)
        with closing(open_stores(settings)) as stores:
            return run_attempt(order, settings, stores, stages, started=started)
    except AutoMLError as error:
        _LOG.error("%s: %s", error.title, error.detail, extra={"code": error.code})
        return exit_code(error)


@dataclass(frozen=True)
class Ending:
    """How an attempt ended: what to write on the running job, and the process's exit code."""

    exit_code: int
    change: Callable[[Job], Job] | None = None
    """None: the job is left as it is."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a job that is running, and all that it works with."""

    order: Order
    job: Job
    settings: Settings
    stores: Stores
    stages: Sequence[Stage]
    workspace: StoreWorkspace
    reporter: StoreReporter
    started: float


def run_attempt(
    order: Order,
    settings: Settings,
    stores: Stores,
    stages: Sequence[Stage] = STAGES,
    *,
    started: float,
) -> int:
    """Take the job, train, and write how it ended.

    Parameters
    ----------
    order : Order
        Which job.
    settings, stores
        The platform.
    stages : sequence of Stage
        All stages of a job.
    started : float
        ``time.monotonic()`` at the process's start; the time budget's rule counts from there.

    Returns
    -------
    int
        0: completed, waiting, cancelled, or nothing to do; 75: interrupted or the platform
        is in trouble, worth another try; else the code of the error on the job.
    """
    job = take_job(order, stores.metadata, _now)
    if job is None:
        _LOG.info("nothing to do for this attempt", extra=order.names())
        return 0
    stages = with_deep_report(stages, job.config, python=settings.deep_report_python)
    with tempfile.TemporaryDirectory(prefix="automl-job-") as folder:
        workspace = StoreWorkspace(Path(folder), stores.objects, job.job_id)
        with _job_log(workspace, stores, job) as log:
            _LOG.info("attempt %s begins", job.attempt, extra=order.names())
            reporter = StoreReporter(
                stores.metadata,
                job.job_id,
                job.attempt,
                _now,
                heartbeat_s=settings.heartbeat_s,
                log=log,
                interrupt=lambda: os.kill(os.getpid(), signal.SIGTERM),
            )
            ending = _end_of(
                Attempt(order, job, settings, stores, stages, workspace, reporter, started)
            )
            if ending.change is not None:
                _write_ending(job, stores, ending.change)
            return ending.exit_code


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _job_log(workspace: StoreWorkspace, stores: Stores, job: Job) -> Iterator[JobLog]:
    """Have every line of the log kept with the job, too."""
    log = JobLog(workspace, stores.objects, job.job_id)
    root = logging.getLogger()
    root.addHandler(log)
    try:
        yield log
    finally:
        root.removeHandler(log)
        log.close()


@contextmanager
def _signals_stop(reporter: StoreReporter) -> Iterator[None]:
    """Have SIGTERM and SIGINT unwind the main thread with :class:`JobStopped`, once."""
    is_raised = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal is_raised
        reporter.stop("interrupted")
        # A second signal must not break the clearing up that the first one began.
        if not is_raised:
            is_raised = True
            raise JobStopped(reporter.stop_reason)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_of(attempt: Attempt) -> Ending:
    """Train, and turn every way this can end into what to write and an exit code."""
    reporter, job_id = attempt.reporter, attempt.job.job_id
    try:
        with _signals_stop(reporter):
            try:
                reporter.start()
                return _train(attempt)
            finally:
                # Before anything ends the job: a heartbeat that finds it ended would
                # interrupt the very attempt that ended it.
                reporter.close()
    except JobStopped:
        return _stopped(attempt)
    except Exception as error:  # noqa: BLE001 - whatever it was, the job must say how it ended
        if reporter.stop_reason is not None:
            # The signal arrived inside a library that made an error of its own of it.
            _LOG.info("an error while stopping", exc_info=error, extra={"job_id": job_id})
            return _stopped(attempt)
        return _went_wrong(error, job_id)


def _stopped(attempt: Attempt) -> Ending:
    reason = attempt.reporter.stop_reason
    _LOG.warning("stopped: %s", reason, extra={"job_id": attempt.job.job_id})
    if reason == "cancelled":
        return _cancelled()
    return _interrupted(attempt) if reason == "interrupted" else Ending(0)


def _went_wrong(error: Exception, job_id: str) -> Ending:
    if isinstance(error, PlatformError):
        # The job is left as it is: the runner starts it again, up to its limit of attempts.
        _LOG.error("the platform is in trouble", exc_info=error, extra={"code": error.code})
        return Ending(exit_code(error))
    if isinstance(error, AutoMLError):
        _LOG.warning("%s", error.detail, extra={"code": error.code})
        return _failed(error)
    _LOG.error("unexpected error", exc_info=error, extra={"job_id": job_id})
    return _failed(name_failure(error))


def name_failure(unexpected: Exception) -> AutoMLError:
    """Find words for an error that nobody foresaw; its own text stays in the log.

    >>> name_failure(MemoryError()).detail
    'The training needs more memory than this machine has; use fewer rows or columns, or a \
larger machine.'
    """
    if isinstance(unexpected, MemoryError):
        return TrainingError(
            "The training needs more memory than this machine has; use fewer rows or columns, "
            "or a larger machine."
        )
    if isinstance(unexpected, OSError) and unexpected.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
    ):
        return TrainingError(
            "The trainer's temporary folder is full or cannot be written; give it more disk "
            "space and start the job again."
        )
    return TrainingError(
        "An error that nobody foresaw ended the training; the job's log names it. Start the "
        "job again, and report the log if it happens again."
    )


def _train(attempt: Attempt) -> Ending:
    job, stores, workspace = attempt.job, attempt.stores, attempt.workspace
    dataset = stores.metadata.get_dataset(job.dataset_id)
    _check_order(attempt.order, job, dataset)
    if not workspace.has(MANIFEST):
        context = StageContext(
            job_id=job.job_id,
            target_column=job.target_column,
            config=with_budget(job.config, attempt.order),
            upload=None,
            upload_name=dataset.filename,
            workspace=workspace,
            reporter=attempt.reporter,
            now=_now,
            monotonic=time.monotonic,
            fetch_kept=partial(kept_tables(stores).fetch, dataset),
            n_threads=available_threads(),
            started=attempt.started,
        )
        try:
            run_pipeline(context, attempt.stages)
        except WaitingForAnswer:
            return _waiting()
        write_manifest(context, attempt.stages, workspace, attempt=job.attempt)
    attempt.reporter.finish()
    return _completed(workspace)


def _check_order(order: Order, job: Job, dataset: Dataset) -> None:
    asked = (order.dataset_id, order.target_column)
    recorded = (job.dataset_id, job.target_column)
    if asked != recorded:
        raise ConfigurationError(
            f"DATASET_ID and TARGET_COLUMN are {asked}, but job {job.job_id} is recorded with "
            f"{recorded}; start the trainer with the job's own values."
        )
    check_ready(dataset)


# -- How an attempt ends --------------------------------------------------------------


def _waiting() -> Ending:
    note = "The plan waits for an answer."
    return Ending(0, lambda job: move(job, "waiting", at=_now(), stage="clarify", note=note))


def _cancelled() -> Ending:
    return Ending(0, lambda job: move(job, "cancelled", at=_now()))


def _interrupted(attempt: Attempt) -> Ending:
    """Tell a machine that is taken back from a job that is to stop: both send SIGTERM."""
    job = attempt.job
    try:
        present = attempt.stores.metadata.get_job(job.job_id)
    except PlatformError:
        # Whoever hears of this process's end knows of the cancellation as well.
        _LOG.exception("the platform is in trouble", extra={"job_id": job.job_id})
        return Ending(EXIT_INTERRUPTED)
    is_unwanted = present.attempt == job.attempt and present.cancel_requested
    return _cancelled() if is_unwanted else Ending(EXIT_INTERRUPTED)


def _completed(workspace: StoreWorkspace) -> Ending:
    metrics = read_json(workspace, METRICS)
    chosen = read_json(workspace, LEADERBOARD)["chosen"]
    bundle_sha256 = sha256_of(workspace.path(BUNDLE_MANIFEST))

    def finish(job: Job) -> Job:
        if job.cancel_requested:
            return move(job, "cancelled", at=_now())
        return move(
            job,
            "completed",
            at=_now(),
            stage="done",
            score=metrics["scores"][metrics["metric"]]["value"],
            metric=metrics["metric"],
            task=metrics["task"],
            model_family=chosen["family"],
            bundle_sha256=bundle_sha256,
        )

    return Ending(0, finish)


def _failed(error: AutoMLError) -> Ending:
    def fail(job: Job) -> Job:
        note = ErrorNote(code=error.code, title=error.title, detail=error.detail, stage=job.stage)
        return move(job, "failed", at=_now(), error=note, note=error.title)

    return Ending(exit_code(error), fail)


def _write_ending(job: Job, stores: Stores, change: Callable[[Job], Job]) -> None:
    """One conditional write: a job that is over, or another attempt's, stays untouched."""
    changed = change_job(
        stores.metadata,
        job.job_id,
        lambda job: change(job) if job.status == "running" else None,
        attempt=job.attempt,
    )
    if changed is None:
        _LOG.warning("the job is no longer this attempt's", extra={"job_id": job.job_id})


if __name__ == "__main__":
    sys.exit(main())
