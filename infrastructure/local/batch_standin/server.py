"""The stand-in as an HTTP server: the Batch protocol, and what tests ask of it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from batch_standin.access import Gate, RoleCredentials, SignedCall
from batch_standin.control_plane import ControlPlane
from batch_standin.events import EventBus
from batch_standin.jobs import Jobs
from batch_standin.protocol import BatchError, Json, Scope
from remembered_answers import INVOCATION_HEADER, Answer, RememberedAnswers

_LOG = logging.getLogger(__name__)

#: Batch refuses larger requests by far; this only keeps a slip from filling the memory.
MAX_BODY_BYTES = 4 * 1024**2
#: Under this path stands what AWS does not have.
ADMIN = "/_standin/"


@dataclass(frozen=True)
class StandIn:
    """All parts, put together."""

    scope: Scope
    control_plane: ControlPlane
    jobs: Jobs
    bus: EventBus
    credentials: RoleCredentials
    gate: Gate | None
    """None: nobody is refused."""

    def operation(self, name: str) -> Callable[[Json], Json]:
        """The operation of the last part of a path."""
        found = (self.control_plane.operations() | self.jobs.operations()).get(name)
        if found is None:
            raise BatchError(f"This stand-in does not know {name}.", status=404)
        return found

    def resources(self, name: str, request: Json) -> list[str]:
        """ARNs that a call is about, as IAM looks at it; ``*`` where Batch knows none."""
        if name == "submitjob":
            queue = self.control_plane.queue_of(request.get("jobQueue", ""))
            definition = self.control_plane.definition_of(request.get("jobDefinition", ""))
            return [queue["jobQueueArn"], definition["jobDefinitionArn"]]
        if name in ("canceljob", "terminatejob"):
            return [self.scope.arn("job", self.scope.name_of(request.get("jobId", ""), "job"))]
        return ["*"]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Tags, and what tests look at."""
        self._answer()

    def do_POST(self) -> None:
        """Every operation of Batch, and the orders of tests."""
        self._answer()

    def do_DELETE(self) -> None:
        """Tags."""
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Keep requests out of the standard error output."""
        _LOG.debug(format, *args)

    def _answer(self) -> None:
        try:
            body = self._body()
            path = urlsplit(self.path).path
            answer: Json | bytes
            if path.startswith(ADMIN):
                answer = self._administer(path.removeprefix(ADMIN), body)
            else:
                answer = self._operate_once(path, body)
        except BatchError as error:
            self._send(error.status, {"message": error.message}, error.code)
            return
        self._send(HTTPStatus.OK, answer)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            raise BatchError(f"The body exceeds {MAX_BODY_BYTES} bytes.", status=413)
        return self.rfile.read(length)

    def _send(self, status: int, answer: Json | bytes, error: str | None = None) -> None:
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        kind = "text/plain; charset=utf-8" if isinstance(answer, bytes) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(data)

    def _operate_once(self, path: str, body: bytes) -> Json:
        """Operate, unless this is a call whose answer got lost."""
        invocation = self.headers.get(INVOCATION_HEADER, "")
        known = self.server.answers.get(invocation) if invocation else None
        if known is not None:
            return _parse(known.body)
        answer = self._operate(path, body)
        if invocation:
            data = json.dumps(answer).encode()
            self.server.answers.put(invocation, Answer(HTTPStatus.OK, [], data))
        return answer

    def _operate(self, path: str, body: bytes) -> Json:
        stand_in = self.server.stand_in
        if not path.startswith("/v1/"):
            raise BatchError(f"No operation of Batch has the path {path}.", status=404)
        name = path.removeprefix("/v1/")
        is_tags = name.startswith("tags/")
        request = _parse(body)
        if stand_in.gate is not None:
            call = SignedCall(self.command, self.path, dict(self.headers.items()), body)
            resources = ["*"] if is_tags else stand_in.resources(name, request)
            stand_in.gate.check(call, name, resources)
        if is_tags:
            return self._tags(unquote(name.removeprefix("tags/")), request)
        if self.command != "POST":
            raise BatchError(f"{name} is called by POST.", status=405)
        return stand_in.operation(name)(request)

    def _tags(self, arn: str, request: Json) -> Json:
        tags = self.server.stand_in.control_plane.tags_of(arn)
        if self.command == "POST":
            tags.update(request.get("tags") or {})
        elif self.command == "DELETE":
            for key in parse_qs(urlsplit(self.path).query).get("tagKeys", []):
                tags.pop(key, None)
        return {"tags": dict(tags)} if self.command == "GET" else {}

    def _administer(self, path: str, body: bytes) -> Json | bytes:
        stand_in = self.server.stand_in
        what, _, name = path.partition("/")
        if self.command == "GET":
            if what == "health":
                return {"status": "ok"}
            if what == "credentials":
                return stand_in.credentials.answer(self.headers.get("Authorization", ""))
            if what == "deliveries":
                return {"deliveries": stand_in.bus.deliveries()}
            if what == "jobs":
                return {"jobs": stand_in.jobs.processes()}
            if what == "logs":
                return stand_in.jobs.log_of(name)
        elif what == "orders":
            self._order(name, _parse(body))
            return {}
        raise BatchError(f"Nothing is at {ADMIN}{path}.", status=404)

    def _order(self, queue_name: str, wanted: Json) -> None:
        jobs = self.server.stand_in.jobs
        if not queue_name:
            jobs.order(
                lambda orders: setattr(orders, "refuses_submissions", bool(wanted["refuse"]))
            )
            return
        if "interrupt_next" in wanted:
            n_tasks = int(wanted["interrupt_next"])
            jobs.order(lambda orders: setattr(orders.of(queue_name), "interrupt_next", n_tasks))
        if "hold" in wanted:
            is_held = bool(wanted["hold"])
            jobs.order(lambda orders: setattr(orders.of(queue_name), "is_held", is_held))


class Server(ThreadingHTTPServer):
    """The server, on the loopback address unless told otherwise."""

    daemon_threads = True
    #: Terraform and the SDKs open many connections at once.
    request_queue_size = 64
    stand_in: StandIn

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.answers = RememberedAnswers()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave it at a line where a caller went away before its answer."""
        if isinstance(sys.exception(), ConnectionError):
            _LOG.info("%s went away", client_address)
        else:
            super().handle_error(request, client_address)


def _parse(body: bytes) -> Json:
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise BatchError(f"The body is no JSON: {error}.") from error
    if not isinstance(request, dict):
        raise BatchError("The body must be a JSON object.")
    return request
