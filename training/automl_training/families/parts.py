"""What a fitted model is made of: trees that add up, or weights of a design matrix.

Every family reads its models into one of these (``Family.read``); ``graph`` writes any number
of them as one ONNX graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Link = Literal["identity", "logistic", "softmax", "mean", "binary_mean"]


@dataclass(frozen=True)
class Tree:
    """One decision tree as arrays over its nodes; node 0 is the root.

    Parameters
    ----------
    feature : ndarray of shape (n_nodes,)
        Column that a node looks at.
    threshold : ndarray of float32, shape (n_nodes,)
        A row goes to ``yes`` if its value is at or below it.
    missing_yes : ndarray of bool, shape (n_nodes,)
        Whether a missing value goes to ``yes``.
    yes, no : ndarray of shape (n_nodes,)
        Child nodes; -1 at a leaf.
    values : ndarray of shape (n_nodes, n_targets)
        What a leaf adds to the outputs ``first_target``, ``first_target + 1`` …
    """

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    missing_yes: npt.NDArray[Any]
    yes: npt.NDArray[Any]
    no: npt.NDArray[Any]
    values: npt.NDArray[Any]
    first_target: int = 0


@dataclass(frozen=True)
class TreePart:
    """An ensemble of trees.

    Parameters
    ----------
    trees : tuple of Tree
    base : ndarray of shape (n_outputs,)
        What every row starts from.
    link : {"identity", "logistic", "softmax", "mean", "binary_mean"}
        ``identity``: the sum is the value. ``logistic``, ``softmax``: the sums are the second
        class's score, or every class's. ``mean``: the trees' average holds the probabilities,
        or the value of a regression; ``binary_mean``: the second class's probability.
    adds_in_float32 : bool
        Whether the library itself adds up in float32: base first, then tree by tree.
    """

    trees: tuple[Tree, ...]
    base: FloatArray
    link: Link
    adds_in_float32: bool = False


@dataclass(frozen=True)
class LinearPart:
    """Weights of scaled numbers and of one column a category code.

    Parameters
    ----------
    numbers, medians, means, scales : ndarray of shape (n_numbers,)
        Columns of the matrix; what stands for a missing cell; the scaling.
    hot_columns, hot_codes : ndarray of shape (n_hot,)
        Columns of the matrix that are compared with a code.
    weights : ndarray of shape (n_numbers + n_hot, n_outputs)
    bias : ndarray of shape (n_outputs,)
    link : {"identity", "logistic", "softmax"}
    """

    numbers: npt.NDArray[np.int64]
    medians: FloatArray
    means: FloatArray
    scales: FloatArray
    hot_columns: npt.NDArray[np.int64]
    hot_codes: npt.NDArray[np.float32]
    weights: FloatArray
    bias: FloatArray
    link: Link


Part = TreePart | LinearPart


def floor_to_float32(thresholds: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Round thresholds down to float32, so that ``x <= threshold`` keeps its answer.

    For a float32 ``x``, ``x <= t`` holds exactly if ``x`` is at most the largest float32
    not above ``t``. Rounding to nearest may round up onto a value of the data.

    >>> floor_to_float32(np.array([0.1, 0.5, 1e300, -1e300])).tolist()
    [0.09999999403953552, 0.5, 3.4028234663852886e+38, -inf]
    """
    exact = np.asarray(thresholds, dtype=np.float64)
    with np.errstate(over="ignore"):
        nearest = exact.astype(np.float32)
        too_high = nearest.astype(np.float64) > exact
        floored = np.where(too_high, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    return floored.astype(np.float32)


def below_float32(thresholds: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn thresholds of ``x < t`` into those of ``x <= t``, for a float32 ``x``.

    >>> below_float32(np.array([0.5], dtype=np.float32)).tolist()
    [0.4999999701976776]
    """
    return np.nextafter(thresholds, np.float32(-np.inf))
