"""Codes of many-valued categories in the order of the target, for models made of trees.

A tree parts codes at a threshold, so it finds groups of values quickly where neighbouring codes
behave alike. The encoder's codes are ordered by frequency; here they are ordered anew, by the
smoothed mean of the target (of several classes: its first principal component, Wright and
König 2019), as LightGBM does inside each node. Every value keeps a code of its own.

An order knows the targets it was learned from. Where values are many and say little, a model
learns this memory instead: with all columns ordered, log loss on 120,000 flights rose by 45 to
60 %, through one column of 3,211 tail numbers. So a column is ordered only if its means hold
for rows that they were not made of (:data:`MIN_WORTH`); any other keeps its codes.

Measured with fixed LightGBM, XGBoost and random forest, 80/20, log loss or RMSE relative to codes
by frequency (below 1 is better; the three models in this order; ``docs/adr/0012`` has more):

=========================  ===================  ===================  ===================
data (codes)               order (this module)  cross-fitted means   means beside codes
=========================  ===================  ===================  ===================
gapminder (187, 24)        0.84, 0.73, 0.44     1.38, 1.35, 0.71     0.84, 0.83, 0.42
patents (660, 126)         0.71, 0.69, 0.78     0.89, 0.82, 0.88     0.84, 0.70, 0.82
house sales (48)           0.97, 0.94, 0.83     0.98, 0.98, 0.84     0.96, 0.95, 0.82
inspections (1,094)        0.91, 0.91, 0.98     0.93, 0.94, 1.10     0.92, 0.93, 1.05
films (1,712, 657, 465)    0.98, 0.97, 0.96     0.98, 0.98, 0.97     0.97, 0.97, 0.96
works of art (175, 66)     1.01, 1.01, 0.99     1.07, 1.19, 1.07     1.03, 1.05, 1.01
names of pets (1,482)      0.98, 0.96, 0.95     0.97, 0.96, 0.93     0.97, 0.96, 0.92
bird strikes, 7 classes    1.00, 1.00, 1.00     1.00, 1.01, 1.01     1.06, 1.02, 1.09
cancelled (3,211, 102)     1.01, 1.00, -        1.01, 1.01, -        1.02, 1.01, -
late (3,109, 101)          1.00, 1.00, -        1.00, 1.00, -        1.00, 1.01, -
=========================  ===================  ===================  ===================

Cross-fitted means lose because one value then has several codes in training, which hides what
the value itself says together with other columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.records import Task

#: Codes from which on a column may be ordered. The score of LightGBM and XGBoost on 14 tables,
#: 2 seeds, against frequency: 0.962 (geometric mean) from 4 codes on, 0.962 from 10, 0.961 from
#: 20; trees part few codes well in any order.
MIN_CODES = 20
#: Variance that means explain of rows they were not made of, over what they explain in addition
#: of the rows they were made of. Flights' tail numbers have 0.3, job titles of loans 0.04 and
#: their order harms; columns whose order helps have 0.7 (names of pets) to 31 (counties).
MIN_WORTH = 0.6
#: Parts of the rows in that measure.
N_FOLDS = 5
#: Values of a regression's target beyond these shares count as the value there: a mean is
#: no place for an outlier.
CLIPPED_SHARE = 0.005
#: Rows of the overall mean that each value's mean starts with, at least and at most.
PRIOR_ROWS = (1.0, 300.0)
#: Codes 0 (missing) and 1 (unknown or rare) are no values; see ``encoding``.
FIRST_KNOWN = 2

Matrix = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TargetCodes:
    """What a category's code becomes: one row of a table.

    Parameters
    ----------
    columns : tuple of int
        Columns of the matrix that are replaced, ascending.
    tables : tuple of ndarray of shape (n_codes, n_outputs)
        One a column, float32: what stands for each of its codes. :func:`fit_target_codes`
        makes one output: the code's rank, 0 … n_codes - 1.
    """

    columns: tuple[int, ...]
    tables: tuple[Matrix, ...]

    def apply(self, matrix: Matrix) -> Matrix:
        """Replace the codes of an encoded matrix.

        Returns
        -------
        ndarray of shape (n_rows, n_features + sum of n_outputs - 1), float32
            A table's first output stands in its column's place; the others follow behind all
            columns, in the order of ``columns``.
        """
        n_rows, at = matrix.shape
        n_more = sum(table.shape[1] - 1 for table in self.tables)
        coded = np.empty((n_rows, at + n_more), dtype=np.float32)
        coded[:, :at] = matrix
        for column, table in zip(self.columns, self.tables, strict=True):
            found = table[matrix[:, column].astype(np.int64)]
            coded[:, column] = found[:, 0]
            n_others = table.shape[1] - 1
            coded[:, at : at + n_others] = found[:, 1:]
            at += n_others
        return coded


def fit_target_codes(
    matrix: Matrix,
    target: npt.NDArray[Any],
    *,
    task: Task,
    n_classes: int,
    category_features: Mapping[int, int],
    weights: npt.NDArray[np.floating[Any]] | None = None,
    seed: int = 0,
) -> tuple[TargetCodes, Matrix] | None:
    """Learn the order of the codes of many-valued categories, and code the training rows.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_features), float32
        Encoded training rows. What a model is judged on must not be among them.
    target : ndarray of shape (n_rows,)
        Class codes 0 … n_classes - 1, or values.
    category_features : mapping of int to int
        Column of the matrix to its number of codes (``encoding.category_features``): 0 missing,
        1 unknown or rare, 2 … known.
    weights : ndarray of shape (n_rows,) or None
        Weight of each row, not negative.
    seed : int
        Of the parts that tell which columns are worth it.

    Returns
    -------
    (TargetCodes, ndarray of shape (n_rows, n_features)) or None
        The tables, and the training rows coded by them. None when no column is worth it. A
        code without training rows stands where the overall mean does.

    References
    ----------
    Wright, König: Splitting on categorical predictors in random forests, PeerJ 2019.
    """
    wide = [column for column, n_codes in category_features.items() if n_codes >= MIN_CODES]
    if not wide or len(matrix) < 2 * N_FOLDS:
        return None
    weight = np.ones(len(matrix)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not weight.sum() > 0:
        return None
    weight = weight / weight.mean()
    outputs = _outputs(np.asarray(target), task, n_classes)
    parts = _parts(np.asarray(target), seed)
    tables: dict[int, Matrix] = {}
    for column in sorted(wide):
        sums = _Sums.of(
            matrix[:, column].astype(np.int64), category_features[column], outputs, weight, parts
        )
        if _worth(sums) >= MIN_WORTH:
            tables[column] = _ranks(sums)
    if not tables:
        return None
    codes = TargetCodes(tuple(tables), tuple(tables.values()))
    return codes, codes.apply(matrix)


def _outputs(target: npt.NDArray[Any], task: Task, n_classes: int) -> FloatArray:
    """What is averaged: the value, or whether the row is of a class; (n_rows, n_outputs)."""
    if task == "regression":
        values = target.astype(np.float64)
        low, high = np.quantile(values, [CLIPPED_SHARE, 1 - CLIPPED_SHARE])
        clipped: FloatArray = np.clip(values, low, high).reshape(-1, 1)
        return clipped
    if task == "binary":
        is_positive: FloatArray = (target == 1).astype(np.float64).reshape(-1, 1)
        return is_positive
    is_class: FloatArray = np.eye(n_classes)[target.astype(np.int64)]
    return is_class


def _parts(target: npt.NDArray[Any], seed: int) -> IntArray:
    """Deal the rows out to parts that are alike in their target."""
    order = np.random.default_rng(seed).permutation(len(target))
    order = order[np.argsort(target[order], kind="stable")]
    parts = np.empty(len(target), dtype=np.int64)
    parts[order] = np.arange(len(target)) % N_FOLDS
    return parts


@dataclass(frozen=True)
class _Sums:
    """Sums over the rows of each code.

    Parameters
    ----------
    rows : ndarray of shape (..., n_codes)
        Of the weights.
    first, second : ndarray of shape (..., n_codes, n_outputs)
        Of the outputs and of their squares.
    """

    rows: FloatArray
    first: FloatArray
    second: FloatArray

    @classmethod
    def of(
        cls,
        codes: IntArray,
        n_codes: int,
        outputs: FloatArray,
        weight: FloatArray,
        parts: IntArray,
    ) -> _Sums:
        """Sum by part and code: the first axis is the part."""
        cells = parts * n_codes + codes
        length = N_FOLDS * n_codes

        def add(values: FloatArray) -> FloatArray:
            sums = np.bincount(cells, values, length).astype(np.float64)
            by_part: FloatArray = sums.reshape(N_FOLDS, n_codes)
            return by_part

        return cls(
            add(weight),
            np.stack([add(weight * output) for output in outputs.T], axis=-1),
            np.stack([add(weight * output**2) for output in outputs.T], axis=-1),
        )

    def whole(self) -> _Sums:
        return _Sums(self.rows.sum(axis=0), self.first.sum(axis=0), self.second.sum(axis=0))

    def without(self, part: int) -> _Sums:
        """The rows of the other parts."""
        whole = self.whole()
        return _Sums(
            whole.rows - self.rows[part],
            whole.first - self.first[part],
            whole.second - self.second[part],
        )

    def part(self, part: int) -> _Sums:
        return _Sums(self.rows[part], self.first[part], self.second[part])

    def known(self) -> _Sums:
        """The codes that stand for a value."""
        return _Sums(
            self.rows[..., FIRST_KNOWN:],
            self.first[..., FIRST_KNOWN:, :],
            self.second[..., FIRST_KNOWN:, :],
        )

    def means(self) -> FloatArray:
        """Mean of each code's rows; 0 where there is none."""
        rows = self.rows[..., None]
        return np.divide(self.first, rows, out=np.zeros_like(self.first), where=rows > 0)

    def errors(self, answers: FloatArray) -> float:
        """Sum of squared errors if each code is answered by one number an output."""
        rows = self.rows[..., None]
        return float((self.second - 2 * answers * self.first + answers**2 * rows).sum())


