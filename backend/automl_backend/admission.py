"""What every entry point demands of a request before it reads it; no web framework."""

from __future__ import annotations

import re
from collections.abc import Sequence

from automl_core.errors import BodyTooLargeError, BodyUnreadableError, InvalidInputError

#: Every route is offered under it too, as the web app's origin has it.
API_PREFIX = "/api"
#: All header names and values together.
MAX_HEAD_BYTES = 10 * 1024
#: Deeper JSON than this is no request of ours; Python's own reader gives up at about 1000.
MAX_JSON_DEPTH = 32
_SHOWN_CHARACTERS = 80

_STRING = rb'(?s)"[^"\\]*(?:\\.[^"\\]*)*"?'
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def json_depth(body: bytes, *, enough: int) -> int:
    """Tell how deep JSON text is nested, without parsing it.

    Parameters
    ----------
    body : bytes
        JSON text, possibly malformed.
    enough : int
        Counting stops one level beyond.

    >>> json_depth(b'{"a": [1, {"b": "[[["}]}', enough=10)
    3
    """
    depth = deepest = 0
    for bracket in re.sub(_STRING, b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > enough:
            break
    return deepest


def check_depth(body: bytes) -> None:
    """Refuse JSON that is nested beyond reason, so that its nesting is known before parsing.

    Raises
    ------
    BodyUnreadableError
        If it is nested deeper than :data:`MAX_JSON_DEPTH`.
    """
    # Most bodies have fewer brackets than they might be deep: counting those is cheaper.
    n_brackets = body.count(b"[") + body.count(b"{")
    if n_brackets > MAX_JSON_DEPTH and json_depth(body, enough=MAX_JSON_DEPTH) > MAX_JSON_DEPTH:
        raise BodyUnreadableError(
            f"The body is nested more than {MAX_JSON_DEPTH} levels deep; send it flatter."
        )


def body_too_large(limit: int) -> BodyTooLargeError:
    """Say how many bytes of a body are read."""
    return BodyTooLargeError(
        f"The body has more than {limit:,} bytes, which is the most that is read here; send it "
        "in parts."
    )


def unknown_parameter(name: str, known: Sequence[str]) -> InvalidInputError:
    """Name the query parameters that there are: a misspelt one is never ignored."""
    shown = name[:_SHOWN_CHARACTERS]
    there = f"there are {', '.join(known)}" if known else "none is read here"
    return InvalidInputError(
        f"There is no query parameter {shown!r}; {there}.", pointer=f"/query/{shown}"
    )
