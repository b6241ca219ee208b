"""Calibrated probabilities: one slope and one bias a class, on the logarithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Probabilities below this count as this: what a model calls impossible has a logarithm, and
#: no calibration makes it certain.
FLOOR = 1e-5


@dataclass(frozen=True)
class Calibrator:
    """Make probabilities as bold, and classes as frequent, as unseen rows have shown.

    Parameters
    ----------
    slope : float
        Above 0; below 1 the answers become more cautious, above 1 bolder.
    bias : tuple of float
        Added to each class's logarithm; 0 for the first class.

    References
    ----------
    Kull et al.: Beyond temperature scaling, NeurIPS 2019 (here with one slope for all
    classes); Guo et al.: On Calibration of Modern Neural Networks, ICML 2017.
    """

    slope: float
    bias: tuple[float, ...]

    def apply(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Calibrate ``softmax(slope * log(max(p, FLOOR)) + bias)``.

        Parameters
        ----------
        probabilities : ndarray of shape (n_rows, n_classes)

        Returns
        -------
        ndarray of float64, shape (n_rows, n_classes)
            Rows that sum to 1.
        """
        scores: npt.NDArray[np.float64] = np.asarray(probabilities, dtype=np.float64)
        scores = self.slope * np.log(np.maximum(scores, FLOOR)) + np.asarray(self.bias)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores
