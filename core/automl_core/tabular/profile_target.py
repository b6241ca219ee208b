"""Block of the profile about the target: its classes or numbers, and what points at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from automl_core.records import Task
from automl_core.tabular.leakage import find_gap_leaks, find_pair_leaks, spells_target
from automl_core.tabular.parquet_source import Codes, Floats, ParquetSource, SampleColumn
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.scores import assign_folds, bins, class_score, number_score
from automl_core.tabular.target import check_task, detect_task
from automl_core.tabular.thresholds import MAX_ASSOCIATED_NUMERIC, MIN_ROWS

N_CHARTED: Final = 12
"""Features, best first, that are drawn against the target."""
_CHART_BINS: Final = 10
_MAX_CHARTED_LEVELS: Final = 10
_SCORED_KINDS: Final = frozenset({"numeric", "categorical", "datetime"})


def describe_target(
    source: ParquetSource,
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    *,
    target: str | None,
    task: Task | None,
    scope: Mapping[str, Any],
    seed: int,
) -> dict[str, Any] | None:
    """Describe the target and score every single feature against it.

    ``scores`` holds what one column alone reaches out of fold: the area under the ROC curve
    for classes (mean of one against the rest), R² for numbers; best first.
    """
    column = schema.column(target) if target is not None else None
    if column is None:
        return None
    decision = (
        detect_task(column, n_rows=schema.n_rows)
        if task is None
        else check_task(column, task, n_rows=schema.n_rows)
    )
    block: dict[str, Any] = {
        "name": column.name,
        "task": decision.task,
        "confidence": decision.confidence if task is None else "given",
        "reason": decision.reason,
        "refused": decision.task is None,
        "missing": column.n_missing,
        "classes": [],
        "measure": None,
        "scores": [],
        "charts": [],
        "gap_leaks": [],
        "pair_leaks": [],
        "spelled_by": [],
        "scope": scope,
    }
    if decision.task is None:
        return block
    is_number = decision.task == "regression"
    n_present = schema.n_rows - column.n_missing
    if not is_number:
        block["classes"] = [
            {"label": value.value, "rows": value.rows, "share": value.rows / n_present}
            for value in sorted(column.top_values, key=lambda v: (-v.rows, v.value))
        ]
        block["gap_leaks"] = _gap_leaks(source, schema, column)
    _add_scores(block, schema, sampled, column, is_number=is_number, seed=seed)
    return block


def _gap_leaks(
    source: ParquetSource, schema: TableSchema, target: ColumnSchema
) -> list[dict[str, Any]]:
    gappy = [
        column.name
        for column in schema.columns
        if column.n_missing > 0 and column.name != target.name and column.kind != "constant"
    ]
    counted = source.classes_where_missing(gappy, target.name)
    return [asdict(leak) for leak in find_gap_leaks(counted, source.class_rows(target.name))]


def _add_scores(
    block: dict[str, Any],
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    target: ColumnSchema,
    *,
    is_number: bool,
    seed: int,
) -> None:
    has_target = ~sampled[target.name].is_missing
    if int(has_target.sum()) < MIN_ROWS:
        return
    rows = np.flatnonzero(has_target)
    answer = _take(sampled[target.name], rows)
    folds = assign_folds(answer, seed=seed)
    classes, numbers, labels = _target_values(answer, is_number=is_number)
    scored: list[tuple[str, float, SampleColumn]] = []
    for column in schema.columns:
        if column.name == target.name or column.name not in sampled:
            continue
        feature = _take(sampled[column.name], rows)
        if spells_target(feature, answer):
            block["spelled_by"].append(column.name)
        if column.kind not in _SCORED_KINDS:
            continue
        score = (
            number_score(feature, numbers, folds)
            if is_number
            else class_score(feature, classes, folds)
        )
        if score is not None:
            scored.append((column.name, score, feature))
    scored.sort(key=lambda item: (-item[1], item[0]))
    block["measure"] = "r2" if is_number else "roc_auc"
    block["scores"] = [{"name": name, "score": score} for name, score, _ in scored]
    rarer = _rarer(block["classes"], labels) if block["task"] == "binary" else None
    block["rate_of"] = labels[rarer] if rarer is not None else None
    if is_number or rarer is not None:
        wanted = numbers if is_number else (classes == rarer).astype(np.float64)
        block["charts"] = [
            {"name": name, "bars": _bars(feature, wanted)}
            for name, _, feature in scored[:N_CHARTED]
        ]
    if is_number:
        best = {name for name, _, _ in scored[:MAX_ASSOCIATED_NUMERIC]}
        columns = {
            name: feature.numbers[rows]
            for name, feature in sampled.items()
            if name in best and feature.numbers is not None
        }
        block["pair_leaks"] = [asdict(leak) for leak in find_pair_leaks(columns, numbers)]


def _target_values(
    target: SampleColumn, *, is_number: bool
) -> tuple[Codes, Floats, tuple[str, ...]]:
    """Class codes without gaps, numbers, and the codes' labels; what does not apply is empty."""
    if target.numbers is not None:
        if is_number:
            return np.zeros(0, dtype=np.int64), target.numbers, ()
        values, codes = np.unique(target.numbers, return_inverse=True)
        return codes.astype(np.int64), np.zeros(0), tuple(f"{value:g}" for value in values)
    assert target.codes is not None
    present, codes = np.unique(target.codes, return_inverse=True)
    labels = tuple(target.levels[code] for code in present)
    return codes.astype(np.int64), np.zeros(0), labels


def _rarer(classes: list[dict[str, Any]], labels: tuple[str, ...]) -> int | None:
    """Position of the rarer of two classes among the sampled labels."""
    if len(labels) != 2 or len(classes) != 2:
        return None
    rarer = classes[-1]["label"]
    if rarer in labels:
        return labels.index(rarer)
    # A number may be written otherwise in the file (1.0) than in the sample (1).
    return next((i for i, label in enumerate(labels) if _same_number(label, rarer)), None)


def _same_number(first: str, second: str) -> bool:
    try:
        return float(first) == float(second.replace(",", "."))
    except ValueError:
        return False


def _take(column: SampleColumn, rows: Codes) -> SampleColumn:
    return SampleColumn(
        column.name,
        numbers=None if column.numbers is None else column.numbers[rows],
        codes=None if column.codes is None else column.codes[rows],
        levels=column.levels,
    )


def _bars(feature: SampleColumn, wanted: Floats) -> list[dict[str, Any]]:
    """Mean of the target in each bin of a feature; the most frequent bins of a category."""
    bin_of_row, n_bins = bins(feature, max_bins=_CHART_BINS)
    rows = np.bincount(bin_of_row, minlength=n_bins)
    sums = np.bincount(bin_of_row, weights=wanted, minlength=n_bins)
    known = np.arange(n_bins - 1)
    if feature.codes is not None and len(known) > _MAX_CHARTED_LEVELS:
        known = np.sort(np.argsort(-rows[:-1], kind="stable")[:_MAX_CHARTED_LEVELS])
    answer = []
    for i in [*known.tolist(), n_bins - 1]:
        if rows[i] == 0:
            continue
        bar: dict[str, Any] = {"rows": int(rows[i]), "mean": sums[i] / rows[i]}
        if i == n_bins - 1:
            bar["label"] = None
        elif feature.codes is not None:
            bar["label"] = feature.levels[i][:200]
        else:
            assert feature.numbers is not None
            inside = feature.numbers[bin_of_row == i]
            bar["low"], bar["high"] = float(inside.min()), float(inside.max())
        answer.append(bar)
    return answer
