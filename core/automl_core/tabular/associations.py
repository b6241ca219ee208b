"""How columns go together: correlations, Cramér's V, the correlation ratio.

Codes are numbered from 0; -1 is missing. Rows that lack either of two values are left out
of what is said about the pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.statistics import Codes, Floats

MIN_PAIR_ROWS: Final = 10
"""Rows with both values below which a pair says nothing."""
_NO_SPREAD: Final = 1e-12


def ranks(values: Floats) -> Floats:
    """Average ranks from 1; NaN stays NaN.

    >>> ranks(np.array([10.0, np.nan, 10.0, 5.0])).tolist()
    [2.5, nan, 2.5, 1.0]
    """
    answer = np.full(len(values), np.nan)
    order = np.argsort(values)
    ordered = values[order]
    n = int(np.searchsorted(ordered, np.nan, side="left"))
    if n == 0:
        return answer
    ordered, order = ordered[:n], order[:n]
    starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    rows = np.diff(starts, append=n)
    answer[order] = np.repeat(starts + (rows + 1) / 2.0, rows)
    return answer


def spearman(columns: Sequence[Floats]) -> Floats:
    """Spearman's rho of every pair of columns.

    Parameters
    ----------
    columns : sequence of ndarray of shape (n_rows,)
        NaN where missing. Ranks are taken within each column once and correlated over the
        rows where both are present; without gaps this is Spearman's rho exactly.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        NaN where a pair has fewer than ``MIN_PAIR_ROWS`` common rows or no spread.
    """
    return pearson([Measurements.of(ranks(column)) for column in columns])


@dataclass(frozen=True)
class Measurements:
    """A number on the sampled rows with mean 0 and deviation 1, and 0 where it is missing.

    Sums of squares of raw numbers would lose digits.
    """

    values: Floats
    there: Floats | None
    """1 where it is present, else 0; None: it is everywhere."""
    varies: bool

    @classmethod
    def of(cls, values: Floats) -> Measurements:
        """Measurements of values that are NaN where missing."""
        missing = np.isnan(values)
        has_gaps = bool(missing.any())
        scaled = np.where(missing, 0.0, values) if has_gaps else values.copy()
        n = len(values) - int(missing.sum())
        largest = max(float(scaled.max()), -float(scaled.min())) if n else 0.0
        if largest > 0.0:
            scaled /= largest
            scaled -= float(scaled.sum()) / n
        if has_gaps:
            scaled[missing] = 0.0
        # Not as a product of vectors: for those alone BLAS wakes a second thread.
        deviation = float(np.sqrt((scaled * scaled).sum() / n)) if n else 0.0
        varies = deviation > _NO_SPREAD
        scaled *= 1.0 / deviation if varies else 0.0
        return cls(scaled, (~missing).astype(np.float64) if has_gaps else None, varies)


def pearson(columns: Sequence[Measurements]) -> Floats:
    """Pearson's correlation of every pair of columns over the rows where both are present.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        NaN where a pair has fewer than ``MIN_PAIR_ROWS`` common rows or no spread.
    """
    if not columns:
        return np.zeros((0, 0))
    values = np.stack([column.values for column in columns])
    shape = (len(columns), len(columns))
    products = values @ values.T
    n = np.full(shape, float(values.shape[1]))
    sums = np.broadcast_to(values.sum(axis=1)[:, None], shape).copy()
    squares = np.broadcast_to(np.diag(products)[:, None], shape).copy()
    gappy = [j for j, column in enumerate(columns) if column.there is not None]
    if gappy:
        # Only where the other column has gaps are a column's own sums not those of all rows.
        there = np.stack([column.there for column in columns if column.there is not None])
        present = there.T
        sums[:, gappy] = values @ present
        squares[:, gappy] = (values * values) @ present
        n[:, gappy] = there.sum(axis=1)[None, :]
        n[gappy, :] = there.sum(axis=1)[:, None]
        n[np.ix_(gappy, gappy)] = present.T @ present
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (products - sums * sums.T / n) / n
        spread = (squares / n - (sums / n) ** 2) * (squares.T / n - (sums.T / n) ** 2)
        answer = covariance / np.sqrt(spread)
    answer[(n < MIN_PAIR_ROWS) | ~(spread > _NO_SPREAD)] = np.nan
    clipped: Floats = np.clip(answer, -1.0, 1.0)
    return clipped


@dataclass(frozen=True)
class Levels:
    """A category on the sampled rows: codes from 1, 0 where missing, and rows of each."""

    codes: Codes
    rows: Codes

    @classmethod
    def of(cls, codes: Codes) -> Levels:
        """Levels of codes that are -1 where missing."""
        shifted = codes + 1
        return cls(shifted, np.bincount(shifted, minlength=1))

    @property
    def n(self) -> int:
        """Codes, the missing one included."""
        return len(self.rows)


def crosstab(first: Levels, second: Levels) -> npt.NDArray[np.float64]:
    """Rows of each pair of levels; the first row and column are those of missing values."""
    size = first.n * second.n
    counts = np.bincount(first.codes * second.n + second.codes, minlength=size)
    return counts.reshape(first.n, second.n).astype(np.float64)


def cramers_v(first: Codes, second: Codes) -> float | None:
    """Cramér's V of two code columns, corrected for bias. See :func:`cramers_v_of`."""
    return cramers_v_of(crosstab(Levels.of(first), Levels.of(second)))


