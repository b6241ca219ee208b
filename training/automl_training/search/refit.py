"""Fitting the best configurations on all rows: which ones, in which order, and on time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from automl_training.families import Candidate
from automl_training.search.events import EventWriter
from automl_training.search.learners import make_learners
from automl_training.search.records import SearchSpec, TrainingRows, Trial, best_of_each
from automl_training.search.validation import Validation
from automl_training.search.watch import REFIT_SLACK, FamilyFailed

#: Share of the remaining time that a fit on a sample may be expected to take.
SAMPLE_SHARE = 0.5

#: Fewer rows than this teach nothing; a sample is never smaller.
MIN_SAMPLE_ROWS = 2000

#: So many candidates are wanted, the second on a sample if it must be: should the export of
#: the first not prove exact, there is another one.
WANTED = 2

#: Seconds kept for writing a fitted model to disk.
WRITE_S = 1.0


@dataclass(frozen=True)
class Refit:
    """One fit that is to be made.

    ``seconds`` is what it should take on ``n_rows`` rows.
    """

    trial: Trial
    seconds: float
    n_rows: int


def expected_seconds(trial: Trial, validation: Validation, n_rows: int) -> float:
    """Tell how long a configuration should take on all rows, from its time in the search.

    A trial of cross-validation fitted every fold on nearly all rows; one on a single
    validation part fitted once, perhaps on a sample. Linear in rows: close enough for trees.
    """
    if validation.is_cross_validation:
        n_fitted = sum(train.size for train, _ in validation.folds)
        return trial.train_seconds * n_rows / max(1, n_fitted)
    n_fitted = min(trial.sample_rows, validation.folds[0][0].size)
    return trial.train_seconds * n_rows / max(1, n_fitted)


def plan_refits(
    trials: Sequence[Trial],
    seconds_of: Callable[[Trial], float],
    *,
    n_rows: int,
    left_s: float,
    n_at_most: int,
) -> list[Refit]:
    """Decide which fits to make, and in which order.

    The best of each family, best first. If the very best cannot be expected to end in time,
    the quickest one comes first, on a sample of the rows if it must be.
    """
    best = [trial for trial in best_of_each(trials) if np.isfinite(trial.loss)][:n_at_most]
    refits = [Refit(trial, seconds_of(trial), n_rows) for trial in best]
    if not refits or refits[0].seconds * REFIT_SLACK <= left_s:
        return refits
    quickest = min(refits, key=lambda refit: refit.seconds)
    rest = [refit for refit in refits if refit is not quickest]
    return [sampled(quickest, left_s), *rest]


def sampled(refit: Refit, left_s: float) -> Refit:
    """Shrink a fit to rows that can be expected to fit into the time left."""
    if refit.seconds * REFIT_SLACK <= left_s:
        return refit
    share = max(0.0, SAMPLE_SHARE * left_s / refit.seconds)
    n_rows = min(refit.n_rows, max(MIN_SAMPLE_ROWS, int(refit.n_rows * share)))
    return Refit(refit.trial, refit.seconds * n_rows / refit.n_rows, n_rows)


def sample_of(y: NDArray[Any], n_rows: int, spec: SearchSpec) -> NDArray[np.int64]:
    """Draw rows by seed; of a classification at least one of every class."""
    order = np.random.default_rng(spec.seed).permutation(y.size)
    if n_rows >= y.size:
        return np.arange(y.size)
    if spec.task != "regression":
        first = order[np.unique(y[order], return_index=True)[1]]
        order = np.concatenate([first, order[~np.isin(order, first)]])
    return np.sort(order[: max(n_rows, spec.n_classes)])


def fit_candidate(
    refit: Refit,
    spec: SearchSpec,
    data: TrainingRows,
    *,
    left_s: float | None,
) -> Candidate:
    """Fit one configuration on all rows, or on the sample that the plan says.

    Parameters
    ----------
    left_s : float or None
        Boostings end their rounds within this time; other families take what they take.

    Raises
    ------
    FamilyFailed
        If the library cannot fit these rows.
    """
    trial = refit.trial
    learners = make_learners(spec)
    flaml_name = next(name for name, made in learners.items() if made.family == trial.family)
    learner = learners[flaml_name](task=spec.task, n_jobs=spec.n_threads, **trial.config)
    n_all = data.n_rows
    rows = slice(None) if refit.n_rows >= n_all else sample_of(data.target, refit.n_rows, spec)
    target = data.target[rows]
    extra: dict[str, Any] = {}
    if data.weights is not None:
        extra["sample_weight"] = data.weights[rows]
    # A forest given a budget first fits one tree and then four, to measure.
    budget = left_s if trial.family in {"lightgbm", "xgboost"} else None
    learner.fit(data.matrix[rows], target, budget, **extra)
    config = dict(trial.config)
    if "n_estimators" in learner.params:
        # Fewer than planned if the time ended it.
        config["n_estimators"] = learner.params["n_estimators"]
    return Candidate(
        family=trial.family,
        config=config,
        estimator=learner.estimator,
        task=spec.task,
        n_classes=spec.n_classes,
        validation_score=trial.score,
        n_rows=int(target.size),
    )


def refit_best(
    folder: Path,
    spec: SearchSpec,
    data: TrainingRows,
    trials: Sequence[Trial],
    validation: Validation,
    *,
    elapsed: Callable[[], float],
    is_last_resort: bool,
) -> int:
    """Fit and keep the best configurations while there is time; tell how many.

    Each candidate is on disk, whole, before the next one is begun. The first may take until
    a last resort is begun, the others only what is left of the budget; without enough of it
    the second is fitted on a sample, and no third one is.
    """
    events = EventWriter(folder)
    n_fitted = 0
    first_until_s = spec.hard_deadline_s if is_last_resort else spec.rescue_at_s

    def seconds_of(trial: Trial) -> float:
        return expected_seconds(trial, validation, data.n_rows)

    refits = plan_refits(
        trials,
        seconds_of,
        n_rows=data.n_rows,
        left_s=first_until_s - elapsed() - WRITE_S,
        n_at_most=spec.max_candidates,
    )
    if is_last_resort and refits:
        quickest = min(refits, key=lambda refit: refit.seconds)
        refits = [sampled(quickest, first_until_s - elapsed() - WRITE_S)]
    for refit in refits:
        until_s = spec.hard_deadline_s if n_fitted else first_until_s
        hard_s = until_s - elapsed() - WRITE_S
        soft_s = spec.budget_s - elapsed() - WRITE_S
        planned = refit
        if n_fitted and not spec.reproducible and refit.seconds * REFIT_SLACK > soft_s:
            if n_fitted >= WANTED or soft_s < WRITE_S:
                continue
            planned = sampled(refit, soft_s)
        try:
            candidate = fit_candidate(
                planned, spec, data, left_s=None if spec.reproducible else hard_s
            )
        except FamilyFailed as failure:
            events.tell("note", f"{refit.trial.family} was not fitted again: {failure.reason}")
            continue
        name = f"candidate-{n_fitted}.joblib"
        joblib.dump(candidate, folder / f"{name}.part")
        (folder / f"{name}.part").replace(folder / name)
        n_fitted += 1
        events.tell(
            "fitted",
            f"{candidate.family} was fitted on {candidate.n_rows} of {data.n_rows} rows",
            file=name,
            trial_id=refit.trial.trial_id,
        )
    return n_fitted
