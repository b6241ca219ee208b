"""Leak sentinel: does one column hold nearly everything that the model knows?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import Task
from automl_training.scoring.metrics import Floats, score

#: Rows asked; a share of 0.95 is known to 0.02 with this many.
MAX_ROWS = 1000
MIN_ROWS = 20

#: Columns that the model is asked about: the best ones by themselves.
MAX_ASKED = 4
N_BINS = 20

#: Classes looked at there, the most frequent first.
MAX_CLASSES = 8

#: One column is suspicious if the model is nearly perfect (skill: 1 is perfect, 0 is
#: guessing) and keeps nearly all of it when every other column is shuffled.
MIN_SKILL = 0.9
MIN_SHARE = 0.95


def leak_check(
    predict: Callable[[NDArray[np.float32]], NDArray[Any]],
    matrix: NDArray[np.float32],
    y: NDArray[Any],
    slices: Mapping[str, slice],
    *,
    task: Task,
    seed: int = 0,
) -> dict[str, Any]:
    """Ask the model with one column intact and all others shuffled.

    Parameters
    ----------
    predict : callable
        Answers a matrix with probabilities or values.
    matrix : ndarray of shape (n_rows, n_features)
        Encoded rows that were not trained on.
    y : ndarray of shape (n_rows,)
        Class codes or values.
    slices : mapping of str to slice
        Column of the table to its features in the matrix.
    task : Task
        Skill is R², or twice the ROC AUC minus one.
    seed : int
        Of the rows and the shuffles.

    Returns
    -------
    dict
        ``suspicious``, the ``column`` that holds most, the ``share`` of the model's skill
        that it holds alone (0 to 1), and the ``reason`` in words; column and share are null
        if there is nothing to share out.
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(y.size)[:MAX_ROWS]
    matrix, y = matrix[rows], y[rows]
    if rows.size < MIN_ROWS or len(slices) < 2:
        return _nothing("Too few holdout rows or columns to compare columns with each other.")
    whole = _skill(y, predict(matrix), task)
    if not whole > 0:
        return _nothing("The model is no better than guessing, so no column gives the target away.")
    alone = {name: _alone(matrix[:, part], y, task, rng) for name, part in slices.items()}
    asked = sorted(alone, key=lambda name: (-alone[name], name))[:MAX_ASKED]
    shuffled = matrix[rng.permutation(rows.size)]
    shares: dict[str, float] = {}
    for name in asked:
        mixed = shuffled.copy()
        mixed[:, slices[name]] = matrix[:, slices[name]]
        skill = _skill(y, predict(mixed), task)
        shares[name] = float(np.clip(skill / whole, 0.0, 1.0)) if np.isfinite(skill) else 0.0
    column = max(shares, key=lambda name: shares[name])
    share = shares[column]
    suspicious = whole >= MIN_SKILL and share >= MIN_SHARE
    words = f"Column {column!r} alone holds {share:.0%} of what the model knows"
    if suspicious:
        reason = (
            f"{words}, and the model is nearly perfect: the column may be a copy or a "
            "consequence of the target. If its value is not known yet when a prediction is "
            "needed, drop it and train again."
        )
    elif share >= MIN_SHARE:
        reason = f"{words}; the model is far from perfect, as a copy of the target would not be."
    else:
        reason = f"No column alone holds nearly everything; {column!r} holds most: {share:.0%}."
    return {"suspicious": suspicious, "column": column, "share": share, "reason": reason}


def _nothing(reason: str) -> dict[str, Any]:
    return {"suspicious": False, "column": None, "share": None, "reason": reason}


def _skill(y: NDArray[Any], predicted: NDArray[Any], task: Task) -> float:
    """1 for perfect answers, 0 for a guess; NaN where the rows cannot tell."""
    if task == "regression":
        return score("r2", y, predicted, task=task)
    return 2 * score("roc_auc", y, predicted, task=task) - 1


def _alone(
    part: NDArray[np.float32], y: NDArray[Any], task: Task, rng: np.random.Generator
) -> float:
    """How well the best feature of a column tells the target by itself.

    The mean target of each bin, learned on one half of the rows, answers the other half.
    """
    if task == "regression":
        targets = np.asarray(y, np.float64)[:, np.newaxis]
    else:
        frequent = np.argsort(-np.bincount(y), kind="stable")[:MAX_CLASSES]
        targets = (y[:, np.newaxis] == frequent).astype(np.float64)
    half = rng.permutation(y.size) < y.size // 2
    return max(_explained(feature, targets, half) for feature in part.T)


def _explained(feature: NDArray[np.float32], targets: Floats, half: NDArray[np.bool_]) -> float:
    present = feature[np.isfinite(feature)]
    if not present.size:
        return 0.0
    cuts = np.unique(np.quantile(present, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    # What is missing sorts behind every number.
    bin_of = np.searchsorted(cuts, feature, side="left")
    counts = np.bincount(bin_of[half], minlength=N_BINS + 1)
    middle = targets[half].mean(axis=0)
    sums = np.stack(
        [np.bincount(bin_of[half], t, minlength=N_BINS + 1) for t in targets[half].T], axis=1
    )
    answers = (sums + middle) / (counts[:, np.newaxis] + 1.0)
    left = ((targets[~half] - answers[bin_of[~half]]) ** 2).sum()
    spread = ((targets[~half] - middle) ** 2).sum()
    return float(1 - left / spread) if spread > 0 else 0.0
