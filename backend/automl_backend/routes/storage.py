"""The object store's end of signed URLs, where the platform keeps the objects itself.

These routes have the shape of the S3 requests that they stand for, so that a client need
not know which store it talks to. They are not part of the API's document.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, BinaryIO
from urllib.parse import quote

from anyio import from_thread, to_thread
from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import UploadFile

from automl_backend.deps import ThePlatform
from automl_backend.routing import hidden_router
from automl_backend.schemas.uploads import StoredView
from automl_backend.services.uploads import SignedTransfers
from automl_core.errors import NotFoundError, UploadRefusedError

router = hidden_router("/storage")

CHUNK_BYTES = 256 * 1024
#: A policy document and its signature; nothing else of a form is long.
MAX_FIELD_BYTES = 16 * 1024
MAX_FIELDS = 20


def _transfers(found: ThePlatform) -> SignedTransfers:
    if found.transfers is None:
        raise NotFoundError("Files are not kept here; use the signed address as it was given.")
    return found.transfers


Transfers = Annotated[SignedTransfers, Depends(_transfers)]


class BodyReader(io.RawIOBase):
    """A request's body as a file, read from a worker thread while it arrives."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub names a private protocol
        """Fill the buffer from the next chunk; 0 at the body's end."""
        while not self._rest:
            chunk = from_thread.run(anext, self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


@router.post("/upload", status_code=201, operation_id="store_form")
async def store_form(request: Request, transfers: Transfers) -> StoredView:
    """Take a form upload: signed fields first, ``file`` last."""
    async with request.form(
        max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    ) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise UploadRefusedError("The form has no file; send it as the last field, 'file'.")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        stat = await to_thread.run_sync(
            transfers.receive_form,
            fields,
            file.filename or "",
            file.content_type or "",
            file.file,
        )
    return StoredView(etag=stat.etag, size_bytes=stat.size_bytes)


@router.put("/object", operation_id="store_object")
async def store_object(request: Request, transfers: Transfers) -> StoredView:
    """Take an upload to a signed URL."""
    body = io.BufferedReader(BodyReader(request.stream()), CHUNK_BYTES)
    stat = await to_thread.run_sync(
        transfers.receive_put, dict(request.query_params), dict(request.headers), body
    )
    return StoredView(etag=stat.etag, size_bytes=stat.size_bytes)


@router.get("/object", operation_id="fetch_object")
def fetch_object(request: Request, transfers: Transfers) -> Response:
    """Answer a signed download, always as an attachment."""
    stat, stream, filename = transfers.open_signed(dict(request.query_params))
    return StreamingResponse(
        _chunks(stream),
        media_type=stat.content_type,
        headers={
            "Content-Length": str(stat.size_bytes),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
            "ETag": f'"{stat.etag}"',
        },
    )


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
