"""HTTP client of a running platform: one method a kind of call, problems turned into errors."""

from __future__ import annotations

import html
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from automl_cli.exits import CommandError, exit_status_of
from automl_core.errors import ConfigurationError, PlatformError

TIMEOUT_S = 60.0
#: Reads are tried again while a platform restarts or a store is briefly away.
MAX_TRIES = 3
MAX_WAIT_S = 10.0


class Client:
    """Calls to one platform.

    Parameters
    ----------
    address : str
        The platform's address, with or without ``/api``.
    token : str or None
        Sent as bearer token to the platform, and never to a store's signed URL.
    sleep : callable
        Waits between tries.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address.rstrip("/")
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                f"The platform's address {address!r} is no http(s) address; "
                "give one with --api or AUTOML_API_URL."
            )
        self._sleep = sleep
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A proxy of the environment cannot reach this machine's loopback.
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=not _is_loopback(parts.hostname))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **params: object) -> Any:
        """Read JSON; parameters that are None are left out."""
        return self._json(self._request("GET", path, params=params))

    def get_with_wait(self, path: str) -> tuple[Any, float | None]:
        """Read JSON and the seconds after which the platform wants to be asked again."""
        answer = self._request("GET", path)
        return self._json(answer), _retry_after(answer)

    def get_text(self, path: str) -> str:
        """Read a body that is no JSON."""
        return self._request("GET", path).text

    def send(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        params: Mapping[str, object] | None = None,
        once: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Write JSON; the answer's JSON, or None if it has no body.

        ``once``: with an idempotency key, so that the platform does it a single time
        however often a lost answer makes us ask.
        """
        extra = dict(headers or {})
        if once:
            extra["Idempotency-Key"] = str(uuid.uuid4())
        answer = self._request(
            method, path, body=body, params=params, headers=extra, may_repeat=once
        )
        return self._json(answer) if answer.content else None

    def upload(self, ticket: Mapping[str, Any], stream: IO[bytes], filename: str) -> None:
        """Send a file as its ticket says: a form with the fields first, or a PUT."""
        fields: dict[str, str] = dict(ticket.get("fields") or {})
        headers: dict[str, str] = dict(ticket.get("headers") or {})
        url = self._absolute(ticket["upload_url"])
        with _translated(url):
            if ticket["method"] == "POST":
                kind = fields.get("Content-Type", "application/octet-stream")
                answer = self._http.post(
                    url, data=fields, files={"file": (filename, stream, kind)}, headers=headers
                )
            else:
                size = os.fstat(stream.fileno()).st_size
                answer = self._http.put(
                    url, content=stream, headers={**headers, "Content-Length": str(size)}
                )
        _raise_for_problem(answer)

    def download(self, url: str, out: Path) -> int:
        """Write what a path or signed URL holds to a file, atomically; tell its bytes."""
        address = self._absolute(url)
        # Our token is for the platform's API; a signed URL carries its own right.
        headers = self._headers if url.startswith("/") else {}
        partial = out.with_name(f".{out.name}.{uuid.uuid4().hex}.part")
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _translated(address), self._http.stream("GET", address, headers=headers) as answer:
                if answer.is_error:
                    answer.read()
                    _raise_for_problem(answer)
                with partial.open("wb") as file:
                    for block in answer.iter_bytes():
                        file.write(block)
            size = partial.stat().st_size
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
        return size

    def _absolute(self, url: str) -> str:
        return self.address + url if url.startswith("/") else url

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        may_repeat: bool = False,
    ) -> httpx.Response:
        url = self.address + path
        query = {name: _query(value) for name, value in (params or {}).items() if value is not None}
        tries = MAX_TRIES if method == "GET" or may_repeat else 1
        for left in range(tries - 1, -1, -1):
            try:
                with _translated(url):
                    answer = self._http.request(
                        method,
                        url,
                        params=query or None,
                        json=body,
                        headers={**self._headers, **(headers or {})},
                    )
            except PlatformError:
                if not left:
                    raise
                self._sleep(1.0)
                continue
            if answer.status_code not in (502, 503, 504) or not left:
                _raise_for_problem(answer)
                return answer
            self._sleep(min(_retry_after(answer) or 1.0, MAX_WAIT_S))
        raise AssertionError("the last try returns or raises")

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise PlatformError(
                f"{self.address} did not answer in JSON; is it an AutoML Lite platform?"
            ) from error


def _raise_for_problem(answer: httpx.Response) -> None:
    if not answer.is_error:
        return
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "detail" not in problem:
        said = _store_message(answer) or f"{answer.status_code} {answer.reason_phrase}"
        raise CommandError(
            f"The platform answered: {said}.",
            code="platform-answer",
            exit_status=exit_status_of("", answer.status_code),
        )
    detail = str(problem["detail"])
    more = [
        f"{entry['pointer']}: {entry['message']}"
        for entry in problem.get("errors") or []
        if isinstance(entry, dict)
        and {"pointer", "message"} <= set(entry)
        and str(entry["message"]) not in detail
    ]
    code = str(problem.get("code", ""))
    raise CommandError(
        f"{detail} ({'; '.join(more)})" if more else detail,
        code=code,
        exit_status=exit_status_of(code, answer.status_code),
    )


def _store_message(answer: httpx.Response) -> str | None:
    """What an S3-like store says in its XML."""
    if not answer.headers.get("content-type", "").endswith("xml"):
        return None
    found = re.search(r"<Message>([^<]{1,500})</Message>", answer.text[:10_000])
    return html.unescape(found.group(1)).rstrip(".") if found else None


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Tell connection trouble in one sentence, without the library's words."""
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}"
    try:
        yield
    except httpx.ConnectError as error:
        raise PlatformError(
            f"Nothing answers at {where}; start a platform with 'automl up' or name another "
            "with --api."
        ) from error
    except httpx.TimeoutException as error:
        raise PlatformError(f"{where} did not answer within {TIMEOUT_S:.0f} s.") from error
    except httpx.TransportError as error:
        raise PlatformError(f"The connection to {where} broke ({type(error).__name__}).") from error


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _query(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def open_client(address: str) -> Iterator[Client]:
    """A client with the token of ``AUTOML_API_TOKEN``, closed at the end."""
    client = Client(address, os.environ.get("AUTOML_API_TOKEN") or None)
    try:
        yield client
    finally:
        client.close()
