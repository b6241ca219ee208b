"""What a page is made of: tables, charts and cards, ready for the template.

Texts are either `Markup`, which has been through `words.cell`, or plain strings, which the
template escapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

Text = str | Markup

_ALIGNED: Final = frozenset({"bars", "twin"})
"""Tables whose style sheet knows which columns are numbers; a class for each of their cells
would be a quarter of a long report."""


@dataclass(frozen=True)
class Head:
    """One column of a table: its title, and whether it holds numbers (right-aligned)."""

    title: str
    is_number: bool = False

    @property
    def css(self) -> Text:
        """Class of the column's cells, as an attribute."""
        return Markup(' class="n"') if self.is_number else ""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its header."""

    caption: str
    """For whom the table is read aloud; not drawn."""
    heads: Sequence[Head]
    rows: Sequence[Sequence[Text]]
    kind: str = ""
    """How it is drawn: "" in a frame of its own, "bars" and "twin" within a card, "stack"
    a row below the other on a narrow screen."""

    def cells(self) -> Iterable[tuple[Text, list[tuple[Text, Text]]]]:
        """Yield each row: its header, then its cells with their class."""
        css = [head.css if self.kind not in _ALIGNED else "" for head in self.heads[1:]]
        for first, *others in self.rows:
            yield first, list(zip(css, others, strict=True))


@dataclass(frozen=True)
class Chart:
    """A drawing, the table of its numbers, and what a reader should know beside it."""

    drawing: Markup
    twin: Table
    note: str = ""


@dataclass(frozen=True)
class Link:
    """A reference within the page; without a target it is plain text."""

    text: Text
    anchor: str | None = None


@dataclass(frozen=True)
class Card:
    """One column of the table, or one column against the target."""

    anchor: str
    name: Text
    chips: Sequence[str] = ()
    lead: Text = ""
    original: Text | None = None
    chart: Chart | None = None
    bars: Table | None = None
    facts: Sequence[tuple[str, Text]] = ()
    notes: Sequence[Text] = ()
    findings: Sequence[tuple[str, str, str]] = field(default=())
    """Severity, words and anchor of what was found about it."""
    is_target: bool = False

    @property
    def css(self) -> str:
        """Class of the card; one without anything drawn gives the room to its facts."""
        return "column card" if self.chart or self.bars else "column bare card"
