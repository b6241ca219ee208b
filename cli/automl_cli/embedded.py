"""The embedded platform as a process of its own, as a user would start it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import httpx

from automl_core.errors import ConfigurationError, PlatformError
from automl_core.settings import STORE_FIELDS, variable

HOST = "127.0.0.1"
#: Importing the web framework and migrating the database takes a few seconds on a busy machine.
READY_WITHIN_S = 90.0
#: A running trainer is stopped first, and has a few seconds for it.
STOP_WITHIN_S = 30.0
POLL_S = 0.1
#: The exit code of a platform whose settings cannot work (EX_CONFIG).
CONFIGURATION_EXIT = 78
#: Lines of the server's log shown when it does not start.
SHOWN_LOG_LINES = 5


class EmbeddedPlatform:
    """A platform in a child process; a context manager that stops it whatever happens.

    Parameters
    ----------
    data_dir : Path
        Absolute folder of everything the platform keeps; made if it is not there.
    port : int or None
        Port to listen on; None: a free one.
    command : sequence of str or None
        How to start it; None: ``python -m automl_cli up``.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        command: list[str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.address = f"http://{HOST}:{self.port}"
        self.log = data_dir / "server.log"
        self._command = command or [sys.executable, "-m", "automl_cli", "up"]
        self._sleep = sleep
        self._monotonic = monotonic
        self._process: subprocess.Popen[bytes] | None = None
        self._earlier_handler: Any = None

    def __enter__(self) -> Self:
        _require_free(self.port)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # Being asked to end (a shell's `timeout`, a service manager) must stop the child too.
        if threading.current_thread() is threading.main_thread():
            self._earlier_handler = signal.signal(signal.SIGTERM, _interrupt)
        arguments = ["--host", HOST, "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_isolated_environment(self.data_dir, self.address),
                # Ctrl-C in the terminal reaches us alone; we stop the child in good order.
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            if self._earlier_handler is not None:
                signal.signal(signal.SIGTERM, self._earlier_handler)

    def wait_until_ready(self) -> None:
        """Return once ``/health/ready`` says so.

        Raises
        ------
        PlatformError
            If the process ends or is not ready in time; with the last lines of its log.
        """
        deadline = self._monotonic() + READY_WITHIN_S
        with httpx.Client(timeout=5.0, trust_env=False) as http:
            while self._monotonic() < deadline:
                self._require_running("did not start")
                try:
                    if http.get(f"{self.address}/health/ready").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                self._sleep(POLL_S)
        raise PlatformError(
            f"The platform was not ready within {READY_WITHIN_S:.0f} s.{self._log_tail()}"
        )

    def serve_until_interrupted(self) -> None:
        """Wait for Ctrl-C; also end if the platform itself does.

        Raises
        ------
        PlatformError
            If the process ends by itself.
        """
        try:
            while True:
                self._require_running("stopped by itself")
                self._sleep(0.5)
        except KeyboardInterrupt:
            return

    def stop(self) -> None:
        """Stop the platform and, through it, its trainers; returns when it has gone."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _require_running(self, what: str) -> None:
        if self._process is not None and self._process.poll() is not None:
            code = self._process.returncode
            detail = f"The platform {what} (exit code {code}).{self._log_tail()}"
            if code == CONFIGURATION_EXIT:
                raise ConfigurationError(detail)
            raise PlatformError(detail)

    def _log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        shown = " | ".join(line for line in lines[-SHOWN_LOG_LINES:] if line.strip())
        return f" Its log {self.log} ends: {shown}" if shown else ""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server does it: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PlatformError(
                f"Port {port} is taken by another program; choose one with --port."
            ) from error


def _isolated_environment(data_dir: Path, address: str) -> dict[str, str]:
    """The environment for a platform that shares no record with the user's own.

    Set rather than removed, since a ``.env`` file would fill in what is missing. Stores of
    AWS would make the platform work on those.
    """
    return os.environ | {
        **{variable(name): "" for name in STORE_FIELDS},
        "AUTOML_DATABASE_URL": f"sqlite:///{data_dir / 'automl.db'}",
        "AUTOML_PUBLIC_URL": address,
        "AUTOML_API_TOKEN_HASHES": "",
    }


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
