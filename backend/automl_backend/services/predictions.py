"""Predictions of deployed models, and what a form needs to ask for one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from automl_backend.services.access import Caller, own_job
from automl_backend.services.model_cache import ModelCache
from automl_core.bundle.runtime import InputError, Predictions
from automl_core.errors import (
    LimitExceededError,
    ModelNotDeployedError,
    PredictionInputError,
)
from automl_core.ports import MetadataStore
from automl_core.records import Job, Task

Scalar = str | int | float | bool | None
FieldInput = Literal["number", "select", "date", "text"]
RequestForm = Literal["features", "rows", "columns"]

#: More choices than this make a list that nobody reads; such a field is typed into.
MAX_CHOICES = 200


@dataclass(frozen=True)
class FieldNote:
    """Something about one field of one row that makes its prediction less certain."""

    column: str
    code: str
    message: str


@dataclass(frozen=True)
class ClassProbability:
    """Probability of one class."""

    label: str
    probability: float


@dataclass(frozen=True)
class RowPrediction:
    """The answer for one row."""

    prediction: Scalar
    probabilities: list[ClassProbability]
    """Empty for a regression."""
    lower: float | None
    upper: float | None
    notes: list[FieldNote]


@dataclass(frozen=True)
class Answer:
    """Predictions in the order of the rows that were sent."""

    job: Job
    model_version: str
    model_type: str
    task: Task
    rows: list[RowPrediction]
    inference_time_ms: float


@dataclass(frozen=True)
class Field:
    """One input of a model."""

    name: str
    kind: str
    input: FieldInput
    choices: list[str]
    minimum: float | None
    maximum: float | None
    example: Scalar
    importance: float | None


@dataclass(frozen=True)
class ModelInfo:
    """What a form needs to know of a deployed model."""

    job: Job
    task: Task
    classes: list[str]
    fields: list[Field]


@dataclass(frozen=True)
class PredictionService:
    """Answers predictions; the job's record is read each time, so a withdrawal acts at once."""

    metadata: MetadataStore
    models: ModelCache
    max_rows: int
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def predict(
        self,
        caller: Caller,
        job_id: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        form: RequestForm = "rows",
    ) -> Answer:
        """Predict rows given as objects; ``form`` is how they were sent, for pointers.

        Raises
        ------
        ModelNotDeployedError
            If the job's model is not deployed.
        PredictionInputError
            If a value cannot be what its column holds; names row and column.
        LimitExceededError
            For more rows than one request may bring.
        """
        job, sha256 = self._deployed(caller, job_id)
        if len(rows) > self.max_rows:
            raise LimitExceededError(
                f"{len(rows):,} rows were sent; at most {self.max_rows:,} are predicted at once."
                " Split them into several requests."
            )
        predictor = self.models.predictor(job_id, sha256)
        began = self.monotonic()
        try:
            predictions, notes = predictor.predict_rows(rows, notes=True)
        except InputError as error:
            raise PredictionInputError(
                _detail(form, str(error)), pointer=_pointer(form, error.pointer)
            ) from error
        elapsed_ms = (self.monotonic() - began) * 1000
        self.metadata.note_use(job_id, at=self.now(), n_predictions=len(rows))
        classes = predictor.manifest["target"]["classes"]
        return Answer(
            job=job,
            model_version=sha256,
            model_type=predictor.manifest["model"]["family"],
            task=predictor.manifest["task"],
            rows=[
                _row(predictions, classes, index, _notes(notes[index]))
                for index in range(len(rows))
            ],
            inference_time_ms=round(elapsed_ms, 3),
        )

    def info(self, caller: Caller, job_id: str) -> ModelInfo:
        """Describe the fields of a deployed model."""
        job, sha256 = self._deployed(caller, job_id)
        manifest = self.models.predictor(job_id, sha256).manifest
        importances = {
            entry["name"]: entry["importance"] for entry in manifest.get("importances") or []
        }
        return ModelInfo(
            job=job,
            task=manifest["task"],
            classes=[label_text(label) for label in manifest["target"]["classes"] or []],
            fields=[_field(column, importances) for column in manifest["columns"]],
        )

    def _deployed(self, caller: Caller, job_id: str) -> tuple[Job, str]:
        job = own_job(self.metadata, caller, job_id)
        if not job.is_deployed or job.bundle_sha256 is None:
            raise ModelNotDeployedError(
                f"The model of job {job_id} is not deployed;"
                f' POST /jobs/{job_id}/deploy with {{"deploy": true}} first.'
            )
        return job, job.bundle_sha256


