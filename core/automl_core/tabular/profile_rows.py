"""Blocks of the profile about whole rows: which repeat, and which cells go missing together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from automl_core.tabular.parquet_source import ParquetSource
from automl_core.tabular.row_keys import RowKeys, count_conflicts, count_repeats
from automl_core.tabular.samples import SampleColumn
from automl_core.tabular.schema import TableSchema
from automl_core.tabular.statistics import Codes
from automl_core.tabular.thresholds import MAX_PAIRS, MAX_PATTERN_COLUMNS

MAX_LONG_PATTERN_COLUMNS: Final = 60
"""In a table longer than the sample: one bit a column in a whole number of the database."""
_MAX_PATTERNS: Final = 10
_TOGETHER: Final = 0.5
"""Columns that are missing together in fewer of the rows where either is are not listed."""
_MORE_FEATURES: Final = 3
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_FEATURE_KINDS: Final = frozenset({"numeric", "categorical", "datetime"})

Masks = npt.NDArray[np.bool_]


# -- Repeated rows --------------------------------------------------------------------


def key_groups(
    schema: TableSchema, target: str | None, *, is_everything: bool
) -> dict[str, set[int]]:
    """Groups of columns whose row keys are wanted while the columns pass by.

    Of a long table not every column passes by; there the features that do are enough if no
    two rows agree in them: then no rows agree in more columns.
    """
    features = {
        column.position
        for column in schema.columns
        if column.name != target and column.kind in _FEATURE_KINDS
    }
    if not is_everything:
        return {"features": features}
    return {
        "all": {column.position for column in schema.columns},
        "others": {c.position for c in schema.columns if c.kind != "identifier"},
        "features": features,
    }


def no_duplicates(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The block where nothing was counted."""
    return {
        "rows": None,
        "share": None,
        "without_identifiers": None,
        "conflicting_rows": None,
        "scope": scope,
    }


def describe_duplicates(
    source: ParquetSource,
    schema: TableSchema,
    keys: RowKeys,
    answers: SampleColumn | None,
    *,
    n_rows: int,
    is_everything: bool,
    target: str | None,
    scope: Mapping[str, Any],
) -> dict[str, Any]:
    """Count rows that repeat an earlier one, and rows that contradict each other.

    Parameters
    ----------
    answers : SampleColumn or None
        The target on the sampled rows; read only if they are all rows.

    Returns
    -------
    dict
        ``rows`` repeat an earlier row in every column; ``without_identifiers`` counts again
        with those columns left out (None if there are none); ``conflicting_rows`` are alike
        in all features as a row with another target (None without a target).
    """
    identifiers = [column.name for column in schema.columns if column.kind == "identifier"]
    features = [
        column.name
        for column in schema.columns
        if column.name != target and column.kind in _FEATURE_KINDS
    ]
    conflicts: int | None = None if target is None else 0
    if is_everything:
        repeats = count_repeats(keys.of("all"))
        others = count_repeats(keys.of("others")) if identifiers else None
        if target is not None and features:
            conflicts = _conflicts(keys.of("features"), answers)
    elif _features_differ(source, keys, schema, features):
        repeats, others = 0, 0 if identifiers else None
    else:
        groups = [[column.name for column in schema.columns]]
        groups.append([name for name in groups[0] if name not in identifiers])
        counted = [count_repeats(*source.row_hashes([group])) for group in groups if group]
        repeats = counted[0]
        others = (counted[1] if len(counted) > 1 else n_rows - 1) if identifiers else None
        if target is not None and features:
            conflicts = count_conflicts(
                *source.row_hashes([features, [target]], where_present=target)
            )
    return {
        "rows": repeats,
        "share": repeats / n_rows if n_rows else 0.0,
        "without_identifiers": None
        if others is None
        else {
            "columns": identifiers,
            "rows": others,
            "share": others / n_rows if n_rows else 0.0,
        },
        "conflicting_rows": conflicts,
        "scope": scope,
    }


