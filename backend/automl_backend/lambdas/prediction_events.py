"""Answer the HTTP API's prediction events without a web framework, as the web application does.

Standard library and the core's serving; what both sides of the platform say alike (problem
documents, tokens, limits) comes from the same modules.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from automl_backend import problem_documents
from automl_backend.admission import (
    API_PREFIX,
    MAX_HEAD_BYTES,
    body_too_large,
    check_depth,
    unknown_parameter,
)
from automl_backend.lambdas.answer_size import fitted
from automl_backend.services.health import HealthService
from automl_backend.services.tokens import TokenHashes, bearer
from automl_core.bundle.requests import read_explain
from automl_core.bundle.serving import JSON_TYPE, Serving
from automl_core.errors import (
    AutoMLError,
    BodyUnreadableError,
    InvalidInputError,
)

logger = logging.getLogger("automl.inference")

Event = Mapping[str, Any]
Reply = dict[str, Any]

#: One of so many answers is logged: a line a request would cost as much as the computing.
LOGGED_SHARE: Final = 100

_NOT_FOUND, _NOT_OFFERED, _HEAD_TOO_LARGE = 404, 405, 431
_ERROR, _FAULT = 400, 500


class _Route(NamedTuple):
    method: str
    path: str
    parameters: tuple[str, ...]
    is_open: bool
    answer: Callable[[PredictionEvents, _Request, str], Answer]


class Answer(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: dict[str, str]
    body: str


class _RefusedError(Exception):
    """A status that is no error class of ours: an unknown address, a head too large."""

    def __init__(self, status: int, allowed: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.allowed = allowed


class _Request(NamedTuple):
    """What an event says, read once."""

    method: str
    full_path: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    event: Event

    @classmethod
    def of(cls, event: Event) -> _Request:
        context = event["requestContext"]
        full_path = unquote(event["rawPath"])
        query = event.get("rawQueryString")
        stage = context.get("stage", "$default")
        # Only the default stage is left out of the path.
        path = full_path if stage == "$default" else full_path.removeprefix(f"/{stage}")
        if path.startswith(API_PREFIX + "/"):
            path = path.removeprefix(API_PREFIX)
        return cls(
            method=context["http"]["method"],
            full_path=full_path,
            path=path,
            query=parse_qsl(query, keep_blank_values=True) if query else [],
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            event=event,
        )


class PredictionEvents:
    """Answers events of the HTTP API (payload format 2.0).

    Parameters
    ----------
    serving : Serving
    tokens : TokenHashes
        Checked here again: whoever may invoke the function directly needs a token too.
    owner_id : str
        On whose behalf holders of a token are answered.
    health : HealthService
        With the part ``model-runtime``.
    max_body_bytes : int
    new_id : callable
        Makes identifiers of requests that do not come through the HTTP API.
    monotonic : callable
        Seconds.
    close : callable
        Lets the stores go. Lambda ends an instance without a word; whoever runs the function
        elsewhere calls it.
    """

    def __init__(
        self,
        *,
        serving: Serving,
        tokens: TokenHashes,
        owner_id: str,
        health: HealthService,
        max_body_bytes: int,
        new_id: Callable[[], str],
        monotonic: Callable[[], float],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._serving = serving
        self._tokens = tokens
        self._owner_id = owner_id
        self._health = health
        self._max_body_bytes = max_body_bytes
        self._new_id = new_id
        self._monotonic = monotonic
        self.close = close
        self._n_answered = 0

    def __call__(self, event: Event, context: object) -> Reply:
        """Answer one event; whatever goes wrong is answered as a problem document."""
        began = self._monotonic()
        # The HTTP API's own, where there is one: its access log names it too.
        request_id = str(event["requestContext"].get("requestId") or self._new_id())
        request = _Request.of(event)
        try:
            reply = fitted(_plain(self._answer(request)), event)
        except AutoMLError as error:
            if problem_documents.status_of(type(error)) >= _FAULT:
                logger.warning(
                    error.detail,
                    extra={"request_id": request_id, "code": error.code, **error.context},
                    exc_info=error,
                )
            reply = _problem(
                problem_documents.of_error(error, path=request.full_path, request_id=request_id)
            )
        except _RefusedError as refused:
            reply = _problem(
                problem_documents.of_http(
                    refused.status,
                    method=request.method,
                    path=request.full_path,
                    request_id=request_id,
                    allowed=refused.allowed,
                )
            )
        except Exception:
            logger.exception("unexpected exception", extra={"request_id": request_id})
            reply = _problem(
                problem_documents.unexpected(path=request.full_path, request_id=request_id)
            )
        framed = {**reply["headers"], "X-Request-Id": request_id}
        # In lower case, as the HTTP API sends them, so that none is there twice.
        reply["headers"] = {
            name.lower(): value
            for name, value in (*problem_documents.FRAME_HEADERS.items(), *framed.items())
        }
        self._log(request, reply, request_id, context, self._monotonic() - began)
        return reply

    def predict(self, request: _Request, job_id: str) -> Answer:
        """Predict the rows of the body."""
        explain = False
        for name, value in request.query:
            if name == "explain":
                explain = read_explain(value)
        body = _body(request.event, self._max_body_bytes)
        content_type = request.headers.get("content-type")
        try:
            return _json(
                self._serving.predict(self._owner_id, job_id, body, content_type, explain=explain)
            )
        except InvalidInputError:
            # What is nested beyond reason is always refused; that this is why, is told first.
            # Looking before reading would cost every request of many rows a tenth of its time.
            check_depth(body)
            raise

    def info(self, _: _Request, job_id: str) -> Answer:
        """Describe the fields of a model."""
        return _json(self._serving.info(self._owner_id, job_id))

    def model_runtime(self, _: _Request, __: str) -> Answer:
        """Tell whether models can be loaded at all."""
        part = self._health.part("model-runtime")
        status = "ready" if part.is_ready else "unready"
        content = {"name": part.name, "status": status, "detail": part.detail}
        return _json(json.dumps(content, ensure_ascii=False), 200 if part.is_ready else 503)

    def _answer(self, request: _Request) -> Answer:
        cookies = request.event.get("cookies") or ()
        n_bytes = sum(len(name) + len(value) for name, value in request.headers.items())
        if n_bytes + sum(map(len, cookies)) > MAX_HEAD_BYTES:
            raise _RefusedError(_HEAD_TOO_LARGE)
        template, job_id = _template(request.path)
        route = ROUTES.get(template)
        # A stranger learns nothing of which addresses there are, as in the web application.
        if route is None or not route.is_open:
            self._tokens.check(bearer(request.headers.get("authorization")))
        if route is None:
            raise _RefusedError(_NOT_FOUND)
        if route.method != request.method:
            raise _RefusedError(_NOT_OFFERED, allowed=route.method)
        if not route.is_open:
            for name, _ in request.query:
                if name not in route.parameters:
                    raise unknown_parameter(name, route.parameters)
        return route.answer(self, request, job_id)

    def _log(
        self, request: _Request, reply: Reply, request_id: str, context: object, seconds: float
    ) -> None:
        """Log every refusal and some of the rest; the HTTP API's own log has every request."""
        self._n_answered += 1
        is_sampled = self._n_answered % LOGGED_SHARE == 1
        if reply["statusCode"] < _ERROR and not is_sampled and not logger.isEnabledFor(10):
            return
        logger.info(
            "request",
            extra={
                "request_id": request_id,
                "function_request_id": getattr(context, "aws_request_id", ""),
                "method": request.method,
                "path": request.full_path,
                "status": reply["statusCode"],
                "milliseconds": round(seconds * 1000, 1),
                "n_answered": self._n_answered,
            },
        )


