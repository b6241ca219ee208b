"""The last resort: one quick model of a sample, where the search had no time for anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_training.families import Candidate
from automl_training.search.events import EventWriter
from automl_training.search.finish import write_fitted
from automl_training.search.portfolio import Shape, starts
from automl_training.search.proposals import ORDER
from automl_training.search.records import Fitted, Member, OutOfFold, SearchSpec, TrainingRows
from automl_training.search.trial_log import TrialLog
from automl_training.search.trials import Evaluator
from automl_training.search.validation import Validation

#: Rows that are fitted on, and rows that the model is scored on.
SAMPLE_ROWS, SCORED_ROWS = 5_000, 5_000

#: A boosting of so many rounds learns most of what a small sample tells.
ROUNDS = 60

#: Share of the time left that the fit may take, and the seconds that it has in any case.
TIME_SHARE = 0.5
MIN_FIT_S = 5.0


def rescue(
    folder: Path, spec: SearchSpec, data: TrainingRows, *, elapsed: Callable[[], float]
) -> None:
    """Fit the first family's quickest configuration and make it the candidate.

    Raises
    ------
    FamilyFailed
        If the library cannot fit the sample.
    """
    train, valid = sample(data.target, spec)
    rows = np.concatenate([train, valid])
    part = TrainingRows(
        data.matrix[rows], data.target[rows], None if data.weights is None else data.weights[rows]
    )
    here = np.arange(rows.size)
    validation = Validation(
        [(here[: train.size], here[train.size :])], f"{valid.size:,} rows not trained on"
    )
    family = next(name for name in ORDER if name in spec.families)
    shape = Shape(spec, train.size, part.matrix.shape[1], 1, has_codes=False)
    config: dict[str, Any] = dict(starts(family, shape)[0])
    if "learning_rate" in config:
        config |= {"learning_rate": 0.15, "n_estimators": ROUNDS}
    begun = elapsed()
    fit_s = max(MIN_FIT_S, TIME_SHARE * (spec.hard_deadline_s - begun))
    with Evaluator(replace(spec, n_threads=1), part, validation, elapsed) as evaluator:
        found = evaluator.evaluate(family, config, time_s=fit_s)
    log = TrialLog(folder)
    trial = found.as_trial(
        spec, len(log.trials) + 1, seconds=elapsed() - begun, at_seconds=elapsed(),
        n_rows=rows.size, n_folds=1,
    )  # fmt: skip
    log.add(trial)
    EventWriter(folder).tell(
        "note",
        f"{family} was fitted on a sample of {train.size:,} of {data.n_rows:,} rows, for there was "
        "no time for more; raise the time budget",
    )
    candidate = Candidate(
        family=family, config=found.config, estimator=found.models[0], task=spec.task,
        n_classes=spec.n_classes, validation_score=trial.score, n_rows=int(train.size),
    )  # fmt: skip
    answered = rows[found.rows]
    order = np.argsort(answered)
    write_fitted(
        folder, 0,
        Fitted(
            candidate, "single", trial, (Member(family, trial.trial_id, 1.0, trial.score),),
            OutOfFold(answered[order], found.predictions[order].astype(np.float64)),
        ),
        rank=1,
    )  # fmt: skip


def sample(y: NDArray[Any], spec: SearchSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw rows to fit on, every class among them, and other rows to score."""
    order = np.random.default_rng(spec.seed).permutation(y.size)
    if spec.task != "regression":
        first = order[np.unique(y[order], return_index=True)[1]]
        order = np.concatenate([first, order[~np.isin(order, first)]])
    n_train = min(SAMPLE_ROWS, max(spec.n_classes, int(0.8 * y.size)))
    return order[:n_train], order[n_train : n_train + SCORED_ROWS]
