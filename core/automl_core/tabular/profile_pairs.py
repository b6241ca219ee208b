"""Block of the profile about columns together: which of them say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import numpy as np

from automl_core.tabular.associations import (
    Levels,
    Measurements,
    correlation_ratio_of,
    cramers_v_of,
    crosstab,
    pearson,
    spearman,
)
from automl_core.tabular.samples import SampleColumn
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.statistics import Codes, Floats
from automl_core.tabular.thresholds import MAX_LEVELS, MAX_PAIRS

WEAKEST_PAIR: Final = 0.3
"""Weaker pairs are not listed."""
MAX_COMPARED: Final = 100
"""Columns that are compared with each other: 4,950 pairs."""
MAX_MATRIX: Final = 40
"""Columns of the heat map; more cannot be read."""


@dataclass(frozen=True)
class Comparable:
    """Columns that may be compared, of how many there are."""

    numeric: list[ColumnSchema] = field(default_factory=list)
    categorical: list[ColumnSchema] = field(default_factory=list)
    too_many_levels: list[str] = field(default_factory=list)


@dataclass
class _Prepared:
    """Chosen columns made ready once for all pairs that they are in."""

    numeric: list[str]
    categorical: list[str]
    values: dict[str, Floats]
    levels: dict[str, Levels]


def describe_pairs(
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    target: str | None,
    scores: Mapping[str, float],
    *,
    scope: Mapping[str, Any],
    is_over: Callable[[], bool],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Compare columns with each other; the target, identifiers and texts are left out.

    Parameters
    ----------
    sampled : mapping of str to SampleColumn
        On the rows of a uniform sample.
    scores : mapping of str to float
        What each column alone tells about the target; of wide tables the best are compared,
        or, without scores, those with the fewest gaps.
    is_over : callable
        Asked before each column; what is left then is not compared.

    Returns
    -------
    tuple of (dict, list of dict)
        The block, and what was left out and why, as for ``skipped``. ``pairs`` are the
        strongest; ``matrix`` holds the value of every pair of the first columns (None where
        it is not known).
    """
    found = find_comparable(schema, sampled, target)
    chosen = _choose([*found.numeric, *found.categorical], scores, MAX_COMPARED)
    kept = {column.name for column in chosen}
    prepared = _prepare(
        [c.name for c in found.numeric if c.name in kept],
        [c.name for c in found.categorical if c.name in kept],
        sampled,
    )
    pairs, is_complete = _compare(prepared, is_over)
    block: dict[str, Any] = {
        "pairs": [],
        "n_pairs": 0,
        "weakest": WEAKEST_PAIR,
        "numeric": {"compared": len(prepared.numeric), "of": len(found.numeric)},
        "categorical": {"compared": len(prepared.categorical), "of": len(found.categorical)},
        "matrix": {"columns": [], "values": []},
        "scope": scope,
    }
    strong = [pair for pair in pairs if abs(pair["value"]) >= WEAKEST_PAIR]
    strong.sort(key=lambda pair: (-abs(pair["value"]), pair["columns"]))
    block["pairs"], block["n_pairs"] = strong[:MAX_PAIRS], len(strong)
    drawn = {column.name for column in _choose(chosen, scores, MAX_MATRIX)}
    block["matrix"] = _matrix([c.name for c in schema.columns if c.name in drawn], pairs)
    return block, _left_out(found, kept, is_complete=is_complete)


def _left_out(found: Comparable, kept: set[str], *, is_complete: bool) -> list[dict[str, Any]]:
    skipped = []
    others = [c.name for c in (*found.numeric, *found.categorical) if c.name not in kept]
    if others:
        skipped.append(
            {
                "block": "associations",
                "columns": others,
                "why": f"At most {MAX_COMPARED} columns are compared with each other: those that "
                "tell most about the target, or have the fewest gaps.",
            }
        )
    if found.too_many_levels:
        skipped.append(
            {
                "block": "associations",
                "columns": found.too_many_levels,
                "why": f"A category with more than {MAX_LEVELS} values agrees with anything by "
                "chance.",
            }
        )
    if not is_complete:
        skipped.append(
            {
                "block": "associations",
                "columns": [],
                "why": "The time for the profile was over; some pairs were not compared.",
            }
        )
    return skipped


