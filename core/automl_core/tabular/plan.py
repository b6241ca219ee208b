"""The plan of a training: everything settled and told before a second is spent on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from automl_core.costs.training import task_size, training_cost
from automl_core.errors import (
    AutoMLError,
    ConfigInvalidError,
    NoFeaturesError,
    TableTooNarrowError,
    TableTooShortError,
    TargetUnusableError,
)
from automl_core.records import (
    ClassCount,
    FamilyName,
    Metric,
    Plan,
    Range,
    SplitMethod,
    SplitPlan,
    Task,
    TrainConfig,
)
from automl_core.tabular.plan_columns import Roles, find_target, sort_columns
from automl_core.tabular.plan_notes import blocking_notes, warning_notes
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.target import TaskDecision, check_task, detect_task
from automl_core.tabular.thresholds import IMBALANCE_SHARE

#: A class is rare if it has less than this part of an even share of the rows: of 26 even classes
#: none is, though each has under 5 %.
RARE_PART: Final = 0.25

FAMILIES: Final[tuple[FamilyName, ...]] = (
    "lightgbm",
    "xgboost",
    "hist_gradient_boosting",
    "random_forest",
    "extra_trees",
    "linear",
)
SLOW_FAMILIES: Final[frozenset[FamilyName]] = frozenset({"random_forest", "extra_trees"})
SLOW_FAMILY_ROWS: Final = 200_000
"""Above this a forest's full-depth trees take minutes to fit and make exports of many MB."""

METRICS: Final[Mapping[Task, tuple[Metric, ...]]] = {
    "binary": (
        "roc_auc",
        "log_loss",
        "average_precision",
        "f1",
        "macro_f1",
        "balanced_accuracy",
        "accuracy",
    ),
    "multiclass": ("log_loss", "macro_f1", "balanced_accuracy", "accuracy", "roc_auc"),
    "regression": ("rmse", "mae", "r2"),
}

#: Rows below which a search gets so many seconds; half-open, so 1,000 rows get 300.
_BUDGETS: Final = ((1_000, 120), (10_000, 300), (50_000, 600))
_LARGEST_BUDGET_S: Final = 1_200

DEEP_REPORT_S: Final = 120
"""Seconds after which the profiler of the deep report is stopped."""

_ERRORS: Final[Mapping[str, type[AutoMLError]]] = {
    error.code: error
    for error in (TargetUnusableError, NoFeaturesError, TableTooShortError, TableTooNarrowError)
}


def auto_time_budget(n_rows: int) -> int:
    """Seconds of search for a table of so many rows, where nobody chose.

    >>> [auto_time_budget(n) for n in (999, 1_000, 9_999, 10_000, 50_000)]
    [120, 300, 300, 600, 1200]
    """
    return next((seconds for limit, seconds in _BUDGETS if n_rows < limit), _LARGEST_BUDGET_S)


def make_plan(
    schema: TableSchema,
    target_column: str,
    config: TrainConfig,
    *,
    profile: Mapping[str, Any] | None = None,
    has_holdout_file: bool = False,
) -> Plan:
    """Settle target, task, columns, split, metric, families, budget and cost.

    Parameters
    ----------
    schema : TableSchema
        The table as it was read; its counts are enough, no row is looked at.
    target_column : str
        Final or original name of the column to predict.
    config : TrainConfig
        The user's options; each one is either followed or refused.
    profile : mapping or None
        Content of ``profile.json``; adds warnings (leakage, duplicates), decides nothing.
    has_holdout_file : bool
        A second table is the holdout, so that no row of this one is set aside.

    Returns
    -------
    Plan
        What makes training impossible stands in ``blocking``. Where the target cannot be
        used at all, task and metric are placeholders with low confidence.

    Raises
    ------
    TargetMissingError
        If there is no such column.
    ConfigInvalidError
        If an option names a column that is not there or cannot serve, or a metric that
        does not fit the task.
    """
    target = find_target(schema, target_column)
    roles = Roles(schema, target, config)
    decision = _decide(target, config, schema.n_rows)
    task: Task = decision.task or _placeholder(target)
    n_usable = schema.n_rows - target.n_missing
    classes = [] if task == "regression" or decision.task is None else _classes(target)
    metric, metric_reason = _choose_metric(
        config.metric if decision.task else "auto", task, classes, n_usable
    )
    features, dropped = sort_columns(schema, target, roles)
    families, family_reason = _choose_families(config, n_usable)
    budget_s = config.time_budget or auto_time_budget(schema.n_rows)
    n_cells = schema.n_rows * len(schema.columns)
    seconds = _estimate_seconds(budget_s, n_cells=n_cells, is_deep=config.eda == "deep")
    return Plan(
        target_column=target.name,
        task=task,
        task_confidence=_confidence(decision, config),
        task_reason=decision.reason,
        metric=metric,
        metric_reason=metric_reason,
        classes=classes,
        positive_label=_positive_label(classes) if task == "binary" and classes else None,
        row_count=schema.n_rows,
        rows_without_target=target.n_missing,
        features=features,
        dropped=dropped,
        split=_plan_split(config, roles, task, n_usable, has_holdout_file=has_holdout_file),
        families=families,
        missing=config.missing,
        weight_column=roles.weight,
        time_budget_s=budget_s,
        seed=config.seed,
        reproducible=config.reproducible,
        ensemble=config.ensemble,
        estimated_seconds=seconds,
        estimated_dollars=training_cost(
            seconds, size=task_size(schema.file.bytes, n_cells=n_cells)
        ),
        warnings=warning_notes(
            schema,
            target,
            classes=classes,
            features=features,
            n_usable=n_usable,
            profile=profile,
            group=roles.group,
            time=roles.time,
            family_reason=family_reason,
        ),
        blocking=blocking_notes(
            schema, target, refusal=decision.refusal, classes=classes, features=features
        ),
    )


