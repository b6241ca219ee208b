"""A deployed platform as its tests use it: over HTTP, and beside it with the account's key."""

from __future__ import annotations

import hashlib
import json
import shutil
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from deploy import Terraform, variables_of
from home import ACCOUNT_ID, REGION, SECRET_KEY, Home, running_home

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = PROJECT / "dist" / "lambda"

#: A function's first call unpacks and imports; two homes share two cores.
HTTP_TIMEOUT_S = 60.0
TERMINAL = ("completed", "failed", "cancelled")


class Api:
    """The deployed HTTP API, with or without a token."""

    def __init__(self, home: Home, api_id: str, token: str | None) -> None:
        certificate = str(home.certificate) if home.certificate else None
        self._http = httpx.Client(
            base_url=home.api_url(api_id) + "/",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=HTTP_TIMEOUT_S,
            verify=ssl.create_default_context(cafile=certificate),
            trust_env=False,
        )
        # Signed addresses lead to the store, and carry their own right.
        self._store = httpx.Client(
            timeout=HTTP_TIMEOUT_S,
            verify=ssl.create_default_context(cafile=certificate),
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()
        self._store.close()

    def call(self, method: str, path: str, body: object = None, **params: object) -> httpx.Response:
        """One request; the answer, whatever it is."""
        return self._http.request(
            method, path.removeprefix("/"), json=body, params={k: str(v) for k, v in params.items()}
        )

    def ok(self, method: str, path: str, body: object = None, **params: object) -> Any:
        """One request that must succeed; its JSON."""
        answer = self.call(method, path, body, **params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def ticket(self, size: int, *, method: str = "POST", name: str = "table.csv") -> Any:
        """A signed upload."""
        wish = {
            "filename": name,
            "content_type": "text/csv",
            "size_bytes": size,
            "method": method,
        }
        return self.ok("POST", "/upload/request-url", wish)

    def send_form(self, ticket: Mapping[str, Any], data: bytes, **changed: str) -> httpx.Response:
        """Upload by the ticket's form, with some of its fields changed."""
        fields = {**ticket["fields"], **changed}
        return self._store.post(
            ticket["upload_url"], data=fields, files={"file": ("table.csv", data)}
        )

    def send_put(self, ticket: Mapping[str, Any], data: bytes, **headers: str) -> httpx.Response:
        """Upload by PUT, with some of its headers changed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._store.put(
            ticket["upload_url"], content=data, headers={**ticket["headers"], **named}
        )

    def fetch(self, url: str) -> httpx.Response:
        """Read a signed address."""
        return self._store.get(url)

    def upload(self, data: bytes, name: str = "table.csv") -> str:
        """Upload and confirm a table that is read at once; the data set's identifier."""
        ticket = self.ticket(len(data), name=name)
        sent = self.send_form(ticket, data)
        assert sent.is_success, f"{sent.status_code} {sent.text}"
        dataset = self.ok("POST", f"/datasets/{ticket['dataset_id']}/confirm", {})
        assert dataset["status"] == "ready"
        return str(dataset["dataset_id"])

    def train(self, dataset_id: str, target: str, config: Mapping[str, Any]) -> str:
        """Start a training; the job's identifier."""
        wish = {"dataset_id": dataset_id, "target_column": target, "config": config}
        return str(self.ok("POST", "/train", wish)["job_id"])

    def status(self, job_id: str) -> Any:
        """The light status of a job."""
        return self.ok("GET", f"/jobs/{job_id}/status")

    def wait(
        self, job_id: str, is_reached: Callable[[Any], bool], *, within_s: float
    ) -> dict[str, Any]:
        """Ask for a job's status until it is what is wanted, or the job is over."""
        end = time.monotonic() + within_s
        while True:
            status: dict[str, Any] = self.status(job_id)
            if is_reached(status):
                return status
            assert status["status"] not in TERMINAL, f"The job ended: {status}"
            assert time.monotonic() < end, f"After {within_s:.0f} s: {status}"
            time.sleep(0.5)

    def wait_for(self, job_id: str, status: str, *, within_s: float) -> dict[str, Any]:
        """Ask until a job has this status."""
        return self.wait(job_id, lambda seen: seen["status"] == status, within_s=within_s)


@dataclass
class Deployment:
    """A home with the platform applied on it."""

    home: Home
    terraform: Terraform
    token: str
    outputs: dict[str, Any] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def api(self) -> Api:
        return Api(self.home, self.outputs["api_id"], self.token)

    @contextmanager
    def stranger(self, token: str | None) -> Iterator[Api]:
        """The API as somebody else calls it."""
        api = Api(self.home, self.outputs["api_id"], token)
        try:
            yield api
        finally:
            api.close()

    def close(self) -> None:
        """Close every connection."""
        self.api.close()
        for client in self._clients.values():
            client.close()

    def client(self, service: str) -> Any:
        """The SDK with the account's own key."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        endpoint = self.home.batch_endpoint if service == "batch" else self.home.endpoint
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT_ID,
            aws_secret_access_key=SECRET_KEY,
            verify=self.home.environment.get("AWS_CA_BUNDLE"),
            config=Config(read_timeout=120, retries={"max_attempts": 1}),
        )

    # -- The stand-in's side ----------------------------------------------------------

    def stand_in(self, path: str) -> Any:
        """What the stand-in for Batch tells."""
        answer = httpx.get(f"{self.home.batch_endpoint}/_standin/{path}", trust_env=False)
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    def order(self, path: str, **wanted: object) -> None:
        """Have something happen on a queue, or to submissions."""
        url = f"{self.home.batch_endpoint}/_standin/orders{path}"
        assert httpx.post(url, json=wanted, trust_env=False).is_success

    @contextmanager
    def ordered(
        self, path: str, *, during: Mapping[str, object], after: Mapping[str, object]
    ) -> Iterator[None]:
        """Have an order for a while."""
        self.order(path, **during)
        try:
            yield
        finally:
            self.order(path, **after)

    def batch_jobs(self, part: str) -> list[dict[str, Any]]:
        """Batch jobs with a part in their name, oldest first."""
        return [job for job in self.stand_in("jobs")["jobs"] if part in job["jobName"]]

    def sweep(self) -> None:
        """Call the deployed schedule's target with the deployed schedule's input, now."""
        scheduler = self.client("scheduler")
        (name,) = [s["Name"] for s in scheduler.list_schedules()["Schedules"]]
        target = scheduler.get_schedule(Name=name)["Target"]
        answer = self.client("lambda").invoke(
            FunctionName=target["Arn"], Payload=target["Input"].encode()
        )
        said = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, said

    # -- What is left -----------------------------------------------------------------

    @property
    def buckets(self) -> list[str]:
        return [self.outputs[f"s3_bucket_{kind}"] for kind in ("datasets", "models", "reports")]

    def object_versions(self, prefix: str) -> list[str]:
        """Every version and delete marker under a prefix, in all buckets."""
        s3 = self.client("s3")
        found = []
        for bucket in self.buckets:
            page = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
            entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
            found += [f"{bucket}/{entry['Key']}" for entry in entries]
        return found

    def items(self, text: str) -> list[dict[str, Any]]:
        """Every item of both tables that mentions a text."""
        dynamodb = self.client("dynamodb")
        found = []
        for table in ("dynamodb_datasets_table", "dynamodb_jobs_table"):
            pages = dynamodb.get_paginator("scan").paginate(TableName=self.outputs[table])
            found += [
                item
                for page in pages
                for item in page["Items"]
                if text in json.dumps(item, default=str)
            ]
        return found


def _not_deployed(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith("-x86_64.zip")]


@contextmanager
def deployed(
    folder: Path, token: str, *, enforces_iam: bool, lambda_environment: Mapping[str, str]
) -> Iterator[Deployment]:
    """Start a home, apply the Terraform on it, end the home."""
    with running_home(folder, enforces_iam=enforces_iam) as home:
        # A copy: whoever packages anew meanwhile changes nothing that a later plan compares.
        packages = Path(shutil.copytree(PACKAGES, folder / "packages", ignore=_not_deployed))
        terraform = Terraform(
            folder / "terraform",
            home.environment,
            variables_of(
                packages,
                REGION,
                [hashlib.sha256(token.encode()).hexdigest()],
                extra_lambda_environment=dict(lambda_environment),
            ),
        )
        terraform.init()
        terraform.apply()
        deployment = Deployment(home, terraform, token, terraform.outputs())
        try:
            yield deployment
        finally:
            deployment.close()
