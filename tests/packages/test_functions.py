"""Each package's real content answers the runtime as it will in Lambda."""

from __future__ import annotations

import base64
import json
import socket
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .runtime_api import TOKEN, Function, http_event

#: A port that nothing listens on: AWS that does not answer.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def api(start, dynamodb):
    """The API's function, before a DynamoDB with empty tables."""
    return start("api", AWS_ENDPOINT_URL_DYNAMODB=dynamodb, AWS_ENDPOINT_URL=NOWHERE)


@pytest.fixture(scope="module")
def inference(start):
    """The predicting function, before AWS that does not answer."""
    return start("inference", AWS_ENDPOINT_URL=NOWHERE)


@pytest.fixture(scope="module")
def events(start, dynamodb):
    """The function that hears of Batch's jobs."""
    return start("events", AWS_ENDPOINT_URL_DYNAMODB=dynamodb, AWS_ENDPOINT_URL=NOWHERE)


@pytest.fixture(scope="module")
def authorizer(start):
    """The function that lets requests in."""
    return start("authorizer")


def problem_of(response: dict[str, Any], status: int) -> dict[str, Any]:
    """The problem document of a response, which must be one."""
    assert response["statusCode"] == status, response
    assert response["headers"]["content-type"] == "application/problem+json"
    assert not response.get("isBase64Encoded")
    return json.loads(response["body"])


# -- api ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health/live", "/api/health/live"])
def test_the_api_is_alive_under_both_addresses(api, path):
    response = api.request("GET", path)

    assert response["statusCode"] == 200
    assert json.loads(response["body"])["status"] == "ok"


def test_the_api_refuses_strangers_under_the_gateways_request_id(api):
    response = api.request("GET", "/jobs", request_id="gateway-id-1")

    problem = problem_of(response, 401)
    assert problem["code"] == "unauthorized"
    assert problem["request_id"] == response["headers"]["x-request-id"] == "gateway-id-1"


def test_the_api_answers_a_list_from_the_tables(api):
    response = api.request("GET", "/jobs?limit=5", token=TOKEN)

    assert response["statusCode"] == 200, response
    assert json.loads(response["body"]) == {"items": [], "next_token": None}


def test_an_unknown_address_is_a_problem_document(api):
    assert problem_of(api.request("GET", "/nowhere", token=TOKEN), 404)["code"] == "not-found"


def test_a_body_is_read_and_checked(api):
    response = api.request(
        "POST", "/train", token=TOKEN, body='{"dataset": 1}',
        headers={"content-type": "application/json"},
    )  # fmt: skip

    problem = problem_of(response, 422)
    assert "/dataset" in [part["pointer"] for part in problem["errors"]]
    assert "Warning" not in api.output()


def test_pages_and_the_document_of_the_api_are_there(api):
    document = json.loads(api.request("GET", "/openapi.json", token=TOKEN)["body"])
    page = api.request("GET", "/problems/not-found")

    assert "/train" in document["paths"]
    assert page["headers"]["content-type"].startswith("text/html")


def test_a_form_that_lambda_cannot_take_is_told_the_way_for_large_files(api):
    form = (
        b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n"
        + b"1,2\n" * 1_070_000
        + b"\r\n--x--\r\n"
    )

    response = api.request(
        "POST", "/datasets", token=TOKEN, body=base64.b64encode(form).decode(), is_base64=True,
        headers={"content-type": "multipart/form-data; boundary=x"},
    )  # fmt: skip

    problem = problem_of(response, 413)
    assert problem["code"] == "body-too-large"
    assert "POST /upload/request-url" in problem["detail"]


def test_without_aws_the_api_is_not_ready_and_says_so(api):
    response = api.request("GET", "/health/storage")

    assert response["statusCode"] == 503
    assert json.loads(response["body"])["status"] != "ready"


def test_log_lines_are_json_and_name_the_request(api):
    api.request("GET", "/jobs", request_id="gateway-id-2")

    (line,) = [each for each in api.lines() if each.get("correlation_id") == "gateway-id-2"]
    assert line["message"] == "request"
    assert (line["status"], line["path"], line["service"]) == (401, "/jobs", "api")
    assert line["request_id"] == "gateway-id-2"
    assert TOKEN not in api.output()


