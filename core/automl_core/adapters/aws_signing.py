"""Sign requests to AWS (Signature Version 4) with the standard library alone.

For the function that serves predictions: importing boto3 takes longer there than everything
else together, and it asks two services three things.

References
----------
AWS, "Signature Version 4 signing process"; RFC 3986 section 2.3 for what is not escaped.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from automl_core.errors import ConfigurationError

ALGORITHM = "AWS4-HMAC-SHA256"
#: Not escaped, neither in paths nor in queries.
_UNRESERVED = "-_.~"


class Credentials(NamedTuple):
    """Keys of an AWS principal; the session token comes with temporary ones."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        """Name the key, never the secrets."""
        return f"Credentials(access_key_id={self.access_key_id!r})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Credentials:
        """Read what Lambda hands to a function: keys that outlive its instance.

        Raises
        ------
        ConfigurationError
            Naming the variables that are missing.
        """
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise ConfigurationError(
                f"{' and '.join(missing)} must be set; AWS Lambda sets them from the function's"
                " role."
            )
        return cls(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN") or None,
        )


class Signer(NamedTuple):
    """Signs requests to one service in one region.

    Parameters
    ----------
    credentials : Credentials
    region : str
    service : str
        As in the credential's scope: ``s3``, ``dynamodb``.
    """

    credentials: Credentials
    region: str
    service: str

    def headers(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        at: datetime,
        query: Sequence[tuple[str, str]] = (),
    ) -> dict[str, str]:
        """Give the headers of a request, its signature among them.

        Parameters
        ----------
        method : str
        path : str
            Unescaped, without ``.`` and ``..``; see :func:`escaped_path` for how it is sent.
        headers : mapping
            All that are to be signed, ``Host`` among them; each name once.
        body : bytes
        at : datetime
            Aware. AWS refuses what is more than five minutes off.
        query : sequence of (str, str)
            Unescaped names and values, as often as they are sent.
        """
        moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        sent = {name.lower(): value for name, value in headers.items()}
        sent["x-amz-date"] = moment
        if self.credentials.session_token is not None:
            sent["x-amz-security-token"] = self.credentials.session_token
        body_hash = hashlib.sha256(body).hexdigest()
        if self.service == "s3":
            # The only service that wants the body's hash said; it checks it.
            sent["x-amz-content-sha256"] = body_hash
        signed = sorted(sent)
        request = "\n".join(
            (
                method,
                self._canonical_path(path),
                _canonical_query(query),
                "".join(f"{name}:{' '.join(sent[name].split())}\n" for name in signed),
                ";".join(signed),
                body_hash,
            )
        )
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        to_sign = "\n".join(
            (ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest())
        )
        key = _signing_key(
            self.credentials.secret_access_key, moment[:8], self.region, self.service
        )
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        sent["authorization"] = (
            f"{ALGORITHM} Credential={self.credentials.access_key_id}/{scope},"
            f" SignedHeaders={';'.join(signed)}, Signature={signature}"
        )
        return sent

    def _canonical_path(self, path: str) -> str:
        escaped = escaped_path(path)
        # S3 takes keys as they are; every other service escapes the escaped path again.
        return escaped if self.service == "s3" else quote(escaped, safe="/" + _UNRESERVED)


def escaped_path(path: str) -> str:
    """Escape a path for the request's first line.

    >>> escaped_path("/bucket/jobs/j 1/ä")
    '/bucket/jobs/j%201/%C3%A4'
    """
    return quote(path, safe="/" + _UNRESERVED)


def _canonical_query(query: Sequence[tuple[str, str]]) -> str:
    escaped = sorted(
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in query
    )
    return "&".join(f"{name}={value}" for name, value in escaped)


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the key that signs a day's requests to a service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
