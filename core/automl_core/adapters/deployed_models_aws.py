"""Deployed models on AWS, as prediction sees them: job items of DynamoDB, bundles of S3.

Standard library only, see :mod:`automl_core.adapters.aws_signing`. The layout of the table
is that of ``dynamodb_keys`` and ``dynamodb_items``; a test holds the two against each other.
"""

from __future__ import annotations

import base64
import json
import logging
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from automl_core.adapters.aws_http import (
    Endpoint,
    ServiceAnswer,
    ServiceConnection,
    own_endpoint,
    region_domain,
)
from automl_core.adapters.aws_signing import Credentials, Signer
from automl_core.errors import NotFoundError, PlatformError
from automl_core.moments import utc_text

logger = logging.getLogger("automl.inference")

#: A model that was withdrawn may answer that long. What is not there is asked for again
#: sooner: somebody may be waiting for a deployment to show.
KNOWN_S: Final = 5.0
UNKNOWN_S: Final = 1.0
#: Jobs remembered at once; a record is a few kilobytes.
MAX_JOBS: Final = 256
#: Uses are written at most that often, on the way of a request: Lambda runs nothing between
#: two. An instance that ends loses what came after its last write.
FLUSH_S: Final = 10.0
#: Longest identifier that can be part of a key (``dynamodb_keys.MAX_IDENTIFIER_BYTES``).
MAX_IDENTIFIER_BYTES: Final = 900

_THROTTLED: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_CONDITION_FAILED = "ConditionalCheckFailedException"
_NOT_FOUND = 404
_OK = 200


class JobFacts(NamedTuple):
    """What prediction needs to know of a job's record."""

    job_id: str
    owner_id: str
    target_column: str
    model_family: str | None
    is_deployed: bool
    bundle_sha256: str | None


class _Known(NamedTuple):
    job: JobFacts | None
    until: float


