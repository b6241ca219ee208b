"""The process that searches: ``python -m automl_training.search.child FOLDER PHASE``.

It can be killed at any time. Every trial is in FLAML's log when the next one begins, every
fitted candidate on disk when the next is begun.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from automl_core.errors import SearchFailedError
from automl_training.search import mortal
from automl_training.search.events import EventWriter
from automl_training.search.records import (
    GROUPS,
    MATRIX,
    SPEC,
    TARGET,
    WEIGHTS,
    SearchSpec,
    TrainingRows,
    best_of_each,
)

if TYPE_CHECKING:
    from automl_core.records import FamilyName
    from automl_training.search.learners import Learner
    from automl_training.search.trial_log import TrialLog
    from automl_training.search.validation import Validation
    from automl_training.search.watch import Watch

#: ``search`` searches and refits; ``refit`` only refits, after a search that had to be
#: killed; ``rescue`` fits the one quickest configuration, on a sample if it must be.
Phase = Literal["search", "refit", "rescue"]

#: The exit code after an end that was told as an event, apart from that of a crash.
TOLD = 3

#: What FLAML needs to be told to look no further than our exceptions.
_ENDLESS = 1_000_000


def main(folder: Path, phase: Phase) -> int:
    """Do one phase in the search's folder; the exit code is 0 or ``TOLD``."""
    values = json.loads((folder / SPEC).read_text(encoding="utf-8"))
    mortal.die_with(values["parent_pid"])
    spec = SearchSpec.from_json(values["spec"])
    # The parent's clock: what was lost by starting this process counts.
    lag = max(0.0, time.time() - values["started_at"])
    begun = time.monotonic()
    quiet()

    def elapsed() -> float:
        return float(lag + time.monotonic() - begun)

    # Copied only where it is written to, which some of scikit-learn's trees insist on being
    # able to do though they never do it.
    data = TrainingRows(
        matrix=np.asarray(np.load(folder / MATRIX, mmap_mode="c")),
        target=np.load(folder / TARGET),
        weights=np.load(folder / WEIGHTS) if (folder / WEIGHTS).exists() else None,
    )
    groups = np.load(folder / GROUPS) if (folder / GROUPS).exists() else None
    events = EventWriter(folder)

    from automl_training.search.refit import refit_best
    from automl_training.search.trial_log import TrialLog
    from automl_training.search.validation import make_validation
    from automl_training.search.watch import Watch

    log = TrialLog(folder, spec)
    try:
        validation = make_validation(
            data.target, spec, groups=groups, time_ordered=values["time_ordered"]
        )
        if phase == "search":
            events.tell("validation", validation.words)
            watch = Watch(spec, validation.get_n_splits(), n_rows=data.n_rows, elapsed=elapsed)
            events.tell("search_over", search(folder, data, validation, log, watch))
        log.read()
        refit_best(
            folder, spec, data, log.trials, validation,
            elapsed=elapsed, is_last_resort=phase == "rescue",
        )  # fmt: skip
    except SearchFailedError as error:
        events.tell("failed", error.detail)
        return TOLD
    return 0


def quiet() -> None:
    """Silence what third parties say about things that are as we want them."""
    # LightGBM was fitted on a plain matrix and scikit-learn asks for column names.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    # The penalties are searched over; a weak one may not converge, and its score shows it.
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")
    # FLAML's note that it searches with CFO, and its progress, which we read from its log.
    logging.getLogger("flaml").setLevel(logging.ERROR)


def search(
    folder: Path, data: TrainingRows, validation: Validation, log: TrialLog, watch: Watch
) -> str:
    """Run FLAML until it is over; a family that cannot be fitted is left out and told.

    Returns
    -------
    str
        Why the search ended.

    Raises
    ------
    SearchFailedError
        If no family can be fitted.
    """
    from automl_training.search.learners import make_learners
    from automl_training.search.trial_log import log_name
    from automl_training.search.watch import FamilyFailed, SearchOver

    events = EventWriter(folder)
    spec = watch.spec
    learners = make_learners(spec, watch)
    failures: list[str] = []
    for number in range(len(spec.families)):
        try:
            run_flaml(
                folder / log_name(number, watch.elapsed()),
                data,
                validation,
                learners,
                watch=watch,
                begin_with={trial.family: trial.config for trial in best_of_each(log.trials)},
            )
        except SearchOver as over:
            return str(over)
        except FamilyFailed as failure:
            lost = failure.family
            learners = {name: made for name, made in learners.items() if made.family != lost}
            failures.append(f"{lost} ({failure.reason})")
            watch.give_up(lost)
            events.tell("note", f"{lost} was given up: {failure.reason}")
            log.read()
        else:
            # FLAML looked at its clock between two trials, before the watch did.
            return "the time for searching was used up"
        if not learners:
            break
    log.read()
    if log.trials:
        return "no family was left to search"
    raise SearchFailedError(
        "None of the model families could be fitted to this table: " + "; ".join(failures)
    )


def run_flaml(
    log_path: Path,
    data: TrainingRows,
    validation: Validation,
    learners: dict[str, type[Learner]],
    *,
    watch: Watch,
    begin_with: dict[FamilyName, dict[str, Any]],
) -> None:
    """Run ``AutoML.fit`` once; it is left through an exception, as a rule."""
    from flaml import AutoML

    from automl_training.search.watch import SEARCH_SHARE

    spec, matrix, target, weights = watch.spec, data.matrix, data.target, data.weights
    fit: dict[str, Any] = {}
    if validation.is_cross_validation:
        fit |= {"X_train": matrix, "y_train": target, "eval_method": "cv", "split_type": validation}
        if weights is not None:
            fit["sample_weight"] = weights
    else:
        train, valid = validation.folds[0]
        fit |= {
            "X_train": matrix[train], "y_train": target[train],
            "X_val": matrix[valid], "y_val": target[valid],
            "eval_method": "holdout", "split_type": "uniform",
        }  # fmt: skip
        if weights is not None:
            fit |= {"sample_weight": weights[train], "sample_weight_val": weights[valid]}
    if spec.reproducible:
        # By its own choice FLAML might leave a family untried within few trials.
        limits: dict[str, Any] = {
            "time_budget": -1, "max_iter": _ENDLESS, "learner_selector": "roundrobin",
        }  # fmt: skip
    else:
        left = SEARCH_SHARE * spec.budget_s - watch.elapsed()
        limits = {"time_budget": max(1.0, left)}
    automl = AutoML()
    for name, made in learners.items():
        automl.add_learner(name, made)
    automl.fit(
        **fit,
        **limits,
        task=spec.task,
        metric=watch.metric,
        estimator_list=list(learners),
        starting_points={
            name: begin_with[made.family]
            for name, made in learners.items()
            if made.family in begin_with
        },
        n_jobs=spec.n_threads,
        seed=spec.seed,
        skip_transform=True,
        auto_augment=False,
        retrain_full=False,
        log_file_name=str(log_path),
        log_type="all",
        verbose=0,
    )


if __name__ == "__main__":
    # FLAML prints; the parent reads files.
    os.dup2(2, 1)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))  # type: ignore[arg-type] # the parent's own word
