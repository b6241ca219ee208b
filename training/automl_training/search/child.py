"""The process that searches: ``python -m automl_training.search.child FOLDER PHASE``.

It can be killed at any time. Every trial is in the log, and the models of the good ones on
disk, when the next one begins.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from dataclasses import dataclass
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
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from automl_training.search.kept import KeptTrials
    from automl_training.search.validation import Validation

#: ``search`` searches and makes candidates; ``finish`` only makes candidates of what was kept,
#: after a search that had to be killed; ``rescue`` fits one quick configuration to a sample.
Phase = Literal["search", "finish", "rescue"]

#: The exit code after an end that was told as an event, apart from that of a crash.
TOLD = 3


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
    try:
        work(
            Job(folder, spec, data, groups, time_ordered=values["time_ordered"], elapsed=elapsed),
            phase,
        )
    except SearchFailedError as error:
        EventWriter(folder).tell("failed", error.detail)
        return TOLD
    return 0


@dataclass(frozen=True)
class Job:
    """What a phase works on; ``elapsed`` gives the seconds since the parent began."""

    folder: Path
    spec: SearchSpec
    data: TrainingRows
    groups: NDArray[Any] | None
    time_ordered: bool
    elapsed: Callable[[], float]


def work(job: Job, phase: Phase) -> None:
    """Do one phase.

    Raises
    ------
    SearchFailedError
        If no family can be fitted, or the rows cannot be divided.
    """
    from automl_training.search.finish import Finish
    from automl_training.search.kept import KeptTrials
    from automl_training.search.rescue import rescue
    from automl_training.search.validation import make_validation

    if phase == "rescue":
        rescue(job.folder, job.spec, job.data, elapsed=job.elapsed)
        return
    validation = make_validation(
        job.data.target, job.spec, groups=job.groups, time_ordered=job.time_ordered,
        n_features=job.data.matrix.shape[1],
    )  # fmt: skip
    kept = KeptTrials(job.folder)
    if phase == "search":
        events = EventWriter(job.folder)
        events.tell("validation", validation.words, can_bag=validation.can_bag)
        events.tell("search_over", search(job, validation, kept))
    Finish(job.folder, job.spec, job.data, validation, job.elapsed).run(kept)


def search(job: Job, validation: Validation, kept: KeptTrials) -> str:
    """Try configurations until it is over; a family that cannot be fitted is left out and told.

    Returns
    -------
    str
        Why the search ended.

    Raises
    ------
    SearchFailedError
        If no family can be fitted.
    """
    from automl_training.search.fitting import FamilyFailed
    from automl_training.search.portfolio import Shape
    from automl_training.search.proposals import Proposals
    from automl_training.search.trial_log import TrialLog
    from automl_training.search.trials import Evaluator
    from automl_training.search.watch import SearchOver, Watch

    spec, data, elapsed = job.spec, job.data, job.elapsed
    events, log = EventWriter(job.folder), TrialLog(job.folder)
    watch = Watch(spec, not validation.can_bag, elapsed)
    failures: list[str] = []
    with Evaluator(spec, data, validation, elapsed) as evaluator:
        shape = Shape(
            spec, int(validation.folds[0][0].size), data.matrix.shape[1], validation.n_bagged,
            has_codes=evaluator.has_codes,
        )  # fmt: skip
        proposals = Proposals(spec.families, shape, log.trials)
        while len(failures) < len(spec.families):
            try:
                watch.check()
            except SearchOver as over:
                return str(over)
            time_s = watch.time_for_trial(is_long=proposals.is_unfinished)
            family, config = proposals.next(time_s)
            begun = elapsed()
            try:
                found = evaluator.evaluate(family, config, time_s=time_s)
            except FamilyFailed as failure:
                failures.append(f"{failure.family} ({failure.reason})")
                proposals.give_up(failure.family)
                watch.give_up(failure.family)
                events.tell("note", f"{failure.family} was given up: {failure.reason}")
                continue
            seconds = elapsed() - begun
            trial = found.as_trial(
                spec, len(log.trials) + 1, seconds=seconds, at_seconds=begun + seconds,
                n_rows=data.n_rows, n_folds=len(validation.folds),
            )  # fmt: skip
            log.add(trial)
            if found.models:
                kept.offer(trial, found)
            n_fitted = sum(train.size for train, _ in validation.folds[: found.n_folds])
            watch.count(trial, seconds * data.n_rows / max(1, n_fitted))
            proposals.learn(
                config, found, seconds=seconds, time_s=time_s, is_timed=not spec.reproducible
            )
    if log.trials:
        return "no family was left to search"
    raise SearchFailedError(
        "None of the model families could be fitted to this table: " + "; ".join(failures)
    )


def quiet() -> None:
    """Silence what third parties say about things that are as we want them."""
    # LightGBM was fitted on a plain matrix and scikit-learn asks for column names.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    # The penalties are searched over; a weak one may not converge, and its score shows it.
    warnings.filterwarnings("ignore", message="lbfgs failed to converge")
    # FLAML's notes that it searches without prices for its parameters.
    logging.getLogger("flaml").setLevel(logging.ERROR)


if __name__ == "__main__":
    # Libraries print; the parent reads files.
    os.dup2(2, 1)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))  # type: ignore[arg-type] # the parent's own word
