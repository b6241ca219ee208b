"""The prediction function: events in, answers and problem documents out."""

from __future__ import annotations

import base64
import gzip
import json
import logging

import pytest

from automl_backend.lambdas.inference_wiring import InferenceSettings
from automl_backend.schemas.health import PartView
from automl_backend.schemas.predictions import ModelInfoView, PredictionsView, PredictionView
from automl_backend.schemas.problems import Problem
from automl_core.errors import ConfigurationError
from automl_core.layout import job_key
from automl_core.settings import Settings

from .conftest import MODELS, event

ROW = {"features": {"size": 3.0, "city/town": "Oslo"}}


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_a_row_is_answered_as_the_api_s_document_says(aws, ask, prefix):
    aws.add_job()

    reply = ask("POST", f"{prefix}/predict/job-1", ROW)

    assert reply.status == 200, reply.content
    assert reply.headers["content-type"] == "application/json"
    assert PredictionView(**reply.content).model_dump(mode="json") == reply.content
    assert list(reply.content) == list(PredictionView.model_fields)
    assert reply.content["prediction"] is True
    assert reply.content["probability"] == reply.content["probabilities"]["true"]


def test_an_answer_names_the_labels_that_the_row_may_well_have(aws, ask):
    aws.add_job()

    rows = {"rows": [{"size": 0.0}, {"size": 3.0}]}
    sets = [row["label_set"] for row in ask("POST", "/predict/job-1", rows).content["predictions"]]

    # Probabilities are 0.5 and 0.5, then 0.0025 and 0.9975; the threshold is 0.4.
    assert sets == [[False, True], [True]]


@pytest.mark.parametrize("regression", [False, True])
def test_what_a_model_promises_is_told_with_its_fields(aws, ask, regression):
    aws.add_job(regression=regression)

    assert ask("GET", "/predict/job-1/info").content["coverage"] == 0.9


@pytest.mark.parametrize("regression", [False, True])
def test_many_rows_are_answered_as_the_api_s_document_says(aws, ask, regression):
    aws.add_job(regression=regression)

    reply = ask("POST", "/predict/job-1", {"columns": {"size": [3.0, -9.0, None]}})

    assert reply.status == 200, reply.content
    assert PredictionsView(**reply.content).model_dump(mode="json") == reply.content
    assert list(reply.content) == list(PredictionsView.model_fields)
    assert reply.content["n_rows"] == 3


@pytest.mark.parametrize("regression", [False, True])
def test_an_answer_is_explained_as_the_api_s_document_says(aws, ask, regression):
    aws.add_job(regression=regression, explains=True)

    reply = ask("POST", "/predict/job-1", ROW, rawQueryString="explain=true")

    assert reply.status == 200, reply.content
    assert PredictionView(**reply.content).model_dump(mode="json") == reply.content
    told = reply.content["explanation"]
    first, second = told["contributions"]
    assert (told["explained"], first["column"]) == (None if regression else True, "size")
    assert (second["value"], second["contribution"]) == ("Oslo", 0.0)
    assert told["baseline"] + first["contribution"] == pytest.approx(told["prediction"])


def test_the_fields_are_described_as_the_api_s_document_says(aws, ask):
    aws.add_job()

    reply = ask("GET", "/predict/job-1/info")

    assert reply.status == 200, reply.content
    assert ModelInfoView(**reply.content).model_dump(mode="json") == reply.content
    assert list(reply.content) == list(ModelInfoView.model_fields)


def test_the_model_runtime_is_well_without_a_token(ask):
    reply = ask("GET", "/api/health/model-runtime", token=None)

    assert (reply.status, reply.content["status"]) == (200, "ready")
    assert PartView(**reply.content).model_dump() == reply.content


