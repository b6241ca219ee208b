"""Numbers about one column: moments, quantiles, most frequent values.

Everything is computed from the sorted different values and their rows, so that a column of
a million rows with a hundred different values costs no more than a hundred numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.histograms import draw_histogram
from automl_core.tabular.thresholds import OUTLIER_IQR

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

N_TOP: Final = 10
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_LARGEST_PLAIN: Final = 2.0**64
"""Beyond it (and below its inverse) the fourth power leaves float64; values are scaled."""
_ROUNDING: Final = 1e-12
"""A spread below this part of the mean is rounding noise of the mean, not of the data."""


@dataclass(frozen=True)
class Runs:
    """A column of numbers as its different values and how often each is there.

    Attributes
    ----------
    values : ndarray of shape (n_distinct,)
        Finite, ascending.
    rows : ndarray of shape (n_distinct,)
        Rows of each value, at least 1.
    n_missing, n_infinite : int
    """

    values: Floats
    rows: Codes
    n_missing: int
    n_infinite: int

    @property
    def n_finite(self) -> int:
        """Rows with a finite value."""
        return int(self.rows.sum())


def runs_of(values: Floats) -> Runs:
    """Count the values of a column; NaN is missing.

    >>> runs = runs_of(np.array([2.0, np.nan, 1.0, 2.0, np.inf]))
    >>> runs.values.tolist(), runs.rows.tolist(), runs.n_missing, runs.n_infinite
    ([1.0, 2.0], [1, 2], 1, 1)
    """
    ordered = np.sort(values)
    # NaN sorts last, behind the infinities.
    n_present = int(np.searchsorted(ordered, np.nan, side="left"))
    low = int(np.searchsorted(ordered[:n_present], -np.inf, side="right"))
    high = int(np.searchsorted(ordered[:n_present], np.inf, side="left"))
    finite = ordered[low:high]
    if len(finite) == 0:
        starts = np.zeros(0, dtype=np.int64)
    else:
        starts = np.concatenate(([0], np.flatnonzero(finite[1:] != finite[:-1]) + 1))
    return Runs(
        values=finite[starts],
        rows=np.diff(starts, append=len(finite)).astype(np.int64),
        n_missing=len(values) - n_present,
        n_infinite=n_present - len(finite),
    )


def describe_numbers(
    values: Floats, *, n_top: int = N_TOP, is_time: bool = False
) -> dict[str, Any]:
    """Describe a numeric column on all its rows; NaN is missing. See :func:`describe_runs`."""
    return describe_runs(runs_of(values), n_top=n_top, is_time=is_time)


def describe_runs(runs: Runs, *, n_top: int = N_TOP, is_time: bool = False) -> dict[str, Any]:
    """Describe a counted column.

    Parameters
    ----------
    runs : Runs
        Infinities are counted and left out of everything else.
    n_top : int
        Most frequent values to list; none are if no value comes twice.
    is_time : bool
        The values are seconds since 1970: the histogram follows the calendar.

    Returns
    -------
    dict
        ``n_present``, ``n_missing``, ``n_infinite``, ``n_distinct``, ``stats`` (None without
        a finite value), ``histogram`` (None likewise) and ``top``, a list of (value, rows),
        most frequent first, ties by value.
    """
    n_finite = runs.n_finite
    answer: dict[str, Any] = {
        "n_present": n_finite + runs.n_infinite,
        "n_missing": runs.n_missing,
        "n_infinite": runs.n_infinite,
        "n_distinct": len(runs.values),
        "stats": None,
        "histogram": None,
        "top": [],
    }
    if n_finite == 0:
        return answer
    upto = np.cumsum(runs.rows)
    answer["top"] = _most_frequent(runs, n_top)
    answer["stats"] = _describe_spread(runs, upto)
    answer["histogram"] = draw_histogram(runs.values, runs.rows, upto, is_time=is_time)
    return answer


def _most_frequent(runs: Runs, n_top: int) -> list[tuple[float, int]]:
    rows = runs.rows
    if int(rows.max()) < 2:
        return []
    if len(rows) > 4 * n_top:
        # Sorting whole numbers is quicker than partitioning them where most are alike.
        least = np.sort(rows)[-n_top]
        # Ties at the end are many in a column of measurements; the smallest values win.
        above, level = np.flatnonzero(rows > least), np.flatnonzero(rows == least)
        candidates = np.concatenate((above, level[: n_top - len(above)]))
    else:
        candidates = np.arange(len(rows))
    order = candidates[np.lexsort((candidates, -rows[candidates]))][:n_top]
    return [(float(runs.values[i]), int(rows[i])) for i in order]


# -- Moments and quantiles ------------------------------------------------------------


def quantile(values: Floats, upto: Codes, share: float) -> float:
    """Quantile with linear interpolation (Hyndman and Fan's type 7, numpy's default).

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        Ascending.
    upto : ndarray of shape (n_distinct,)
        Rows with this value or a smaller one.
    share : float
        0 to 1.

    >>> quantile(np.array([1.0, 4.0]), np.array([3, 4]), 0.75)
    1.75
    """
    position = share * (int(upto[-1]) - 1)
    below = int(position)
    first, second = np.searchsorted(upto, (below, min(below + 1, int(upto[-1]) - 1)), side="right")
    low, high = float(values[first]), float(values[second])
    part = position - below
    # Weighed rather than stepped: the difference of two huge numbers may be infinite.
    return low if low == high else low * (1.0 - part) + high * part


def _describe_spread(runs: Runs, upto: Codes) -> dict[str, Any]:
    values, rows = runs.values, runs.rows
    n = int(upto[-1])
    quantiles = [quantile(values, upto, share) for share in QUANTILES]
    low, high = quantiles[2], quantiles[4]
    fence = OUTLIER_IQR * (high - low)
    n_outside = n - _rows_within(values, upto, low - fence, high + fence)
    return {
        "minimum": float(values[0]),
        "maximum": float(values[-1]),
        **moments(values, rows),
        "quantiles": [
            {"share": share, "value": value}
            for share, value in zip(QUANTILES, quantiles, strict=True)
        ],
        "share_zero": _rows_within(values, upto, 0.0, 0.0) / n,
        "share_negative": (
            _rows_within(values, upto, -np.inf, 0.0) - _rows_within(values, upto, 0.0, 0.0)
        )
        / n,
        "share_outside": n_outside / n if fence > 0 else 0.0,
        "is_whole": bool(np.all(values == np.rint(values))),
    }


def _rows_within(values: Floats, upto: Codes, low: float, high: float) -> int:
    first, last = np.searchsorted(values, low, "left"), np.searchsorted(values, high, "right")
    before = int(upto[first - 1]) if first > 0 else 0
    return (int(upto[last - 1]) if last > 0 else 0) - before


def moments(values: Floats, rows: Codes) -> dict[str, float | None]:
    """Mean, standard deviation, skewness and excess kurtosis of counted values.

    Two passes: the powers are those of the centred values, so that large numbers with a
    small spread (years, seconds since 1970) keep their digits.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        Finite.
    rows : ndarray of shape (n_distinct,)

    Returns
    -------
    dict
        ``mean``; ``std`` with n - 1, None for one row; ``skew`` and ``kurtosis``, the third
        and fourth standardised moments (3 subtracted), None for a constant.
    """
    n = int(rows.sum())
    largest = float(np.abs(values).max())
    scale = 1.0
    if largest > _LARGEST_PLAIN or 0.0 < largest < 1.0 / _LARGEST_PLAIN:
        # A power of two, so that scaling rounds nothing (but what was subnormal).
        scale = 2.0 ** np.clip(np.floor(np.log2(largest)), -1000.0, 1000.0)
        values = values / scale
    weights = rows.astype(np.float64)
    mean = float((weights * values).sum()) / n
    centred = values - mean
    # The rest of the first pass's rounding.
    rest = float((weights * centred).sum()) / n
    mean, centred = mean + rest, centred - rest
    squares = centred * centred
    weighed = weights * squares
    variance = float(weighed.sum()) / n
    varies = len(values) > 1 and variance > (_ROUNDING * abs(mean)) ** 2
    skew = kurtosis = None
    if varies:
        skew = float((weighed * centred).sum()) / n / variance**1.5
        kurtosis = float((weighed * squares).sum()) / n / variance**2 - 3.0
    if len(values) == 1:
        mean, variance = float(values[0]), 0.0
    return {
        "mean": mean * scale,
        "std": float(np.sqrt(variance * n / (n - 1))) * scale if n > 1 else None,
        "skew": skew,
        "kurtosis": kurtosis,
    }
