"""The measures: from true values and answers to scores, one loss a row, and coverage."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Task = Literal["binary", "multiclass", "regression"]
Array = npt.NDArray[np.float64]

#: A probability of exactly 0 would make one wrong row cost everything: forests give such ones.
SMALLEST_PROBABILITY = 1e-6

#: The loss by which systems are ranked, by task; less is better.
LOSS: dict[Task, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}


def row_losses(task: Task, truth: Array, answers: Array) -> Array:
    """Tell what each row costs: minus the log of its class's probability, or a squared error.

    Parameters
    ----------
    task : str
    truth : ndarray of shape (n_rows,)
        Class numbers, or values.
    answers : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, which are brought to a sum of 1, or values.

    Raises
    ------
    ValueError
        If the shapes do not fit, or an answer is not finite.

    Examples
    --------
    >>> row_losses("regression", np.array([1.0, 2.0]), np.array([1.0, 4.0])).tolist()
    [0.0, 4.0]
    """
    if len(truth) != len(answers):
        raise ValueError(f"{len(answers)} answers for {len(truth)} rows")
    if not np.isfinite(answers).all():
        raise ValueError(f"{int((~np.isfinite(answers)).sum())} answers are not finite")
    if task == "regression":
        losses: Array = np.square(truth - answers)
        return losses
    clipped = np.maximum(answers, SMALLEST_PROBABILITY)
    clipped /= clipped.sum(axis=1, keepdims=True)
    chosen: Array = clipped[np.arange(len(truth)), truth.astype(np.int64)]
    return -np.log(chosen)


def loss_of(task: Task, losses: Array) -> float:
    """The loss that ranks, from :func:`row_losses`: their mean, or its root."""
    mean = float(losses.mean())
    return mean**0.5 if task == "regression" else mean


def measures(task: Task, truth: Array, answers: Array) -> dict[str, float | None]:
    """Every measure of a system on a set.

    Returns
    -------
    dict
        binary: ``log_loss``, ``roc_auc``; multiclass: ``log_loss``, ``accuracy``;
        regression: ``rmse``, ``r2``. None where it is not defined (a test with one class).
    """
    loss = loss_of(task, row_losses(task, truth, answers))
    if task == "regression":
        spread = float(np.square(truth - truth.mean()).mean())
        return {"rmse": loss, "r2": None if spread == 0 else 1 - loss**2 / spread}
    if task == "multiclass":
        return {"log_loss": loss, "accuracy": float((answers.argmax(axis=1) == truth).mean())}
    return {"log_loss": loss, "roc_auc": _roc_auc(truth.astype(np.int64), answers[:, 1])}


def _roc_auc(truth: npt.NDArray[np.int64], score: Array) -> float | None:
    """Chance that a positive row is above a negative one; ties count half (Mann-Whitney)."""
    n_positive = int(truth.sum())
    n_negative = len(truth) - n_positive
    if not n_positive or not n_negative:
        return None
    _, where, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[where]
    above = float(ranks[truth == 1].sum()) - n_positive * (n_positive + 1) / 2
    return above / (n_positive * n_negative)


def interval_coverage(truth: Array, lower: Array, upper: Array) -> float:
    """Share of rows whose value lies within the interval, ends included.

    >>> interval_coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([1.0, 4.0]))
    0.5
    """
    return float(((truth >= lower) & (truth <= upper)).mean())


def label_set_coverage(truth: Array, probabilities: Array, threshold: float) -> tuple[float, float]:
    """Share of rows whose class is in the set of those at or above ``threshold``; mean size.

    >>> label_set_coverage(np.array([0, 1]), np.array([[0.7, 0.3], [0.8, 0.2]]), 0.3)
    (0.5, 1.5)
    """
    members = probabilities >= threshold
    return float(members[np.arange(len(truth)), truth.astype(np.int64)].mean()), float(
        members.sum(axis=1).mean()
    )
