"""How columns go together: Spearman's rho, Cramér's V, the correlation ratio."""

from __future__ import annotations

import numpy as np

from automl_core.tabular.parquet_source import Codes, Floats

MIN_PAIR_ROWS = 10
"""Rows with both values below which a pair says nothing."""


def ranks(values: Floats) -> Floats:
    """Average ranks from 1; NaN stays NaN.

    >>> ranks(np.array([10.0, np.nan, 10.0, 5.0])).tolist()
    [2.5, nan, 2.5, 1.0]
    """
    answer = np.full(len(values), np.nan)
    there = ~np.isnan(values)
    if not there.any():
        return answer
    _, inverse, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    answer[there] = (ends - (counts - 1) / 2.0)[inverse]
    return answer


def spearman(columns: list[Floats]) -> Floats:
    """Spearman's rho of every pair of columns.

    Parameters
    ----------
    columns : list of ndarray of shape (n_rows,)
        NaN where missing. Ranks are taken within each column once and correlated over the
        rows where both are present; without gaps this is Spearman's rho exactly.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        NaN where a pair has fewer than ``MIN_PAIR_ROWS`` common rows or no spread.
    """
    if not columns:
        return np.zeros((0, 0))
    ranked = np.column_stack([ranks(column) for column in columns])
    is_there = ~np.isnan(ranked)
    there = is_there.astype(np.float64)
    means = np.nansum(ranked, axis=0) / np.maximum(there.sum(axis=0), 1.0)
    # Centred and scaled first: sums of squared ranks of 50,000 rows would lose digits.
    filled = np.where(is_there, ranked - means, 0.0) / len(ranked)
    n = there.T @ there
    sums = filled.T @ there
    squares = (filled**2).T @ there
    products = filled.T @ filled
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = products - sums * sums.T / n
        spread = (squares - sums**2 / n) * (squares.T - sums.T**2 / n)
        rho = covariance / np.sqrt(spread)
    rho[(n < MIN_PAIR_ROWS) | ~(spread > 1e-12)] = np.nan
    return np.clip(rho, -1.0, 1.0)


def cramers_v(first: Codes, second: Codes) -> float | None:
    """Cramér's V of two code columns, corrected for bias.

    Parameters
    ----------
    first, second : ndarray of shape (n_rows,)
        Codes from 0; negative where missing. Rows missing in either are left out.

    Returns
    -------
    float or None
        0 to 1; None with fewer than two levels on a side or too few rows.

    References
    ----------
    Bergsma: A bias-correction for Cramér's V and Tschuprow's T, Journal of the Korean
    Statistical Society 42 (2013).
    """
    both = (first >= 0) & (second >= 0)
    n = int(both.sum())
    if n < MIN_PAIR_ROWS:
        return None
    width = int(second.max()) + 1
    height = int(first.max()) + 1
    table = np.bincount(first[both] * width + second[both], minlength=height * width)
    table = table.reshape(height, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    r, c = table.shape
    if r < 2 or c < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    r_corrected = r - (r - 1) ** 2 / (n - 1)
    c_corrected = c - (c - 1) ** 2 / (n - 1)
    limit = min(r_corrected, c_corrected) - 1
    return float(min(1.0, np.sqrt(corrected / limit))) if limit > 0 else None


def correlation_ratio(codes: Codes, values: Floats) -> float | None:
    """Square root of the share of a number's variance that a category explains (eta).

    Corrected for the number of levels as the adjusted R² is, so that many small levels do
    not look informative; None with too few rows, one level or no spread.
    """
    both = (codes >= 0) & ~np.isnan(values)
    n = int(both.sum())
    if n < MIN_PAIR_ROWS:
        return None
    numbers = values[both] - values[both].mean()
    counts = np.bincount(codes[both])
    sums = np.bincount(codes[both], weights=numbers)
    used = counts > 0
    levels = int(used.sum())
    total = float((numbers**2).sum())
    if levels < 2 or n <= levels or total <= 0:
        return None
    between = float((sums[used] ** 2 / counts[used]).sum())
    adjusted = 1.0 - (1.0 - between / total) * (n - 1) / (n - levels)
    return float(np.sqrt(min(1.0, max(0.0, adjusted))))
