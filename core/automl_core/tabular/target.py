"""What kind of question a target column asks: a pure rule of a few counted numbers.

The answer depends on the column's counts only, never on the order of rows in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from automl_core.records import PlanNote, Task
from automl_core.tabular.schema import ColumnSchema
from automl_core.tabular.thresholds import FEW_CODES, MAX_CLASSES, MAX_CODE_SHARE, MAX_CODES

Confidence = Literal["high", "medium", "low"]

#: Words in a name that speak of an amount rather than of a code. Whole words only:
#: "count" must not fire on "country", nor "age" on "stage".
_QUANTITY_WORDS = frozenset(
    (
        "age", "amount", "balance", "cost", "count", "counts", "days", "distance", "duration",
        "fare", "height", "hours", "income", "km", "length", "mileage", "minutes", "months", "n",
        "num", "number", "price", "qty", "quantity", "revenue", "rooms", "salary", "sales",
        "seconds", "size", "speed", "sum", "temperature", "time", "total", "visits", "weeks",
        "weight", "width", "year", "years",
    )
)  # fmt: skip


@dataclass(frozen=True)
class TaskDecision:
    """The task that a target column asks for, or why it cannot be one.

    ``reason`` is one sentence. ``refusal`` is set exactly when ``task`` is None.
    """

    task: Task | None
    confidence: Confidence
    reason: str
    refusal: PlanNote | None = None


def detect_task(column: ColumnSchema, *, n_rows: int) -> TaskDecision:
    """Decide whether a column is a target for classes or for numbers.

    Parameters
    ----------
    column : ColumnSchema
        As the reader counted it; the order of its values plays no part.
    n_rows : int
        Rows of the table, those without a target included.

    Returns
    -------
    TaskDecision
        With one sentence that says why, in numbers; a refusal has the code
        ``target-unusable``.
    """
    refusal = _refuse(column, n_rows)
    if refusal is not None:
        return refusal
    if column.storage in {"integer", "decimal"}:
        return _decide_number(column, n_rows - column.n_missing)
    return _classes(
        column,
        "high",
        f"Its {column.n_distinct} different values are words, not quantities.",
    )


def check_task(column: ColumnSchema, task: Task, *, n_rows: int) -> TaskDecision:
    """Check a task that the user chose instead of the detected one.

    The user's word settles what only looks doubtful (a numeric column named like an
    identifier, few-valued numbers); what cannot be computed stays refused.

    Returns
    -------
    TaskDecision
        With the given task, or a refusal with the code ``target-unusable``.
    """
    if column.n_distinct < 2:
        return _refuse_constant(column, n_rows)
    chosen = TaskDecision(task, "high", f"The {task} task was chosen in the options.")
    if task == "regression":
        return chosen if column.storage in {"integer", "decimal"} else _refuse_words(column)
    return _refuse_classes(column, task) or chosen


# -- Refusals -------------------------------------------------------------------------


def _refuse(column: ColumnSchema, n_rows: int) -> TaskDecision | None:
    if column.n_distinct < 2:
        return _refuse_constant(column, n_rows)
    if column.storage in {"date", "datetime"}:
        return _refuse_date(column)
    if column.kind == "identifier":
        return _refusal(
            column,
            f"Column {column.name!r} looks like an identifier ({_inside(column.kind_reason)}): "
            "it names rows and cannot be predicted. Choose another target.",
        )
    if column.kind == "text":
        return _refusal(
            column,
            f"Column {column.name!r} is free text with {_about(column)} different values; only "
            "classes and numbers can be predicted. Choose another target.",
        )
    if column.storage in {"text", "boolean"} and column.n_distinct > MAX_CLASSES:
        return _refuse_many(column)
    return None


def _refuse_constant(column: ColumnSchema, n_rows: int) -> TaskDecision:
    what = (
        f"is empty in all {n_rows:,} rows"
        if column.n_distinct == 0
        else f"has the same value {_only_value(column)}in every row that has one"
    )
    return _refusal(
        column,
        f"Column {column.name!r} {what}: there is nothing to predict. Choose another target.",
    )


def _refuse_words(column: ColumnSchema) -> TaskDecision:
    return _refusal(
        column,
        f"Column {column.name!r} holds {_storage_words(column)}, and regression needs numbers. "
        "Leave the task on automatic, or choose a numeric target.",
    )


def _refuse_classes(column: ColumnSchema, task: Task) -> TaskDecision | None:
    """Why a column cannot be the target of this class task, or None."""
    if column.storage in {"date", "datetime"}:
        return _refuse_date(column)
    if task == "binary" and column.n_distinct != 2:
        return _refusal(
            column,
            f"Column {column.name!r} has {_about(column)} different values, and a binary task "
            "needs exactly 2. Choose the multiclass task or another target.",
        )
    if task == "multiclass" and column.n_distinct == 2:
        return _refusal(
            column,
            f"Column {column.name!r} has 2 different values, and a multiclass task needs at "
            "least 3. Choose the binary task or another target.",
        )
    return _refuse_many(column) if column.n_distinct > MAX_CLASSES else None


def _refuse_date(column: ColumnSchema) -> TaskDecision:
    return _refusal(
        column,
        f"Column {column.name!r} holds dates; only classes and numbers can be predicted. "
        "Choose another target, for example a number of days computed from it.",
    )


def _refuse_many(column: ColumnSchema) -> TaskDecision:
    return _refusal(
        column,
        f"Column {column.name!r} has {_about(column)} different values, and at most "
        f"{MAX_CLASSES} classes can be predicted. Group its values or choose another target.",
    )


def _refusal(column: ColumnSchema, text: str) -> TaskDecision:
    note = PlanNote(code="target-unusable", columns=[column.name], text=text)
    return TaskDecision(None, "high", text, note)


# -- Numbers --------------------------------------------------------------------------


def _decide_number(column: ColumnSchema, n_present: int) -> TaskDecision:
    n_distinct = column.n_distinct
    share = n_distinct / max(n_present, 1)
    if n_distinct == 2:
        return _classes(column, "high", "It has exactly 2 different values.")
    whole = _is_whole(column)
    quantity = _names_a_quantity(column.name)
    if whole and n_distinct <= FEW_CODES:
        reason = f"Its {n_distinct} different whole numbers look like codes of classes."
        return _classes(column, "medium" if quantity or n_distinct > 5 else "high", reason)
    repeats = n_distinct < MAX_CODES and share < MAX_CODE_SHARE
    if not repeats:
        values = "numbers" if whole else "numbers with decimals"
        few = n_distinct < MAX_CODES
        return TaskDecision(
            "regression",
            "medium" if few else "high",
            f"It has {_about(column)} different {values} in {n_present:,} rows.",
        )
    if not whole or quantity or _is_count(column):
        why = (
            "have decimals"
            if not whole
            else "are named like a quantity"
            if quantity
            else "run from 0 upwards without a gap like a count"
        )
        return TaskDecision(
            "regression",
            "low",
            f"Its {n_distinct} different values {why}; choose a class task if they are codes.",
        )
    return _classes(
        column,
        "medium",
        f"Its {n_distinct} different numbers repeat in {n_present:,} rows like codes of classes.",
    )


def _classes(column: ColumnSchema, confidence: Confidence, reason: str) -> TaskDecision:
    return TaskDecision("binary" if column.n_distinct == 2 else "multiclass", confidence, reason)


def _is_whole(column: ColumnSchema) -> bool:
    """Tell whether every value is a whole number, as far as it was counted."""
    if column.storage == "integer":
        return True
    if len(column.top_values) < column.n_distinct:
        return False
    try:
        return all(
            float(counted.value.replace(",", ".")).is_integer() for counted in column.top_values
        )
    except ValueError:
        return False


def _is_count(column: ColumnSchema) -> bool:
    """Tell whether the values are 0, 1, 2 … without a gap."""
    if column.minimum != 0 or column.maximum is None:
        return False
    return int(column.maximum) + 1 == column.n_distinct


def _names_a_quantity(name: str) -> bool:
    """Tell whether a word of the name speaks of an amount.

    >>> _names_a_quantity("roomCount"), _names_a_quantity("country_stage")
    (True, False)
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", name)
    return any(word.lower() in _QUANTITY_WORDS for word in words)


# -- Words ----------------------------------------------------------------------------


def _about(column: ColumnSchema) -> str:
    return f"{column.n_distinct:,}" if column.distinct_is_exact else f"over {column.n_distinct:,}"


def _only_value(column: ColumnSchema) -> str:
    return f"{column.top_values[0].value!r} " if column.top_values else ""


def _inside(sentence: str) -> str:
    """A sentence as it stands inside brackets."""
    text = sentence.strip().rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _storage_words(column: ColumnSchema) -> str:
    return {"date": "dates", "datetime": "dates", "boolean": "yes/no values"}.get(
        column.storage, "text"
    )
