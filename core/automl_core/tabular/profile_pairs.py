"""Blocks of the profile about columns together: associations and patterns of gaps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np

from automl_core.tabular.associations import correlation_ratio, cramers_v, spearman
from automl_core.tabular.parquet_source import SampleColumn
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.thresholds import (
    MAX_ASSOCIATED_CATEGORICAL,
    MAX_ASSOCIATED_NUMERIC,
    MAX_LEVELS,
    MAX_PAIRS,
    MAX_PATTERN_COLUMNS,
)

WEAKEST_PAIR: Final = 0.3
"""Weaker pairs are not listed."""
_MAX_PATTERNS: Final = 10


def describe_pairs(
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    target: Mapping[str, Any] | None,
    *,
    scope: Mapping[str, Any],
) -> dict[str, Any]:
    """List the strongest pairs of columns, the target and identifiers left out.

    Of wide tables the columns that score best against the target are compared, or, without
    a target, those with the fewest gaps; how many of how many is part of the answer.
    """
    numeric, categorical = _candidates(schema, sampled, target)
    chosen_numeric = _choose(numeric, target, MAX_ASSOCIATED_NUMERIC)
    chosen_categorical = _choose(categorical, target, MAX_ASSOCIATED_CATEGORICAL)
    pairs = [
        *_numeric_pairs(chosen_numeric, sampled),
        *_categorical_pairs(chosen_categorical, sampled),
        *_mixed_pairs(chosen_numeric, chosen_categorical, sampled),
    ]
    pairs.sort(key=lambda pair: (-abs(pair["value"]), pair["columns"]))
    return {
        "pairs": pairs[:MAX_PAIRS],
        "n_pairs": len(pairs),
        "weakest": WEAKEST_PAIR,
        "numeric": {"compared": len(chosen_numeric), "of": len(numeric)},
        "categorical": {"compared": len(chosen_categorical), "of": len(categorical)},
        "scope": scope,
    }


def describe_missing_patterns(
    schema: TableSchema, sampled: Mapping[str, SampleColumn], *, scope: Mapping[str, Any]
) -> dict[str, Any]:
    """Tell which columns are missing together: pairs and whole row patterns.

    A pair's ``together`` is the share of rows missing in both among those missing in either.
    """
    gappy = [c for c in schema.columns if c.n_missing > 0 and c.name in sampled]
    gappy.sort(key=lambda column: (-column.n_missing, column.position))
    gappy = gappy[:MAX_PATTERN_COLUMNS]
    block: dict[str, Any] = {"pairs": [], "patterns": [], "scope": scope}
    if not gappy:
        return block
    names = [column.name for column in gappy]
    masks = np.column_stack([sampled[name].is_missing for name in names])
    block["pairs"] = _missing_pairs(names, masks)
    patterns, rows = np.unique(masks, axis=0, return_counts=True)
    for i in np.argsort(-rows, kind="stable")[:_MAX_PATTERNS]:
        block["patterns"].append(
            {
                "columns": [name for name, gap in zip(names, patterns[i], strict=True) if gap],
                "rows": int(rows[i]),
                "share": rows[i] / len(masks),
            }
        )
    return block


def _missing_pairs(names: list[str], masks: Any) -> list[dict[str, Any]]:
    floats = masks.astype(np.float64)
    both = floats.T @ floats
    single = masks.sum(axis=0)
    found = []
    for i, j in combinations(range(len(names)), 2):
        either = single[i] + single[j] - both[i, j]
        if both[i, j] > 0 and both[i, j] / either >= 0.5:
            found.append(
                {
                    "columns": [names[i], names[j]],
                    "rows": int(both[i, j]),
                    "together": both[i, j] / either,
                }
            )
    found.sort(key=lambda pair: (-pair["rows"], pair["columns"]))
    return found[:MAX_PAIRS]


# -- Which columns --------------------------------------------------------------------


def _candidates(
    schema: TableSchema, sampled: Mapping[str, SampleColumn], target: Mapping[str, Any] | None
) -> tuple[list[ColumnSchema], list[ColumnSchema]]:
    numeric, categorical = [], []
    for column in schema.columns:
        found = sampled.get(column.name)
        if found is None or (target is not None and column.name == target["name"]):
            continue
        if column.kind in {"numeric", "datetime"} and found.numbers is not None:
            numeric.append(column)
        elif column.kind == "categorical" and 2 <= column.n_distinct <= MAX_LEVELS:
            categorical.append(column)
    return numeric, categorical


def _choose(columns: list[ColumnSchema], target: Mapping[str, Any] | None, most: int) -> list[str]:
    if len(columns) > most:
        scores = {item["name"]: item["score"] for item in (target or {}).get("scores", [])}
        columns = sorted(
            columns, key=lambda c: (-scores.get(c.name, -1.0), c.n_missing, c.position)
        )[:most]
    return [column.name for column in sorted(columns, key=lambda c: c.position)]


# -- Pairs ----------------------------------------------------------------------------


def _numeric_pairs(names: list[str], sampled: Mapping[str, SampleColumn]) -> list[dict[str, Any]]:
    columns = [sampled[name] for name in names]
    rho = spearman([column.numbers for column in columns if column.numbers is not None])
    first, second = np.triu_indices(len(names), k=1)
    strong = np.abs(np.nan_to_num(rho[first, second])) >= WEAKEST_PAIR
    return [
        _pair("spearman", names[i], names[j], float(rho[i, j]))
        for i, j in zip(first[strong].tolist(), second[strong].tolist(), strict=True)
    ]


def _categorical_pairs(
    names: list[str], sampled: Mapping[str, SampleColumn]
) -> list[dict[str, Any]]:
    coded = _coded(names, sampled)
    found = []
    for first, second in combinations(names, 2):
        value = cramers_v(coded[first], coded[second])
        if value is not None and value >= WEAKEST_PAIR:
            found.append(_pair("cramers_v", first, second, value))
    return found


def _mixed_pairs(
    numeric: list[str], categorical: list[str], sampled: Mapping[str, SampleColumn]
) -> list[dict[str, Any]]:
    coded = _coded(categorical, sampled)
    found = []
    for name in numeric:
        numbers = sampled[name].numbers
        assert numbers is not None
        for category in categorical:
            value = correlation_ratio(coded[category], numbers)
            if value is not None and value >= WEAKEST_PAIR:
                found.append(_pair("correlation_ratio", name, category, value))
    return found


def _coded(names: list[str], sampled: Mapping[str, SampleColumn]) -> dict[str, Any]:
    """Codes of categories, those that are stored as numbers included."""
    answer = {}
    for name in names:
        column = sampled[name]
        if column.codes is not None:
            answer[name] = column.codes
            continue
        assert column.numbers is not None
        codes = np.full(len(column.numbers), -1, dtype=np.int64)
        there = ~column.is_missing
        codes[there] = np.unique(column.numbers[there], return_inverse=True)[1]
        answer[name] = codes
    return answer


def _pair(measure: str, first: str, second: str, value: float) -> dict[str, Any]:
    return {"measure": measure, "columns": [first, second], "value": value}
