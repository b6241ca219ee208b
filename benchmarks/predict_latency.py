"""Latency of one warm prediction over HTTP, beside the cheapest request of the same server.

    python benchmarks/predict_latency.py [--requests 1000]

Starts the embedded platform in a temporary folder as a process of its own, trains the sample with a
fixed small number of trials, deploys it, and asks for one row again and again over one kept-alive
connection, in turn with ``GET /health/live`` (the reference). Prints p50, p99 and their ratio. The
bar is p50 ≤ 15 ms on a laptop; the ratio is what survives a change of machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AUTOML = Path(sys.executable).parent / "automl"
MAX_P50_MS = 15.0
WARM_UP = 50


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Client:
    """One kept-alive connection that speaks JSON."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, return its JSON; anything but 2xx ends the benchmark."""
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None


@contextlib.contextmanager
def platform() -> Iterator[Client]:
    """Run ``automl up`` in a temporary folder."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [str(AUTOML), "up", "--port", str(port), "--data-dir", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield Client(port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def deployed_model(client: Client) -> tuple[str, dict[str, Any]]:
    """Train the sample quickly, deploy it, return its job and an example request."""
    dataset = client.ask("POST", "/datasets/sample")
    config = {"reproducible": True, "time_budget": 60, "families": ["lightgbm", "linear"]}
    job = client.ask(
        "POST", "/train",
        {"dataset_id": dataset["dataset_id"], "target_column": "species", "config": config},
    )  # fmt: skip
    job_id = job["job_id"]
    while (status := client.ask("GET", f"/jobs/{job_id}/status"))["status"] not in (
        "completed",
        "failed",
    ):
        time.sleep(0.5)
    if status["status"] == "failed":
        raise SystemExit(f"the training failed: {status}")
    client.ask("POST", f"/jobs/{job_id}/deploy", {"deploy": True})
    return job_id, client.ask("GET", f"/predict/{job_id}/info")["example_request"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args()
    with platform() as client:
        job_id, body = deployed_model(client)
        seconds: dict[str, list[float]] = {"predict": [], "health": []}
        for round_ in range(options.requests + WARM_UP):
            for name, call in (
                ("predict", ("POST", f"/predict/{job_id}", body)),
                ("health", ("GET", "/health/live")),
            ):
                start = time.perf_counter()
                client.ask(*call)
                if round_ >= WARM_UP:
                    seconds[name].append(time.perf_counter() - start)
    figures = {}
    for name, values in seconds.items():
        cuts = statistics.quantiles(values, n=100)
        figures[name] = cuts[49] * 1000
        p50, p99, least = (1000 * value for value in (cuts[49], cuts[98], min(values)))
        print(f"{name:8} p50 {p50:.2f} ms, p99 {p99:.2f} ms, least {least:.2f} ms")
    ratio = figures["predict"] / figures["health"]
    print(f"predict / health p50: {ratio:.2f}; load {os.getloadavg()[0]:.1f}")
    return int(figures["predict"] > MAX_P50_MS)


if __name__ == "__main__":
    sys.exit(main())
