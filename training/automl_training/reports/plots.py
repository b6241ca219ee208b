"""Charts on two axes: lines, dots and steps as inline SVG, coloured by the page's style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from automl_core.tabular.report.svg import image, path, px, text

WIDTH: Final = 330
HEIGHT: Final = 230
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 10, 38
_MOST_STEPS: Final = 5
"""Steps between ticks at most; more would touch each other at the width of a phone."""
_LAYERS: Final = 6
"""Dots are drawn in so many layers, so that where many lie it is darker."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """One axis: its ends and its name."""

    low: float
    high: float
    title: str

    @classmethod
    def over(cls, values: Sequence[float], title: str, *, margin: float = 0.0) -> Axis:
        """An axis that shows all of the values.

        Parameters
        ----------
        values : sequence of float
        title : str
        margin : float
            Room beyond the ends, as a share of the span.
        """
        low, high = min(values), max(values)
        if not low < high:
            room = abs(low) * 0.1 or 0.5
            return cls(low - room, high + room, title)
        room = margin * (high - low)
        return cls(low - room, high + room, title)

    def share(self, value: float) -> float:
        """Place of a value between the ends; what lies beyond is at the end."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    @property
    def step(self) -> float:
        """Distance of the ticks: 1, 2, 2.5 or 5 times a power of ten."""
        raw = (self.high - self.low) / _MOST_STEPS
        power = 10.0 ** math.floor(math.log10(raw))
        return next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= 0.999 * raw)

    def ticks(self) -> list[float]:
        """The round values between the ends.

        >>> Axis(-3.2, 596.0, "x").ticks()
        [0.0, 200.0, 400.0]
        """
        # The margin is for quotients such as 0.6 / 0.2, which is a little less than 3.
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [number * self.step for number in range(first, last + 1)]


@dataclass(frozen=True)
class Line:
    """A line through points: ``css`` is its class, and its dashes tell it from others."""

    points: Sequence[Point]
    css: str = "l"
    band: Sequence[tuple[float, float]] = field(default=())
    """From where to where it spreads, point by point."""
    has_dots: bool = False


def x_at(axis: Axis, value: float) -> float:
    """Pixel from the left."""
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def y_at(axis: Axis, value: float) -> float:
    """Pixel from the top."""
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - BOTTOM - TOP)


def lines(
    drawn: Sequence[Line],
    *,
    x: Axis,
    y: Axis,
    title: str,
    description: str,
    has_diagonal: bool = False,
    across: float | None = None,
    upright: float | None = None,
    marked: Point | None = None,
    ends: Sequence[str] = (),
) -> Markup:
    """Draw lines.

    Parameters
    ----------
    drawn : sequence of Line
    x, y : Axis
    title, description : str
        For screen readers; escaped here.
    has_diagonal : bool
        Whether the line where both axes are equal is drawn, dashed.
    across, upright : float or None
        A value of an axis that is marked by a dashed line over the whole chart.
    marked : Point or None
        A point that is marked by a ring.
    ends : sequence of str
        Words below the two ends of the x axis, instead of numbers.
    """
    parts = [_frame(x, y, [(x.low, "t", ends[0]), (x.high, "t e", ends[-1])] if ends else None)]
    if has_diagonal:
        low, high = max(x.low, y.low), min(x.high, y.high)
        parts.append(path("r", f"M{_at(x, y, (low, low))}L{_at(x, y, (high, high))}"))
    if across is not None:
        parts.append(path("r", f"M{LEFT} {px(y_at(y, across))}H{WIDTH - RIGHT}"))
    if upright is not None:
        parts.append(path("r", f"M{px(x_at(x, upright))} {TOP}V{HEIGHT - BOTTOM}"))
    for line in drawn:
        if line.band and len(line.points) > 1:
            there = [(a, high) for (a, _), (_, high) in zip(line.points, line.band, strict=True)]
            back = [(a, low) for (a, _), (low, _) in zip(line.points, line.band, strict=True)]
            outline = "L".join(_at(x, y, point) for point in [*there, *reversed(back)])
            parts.append(path("area", f"M{outline}z"))
        if len(line.points) > 1:
            parts.append(path(line.css, "M" + "L".join(_at(x, y, p) for p in line.points)))
        if line.has_dots or len(line.points) == 1:
            parts += [_dot(x, y, point) for point in line.points]
    if marked is not None:
        parts.append(
            Markup('<circle class="o" cx="{}" cy="{}" r="4"/>').format(
                px(x_at(x, marked[0])), px(y_at(y, marked[1]))
            )
        )
    return image(parts, title=title, description=description, width=WIDTH, height=_height(x))


