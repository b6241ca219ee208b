"""Figures of the training report in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from markupsafe import Markup

from automl_core.tabular.report.parts import Text
from automl_core.tabular.report.words import number, score, share

NOTHING = "–"


def figure(value: float | None) -> str:
    """A number with four significant digits; a dash for none, and for what is no number.

    Small numbers have fewer: four decimals, or three digits where these would be zeros.

    >>> figure(0.123456), figure(1234567.0), figure(None), figure(math.nan), figure(-0.5)
    ('0.1235', '1,234,567', '–', '–', '−0.5')
    >>> figure(0.045678), figure(0.0012345), figure(1.2345e-7)
    ('0.0457', '0.00123', '1.23 × 10⁻⁷')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) < 0.1:
        value = round(value, 4) if abs(value) >= 0.01 else float(f"{value:.3g}")
    return number(float(value), is_grouped=abs(value) >= 10_000)


def between(low: float | None, high: float | None) -> str:
    """A range.

    >>> between(0.25, 0.5), between(None, 0.5)
    ('0.25 to 0.5', '–')
    """
    if low is None or high is None:
        return NOTHING
    return f"{figure(low)} to {figure(high)}"


def signed(value: float | None) -> str:
    """A difference with its sign.

    >>> signed(0.25), signed(-3.0), signed(0.0)
    ('+0.25', '−3', '0')
    """
    text = figure(value)
    return f"+{text}" if value is not None and value > 0 and text != NOTHING else text


def seconds(value: float | None) -> str:
    """A duration in seconds, as exact as it can be measured.

    >>> seconds(0.08196), seconds(0.0004), seconds(12.345), seconds(1234.5), seconds(None)
    ('0.08', '< 0.01', '12.3', '1,234', '–')
    """
    if value is None:
        return NOTHING
    if value < 0.01:
        return "< 0.01"
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def part(value: float | None) -> str:
    """A share as a percentage.

    >>> part(0.914), part(None)
    ('91.4\\xa0%', '–')
    """
    return NOTHING if value is None or not math.isfinite(value) else share(value)


def percent(value: float) -> str:
    """A wished share, such as a coverage: no decimals where there are none.

    >>> percent(0.9), percent(0.975)
    ('90\\xa0%', '97.5\\xa0%')
    """
    return f"{100 * value:.4g}\u00a0%"


def three(value: float | None) -> str:
    """A score with three decimals, all of one width.

    >>> three(0.5), three(None)
    ('0.500', '–')
    """
    return NOTHING if value is None or not math.isfinite(value) else score(value)


def two_lines(first: Text, second: Text) -> Markup:
    """A figure with a smaller line below it."""
    return Markup("{}<small>{}</small>").format(first, second) if second else Markup(first)  # noqa: S704


def sentence(text: object) -> str:
    """A reason as a sentence: with a capital and a full stop.

    >>> sentence("too few rows"), sentence("R² is there.")
    ('Too few rows.', 'R² is there.')
    """
    words = str(text).strip()
    if not words:
        return ""
    ending = "" if words[-1] in ".!?:" else "."
    return f"{words[0].upper()}{words[1:]}{ending}"


def block(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a document; empty where it is missing or null."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def items(document: Mapping[str, Any], name: str) -> Sequence[Any]:
    """A list of a document; empty where it is missing or null."""
    found = document.get(name)
    return found if isinstance(found, list | tuple) else ()


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value of a document is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
