"""Which certificates to trust AWS by, without reading all that the machine trusts.

Reading a system's 140 certificates takes OpenSSL as long as importing onnxruntime. AWS's
endpoints stand on five of them, so those five are picked out of the system's own bundle, by
their fingerprints; whoever took one of them out of it is heeded. Where they are not enough - a
partition with other authorities, a company's proxy - everything is read after all.

References
----------
Amazon Trust Services Repository, https://www.amazontrust.com/repository/ (fingerprints).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

#: SHA-256 of Amazon Root CA 1 to 4 and of Starfield Services Root Certificate Authority - G2.
AMAZON_ROOTS: Final = frozenset(
    {
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    }
)
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


@lru_cache(maxsize=1)
def full_trust() -> ssl.SSLContext:
    """Trust what the machine trusts."""
    return ssl.create_default_context()


@lru_cache(maxsize=1)
def quick_trust() -> ssl.SSLContext:
    """Trust the roots of AWS's endpoints alone, or all if the machine has none of them."""
    bundle = ssl.get_default_verify_paths().cafile
    found = None if bundle is None else picked(Path(bundle), AMAZON_ROOTS)
    if not found:
        return full_trust()
    # With certificates given, none of the machine's others are read.
    return ssl.create_default_context(cadata=found)


def picked(bundle: Path, fingerprints: frozenset[str]) -> str:
    """Take some certificates out of a bundle.

    Parameters
    ----------
    bundle : Path
        PEM; what stands between the certificates is passed over.
    fingerprints : frozenset of str
        SHA-256 of the certificates wanted, hexadecimal.

    Returns
    -------
    str
        PEM; empty if there is none of them, or the bundle cannot be read.
    """
    try:
        text = bundle.read_text("ascii", errors="replace")
    except OSError:
        return ""
    return "".join(
        f"{_BEGIN}{inner}{_END}\n"
        for inner in (part.partition(_END)[0] for part in text.split(_BEGIN)[1:])
        if _fingerprint(inner) in fingerprints
    )


def _fingerprint(inner: str) -> str:
    try:
        return hashlib.sha256(base64.b64decode(inner)).hexdigest()
    except (binascii.Error, ValueError):
        return ""
