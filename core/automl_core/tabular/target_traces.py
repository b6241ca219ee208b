"""Every column of the sample asked what it knows of the target, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from automl_core.tabular.feature_bins import Bins, cut
from automl_core.tabular.leak_formulas import PairLeak, find_pair_leaks, find_sum_leak
from automl_core.tabular.leakage import (
    GapLeak,
    by_prefix,
    class_copy,
    find_gap_leaks,
    is_banding,
    spells_target,
)
from automl_core.tabular.name_words import after_the_fact, names_target
from automl_core.tabular.parquet_source import Codes, Floats, ParquetSource, SampleColumn
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.scores import (
    Answer,
    Score,
    class_score,
    count_cells,
    mutual_information,
    number_score,
)
from automl_core.tabular.target_charts import Chart, draw
from automl_core.tabular.thresholds import (
    LEAK_BASE_SHARE,
    LEAK_GAP_ROWS,
    LEAK_PURITY,
    LEAK_R2,
    MAX_CHARTED,
    MAX_FORMULA_COLUMNS,
    NAMED_AUC,
    NAMED_R2,
)

_SCORED_KINDS: Final = frozenset({"numeric", "categorical", "datetime"})
_SCREEN_PURITY: Final = LEAK_PURITY - 0.02
"""Purity in the sample from which all rows are counted."""


@dataclass(frozen=True)
class Traced:
    """The target as columns are asked about it.

    ``rows`` are the positions in the sample, with a target, in the order that is asked
    (ascending by a numeric target); ``codes`` are classes, before rare ones are merged.
    """

    rows: Codes
    answer: Answer
    chart: Chart
    labels: tuple[str, ...]
    codes: Codes
    numbers: Floats | None


@dataclass
class _Found:
    """What is collected while the columns pass by."""

    scores: list[tuple[float, str, float]] = field(default_factory=list)
    bins: dict[str, tuple[Bins, Codes]] = field(default_factory=dict)
    spelled_by: list[str] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    identifiers: list[dict[str, Any]] = field(default_factory=list)


def trace_columns(
    source: ParquetSource,
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    target: ColumnSchema,
    traced: Traced,
    *,
    hidden: frozenset[str],
) -> dict[str, Any]:
    """Score, chart and search every column; keys of the target's block."""
    found = _Found()
    spelling = _spelling(sampled[target.name], traced)
    columns = [c for c in schema.columns if c.name != target.name and c.name in sampled]
    keeps_bins = len(columns) <= MAX_CHARTED
    for column in columns:
        feature = _take(sampled[column.name], traced.rows)
        if spelling is not None and spells_target(feature, spelling):
            found.spelled_by.append(column.name)
        if column.kind == "identifier":
            _ask_identifier(column, feature, traced, found)
        if column.kind in _SCORED_KINDS:
            _ask(column, feature, target, traced, found, keeps_bins=keeps_bins)
    found.scores.sort(key=lambda item: (-item[0], item[1]))
    charts = []
    for _, name, _ in [item for item in found.scores if item[1] not in hidden][:MAX_CHARTED]:
        feature = _take(sampled[name], traced.rows)
        bins, counts = found.bins.get(name) or _cells(feature, traced)
        charts.append(draw(feature, bins, counts, traced.chart))
    pairs, several = _formulas(sampled, found, traced)
    return {
        "scores": [
            {"name": name, "score": score, "mutual_information": bits}
            for score, name, bits in found.scores
        ],
        "charts": charts,
        "spelled_by": found.spelled_by,
        "traces": found.traces,
        "identifiers": found.identifiers,
        "gap_leaks": _gap_leaks(source, schema, sampled, target, traced),
        "pair_leaks": pairs,
        "sum_leak": several,
    }


def _ask(
    column: ColumnSchema,
    feature: SampleColumn,
    target: ColumnSchema,
    traced: Traced,
    found: _Found,
    *,
    keeps_bins: bool,
) -> None:
    bins = cut(feature)
    cells = count_cells(bins, traced.answer)
    score = _score(bins, feature, cells, traced)
    if score is None:
        return
    counts = cells.sum(axis=0)
    bits = mutual_information(bins, cells, traced.chart.weights)
    found.scores.append((score.value, column.name, bits))
    if keeps_bins:
        found.bins[column.name] = (bins, counts)
    trace: str | None
    if traced.numbers is None:
        trace = class_copy(counts, bins)
    elif score.order is not None and score.order >= LEAK_R2 > score.value:
        trace = "order"
    else:
        trace = "function" if is_banding(bins) else None
    if trace is not None:
        found.traces.append({"column": column.name, "trace": trace, "score": score.value})
    _ask_name(column, target, score, traced, found)


def _ask_name(
    column: ColumnSchema, target: ColumnSchema, score: Score, traced: Traced, found: _Found
) -> None:
    """A suspicious name is told only of a column that does know something."""
    if score.value < (NAMED_R2 if traced.numbers is not None else NAMED_AUC):
        return
    word = after_the_fact(column.original_name)
    if names_target(column.original_name, target.original_name):
        trace = {"trace": "named-after", "word": target.name}
    elif word is not None:
        trace = {"trace": "afterwards", "word": word}
    else:
        return
    found.traces.append({"column": column.name, **trace, "score": score.value})


