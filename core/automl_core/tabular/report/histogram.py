"""Histograms: the rows of a column by value, with a strip of quantiles below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from automl_core.tabular.report.svg import image, path, px, ticks

WIDTH: Final = 380
"""Of a chart in a card, in CSS pixels; it shrinks with the card."""
_PLOT: Final = 84
_STRIP: Final = 18
_TICKS: Final = 15
_SEEN: Final = 1.2
"""Height of the smallest bar: one that exists is seen."""


@dataclass(frozen=True)
class Scale:
    """An axis along the width of a chart, from ``low`` to ``high``."""

    low: float
    high: float
    width: float = WIDTH

    def at(self, value: float) -> float:
        """Pixel of a value; values beyond the ends lie on the ends."""
        if not self.high > self.low:
            return self.width / 2
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return part * self.width


@dataclass(frozen=True)
class Spread:
    """Quantiles for the strip below a histogram."""

    p5: float
    p25: float
    p50: float
    p75: float
    p95: float


def histogram(
    counts: Sequence[int],
    *,
    title: str,
    description: str,
    labels: Sequence[str],
    scale: Scale | None = None,
    spread: Spread | None = None,
) -> Markup:
    """Draw bars of equal width side by side, with a strip of quantiles below.

    Parameters
    ----------
    counts : sequence of int
        Rows of each bar.
    title, description : str
        For screen readers; escaped here.
    labels : sequence of str
        Labels of the left end, the middle and the right end, or of the two ends.
    scale : Scale or None
        What the width stands for; needed for ``spread`` only.
    spread : Spread or None
    """
    step = WIDTH / max(len(counts), 1)
    highest = max(counts, default=0)
    outline = [f"M0 {_PLOT}"]
    for count in counts:
        tall = max(count / highest * (_PLOT - 2), _SEEN) if count else 0.0
        outline.append(f"V{px(_PLOT - tall)}h{px(step)}")
    outline.append(f"V{_PLOT}z")
    drawn = path("b", "".join(outline))
    return _distribution(
        drawn, title=title, description=description, labels=labels, scale=scale, spread=spread
    )


def value_bars(
    counts: Sequence[int],
    *,
    places: Sequence[float],
    thick: float,
    title: str,
    description: str,
    labels: Sequence[str],
    scale: Scale | None = None,
    spread: Spread | None = None,
) -> Markup:
    """Draw one bar a value, each around its place in pixels; see `histogram`."""
    highest = max(counts, default=0)
    strokes = []
    for place, count in zip(places, counts, strict=True):
        if count:
            tall = max(count / highest * (_PLOT - 2), _SEEN)
            strokes.append(f"M{px(place - thick / 2)} {_PLOT}v{px(-tall)}h{px(thick)}v{px(tall)}z")
    drawn = path("b", "".join(strokes))
    return _distribution(
        drawn, title=title, description=description, labels=labels, scale=scale, spread=spread
    )


def _distribution(
    drawn: Markup,
    *,
    title: str,
    description: str,
    labels: Sequence[str],
    scale: Scale | None,
    spread: Spread | None,
) -> Markup:
    parts = [drawn, path("a", f"M0 {_PLOT + 0.5}h{WIDTH}")]
    height = _PLOT + 2
    if scale is not None and spread is not None:
        parts.append(_strip(scale, spread, middle=height + _STRIP / 2))
        height += _STRIP
    height += _TICKS
    parts.append(ticks(labels, left=0, right=WIDTH, base=height - 3))
    return image(parts, title=title, description=description, width=WIDTH, height=height)


def _strip(scale: Scale, spread: Spread, *, middle: float) -> Markup:
    """A line over the middle 90 % of values, a box over the middle half, a mark at the median."""
    low, left, centre, right, high = (
        px(scale.at(value)) for value in (spread.p5, spread.p25, spread.p50, spread.p75, spread.p95)
    )
    return Markup(
        '<path class="w" d="M{0} {5}H{4}"/><path class="q" d="M{1} {6}H{3}v8H{1}z"/>'
        '<path class="m" d="M{2} {7}v12"/>'
    ).format(low, left, centre, right, high, px(middle), px(middle - 4), px(middle - 6))
