"""Predictions: read and answered by the core's serving, described here for the document."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from automl_backend.deps import Predictions, TheCaller
from automl_backend.routing import guarded_router
from automl_backend.schemas.predictions import ModelInfoView, PredictionsView, PredictionView
from automl_core.bundle.requests import MAX_EXPLAINED_ROWS
from automl_core.bundle.serving import JSON_TYPE

router = guarded_router("models", prefix="/predict/{job_id}")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/PredictRequest"}}},
    }
}


_EXPLAIN = (
    "Also say how much each field moves each answer (Shapley values); for at most"
    f" {MAX_EXPLAINED_ROWS} rows."
)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "",
    operation_id="predict",
    response_model=PredictionView | PredictionsView,
    openapi_extra=_BODY,
)
def predict(
    job_id: str,
    request: Request,
    body: Annotated[bytes, Depends(_body)],
    caller: TheCaller,
    predictions: Predictions,
    *,
    explain: Annotated[bool, Query(description=_EXPLAIN)] = False,
) -> Response:
    """Predict with a deployed model: one row (features) or many (rows, columns)."""
    content_type = request.headers.get("content-type")
    answer = predictions.predict(caller, job_id, body, content_type, explain=explain)
    return Response(answer, media_type=JSON_TYPE)


@router.get("/info", operation_id="get_model_info", response_model=ModelInfoView)
def get_model_info(job_id: str, caller: TheCaller, predictions: Predictions) -> Response:
    """Describe the fields that a deployed model reads."""
    return Response(predictions.info(caller, job_id), media_type=JSON_TYPE)