class DynamoDBServedJobs:
    """Jobs read from their items, remembered for a few seconds; uses counted in between.

    Parameters
    ----------
    dynamodb : ServiceConnection
    table : str
        Name of the jobs table.
    now : callable
        The present moment, aware.
    monotonic : callable
        Seconds.
    """

    def __init__(
        self,
        dynamodb: ServiceConnection,
        table: str,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now
        self._monotonic = monotonic
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._uses: dict[str, int] = {}
        self._flushed_at: float | None = None

    def find(self, job_id: str) -> JobFacts | None:
        """Read a job; None: there is none.

        Raises
        ------
        PlatformError
            If the table does not answer.
        """
        known = self._known.get(job_id)
        if known is not None and self._monotonic() < known.until:
            return known.job
        # Counted from before the question, so that an answer is never older than it may be.
        asked_at = self._monotonic()
        job = self._read(job_id)
        self._known[job_id] = _Known(job, asked_at + (UNKNOWN_S if job is None else KNOWN_S))
        self._known.move_to_end(job_id)
        while len(self._known) > MAX_JOBS:
            self._known.popitem(last=False)
        return job

    def note_use(self, job_id: str, n_predictions: int) -> None:
        """Count predictions, writing them down if the last time is long enough ago.

        A count that cannot be written fails no prediction: it is logged and tried again.
        """
        self._uses[job_id] = self._uses.get(job_id, 0) + n_predictions
        moment = self._monotonic()
        if self._flushed_at is not None and moment - self._flushed_at < FLUSH_S:
            return
        self._flushed_at = moment
        self._write_uses()

    def close(self) -> None:
        """Write what is not counted yet and let the connection go."""
        self._write_uses()
        self._dynamodb.close()

    def _write_uses(self) -> None:
        for used_id in list(self._uses):
            try:
                self._write_use(used_id, self._uses[used_id])
            except PlatformError as error:
                logger.warning(error.detail, extra={"job_id": used_id, **error.context})
                return
            del self._uses[used_id]

    def _read(self, job_id: str) -> JobFacts | None:
        if not 0 < len(job_id.encode("utf-8", "surrogatepass")) <= MAX_IDENTIFIER_BYTES:
            return None
        answer = self._call(
            "GetItem",
            {
                "Key": _key(job_id, "job"),
                "ConsistentRead": True,
                "ProjectionExpression": "#record",
                "ExpressionAttributeNames": {"#record": "record"},
            },
        )
        item = answer.get("Item")
        return None if item is None else _read_facts(item["record"])

    def _write_use(self, job_id: str, n_predictions: int) -> None:
        try:
            self._call(
                "UpdateItem",
                {
                    "Key": _key(job_id, "use"),
                    "UpdateExpression": "SET last_used_at = :at ADD n_predictions :n",
                    # The item is made with its job: where there is none, the job was deleted.
                    "ConditionExpression": "attribute_exists(pk)",
                    "ExpressionAttributeValues": {
                        ":at": {"S": utc_text(self._now())},
                        ":n": {"N": str(n_predictions)},
                    },
                },
            )
        except _ConditionFailedError:
            logger.info("uses of a deleted job are not counted", extra={"job_id": job_id})

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._dynamodb.ask(
            "POST",
            "/",
            headers={
                "content-type": "application/x-amz-json-1.0",
                "x-amz-target": f"DynamoDB_20120810.{operation}",
            },
            body=json.dumps({"TableName": self._table, **request}).encode(),
            is_throttled=lambda found: _error_code(found) in _THROTTLED,
        )
        if answer.status == _OK:
            content: dict[str, Any] = json.loads(answer.body)
            return content
        code = _error_code(answer)
        if code == _CONDITION_FAILED:
            raise _ConditionFailedError
        raise _refusal(f"DynamoDB {operation}", code)


class _ConditionFailedError(Exception):
    """The condition of a write did not hold."""


class S3Bundles:
    """Bundles' files, read from the models bucket.

    Parameters
    ----------
    s3 : ServiceConnection
    path_prefix : str
        ``/`` where the host names the bucket, else ``/<bucket>/``.
    """

    def __init__(self, s3: ServiceConnection, path_prefix: str) -> None:
        self._s3 = s3
        self._path_prefix = path_prefix

    def get(self, key: str) -> bytes:
        """Read an object.

        Raises
        ------
        NotFoundError
            If there is none.
        PlatformError
            If S3 does not answer or does not allow it.
        """
        answer = self._s3.ask("GET", self._path_prefix + key)
        if answer.status == _OK:
            return answer.body
        code = _xml_code(answer.body)
        if answer.status == _NOT_FOUND and code != "NoSuchBucket":
            raise NotFoundError(f"No object under {key!r}.", key=key)
        raise _refusal("S3 GetObject", code or str(answer.status))

    def close(self) -> None:
        """Let the connection go."""
        self._s3.close()


def open_served_jobs(
    environment: Mapping[str, str],
    *,
    region: str,
    table: str,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
) -> DynamoDBServedJobs:
    """Connect with the jobs table; nothing is sent before the first question.

    Raises
    ------
    ConfigurationError
        If there are no credentials, or an endpoint of one's own is no address.
    """
    endpoint = own_endpoint(environment, "dynamodb") or Endpoint(
        f"dynamodb.{region}.{region_domain(region)}"
    )
    signer = Signer(Credentials.from_environment(environment), region, "dynamodb")
    connection = ServiceConnection(signer, endpoint, now=now, monotonic=monotonic)
    return DynamoDBServedJobs(connection, table, now=now, monotonic=monotonic)


def open_bundles(environment: Mapping[str, str], *, region: str, bucket: str) -> S3Bundles:
    """Connect with the models bucket; nothing is sent before the first question.

    Raises
    ------
    ConfigurationError
        As :func:`open_served_jobs`.
    """
    signer = Signer(Credentials.from_environment(environment), region, "s3")
    domain = f"s3.{region}.{region_domain(region)}"
    endpoint, prefix = own_endpoint(environment, "s3"), f"/{bucket}/"
    if endpoint is None and "." in bucket:
        # AWS's certificate covers one level of names: such a bucket goes into the path.
        endpoint = Endpoint(domain)
    elif endpoint is None:
        endpoint, prefix = Endpoint(f"{bucket}.{domain}"), "/"
    return S3Bundles(ServiceConnection(signer, endpoint), prefix)


def _key(job_id: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": f"job#{job_id}"}, "sk": {"S": sort}}


def _read_facts(record: Mapping[str, str]) -> JobFacts:
    if "B" in record:
        content = json.loads(zlib.decompress(base64.b64decode(record["B"])))
    else:
        content = json.loads(record["S"])
    return JobFacts(
        job_id=content["job_id"],
        owner_id=content["owner_id"],
        target_column=content["target_column"],
        model_family=content["model_family"],
        is_deployed=content["is_deployed"],
        bundle_sha256=content["bundle_sha256"],
    )


def _error_code(answer: ServiceAnswer) -> str:
    """Name of a DynamoDB error; empty if the answer is none."""
    if answer.status == _OK:
        return ""
    try:
        return str(json.loads(answer.body).get("__type", "")).rpartition("#")[2]
    except (ValueError, AttributeError):
        return str(answer.status)


def _xml_code(body: bytes) -> str:
    """Name of an S3 error, which is answered in XML of this one form."""
    _, _, rest = body.partition(b"<Code>")
    return rest.partition(b"</Code>")[0].decode(errors="replace")[:80]


def _refusal(what: str, code: str) -> PlatformError:
    return PlatformError(
        f"AWS answered {what} with {code}; check what the function's role may do and that its"
        " table and bucket are there.",
        aws_code=code,
    )
