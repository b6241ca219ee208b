"""Learn from the training rows how columns become the model's matrix and the target its codes.

The rules are applied by :class:`automl_core.bundle.runtime.Encoder`, here and at prediction.
Nothing here looks at the target when it fits a column, so one fit serves every fold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.bundle.runtime import Encoder, label_text, number_text
from automl_core.errors import TargetUnusableError
from automl_core.records import MissingPolicy, Plan, PlanFeature
from automl_core.tabular.schema import ColumnSchema, TableSchema

#: A value in fewer training rows shares code 1 with values never seen, so that this code
#: is learned from rows too.
MIN_CATEGORY_ROWS = 5
#: The most frequent ones; more would fill the manifest with values that say little.
MAX_CATEGORIES = 10_000
#: Codes 0 (missing) and 1 (unknown or rare) come before the known values.
RESERVED_CODES = 2

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
    return [
        _fit_column(
            table[feature.name][rows],
            by_name[feature.name],
            feature,
            plan.missing,
            schema.file.decimal,
        )
        for feature in plan.features
    ]


def _fit_column(
    values: npt.NDArray[Any],
    column: ColumnSchema,
    feature: PlanFeature,
    policy: MissingPolicy,
    decimal: str,
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
    if feature.kind == "categorical" or values.dtype.kind == "O":
        return spec | _fit_categories(values, spec, policy)
    return spec | _fit_numbers(values.astype(np.float64), column, policy)


def _fit_numbers(
    values: npt.NDArray[np.float64], column: ColumnSchema, policy: MissingPolicy
) -> ColumnSpec:
    there = values[np.isfinite(values)]
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
    texts = _category_texts(values, spec)
    counts = Counter(text for text in texts if text is not None)
    n_missing = sum(text is None for text in texts)
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


def _category_texts(values: npt.NDArray[Any], spec: ColumnSpec) -> list[str | None]:
    """Spell each value as its category is spelled in the manifest; None: missing."""
    if values.dtype.kind != "O":
        return [number_text(v) if np.isfinite(v) else None for v in values.astype(float).tolist()]
    missing = frozenset(spec["missing_tokens"])
    texts = [
        None if value is None or not (blankless := value.strip()) or blankless in missing else value
        for value in values.tolist()
    ]
    if spec["storage"] != "boolean":
        return texts
    # ``Yes`` and ``yes`` are one truth value, spelled as it is spelled most often.
    words = Counter(text.strip() for text in texts if text is not None)
    spelling = {word.casefold(): word for word, _ in reversed(words.most_common())}
    return [None if text is None else spelling[text.strip().casefold()] for text in texts]


def _most_central(values: npt.NDArray[np.float64], median: float) -> float:
    """The value closest to the median, so that it can stand in the column."""
    return float(values[np.argmin(np.abs(values - median))])


def _most_frequent(values: npt.NDArray[np.float64]) -> float:
    """The most frequent value, the smallest of several."""
    found, counts = np.unique(values, return_counts=True)
    return float(found[np.argmax(counts)])


def json_number(number: float) -> int | float:
    """Give a number the JSON type of its text: whole numbers as int.

    >>> json_number(3.0), json_number(2.5)
    (3, 2.5)
    """
    return int(number) if float(number).is_integer() else float(number)


def category_features(columns: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Find the categories in the matrix: column of the matrix to its number of codes."""
    sizes = {
        column["name"]: len(column["categories"]) + RESERVED_CODES
        for column in columns
        if column["kind"] == "categorical"
    }
    names = Encoder(columns).feature_columns
    return {index: sizes[name] for index, name in enumerate(names) if name in sizes}


# -- Target ---------------------------------------------------------------------------