_ROUTES: Final = (
    _Route(
        "POST",
        "/predict/{job_id}",
        ("explain",),
        is_open=False,
        answer=PredictionEvents.predict,
    ),
    _Route("GET", "/predict/{job_id}/info", (), is_open=False, answer=PredictionEvents.info),
    _Route("GET", "/health/model-runtime", (), is_open=True, answer=PredictionEvents.model_runtime),
)
ROUTES: Final = {route.path: route for route in _ROUTES}


def _template(path: str) -> tuple[str, str]:
    """Tell the form of an address, and the job that it names.

    >>> _template("/predict/7/info"), _template("/health/model-runtime")
    (('/predict/{job_id}/info', '7'), ('/health/model-runtime', ''))
    """
    parts = path.split("/")
    if len(parts) > 2 and parts[1] == "predict" and parts[2]:
        return "/".join(["", "predict", "{job_id}", *parts[3:]]), parts[2]
    return path, ""


def _body(event: Event, limit: int) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        body = text.encode("utf-8", "surrogatepass")
    elif len(text) // 4 * 3 > limit + 3:
        raise body_too_large(limit)
    else:
        try:
            body = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BodyUnreadableError("The body is announced as base64 and is none.") from error
    if len(body) > limit:
        raise body_too_large(limit)
    return body


def _json(body: str, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": JSON_TYPE}, body)


def _plain(answer: Answer) -> Reply:
    return {
        "statusCode": answer.status,
        "headers": answer.headers,
        "body": answer.body,
        "isBase64Encoded": False,
    }


def _problem(problem: problem_documents.ProblemAnswer) -> Reply:
    return _plain(Answer(problem.status, problem.headers, problem.body))
