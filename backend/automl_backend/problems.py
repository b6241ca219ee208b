"""Errors as RFC 9457 problem documents.

What a person may read is in the error's detail; paths, stacks and the texts of foreign
exceptions go to the log only, under the request's identifier.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automl_core import errors

logger = logging.getLogger("automl.api")

MEDIA_TYPE = "application/problem+json"
#: A validation of many rows would answer with as many errors.
MAX_ERRORS = 20

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

#: What the validator says for programmers, said for whoever wrote the request.
_WORDS = {
    "extra_forbidden": "There is no such field; check its spelling",
    "model_attributes_type": "Send a JSON object, as Content-Type application/json",
    "model_type": "Send a JSON object",
    "dict_type": "Send a JSON object",
}
#: Complaints of the union that one cell of a row is.
_CELL_TYPES = frozenset(
    {"bool_type", "int_type", "float_type", "string_type", "finite_number", "int_from_float"}
)
_CELL_WORDS = "A cell is a finite number, a text, true, false or null"

UNEXPECTED_CODE = "unexpected"
UNEXPECTED_TITLE = "Something went wrong on our side"


class ProblemError(BaseModel):
    """One part of the input that is wrong."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    pointer: str | None = Field(description="JSON pointer into the body, or /query/…, /header/….")
    message: str


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what would repair it, for people.")
    instance: str
    code: str = Field(description="Stable name of the problem, for programs.")
    request_id: str
    errors: list[ProblemError] = Field(default_factory=list)


class ProblemKind(BaseModel):
    """A kind of problem, as its page describes it."""

    code: str
    title: str
    status: int
    meaning: str


def status_of(error: type[errors.AutoMLError]) -> int:
    """Tell the HTTP status of an error class.

    >>> status_of(errors.TargetUnusableError), status_of(errors.TooManyJobsError)
    (422, 429)
    """
    return next(status for base, status in STATUSES if issubclass(error, base))


def kinds() -> dict[str, ProblemKind]:
    """Every kind of problem by its code."""
    found = {error.code: _kind(error) for error in _subclasses(errors.AutoMLError)}
    found |= {kind.code: kind for kind in _HTTP_KINDS.values()}
    found[UNEXPECTED_CODE] = ProblemKind(
        code=UNEXPECTED_CODE,
        title=UNEXPECTED_TITLE,
        status=500,
        meaning="A fault of the platform. The request's identifier finds it in the log.",
    )
    return found


def _subclasses(base: type[errors.AutoMLError]) -> Iterator[type[errors.AutoMLError]]:
    for child in base.__subclasses__():
        yield child
        yield from _subclasses(child)


def _kind(error: type[errors.AutoMLError]) -> ProblemKind:
    return ProblemKind(
        code=error.code,
        title=error.title,
        status=status_of(error),
        meaning=" ".join((error.__doc__ or "").split()),
    )


_HTTP_KINDS = {
    400: _kind(errors.BodyUnreadableError),
    404: _kind(errors.NotFoundError),
    413: _kind(errors.BodyTooLargeError),
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


def request_id(scope: Scope) -> str:
    """The identifier that answer, header and log share."""
    return str(scope.get("state", {}).get("request_id", ""))


# -- From errors to documents -----------------------------------------------------------


def from_error(error: errors.AutoMLError, scope: Scope) -> Response:
    """Answer one of our own errors."""
    parts = [ProblemError(pointer=error.pointer, message=error.detail)] if error.pointer else []
    return _response(
        scope,
        status=status_of(type(error)),
        code=error.code,
        title=error.title,
        detail=error.detail,
        parts=parts,
    )


def from_http(status: int, scope: Scope, *, allowed: str = "") -> Response:
    """Answer what router, server and form reader refuse, such as unknown addresses.

    Parameters
    ----------
    status : int
        HTTP status.
    scope : Scope
        Of the request.
    allowed : str
        Methods that the address takes, separated by commas; for status 405.
    """
    kind = _HTTP_KINDS.get(status, _HTTP_KINDS[400])
    details = {
        404: f"There is nothing at {scope['path']!r}.",
        405: f"{scope['method']} is not offered at {scope['path']!r}; send {allowed}.",
        413: "The request has more or larger parts than are allowed.",
        431: "The header fields of the request are too large; shorten tokens and cookies.",
    }
    detail = details.get(status, "The body could not be read as what its Content-Type names.")
    return _response(scope, status=status, code=kind.code, title=kind.title, detail=detail)


def from_validation(error: RequestValidationError, scope: Scope) -> Response:
    """Answer input that does not fit the operation's schema."""
    found = error.errors()
    if any(problem["type"] == "json_invalid" for problem in found):
        return from_error(
            errors.BodyUnreadableError("The body is not valid JSON; check quotes and commas."),
            scope,
        )
    # The members of a union complain one by one about the same value.
    complaints: dict[str, dict[str, str]] = {}
    for problem in found:
        pointer = _pointer(problem["loc"], error.body, is_missing=problem["type"] == "missing")
        words = _WORDS.get(problem["type"], problem["msg"])
        complaints.setdefault(pointer, {})[problem["type"]] = words
    parts = [
        ProblemError(pointer=pointer, message=_message(texts))
        for pointer, texts in list(complaints.items())[:MAX_ERRORS]
    ]
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return _response(
        scope,
        status=422,
        code=errors.InvalidInputError.code,
        title=errors.InvalidInputError.title,
        detail=f"{parts[0].pointer or 'The body'}: {parts[0].message}{more}.",
        parts=parts,
    )


def _message(texts: dict[str, str]) -> str:
    """Say in one sentence what the members of a union say about one value.

    >>> _message({"bool_type": "no bool", "int_type": "no int", "finite_number": "not finite"})
    'A cell is a finite number, a text, true, false or null'
    """
    if len(texts) > 2 and texts.keys() <= _CELL_TYPES:
        return _CELL_WORDS
    return "; or ".join(dict.fromkeys(texts.values()))


def _pointer(location: Sequence[int | str], body: object, *, is_missing: bool) -> str:
    """Turn the validator's location into a JSON pointer into what was sent.

    The validator also names the member of a union that it tried; that is no part of the
    body and is left out.

    >>> _pointer(("body", "config", "metric", "literal['auto']"),
    ...          {"config": {"metric": "x"}}, is_missing=False)
    '/config/metric'
    >>> _pointer(("query", "limit"), None, is_missing=False)
    '/query/limit'
    """
    if not location or location[0] != "body":
        return "".join(f"/{part}" for part in location)
    parts: list[str] = []
    present = body
    for part in location[1:]:
        try:
            present = present[part]  # type: ignore[index]  # whatever was sent is tried
        except (TypeError, KeyError, IndexError):
            if not (is_missing and part == location[-1]):
                continue
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)


