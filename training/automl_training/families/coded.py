"""A model that reads some categories as numbers learned from the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl_training.families.base import FloatArray, probabilities_of, values_of

if TYPE_CHECKING:
    from automl_training.families.target_codes import TargetCodes


@dataclass(frozen=True)
class Coded:
    """An estimator behind the codes that it was fitted with.

    Parameters
    ----------
    codes : TargetCodes
        Learned from the rows that the estimator was fitted on, and from no other.
    estimator
        A raw model, fitted on the matrix that ``codes.apply`` makes.
    """

    codes: TargetCodes
    estimator: Any

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Classes that the estimator has learned."""
        classes: npt.NDArray[Any] = self.estimator.classes_
        return classes

    def predict(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Predict values, or classes, of rows of the encoded matrix."""
        if hasattr(self.estimator, "predict_proba"):
            best: npt.NDArray[Any] = self.predict_proba(matrix).argmax(axis=1)
            return np.asarray(self.classes_[best])
        return values_of(self.estimator, self.codes.apply(matrix))

    def predict_proba(self, matrix: npt.NDArray[Any]) -> FloatArray:
        """Predict probabilities, of shape (n_rows, n_classes)."""
        return probabilities_of(self.estimator, self.codes.apply(matrix))
