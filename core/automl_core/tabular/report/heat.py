"""The heat map of associations between columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import Markup

from automl_core.tabular.report.svg import image, path, text

_LABEL: Final = 180
_TOP: Final = 20
_WRITTEN: Final = 16
"""Columns up to which there is room for numbers in the cells."""
_STEPS: Final = 8
STRONGEST: Final = 0.75
"""Opacity of a full cell, so that ink stays readable on it."""


def heat_map(
    names: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    words: Callable[[float], str],
    title: str,
    description: str,
) -> Markup:
    """Draw the lower half of a table of associations from -1 to 1.

    Columns are numbered as the rows are. A negative value is another colour and carries a
    minus: written out where there is room for numbers, else a stroke.

    Parameters
    ----------
    names : sequence of str
        Labels of the rows, cut already.
    values : sequence of sequence
        ``values[i][j]`` for j < i; None where nothing is known.
    words : callable
        Writes a value into its cell.
    title, description : str
        For screen readers; escaped here.
    """
    is_written = len(names) <= _WRITTEN
    side = 40 if is_written else 17
    squares: dict[tuple[bool, int], list[str]] = {}
    strokes: list[str] = []
    parts: list[Markup] = []
    for i, name in enumerate(names):
        top = _TOP + i * side
        base = top + side / 2 + 4
        # The number apart from the name, or a name written from right to left would take it.
        parts += [
            text(name, x=_LABEL - 30, y=base, css="h e"),
            text(i + 1, x=_LABEL - 8, y=base, css="t e"),
            text(i + 1, x=_LABEL + (i + 0.5) * side, y=_TOP - 5, css="t c"),
        ]
        for j in range(i + 1):
            left = _LABEL + j * side
            value = values[i][j] if j < i else None
            square = f"M{left} {top}h{side - 1}v{side - 1}h{1 - side}z"
            step = 0 if value is None else round(abs(value) * _STEPS)
            squares.setdefault((bool(step) and (value or 0) < 0, step), []).append(square)
            if value is None:
                continue
            if is_written:
                parts.append(
                    text(words(value), x=left + side // 2, y=top + side // 2 + 4, css="v c")
                )
            elif value < 0 and step:
                strokes.append(f"M{left + 5} {top + side // 2}h{side - 11}")
    fields = []
    for (is_negative, step), found in sorted(squares.items()):
        kind = "k" if not step else "y" if is_negative else "x"
        fields.append(
            Markup('<path class="{}" fill-opacity="{}" d="{}"/>').format(
                kind, f"{step / _STEPS * STRONGEST if step else 1:.2g}", "".join(found)
            )
        )
    parts.append(path("m", "".join(strokes)))
    width = _LABEL + len(names) * side
    height = _TOP + len(names) * side
    return image(
        [*fields, *parts],
        title=title,
        description=description,
        width=width,
        height=height,
        is_fixed=True,
    )
