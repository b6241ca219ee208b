"""How predictions follow a column: mean prediction along its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from automl_core.tabular.report.parts import Chart, Head, Table, Text
from automl_core.tabular.report.words import cell, clean, label, short
from automl_core.tabular.wording import quantity
from automl_training.reports.plots import Axis, Level, Line, level_marks, lines
from automl_training.reports.source import ReportSource
from automl_training.reports.words import between, figure, is_number, items

N_OPEN: Final = 6
"""Columns shown before "show more"."""
MAX_COLUMNS: Final = 10
STYLES: Final = ("l", "l second", "l third")
"""Lines of the classes, told apart by colour and dashes."""
_MAX_LEVELS: Final = 8
_LEVEL_WIDTH: Final = 36
"""Characters of all the labels below a chart together."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Curve:
    """How predictions follow one column."""

    name: Text
    chart: Chart


def curves_along(source: ReportSource) -> list[Curve]:
    """Draw the most important columns, all on one upright axis, classes in one chart."""
    columns = _by_column(source)
    if not columns:
        return []
    points = [point for entries in columns.values() for each in entries for point in _points(each)]
    has_bands = all(len(entries) == 1 for entries in columns.values())
    ends = ("mean", "low", "high") if has_bands else ("mean",)
    values = [float(point[end]) for point in points for end in ends if point.get(end) is not None]
    y = Axis.over(values, _what(source, columns), margin=0.05)
    if not source.is_regression:
        y = Axis(max(y.low, 0.0), min(y.high, 1.0), y.title)
    return [Curve(label(name), _chart(name, entries, y)) for name, entries in columns.items()]


def _by_column(source: ReportSource) -> dict[str, list[Entry]]:
    """The curves of each column: one, or one a class."""
    columns: dict[str, list[Entry]] = {}
    for entry in items(source.explanations, "partial_dependence"):
        if len(_points(entry)) > 1 and entry.get("name") is not None:
            columns.setdefault(str(entry["name"]), []).append(entry)
    return {name: found[: len(STYLES)] for name, found in list(columns.items())[:MAX_COLUMNS]}


def _points(entry: Entry) -> list[Entry]:
    return [point for point in items(entry, "points") if point.get("mean") is not None]


def classes_drawn(source: ReportSource) -> list[tuple[str, Text]]:
    """The classes that share a chart, with the line of each; empty where there is only one."""
    entries = next(iter(_by_column(source).values()), [])
    if len(entries) < 2:
        return []
    return [(css, label(each.get("class"))) for css, each in zip(STYLES, entries, strict=False)]


def about_dependence(source: ReportSource) -> str:
    """How to read the curves."""
    columns = _by_column(source)
    entries = next(iter(columns.values()), [])
    rows = entries[0].get("n_rows") if entries else None
    over = f" of {rows:,} rows" if isinstance(rows, int) else ""
    band = "; the band holds eight in ten of them" if len(entries) == 1 else ""
    return (
        f"Mean prediction{over} if the column had this value in all of them and everything else "
        f"stayed as it is{band}. All charts share one upright axis, so that a flat line is a "
        "column that hardly matters. Values that never occur together are averaged all the same."
    )


def _what(source: ReportSource, columns: Mapping[str, Sequence[Entry]]) -> str:
    if source.is_regression:
        return "predicted value"
    entries = next(iter(columns.values()))
    named = entries[0].get("class")
    if len(entries) > 1 or named is None:
        return "probability"
    return f"probability of {clean(named, most=16)}"


def _chart(name: str, entries: Sequence[Entry], y: Axis) -> Chart:
    title = f"Prediction along {short(name)}"
    kind = entries[0].get("kind")
    means = [float(point["mean"]) for entry in entries for point in _points(entry)]
    description = (
        f"{quantity(len(_points(entries[0])), 'value')}; the mean prediction goes from "
        f"{between(min(means), max(means))}."
    )
    if kind in {"numeric", "datetime"}:
        chart = _along_numbers(entries, y, title, description, is_time=kind == "datetime")
        if chart is not None:
            return chart
    return _along_levels(entries, y, title, description)


