"""Permutation importances: how much worse a model gets when one column tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl_core.records import Metric, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_REPEATS = 5

#: Fewer rows than this make importances of noise only.
MIN_ROWS = 200

#: A metric that is defined on any sample of rows, where the plan's own one is not.
_FALLBACK: dict[Task, Metric] = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "regression": "rmse",
}


@dataclass(frozen=True)
class Importance:
    """Loss of score when a column is shuffled; positive: the model uses it.

    ``std`` is the spread over the repeats, 0 with one repeat.
    """

    name: str
    importance: float
    std: float


@dataclass(frozen=True)
class Importances:
    """Most important column first."""

    metric: Metric
    n_rows: int
    n_repeats: int
    features: list[Importance]


def permutation_importances(
    predict: Callable[[NDArray[np.float32]], NDArray[Any]],
    matrix: NDArray[np.float32],
    y: NDArray[Any],
    slices: dict[str, slice],
    *,
    task: Task,
    metric: Metric,
    seed: int,
    monotonic: Callable[[], float],
    max_seconds: float,
    on_progress: Callable[[float], None],
) -> Importances:
    """Shuffle each column of the table in turn and measure what the score loses.

    All matrix features of a column are shuffled together, so that a date counts once.

    Parameters
    ----------
    predict : callable
        Answers a matrix with probabilities or values.
    matrix : ndarray of shape (n_rows, n_features)
        Encoded rows that were not trained on, in random order.
    y : ndarray of shape (n_rows,)
        Class codes or values.
    slices : dict
        Column name to its features in the matrix.
    task, metric : Task, Metric
        What is measured; log loss or RMSE if the metric is not defined on these rows.
    seed : int
        Of the shuffles.
    monotonic, max_seconds : callable, float
        Once the time is up no further repeat begins. If the first repeat alone would take
        longer, it uses fewer rows.
    on_progress : callable
        Gets the share that is done, 0 to 1.

    Returns
    -------
    Importances

    References
    ----------
    Breiman: Random Forests, Machine Learning 45 (2001), section 10; Fisher, Rudin,
    Dominici: All Models are Wrong, but Many are Useful, JMLR 20 (2019).
    """
    import numpy as np

    from automl_training.scoring import is_higher_better, score

    started = monotonic()
    predict(matrix[:1])
    began = monotonic()
    answered = predict(matrix)
    seconds = monotonic() - began
    affordable = int(len(matrix) * max_seconds / max(seconds * len(slices), 1e-9))
    n_rows = min(len(matrix), max(affordable, MIN_ROWS))
    matrix, y, answered = matrix[:n_rows], y[:n_rows], answered[:n_rows]

    base = score(metric, y, answered, task=task)
    if not np.isfinite(base):
        metric = _FALLBACK[task]
        base = score(metric, y, answered, task=task)
    sign = 1.0 if is_higher_better(metric) else -1.0

    rng = np.random.default_rng(seed)
    losses: list[dict[str, float]] = []
    shuffled = matrix.copy()
    for repeat in range(MAX_REPEATS):
        if repeat and (monotonic() - started) * (repeat + 1) / repeat > max_seconds:
            break
        order = rng.permutation(n_rows)
        losses.append({})
        for number, (name, part) in enumerate(slices.items()):
            shuffled[:, part] = matrix[order, part]
            losses[-1][name] = sign * (base - score(metric, y, predict(shuffled), task=task))
            shuffled[:, part] = matrix[:, part]
            on_progress((repeat + (number + 1) / len(slices)) / MAX_REPEATS)
    features = [
        Importance(
            name=name,
            importance=float(np.mean([loss[name] for loss in losses])),
            std=float(np.std([loss[name] for loss in losses])),
        )
        for name in slices
    ]
    features.sort(key=lambda feature: (-feature.importance, feature.name))
    return Importances(metric, n_rows, len(losses), features)
