"""Colours of the report, once for light and once for dark.

The same hues as the web application. Text keeps a contrast of at least 4.5:1 to everything
it stands on, and marks of data at least 3:1 (WCAG 2.2, 1.4.3 and 1.4.11); a test computes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LIGHT: Final = {
    "ground": "#f8fbf9",
    "panel": "#ffffff",
    "sunken": "#f0f5f3",
    "line": "#dbe1df",
    "ink": "#132120",
    "muted": "#535f5e",
    "accent": "#0d5d50",
    "soft": "#dbf3eb",
    "high": "#b02a2d",
    "medium": "#875814",
    "data": "#248372",
    "track": "#e3eae7",
    "rise": "#248372",
    "fall": "#c55f1d",
}
DARK: Final = {
    "ground": "#0d1413",
    "panel": "#141d1b",
    "sunken": "#0a1110",
    "line": "#293331",
    "ink": "#e9eeed",
    "muted": "#a1acaa",
    "accent": "#6eccb0",
    "soft": "#12322b",
    "high": "#f98f87",
    "medium": "#ebbb6e",
    "data": "#51b39a",
    "track": "#242e2c",
    "rise": "#1f8a74",
    "fall": "#b85c1f",
}


def style_of(css: str) -> str:
    """The style sheet with the colours of both themes in front; paper is light."""
    return (
        f":root{{color-scheme:light dark;{_tokens(LIGHT)}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_tokens(DARK)}}}}}"
        f"{css}"
    )


def _tokens(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())
