"""Block of the profile about the target: its classes or numbers, and what points at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from automl_core.records import ClassCount, PlanNote, Task, TrainConfig
from automl_core.tabular.parquet_source import Codes, ParquetSource, SampleColumn
from automl_core.tabular.plan_columns import Roles, sort_columns
from automl_core.tabular.plan_notes import blocking_notes
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.scores import class_answer, number_answer
from automl_core.tabular.statistics import describe_numbers
from automl_core.tabular.target import check_task, detect_task
from automl_core.tabular.target_charts import MAX_CHART_CLASSES, Chart
from automl_core.tabular.target_traces import Traced, trace_columns
from automl_core.tabular.thresholds import MIN_ROWS


def describe_target(
    source: ParquetSource,
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    *,
    target: str | None,
    task: Task | None,
    scope: Mapping[str, Any],
    seed: int,
    hidden: frozenset[str] = frozenset(),
) -> dict[str, Any] | None:
    """Describe the target and score every single feature against it.

    Parameters
    ----------
    source, schema, sampled
        The table, and its columns on the sampled rows in the order of the file.
    target : str or None
        Final name; None: no target.
    task : Task or None
        As the user chose it; None: detected.
    scope : mapping
        Of the sample; it may be stratified, since shares are weighted by the classes of the
        whole table.
    seed : int
        Of the folds.
    hidden : frozenset of str
        Columns whose cells no chart may show.

    Returns
    -------
    dict or None
        ``column``, ``task``, ``confidence``, ``reason``; ``blocking``, a list of {code,
        sentence} of what makes training impossible; ``missing``; ``classes`` {label, rows,
        share}, most frequent first, or ``distribution``, the statistics of a numeric target
        on all rows. ``scores`` {name, score, mutual_information}, best first: what one column
        alone reaches out of fold in ``measure`` (area under the ROC curve, of several classes
        the mean of one against the rest; R² for numbers), and the bits it tells. ``charts``
        (see :func:`automl_core.tabular.target_charts.draw`) of at most 200 features, the
        best ones; ``rate_of`` is the class that they tell the share of, ``chart_classes``
        those of several. ``gap_leaks``, ``pair_leaks``, ``sum_leak``, ``spelled_by`` and
        ``traces`` are the signs of leakage, ``identifiers`` the scores of columns that are
        left out as identifiers.
    """
    column = schema.column(target) if target is not None else None
    if column is None:
        return None
    decision = (
        detect_task(column, n_rows=schema.n_rows)
        if task is None
        else check_task(column, task, n_rows=schema.n_rows)
    )
    n_present = schema.n_rows - column.n_missing
    classes: list[dict[str, Any]] = []
    if decision.task in {"binary", "multiclass"}:
        classes = [
            {"label": value.value, "rows": value.rows, "share": value.rows / n_present}
            for value in sorted(column.top_values, key=lambda v: (-v.rows, v.value))
        ]
    block: dict[str, Any] = {
        "column": column.name,
        "task": decision.task,
        "confidence": decision.confidence if task is None else "given",
        "reason": decision.reason,
        "blocking": _blocking(schema, column, decision.refusal, classes),
        "missing": column.n_missing,
        "classes": classes,
        "distribution": None,
        "measure": None,
        "scores": [],
        "rate_of": None,
        "chart_classes": [],
        "charts": [],
        "gap_leaks": [],
        "pair_leaks": [],
        "sum_leak": [],
        "spelled_by": [],
        "traces": [],
        "identifiers": [],
        "scope": scope,
    }
    if decision.task is None:
        return block
    if decision.task == "regression":
        ((_, values),) = source.numbers([column.name], schema.n_rows)
        block["distribution"] = describe_numbers(values)["stats"]
    sample = sampled.get(column.name)
    if sample is None or int((~sample.is_missing).sum()) < MIN_ROWS:
        return block
    traced = _prepare(sample, decision.task, classes, seed=seed)
    block |= {
        "measure": "r2" if decision.task == "regression" else "roc_auc",
        "rate_of": traced.chart.labels[0] if traced.chart.labels else None,
        "chart_classes": list(traced.chart.labels),
    }
    block |= trace_columns(source, schema, sampled, column, traced, hidden=hidden)
    block["pair_leaks"] = [asdict(leak) for leak in block["pair_leaks"]]
    block["gap_leaks"] = [asdict(leak) for leak in block["gap_leaks"]]
    return block


def _blocking(
    schema: TableSchema,
    target: ColumnSchema,
    refusal: PlanNote | None,
    classes: Sequence[Mapping[str, Any]],
) -> list[dict[str, str]]:
    """What a plan with default options would refuse, by the plan's own rule."""
    features, _ = sort_columns(schema, target, Roles(schema, target, TrainConfig()))
    notes = blocking_notes(
        schema,
        target,
        refusal=refusal,
        classes=[ClassCount(label=found["label"], rows=found["rows"]) for found in classes],
        features=features,
    )
    return [{"code": note.code, "sentence": note.text} for note in notes]


