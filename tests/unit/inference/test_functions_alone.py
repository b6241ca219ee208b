"""The two functions in a process of their own: what they load, and that they refuse to be open."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from .conftest import TOKEN

HASH = hashlib.sha256(TOKEN.encode()).hexdigest()
INFERENCE = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "a secret for tests",
    "AWS_REGION": "eu-central-1",
    "S3_BUCKET_MODELS": "models",
    "DYNAMODB_JOBS_TABLE": "jobs",
    "AUTOML_API_TOKEN_HASHES": HASH,
}


def run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program with these settings and none of this process's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AUTOML_", "AWS_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def loaded(module: str, environment: dict[str, str]) -> set[str]:
    """Modules in memory after an import that were not there before."""
    code = (
        f"import sys; there = set(sys.modules); import {module}; print(*set(sys.modules) - there)"
    )
    done = run(code, environment)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_prediction_function_loads_no_framework():
    found = loaded("automl_backend.lambdas.inference", INFERENCE)

    heavy = {
        "pydantic", "pydantic_core", "boto3", "botocore", "fastapi", "starlette", "sqlalchemy",
        "duckdb", "mangum", "aws_lambda_powertools", "jinja2", "pandas", "sklearn",
        "automl_core.records", "automl_core.settings", "automl_core.ports",
    }  # fmt: skip
    assert heavy & found == set()
    assert {"numpy", "onnxruntime", "automl_core.bundle.runtime"} <= found
    # Loaded when an explanation is first asked for.
    assert not {"automl_core.bundle.contributions", "numpy.random"} & found


def test_explanations_load_numpy_and_nothing_else():
    found = loaded("automl_core.bundle.contributions", {})

    foreign = {name.partition(".")[0] for name in found} - set(sys.stdlib_module_names)
    assert foreign <= {"automl_core", "numpy", "onnxruntime"}


def test_the_authorizer_loads_the_standard_library_only():
    found = loaded("automl_backend.lambdas.authorizer", {"AUTOML_API_TOKEN_HASHES": HASH})

    foreign = {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {
        "automl_backend", "automl_backend.lambdas", "automl_backend.lambdas.authorizer",
        "automl_backend.services", "automl_backend.services.tokens", "automl_core",
        "automl_core.errors",
    }  # fmt: skip


@pytest.mark.parametrize("value", ["", " , ", "secret"], ids=["unset", "blank", "no hash"])
@pytest.mark.parametrize("name", ["inference", "authorizer"])
def test_a_function_without_valid_token_hashes_does_not_start(name, value):
    environment = {**INFERENCE, "AUTOML_API_TOKEN_HASHES": value}

    done = run(f"import automl_backend.lambdas.{name}", environment)

    assert done.returncode != 0
    assert "ConfigurationError: AUTOML_API_TOKEN_HASHES" in done.stderr


def authorize(headers: object) -> object:
    """Ask the authorizer about the headers of a request."""
    event = {"version": "2.0", "type": "REQUEST", "headers": headers}
    code = (
        "import json, sys; from automl_backend.lambdas.authorizer import handler;"
        "print(json.dumps(handler(json.loads(sys.argv[1]), None)))"
    )
    environment = {"AUTOML_API_TOKEN_HASHES": f"{'0' * 64}, {HASH.upper()}"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AUTOML_", "AWS_"))}
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(event)],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"authorization": f"Bearer {TOKEN}"}, True, id="valid"),
        pytest.param({"Authorization": f"bearer  {TOKEN} "}, True, id="other case"),
        pytest.param({"authorization": f"Bearer {TOKEN}x"}, False, id="another token"),
        pytest.param({"authorization": f"Bearer {HASH}"}, False, id="the hash itself"),
        pytest.param({"authorization": f"Basic {TOKEN}"}, False, id="another scheme"),
        pytest.param({"authorization": "Bearer " + "x" * 513}, False, id="too long"),
        pytest.param({"authorization": "Bearer \ud800"}, False, id="no Unicode"),
        pytest.param({"authorization": ""}, False, id="empty"),
        pytest.param({}, False, id="none"),
        pytest.param(None, False, id="no headers"),
    ],
)
def test_the_authorizer_lets_valid_tokens_in_and_tells_nothing_else(headers, expected):
    assert authorize(headers) == {"isAuthorized": expected}
