"""Ask an AWS service over one kept-alive connection, with the standard library alone."""

from __future__ import annotations

import http.client
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from automl_core.adapters.aws_signing import Signer, escaped_path
from automl_core.adapters.aws_trust import full_trust, quick_trust
from automl_core.errors import ConfigurationError, PlatformError

#: Far below the 30 s after which HTTP API gives a request up.
CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 10.0
#: The first try included, and the time after which there is no further one.
MAX_TRIES: Final = 4
DEADLINE_S: Final = 18.0
#: Longest wait before the second try; it doubles with each one.
FIRST_WAIT_S: Final = 0.1
MAX_WAIT_S: Final = 2.0

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class Endpoint(NamedTuple):
    """Where a service listens."""

    host: str
    port: int | None = None
    is_secure: bool = True

    @property
    def host_header(self) -> str:
        """Host as requests name it: with the port unless it is the scheme's own."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


class ServiceAnswer(NamedTuple):
    """What a service answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def own_endpoint(environment: Mapping[str, str], service: str) -> Endpoint | None:
    """Read an address that replaces AWS's own, such as an emulator's; None: there is none.

    ``AWS_ENDPOINT_URL_<SERVICE>``, else ``AWS_ENDPOINT_URL``, as the SDKs read them.

    Raises
    ------
    ConfigurationError
        If it is no ``http://`` or ``https://`` address of a host.
    """
    for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if text := environment.get(name):
            return _read_endpoint(name, text)
    return None


def _read_endpoint(name: str, text: str) -> Endpoint:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in {"http", "https"} or parts.path.strip("/"):
        raise ConfigurationError(
            f"{name} is {text!r}; it must be an address such as http://127.0.0.1:4566."
        )
    is_secure = parts.scheme == "https"
    own_port = 443 if is_secure else 80
    return Endpoint(host, None if port == own_port else port, is_secure)


def region_domain(region: str) -> str:
    """Domain of AWS's endpoints in a region's partition.

    >>> region_domain("eu-central-1"), region_domain("cn-north-1")
    ('amazonaws.com', 'amazonaws.com.cn')
    """
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


class ServiceConnection:
    """One connection to one service, opened when needed and kept; safe between threads.

    Parameters
    ----------
    signer : Signer
        Of the service.
    endpoint : Endpoint
    now : callable
        The present moment, aware.
    monotonic, sleep : callable
        Clock and pause between tries.
    jitter : callable
        A number from 0 to 1 by which a pause is shortened.
    trust, trust_all : callable
        Give what certificates are checked with, and with what if that is not enough.
    """

    def __init__(
        self,
        signer: Signer,
        endpoint: Endpoint,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        trust: Callable[[], ssl.SSLContext] = quick_trust,
        trust_all: Callable[[], ssl.SSLContext] = full_trust,
    ) -> None:
        self._signer = signer
        self._endpoint = endpoint
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._tls = trust() if endpoint.is_secure else None
        self._trust_all = trust_all

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        is_throttled: Callable[[ServiceAnswer], bool] = lambda answer: False,
    ) -> ServiceAnswer:
        """Send a request, again where that may help.

        Parameters
        ----------
        method : str
        path : str
            Unescaped.
        headers : mapping
            Besides ``Host`` and what signing adds.
        body : bytes
        is_throttled : callable
            Tells an answer below 500 that means "later".

        Returns
        -------
        ServiceAnswer
            Whatever the service says of the request, refusals included.

        Raises
        ------
        PlatformError
            If the service does not answer, or not in time, or is busy, on every try.
        """
        with self._lock:
            return self._tries(method, path, headers or {}, body, is_throttled)

    def close(self) -> None:
        """Let the connection go; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tries(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        is_throttled: Callable[[ServiceAnswer], bool],
    ) -> ServiceAnswer:
        began = self._monotonic()
        tries = 0
        while True:
            is_kept = self._connection is not None
            cause: Exception | None = None
            reason = ""
            try:
                answer = self._send(method, path, headers, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if is_kept and isinstance(error, ConnectionError):
                    # The other side closes what was idle, and a frozen function hears of it
                    # with its next request only: not a failed try.
                    continue
                if isinstance(error, ssl.SSLCertVerificationError) and self._trusts_more():
                    continue
                cause, reason = error, type(error).__name__
            else:
                is_busy = answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY_REQUESTS
                if not (is_busy or is_throttled(answer)):
                    return answer
                reason = f"status {answer.status}"
            tries += 1
            if tries >= MAX_TRIES or self._monotonic() - began >= DEADLINE_S:
                raise PlatformError(
                    f"AWS did not answer {self._signer.service} requests in {tries} tries"
                    f" ({reason}); try again in a few seconds.",
                    service=self._signer.service,
                ) from cause
            # Full jitter: many instances that were refused together do not come back together.
            wait = min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** (tries - 1))
            self._sleep(wait * self._jitter())

    def _trusts_more(self) -> bool:
        """Check certificates with all that the machine trusts; False: it is done already."""
        known, self._tls = self._tls, self._trust_all()
        return self._tls is not known

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> ServiceAnswer:
        signed = self._signer.headers(
            method,
            path,
            {**headers, "host": self._endpoint.host_header},
            body,
            at=self._now(),
        )
        connection = self._connection or self._open()
        connection.request(method, escaped_path(path), body, signed)
        answer = connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return ServiceAnswer(answer.status, found, content)

    def _open(self) -> http.client.HTTPConnection:
        host, port = self._endpoint.host, self._endpoint.port
        connection: http.client.HTTPConnection
        if self._tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=CONNECT_TIMEOUT_S)
        else:
            connection = http.client.HTTPSConnection(
                host, port, timeout=CONNECT_TIMEOUT_S, context=self._tls
            )
        connection.connect()
        connection.sock.settimeout(READ_TIMEOUT_S)
        self._connection = connection
        return connection
