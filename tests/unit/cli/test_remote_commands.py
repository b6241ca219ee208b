"""Commands against a running platform: what they send, say and answer."""

from __future__ import annotations

import json

import pytest

from automl_cli.client import open_client
from automl_cli.exits import CommandError
from automl_cli.remote import confirm_dataset

JOB = {
    "job_id": "j1",
    "dataset_name": "t.csv",
    "target_column": "y",
    "status": "completed",
    "stage": "done",
    "attempt": 1,
    "task": "binary",
    "metric": "roc_auc",
    "score": 0.91,
    "model_family": "lightgbm",
    "is_deployed": False,
    "tags": ["a", "b"],
    "notes": "",
    "error": None,
}
STATUS = {
    "status": "running",
    "stage": "train",
    "progress": 40.0,
    "best_score": 0.8,
    "n_trials": 12,
    "message": "",
    "error": None,
}


def test_a_list_says_how_to_get_its_next_page(automl, platform):
    platform.will("GET /jobs", platform.json({"items": [JOB], "next_token": "abc"}))

    said = automl("jobs", "list", "--status", "completed", "--limit", "1", "--api", platform.url)

    assert platform.requests[0].path == "/jobs?limit=1&status=completed"
    assert "roc_auc" in said.out
    assert said.out.endswith("More: --next-token abc\n")


def test_with_json_the_answer_is_passed_on_as_it_came(automl, platform):
    page = {"items": [JOB], "next_token": None}
    platform.will("GET /jobs", platform.json(page))

    said = automl("jobs", "list", "--json", "--api", platform.url)

    assert (said.code, said.document, said.err) == (0, page, "")


def test_the_address_may_come_from_the_environment(automl, platform, monkeypatch):
    platform.will("GET /models", platform.json({"items": [], "next_token": None}))
    monkeypatch.setenv("AUTOML_API_URL", platform.url)
    monkeypatch.setenv("AUTOML_API_TOKEN", "t0ken")

    said = automl("models", "list")

    assert said.out == "No model is deployed.\n"
    assert platform.requests[0].headers["Authorization"] == "Bearer t0ken"


def test_an_upload_asks_sends_and_confirms(automl, platform, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a;b\n1;2\n")
    ticket = {
        "dataset_id": "d1",
        "method": "POST",
        "upload_url": f"{platform.url}/storage/upload",
        "fields": {"key": "k"},
        "headers": {},
    }
    dataset = {
        "dataset_id": "d1",
        "filename": "t.csv",
        "status": "ready",
        "row_count": 1,
        "file_size": 8,
        "sha256": "00",
        "columns": [{"name": "a", "kind": "numeric", "missing": 0, "distinct": 1}],
    }
    platform.will("POST /upload/request-url", platform.json(ticket))
    platform.will("POST /storage/upload", platform.raw(status=204))
    platform.will("POST /datasets/d1/confirm", platform.json(dataset))

    said = automl("datasets", "upload", file, "--delimiter", ";", "--api", platform.url)

    asked, _, confirmed = platform.requests
    assert asked.json == {"filename": "t.csv", "content_type": "text/csv", "size_bytes": 8}
    assert confirmed.json == {"delimiter": ";"}
    assert "numeric" in said.out


def test_starting_a_job_sends_every_option(automl, platform):
    platform.will("POST /train", platform.json({"job_id": "j1", "status": "pending"}))

    said = automl(
        "jobs", "start", "d1", "--target", "y", "--time-budget", "90", "--metric", "f1",
        "--exclude", 'a,"b,c"', "--families", "linear,lightgbm", "--seed", "7", "--task", "binary",
        "--time-column", "t", "--missing", "median", "--test-size", "0.3", "--ask",
        "--eda", "deep", "--ensemble", "off",
        "--api", platform.url,
    )  # fmt: skip

    body = platform.requests[0].json
    assert (body["dataset_id"], body["target_column"]) == ("d1", "y")
    assert body["config"] == {
        "time_budget": 90,
        "metric": "f1",
        "task_type": "binary",
        "exclude_columns": ["a", "b,c"],
        "missing": "median",
        "test_size": 0.3,
        "time_column": "t",
        "group_column": None,
        "weight_column": None,
        "families": ["linear", "lightgbm"],
        "seed": 7,
        "reproducible": False,
        "ensemble": "off",
        "eda": "deep",
        "auto_confirm": False,
    }
    assert "automl jobs watch j1" in said.out


def test_an_unknown_family_is_refused_before_anything_is_sent(automl, platform):
    said = automl(
        "jobs", "start", "d1", "--target", "y", "--families", "magic", "--api", platform.url
    )

    assert said.code == 65
    assert "magic" in said.err
    assert platform.requests == []


def test_watching_follows_a_job_to_its_end(automl, platform):
    done = STATUS | {"status": "completed", "stage": "done", "progress": 100.0}
    platform.will(
        "GET /jobs/j1/status", platform.json(STATUS, Retry_After="0"), platform.json(done)
    )
    platform.will("GET /jobs/j1", platform.json(JOB))

    said = automl("jobs", "watch", "j1", "--json", "--api", platform.url)

    assert said.document == JOB
    assert "12 trials, best 0.8 in validation" in said.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param({"code": "target-unusable", "detail": "One value."}, 65, id="bad data"),
        pytest.param({"code": "worker-lost", "detail": "It died."}, 70, id="training failed"),
        pytest.param(
            {"code": "platform-unavailable", "detail": "Full.", "stage": "train"}, 75, id="platform"
        ),
    ],
)
def test_a_failed_job_ends_with_the_exit_code_of_its_error(automl, platform, error, code):
    failed = STATUS | {"status": "failed", "error": error}
    platform.will("GET /jobs/j1/status", platform.json(failed))

    said = automl("jobs", "watch", "j1", "--api", platform.url)

    assert said.code == code
    assert error["detail"] in said.err


