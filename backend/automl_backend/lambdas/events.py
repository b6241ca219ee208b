"""Function ``events``: keeps jobs true to what became of their trainers.

EventBridge hands it every state change of AWS Batch in the platform's queues, and a
schedule wakes it to look for what no event told. What fails is raised: Lambda tries again,
and what fails three times is kept on the queue of failures, which has an alarm.

Both may come late, twice, or in another order than things happened; the rules that make
this harmless are in :mod:`automl_backend.services.job_truth`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from automl_backend.runners.batch_reports import report_of
from automl_backend.services.job_watch import JobWatch
from automl_core.errors import InvalidInputError

SERVICE: Final = "events"
NAMESPACE: Final = "AutoMLLite"

BATCH_EVENT: Final = ("aws.batch", "Batch Job State Change")
SWEEP_EVENT: Final = ("automl.schedule", "sweep")

logger = Logger(service=SERVICE)
#: No service, which would become a dimension: the alarms watch one number for the platform,
#: and each further dimension is a metric to pay for.
metrics = Metrics(namespace=NAMESPACE, service="")
tracer = Tracer(service=SERVICE, patch_modules=("botocore",))


@cache
def the_watch() -> JobWatch:
    """The platform's watch, made with the first event and kept while the process lives."""
    from automl_backend.wiring_batch import build_watch
    from automl_core.settings import load_settings

    settings = load_settings()
    logger.setLevel(settings.log_level.upper())
    # Every line once and in the same form, whoever logs.
    root = logging.getLogger()
    root.handlers[:] = [logger.registered_handler]
    root.setLevel(settings.log_level.upper())
    logging.getLogger(SERVICE).propagate = False
    # The SDK tells of every client where its credentials come from.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    return build_watch(settings)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take note of one event.

    Raises
    ------
    InvalidInputError
        If it is none of ours: the rule or the schedule is wrong.
    ExceptionGroup
        Of a sweep that could not look after every job.
    """
    kind = (event.get("source"), event.get("detail-type"))
    if kind == BATCH_EVENT:
        return _heard(the_watch(), event.get("detail"))
    if kind == SWEEP_EVENT:
        return _swept(the_watch())
    raise InvalidInputError(
        f"An event of source {kind[0]!r} and detail-type {kind[1]!r} is none that this function"
        " takes; correct the rule or schedule that sent it."
    )


def _count(**numbers: int) -> None:
    """Write metrics, of a log line's form that CloudWatch makes numbers of."""
    for name, value in numbers.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()


def _heard(watch: JobWatch, detail: object) -> dict[str, Any]:
    report = report_of(detail) if isinstance(detail, Mapping) else None
    if report is None:
        logger.info("not a job of the platform")
        return {"is_ours": False}
    logger.info(
        "heard",
        extra={
            "subject": str(report.subject),
            "ref": report.ref,
            "state": report.state,
            "cause": report.cause,
            "exit_code": report.exit_code,
        },
    )
    is_lost = watch.hear(report)
    if is_lost:
        _count(LostJobs=1)
    return {"is_ours": True, "is_lost": is_lost}


def _swept(watch: JobWatch) -> dict[str, Any]:
    swept = watch.sweep()
    told = {"n_jobs": swept.n_jobs, "n_stuck": swept.n_stuck, "n_lost": swept.n_lost}
    logger.info("swept", extra=told)
    # Told each time, also as zero: an alarm ends only when it is told that all is well.
    _count(StuckJobs=swept.n_stuck, LostJobs=swept.n_lost)
    if swept.problems:
        raise ExceptionGroup("Some jobs could not be looked after.", swept.problems)
    return told
