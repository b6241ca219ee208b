"""Signatures over texts: upload policies, download links, list cursors."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from automl_core.errors import ConfigurationError

#: A shorter secret could be searched for by somebody who holds one signed link.
MIN_SECRET_BYTES = 16


class Signer:
    """HMAC-SHA256 with one secret; the purpose keeps signatures from being used elsewhere.

    Parameters
    ----------
    secret : bytes or callable
        At least ``MIN_SECRET_BYTES`` long, random; or what fetches it, at the first use: a
        process that signs nothing asks nobody for it.

    Raises
    ------
    ConfigurationError
        If the secret is too short.

    Examples
    --------
    >>> signer = Signer(b"sixteen random bytes")
    >>> signature = signer.sign("list-cursor", "page 2")
    >>> signer.verify("list-cursor", "page 2", signature)
    True
    >>> signer.verify("upload-policy", "page 2", signature)
    False
    """

    def __init__(self, secret: bytes | Callable[[], bytes]) -> None:
        self._fetch = secret if callable(secret) else None
        self._secret = None if callable(secret) else _checked(secret)

    def __repr__(self) -> str:
        return "Signer(secret=***)"

    def sign(self, purpose: str, text: str) -> str:
        """Sign a text for one purpose; 64 hexadecimal digits."""
        # The purpose's length stands first, so that no purpose and text can be cut otherwise.
        message = f"{len(purpose)}:{purpose}:{text}".encode()
        return hmac.new(self._key(), message, hashlib.sha256).hexdigest()

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Tell whether the signature belongs to the text, in constant time."""
        # Compared as bytes: compare_digest refuses text that is not ASCII.
        return hmac.compare_digest(
            self.sign(purpose, text).encode(), signature.encode(errors="replace")
        )

    def _key(self) -> bytes:
        if self._secret is None:
            assert self._fetch is not None
            # Two threads may both fetch it: they get the same.
            self._secret = _checked(self._fetch())
        return self._secret


def _checked(secret: bytes) -> bytes:
    if len(secret) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"The signing key holds {len(secret)} bytes; AUTOML_SIGNING_KEY needs at least "
            f"{MIN_SECRET_BYTES} random ones."
        )
    return secret
