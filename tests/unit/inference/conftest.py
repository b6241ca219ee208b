"""The prediction function on AWS in memory, over real HTTP and with checked signatures."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto import mock_aws
from onnx import TensorProto, helper

from automl_backend.lambdas.inference_wiring import InferenceSettings, assemble
from automl_backend.lambdas.prediction_events import PredictionEvents
from automl_core.adapters.dynamodb_tables import table_definitions
from automl_core.adapters.metadata_store_dynamodb import DynamoDBMetadataStore
from automl_core.bundle.manifest import build_manifest, dump_manifest
from automl_core.layout import job_key
from automl_core.records import Job, TrainConfig

REGION = "eu-central-1"
TOKEN = "a token for tests"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
JOBS, DATASETS, MODELS = "jobs", "datasets", "models"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "a secret for tests",
    "AWS_SESSION_TOKEN": "a session for tests",
}


def small_bundle(
    job_id: str, *, regression: bool = False, explains: bool = False
) -> tuple[bytes, bytes]:
    """A model that answers with its two features, and its manifest."""
    outputs = 1 if regression else 2
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"] if regression else ["s"]),
        *([] if regression else [helper.make_node("Softmax", ["s"], ["y"], axis=1)]),
    ]
    weights = [1.0, 0.0] if regression else [-1.0, 1.0, 0.0, 0.0]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, outputs])],
        [helper.make_tensor("w", TensorProto.FLOAT, [2, outputs], weights)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data = bytes(model.SerializeToString())
    common = {"original_name": "size", "missing_tokens": [], "decimal": ".", "n_missing": 0}
    manifest = build_manifest(
        job_id=job_id,
        created_at=NOON,
        task="regression" if regression else "binary",
        target={
            "name": "bought",
            "storage": "boolean",
            "classes": [] if regression else [False, True],
            "positive": None if regression else True,
        },
        columns=[
            {
                **common, "name": "size", "kind": "numeric", "storage": "decimal", "fill": 0.0,
                "minimum": -5.0, "maximum": 5.0, "typical": 1.5,
            },
            {
                **common, "name": "city/town", "original_name": "city/town", "kind": "categorical",
                "storage": "text", "fill_category": None, "categories": ["Oslo", "Ålesund"],
                "typical": "Oslo",
            },
        ],
        model=data,
        family="linear",
        interval={"coverage": 0.9, "half_width": 0.5} if regression else None,
        label_set=None if regression else {"coverage": 0.9, "threshold": 0.4},
        importances=[{"name": "size", "importance": 0.7}],
        dataset={"sha256": "0" * 64, "n_rows": 100},
        training={"rows": 80, "seed": 0, "config": {}},
        versions={},
        probe_rows=[{"size": 1.0, "city/town": "Oslo"}],
    )  # fmt: skip
    if explains:
        background = [{"size": -1.0, "city/town": "Oslo"}, {"size": 1.0, "city/town": None}]
        manifest["explain"] = {"background": background, "columns": ["size"], "baseline": 0.5}
    return data, dump_manifest(manifest)


@dataclass
class Clock:
    """Stands still unless it is moved; for moments and for seconds."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class AWS:
    """Tables and a bucket in memory, behind a real HTTP server that can be told to fail."""

    url: str
    dynamodb: Any
    s3: Any
    store: DynamoDBMetadataStore
    asked: list[str] = field(default_factory=list)
    """Operations and paths, in the order of the requests."""
    faults: list[int | str] = field(default_factory=list)
    """Statuses to answer next, or ``"hang up"``; 0 answers as it should."""

    def add_job(self, job_id: str = "job-1", **changes: Any) -> Job:
        """Record a completed job, deployed unless told otherwise, with its bundle."""
        kind = {name: changes.pop(name, False) for name in ("regression", "explains")}
        model, manifest = small_bundle(job_id, **kind)
        for name, data in (("bundle/model.onnx", model), ("bundle/manifest.json", manifest)):
            self.s3.put_object(Bucket=MODELS, Key=job_key(job_id, name), Body=data)
        values = {
            "job_id": job_id,
            "dataset_id": "d",
            "dataset_name": "Purchases",
            "target_column": "bought",
            "config": TrainConfig(),
            "time_budget_s": 60,
            "status": "completed",
            "model_family": "linear",
            "bundle_sha256": hashlib.sha256(manifest).hexdigest(),
            "is_deployed": True,
            "created_at": NOON,
            "updated_at": NOON,
        }
        job = Job(**{**values, **changes})
        self.store.add_job(job)
        return job

    def answer(self, headers: Mapping[str, str], path: str, body: bytes) -> tuple[int, bytes]:
        """Do what a signed request asks for."""
        target = headers.get("X-Amz-Target", "")
        try:
            if target:
                call = {"GetItem": self.dynamodb.get_item, "UpdateItem": self.dynamodb.update_item}
                found = call[target.rpartition(".")[2]](**_read_bytes(json.loads(body)))
                found.pop("ResponseMetadata")
                return 200, json.dumps(found, default=_base64).encode()
            bucket, _, key = path[1:].partition("/")
            return 200, self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if target:
                return status, json.dumps({"__type": f"com.amazonaws.dynamodb#{code}"}).encode()
            return status, f"<Error><Code>{code}</Code></Error>".encode()