def _prepare(
    sample: SampleColumn, task: Task, classes: Sequence[Mapping[str, Any]], *, seed: int
) -> Traced:
    """Put the sampled rows with a target into order, and the target into codes or numbers."""
    there = np.flatnonzero(~sample.is_missing)
    if task == "regression":
        assert sample.numbers is not None
        # In the order of the target: bands and quartiles are then read off without a sort.
        rows = there[np.argsort(sample.numbers[there], kind="stable")]
        numbers = sample.numbers[rows]
        answer = number_answer(numbers, seed=seed)
        chart = Chart(task, numbers, (), (), np.ones(answer.n_classes))
        return Traced(rows, answer, chart, (), np.zeros(0, dtype=np.int64), numbers)
    codes, labels = _class_codes(sample, there)
    known = _known_rows(classes, labels)
    total = sum(known.values())
    answer = class_answer(codes, seed=seed)
    # The answer's codes, where the rarest of very many classes share the last one.
    merged = np.zeros(len(labels), dtype=np.int64)
    merged[codes] = answer.classes
    stands_for = np.array([known[label] / max(total, 1) for label in labels])
    in_table = np.bincount(merged, weights=stands_for, minlength=answer.n_classes)
    in_sample = np.bincount(answer.classes, minlength=answer.n_classes) / len(there)
    weights = np.asarray(in_table / in_sample, dtype=np.float64)
    order = sorted(range(len(labels)), key=lambda i: (-known[labels[i]], labels[i]))
    if answer.n_classes < len(labels):
        order = [i for i in order if merged[i] < answer.n_classes - 1]
    # Of two classes the rarer one is told, as the plan's positive class.
    told = order[1:] if task == "binary" else order[:MAX_CHART_CLASSES]
    chart = Chart(
        task,
        None,
        shown=tuple(int(merged[i]) for i in told),
        labels=tuple(labels[i] for i in told),
        weights=weights if total else np.ones(answer.n_classes),
    )
    return Traced(there, answer, chart, labels, codes, None)


def _class_codes(sample: SampleColumn, rows: Codes) -> tuple[Codes, tuple[str, ...]]:
    """Class codes without gaps, and their labels."""
    if sample.numbers is not None:
        values, codes = np.unique(sample.numbers[rows], return_inverse=True)
        return codes.astype(np.int64), tuple(f"{value:.15g}" for value in values)
    assert sample.codes is not None
    present, codes = np.unique(sample.codes[rows], return_inverse=True)
    return codes.astype(np.int64), tuple(str(sample.levels[code]) for code in present)


def _known_rows(classes: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> dict[str, int]:
    """Rows of each sampled class in the whole table; a number may be written otherwise there."""
    by_label = {found["label"]: found["rows"] for found in classes}
    by_number = {_number(label): rows for label, rows in by_label.items()}
    return {label: by_label.get(label, by_number.get(_number(label), 0)) for label in labels}


def _number(label: str) -> str:
    """A number in its plainest form, so that 1.0, 1,0 and 1 are the same class."""
    try:
        return f"{float(label.replace(',', '.')):.15g}"
    except ValueError:
        return label
