"""Ranges and label sets that cover new rows as often as they promise (split conformal).

Both are made of answers to rows that the answering model had not seen. Every row counts
alike, whatever its weight: coverage is a share of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

COVERAGE = 0.9

#: Bins of predicted values with a width of their own, and the rows that each one needs: a
#: 90 % quantile of 100 residuals is known to about a tenth of itself.
MAX_BINS = 10
MIN_ROWS_PER_BIN = 100

#: Bins are used where one width covers some of them better than others, on this level.
BINS_LEVEL = 0.01

#: Room for the exported graph, which answers in float32, around the threshold of a set.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Interval:
    """Half widths around predicted values.

    ``edges`` (rising, one fewer than ``half_widths``) divide predicted values; a value on
    an edge belongs to the bin above it. Both are empty where one width serves all.
    """

    coverage: float
    half_width: float
    edges: tuple[float, ...] = ()
    half_widths: tuple[float, ...] = ()

    def width_at(self, predicted: Floats) -> Floats:
        """Half width at each predicted value."""
        if not self.edges:
            return np.full(predicted.shape, self.half_width)
        return np.asarray(self.half_widths)[np.searchsorted(self.edges, predicted, side="right")]


def half_width(residuals: Floats, *, coverage: float = COVERAGE) -> float | None:
    """Half width of an interval around a predicted value that covers new rows.

    Parameters
    ----------
    residuals : ndarray of shape (n_rows,)
        Actual minus predicted values of rows that the model was not fitted on.
    coverage : float
        Wished share of new rows inside the interval, in (0, 1).

    Returns
    -------
    float or None
        The ``ceil((n + 1) * coverage)``-th smallest absolute residual: for rows that are
        exchangeable with these, the interval covers at least ``coverage`` of them. None if
        there are too few rows for any finite width (fewer than 9 for 90 %).

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani, Wasserman: Distribution-Free Predictive Inference for
    Regression, JASA 113 (2018), theorem 2.2.

    Examples
    --------
    >>> half_width(np.array([-1.0, 2.0, -3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]))
    9.0
    >>> half_width(np.array([1.0, 2.0])) is None
    True
    """
    rank = _rank(residuals.size, coverage)
    if rank > residuals.size:
        return None
    return float(np.partition(np.abs(residuals), rank - 1)[rank - 1])


def _rank(n_rows: int, coverage: float) -> int:
    # 1e-9 against a product such as 10 * 0.9 = 9.000000000000002 rounding up.
    return math.ceil((n_rows + 1) * coverage - 1e-9)


def fit_interval(y: Floats, predicted: Floats, *, coverage: float = COVERAGE) -> Interval | None:
    """Find half widths, by bins of the predicted value where errors grow or shrink with it.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_rows,)
        Of rows that the answering model had not seen.
    coverage : float
        Wished share of new rows inside, in (0, 1).

    Returns
    -------
    Interval or None
        None if there are too few rows for a finite width. Bins hold at least
        ``MIN_ROWS_PER_BIN`` rows each; there are none if one width covers every bin alike
        (chi-squared test of the bins' coverage).

    References
    ----------
    Boström, Johansson: Mondrian Conformal Regressors, COPA 2020.
    """
    residuals = y - predicted
    single = half_width(residuals, coverage=coverage)
    if single is None:
        return None
    edges = _edges(predicted)
    if not edges.size:
        return Interval(coverage, single)
    bin_of = np.searchsorted(edges, predicted, side="right")
    if not _cover_unlike(np.abs(residuals) <= single, bin_of, coverage):
        return Interval(coverage, single)
    widths = [half_width(residuals[bin_of == b], coverage=coverage) for b in range(edges.size + 1)]
    return Interval(
        coverage,
        single,
        tuple(edges.tolist()),
        tuple(single if width is None else width for width in widths),
    )


def _edges(predicted: Floats) -> Floats:
    """Cut between different predicted values, near their quantiles; rising, maybe none."""
    n_bins = min(MAX_BINS, predicted.size // MIN_ROWS_PER_BIN)
    ordered = np.sort(predicted)
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    cuts: list[int] = []
    for number in range(1, n_bins):
        if not starts.size:
            break
        nearest = int(starts[np.argmin(np.abs(starts - number * ordered.size / n_bins))])
        before = cuts[-1] if cuts else 0
        if min(nearest - before, ordered.size - nearest) >= MIN_ROWS_PER_BIN:
            cuts.append(nearest)
    at = np.array(cuts, np.int64)
    edges = ordered[at - 1] + (ordered[at] - ordered[at - 1]) / 2
    # Neighbouring floats have no value between them.
    return np.unique(edges[edges > ordered[at - 1]])


def _cover_unlike(is_inside: NDArray[np.bool_], bin_of: Codes, coverage: float) -> bool:
    from scipy.stats import chi2

    n_rows = np.bincount(bin_of)
    inside = np.bincount(bin_of, is_inside)
    gaps = (inside - n_rows * coverage) ** 2 / (n_rows * coverage * (1 - coverage))
    return bool(chi2.sf(gaps.sum(), n_rows.size - 1) < BINS_LEVEL)


def fit_threshold(y: Codes, probabilities: Floats, *, coverage: float = COVERAGE) -> float | None:
    """Find the probability from which a class belongs to a row's label set.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Class codes of rows that the answering model had not seen.
    probabilities : ndarray of shape (n_rows, n_classes)
        Its answers to them.
    coverage : float
        Wished share of new rows whose class is in their set, in (0, 1).

    Returns
    -------
    float or None
        In [0, 1]; for rows that are exchangeable with these, sets of the classes with this
        probability or more hold the right one at least so often. Of all sets that do, they
        are the smallest on average; they may be empty. None if there are too few rows.

    References
    ----------
    Sadinle, Lei, Wasserman: Least Ambiguous Set-Valued Classifiers with Bounded Error
    Levels, JASA 114 (2019).

    Examples
    --------
    >>> p = np.linspace(0.05, 0.95, 10)
    >>> round(fit_threshold(np.ones(10, int), np.column_stack([1 - p, p])), 3)
    0.05
    """
    missed = 1 - probabilities[np.arange(y.size), y]
    rank = _rank(missed.size, coverage)
    if rank > missed.size:
        return None
    return max(0.0, 1 - float(np.partition(missed, rank - 1)[rank - 1]) - ROUNDING)


def wilson(hits: int, n_rows: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Bounds of a share, 95 % by default.

    Wilson: Probable Inference, the Law of Succession, and Statistical Inference, JASA 22
    (1927).

    >>> low, high = wilson(90, 100)
    >>> round(low, 3), round(high, 3)
    (0.826, 0.945)
    """
    share = hits / n_rows
    center = (share + z * z / (2 * n_rows)) / (1 + z * z / n_rows)
    spread = math.sqrt(share * (1 - share) / n_rows + (z / (2 * n_rows)) ** 2)
    spread *= z / (1 + z * z / n_rows)
    # Rounding alone could leave the share outside its own bounds.
    return min(max(0.0, center - spread), share), max(min(1.0, center + spread), share)
