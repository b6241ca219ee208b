"""Bars of a column: one a value, of equal width, or along the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

N_BARS: Final = 30
MAX_VALUE_BARS: Final = 39
"""Whole numbers with at most this many different values get one bar a value."""
_TAIL: Final = 0.005
_TAIL_STRETCH: Final = 4.0
"""A histogram leaves out the outermost half percent where it would fill over three quarters
of the width; the rows left out are counted beside it."""
_MAX_TIME_BARS: Final = 48
_LARGEST_WHOLE: Final = 2.0**52
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS: Final = (
    ("second", 1), ("second", 5), ("second", 15), ("minute", 1), ("minute", 5), ("minute", 15),
    ("hour", 1), ("hour", 3), ("hour", 6), ("day", 1), ("week", 1),
)  # fmt: skip
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS: Final = (1, 3, 12, 60, 120, 600, 1200, 6000, 12_000)
_MONDAY: Final = 4 * 86_400
"""1970 began on a Thursday; its first Monday was the fifth of January."""


def draw_histogram(values: Floats, rows: Codes, upto: Codes, *, is_time: bool) -> dict[str, Any]:
    """Count a column's rows into bars.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        Finite, ascending, at least one.
    rows, upto : ndarray of shape (n_distinct,)
        Rows of each value, and of it and all smaller ones.
    is_time : bool
        The values are seconds since 1970, UTC.

    Returns
    -------
    dict
        Either ``{"kind": "values", "values", "counts"}``, one bar a value, or
        ``{"kind": "bars", "edges", "counts", "n_below", "n_above", "unit", "step"}``. A bar
        holds its lower edge, the last one its upper edge, too. ``unit`` is None for numbers;
        for dates the edges lie ``step`` units apart on the calendar (``month``, 3: quarters).
    """
    is_whole = bool(np.all(values == np.rint(values)))
    if len(values) == 1 or (len(values) <= MAX_VALUE_BARS and is_whole and not is_time):
        return {"kind": "values", "values": values.tolist(), "counts": rows.tolist()}
    low, high = _drawn_range(values, upto)
    unit, step = None, None
    if is_time:
        edges, unit, step = _calendar_edges(low, high, finest=_resolution(values))
    elif is_whole and max(abs(low), abs(high)) < _LARGEST_WHOLE:
        # Bars of whole width: others would hold one value more or less in turn.
        width = float(np.ceil((high - low + 1) / N_BARS))
        edges = low + width * np.arange(np.ceil((high - low + 1) / width) + 1)
    else:
        edges = _even_edges(low, high)
    if edges is None or len(edges) < 2:
        # Values too close (or too far apart) for bars in float64.
        return {"kind": "values", "values": [float(values[0])], "counts": [int(upto[-1])]}
    before = np.concatenate(([0], upto))
    at = before[np.searchsorted(values, edges, side="left")]
    at[-1] = before[np.searchsorted(values, edges[-1], side="right")]
    return {
        "kind": "bars",
        "edges": edges.tolist(),
        "counts": np.diff(at).tolist(),
        "n_below": int(at[0]),
        "n_above": int(upto[-1] - at[-1]),
        "unit": unit,
        "step": step,
    }


def _drawn_range(values: Floats, upto: Codes) -> tuple[float, float]:
    low, high = float(values[0]), float(values[-1])
    n = int(upto[-1])
    inner = np.searchsorted(upto, (_TAIL * (n - 1), (1 - _TAIL) * (n - 1)), side="right")
    inner_low, inner_high = (float(values[i]) for i in inner)
    if inner_high > inner_low and high - low > _TAIL_STRETCH * (inner_high - inner_low):
        return inner_low, inner_high
    return low, high


def _even_edges(low: float, high: float) -> Floats | None:
    width = high - low
    if not np.isfinite(width) or width <= 1e-12 * max(abs(low), abs(high)):
        return None
    edges = np.linspace(low, high, N_BARS + 1)
    return edges if bool(np.all(np.diff(edges) > 0)) else None


# -- Calendar -------------------------------------------------------------------------


def _resolution(values: Floats) -> int:
    """Seconds of the unit in which times are told: a day for dates."""
    for unit in ("day", "hour", "minute"):
        if bool(np.all(values % _SECONDS[unit] == 0)):
            return _SECONDS[unit]
    return 1


def _calendar_edges(
    low: float, high: float, *, finest: int
) -> tuple[Floats | None, str | None, int | None]:
    """Edges on the calendar: the smallest step with at most ``_MAX_TIME_BARS`` bars."""
    for unit, step in _STEPS:
        width = _SECONDS[unit] * step
        if width < finest:
            continue
        origin = _MONDAY if unit == "week" else 0
        first = origin + np.floor((low - origin) / width) * width
        n_bars = np.floor((high - first) / width) + 1
        if n_bars <= _MAX_TIME_BARS:
            return first + width * np.arange(n_bars + 1), unit, step
    try:
        first_month, last_month = _month_number(low), _month_number(high)
    except OverflowError:
        # Outside the years 1 to 9999 there is no calendar.
        return _even_edges(low, high), None, None
    for months in _MONTHS:
        first, last = first_month // months, last_month // months
        if last - first < _MAX_TIME_BARS:
            break
    edges = [_month_start(number * months) for number in range(first, last + 2)]
    unit, step = ("year", months // 12) if months >= 12 else ("month", months)
    return np.array(edges), unit, step


def _month_number(seconds: float) -> int:
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.year * 12 + moment.month - 1


def _month_start(number: int) -> float:
    """Seconds since 1970 at which a month begins; months are counted from the year 0.

    >>> _month_start(1970 * 12 + 1)
    2678400.0
    """
    # Four hundred years have the same days each time: within them datetime is at home.
    cycles, within = divmod(number - 2000 * 12, 4800)
    moment = datetime(2000 + within // 12, within % 12 + 1, 1, tzinfo=UTC)
    return (moment - _EPOCH).total_seconds() + cycles * 146_097 * 86_400.0
