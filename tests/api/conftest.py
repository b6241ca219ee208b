"""The application on stores in memory, a runner that only takes notes, and a still clock."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from onnx import TensorProto, helper, numpy_helper

from automl_backend.app import create_app
from automl_backend.services.access import Authenticator, Caller, OpenAccess
from automl_backend.wiring import assemble
from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.adapters.object_store_memory import MemoryObjectStore
from automl_core.adapters.signing import Signer
from automl_core.bundle.manifest import build_manifest, dump_manifest
from automl_core.errors import AutoMLError, UnauthorizedError
from automl_core.layout import job_key
from automl_core.lifecycle import move
from automl_core.records import Artifact, Dataset, Job, JobManifest, Metric, ReadOptions
from automl_core.samples import PENGUINS_TARGET, penguins_path
from automl_core.settings import Settings
from automl_core.tabular.work import TableWork, WorkHere
from automl_core.wiring import Stores

BASE_URL = "http://127.0.0.1:8000"
BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.moment = BEGAN

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def move(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class NotingRunner:
    """Runs nothing; remembers what it was asked."""

    submitted: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    readings: list[tuple[str, int]] = field(default_factory=list)
    """Data sets that are being read, at which version."""
    refusal: AutoMLError | None = None
    """Why it takes no reading, if it takes none."""

    def submit(self, job: Job) -> None:
        self.submitted.append(job.job_id)

    def cancel(self, job: Job) -> None:
        self.cancelled.append(job.job_id)

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.readings.append((dataset.dataset_id, dataset.version))

    def is_reading(self, dataset: Dataset) -> bool:
        return (dataset.dataset_id, dataset.version) in self.readings

    def ping(self) -> None:
        """Always ready."""


class NamedAccess:
    """Each token is its own owner."""

    is_open = False

    def __init__(self, owners: Mapping[str, str]) -> None:
        self._owners = owners

    def caller(self, token: str | None) -> Caller:
        if token not in self._owners:
            raise UnauthorizedError("No such token.")
        return Caller(owner_id=self._owners[token])


class Client:
    """Calls the application in process, without a server."""

    def __init__(self, app: FastAPI, headers: Mapping[str, str] | None = None) -> None:
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url=BASE_URL,
            headers=headers,
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


@dataclass
class World:
    """A platform and everything around it."""

    app: FastAPI
    client: Client
    metadata: MemoryMetadataStore
    objects: MemoryObjectStore
    runner: NotingRunner
    clock: Clock

    def upload(self, data: bytes, filename: str = "table.csv") -> httpx.Response:
        """Send a file by the multipart fallback."""
        return self.client.post("/datasets", files={"file": (filename, data, "text/csv")})

    def penguins(self) -> str:
        """Have the demo data set; its identifier."""
        return str(self.client.post("/datasets/sample").json()["dataset_id"])

    def start(self, dataset_id: str | None = None, **config: Any) -> str:
        """Start a training on the penguins; the job's identifier."""
        body = {
            "dataset_id": dataset_id or self.penguins(),
            "target_column": PENGUINS_TARGET,
            "config": config,
        }
        answer = self.client.post("/train", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])

    def move(self, job_id: str, status: Any, **changes: Any) -> Job:
        """Move a job as a trainer would."""
        job = self.metadata.get_job(job_id)
        return self.metadata.update_job(move(job, status, at=self.clock(), **changes))

    def complete(
        self,
        job_id: str,
        *,
        passed: bool = True,
        score: float = 0.97,
        metric: Metric = "macro_f1",
        explains: bool = True,
    ) -> Job:
        """Let a job complete with a small real bundle and the artifacts of every stage."""
        self.move(job_id, "running")
        for name, content in artifacts(job_id, passed=passed, explains=explains).items():
            self.objects.put(job_key(job_id, name), content)
        manifest = self.objects.get(job_key(job_id, "bundle/manifest.json"))
        return self.move(
            job_id,
            "completed",
            stage="done",
            metric=metric,
            score=score,
            model_family="linear",
            bundle_sha256=hashlib.sha256(manifest).hexdigest(),
        )

    def deployed(self, *, explains: bool = True) -> str:
        """Have a deployed model, with background rows or not; its job's identifier."""
        job_id = self.start()
        self.complete(job_id, explains=explains)
        assert self.client.post(f"/jobs/{job_id}/deploy", json={"deploy": True}).status_code == 200
        return job_id


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    """Make platforms with settings of one's own."""
    clients: list[Client] = []

    def make(
        access: Authenticator | None = None,
        token: str | None = None,
        metadata: MemoryMetadataStore | None = None,
        work: TableWork | None = None,
        **given: Any,
    ) -> World:
        clock, numbers = Clock(), count(1)
        signer = Signer(b"a secret for tests only")
        objects = MemoryObjectStore(signer, BASE_URL, clock)
        metadata, runner = metadata or MemoryMetadataStore(), NotingRunner()
        settings = Settings(_env_file=None, **given)
        app = create_app(
            assemble(
                settings,
                access=access or OpenAccess(),
                stores=Stores(objects, metadata, signer, close=lambda: None),
                transfers=objects,
                runner=runner,
                work=work or WorkHere(),
                inline_read_bytes=settings.inline_read_bytes,
                now=clock,
                make_id=lambda: f"{next(numbers):032x}",
                sleep=lambda seconds: None,
            )
        )
        headers = {"Authorization": f"Bearer {token}"} if token else None
        clients.append(Client(app, headers))
        return World(app, clients[-1], metadata, objects, runner, clock)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """An open platform with the default settings and room for many jobs."""
    return make_world(max_active_jobs=50)


