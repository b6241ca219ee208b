"""Which rows a trial is fitted on and which it is scored on.

Every class that can be is in every training part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import SearchFailedError
from automl_training.search.records import SearchSpec

Rows = NDArray[np.int64]

#: Cells times outputs for each second of the budget up to which a trial may fit every fold:
#: above it too few trials would be made, and one validation part is large enough to compare
#: models by.
MAX_CELLS_PER_S = 10_000

#: Rows from which on one validation part is enough, however long the budget, and cells beyond
#: which the folds' copies of the matrix would take hundreds of MB.
MAX_CROSS_VALIDATION_ROWS = 100_000
MAX_CROSS_VALIDATION_CELLS = 5_000_000

#: Divisible by two and three, the numbers of folds that are fitted side by side.
MAX_FOLDS = 6

#: Below this number of rows the folds are dealt out twice: one deal's scores are noise.
MAX_REPEATED_ROWS = 1_000

#: Rows of a validation part below which its score is mostly noise.
MIN_FOLD_ROWS = 10

#: Share of a single validation part, and the rows of it that are enough.
HOLDOUT_SHARE = 0.15
ENOUGH_ROWS = 15_000


@dataclass(frozen=True)
class Validation:
    """Pairs of training and validation rows; one pair is a plain validation part."""

    folds: list[tuple[Rows, Rows]]
    words: str
    can_bag: bool = True
    """Whether the models of the folds may answer together: each knows every class, and none
    was fitted on old rows only."""
    n_bagged: int = 1
    """Folds whose models answer together: those of the first deal."""

    @property
    def is_cross_validation(self) -> bool:
        """Tell whether there is more than one pair."""
        return len(self.folds) > 1


def make_validation(
    y: NDArray[Any],
    spec: SearchSpec,
    *,
    groups: NDArray[Any] | None,
    time_ordered: bool,
    n_features: int,
) -> Validation:
    """Decide how trials are evaluated.

    With groups and an order of time, validated are later rows of groups that were not
    trained on.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Class codes or values.
    groups : ndarray of int of shape (n_rows,), optional
        No group is on both sides.
    time_ordered : bool
        The rows are in order of time: what is validated on is later than what is trained on.

    Raises
    ------
    SearchFailedError
        If no pair leaves two rows (of a classification: two classes) to train on.
    """
    is_classification = spec.task != "regression"
    n_rows = y.size
    outputs = spec.n_classes if spec.n_classes > 2 else 1
    if _is_cheap(n_rows, n_features, outputs, spec.budget_s):
        n_folds = _count_folds(y, is_classification=is_classification)
        if groups is not None:
            n_folds = min(n_folds, int(np.unique(groups).size))
        words = f"{n_folds}-fold cross-validation on the {n_rows:,} training rows"
        if time_ordered:
            folds = _time_folds(n_rows, n_folds)
            words += ", always later rows than those trained on"
        elif groups is not None:
            folds = _group_folds(y, groups, n_folds, spec.seed)
            words += ", whole groups apart"
        else:
            folds = _shuffled_folds(y, n_folds, spec.seed, is_classification=is_classification)
            if n_rows < MAX_REPEATED_ROWS:
                words = f"twice repeated {words}"
                folds += _shuffled_folds(
                    y, n_folds, spec.seed + 1, is_classification=is_classification
                )
    else:
        share = min(HOLDOUT_SHARE, ENOUGH_ROWS / n_rows)
        n_parts = round(1 / share)
        words = f"{100 / n_parts:.0f} % of the {n_rows:,} training rows, not trained on"
        if time_ordered:
            folds = _time_folds(n_rows, n_parts - 1)[-1:]
            words += ", the latest ones"
        elif groups is not None:
            folds = _group_folds(y, groups, n_parts, spec.seed)[:1]
            words += ", whole groups apart"
        else:
            folds = _shuffled_folds(y, n_parts, spec.seed, is_classification=is_classification)[:1]
    if time_ordered and groups is not None:
        folds = [(_without_groups(train, valid, groups), valid) for train, valid in folds]
        words += ", of groups not trained on"
    n_bagged = len(folds) // 2 if words.startswith("twice") else len(folds)
    folds = [
        (train, valid)
        for train, valid in folds
        if valid.size and train.size >= 2 and (not is_classification or _has_two(y[train]))
    ]
    if not folds:
        raise SearchFailedError(
            f"The {n_rows} training rows cannot be divided so that models can be compared on "
            "rows they were not fitted on. Upload more rows, or choose another split."
        )
    is_complete = not is_classification or all(
        np.bincount(y[train], minlength=spec.n_classes).all() for train, _ in folds
    )
    can_bag = is_complete and not time_ordered
    return Validation(folds, words, can_bag, min(n_bagged, len(folds)))


def _is_cheap(n_rows: int, n_features: int, outputs: int, budget_s: float) -> bool:
    """Tell whether every trial may fit all folds."""
    cells = n_rows * n_features
    if n_rows < MAX_REPEATED_ROWS:
        return cells <= MAX_CROSS_VALIDATION_CELLS
    is_small = cells * outputs <= MAX_CELLS_PER_S * budget_s
    return is_small and n_rows < MAX_CROSS_VALIDATION_ROWS and cells <= MAX_CROSS_VALIDATION_CELLS


def _without_groups(train: Rows, valid: Rows, groups: NDArray[Any]) -> Rows:
    """Leave out training rows of groups that are validated on, unless that leaves none."""
    apart: Rows = train[~np.isin(groups[train], groups[valid])]
    return apart if apart.size >= MIN_FOLD_ROWS else train


def _has_two(y: NDArray[Any]) -> bool:
    return bool((y != y[0]).any())


def _count_folds(y: NDArray[Any], *, is_classification: bool) -> int:
    """As many as can be, so that a fold keeps ten rows and two classes."""
    limits = [MAX_FOLDS, y.size // MIN_FOLD_ROWS]
    if is_classification:
        # Scores such as ROC AUC need a second class in each validation part.
        limits.append(int(np.sort(np.bincount(y))[-2]))
    return max(2, min(limits))


def _shuffled_folds(
    y: NDArray[Any], n_folds: int, seed: int, *, is_classification: bool
) -> list[tuple[Rows, Rows]]:
    """Deal the rows out one by one, class by class.

    A class of fewer rows than folds is validated in as many folds as it has rows; a class
    of one row always trains, so that every fold can learn every class.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(y.size)
    if is_classification:
        order = order[np.argsort(y[order], kind="stable")]
    fold_of = np.empty(y.size, np.int64)
    fold_of[order] = np.arange(y.size) % n_folds
    if is_classification:
        fold_of[(np.bincount(y) == 1)[y]] = -1
    return _pairs(fold_of, n_folds)


