"""The rows of each fold as the models take them, prepared once for all trials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_training.families import Coded
from automl_training.families.base import FloatArray, probabilities_of, values_of
from automl_training.families.target_codes import TargetCodes, fit_target_codes
from automl_training.search.fitting import TREES, Fit, FitPlan, fit
from automl_training.search.records import SearchSpec, TrainingRows

if TYPE_CHECKING:
    from automl_core.records import FamilyName

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Rows to fit on, with what was learned from them alone.

    Parameters
    ----------
    spec : SearchSpec
        What is searched for.
    data : TrainingRows
        All training rows.
    rows : ndarray of int64
        Those of this part.
    """

    spec: SearchSpec
    data: TrainingRows
    rows: Rows

    @cached_property
    def plain(self) -> TrainingRows:
        """The rows as they are encoded, class codes without gaps."""
        whole, rows = self.data, self.rows
        if rows.size == whole.n_rows:
            matrix, target, weights = whole.matrix, whole.target, whole.weights
        else:
            matrix, target = whole.matrix[rows], whole.target[rows]
            weights = None if whole.weights is None else whole.weights[rows]
        if self.present is not None:
            target = np.searchsorted(self.present, target)
        return TrainingRows(matrix, target, weights)

    @cached_property
    def present(self) -> NDArray[np.int64] | None:
        """Classes that the rows hold; None if all of them, or if there are none."""
        if self.spec.task == "regression":
            return None
        counts = np.bincount(self.data.target[self.rows], minlength=self.spec.n_classes)
        return None if counts.all() else np.flatnonzero(counts)

    @cached_property
    def _coded(self) -> tuple[TargetCodes, TrainingRows] | None:
        if self.present is not None:
            return None
        made = fit_target_codes(
            self.plain.matrix, self.plain.target, task=self.spec.task,
            n_classes=self.spec.n_classes, category_features=self.spec.category_features,
            weights=self.plain.weights, seed=self.spec.seed,
        )  # fmt: skip
        if made is None:
            return None
        codes, matrix = made
        return codes, TrainingRows(matrix, self.plain.target, self.plain.weights)

    @property
    def codes(self) -> TargetCodes | None:
        """What many-valued categories become; None if there are none."""
        return None if self._coded is None else self._coded[0]

    def prepare(self) -> None:
        """Make what is shared by all fits, before several threads ask for it."""
        _ = self.plain, self._coded

    def fit(self, family: FamilyName, config: dict[str, Any], plan: FitPlan) -> Fit:
        """Fit a configuration to these rows; the estimator answers rows as they are encoded.

        Raises
        ------
        FamilyFailed
            If the library cannot fit these rows.
        """
        rows, codes = self.plain, None
        if family in TREES and config.get("target_codes") and self._coded is not None:
            codes, rows = self._coded
        if config.get("balanced"):
            rows = TrainingRows(rows.matrix, rows.target, balanced_weights(rows))
        fitted = fit(family, config, rows, plan)
        if codes is None:
            return fitted
        return Fit(Coded(codes, fitted.estimator), fitted.curve, fitted.is_cut_short)

    def watched(self, rows: Rows, config: dict[str, Any], *, is_tree: bool) -> TrainingRows | None:
        """Other rows as a fit to these would see them, without classes that it cannot know."""
        target = self.data.target[rows]
        if self.present is not None:
            known = np.isin(target, self.present)
            rows, target = rows[known], np.searchsorted(self.present, target[known])
        if rows.size == 0:
            return None
        matrix = self.data.matrix[rows]
        if is_tree and config.get("target_codes") and self.codes is not None:
            matrix = self.codes.apply(matrix)
        weights = None if self.data.weights is None else self.data.weights[rows]
        made = TrainingRows(matrix, target, weights)
        if config.get("balanced"):
            made = TrainingRows(matrix, target, balanced_weights(made))
        return made

    def answer(self, estimator: Any, rows: Rows) -> FloatArray:
        """Answer other training rows: all classes' probabilities, or values."""
        matrix = self.data.matrix[rows]
        if self.spec.task == "regression":
            return values_of(estimator, matrix)
        narrow = probabilities_of(estimator, matrix)
        if self.present is None:
            return narrow
        wide = np.zeros((rows.size, self.spec.n_classes))
        wide[:, self.present] = narrow
        return wide


def balanced_weights(rows: TrainingRows) -> NDArray[np.float64]:
    """Weigh rows so that every class weighs alike, their mean weight kept."""
    base = np.ones(rows.n_rows) if rows.weights is None else rows.weights
    per_class = np.bincount(rows.target, weights=base)
    share = np.where(per_class > 0, per_class, 1.0)
    weights = base / share[rows.target]
    return np.asarray(weights * (base.sum() / weights.sum()))