def test_a_cancelled_job_says_how_to_go_on(automl, platform):
    platform.will("GET /jobs/j1/status", platform.json(STATUS | {"status": "cancelled"}))

    said = automl("jobs", "watch", "j1", "--api", platform.url)

    assert said.code == 70
    assert "automl jobs retry j1" in said.err


def test_the_whole_log_is_read_page_after_page(automl, platform):
    line = {"at": "2026-01-01T00:00:00Z", "level": "info", "message": "one", "stage": None}
    platform.will(
        "GET /jobs/j1/logs",
        platform.json({"lines": [line], "next": 1, "is_complete": False}),
        platform.json({"lines": [line | {"message": "two"}], "next": 2, "is_complete": True}),
    )

    said = automl("jobs", "logs", "j1", "--api", platform.url)

    assert [request.path for request in platform.requests] == [
        "/jobs/j1/logs?after=0",
        "/jobs/j1/logs?after=1",
    ]
    assert said.out.count("\n") == 2


def test_artifacts_are_downloaded_in_the_layout_of_the_job(automl, platform, tmp_path):
    items = [
        {"name": "metrics.json", "download_url": f"{platform.url}/storage/object?k=1"},
        {"name": "bundle/model.onnx", "download_url": f"{platform.url}/storage/object?k=2"},
    ]
    platform.will("GET /jobs/j1/artifacts", platform.json({"items": items}))
    platform.will("GET /storage/object", platform.raw(b"bytes"))

    said = automl("jobs", "download", "j1", "--out", tmp_path, "--json", "--api", platform.url)

    assert said.document["files"] == [
        str(tmp_path / "metrics.json"),
        str(tmp_path / "bundle" / "model.onnx"),
    ]
    assert (tmp_path / "bundle" / "model.onnx").read_bytes() == b"bytes"


def test_an_artifact_that_leaves_the_folder_is_refused(automl, platform, tmp_path):
    items = [{"name": "../evil", "download_url": f"{platform.url}/storage/object"}]
    platform.will("GET /jobs/j1/artifacts", platform.json({"items": items}))

    said = automl("jobs", "download", "j1", "--out", tmp_path / "out", "--api", platform.url)

    assert said.code == 75
    assert not (tmp_path / "evil").exists()


def test_an_artifact_that_is_not_there_is_not_found(automl, platform, tmp_path):
    platform.will("GET /jobs/j1/artifacts", platform.json({"items": []}))

    said = automl(
        "jobs", "download", "j1", "--artifact", "x", "--out", tmp_path, "--api", platform.url
    )

    assert said.code == 66