def _along_numbers(
    entries: Sequence[Entry], y: Axis, title: str, description: str, *, is_time: bool
) -> Chart | None:
    """Lines; missing values stand in words. None if the values have no place on an axis."""
    drawn: list[Line] = []
    places: list[float] = []
    missing: list[Entry] = []
    ends: tuple[str, ...] = ()
    for css, entry in zip(STYLES, entries, strict=False):
        found = [(_place(point.get("value")), point) for point in _points(entry)]
        there = sorted(
            ((place, point) for place, point in found if place is not None),
            key=lambda each: each[0],
        )
        missing += [point for _, point in found if point.get("value") is None]
        if len(there) < 2:
            return None
        band = [_spread(point) for _, point in there] if len(entries) == 1 else []
        drawn.append(
            Line(
                [(place, float(point["mean"])) for place, point in there],
                css=css,
                band=[each for each in band if each is not None] if all(band) else (),
            )
        )
        places += [place for place, _ in there]
        ends = (_words(there[0][1]), _words(there[-1][1]))
    note = ""
    if missing:
        note = f"Where it is missing: {' / '.join(figure(point['mean']) for point in missing)}."
    drawing = lines(
        drawn, x=Axis.over(places, ""), y=y, title=title, description=description,
        ends=ends if is_time else (),
    )  # fmt: skip
    return Chart(drawing, _twin(entries, title), note)


def _along_levels(entries: Sequence[Entry], y: Axis, title: str, description: str) -> Chart:
    """Dots with whiskers, category by category."""
    first = _points(entries[0])
    shown = min(len(first), _MAX_LEVELS)
    room = max(_LEVEL_WIDTH // shown, 3)
    levels = []
    for k in range(shown):
        marks = [_points(entry)[k] for entry in entries if k < len(_points(entry))]
        levels.append(
            Level(
                clean(_words(first[k]), most=room),
                [float(mark["mean"]) for mark in marks],
                _spread(marks[0]) if len(entries) == 1 else None,
            )
        )
    note = (
        f"The first {shown} of {len(first)} values; the table has all of them."
        if len(first) > shown
        else ""
    )
    drawing = level_marks(levels, y=y, title=title, description=description)
    return Chart(drawing, _twin(entries, title), note)


def _twin(entries: Sequence[Entry], title: str) -> Table:
    if len(entries) == 1:
        heads = [Head("Value"), Head("Mean", is_number=True), Head("Eight in ten", is_number=True)]
        rows: list[Sequence[Text]] = [
            (
                cell(_words(point)),
                figure(point["mean"]),
                between(point.get("low"), point.get("high")),
            )
            for point in _points(entries[0])
        ]
        return Table(title, heads, rows, "twin")
    heads = [
        Head("Value"), *(Head(short(entry.get("class")), is_number=True) for entry in entries),
    ]  # fmt: skip
    columns = [[figure(point["mean"]) for point in _points(entry)] for entry in entries]
    rows = [
        (cell(_words(point)), *(column[k] if k < len(column) else "–" for column in columns))
        for k, point in enumerate(_points(entries[0]))
    ]
    return Table(title, heads, rows, "twin")


def _place(value: object) -> float | None:
    """Place of a value on an axis: a number itself, a date its seconds."""
    if is_number(value):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _words(point: Entry) -> str:
    if point.get("label") is not None:
        return str(point["label"])
    value = point.get("value")
    if value is None:
        return "missing"
    return figure(value) if isinstance(value, float) else str(value)


def _spread(point: Entry) -> tuple[float, float] | None:
    low, high = point.get("low"), point.get("high")
    return None if low is None or high is None else (float(low), float(high))
