"""Evaluating one configuration: a model for each fold, answers to the rows each has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from automl_core.records import FamilyName
from automl_training.families import Coded
from automl_training.families.base import FloatArray
from automl_training.scoring import loss_of, score, score_of
from automl_training.search.fitting import TREES, Fit, FitPlan, keep_rounds
from automl_training.search.folds import Part
from automl_training.search.records import SearchSpec, TrainingRows, Trial
from automl_training.search.rounds import best_rounds
from automl_training.search.validation import Validation

#: Folds after which a configuration that is clearly worse is given up. A fixed number, so that
#: the number of threads changes no result.
RACE_FOLDS = 2

#: How much worse than the family's best its loss has to be on those folds.
RACE_MARGIN = 1.03

#: With fewer rows in those folds their scores are noise.
MIN_RACE_ROWS = 400

#: In place of infinity and NaN, neither of which a search can compare.
WORST_LOSS = 1e30


@dataclass(frozen=True)
class Evaluated:
    """What a trial brought.

    Parameters
    ----------
    config : dict
        As fitted: ``n_estimators`` is the number of rounds that were kept.
    loss : float
        On all answered rows together; ``WORST_LOSS`` if it is not defined.
    rows : ndarray of int64
        Answered rows, ascending.
    predictions : ndarray of float32 of shape (n_answered, n_classes) or (n_answered,)
    models : list
        One for each fold of the first deal; empty if the trial was given up.
    n_folds : int
        Folds that were fitted.
    is_cut_short : bool
        A fit was ended by the clock.
    """

    family: FamilyName
    config: dict[str, Any]
    loss: float
    rows: NDArray[np.int64]
    predictions: NDArray[np.float32]
    models: list[Any]
    n_folds: int
    is_cut_short: bool

    def as_trial(
        self,
        spec: SearchSpec,
        trial_id: int,
        *,
        seconds: float,
        at_seconds: float,
        n_rows: int,
        n_folds: int,
    ) -> Trial:
        """Make the log's entry; a trial that was given up saw only part of the rows."""
        # A fold that could not be scored counts as the worst loss.
        loss = math.inf if self.loss >= WORST_LOSS / 100 else self.loss
        return Trial(
            trial_id=trial_id,
            family=self.family,
            score=score_of(spec.metric, loss) if math.isfinite(loss) else math.nan,
            loss=loss,
            config=self.config,
            train_seconds=seconds,
            at_seconds=at_seconds,
            sample_rows=round(n_rows * self.n_folds / n_folds),
        )


