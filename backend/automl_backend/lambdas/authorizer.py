"""Function ``authorizer``: lets requests with a valid API token into the HTTP API.

Standard library only, so that it starts in a few milliseconds. The functions behind it check
the token again; this one keeps strangers from starting them at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from automl_backend.services.tokens import HASHES_VARIABLE, bearer, token_hashes
from automl_core.errors import UnauthorizedError

#: Read once: without a valid configuration the function does not start, and lets nobody in.
_TOKENS: Final = token_hashes(os.environ.get(HASHES_VARIABLE))


def handler(event: Mapping[str, Any], context: object) -> dict[str, bool]:
    """Answer an authorizer event (payload format 2.0) in the simple form."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        _TOKENS.check(bearer(headers.get("authorization")))
    except UnauthorizedError:
        return {"isAuthorized": False}
    return {"isAuthorized": True}
