"""Names of columns: clean, unique, and still traceable to the file."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

MAX_NAME_LENGTH = 200
"""Characters of a name; a longer one is a cell that slipped into the header."""


def clean_names(names: Sequence[str]) -> list[str]:
    """Make names that can be told apart whatever their case.

    Stripped of blanks, control and invisible characters, NFC, at most ``MAX_NAME_LENGTH``
    characters; a blank name becomes ``column_<position from 1>``; the second ``value`` becomes
    ``value__2``, or the next number that no column has.

    >>> clean_names([" a", "A", "", "a__2"])
    ['a', 'A__3', 'column_3', 'a__2']
    """
    wished = [_clean(name) or f"column_{index}" for index, name in enumerate(names, start=1)]
    first_at: dict[str, int] = {}
    for index, name in enumerate(wished):
        first_at.setdefault(name.casefold(), index)
    # Names that stand in the file keep their claim against names that are made here.
    taken = set(first_at)
    final: list[str] = []
    for index, name in enumerate(wished):
        unique = name
        if first_at[name.casefold()] != index:
            number = 2
            while (unique := f"{name}__{number}").casefold() in taken:
                number += 1
            taken.add(unique.casefold())
        final.append(unique)
    return final


def _clean(name: str) -> str:
    visible = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) != "Cf"
    )
    return " ".join(visible.split())[:MAX_NAME_LENGTH].strip()
