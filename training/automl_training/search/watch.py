"""The search's clock: how long a trial may take, and when the search has come to its end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from automl_core.records import FamilyName
from automl_training.search.records import SearchSpec, Trial

#: Share of the budget that the search may use if nothing has to be fitted afterwards: models of
#: the folds are there already, and choosing an ensemble of them takes seconds.
SEARCH_SHARE = 0.93

#: Shares of the budget that fits on all rows may take from the search.
MIN_REFIT_SHARE, MAX_REFIT_SHARE = 0.15, 0.45

#: A full fit is seldom exactly linear in rows, and the machine seldom idle.
REFIT_SLACK = 1.3

#: How many fits on all rows the search leaves time for; more are made if there is time.
RESERVED_REFITS = 2

#: The first trials of the families share this part of the search; a later trial may take this
#: part of what is left.
FIRST_SHARE, LATER_SHARE = 0.5, 0.4

#: Part of what is left for the best boosting where the clock ended it before it had learned
#: what it could: on large tables of many classes no share for all is enough for one.
LONG_SHARE = 0.7

#: A trial that is allowed less than what most trials took is cut short and tells little; none
#: is begun with less than this part of it, or of the budget.
MIN_TRIAL, MIN_TRIAL_SHARE = 0.7, 0.01

#: The search gives up hope after this many seconds, or this share of the budget if longer,
#: without an improvement, if it has made at least so many trials.
PATIENCE_S = 15.0
PATIENCE_SHARE = 0.4
PATIENCE_TRIALS = 60

#: Gains below this share of the best loss are noise, not improvement.
MIN_GAIN = 1e-4

#: A loss that cannot be told from perfect.
PERFECT = 1e-12


class SearchOver(Exception):  # noqa: N818 - the regular end of a search, not an error
    """The search has ended; the text says why."""


@dataclass
class Watch:
    """Counts trials and raises :class:`SearchOver` when it is time.

    Parameters
    ----------
    spec : SearchSpec
        Budget and limits.
    needs_refits : bool
        Whether candidates have to be fitted on all rows when the search is over.
    elapsed : callable
        Seconds since the parent began.
    """

    spec: SearchSpec
    needs_refits: bool
    elapsed: Callable[[], float]
    n_trials: int = 0
    best_loss: float = math.inf
    best_at: float = 0.0
    _untried: set[FamilyName] = field(default_factory=set)
    _refit_seconds: dict[FamilyName, tuple[float, float]] = field(default_factory=dict)
    _seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._untried = set(self.spec.families)

    @property
    def ends_at_s(self) -> float:
        """When the search has to be over, as things stand."""
        budget = self.spec.budget_s
        if not self.needs_refits:
            return SEARCH_SHARE * budget
        best = sorted(self._refit_seconds.values())[:RESERVED_REFITS]
        wanted = REFIT_SLACK * sum(seconds for _, seconds in best)
        return budget - min(max(wanted, MIN_REFIT_SHARE * budget), MAX_REFIT_SHARE * budget)

    def time_for_trial(self, *, is_long: bool = False) -> float:
        """Seconds that the next trial may take; without an end where trials are counted.

        ``is_long``: it goes on with what the clock has ended.
        """
        if self.spec.reproducible:
            return math.inf
        left = self.ends_at_s - self.elapsed()
        if self._untried:
            first = FIRST_SHARE * self.ends_at_s / len(self.spec.families)
            return min(max(first, LATER_SHARE * left / len(self._untried)), left)
        share = LONG_SHARE if is_long else LATER_SHARE
        return min(max(share * left, 2 * self._typical_s), left)

    @property
    def _typical_s(self) -> float:
        return float(np.median(self._seconds)) if self._seconds else 0.0

    def check(self) -> None:
        """End the search if the time is up, or no trial is likely to bring anything.

        Raises
        ------
        SearchOver
        """
        limit = self.spec.max_trials
        if limit is not None and self.n_trials >= limit:
            raise SearchOver(f"all {limit} trials were made")
        if self.spec.reproducible:
            return
        left = self.ends_at_s - self.elapsed()
        if left <= max(MIN_TRIAL_SHARE * self.spec.budget_s, MIN_TRIAL * self._typical_s):
            raise SearchOver("the time for searching was used up")
        if self.best_loss <= PERFECT and not self._untried:
            raise SearchOver("the validation score cannot get any better")
        patience = max(PATIENCE_S, PATIENCE_SHARE * self.spec.budget_s)
        if self.n_trials >= PATIENCE_TRIALS and self.elapsed() - self.best_at >= patience:
            raise SearchOver(f"nothing had improved for {patience:.0f} seconds")

    def count(self, trial: Trial, refit_seconds: float) -> None:
        """Take in a trial, and how long its configuration would take on all rows."""
        self.n_trials += 1
        self._untried.discard(trial.family)
        self._seconds.append(trial.train_seconds)
        if trial.loss < self._refit_seconds.get(trial.family, (math.inf, 0.0))[0]:
            self._refit_seconds[trial.family] = (trial.loss, refit_seconds)
        if self.best_loss - trial.loss > MIN_GAIN * abs(trial.loss):
            self.best_at = self.elapsed()
        self.best_loss = min(self.best_loss, trial.loss)

    def give_up(self, family: FamilyName) -> None:
        """Wait for no trial of a family that cannot be fitted."""
        self._untried.discard(family)
