"""What a busy, slow or closing service means to a prediction."""

from __future__ import annotations

import socket
import threading

import pytest

from automl_core.adapters.aws_http import (
    MAX_TRIES,
    Endpoint,
    ServiceConnection,
    own_endpoint,
)
from automl_core.adapters.aws_signing import Credentials, Signer
from automl_core.adapters.deployed_models_aws import S3Bundles, open_bundles
from automl_core.errors import ConfigurationError, NotFoundError, PlatformError

from .conftest import KEYS, MODELS, REGION

SIGNER = Signer(Credentials(*KEYS.values()), REGION, "s3")


@pytest.fixture
def waits():
    """How long was waited before each further try."""
    return []


@pytest.fixture
def bundles(aws, waits):
    """Bundles of the bucket in memory; pauses are noted instead of made."""
    aws.s3.put_object(Bucket=MODELS, Key="jobs/j/a", Body=b"data")
    endpoint = own_endpoint({"AWS_ENDPOINT_URL_S3": aws.url}, "s3")
    connection = ServiceConnection(SIGNER, endpoint, sleep=waits.append, jitter=lambda: 1.0)
    made = S3Bundles(connection, f"/{MODELS}/")
    yield made
    made.close()


@pytest.mark.parametrize("fault", [500, 503, 429, "hang up"])
def test_three_faults_are_waited_out(aws, bundles, waits, fault):
    aws.faults[:] = [fault] * 3

    assert bundles.get("jobs/j/a") == b"data"
    assert waits == [0.1, 0.2, 0.4]


def test_a_fault_that_stays_is_told(aws, bundles):
    aws.faults[:] = [503] * 10

    with pytest.raises(PlatformError, match="503") as caught:
        bundles.get("jobs/j/a")

    assert len(aws.asked) == MAX_TRIES
    assert MODELS not in caught.value.detail


def test_there_is_no_try_after_the_deadline(aws, waits):
    seconds = iter([0.0, 100.0])
    connection = ServiceConnection(
        SIGNER,
        own_endpoint({"AWS_ENDPOINT_URL": aws.url}, "s3"),
        sleep=waits.append,
        monotonic=lambda: next(seconds),
    )
    aws.faults[:] = [503]

    with pytest.raises(PlatformError, match="in 1 tries"):
        connection.ask("GET", "/")
    connection.close()

    assert waits == []


def test_a_connection_that_was_closed_meanwhile_is_opened_again_at_once(aws, bundles, waits):
    bundles.get("jobs/j/a")
    aws.faults[:] = ["hang up"]

    assert bundles.get("jobs/j/a") == b"data"
    assert waits == []


def test_one_connection_serves_many_requests(aws, bundles):
    connection = bundles._s3
    bundles.get("jobs/j/a")
    first = connection._connection

    bundles.get("jobs/j/a")

    assert connection._connection is first is not None


def test_what_is_not_there_is_told_apart_from_what_is_not_allowed(aws, bundles):
    with pytest.raises(NotFoundError):
        bundles.get("jobs/j/b")
    aws.faults[:] = [403]
    with pytest.raises(PlatformError, match="check what the function's role may do"):
        bundles.get("jobs/j/a")


def test_a_wrong_secret_is_no_fault_of_ours(aws):
    environment = {**KEYS, "AWS_SECRET_ACCESS_KEY": "other", "AWS_ENDPOINT_URL": aws.url}
    made = open_bundles(environment, region=REGION, bucket=MODELS)

    with pytest.raises(PlatformError, match="SignatureDoesNotMatch"):
        made.get("jobs/j/a")
    made.close()


def test_nobody_there_is_told(waits):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    connection = ServiceConnection(
        SIGNER, Endpoint("127.0.0.1", port, is_secure=False), sleep=waits.append
    )

    with pytest.raises(PlatformError, match="ConnectionRefusedError"):
        connection.ask("GET", "/")

    assert len(waits) == MAX_TRIES - 1


def test_an_answer_that_breaks_off_is_asked_for_again(waits):
    pieces = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
    ]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            for piece in pieces:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1], is_secure=False)
        connection = ServiceConnection(SIGNER, endpoint, sleep=waits.append)

        assert connection.ask("GET", "/").body == b"whole"
        connection.close()
        thread.join()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({}, None, id="AWS's own"),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"},
            Endpoint("127.0.0.1", 4566, is_secure=False),
            id="one for all",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://a:1", "AWS_ENDPOINT_URL_S3": "https://b:443"},
            Endpoint("b", None, is_secure=True),
            id="one for the service",
        ),
    ],
)
def test_the_address_is_read_as_the_sdk_reads_it(environment, expected):
    assert own_endpoint(environment, "s3") == expected


@pytest.mark.parametrize(
    "url", ["127.0.0.1:4566", "ftp://a", "http://", "http://a:x", "http://a/b"]
)
def test_an_address_that_is_none_is_told(url):
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL"):
        own_endpoint({"AWS_ENDPOINT_URL": url}, "s3")


@pytest.mark.parametrize(
    ("region", "bucket", "host", "prefix"),
    [
        ("eu-central-1", "models", "models.s3.eu-central-1.amazonaws.com", "/"),
        ("cn-north-1", "models", "models.s3.cn-north-1.amazonaws.com.cn", "/"),
        ("eu-central-1", "my.models", "s3.eu-central-1.amazonaws.com", "/my.models/"),
    ],
)
def test_a_bucket_has_a_host_of_its_own_where_its_certificate_allows(region, bucket, host, prefix):
    made = open_bundles(KEYS, region=region, bucket=bucket)

    assert made._s3._endpoint == Endpoint(host)
    assert made._path_prefix == prefix
