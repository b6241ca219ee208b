"""Watching a boosting round by round: when it has learned enough, and when the time is up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Gains of the loss below this share of it are noise, not learning.
MIN_GAIN = 1e-5


class Rounds:
    """The curve of one fit, and the decision to end it.

    Parameters
    ----------
    is_late : callable
        Tells that the time of the fit is up.
    patience : int
        Rounds without a gain after which the fit ends.
    """

    def __init__(self, is_late: Callable[[], bool], patience: int) -> None:
        self.patience = patience
        self.is_cut_short = False
        self._is_late = is_late
        self._losses: list[float] = []
        self._best = math.inf
        self._best_round = 0

    @property
    def curve(self) -> NDArray[np.float64] | None:
        """Loss after each round; None if no loss was told."""
        return np.array(self._losses) if self._losses else None

    def is_over(self, loss: float | None) -> bool:
        """Take in the loss after one more round (None: nothing is watched); tell the end."""
        if loss is not None:
            self._losses.append(loss)
            if self._best - loss > MIN_GAIN * abs(loss):
                self._best, self._best_round = loss, len(self._losses)
            if len(self._losses) - self._best_round >= self.patience:
                return True
        self.is_cut_short = self._is_late()
        return self.is_cut_short

    def is_over_with(self, losses: NDArray[np.float64]) -> bool:
        """Take in all losses of a fit that tells them late."""
        fresh = losses[len(self._losses) :].tolist()
        if not fresh:
            return self.is_over(None)
        return [self.is_over(loss) for loss in fresh][-1]

    def of_lightgbm(self, metric: str | None) -> Callable[[Any], None]:
        """LightGBM's callback; ``metric`` is the watched one if it is not the only one."""
        from lightgbm.callback import EarlyStopException

        def after_round(told: Any) -> None:
            losses = [
                entry[2]
                for entry in told.evaluation_result_list or ()
                if metric is None or entry[1] == metric
            ]
            if self.is_over(losses[0] if losses else None):
                raise EarlyStopException(told.iteration, told.evaluation_result_list)

        return after_round

    def of_xgboost(self) -> Any:
        """XGBoost's callback."""
        from xgboost.callback import TrainingCallback

        rounds = self

        class AfterRound(TrainingCallback):  # type: ignore[misc] # XGBoost is untyped
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                del model, epoch
                losses = [values[-1] for of_set in evals_log.values() for values in of_set.values()]
                return rounds.is_over(losses[-1] if losses else None)

        return AfterRound()


def best_rounds(curves: list[NDArray[np.float64]]) -> int:
    """Choose one number of rounds for all folds of a configuration.

    The mean of the folds' curves decides, so that no fold's own rows alone say when its model
    was best. A fold that ended early counts with its last loss from there on.

    >>> best_rounds([np.array([3.0, 2.0, 2.5]), np.array([3.0, 2.0, 1.0, 1.1])])
    3
    """
    length = max(curve.size for curve in curves)
    total = np.zeros(length)
    for curve in curves:
        total += np.concatenate([curve, np.full(length - curve.size, curve[-1])])
    return int(total.argmin()) + 1