def _ask_identifier(
    column: ColumnSchema, feature: SampleColumn, traced: Traced, found: _Found
) -> None:
    """Judge an identifier as a number in order, as a category and by its leading letters."""
    asked: list[tuple[str, SampleColumn | None]] = [("value", feature)]
    if feature.codes is not None:
        asked.append(("prefix", by_prefix(feature)))
    best: tuple[float, str] | None = None
    for by, view in asked:
        if view is None:
            continue
        bins = cut(view)
        score = _score(bins, view, count_cells(bins, traced.answer), traced)
        if score is not None and (best is None or score.value > best[0]):
            best = (score.value, "order" if bins.is_ordered else by)
    if best is not None:
        found.identifiers.append({"column": column.name, "score": best[0], "by": best[1]})


def _score(bins: Bins, feature: SampleColumn, cells: Codes, traced: Traced) -> Score | None:
    if traced.numbers is None:
        return class_score(bins, cells, traced.answer)
    return number_score(bins, feature, traced.answer, cells)


def _cells(feature: SampleColumn, traced: Traced) -> tuple[Bins, Codes]:
    bins = cut(feature)
    return bins, count_cells(bins, traced.answer).sum(axis=0)


def _take(column: SampleColumn, rows: Codes) -> SampleColumn:
    return SampleColumn(
        column.name,
        numbers=None if column.numbers is None else column.numbers[rows],
        codes=None if column.codes is None else column.codes[rows],
        levels=column.levels,
    )


# -- Leakage --------------------------------------------------------------------------


def _spelling(target: SampleColumn, traced: Traced) -> SampleColumn | None:
    """The target's labels, as texts may spell them; numbers are never spelled out."""
    if not traced.labels:
        return None
    return SampleColumn(target.name, codes=traced.codes, levels=traced.labels)


def _gap_leaks(
    source: ParquetSource,
    schema: TableSchema,
    sampled: Mapping[str, SampleColumn],
    target: ColumnSchema,
    traced: Traced,
) -> list[GapLeak]:
    """Screened in the sample; what looks pure there is counted on all rows."""
    codes, labels = traced.codes, traced.labels
    if traced.numbers is not None:
        # Of a numeric target: whether the gaps are one value of it, such as 0.
        values, rows = np.unique(traced.numbers, return_counts=True)
        usual = values[int(rows.argmax())]
        codes = (traced.numbers != usual).astype(np.int64)
        labels = (f"{usual:.15g}", "another value")
    in_sample = np.bincount(codes, minlength=len(labels))
    is_whole = len(sampled[target.name].is_missing) == schema.n_rows
    gaps: dict[str, dict[str, int]] = {}
    for column in schema.columns:
        if not 0 < column.n_missing < schema.n_rows or column.name not in sampled:
            continue
        if column.name == target.name:
            continue
        missing = sampled[column.name].is_missing[traced.rows]
        counts = np.bincount(codes[missing], minlength=len(labels))
        if _may_be_pure(counts, in_sample):
            gaps[column.name] = dict(zip(labels, counts.tolist(), strict=True))
    if not gaps:
        return []
    if is_whole or traced.numbers is not None:
        leaks = find_gap_leaks(gaps, dict(zip(labels, in_sample.tolist(), strict=True)))
        return [leak for leak in leaks if traced.numbers is None or leak.label == labels[0]]
    counted = source.classes_where_missing(list(gaps), target.name)
    return find_gap_leaks(counted, source.class_rows(target.name))


def _may_be_pure(counts: Codes, in_sample: Codes) -> bool:
    for part in (counts, in_sample - counts):
        n = int(part.sum())
        if n < LEAK_GAP_ROWS:
            if n > 0 or part is counts:
                return True
            continue
        label = int(part.argmax())
        base = in_sample[label] / in_sample.sum()
        if part[label] >= _SCREEN_PURITY * n and base <= LEAK_BASE_SHARE + 0.05:
            return True
    return False


def _formulas(
    sampled: Mapping[str, SampleColumn], found: _Found, traced: Traced
) -> tuple[list[PairLeak], list[str]]:
    """Formulas of two columns; only where there is none, a sum of several."""
    if traced.numbers is None:
        return [], []
    best = [name for _, name, _ in found.scores if sampled[name].numbers is not None]
    chosen = frozenset(best[:MAX_FORMULA_COLUMNS])
    columns = {
        name: cells.numbers[traced.rows]
        for name, cells in sampled.items()
        if name in chosen and cells.numbers is not None
    }
    pairs = find_pair_leaks(columns, traced.numbers)
    copies = {name for score, name, _ in found.scores if score >= LEAK_R2}
    if pairs or copies:
        return pairs, []
    return [], find_sum_leak(columns, traced.numbers)
