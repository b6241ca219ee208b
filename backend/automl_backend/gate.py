"""What a request must pass before anything of it is read: who, from where, how large."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automl_backend.admission import (
    API_PREFIX,
    MAX_HEAD_BYTES,
    body_too_large,
    check_depth,
)
from automl_backend.problems import from_error, from_http, route_path
from automl_backend.services.access import Authenticator
from automl_backend.services.platform import Limits
from automl_backend.services.tokens import bearer
from automl_core.errors import (
    AutoMLError,
    BodyTooLargeError,
    BodyUnreadableError,
    UnauthorizedError,
)

#: Open without a token: health for load balancers; problem pages, which are the same for
#: everybody; and signed URLs, whose signature is the proof.
OPEN_PREFIXES = ("/health/", "/problems/", "/storage/")
#: Addresses that take files instead of JSON.
FORM_PATH = "/datasets"
UPLOAD_PATHS = (FORM_PATH, "/storage/upload", "/storage/object")
#: Room for the form around a file.
FORM_OVERHEAD_BYTES = 64 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class APIPrefix:
    """Offers every route under ``/api`` too, as the web app's origin has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API_PREFIX + "/"):
            scope = {**scope, "root_path": scope.get("root_path", "") + API_PREFIX}
        await self._app(scope, receive, send)


class Gate:
    """Refuses strangers and oversized bodies; settles on whose behalf the rest is answered."""

    def __init__(
        self,
        app: ASGIApp,
        access: Authenticator,
        allowed_hosts: frozenset[str],
        limits: Limits,
    ) -> None:
        self._app = app
        self._access = access
        self._allowed_hosts = allowed_hosts
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
            await from_http(431, scope)(scope, receive, send)
            return
        try:
            self._admit(scope)
            receive = await self._limited(scope, receive)
        except AutoMLError as error:
            await from_error(error, scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if self._access.is_open:
            self._require_local(scope["method"], headers)
        if not f"{route_path(scope)}/".startswith(OPEN_PREFIXES):
            scope["state"]["caller"] = self._access.caller(bearer(headers.get("authorization")))

    def _require_local(self, method: str, headers: Headers) -> None:
        """Keep web pages of other origins out of a platform that needs no token."""
        host = _host_name(f"//{headers.get('host', '')}")
        if host not in self._allowed_hosts:
            raise UnauthorizedError(
                f"This platform does not answer as {host!r}; open it under its own address."
            )
        origin = headers.get("origin")
        if origin is None or method in SAFE_METHODS:
            return
        if _host_name(origin) not in self._allowed_hosts:
            raise UnauthorizedError(f"Pages of {origin!r} may not change anything here.")

    async def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Bound the body; JSON is read here, so that its nesting is known before parsing."""
        headers = Headers(scope=scope)
        path = route_path(scope)
        is_upload = path in UPLOAD_PATHS
        limit = self._limit_of(path)
        announced = headers.get("content-length", "0")
        if not announced.isdigit():
            raise BodyUnreadableError("Content-Length is not a number.")
        if int(announced) > limit:
            raise self._too_large(path, limit)
        if is_upload:
            return _counted(receive, limit, self._too_large(path, limit))
        body = await _read(receive, limit)
        check_depth(body)
        return _replayed(body, receive)

    def _limit_of(self, path: str) -> int:
        if path == FORM_PATH:
            return self._limits.largest_form_bytes + FORM_OVERHEAD_BYTES
        if path in UPLOAD_PATHS:
            return self._limits.max_upload_bytes + FORM_OVERHEAD_BYTES
        return self._limits.max_body_bytes

    def _too_large(self, path: str, limit: int) -> BodyTooLargeError:
        if path == FORM_PATH and self._limits.largest_form_bytes < self._limits.max_upload_bytes:
            return BodyTooLargeError(
                f"A form of more than {limit:,} bytes is not read here; ask POST"
                " /upload/request-url where to send the file, then confirm it:"
                f" files of up to {self._limits.max_upload_bytes:,} bytes are taken that way."
            )
        return body_too_large(limit)


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _counted(receive: Receive, limit: int, refusal: BodyTooLargeError) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # The framework lets only its own refusals out of its reading of a form; what is
            # answered is the cause.
            raise HTTPException(413) from refusal
        return message

    return counted


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    is_open = True
    while is_open:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise body_too_large(limit)
        parts.append(part)
        is_open = message["type"] == "http.request" and message.get("more_body", False)
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
