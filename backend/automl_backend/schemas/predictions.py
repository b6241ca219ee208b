"""Predictions."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AllowInfNan,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from automl_backend.schemas.base import Body, View
from automl_backend.services.predictions import (
    Answer,
    FieldInput,
    ModelInfo,
    RequestForm,
    RowPrediction,
    rows_of_columns,
)
from automl_core.records import Task

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

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [
            name for name in ("features", "rows", "columns") if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise ValueError(f"send exactly one of features, rows and columns (got {given})")
        return self

    @property
    def form(self) -> RequestForm:
        """Which of the three was sent."""
        if self.features is not None:
            return "features"
        return "rows" if self.rows is not None else "columns"

    def as_rows(self) -> list[dict[str, Cell]]:
        """The rows, whichever form they came in."""
        if self.features is not None:
            return [self.features]
        if self.rows is not None:
            return self.rows
        return rows_of_columns(self.columns or {})


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


def answer_view(body: PredictRequest, answer: Answer) -> PredictionView | PredictionsView:
    """Show an answer in the form that fits its request."""
    common = {
        "job_id": answer.job.job_id,
        "model_version": answer.model_version,
        "model_type": answer.model_type,
        "task": answer.task,
        "inference_time_ms": answer.inference_time_ms,
    }
    rows = [_row_view(row) for row in answer.rows]
    if body.features is not None:
        return PredictionView.model_validate({**dict(rows[0]), **common})
    return PredictionsView.model_validate({**common, "n_rows": len(rows), "predictions": rows})


def _row_view(row: RowPrediction) -> RowView:
    shares = {each.label: each.probability for each in row.probabilities}
    return RowView(
        prediction=row.prediction,
        probability=max(shares.values(), default=None),
        probabilities=shares,
        lower=row.lower,
        upper=row.upper,
        notes=[NoteView(**vars(note)) for note in row.notes],
    )


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

    @classmethod
    def of(cls, info: ModelInfo) -> ModelInfoView:
        """Show a model's fields."""
        return cls(
            job_id=info.job.job_id,
            target_column=info.job.target_column,
            task=info.task,
            classes=info.classes,
            model_type=info.job.model_family,
            model_version=info.job.bundle_sha256,
            fields=[
                FieldView(
                    name=field.name,
                    type=field.kind,
                    input=field.input,
                    allowed_values=field.choices,
                    minimum=field.minimum,
                    maximum=field.maximum,
                    example=field.example,
                    importance=field.importance,
                )
                for field in info.fields
            ],
            example_request=PredictRequest(
                features={field.name: field.example for field in info.fields}
            ),
        )