@pytest.mark.parametrize(
    ("line", "call", "body"),
    [
        pytest.param(["jobs", "cancel", "j1"], "POST /jobs/j1/cancel", None, id="cancel"),
        pytest.param(["jobs", "retry", "j1"], "POST /jobs/j1/retry", None, id="retry"),
        pytest.param(
            ["jobs", "clarify", "j1", "--exclude", "a,b"],
            "POST /jobs/j1/clarify",
            {"exclude_columns": ["a", "b"]},
            id="clarify",
        ),
        pytest.param(["jobs", "clarify", "j1"], "POST /jobs/j1/clarify", {}, id="take the plan"),
        pytest.param(
            ["jobs", "update", "j1", "--tag", "x", "--notes", "n"],
            "PATCH /jobs/j1",
            {"tags": ["x"], "notes": "n"},
            id="update",
        ),
        pytest.param(["jobs", "delete", "j1", "--yes"], "DELETE /jobs/j1", None, id="delete job"),
        pytest.param(
            ["datasets", "delete", "d1", "--yes"], "DELETE /datasets/d1", None, id="delete data set"
        ),
        pytest.param(
            ["deployments", "deploy", "j1"], "POST /jobs/j1/deploy", {"deploy": True}, id="deploy"
        ),
        pytest.param(
            ["deployments", "undeploy", "j1"],
            "POST /jobs/j1/deploy",
            {"deploy": False},
            id="undeploy",
        ),
        pytest.param(
            ["models", "predict", "j1", "--features", '{"a": 1}'],
            "POST /predict/j1",
            {"features": {"a": 1}},
            id="predict",
        ),
    ],
)
def test_an_action_is_one_request(automl, platform, line, call, body):
    answer = JOB | {"prediction": "yes", "probability": 0.75, "notes": []}
    platform.will(call, platform.json(answer))

    said = automl(*line, "--json", "--api", platform.url)

    assert said.code == 0
    [request] = platform.requests
    assert f"{request.method} {request.path.split('?')[0]}" == call
    assert (json.loads(request.body) if request.body else None) == body


def test_an_identifier_cannot_reach_another_path(automl, platform):
    automl("jobs", "get", "../datasets/d1", "--api", platform.url)

    assert platform.requests[0].path == "/jobs/..%2Fdatasets%2Fd1"


def test_a_prediction_is_told_with_its_notes(automl, platform):
    notes = [{"column": "sex", "code": "missing", "message": "sex is missing."}]
    answer = {"prediction": "Adelie", "probability": 0.987, "lower": None, "notes": notes}
    platform.will("POST /predict/j1", platform.json(answer))

    said = automl("models", "predict", "j1", "--features", "{}", "--api", platform.url)

    assert said.out == "prediction: Adelie (probability 0.987)\nnote: sex is missing.\n"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param([], 2, id="neither"),
        pytest.param(["--features", "{}", "--rows", "r.json"], 2, id="both"),
        pytest.param(["--features", "{"], 65, id="broken JSON"),
        pytest.param(["--rows", "no.json"], 66, id="missing file"),
    ],
)
def test_a_prediction_needs_one_good_source_of_rows(automl, platform, options, code):
    said = automl("models", "predict", "j1", *options, "--api", platform.url)

    assert said.code == code
    assert platform.requests == []


def reading(platform, *states):
    """A platform that reads an upload for a while."""
    platform.will(
        "POST /datasets/d1/confirm",
        platform.json({"dataset_id": "d1", "status": "profiling", "error": None}, 202),
    )
    platform.will("GET /datasets/d1", *states)


def confirming(platform, waits):
    with open_client(platform.url) as client:
        return confirm_dataset(client, "d1", sleep=waits.append)


def test_a_large_upload_is_waited_for_until_it_is_ready(platform):
    busy = platform.json(
        {"dataset_id": "d1", "status": "profiling", "error": None}, Retry_After="7"
    )
    ready = {"dataset_id": "d1", "status": "ready", "error": None}
    reading(platform, busy, platform.json(ready))
    waits = []

    dataset = confirming(platform, waits)

    assert dataset == ready
    assert waits == [2.0, 7.0]


@pytest.mark.parametrize(
    ("status", "code", "exit_status"),
    [("refused", "table-empty", 65), ("awaiting_upload", "worker-lost", 70)],
)
def test_a_large_upload_that_is_not_read_says_why(platform, status, code, exit_status):
    note = {"code": code, "title": "t", "detail": "The file holds no rows."}
    reading(platform, platform.json({"dataset_id": "d1", "status": status, "error": note}))

    with pytest.raises(CommandError, match="d1 was not read: The file holds no rows") as raised:
        confirming(platform, [])

    assert (raised.value.code, raised.value.exit_status) == (code, exit_status)