def require_feasible(plan: Plan) -> None:
    """Refuse a plan that cannot be carried out.

    Raises
    ------
    AutoMLError
        Of the class that the first blocking note's code names; the detail is the text of
        all notes.
    """
    if not plan.blocking:
        return
    first = plan.blocking[0]
    detail = " ".join(note.text for note in plan.blocking)
    raise _ERRORS[first.code](detail, pointer="/target_column" if first.columns else None)


# -- Task, metric, families -----------------------------------------------------------


def _decide(target: ColumnSchema, config: TrainConfig, n_rows: int) -> TaskDecision:
    if config.task_type == "auto":
        return detect_task(target, n_rows=n_rows)
    return check_task(target, config.task_type, n_rows=n_rows)


def _confidence(
    decision: TaskDecision, config: TrainConfig
) -> Literal["high", "medium", "low", "given"]:
    if decision.task is None:
        return "low"
    return decision.confidence if config.task_type == "auto" else "given"


def _placeholder(target: ColumnSchema) -> Task:
    if target.storage in {"integer", "decimal"}:
        return "regression"
    return "binary" if target.n_distinct == 2 else "multiclass"


def _classes(target: ColumnSchema) -> list[ClassCount]:
    """Rows per class, most frequent first; ties by label, so that file order plays no part."""
    counted = sorted(target.top_values, key=lambda value: (-value.rows, value.value))
    return [ClassCount(label=value.value, rows=value.rows) for value in counted]


def _positive_label(classes: list[ClassCount]) -> str:
    """The rarer class; of two equal ones the later by label (``yes`` over ``no``, 1 over 0)."""
    return min(classes, key=lambda found: (found.rows, [-ord(char) for char in found.label])).label


def _choose_metric(
    wanted: Metric | str, task: Task, classes: list[ClassCount], n_usable: int
) -> tuple[Metric, str]:
    if wanted != "auto":
        for metric in METRICS[task]:
            if metric == wanted:
                return metric, "Chosen in the options."
        raise ConfigInvalidError(
            f"The metric {wanted!r} does not fit a {task} task; choose one of "
            f"{', '.join(METRICS[task])}, or auto.",
            pointer="/config/metric",
        )
    if task == "binary":
        return "roc_auc", (
            "Two classes: roc_auc judges the order of the predicted probabilities, whatever "
            "the balance of classes."
        )
    if task == "regression":
        return "rmse", "Numbers: rmse is in the target's unit and punishes large errors."
    rarest = min((found.rows for found in classes), default=0)
    if classes and rarest < min(IMBALANCE_SHARE, RARE_PART / len(classes)) * n_usable:
        return "macro_f1", (
            f"The rarest class has {rarest:,} of {n_usable:,} rows: macro_f1 counts every class "
            "alike, so that it is not overlooked."
        )
    return "log_loss", "Several classes: log_loss judges every predicted probability."


def _choose_families(config: TrainConfig, n_usable: int) -> tuple[list[FamilyName], str | None]:
    """Families in the order of search; a sentence if some were left out by our choice."""
    if config.families:
        wanted = set(config.families)
        return [family for family in FAMILIES if family in wanted], None
    if n_usable <= SLOW_FAMILY_ROWS:
        return list(FAMILIES), None
    left_out = [family for family in FAMILIES if family in SLOW_FAMILIES]
    return [family for family in FAMILIES if family not in SLOW_FAMILIES], (
        f"{' and '.join(left_out)} are left out of the search: with {n_usable:,} rows one fit of "
        "them would take most of the time. Name them in families to search them all the same."
    )


# -- Split, time and money ------------------------------------------------------------


def _plan_split(
    config: TrainConfig, roles: Roles, task: Task, n_usable: int, *, has_holdout_file: bool
) -> SplitPlan:
    about = f"about {round(config.test_size * n_usable):,} of {n_usable:,} rows"
    method: SplitMethod
    if has_holdout_file:
        method = "given"
        reason = "The holdout file's rows are the holdout; all rows of this table are trained on."
    elif roles.time is not None:
        method = "time"
        reason = (
            f"The latest rows by {roles.time!r} are set aside ({about}): the model is judged "
            "on what came after its training."
        )
        if roles.group is not None:
            reason += f" No group of {roles.group!r} is on both sides."
    elif roles.group is not None:
        method = "group"
        reason = f"Whole groups of {roles.group!r} are set aside ({about}), none on both sides."
    elif task == "regression":
        method = "random"
        reason = f"Rows are set aside at random ({about})."
    else:
        method = "stratified"
        reason = (
            f"Rows are set aside at random within each class ({about}), so that both sides "
            "have the same balance of classes."
        )
    return SplitPlan(
        method=method,
        test_size=config.test_size,
        time_column=roles.time,
        group_column=roles.group,
        reason=reason,
    )


def _estimate_seconds(budget_s: int, *, n_cells: int, is_deep: bool) -> Range:
    """Whole job: search, plus reading, profiling, checking and reports.

    High is the platform's own promise (1.1 budgets and 15 s); about half a million cells a
    second were measured for reading and profiling on two cores. The deep report comes on top,
    or not at all where it is not installed.
    """
    high = 1.1 * budget_s + 15
    low = min(budget_s + 5 + n_cells / 5e5, high)
    if is_deep:
        high += DEEP_REPORT_S
    return Range(low=round(low), high=round(high))
