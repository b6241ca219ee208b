"""Clients of AWS services, and what their failures mean to the platform.

The SDK is imported inside the functions: importing it costs a third of a second, which a
process that never talks to AWS - and a Lambda function before its first request - should
not pay.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from automl_core.errors import ConfigurationError, PlatformError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

Service = Literal["s3", "dynamodb", "batch"]

#: Far below the 30 s after which HTTP API gives a request up; the SDK's own 60 s are above.
CONNECT_TIMEOUT_S: Final = 3
READ_TIMEOUT_S: Final = 10

#: The first try included; "standard" waits between them with jitter, 20 s at most each.
MAX_TRIES: Final = 4

#: Requests at the same time on one client; more wait for a connection.
POOL_CONNECTIONS: Final = 16

#: What the SDK takes: a label of a host name that is no number.
_REGION: Final = re.compile(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)")

_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottlingError",  # how a cancelled transaction spells it
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

#: Answers with status 400 that mean "not now": a clock or a clash, never the request itself.
_TRANSIENT: Final = frozenset(
    {
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeoutException",
        "RequestTimeTooSkewed",
        "TransactionInProgressException",
    }
)

_CREDENTIALS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)

_SERVER_ERROR: Final = 500


def make_client(service: Service, *, region: str) -> Any:
    """Make a low-level client of a service.

    Parameters
    ----------
    service : str
        Name of the service as the SDK spells it.
    region : str
        AWS region, such as ``us-east-1``.

    Returns
    -------
    botocore.client.BaseClient
        Signs with SigV4, which encrypted buckets demand of links. Talks to
        ``AWS_ENDPOINT_URL_<SERVICE>`` or ``AWS_ENDPOINT_URL`` where one is set. Safe to
        share between threads.

    Raises
    ------
    ConfigurationError
        If that cannot be the name of a region.
    """
    # botocore rather than boto3: the latter would bring s3transfer along (a tenth of a
    # second), which only the upload of large files needs.
    require_region(region)
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        signature_version="s3v4" if service == "s3" else "v4",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": MAX_TRIES, "mode": "standard"},
        max_pool_connections=POOL_CONNECTIONS,
        # Links would name the global address otherwise, which redirects to the region of
        # a young bucket - and browsers do not follow that with an upload.
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
    session = get_session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session.create_client(service, region_name=region, config=config)


def require_region(region: str) -> None:
    """Check a region's name, as far as can be told without the SDK.

    Raises
    ------
    ConfigurationError
        If that cannot be the name of a region.
    """
    if not _REGION.fullmatch(region):
        raise ConfigurationError(
            f"AWS_REGION is {region!r}, which cannot be a region; set one such as 'eu-central-1'."
        )


@cache
def _loader(data_path: str | None) -> Any:
    """What reads the SDK's descriptions of services: one for all clients reads each file once.

    The list of endpoints that every client needs takes most of the time of making one.
    """
    from botocore.loaders import create_loader

    return create_loader(data_path)


class OnFirstUse:
    """A client that is made when it is first used.

    Making one takes 20 to 60 ms of CPU, and most requests need one service or none.

    Parameters
    ----------
    make : callable
        Makes the client; whatever it raises meets the first user, and the next one again.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        """Look up what is not here in the client."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
        return getattr(self._client, name)

    def close(self) -> None:
        """Give up the client's connections, if it was ever made."""
        with self._lock:
            if self._client is not None:
                self._client.close()


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn trouble with AWS itself into ``PlatformError``; all else passes untouched.

    Trouble is: throttling, an answer of 500 or above, no answer in time, and credentials
    or permissions that AWS does not take. What a service says of the request ("no such
    key", "condition failed") is for the caller to understand.

    Raises
    ------
    PlatformError
        The detail names service, operation and code, and neither resource nor account.
    """
    from botocore.exceptions import (
        ClientError,
        CredentialRetrievalError,
        FlexibleChecksumError,
        HTTPClientError,
        IncompleteReadError,
        MetadataRetrievalError,
        NoAuthTokenError,
        NoCredentialsError,
        PartialCredentialsError,
        SSOError,
        TokenRetrievalError,
    )
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        problem = _platform_problem(error)
        if problem is None:
            raise
        raise problem from error
    except (
        CredentialRetrievalError,
        MetadataRetrievalError,
        NoAuthTokenError,
        NoCredentialsError,
        PartialCredentialsError,
        SSOError,
        TokenRetrievalError,
    ) as error:
        raise PlatformError(
            f"This process has no AWS credentials ({type(error).__name__}); give it a role, or "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except (
        FlexibleChecksumError,
        HTTPClientError,
        IncompleteReadError,
        NoConnectionError,
        ResponseParserError,
    ) as error:
        raise PlatformError(
            f"AWS did not answer in time, or not in full ({type(error).__name__}); try again in a "
            "few seconds."
        ) from error


def _platform_problem(error: ClientError) -> PlatformError | None:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    # A transaction tells for each of its writes why it did not happen.
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    what = f"AWS answered {error.operation_name} with {code}"
    if code in _CREDENTIALS or status in {401, 403}:
        detail = f"{what}; check this process's AWS credentials and what its role may do."
    elif ({code} | reasons) & _THROTTLED:
        detail = f"{what}: too many requests at the moment; try again in a few seconds."
    elif code in _TRANSIENT or status >= _SERVER_ERROR:
        detail = f"{what}; try again in a few seconds."
    else:
        return None
    return PlatformError(detail, operation=error.operation_name, aws_code=code)