def _base64(value: object) -> str:
    assert isinstance(value, bytes), value
    return base64.b64encode(value).decode()


def _read_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: base64.b64decode(inner) if name == "B" else _read_bytes(inner)
            for name, inner in value.items()
        }
    return value


def signature_of(
    method: str, url: str, headers: Mapping[str, str], body: bytes, service: str
) -> str:
    """What the SDK itself signs a received request with."""
    signed = headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest(
        method=method, url=url, data=body, headers={name: headers[name] for name in signed}
    )
    request.context["timestamp"] = headers["X-Amz-Date"]
    keys = Credentials(
        KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"]
    )
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    auth = kind(keys, service, REGION)
    return str(
        auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    )


def serve(aws: AWS) -> ThreadingHTTPServer:
    """Answer signed requests over HTTP on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            aws.asked.append(operation or self.path)
            fault = aws.faults.pop(0) if aws.faults else 0
            if fault == "hang up":
                self.close_connection = True
                return
            service = "dynamodb" if operation else "s3"
            expected = signature_of(self.command, aws.url + self.path, self.headers, body, service)
            status, content = 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
            if isinstance(fault, int) and fault:
                status, content = fault, b'{"__type": "x#ThrottlingException"}'
            elif self.headers["Authorization"].endswith(f"Signature={expected}"):
                status, content = aws.answer(self.headers, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815 - the names that the server calls

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    return server


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AWS]:
    """AWS in memory with the platform's tables and the models bucket."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        s3 = boto3.client("s3", region_name=REGION)
        for definition in table_definitions(DATASETS, JOBS):
            dynamodb.create_table(**definition)
        s3.create_bucket(Bucket=MODELS, CreateBucketConfiguration={"LocationConstraint": REGION})
        store = DynamoDBMetadataStore(dynamodb, datasets_table=DATASETS, jobs_table=JOBS)
        made = AWS("", dynamodb, s3, store)
        server = serve(made)
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def environment(aws: AWS) -> dict[str, str]:
    """What Lambda and Terraform hand to the function."""
    return {
        **KEYS,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "S3_BUCKET_MODELS": MODELS,
        "DYNAMODB_JOBS_TABLE": JOBS,
        "AUTOML_API_TOKEN_HASHES": hashlib.sha256(TOKEN.encode()).hexdigest(),
    }


Ask = Callable[..., Any]


@dataclass
class Reply:
    """An answer of the function, read."""

    status: int
    headers: dict[str, str]
    content: Any
    raw: dict[str, Any]


def event(
    method: str,
    path: str,
    body: object = None,
    *,
    token: str | None = TOKEN,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """An event as the HTTP API sends it (payload format 2.0)."""
    sent = {"content-type": "application/json", **(headers or {})}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "http": {"method": method, "path": path},
            "stage": "$default",
            "requestId": "gateway-1",
        },
        **({} if text is None else {"body": text}),
        "isBase64Encoded": False,
        **changes,
    }


@pytest.fixture
def make_function(
    environment: dict[str, str], clock: Clock
) -> Iterator[Callable[..., PredictionEvents]]:
    """Start the function with settings of one's own."""
    made: list[PredictionEvents] = []

    def make(**variables: str) -> PredictionEvents:
        settings = InferenceSettings({**environment, **variables})
        made.append(assemble(settings, now=lambda: datetime.now(UTC), monotonic=clock.seconds))
        return made[-1]

    yield make
    for function in made:
        function.close()


@pytest.fixture
def make_ask(make_function: Callable[..., PredictionEvents]) -> Callable[..., Ask]:
    """Start the function with settings of one's own, and call it with events."""

    def make(**variables: str) -> Ask:
        function = make_function(**variables)

        def ask(*arguments: Any, **options: Any) -> Reply:
            raw = function(event(*arguments, **options), None)
            content = None if raw["isBase64Encoded"] else json.loads(raw["body"])
            return Reply(raw["statusCode"], raw["headers"], content, raw)

        return ask

    return make


@pytest.fixture
def ask(make_ask: Callable[..., Ask]) -> Ask:
    """Call the function with an event."""
    return make_ask()
