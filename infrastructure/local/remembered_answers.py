"""A call made twice happens once: answers that got lost on their way are given again.

About one call in a thousand of Terraform's provider loses its connection after the server has
done what was asked. The SDK then calls again, under the same ``amz-sdk-invocation-id``. What
AWS forgives, emulators take for a second call: what was deleted cannot be found, what was
attached is attached already.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

_LOG = logging.getLogger(__name__)

#: By which an SDK names a call, the same however often it tries.
INVOCATION_HEADER: Final = "amz-sdk-invocation-id"
#: A lost answer is asked for again within seconds; an apply makes about two thousand calls.
MAX_ANSWERS: Final = 2_000
#: Longer answers are objects and tables, whose reading does no harm twice.
MAX_BODY_BYTES: Final = 65_536

Asgi = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: Any
    """A number with ASGI, a line with WSGI."""

    headers: list[Any]
    body: bytes


@dataclass
class RememberedAnswers:
    """The latest answers of calls that succeeded, by invocation; for one server.

    Only success is remembered: an SDK asks again after a refusal, too, and then wants a new
    answer.
    """

    _answers: OrderedDict[str, Answer] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, invocation: str) -> Answer | None:
        """The answer of a call that was made before."""
        with self._lock:
            answer = self._answers.get(invocation)
        if answer is not None:
            _LOG.warning("invocation %s came again: its answer is given again", invocation)
        return answer

    def put(self, invocation: str, answer: Answer) -> None:
        """Keep an answer, and forget the oldest."""
        with self._lock:
            self._answers[invocation] = answer
            while len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)


def remembering_asgi(app: Asgi) -> Asgi:
    """An ASGI application that gives lost answers again."""
    answers = RememberedAnswers()

    async def remembering(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        name = INVOCATION_HEADER.encode()
        invocation = next((v.decode() for k, v in scope.get("headers", ()) if k == name), None)
        if invocation is None:
            await app(scope, receive, send)
            return
        known = answers.get(invocation)
        if known is not None:
            while (await receive()).get("more_body"):
                pass
            start = {"status": known.status, "headers": known.headers}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": known.body})
            return
        start = {}
        parts: list[bytes] = []

        async def listening(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(status=message["status"], headers=list(message["headers"]))
            elif message["type"] == "http.response.body" and start["status"] < 300:
                parts.append(message.get("body", b""))
                if not message.get("more_body") and sum(map(len, parts)) <= MAX_BODY_BYTES:
                    # Before it is sent: sending is where it gets lost.
                    answers.put(invocation, Answer(**start, body=b"".join(parts)))
            await send(message)

        await app(scope, receive, listening)

    return remembering


def remembering_wsgi(app: Wsgi) -> Wsgi:
    """A WSGI application that gives lost answers again."""
    answers = RememberedAnswers()

    def remembering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        invocation = environ.get("HTTP_" + INVOCATION_HEADER.upper().replace("-", "_"))
        if invocation is None:
            return app(environ, start_response)
        known = answers.get(invocation)
        if known is None:
            started: dict[str, Any] = {}

            def listening(status: str, headers: list[Any], exc_info: Any = None) -> None:
                started.update(status=status, headers=headers)

            known = Answer(body=b"".join(app(environ, listening)), **started)
            if known.status.startswith("2") and len(known.body) <= MAX_BODY_BYTES:
                answers.put(invocation, known)
        start_response(known.status, known.headers)
        return [known.body]

    return remembering
