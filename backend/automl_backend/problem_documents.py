"""Problem documents (RFC 9457) without a web framework: what every entry point answers alike."""

from __future__ import annotations

import json
from typing import NamedTuple

from automl_core import errors

MEDIA_TYPE = "application/problem+json"

#: The first matching class decides.
STATUSES: tuple[tuple[type[errors.AutoMLError], int], ...] = (
    (errors.BodyUnreadableError, 400),
    (errors.CursorInvalidError, 400),
    (errors.UnauthorizedError, 401),
    (errors.PreconditionFailedError, 412),
    (errors.TooManyJobsError, 429),
    (errors.LimitExceededError, 413),
    (errors.InvalidInputError, 422),
    (errors.NotFoundError, 404),
    (errors.ConflictError, 409),
    (errors.TrainingError, 500),
    (errors.PlatformError, 503),
    (errors.ConfigurationError, 500),
    (errors.AutoMLError, 500),
)

#: Seconds after which a client may try again.
RETRY_AFTER_S = {429: 30, 503: 5}

UNEXPECTED_CODE = "unexpected"
UNEXPECTED_TITLE = "Something went wrong on our side"

#: Headers of every answer that does not bring its own.
FRAME_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


# Named tuples here and wherever the prediction function comes along: it starts 15 ms sooner
# than with as many dataclasses, whose methods are written and compiled at import.
class ProblemKind(NamedTuple):
    """A kind of problem, as its page describes it."""

    code: str
    title: str
    status: int
    meaning: str


class ProblemAnswer(NamedTuple):
    """A problem document, ready to be sent."""

    status: int
    headers: dict[str, str]
    body: str


def status_of(error: type[errors.AutoMLError]) -> int:
    """Tell the HTTP status of an error class.

    >>> status_of(errors.TargetUnusableError), status_of(errors.TooManyJobsError)
    (422, 429)
    """
    return next(status for base, status in STATUSES if issubclass(error, base))


def kind_of(error: type[errors.AutoMLError]) -> ProblemKind:
    """Describe an error class."""
    return ProblemKind(
        code=error.code,
        title=error.title,
        status=status_of(error),
        meaning=" ".join((error.__doc__ or "").split()),
    )


HTTP_KINDS = {
    400: kind_of(errors.BodyUnreadableError),
    404: kind_of(errors.NotFoundError),
    413: kind_of(errors.BodyTooLargeError),
    405: ProblemKind(
        code="method-not-allowed",
        title="This method is not offered here",
        status=405,
        meaning="The address exists, but not for this method; the Allow header names those it has.",
    ),
    431: ProblemKind(
        code="head-too-large",
        title="The request's head is too large",
        status=431,
        meaning="Names and values of the header fields together pass the platform's limit.",
    ),
}


def of_error(error: errors.AutoMLError, *, path: str, request_id: str) -> ProblemAnswer:
    """Answer one of our own errors."""
    return document(
        status=status_of(type(error)),
        code=error.code,
        title=error.title,
        detail=error.detail,
        parts=error.parts,
        path=path,
        request_id=request_id,
    )


def of_http(
    status: int, *, method: str, path: str, request_id: str, allowed: str = ""
) -> ProblemAnswer:
    """Answer what a router or a server refuses, such as unknown addresses.

    Parameters
    ----------
    status : int
        HTTP status; those without words of their own are told like 400.
    method, path : str
        Of the request.
    request_id : str
        Of the request.
    allowed : str
        Methods that the address takes, separated by commas; for status 405.
    """
    kind = HTTP_KINDS.get(status, HTTP_KINDS[400])
    details = {
        404: f"There is nothing at {path!r}.",
        405: f"{method} is not offered at {path!r}; send {allowed}.",
        413: "The request has more or larger parts than are allowed.",
        431: "The header fields of the request are too large; shorten tokens and cookies.",
    }
    detail = details.get(status, "The body could not be read as what its Content-Type names.")
    answer = document(
        status=status,
        code=kind.code,
        title=kind.title,
        detail=detail,
        path=path,
        request_id=request_id,
    )
    if status == 405:
        answer.headers["Allow"] = allowed
    return answer


def unexpected(*, path: str, request_id: str) -> ProblemAnswer:
    """Answer a fault of ours: the identifier and nothing else."""
    return document(
        status=500,
        code=UNEXPECTED_CODE,
        title=UNEXPECTED_TITLE,
        detail="The platform failed to answer. Try again; if it stays, look up the request's"
        f" identifier {request_id} in the log.",
        path=path,
        request_id=request_id,
    )


def document(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    path: str,
    request_id: str,
    parts: errors.Parts = (),
) -> ProblemAnswer:
    """Write a problem document with the headers that belong to its status."""
    content = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        "request_id": request_id,
        "errors": [{"pointer": pointer, "message": message} for pointer, message in parts],
    }
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    if status in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[status])
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemAnswer(status, headers, json.dumps(content, ensure_ascii=False))
