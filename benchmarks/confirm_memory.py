"""Memory of the API's process while tables are uploaded, confirmed, profiled and previewed.

    python benchmarks/confirm_memory.py [--megabytes 12 200] [--bound 64]

Starts the embedded platform in a temporary folder as a process of its own. For each size it makes
a table of numbers, words, dates and gaps, sends it by the signed form, confirms it, waits until it
is ready, and asks for profile and preview. The kernel tells the largest resident memory of each
step (``VmHWM``, reset before it); the growth is counted from a platform that has just started and
has not imported anything for a table yet. What other processes take, which read and profile, is
not counted: they end. Linux only. Exits with 1 if the growth passes the bound.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

AUTOML = Path(sys.executable).parent / "automl"
BOUND_MIB = 64.0
READY_WITHIN_S = 1800.0
CHUNK = 1024**2


def write_table(path: Path, megabytes: float, *, seed: int = 7) -> int:
    """Write a CSV of about this size; tell its rows."""
    rng = random.Random(seed)  # noqa: S311 - a table, no secret
    words = ["alder", "birch", "cedar", "dogwood", "elm", "fir", "gorse", "hazel"]
    head = ["id", "day", "kind", "note", "outcome", *(f"x{n}" for n in range(12))]
    # Rows are drawn from a block: to draw each would take longer than everything measured.
    block = []
    for _ in range(20_000):
        numbers = [f"{rng.gauss(50, 12):.4f}" if rng.random() > 0.03 else "" for _ in range(12)]
        day = f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        note = " ".join(rng.choices(words, k=3))
        block.append(",".join([day, rng.choice(words), note, rng.choice("ab"), *numbers]))
    n_rows, wanted = 0, int(megabytes * 1e6)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(head) + "\n")
        while file.tell() < wanted:
            file.writelines(f"{n_rows + n},{row}\n" for n, row in enumerate(block))
            n_rows += len(block)
    return n_rows


class Watched:
    """The resident memory of a process, as the kernel counts it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)

    def now(self) -> float:
        """MiB resident at the moment."""
        return self._read("VmRSS")

    def peak_of(self, what: Callable[[], Any]) -> tuple[float, Any]:
        """Do something; tell the largest MiB resident meanwhile, and the answer."""
        (self._folder / "clear_refs").write_text("5")
        answer = what()
        return self._read("VmHWM"), answer

    def _read(self, name: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        line = next(line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) / 1024


class Platform:
    """A running platform, spoken to over HTTP."""

    def __init__(self, port: int, pid: int) -> None:
        self._port = port
        self.memory = Watched(pid)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, return its JSON; anything but 2xx ends the benchmark."""
        data = None if body is None else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=900)
        with contextlib.closing(connection):
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()[:500]}")
        return json.loads(text)

    def upload(self, table: Path) -> str:
        """Send a table by the signed form, as a browser does; the data set's identifier."""
        size = table.stat().st_size
        wish = {"filename": table.name, "content_type": "text/csv", "size_bytes": size}
        ticket = self.ask("POST", "/upload/request-url", wish)
        boundary = uuid.uuid4().hex
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in ticket["fields"].items()
        )
        head = (
            f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{table.name}"\r\nContent-Type: text/csv\r\n\r\n'
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        def parts() -> Iterator[bytes]:
            yield head
            with table.open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=900)
        with contextlib.closing(connection):
            path = urlsplit(ticket["upload_url"]).path
            connection.request("POST", path, parts(), headers)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"upload: {answer.status} {text.decode()[:500]}")
        return str(ticket["dataset_id"])

    def confirm(self, dataset_id: str) -> Any:
        """Confirm, and wait until the table has been read."""
        dataset = self.ask("POST", f"/datasets/{dataset_id}/confirm", {})
        deadline = time.monotonic() + READY_WITHIN_S
        while dataset["status"] == "profiling" and time.monotonic() < deadline:
            time.sleep(0.5)
            dataset = self.ask("GET", f"/datasets/{dataset_id}")
        if dataset["status"] != "ready":
            raise SystemExit(f"The table was not read: {dataset['status']} {dataset['error']}")
        return dataset


@contextlib.contextmanager
def platform() -> Iterator[Platform]:
    """Run ``automl up`` in a temporary folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="automl-bench-") as folder:
        command = [str(AUTOML), "up", "--port", str(port), "--data-dir", folder]
        with Path(folder, "server.log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        try:
            yield _ready(port, server)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def _ready(port: int, server: subprocess.Popen[bytes]) -> Platform:
    running = Platform(port, server.pid)
    for _ in range(600):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError, SystemExit):
            running.ask("GET", "/health/live")
            return running
        time.sleep(0.1)
    raise SystemExit("The platform did not start.")


def measure(running: Platform, table: Path) -> dict[str, float]:
    """MiB resident at most in each step."""
    memory, peaks = running.memory, {}
    peaks["upload"], dataset_id = memory.peak_of(lambda: running.upload(table))
    peaks["confirm"], _ = memory.peak_of(lambda: running.confirm(dataset_id))
    path = f"/datasets/{dataset_id}"
    peaks["profile"], _ = memory.peak_of(lambda: running.ask("GET", f"{path}/profile"))
    peaks["preview"], _ = memory.peak_of(lambda: running.ask("GET", f"{path}/preview?rows=100"))
    return peaks


def main() -> int:
    """Measure every size; 1 if the bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[12.0, 200.0])
    parser.add_argument("--bound", type=float, default=BOUND_MIB, help="MiB of growth")
    options = parser.parse_args()
    is_missed = False
    with tempfile.TemporaryDirectory(prefix="automl-bench-") as folder:
        for megabytes in options.megabytes:
            table = Path(folder) / f"table-{megabytes:g}.csv"
            n_rows = write_table(table, megabytes)
            # Anew for each size: what an earlier one had imported would hide in the beginning.
            with platform() as running:
                before = running.memory.now()
                peaks = measure(running, table)
            growth = max(peaks.values()) - before
            is_missed |= growth > options.bound
            steps = ", ".join(f"{name} +{peak - before:.1f}" for name, peak in peaks.items())
            print(
                f"{table.stat().st_size / 1e6:.0f} MB, {n_rows:,} rows: {before:.1f} MiB before;"
                f" {steps}; growth {growth:.1f} MiB (at most {options.bound:g})"
            )
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
