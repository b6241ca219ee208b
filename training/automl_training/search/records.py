"""What goes into a search and what comes out of it, and how both lie in its folder."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from automl_core.records import EnsemblePolicy, FamilyName, Metric, Task
from automl_training.families import Candidate

#: Files of a search's folder. The parent writes the inputs, the child the others.
SPEC = "spec.json"
MATRIX = "X.npy"
TARGET = "y.npy"
WEIGHTS = "weights.npy"
GROUPS = "groups.npy"
TRIALS = "trials.jsonl"
"""Every trial, those of an earlier attempt first; the child appends to it."""
EVENTS = "events.jsonl"
STDERR = "stderr.txt"

#: Seconds before the hard deadline at which a last resort is begun if nothing is fitted:
#: starting Python with its libraries takes two to six of them.
RESCUE_SHARE = 0.12
MIN_RESCUE_S, MAX_RESCUE_S = 8.0, 40.0

#: Budgets beyond the hard deadline for which a search without any model is waited for: on a
#: machine that others use too, a late model is better than none.
LATE_FINISH_SHARE, LATE_RESCUE_SHARE = 0.5, 1.0


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
        Seconds after which the child is killed if there is a model, whatever it is doing.
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
        Families whose best configuration becomes a candidate.
    ensemble : {"auto", "off"}
        Whether a weighted mean of several models may be a candidate.
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
    ensemble: EnsemblePolicy = "auto"

    @property
    def rescue_at_s(self) -> float:
        """When a last resort is begun if nothing is fitted by then."""
        hard = self.hard_deadline_s
        return hard - min(max(RESCUE_SHARE * hard, MIN_RESCUE_S), MAX_RESCUE_S)

    @property
    def late_finish_s(self) -> float:
        """Until when kept models may be made a candidate if there is none."""
        return self.hard_deadline_s + LATE_FINISH_SHARE * self.budget_s

    @property
    def late_rescue_s(self) -> float:
        """Until when a last resort may go on if there is no candidate."""
        return self.hard_deadline_s + LATE_RESCUE_SHARE * self.budget_s

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


#: ``single``: fitted once; ``bag``: the mean of the models of its folds; ``ensemble``: the
#: weighted mean of several configurations.
Kind = Literal["single", "bag", "ensemble"]


@dataclass(frozen=True)
class OutOfFold:
    """Answers to training rows by models that were not fitted on them.

    Parameters
    ----------
    rows : ndarray of int64 of shape (n_answered,)
        Positions among the training rows, ascending.
    predictions : ndarray of float64 of shape (n_answered, n_classes) or (n_answered,)
        Probabilities, uncalibrated, or values.
    """

    rows: NDArray[np.int64]
    predictions: NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One configuration in a candidate, with its share of the answer (they sum to 1)."""

    family: FamilyName
    trial_id: int
    weight: float
    score: float


@dataclass(frozen=True)
class EnsembleNote:
    """Whether several models answer better together than the best of them, and how sure that is.

    Parameters
    ----------
    score : float or None
        Of the ensemble on out-of-fold answers, with weights that were chosen on other rows.
    best_single_score : float
        Of the best single configuration, chosen in the same way.
    gain, gain_low, gain_high : float or None
        How much smaller the ensemble's loss is, with the ends of its bootstrap interval.
    """

    considered: bool
    chosen: bool
    reason: str
    score: float | None = None
    best_single_score: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """A candidate with what is known of it.

    Parameters
    ----------
    trial : Trial
        Whose configuration it has; of an ensemble the heaviest member's.
    """

    candidate: Candidate
    kind: Kind
    trial: Trial
    members: tuple[Member, ...]
    out_of_fold: OutOfFold


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    trials : list of Trial
        In the order of evaluation.
    fitted : list of Fitted
        Candidates in the order in which they are preferred; at least one.
    evaluated_on : str
        Which rows the scores of the trials are of, in words.
    stopped_because : str
        Why the search ended, in words.
    ensemble : EnsembleNote or None
        None if it was not looked at.
    notes : list of str
        Whatever was given up or left out, in words.
    """

    trials: list[Trial]
    fitted: list[Fitted]
    evaluated_on: str
    stopped_because: str
    ensemble: EnsembleNote | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def candidates(self) -> list[Candidate]:
        """Fitted models, the preferred one first."""
        return [one.candidate for one in self.fitted]

    @property
    def fitted_trials(self) -> list[Trial]:
        """The trial of each candidate."""
        return [one.trial for one in self.fitted]

    @property
    def out_of_fold(self) -> list[OutOfFold]:
        """Answers of each candidate to rows it was not fitted on."""
        return [one.out_of_fold for one in self.fitted]


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
