"""Errors as RFC 9457 problem documents.

What a person may read is in the error's detail; paths, stacks and the texts of foreign
exceptions go to the log only, under the request's identifier.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automl_backend import problem_documents
from automl_backend.problem_documents import (
    FRAME_HEADERS,
    HTTP_KINDS,
    UNEXPECTED_CODE,
    UNEXPECTED_TITLE,
    ProblemAnswer,
    ProblemKind,
    kind_of,
    status_of,
)
from automl_core import errors

logger = logging.getLogger("automl.api")

#: What the validator says for programmers, said for whoever wrote the request.
_WORDS = {
    "extra_forbidden": "There is no such field; check its spelling",
    "model_attributes_type": "Send a JSON object, as Content-Type application/json",
    "model_type": "Send a JSON object",
    "dict_type": "Send a JSON object",
}


def kinds() -> dict[str, ProblemKind]:
    """Every kind of problem by its code."""
    found = {error.code: kind_of(error) for error in _subclasses(errors.AutoMLError)}
    found |= {kind.code: kind for kind in HTTP_KINDS.values()}
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


def request_id(scope: Scope) -> str:
    """The identifier that answer, header and log share."""
    return str(scope.get("state", {}).get("request_id", ""))


def route_path(scope: Scope) -> str:
    """The path that routes know: without the prefix under which they are offered too."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


# -- From errors to documents -----------------------------------------------------------


def from_error(error: errors.AutoMLError, scope: Scope) -> Response:
    """Answer one of our own errors."""
    return _response(
        problem_documents.of_error(error, path=scope["path"], request_id=request_id(scope))
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
    return _response(
        problem_documents.of_http(
            status,
            method=scope["method"],
            path=scope["path"],
            request_id=request_id(scope),
            allowed=allowed,
        )
    )


def from_validation(error: RequestValidationError, scope: Scope) -> Response:
    """Answer input that does not fit the operation's schema."""
    found = error.errors()
    if any(problem["type"] == "json_invalid" for problem in found):
        return from_error(
            errors.BodyUnreadableError("The body is not valid JSON; check quotes and commas."),
            scope,
        )
    # The members of a union complain one by one about the same value.
    complaints: dict[str, dict[str, None]] = {}
    for problem in found:
        pointer = _pointer(problem["loc"], error.body, is_missing=problem["type"] == "missing")
        words = _WORDS.get(problem["type"], problem["msg"])
        complaints.setdefault(pointer, {})[words] = None
    parts = [(pointer, "; or ".join(words)) for pointer, words in complaints.items()]
    return from_error(errors.several_wrong(parts), scope)


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
    return _response(problem_documents.unexpected(path=scope["path"], request_id=request_id(scope)))


def _response(answer: ProblemAnswer) -> Response:
    return Response(answer.body, status_code=answer.status, headers=answer.headers)


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
    if isinstance(error.__cause__, errors.AutoMLError):
        # Raised where the framework lets only its own refusals through.
        return from_error(error.__cause__, request.scope)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # The router names the methods of the first route alone that has this path.
        offered = _offered(request.app.routes, route_path(request.scope))
        headers["Allow"] = ", ".join(offered) or headers.get("Allow", "GET")
    response = from_http(error.status_code, request.scope, allowed=headers.get("Allow", ""))
    response.headers.update(headers)
    return response


def _offered(routes: Iterable[BaseRoute], path: str) -> list[str]:
    """Methods that documented operations have at an address.

    >>> routes = [Route(path, print, methods=["PATCH", "DELETE"]) for path in ("/a", "/a/{id}")]
    >>> _offered(routes, "/a/7"), _offered(routes, "/b")
    (['DELETE', 'PATCH'], [])
    """
    found = {
        method
        for route in routes
        if isinstance(route, Route) and route.include_in_schema and route.path_regex.match(path)
        for method in route.methods or ()
    }
    return sorted(found)


class RequestFrame:
    """Outermost layer: request identifier, headers of every answer, one log line, no stack.

    Parameters
    ----------
    app : ASGIApp
        Everything inside.
    id_of : callable
        Gives a request its identifier.
    on_unexpected : callable
        Told of every fault of ours, after it was logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        id_of: Callable[[Scope], str],
        on_unexpected: Callable[[], None],
    ) -> None:
        self._app = app
        self._id_of = id_of
        self._on_unexpected = on_unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = self._id_of(scope)
        began = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = state["request_id"]
                for name, value in FRAME_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
        except Exception:
            logger.exception("unexpected exception", extra={"request_id": state["request_id"]})
            self._on_unexpected()
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
