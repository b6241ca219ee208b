"""What one column alone tells about the target, measured out of fold.

An estimator of bins: within each bin of a feature (a quantile range, a category, or
"missing") the answer is the training folds' mean, shrunk to the overall one. It is judged
on the fold that was left out, so that an identifier scores nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from automl_core.tabular.parquet_source import Codes, Floats, SampleColumn

N_FOLDS: Final = 5
MAX_BINS: Final = 128
ROWS_PER_BIN: Final = 20
SHRINKAGE: Final = 1.0
"""Rows of prior in each bin."""
MAX_SCORED_CLASSES: Final = 20


def assign_folds(target: SampleColumn, *, seed: int) -> Codes:
    """Fold number of each row, alike in every class (or along the target's range).

    Rows are shuffled, sorted by target and dealt out in turn.
    """
    values = target.numbers if target.numbers is not None else target.codes
    assert values is not None
    shuffled = np.random.default_rng(seed).permutation(len(values))
    order = shuffled[np.argsort(values[shuffled], kind="stable")]
    folds = np.empty(len(values), dtype=np.int64)
    folds[order] = np.arange(len(values)) % N_FOLDS
    return folds


def bins(column: SampleColumn, *, max_bins: int = MAX_BINS) -> tuple[Codes, int]:
    """Number the bins of a feature; the last one is "missing".

    Returns
    -------
    bin_of_row : ndarray of shape (n_rows,)
    n_bins : int
    """
    missing = column.is_missing
    if column.codes is not None:
        n_levels = len(column.levels)
        return np.where(missing, n_levels, column.codes), n_levels + 1
    assert column.numbers is not None
    present = column.numbers[~missing]
    if len(present) == 0:
        return np.zeros(len(missing), dtype=np.int64), 1
    n_bins = int(np.clip(len(present) // ROWS_PER_BIN, 4, max_bins))
    distinct = np.unique(present)
    if len(distinct) <= n_bins:
        inner = (distinct[1:] + distinct[:-1]) / 2
    else:
        inner = np.unique(np.quantile(present, np.arange(1, n_bins) / n_bins))
    codes = np.searchsorted(inner, np.nan_to_num(column.numbers), side="left")
    n = len(inner) + 1
    return np.where(missing, n, codes), n + 1


def class_score(column: SampleColumn, classes: Codes, folds: Codes) -> float | None:
    """Area under the ROC curve that the feature alone reaches out of fold.

    Parameters
    ----------
    column : SampleColumn
    classes : ndarray of shape (n_rows,)
        Class codes from 0, without gaps in the numbering.
    folds : ndarray of shape (n_rows,)

    Returns
    -------
    float or None
        0.5 is chance, 1 is certain. Of several classes the mean of each against the rest,
        over at most the ``MAX_SCORED_CLASSES`` most frequent. None if no fold had both sides.
    """
    bin_of_row, n_bins = bins(column)
    n_classes = int(classes.max()) + 1
    frequent = np.argsort(-np.bincount(classes, minlength=n_classes), kind="stable")
    scored = frequent[: 1 if n_classes == 2 else MAX_SCORED_CLASSES]
    size = n_bins * n_classes
    cells = np.bincount(
        folds * size + bin_of_row * n_classes + classes, minlength=N_FOLDS * size
    ).reshape(N_FOLDS, n_bins, n_classes)
    everything = cells.sum(axis=0)
    found: list[float] = []
    for fold in range(N_FOLDS):
        held_out, train = cells[fold], everything - cells[fold]
        prior = train.sum(axis=0) / max(train.sum(), 1)
        rates = (train + SHRINKAGE * prior) / (train.sum(axis=1, keepdims=True) + SHRINKAGE)
        used = held_out.sum(axis=1) > 0
        rows = held_out[used].sum(axis=1)
        for label in scored:
            area = _area(rates[used, label], held_out[used, label], rows)
            if area is not None:
                found.append(area)
    return float(np.mean(found)) if found else None


def _area(scores: Floats, positives: Codes, rows: Codes) -> float | None:
    """AUC of rows that come counted by bin: the chance that a positive scores higher."""
    n_positive = int(positives.sum())
    n_negative = int(rows.sum()) - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    # Rounded, so that bins of equal rate tie in spite of the last binary digit.
    _, level = np.unique(np.round(scores, 12), return_inverse=True)
    positive_at = np.bincount(level, weights=positives)
    negative_at = np.bincount(level, weights=rows - positives)
    below = np.cumsum(negative_at) - negative_at
    wins = float((positive_at * (below + negative_at / 2)).sum())
    return wins / (n_positive * n_negative)


def number_score(column: SampleColumn, target: Floats, folds: Codes) -> float | None:
    """Share of the target's variance that the feature alone explains out of fold (R²).

    The better of the bins' means and, for a number, a straight line: bins alone would
    miss that a column copies the target. May be negative; None if the target is constant.
    """
    centred = target - target.mean()
    total = float((centred**2).sum())
    if total <= 0:
        return None
    bin_of_row, n_bins = bins(column)
    key = folds * n_bins + bin_of_row
    shape = (N_FOLDS, n_bins)
    rows = np.bincount(key, minlength=N_FOLDS * n_bins).reshape(shape)
    sums = np.bincount(key, weights=centred, minlength=N_FOLDS * n_bins).reshape(shape)
    train_rows, train_sums = rows.sum(axis=0) - rows, sums.sum(axis=0) - sums
    means = train_sums / (train_rows + SHRINKAGE)
    # Sum of (y - m)² over the rows of a bin, without the rows themselves.
    residual = total + float((rows * means**2 - 2 * means * sums).sum())
    best = 1.0 - residual / total
    if column.numbers is not None:
        line = _line_score(column.numbers, centred, folds, total)
        best = max(best, line) if line is not None else best
    return best


def _line_score(values: Floats, centred: Floats, folds: Codes, total: float) -> float | None:
    missing = np.isnan(values)
    if missing.all():
        return None
    middle = float(values[~missing].mean())
    x = np.where(missing, 0.0, values - middle)
    residual = 0.0
    for fold in range(N_FOLDS):
        held_out = folds == fold
        train_x, train_y = x[~held_out], centred[~held_out]
        spread = float((train_x**2).sum() - train_x.sum() ** 2 / max(len(train_x), 1))
        if not spread > 0:
            return None
        slope = float((train_x * train_y).sum() - train_x.sum() * train_y.mean()) / spread
        offset = float(train_y.mean() - slope * train_x.mean())
        residual += float(((centred[held_out] - offset - slope * x[held_out]) ** 2).sum())
    return 1.0 - residual / total
