"""Servers of the emulated home: started on free ports, awaited, ended by their own number."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

#: From SIGTERM to SIGKILL. The stand-in first delivers events and ends its jobs.
STOP_TIMEOUT_S = 15.0
#: A busy machine starts the emulator in some seconds.
START_TIMEOUT_S = 60.0
#: Lines of a server's log that a failed start shows.
_LOG_LINES = 15


class ServerError(RuntimeError):
    """A server did not start, or answered nothing in time."""


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    port: int,
    health_path: str | None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, wait until it answers, and end it with whatever it started.

    Parameters
    ----------
    health_path : str or None
        Answers 200 once the server works; None: it is enough that the port is open (a
        server that speaks TLS answers no plain request).

    Raises
    ------
    ServerError
        If the port is taken, or the server ends or keeps silent; with its log's end.
    """
    if _is_open(port):
        raise ServerError(f"Port {port}, meant for {name}, is taken; end what listens on it.")
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(name, process, port, health_path, log)
        yield process
    finally:
        _end(process)


def _wait_for(
    name: str, process: subprocess.Popen[bytes], port: int, health_path: str | None, log: Path
) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        if _is_open(port) and (health_path is None or _is_healthy(port, health_path)):
            return
        time.sleep(0.2)
    last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])
    state = "is silent" if process.poll() is None else f"ended with {process.returncode}"
    raise ServerError(f"{name} {state} on port {port}; the end of {log}:\n{last}")


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_healthy(port: int, path: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=2):
            return True
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then SIGKILL for the server and all that it started (Lambda's workers)."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_TIMEOUT_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
