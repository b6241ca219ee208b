"""Charts as inline SVG: no library, no script, colours by the page's style.

A chart that says something (`role="img"`) has a title and a description, and its numbers
stand in a table beside it. The small bars within a table are decoration of the number in
the next cell and hidden from screen readers. No chart has a ``style`` attribute: the page's
content policy forbids it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

_BAR: Final = 120
"""Width of a bar within a table."""


def image(
    parts: Sequence[Markup],
    *,
    title: str,
    description: str,
    width: float,
    height: float,
    is_fixed: bool = False,
) -> Markup:
    """A whole chart; texts are escaped here.

    Parameters
    ----------
    parts : sequence of Markup
    title, description : str
        For screen readers, and for a pointer that rests.
    width, height : float
        In CSS pixels.
    is_fixed : bool
        Whether the chart keeps its size where there is less room.
    """
    size = Markup(' width="{}" height="{}"').format(px(width), px(height)) if is_fixed else ""
    return Markup(
        '<svg role="img" viewBox="0 0 {0} {1}"{2}><title>{3}</title><desc>{4}</desc>{5}</svg>'
    ).format(px(width), px(height), size, title, description, Markup().join(parts))


def text(words: object, *, x: float, y: float, css: str = "t") -> Markup:
    """A label; ``e`` ends and ``c`` centres it at ``x``."""
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(css, px(x), px(y), words)


def path(css: str, strokes: str) -> Markup:
    """A path; nothing where there is nothing to draw."""
    return Markup('<path class="{}" d="{}"/>').format(css, strokes) if strokes else Markup()


def ticks(
    labels: Sequence[str], *, left: float, right: float, base: float, is_centred: bool = False
) -> Markup:
    """Labels from the left end to the right one, or each in the middle of its slot."""
    last = max(len(labels) - 1, 1)
    drawn = []
    for i, label in enumerate(labels):
        if not label:
            continue
        part = (i + 0.5) / len(labels) if is_centred else i / last
        css = "t c" if is_centred or 0 < i < last else "t e" if i else "t"
        drawn.append(text(label, x=left + (right - left) * part, y=base, css=css))
    return Markup().join(drawn)


# -- Decoration of a number in a table ------------------------------------------------


def share_bar(share: float, *, mark: float | None = None) -> Markup:
    """Draw a lying bar of a share from 0 to 1, and a mark to hold it against."""
    filled = min(max(share, 0.0), 1.0) * _BAR
    return Markup(
        '<svg class="s" viewBox="0 0 {0} 8" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="k" d="M0 0h{0}v8H0z"/>'
        '<path class="b" d="M0 0h{1}v8H0z"/>{2}</svg>'
    ).format(_BAR, px(filled), _mark(mark))


def dot_bar(place: float, *, mark: float | None = None) -> Markup:
    """Draw a dot on a line from 0 to 1: for a mean, whose axis has no meaningful zero."""
    at = min(max(place, 0.0), 1.0) * (_BAR - 8) + 4
    return Markup(
        '<svg class="s" viewBox="0 0 {0} 8" aria-hidden="true"><path class="a" d="M0 4h{0}"/>{2}'
        '<circle class="b" cx="{1}" cy="4" r="4"/></svg>'
    ).format(_BAR, px(at), _mark(None if mark is None else (mark * (_BAR - 8) + 4) / _BAR))


def _mark(place: float | None) -> Markup:
    if place is None:
        return Markup()
    return Markup('<path class="m" d="M{} 0v8"/>').format(px(min(max(place, 0.0), 1.0) * _BAR))


def px(number: float) -> str:
    """A coordinate with one decimal at most.

    >>> px(3.0), px(-0.256), px(12.96)
    ('3', '-0.3', '13')
    """
    written = f"{number:.1f}"
    return written[:-2] if written.endswith(".0") else written
