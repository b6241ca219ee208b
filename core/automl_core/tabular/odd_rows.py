"""Rows of a table that are none: units below the header, the header again, a total at the end.

They are kept (nobody can be sure), and told, so that they are taken out where they are made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from automl_core.tabular.cells import EMPTY, TEXT, TOKEN, VAGUE_TOKEN, shape_of

if TYPE_CHECKING:
    from automl_core.tabular.dialect import Records
    from automl_core.tabular.sniff import Layout

_TOTAL: Final = re.compile(
    r"(?:grand |sub)?totals?|sum|summe|gesamt(?:summe)?|insgesamt|somme|total g[eé]n[eé]ral"
    r"|suma|totale",
    re.I,
)
_WORDS: Final = frozenset({TEXT, EMPTY, TOKEN, VAGUE_TOKEN})
MIN_ROWS_BELOW: Final = 2
MAX_UNIT_CHARACTERS: Final = 12


def tell_odd_rows(layout: Layout, records: Records, last: Records) -> list[str]:
    """Say which rows look as if they were no rows.

    Parameters
    ----------
    records : list of list of str
        The first ones of the file, those before the header included.
    last : list of list of str
        The last one, or none where the end is not known.
    """
    warnings = []
    at = next((i for i, record in enumerate(records) if record == layout.names), None)
    if layout.has_header and at is not None:
        rows = records[at + 1 :]
        n_again = sum(1 for record in rows if record == layout.names)
        if n_again:
            warnings.append(
                f"The header stands again in {n_again:,} of the first rows, which are read as "
                "data; join the files without it."
            )
        if len(rows) > MIN_ROWS_BELOW and _are_units(rows[0], rows[1:]):
            shown = ", ".join(repr(cell) for cell in rows[0] if cell.strip())[:60]
            warnings.append(
                f"The row below the header ({shown}) seems to hold units and is read as data; "
                "leave it out."
            )
    for record in last:
        word = next((cell.strip() for cell in record if cell.strip()), "")
        if len(records) > MIN_ROWS_BELOW and _TOTAL.fullmatch(word.rstrip(":")):
            warnings.append(
                f"The last row begins with {word!r} and is read as data; if it sums up the rows "
                "above, leave it out."
            )
    return warnings


def _are_units(first: Sequence[str], below: Records) -> bool:
    """Short words alone, where most columns below hold none."""
    if any(shape_of(cell) not in _WORDS or len(cell) > MAX_UNIT_CHARACTERS for cell in first):
        return False
    n_words = n_units = 0
    for index, cell in enumerate(first):
        shapes = [shape_of(record[index]) for record in below if index < len(record)]
        if cell.strip() and shapes:
            n_words += 1
            n_units += all(shape != TEXT for shape in shapes)
    return n_words > 0 and 2 * n_units > n_words