def test_an_unexpected_exception_is_a_problem_a_stack_in_the_log_and_a_count(start, dynamodb):
    broken = start("api", AWS_ENDPOINT_URL_DYNAMODB=dynamodb, DYNAMODB_JOBS_TABLE="not-made")

    response = broken.request("GET", "/jobs", token=TOKEN, request_id="gateway-id-3")

    problem = problem_of(response, 500)
    assert problem["code"] == "unexpected"
    assert "not-made" not in response["body"]
    (line,) = [each for each in broken.lines() if each.get("level") == "ERROR"]
    assert line["correlation_id"] == "gateway-id-3"
    assert "Traceback" in line["exception"]
    assert "automl_core/adapters/dynamodb_" in line["exception"]
    (count,) = [each for each in broken.lines() if "_aws" in each]
    assert count["UnexpectedErrors"] == [1.0]
    (directive,) = count["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("AutoMLLite", [[]])


def test_a_request_that_x_ray_takes_is_traced_with_its_calls_of_aws(start, dynamodb):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(10)
        address = f"127.0.0.1:{daemon.getsockname()[1]}"
        traced = start("api", AWS_ENDPOINT_URL_DYNAMODB=dynamodb, AWS_XRAY_DAEMON_ADDRESS=address)

        untaken = traced.request("GET", "/jobs", token=TOKEN)
        traced.api.trace_id = traced.api.trace_id.replace("Sampled=0", "Sampled=1")
        taken = traced.request("GET", "/jobs", token=TOKEN)
        sent = [json.loads(daemon.recv(65_507).partition(b"\n")[2]) for _ in range(2)]

    assert (untaken["statusCode"], taken["statusCode"]) == (200, 200)
    assert {each["trace_id"] for each in sent} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert {each["name"] for each in sent} == {"dynamodb", "## _answer"}
    assert "next_token" not in json.dumps(sent)


def test_an_event_of_somebody_else_is_an_error(api):
    answer = api.invoke({"hello": "world"})

    assert answer.kind == "error"
    assert answer.payload["errorType"] == "RuntimeError"


def test_the_api_does_not_start_as_the_embedded_home(start):
    stores = ("S3_BUCKET_DATASETS", "S3_BUCKET_MODELS", "S3_BUCKET_REPORTS")
    tables = ("DYNAMODB_DATASETS_TABLE", "DYNAMODB_JOBS_TABLE")
    blank = start("api", **dict.fromkeys((*stores, *tables), ""))

    answer = blank.invoke({})

    assert answer.kind == "error"
    assert answer.payload["errorType"] == "ConfigurationError"
    assert "S3_BUCKET_DATASETS" in answer.payload["errorMessage"]


# -- inference, events, authorizer --------------------------------------------------------


def test_inference_can_load_models(inference):
    response = inference.request("GET", "/health/model-runtime")

    assert response["statusCode"] == 200
    assert json.loads(response["body"])["name"] == "model-runtime"


def test_inference_refuses_strangers(inference):
    response = inference.request("POST", "/predict/j1", body='{"features": {}}')

    assert problem_of(response, 401)["code"] == "unauthorized"


def test_inference_says_when_aws_does_not_answer(inference):
    response = inference.request(
        "POST", "/predict/j1", token=TOKEN, body='{"features": {}}',
        headers={"content-type": "application/json"},
    )  # fmt: skip

    assert problem_of(response, 503)["code"] == "platform-unavailable"


def test_events_refuses_what_is_none_of_its_own(events):
    answer = events.invoke({"source": "aws.ec2", "detail-type": "anything", "detail": {}})

    assert answer.kind == "error"
    assert answer.payload["errorType"] == "InvalidInputError"


def test_events_passes_over_a_job_of_somebody_else(events):
    answer = events.invoke(
        {
            "source": "aws.batch",
            "detail-type": "Batch Job State Change",
            "detail": {
                "jobId": "4c7599ae-0a82-49aa-ba5a-4727fcce14a8",
                "jobName": "somebody-elses",
                "status": "SUCCEEDED",
                "attempts": [],
            },
        }
    )

    assert answer.kind == "response", answer.payload


@pytest.mark.parametrize(
    ("token", "is_authorized"),
    [pytest.param(TOKEN, True, id="a token"), pytest.param("another", False, id="a wrong token")],
)
def test_the_authorizer_knows_tokens(authorizer, token, is_authorized):
    answer = authorizer.invoke(http_event("GET", "/jobs", token=token))

    assert answer.payload == {"isAuthorized": is_authorized}


# -- What they load -----------------------------------------------------------------------

PROBE = """
import gc
import sys
from automl_backend.lambdas.{name} import handler as real

def handler(event, context):
    if "probe" not in event:
        return real(event, context)
    if event["probe"] == "garbage":
        return {{"is_collected": gc.isenabled(), "n_frozen": gc.get_freeze_count()}}
    return {{
        name: getattr(module, "__file__", None) or ""
        for name, module in list(sys.modules.items())
    }}
"""
#: What boto3 is made of, and the runtime's client.
OF_THE_RUNTIME = {
    *("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"),
    *("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"),
}
SDK = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3"}
#: Events after which a function has loaded what its work needs.
WORK = {
    "api": [
        http_event("GET", "/jobs?limit=5", token=TOKEN),
        http_event("GET", "/docs", token=TOKEN),
        http_event("GET", "/health/ready"),
    ],
    "events": [{"source": "automl.schedule", "detail-type": "sweep"}],
    "inference": [
        http_event("GET", "/health/model-runtime"),
        http_event("POST", "/predict/j1", token=TOKEN, body='{"features": {}}'),
    ],
    "authorizer": [http_event("GET", "/jobs", token=TOKEN)],
}


@pytest.fixture(scope="module")
def probed(start, dynamodb, tmp_path_factory):
    """Start a function with a handler around its own that can be asked about the process."""

    @cache
    def begin(name: str) -> Function:
        folder = tmp_path_factory.mktemp("probe")
        (folder / "probe.py").write_text(PROBE.format(name=name))
        function = start(
            name, handler="probe.handler", extra=folder,
            AWS_ENDPOINT_URL_DYNAMODB=dynamodb, AWS_ENDPOINT_URL=NOWHERE,
        )  # fmt: skip
        for event in WORK[name]:
            function.invoke(event)
        return function

    return begin


@pytest.fixture(scope="module")
def loaded(probed):
    """Tell which modules a function has loaded after its work, and from where."""

    def find(name: str) -> dict[str, str]:
        answer = probed(name).invoke({"probe": "modules"})
        assert answer.kind == "response"
        return {name: file for name, file in answer.payload.items() if file and name != "probe"}

    return find


@pytest.mark.parametrize("name", WORK)
def test_nothing_is_loaded_but_the_package_the_standard_library_and_boto3(
    loaded, unpacked, python313_library, name
):
    found = loaded(name)

    task, runtime = f"{unpacked / name}/", f"{unpacked / 'runtime'}/"
    foreign = {
        module: file
        for module, file in found.items()
        if not file.startswith((task, runtime, python313_library))
    }
    of_runtime = {
        file.removeprefix(runtime).partition("/")[0].partition(".")[0]
        for file in found.values()
        if file.startswith(runtime)
    }
    assert foreign == {}
    assert of_runtime <= OF_THE_RUNTIME
    assert any(file.startswith(task) for file in found.values())
    if name in ("inference", "authorizer"):
        assert not of_runtime & SDK


@pytest.mark.parametrize("name", WORK)
def test_every_loaded_module_was_compiled_before(unpacked, loaded, name):
    task = f"{unpacked / name}/"

    sources = [Path(file) for file in loaded(name).values() if file.startswith(task)]

    uncompiled = [
        str(path)
        for path in sources
        if path.suffix == ".py"
        and not (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").exists()
    ]
    assert uncompiled == []


def test_the_api_collects_garbage_again_once_it_has_started(probed):
    answer = probed("api").invoke({"probe": "garbage"})

    assert answer.payload["is_collected"] is True
    assert answer.payload["n_frozen"] > 10_000