@dataclass
class Evaluator:
    """Fits and scores configurations on the folds of a validation.

    Folds are fitted side by side, one thread each; a single validation part is fitted with
    all threads. Used as a context, for its threads.
    """

    spec: SearchSpec
    data: TrainingRows
    validation: Validation
    elapsed: Callable[[], float]
    _race: dict[FamilyName, float] = field(default_factory=dict)
    _best: dict[FamilyName, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folds = self.validation.folds
        n_workers = min(self.spec.n_threads, len(folds))
        self._n_threads = max(1, self.spec.n_threads // n_workers)
        self._pool = ThreadPoolExecutor(
            n_workers, initializer=lambda: threadpool_limits(self._n_threads)
        )
        self._n_waves = math.ceil(len(folds) / n_workers)
        n_raced = sum(valid.size for _, valid in folds[:RACE_FOLDS])
        # With a fold or less beyond the race there is nothing to save.
        self._can_race = len(folds) > RACE_FOLDS + 1 and n_raced >= MIN_RACE_ROWS
        self._parts = [Part(self.spec, self.data, train) for train, _ in folds]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def has_codes(self) -> bool:
        """Tell whether there are categories whose codes can be learned from the target."""
        self._parts[0].prepare()
        return self._parts[0].codes is not None

    def evaluate(
        self, family: FamilyName, config: dict[str, Any], *, time_s: float = math.inf
    ) -> Evaluated:
        """Fit and score one configuration.

        Parameters
        ----------
        time_s : float
            Seconds after which boostings end their rounds and forests their growing.

        Raises
        ------
        FamilyFailed
            If the library cannot fit these rows.
        """
        n_folds = len(self._parts)
        fold_s = time_s / self._n_waves
        numbers = list(range(n_folds))
        fits: list[Fit] = []
        if family in self._best and self._can_race:
            fits = self._fit_all(family, config, numbers[:RACE_FOLDS], fold_s)
            loss, rows, predictions = self._score(fits)
            if loss > RACE_MARGIN * self._race[family]:
                return Evaluated(
                    family, config, max(loss, self._best[family] * RACE_MARGIN), rows,
                    predictions, [], RACE_FOLDS, any(fit.is_cut_short for fit in fits),
                )  # fmt: skip
        fits += self._fit_all(family, config, numbers[len(fits) :], fold_s)
        final = self._trimmed(family, config, fits)
        loss, rows, predictions = self._score(fits)
        if loss < self._best.get(family, math.inf):
            self._best[family] = loss
            self._race[family] = self._score(fits[:RACE_FOLDS])[0]
        models = [fit.estimator for fit in fits[: self.validation.n_bagged]]
        is_cut_short = any(fit.is_cut_short for fit in fits)
        return Evaluated(family, final, loss, rows, predictions, models, n_folds, is_cut_short)

    def _fit_all(
        self, family: FamilyName, config: dict[str, Any], numbers: Sequence[int], fold_s: float
    ) -> list[Fit]:
        def one(number: int) -> Fit:
            part = self._parts[number]
            part.prepare()
            until = self.elapsed() + fold_s
            plan = FitPlan(
                self.spec,
                self._n_threads,
                lambda: self.elapsed() >= until,
                part.watched(self.validation.folds[number][1], config, is_tree=family in TREES),
            )
            return part.fit(family, config, plan)

        return list(self._pool.map(one, numbers))

    def _trimmed(
        self, family: FamilyName, config: dict[str, Any], fits: Sequence[Fit]
    ) -> dict[str, Any]:
        """Cut the models of all folds to one number of rounds; tell the final settings."""
        curves = [fit.curve for fit in fits if fit.curve is not None]
        if not curves:
            return config
        n_rounds = best_rounds(curves)
        for fit in fits:
            raw = fit.estimator.estimator if isinstance(fit.estimator, Coded) else fit.estimator
            keep_rounds(family, raw, n_rounds)
        return {**config, "n_estimators": n_rounds}

    def _score(self, fits: Sequence[Fit]) -> tuple[float, NDArray[np.int64], NDArray[np.float32]]:
        """Answer the rows of the fitted folds, those answered twice by the mean, and score."""
        folds = self.validation.folds[: len(fits)]

        def answer(number: int) -> FloatArray:
            return self._parts[number].answer(fits[number].estimator, folds[number][1])

        answers = list(self._pool.map(answer, range(len(fits))))
        width = () if self.spec.task == "regression" else (self.spec.n_classes,)
        total = np.zeros((self.data.n_rows, *width))
        times = np.zeros(self.data.n_rows)
        for (_, valid), values in zip(folds, answers, strict=True):
            total[valid] += values
            times[valid] += 1
        rows = np.flatnonzero(times)
        mean = total[rows] / times[rows].reshape(-1, *[1] * len(width))
        predictions = mean.astype(np.float32)
        loss = loss_on(self.spec, self.data, rows, predictions)
        return loss, rows, predictions


def loss_on(
    spec: SearchSpec,
    data: TrainingRows,
    rows: NDArray[np.int64],
    predictions: NDArray[Any],
) -> float:
    """Loss by the plan's metric on training rows; ``WORST_LOSS`` where it is not defined."""
    if not np.isfinite(predictions).all():
        return WORST_LOSS
    weights = None if data.weights is None else data.weights[rows]
    value = score(spec.metric, data.target[rows], predictions, task=spec.task, weights=weights)
    loss = loss_of(spec.metric, value)
    return min(loss, WORST_LOSS) if math.isfinite(loss) else WORST_LOSS
