"""Charts of one column's values: histograms of numbers and dates, bars of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from automl_core.tabular.report import histogram as drawn
from automl_core.tabular.report import svg
from automl_core.tabular.report.parts import Chart, Head, Table
from automl_core.tabular.report.words import (
    DAY_S,
    moment,
    share,
    short,
    value_text,
    value_words,
    whole,
)
from automl_core.tabular.wording import quantity

_MAX_TO_SCALE: Final = 60
"""Whole numbers over a wider span are drawn side by side instead of where they lie."""
_NOT_TO_SCALE: Final = (
    "One bar a value, side by side; the distances between values are not to scale."
)
_MAX_BAR: Final = 40.0
"""Thickness of a bar in pixels: two values do not need half the width each."""


def chart_of(column: Mapping[str, Any]) -> Chart | None:
    """Draw a column of numbers or dates; None where there is nothing to draw."""
    histogram = column["histogram"]
    if histogram is None or column["kind"] == "constant" or not any(histogram["counts"]):
        return None
    if histogram["kind"] == "values":
        return _of_values(column, histogram)
    return _of_ranges(column, histogram)


def _of_values(column: Mapping[str, Any], histogram: Mapping[str, Any]) -> Chart:
    show = value_words(column, exactly=True)
    values: Sequence[float] = histogram["values"]
    counts = [int(count) for count in histogram["counts"]]
    low, high = values[0] - 0.5, values[-1] + 0.5
    # Beside 1e17 a half is nothing: then there is no scale either.
    is_to_scale = 0 < high - low <= _MAX_TO_SCALE and all(float(v).is_integer() for v in values)
    if is_to_scale:
        scale = drawn.Scale(low, high)
        places = [scale.at(value) for value in values]
        slot = drawn.WIDTH / (high - low)
    else:
        slot = drawn.WIDTH / len(values)
        places = [(i + 0.5) * slot for i in range(len(values))]
    note = "" if is_to_scale or len(values) == 1 else _NOT_TO_SCALE
    ticks = [show(values[0]), show(values[-1])] if len(values) > 1 else ["", show(values[0]), ""]
    drawing = drawn.value_bars(
        counts,
        places=places,
        thick=min(max(slot * 0.8, 1.0), _MAX_BAR),
        title=_title(column),
        description=_description(counts, [show(value) for value in values]),
        labels=ticks,
    )
    rows = [(show(value), whole(count)) for value, count in zip(values, counts, strict=True)]
    return Chart(drawing, _twin(column, rows), note)


def _of_ranges(column: Mapping[str, Any], histogram: Mapping[str, Any]) -> Chart:
    show = value_words(column)
    edges: Sequence[float] = histogram["edges"]
    counts = [int(count) for count in histogram["counts"]]
    ranges = _range_labels(histogram, show, is_whole=bool((column["stats"] or {}).get("is_whole")))
    rows = [(text, whole(count)) for text, count in zip(ranges, counts, strict=True)]
    left_out = []
    for key, place, edge in (("n_below", "below", edges[0]), ("n_above", "above", edges[-1])):
        if histogram[key]:
            left_out.append(f"{quantity(int(histogram[key]), 'row')} {place} {show(edge)}")
            row = (f"{place} {show(edge)}, not drawn", whole(histogram[key]))
            rows.insert(0 if place == "below" else len(rows), row)
    spread = _spread(column["stats"])
    middle = edges[0] / 2 + edges[-1] / 2
    if all(float(edge).is_integer() for edge in edges):
        middle = round(middle)
    drawing = drawn.histogram(
        counts,
        title=_title(column),
        description=_description(counts, ranges),
        labels=[show(edges[0]), show(middle), show(edges[-1])],
        scale=drawn.Scale(edges[0], edges[-1]),
        spread=spread,
    )
    note = f"Not drawn: {' and '.join(left_out)}." if left_out else ""
    return Chart(drawing, _twin(column, rows), note)


def _range_labels(
    histogram: Mapping[str, Any], show: Callable[[float], str], *, is_whole: bool
) -> list[str]:
    """What each bar holds, in words: parts of the calendar, whole numbers, or from - to."""
    edges = histogram["edges"]
    unit, step = histogram.get("unit"), histogram.get("step")
    pairs = list(pairwise(edges))
    if unit in {"year", "month"}:
        n_chars = 4 if unit == "year" else 7
        firsts = [moment(low, with_time=False)[:n_chars] for low in edges[:-1]]
        # The last day of a bar is the day before the next one begins.
        lasts = [moment(high - DAY_S, with_time=False)[:n_chars] for high in edges[1:]]
        return [a if step == 1 else f"{a} to {b}" for a, b in zip(firsts, lasts, strict=True)]
    if unit == "day":
        return [show(low) for low in edges[:-1]]
    if unit == "week":
        return [f"week from {moment(low, with_time=False)}" for low in edges[:-1]]
    if is_whole and unit is None and all(float(edge).is_integer() for edge in edges):
        return [show(a) if b - a == 1 else f"{show(a)} to {show(b - 1)}" for a, b in pairs]
    return [f"{show(a)} to {show(b)}" for a, b in pairs]


def _spread(stats: Mapping[str, Any] | None) -> drawn.Spread | None:
    if stats is None:
        return None
    at = {item["share"]: item["value"] for item in stats["quantiles"]}
    wanted = [at.get(share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)]
    known = [value for value in wanted if value is not None]
    return drawn.Spread(*known) if len(known) == len(wanted) else None


def _title(column: Mapping[str, Any]) -> str:
    return f"Distribution of {short(column['name'])}"


def _description(counts: Sequence[int], labels: Sequence[str]) -> str:
    largest = max(range(len(counts)), key=counts.__getitem__)
    bars = quantity(len(counts), "bar")
    return f"{bars}; the highest is {labels[largest]} with {quantity(counts[largest], 'row')}."


def _twin(column: Mapping[str, Any], rows: Sequence[tuple[str, str]]) -> Table:
    caption = f"Rows by value of {short(column['name'])}"
    return Table(caption, (Head("Value"), Head("Rows", is_number=True)), rows, "twin")


# -- Words ----------------------------------------------------------------------------


def top_table(column: Mapping[str, Any]) -> Table | None:
    """The most frequent values with a bar each; the rest as the last row."""
    top = column["top"]
    if not top:
        return None
    show = value_words(column, exactly=True)
    rows = [
        (
            show(item["value"]) if _is_number(item["value"]) else value_text(item["value"]),
            svg.share_bar(item["share"]),
            share(item["share"]),
            whole(item["rows"]),
        )
        for item in top
    ]
    n_more = column["distinct"]["value"] - len(top)
    if n_more > 0:
        rest = max(1.0 - sum(item["share"] for item in top), 0.0)
        text = f"{quantity(n_more, 'other value')}"
        rows.append((text, svg.share_bar(rest), share(rest), ""))
    heads = (
        Head("Value"),
        Head(""),
        Head("Share", is_number=True),
        Head("Rows", is_number=True),
    )
    return Table(f"Most frequent values of {short(column['name'])}", heads, rows, "bars")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
