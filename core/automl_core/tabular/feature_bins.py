"""A feature cut into bins: fine ranges of a number, or categories, and the missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.parquet_source import Codes, Floats, SampleColumn

MAX_BINS: Final = 256
ROWS_PER_BIN: Final = 5


@dataclass(frozen=True)
class Bins:
    """A feature cut into bins; the last one, number ``n - 1``, is "missing".

    Attributes
    ----------
    of_row : ndarray of shape (n_rows,)
    n : int
        Bins, "missing" included.
    is_ordered : bool
        Ranges of a number rather than categories.
    is_exact : bool
        Every bin holds one value.
    values : ndarray
        The numbers that are there, ascending; empty for categories.
    level_of_bin : ndarray of shape (n - 1,)
        Of categories: the code of each bin, -1 for the values that occur once.
    """

    of_row: Codes
    n: int
    is_ordered: bool
    is_exact: bool
    values: Floats
    level_of_bin: Codes


def cut(column: SampleColumn) -> Bins:
    """Cut a feature into fine ranges of equal rows, or into its categories.

    A value that fills ranges by itself gets one of its own. Categories of a single row
    cannot be known out of fold and share a bin.
    """
    if column.numbers is None:
        return _cut_categories(column)
    # One sort serves the ranges and the place of every row; missing values come last.
    order = np.argsort(column.numbers)
    values = column.numbers[order]
    n_there = int(np.searchsorted(values, np.inf, side="right"))
    values = values[:n_there]
    n_bins = int(np.clip(n_there // ROWS_PER_BIN, 4, MAX_BINS))
    is_first = np.concatenate((np.ones(min(n_there, 1), dtype=bool), values[1:] != values[:-1]))
    is_exact = int(is_first.sum()) <= n_bins
    if is_exact:
        edges = values[is_first][:-1]
    else:
        at = values[np.arange(1, n_bins) * n_there // n_bins - 1]
        heavy = np.unique(at[1:][at[1:] == at[:-1]])
        before = np.searchsorted(values, heavy) - 1
        edges = np.unique(np.concatenate((at, values[before[before >= 0]])))
        edges = edges[edges < values[-1]]
    n_known = len(edges) + 1
    ends = np.concatenate((np.searchsorted(values, edges, side="right"), [n_there, len(order)]))
    codes = np.empty(len(order), dtype=np.int64)
    codes[order] = np.repeat(np.arange(n_known + 1), np.diff(ends, prepend=0))
    none = np.zeros(0, dtype=np.int64)
    return Bins(codes, n_known + 1, True, is_exact, values, none)


def _cut_categories(column: SampleColumn) -> Bins:
    assert column.codes is not None
    there = column.codes >= 0
    rows = np.bincount(column.codes[there], minlength=len(column.levels))
    kept = np.flatnonzero(rows > 1)
    has_singles = bool((rows == 1).any())
    n_known = len(kept) + has_singles
    bin_of = np.full(len(rows) + 1, n_known, dtype=np.int64)  # the last one is "missing"
    bin_of[:-1][rows == 1] = len(kept)
    bin_of[kept] = np.arange(len(kept))
    levels = np.append(kept, -1) if has_singles else kept
    return Bins(
        bin_of[column.codes], n_known + 1, False, not has_singles, np.zeros(0),
        levels.astype(np.int64),
    )  # fmt: skip


def group_ranges(rows: Codes, most: int) -> Codes:
    """Number of the group of each fine range, ascending from 0: about equal rows each."""
    total = int(rows.sum())
    if total == 0:
        return np.zeros(len(rows), dtype=np.int64)
    middle = np.cumsum(rows) - rows / 2
    groups = np.minimum((middle * most / total).astype(np.int64), most - 1)
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def sum_groups(counts: npt.NDArray[Any], groups: Codes) -> npt.NDArray[Any]:
    """Add up the last axis by group."""
    starts = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
    return np.asarray(np.add.reduceat(counts, starts, axis=-1))
