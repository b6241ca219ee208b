"""Signed uploads and downloads of the stores that have no service behind them.

The rules are those of S3: a form POST carries a policy in base64 that names every form
field, the size allowed and the end of its validity; a PUT or GET carries everything that
was agreed upon in its query. Nothing that was not signed is obeyed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import urlencode

from automl_core.adapters.signing import Signer
from automl_core.errors import NotFoundError, UploadRefusedError, UploadTooLargeError
from automl_core.ports import UploadTicket
from automl_core.records import utc_text

POST_PURPOSE = "upload-policy"
LINK_PURPOSE = "object-link"

CHUNK_BYTES = 1024 * 1024

#: Form fields that no condition needs to name, as in S3; besides ``x-ignore-…``.
_UNSIGNED_FIELDS = frozenset({"policy", "x-signature", "file"})
_IGNORED_PREFIX = "x-ignore-"

#: A policy of ours is a few hundred bytes; nothing longer is worth decoding (S3: 20 kB).
_MAX_POLICY_BYTES = 20_000


@dataclass(frozen=True)
class Grant:
    """What a valid request may write."""

    key: str
    content_type: str
    min_bytes: int
    max_bytes: int


@dataclass(frozen=True)
class RequestSigner:
    """Makes tickets and links, and reads them again when they come back.

    Parameters
    ----------
    signer : Signer
        Holds the secret.
    base_url : str
        Address of the API without a slash at its end.
    now : callable
        The clock, aware.
    """

    signer: Signer
    base_url: str
    now: Callable[[], datetime]

    # -- Making -----------------------------------------------------------------------

    def upload_form(
        self, key: str, *, content_type: str, max_bytes: int, expires_in: int, min_bytes: int
    ) -> UploadTicket:
        """Sign a form POST."""
        policy = {
            "expiration": utc_text(self.now() + timedelta(seconds=expires_in)),
            "conditions": [
                {"key": key},
                {"Content-Type": content_type},
                ["content-length-range", min_bytes, max_bytes],
            ],
        }
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        return UploadTicket(
            method="POST",
            url=f"{self.base_url}/storage/upload",
            fields={
                "key": key,
                "Content-Type": content_type,
                "policy": encoded,
                "x-signature": self.signer.sign(POST_PURPOSE, encoded),
            },
            headers={},
            expires_in=expires_in,
        )

    def upload_url(
        self, key: str, *, content_type: str, size_bytes: int, expires_in: int
    ) -> UploadTicket:
        """Sign a PUT of exactly so many bytes."""
        query = {
            "method": "PUT",
            "key": key,
            "content-type": content_type,
            "content-length": str(size_bytes),
        }
        return UploadTicket(
            method="PUT",
            url=self._link(query, expires_in),
            fields={},
            headers={"Content-Type": content_type, "Content-Length": str(size_bytes)},
            expires_in=expires_in,
        )

    def download_url(self, key: str, *, filename: str, expires_in: int) -> str:
        """Sign a GET."""
        return self._link({"method": "GET", "key": key, "filename": filename}, expires_in)

    def _link(self, query: dict[str, str], expires_in: int) -> str:
        signed = query | {"expires": str(int(self.now().timestamp()) + expires_in)}
        signature = self.signer.sign(LINK_PURPOSE, _canonical(signed))
        return f"{self.base_url}/storage/object?{urlencode(signed | {'signature': signature})}"

    # -- Reading ----------------------------------------------------------------------

    def check_form(self, fields: Mapping[str, str]) -> Grant:
        """Hold the fields of a form POST against the policy that came with them.

        Raises
        ------
        UploadRefusedError
            Naming the field or rule that is not kept.
        """
        given = _lower_names(fields)
        policy_text = given.get("policy", "")
        if not self.signer.verify(POST_PURPOSE, policy_text, given.get("x-signature", "")):
            raise UploadRefusedError("The form's policy is not signed by this platform.")
        expiration, conditions = _read_policy(policy_text)
        if self.now() >= expiration:
            raise UploadRefusedError(
                f"The permission to upload ended at {utc_text(expiration)}; ask for a new one."
            )
        named: set[str] = set()
        sizes: tuple[int, int] | None = None
        for condition in conditions:
            match condition:
                case ["content-length-range", int(low), int(high)]:
                    sizes = (low, high)
                case ["eq", str(name), str(value)] if name.startswith("$"):
                    named.add(_require(given, name[1:], value))
                case dict(pair) if len(pair) == 1:
                    named.update(_require(given, *named_value) for named_value in pair.items())
                case _:
                    raise UploadRefusedError("The policy holds a condition of an unknown kind.")
        for name in given:
            if name not in named | _UNSIGNED_FIELDS and not name.startswith(_IGNORED_PREFIX):
                raise UploadRefusedError(f"The policy has no condition for the field {name!r}.")
        if sizes is None or not {"key", "content-type"} <= named:
            raise UploadRefusedError("The policy must name key, content type and size.")
        return Grant(given["key"], given["content-type"], *sizes)

    def check_put(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Grant:
        """Hold a PUT's headers against its signed query.

        Raises
        ------
        UploadRefusedError
            If the link is not ours, has expired, or a header differs from what was signed.
        """
        problem = self._link_problem(query, "PUT")
        if problem:
            raise UploadRefusedError(problem)
        given = _lower_names(headers)
        for name in ("content-type", "content-length"):
            if given.get(name) != query[name]:
                raise UploadRefusedError(
                    f"The header {name} is {given.get(name)!r}; {query[name]!r} was signed."
                )
        size = int(query["content-length"])
        return Grant(query["key"], query["content-type"], size, size)

    def check_get(self, query: Mapping[str, str]) -> tuple[str, str]:
        """Read a download link; returns key and file name.

        Raises
        ------
        NotFoundError
            If the link is not ours or has expired: to its holder nothing is there any more.
        """
        problem = self._link_problem(query, "GET")
        if problem:
            raise NotFoundError(problem)
        return query["key"], query["filename"]

    def _link_problem(self, query: Mapping[str, str], method: str) -> str | None:
        signed = {name: value for name, value in query.items() if name != "signature"}
        is_ours = self.signer.verify(LINK_PURPOSE, _canonical(signed), query.get("signature", ""))
        # Only what we signed is read further: every name is there and well-formed.
        if not is_ours or signed["method"] != method:
            return f"This link is not one that this platform signed for {method}."
        expires = datetime.fromtimestamp(int(signed["expires"]), UTC)
        if self.now() >= expires:
            return f"This link ended at {utc_text(expires)}; ask for a new one."
        return None


def copy_granted(source: BinaryIO, out: BinaryIO, grant: Grant | None) -> str:
    """Copy within the limits of a grant, and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if grant is not None and size > grant.max_bytes:
            raise UploadTooLargeError(
                f"The upload holds more than the {grant.max_bytes} bytes that were agreed upon."
            )
        digest.update(chunk)
        out.write(chunk)
    if grant is not None and size < grant.min_bytes:
        raise UploadRefusedError(
            f"The upload holds {size} bytes; at least {grant.min_bytes} were agreed upon."
        )
    return digest.hexdigest()


def _canonical(query: Mapping[str, str]) -> str:
    return urlencode(sorted(query.items()), errors="surrogatepass")


def _lower_names(fields: Mapping[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in fields.items():
        if name.lower() in lowered:
            raise UploadRefusedError(f"The field {name!r} came twice.")
        lowered[name.lower()] = value
    return lowered


def _read_policy(encoded: str) -> tuple[datetime, list[Any]]:
    # The signature was good: what cannot be read here was signed for something else.
    if len(encoded) > _MAX_POLICY_BYTES:
        raise UploadRefusedError("The policy is too long.")
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
        expiration = datetime.fromisoformat(policy["expiration"])
        conditions = list(policy["conditions"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise UploadRefusedError("The policy cannot be read.") from error
    if expiration.tzinfo is None:
        raise UploadRefusedError("The policy's expiration names no time zone.")
    return expiration, conditions


def _require(given: Mapping[str, str], name: str, value: object) -> str:
    lowered = name.lower()
    if given.get(lowered) != value:
        raise UploadRefusedError(
            f"The field {name!r} is {given.get(lowered)!r}; the policy demands {value!r}."
        )
    return lowered
