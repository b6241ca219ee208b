"""Numeric targets that are computed from other columns of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from automl_core.tabular.parquet_source import Floats
from automl_core.tabular.thresholds import LEAK_FORMULA_SHARE, LEAK_GAP_ROWS

_SCREEN_ROWS: Final = 64
_LINEAR_ROWS: Final = 2_000
_MAX_LINEAR_COLUMNS: Final = 60
"""Columns among which a sum of several is looked for; a fit of 60 takes a few milliseconds."""
_ROWS_PER_COLUMN: Final = 5
_RELATIVE_ERROR: Final = 1e-6
_UNSEEN_SPREAD: Final = 1e-3
"""Errors below this part of the target's deviation are rounding, whatever it is rounded to."""
_MAX_DECIMALS: Final = 4


@dataclass(frozen=True)
class PairLeak:
    """Two columns from which the target is computed."""

    first: str
    second: str
    operation: str
    share: float = 1.0
    """Of the rows with both: those where it is exact."""


_Compute = Callable[[Floats, Floats], Floats]

_OPERATIONS: Final[Mapping[str, _Compute]] = {
    "{0} + {1}": lambda a, b: a + b,
    "{0} - {1}": lambda a, b: a - b,
    "{1} - {0}": lambda a, b: b - a,
    "{0} × {1}": lambda a, b: a * b,
    "{0} / {1}": lambda a, b: a / b,
    "{1} / {0}": lambda a, b: b / a,
}


def find_pair_leaks(columns: Mapping[str, Floats], target: Floats) -> list[PairLeak]:
    """Find pairs of numeric columns whose sum, difference, product or ratio is the target.

    Screened on a few rows, then checked on all rows given. A target that was rounded counts
    as computed. Columns that copy the target by themselves are not paired: their own score
    shows them.

    Parameters
    ----------
    columns : mapping of name to ndarray of shape (n_rows,)
        NaN where missing; a row with a gap in either is not compared.
    target : ndarray of shape (n_rows,)
        Without NaN.
    """
    tolerance = _tolerance(target)
    names = [name for name, values in columns.items() if _can_take_part(values, target, tolerance)]
    if len(names) < 2 or len(target) < LEAK_GAP_ROWS:
        return []
    rows = np.unique(np.linspace(0, len(target) - 1, _SCREEN_ROWS).astype(np.int64))
    screen = np.stack([columns[name][rows] for name in names])
    wanted = target[rows]
    found: list[PairLeak] = []
    for i, first in enumerate(names[:-1]):
        for operation, compute in _OPERATIONS.items():
            with np.errstate(all="ignore"):
                gap = np.abs(compute(screen[i], screen[i + 1 :]) - wanted)
            # A gap in either column is no contradiction; a tenth of the rows may be off here.
            off = (gap > tolerance).sum(axis=1)
            for j in np.flatnonzero(off <= 0.1 * len(rows)).tolist():
                second = names[i + 1 + j]
                if any({first, second} == {leak.first, leak.second} for leak in found):
                    continue
                share = _agreement(compute, columns[first], columns[second], target, tolerance)
                if share is not None:
                    found.append(PairLeak(first, second, operation, share))
    return found


def find_sum_leak(columns: Mapping[str, Floats], target: Floats) -> list[str]:
    """Find three or more columns whose weighted sum is the target; [] if there is none.

    Asked of at most 60 columns and 2,000 complete rows. Columns that are not needed for the
    sum are taken out one by one.
    """
    usable = {
        name: values
        for name, values in list(columns.items())[:_MAX_LINEAR_COLUMNS]
        if np.isnan(values).mean() <= 0.5 and np.nanstd(values) > 0
    }
    if len(usable) < 2:
        return []
    is_complete = np.ones(len(target), dtype=bool)
    for values in usable.values():
        is_complete &= ~np.isnan(values)
    complete = np.flatnonzero(is_complete)
    if len(complete) < max(LEAK_GAP_ROWS, _ROWS_PER_COLUMN * len(usable)):
        return []
    rows = complete[:: max(1, len(complete) // _LINEAR_ROWS)]
    table = np.column_stack([values[rows] for values in usable.values()])
    wanted = target[rows]
    table = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-300)
    wanted = wanted - wanted.mean()
    tolerance = _tolerance(target)
    kept = np.arange(len(usable))
    weights = _exact_weights(table, wanted, tolerance)
    if weights is None:
        return []
    for i in np.argsort(np.abs(weights), kind="stable").tolist():
        fewer = kept[kept != i]
        if len(fewer) and _exact_weights(table[:, fewer], wanted, tolerance) is not None:
            kept = fewer
    names = list(usable)
    return [names[i] for i in kept.tolist()] if len(kept) > 1 else []


def _exact_weights(table: Floats, wanted: Floats, tolerance: float) -> Floats | None:
    # Fitted on few rows and checked on all: what is exact is exact on any of them.
    some = slice(None, None, max(1, len(table) // (_ROWS_PER_COLUMN * table.shape[1])))
    weights: Floats = np.linalg.lstsq(table[some], wanted[some], rcond=None)[0].astype(np.float64)
    error = np.abs(table @ weights - wanted)
    return weights if float(np.quantile(error, LEAK_FORMULA_SHARE)) <= tolerance else None


def _tolerance(target: Floats) -> float:
    """Largest difference that is rounding: of float64, or of the target's own decimals."""
    tolerance = _RELATIVE_ERROR * max(float(np.abs(target).max()), 1e-300)
    unseen = _UNSEEN_SPREAD * float(target.std())
    for decimals in range(_MAX_DECIMALS + 1):
        scaled = target * 10.0**decimals
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-6 * np.maximum(np.abs(scaled), 1.0)):
            tolerance = max(tolerance, 0.500001 * 10.0**-decimals)
            break
    return min(tolerance, unseen)


def _can_take_part(values: Floats, target: Floats, tolerance: float) -> bool:
    """Neither mostly empty, nor one value, nor a copy of the target by itself."""
    there = ~np.isnan(values)
    if there.mean() < 0.5 or float(np.ptp(values[there])) <= 0:
        return False
    return float(np.mean(np.abs(values[there] - target[there]) <= tolerance)) < LEAK_FORMULA_SHARE


def _agreement(
    compute: _Compute, first: Floats, second: Floats, target: Floats, tolerance: float
) -> float | None:
    """Share of rows where the formula is exact; None if it is not (nearly) always."""
    with np.errstate(all="ignore"):
        computed = compute(first, second)
    there = np.isfinite(computed)
    if there.sum() < max(LEAK_GAP_ROWS, 0.5 * len(there)):
        return None
    right = np.abs(computed[there] - target[there]) <= tolerance
    # Of a target that is mostly one value (zero), the other rows must agree as well.
    values, rows = np.unique(target[there], return_counts=True)
    unusual = target[there] != values[int(rows.argmax())]
    if unusual.sum() < LEAK_GAP_ROWS / 2:
        return None
    if min(float(right.mean()), float(right[unusual].mean())) < LEAK_FORMULA_SHARE:
        return None
    return float(right.mean())
