"""What kind of question a target column asks: a pure rule of what was counted, and of its name.

Only the different values and their shares decide, never the number of rows: a column asks the
same in 200 rows and in 2,000,000, whatever their order. ``docs/tables.md`` lists the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from automl_core.records import PlanNote, Task
from automl_core.tabular.name_hints import name_hint, names_things, value_hint
from automl_core.tabular.number_evidence import (
    are_dates,
    falls_like_a_count,
    is_whole,
    starts_like_codes,
)
from automl_core.tabular.schema import ColumnSchema
from automl_core.tabular.thresholds import FEW_CODES, MAX_CLASSES

Confidence = Literal["high", "medium", "low"]

SURE_CODES: Final = 5
"""Whole numbers with at most this many different values are hardly ever anything but classes."""
FEW_DECIMALS: Final = 4
"""So few different decimals (0.5, 1 and 2) name steps of an experiment or a tariff."""
SURE_NUMBERS: Final = 20
"""From so many different numbers on nobody would call them classes."""
NUMBER_LIKE_SHARE: Final = 0.8
"""Of a text column's most frequent values: those with a number in front, such as ``12 kg``."""


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
        Rows of the table, those without a target included; told in reasons, decides nothing.

    Returns
    -------
    TaskDecision
        With one sentence that says why, in numbers; a refusal has the code
        ``target-unusable``. What is refused by its looks alone can be chosen all the same
        (:func:`check_task`).
    """
    refusal = _refuse(column, n_rows)
    if refusal is not None:
        return refusal
    if column.storage in {"integer", "decimal"}:
        return _decide_number(column)
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
    if column.storage in {"integer", "decimal"} and are_dates(column):
        return _refuse_date(column, ", written as numbers")
    if column.kind == "identifier":
        return _refusal(
            column,
            f"Column {column.name!r} looks like an identifier ({_inside(column.kind_reason)}): "
            f"it names rows and cannot be predicted. {_choose_another(column)}",
        )
    if column.kind == "text":
        return _refusal(
            column,
            f"Column {column.name!r} is free text with {_about(column)} different values; only "
            "classes and numbers can be predicted. Choose another target.",
        )
    return _refuse_names(column) if column.n_distinct > FEW_CODES else None


def _refuse_names(column: ColumnSchema) -> TaskDecision | None:
    """Why a column of more than a few values names things, or None if it measures or sorts them."""
    if column.storage not in {"integer", "decimal"}:
        return _refuse_many(column) if column.n_distinct > MAX_CLASSES else None
    named = _named(column)
    if named is None or not is_whole(column):
        return None
    return _refusal(
        column,
        f"Column {column.name!r} is named like {named} and has {_about(column)} different whole "
        f"numbers, which name things and measure nothing. {_choose_another(column)}",
    )


def _named(column: ColumnSchema) -> str | None:
    """What whole numbers are by their name alone, if that is no quantity and no class."""
    hint = name_hint(column.name)
    if names_things(column.name):
        return "an identifier"
    if column.n_distinct <= MAX_CLASSES:
        return None
    if hint == "id":
        return "an identifier"
    # An index or an order that repeats may be a quantity: of air quality, of money.
    if hint == "row" and column.name.lower() not in {"index", "idx", "order"}:
        return "a row number"
    return "a code" if value_hint(column.name) == "code" else None


def _choose_another(column: ColumnSchema) -> str:
    """What to do; numbers may be a quantity all the same."""
    if column.storage in {"integer", "decimal"}:
        tasks = "regression" if column.n_distinct > MAX_CLASSES else "regression or multiclass"
        return f"Choose another target, or the {tasks} task if it is one all the same."
    return "Choose another target."


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


def _refuse_date(column: ColumnSchema, written: str = "") -> TaskDecision:
    return _refusal(
        column,
        f"Column {column.name!r} holds dates{written}; only classes and numbers can be "
        "predicted. Choose another target, for example a number of days computed from it.",
    )


def _refuse_many(column: ColumnSchema) -> TaskDecision:
    return _refusal(
        column,
        f"Column {column.name!r} has {_about(column)} different values, and at most "
        f"{MAX_CLASSES} classes can be predicted. {_repair_many(column)}",
    )


def _refusal(column: ColumnSchema, text: str) -> TaskDecision:
    note = PlanNote(code="target-unusable", columns=[column.name], text=text)
    return TaskDecision(None, "high", text, note)


# -- Numbers --------------------------------------------------------------------------


def _decide_number(column: ColumnSchema) -> TaskDecision:
    if column.n_distinct == 2:
        return _classes(column, "high", "It has exactly 2 different values.")
    if not is_whole(column):
        return _decide_decimals(column)
    if column.n_distinct <= FEW_CODES:
        return _decide_few(column)
    hint = value_hint(column.name)
    n_distinct = column.n_distinct
    if n_distinct <= MAX_CLASSES and hint in {"class", "code"}:
        return _classes(
            column,
            "medium",
            f"Its {n_distinct} different whole numbers are named like codes of classes; choose "
            "regression if they are quantities.",
        )
    if n_distinct >= SURE_NUMBERS or hint in {"count", "quantity"}:
        return TaskDecision("regression", "high", f"It has {_about(column)} different numbers.")
    return TaskDecision(
        "regression",
        "medium",
        f"It has {n_distinct} different whole numbers, more than codes of classes usually have; "
        "choose the multiclass task if they are codes.",
    )


def _decide_few(column: ColumnSchema) -> TaskDecision:
    """Between 3 and ``FEW_CODES`` whole numbers: codes, unless they count or measure."""
    n_distinct = column.n_distinct
    hint = value_hint(column.name)
    why = None
    if n_distinct > SURE_CODES and hint not in {"class", "code"}:
        if hint == "count" and starts_like_codes(column):
            why = "are named like a count"
        elif hint in {"count", "quantity"} and not starts_like_codes(column):
            why = "are named like a quantity"
        elif name_hint(column.name) != "id" and falls_like_a_count(column):
            why = "become rarer upwards from 0, as counts do"
    if why is not None:
        return TaskDecision(
            "regression",
            "low",
            f"Its {n_distinct} different whole numbers {why}; choose the multiclass task if they "
            "are codes.",
        )
    sure = n_distinct <= SURE_CODES and hint not in {"count", "quantity"}
    reason = f"Its {n_distinct} different whole numbers look like codes of classes"
    return _classes(
        column,
        "high" if sure else "medium",
        f"{reason}." if sure else f"{reason}; choose regression if they are quantities.",
    )


def _decide_decimals(column: ColumnSchema) -> TaskDecision:
    n_distinct = column.n_distinct
    if n_distinct <= FEW_DECIMALS:
        return _classes(
            column,
            "low",
            f"Its {n_distinct} different decimals are too few to measure anything; choose "
            "regression if values between them make sense.",
        )
    confidence: Confidence = "high"
    if n_distinct < SURE_NUMBERS:
        confidence = "low" if n_distinct <= FEW_CODES else "medium"
    return TaskDecision(
        "regression", confidence, f"It has {_about(column)} different numbers with decimals."
    )


def _classes(column: ColumnSchema, confidence: Confidence, reason: str) -> TaskDecision:
    return TaskDecision("binary" if column.n_distinct == 2 else "multiclass", confidence, reason)


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


def _repair_many(column: ColumnSchema) -> str:
    if column.storage != "text":
        return "Group its values, choose the regression task or choose another target."
    tops = [counted.value.lstrip("+-$€£¥ ") for counted in column.top_values]
    if tops and sum(text[:1].isdigit() for text in tops) >= NUMBER_LIKE_SHARE * len(tops):
        return (
            f"If they are numbers, write them without units and words (not {tops[0]!r}) and upload "
            "the table again; else group its values or choose another target."
        )
    return "Group its values or choose another target."
