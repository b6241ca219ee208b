"""Entry points: ``serve`` for the embedded platform, ``app`` for an ASGI server."""

from __future__ import annotations

import fcntl
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from automl_backend.app import create_app
from automl_backend.wiring import access_of, build_platform
from automl_core.errors import AutoMLError, ConfigurationError, exit_code
from automl_core.logs import configure_logs
from automl_core.settings import Settings, load_settings

LOCK_FILE = "platform.lock"
#: Requests in flight may finish; trainers have their own seconds after that.
SHUTDOWN_S = 5


def app() -> FastAPI:
    """Factory for ``uvicorn --factory automl_backend.main:app``.

    The port that signed URLs name is the setting's, as the server's own is unknown here.
    """
    settings = load_settings()
    configure_logs(settings.log_level)
    return create_app(build_platform(settings))


def serve(settings: Settings, *, on_ready: Callable[[str], None] = lambda url: None) -> None:
    """Run the embedded platform until SIGINT or SIGTERM.

    Parameters
    ----------
    settings : Settings
        ``port`` 0 takes any free one; signed URLs then name the one that was taken.
    on_ready : callable
        Told the platform's address once it answers.

    Raises
    ------
    ConfigurationError
        If others could call it without a token, the address is taken, or another platform
        works on the same data folder.
    """
    access_of(settings)
    with _listening(settings) as listener, _locked(settings.data_dir):
        real = settings.model_copy(update={"port": listener.getsockname()[1]})
        server = _Server(
            uvicorn.Config(
                create_app(build_platform(real)),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=SHUTDOWN_S,
                server_header=False,
            ),
            lambda: on_ready(real.resolved_public_url),
        )
        with _ending_well():
            server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


@contextmanager
def _ending_well() -> Iterator[None]:
    """Have SIGINT and SIGTERM end the platform as a success.

    The server raises the signal that ended it once more after everything is stopped, for
    whoever handled it before: that must not kill the process.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals reach the main thread only; the server does not listen for them here.
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # TCP by name: asyncio switches Nagle's algorithm off only where the socket says so, and
    # with it on every answer waits 40 ms for the client's delayed acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(
                f"Cannot listen on {settings.host}:{settings.port} ({error.strerror});"
                " choose another AUTOML_PORT, or 0 for any free one."
            ) from error
        yield listener


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one platform at a time work on a data folder: two would both run its queue."""
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        lock = (folder / LOCK_FILE).open("w")
    except OSError as error:
        raise ConfigurationError(
            f"The data folder cannot be written ({error.strerror});"
            " set AUTOML_DATA_DIR to a folder of yours."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                "Another platform works on this data folder; stop it, or set AUTOML_DATA_DIR to"
                " another folder."
            ) from error
        yield


def main() -> int:
    """Run the platform as the environment says; ``python -m automl_backend.main``."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        serve(settings)
    except AutoMLError as error:
        sys.stderr.write(f"{error.title}: {error.detail}\n")
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
