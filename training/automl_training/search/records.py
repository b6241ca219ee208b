"""What goes into a search and what comes out of it, and how both lie in its folder."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import FamilyName, Metric, Task
from automl_training.families import Candidate

#: Files of a search's folder. The parent writes the first four, the child the others.
SPEC = "spec.json"
MATRIX = "X.npy"
TARGET = "y.npy"
WEIGHTS = "weights.npy"
GROUPS = "groups.npy"
RESUME = "resume.jsonl"
TRIALS = "trials.jsonl"
EVENTS = "events.jsonl"
STDERR = "stderr.txt"

#: Seconds before the hard deadline at which a last resort is begun if nothing is fitted:
#: starting Python with its libraries takes two to six of them.
RESCUE_SHARE = 0.12
MIN_RESCUE_S, MAX_RESCUE_S = 8.0, 40.0


@dataclass(frozen=True)
class SearchSpec:
    """What to search for, and how long.

    Parameters
    ----------
    n_classes : int
        Number of classes, coded 0 … n_classes - 1; 0 for a regression.
    families : tuple of FamilyName
        Model families to search; those that do not suit the matrix are left out.
    category_features : dict of int to int
        Matrix column of each category, and its number of codes.
    budget_s : float
        Seconds for search and refits together.
    hard_deadline_s : float
        Seconds after which the child is killed, whatever it is doing.
    seed : int
        Of the folds, of the search and of every model.
    n_threads : int
        Threads of every fit.
    reproducible : bool
        Search ``max_trials`` trials, however long they take (the hard deadline stands), so
        that the same seed gives the same result.
    max_trials : int or None
        None: as many as fit, or, when reproducible, a number made of rows and budget.
    max_candidates : int
        Families whose best configuration is refitted on all rows.
    """

    task: Task
    n_classes: int
    metric: Metric
    families: tuple[FamilyName, ...]
    category_features: dict[int, int]
    budget_s: float
    hard_deadline_s: float
    seed: int = 0
    n_threads: int = 2
    reproducible: bool = False
    max_trials: int | None = None
    max_candidates: int = 4

    @property
    def rescue_at_s(self) -> float:
        """When a last resort is begun if nothing is fitted by then."""
        hard = self.hard_deadline_s
        return hard - min(max(RESCUE_SHARE * hard, MIN_RESCUE_S), MAX_RESCUE_S)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SearchSpec:
        """Read what :meth:`to_json` wrote; JSON knows neither tuples nor integer keys."""
        return cls(
            **values
            | {
                "families": tuple(values["families"]),
                "category_features": {
                    int(column): n for column, n in values["category_features"].items()
                },
            }
        )


@dataclass(frozen=True)
class TrainingRows:
    """What is learned from: the encoded matrix (float32), its target, and row weights."""

    matrix: NDArray[np.float32]
    target: NDArray[Any]
    weights: NDArray[np.float64] | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.target.size)


@dataclass(frozen=True)
class Trial:
    """One configuration of one family, evaluated on the validation rows.

    Parameters
    ----------
    trial_id : int
        From 1, in the order of evaluation.
    score, loss : float
        In the metric's orientation, and as the search minimises it (1 - score where
        higher is better).
    train_seconds : float
        Fitting and scoring of all folds.
    at_seconds : float
        When it ended, in seconds since the search began.
    sample_rows : int
        Rows it was evaluated with (before the folds were made); fewer than all where the
        search begins with a sample.
    """

    trial_id: int
    family: FamilyName
    score: float
    loss: float
    config: dict[str, Any]
    train_seconds: float
    at_seconds: float
    sample_rows: int

    def to_line(self) -> str:
        """Write as one line of strict JSON; a score that is not finite becomes null."""
        values = dataclasses.asdict(self)
        for name in ("score", "loss"):
            if not math.isfinite(values[name]):
                values[name] = None
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_line(cls, line: str) -> Trial:
        """Read what :meth:`to_line` wrote."""
        values = json.loads(line)
        for name in ("score", "loss"):
            if values[name] is None:
                values[name] = math.nan if name == "score" else math.inf
        return cls(**values)


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    trials : list of Trial
        In the order of evaluation.
    candidates : list of Candidate
        Fitted models, best validation score first; at least one.
    fitted_trials : list of Trial
        The trial whose configuration each candidate has.
    evaluated_on : str
        Which rows the scores of the trials are of, in words.
    stopped_because : str
        Why the search ended, in words.
    notes : list of str
        Whatever was given up or left out, in words.
    """

    trials: list[Trial]
    candidates: list[Candidate]
    fitted_trials: list[Trial]
    evaluated_on: str
    stopped_because: str
    notes: list[str] = field(default_factory=list)


def read_trials(path: Path) -> list[Trial]:
    """Read a trial log; a last line that was cut off by a kill is skipped."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [Trial.from_line(line) for line in lines if line]


def write_trials(path: Path, trials: Iterable[Trial]) -> None:
    """Write a trial log."""
    path.write_text("".join(f"{trial.to_line()}\n" for trial in trials), encoding="utf-8")


def best_of_each(trials: Iterable[Trial]) -> list[Trial]:
    """The best trial of each family, best first.

    On equal losses, the one that saw more rows, then the earlier one.
    """
    best: dict[FamilyName, Trial] = {}
    for trial in sorted(trials, key=_merit):
        best.setdefault(trial.family, trial)
    return sorted(best.values(), key=_merit)


def _merit(trial: Trial) -> tuple[float, int, int]:
    return (trial.loss if math.isfinite(trial.loss) else math.inf, -trial.sample_rows,
            trial.trial_id)  # fmt: skip
