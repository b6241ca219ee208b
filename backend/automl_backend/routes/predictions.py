"""Predictions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from automl_backend.deps import Predictions, TheCaller
from automl_backend.schemas.predictions import (
    ModelInfoView,
    PredictionsView,
    PredictionView,
    PredictRequest,
    answer_view,
)
from automl_core.errors import InvalidInputError

router = APIRouter(prefix="/predict/{job_id}", tags=["models"])


def _refuse_explanations(
    explain: Annotated[
        bool, Query(description="Contributions of the fields are not offered; leave it out.")
    ] = False,
) -> None:
    if explain:
        raise InvalidInputError(
            "Contributions of the fields are not offered; leave explain out.",
            pointer="/query/explain",
        )


@router.post("", operation_id="predict", dependencies=[Depends(_refuse_explanations)])
def predict(
    job_id: str, body: PredictRequest, caller: TheCaller, predictions: Predictions
) -> PredictionView | PredictionsView:
    """Predict with a deployed model: one row (features) or many (rows, columns)."""
    answer = predictions.predict(caller, job_id, body.as_rows(), form=body.form)
    return answer_view(body, answer)


@router.get("/info", operation_id="get_model_info")
def get_model_info(job_id: str, caller: TheCaller, predictions: Predictions) -> ModelInfoView:
    """Describe the fields that a deployed model reads."""
    return ModelInfoView.of(predictions.info(caller, job_id))
