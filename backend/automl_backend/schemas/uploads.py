"""Uploads."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from automl_backend.schemas.base import Body, View
from automl_backend.services.uploads import Upload


class UploadRequest(Body):
    """A file that somebody wants to upload."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"filename": "customers.csv", "content_type": "text/csv", "size_bytes": 48211}
            ]
        }
    )

    filename: str = Field(min_length=1, max_length=1000)
    content_type: str = Field(min_length=1, max_length=200)
    size_bytes: int | None = Field(default=None, ge=1)
    method: Literal["POST", "PUT"] = "POST"


class UploadView(View):
    """Where and how to send the file: for POST, the fields first and ``file`` last."""

    dataset_id: str
    method: Literal["POST", "PUT"]
    upload_url: str
    fields: dict[str, str]
    headers: dict[str, str]
    expires_in: int

    @classmethod
    def of(cls, upload: Upload) -> UploadView:
        """Show an upload's ticket."""
        ticket = upload.ticket
        return cls(
            dataset_id=upload.dataset.dataset_id,
            method=ticket.method,
            upload_url=ticket.url,
            fields=ticket.fields,
            headers=ticket.headers,
            expires_in=ticket.expires_in,
        )


class StoredView(View):
    """An upload that has arrived."""

    etag: str
    size_bytes: int