def scatter(points: Sequence[Point], *, x: Axis, y: Axis, title: str, description: str) -> Markup:
    """Draw points, with the line where both axes are equal."""
    parts = [_frame(x, y)]
    parts += [
        path("dots", "".join(f"M{_at(x, y, point)}h0" for point in points[layer::_LAYERS]))
        for layer in range(_LAYERS)
    ]
    low, high = max(x.low, y.low), min(x.high, y.high)
    if low < high:
        parts.append(path("r", f"M{_at(x, y, (low, low))}L{_at(x, y, (high, high))}"))
    return image(parts, title=title, description=description, width=WIDTH, height=_height(x))


@dataclass(frozen=True)
class Level:
    """A category: its label, and a value for each class, or one with its spread."""

    name: str
    values: Sequence[float]
    spread: tuple[float, float] | None = None


def level_marks(levels: Sequence[Level], *, y: Axis, title: str, description: str) -> Markup:
    """Draw a mark with a whisker for each category, side by side; classes next to each other."""
    x = Axis(-0.5, len(levels) - 0.5, "")
    parts = [_frame(x, y, [(i, "t c", level.name) for i, level in enumerate(levels)])]
    whiskers = "".join(
        f"M{px(x_at(x, i))} {px(y_at(y, level.spread[0]))}V{px(y_at(y, level.spread[1]))}"
        for i, level in enumerate(levels)
        if level.spread is not None
    )
    parts.append(path("i", whiskers))
    for i, level in enumerate(levels):
        n = len(level.values)
        for k, value in enumerate(level.values):
            at = px(x_at(x, i + (k - (n - 1) / 2) * 0.2))
            parts.append(_MARKS[k % len(_MARKS)].format(at, px(y_at(y, value))))
    return image(parts, title=title, description=description, width=WIDTH, height=_height(x))


_MARKS: Final = (
    Markup('<circle class="b" cx="{}" cy="{}" r="3"/>'),
    Markup('<path class="y" d="M{} {}m0 -4l4 4l-4 4l-4 -4z"/>'),
    Markup('<path class="i" d="M{} {}m-3 -3h6v6h-6z"/>'),
)
"""Marks of the classes: a dot, a diamond and a square."""


def _height(x: Axis) -> float:
    """An axis without a name needs no room for one."""
    return HEIGHT if x.title else HEIGHT - 18


def _at(x: Axis, y: Axis, point: Point) -> str:
    return f"{px(x_at(x, point[0]))} {px(y_at(y, point[1]))}"


def _dot(x: Axis, y: Axis, point: Point) -> Markup:
    return _MARKS[0].format(px(x_at(x, point[0])), px(y_at(y, point[1])))


def _frame(x: Axis, y: Axis, labels: Sequence[tuple[float, str, str]] | None = None) -> Markup:
    """Both axes with their names; labels of the x axis are place, class and words."""
    if labels is None:
        labels = [(tick, "t c", tick_text(tick, x.step)) for tick in x.ticks()]
    base = HEIGHT - BOTTOM
    rules = "".join(f"M{LEFT} {px(y_at(y, tick))}H{WIDTH - RIGHT}" for tick in y.ticks())
    parts = [path("grid-line", rules), path("a", f"M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}")]
    parts += [
        text(tick_text(tick, y.step), x=LEFT - 6, y=y_at(y, tick) + 4, css="t e")
        for tick in y.ticks()
    ]
    parts += [text(words, x=x_at(x, at), y=base + 14, css=css) for at, css, words in labels]
    parts.append(text(x.title, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, css="h c"))
    middle = px((TOP + base) / 2)
    parts.append(
        Markup('<text class="h c" transform="rotate(-90 10 {0})" x="10" y="{0}">{1}</text>').format(
            middle, y.title
        )
    )
    return Markup().join(parts)


