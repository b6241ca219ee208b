"""Keeps answers within what Lambda hands back: 6 MB of JSON, the body a string inside it.

A model bundle that is too large is answered with the address of its zip (``services/results``).
Everything else that grows with somebody's table (reports, profiles, previews) is text that
shrinks to a tenth when it is compressed, so a large answer is compressed here; what does not
fit even then is answered with a problem that says so, where Lambda would drop it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any, Final

from automl_backend import problem_documents
from automl_core.errors import AnswerTooLargeError

#: Lambda's limit is 6,291,556 bytes; the rest is room for the headers, at most 10 kB.
MAX_BODY_BYTES: Final = 6 * 1024**2 - 16 * 1024
#: Below this even a body of nothing but quotes and control characters, each of which JSON
#: spells with six, fits as it is.
SURELY_FITS: Final = MAX_BODY_BYTES // 6
#: Compressing costs CPU that small answers are not worth.
COMPRESSED_FROM: Final = 512 * 1024
GZIP_LEVEL: Final = 5


def fitted(answer: dict[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """Make an answer small enough for Lambda.

    Parameters
    ----------
    answer : dict
        Of an HTTP API with payload format 2.0.
    event : Mapping
        What it answers.

    Returns
    -------
    dict
        The answer itself, compressed, or a problem document with status 413.
    """
    size = len(answer.get("body", ""))
    if size < COMPRESSED_FROM:
        return answer
    if _takes_gzip(event) and _is_plain_text(answer):
        answer = _compressed(answer)
    if len(answer["body"]) < SURELY_FITS or _json_bytes(answer["body"]) <= MAX_BODY_BYTES:
        return answer
    return _refused(event)


def _takes_gzip(event: Mapping[str, Any]) -> bool:
    accepted = str((event.get("headers") or {}).get("accept-encoding", "")).lower()
    for part in accepted.split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in {"gzip", "*"}:
            return weight.strip("0.") != "" if weight else True
    return False


def _is_plain_text(answer: Mapping[str, Any]) -> bool:
    return not answer.get("isBase64Encoded") and "content-encoding" not in answer["headers"]


def _compressed(answer: dict[str, Any]) -> dict[str, Any]:
    # No time stamp: the same answer is the same bytes.
    packed = gzip.compress(answer["body"].encode(), GZIP_LEVEL, mtime=0)
    headers = {
        **answer["headers"],
        "content-encoding": "gzip",
        "content-length": str(len(packed)),
        "vary": "Accept-Encoding",
    }
    body = base64.b64encode(packed).decode()
    return {**answer, "headers": headers, "body": body, "isBase64Encoded": True}


def _json_bytes(body: str) -> int:
    # As the runtime writes it.
    return len(json.dumps(body, ensure_ascii=False).encode())


def _refused(event: Mapping[str, Any]) -> dict[str, Any]:
    context = event.get("requestContext") or {}
    advice = (
        "ask for fewer rows or fields, or fetch the artifact from where GET"
        " /jobs/{job_id}/artifacts says"
    )
    if not _takes_gzip(event):
        advice = f"send 'Accept-Encoding: gzip', which may be enough; else {advice}"
    problem = problem_documents.of_error(
        AnswerTooLargeError(
            f"The answer has more than {MAX_BODY_BYTES:,} bytes, which is the most that can be"
            f" sent from here; {advice}."
        ),
        path=str(event.get("rawPath", "")),
        request_id=str(context.get("requestId", "")),
    )
    headers = {name.lower(): value for name, value in problem.headers.items()}
    for name, value in problem_documents.FRAME_HEADERS.items():
        headers.setdefault(name.lower(), value)
    headers["x-request-id"] = str(context.get("requestId", ""))
    return {
        "statusCode": problem.status,
        "headers": headers,
        "body": problem.body,
        "isBase64Encoded": False,
    }