def cramers_v_of(table: npt.NDArray[np.float64]) -> float | None:
    """Cramér's V of a table of :func:`crosstab`, corrected for bias.

    Returns
    -------
    float or None
        0 to 1; None with fewer than two levels on a side or too few rows.

    References
    ----------
    Bergsma: A bias-correction for Cramér's V and Tschuprow's T, Journal of the Korean
    Statistical Society 42 (2013).
    """
    table = table[1:, 1:]
    n = float(table.sum())
    if n < MIN_PAIR_ROWS:
        return None
    heights, widths = table.sum(axis=1), table.sum(axis=0)
    table = table[heights > 0][:, widths > 0]
    r, c = table.shape
    if r < 2 or c < 2:
        return None
    expected = np.outer(heights[heights > 0], widths[widths > 0]) / n
    phi2 = float((table * table / expected).sum()) / n - 1.0
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    r_corrected = r - (r - 1) ** 2 / (n - 1)
    c_corrected = c - (c - 1) ** 2 / (n - 1)
    limit = min(r_corrected, c_corrected) - 1
    return float(min(1.0, np.sqrt(corrected / limit))) if limit > 0 else None


def correlation_ratio(codes: Codes, values: Floats) -> float | None:
    """Correlation ratio of a category and a number. See :func:`correlation_ratio_of`."""
    return correlation_ratio_of(Levels.of(codes), Measurements.of(values))


def correlation_ratio_of(levels: Levels, numbers: Measurements) -> float | None:
    """Square root of the share of a number's variance that a category explains (eta).

    Corrected for the number of levels as the adjusted R² is, so that many small levels do
    not look informative; None with too few rows, one level or no spread.
    """
    sums = np.bincount(levels.codes, weights=numbers.values, minlength=levels.n)[1:]
    present: Floats = levels.rows.astype(np.float64)
    if numbers.there is not None:
        present = np.bincount(levels.codes, weights=numbers.there, minlength=levels.n).astype(float)
    rows = present[1:]
    n = float(rows.sum())
    used = rows > 0
    n_levels = int(used.sum())
    if n < MIN_PAIR_ROWS or n_levels < 2 or n <= n_levels or not numbers.varies:
        return None
    # The squares of standardised values add up to their number.
    squares = float(len(numbers.values)) if numbers.there is None else float(numbers.there.sum())
    if levels.rows[0]:
        squares -= float((numbers.values[levels.codes == 0] ** 2).sum())
    middle = float(sums.sum()) ** 2 / n
    total = squares - middle
    if total <= _NO_SPREAD * n:
        return None
    between = float((sums[used] ** 2 / rows[used]).sum()) - middle
    adjusted = 1.0 - (1.0 - between / total) * (n - 1) / (n - n_levels)
    return float(np.sqrt(min(1.0, max(0.0, adjusted))))
