"""Signed uploads."""

from __future__ import annotations

from automl_backend.deps import TheCaller, Uploads
from automl_backend.routing import guarded_router
from automl_backend.schemas.uploads import UploadRequest, UploadView

router = guarded_router("datasets", prefix="/upload")


@router.post("/request-url", operation_id="request_upload")
@router.post("", operation_id="request_upload_alias", include_in_schema=False)
def request_upload(body: UploadRequest, caller: TheCaller, uploads: Uploads) -> UploadView:
    """Record a data set to come, and sign the upload of its file."""
    return UploadView.of(uploads.request(caller, **body.model_dump()))
