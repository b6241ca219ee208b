"""Signatures are those of AWS's own SDK, whatever is signed."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SDKCredentials
from hypothesis import given
from hypothesis import strategies as st

from automl_core.adapters.aws_signing import Credentials, Signer, escaped_path
from automl_core.errors import ConfigurationError

MOMENTS = st.integers(946_684_800, 4_102_444_800).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
#: Segments that no normalisation of paths would change.
SEGMENTS = TEXTS.filter(lambda text: text not in {"", ".", ".."} and "/" not in text)
HEADERS = st.dictionaries(
    st.from_regex(r"x-amz-[a-z]{1,10}", fullmatch=True).filter(
        lambda name: name not in {"x-amz-date", "x-amz-security-token"}
    ),
    st.text(st.sampled_from("abc XYZ;=,/  \t"), max_size=20),
    max_size=3,
)
TOKENS = st.none() | st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


def sdk_authorization(service, region, request, token, at):
    """The header with which the SDK signs a request."""
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    auth = kind(SDKCredentials("AKIA", "secret/key", token), service, region)
    if service == "s3":
        request.headers["X-Amz-Content-SHA256"] = auth.payload(request)
    if token is not None:
        request.headers["X-Amz-Security-Token"] = token
    request.headers["X-Amz-Date"] = request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signature = auth.signature(
        auth.string_to_sign(request, auth.canonical_request(request)), request
    )
    auth._inject_signature_to_request(request, signature)
    return request.headers["Authorization"]


@given(
    service=st.sampled_from(["s3", "dynamodb"]),
    region=st.sampled_from(["eu-central-1", "us-east-1", "cn-north-1"]),
    method=st.sampled_from(["GET", "POST", "PUT"]),
    path=st.lists(SEGMENTS, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    query=st.lists(st.tuples(TEXTS, TEXTS), max_size=4),
    headers=HEADERS,
    body=st.binary(max_size=200),
    token=TOKENS,
    at=MOMENTS,
)
def test_any_request_is_signed_as_the_sdk_signs_it(
    *, service, region, method, path, query, headers, body, token, at
):
    sent = {**headers, "host": "service.example:4566"}
    url = f"http://service.example:4566{quote(path, safe='/-_.~')}"
    request = AWSRequest(method=method, url=url, data=body, headers=sent, params=query)

    signed = Signer(Credentials("AKIA", "secret/key", token), region, service).headers(
        method, path, sent, body, at=at, query=query
    )

    assert signed["authorization"] == sdk_authorization(service, region, request, token, at)
    assert {**signed}.items() >= sent.items()


def test_the_published_example_of_the_signature_s_description_is_met():
    # "GET Object" of "Signature Calculations for the Authorization Header" in the S3 guide.
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    signed = Signer(keys, "us-east-1", "s3").headers(
        "GET",
        "/test.txt",
        {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9"},
        b"",
        at=datetime(2013, 5, 24, tzinfo=UTC),
    )

    assert signed["authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_keys_come_from_the_environment_and_are_not_shown():
    found = Credentials.from_environment(
        {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_SESSION_TOKEN": "too"}
    )

    assert found == Credentials("AKIA", "hidden", "too")
    assert "hidden" not in f"{found!r} {found}"
    assert "too" not in f"{found!r} {found}"


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_missing_keys_are_named(missing):
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", missing: ""}

    with pytest.raises(ConfigurationError, match=missing):
        Credentials.from_environment(keys)


def test_a_key_with_blanks_and_other_letters_is_escaped_byte_by_byte():
    assert escaped_path("/b/ä b+%") == "/b/%C3%A4%20b%2B%25"