@pytest.fixture
def named_access() -> Callable[[Mapping[str, str]], NamedAccess]:
    """Make access rules in which each token is its own owner."""
    return NamedAccess


@pytest.fixture
def penguins_csv() -> bytes:
    """The demo table's bytes."""
    return penguins_path().read_bytes()


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    """Make further clients of an application."""
    clients: list[Client] = []

    def make(app: FastAPI, token: str | None = None) -> Client:
        headers = {"Authorization": f"Bearer {token}"} if token else None
        clients.append(Client(app, headers))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


# -- A model small enough to check by hand ----------------------------------------------

COLUMNS = [
    {
        "name": "bill_length_mm",
        "original_name": "bill_length_mm",
        "kind": "numeric",
        "storage": "decimal",
        "decimal": ".",
        "time_format": None,
        "missing_tokens": [],
        "fill": 44.0,
        "fill_category": None,
        "categories": [],
        "minimum": 32.1,
        "maximum": 59.6,
        "typical": 44.0,
        "n_missing": 2,
    },
    {
        "name": "island",
        "original_name": "island",
        "kind": "categorical",
        "storage": "text",
        "decimal": ".",
        "time_format": None,
        "missing_tokens": [],
        "fill": None,
        "fill_category": None,
        "categories": ["Biscoe", "Dream", "Torgersen"],
        "minimum": None,
        "maximum": None,
        "typical": "Biscoe",
        "n_missing": 0,
    },
]


def small_model() -> bytes:
    """Softmax of a linear function of the bill's length: longer bills are Gentoos."""
    weights = np.array([[-0.5, 0.0, 0.5], [0.0, 0.0, 0.0]], dtype=np.float32)
    bias = np.array([22.0, 0.0, -22.0], dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("Add", ["y", "b"], ["z"]),
            helper.make_node("Softmax", ["z"], ["probabilities"], axis=1),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


#: What a bundle's answers are explained against.
EXPLAIN = {
    "background": [
        {"bill_length_mm": 38.0, "island": "Torgersen"},
        {"bill_length_mm": 47.0, "island": "Biscoe"},
    ],
    "columns": ["bill_length_mm", "island"],
    "baseline": None,
}


def artifacts(job_id: str, *, passed: bool, explains: bool = True) -> dict[str, bytes]:
    """Make what the stages of a finished job leave behind, the manifest included."""
    model = small_model()
    manifest = dump_manifest(
        build_manifest(
            job_id=job_id,
            created_at=BEGAN,
            task="multiclass",
            target={
                "name": PENGUINS_TARGET,
                "storage": "text",
                "classes": ["Adelie", "Chinstrap", "Gentoo"],
                "positive": None,
            },
            columns=COLUMNS,
            model=model,
            family="linear",
            interval=None,
            metrics={},
            importances=[{"name": "bill_length_mm", "importance": 0.7}],
            dataset={"sha256": "0" * 64, "n_rows": 344},
            training={"rows": 275, "seed": 0, "config": {}},
            versions={},
            probe_rows=[{"bill_length_mm": 40.0, "island": "Dream"}],
        )
        | {"explain": EXPLAIN if explains else None}
    )
    documents = {
        "plan.json": {"target_column": PENGUINS_TARGET},
        "metrics.json": {"metric": "macro_f1", "split": "holdout", "scores": {}},
        "explanations.json": {"method": "permutation", "features": []},
        "parity.json": {"passed": passed, "label_flips": 0},
        "leaderboard.json": {
            "metric": "macro_f1",
            "higher_is_better": True,
            "evaluated_on": "cross-validation",
            "n_trials": 1,
            "trials": [
                {
                    "rank": 1,
                    "trial_id": "0",
                    "family": "linear",
                    "score": 0.97,
                    "config": {"C": 1.0},
                    "train_seconds": 0.1,
                    "at_seconds": 0.2,
                    "sample_rows": 275,
                }
            ],
            "families": [],
            "chosen": {"family": "linear", "trial_id": "0", "score": 0.97},
            "rejected": [],
        },
    }
    made = {name: json.dumps(document).encode() for name, document in documents.items()}
    made |= {
        "eda.html": b"<!doctype html><title>Data</title><script>alert(1)</script>",
        "report.html": b"<!doctype html><title>Training</title>",
        "bundle/model.onnx": model,
        "bundle/manifest.json": manifest,
        "bundle/predict.py": b"print('prediction')\n",
        "log.jsonl": b'{"at": "2026-03-01T12:00:00Z", "level": "info", "message": "one"}\n'
        b'{"at": "2026-03-01T12:00:01Z", "level": "warning", "message": "two"}\n',
    }
    listed = JobManifest(
        job_id=job_id,
        attempt=1,
        finished_at=BEGAN,
        artifacts=[
            Artifact(
                name=name,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                content_type="application/octet-stream",
            )
            for name, data in made.items()
        ],
    )
    return made | {"manifest.json": listed.model_dump_json().encode()}
