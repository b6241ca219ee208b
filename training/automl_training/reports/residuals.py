"""Errors of a regression, prediction intervals, and where errors are larger than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from automl_core.tabular.report import histogram as drawn
from automl_core.tabular.report.parts import Chart, Head, Table, Text
from automl_core.tabular.report.words import cell, label, opening, whole
from automl_core.tabular.wording import quantity
from automl_training.reports.plots import Axis, Point, interval_bar, length_bar, scatter
from automl_training.reports.source import ReportSource
from automl_training.reports.words import (
    between,
    block,
    figure,
    items,
    part,
    percent,
    sentence,
    two_lines,
)

_TENTHS: Final = 10
MAX_SEGMENTS: Final = 12
_SPREAD: Final = ("q05", "q25", "q50", "q75", "q95")


def error_charts(source: ReportSource) -> list[tuple[str, Chart]]:
    """Predicted against actual values, and the errors, each with its heading."""
    residuals = block(source.metrics, "residuals")
    found = []
    points = [(float(p["x"]), float(p["y"])) for p in items(residuals, "points")]
    if points:
        found.append(("Predicted against actual", _against(residuals, points)))
    histogram = block(residuals, "histogram")
    if any(items(histogram, "counts")):
        found.append(("Errors", _errors(residuals, histogram)))
    return found


def _against(residuals: Mapping[str, Any], points: Sequence[Point]) -> Chart:
    values = [value for point in points for value in point]
    sampled = f" A sample of {len(points):,} rows." if residuals.get("points_are_sampled") else ""
    return Chart(
        scatter(
            points,
            x=Axis.over(values, "actual", margin=0.02),
            y=Axis.over(values, "predicted", margin=0.02),
            title="Predicted against actual",
            description=f"{len(points):,} rows; on the dashed line the prediction is right.",
        ),
        _tenths(points),
        f"Each dot is a row of the holdout; on the dashed line the prediction is right.{sampled}",
    )


def _tenths(points: Sequence[Point]) -> Table:
    """The rows in ten groups by predicted value; every point stands in metrics.json."""
    ordered = sorted(points, key=lambda point: point[1])
    n_groups = min(_TENTHS, len(ordered))
    rows: list[Sequence[Text]] = []
    for k in range(n_groups):
        group = ordered[k * len(ordered) // n_groups : (k + 1) * len(ordered) // n_groups]
        if not group:
            continue
        n = len(group)
        rows.append(
            (
                between(group[0][1], group[-1][1]),
                whole(n),
                figure(sum(b for _, b in group) / n),
                figure(sum(a for a, _ in group) / n),
                figure(sum(abs(a - b) for a, b in group) / n),
            )
        )
    heads = (
        Head("Predicted"), Head("Rows", is_number=True), Head("Mean predicted", is_number=True),
        Head("Mean actual", is_number=True), Head("Mean absolute error", is_number=True),
    )  # fmt: skip
    return Table("Rows by predicted value; all points are in metrics.json", heads, rows, "twin")


def _errors(residuals: Mapping[str, Any], histogram: Mapping[str, Any]) -> Chart:
    edges = [float(edge) for edge in histogram["edges"]]
    counts = [int(count) for count in histogram["counts"]]
    ranges = [between(low, high) for low, high in pairwise(edges)]
    quantiles = block(residuals, "quantiles")
    spread = None
    if all(quantiles.get(name) is not None for name in _SPREAD):
        spread = drawn.Spread(*(float(quantiles[name]) for name in _SPREAD))
    highest = max(range(len(counts)), key=counts.__getitem__)
    median = residuals.get("median_absolute")
    half = "" if median is None else f" Half of the rows are off by less than {figure(median)}."
    mean = residuals.get("mean")
    lean = "" if mean is None else f" The mean error is {figure(mean)}."
    return Chart(
        drawn.histogram(
            counts,
            title="Errors: actual minus predicted",
            description=f"{len(counts)} bars; the highest is {ranges[highest]} with "
            f"{quantity(counts[highest], 'row')}.",
            labels=[figure(edges[0]), _middle(edges[0], edges[-1]), figure(edges[-1])],
            scale=drawn.Scale(edges[0], edges[-1]),
            spread=spread,
        ),
        Table(
            "Errors: actual minus predicted",
            (Head("Actual minus predicted"), Head("Rows", is_number=True)),
            [(words, whole(count)) for words, count in zip(ranges, counts, strict=True)],
            "twin",
        ),
        f"Actual minus predicted value.{half}{lean} The outer bars hold all that lies beyond; the "
        "box below holds the middle half of the rows, the line nine in ten.",
    )


def _middle(low: float, high: float) -> str:
    """The middle of an axis; what is next to nothing beside its length is zero.

    >>> _middle(-1000.0, 1000.5), _middle(0.0, 5.0)
    ('0', '2.5')
    """
    middle = (low + high) / 2
    return figure(middle if abs(middle) > (high - low) / 100 else 0.0)


# -- Prediction intervals -------------------------------------------------------------


def about_interval(source: ReportSource) -> list[str]:
    """What a prediction interval promises, and what was measured."""
    found = block(source.metrics, "interval")
    wished = found.get("coverage")
    if not found or wished is None:
        return []
    width, bins = found.get("half_width"), block(found, "bins")
    if width is None and not bins:
        return [sentence(found.get("reason") or "Prediction intervals are not offered")]
    how = (
        "a range that depends on the predicted value"
        if items(bins, "half_widths")
        else f"a range of ± {figure(width)}"
    )
    texts = [
        f"A prediction comes with {how}, made to hold the actual value for {percent(wished)} of "
        "new rows."
    ]
    measured = block(found, "measured")
    if measured.get("coverage") is not None:
        low, high = measured.get("low"), measured.get("high")
        sure = (
            "" if low is None or high is None else f" (95 % interval {part(low)} to {part(high)})"
        )
        mean = measured.get("mean_width")
        wide = "" if mean is None else f"; the ranges are {figure(mean)} wide on average"
        texts.append(
            f"Measured on {int(measured.get('n_rows', source.n_holdout)):,} rows of the holdout: "
            f"the range held the actual value for {part(measured['coverage'])}{sure}{wide}."
        )
    return [*texts, *how_promised(found)]


def how_promised(found: Mapping[str, Any]) -> list[str]:
    """How a promise was made, and when not to trust it."""
    method, note = found.get("method"), found.get("note")
    return [
        *([f"Method: {sentence(method)[:1].lower()}{sentence(method)[1:]}"] if method else []),
        *([sentence(note)] if note else []),
    ]


def interval_table(source: ReportSource) -> Table | None:
    """Half widths by predicted value, where they depend on it."""
    bins = block(block(source.metrics, "interval"), "bins")
    edges, widths = items(bins, "edges"), items(bins, "half_widths")
    if not widths or len(edges) != len(widths) - 1:
        return None
    rows = []
    axis = Axis(0.0, float(max(widths)) or 1.0, "")
    for k, width in enumerate(widths):
        if not k:
            words = f"below {figure(edges[0])}" if edges else "every value"
        elif k == len(edges):
            words = f"{figure(edges[-1])} and above"
        else:
            words = between(edges[k - 1], edges[k])
        rows.append((words, length_bar(float(width), axis=axis), f"± {figure(width)}"))
    heads = (Head("Predicted value"), Head(""), Head("Range", is_number=True))
    return Table("Prediction intervals by predicted value", heads, rows, "bars")


def coverage_table(source: ReportSource) -> Table | None:
    """The promised coverage of intervals or label sets beside the measured one."""
    found = block(source.metrics, "interval" if source.is_regression else "label_set")
    measured = block(found, "measured")
    wished, held = found.get("coverage"), measured.get("coverage")
    if wished is None or held is None:
        return None
    low, high = measured.get("low"), measured.get("high")
    known = [value for value in (wished, held, low, high) if value is not None]
    axis = Axis(min(0.5, *known), 1.0, "")
    row = (
        "Holds the actual value" if source.is_regression else "Holds the actual class",
        interval_bar(held, low, high, axis=axis, mark=wished),
        two_lines(
            part(held), "" if low is None or high is None else f"{part(low)} to {part(high)}"
        ),
        percent(wished),
    )
    heads = (
        Head("In the holdout"), Head(""), Head("Measured", is_number=True),
        Head("Promised", is_number=True),
    )  # fmt: skip
    return Table("Promised and measured coverage", heads, [row], "bars")


# -- Segments -------------------------------------------------------------------------


def segment_table(source: ReportSource) -> Table | None:
    """Groups of rows with the largest and the smallest errors."""
    segments = [
        entry
        for entry in items(source.metrics, "segments")
        if isinstance(entry, Mapping) and entry.get("score") is not None
    ][:MAX_SEGMENTS]
    if not segments:
        return None
    numbers = [
        float(entry[name])
        for entry in segments
        for name in ("score", "low", "high", "overall")
        if entry.get(name) is not None
    ]
    axis = Axis(min(0.0, *numbers), max(*numbers, 1e-12) * 1.05, "")
    rows = [
        (
            two_lines(label(entry.get("column")), cell(entry.get("segment"))),
            interval_bar(
                float(entry["score"]),
                entry.get("low"),
                entry.get("high"),
                axis=axis,
                mark=entry.get("overall"),
            ),
            two_lines(
                figure(entry["score"]),
                between(entry.get("low"), entry.get("high"))
                if entry.get("low") is not None
                else "",
            ),
            whole(entry.get("n_rows") or 0),
        )
        for entry in segments
    ]
    heads = (
        Head("Rows where"), Head(""), Head(opening(_segment_metric(source)), is_number=True),
        Head("Rows", is_number=True),
    )  # fmt: skip
    return Table("Score by segment of the holdout", heads, rows, "bars")


def _segment_metric(source: ReportSource) -> str:
    entries = items(source.metrics, "segments")
    name = entries[0].get("metric") if entries and isinstance(entries[0], Mapping) else None
    return source.metric(str(name)) if name else "Score"


def about_segments(source: ReportSource) -> str:
    """How to read the table of segments; nothing for jobs that did not look for any."""
    if "segments" not in source.metrics:
        return ""
    entries = [each for each in items(source.metrics, "segments") if isinstance(each, Mapping)]
    if not entries:
        return "No group of holdout rows differs from the others by more than chance."
    return (
        "Groups of holdout rows that it answers worse or better than the others, by more than "
        "chance among all groups looked at; the upright mark is the score of all rows "
        f"({figure(entries[0].get('overall'))})."
    )