# -- Which columns --------------------------------------------------------------------


def find_comparable(
    schema: TableSchema, sampled: Mapping[str, SampleColumn], target: str | None
) -> Comparable:
    """Sort columns into those that are compared as numbers and as categories."""
    found = Comparable()
    for column in schema.columns:
        cells = sampled.get(column.name)
        if cells is None or column.name == target:
            continue
        if column.kind in {"numeric", "datetime"} and cells.numbers is not None:
            found.numeric.append(column)
        elif column.kind == "categorical" and column.n_distinct > MAX_LEVELS:
            found.too_many_levels.append(column.name)
        elif column.kind == "categorical" and column.n_distinct > 1:
            found.categorical.append(column)
    return found


def _choose(
    columns: Sequence[ColumnSchema], scores: Mapping[str, float], most: int
) -> list[ColumnSchema]:
    ranked = sorted(columns, key=lambda c: (-scores.get(c.name, -1.0), c.n_missing, c.position))
    return sorted(ranked[:most], key=lambda c: c.position)


def _prepare(
    numeric: list[str], categorical: list[str], sampled: Mapping[str, SampleColumn]
) -> _Prepared:
    values = {}
    for name in numeric:
        numbers = sampled[name].numbers
        assert numbers is not None
        values[name] = numbers
    levels = {name: Levels.of(_codes(sampled[name])) for name in categorical}
    return _Prepared(numeric, categorical, values, levels)


def _codes(column: SampleColumn) -> Codes:
    """Codes of a category, also of one that is stored as numbers."""
    if column.codes is not None:
        return column.codes
    assert column.numbers is not None
    codes = np.full(len(column.numbers), -1, dtype=np.int64)
    there = ~column.is_missing
    codes[there] = np.unique(column.numbers[there], return_inverse=True)[1]
    return codes


# -- Pairs ----------------------------------------------------------------------------


def _compare(prepared: _Prepared, is_over: Callable[[], bool]) -> tuple[list[dict[str, Any]], bool]:
    """Every pair with a value, however weak, and whether the time was enough for all."""
    measurements = {name: Measurements.of(v) for name, v in prepared.values.items()}
    pairs = _numeric_pairs(prepared, measurements)
    for i, first in enumerate(prepared.categorical):
        if is_over():
            return pairs, False
        levels = prepared.levels[first]
        for second in prepared.categorical[i + 1 :]:
            value = cramers_v_of(crosstab(levels, prepared.levels[second]))
            if value is not None:
                pairs.append(_pair("cramers_v", first, second, value))
        for name, numbers in measurements.items():
            value = correlation_ratio_of(levels, numbers)
            if value is not None:
                pairs.append(_pair("correlation_ratio", name, first, value))
    return pairs, True


def _numeric_pairs(
    prepared: _Prepared, measurements: Mapping[str, Measurements]
) -> list[dict[str, Any]]:
    names = prepared.numeric
    straight = pearson([measurements[name] for name in names])
    rising = spearman([prepared.values[name] for name in names])
    found = []
    for i, j in combinations(range(len(names)), 2):
        if not np.isnan(rising[i, j]):
            pair = _pair("spearman", names[i], names[j], float(rising[i, j]))
            found.append({**pair, "pearson": float(straight[i, j])})
    return found


def _pair(measure: str, first: str, second: str, value: float) -> dict[str, Any]:
    return {"measure": measure, "columns": [first, second], "value": value, "pearson": None}


def _matrix(names: list[str], pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Values of every pair of some columns, in the order of the table; 1 on the diagonal."""
    at = {name: i for i, name in enumerate(names)}
    values: list[list[float | None]] = [
        [1.0 if i == j else None for j in range(len(names))] for i in range(len(names))
    ]
    for pair in pairs:
        first, second = pair["columns"]
        if first in at and second in at:
            value = round(pair["value"], 3) + 0.0
            values[at[first]][at[second]] = values[at[second]][at[first]] = value
    return {"columns": names, "values": values}
