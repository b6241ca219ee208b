"""Clients of AWS, and what their failures mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from automl_core.adapters.aws_clients import aws_errors, make_client
from automl_core.errors import PlatformError


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing behind it")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def answered(code: str, status: int = 400, **more: Any) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "arn:aws:s3:::secret-bucket"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer | more, "PutItem")  # type: ignore[arg-type]  # some of an answer


@contextmanager
def server(*statuses: int) -> Iterator[tuple[str, list[str]]]:
    """A service that gives these answers one after the other, the last one from then on."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(statuses[min(len(asked), len(statuses)) - 1])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}", asked
        finally:
            listener.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (answered("ThrottlingException"), "too many requests"),
        (answered("ProvisionedThroughputExceededException"), "too many requests"),
        (answered("SlowDown", 503), "too many requests"),
        (
            answered(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "None"}, {"Code": "ThrottlingError"}],
            ),
            "too many requests",
        ),
        (answered("InternalError", 500), "try again"),
        (answered("503", 503), "try again"),
        (answered("RequestTimeout"), "try again"),
        (answered("ExpiredTokenException"), "credentials"),
        (answered("AccessDeniedException"), "what its role may do"),
        (answered("403", 403), "what its role may do"),
    ],
    ids=lambda value: value.response["Error"]["Code"] if isinstance(value, ClientError) else None,
)
def test_trouble_of_aws_is_platform_trouble_and_names_no_resource(
    error: ClientError, advice: str
) -> None:
    with pytest.raises(PlatformError, match=advice) as caught, aws_errors():
        raise error

    assert error.response["Error"]["Code"] in caught.value.detail
    assert "secret-bucket" not in caught.value.detail
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url="https://internal.example"),
        exceptions.ConnectTimeoutError(endpoint_url="https://internal.example"),
        exceptions.ReadTimeoutError(endpoint_url="https://internal.example"),
        exceptions.ConnectionClosedError(endpoint_url="https://internal.example"),
        exceptions.SSLError(endpoint_url="https://internal.example", error="bad"),
        exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        exceptions.FlexibleChecksumError(error_msg="differs"),
        exceptions.NoCredentialsError(),
        exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        exceptions.CredentialRetrievalError(provider="role", error_msg="internal.example"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_and_no_credentials_are_platform_trouble_without_addresses(
    error: Exception,
) -> None:
    with pytest.raises(PlatformError) as caught, aws_errors():
        raise error

    assert type(error).__name__ in caught.value.detail
    assert "internal.example" not in caught.value.detail


@pytest.mark.parametrize(
    "error",
    [
        answered("ConditionalCheckFailedException"),
        answered("NoSuchKey", 404),
        answered("ValidationException"),
        answered(
            "TransactionCanceledException", CancellationReasons=[{"Code": "ConditionalCheckFailed"}]
        ),
        exceptions.ParamValidationError(report="wrong"),
        KeyError("ours"),
    ],
    ids=repr,
)
def test_what_a_service_says_of_the_request_passes_untouched(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, aws_errors():
        raise error

    assert caught.value is error


def test_a_request_is_tried_four_times_before_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(500, 503, 502, 200) as (address, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        client = make_client("s3", region="eu-central-1")

        client.head_bucket(Bucket="bucket")
        n_good = len(asked)
        client.close()
    with server(500) as (address, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        client = make_client("s3", region="eu-central-1")

        with pytest.raises(PlatformError, match="HeadBucket with 500"), aws_errors():
            client.head_bucket(Bucket="bucket")
        client.close()

    assert (n_good, len(asked)) == (4, 4)


def test_an_address_where_nobody_listens_is_platform_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    client = make_client("dynamodb", region="eu-central-1")

    with pytest.raises(PlatformError, match="did not answer"), aws_errors():
        client.describe_table(TableName="t")

    client.close()


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_client_of_s3_signs_links_with_sigv4_for_its_own_region(region: str) -> None:
    client = make_client("s3", region=region)

    url = client.generate_presigned_url("get_object", Params={"Bucket": "b-1", "Key": "k"})

    assert url.startswith(f"https://b-1.s3.{region}.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC")
    client.close()