def encode_target(
    values: npt.NDArray[Any],
    schema_column: ColumnSchema,
    plan: Plan,
    classes: Sequence[Any] | None,
) -> tuple[npt.NDArray[Any], list[Any]]:
    """Turn the target into class codes, or into numbers.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        The target as read.
    classes : sequence or None
        Known classes in the order of their codes; None: find them in ``values``.

    Returns
    -------
    y : ndarray of shape (n_rows,)
        int64 codes, -1 where the target is missing or none of ``classes``; for regression
        float64, NaN where it is missing.
    classes : list
        Labels as JSON gives them back: whole numbers of an integer column as int, numbers
        as float, ``true`` and ``false`` as truth values, anything else as the file's text.
        Binary: negative, then positive; else numbers by value, texts by code point. Empty
        for regression.

    Raises
    ------
    TargetUnusableError
        If a regression's target holds no numbers, or a classification's fewer than two
        classes.
    """
    is_number = values.dtype.kind in "fiu"
    if plan.task == "regression":
        if not is_number:
            raise TargetUnusableError(
                f"Column {schema_column.name!r} holds {schema_column.storage} values;"
                " a regression predicts numbers.",
                pointer=schema_column.name,
            )
        numbers = values.astype(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan), []
    keys = _target_keys(values, schema_column)
    if classes is None:
        classes = _find_classes(keys, values, schema_column, plan)
    codes = {_key_of_label(label, schema_column): code for code, label in enumerate(classes)}
    return np.array([codes.get(key, -1) for key in keys], dtype=np.int64), list(classes)


def _target_keys(values: npt.NDArray[Any], column: ColumnSchema) -> list[Any]:
    """What tells classes apart: the number, the folded truth word, or the text."""
    if values.dtype.kind in "fiu":
        return [v if np.isfinite(v) else None for v in values.astype(np.float64).tolist()]
    if values.dtype.kind == "M":
        return [None if np.isnat(v) else str(v) for v in values]
    if column.storage == "boolean":
        return [None if v is None else v.strip().casefold() for v in values.tolist()]
    return list(values)


def _key_of_label(label: Any, column: ColumnSchema) -> Any:
    if column.storage in {"integer", "decimal"}:
        return float(label)
    text = label_text(label)
    return text.casefold() if column.storage == "boolean" else text


def _find_classes(
    keys: Sequence[Any], values: npt.NDArray[Any], column: ColumnSchema, plan: Plan
) -> list[Any]:
    counts = Counter(key for key in keys if key is not None)
    if len(counts) < 2:
        raise TargetUnusableError(
            f"Column {column.name!r} holds {len(counts)} classes; at least two are needed.",
            pointer=column.name,
        )
    ordered = sorted(counts)
    if column.storage in {"integer", "decimal"}:
        labels: list[Any] = [json_number(k) if column.storage == "integer" else k for k in ordered]
    elif column.storage == "boolean":
        words = Counter(value.strip() for value in values.tolist() if value is not None)
        spelling = {word.casefold(): word for word, _ in reversed(words.most_common())}
        labels = [{"true": True, "false": False}.get(spelling[k], spelling[k]) for k in ordered]
    else:
        labels = ordered
    if plan.task == "binary" and plan.positive_label is not None:
        # False sorts before True: the negative class comes first.
        wanted = plan.positive_label
        labels.sort(key=lambda label: _is_named(label, wanted, column))
    return labels


def _is_named(label: Any, text: str, column: ColumnSchema) -> bool:
    """Tell whether a text of the file, such as ``1`` or ``1,0``, means this label."""
    if column.storage in {"integer", "decimal"}:
        try:
            return float(text.strip().replace(",", ".")) == float(label)
        except ValueError:
            return False
    spelled = label_text(label)
    return spelled == text or (
        column.storage == "boolean" and spelled.casefold() == text.strip().casefold()
    )


def describe_target(
    schema_column: ColumnSchema, plan: Plan, classes: Sequence[Any]
) -> dict[str, Any]:
    """Make the manifest's ``target``; the positive class is the second of two."""
    return {
        "name": schema_column.name,
        "storage": schema_column.storage,
        "classes": list(classes),
        "positive": classes[1] if plan.task == "binary" else None,
    }
