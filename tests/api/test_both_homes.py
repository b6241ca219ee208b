"""The prediction function of AWS and the web application give the same answers and refusals."""

from __future__ import annotations

import base64
import hashlib
import json
import time

import pytest

from automl_backend.lambdas.prediction_events import PredictionEvents
from automl_backend.services.access import TokenAccess
from automl_backend.services.health import HealthService, check_model_runtime
from automl_backend.services.predictions import StoredJobs
from automl_backend.services.tokens import TokenHashes
from automl_core.bundle.loaded import LoadedModels
from automl_core.bundle.serving import Serving
from automl_core.records import LOCAL_OWNER

TOKEN = "secret"
HASHES = [hashlib.sha256(TOKEN.encode()).hexdigest()]
MAX_BODY_BYTES = 4096
PREDICT = "/predict/JOB"
GOOD = {"features": {"bill_length_mm": 59.0, "island": "Biscoe"}}


@pytest.fixture
def guarded(make_world):
    """A platform that needs a token, and one of its deployed models."""
    world = make_world(
        access=TokenAccess(HASHES),
        token=TOKEN,
        max_body_bytes=MAX_BODY_BYTES,
        max_prediction_rows=3,
    )
    return world, world.deployed()


@pytest.fixture
def function(guarded):
    """The function on the stores of that platform."""
    world, _ = guarded
    return PredictionEvents(
        serving=Serving(
            StoredJobs(world.metadata, world.clock),
            LoadedModels(world.objects),
            3,
            time.perf_counter,
        ),
        tokens=TokenHashes(HASHES),
        owner_id=LOCAL_OWNER,
        health=HealthService({"model-runtime": check_model_runtime}),
        max_body_bytes=MAX_BODY_BYTES,
        new_id=lambda: "f" * 32,
        monotonic=time.perf_counter,
    )


def event_of(method, path, content, headers):
    """The HTTP API's event of a request."""
    path, _, query = path.partition("?")
    return {
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def told(status, headers, text):
    """What of an answer may not differ between two requests."""
    content = json.loads(text)
    for name in ("request_id", "inference_time_ms"):
        if name in content:
            content[name] = "…"
    kept = ("content-type", "cache-control", "retry-after", "www-authenticate", "allow",
            "x-content-type-options", "referrer-policy")  # fmt: skip
    lower = {name.lower(): value for name, value in headers.items()}
    return status, {name: lower.get(name) for name in kept}, content, list(content)


#: What is asked (JOB stands for a deployed job, OTHER for one that is not), by what it is about.
CASES = {
    "a row": ("POST", PREDICT, GOOD, {}),
    "no explanation": ("POST", "/predict/JOB?explain=false", GOOD, {}),
    "rows": ("POST", PREDICT, {"rows": [{"island": "Elba", "x": 1}] * 2}, {}),
    "columns": ("POST", PREDICT, {"columns": {"bill_length_mm": [1, None]}}, {}),
    "fields": ("GET", "/predict/JOB/info", None, {}),
    "health": ("GET", "/health/model-runtime", None, {}),
    "health, no token": ("GET", "/health/model-runtime", None, {"authorization": "x"}),
    "an explanation": ("POST", "/predict/JOB?explain=true", GOOD, {}),
    "explanations": ("POST", "/predict/JOB?explain=1", {"rows": [{"island": "Elba"}] * 2}, {}),
    "a text to explain": (
        "POST", "/predict/JOB?explain=1", {"features": {"bill_length_mm": "x"}}, {},
    ),
    "a misspelt parameter": ("POST", "/predict/JOB?explian=1", GOOD, {}),
    "a parameter too many": ("GET", "/predict/JOB/info?a=1", None, {}),
    "no such job": ("POST", "/predict/nobody", GOOD, {}),
    "no such job's fields": ("GET", "/predict/nobody/info", None, {}),
    "not deployed": ("POST", "/predict/OTHER", GOOD, {}),
    "a text": ("POST", PREDICT, {"features": {"bill_length_mm": "x"}}, {}),
    "in rows": ("POST", PREDICT, {"rows": [{"bill_length_mm": "x"}]}, {}),
    "in columns": ("POST", PREDICT, {"columns": {"bill_length_mm": ["x"]}}, {}),
    "no column": ("POST", PREDICT, {"features": {"nothing": 1}}, {}),
    "nested": ("POST", PREDICT, {"features": {"island": [1]}}, {}),
    "much is wrong": ("POST", PREDICT, {"rows": [{"island": []}] * 3}, {}),
    "NaN": ("POST", PREDICT, b'{"features": {"island": NaN}}', {}),
    "too many rows": ("POST", PREDICT, {"rows": [{"island": "a"}] * 4}, {}),
    "no rows": ("POST", PREDICT, {"rows": []}, {}),
    "two forms": ("POST", PREDICT, {"features": {}, "rows": [{}]}, {}),
    "an unknown field": ("POST", PREDICT, {"feature": {}}, {}),
    "no JSON": ("POST", PREDICT, b"{", {}),
    "no UTF-8": ("POST", PREDICT, b"\xff", {}),
    "no body": ("POST", PREDICT, b"", {}),
    "nested beyond reason": ("POST", PREDICT, b"[" * 100, {}),
    "too large": ("POST", PREDICT, b" " * 5000, {}),
    "text": ("POST", PREDICT, GOOD, {"content-type": "text/plain"}),
    "another token": ("POST", PREDICT, GOOD, {"authorization": "Bearer x"}),
    "no token": ("POST", PREDICT, GOOD, {"authorization": ""}),
    "a long head": ("POST", PREDICT, GOOD, {"x-long": "x" * 11_000}),
    "another method": ("GET", PREDICT, None, {}),
    "method, no token": ("GET", PREDICT, None, {"authorization": ""}),
    "no such address": ("GET", "/predict/JOB/nothing", None, {}),
    "an escaped address": ("GET", "/predict/a%20b/nothing", None, {}),
}  # fmt: skip


def test_a_model_without_background_rows_is_refused_alike(guarded, function):
    world, _ = guarded
    address = f"/predict/{world.deployed(explains=False)}?explain=true"
    content = json.dumps(GOOD).encode()
    sent = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}

    ours = world.client.request("POST", address, content=content, headers=sent)
    reply = function(event_of("POST", address, content, sent), None)

    assert ours.status_code == 422
    assert told(reply["statusCode"], reply["headers"], reply["body"]) == told(
        ours.status_code, ours.headers, ours.text
    )


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(("method", "path", "body", "headers"), CASES.values(), ids=CASES)
def test_a_request_is_answered_alike(guarded, function, *, prefix, method, path, body, headers):
    world, job_id = guarded
    other = world.start()
    world.complete(other)
    address = prefix + path.replace("JOB", job_id).replace("OTHER", other)
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    sent = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}", **headers}

    ours = world.client.request(method, address, content=content, headers=sent)
    reply = function(event_of(method, address, content, sent), None)

    assert told(reply["statusCode"], reply["headers"], reply["body"]) == told(
        ours.status_code, ours.headers, ours.text
    )
