"""Which columns matter to the model, and what made single predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report.parts import Head, Table, Text
from automl_core.tabular.report.words import cell, clean, label, prose, value_text
from automl_core.tabular.wording import quantity
from automl_training.reports.plots import Axis, length_bar, swing_bar
from automl_training.reports.source import ReportSource
from automl_training.reports.words import (
    between,
    block,
    figure,
    is_number,
    items,
    signed,
    two_lines,
)

N_OPEN: Final = 12
"""Columns shown before "show all"."""
MAX_COLUMNS: Final = 100
N_EXAMPLES: Final = 4
_KINDS: Final = {
    "typical": "A typical row",
    "low": "A row with a low answer",
    "high": "A row with a high answer",
}
MAX_PARTS: Final = 8
"""Contributions of an example that are shown one by one."""
Z: Final = 1.96
"""Standard errors to either side of a mean that make a 95 % interval."""


@dataclass(frozen=True)
class Bars:
    """A table of bars: its first rows, and the others behind "show all"."""

    first: Table
    rest: Table | None


# -- Permutation ----------------------------------------------------------------------


def importance_bars(source: ReportSource) -> Bars | None:
    """What the score loses when the values of a column are shuffled."""
    document = source.explanations
    entries = items(document, "features")[:MAX_COLUMNS]
    if not entries:
        return None
    rows = [(entry, *_interval(entry, int(document.get("n_repeats") or 0))) for entry in entries]
    ends = [float(end) for entry, *between_ in rows for end in (entry["importance"], *between_)]
    # One that all columns share; where nothing is lost there is still an axis.
    axis = Axis(min(0.0, *ends), max(0.0, *ends) or 1.0, "")
    heads = (Head("Column"), Head(""), Head("Loss", is_number=True))
    drawn = [
        (
            label(entry["name"]),
            length_bar(float(entry["importance"]), axis=axis, low=low, high=high),
            two_lines(figure(entry["importance"]), between(low, high) if low < high else ""),
        )
        for entry, low, high in rows
    ]
    return _folded("Importance of each column", heads, drawn)


def _interval(entry: Mapping[str, Any], n_repeats: int) -> tuple[float, float]:
    """The interval of an importance; of earlier jobs from its spread over the repeats."""
    value = float(entry["importance"])
    low, high = entry.get("low"), entry.get("high")
    if low is not None and high is not None:
        return float(low), float(high)
    if n_repeats < 2 or entry.get("std") is None:
        return value, value
    half = Z * float(entry["std"]) / n_repeats**0.5
    return value - half, value + half


def about_importances(source: ReportSource) -> str:
    """How the importances were measured and how to read them."""
    document = source.explanations
    metric = source.metric(str(document.get("metric", source.plan.metric)))
    rows = document.get("n_rows")
    among = f" among {rows:,} holdout rows" if isinstance(rows, int) else ""
    repeats = document.get("n_repeats")
    often = (
        ""
        if not isinstance(repeats, int)
        else ", once"
        if repeats == 1
        else (f", {repeats} times over")
    )
    n_left = len(items(document, "features")) - MAX_COLUMNS
    return (
        f"How much the {metric} suffers when the values of a column are shuffled{among}{often}; "
        "the thin line is the 95 % interval. Columns that carry the same information share their "
        "importance, and an important column need not be a cause."
        + (f" {n_left:,} less important columns are in explanations.json." if n_left > 0 else "")
    )


def groups(source: ReportSource) -> list[Text]:
    """Columns that tell nearly the same, so that each looks less important than it is."""
    return [
        prose(entry["sentence"])
        for entry in items(source.explanations, "groups")
        if isinstance(entry, Mapping) and entry.get("sentence")
    ]


# -- Shapley --------------------------------------------------------------------------


def shapley_bars(source: ReportSource) -> Bars | None:
    """How far each column moves predictions, on average."""
    entries = items(block(source.explanations, "shapley"), "features")[:MAX_COLUMNS]
    if not entries:
        return None
    axis = Axis(0.0, max(float(entry["mean_abs"]) for entry in entries) or 1.0, "")
    heads = (Head("Column"), Head(""), Head("Mean change", is_number=True))
    rows = [
        (
            label(entry["name"]),
            length_bar(float(entry["mean_abs"]), axis=axis),
            figure(entry["mean_abs"]),
        )
        for entry in entries
    ]
    return _folded("Mean change of a prediction by each column", heads, rows)


def about_shapley(source: ReportSource) -> str:
    """What a Shapley value is and what it was computed on."""
    document = block(source.explanations, "shapley")
    rows = document.get("n_rows")
    on = f" over {rows:,} holdout rows" if isinstance(rows, int) else ""
    baseline = document.get("baseline")
    start = (
        f" Without any column it is {figure(baseline)}."
        if isinstance(baseline, int | float)
        else ""
    )
    return (
        f"How far a column moves the {_scale(source)}, up or down, on average{on} (Shapley values)."
        f"{start}"
    )


def _scale(source: ReportSource) -> str:
    scale = block(source.explanations, "shapley").get("scale")
    if scale in (None, "value"):
        return "predicted value"
    if scale == "probability":
        return "probability of the answered class"
    return clean(scale, most=80)


def _folded(caption: str, heads: Sequence[Head], rows: Sequence[Sequence[Text]]) -> Bars:
    rest = rows[N_OPEN:]
    more = Table(f"{caption}, continued", heads, rest, "bars") if rest else None
    return Bars(Table(caption, heads, rows[:N_OPEN], "bars"), more)


@dataclass(frozen=True)
class Example:
    """One row of the holdout: its prediction, and what each column added to it."""

    title: str
    lead: Text
    parts: Table


def examples(source: ReportSource) -> list[Example]:
    """Rows of the holdout with the contributions of their columns."""
    shapley = block(source.explanations, "shapley")
    found = [
        entry for entry in items(shapley, "examples")[:N_EXAMPLES] if items(entry, "contributions")
    ]
    most = max(
        (
            abs(float(each["contribution"]))
            for entry in found
            for each in items(entry, "contributions")
        ),
        default=0.0,
    )
    return [_example(entry, most) for entry in found]


def _example(entry: Mapping[str, Any], most: float) -> Example:
    ordered = sorted(
        items(entry, "contributions"), key=lambda each: -abs(float(each["contribution"]))
    )
    rows: list[Sequence[Text]] = [
        (
            two_lines(label(each.get("name", each.get("column"))), _shown(each.get("value"))),
            swing_bar(float(each["contribution"]), most=most),
            signed(float(each["contribution"])),
        )
        for each in ordered[:MAX_PARTS]
    ]
    others = ordered[MAX_PARTS:]
    if others:
        rest = sum(float(each["contribution"]) for each in others)
        words = quantity(len(others), "other column")
        rows.append((words, swing_bar(rest, most=most), signed(rest)))
    heads = (Head("Column and value"), Head(""), Head("Adds", is_number=True))
    return Example(
        _KINDS.get(str(entry.get("kind")), "A row"),
        _lead(entry),
        Table("What each column adds to this prediction", heads, rows, "bars"),
    )


def _lead(entry: Mapping[str, Any]) -> Markup:
    """Row, prediction and actual value of an example, and what it started from."""
    explained, actual = entry.get("explained"), entry.get("actual")
    of = "predicted" if explained is None else Markup("probability of {}").format(label(explained))
    parts = [Markup("Row {}: {} {}").format(entry.get("row", "–"), of, _answer(entry))]
    if entry.get("baseline") is not None:
        parts.append(Markup("mean {}").format(figure(entry["baseline"])))
    if actual is not None:
        known = figure(float(actual)) if is_number(actual) else label(actual)
        parts.append(Markup("actual {}").format(known))
    return Markup("; ").join(parts) + "."


def _answer(entry: Mapping[str, Any]) -> Text:
    prediction = entry.get("prediction")
    return figure(float(prediction)) if is_number(prediction) else cell(prediction)


def _shown(value: object) -> Text:
    if value is None:
        return Markup("<i>missing</i>")
    if isinstance(value, float):
        return figure(value)
    # A day without a time of day.
    return value_text(str(value).removesuffix("T00:00:00"))
