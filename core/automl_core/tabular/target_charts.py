"""One feature against the target: what each range or category of it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.feature_bins import Bins, group_ranges, sum_groups
from automl_core.tabular.parquet_source import Codes, Floats, SampleColumn

N_RANGES: Final = 10
N_LEVELS: Final = 10
"""Categories that are drawn, the most frequent ones."""
N_VALUE_BARS: Final = 12
"""Numbers with at most this many values get one bar a value."""
MAX_CHART_CLASSES: Final = 6
_MAX_LABEL: Final = 200
_Z: Final = 1.959964
"""Of a normal distribution 95 % lie within so many deviations."""


@dataclass(frozen=True)
class Chart:
    """What charts need to know of the target.

    Attributes
    ----------
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    numbers : ndarray of shape (n_rows,) or None
        The numeric target, ascending: rows are sorted by it.
    shown : sequence of int
        Class codes that are drawn, the one that ``mean`` tells first.
    labels : sequence of str
        Of these classes.
    weights : ndarray of shape (n_classes,)
        Rows of the table that a sampled row of the class stands for, 1 on average.
    """

    task: str
    numbers: Floats | None
    shown: Sequence[int]
    labels: Sequence[str]
    weights: Floats


def draw(feature: SampleColumn, bins: Bins, counts: Codes, about: Chart) -> dict[str, Any]:
    """Describe a feature's chart.

    Parameters
    ----------
    feature : SampleColumn
    bins : Bins
        Of the feature, on the rows of ``counts``.
    counts : ndarray of shape (n_classes, n_bins)
        Rows of each class in each bin.
    about : Chart

    Returns
    -------
    dict
        ``kind``, ``n_levels`` and ``bars``, the bar of the missing cells last with the label
        None. Each has ``rows`` and ``mean``: the share of the class told by ``rate_of``, or
        the target's mean. Two classes add ``interval`` (Wilson, 95 %), several ``shares``
        (in the order of ``chart_classes``), a numeric target ``median``, ``q1`` and ``q3``.
    """
    group_of_bin, labels = _ranges(bins) if bins.is_ordered else _levels(bins, feature)
    n_groups = len(labels)
    # Bins that are not drawn go to one group too many, missing to the last one drawn.
    group_of_bin = np.append(group_of_bin, n_groups)
    labels = [*labels, {"label": None}]
    table = _by_group(counts, group_of_bin, n_groups + 1)
    rows = table.sum(axis=0)
    numbers = None
    if about.numbers is not None:
        numbers = _by_number(group_of_bin[bins.of_row], about.numbers, n_groups + 1)
    bars = []
    for i, label in enumerate(labels):
        if rows[i] == 0:
            continue
        told = numbers[i] if numbers is not None else _by_class(table[:, i], about)
        bars.append({"rows": int(rows[i]), **label, **told})
    return {
        "name": feature.name,
        "kind": "numeric" if bins.is_ordered else "categorical",
        "n_levels": bins.n - 1 if bins.is_ordered else len(feature.levels),
        "bars": bars,
    }


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]

    References
    ----------
    Wilson: Probable inference, the law of succession, and statistical inference, JASA 1927.
    """
    share = hits / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


# -- Bars -----------------------------------------------------------------------------


def _ranges(bins: Bins) -> tuple[Codes, list[dict[str, Any]]]:
    """Group fine ranges to about ten; few values stay by themselves."""
    ends = np.searchsorted(np.sort(bins.of_row), np.arange(bins.n))  # first row of each bin
    rows = np.diff(ends)
    if bins.is_exact and bins.n - 1 <= N_VALUE_BARS:
        groups = np.arange(bins.n - 1, dtype=np.int64)
    else:
        groups = group_ranges(rows, N_RANGES)
    per_group = sum_groups(rows, groups) if len(rows) and rows.sum() else np.zeros(0, dtype=int)
    last = np.cumsum(per_group)
    labels = [
        {"low": float(bins.values[end - n]), "high": float(bins.values[end - 1])}
        for end, n in zip(last.tolist(), per_group.tolist(), strict=True)
    ]
    return (groups if labels else np.zeros(bins.n - 1, dtype=np.int64)), labels


def _levels(bins: Bins, feature: SampleColumn) -> tuple[Codes, list[dict[str, Any]]]:
    """The most frequent categories in the order of their names; others are not drawn."""
    rows = np.bincount(bins.of_row, minlength=bins.n)[:-1]
    is_level = bins.level_of_bin >= 0
    often = np.argsort(-np.where(is_level, rows, -1), kind="stable")[:N_LEVELS]
    often = np.sort(often[is_level[often]])
    groups = np.full(bins.n - 1, len(often) + 1, dtype=np.int64)
    groups[often] = np.arange(len(often))
    return groups, [
        {"label": str(feature.levels[code])[:_MAX_LABEL]} for code in bins.level_of_bin[often]
    ]


def _by_group(counts: Codes, group_of_bin: Codes, n_groups: int) -> npt.NDArray[np.float64]:
    return np.stack(
        [
            np.bincount(group_of_bin, weights=row, minlength=n_groups + 1)[:n_groups]
            for row in counts
        ]
    )


def _by_class(rows: Floats, about: Chart) -> dict[str, Any]:
    weighted = rows * about.weights
    shares = weighted / weighted.sum()
    first = float(shares[about.shown[0]])
    if about.task == "binary":
        n = float(rows.sum())
        return {"mean": first, "interval": list(wilson(first * n, n))}
    return {"mean": first, "shares": [float(shares[code]) for code in about.shown]}


def _by_number(group_of_row: Codes, numbers: Floats, n_groups: int) -> list[dict[str, Any]]:
    """Mean, median and quartiles of the target; its rows are in ascending order."""
    # A stable sort of small integers takes one pass, and keeps each group's rows in order.
    order = np.argsort(group_of_row.astype(np.uint8), kind="stable")
    ends = np.searchsorted(group_of_row[order], np.arange(n_groups + 1))
    answers: list[dict[str, Any]] = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        own = numbers[order[start:end]]
        if len(own) == 0:
            answers.append({})
            continue
        quarter = [own[round(q * (len(own) - 1))] for q in (0.25, 0.5, 0.75)]
        answers.append(
            {
                "mean": float(own.mean()),
                "median": float(quarter[1]),
                "q1": float(quarter[0]),
                "q3": float(quarter[2]),
            }
        )
    return answers
