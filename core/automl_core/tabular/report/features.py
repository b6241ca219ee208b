"""Every feature against the target: a chart each, by task and by kind of the feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report import charts, svg
from automl_core.tabular.report.columns import link_to
from automl_core.tabular.report.parts import Card, Chart, Head, Table
from automl_core.tabular.report.words import (
    clean,
    share,
    short,
    value_text,
    value_words,
    whole,
)
from automl_core.tabular.wording import quantity

MAX_CARDS: Final = 200
MAX_CLASS_CARDS: Final = 100
"""The same with several classes, whose tables are several times as large."""
N_OPEN: Final = 12
"""Features whose charts are open; those of the others open on demand."""
_MAX_AXIS_TEXT: Final = 44
"""Characters below a chart that do not run into each other."""
_MAX_TINY: Final = 14
"""Characters of a class or a category inside a chart."""
_HEADROOM: Final = 1.12
"""Room above the highest bar, so that part of its interval is seen."""

Show = Callable[[Any], str]
Bars = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class About:
    """What all charts have in common."""

    target: Mapping[str, Any]
    answer: Mapping[str, Any]
    """The target's column."""
    overall: float | None
    """Mean of the target, or share of the class that the charts are about, in all rows."""

    @property
    def is_share(self) -> bool:
        """Whether the charts tell shares of a class and not means of a number."""
        return bool(self.target["task"] != "regression")

    @property
    def words(self) -> Show:
        """How a share or a mean is written."""
        return share if self.is_share else value_words(self.answer)

    def title(self, feature: Mapping[str, Any]) -> str:
        """Title of a chart."""
        return f"{short(self.answer['name'])} by {short(feature['name'])}"


def feature_cards(
    target: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]
) -> list[Card]:
    """One card a feature, strongest first."""
    about = About(target, columns[target["column"]], _overall(target, columns))
    cards = []
    most = MAX_CLASS_CARDS if target["task"] == "multiclass" else MAX_CARDS
    for chart in target["charts"][:most]:
        feature = columns[chart["name"]]
        # The mean of numbers near the end of float64 may be none.
        bars = [bar for bar in chart["bars"] if bar["mean"] is not None]
        if not bars:
            continue
        known = [bar for bar in bars if "low" in bar or bar["label"] is not None]
        gap = next((bar for bar in bars if bar not in known), None)
        drawn: Chart | None = None
        table: Table | None = None
        if target["task"] == "multiclass":
            drawn = _class_chart(bars, feature, about)
        elif any("low" in bar for bar in known):
            drawn = _range_chart(known, gap, feature, about)
        else:
            table = _level_bars(bars, feature, about)
        is_cut = chart["kind"] == "categorical" and chart["n_levels"] > len(known)
        note = f"The {len(known)} most frequent of {chart['n_levels']:,} values."
        cards.append(
            Card(
                anchor=f"t{feature['position']}",
                name=link_to(feature),
                chart=drawn,
                bars=table,
                notes=[note] if is_cut else [],
            )
        )
    return cards


def _overall(target: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]) -> float | None:
    if target["task"] == "regression":
        stats = columns[target["column"]]["stats"]
        return None if stats is None else stats["mean"]
    return next(
        (item["share"] for item in target["classes"] if item["label"] == target["rate_of"]), None
    )


# -- A number or two classes by ranges ------------------------------------------------


def _range_chart(
    ranges: Bars, gap: Mapping[str, Any] | None, feature: Mapping[str, Any], about: About
) -> Chart:
    """Ranges of a number or of dates, in order, and its gaps apart."""
    show = value_words(feature)
    bars = [*ranges, *([] if gap is None else [gap])]
    known = [bar["mean"] for bar in bars] + ([] if about.overall is None else [about.overall])
    if about.is_share:
        low, high = 0.0, min(max(known) * _HEADROOM, 1.0)
    else:
        ends = [bar[key] for bar in bars for key in ("q1", "q3") if bar.get(key) is not None]
        low, high = min(known + ends), max(known + ends)
    lowest, highest = min(ranges, key=_mean), max(ranges, key=_mean)
    words = about.words
    drawing = charts.bins(
        [charts.Bin(bar["mean"], _spread(bar)) for bar in ranges],
        gap=None if gap is None else charts.Bin(gap["mean"], _spread(gap)),
        axis=charts.Axis(low, high, (words(low), words(high)), about.overall),
        ends=_ends(ranges, show),
        is_share=about.is_share,
        title=about.title(feature),
        description=f"{quantity(len(ranges), 'range')}; lowest {words(lowest['mean'])} at "
        f"{_range_words(lowest, show)}, highest {words(highest['mean'])} at "
        f"{_range_words(highest, show)}.",
    )
    return Chart(drawing, _twin(bars, feature, show, about))


def _spread(bar: Mapping[str, Any]) -> tuple[float, float] | None:
    """The 95 % interval of a share, or the middle half of a number."""
    if bar.get("interval") is not None:
        low, high = bar["interval"]
        return low, high
    if bar.get("q1") is not None and bar.get("q3") is not None:
        return bar["q1"], bar["q3"]
    return None


