"""What is special to S3: signed policies, versions, pages, parts, broken connections."""

from __future__ import annotations

import base64
import io
import json
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody

from automl_core.adapters.aws_clients import make_client
from automl_core.adapters.object_store_s3 import MULTIPART_BYTES, S3ObjectStore
from automl_core.adapters.s3_stream import S3Stream
from automl_core.errors import NotFoundError, PlatformError

KEY = "datasets/d1/upload"
BUCKETS = ("datasets-bucket", "models-bucket", "reports-bucket")


class Answers:
    """Stands between the client and S3; counts requests and may answer them itself."""

    def __init__(self, client: Any) -> None:
        self.operations: list[str] = []
        self.failures: dict[str, list[int]] = {}
        client.meta.events.register("before-send.s3", self._before_send)
        client.meta.events.register("before-call.s3", self._before_call)

    def _before_call(self, model: Any, **_: Any) -> None:
        self.operations.append(model.name)

    def _before_send(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        statuses = self.failures.get(event_name.rpartition(".")[2], [])
        if not statuses:
            return None
        code = {429: "SlowDown", 503: "SlowDown", 500: "InternalError", 403: "AccessDenied"}
        status = statuses.pop(0)
        body = f"<Error><Code>{code[status]}</Code><Message>no</Message></Error>".encode()
        answer = AWSResponse(request.url, status, {}, io.BytesIO(body))
        answer._content = body
        return answer


@pytest.fixture
def client(s3: S3ObjectStore) -> Any:
    """A second client, for looking behind the store."""
    other = make_client("s3", region="eu-central-1")
    yield other
    other.close()


@pytest.fixture
def answers(s3: S3ObjectStore) -> Answers:
    return Answers(s3._client)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def versions(client: Any, bucket: str) -> list[tuple[str, str]]:
    answer = client.list_object_versions(Bucket=bucket)
    kinds = ("Versions", "DeleteMarkers")
    return [(each["Key"], kind) for kind in kinds for each in answer.get(kind, [])]


# -- Where objects lie ----------------------------------------------------------------


def test_every_kind_of_object_has_its_bucket(s3: S3ObjectStore, client: Any) -> None:
    for key in (KEY, "jobs/j1/bundle/model.onnx", "jobs/j1/model.skops", "jobs/j1/report.html"):
        s3.put(key, b"x")

    assert {bucket: [key for key, _ in versions(client, bucket)] for bucket in BUCKETS} == {
        "datasets-bucket": [KEY],
        "models-bucket": ["jobs/j1/bundle/model.onnx", "jobs/j1/model.skops"],
        "reports-bucket": ["jobs/j1/report.html"],
    }


def test_the_keys_of_a_job_are_joined_from_its_two_buckets_in_order(s3: S3ObjectStore) -> None:
    names = ["bundle/manifest.json", "bundle/model.onnx", "log.jsonl", "model.skops", "plan.json"]
    for name in reversed(names):
        s3.put(f"jobs/j1/{name}", b"x")

    assert s3.keys("jobs/j1/") == [f"jobs/j1/{name}" for name in names]
    assert s3.delete_prefix("jobs/j1/") == 5
    assert s3.keys("") == []


@pytest.mark.parametrize(
    ("prefix", "n_requests"),
    [("datasets/d1/", 1), ("jobs/j1/", 2), ("", 3), ("data", 3), ("jobs", 2)],
)
def test_only_buckets_that_may_hold_a_prefix_are_asked(
    s3: S3ObjectStore, answers: Answers, prefix: str, n_requests: int
) -> None:
    assert s3.keys(prefix) == []
    assert answers.operations == ["ListObjectsV2"] * n_requests


def test_more_keys_than_one_page_holds_are_listed_and_deleted(
    s3: S3ObjectStore, client: Any
) -> None:
    keys = [f"jobs/j1/tile-{number:04}" for number in range(1003)]
    for key in keys:
        client.put_object(Bucket="reports-bucket", Key=key, Body=b"")
    client.put_object(Bucket="reports-bucket", Key=keys[7], Body=b"again")
    client.delete_object(Bucket="reports-bucket", Key=keys[8])

    assert s3.keys("jobs/j1/") == [key for key in keys if key != keys[8]]
    assert s3.delete_prefix("jobs/j1/") == 1002
    assert versions(client, "reports-bucket") == []


# -- Versions -------------------------------------------------------------------------


def test_a_stat_names_the_version_and_a_new_upload_has_another(s3: S3ObjectStore) -> None:
    s3.put(KEY, b"a,b\n")
    first = s3.stat(KEY)
    s3.put(KEY, b"a,b\n")
    second = s3.stat(KEY)

    assert first.object_version
    assert second.object_version
    assert first.object_version != second.object_version
    assert re.fullmatch(r"[0-9a-f]{32}", first.etag)


def test_deleting_leaves_no_version_and_no_marker(s3: S3ObjectStore, client: Any) -> None:
    for key in (KEY, KEY + "-2", "datasets/d1/upload/deeper"):
        for data in (b"1", b"2", b"3"):
            s3.put(key, data)
    client.delete_object(Bucket="datasets-bucket", Key=KEY)

    s3.delete(KEY)

    left = versions(client, "datasets-bucket")
    assert sorted(set(left)) == [
        ("datasets/d1/upload-2", "Versions"),
        ("datasets/d1/upload/deeper", "Versions"),
    ]
    assert len(left) == 6


def test_deleting_a_prefix_leaves_nothing_of_it_in_any_bucket(
    s3: S3ObjectStore, client: Any
) -> None:
    for name in ("bundle/model.onnx", "report.html"):
        for data in (b"1", b"2"):
            s3.put(f"jobs/j1/{name}", data)
    client.delete_object(Bucket="reports-bucket", Key="jobs/j1/report.html")

    # The report was there no more, only its versions were.
    assert s3.delete_prefix("jobs/j1/") == 1
    assert [versions(client, bucket) for bucket in BUCKETS] == [[], [], []]


def test_unfinished_uploads_under_a_prefix_are_aborted(s3: S3ObjectStore, client: Any) -> None:
    for key in ("datasets/d1/upload", "datasets/d10/upload"):
        begun = client.create_multipart_upload(Bucket="datasets-bucket", Key=key)
        client.upload_part(
            Bucket="datasets-bucket",
            Key=key,
            UploadId=begun["UploadId"],
            PartNumber=1,
            Body=b"x" * 5,
        )

    assert s3.delete_prefix("datasets/d1/") == 0

    left = client.list_multipart_uploads(Bucket="datasets-bucket")["Uploads"]
    assert [each["Key"] for each in left] == ["datasets/d10/upload"]


def test_a_version_that_s3_does_not_delete_is_told(s3: S3ObjectStore) -> None:
    s3.put(KEY, b"x")
    refusal = b"<DeleteResult><Error><Key>k</Key><Code>InternalError</Code></Error></DeleteResult>"

    def refuse(request: Any, **_: Any) -> AWSResponse:
        answer = AWSResponse(request.url, 200, {}, io.BytesIO(refusal))
        answer._content = refusal
        return answer

    s3._client.meta.events.register("before-send.s3.DeleteObjects", refuse)

    with pytest.raises(PlatformError, match="1 of 1 object versions \\(InternalError\\)"):
        s3.delete_prefix("datasets/d1/")


# -- Signed requests ------------------------------------------------------------------


def test_the_policy_of_a_form_binds_key_type_size_bucket_and_end(s3: S3ObjectStore) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    ticket = s3.upload_form(
        KEY, content_type="text/csv", min_bytes=3, max_bytes=1000, expires_in=900
    )

    policy = json.loads(base64.b64decode(ticket.fields["policy"]))
    conditions = policy["conditions"]
    exact = {
        name: value for each in conditions if isinstance(each, dict) for name, value in each.items()
    }
    assert (ticket.method, ticket.headers, ticket.expires_in) == ("POST", {}, 900)
    assert ticket.url == "https://datasets-bucket.s3.eu-central-1.amazonaws.com/"
    assert [each for each in conditions if isinstance(each, list)] == [
        ["content-length-range", 3, 1000]
    ]
    assert exact == {
        "key": KEY,
        "bucket": "datasets-bucket",
        "Content-Type": "text/csv",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": ticket.fields["x-amz-credential"],
        "x-amz-date": ticket.fields["x-amz-date"],
    }
    # Every field of the form is bound, but for the signature over them all.
    assert set(ticket.fields) - set(exact) == {"policy", "x-amz-signature"}
    assert {name: ticket.fields[name] for name in set(exact) - {"bucket"}} == {
        name: value for name, value in exact.items() if name != "bucket"
    }
    ends_after_s = (datetime.fromisoformat(policy["expiration"]) - before).total_seconds()
    assert 900 <= ends_after_s <= 910


def test_a_put_is_signed_with_its_type_and_length(s3: S3ObjectStore) -> None:
    ticket = s3.upload_url(KEY, content_type="text/csv", size_bytes=12, expires_in=60)

    query = query_of(ticket.url)
    assert ticket.method == "PUT"
    assert ticket.headers == {"Content-Type": "text/csv", "Content-Length": "12"}
    assert query["X-Amz-SignedHeaders"] == "content-length;content-type;host"
    assert query["X-Amz-Expires"] == "60"


def test_a_download_is_an_attachment_of_a_fixed_type_under_any_name(s3: S3ObjectStore) -> None:
    name = 'größe "1"; filename=x.exe\r\nX-Evil: 1/..\\\ud800🐧.csv'

    query = query_of(s3.download_url("jobs/j1/report.html", filename=name, expires_in=60))

    assert query["response-content-type"] == "text/html; charset=utf-8"
    assert query["response-cache-control"] == "private, no-store"
    assert re.fullmatch(
        r"attachment; filename\*=UTF-8''[A-Za-z0-9%._~-]+", query["response-content-disposition"]
    )
    assert "gr%C3%B6%C3%9Fe%20%221%22" in query["response-content-disposition"]


def test_every_address_is_signed_with_sigv4_in_its_region(s3: S3ObjectStore) -> None:
    urls = [
        s3.upload_url(KEY, content_type="text/csv", size_bytes=12, expires_in=60).url,
        s3.download_url(KEY, filename="x.csv", expires_in=60),
    ]
    fields = s3.upload_form(KEY, content_type="text/csv", max_bytes=9, expires_in=60).fields

    for url in urls:
        assert urlsplit(url).netloc == "datasets-bucket.s3.eu-central-1.amazonaws.com"
        assert query_of(url)["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
        assert "/eu-central-1/s3/aws4_request" in query_of(url)["X-Amz-Credential"]
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert "/eu-central-1/s3/aws4_request" in fields["x-amz-credential"]


# -- Reading --------------------------------------------------------------------------


def test_an_object_is_read_in_pieces_with_bounded_memory(s3: S3ObjectStore, client: Any) -> None:
    size = 48 * 1024**2

    class Zeros(io.RawIOBase):
        left = size

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            count = min(len(buffer), self.left)
            buffer[:count] = bytes(count)
            self.left -= count
            return count

    def get_object(**_: Any) -> dict[str, Any]:
        return {"Body": StreamingBody(Zeros(), size), "ContentLength": size, "VersionId": "1"}

    tracemalloc.start()
    n_bytes = 0
    with io.BufferedReader(S3Stream(get_object, "datasets-bucket", KEY)) as stream:
        while piece := stream.read(1024**2):
            n_bytes += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert n_bytes == size
    assert peak < 6 * 1024**2


def test_a_stream_reads_from_any_position_of_the_version_it_opened(
    s3: S3ObjectStore, answers: Answers
) -> None:
    data = bytes(range(256)) * 1024
    s3.put(KEY, data)

    with s3.open(KEY) as stream:
        s3.put(KEY, b"something else")
        head = stream.read(10)
        stream.seek(-10, io.SEEK_END)
        tail = stream.read()
        stream.seek(100_000)
        stream.seek(5, io.SEEK_CUR)
        middle, position = stream.read(3), stream.tell()
        with pytest.raises(ValueError, match="before the object's first byte"):
            stream.seek(-1)

    assert (head, tail) == (data[:10], data[-10:])
    assert (middle, position) == (data[100_005:100_008], 100_008)
    assert answers.operations.count("GetObject") == 3


def test_an_object_of_an_unversioned_bucket_is_never_mixed_from_two(
    s3: S3ObjectStore, client: Any
) -> None:
    client.create_bucket(
        Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    client.put_object(Bucket="plain", Key=KEY, Body=b"first" * 9)

    with io.BufferedReader(S3Stream(client.get_object, "plain", KEY), 4) as stream:
        assert stream.read(3) == b"fir"
        client.put_object(Bucket="plain", Key=KEY, Body=b"second" * 9)
        stream.seek(20)
        with pytest.raises(PlatformError, match="replaced while it was read"):
            stream.read(3)


def test_a_version_that_is_deleted_while_it_is_read_is_not_found(s3: S3ObjectStore) -> None:
    s3.put(KEY, b"x" * 100_000)

    with s3.open(KEY) as stream:
        assert stream.read(1) == b"x"
        s3.delete(KEY)
        stream.seek(90_000)
        with pytest.raises(NotFoundError):
            stream.read(1)


class Breaking(io.RawIOBase):
    """A body whose connection breaks after so many bytes."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__()
        self._data, self._good, self._at = data, good, 0

    def read(self, size: int = -1) -> bytes:
        if self._at >= self._good < len(self._data):
            raise ReadTimeoutError(endpoint_url="https://s3")
        piece = self._data[self._at : min(self._at + size, self._good)]
        self._at += len(piece)
        return piece


def breaking_client(data: bytes, goods: list[int]) -> tuple[Any, list[str]]:
    """``get_object`` whose connections break after ``goods`` bytes, one after the other."""
    ranges: list[str] = []

    def get_object(**asked: Any) -> dict[str, Any]:
        ranges.append(asked.get("Range", ""))
        start = int((re.findall(r"\d+", ranges[-1]) or ["0"])[0])
        rest = data[start:]
        body = StreamingBody(Breaking(rest, goods.pop(0)), len(rest))
        return {"Body": body, "ContentLength": len(data), "VersionId": "1"}

    return get_object, ranges


def test_a_broken_connection_is_taken_up_where_it_broke() -> None:
    data = bytes(range(250)) * 400
    get_object, ranges = breaking_client(data, [30_000, 20_000, 99_999_999])

    with io.BufferedReader(S3Stream(get_object, "b", KEY), 10_000) as stream:
        pieces = b"".join(iter(lambda: stream.read(10_000), b""))

    assert pieces == data
    assert ranges == ["", "bytes=30000-", "bytes=50000-"]


def test_connections_that_keep_breaking_are_platform_trouble() -> None:
    get_object, ranges = breaking_client(b"x" * 9, [0] * 9)

    with (
        io.BufferedReader(S3Stream(get_object, "b", KEY)) as stream,
        pytest.raises(PlatformError),
    ):
        stream.read()

    assert len(ranges) == 3


def test_a_download_that_fails_leaves_the_old_file(s3: S3ObjectStore, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    s3.put(KEY, b"x" * 100)

    goods = [50, 0, 0, 0]

    def cut(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Body"] = StreamingBody(Breaking(b"x" * 100, goods.pop(0)), 100)

    s3._client.meta.events.register("after-call.s3.GetObject", cut)

    with pytest.raises(PlatformError):
        s3.download(KEY, target)

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


# -- Large files ----------------------------------------------------------------------


def test_a_large_file_goes_in_parts_and_comes_back_whole(
    s3: S3ObjectStore, answers: Answers, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    with source.open("wb") as out:
        out.truncate(MULTIPART_BYTES + 5)
        out.seek(MULTIPART_BYTES)
        out.write(b"tail!")

    s3.put_file("jobs/j1/table.parquet", source)

    stat = s3.stat("jobs/j1/table.parquet")
    assert (stat.size_bytes, stat.content_type) == (
        MULTIPART_BYTES + 5,
        "application/vnd.apache.parquet",
    )
    assert answers.operations.count("UploadPart") == 2
    with s3.open("jobs/j1/table.parquet") as stream:
        stream.seek(-6, io.SEEK_END)
        assert stream.read() == b"\x00tail!"


def test_a_large_file_that_cannot_be_stored_leaves_no_part(
    s3: S3ObjectStore, answers: Answers, client: Any, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    with source.open("wb") as out:
        out.truncate(MULTIPART_BYTES + 5)
    answers.failures["UploadPart"] = [403, 403]

    with pytest.raises(PlatformError, match="UploadPart with AccessDenied"):
        s3.put_file("jobs/j1/table.parquet", source)

    assert client.list_multipart_uploads(Bucket="reports-bucket").get("Uploads", []) == []
    assert s3.keys("") == []


# -- Trouble --------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["put", "get", "stat", "exists", "keys", "delete_prefix", "ping"])
def test_a_throttled_request_is_repeated_and_then_platform_trouble(
    s3: S3ObjectStore, answers: Answers, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    s3.put(KEY, b"x")
    acts: dict[str, tuple[str, Any]] = {
        "put": ("PutObject", lambda: s3.put(KEY, b"y")),
        "get": ("GetObject", lambda: s3.get(KEY)),
        "stat": ("HeadObject", lambda: s3.stat(KEY)),
        "exists": ("HeadObject", lambda: s3.exists(KEY)),
        "keys": ("ListObjectsV2", lambda: s3.keys("datasets/")),
        "delete_prefix": ("ListObjectVersions", lambda: s3.delete_prefix("datasets/d1/")),
        "ping": ("HeadBucket", s3.ping),
    }
    operation, run = acts[act]

    answers.failures[operation] = [503] * 4
    with pytest.raises(PlatformError):
        run()
    left = answers.failures[operation]
    answers.failures[operation] = [503] * 3
    run()

    assert left == []


def test_a_bucket_that_is_not_there_is_named_by_its_variable(s3: S3ObjectStore) -> None:
    store = S3ObjectStore(
        s3._client,
        datasets_bucket="datasets-bucket",
        models_bucket="nobody-made-this",
        reports_bucket="reports-bucket",
    )

    with pytest.raises(PlatformError, match="S3_BUCKET_MODELS"):
        store.ping()


def test_what_s3_says_otherwise_passes_untouched(s3: S3ObjectStore) -> None:
    store = S3ObjectStore(
        s3._client, datasets_bucket="nobody-made-this", models_bucket="m", reports_bucket="r"
    )

    with pytest.raises(ClientError, match="NoSuchBucket"):
        store.put(KEY, b"x")
