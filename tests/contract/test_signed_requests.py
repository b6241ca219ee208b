"""Signed uploads and downloads: only what was signed is done, and refusals leave nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol
from urllib.parse import parse_qsl, urlsplit

import pytest

from automl_core.adapters.signed_requests import POST_PURPOSE
from automl_core.adapters.signing import Signer
from automl_core.errors import (
    AutoMLError,
    NotFoundError,
    UploadRefusedError,
    UploadTooLargeError,
)
from automl_core.ports import ObjectStat, ObjectStore

KEY = "datasets/d1/upload"
SECRET = b"the secret of the contract tests"


class Clock(Protocol):
    def __call__(self) -> Any: ...

    def advance(self, seconds: float) -> None: ...


class SignedStore(ObjectStore, Protocol):
    def receive_form(
        self, fields: dict[str, str], filename: str, content_type: str, stream: BinaryIO
    ) -> ObjectStat: ...

    def receive_put(
        self, query: dict[str, str], headers: dict[str, str], stream: BinaryIO
    ) -> ObjectStat: ...

    def open_signed(self, query: dict[str, str]) -> tuple[ObjectStat, BinaryIO, str]: ...


class BrokenStream(io.RawIOBase):
    """A client that hangs up after its first bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._n_reads = 0

    def read(self, size: int = -1) -> bytes:
        self._n_reads += 1
        if self._n_reads > 1:
            raise ConnectionResetError("hung up")
        return b"half"


