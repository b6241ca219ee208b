"""The Lambda packages as they are deployed: unpacked, started by the runtime's own client.

A function's process sees the standard library, its package, and a folder with boto3, what
boto3 needs, and the runtime's client (``awslambdaric``): what Lambda offers, and nothing else.
That folder is unpacked from the wheels that ``requirements/dev.txt`` pins, by the packaging
program; so is the package. The runtime's API, which hands out events and takes answers, is a
small server of ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from automl_core.adapters.aws_clients import make_client
from automl_core.adapters.dynamodb_tables import table_definitions

from .runtime_api import REGION, TOKEN, Function, RuntimeAPI

ROOT = Path(__file__).parents[2]

SETTINGS = {
    "AUTOML_API_TOKEN_HASHES": hashlib.sha256(TOKEN.encode()).hexdigest(),
    "AUTOML_BATCH_ON_DEMAND_QUEUE": "on-demand",
    "AUTOML_INLINE_READ_BYTES": "16777216",
    "AUTOML_SIGNING_KEY": "a key of the tests",
    "BATCH_JOB_DEFINITION": "training",
    "BATCH_JOB_QUEUE": "spot",
    "DYNAMODB_DATASETS_TABLE": "datasets",
    "DYNAMODB_JOBS_TABLE": "jobs",
    "S3_BUCKET_DATASETS": "datasets",
    "S3_BUCKET_MODELS": "models",
    "S3_BUCKET_REPORTS": "reports",
}


# -- What runs ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def python313(leave_out: Callable[[str], None]) -> str:
    """An interpreter of the version that Lambda runs."""
    # As the Makefile looks for it; a shim of pyenv's may stand for a version that is not chosen.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted(pyenv.glob("versions/3.13.*/bin/python"))
    for candidate in (os.environ.get("PYTHON313"), shutil.which("python3.13"), *installed):
        if candidate is not None and _is_python313(candidate):
            return str(candidate)
    leave_out(
        "left out: the Lambda packages need Python 3.13; put python3.13 on the PATH or name it in"
        " PYTHON313"
    )
    raise AssertionError("leave_out does not return")


def _is_python313(candidate: str | Path) -> bool:
    done = subprocess.run(
        [candidate, "-c", "import sys; print(sys.version_info[:2] == (3, 13))"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() == "True"


@pytest.fixture(scope="session")
def package(python313: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the packaging program."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python313, "-m", "infrastructure.packaging", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def machine() -> str:
    """This machine's processor, as packages name it."""
    return {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


@pytest.fixture(scope="session")
def unpacked(
    package: Callable[..., subprocess.CompletedProcess[str]],
    machine: str,
    leave_out: Callable[[str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Every package that this machine can run, and the runtime's folder."""
    folder = tmp_path_factory.mktemp("packages")
    done = package("--architecture", machine, "--no-import", "--unpack", str(folder))
    if "pip cannot get the wheels" in done.stderr:
        leave_out(f"left out: the packages' wheels are not there; run make package ({done.stderr})")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def start(
    python313: str, unpacked: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Function]]:
    """Start functions' processes; they end with the module's tests."""
    started: list[Function] = []

    def begin(
        name: str, *, handler: str | None = None, extra: Path | None = None, **settings: str
    ) -> Function:
        task = unpacked / name
        api = RuntimeAPI()
        threading.Thread(target=api.serve_forever, daemon=True).start()
        log = tmp_path_factory.mktemp("logs") / f"{name}.log"
        named = handler or f"automl_backend.lambdas.{name}.handler"
        seen = [task, *([extra] if extra else []), unpacked / "runtime"]
        with log.open("wb") as out:
            process = subprocess.Popen(
                # -S: no site-packages, whatever the interpreter has installed.
                [python313, "-S", "-B", "-m", "awslambdaric", named],
                cwd=task,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": ":".join(map(str, seen)),
                    "LAMBDA_TASK_ROOT": str(task),
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                    "AWS_LAMBDA_FUNCTION_NAME": f"automl-lite-test-{name}",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                    "AWS_LAMBDA_FUNCTION_VERSION": "1",
                    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
                    "AWS_REGION": REGION,
                    "AWS_DEFAULT_REGION": REGION,
                    "AWS_ACCESS_KEY_ID": "testing",
                    "AWS_SECRET_ACCESS_KEY": "testing",
                    **SETTINGS,
                    **settings,
                },
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        started.append(Function(api, process, log))
        return started[-1]

    yield begin
    for function in started:
        function.process.kill()
        function.process.wait()
        function.api.shutdown()
        function.api.server_close()


@pytest.fixture(scope="session")
def python313_library(python313: str) -> str:
    """Folder of that interpreter's standard library."""
    done = subprocess.run(
        [python313, "-S", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


# -- What is asked ------------------------------------------------------------------------


class _DynamoDBHandler(BaseHTTPRequestHandler):
    """DynamoDB's wire format on moto, which without extras has no server of its own."""

    client: Any

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        arguments = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = 200, {}
        try:
            answer = getattr(self.client, method)(**arguments)
            answer.pop("ResponseMetadata")
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            kind = error.response["Error"]["Code"]
            answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[str]:
    """Address of a DynamoDB that has both tables, empty."""
    with mock_aws():
        client = make_client("dynamodb", region=REGION)
        for table in table_definitions("datasets", "jobs"):
            client.create_table(**table)
        handler = type("Handler", (_DynamoDBHandler,), {"client": client})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()
