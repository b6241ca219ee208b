"""Columns that know the answer: what a single score does not show.

Traces beside the score of one column: the gaps (or the values) of a column that give a class
away, a column that is a copy or a grouping of the target, and a text that spells it out.
Each is asked whether it could be chance in a table of so many columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from automl_core.tabular.feature_bins import Bins
from automl_core.tabular.parquet_source import Codes, SampleColumn
from automl_core.tabular.thresholds import (
    CHANCE,
    LEAK_BASE_SHARE,
    LEAK_COPY_SHARE,
    LEAK_GAP_ROWS,
    LEAK_NAME_SHARE,
    LEAK_PURITY,
    MIN_BAND_ROWS,
    MIN_ROWS,
)

_SPELL_SCREEN: Final = 400
"""Rows that are read before all of them are."""
_SHORT_LABEL: Final = 3
"""Shorter labels are found in anything; they must stand as words of their own."""
_MAX_BANDS: Final = 50
_WORDS: Final = re.compile(r"[^\W_]+")
_PREFIX: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class GapLeak:
    """A column whose missing cells, or whose values, nearly all fall on one class."""

    column: str
    label: str
    n_gaps: int
    """Rows with a gap; with a value, if ``of`` says so."""
    purity: float
    """Share of these rows that have the class."""
    coverage: float
    """Share of the class that is among these rows."""
    of: Literal["gaps", "values"] = "gaps"


def find_gap_leaks(
    gaps: Mapping[str, Mapping[str, int]], class_rows: Mapping[str, int]
) -> list[GapLeak]:
    """Find gaps that give a class away, and values that only one class has.

    Parameters
    ----------
    gaps : mapping of column to mapping of class to rows
        Rows of each class among the column's missing cells, all rows counted.
    class_rows : mapping of class to rows
        Rows of each class in the whole table.
    """
    found = []
    for column, counts in gaps.items():
        values = {label: rows - counts.get(label, 0) for label, rows in class_rows.items()}
        for of, part in (("gaps", counts), ("values", values)):
            leak = _pure_part(column, part, class_rows, n_asked=2 * len(gaps))
            if leak is not None:
                found.append(GapLeak(*leak, of="gaps" if of == "gaps" else "values"))
                break
    return found


def _pure_part(
    column: str, part: Mapping[str, int], class_rows: Mapping[str, int], *, n_asked: int
) -> tuple[str, str, int, float, float] | None:
    n_rows, total = sum(part.values()), sum(class_rows.values())
    if n_rows < LEAK_GAP_ROWS or n_rows == total:
        return None
    label = max(sorted(part), key=lambda key: part[key])
    purity, base = part[label] / n_rows, class_rows[label] / total
    if purity < LEAK_PURITY or base > LEAK_BASE_SHARE:
        return None
    if chance_of_share(purity, base, n_rows) * n_asked > CHANCE:
        return None
    return column, label, n_rows, purity, part[label] / class_rows[label]


def chance_of_share(seen: float, base: float, n_rows: int) -> float:
    """Bound of the chance that a share as high as the seen one comes up in random rows.

    Chernoff's bound of the binomial tail; ``seen`` is above ``base``.

    >>> chance_of_share(1.0, 0.5, 10) == 0.5**10
    True
    """
    rest = (1 - seen) * math.log((1 - seen) / (1 - base)) if seen < 1 else 0.0
    return math.exp(-n_rows * (seen * math.log(seen / base) + rest))


def chance_of_area(area: float, n_rarer: int, n_others: int) -> float:
    """Chance that a column of noise reaches an area under the ROC curve.

    The smaller of two bounds: the normal tail, which is too large far out, and the count of
    orders that are no worse among all orders. The orders that are ``u`` pairs short of
    perfect are fewer than the partitions of the numbers up to ``u``.

    >>> round(1 / chance_of_area(1.0, 3, 57))  # of 60 rows three can be chosen in 34,220 ways
    34220

    References
    ----------
    Mann, Whitney: On a test of whether one of two random variables is stochastically larger
    than the other, 1947. Hardy, Ramanujan: Asymptotic formulae in combinatory analysis, 1918.
    """
    deviation = math.sqrt((n_rarer + n_others + 1) / (12 * n_rarer * n_others))
    tail = 0.5 * math.erfc((area - 0.5) / deviation / math.sqrt(2))
    short = max(0.0, 1.0 - area) * n_rarer * n_others
    no_worse = math.pi * math.sqrt(2 * short / 3) + math.log1p(short)
    every = (
        math.lgamma(n_rarer + n_others + 1) - math.lgamma(n_rarer + 1) - math.lgamma(n_others + 1)
    )
    return min(tail, math.exp(min(0.0, no_worse - every)))


# -- Copies and groupings -------------------------------------------------------------


def class_copy(counts: Codes, bins: Bins) -> Literal["copy", "function"] | None:
    """Tell whether a column is the target in other words, or a grouping of its classes.

    Parameters
    ----------
    counts : ndarray of shape (n_classes, n_bins)
        Rows by class and bin; the last bin is "missing".
    bins : Bins

    Returns
    -------
    str or None
        ``copy``: one value for each class and one class for each value. ``function``: one
        value for each class, shared by several.
    """
    known = counts[:, :-1]
    n_rows = int(known.sum())
    if not bins.is_exact or n_rows < max(MIN_ROWS, counts.sum() / 2):
        return None
    n_classes = int((known.sum(axis=1) > 0).sum())
    n_values = int((known.sum(axis=0) > 0).sum())
    if not 2 <= n_values <= n_classes or not _follows(known):
        return None
    if n_values < n_classes:
        return "function"
    return "copy" if _follows(known.T) else None


def _follows(counts: npt.NDArray[Any]) -> bool:
    """Whether the second number follows from the first, beyond always saying the usual one."""
    n_rows, usual = int(counts.sum()), int(counts.sum(axis=0).max())
    if n_rows - usual < MIN_BAND_ROWS:
        return False
    right = int(counts.max(axis=1).sum())
    return bool(right - usual >= LEAK_COPY_SHARE * (n_rows - usual))


def is_banding(bins: Bins) -> bool:
    """Tell whether a column is the numeric target cut into bands.

    Rows are in the order of the target: its bands follow each other without coming back.
    """
    known = bins.of_row[bins.of_row < bins.n - 1]
    if not bins.is_exact or len(known) < max(MIN_ROWS, len(bins.of_row) / 2):
        return False
    rows = np.bincount(known, minlength=bins.n)
    n_values = int((rows > 0).sum())
    if not 2 <= n_values <= _MAX_BANDS or len(known) - int(rows.max()) < MIN_BAND_ROWS:
        return False
    changes = int(np.count_nonzero(known[1:] != known[:-1]))
    forgiven = (1 - LEAK_COPY_SHARE) * float(rows[rows > 0].min())
    return changes <= n_values - 1 + forgiven


# -- Text -----------------------------------------------------------------------------


def spells_target(column: SampleColumn, target: SampleColumn) -> bool:
    """Tell whether a text column's cells contain the target's value, such as ``kidney_1``.

    A cell that contains several labels speaks of the longest, so that ``female`` is not
    ``male``. Labels of one or two characters must stand as words of their own.
    """
    if column.codes is None or target.codes is None or len(target.levels) < 2:
        return False
    labels = [str(level).casefold() for level in target.levels]
    both = np.flatnonzero((column.codes >= 0) & (target.codes >= 0))
    if len(both) < LEAK_GAP_ROWS:
        return False
    screen = both[:: max(1, len(both) // _SPELL_SCREEN)]
    return all(
        _spelled_share(column, target.codes, labels, rows) >= LEAK_NAME_SHARE
        for rows in (screen, both)
    )


def _spelled_share(
    column: SampleColumn, answers: Codes, labels: Sequence[str], rows: Codes
) -> float:
    """Share of the rows whose cell spells the answer, beyond what the usual answer would."""
    assert column.codes is not None
    longest_first = sorted(range(len(labels)), key=lambda i: -len(labels[i]))
    used, where = np.unique(column.codes[rows], return_inverse=True)
    said = np.array(
        [_label_in(str(column.levels[code]).casefold(), labels, longest_first) for code in used]
    )[where]
    right = float((said == answers[rows]).mean())
    # A text that always says the same class is right as often as that class comes up.
    return right if len(np.unique(said)) > 1 else 0.0


def _label_in(cell: str, labels: Sequence[str], longest_first: Sequence[int]) -> int:
    words: set[str] | None = None
    for i in longest_first:
        if len(labels[i]) >= _SHORT_LABEL:
            if labels[i] in cell:
                return i
            continue
        words = set(_WORDS.findall(cell)) if words is None else words
        if labels[i] in words:
            return i
    return -1


def by_prefix(column: SampleColumn) -> SampleColumn | None:
    """An identifier's leading letters as a category, such as ``A`` of ``A-1023``; or None."""
    if column.codes is None or len(column.levels) < MIN_ROWS:
        return None
    step = max(1, len(column.levels) // 100)
    if len({_prefix(level) for level in column.levels[::step]}) < 2:
        return None
    prefixes = [_prefix(level) for level in column.levels]
    names = sorted(set(prefixes))
    if len(names) > _MAX_BANDS:
        return None
    position = {name: i for i, name in enumerate(names)}
    of_level = np.array([*(position[prefix] for prefix in prefixes), -1], dtype=np.int64)
    return SampleColumn(column.name, codes=of_level[column.codes], levels=tuple(names))


def _prefix(level: str) -> str:
    match = _PREFIX.match(str(level))
    return match.group().casefold() if match else ""
