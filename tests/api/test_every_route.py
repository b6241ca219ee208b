"""Rules for every route of the API's document, so that a new one cannot escape them."""

from __future__ import annotations

import hashlib
import html
import json
import logging
import re
from pathlib import Path

import pytest

from automl_backend import problems
from automl_backend.app import make_api
from automl_backend.openapi import document_text
from automl_backend.schemas.problems import Problem
from automl_backend.services.access import TokenAccess
from automl_core.adapters.metadata_store_memory import MemoryMetadataStore

DOCUMENT = make_api().openapi()
OPERATIONS = [
    pytest.param(method, path, operation, id=operation["operationId"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
GUARDED = [each for each in OPERATIONS if not str(each.values[1]).startswith("/health")]
OF_ONE = [each for each in GUARDED if "_id}" in str(each.values[1])]

#: Names that a path may ask for besides identifiers.
NAMES = {"part": "storage", "name": "training"}
#: Bodies that each operation takes as valid.
BODIES = {
    "deploy_job": {"deploy": True},
    "predict": {"features": {"island": "Dream"}},
    "check_target": {"target_column": "species"},
    "compare_jobs": {"job_ids": ["nobody", "nothing"]},
    "start_training": {"dataset_id": "nobody", "target_column": "species"},
    "request_upload": {"filename": "a.csv", "content_type": "text/csv"},
}


def call(client, method, path, operation, identifiers=None):
    """Call an operation with the given identifiers and a body that it takes."""
    values = {"job_id": "nobody", "dataset_id": "nobody", **NAMES, **(identifiers or {})}
    filled = re.sub(r"{(\w+)}", lambda match: values[match.group(1)], path)
    has_body = "requestBody" in operation and operation["operationId"] != "create_dataset"
    body = BODIES.get(operation["operationId"], {}) if has_body else None
    return client.request(method.upper(), filled, json=body)


def check_problem(answer, status):
    """Hold an answer against the rules of problem documents."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(answer.text)
    assert problem.status == status
    assert problem.type == f"/problems/{problem.code}"
    assert problem.request_id == answer.headers["x-request-id"] != ""
    return problem


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_every_route_but_health_needs_a_token(make_world, method, path, operation):
    world = make_world(access=TokenAccess([hashlib.sha256(b"secret").hexdigest()]))

    answer = call(world.client, method, path, operation)

    assert check_problem(answer, 401).code == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "operation"), OF_ONE)
def test_every_route_answers_a_missing_and_a_foreign_record_alike(
    make_world, make_client, named_access, *, method, path, operation
):
    access = named_access({"ours": "anna", "theirs": "berta"})
    world = make_world(access=access, token="ours")
    identifiers = {"job_id": world.start(), "dataset_id": world.penguins()}
    stranger = make_client(world.app, "theirs")

    foreign = check_problem(call(stranger, method, path, operation, identifiers), 404)
    missing = check_problem(call(stranger, method, path, operation), 404)

    for identifier in identifiers.values():
        foreign_text = foreign.detail.replace(identifier, "nobody")
    assert foreign.code == missing.code
    assert re.sub(r"'[0-9a-f]{32}'", "'nobody'", foreign_text) == missing.detail


class BrokenStore(MemoryMetadataStore):
    """Fails in a way that nobody foresaw, with words that nobody may read."""

    def __getattribute__(self, name):
        if name.startswith("_"):
            return super().__getattribute__(name)
        return self._fail

    def _fail(self, *args, **options):
        raise ZeroDivisionError("/secret/path of bucket my-bucket")


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_an_unforeseen_fault_tells_its_identifier_and_nothing_else(
    broken_world, caplog, method, path, operation
):
    if operation["operationId"] == "create_dataset":
        answer = broken_world.upload(b"a,b\n1,2\n")
    else:
        with caplog.at_level(logging.ERROR):
            answer = call(broken_world.client, method, path, operation)

    problem = check_problem(answer, 500)
    assert problem.code == "unexpected"
    assert not re.search("secret|bucket|Traceback|ZeroDivision|site-packages", answer.text)


@pytest.fixture
def broken_world(make_world):
    """A platform whose metadata store throws what nobody expects."""
    return make_world(metadata=BrokenStore())


def test_another_owners_cursor_is_refused(make_world, make_client, named_access):
    world = make_world(access=named_access({"ours": "anna", "theirs": "berta"}), token="ours")
    for _ in range(2):
        world.penguins()
    token = world.client.get("/datasets", params={"limit": 1}).json()["next_token"]

    answer = make_client(world.app, "theirs").get("/datasets", params={"next_token": token})

    assert check_problem(answer, 400).code == "cursor-invalid"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer wrong", "Basic secret", "bearer  ", "Bearer " + "x" * 5_000],
)
def test_a_wrong_token_is_refused(make_world, header):
    world = make_world(access=TokenAccess([hashlib.sha256(b"secret").hexdigest()]))

    answer = world.client.get("/jobs", headers={"Authorization": header})

    check_problem(answer, 401)


def test_a_head_beyond_reason_is_refused(world):
    answer = world.client.get("/jobs", headers={"X-Long": "x" * 11_000})

    assert check_problem(answer, 431).code == "head-too-large"


def test_the_right_token_is_let_in(make_world):
    access = TokenAccess([hashlib.sha256(word).hexdigest() for word in (b"one", b"two")])
    world = make_world(access=access, token="two")

    assert world.client.get("/jobs").status_code == 200


def test_health_needs_no_token(make_world):
    world = make_world(access=TokenAccess(["0" * 64]))

    for path in ("", "/live", "/ready", "/storage", "/database", "/queue", "/model-runtime"):
        assert world.client.get(f"/health{path}").status_code == 200


def test_an_open_platform_answers_under_its_own_names_only(world):
    for host, status in (("localhost:8000", 200), ("[::1]:8000", 200), ("evil.example", 401)):
        assert world.client.get("/jobs", headers={"Host": host}).status_code == status


def test_pages_of_other_origins_change_nothing_on_an_open_platform(world):
    foreign = world.client.post("/datasets/sample", headers={"Origin": "https://evil.example"})
    own = world.client.post("/datasets/sample", headers={"Origin": "http://localhost:3000"})

    assert (foreign.status_code, own.status_code) == (401, 201)


def test_everything_is_offered_under_api_too(world):
    job_id = world.start()

    assert world.client.get(f"/api/jobs/{job_id}").json()["job_id"] == job_id
    assert world.client.get("/api/health").json() == {"status": "ok"}
    assert 'href="/api/docs"' in world.client.get("/api/docs").text
    check_problem(world.client.get("/api/nothing"), 404)
    check_problem(world.client.get("/apijobs"), 404)


def test_the_prefix_does_not_open_what_needs_a_token(make_world):
    world = make_world(access=TokenAccess(["0" * 64]))

    for path in ("/api/jobs", "/api//jobs", "//jobs", "/api/healthy/../jobs", "/api/api/jobs"):
        assert world.client.get(path).status_code == 401, path


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"[" * 100_000, 400, "body-unreadable", id="nested beyond reason"),
        pytest.param(b'{"a":' * 100_000, 400, "body-unreadable", id="nested objects"),
        pytest.param(b'{"dataset_id": ', 400, "body-unreadable", id="cut short"),
        pytest.param(b"\xff\xfe{}", 400, "body-unreadable", id="not UTF-8"),
        pytest.param(b'"' + b"x" * 9_000_000 + b'"', 413, "body-too-large", id="too large"),
        pytest.param(b"1" * 5_000, 400, "body-unreadable", id="a number too long to read"),
    ],
)
def test_a_body_beyond_reason_is_refused(world, body, status, code):
    answer = world.client.post("/train", content=body, headers={"Content-Type": "application/json"})

    assert check_problem(answer, status).code == code


def test_a_method_that_is_not_offered_says_which_are(world):
    answer = world.client.put("/jobs")

    assert check_problem(answer, 405).code == "method-not-allowed"
    assert "GET" in answer.headers["allow"]


def test_every_kind_of_problem_has_a_page(world):
    for code, kind in problems.kinds().items():
        page = world.client.get(f"/problems/{code}")
        assert page.status_code == 200
        assert html.escape(kind.title, quote=True) in page.text.replace("&#39;", "&#x27;")
    check_problem(world.client.get("/problems/nonsense"), 404)


def test_the_first_page_leads_to_the_description_of_the_api(world):
    for base in ("", "/api"):
        answer = world.client.get(f"{base}/", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, f"{base}/docs")


def test_the_api_is_described_without_scripts_or_other_hosts(world):
    page = world.client.get("/docs")

    assert "POST /predict/{job_id}" in page.text
    assert not re.search(r"<script|https?://", page.text)
    assert world.client.get("/openapi.json").json() == DOCUMENT


def test_the_committed_document_is_the_present_one():
    committed = Path(__file__).parents[2] / "frontend" / "openapi.json"

    assert committed.read_text(encoding="utf-8") == document_text(), (
        "run: python -m automl_backend.openapi frontend/openapi.json"
    )


def test_the_document_suits_typed_clients():
    text = json.dumps(DOCUMENT)
    operations = [each.values[2] for each in OPERATIONS]

    assert "prefixItems" not in text
    assert "HTTPValidationError" not in text
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(each.get("description") for each in operations)
    # A field with a default is always there in an answer.
    assert "warnings" in DOCUMENT["components"]["schemas"]["Plan"]["required"]


def test_every_body_has_an_example():
    schemas = DOCUMENT["components"]["schemas"]
    bodies = {
        reference.rpartition("/")[2]
        for each in OPERATIONS
        for reference in re.findall(
            r"#/components/schemas/\w+Request|#/components/schemas/JobPatch",
            json.dumps(each.values[2].get("requestBody", {})),
        )
    }

    assert len(bodies) >= 9
    assert [name for name in bodies if "examples" not in schemas[name]] == []
