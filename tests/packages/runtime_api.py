"""The runtime's API of Lambda, as far as a function's process needs it."""

from __future__ import annotations

import json
import queue
import subprocess
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
TOKEN = "a token of the tests"
#: A start with cold file caches on a busy machine; the functions themselves need a second.
ANSWER_TIMEOUT_S = 120
#: What X-Ray says of a request; the last figure tells whether it takes it.
TRACE_ID = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


@dataclass(frozen=True)
class Answer:
    """What a function gave back to the runtime."""

    kind: str
    """``response``, or ``error`` if the handler raised."""
    payload: Any


class RuntimeAPI(ThreadingHTTPServer):
    """Hands one event after the other to a function's process, and takes its answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.trace_id = TRACE_ID


class _RuntimeHandler(BaseHTTPRequestHandler):
    server: RuntimeAPI

    def do_GET(self) -> None:
        assert self.path == "/2018-06-01/runtime/invocation/next"
        event = self.server.events.get()
        self._send(
            json.dumps(event).encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 30) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": (
                    f"arn:aws:lambda:{REGION}:123456789012:function:automl-lite-test"
                ),
                "Lambda-Runtime-Trace-Id": self.server.trace_id,
            },
        )

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.answers.put(Answer(self.path.rpartition("/")[2], payload))
        self._send(b'{"status": "OK"}', {})

    def _send(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        # The runtime's client crashes without it.
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Function:
    """A function's process, waiting for events."""

    api: RuntimeAPI
    process: subprocess.Popen[bytes]
    log: Path

    def invoke(self, event: dict[str, Any]) -> Answer:
        """Give the function an event and wait for what becomes of it."""
        self.api.events.put(event)
        ends_at = time.monotonic() + ANSWER_TIMEOUT_S
        while time.monotonic() < ends_at:
            try:
                return self.api.answers.get(timeout=0.2)
            except queue.Empty:
                assert self.process.poll() is None, f"the process ended:\n{self.output()}"
        raise AssertionError(f"no answer within {ANSWER_TIMEOUT_S} s:\n{self.output()}")

    def request(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """Ask as the HTTP API does; the function's response."""
        answer = self.invoke(http_event(method, path, **parts))
        assert answer.kind == "response", answer.payload
        return answer.payload

    def output(self) -> str:
        """What the process has written so far."""
        return self.log.read_text("utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines among it."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]


def http_event(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: str | None = None,
    is_base64: bool = False,
    headers: dict[str, str] | None = None,
    request_id: str = "JKJaXmPLvHcESHA=",
) -> dict[str, Any]:
    """Make an event of an HTTP API with payload format 2.0."""
    sent = {"host": "abc.execute-api.eu-central-1.amazonaws.com", "x-forwarded-proto": "https"}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path.partition("?")[0],
        "rawQueryString": path.partition("?")[2],
        "headers": {**sent, **(headers or {})},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "domainName": sent["host"],
            "http": {
                "method": method,
                "path": path.partition("?")[0],
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "pytest",
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": is_base64,
    }
    return event if body is None else {**event, "body": body}
