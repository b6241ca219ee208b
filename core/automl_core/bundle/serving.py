"""Answer predictions: the one implementation of every home. Standard library and the runtime.

The function that serves predictions on AWS starts in a fraction of the time that a web
framework needs, because nothing here loads one; the embedded home answers by the same code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from automl_core.bundle.requests import (
    PredictionRequest,
    Scalar,
    check_explained,
    explanations_missing,
    read_request,
    sent_detail,
    sent_pointer,
)
from automl_core.errors import ModelNotDeployedError, NotFoundError, PredictionInputError

if TYPE_CHECKING:
    # numpy and onnxruntime: the API's function has no onnxruntime and never predicts.
    from automl_core.bundle.loaded import LoadedModels
    from automl_core.bundle.runtime import InputError, Note, Predictions, Predictor

#: More choices than this make a list that nobody reads; such a field is typed into.
MAX_CHOICES = 200
JSON_TYPE = "application/json"


class ServedJob(Protocol):
    """What prediction needs to know of a job's record."""

    @property
    def job_id(self) -> str: ...
    @property
    def owner_id(self) -> str: ...
    @property
    def target_column(self) -> str: ...
    @property
    def model_family(self) -> str | None: ...
    @property
    def is_deployed(self) -> bool: ...
    @property
    def bundle_sha256(self) -> str | None: ...


class ServedJobs(Protocol):
    """Jobs as prediction sees them."""

    def find(self, job_id: str) -> ServedJob | None:
        """Read a job; a withdrawal of its model shows within five seconds."""
        ...

    def note_use(self, job_id: str, n_predictions: int) -> None:
        """Add to the count of a model's predictions."""
        ...


class Serving(NamedTuple):
    """Predictions of deployed models, and what a form needs to ask for one.

    Parameters
    ----------
    jobs : ServedJobs
    models : LoadedModels
    max_rows : int
        Rows that one request may bring.
    monotonic : callable
        Seconds, for the time that a prediction took.
    """

    jobs: ServedJobs
    models: LoadedModels
    max_rows: int
    monotonic: Callable[[], float]

    def predict(
        self,
        owner_id: str,
        job_id: str,
        body: bytes,
        content_type: str | None,
        *,
        explain: bool = False,
    ) -> str:
        """Answer a request's body, as JSON.

        Parameters
        ----------
        explain : bool
            Whether to say how much each field moves each answer.

        Raises
        ------
        BodyUnreadableError, InvalidInputError, LimitExceededError
            See :func:`automl_core.bundle.requests.read_request`; also for more rows than are
            explained at once, and for a model that cannot be explained.
        NotFoundError
            If there is no such job of the owner, or its model is not deployed.
        PredictionInputError
            If a value cannot be what its column holds; points to it.
        ModelCorruptError
            If the stored bundle is not the one that was proven.
        """
        request = read_request(body, content_type, max_rows=self.max_rows)
        if explain:
            check_explained(len(request.rows))
        job, version = self._deployed(owner_id, job_id)
        predictor = self.models.predictor(job_id, version)
        began = self.monotonic()
        predictions, notes = run(predictor, request)
        explanations = explain_rows(predictor, request, job_id) if explain else None
        elapsed_ms = (self.monotonic() - began) * 1000
        self.jobs.note_use(job_id, len(request.rows))
        return write(
            answer(
                request,
                predictor.manifest,
                predictions,
                notes,
                job_id=job.job_id,
                version=version,
                elapsed_ms=elapsed_ms,
                explanations=explanations,
            )
        )

    def info(self, owner_id: str, job_id: str) -> str:
        """Describe the fields of a deployed model, as JSON."""
        job, version = self._deployed(owner_id, job_id)
        return write(model_info(job, self.models.predictor(job_id, version).manifest))

    def _deployed(self, owner_id: str, job_id: str) -> tuple[ServedJob, str]:
        job = self.jobs.find(job_id)
        if job is None or job.owner_id != owner_id:
            # Somebody else's is answered like a missing one.
            raise NotFoundError(f"There is no job {job_id!r}.")
        if not job.is_deployed or job.bundle_sha256 is None:
            raise ModelNotDeployedError(
                f"The model of job {job_id} is not deployed;"
                f' POST /jobs/{job_id}/deploy with {{"deploy": true}} first.'
            )
        return job, job.bundle_sha256


def run(predictor: Predictor, request: PredictionRequest) -> tuple[Predictions, list[list[Note]]]:
    """Predict the rows of a request.

    Raises
    ------
    PredictionInputError
        If a value cannot be what its column holds; points into what was sent.
    """
    from automl_core.bundle.runtime import InputError

    try:
        return predictor.predict_rows(request.rows, notes=True)
    except InputError as error:
        raise _of_input(error, request) from error


