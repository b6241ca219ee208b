"""The search as its caller sees it: one call that keeps its time, whatever the child does."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np
from numpy.typing import NDArray

from automl_core.errors import SearchFailedError
from automl_core.records import FamilyName
from automl_training.families import Traits, family
from automl_training.families.linear import count_columns
from automl_training.search.events import EventReader
from automl_training.search.processes import Child
from automl_training.search.records import (
    EVENTS,
    GROUPS,
    MATRIX,
    SPEC,
    TARGET,
    TRIALS,
    WEIGHTS,
    EnsembleNote,
    Fitted,
    Member,
    SearchResult,
    SearchSpec,
    TrainingRows,
    Trial,
)
from automl_training.search.trial_log import TrialLog, write_trials
from automl_training.search.watch import SEARCH_SHARE

#: Seconds between two looks at the child, and at least so often the caller hears of it.
LOOK_S = 0.2
PROGRESS_S = 1.0

#: A trial that is in flight when the search should end may take this share of the budget
#: longer, and at least so many seconds; then the child is killed and another one finishes.
GRACE_SHARE = 0.06
GRACE_S = 2.0

#: Share of the time up to the deadline after which a reproducible search is given up: its
#: number of trials decides, and only the deadline may interfere.
REPRODUCIBLE_SHARE = 0.85

#: Trials a second of a reproducible search, and the cells times outputs at which they are half
#: as many: two cores made 18 trials of 2,344 x 79 in 29 s. A trial takes a tenth of the budget
#: at most (see ``portfolio``), so a few can always be made.
FIXED_TRIALS_PER_S = 1.0
CELLS_OF_HALF_SPEED = 150_000
MIN_FIXED_TRIALS, MAX_FIXED_TRIALS = 7, 400

CHILD = (sys.executable, "-m", "automl_training.search.child")

Phase = Literal["search", "finish", "rescue"]


def run_search(
    folder: Path,
    spec: SearchSpec,
    X: NDArray[np.float32],  # noqa: N803 - a matrix
    y: NDArray[Any],
    *,
    weights: NDArray[np.float64] | None = None,
    groups: NDArray[Any] | None = None,
    time_ordered: bool = False,
    resume: Sequence[Trial] = (),
    on_progress: Callable[[list[Trial]], None] = lambda trials: None,
    command: Sequence[str] = CHILD,
) -> SearchResult:
    """Search for models in a child process, and fit the best ones on all rows.

    Parameters
    ----------
    folder : Path
        Empty or new; holds the matrix, the logs and the candidates afterwards. The caller
        removes it.
    spec : SearchSpec
        What to search for, and how long.
    X : ndarray of float32 of shape (n_rows, n_features)
        Training rows as encoded; NaN is missing.
    y : ndarray of shape (n_rows,)
        Class codes 0 … n_classes - 1, every one of them present, or values.
    weights : ndarray of shape (n_rows,), optional
        Row weights, used in fitting and in scoring.
    groups : ndarray of shape (n_rows,), optional
        Group of each row; no group is trained on and scored on in one trial.
    time_ordered : bool
        The rows are in order of time, so trials are scored on later rows than they saw.
    resume : sequence of Trial
        Trials of an earlier, interrupted search on the same rows. The search starts from
        the best of each family. A reproducible search starts afresh, for resuming would
        change its result.
    on_progress : callable
        Gets all trials so far, at least once a second, also during the refits; what it
        raises ends the search, the child killed first.
    command : sequence of str
        The child's command; folder and phase are appended.

    Returns
    -------
    SearchResult
        With at least one candidate.

    Raises
    ------
    SearchFailedError
        If no model was fitted by the hard deadline, with the reason and what to do.
    """
    started = time.monotonic()
    data = TrainingRows(X, y, weights)
    spec, notes = _made_complete(spec, data)
    if spec.reproducible and resume:
        notes.append(f"{len(resume)} earlier trials were not used: a reproducible search is whole.")
        resume = ()
    _write_inputs(folder, spec, data, groups, time_ordered=time_ordered, resume=resume)
    run = _Run(folder, spec, tuple(command), started, on_progress, notes)
    run.to_the_end()
    return run.result(n_rows=y.size)


def _made_complete(spec: SearchSpec, data: TrainingRows) -> tuple[SearchSpec, list[str]]:
    """Leave out families that do not suit the matrix, and settle the number of trials."""
    if spec.task != "regression":
        counts = np.bincount(data.target, minlength=spec.n_classes)
        if counts.size != spec.n_classes or not counts.all():
            raise SearchFailedError(
                f"The training rows hold {np.count_nonzero(counts)} of {spec.n_classes} classes; "
                "every class needs a training row. Merge or remove the rare ones."
            )
    traits = Traits(
        n_rows=data.n_rows,
        n_features=data.matrix.shape[1],
        n_onehot=count_columns(data.matrix.shape[1], spec.category_features),
        task=spec.task,
        n_classes=spec.n_classes,
    )
    reasons: dict[FamilyName, str] = {}
    for name in spec.families:
        reason = family(name).why_not(traits)
        if reason is not None:
            reasons[name] = reason
    kept = tuple(name for name in spec.families if name not in reasons)
    notes = [f"{name} was left out: {reason}." for name, reason in reasons.items()]
    if not kept:
        raise SearchFailedError(
            "None of the chosen model families suits this table: " + " ".join(notes)
        )
    max_trials = spec.max_trials
    if spec.reproducible and max_trials is None:
        max_trials = fixed_trials(spec.budget_s, n_cells=data.matrix.size, n_classes=spec.n_classes)
    complete = dataclasses.replace(spec, families=kept, max_trials=max_trials)
    return complete, notes


def fixed_trials(budget_s: float, *, n_cells: int, n_classes: int) -> int:
    """Number of trials of a reproducible search: of budget and data, never of the clock.

    >>> fixed_trials(60, n_cells=344 * 9, n_classes=3)
    56
    >>> fixed_trials(60, n_cells=269_421 * 17, n_classes=2)
    7
    """
    # Boosting fits one tree a class and round.
    trees = n_classes if n_classes > 2 else 1
    per_s = FIXED_TRIALS_PER_S / (1 + n_cells * trees / CELLS_OF_HALF_SPEED)
    return int(np.clip(budget_s * per_s, MIN_FIXED_TRIALS, MAX_FIXED_TRIALS))


def _write_inputs(
    folder: Path,
    spec: SearchSpec,
    data: TrainingRows,
    groups: NDArray[Any] | None,
    *,
    time_ordered: bool,
    resume: Sequence[Trial],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in (EVENTS, WEIGHTS, GROUPS):
        (folder / left_over).unlink(missing_ok=True)
    for pattern in ("kept-*", "models-*", "candidate-*"):
        for path in folder.glob(pattern):
            path.unlink()
    np.save(folder / MATRIX, np.ascontiguousarray(data.matrix, dtype=np.float32))
    kind = np.float64 if spec.task == "regression" else np.int64
    np.save(folder / TARGET, data.target.astype(kind))
    if data.weights is not None:
        np.save(folder / WEIGHTS, np.asarray(data.weights, np.float64))
    if groups is not None:
        # Names of groups are nobody's business in the child; numbers will do.
        number = {name: code for code, name in enumerate(dict.fromkeys(groups.tolist()))}
        np.save(folder / GROUPS, np.array([number[name] for name in groups.tolist()], np.int64))
    write_trials(folder / TRIALS, resume)
    values = {
        "spec": spec.to_json(),
        "parent_pid": os.getpid(),
        "started_at": time.time(),
        "time_ordered": time_ordered,
    }
    (folder / SPEC).write_text(json.dumps(values), encoding="utf-8")


@dataclass
class _Run:
    """One search as it goes on: what the child has told so far, and the clock."""

    folder: Path
    spec: SearchSpec
    command: tuple[str, ...]
    started: float
    on_progress: Callable[[list[Trial]], None]
    notes: list[str]
    evaluated_on: str = ""
    stopped_because: str = ""
    fitted: list[dict[str, Any]] = field(default_factory=list)
    ensemble: EnsembleNote | None = None
    can_bag: bool = False
    failure: str | None = None
    told_at: float = 0.0

    def __post_init__(self) -> None:
        self.log = TrialLog(self.folder)
        self.events = EventReader(self.folder)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    @property
    def search_limit_s(self) -> float:
        """When a search that has not ended by itself is ended from outside."""
        if self.spec.reproducible:
            return self.spec.hard_deadline_s * REPRODUCIBLE_SHARE
        return SEARCH_SHARE * self.spec.budget_s + max(GRACE_S, GRACE_SHARE * self.spec.budget_s)

    def to_the_end(self) -> None:
        """Run the phases that it takes until something is fitted or the time is over."""
        self._phase("search", self.search_limit_s)
        if self.failure is not None:
            return
        if not self.fitted and self.log.trials and self.elapsed < self._finish_limit_s:
            self._phase("finish", self._finish_limit_s)
        if not self.fitted:
            self._phase("rescue", self.spec.late_rescue_s)

    @property
    def _finish_limit_s(self) -> float:
        """Until when kept trials may become a candidate while there is none.

        With models of the folds on disk it takes seconds, and what takes longer is the machine.
        """
        return self.spec.late_finish_s if self.can_bag else self.spec.rescue_at_s

    def _phase(self, phase: Phase, limit_s: float) -> None:
        """Run one child until it ends or has to be killed."""
        command = [*self.command, str(self.folder), phase]
        with Child(command, self.folder, n_threads=self.spec.n_threads) as child:
            while not child.wait(LOOK_S):
                self._listen()
                limit = self._limit(phase, limit_s)
                if self.elapsed >= limit:
                    child.kill()
                    self._note_kill(phase)
                    break
            self._listen(is_last=True)
            if child.exit_code not in (0, None) and self.failure is None:
                self._note_end(phase, child)

    def _limit(self, phase: Phase, limit_s: float) -> float:
        """Until when the child may go on, as things stand."""
        if self.fitted:
            return self.spec.hard_deadline_s
        if phase == "search" and self.stopped_because:
            return self._finish_limit_s
        return limit_s

    def _listen(self, *, is_last: bool = False) -> None:
        """Take in what is new, and tell the caller."""
        for event in self.events.read():
            self._hear(event)
        fresh = self.log.read()
        if fresh or is_last or self.elapsed - self.told_at >= PROGRESS_S:
            self.told_at = self.elapsed
            self.on_progress(list(self.log.trials))

    def _hear(self, event: dict[str, Any]) -> None:
        text = str(event["text"])
        if event["event"] == "validation":
            self.evaluated_on = text
            self.can_bag = bool(event["can_bag"])
        elif event["event"] == "search_over":
            self.stopped_because = text
        elif event["event"] == "fitted":
            self.fitted.append(event)
        elif event["event"] == "ensemble":
            values = event["note"]
            members = tuple(Member(**member) for member in values["members"])
            self.ensemble = EnsembleNote(**values | {"members": members})
        elif event["event"] == "failed":
            self.failure = text
        else:
            self.notes.append(f"{text}.")

    def _note_kill(self, phase: Phase) -> None:
        if not self.stopped_because:
            self.stopped_because = "the last trial took longer than the time for searching"
        if self.spec.reproducible:
            self.notes.append(
                "The deadline ended the search before all its trials were made, so another run "
                "may give another result; raise the time budget."
            )

    def _note_end(self, phase: Phase, child: Child) -> None:
        """Say why a child ended that was neither killed by us nor told its reason."""
        code = child.exit_code
        if code == -signal.SIGKILL:
            if self.stopped_because:
                return
            reason = (
                "the system killed it, most likely for lack of memory; exclude columns, train "
                "on fewer rows, or use a machine with more memory"
            )
        else:
            words = child.last_words().splitlines() or ["it said nothing"]
            reason = f"it ended with exit code {code}: {words[-1][:300]}"
        self.stopped_because = self.stopped_because or "the searching process ended early"
        self.notes.append(f"The process of the phase {phase} failed: {reason}.")

    def result(self, *, n_rows: int) -> SearchResult:
        """Load what was fitted.

        Raises
        ------
        SearchFailedError
            If nothing was.
        """
        if not self.fitted:
            detail = self.failure or (
                f"{len(self.log.trials)} trials ended, but no model could be fitted on the "
                f"{n_rows} training rows within {self.spec.hard_deadline_s:.0f} seconds. Raise "
                "the time budget, exclude columns, or train on fewer rows. " + " ".join(self.notes)
            )
            raise SearchFailedError(detail.strip(), folder=str(self.folder))
        fitted: list[Fitted] = [
            joblib.load(self.folder / event["file"])
            for event in sorted(self.fitted, key=lambda event: event["rank"])
        ]
        return SearchResult(
            trials=list(self.log.trials),
            fitted=fitted,
            evaluated_on=self.evaluated_on,
            stopped_because=self.stopped_because,
            ensemble=self.ensemble,
            notes=self.notes,
        )