@pytest.mark.parametrize("token", [None, "", "another", "x" * 513, "x" * 100_000, "\ud800"])
def test_a_wrong_token_is_refused(aws, ask, token):
    aws.add_job()

    reply = ask("POST", "/predict/job-1", ROW, token=token)

    assert reply.status in {401, 431}
    assert aws.asked == []
    if reply.status == 401:
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"owner_id": "somebody else"}, "not-found", id="somebody else's"),
        pytest.param({"is_deployed": False}, "model-not-deployed", id="not deployed"),
    ],
)
def test_what_may_not_be_seen_is_not_there(aws, ask, changes, code):
    aws.add_job(**changes)

    reply = ask("POST", "/predict/job-1", ROW)

    assert (reply.status, reply.content["code"]) == (404, code)


def test_a_foreign_job_is_answered_like_a_missing_one(aws, ask):
    aws.add_job("job-1", owner_id="somebody else")

    foreign = ask("POST", "/predict/job-1", ROW).content
    missing = ask("POST", "/predict/job-2", ROW).content

    assert foreign["detail"] == missing["detail"].replace("job-2", "job-1")
    assert foreign["code"] == missing["code"]


@pytest.mark.parametrize(
    ("request_event", "status", "code"),
    [
        pytest.param(event("POST", "/predict"), 404, "not-found", id="no such address"),
        pytest.param(event("GET", "/predict/job-1"), 405, "method-not-allowed", id="method"),
        pytest.param(
            event("POST", "/predict/job-1", ROW, query="explian=1"),
            422, "invalid-input", id="query",
        ),
        pytest.param(
            event("POST", "/predict/job-1", ROW, query="explain=true"),
            422, "invalid-input", id="a model that cannot be explained",
        ),
        pytest.param(
            event("POST", "/predict/job-1", ROW, query="explain=perhaps"),
            422, "invalid-input", id="explained perhaps",
        ),
        pytest.param(
            event("POST", "/predict/job-1", {"rows": [{"size": 1}] * 101}, query="explain=true"),
            413, "limit-exceeded", id="too many rows to explain",
        ),
        pytest.param(
            event("POST", "/predict/job-1", "[" * 1000), 400, "body-unreadable", id="nested"
        ),
        pytest.param(
            event("POST", "/predict/job-1", "%%%", isBase64Encoded=True),
            400, "body-unreadable", id="no base64",
        ),
        pytest.param(
            event("POST", "/predict/job-1", "x" * 9_000_000), 413, "body-too-large", id="too large"
        ),
        pytest.param(
            event("POST", "/predict/job-1", ROW, headers={"x-long": "x" * 11_000}),
            431, "head-too-large", id="long head",
        ),
        pytest.param(
            event("POST", "/predict/job-1", {"features": {"size": "big"}}),
            422, "prediction-input", id="a text for a number",
        ),
        pytest.param(
            event("POST", "/predict/job-1", {"rows": [{"size": 1}] * 10_001}),
            413, "limit-exceeded", id="too many rows",
        ),
    ],
)  # fmt: skip
def test_a_refusal_is_a_problem_document(aws, make_function, request_event, status, code):
    aws.add_job()

    reply = make_function()(request_event, None)

    problem = Problem.model_validate_json(reply["body"])
    assert (reply["statusCode"], problem.status, problem.code) == (status, status, code)
    assert reply["headers"]["content-type"] == "application/problem+json"
    assert reply["headers"]["x-request-id"] == problem.request_id != ""
    assert json.loads(reply["body"]) == problem.model_dump()