def _conflicts(keys: npt.NDArray[np.uint64], answers: SampleColumn | None) -> int:
    if answers is None:
        return 0
    there = ~answers.is_missing
    cells = answers.codes if answers.codes is not None else answers.numbers
    assert cells is not None
    return count_conflicts(keys[there], cells[there].view(np.uint64))


def _features_differ(
    source: ParquetSource, keys: RowKeys, schema: TableSchema, features: list[str]
) -> bool:
    """Tell whether a few features of a long table make all its rows different."""
    known = keys.of("features")
    if count_repeats(known) == 0:
        return True
    # The most distinct of the others, read together: three narrow columns are read in less
    # than a tenth of the time of all.
    others = sorted(
        (c for c in schema.columns if c.name in features and c.position not in keys.added),
        key=lambda column: (-column.n_distinct, column.position),
    )[:_MORE_FEATURES]
    if not others:
        return False
    (hashes,) = source.row_hashes([[column.name for column in others]])
    return count_repeats(known * _ODD + hashes) == 0


# -- Gaps -----------------------------------------------------------------------------


def describe_missing_patterns(
    source: ParquetSource,
    missing: Mapping[str, int],
    gaps: Mapping[str, Masks] | None,
    *,
    n_rows: int,
    scope: Mapping[str, Any],
) -> dict[str, Any]:
    """Tell which columns are missing together: pairs and whole row patterns.

    Parameters
    ----------
    missing : mapping of column to rows
        All columns in the order of the table. Columns without a value or without a gap
        take no part.
    gaps : mapping of column to ndarray of shape (n_rows,) or None
        Where each is missing, if the rows were all fetched; None: the database counts.

    Returns
    -------
    dict
        A pair's ``together`` is the share of rows missing in both among those missing in
        either. ``columns`` tells how many columns were compared of how many with gaps.
    """
    gappy = [name for name, rows in missing.items() if 0 < rows < n_rows]
    limit = MAX_PATTERN_COLUMNS if gaps is not None else MAX_LONG_PATTERN_COLUMNS
    # Sorted by rows, ties in the order of the table.
    names = sorted(gappy, key=lambda name: -missing[name])[:limit]
    block: dict[str, Any] = {
        "pairs": [],
        "patterns": [],
        "columns": {"compared": len(names), "of": len(gappy)},
        "scope": scope,
    }
    if not names:
        return block
    if gaps is not None:
        masks = np.column_stack([gaps[name] for name in names])
        patterns, rows = _count_patterns(masks)
    else:
        patterns, rows = source.count_gap_patterns(names)
    block["pairs"] = _missing_pairs(names, patterns, rows)
    # Ties by what is missing, the first column first: the same in whatever way it was counted.
    bits = np.packbits(~patterns, axis=1)
    for i in np.lexsort((*bits.T[::-1], -rows))[:_MAX_PATTERNS]:
        block["patterns"].append(
            {
                "columns": [name for name, gap in zip(names, patterns[i], strict=True) if gap],
                "rows": int(rows[i]),
                "share": rows[i] / n_rows,
            }
        )
    return block


def _count_patterns(masks: Masks) -> tuple[Masks, Codes]:
    packed = np.packbits(masks, axis=1)
    as_one = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
    _, first, rows = np.unique(as_one, return_index=True, return_counts=True)
    return masks[first], rows.astype(np.int64)


def _missing_pairs(names: list[str], patterns: Masks, rows: Codes) -> list[dict[str, Any]]:
    both = np.zeros((len(names), len(names)))
    for start in range(0, len(rows), 50_000):
        some = patterns[start : start + 50_000].astype(np.float64)
        both += (some * rows[start : start + 50_000, None]).T @ some
    single = np.diag(both)
    found = []
    for i, j in combinations(range(len(names)), 2):
        either = single[i] + single[j] - both[i, j]
        if both[i, j] > 0 and both[i, j] / either >= _TOGETHER:
            found.append(
                {
                    "columns": [names[i], names[j]],
                    "rows": int(both[i, j]),
                    "together": both[i, j] / either,
                }
            )
    found.sort(key=lambda pair: (-pair["rows"], pair["columns"]))
    return found[:MAX_PAIRS]
