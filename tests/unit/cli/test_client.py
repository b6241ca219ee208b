"""The HTTP client: problems become errors, uploads and downloads keep their promises."""

from __future__ import annotations

import io
from contextlib import closing

import pytest

from automl_cli.client import Client
from automl_cli.exits import CommandError
from automl_core.errors import PlatformError


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(platform, waits):
    with closing(Client(platform.url, "secret", sleep=waits.append)) as client:
        yield client


@pytest.mark.parametrize(
    ("status", "code", "exit_status"),
    [
        pytest.param(422, "target-unusable", 65, id="bad data"),
        pytest.param(404, "model-not-deployed", 66, id="not found"),
        pytest.param(409, "dataset-in-use", 70, id="conflict"),
        pytest.param(413, "upload-too-large", 65, id="too large"),
        pytest.param(500, "unexpected", 75, id="a fault of the platform"),
        pytest.param(418, "of-a-newer-version", 65, id="unknown code, client's fault"),
        pytest.param(404, "of-a-newer-version", 66, id="unknown code, not found"),
    ],
)
def test_a_problem_becomes_its_detail_and_exit_code(client, platform, status, code, exit_status):
    platform.will("POST /x", platform.json({"code": code, "detail": "No good."}, status))

    with pytest.raises(CommandError) as caught:
        client.send("POST", "/x", {})

    assert (caught.value.detail, caught.value.code) == ("No good.", code)
    assert caught.value.exit_status == exit_status


def test_what_a_problem_points_to_is_told(client, platform):
    problem = {
        "code": "invalid-input",
        "detail": "The body is wrong.",
        "errors": [{"pointer": "/rows/0/age", "message": "is text"}],
    }
    platform.will("POST /x", platform.json(problem, 422))

    with pytest.raises(CommandError, match=r"The body is wrong\. \(/rows/0/age: is text\)"):
        client.send("POST", "/x", {})


def test_a_store_s_own_message_is_told(client, platform):
    body = b"<Error><Code>EntityTooLarge</Code><Message>Too large &amp; late.</Message></Error>"
    platform.will("POST /store", platform.raw(body, 400, {"Content-Type": "application/xml"}))
    ticket = {"method": "POST", "upload_url": f"{platform.url}/store", "fields": {}}

    with pytest.raises(CommandError, match="Too large & late"):
        client.upload(ticket, io.BytesIO(b"a,b"), "t.csv")


def test_reads_are_tried_again_while_the_platform_is_away(client, platform, waits):
    away = platform.json({"code": "platform-unavailable", "detail": "Wait."}, 503, Retry_After="3")
    platform.will("GET /jobs", away, away, platform.json({"items": []}))

    assert client.get("/jobs") == {"items": []}
    assert waits == [3.0, 3.0]


def test_a_write_is_repeated_only_under_one_idempotency_key(client, platform, waits):
    away = platform.json({"code": "platform-unavailable", "detail": "Wait."}, 503)
    platform.will("POST /train", away, platform.json({"job_id": "j1"}))

    assert client.send("POST", "/train", {}, once=True) == {"job_id": "j1"}
    keys = [request.headers["Idempotency-Key"] for request in platform.requests]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_write_without_a_key_is_sent_once(client, platform, waits):
    away = platform.json({"code": "platform-unavailable", "detail": "Wait."}, 503)
    platform.will("POST /jobs/j1/cancel", away)

    with pytest.raises(CommandError):
        client.send("POST", "/jobs/j1/cancel")

    assert len(platform.requests) == 1


def test_an_answer_that_is_no_json_is_told_as_what_it_is(client, platform):
    platform.will("GET /jobs", platform.raw(b"<html>"))

    with pytest.raises(PlatformError, match="is it an AutoML Lite platform"):
        client.get("/jobs")


def test_a_form_carries_its_fields_first_the_file_last_and_no_token(client, platform):
    platform.will("POST /storage/upload", platform.raw(status=204))
    ticket = {
        "method": "POST",
        "upload_url": f"{platform.url}/storage/upload",
        "fields": {"key": "datasets/d1/upload", "Content-Type": "text/csv"},
        "headers": {},
    }

    client.upload(ticket, io.BytesIO(b"a,b\n1,2\n"), "t.csv")

    [request] = platform.requests
    names = ['name="key"', 'name="Content-Type"', 'name="file"; filename="t.csv"', "a,b\n1,2\n"]
    positions = [request.body.decode().index(part) for part in names]
    assert positions == sorted(positions)
    assert "Authorization" not in request.headers


def test_a_put_carries_its_headers_and_length(client, platform, tmp_path):
    platform.will("PUT /storage/object", platform.raw(status=201))
    file = tmp_path / "t.csv"
    file.write_bytes(b"a,b\n1,2\n")
    ticket = {
        "method": "PUT",
        "upload_url": f"{platform.url}/storage/object?s=1",
        "fields": {},
        "headers": {"Content-Type": "text/csv"},
    }

    with file.open("rb") as stream:
        client.upload(ticket, stream, "t.csv")

    [request] = platform.requests
    assert request.body == b"a,b\n1,2\n"
    assert (request.headers["Content-Type"], request.headers["Content-Length"]) == ("text/csv", "8")


def test_a_download_is_written_whole_and_sends_no_token_to_a_signed_url(client, platform, tmp_path):
    platform.will("GET /storage/object", platform.raw(b"x" * 100_000))

    size = client.download(f"{platform.url}/storage/object?s=1", tmp_path / "a" / "b.bin")

    assert size == 100_000
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.bin"]
    assert "Authorization" not in platform.requests[0].headers


def test_a_refused_download_leaves_nothing_behind(client, platform, tmp_path):
    platform.will("GET /x", platform.json({"code": "not-found", "detail": "Gone."}, 404))

    with pytest.raises(CommandError, match="Gone"):
        client.download("/x", tmp_path / "b.bin")

    assert list(tmp_path.iterdir()) == []


def test_the_token_goes_to_the_platform(client, platform):
    platform.will("GET /jobs", platform.json({}))

    client.get("/jobs")

    assert platform.requests[0].headers["Authorization"] == "Bearer secret"
