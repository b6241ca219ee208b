"""What a model family is: how its fitted models answer, and how they become ONNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl_core.records import FamilyName, Task
from automl_training.families.calibrator import Calibrator
from automl_training.families.parts import Part

FloatArray = npt.NDArray[np.float64]

#: What a fitted model is called: its family, or that it holds several.
ModelName = FamilyName | Literal["ensemble"]


@dataclass(frozen=True)
class Traits:
    """What decides whether a family suits the data.

    Parameters
    ----------
    n_rows, n_features : int
        Training rows, and columns of the encoded matrix.
    n_onehot : int
        Columns of the linear family's design matrix (``linear.count_columns``).
    task : {"binary", "multiclass", "regression"}
    n_classes : int
        0 for regression.
    """

    n_rows: int
    n_features: int
    n_onehot: int
    task: Task
    n_classes: int = 0


def always_suits(traits: Traits) -> str | None:
    """Answer for families that take data of any shape."""
    del traits
    return None


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Parameters
    ----------
    name, title : str
        The record's word, and the one for people.
    read : callable
        ``(estimator, task, n_classes) -> Part``: what ``graph`` writes as ONNX; raises
        ``ParityError`` for a model that cannot be expressed exactly.
    why_not : callable
        Why the family does not suit data with these traits; None: it does.
    """

    name: FamilyName
    title: str
    read: Callable[[Any, Task, int], Part] = field(repr=False)
    why_not: Callable[[Traits], str | None] = field(repr=False, default=always_suits)

    def suits(self, traits: Traits) -> bool:
        """Tell whether the family can be searched on data with these traits."""
        return self.why_not(traits) is None


@dataclass(frozen=True)
class Candidate:
    """A fitted model that may be exported.

    Parameters
    ----------
    family : str
        Of the model, or "ensemble" for a blend of several families. A blend of one
        configuration's folds has that configuration's family.
    config : dict
        Settings of the model; of an ensemble ``{"members": [{"family", "weight",
        "trial_id", "config"}, …]}``.
    estimator
        A raw scikit-learn-style model, ``Coded`` or ``Blend``, fitted on the float32 matrix
        with targets 0 … n_classes - 1 (every one of them present) or float64 values.
    validation_score : float
        Of its uncalibrated answers in the search, in the metric's own orientation.
    n_rows : int
        Rows it was fitted on.
    calibrator : Calibrator or None
        What the probabilities go through last; None for regression.
    """

    family: ModelName
    config: dict[str, Any]
    estimator: Any
    task: Task
    n_classes: int
    validation_score: float
    n_rows: int
    calibrator: Calibrator | None = None


def predict_matrix(candidate: Candidate, matrix: npt.NDArray[np.float32]) -> FloatArray:
    """Answer the rows of an encoded matrix with the fitted model itself.

    Returns
    -------
    ndarray of shape (n_rows, n_classes) or (n_rows,)
        Calibrated probabilities, or values for regression; float64.
    """
    if candidate.task == "regression":
        return values_of(candidate.estimator, matrix)
    probabilities = probabilities_of(candidate.estimator, matrix)
    if candidate.calibrator is None:
        return probabilities
    return candidate.calibrator.apply(probabilities)


def values_of(estimator: Any, matrix: npt.NDArray[np.float32]) -> FloatArray:
    """Values that a fitted regression predicts, of shape (n_rows,)."""
    return np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(len(matrix))


def probabilities_of(estimator: Any, matrix: npt.NDArray[np.float32]) -> FloatArray:
    """Probabilities that a fitted classifier predicts, of shape (n_rows, n_classes).

    XGBoost makes the first class's probability of two as ``1 - p`` in float32, where a small
    one has lost its digits; a calibration would make much of the rest. Its score has them.
    """
    if hasattr(estimator, "get_booster") and len(estimator.classes_) == 2:
        scores = np.asarray(estimator.predict(matrix, output_margin=True), dtype=np.float64)
        return 1.0 / (1.0 + np.exp(np.stack([scores, -scores], axis=1)))
    return np.asarray(estimator.predict_proba(matrix), dtype=np.float64)
