"""CPU time of starting a Lambda function, beside importing what it stands next to.

    python benchmarks/cold_import.py [PART ...] [--rounds 9]

Each part imports a function's handler in a fresh process and, in turn with it, its reference in
another one; both on one thread and with compiled bytecode in place. The figure is the CPU time of
the imports alone (user and system, the interpreter's own start left out), the least of all rounds:
what is above it came from other programs. The ratio of the two is what survives a change of
machine; it must not pass the part's bar.

The part ``api`` is the unpacked package, run by Python 3.13 (``PYTHON313``, or ``python3.13`` on
the PATH) beside the runtime's boto3, as in Lambda; so is its reference. What it leaves for later is
told too: the CPU time of the first request after the import, for each of a few requests.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MIN_ROUNDS = 7
#: A reference that varies by more than that was measured beside too much else.
MAX_SPREAD = 1.2

_MEASURED = """
import resource
before = resource.getrusage(resource.RUSAGE_SELF)
{imports}
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""
_FIRST_REQUEST = """
import json, resource
{imports}
from automl_backend.lambdas.api import handler
class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "benchmark"
event = json.loads({event!r})
before = resource.getrusage(resource.RUSAGE_SELF)
answer = handler(event, Context())
after = resource.getrusage(resource.RUSAGE_SELF)
assert answer["statusCode"] == {status}, answer
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Part:
    """A function's handler, and what its import is measured against."""

    imports: str
    reference: str
    bar: float
    environment: Mapping[str, str] = field(default_factory=dict)
    package: str | None = None
    """Run from this function's package by Lambda's Python; None: from the sources, by this one."""
    requests: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Requests that may come first, and the status of the answer."""


TOKEN = "benchmark"  # noqa: S105  # opens nothing
#: The function of all the API but predictions, against its three libraries alone.
API = Part(
    imports="import automl_backend.lambdas.api",
    reference="import fastapi, mangum, boto3",
    bar=1.15,
    environment={
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
        "AUTOML_API_TOKEN_HASHES": hashlib.sha256(TOKEN.encode()).hexdigest(),
        "AUTOML_BATCH_ON_DEMAND_QUEUE": "on-demand",
        "AUTOML_INLINE_READ_BYTES": "16777216",
        "AUTOML_LOG_LEVEL": "error",
        "BATCH_JOB_DEFINITION": "training",
        "BATCH_JOB_QUEUE": "spot",
        "DYNAMODB_DATASETS_TABLE": "datasets",
        "DYNAMODB_JOBS_TABLE": "jobs",
        "S3_BUCKET_DATASETS": "datasets",
        "S3_BUCKET_MODELS": "models",
        "S3_BUCKET_REPORTS": "reports",
    },
    package="api",
    requests={
        ("GET", "/health/live"): 200,
        ("GET", "/jobs"): 200,
        ("POST", "/upload/request-url"): 200,
    },
)

#: The function that predicts: numpy and onnxruntime against what a model usually needs.
INFERENCE = Part(
    imports="import automl_backend.lambdas.inference",
    reference="import sklearn, pandas",
    bar=0.15,
    environment={
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_REGION": "eu-central-1",
        "S3_BUCKET_MODELS": "models",
        "DYNAMODB_JOBS_TABLE": "jobs",
        "AUTOML_API_TOKEN_HASHES": "0" * 64,
    },
)

PARTS: dict[str, Part] = {"inference": INFERENCE, "api": API}


@dataclass(frozen=True)
class Surroundings:
    """What runs the measured processes, and what they see."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    def cpu_seconds(self, program: str, environment: Mapping[str, str]) -> float:
        """CPU seconds that a program measures in a process of its own."""
        done = subprocess.run(
            [*self.command, "-c", program],
            env={**self.environment, **_ONE_THREAD, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode != 0:
            raise SystemExit(f"{program}\nfailed:\n{done.stderr}")
        return float(done.stdout.splitlines()[-1])


@contextmanager
def surroundings(part: Part) -> Iterator[Surroundings]:
    """Where a part runs: from the sources, or from its unpacked package."""
    with tempfile.TemporaryDirectory() as folder:
        if part.package is None:
            # Compiled bytecode is in the packages; of the sources it goes into this folder.
            inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
            yield Surroundings((sys.executable,), {**inherited, "PYTHONPYCACHEPREFIX": folder})
            return
        python = os.environ.get("PYTHON313", "python3.13")
        machine = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
        options = ["--architecture", machine, "--no-import", "--unpack", folder]
        subprocess.run(
            [python, "-m", "infrastructure.packaging", part.package, *options],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        seen = f"{folder}/{part.package}:{folder}/runtime"
        # No site-packages: nothing is in sight but the package and what Lambda brings.
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": seen}
        yield Surroundings((python, "-S", "-B"), environment)


class _EmptyTables(BaseHTTPRequestHandler):
    """A DynamoDB whose every answer is the same: nothing there, and every write done."""

    def do_POST(self) -> None:
        """Answer any operation."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Items": [], "Count": 0, "ScannedCount": 0}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def event_of(method: str, path: str) -> str:
    """An event of an HTTP API, with a body that the requests above take."""
    body = {"filename": "a.csv", "content_type": "text/csv"}
    event = {
        "version": "2.0",
        "rawQueryString": "",
        "headers": {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "requestId": "benchmark",
        },
        "isBase64Encoded": False,
    }
    return json.dumps({**event, "body": json.dumps(body)} if method == "POST" else event)


def report_requests(name: str, part: Part, around: Surroundings, rounds: int) -> None:
    """Measure and print what the first request after the import takes."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _EmptyTables)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        **part.environment,
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{server.server_port}",
    }
    for (method, path), status in part.requests.items():
        program = _FIRST_REQUEST.format(
            imports=part.imports, event=event_of(method, path), status=status
        )
        seconds = [around.cpu_seconds(program, environment) for _ in range(rounds)]
        least, median = 1000 * min(seconds), 1000 * statistics.median(seconds)
        label = f"first request {method} {path}"
        print(f"{name:10} {label:45} least {least:5.0f} ms, median {median:5.0f} ms")
    server.shutdown()
    server.server_close()


def measure(part: Part, around: Surroundings, rounds: int) -> tuple[list[float], list[float]]:
    """CPU seconds of a part and of its reference, in turn; a first pair fills the caches."""
    ours, theirs = (_MEASURED.format(imports=each) for each in (part.imports, part.reference))
    pairs = [
        (around.cpu_seconds(ours, part.environment), around.cpu_seconds(theirs, {}))
        for _ in range(rounds + 1)
    ][1:]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def report(name: str, part: Part, rounds: int) -> bool:
    """Measure and print a part; tell whether it is within its bar."""
    with surroundings(part) as around:
        ours, theirs = measure(part, around, rounds)
        report_requests(name, part, around, rounds)
    ratio = min(ours) / min(theirs)
    spread = statistics.median(theirs) / min(theirs)
    for label, seconds in ((part.imports, ours), (part.reference, theirs)):
        least, median = 1000 * min(seconds), 1000 * statistics.median(seconds)
        print(f"{name:10} {label:45} least {least:5.0f} ms, median {median:5.0f} ms")
    print(
        f"{name:10} ratio {ratio:.3f}, bar {part.bar}; reference's median ÷ least {spread:.2f}"
        f"{' (a busy machine: measure again)' if spread > MAX_SPREAD else ''};"
        f" load {os.getloadavg()[0]:.1f}"
    )
    return ratio <= part.bar


def main() -> int:
    """Measure the named parts, or all; 1 if one passes its bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    if options.rounds < MIN_ROUNDS:
        parser.error(f"--rounds must be {MIN_ROUNDS} or more")
    names = options.parts or list(PARTS)
    kept = [report(name, PARTS[name], options.rounds) for name in names]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
