"""Making candidates of the kept trials: blends of their fold models, or fits on all rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from automl_training.families import Blend, Candidate
from automl_training.scoring import score_of
from automl_training.search.ensemble import judge, members_of, pool_of
from automl_training.search.events import EventWriter
from automl_training.search.fitting import FamilyFailed, FitPlan
from automl_training.search.folds import Part
from automl_training.search.kept import Kept, KeptTrials
from automl_training.search.records import (
    EnsembleNote,
    Fitted,
    Kind,
    Member,
    OutOfFold,
    SearchSpec,
    TrainingRows,
)
from automl_training.search.trials import loss_on
from automl_training.search.validation import Validation

#: A fit on all rows takes this much longer than its folds tell: seldom is it exactly linear in
#: rows, or the machine idle.
REFIT_SLACK = 1.3

#: Candidates that are fitted even if the budget is used up: should the export of the first not
#: prove exact, there is another one.
WANTED = 2


@dataclass
class Finish:
    """Writes candidates to the search's folder, each whole before the next one is begun.

    Parameters
    ----------
    elapsed : callable
        Seconds since the search began.
    """

    folder: Path
    spec: SearchSpec
    data: TrainingRows
    validation: Validation
    elapsed: Callable[[], float]
    _n_fitted: int = 0
    _models: dict[int, list[Any]] = field(default_factory=dict)

    def run(self, kept_trials: KeptTrials) -> int:
        """Make candidates while there is time; tell how many.

        The best trial comes first, so that there is a candidate whatever happens; then an
        ensemble, preferred to it if it is better by more than noise; then the best trials of
        other families.
        """
        kept = [one for one in kept_trials.trials if math.isfinite(one.trial.loss)]
        if not kept:
            return 0
        best: dict[str, Kept] = {}
        for one in kept:
            best.setdefault(one.trial.family, one)
        singles = [members_of([one], np.ones(1)) for one in best.values()]
        self._make(singles[0], kept, kept_trials, rank=1)
        note = self._decide(kept)
        EventWriter(self.folder).tell("ensemble", note.reason, note=asdict(note))
        if note.chosen:
            self._make(note.members, kept, kept_trials, rank=0)
        for rank, members in enumerate(singles[1 : self.spec.max_candidates], 2):
            if self._n_fitted >= WANTED and self._is_late():
                break
            self._make(members, kept, kept_trials, rank=rank)
        return self._n_fitted

    def _is_late(self) -> bool:
        return not self.spec.reproducible and self.elapsed() > self.spec.budget_s

    def _make(
        self,
        members: Sequence[Member],
        kept: Sequence[Kept],
        kept_trials: KeptTrials,
        *,
        rank: int,
    ) -> None:
        by_id = {one.trial.trial_id: one for one in kept}
        parts = [by_id[member.trial_id] for member in members]
        try:
            for one in parts:
                if one.trial.trial_id not in self._models:
                    self._models[one.trial.trial_id] = self._models_of(kept_trials, one)
        except FamilyFailed as failure:
            EventWriter(self.folder).tell(
                "note", f"{failure.family} was not fitted again: {failure.reason}"
            )
            return
        self._write(members, parts, rank)

    def _decide(self, kept: Sequence[Kept]) -> EnsembleNote:
        if self.spec.ensemble == "off":
            return EnsembleNote(False, False, "Ensembles are switched off.")
        if len(kept) < 2:
            return EnsembleNote(False, False, "There is one trial only.")
        if not self.validation.can_bag and not self._may_refit_several(kept):
            return EnsembleNote(False, False, "There is no time to fit several models again.")
        return judge(pool_of(self.spec, self.data, kept))[0]

    def _may_refit_several(self, kept: Sequence[Kept]) -> bool:
        if self.spec.reproducible:
            return True
        needed = sum(self._refit_s(one) for one in kept[:3])
        return self.elapsed() + REFIT_SLACK * needed <= self.spec.budget_s

    def _refit_s(self, kept: Kept) -> float:
        n_fitted = sum(train.size for train, _ in self.validation.folds)
        return kept.trial.train_seconds * self.data.n_rows / max(1, n_fitted)

    def _models_of(self, kept_trials: KeptTrials, kept: Kept) -> list[Any]:
        """The models that answer for a trial: of its folds, or one fitted on all rows."""
        if self.validation.can_bag:
            return kept_trials.models(kept)
        until = self.spec.rescue_at_s if not self._n_fitted else self.spec.hard_deadline_s
        plan = FitPlan(
            self.spec, self.spec.n_threads,
            lambda: not self.spec.reproducible and self.elapsed() >= until,
        )  # fmt: skip
        part = Part(self.spec, self.data, np.arange(self.data.n_rows))
        return [part.fit(kept.trial.family, kept.trial.config, plan).estimator]

    def _write(self, members: Sequence[Member], kept: Sequence[Kept], rank: int) -> None:
        models = self._models
        flat = [
            (model, member.weight / len(models[member.trial_id]), member.family)
            for member in members
            for model in models[member.trial_id]
        ]
        estimator = flat[0][0] if len(flat) == 1 else _blend(flat)
        kind: Kind = "ensemble"
        if len(members) == 1:
            kind = "single" if len(flat) == 1 else "bag"
        predictions = np.zeros(kept[0].predictions.shape)
        for member, one in zip(members, kept, strict=True):
            predictions += member.weight * one.predictions
        rows = kept[0].rows
        loss = loss_on(self.spec, self.data, rows, predictions)
        candidate = Candidate(
            family=members[0].family if len(members) == 1 else "ensemble",
            config=dict(kept[0].trial.config)
            if len(members) == 1
            else {
                "members": [
                    {"family": member.family, "weight": member.weight,
                     "trial_id": member.trial_id, "config": dict(one.trial.config)}
                    for member, one in zip(members, kept, strict=True)
                ]
            },
            estimator=estimator,
            task=self.spec.task,
            n_classes=self.spec.n_classes,
            validation_score=score_of(self.spec.metric, loss),
            n_rows=self._n_rows(),
        )  # fmt: skip
        fitted = Fitted(
            candidate, kind, kept[0].trial, tuple(members), OutOfFold(rows, predictions)
        )
        write_fitted(self.folder, self._n_fitted, fitted, rank=rank)
        self._n_fitted += 1

    def _n_rows(self) -> int:
        """Rows that a candidate has learned from: all of them in its folds together."""
        if not self.validation.can_bag or self.validation.is_cross_validation:
            return self.data.n_rows
        return int(self.validation.folds[0][0].size)


def write_fitted(folder: Path, number: int, fitted: Fitted, *, rank: int) -> None:
    """Put a candidate on disk, whole, and tell of it; the lowest rank is preferred."""
    name = f"candidate-{number}.joblib"
    joblib.dump(fitted, folder / f"{name}.part")
    (folder / f"{name}.part").replace(folder / name)
    words = f"{fitted.candidate.family} is ready"
    EventWriter(folder).tell("fitted", words, file=name, rank=rank)


def _blend(flat: Sequence[tuple[Any, float, Any]]) -> Blend:
    weights = np.array([weight for _, weight, _ in flat])
    return Blend(
        members=tuple(model for model, _, _ in flat),
        weights=tuple((weights / weights.sum()).tolist()),
        families=tuple(family for _, _, family in flat),
    )
