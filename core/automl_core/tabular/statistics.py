"""Numbers about one column: moments, quantiles, histogram, most frequent values."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from automl_core.tabular.parquet_source import Floats
from automl_core.tabular.thresholds import OUTLIER_IQR

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
N_BARS: Final = 30
MAX_VALUE_BARS: Final = 40
"""Whole numbers with at most this many different values get one bar a value."""
_TAIL: Final = 0.005
_TAIL_STRETCH: Final = 4.0
"""A histogram leaves out the outermost half percent where it would fill over three quarters
of the width; the rows left out are counted beside it."""


def describe_numbers(values: Floats, *, n_top: int = 10) -> dict[str, Any]:
    """Describe a numeric column on all its rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        NaN where missing. Infinities are counted and left out of everything else.
    n_top : int
        Most frequent values to list.

    Returns
    -------
    dict
        ``n_present``, ``n_infinite``, ``n_distinct``, ``stats`` (None without a finite
        value), ``histogram`` (None likewise) and ``top``, a list of (value, rows).
        ``skew`` is the third standardised moment and is None for a constant.
    """
    present = values[~np.isnan(values)]
    finite = np.sort(present[np.isfinite(present)])
    answer: dict[str, Any] = {
        "n_present": len(present),
        "n_infinite": len(present) - len(finite),
        "n_distinct": 0,
        "stats": None,
        "histogram": None,
        "top": [],
    }
    if len(finite) == 0:
        return answer
    starts = np.flatnonzero(np.concatenate(([True], finite[1:] != finite[:-1])))
    rows = np.diff(np.append(starts, len(finite)))
    distinct = finite[starts]
    frequent = np.lexsort((distinct, -rows))[:n_top]
    answer["n_distinct"] = len(distinct)
    answer["top"] = [(float(distinct[i]), int(rows[i])) for i in frequent]
    answer["stats"] = _moments(finite)
    answer["histogram"] = _histogram(finite, distinct, rows)
    return answer


def _moments(finite: Floats) -> dict[str, Any]:
    mean = float(finite.mean())
    centred = finite - mean
    variance = float(np.mean(centred**2))
    # Below this the spread is rounding noise of the mean, not of the data.
    varies = variance > (1e-12 * max(abs(mean), 1e-300)) ** 2
    quantiles = np.quantile(finite, QUANTILES)
    low, high = quantiles[2], quantiles[4]
    fence = OUTLIER_IQR * (high - low)
    outside = np.searchsorted(finite, low - fence, "left") + (
        len(finite) - np.searchsorted(finite, high + fence, "right")
    )
    n = len(finite)
    return {
        "minimum": float(finite[0]),
        "maximum": float(finite[-1]),
        "mean": mean,
        "std": float(np.sqrt(variance * n / (n - 1))) if n > 1 else None,
        "skew": float(np.mean(centred**3) / variance**1.5) if varies else None,
        "quantiles": [
            {"share": share, "value": float(value)}
            for share, value in zip(QUANTILES, quantiles, strict=True)
        ],
        "share_zero": float(np.mean(finite == 0)),
        "share_outside": float(outside / n) if fence > 0 else 0.0,
        "is_whole": bool(np.all(finite == np.rint(finite))),
    }


def _histogram(finite: Floats, distinct: Floats, rows: Any) -> dict[str, Any]:
    """Bars of equal width, or one bar a value for few whole numbers."""
    if len(distinct) <= MAX_VALUE_BARS and bool(np.all(distinct == np.rint(distinct))):
        return {
            "kind": "values",
            "values": [float(value) for value in distinct],
            "counts": [int(count) for count in rows],
        }
    low, high = float(finite[0]), float(finite[-1])
    inner_low, inner_high = np.quantile(finite, (_TAIL, 1 - _TAIL))
    if inner_high > inner_low and high - low > _TAIL_STRETCH * (inner_high - inner_low):
        low, high = float(inner_low), float(inner_high)
    if not (np.isfinite(high - low) and high - low > 1e-12 * max(abs(low), abs(high))):
        # One value, or values too close (or too far apart) for bars in float64.
        return {"kind": "values", "values": [float(low)], "counts": [len(finite)]}
    counts, edges = np.histogram(finite, bins=N_BARS, range=(low, high))
    return {
        "kind": "bars",
        "edges": [float(edge) for edge in edges],
        "counts": [int(count) for count in counts],
        "n_below": int(np.searchsorted(finite, low, "left")),
        "n_above": int(len(finite) - np.searchsorted(finite, high, "right")),
    }