def _smoothed(sums: _Sums) -> FloatArray:
    """Means of the codes, drawn to the overall mean as strongly as they vary by chance.

    The overall mean counts as many rows as variance within codes is larger than between them
    (the one-way analysis of variance's estimates).
    """
    total = max(float(sums.rows.sum()), 1e-9)
    overall = sums.first.sum(axis=0) / total
    means = sums.means()
    n_codes = int(np.count_nonzero(sums.rows))
    rows = sums.rows[:, None]
    within = (sums.second - rows * means**2).sum(axis=0) / max(total - n_codes, 1)
    n_rows = (total - (sums.rows**2).sum() / total) / max(n_codes - 1, 1)
    spread = (rows * (means - overall) ** 2).sum(axis=0) / max(n_codes - 1, 1)
    between = np.maximum((spread - within) / max(n_rows, 1e-9), 1e-12)
    prior = np.clip(within / between, *PRIOR_ROWS)
    smoothed: FloatArray = (sums.first + prior * overall) / (rows + prior)
    return smoothed


def _worth(sums: _Sums) -> float:
    """Compare what the values' means say of new rows with what they remember of old ones."""
    known = sums.known()
    whole = known.whole()
    if not whole.rows.sum() > 0:
        return 0.0
    overall = whole.first.sum(axis=0) / whole.rows.sum()
    by_chance = whole.errors(np.broadcast_to(overall, whole.first.shape))
    of_new = sum(known.part(part).errors(_smoothed(known.without(part))) for part in range(N_FOLDS))
    remembered = of_new - whole.errors(whole.means())
    return (by_chance - of_new) / max(remembered, 1e-9 * max(by_chance, 1e-300))


def _ranks(sums: _Sums) -> Matrix:
    """Rank the codes by their smoothed mean, equal ones by frequency as before."""
    whole = sums.whole()
    means = _smoothed(whole)
    places = means[:, 0] if means.shape[1] == 1 else _principal(means, whole.rows)
    ranks = np.empty((len(places), 1), dtype=np.float32)
    ranks[np.argsort(places, kind="stable"), 0] = np.arange(len(places))
    return ranks


def _principal(shares: FloatArray, rows: FloatArray) -> FloatArray:
    """Place codes on the first principal component of their classes' shares."""
    centred = shares - np.average(shares, axis=0, weights=rows)
    component = np.linalg.eigh((centred * rows[:, None]).T @ centred)[1][:, -1]
    sign = np.sign(component[np.argmax(np.abs(component))])
    placed: FloatArray = centred @ (component * sign)
    return placed