def tick_text(value: float, step: float) -> str:
    """A value of an axis: as many decimals as the step has, thousands and millions by a letter.

    >>> tick_text(0.25, 0.25), tick_text(0.6000000000000001, 0.2), tick_text(150000.0, 50000.0)
    ('0.25', '0.6', '150k')
    >>> tick_text(0.0, 5e-7), tick_text(2.5e6, 2.5e6), tick_text(-1500.0, 500.0)
    ('0', '2.5M', '−1,500')
    """
    if step < 1e-4 or abs(value) >= 1e9:
        return f"{value:.4g}".replace("-", "−")
    unit, letter = (1e6, "M") if step >= 1e6 else (1e3, "k") if step >= 1e3 else (1.0, "")
    decimals = next(n for n in range(7) if math.isclose(round(step / unit, n), step / unit))
    written = f"{value / unit + 0.0:,.{decimals}f}{letter if value else ''}"
    return written.replace("-", "−")


# -- Decoration of a number in a table ------------------------------------------------

_BAR: Final = 120


def interval_bar(
    value: float, low: float | None, high: float | None, *, axis: Axis, mark: float | None = None
) -> Markup:
    """Draw a dot with its interval on a line, and a mark to hold it against."""
    between = ""
    if low is not None and high is not None:
        between = f"M{_along(axis, low)} 4H{_along(axis, high)}"
    beside = "" if mark is None else f"M{_along(axis, mark)} 0v8"
    return Markup(
        '<svg class="s" viewBox="0 0 {0} 8" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="a" d="M0 4h{0}"/>{1}{2}{3}</svg>'
    ).format(
        _BAR,
        path("m", beside),
        path("u", between),
        path("p", f"M{_along(axis, value)} 4h0"),
    )


def length_bar(value: float, *, axis: Axis, low: float = 0.0, high: float = 0.0) -> Markup:
    """Draw a lying bar from zero, with a whisker.

    Parameters
    ----------
    value, low, high : float
        Length of the bar, and the ends of its whisker; none where both are equal.
    axis : Axis
        Of all bars of the table; holds zero.
    """
    whisker = Markup()
    if low < high:
        whisker = path("i", f"M{px(axis.share(low) * _BAR)} 4H{px(axis.share(high) * _BAR)}")
    zero = Markup()
    if axis.low < 0:
        zero = path("w", f"M{px(axis.share(0.0) * _BAR)} 0v8")
    begin, end = sorted((axis.share(0.0), axis.share(value)))
    return Markup(
        '<svg class="s" viewBox="0 0 {0} 8" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="k" d="M0 0h{0}v8H0z"/>{1}{2}{3}</svg>'
    ).format(
        _BAR,
        path("b", f"M{px(begin * _BAR)} 0H{px(end * _BAR)}v8H{px(begin * _BAR)}z"),
        zero,
        whisker,
    )


def swing_bar(value: float, *, most: float) -> Markup:
    """Draw a bar from the middle: to the right where it raises, to the left where it lowers."""
    middle = _BAR / 2
    end = middle + (min(max(value / most, -1.0), 1.0) if most else 0.0) * middle
    css = "x" if value >= 0 else "y"
    return Markup(
        '<svg class="s" viewBox="0 0 {0} 8" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="k" d="M0 0h{0}v8H0z"/>{1}<path class="m" d="M{2} 0v8"/></svg>'
    ).format(_BAR, path(css, f"M{px(middle)} 0H{px(end)}v8H{px(middle)}z"), px(middle))


def _along(axis: Axis, value: float) -> str:
    return px(axis.share(value) * (_BAR - 8) + 4)
