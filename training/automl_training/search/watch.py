"""The search's conscience: scores each fold with our own metric and ends the search in time.

FLAML offers no callback. Its custom metric function is the one place that is called after
every fit, so it also looks at the clock; an exception leaves ``AutoML.fit`` at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import FamilyName
from automl_training.scoring import loss_of, score
from automl_training.search.records import SearchSpec

#: Share of the budget that the search may use at most; the rest is for refits.
SEARCH_SHARE = 0.85

#: Share of the budget that refits of large data may take from the search.
MAX_REFIT_SHARE = 0.45

#: A full fit is seldom exactly linear in rows, and the machine seldom idle.
REFIT_SLACK = 1.3

#: How many refits the search leaves time for; more are made if there is time.
RESERVED_REFITS = 2

#: The search gives up hope after this many seconds, or this share of the budget if longer,
#: without an improvement, if it has made at least so many trials.
PATIENCE_S = 15.0
PATIENCE_SHARE = 0.4
PATIENCE_TRIALS = 60

#: Gains below this share of the best loss are noise, not improvement.
MIN_GAIN = 1e-4

#: A loss that cannot be told from perfect.
PERFECT = 1e-12

#: In place of infinity and NaN, neither of which FLAML's choice of learners survives.
WORST_LOSS = 1e30


class SearchOver(Exception):  # noqa: N818 - the regular end of a search, not an error
    """The search has ended; the text says why."""


class FamilyFailed(Exception):  # noqa: N818 - caught by the child, which goes on without it
    """A family cannot be fitted on this matrix."""

    def __init__(self, family: FamilyName, reason: str) -> None:
        super().__init__(reason)
        self.family = family
        self.reason = reason


@dataclass
class Watch:
    """Scores folds, counts trials, and raises :class:`SearchOver` when it is time.

    Parameters
    ----------
    spec : SearchSpec
        Metric, budget and limits.
    n_folds : int
        Calls of the metric function that make one trial.
    n_rows : int
        Rows that a refit will be fitted on.
    elapsed : callable
        Seconds since the parent began.
    """

    spec: SearchSpec
    n_folds: int
    n_rows: int
    elapsed: Callable[[], float]
    n_trials: int = 0
    best_loss: float = math.inf
    best_at: float = 0.0
    _untried: set[FamilyName] = field(default_factory=set)
    _losses: list[float] = field(default_factory=list)
    _refit_seconds: dict[FamilyName, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._untried = set(self.spec.families)

    def metric(
        self,
        X_val: NDArray[Any],  # noqa: N803 - FLAML's names
        y_val: NDArray[Any],
        estimator: Any,
        _labels: Any,
        X_train: NDArray[Any],  # noqa: N803 - FLAML's names
        _y_train: Any,
        weight_val: NDArray[Any] | None = None,
        *_: Any,
    ) -> tuple[float, dict[str, float]]:
        """Score one fold; FLAML minimises the mean of the first value over the folds."""
        if self.spec.task == "regression":
            predicted = np.asarray(estimator.predict(X_val), np.float64)
        else:
            predicted = np.asarray(estimator.predict_proba(X_val), np.float64)
        loss = WORST_LOSS
        if np.isfinite(predicted).all():
            value = score(
                self.spec.metric, y_val, predicted, task=self.spec.task, weights=weight_val
            )
            loss = loss_of(self.spec.metric, value)
        loss = min(loss, WORST_LOSS) if math.isfinite(loss) else WORST_LOSS
        self._losses.append(loss)
        if len(self._losses) == self.n_folds:
            self._end_trial(
                estimator.family, estimator.fit_seconds * self.n_rows / X_train.shape[0]
            )
        return loss, {"fold_loss": loss}

    def check_clock(self) -> None:
        """End the search if what is left of the budget is needed for the refits."""
        if self.spec.reproducible:
            return
        if self.elapsed() >= self.spec.budget_s - self.reserve_s:
            raise SearchOver("the time for searching was used up")

    @property
    def reserve_s(self) -> float:
        """Seconds to leave for refitting the best configurations."""
        best = sorted(self._refit_seconds.values())[:RESERVED_REFITS]
        wanted = REFIT_SLACK * sum(seconds for _, seconds in best)
        budget = self.spec.budget_s
        return min(max(wanted, (1 - SEARCH_SHARE) * budget), MAX_REFIT_SHARE * budget)

    def give_up(self, family: FamilyName) -> None:
        """Wait for no trial of a family that cannot be fitted; forget its unfinished one."""
        self._untried.discard(family)
        self._losses.clear()

    def _end_trial(self, family: FamilyName, refit_seconds: float) -> None:
        loss = sum(self._losses) / self.n_folds
        self._losses.clear()
        self.n_trials += 1
        self._untried.discard(family)
        if loss < self._refit_seconds.get(family, (math.inf, 0.0))[0]:
            self._refit_seconds[family] = (loss, refit_seconds)
        now = self.elapsed()
        if self.best_loss - loss > MIN_GAIN * abs(loss):
            self.best_at = now
        self.best_loss = min(self.best_loss, loss)

    def check_hope(self) -> None:
        """End the search if it has found the best it will find, or is as good as can be.

        Called before a trial begins, when the last one is already in the log.
        """
        limit = self.spec.max_trials
        if limit is not None and self.n_trials >= limit:
            raise SearchOver(f"all {limit} trials were made")
        if self.spec.reproducible or self.n_trials < PATIENCE_TRIALS:
            return
        if self.best_loss <= PERFECT and not self._untried:
            raise SearchOver("the validation score cannot get any better")
        patience = max(PATIENCE_S, PATIENCE_SHARE * self.spec.budget_s)
        if self.elapsed() - self.best_at >= patience:
            raise SearchOver(f"nothing had improved for {patience:.0f} seconds")