def unexpected(scope: Scope) -> Response:
    """Answer a fault of ours: the identifier and nothing else."""
    return _response(
        scope,
        status=500,
        code=UNEXPECTED_CODE,
        title=UNEXPECTED_TITLE,
        detail="The platform failed to answer. Try again; if it stays, look up the request's"
        f" identifier {request_id(scope)} in the log.",
    )


def _response(
    scope: Scope,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    parts: list[ProblemError] | None = None,
) -> Response:
    problem = Problem(
        type=f"/problems/{code}",
        title=title,
        status=status,
        detail=detail,
        instance=scope["path"],
        code=code,
        request_id=request_id(scope),
        errors=parts or [],
    )
    headers = {"Cache-Control": "no-store"}
    if status in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[status])
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        json.dumps(problem.model_dump(), ensure_ascii=False),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


# -- Handlers and the outermost layer ---------------------------------------------------


async def handle_error(request: Request, error: Exception) -> Response:
    """Handler of :class:`AutoMLError`; what it keeps for the log goes there."""
    if not isinstance(error, errors.AutoMLError):
        raise TypeError("registered for AutoMLError only")
    if status_of(type(error)) >= 500:
        logger.warning(
            error.detail,
            extra={"request_id": request_id(request.scope), "code": error.code, **error.context},
            exc_info=error,
        )
    return from_error(error, request.scope)


async def handle_validation(request: Request, error: Exception) -> Response:
    """Handler of the framework's validation errors."""
    if not isinstance(error, RequestValidationError):
        raise TypeError("registered for RequestValidationError only")
    return from_validation(error, request.scope)


async def handle_http(request: Request, error: Exception) -> Response:
    """Handler of the framework's own refusals; allowed methods stand in the headers."""
    if not isinstance(error, HTTPException):
        raise TypeError("registered for HTTPException only")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        # The router names the methods of the first route alone that has this path.
        offered = _offered(request.app.openapi()["paths"], path)
        headers["Allow"] = ", ".join(offered) or headers.get("Allow", "GET")
    response = from_http(error.status_code, request.scope, allowed=headers.get("Allow", ""))
    response.headers.update(headers)
    return response


def _offered(paths: dict[str, Any], path: str) -> list[str]:
    """Methods that the API's document has for an address.

    >>> _offered({"/jobs": {"get": {}}, "/jobs/{job_id}": {"patch": {}, "get": {}}}, "/jobs/7")
    ['GET', 'PATCH']
    """
    found = {
        method.upper()
        for template, operations in paths.items()
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
        for method in operations
    }
    return sorted(found)


class RequestFrame:
    """Outermost layer: request identifier, headers of every answer, one log line, no stack.

    Parameters
    ----------
    app : ASGIApp
        Everything inside.
    new_id : callable
        Makes identifiers.
    """

    def __init__(self, app: ASGIApp, new_id: Any) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = self._new_id()
        began = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = state["request_id"]
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
        except Exception:
            logger.exception("unexpected exception", extra={"request_id": state["request_id"]})
            if status:
                # The answer has begun: cutting the connection is the only honest end.
                raise
            await unexpected(scope)(scope, receive, send_framed)
        finally:
            logger.info(
                "request",
                extra={
                    "request_id": state["request_id"],
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "milliseconds": round((time.perf_counter() - began) * 1000, 1),
                    "agent": Headers(scope=scope).get("user-agent", ""),
                },
            )
