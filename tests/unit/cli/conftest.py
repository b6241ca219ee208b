"""A platform that answers what a test tells it to, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class FakePlatform:
    """Plays answers in the order given for each ``"METHOD /path"``; the last one stays."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: dict[str, list[Answer]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @staticmethod
    def json(document: Any, status: int = 200, **headers: str) -> Answer:
        """An answer in JSON; a problem document from status 400 on."""
        kind = "application/problem+json" if status >= 400 else "application/json"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(json.dumps(document).encode(), status, {"Content-Type": kind} | named)

    @staticmethod
    def raw(body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None) -> Answer:
        """An answer of any other kind."""
        return Answer(body, status, headers or {})

    def will(self, call: str, *answers: Answer) -> None:
        self._answers[call] = list(answers)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        plain = request.path.split("?")[0]
        queue = self._answers.get(f"{request.method} {plain}")
        if queue is None:
            return self.json({"code": "not-found", "detail": f"nothing at {plain}"}, 404)
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, dict(self.headers.items()), body)
                answer = platform._answer(request)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def do_PUT(self) -> None:
                self._serve()

            def do_PATCH(self) -> None:
                self._serve()

            def do_DELETE(self) -> None:
                self._serve()

            def log_message(self, *args: object) -> None:
                return

        return Handler


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    fake = FakePlatform()
    yield fake
    fake.close()


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def automl(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Run one command line in this process."""
    for name in ("AUTOML_API_URL", "AUTOML_API_TOKEN", "AUTOML_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)

    def run_line(*argv: object) -> Said:
        from automl_cli.boundary import run

        code = run([str(part) for part in argv])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run_line
