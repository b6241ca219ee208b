"""Learn from the training rows how each column becomes columns of the matrix."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.bundle.runtime import Encoder, number_text
from automl_core.records import MissingPolicy, Plan, PlanFeature
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_training.encoding.target import json_number
from automl_training.encoding.texts import fit_texts

#: A value in fewer training rows shares code 1 with values never seen, so that this code
#: is learned from rows too.
MIN_CATEGORY_ROWS = 5
#: The most frequent ones; more would fill the manifest with values that say little.
MAX_CATEGORIES = 10_000
#: Codes 0 (missing) and 1 (unknown or rare) come before the known values.
RESERVED_CODES = 2

_FLOAT32_MAX = float(np.finfo(np.float32).max)
#: Policies under which no feature is left missing.
_FILLS_ALL: frozenset[MissingPolicy] = frozenset({"drop", "most_frequent"})

Table = Mapping[str, npt.NDArray[Any]]
ColumnSpec = dict[str, Any]


def fit_columns(
    table: Table, schema: TableSchema, plan: Plan, rows: npt.NDArray[np.int64]
) -> list[ColumnSpec]:
    """Learn the encoding of the plan's features: the manifest's ``columns``.

    What a missing value becomes:

    ========================  ==============================  ==============================
    policy                    number, date                    category
    ========================  ==============================  ==============================
    auto                      stays missing; the median if    its own code; the most frequent
                              training had no gap             value if training had no gap
    mean, median              the mean or median              as with auto
    most_frequent             the most frequent value         the most frequent value
    drop                      the median (training has no     the most frequent value
                              such row, prediction must
                              answer)
    ========================  ==============================  ==============================

    A missing text is one without words, under every policy.

    Parameters
    ----------
    table : mapping of str to ndarray of shape (n_rows,)
        Typed columns as ``automl_core.tabular.convert.read_columns`` gives them.
    rows : ndarray of int
        The training rows; nothing is learned from others.

    Returns
    -------
    list of dict
        One a feature, in the plan's order; JSON types only. ``minimum``, ``maximum`` and
        ``fill`` of a date are seconds since 1970 in UTC. ``categories`` are in the order of
        their codes, rarest first: a tree's threshold then parts rare from frequent values,
        and what was never seen (code 1) falls on the side of the rare.
    """
    by_name = {column.name: column for column in schema.columns}
    n_texts = sum(feature.kind == "text" for feature in plan.features)
    return [
        _fit_column(
            table[feature.name][rows],
            by_name[feature.name],
            feature,
            plan.missing,
            decimal=schema.file.decimal,
            n_texts=n_texts,
        )
        for feature in plan.features
    ]


def _fit_column(
    values: npt.NDArray[Any],
    column: ColumnSchema,
    feature: PlanFeature,
    policy: MissingPolicy,
    *,
    decimal: str,
    n_texts: int,
) -> ColumnSpec:
    spec: ColumnSpec = {
        "name": column.name,
        "original_name": column.original_name,
        "kind": "numeric",
        "storage": column.storage,
        "decimal": decimal,
        "time_format": column.time_format,
        "missing_tokens": list(column.missing_tokens),
        "fill": None,
        "fill_category": None,
        "categories": [],
        "minimum": None,
        "maximum": None,
        "typical": None,
        "n_missing": 0,
    }
    if values.dtype.kind == "M":
        return spec | _fit_dates(values, column, policy)
    if feature.kind == "text" and values.dtype.kind == "O":
        return spec | fit_texts(values, spec, n_columns=n_texts)
    if feature.kind == "categorical" or values.dtype.kind == "O":
        return spec | _fit_categories(values, spec, policy)
    return spec | _fit_numbers(values.astype(np.float64), column, policy)


def _fit_numbers(
    values: npt.NDArray[np.float64], column: ColumnSchema, policy: MissingPolicy
) -> ColumnSpec:
    # As the matrix will hold them: sums of larger numbers would not be finite.
    there = np.clip(values[np.isfinite(values)], -_FLOAT32_MAX, _FLOAT32_MAX)
    n_missing = len(values) - len(there)
    learned: ColumnSpec = {"kind": "numeric", "n_missing": n_missing}
    if not len(there):
        return learned
    median = float(np.median(there))
    fills: dict[MissingPolicy, float | None] = {
        "auto": None if n_missing else median,
        "mean": float(np.mean(there)),
        "median": median,
        "most_frequent": _most_frequent(there),
        "drop": median,
    }
    typical = _most_central(there, median) if column.storage == "integer" else median
    return learned | {
        "fill": fills[policy],
        "minimum": float(there.min()),
        "maximum": float(there.max()),
        "typical": json_number(typical) if column.storage == "integer" else typical,
    }


def _fit_dates(values: npt.NDArray[Any], column: ColumnSchema, policy: MissingPolicy) -> ColumnSpec:
    there = values[~np.isnat(values)]
    n_missing = len(values) - len(there)
    learned: ColumnSpec = {"kind": "datetime", "n_missing": n_missing}
    if not len(there):
        return learned
    seconds = there.astype("datetime64[s]").astype(np.int64).astype(np.float64)
    median = _most_central(seconds, float(np.median(seconds)))
    fills: dict[MissingPolicy, float | None] = {
        "auto": None if n_missing else median,
        "mean": float(np.floor(np.mean(seconds))),
        "median": median,
        "most_frequent": _most_frequent(seconds),
        "drop": median,
    }
    moment = np.datetime64(int(median), "s").item()
    if column.time_format is not None:
        typical = moment.strftime(column.time_format)
    else:
        typical = moment.date().isoformat() if column.storage == "date" else moment.isoformat()
    return learned | {
        "fill": fills[policy],
        "minimum": float(seconds.min()),
        "maximum": float(seconds.max()),
        "typical": typical,
    }


def _fit_categories(
    values: npt.NDArray[Any], spec: ColumnSpec, policy: MissingPolicy
) -> ColumnSpec:
    counts = _count_categories(values, spec)
    n_missing = len(values) - sum(counts.values())
    known = [text for text, n in counts.items() if n >= MIN_CATEGORY_ROWS]
    known.sort(key=lambda text: (counts[text], text))
    known = known[-MAX_CATEGORIES:]
    most_frequent = known[-1] if known else None
    is_filled = policy in _FILLS_ALL or not n_missing
    typical: Any = most_frequent
    if most_frequent is not None and spec["storage"] in {"integer", "decimal"}:
        typical = json_number(float(most_frequent))
    return {
        "kind": "categorical",
        "categories": known,
        "fill_category": most_frequent if is_filled else None,
        "typical": typical,
        "n_missing": n_missing,
    }


def _count_categories(values: npt.NDArray[Any], spec: ColumnSpec) -> dict[str, int]:
    """Count rows of each category, as it is spelled in the manifest; missing ones are none."""
    if values.dtype.kind != "O":
        found, n_rows = np.unique(values.astype(np.float64), return_counts=True)
        return {
            number_text(number): n
            for number, n in zip(found.tolist(), n_rows.tolist(), strict=True)
            if math.isfinite(number)
        }
    missing = {"", *spec["missing_tokens"]}
    counts = {
        text: n
        for text, n in Counter(values.tolist()).items()
        if text is not None and text.strip() not in missing
    }
    if spec["storage"] != "boolean":
        return counts
    # ``Yes`` and ``yes`` are one truth value, spelled as it is spelled most often.
    spelled: Counter[str] = Counter()
    for text, n in counts.items():
        spelled[text.strip()] += n
    words: dict[str, str] = {}
    for word, _ in spelled.most_common():
        words.setdefault(word.casefold(), word)
    truths: Counter[str] = Counter()
    for word, n in spelled.items():
        truths[words[word.casefold()]] += n
    return truths


def _most_central(values: npt.NDArray[np.float64], median: float) -> float:
    """The value closest to the median, so that it can stand in the column."""
    return float(values[np.argmin(np.abs(values - median))])


def _most_frequent(values: npt.NDArray[np.float64]) -> float:
    """The most frequent value, the smallest of several."""
    found, counts = np.unique(values, return_counts=True)
    return float(found[np.argmax(counts)])


def category_features(columns: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Find the categories in the matrix: column of the matrix to its number of codes."""
    sizes = {
        column["name"]: len(column["categories"]) + RESERVED_CODES
        for column in columns
        if column["kind"] == "categorical"
    }
    names = Encoder(columns).feature_columns
    return {index: sizes[name] for index, name in enumerate(names) if name in sizes}
