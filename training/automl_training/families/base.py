"""What a model family is: how its fitted models answer, and how they become ONNX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.records import FamilyName, Task

FloatArray = npt.NDArray[np.float64]


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
    flaml_name : str
        The learner's name in FLAML; ``linear`` is ours and has to be added there.
    to_onnx : callable
        ``(estimator, n_features, task, n_classes) -> onnx.ModelProto``; raises
        ``ParityError`` for a model that cannot be expressed exactly.
    why_not : callable
        Why the family does not suit data with these traits; None: it does.
    """

    name: FamilyName
    title: str
    flaml_name: str
    to_onnx: Callable[[Any, int, Task, int], Any] = field(repr=False)
    why_not: Callable[[Traits], str | None] = field(repr=False, default=always_suits)

    def suits(self, traits: Traits) -> bool:
        """Tell whether the family can be searched on data with these traits."""
        return self.why_not(traits) is None


@dataclass(frozen=True)
class Candidate:
    """A fitted model that may be exported.

    Parameters
    ----------
    estimator
        The raw scikit-learn-style model, fitted on the float32 matrix with targets
        0 … n_classes - 1 (every one of them present) or float64 values.
    validation_score : float
        Of its configuration in the search, in the metric's own orientation.
    n_rows : int
        Rows it was fitted on.
    """

    family: FamilyName
    config: dict[str, Any]
    estimator: Any
    task: Task
    n_classes: int
    validation_score: float
    n_rows: int


def predict_matrix(candidate: Candidate, matrix: npt.NDArray[np.float32]) -> FloatArray:
    """Answer the rows of an encoded matrix with the fitted model itself.

    Returns
    -------
    ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or values for regression; float64.
    """
    if candidate.task == "regression":
        values = candidate.estimator.predict(matrix)
        return np.asarray(values, dtype=np.float64).reshape(len(matrix))
    return np.asarray(candidate.estimator.predict_proba(matrix), dtype=np.float64)
