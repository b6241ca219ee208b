"""Width of prediction intervals from residuals (split conformal prediction)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def half_width(residuals: NDArray[np.float64], *, coverage: float = 0.9) -> float | None:
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
    # 1e-9 against a product such as 10 * 0.9 = 9.000000000000002 rounding up.
    rank = math.ceil((residuals.size + 1) * coverage - 1e-9)
    if rank > residuals.size:
        return None
    return float(np.partition(np.abs(residuals), rank - 1)[rank - 1])
