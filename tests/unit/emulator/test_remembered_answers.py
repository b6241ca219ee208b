"""A call whose answer got lost is answered again, and done once."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from remembered_answers import (
    INVOCATION_HEADER,
    MAX_ANSWERS,
    MAX_BODY_BYTES,
    Answer,
    RememberedAnswers,
    remembering_asgi,
    remembering_wsgi,
)


class Shop:
    """Counts what it did; ASGI and WSGI."""

    def __init__(self, status: int = 200, body: bytes = b"done") -> None:
        self.n_done = 0
        self._status = status
        self._body = body

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.n_done += 1
        await send({"type": "http.response.start", "status": self._status, "headers": []})
        await send({"type": "http.response.body", "body": self._body[:2], "more_body": True})
        await send({"type": "http.response.body", "body": self._body[2:]})

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.n_done += 1
        start_response(f"{self._status} OK", [("x-shop", "1")])
        return [self._body]


def call_asgi(app: Any, invocation: str | None) -> tuple[int, bytes]:
    headers = [(INVOCATION_HEADER.encode(), invocation.encode())] if invocation else []
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "headers": headers}, receive, send))
    return sent[0]["status"], b"".join(part["body"] for part in sent[1:])


def call_wsgi(app: Any, invocation: str | None) -> tuple[int, bytes]:
    environ = {"HTTP_AMZ_SDK_INVOCATION_ID": invocation} if invocation else {}
    started: list[str] = []
    body = b"".join(app(environ, lambda status, _headers: started.append(status)))
    return int(started[0].split()[0]), body


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
@pytest.mark.parametrize(
    ("status", "body", "invocations", "n_done"),
    [
        (200, b"done", ["a", "a"], 1),
        (200, b"done", ["a", "b"], 2),
        (200, b"done", [None, None], 2),
        (400, b"no", ["a", "a"], 2),
        (503, b"later", ["a", "a"], 2),
        (200, b"x" * (MAX_BODY_BYTES + 1), ["a", "a"], 2),
    ],
    ids=["again", "another", "unnamed", "refused", "unavailable", "long"],
)
def test_only_a_call_that_succeeded_is_answered_from_memory(
    kind: str, status: int, body: bytes, invocations: list[str | None], n_done: int
) -> None:
    shop = Shop(status, body)
    wrap, call = (
        (remembering_asgi(shop.asgi), call_asgi)
        if kind == "asgi"
        else (remembering_wsgi(shop.wsgi), call_wsgi)
    )

    assert [call(wrap, invocation) for invocation in invocations] == [(status, body)] * 2
    assert shop.n_done == n_done


def test_the_oldest_answers_are_forgotten() -> None:
    answers = RememberedAnswers()
    for number in range(MAX_ANSWERS + 1):
        answers.put(str(number), Answer(200, [], b""))

    assert answers.get("0") is None
    assert answers.get("1") is not None


def test_a_second_try_of_a_registration_is_no_second_revision(batch: Any) -> None:
    def register() -> int:
        container = {
            "image": "registry.example.org/training@sha256:0",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "resourceRequirements": [
                {"type": "VCPU", "value": "2"},
                {"type": "MEMORY", "value": "4096"},
            ],
        }
        made = batch.register_job_definition(
            jobDefinitionName="again",
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties=container,
        )
        return int(made["revision"])

    names = iter(["one", "one", "two"])
    batch.meta.events.register(
        "before-send.batch",
        lambda request, **_: request.headers.__setitem__(INVOCATION_HEADER, next(names)),
    )

    assert [register() for _ in range(3)] == [1, 1, 2]