def test_every_answer_has_the_headers_of_the_web_application(aws, ask):
    aws.add_job()

    for reply in (ask("POST", "/predict/job-1", ROW), ask("GET", "/nothing")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-request-id"] == "gateway-1"


def test_a_body_in_base64_is_read(aws, ask):
    aws.add_job()
    body = base64.b64encode(json.dumps(ROW).encode()).decode()

    assert ask("POST", "/predict/job-1", body, isBase64Encoded=True).status == 200


def test_a_stage_of_its_own_name_is_no_part_of_the_address(aws, ask):
    aws.add_job()
    request = event("POST", "/test/api/predict/job-1", ROW)
    request["requestContext"]["stage"] = "test"

    reply = ask("POST", "/test/api/predict/job-1", ROW, requestContext=request["requestContext"])

    assert reply.status == 200


def test_a_withdrawn_model_answers_no_more_after_five_seconds(aws, ask, clock):
    job = aws.add_job()
    assert ask("POST", "/predict/job-1", ROW).status == 200

    aws.store.update_job(job.model_copy(update={"is_deployed": False}))
    clock.move(5)

    assert ask("POST", "/predict/job-1", ROW).content["code"] == "model-not-deployed"


def test_a_fresh_deployment_answers_after_one_second(aws, ask, clock):
    assert ask("POST", "/predict/job-1", ROW).status == 404

    aws.add_job()
    clock.move(1)

    assert ask("POST", "/predict/job-1", ROW).status == 200


def test_a_warm_prediction_asks_aws_nothing(aws, ask):
    aws.add_job()
    ask("POST", "/predict/job-1", ROW)
    asked = list(aws.asked)

    for _ in range(20):
        assert ask("POST", "/predict/job-1", ROW).status == 200

    assert asked == [
        "GetItem", "/models/jobs/job-1/bundle/manifest.json",
        "/models/jobs/job-1/bundle/model.onnx", "UpdateItem",
    ]  # fmt: skip
    assert aws.asked == asked


def test_a_lone_prediction_is_counted_at_once_and_many_every_ten_seconds(aws, ask, clock):
    aws.add_job()

    ask("POST", "/predict/job-1", ROW)
    at_once = aws.store.get_use("job-1")
    ask("POST", "/predict/job-1", {"rows": [{"size": 1}] * 7})
    meanwhile = aws.store.get_use("job-1")
    clock.move(10)
    ask("POST", "/predict/job-1", ROW)

    assert (at_once.n_predictions, meanwhile.n_predictions) == (1, 1)
    assert aws.store.get_use("job-1").n_predictions == 9


def test_a_count_that_cannot_be_written_fails_no_prediction_and_is_kept(aws, ask, clock, caplog):
    aws.add_job()
    ask("POST", "/predict/job-1", ROW)
    clock.move(10)
    aws.faults[:] = [0, 400, 400, 400, 400]

    with caplog.at_level(logging.WARNING, "automl.inference"):
        assert ask("POST", "/predict/job-1", ROW).status == 200
    clock.move(10)
    ask("POST", "/predict/job-1", ROW)

    assert "tries" in caplog.text
    assert aws.store.get_use("job-1").n_predictions == 3


def test_the_use_of_a_deleted_job_is_let_go(aws, ask, clock):
    aws.add_job()
    ask("POST", "/predict/job-1", ROW)
    aws.store.delete_job("job-1")

    clock.move(10)
    reply = ask("POST", "/predict/job-1", ROW)

    assert reply.status == 404


@pytest.mark.parametrize("name", ["bundle/manifest.json", "bundle/model.onnx"])
@pytest.mark.parametrize("is_gone", [False, True], ids=["altered", "gone"])
def test_a_damaged_bundle_is_not_used(aws, ask, name, is_gone):
    aws.add_job()
    key = job_key("job-1", name)
    if is_gone:
        aws.s3.delete_object(Bucket=MODELS, Key=key)
    else:
        aws.s3.put_object(Bucket=MODELS, Key=key, Body=b"other bytes")

    reply = ask("POST", "/predict/job-1", ROW)

    assert (reply.status, reply.content["code"]) == (503, "model-corrupt")
    assert reply.headers["retry-after"] == "5"


def test_a_redeployed_bundle_is_fetched_anew(aws, ask, clock):
    job = aws.add_job()
    ask("POST", "/predict/job-1", ROW)
    aws.store.delete_job("job-1")
    again = aws.add_job(regression=True)
    clock.move(5)

    reply = ask("POST", "/predict/job-1", ROW)

    assert job.bundle_sha256 != again.bundle_sha256 == reply.content["model_version"]
    assert reply.content["task"] == "regression"


def test_an_answer_too_large_for_lambda_is_packed_or_refused(aws, ask):
    aws.add_job()
    body = {"rows": [{"size": 99.0, f"{'column' * 100}": 1}] * 10_000}

    packed = ask("POST", "/predict/job-1", body, headers={"accept-encoding": "gzip"}).raw
    refused = ask("POST", "/predict/job-1", body)

    content = json.loads(gzip.decompress(base64.b64decode(packed["body"])))
    assert packed["headers"]["content-encoding"] == "gzip"
    assert len(json.dumps(packed)) < 6_291_556 < len(json.dumps(content))
    assert content["n_rows"] == 10_000
    assert (refused.status, refused.content["code"]) == (413, "answer-too-large")


def test_a_fault_of_ours_tells_its_identifier_and_nothing_else(aws, ask, caplog):
    aws.add_job()
    aws.dynamodb.update_item(
        TableName="jobs",
        Key={"pk": {"S": "job#job-1"}, "sk": {"S": "job"}},
        UpdateExpression="SET #r = :r",
        ExpressionAttributeNames={"#r": "record"},
        ExpressionAttributeValues={":r": {"S": '{"secret": "of the record"}'}},
    )

    with caplog.at_level(logging.ERROR, "automl.inference"):
        reply = ask("POST", "/predict/job-1", ROW)

    assert (reply.status, reply.content["code"]) == (500, "unexpected")
    assert "secret" not in json.dumps(reply.raw)
    assert caplog.records[0].request_id == reply.content["request_id"]


def test_refusals_are_logged_and_one_answer_of_a_hundred(aws, ask, caplog):
    aws.add_job()

    with caplog.at_level(logging.INFO, "automl.inference"):
        for _ in range(101):
            ask("POST", "/predict/job-1", ROW)
        ask("POST", "/predict/job-2", ROW)

    lines = [record for record in caplog.records if record.message == "request"]
    assert [(line.n_answered, line.status) for line in lines] == [(1, 200), (101, 200), (102, 404)]
    assert lines[0].request_id == "gateway-1"


# -- Settings ---------------------------------------------------------------------------


def test_the_defaults_are_those_of_the_platform(environment):
    settings = InferenceSettings(environment)

    assert settings.max_rows == Settings.model_fields["max_prediction_rows"].default
    assert settings.max_body_bytes == Settings.model_fields["max_body_bytes"].default
    assert settings.log_level == Settings.model_fields["log_level"].default


@pytest.mark.parametrize(
    "changes",
    [
        {"S3_BUCKET_MODELS": ""},
        {"DYNAMODB_JOBS_TABLE": " "},
        {"AWS_REGION": ""},
        {"AUTOML_API_TOKEN_HASHES": ""},
        {"AUTOML_API_TOKEN_HASHES": "secret"},
        {"AUTOML_MAX_PREDICTION_ROWS": "-1"},
        {"AUTOML_MAX_BODY_BYTES": "8MB"},
        {"AUTOML_LOG_LEVEL": "loud"},
    ],
    ids=lambda changes: "=".join(*changes.items()),
)
def test_a_wrong_setting_is_named(environment, changes):
    with pytest.raises(ConfigurationError) as caught:
        InferenceSettings({**environment, **changes})

    assert next(iter(changes)) in caught.value.detail


def test_everything_wrong_is_said_at_once():
    with pytest.raises(ConfigurationError) as caught:
        InferenceSettings({})

    for name in ("S3_BUCKET_MODELS", "DYNAMODB_JOBS_TABLE", "AWS_REGION", "TOKEN_HASHES"):
        assert name in caught.value.detail


def test_the_limits_are_kept(aws, make_ask):
    aws.add_job()
    ask = make_ask(AUTOML_MAX_PREDICTION_ROWS="2", AUTOML_MAX_BODY_BYTES="100")

    rows = ask("POST", "/predict/job-1", {"rows": [{"size": 1}] * 3})
    body = ask("POST", "/predict/job-1", {"rows": [{"size": 1}] * 30})

    assert (rows.content["code"], body.content["code"]) == ("limit-exceeded", "body-too-large")
