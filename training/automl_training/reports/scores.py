"""Scores with their intervals beside the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from automl_core.tabular.report.parts import Head, Table, Text
from automl_core.tabular.report.words import opening, prose
from automl_core.tabular.wording import join
from automl_training.reports.plots import Axis, interval_bar
from automl_training.reports.source import ReportSource
from automl_training.reports.words import between, block, figure, items, sentence, two_lines

BARS = (Head(""), Head("Model", is_number=True), Head("Guessing", is_number=True))


def score_table(source: ReportSource) -> Table | None:
    """Every measure: drawn, the model's value with its interval, and the baseline's."""
    scores = block(source.metrics, "scores")
    guesses = block(block(source.metrics, "baseline"), "scores")
    rows: list[tuple[Text, ...]] = [
        (
            two_lines(
                opening(source.metric(name)),
                "higher is better" if source.is_higher_better(name) else "lower is better",
            ),
            _drawn(entry, guesses.get(name), is_higher_better=source.is_higher_better(name)),
            two_lines(
                figure(entry.get("value")),
                between(entry.get("low"), entry.get("high"))
                if entry.get("low") is not None
                else "",
            ),
            figure(guesses.get(name)),
        )
        for name, entry in scores.items()
        if isinstance(entry, Mapping)
    ]
    if not rows:
        return None
    caption = "Scores of the model beside those of guessing, on the holdout"
    return Table(caption, (Head("Measure"), *BARS), rows, "bars")


def _drawn(entry: Mapping[str, Any], guess: float | None, *, is_higher_better: bool) -> Markup:
    value, low, high = entry.get("value"), entry.get("low"), entry.get("high")
    if value is None:
        return Markup()
    known = [found for found in (value, low, high, guess) if found is not None]
    if is_higher_better:
        axis = Axis(min(0.0, *known), max(1.0, *known), "")
    else:
        axis = Axis(0.0, 1.08 * max(*known, 1e-12), "")
    return interval_bar(value, low, high, axis=axis, mark=guess)


def about_scores(source: ReportSource) -> str:
    """How the scores were measured."""
    metrics = source.metrics
    baseline = block(metrics, "baseline").get("name")
    by_chance = items(block(metrics, "baseline"), "by_chance")
    weighted = (
        f" Rows count as column {source.plan.weight_column!r} says."
        if source.plan.weight_column
        else ""
    )
    return " ".join(
        text
        for text in (
            f"Measured once, on {source.n_holdout:,} rows that no model had seen; the search aimed "
            f"at {source.measured_on}.{weighted}",
            f"Intervals: {metrics['interval_method']}." if metrics.get("interval_method") else "",
            f"Guessing: {baseline}." if baseline else "",
            f"For {join([source.metric(name) for name in by_chance])} it is the model's own labels "
            "dealt out to the rows at random, where that scores higher."
            if by_chance
            else "",
        )
        if text
    )


def undefined_scores(source: ReportSource) -> list[Text]:
    """Why a score or its interval is not there."""
    return [
        prose(f"{opening(source.metric(name))}: {sentence(entry['reason'])}")
        for name, entry in block(source.metrics, "scores").items()
        if isinstance(entry, Mapping) and entry.get("reason")
    ]
