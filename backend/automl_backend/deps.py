"""What routes take as arguments: the platform's use cases, the caller, headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, Header, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from automl_backend.admission import unknown_parameter
from automl_backend.services.access import Caller
from automl_backend.services.comparisons import ComparisonService
from automl_backend.services.datasets import DatasetService
from automl_backend.services.deployments import DeploymentService
from automl_backend.services.health import HealthService
from automl_backend.services.idempotency import Idempotency
from automl_backend.services.jobs import JobService
from automl_backend.services.planning import PlanningService
from automl_backend.services.platform import Platform
from automl_backend.services.predictions import PredictionService
from automl_backend.services.profiles import ProfileService
from automl_backend.services.results import ResultService
from automl_backend.services.uploads import UploadService
from automl_core.errors import InvalidInputError, PreconditionFailedError

#: For the OpenAPI document only: the gate has checked the token before any route runs.
bearer = HTTPBearer(auto_error=False, description="An API token; not needed on a loopback address.")

#: Of records that change: kept by the browser, asked about every time.
REVALIDATE = "private, max-age=0, must-revalidate"
#: Of results that never change.
IMMUTABLE = "private, max-age=31536000, immutable"


def platform(request: Request) -> Platform:
    """The platform that this application was made for."""
    return cast("Platform", request.app.state.platform)


def caller(request: Request) -> Caller:
    """On whose behalf this request is answered, as the gate settled it."""
    return cast("Caller", request.state.caller)


ThePlatform = Annotated[Platform, Depends(platform)]
TheCaller = Annotated[Caller, Depends(caller)]


def _health(found: ThePlatform) -> HealthService:
    return found.health


def _uploads(found: ThePlatform) -> UploadService:
    return found.uploads


def _datasets(found: ThePlatform) -> DatasetService:
    return found.datasets


def _profiles(found: ThePlatform) -> ProfileService:
    return found.profiles


def _planning(found: ThePlatform) -> PlanningService:
    return found.planning


def _idempotency(found: ThePlatform) -> Idempotency:
    return found.idempotency


def _jobs(found: ThePlatform) -> JobService:
    return found.jobs


def _results(found: ThePlatform) -> ResultService:
    return found.results


def _deployments(found: ThePlatform) -> DeploymentService:
    return found.deployments


def _predictions(found: ThePlatform) -> PredictionService:
    return found.predictions


def _comparisons(found: ThePlatform) -> ComparisonService:
    return found.comparisons


Health = Annotated[HealthService, Depends(_health)]
Uploads = Annotated[UploadService, Depends(_uploads)]
Datasets = Annotated[DatasetService, Depends(_datasets)]
Profiles = Annotated[ProfileService, Depends(_profiles)]
Planning = Annotated[PlanningService, Depends(_planning)]
IdempotentWrites = Annotated[Idempotency, Depends(_idempotency)]
Jobs = Annotated[JobService, Depends(_jobs)]
Results = Annotated[ResultService, Depends(_results)]
Deployments = Annotated[DeploymentService, Depends(_deployments)]
Predictions = Annotated[PredictionService, Depends(_predictions)]
Comparisons = Annotated[ComparisonService, Depends(_comparisons)]

PageLimit = Annotated[int, Query(ge=1, le=100, description="Records on a page.")]
NextToken = Annotated[
    str | None, Query(max_length=2000, description="The next_token of the page before.")
]
SearchText = Annotated[str | None, Query(min_length=1, max_length=200)]
IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key gives the same answer for a day; use a new one for a new wish.",
    ),
]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="Change only this version of the record.")
]


async def known_query_only(request: Request) -> None:
    """Refuse query parameters that the operation does not have.

    A misspelt ``dry_run`` would start a training instead of planning one.

    Raises
    ------
    InvalidInputError
        Naming the parameters that there are.
    """
    if not request.query_params:
        return
    # The route's own, not the document's: making the document takes a third of a second.
    known = request.scope["route"].query_names()
    for name in request.query_params:
        if name not in known:
            raise unknown_parameter(name, known)


def versioned(request: Request, body: BaseModel, version: int) -> Response:
    """Answer a record with its ETag, or 304 if the caller has this version already."""
    return tagged(request, body.model_dump_json, f'"v{version}"')


def tagged(request: Request, read: Callable[[], str | bytes], etag: str) -> Response:
    """Answer JSON with its ETag, or 304 if the caller has it already; then it is not read."""
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    # Weak comparison, as RFC 9110 asks for here: proxies may have weakened the tag.
    if "*" in known or etag in [each.removeprefix("W/") for each in known]:
        return Response(status_code=304, headers=headers)
    return Response(read(), media_type="application/json", headers=headers)


def expected_version(etag: str | None) -> int | None:
    """Read the version out of ``If-Match``; None if there is none, or it is ``*``.

    >>> expected_version('"v7"'), expected_version("*"), expected_version(None)
    (7, None, None)

    Raises
    ------
    PreconditionFailedError
        If it is no ETag of ours: then it matches nothing.
    InvalidInputError
        If it lists several ETags.
    """
    if etag is None or etag.strip() == "*":
        return None
    text = etag.strip()
    if "," in text:
        raise InvalidInputError("Send one ETag in If-Match.", pointer="/header/if-match")
    if text.startswith('"v') and text.endswith('"') and text[2:-1].isdigit():
        return int(text[2:-1])
    raise PreconditionFailedError(
        f"{text[:80]!r} is no version of this record; read it and send the ETag of the answer."
    )
