"""The good trials' models and answers, kept on disk while the search goes on.

What is there when the child is killed is what a later phase makes candidates of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from automl_training.search.records import Trial
from automl_training.search.trials import Evaluated

#: Trials that are kept: the best of each family, and the best of all.
BEST_OF_EACH = 2
BEST_OF_ALL = 12

#: Bytes of out-of-fold answers that may be held at once; with many rows and classes fewer
#: trials are kept.
MAX_BYTES = 400 * 1024**2


@dataclass(frozen=True)
class Kept:
    """A trial with its answers to rows that its models have not seen.

    Parameters
    ----------
    n_trees : int
        Of all its models; 0 for a linear one.
    """

    trial: Trial
    rows: NDArray[np.int64]
    predictions: NDArray[np.float32]
    n_trees: int
    n_leaves: int


class KeptTrials:
    """The kept trials of a search's folder.

    Parameters
    ----------
    folder : Path
        The search's folder; what is in it already is taken over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[int, Kept] = {}
        for path in sorted(folder.glob("kept-*.joblib")):
            kept: Kept = joblib.load(path)
            if self._models(kept.trial.trial_id).exists():
                self._kept[kept.trial.trial_id] = kept

    @property
    def trials(self) -> list[Kept]:
        """Best first."""
        return sorted(self._kept.values(), key=lambda kept: (kept.trial.loss, kept.trial.trial_id))

    def models(self, kept: Kept) -> list[Any]:
        """The models of a trial's folds."""
        models: list[Any] = joblib.load(self._models(kept.trial.trial_id))
        return models

    def offer(self, trial: Trial, found: Evaluated) -> None:
        """Keep a trial if it is among the best; let another one go for it."""
        n_trees, n_leaves = count(found.models)
        kept = Kept(trial, found.rows, found.predictions, n_trees, n_leaves)
        wanted = _chosen([*self._kept.values(), kept])
        if trial.trial_id in wanted:
            # Models first: an entry without models would be of no use.
            _write(self._models(trial.trial_id), found.models)
            _write(self._entry(trial.trial_id), kept)
            self._kept[trial.trial_id] = kept
        for trial_id in set(self._kept) - wanted:
            del self._kept[trial_id]
            self._entry(trial_id).unlink(missing_ok=True)
            self._models(trial_id).unlink(missing_ok=True)

    def _entry(self, trial_id: int) -> Path:
        return self._folder / f"kept-{trial_id:05d}.joblib"

    def _models(self, trial_id: int) -> Path:
        return self._folder / f"models-{trial_id:05d}.joblib"


def _chosen(all_kept: Sequence[Kept]) -> set[int]:
    ranked = sorted(all_kept, key=lambda kept: (kept.trial.loss, kept.trial.trial_id))
    affordable = max(4, MAX_BYTES // max(1, ranked[0].predictions.nbytes))
    chosen: list[int] = []
    of_family: dict[str, int] = {}
    for kept in ranked:
        family = kept.trial.family
        of_family[family] = of_family.get(family, 0) + 1
        if of_family[family] <= BEST_OF_EACH:
            chosen.append(kept.trial.trial_id)
    best = [kept.trial.trial_id for kept in ranked[:BEST_OF_ALL]]
    # Families' best first where not all can be kept.
    return set(list(dict.fromkeys([*chosen, *best]))[:affordable])


def _write(path: Path, value: Any) -> None:
    part = path.with_suffix(".part")
    joblib.dump(value, part)
    part.replace(path)


def count(models: Sequence[Any]) -> tuple[int, int]:
    """Count the trees of fitted models and, about, their leaves."""
    trees = leaves = 0
    for model in models:
        raw = getattr(model, "estimator", model) if hasattr(model, "codes") else model
        if hasattr(raw, "booster_"):
            n = raw.booster_.num_trees()
            trees, leaves = trees + n, leaves + n * raw.get_params()["num_leaves"]
        elif hasattr(raw, "get_booster"):
            booster = raw.get_booster()
            n = booster.num_boosted_rounds() * max(1, _width(raw))
            depth = raw.get_params()["max_depth"]
            trees, leaves = trees + n, leaves + n * min(2**depth, 4 * depth**2)
        elif hasattr(raw, "_predictors"):
            grown = [tree for of_round in raw._predictors for tree in of_round]
            trees += len(grown)
            leaves += sum(tree.get_n_leaf_nodes() for tree in grown)
        elif hasattr(raw, "estimators_"):
            trees += len(raw.estimators_)
            leaves += sum(int(tree.tree_.n_leaves) for tree in raw.estimators_)
    return trees, leaves


def _width(model: Any) -> int:
    n_classes = len(getattr(model, "classes_", ()))
    return n_classes if n_classes > 2 else 1
