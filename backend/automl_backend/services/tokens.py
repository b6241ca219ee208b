"""API tokens: only their SHA-256 hashes are configured. Standard library only.

The HTTP API's authorizer, the inference function and the web application check alike.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from automl_core.errors import ConfigurationError, UnauthorizedError

#: A longer token is refused before it is hashed.
MAX_TOKEN_CHARACTERS = 512
HASHES_VARIABLE = "AUTOML_API_TOKEN_HASHES"
_HEXADECIMAL = frozenset("0123456789abcdef")


class TokenHashes:
    """The hashes of the tokens that may call.

    Parameters
    ----------
    hashes : iterable of str
        SHA-256, hexadecimal.

    Raises
    ------
    ConfigurationError
        If one of them is no such hash.
    """

    def __init__(self, hashes: Iterable[str]) -> None:
        known = [each.lower() for each in hashes]
        n_wrong = sum(len(each) != 64 or not _HEXADECIMAL.issuperset(each) for each in known)
        if n_wrong:
            raise ConfigurationError(
                f"{HASHES_VARIABLE} holds {n_wrong} entries that are no SHA-256 hashes"
                " (64 hexadecimal digits). Make one with: printf %s TOKEN | sha256sum."
            )
        self._hashes = tuple(each.encode() for each in known)

    def check(self, token: str | None) -> None:
        """Compare a token with every hash in constant time.

        Raises
        ------
        UnauthorizedError
            If it is none of those that are accepted.
        """
        if not token:
            raise UnauthorizedError("Send 'Authorization: Bearer <token>' with a valid API token.")
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise UnauthorizedError("The token is longer than any that this platform has issued.")
        # Not every text has UTF-8 bytes; such a one is no token of ours, and no fault either.
        given = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest().encode()
        # Every hash is compared, so that the time tells nothing about which one came close.
        matches = [hmac.compare_digest(given, known) for known in self._hashes]
        if not any(matches):
            raise UnauthorizedError("The token is not one of those that this platform accepts.")


def token_hashes(text: str | None) -> TokenHashes:
    """Read the variable :data:`HASHES_VARIABLE` where a platform may never be open.

    Raises
    ------
    ConfigurationError
        If it names no hash, or something else.
    """
    given = [each.strip() for each in (text or "").split(",") if each.strip()]
    if not given:
        raise ConfigurationError(
            f"{HASHES_VARIABLE} is not set; without it nobody may call. Set it to the SHA-256"
            " hashes of the tokens that may, separated by commas:"
            " printf %s TOKEN | sha256sum."
        )
    return TokenHashes(given)


def bearer(authorization: str | None) -> str | None:
    """Take the token out of an ``Authorization`` header; None: there is none.

    >>> bearer("Bearer abc"), bearer("Basic abc"), bearer(None)
    ('abc', None, None)
    """
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
