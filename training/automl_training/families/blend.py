"""The weighted mean of several models: of the folds of one configuration, or of families."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.records import FamilyName
from automl_training.families.base import FloatArray, probabilities_of, values_of

#: How far the sum of the weights may be from 1: the rounding of a division.
_WEIGHT_SLACK = 1e-9


@dataclass(frozen=True)
class Blend:
    """Models whose probabilities, or values, are averaged.

    Parameters
    ----------
    members : tuple
        Raw models, or such behind codes (``Coded``); no blends.
    weights : tuple of float
        Of each member; above 0, they sum to 1.
    families : tuple of str
        Of each member.

    Raises
    ------
    ValueError
        If there is no member, a blend among them, or if the weights do not fit them.
    """

    members: tuple[Any, ...]
    weights: tuple[float, ...]
    families: tuple[FamilyName, ...]

    def __post_init__(self) -> None:
        if not len(self.members) == len(self.weights) == len(self.families) > 0:
            raise ValueError(
                f"A blend of {len(self.members)} members has {len(self.weights)} weights"
                f" and {len(self.families)} families; it needs one of each for every member."
            )
        if any(isinstance(member, Blend) for member in self.members):
            raise ValueError("A blend's members are single models; write out the inner blend's.")
        is_share = all(math.isfinite(weight) and weight > 0 for weight in self.weights)
        if not is_share or abs(math.fsum(self.weights) - 1) > _WEIGHT_SLACK:
            raise ValueError(f"Weights of a blend are above 0 and sum to 1, not {self.weights}.")

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Classes that every member has learned.

        Raises
        ------
        ValueError
            If the members have learned different classes.
        """
        first: npt.NDArray[Any] = np.asarray(self.members[0].classes_)
        for member in self.members[1:]:
            if not np.array_equal(first, member.classes_):
                raise ValueError("The members of the blend have learned different classes.")
        return first

    def predict(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Predict values, or the most probable classes."""
        if hasattr(self.members[0], "classes_"):
            best: npt.NDArray[Any] = self.predict_proba(matrix).argmax(axis=1)
            return np.asarray(self.classes_[best])
        return self._mean([values_of(member, matrix) for member in self.members])

    def predict_proba(self, matrix: npt.NDArray[Any]) -> FloatArray:
        """Predict probabilities, of shape (n_rows, n_classes)."""
        return self._mean([probabilities_of(member, matrix) for member in self.members])

    def _mean(self, answers: list[FloatArray]) -> FloatArray:
        mean = np.zeros_like(answers[0])
        for weight, answer in zip(self.weights, answers, strict=True):
            mean += weight * answer
        return mean
