"""Charts of the target along the ranges or categories of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from automl_core.tabular.report.svg import image, path, px, text, ticks

_WIDTH: Final = 320
_PLOT: Final = 96
_GUTTER: Final = 52
"""Room for the labels of the upright axis."""
_CLASS_GUTTER: Final = 96
"""Room for names of classes or categories."""
_CLASS_ROW: Final = 26
_LEVEL_ROW: Final = 17
_SEEN: Final = 0.8
"""Size of the smallest bar that is not zero."""


@dataclass(frozen=True)
class Bin:
    """The target in one range: its share or mean, and from where to where it spreads."""

    value: float
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Axis:
    """The upright axis of a chart of bins: its ends with their labels, and a line across."""

    low: float
    high: float
    words: tuple[str, str]
    overall: float | None = None

    def up(self, value: float) -> str:
        """Pixel from the top; what lies beyond the ends is drawn at the ends."""
        part = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return px(_PLOT - min(max(part, 0.0), 1.0) * (_PLOT - 6))


def bins(
    values: Sequence[Bin],
    *,
    gap: Bin | None,
    axis: Axis,
    ends: Sequence[str],
    is_share: bool,
    title: str,
    description: str,
) -> Markup:
    """Draw the target bin by bin: shares as bars from zero, means as dots on a line.

    Parameters
    ----------
    values : sequence of Bin
        In the order of the bins.
    gap : Bin or None
        The rows where the column is missing; drawn apart and as an outline.
    axis : Axis
    ends : sequence of str
        Labels below the first and the last bin, or one below each.
    is_share : bool
    title, description : str
        For screen readers; escaped here.
    """
    drawn = [*values, *([] if gap is None else [gap])]
    step = (_WIDTH - _GUTTER) / max(len(drawn), 1)
    centres = [_GUTTER + (i + 0.5) * step for i in range(len(drawn))]
    parts = [path("a", f"M{_GUTTER} {_PLOT + 0.5}H{_WIDTH}")]
    places = list(zip(centres, values, strict=False))
    whiskers = "".join(
        f"M{px(x)} {axis.up(found.spread[0])}V{axis.up(found.spread[1])}"
        for x, found in zip(centres, drawn, strict=True)
        if found.spread is not None
    )
    if is_share:
        half = max(step - 3, 1.0) / 2
        upright = [
            f"M{px(x - half)} {_PLOT}V{axis.up(b.value)}h{px(2 * half)}V{_PLOT}" for x, b in places
        ]
        parts.append(path("b", "z".join(upright) + "z" if upright else ""))
        if gap is not None:
            x = centres[-1]
            parts.append(
                path("o", f"M{px(x - half)} {_PLOT}V{axis.up(gap.value)}h{px(2 * half)}V{_PLOT}")
            )
        parts.append(path("i", whiskers))
    else:
        parts.append(path("i", whiskers))
        dots = [(px(x), axis.up(found.value)) for x, found in places]
        parts.append(path("l", "M" + "L".join(f"{x} {y}" for x, y in dots) if dots else ""))
        parts += [Markup('<circle class="b" cx="{}" cy="{}" r="3"/>').format(*dot) for dot in dots]
        if gap is not None:
            dot = (px(centres[-1]), axis.up(gap.value))
            parts.append(Markup('<circle class="o" cx="{}" cy="{}" r="3.5"/>').format(*dot))
    if axis.overall is not None:
        parts.append(path("r", f"M{_GUTTER} {axis.up(axis.overall)}H{_WIDTH}"))
    parts += [
        text(axis.words[1], x=_GUTTER - 6, y=11, css="t e"),
        text(axis.words[0], x=_GUTTER - 6, y=_PLOT, css="t e"),
    ]
    right = _GUTTER + len(values) * step
    parts.append(
        _below(ends, len(values), left=_GUTTER, right=right, top=_PLOT, has_gap=gap is not None)
    )
    height = _PLOT + (16 if gap is None else 29)
    return image(parts, title=title, description=description, width=_WIDTH, height=height)


def _below(
    ends: Sequence[str], n: int, *, left: float, right: float, top: float, has_gap: bool
) -> Markup:
    """Labels below bins, and of the bin of gaps one line further down."""
    drawn = ticks(ends, left=left, right=right, base=top + 13, is_centred=len(ends) == n)
    return drawn + text("missing", x=_WIDTH, y=top + 26, css="t e") if has_gap else drawn


def class_rows(
    shares: Sequence[Sequence[float]],
    *,
    classes: Sequence[str],
    ends: Sequence[str],
    has_gap: bool,
    title: str,
    description: str,
) -> Markup:
    """Draw several classes as rows of small upright bars, one a range of the column.

    Parameters
    ----------
    shares : sequence of sequence of float
        ``shares[k][i]`` of class k in range i, from 0 to 1; full height is the highest.
    classes : sequence of str
        Labels of the rows, cut already.
    ends : sequence of str
        See `bins`.
    has_gap : bool
        Whether the last bar of a row is that of the missing cells.
    title, description : str
        For screen readers; escaped here.
    """
    n = max(map(len, shares), default=0)
    step = (_WIDTH - _CLASS_GUTTER) / max(n, 1)
    highest = max((share for row in shares for share in row), default=0.0) or 1.0
    parts: list[Markup] = []
    filled: list[str] = []
    outlined: list[str] = []
    lines: list[str] = []
    for k, row in enumerate(shares):
        base = (k + 1) * _CLASS_ROW
        lines.append(f"M{_CLASS_GUTTER} {base + 0.5}H{_WIDTH}")
        parts.append(text(classes[k], x=_CLASS_GUTTER - 8, y=base - 5, css="h e"))
        for i, share in enumerate(row):
            if share > 0:
                tall = px(-max(share / highest * (_CLASS_ROW - 6), _SEEN))
                wide = px(max(step - 2, 1.0))
                bar = f"M{px(_CLASS_GUTTER + i * step + 1)} {base}v{tall}h{wide}V{base}z"
                (outlined if has_gap and i == n - 1 else filled).append(bar)
    top = len(shares) * _CLASS_ROW
    right = _WIDTH - (step if has_gap else 0.0)
    below = _below(ends, n - has_gap, left=_CLASS_GUTTER, right=right, top=top, has_gap=has_gap)
    marks = [path("a", "".join(lines)), path("b", "".join(filled)), path("o", "".join(outlined))]
    height = top + (29 if has_gap else 16)
    return image(
        [*marks, *parts, below], title=title, description=description, width=_WIDTH, height=height
    )


def class_grid(
    shares: Sequence[Sequence[float]],
    *,
    classes: Sequence[str],
    levels: Sequence[str],
    title: str,
    description: str,
) -> Markup:
    """Draw several classes as columns of lying bars, one a category; see `class_rows`."""
    step = (_WIDTH - _CLASS_GUTTER) / max(len(classes), 1)
    highest = max((share for row in shares for share in row), default=0.0) or 1.0
    parts: list[Markup] = []
    bars: list[str] = []
    lines: list[str] = []
    height = 16 + len(levels) * _LEVEL_ROW
    fits = max(int(step / 6.5), 2)
    for k, name in enumerate(classes):
        left = _CLASS_GUTTER + k * step
        cut = name if len(name) <= fits else f"{name[: fits - 1]}…"
        parts.append(text(cut, x=left, y=11))
        lines.append(f"M{px(left)} 16V{height}")
        for i, share in enumerate(shares[k]):
            if share > 0:
                wide = px(max(share / highest * (step - 12), _SEEN))
                bars.append(f"M{px(left)} {20 + i * _LEVEL_ROW}h{wide}v9H{px(left)}z")
    for i, level in enumerate(levels):
        parts.append(text(level, x=_CLASS_GUTTER - 8, y=29 + i * _LEVEL_ROW, css="h e"))
    marks = [path("a", "".join(lines)), path("b", "".join(bars))]
    return image(
        [*marks, *parts], title=title, description=description, width=_WIDTH, height=height + 4
    )