def explain_rows(
    predictor: Predictor, request: PredictionRequest, job_id: str
) -> list[dict[str, Any]]:
    """Say how much each field moves each answer; ``ExplanationView`` describes it.

    Raises
    ------
    InvalidInputError
        If the model's bundle is older than explanations are.
    PredictionInputError
        As :func:`run` does.
    """
    # Loaded when it is first asked for: most requests only predict.
    from automl_core.bundle.contributions import NoBackgroundError, contributions
    from automl_core.bundle.runtime import InputError

    try:
        return contributions(predictor, request.rows)
    except NoBackgroundError as error:
        raise explanations_missing(job_id) from error
    except InputError as error:
        raise _of_input(error, request) from error


def _of_input(error: InputError, request: PredictionRequest) -> PredictionInputError:
    return PredictionInputError(
        sent_detail(request.form, str(error)),
        pointer=sent_pointer(request.form, error.pointer),
    )


def answer(
    request: PredictionRequest,
    manifest: Mapping[str, Any],
    predictions: Predictions,
    notes: Sequence[Sequence[Note]],
    *,
    job_id: str,
    version: str,
    elapsed_ms: float,
    explanations: Sequence[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Put an answer together: flat for ``features``, else one entry a row, in their order.

    ``PredictionView`` and ``PredictionsView`` of the API's document describe it.
    """
    rows = _rows(manifest["target"]["classes"], predictions, notes)
    told = [None] * len(rows) if explanations is None else explanations
    for row, explanation in zip(rows, told, strict=True):
        row["explanation"] = explanation
    about = {
        "job_id": job_id,
        "model_version": version,
        "model_type": manifest["model"]["family"],
        "task": manifest["task"],
    }
    time_ms = {"inference_time_ms": round(elapsed_ms, 3)}
    if request.form == "features":
        return rows[0] | about | time_ms
    return about | {"n_rows": len(rows), "predictions": rows} | time_ms


def _rows(
    classes: Sequence[Scalar] | None,
    predictions: Predictions,
    notes: Sequence[Sequence[Note]],
) -> list[dict[str, Any]]:
    told = [
        [{"column": note.column, "code": note.code, "message": note.message} for note in of_row]
        if of_row
        else []
        for of_row in notes
    ]
    if predictions.labels is not None and predictions.probabilities is not None:
        names = [label_text(label) for label in classes or ()]
        found = predictions.label_sets
        sets: Sequence[list[Scalar] | None] = [None] * len(told) if found is None else found
        return [
            {
                "prediction": label,
                "probability": max(shares),
                "probabilities": dict(zip(names, shares, strict=True)),
                "label_set": label_set,
                "lower": None,
                "upper": None,
                "notes": of_row,
            }
            for label, shares, label_set, of_row in zip(
                predictions.labels, predictions.probabilities.tolist(), sets, told, strict=True
            )
        ]
    n_rows = len(told)
    columns = [
        [None] * n_rows if values is None else values.tolist()
        for values in (predictions.values, predictions.lower, predictions.upper)
    ]
    return [
        {
            "prediction": value,
            "probability": None,
            "probabilities": {},
            "label_set": None,
            "lower": lower,
            "upper": upper,
            "notes": of_row,
        }
        for value, lower, upper, of_row in zip(*columns, told, strict=True)
    ]


def model_info(job: ServedJob, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what a form needs to know of a model, as ``ModelInfoView`` does."""
    importances = {
        entry["name"]: entry["importance"] for entry in manifest.get("importances") or []
    }
    fields = [_field(column, importances) for column in manifest["columns"]]
    promised = manifest.get("interval") or manifest.get("label_set")
    return {
        "job_id": job.job_id,
        "target_column": job.target_column,
        "task": manifest["task"],
        "classes": [label_text(label) for label in manifest["target"]["classes"] or []],
        "model_type": job.model_family,
        "model_version": job.bundle_sha256,
        "coverage": _finite((promised or {}).get("coverage")),
        "fields": fields,
        "example_request": {
            "features": {field["name"]: field["example"] for field in fields},
            "rows": None,
            "columns": None,
        },
    }


def _field(column: Mapping[str, Any], importances: Mapping[str, float]) -> dict[str, Any]:
    categories = [str(category) for category in column.get("categories") or []]
    is_choice = column["kind"] == "categorical" and 0 < len(categories) <= MAX_CHOICES
    inputs = {"numeric": "number", "datetime": "date"}
    return {
        "name": column["name"],
        "type": column["kind"],
        "input": inputs.get(column["kind"], "select" if is_choice else "text"),
        "allowed_values": categories if is_choice else [],
        "minimum": _finite(column.get("minimum")),
        "maximum": _finite(column.get("maximum")),
        "example": column.get("typical"),
        "importance": _finite(importances.get(column["name"])),
    }


def _finite(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def label_text(label: Scalar) -> str:
    """Write a class label as text, the way it stands in JSON.

    >>> label_text(True), label_text(1), label_text("1"), label_text(2.5)
    ('true', '1', '1', '2.5')
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    return str(label)


def write(content: Mapping[str, Any]) -> str:
    """Write strict JSON: a number that is none would be a fault of ours, never an answer."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
