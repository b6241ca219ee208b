"""Charts of the training report: inline SVG with a title, a description and a table twin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

WIDTH, HEIGHT = 360, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 40
MOST_STEPS = 6
"""Steps between ticks at most; more would touch each other at the width of a phone."""

Point = tuple[float, float]


def figure(value: float | None) -> str:
    """Write a number with four significant digits; a dash for none.

    >>> figure(0.123456), figure(1234567.0), figure(0.0), figure(None), figure(1e-9)
    ('0.1235', '1,234,567', '0', '–', '1e-09')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


@dataclass(frozen=True)
class Chart:
    """A drawing, the same in words, and the same as a table."""

    title: str
    text: str
    svg: Markup
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Scale:
    """Maps values of one axis to the drawing."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> Scale:
        """A scale that shows all of the values."""
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 0.5, high + 0.5
        return cls(low, high, start, end)

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def step(self) -> float:
        """Distance of the ticks: 1, 2, 2.5 or 5 times a power of ten, for four to eight ticks."""
        raw = (self.high - self.low) / MOST_STEPS
        power = 10.0 ** math.floor(math.log10(raw))
        return next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= 0.999 * raw)

    def ticks(self) -> list[float]:
        """The round values between the ends.

        >>> Scale(-3.2, 596.0, 0, 1).ticks()
        [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]
        """
        # The margin is for quotients such as 0.6 / 0.2, which is a little less than 3.
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [number * self.step for number in range(first, last + 1)]


def line_chart(
    title: str,
    text: str,
    points: Sequence[Point],
    *,
    x_label: str,
    y_label: str,
    has_diagonal: bool = False,
    has_dots: bool = False,
) -> Chart:
    """Draw shares against shares, both from 0 to 1."""
    x, y = _x_scale(0.0, 1.0), _y_scale(0.0, 1.0)
    parts = [_frame(x, y, x_label, y_label)]
    if has_diagonal:
        parts.append(_diagonal(x, y))
    path = " ".join(f"{x(a)},{y(b)}" for a, b in points)
    parts.append(
        Markup('<polyline points="{}" fill="none" stroke="var(--mark)" stroke-width="2"/>').format(
            path
        )
    )
    if has_dots:
        parts.extend(_dot(x(a), y(b), radius=3.5) for a, b in points)
    return Chart(
        title, text, _svg(title, text, parts), [x_label, y_label],
        [[figure(a), figure(b)] for a, b in points],
    )  # fmt: skip


def scatter_chart(
    title: str, text: str, points: Sequence[Point], *, x_label: str, y_label: str
) -> Chart:
    """Draw points on two axes of one unit, with the line where both are equal."""
    values = [value for point in points for value in point]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    x, y = _x_scale(low, high), _y_scale(low, high)
    parts = [_frame(x, y, x_label, y_label), _diagonal(x, y)]
    parts.extend(_dot(x(a), y(b), radius=2.2) for a, b in points)
    return Chart(
        title, text, _svg(title, text, parts), [x_label, y_label],
        [[figure(a), figure(b)] for a, b in points],
    )  # fmt: skip


def histogram_chart(
    title: str, text: str, edges: Sequence[float], counts: Sequence[int], *, x_label: str
) -> Chart:
    """Draw counts of rows in bins."""
    x = _x_scale(edges[0], edges[-1])
    y = _y_scale(0.0, float(max(*counts, 1)))
    parts = [_frame(x, y, x_label, "rows")]
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        parts.append(
            Markup(
                '<rect x="{}" y="{}" width="{}" height="{}" fill="var(--mark)" '
                'stroke="var(--page)" stroke-width="0.5"/>'
            ).format(x(low), y(count), round(x(high) - x(low), 1), round(y(0) - y(count), 1))
        )
    rows = [
        [f"{figure(low)} to {figure(high)}", f"{count:,}"]
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return Chart(title, text, _svg(title, text, parts), [x_label, "Rows"], rows)


def bar_chart(
    title: str,
    text: str,
    bars: Sequence[tuple[str, float, float]],
    *,
    headers: Sequence[str],
) -> Chart:
    """Draw a bar for each ``(name, value, spread)``, the spread as a whisker."""
    row_height, name_width, width = 24, 160, 520
    height = row_height * len(bars) + 8
    low = min(0.0, *(value - spread for _, value, spread in bars))
    high = max(0.0, *(value + spread for _, value, spread in bars))
    scale = Scale(low, high if high > low else low + 1.0, name_width + 8, width - 76)
    parts = []
    for number, (name, value, spread) in enumerate(bars):
        top = 4 + number * row_height
        middle = top + row_height / 2
        begin, end = sorted((scale(0.0), scale(value)))
        parts.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end" dominant-baseline="middle" '
                'font-size="13" fill="currentColor">{}</text>'
                '<rect x="{}" y="{}" width="{}" height="{}" fill="var(--mark)"/>'
                '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="currentColor"/>'
                '<text x="{}" y="{}" dominant-baseline="middle" font-size="12" '
                'fill="currentColor">{}</text>'
            ).format(
                name_width,
                middle,
                shortened(name, 24),
                begin,
                top + 4,
                round(end - begin, 1),
                row_height - 8,
                scale(value - spread),
                scale(value + spread),
                middle,
                middle,
                scale(max(value + spread, 0.0)) + 6,
                middle,
                figure(value),
            )
        )
    rows = [[name, figure(value), figure(spread)] for name, value, spread in bars]
    svg = _svg(title, text, parts, width=width, height=height)
    return Chart(title, text, svg, list(headers), rows)


def shortened(text: str, length: int) -> str:
    """Cut a long name in its middle; both ends tell names apart.

    >>> shortened("bill_length_mm", 26), shortened("a" * 20 + "b" * 20, 9)
    ('bill_length_mm', 'aaaa…bbbb')
    """
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[:half]}…{text[-(length - 1 - half) :]}"


def _svg(
    title: str, text: str, parts: Sequence[Markup], *, width: int = WIDTH, height: int = HEIGHT
) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" xmlns="http://www.w3.org/2000/svg">'
        "<title>{}</title><desc>{}</desc>{}</svg>"
    ).format(width, height, title, text, Markup("").join(parts))


def _x_scale(low: float, high: float) -> Scale:
    return Scale(low, high, LEFT, WIDTH - RIGHT)


def _y_scale(low: float, high: float) -> Scale:
    return Scale(low, high, HEIGHT - BOTTOM, TOP)


def _dot(x: float, y: float, *, radius: float) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{}" fill="var(--mark)" fill-opacity="0.7"/>').format(
        x, y, radius
    )


def _diagonal(x: Scale, y: Scale) -> Markup:
    return Markup(
        '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="var(--soft)" stroke-dasharray="4 4"/>'
    ).format(x.start, y.start, x.end, y.end)


_MIDDLE = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>')


def _frame(x: Scale, y: Scale, x_label: str, y_label: str) -> Markup:
    lines = [
        Markup('<g font-size="11" fill="var(--soft)" stroke="none">'),
        Markup('<path d="M{} {}V{}H{}" fill="none" stroke="var(--line)"/>').format(
            x.start, y.end, y.start, x.end
        ),
    ]
    lines += [_MIDDLE.format(x(tick), y.start + 14, _tick(tick, x.step)) for tick in x.ticks()]
    lines += [
        Markup('<text x="{}" y="{}" text-anchor="end" dominant-baseline="middle">{}</text>').format(
            x.start - 6, y(tick), _tick(tick, y.step)
        )
        for tick in y.ticks()
    ]
    lines.append(_MIDDLE.format((x.start + x.end) / 2, y.start + 32, x_label))
    lines.append(
        Markup(
            '<text transform="rotate(-90 12 {0})" x="12" y="{0}" text-anchor="middle">{1}</text>'
        ).format((y.start + y.end) / 2, y_label)
    )
    return Markup("").join([*lines, Markup("</g>")])


def _tick(value: float, step: float) -> str:
    """A value of an axis: as many decimals as the step has, thousands and millions by a letter.

    >>> _tick(0.25, 0.25), _tick(0.6000000000000001, 0.2), _tick(150000.0, 50000.0)
    ('0.25', '0.6', '150k')
    >>> _tick(0.0, 5e-7), _tick(2.5e6, 2.5e6), _tick(-1500.0, 500.0)
    ('0', '2.5M', '-1,500')
    """
    if step < 1e-4 or abs(value) >= 1e9:
        return f"{value:.6g}"
    unit, letter = (1e6, "M") if step >= 1e6 else (1e3, "k") if step >= 1e3 else (1.0, "")
    decimals = next(n for n in range(7) if math.isclose(round(step / unit, n), step / unit))
    return f"{value / unit:,.{decimals}f}{letter if value else ''}"
