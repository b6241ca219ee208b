"""What one column alone tells about the target, measured out of fold.

Rows are dealt to five folds, alike in every class. A number is cut into fine ranges once;
on four folds a tree of depth 3 is grown over them, and the fifth is judged by it. The means
of the ranges themselves, and a straight line for a numeric target, see what eight leaves
cannot; the best of them counts. A category answers with the means of the other
four folds, so that an identifier scores nothing. Missing is a range of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.feature_bins import Bins, group_ranges, sum_groups
from automl_core.tabular.parquet_source import Codes, Floats, SampleColumn
from automl_core.tabular.thresholds import MAX_SCORED_CLASSES, MIN_SCORED_CLASS_ROWS

N_FOLDS: Final = 5
DEPTH: Final = 3
MIN_LEAF_ROWS: Final = 5
SHRINKAGE: Final = 1.0
"""Rows of prior in each leaf, range or category."""
MEAN_SHRINKAGE: Final = 0.1
"""The same for a numeric target: a whole row would hide a copy in ranges of few rows."""


@dataclass(frozen=True)
class Answer:
    """The target on the scored rows.

    Attributes
    ----------
    folds : ndarray of shape (n_rows,)
    classes : ndarray of shape (n_rows,)
        Class codes from 0 without gaps, at most ``MAX_SCORED_CLASSES`` and one for the rest;
        for a numeric target tenths of its range.
    n_classes : int
    scored : tuple of int
        Classes whose area counts: one of two, else all that have rows enough.
    numbers : ndarray of shape (n_rows,) or None
        The numeric target minus its mean; None for classes.
    ranks : ndarray of shape (n_rows,) or None
        Its ranks minus their mean.
    """

    folds: Codes
    classes: Codes
    n_classes: int
    scored: tuple[int, ...] = ()
    numbers: Floats | None = None
    ranks: Floats | None = None


@dataclass(frozen=True)
class Score:
    """What a feature reaches alone; ``order`` is R² of the target's ranks, for numbers."""

    value: float
    order: float | None = None


# -- Target ---------------------------------------------------------------------------


def assign_folds(target: npt.NDArray[Any], *, seed: int) -> Codes:
    """Fold number of each row, alike in every class (or along the target's range).

    Rows are shuffled, sorted by target and dealt out in turn.
    """
    shuffled = np.random.default_rng(seed).permutation(len(target))
    order = shuffled[np.argsort(target[shuffled], kind="stable")]
    folds = np.empty(len(target), dtype=np.int64)
    folds[order] = np.arange(len(target)) % N_FOLDS
    return folds


def class_answer(classes: Codes, *, seed: int) -> Answer:
    """Make an answer of class codes from 0; rare classes beyond the cap become one."""
    rows = np.bincount(classes)
    n_classes = len(rows)
    folds = assign_folds(classes, seed=seed)
    if n_classes > MAX_SCORED_CLASSES:
        kept = np.argsort(-rows, kind="stable")[:MAX_SCORED_CLASSES]
        renumbered = np.full(n_classes, MAX_SCORED_CLASSES)
        renumbered[kept] = np.arange(MAX_SCORED_CLASSES)
        scored = tuple(i for i, c in enumerate(kept.tolist()) if rows[c] >= MIN_SCORED_CLASS_ROWS)
        return Answer(folds, renumbered[classes], MAX_SCORED_CLASSES + 1, scored)
    if n_classes == 2:
        return Answer(folds, classes, 2, (int(np.argmin(rows)),))
    enough = tuple(np.flatnonzero(rows >= MIN_SCORED_CLASS_ROWS).tolist())
    return Answer(folds, classes, n_classes, enough if len(enough) > 1 else tuple(range(n_classes)))


