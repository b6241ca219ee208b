"""Columns that know the answer: what a single score does not show.

Three traces beside the score of one column: the gap of a column that gives a class away,
two columns from which the target is computed, and a text that spells the target out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from automl_core.tabular.parquet_source import Codes, Floats, SampleColumn
from automl_core.tabular.thresholds import LEAK_GAP_ROWS, LEAK_NAME_SHARE, LEAK_PURITY

_LARGEST_BASE_SHARE: Final = 0.8
"""A class that most rows have fills gaps by chance; one below this does not (0.8^20 = 1 %)."""
_SCREEN_ROWS: Final = 200
_RELATIVE_ERROR: Final = 1e-6
_MIN_LABEL_LENGTH: Final = 3
_MIN_PAIR_SPREAD: Final = 2


@dataclass(frozen=True)
class GapLeak:
    """A column whose missing cells nearly all fall on one class."""

    column: str
    label: str
    n_gaps: int
    purity: float
    """Share of the gaps that have the class."""
    coverage: float
    """Share of the class that has a gap."""


@dataclass(frozen=True)
class PairLeak:
    """Two columns from which the target is computed exactly."""

    first: str
    second: str
    operation: str


def find_gap_leaks(
    gaps: Mapping[str, Mapping[str, int]], class_rows: Mapping[str, int]
) -> list[GapLeak]:
    """Find gaps that give a class away.

    Parameters
    ----------
    gaps : mapping of column to mapping of class to rows
        Rows of each class among the column's missing cells, all rows counted.
    class_rows : mapping of class to rows
        Rows of each class in the whole table.
    """
    total = sum(class_rows.values())
    found = []
    for column, counts in gaps.items():
        n_gaps = sum(counts.values())
        if n_gaps < LEAK_GAP_ROWS:
            continue
        label = max(sorted(counts), key=lambda key: counts[key])
        purity = counts[label] / n_gaps
        base = class_rows[label] / total
        if purity >= LEAK_PURITY and base <= _LARGEST_BASE_SHARE:
            coverage = counts[label] / class_rows[label]
            found.append(GapLeak(column, label, n_gaps, purity, coverage))
    return found


def find_pair_leaks(columns: Mapping[str, Floats], target: Floats) -> list[PairLeak]:
    """Find pairs of numeric columns whose sum, difference, product or ratio is the target.

    Screened on a few hundred rows, then checked on all rows given. Columns that copy the
    target by themselves are not paired: their own score shows them.

    Parameters
    ----------
    columns : mapping of name to ndarray of shape (n_rows,)
        NaN where missing; a row with a gap in either is not compared.
    target : ndarray of shape (n_rows,)
        Without NaN.
    """
    screen = np.unique(np.linspace(0, len(target) - 1, _SCREEN_ROWS).astype(np.int64))
    names = [name for name, values in columns.items() if _varies(values[screen])]
    found = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            for operation, compute in _OPERATIONS.items():
                pair = (columns[first], columns[second])
                if _agrees(compute, pair, target, screen) and _agrees(compute, pair, target, None):
                    found.append(PairLeak(first, second, operation))
                    break
    return found


_Compute = Callable[[Floats, Floats], Floats]

_OPERATIONS: Final[Mapping[str, _Compute]] = {
    "{0} + {1}": lambda a, b: a + b,
    "{0} - {1}": lambda a, b: a - b,
    "{1} - {0}": lambda a, b: b - a,
    "{0} × {1}": lambda a, b: a * b,
    "{0} / {1}": lambda a, b: a / b,
    "{1} / {0}": lambda a, b: b / a,
}


def _varies(values: Floats) -> bool:
    present = values[~np.isnan(values)]
    return len(np.unique(present)) >= _MIN_PAIR_SPREAD


def _agrees(
    compute: _Compute, pair: tuple[Floats, Floats], target: Floats, rows: Codes | None
) -> bool:
    """Tell whether the target is computed from the pair wherever both are present."""
    a, b = pair if rows is None else (pair[0][rows], pair[1][rows])
    wanted = target if rows is None else target[rows]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        computed = compute(a, b)
    there = np.isfinite(computed)
    if there.sum() < max(LEAK_GAP_ROWS, 0.5 * len(there)):
        return False
    scale = max(float(np.abs(wanted).max()), 1e-300)
    gap = np.abs(computed[there] - wanted[there])
    # Both columns must take part: where the second adds nothing, the first alone is a copy.
    return (
        bool(np.all(gap <= _RELATIVE_ERROR * scale))
        and not np.allclose(a[there], wanted[there], rtol=_RELATIVE_ERROR)
        and not np.allclose(b[there], wanted[there], rtol=_RELATIVE_ERROR)
    )


def spells_target(column: SampleColumn, target: SampleColumn) -> bool:
    """Tell whether a text column's cells contain the target's value, such as ``kidney_1``.

    Only where both are text with labels of at least three characters: short labels are
    found in anything.
    """
    if column.codes is None or target.codes is None or len(target.levels) < 2:
        return False
    labels: Sequence[str] = [level.casefold() for level in target.levels]
    if min(map(len, labels)) < _MIN_LABEL_LENGTH:
        return False
    both = (column.codes >= 0) & (target.codes >= 0)
    if int(both.sum()) < LEAK_GAP_ROWS:
        return False
    # One comparison for each pair of values that occurs, weighted by its rows.
    pairs, rows = np.unique(
        column.codes[both] * len(labels) + target.codes[both], return_counts=True
    )
    hits = sum(
        int(count)
        for pair, count in zip(pairs.tolist(), rows.tolist(), strict=True)
        if labels[pair % len(labels)] in column.levels[pair // len(labels)].casefold()
    )
    return hits >= LEAK_NAME_SHARE * int(both.sum())