class EndlessStream(io.RawIOBase):
    """A client that never stops; counts what was taken from it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"x" * size


def form(store: SignedStore, **changes: Any) -> dict[str, str]:
    agreed = {"content_type": "text/csv", "max_bytes": 10, "expires_in": 900} | changes
    return store.upload_form(KEY, **agreed).fields


def send(store: SignedStore, fields: dict[str, str], data: bytes = b"a,b\n1,2\n") -> ObjectStat:
    return store.receive_form(fields, "table.csv", "application/octet-stream", io.BytesIO(data))


def policy_of(fields: dict[str, str]) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.b64decode(fields["policy"]))
    return decoded


def signed_fields(conditions: list[Any], expiration: str, **fields: str) -> dict[str, str]:
    """Fields under a policy of any content, signed with the right secret."""
    policy = json.dumps({"expiration": expiration, "conditions": conditions}).encode()
    encoded = base64.b64encode(policy).decode()
    signature = Signer(SECRET).sign(POST_PURPOSE, encoded)
    return {"policy": encoded, "x-signature": signature} | fields


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True))


def assert_refused(store: SignedStore, error: type[AutoMLError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        act()
    assert store.keys("") == []
    return caught.value.detail


@pytest.fixture(params=["local", "memory"])
def objects(
    request: pytest.FixtureRequest, own_objects: Callable[[str], SignedStore]
) -> SignedStore:
    """The stores that have no service behind them; what S3 refuses, S3 tests."""
    return own_objects(request.param)


# -- Form uploads ---------------------------------------------------------------------


def test_a_form_upload_lies_under_its_key_with_its_content_type(objects: SignedStore) -> None:
    stat = send(objects, form(objects))

    assert objects.get(KEY) == b"a,b\n1,2\n"
    assert objects.stat(KEY) == stat
    assert stat.etag == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (stat.size_bytes, stat.content_type) == (8, "text/csv")


def test_the_ticket_names_everything_a_browser_must_send(objects: SignedStore) -> None:
    ticket = objects.upload_form(KEY, content_type="text/csv", max_bytes=10, expires_in=900)

    assert (ticket.method, ticket.url) == ("POST", "http://api.test/storage/upload")
    assert set(ticket.fields) == {"key", "Content-Type", "policy", "x-signature"}
    assert (ticket.headers, ticket.expires_in) == ({}, 900)


def test_the_policy_is_that_of_s3(objects: SignedStore) -> None:
    policy = policy_of(form(objects))

    assert policy == {
        "expiration": "2026-03-01T12:15:00.000000Z",
        "conditions": [
            {"key": KEY},
            {"Content-Type": "text/csv"},
            ["content-length-range", 1, 10],
        ],
    }


@pytest.mark.parametrize("size", [1, 10], ids=["least", "most"])
def test_both_ends_of_the_size_range_are_allowed(objects: SignedStore, size: int) -> None:
    assert send(objects, form(objects), b"x" * size).size_bytes == size


def test_one_byte_too_many_is_refused(objects: SignedStore) -> None:
    detail = assert_refused(
        objects, UploadTooLargeError, lambda: send(objects, form(objects), b"x" * 11)
    )

    assert "10 bytes" in detail


def test_an_endless_upload_is_ended_soon_after_its_limit(objects: SignedStore) -> None:
    stream = EndlessStream()

    assert_refused(
        objects,
        UploadTooLargeError,
        lambda: objects.receive_form(form(objects), "t.csv", "text/csv", stream),
    )

    assert stream.taken <= 2 * 1024 * 1024


def test_an_empty_upload_is_refused(objects: SignedStore) -> None:
    assert_refused(objects, UploadRefusedError, lambda: send(objects, form(objects), b""))


def test_a_client_that_hangs_up_leaves_nothing(objects: SignedStore) -> None:
    with pytest.raises((ConnectionResetError, AutoMLError)):
        objects.receive_form(form(objects), "t.csv", "text/csv", BrokenStream())

    assert objects.keys("") == []


def test_a_refused_upload_leaves_what_was_there(objects: SignedStore) -> None:
    send(objects, form(objects), b"first")
    before = objects.stat(KEY)

    with pytest.raises(UploadTooLargeError):
        send(objects, form(objects), b"x" * 11)

    assert objects.get(KEY) == b"first"
    assert objects.stat(KEY) == before


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        pytest.param("key", "datasets/d2/upload", "key", id="other key"),
        pytest.param("key", KEY + "/../../d2/upload", "key", id="traversal"),
        pytest.param("Content-Type", "text/html", "Content-Type", id="other type"),
        pytest.param("Content-Type", "text/csv; charset=utf-8", "Content-Type", id="longer type"),
        pytest.param("acl", "public-read", "acl", id="field without a condition"),
        pytest.param("success_action_redirect", "https://evil.test", "redirect", id="redirect"),
        pytest.param("x-signature", "0" * 64, "signed", id="wrong signature"),
        pytest.param("x-signature", "", "signed", id="empty signature"),
        pytest.param("x-signature", "ä" * 64, "signed", id="signature of other characters"),
        pytest.param("x-signature", "\ud800", "signed", id="half a surrogate pair"),
        pytest.param("policy", "e30=", "signed", id="other policy"),
        pytest.param("KEY", KEY, "twice", id="field twice in other letters"),
    ],
)
def test_a_changed_field_is_refused(objects: SignedStore, name: str, value: str, told: str) -> None:
    fields = form(objects) | {name: value}

    assert told in assert_refused(objects, UploadRefusedError, lambda: send(objects, fields))


@pytest.mark.parametrize("name", ["key", "Content-Type", "policy", "x-signature"])
def test_a_missing_field_is_refused(objects: SignedStore, name: str) -> None:
    fields = {field: value for field, value in form(objects).items() if field != name}

    assert_refused(objects, UploadRefusedError, lambda: send(objects, fields))


def test_an_edited_policy_is_refused(objects: SignedStore) -> None:
    fields = form(objects)
    policy = policy_of(fields)
    policy["conditions"][2][2] = 10**9
    fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()

    assert_refused(objects, UploadRefusedError, lambda: send(objects, fields, b"x" * 11))


def test_field_names_may_differ_in_case_and_ignored_ones_may_come_along(
    objects: SignedStore,
) -> None:
    fields = {name.upper(): value for name, value in form(objects).items()}

    assert send(objects, fields | {"x-ignore-me": "1"}).key == KEY


def test_a_form_is_good_until_its_very_expiry(objects: SignedStore, clock: Clock) -> None:
    fields = form(objects, expires_in=60)

    clock.advance(59.999)
    send(objects, fields)
    objects.delete_prefix("datasets/d1/")
    clock.advance(0.001)

    assert "ended" in assert_refused(objects, UploadRefusedError, lambda: send(objects, fields))


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param([{"key": KEY}, {"Content-Type": "a"}], id="no size"),
        pytest.param([{"key": KEY}, ["content-length-range", 1, 9]], id="no content type"),
        pytest.param([{"Content-Type": "a"}, ["content-length-range", 1, 9]], id="no key"),
        pytest.param([["starts-with", "$key", ""]], id="a condition that is not known"),
        pytest.param([{"key": KEY, "Content-Type": "a"}], id="two in one"),
        pytest.param([["content-length-range", "1", "9"]], id="sizes as text"),
        pytest.param(["key"], id="no condition at all"),
        pytest.param(7, id="no list"),
    ],
)
def test_a_signed_policy_that_says_too_little_is_refused(
    objects: SignedStore, conditions: list[Any]
) -> None:
    fields = signed_fields(conditions, "2026-03-01T13:00:00Z", **{"key": KEY, "Content-Type": "a"})

    assert_refused(objects, UploadRefusedError, lambda: send(objects, fields))


def test_conditions_may_be_written_as_lists(objects: SignedStore) -> None:
    conditions = [
        ["eq", "$key", KEY],
        ["eq", "$Content-Type", "text/csv"],
        ["content-length-range", 1, 9],
    ]

    fields = signed_fields(
        conditions, "2026-03-01T13:00:00Z", **{"key": KEY, "Content-Type": "text/csv"}
    )

    assert send(objects, fields).key == KEY


@pytest.mark.parametrize("expiration", ["tomorrow", "", "2026-03-01T13:00:00"])
def test_a_signed_policy_without_a_readable_end_is_refused(
    objects: SignedStore, expiration: str
) -> None:
    assert_refused(
        objects, UploadRefusedError, lambda: send(objects, signed_fields([], expiration))
    )


# -- PUT uploads ----------------------------------------------------------------------


def put_ticket(store: SignedStore, **changes: Any) -> tuple[dict[str, str], dict[str, str]]:
    agreed = {"content_type": "text/csv", "size_bytes": 5, "expires_in": 900} | changes
    ticket = store.upload_url(KEY, **agreed)
    assert ticket.method == "PUT"
    assert ticket.fields == {}
    assert ticket.url.startswith("http://api.test/storage/object?")
    return query_of(ticket.url), ticket.headers


def test_a_put_of_exactly_what_was_signed_is_taken(objects: SignedStore) -> None:
    query, headers = put_ticket(objects)

    stat = objects.receive_put(query, headers, io.BytesIO(b"12345"))

    assert objects.get(KEY) == b"12345"
    assert stat == objects.stat(KEY)
    assert stat.content_type == "text/csv"


def test_header_names_may_differ_in_case(objects: SignedStore) -> None:
    query, headers = put_ticket(objects)
    lowered = {name.lower(): value for name, value in headers.items()}

    objects.receive_put(query, lowered | {"host": "api.test"}, io.BytesIO(b"12345"))

    assert objects.exists(KEY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "datasets/d2/upload"), ("content-type", "text/html"), ("content-length", "6"),
        ("expires", "9999999999"), ("method", "GET"), ("signature", "0" * 64), ("extra", "1"),
    ],
)  # fmt: skip
def test_a_changed_put_link_is_refused(objects: SignedStore, name: str, value: str) -> None:
    query, headers = put_ticket(objects)
    query[name] = value

    assert_refused(
        objects,
        UploadRefusedError,
        lambda: objects.receive_put(query, headers, io.BytesIO(b"12345")),
    )


@pytest.mark.parametrize(
    "name", ["key", "content-type", "content-length", "expires", "method", "signature"]
)
def test_a_put_link_with_a_part_missing_is_refused(objects: SignedStore, name: str) -> None:
    query, headers = put_ticket(objects)
    del query[name]

    assert_refused(
        objects,
        UploadRefusedError,
        lambda: objects.receive_put(query, headers, io.BytesIO(b"12345")),
    )


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Content-Type": "text/html"}, id="other type"),
        pytest.param({"Content-Length": "6"}, id="other length"),
        pytest.param({"Content-Length": "5, 6"}, id="two lengths"),
        pytest.param({"content-length": "5"}, id="length twice"),
    ],
)
def test_a_put_with_other_headers_is_refused(objects: SignedStore, changed: dict[str, str]) -> None:
    query, headers = put_ticket(objects)

    assert_refused(
        objects,
        UploadRefusedError,
        lambda: objects.receive_put(query, headers | changed, io.BytesIO(b"12345")),
    )


@pytest.mark.parametrize("name", ["Content-Type", "Content-Length"])
def test_a_put_without_a_signed_header_is_refused(objects: SignedStore, name: str) -> None:
    query, headers = put_ticket(objects)
    del headers[name]

    assert_refused(
        objects,
        UploadRefusedError,
        lambda: objects.receive_put(query, headers, io.BytesIO(b"12345")),
    )


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(b"1234", UploadRefusedError, id="too few"),
        pytest.param(b"123456", UploadTooLargeError, id="too many"),
    ],
)
def test_a_put_must_bring_as_many_bytes_as_it_says(
    objects: SignedStore, data: bytes, error: type[AutoMLError]
) -> None:
    query, headers = put_ticket(objects)

    assert_refused(objects, error, lambda: objects.receive_put(query, headers, io.BytesIO(data)))


def test_a_put_link_ends(objects: SignedStore, clock: Clock) -> None:
    query, headers = put_ticket(objects, expires_in=60)
    clock.advance(60)

    assert_refused(
        objects,
        UploadRefusedError,
        lambda: objects.receive_put(query, headers, io.BytesIO(b"12345")),
    )


# -- Downloads ------------------------------------------------------------------------


def test_a_download_link_opens_the_object_under_its_file_name(objects: SignedStore) -> None:
    objects.put("jobs/j1/report.html", b"<p>")
    name = 'Größe & "more"?/..%2f🐧.html'

    url = objects.download_url("jobs/j1/report.html", filename=name, expires_in=60)
    stat, stream, filename = objects.open_signed(query_of(url))

    with stream:
        assert stream.read() == b"<p>"
    assert url.startswith("http://api.test/storage/object?")
    assert url.isascii()
    assert stat == objects.stat("jobs/j1/report.html")
    assert filename == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "jobs/j2/report.html"), ("filename", "evil.exe"), ("expires", "9999999999"),
        ("method", "PUT"), ("signature", "0" * 64), ("extra", "1"),
    ],
)  # fmt: skip
def test_a_changed_download_link_finds_nothing(objects: SignedStore, name: str, value: str) -> None:
    objects.put("jobs/j1/report.html", b"<p>")
    objects.put("jobs/j2/report.html", b"<p>")
    query = query_of(objects.download_url("jobs/j1/report.html", filename="r", expires_in=60))

    with pytest.raises(NotFoundError, match="signed"):
        objects.open_signed(query | {name: value})


def test_a_download_link_ends(objects: SignedStore, clock: Clock) -> None:
    objects.put("jobs/j1/report.html", b"<p>")
    query = query_of(objects.download_url("jobs/j1/report.html", filename="r", expires_in=60))
    clock.advance(60)

    with pytest.raises(NotFoundError, match="ended"):
        objects.open_signed(query)


def test_a_link_to_what_was_deleted_finds_nothing(objects: SignedStore) -> None:
    objects.put("jobs/j1/report.html", b"<p>")
    query = query_of(objects.download_url("jobs/j1/report.html", filename="r", expires_in=60))
    objects.delete_prefix("jobs/j1/")

    with pytest.raises(NotFoundError):
        objects.open_signed(query)


@pytest.mark.parametrize("query", [{}, {"signature": ""}, {"key": KEY, "method": "GET"}])
def test_a_link_without_a_signature_finds_nothing(
    objects: SignedStore, query: dict[str, str]
) -> None:
    with pytest.raises(NotFoundError):
        objects.open_signed(query)


def test_a_put_link_does_not_read_and_a_get_link_does_not_write(objects: SignedStore) -> None:
    put_query, headers = put_ticket(objects)
    get_query = query_of(objects.download_url(KEY, filename="r", expires_in=60))

    assert_refused(
        objects,
        UploadRefusedError,
        lambda: objects.receive_put(get_query, headers, io.BytesIO(b"12345")),
    )
    objects.receive_put(put_query, headers, io.BytesIO(b"12345"))
    with pytest.raises(NotFoundError):
        objects.open_signed(put_query)