def number_answer(target: Floats, *, seed: int) -> Answer:
    """Make an answer of a numeric target without gaps."""
    distinct, inverse, rows = np.unique(target, return_inverse=True, return_counts=True)
    ends = np.cumsum(rows)
    ranks = (ends - (rows - 1) / 2.0)[inverse]
    tenths = np.minimum((ranks - 1) * 10 // len(target), 9).astype(np.int64)
    _, tenths = np.unique(tenths, return_inverse=True)
    return Answer(
        assign_folds(inverse, seed=seed),
        tenths.astype(np.int64),
        int(tenths.max()) + 1,
        numbers=target - target.mean() if len(distinct) > 1 else np.zeros(len(target)),
        ranks=ranks - ranks.mean(),
    )


# -- Features -------------------------------------------------------------------------


def count_cells(bins: Bins, answer: Answer) -> Codes:
    """Rows of each fold, class and bin; shape (N_FOLDS, n_classes, n_bins)."""
    key = (answer.folds * answer.n_classes + answer.classes) * bins.n + bins.of_row
    shape = (N_FOLDS, answer.n_classes, bins.n)
    return np.bincount(key, minlength=shape[0] * shape[1] * shape[2]).reshape(shape)


# -- Scores ---------------------------------------------------------------------------


def class_score(bins: Bins, cells: Codes, answer: Answer) -> Score | None:
    """Area under the ROC curve that the feature alone reaches out of fold.

    0.5 is chance, 1 is certain. Of several classes the mean of each against the rest. None
    if no fold had both sides.
    """
    train = cells.sum(axis=0) - cells
    scored = list(answer.scored)
    if not bins.is_ordered:
        return _mean_area(train, cells, scored)
    # Every class weighs the same in the splits, so that a rare one is not overlooked.
    weight = 1.0 / np.maximum(train.sum(axis=2, keepdims=True), 1)
    bounds = _grow(train * weight, None, train.sum(axis=1))
    tree = _mean_area(_leaves(train, bounds), _leaves(cells, bounds), scored)
    fine = _mean_area(train, cells, scored)
    if tree is None or fine is None:
        return tree
    return max(tree, fine, key=lambda score: score.value)


def number_score(bins: Bins, column: SampleColumn, answer: Answer, cells: Codes) -> Score | None:
    """Share of the target's variance that the feature alone explains out of fold (R²).

    The best of the tree, the means of the ranges (or categories) and, for a number, a
    straight line. May be negative; None if the target is constant.
    """
    assert answer.numbers is not None
    assert answer.ranks is not None
    total = float((answer.numbers**2).sum())
    if total <= 0:
        return None
    rows = cells.sum(axis=1)
    key = answer.folds * bins.n + bins.of_row

    def sums_of(values: Floats) -> Floats:
        return np.bincount(key, weights=values, minlength=rows.size).reshape(rows.shape)

    sums = sums_of(answer.numbers)
    found = [_explained(rows, sums, total)]
    order = _explained(rows, sums_of(answer.ranks), float((answer.ranks**2).sum()))
    if bins.is_ordered:
        train_rows, train_sums = rows.sum(axis=0) - rows, sums.sum(axis=0) - sums
        bounds = _grow(train_sums[:, None, :], train_rows, train_rows)
        leaf_rows = _leaves(rows[:, None, :], bounds)[:, 0]
        leaf_sums = _leaves(sums[:, None, :], bounds)[:, 0]
        train_leaves = (
            _leaves(train_rows[:, None, :], bounds)[:, 0],
            _leaves(train_sums[:, None, :], bounds)[:, 0],
        )
        found.append(_explained(leaf_rows, leaf_sums, total, train_leaves))
        assert column.numbers is not None
        line = _line(column.numbers, answer.numbers, answer.folds, total)
        found += [] if line is None else [line]
    return Score(max(found), order)


def mutual_information(bins: Bins, cells: Codes, class_weight: Floats) -> float:
    """Bits that the feature tells about the class (or the tenth of a numeric target).

    Of at most 20 ranges, or of the categories with five rows or more. The bias of small
    tables is taken off.

    References
    ----------
    Miller: Note on the bias of information estimates, in Information Theory in Psychology,
    1955.
    """
    counts = cells.sum(axis=0)
    rows = counts.sum(axis=0)
    if bins.is_ordered:
        groups = group_ranges(rows[:-1], 20)
        known = sum_groups(counts[:, :-1], groups)
    else:
        often = rows[:-1] >= MIN_LEAF_ROWS
        rest = counts[:, :-1][:, ~often].sum(axis=1, keepdims=True)
        known = np.concatenate((counts[:, :-1][:, often], rest), axis=1)
    table = np.concatenate((known, counts[:, -1:]), axis=1) * class_weight[:, None]
    table = table[:, table.sum(axis=0) > 0]
    n = float(table.sum())
    if n <= 0 or table.shape[1] < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    there = table > 0
    bits = float((table[there] * np.log2(table[there] / expected[there])).sum()) / n
    used = int((table.sum(axis=1) > 0).sum())
    bias: float = (int(there.sum()) - used - table.shape[1] + 1) / (2 * n * math.log(2))
    return max(0.0, bits - bias)


# -- Parts ----------------------------------------------------------------------------


def _grow(values: Floats, mass: Codes | None, rows: Codes) -> Codes:
    """Grow a tree in every fold; return the bounds of its leaves.

    Parameters
    ----------
    values : ndarray of shape (n_folds, n_values, n_bins)
        Sums by bin; a split is as good as the sum of squares over mass on either side.
    mass : ndarray of shape (n_folds, n_bins) or None
        None: the sum of values.
    rows : ndarray of shape (n_folds, n_bins)
    """
    n_known = values.shape[2] - 1

    def running(array: npt.NDArray[Any]) -> Floats:
        start = np.zeros((*array.shape[:-1], 1))
        return np.concatenate((start, np.cumsum(array[..., :-1], axis=-1)), axis=-1)

    v, n = running(values), running(rows)
    m = v.sum(axis=1) if mass is None else running(mass)
    folds = len(values)
    bounds = np.tile(np.array([0, n_known]), (folds, 1))
    at = np.arange(1, n_known)
    every, kinds = np.arange(folds)[:, None], np.arange(values.shape[1])[None, :, None]
    for _ in range(DEPTH if n_known > 1 else 0):
        leaf = (at[None, :, None] >= bounds[:, None, 1:-1]).sum(axis=2)
        low, high = bounds[every, leaf], bounds[every, leaf + 1]

        def side(array: Floats, start: Codes | None, end: Codes | None) -> Floats:
            def look(where: Codes | None) -> Floats:
                if where is None:
                    return array[..., 1:-1]
                if array.ndim == 2:
                    return array[every, where]
                return array[every[:, :, None], kinds, where[:, None, :]]

            return look(end) - look(start)

        left, right = side(v, low, None), side(v, None, high)
        left_m, right_m = side(m, low, None), side(m, None, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = (left**2).sum(axis=1) / left_m + (right**2).sum(axis=1) / right_m
            gain -= ((left + right) ** 2).sum(axis=1) / (left_m + right_m)
        few = np.minimum(side(n, low, None), side(n, None, high)) < MIN_LEAF_ROWS
        gain[few | ~(gain > 1e-12)] = -np.inf
        grown = [bounds[:, :1]]
        for k in range(bounds.shape[1] - 1):
            own = np.where(leaf == k, gain, -np.inf)
            best = own.argmax(axis=1)[:, None]
            splits = np.isfinite(own[every, best])
            end = bounds[:, k + 1 : k + 2]
            grown += [np.where(splits, at[best], end), end]
        bounds = np.concatenate(grown, axis=1)
    return bounds


def _leaves(cells: npt.NDArray[Any], bounds: Codes) -> Floats:
    """Sums by leaf, the missing ones last; shape (n_folds, n_values, n_leaves + 1)."""
    start = np.zeros((*cells.shape[:2], 1))
    running = np.concatenate((start, np.cumsum(cells[..., :-1], axis=-1)), axis=-1)
    inside = np.diff(np.take_along_axis(running, bounds[:, None, :], axis=-1), axis=-1)
    return np.concatenate((inside, cells[..., -1:]), axis=-1)


def _mean_area(
    train: npt.NDArray[Any], held_out: npt.NDArray[Any], scored: list[int]
) -> Score | None:
    """Mean area of the scored classes; of the folds each pair of rows counts the same."""
    prior = train.sum(axis=2) / np.maximum(train.sum(axis=(1, 2)), 1)[:, None]
    rates = train[:, scored] + SHRINKAGE * prior[:, scored, None]
    # Rounded, so that leaves of equal rate tie in spite of the last binary digit.
    rates = np.round(rates / (train.sum(axis=1)[:, None, :] + SHRINKAGE), 12)
    order = np.argsort(rates, axis=2)
    rates = np.take_along_axis(rates, order, axis=2)
    positives = np.take_along_axis(held_out[:, scored], order, axis=2)
    negatives = held_out.sum(axis=1)[:, None, :] - held_out[:, scored]
    negatives = np.take_along_axis(negatives, order, axis=2)
    after = np.cumsum(negatives, axis=2)
    before = after - negatives
    differs = rates[..., 1:] != rates[..., :-1]
    # Of equal rates: the rows before the first of them and up to the last of them.
    before[..., 1:] = np.where(differs, before[..., 1:], 0)
    before = np.maximum.accumulate(before, axis=2)
    after[..., :-1] = np.where(differs, after[..., :-1], np.iinfo(np.int64).max)
    after = np.minimum.accumulate(after[..., ::-1], axis=2)[..., ::-1]
    wins = (positives * (before + after) / 2).sum(axis=(0, 2))
    pairs = (positives.sum(axis=2) * negatives.sum(axis=2)).sum(axis=0)
    if not (pairs > 0).any():
        return None
    return Score(float(np.mean(wins[pairs > 0] / pairs[pairs > 0])))


def _explained(
    rows: npt.NDArray[Any],
    sums: Floats,
    total: float,
    train: tuple[Floats, Floats] | None = None,
) -> float:
    """R² of the means of the other folds; sum of (y - m)² without the rows themselves."""
    train_rows, train_sums = (
        (rows.sum(axis=0) - rows, sums.sum(axis=0) - sums) if train is None else train
    )
    means = train_sums / (train_rows + MEAN_SHRINKAGE)
    residual = total + float((rows * means**2 - 2 * means * sums).sum())
    return 1.0 - residual / total


def _line(values: Floats, centred: Floats, folds: Codes, total: float) -> float | None:
    missing = np.isnan(values)
    if missing.all():
        return None
    known = values[~missing]
    spread = float(known.std())
    if not spread > 0:
        return None
    x = np.where(missing, 0.0, (values - known.mean()) / spread)

    def by_fold(weights: Floats | None) -> Floats:
        return np.bincount(folds, weights=weights, minlength=N_FOLDS).astype(np.float64)

    n, sx, sy = by_fold(None), by_fold(x), by_fold(centred)
    sxx, sxy = by_fold(x * x), by_fold(x * centred)
    tn, tx, ty, txx, txy = (s.sum() - s for s in (n, sx, sy, sxx, sxy))
    own = txx - tx**2 / np.maximum(tn, 1)
    if not (own > 1e-12 * np.maximum(txx, 1e-300)).all():
        return None
    slope = (txy - tx * ty / tn) / own
    offset = (ty - slope * tx) / tn
    # Sum of (y - a - b x)² on the fold left out.
    gained = n * offset**2 + slope**2 * sxx - 2 * offset * sy - 2 * slope * sxy
    gained += 2 * offset * slope * sx
    return 1.0 - (total + float(gained.sum())) / total
