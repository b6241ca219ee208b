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


class ContributionView(View):
    """How far one field moves a row's answer from the baseline."""

    column: str = Field(description="Name of the field, or of several that count together.")
    n_columns: int = Field(description="1, or how many fields count together under this name.")
    value: Cell = Field(description="As it was sent; null for several fields.")
    contribution: float = Field(description="In the unit of the prediction.")


class ExplanationView(View):
    """One answer taken apart: baseline plus contributions is the prediction."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "explained": "Gentoo",
                    "baseline": 0.36,
                    "prediction": 0.97,
                    "contributions": [
                        {
                            "column": "bill_depth_mm",
                            "n_columns": 1,
                            "value": 14.2,
                            "contribution": 0.45,
                        },
                        {
                            "column": "island",
                            "n_columns": 1,
                            "value": "Biscoe",
                            "contribution": 0.16,
                        },
                    ],
                }
            ]
        }
    )

    explained: Cell = Field(
        description="Class whose probability is explained: the positive one, or the predicted"
        " one of several; null for a number."
    )
    baseline: float = Field(description="Mean answer to the background rows of the model.")
    prediction: float = Field(description="Probability of that class, or the predicted number.")
    contributions: list[ContributionView] = Field(description="Largest first.")


class RowView(View):
    """The prediction for one row."""

    prediction: Cell = Field(description="In the original coding of the target.")
    probability: float | None = Field(description="Of the predicted class.")
    probabilities: dict[str, float]
    label_set: list[Cell] | None = Field(
        description="Labels that the row may well have: the right one is among them as often as"
        " the model promises. Several: the model hesitates; none: nothing fits well enough."
        " Null for a number, and for models older than label sets."
    )
    lower: float | None = Field(description="Lower end of the prediction interval.")
    upper: float | None
    notes: list[NoteView]
    explanation: ExplanationView | None = Field(
        description="Null unless it was asked for with explain=true."
    )


class PredictionView(RowView):
    """The answer to ``features``: one row, flat."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prediction": "Gentoo",
                    "probability": 0.52,
                    "probabilities": {"Adelie": 0.03, "Chinstrap": 0.45, "Gentoo": 0.52},
                    "label_set": ["Chinstrap", "Gentoo"],
                    "lower": None,
                    "upper": None,
                    "notes": [],
                    "explanation": None,
                    "job_id": "01JC0ZJ3V7F1A4M9T3C8W2N6QK",
                    "model_version": "9f2c…",
                    "model_type": "lightgbm",
                    "task": "multiclass",
                    "inference_time_ms": 0.18,
                }
            ]
        }
    )

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
    coverage: float | None = Field(
        description="Share of new rows whose value lies between lower and upper, or whose class"
        " is in the label set; null for models that promise neither."
    )
    fields: list[FieldView]
    example_request: PredictRequest