def rows_of_columns(columns: Mapping[str, Sequence[Scalar]]) -> list[dict[str, Scalar]]:
    """Turn columns of equal length into rows.

    >>> rows_of_columns({"a": [1, 2], "b": ["x", None]})
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': None}]

    Raises
    ------
    PredictionInputError
        If the columns differ in length.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise PredictionInputError(
            f"The columns have {min(lengths)} to {max(lengths)} values; send the same number each.",
            pointer="/columns",
        )
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def label_text(label: Scalar) -> str:
    """Write a class label as text, the way it stands in JSON.

    >>> label_text(True), label_text(1), label_text("1"), label_text(2.5)
    ('true', '1', '1', '2.5')
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    return str(label)


def _detail(form: RequestForm, text: str) -> str:
    """Leave the row's number out where only one row was sent.

    >>> _detail("features", "Row 0: column 'a' expects a number, not the text 'x'.")
    "Column 'a' expects a number, not the text 'x'."
    >>> _detail("features", "Row 0 has no finite answer."), _detail("rows", "Row 0 has none.")
    ('The row has no finite answer.', 'Row 0 has none.')
    """
    if form != "features":
        return text
    bare = text.removeprefix("Row 0: ")
    return f"{bare[:1].upper()}{bare[1:]}".replace("Row 0 ", "The row ", 1)


def _pointer(form: RequestForm, pointer: str | None) -> str | None:
    """Point into the body that was sent instead of the rows that were made of it.

    >>> _pointer("features", "/0/age"), _pointer("rows", "/3/age"), _pointer("columns", "/3/age")
    ('/features/age', '/rows/3/age', '/columns/age/3')
    """
    if pointer is None or not pointer.startswith("/"):
        return None
    row, _, column = pointer[1:].partition("/")
    if form == "features":
        return f"/features/{column}" if column else "/features"
    if form == "rows":
        return f"/rows{pointer}"
    return f"/columns/{column}/{row}" if column else "/columns"


def _row(
    predictions: Predictions, classes: Sequence[Scalar], index: int, notes: list[FieldNote]
) -> RowPrediction:
    if predictions.labels is not None and predictions.probabilities is not None:
        return RowPrediction(
            prediction=predictions.labels[index],
            probabilities=[
                ClassProbability(label_text(label), float(share))
                for label, share in zip(classes, predictions.probabilities[index], strict=True)
            ],
            lower=None,
            upper=None,
            notes=notes,
        )
    return RowPrediction(
        prediction=_number(predictions.values, index),
        probabilities=[],
        lower=_number(predictions.lower, index),
        upper=_number(predictions.upper, index),
        notes=notes,
    )


def _number(values: Any, index: int) -> float | None:
    return None if values is None else float(values[index])


def _notes(notes: Sequence[Any]) -> list[FieldNote]:
    return [FieldNote(note.column, note.code, note.message) for note in notes]


def _field(column: Mapping[str, Any], importances: Mapping[str, float]) -> Field:
    categories = [str(category) for category in column.get("categories") or []]
    is_choice = column["kind"] == "categorical" and 0 < len(categories) <= MAX_CHOICES
    inputs: dict[str, FieldInput] = {"numeric": "number", "datetime": "date"}
    return Field(
        name=column["name"],
        kind=column["kind"],
        input=inputs.get(column["kind"], "select" if is_choice else "text"),
        choices=categories if is_choice else [],
        minimum=_finite(column.get("minimum")),
        maximum=_finite(column.get("maximum")),
        example=column.get("typical"),
        importance=_finite(importances.get(column["name"])),
    )


def _finite(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
