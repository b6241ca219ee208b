"""Which rows a trial is fitted on and which it is scored on.

Made here rather than by FLAML, whose own choice depends on the budget and ignores rare
classes: every class that can be is in every training part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import SearchFailedError
from automl_training.search.records import SearchSpec

Rows = NDArray[np.int64]

#: From this number of rows on, one validation part is large enough to compare models by,
#: and five fits a trial would cost four fifths of the trials.
MAX_CROSS_VALIDATION_ROWS = 20_000

MAX_FOLDS = 5

#: Rows of a validation part below which its score is mostly noise.
MIN_FOLD_ROWS = 10

#: Share of a single validation part, below and from the number of rows beside it. A part of
#: 10 % of 20,000 rows would hold 40 positives of a class of 2 %.
HOLDOUT_SHARE = 0.2
LARGE_ROWS = 100_000
LARGE_HOLDOUT_SHARE = 0.1


@dataclass(frozen=True)
class Validation:
    """Pairs of training and validation rows; one pair is a plain validation part.

    Has the interface of a scikit-learn splitter, which is how FLAML takes it.
    """

    folds: list[tuple[Rows, Rows]]
    words: str
    shuffle: bool = False

    @property
    def is_cross_validation(self) -> bool:
        """Tell whether there is more than one pair."""
        return len(self.folds) > 1

    def get_n_splits(self, *_: Any) -> int:
        """Number of folds."""
        return len(self.folds)

    def split(self, *_: Any) -> Iterator[tuple[Rows, Rows]]:
        """Give the pairs."""
        return iter(self.folds)


def make_validation(
    y: NDArray[Any],
    spec: SearchSpec,
    *,
    groups: NDArray[Any] | None,
    time_ordered: bool,
) -> Validation:
    """Decide how trials are evaluated.

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
    if n_rows < MAX_CROSS_VALIDATION_ROWS:
        n_folds = _count_folds(y, is_classification=is_classification)
        if groups is not None:
            n_folds = min(n_folds, int(np.unique(groups).size))
        words = f"{n_folds}-fold cross-validation on the {n_rows:,} training rows"
        if groups is not None:
            folds = _group_folds(y, groups, n_folds, spec)
            words += ", whole groups apart"
        elif time_ordered:
            folds = _time_folds(n_rows, n_folds)
            words += ", always later rows than those trained on"
        else:
            folds = _shuffled_folds(y, n_folds, spec)
    else:
        share = LARGE_HOLDOUT_SHARE if n_rows >= LARGE_ROWS else HOLDOUT_SHARE
        n_parts = round(1 / share)
        words = f"{100 * share:.0f} % of the {n_rows:,} training rows, not trained on by the trials"
        if groups is not None:
            folds = _group_folds(y, groups, n_parts, spec)[:1]
            words += ", whole groups apart"
        elif time_ordered:
            folds = _time_folds(n_rows, n_parts - 1)[-1:]
            words += ", the latest ones"
        else:
            folds = _shuffled_folds(y, n_parts, spec)[:1]
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
    return Validation(folds, words)


def _has_two(y: NDArray[Any]) -> bool:
    return bool((y != y[0]).any())


def _count_folds(y: NDArray[Any], *, is_classification: bool) -> int:
    """Five, or fewer so that a fold keeps ten rows and two classes."""
    limits = [MAX_FOLDS, y.size // MIN_FOLD_ROWS]
    if is_classification:
        # Scores such as ROC AUC need a second class in each validation part.
        limits.append(int(np.sort(np.bincount(y))[-2]))
    return max(2, min(limits))


def _shuffled_folds(y: NDArray[Any], n_folds: int, spec: SearchSpec) -> list[tuple[Rows, Rows]]:
    """Deal the rows out one by one, class by class.

    A class of fewer rows than folds is validated in as many folds as it has rows; a class
    of one row always trains, so that every fold can learn every class.
    """
    rng = np.random.default_rng(spec.seed)
    order = rng.permutation(y.size)
    if spec.task != "regression":
        order = order[np.argsort(y[order], kind="stable")]
    fold_of = np.empty(y.size, np.int64)
    fold_of[order] = np.arange(y.size) % n_folds
    if spec.task != "regression":
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
    y: NDArray[Any], groups: NDArray[Any], n_folds: int, spec: SearchSpec
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
    rng = np.random.default_rng(spec.seed)
    order = rng.permutation(sizes.size)
    order = order[np.argsort(-sizes[order], kind="stable")]
    rows_in = np.zeros(n_folds, np.int64)
    fold_of_group = np.empty(sizes.size, np.int64)
    for group in order:
        fold = int(rows_in.argmin())
        fold_of_group[group] = fold
        rows_in[fold] += sizes[group]
    return _pairs(fold_of_group[codes], n_folds)
