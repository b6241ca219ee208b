"""What the API's function sends fits what Lambda hands back."""

from __future__ import annotations

import base64
import gzip
import json
import random

import pytest

from automl_backend.lambdas.answer_size import COMPRESSED_FROM, MAX_BODY_BYTES, fitted

LAMBDA_LIMIT_BYTES = 6_291_556


def event(accepted: str | None = "br, gzip") -> dict:
    headers = {} if accepted is None else {"accept-encoding": accepted}
    return {
        "version": "2.0",
        "rawPath": "/datasets/d1/profile",
        "headers": headers,
        "requestContext": {"requestId": "req-1"},
    }


def answer(body: str, **headers: str) -> dict:
    return {
        "statusCode": 200,
        "headers": {
            "content-type": "application/json",
            "content-length": str(len(body)),
            **headers,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def payload_bytes(found: dict) -> int:
    return len(json.dumps(found, ensure_ascii=False).encode())


def noise(size: int) -> str:
    """Text that no compression makes much smaller."""
    return base64.b64encode(random.Random(0).randbytes(size)).decode()


def test_a_small_answer_is_sent_as_it_is():
    small = answer('{"a": 1}' * 100)

    assert fitted(small, event()) is small


def test_a_large_text_is_compressed_and_the_same_after_unpacking():
    body = json.dumps([{"name": f"column {i}", "share": i / 7} for i in range(200_000)])

    found = fitted(answer(body), event())

    assert len(body) > LAMBDA_LIMIT_BYTES
    assert payload_bytes(found) < LAMBDA_LIMIT_BYTES
    assert found["isBase64Encoded"] is True
    packed = base64.b64decode(found["body"])
    assert gzip.decompress(packed).decode() == body
    assert found["headers"]["content-encoding"] == "gzip"
    assert found["headers"]["content-length"] == str(len(packed))
    assert found["headers"]["vary"] == "Accept-Encoding"
    assert found["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    "accepted",
    [
        pytest.param(None, id="says nothing"),
        pytest.param("br, deflate", id="takes others"),
        pytest.param("gzip;q=0, br", id="refuses it"),
        pytest.param("gzip; q=0.0", id="refuses it at length"),
    ],
)
def test_nobody_gets_gzip_who_does_not_take_it(accepted):
    large = answer("x" * COMPRESSED_FROM)

    assert fitted(large, event(accepted)) is large


@pytest.mark.parametrize("accepted", ["gzip", "GZIP", "*", "br;q=1.0, gzip;q=0.5"])
def test_whoever_takes_gzip_gets_it(accepted):
    found = fitted(answer("x" * COMPRESSED_FROM), event(accepted))

    assert found["headers"]["content-encoding"] == "gzip"


def test_what_is_packed_already_is_not_packed_again():
    packed = answer("eA==" * COMPRESSED_FROM, **{"content-type": "application/zip"})
    packed["isBase64Encoded"] = True

    assert fitted(packed, event()) is packed


@pytest.mark.parametrize(
    ("body", "accepted", "advice"),
    [
        pytest.param(noise(6_000_000), "gzip", "ask for fewer rows", id="does not shrink"),
        pytest.param("x" * 6_500_000, None, "Accept-Encoding: gzip", id="might shrink"),
        # Each quote is two bytes where JSON holds the text.
        pytest.param('"' * 3_500_000, None, "Accept-Encoding: gzip", id="grows by escapes"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_problem(body, accepted, advice):
    found = fitted(answer(body), event(accepted))

    problem = json.loads(found["body"])
    assert found["statusCode"] == problem["status"] == 413
    assert problem["code"] == "answer-too-large"
    assert problem["request_id"] == found["headers"]["x-request-id"] == "req-1"
    assert problem["instance"] == "/datasets/d1/profile"
    assert advice in problem["detail"]
    assert found["headers"]["content-type"] == "application/problem+json"


def test_the_largest_body_that_is_let_through_fits_lambda():
    body = "x" * (MAX_BODY_BYTES - 2)

    found = fitted(answer(body), event(None))

    assert found["statusCode"] == 200
    assert payload_bytes(found) < LAMBDA_LIMIT_BYTES
