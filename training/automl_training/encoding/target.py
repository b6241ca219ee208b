"""Turn the target into class codes or numbers, and class codes into labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.bundle.runtime import label_text
from automl_core.errors import TargetUnusableError
from automl_core.records import Plan
from automl_core.tabular.schema import ColumnSchema


def json_number(number: float) -> int | float:
    """Give a number the JSON type of its text: whole numbers as int.

    >>> json_number(3.0), json_number(2.5)
    (3, 2.5)
    """
    return int(number) if float(number).is_integer() else float(number)


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
