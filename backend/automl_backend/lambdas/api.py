"""Function ``api``: the whole HTTP API but for predictions, behind an API Gateway HTTP API.

Everything that every request needs is done here, at import: Lambda gives a starting function
its full speed, whatever its memory. That is the application, and the SDK's modules. What only
some requests need waits for them: clients of S3 and Batch, the reading of tables, pages.

Operation: log lines are JSON, each with the request's identifier as ``correlation_id``; it is
the HTTP API's own, so that its access log, ours and the problem document name the same one.
An unexpected exception is answered with our problem document of status 500 and logged with its
stack. Lambda counts no error then, since the function has answered: alarms watch the HTTP
API's 5xx answers and the metric ``UnexpectedErrors``.
"""

from __future__ import annotations

# First of all, as it says.
from automl_backend.lambdas.starting import started  # isort: split

import dataclasses
import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

# Imported for its cost: the first request must not load the SDK.
import botocore.session  # noqa: F401
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from starlette.types import Scope

from automl_backend.app import create_app
from automl_backend.lambdas.answer_size import fitted
from automl_backend.problem_documents import MEDIA_TYPE
from automl_backend.services.platform import Limits
from automl_backend.wiring import build_platform
from automl_core.errors import ConfigurationError
from automl_core.settings import STORE_FIELDS, load_settings, variable

SERVICE: Final = "api"
SAMPLED: Final = "Sampled=1"
NAMESPACE: Final = "AutoMLLite"
UNEXPECTED_ERRORS: Final = "UnexpectedErrors"

#: Lambda takes events of 6 MB at most, in which a form is base64 (four characters for three
#: bytes) and JSON text has its quotes escaped. What is larger never gets here: the HTTP API
#: refuses it with a 413 of its own.
MAX_BODY_BYTES: Final = 4 * 1024**2

_settings = load_settings()
if _settings.home != "aws":
    raise ConfigurationError(
        f"Set {', '.join(variable(name) for name in STORE_FIELDS)} from the outputs of Terraform:"
        " this function serves the AWS home only."
    )

logger = Logger(service=SERVICE, level=_settings.log_level.upper())
# One line each, in the same form, whoever logs; of libraries only what needs attention.
logging.getLogger().handlers[:] = [logger.registered_handler]
logging.getLogger().setLevel(logging.WARNING)
logging.getLogger(SERVICE).propagate = False
logging.getLogger("automl").setLevel(_settings.log_level.upper())

#: Without dimensions, each of which would be one more metric to pay for.
metrics = Metrics(namespace=NAMESPACE, service="")


def _count_unexpected() -> None:
    metrics.add_metric(name=UNEXPECTED_ERRORS, unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()


def _request_id(scope: Scope) -> str:
    return str(scope["aws.event"]["requestContext"]["requestId"])


def _fitting(limits: Limits) -> Limits:
    return dataclasses.replace(
        limits,
        max_body_bytes=min(limits.max_body_bytes, MAX_BODY_BYTES),
        max_form_bytes=MAX_BODY_BYTES,
    )


_platform = build_platform(_settings)
_adapter = Mangum(
    create_app(
        dataclasses.replace(_platform, limits=_fitting(_platform.limits)),
        request_id=_request_id,
        on_unexpected=_count_unexpected,
    ),
    # There is nothing to start or stop: jobs run elsewhere, and Lambda just ends a process.
    lifespan="off",
    text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE],
)


Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of an HTTP API (payload format 2.0)."""
    # X-Ray takes few requests, and its SDK is not small: whoever starts for one that is not
    # taken does without. The variable is of the present event.
    is_traced = SAMPLED in os.environ.get("_X_AMZN_TRACE_ID", "")
    return (_traced() if is_traced else _answer)(event, context)


@cache
def _traced() -> Handler:
    # Of the libraries, only the calls of AWS are worth a line in a trace. The answer stays out
    # of it: it holds somebody's data.
    tracer = Tracer(service=SERVICE, patch_modules=("botocore",))
    traced: Handler = tracer.capture_lambda_handler(_answer, capture_response=False)
    return traced


@logger.inject_lambda_context(clear_state=True)
def _answer(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.set_correlation_id(_gateway_id(event))
    return fitted(_adapter(event, context), event)  # type: ignore[arg-type]  # its own protocols


def _gateway_id(event: Mapping[str, Any]) -> str | None:
    context = event.get("requestContext")
    found = context.get("requestId") if isinstance(context, Mapping) else None
    return None if found is None else str(found)


started()
