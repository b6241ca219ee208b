"""Predictions, for the API's document: what the core's serving reads and answers.

Nothing is read or written by these models; a test holds the answers against them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AllowInfNan, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from automl_backend.schemas.base import Body, View
from automl_core.records import Task

FieldInput = Literal["number", "select", "date", "text"]

#: Strict: a text is never taken for a number on the way in, nor true for 1.
Cell = StrictBool | StrictInt | Annotated[StrictFloat, AllowInfNan(False)] | StrictStr | None


class PredictRequest(Body):
    """Rows to predict, in one of three forms: ``features``, ``rows`` or ``columns``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"features": {"island": "Biscoe", "bill_length_mm": 46.9, "sex": None}},
                {"rows": [{"bill_length_mm": 46.9}, {"bill_length_mm": 38.1}]},
                {"columns": {"bill_length_mm": [46.9, 38.1]}},
            ]
        }
    )

    features: dict[str, Cell] | None = None
    rows: list[dict[str, Cell]] | None = Field(default=None, min_length=1)
    columns: dict[str, list[Cell]] | None = Field(default=None, min_length=1)


class NoteView(View):
    """Something about a field that makes its row's prediction less certain."""

    column: str
    code: str = Field(description="missing, unseen, out_of_range or unknown_column.")
    message: str


class RowView(View):
    """The prediction for one row."""

    prediction: Cell = Field(description="In the original coding of the target.")
    probability: float | None = Field(description="Of the predicted class.")
    probabilities: dict[str, float]
    lower: float | None = Field(description="Lower end of the prediction interval.")
    upper: float | None
    notes: list[NoteView]


class PredictionView(RowView):
    """The answer to ``features``: one row, flat."""

    job_id: str
    model_version: str
    model_type: str
    task: Task
    inference_time_ms: float


class PredictionsView(View):
    """The answer to ``rows`` and ``columns``: predictions in the order sent."""

    job_id: str
    model_version: str
    model_type: str
    task: Task
    n_rows: int
    predictions: list[RowView]
    inference_time_ms: float


class FieldView(View):
    """One input of a model, and how a form should ask for it."""

    name: str
    type: str
    input: FieldInput
    allowed_values: list[str] = Field(
        description="Choices of a select; others are treated as unseen."
    )
    minimum: float | None = Field(description="Smallest value of the training rows.")
    maximum: float | None
    example: Cell
    importance: float | None


class ModelInfoView(View):
    """What a form needs to know of a deployed model."""

    job_id: str
    target_column: str
    task: Task
    classes: list[str]
    model_type: str | None
    model_version: str | None
    fields: list[FieldView]
    example_request: PredictRequest
