"""Small charts as inline SVG: no library, no script, colours by the page's style.

Every chart has a title and a description for screen readers; the numbers stand beside it
in a table of the report.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup


def bars(
    heights: Sequence[float],
    *,
    title: str,
    description: str,
    width: int = 220,
    height: int = 44,
    gap: float = 1.0,
    lowest: float = 0.0,
) -> Markup:
    """Draw upright bars from a common base line.

    Parameters
    ----------
    heights : sequence of float
        One a bar; values at or below ``lowest`` draw nothing.
    title, description : str
        For screen readers; escaped here.
    width, height : int
        In CSS pixels.
    gap : float
        Pixels between bars.
    lowest : float
        Value of the base line.
    """
    top = max(heights, default=0.0)
    scale = (height - 2) / (top - lowest) if top > lowest else 0.0
    step = width / max(len(heights), 1)
    thick = max(step - gap, 0.5)
    strokes = []
    for i, value in enumerate(heights):
        tall = (value - lowest) * scale
        if tall > 0:
            # A bar that exists is seen, however small it is.
            tall = max(tall, 0.75)
            strokes.append(
                f"M{_px(i * step)} {_px(height - 1)}v{_px(-tall)}h{_px(thick)}v{_px(tall)}z"
            )
    return Markup(
        '<svg role="img" viewBox="0 0 {0} {1}" width="{0}" height="{1}">'
        '<title>{2}</title><desc>{3}</desc><path class="bar" d="{4}"/>'
        '<path class="axis" d="M0 {5}h{0}"/></svg>'
    ).format(width, height, title, description, "".join(strokes), _px(height - 0.5))


def share_bar(share: float, *, width: int = 120, height: int = 10) -> Markup:
    """Draw one lying bar of a share from 0 to 1; the number itself stands beside it."""
    filled = min(max(share, 0.0), 1.0) * width
    return Markup(
        '<svg class="share" viewBox="0 0 {0} {1}" width="{0}" height="{1}" aria-hidden="true">'
        '<rect class="track" width="{0}" height="{1}" rx="2"/>'
        '<rect class="bar" width="{2}" height="{1}" rx="2"/></svg>'
    ).format(width, height, _px(filled))


def _px(number: float) -> str:
    """A coordinate with two decimals at most.

    >>> _px(3.0), _px(-0.256)
    ('3', '-0.26')
    """
    return f"{number:.2f}".rstrip("0").rstrip(".") if number else "0"