def _ends(ranges: Bars, show: Show) -> list[str]:
    """A label below each range where they are short, else where the first begins and the last
    ends."""
    labels = [_range_words(bar, show) for bar in ranges]
    if len(labels) == 1 or len(labels) * (max(map(len, labels)) + 1) <= _MAX_AXIS_TEXT:
        return labels
    return [show(ranges[0]["low"]), show(ranges[-1]["high"])]


def _twin(bars: Bars, feature: Mapping[str, Any], show: Show, about: About) -> Table:
    spread = "95 % interval" if about.is_share else "Middle half"
    rows = []
    for bar in bars:
        ends = _spread(bar)
        between = "" if ends is None else f"{about.words(ends[0])} to {about.words(ends[1])}"
        rows.append((_bar_words(bar, show), about.words(bar["mean"]), between, whole(bar["rows"])))
    heads = (
        Head("Value"),
        Head("Share" if about.is_share else "Mean", is_number=True),
        Head(spread, is_number=True),
        Head("Rows", is_number=True),
    )
    return Table(about.title(feature), heads, rows, "twin")


# -- A number or two classes by categories --------------------------------------------


def _level_bars(bars: Bars, feature: Mapping[str, Any], about: About) -> Table:
    """A line for each category, highest first: words have no order to draw them in."""
    show = value_words(feature, exactly=True)
    ordered = sorted(bars, key=lambda bar: -bar["mean"])
    known = [bar["mean"] for bar in ordered] + ([] if about.overall is None else [about.overall])
    low, high = (0.0, max(known)) if about.is_share else (min(known), max(known))

    def place(value: float) -> float:
        return (value - low) / (high - low) if high > low else 0.5

    draw = svg.share_bar if about.is_share else svg.dot_bar
    mark = None if about.overall is None else place(about.overall)
    rows = [
        (
            _bar_words(bar, show),
            draw(place(bar["mean"]), mark=mark),
            about.words(bar["mean"]),
            whole(bar["rows"]),
        )
        for bar in ordered
    ]
    heads = (
        Head("Value"),
        Head(""),
        Head("Share" if about.is_share else "Mean", is_number=True),
        Head("Rows", is_number=True),
    )
    return Table(about.title(feature), heads, rows, "bars")


# -- Several classes ------------------------------------------------------------------


def _class_chart(bars: Bars, feature: Mapping[str, Any], about: About) -> Chart:
    """The share of each class in each range (upright) or category (lying)."""
    show = value_words(feature)
    classes: Sequence[str] = about.target["chart_classes"]
    labels = [clean(label, most=_MAX_TINY) for label in classes]
    shares = [[bar["shares"][k] for bar in bars] for k in range(len(classes))]
    best = max(
        ((row[i], k, i) for k, row in enumerate(shares) for i in range(len(bars))),
        default=(0.0, 0, 0),
    )
    told = (
        f"{len(classes)} classes in {quantity(len(bars), 'part')} of the column; the highest "
        f"share is {share(best[0])} for {labels[best[1]] if labels else '–'} at "
        f"{_plain_words(bars[best[2]], show) if bars else '–'}."
    )
    is_ordered = any("low" in bar for bar in bars)
    names = [_plain_words(bar, show) for bar in bars]
    if is_ordered:
        has_gap = "low" not in bars[-1]
        ranges = [bar for bar in bars if "low" in bar]
        drawing = charts.class_rows(
            shares,
            classes=labels,
            ends=_ends(ranges, show),
            has_gap=has_gap,
            title=about.title(feature),
            description=told,
        )
    else:
        drawing = charts.class_grid(
            shares,
            classes=labels,
            levels=[clean(name, most=_MAX_TINY) for name in names],
            title=about.title(feature),
            description=told,
        )
    heads = (
        Head("Value"),
        *(Head(short(label), is_number=True) for label in classes),
        Head("Rows", is_number=True),
    )
    rows = [
        (_bar_words(bar, show), *(share(part) for part in bar["shares"]), whole(bar["rows"]))
        for bar in bars
    ]
    return Chart(drawing, Table(about.title(feature), heads, rows, "twin"))


# -- Words ----------------------------------------------------------------------------


def _mean(bar: Mapping[str, Any]) -> float:
    return float(bar["mean"])


def _range_words(bar: Mapping[str, Any], show: Show) -> str:
    low, high = show(bar["low"]), show(bar["high"])
    return low if low == high else f"{low} to {high}"


def _bar_words(bar: Mapping[str, Any], show: Show) -> str | Markup:
    if "low" in bar:
        return _range_words(bar, show)
    if bar["label"] is None:
        return Markup("<i>missing</i>")
    return value_text(bar["label"])


def _plain_words(bar: Mapping[str, Any], show: Show) -> str:
    if "low" in bar:
        return _range_words(bar, show)
    return "missing" if bar["label"] is None else short(bar["label"])