def _pairs(fold_of: NDArray[np.int64], n_folds: int) -> list[tuple[Rows, Rows]]:
    return [
        (np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold))
        for fold in range(n_folds)
    ]


def _time_folds(n_rows: int, n_folds: int) -> list[tuple[Rows, Rows]]:
    """Growing windows: each of the last ``n_folds`` of ``n_folds + 1`` equal parts in turn."""
    edges = np.linspace(0, n_rows, n_folds + 2).round().astype(np.int64)
    rows = np.arange(n_rows)
    return [
        (rows[: edges[part]], rows[edges[part] : edges[part + 1]]) for part in range(1, n_folds + 1)
    ]


def _group_folds(
    y: NDArray[Any], groups: NDArray[Any], n_folds: int, seed: int
) -> list[tuple[Rows, Rows]]:
    """Deal whole groups out, the largest first, each to the fold that has least rows yet."""
    codes = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(codes)
    n_folds = min(n_folds, sizes.size)
    if n_folds < 2:
        raise SearchFailedError(
            "All training rows belong to one group, so models cannot be compared on groups "
            "they were not fitted on. Choose another group column, or none."
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(sizes.size)
    order = order[np.argsort(-sizes[order], kind="stable")]
    rows_in = np.zeros(n_folds, np.int64)
    fold_of_group = np.empty(sizes.size, np.int64)
    for group in order:
        fold = int(rows_in.argmin())
        fold_of_group[group] = fold
        rows_in[fold] += sizes[group]
    return _pairs(fold_of_group[codes], n_folds)
