"""Which delimiter and quotes a text file has: judged by how alike its records then are."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from automl_core.tabular.cells import EMPTY, TEXT, shape_of
from automl_core.tabular.schema import FileFacts

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_RECORDS: Final = 200
SCORED_CELLS: Final = 100
"""Of a record: enough to see whether its cells are typed."""
MIN_MODAL_SHARE: Final = 0.9
"""Of the records that have the most frequent number of fields; else it is one column."""
MIN_RAGGED_SHARE: Final = 0.6
"""The same where the first record agrees: a ragged table, to be judged record by record."""
MIN_SPACED_SHARE: Final = 0.95
"""Of delimiters that a blank follows, from which the blank belongs to the delimiter."""
MIN_SINGLE_QUOTED_SHARE: Final = 0.2

Records = list[list[str]]


@dataclass(frozen=True)
class Dialect:
    """How to cut lines into cells.

    Attributes
    ----------
    delimiter, quote : str
        One character each; a doubled quote stands for one.
    escape : str or None
        Takes the meaning of the character behind it away: the backslash, where the sample
        uses it before quotes.
    skip_initial_space : bool
        A blank behind a delimiter belongs to the delimiter.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    skip_initial_space: bool = False

    @classmethod
    def of(cls, file: FileFacts) -> Dialect:
        """The dialect that a scan settled on."""
        return cls(file.delimiter, file.quote, file.escape, file.skip_initial_space)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of ``csv.reader``.

        Strict: a quote that closes before its cell ends, and one that never closes, are
        errors instead of two rows in one cell.
        """
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "skipinitialspace": self.skip_initial_space,
            "strict": True,
        }


def cut(lines: Sequence[str], dialect: Dialect) -> tuple[Records, list[int]]:
    """Cut the sample into records without blank ones, and tell the line each begins at."""
    records: Records = []
    starts: list[int] = []
    reader = csv.reader(lines, **{**dialect.options(), "strict": False})
    before = 0
    try:
        for record in reader:
            if record:
                records.append(record)
                starts.append(before)
            before = reader.line_num
            if len(records) == SAMPLE_RECORDS:
                break
    except csv.Error:
        # A cell past the size limit: the pass over the whole file names its line.
        pass
    return records, starts


def choose_dialect(lines: Sequence[str], delimiters: Sequence[str]) -> Dialect:
    """The delimiter that cuts most records alike, then the quotes that go with it."""
    scored = [(_score(cut(lines, Dialect(mark))[0]), Dialect(mark)) for mark in delimiters]
    # The first of equals wins, so that the order of DELIMITERS means something.
    score, dialect = max(scored, key=lambda pair: pair[0])
    if len(delimiters) > 1 and score == _NO_SCORE:
        dialect = Dialect()
    sample = "".join(lines)
    records, _ = cut(lines, dialect)
    if '"' not in sample and _is_single_quoted(records):
        dialect = replace(dialect, quote="'")
    if f"\\{dialect.quote}" in sample:
        escaped = replace(dialect, escape="\\")
        if _score(cut(lines, escaped)[0]) >= _score(cut(lines, dialect)[0]):
            dialect = escaped
    n_marks, n_spaced = sample.count(dialect.delimiter), sample.count(dialect.delimiter + " ")
    if n_spaced and n_spaced >= MIN_SPACED_SHARE * n_marks:
        dialect = replace(dialect, skip_initial_space=True)
    return dialect


_NO_SCORE = (0.0, 0)


def _score(records: Records) -> tuple[float, int]:
    """How much like a table the records are: by width, then by how many cells are typed."""
    if not records:
        return _NO_SCORE
    modal, n_modal = modal_width(records)
    n_before = _n_before(records, modal)
    share = n_modal / (len(records) - n_before)
    agrees = len(records[n_before]) == modal
    if modal < 2 or share < (MIN_RAGGED_SHARE if agrees else MIN_MODAL_SHARE):
        return _NO_SCORE
    below = records[1:] or records
    shapes = Counter(shape_of(cell) for record in below[:50] for cell in record[:SCORED_CELLS])
    typed = 1 - sum(shapes[shape] for shape in (TEXT, EMPTY)) / max(1, shapes.total())
    return round(share + 0.5 * agrees + 0.3 * typed, 6), modal


def _n_before(records: Records, modal: int) -> int:
    """Records before the table proper: a header beside row names, or a preamble.

    A preamble is believed where everything behind it is alike, and it is the lesser part.
    """
    first = next(at for at, record in enumerate(records) if len(record) == modal)
    is_alike = all(len(record) == modal for record in records[first:])
    has_row_names = first == 1 and len(records[0]) == modal - 1 and modal > 2
    is_preamble = modal > 2 and len(records) - first >= max(3, first)
    return first if is_alike and (has_row_names or is_preamble) else 0


def modal_width(records: Records) -> tuple[int, int]:
    return Counter(len(record) for record in records).most_common(1)[0]


def _is_single_quoted(records: Records) -> bool:
    cells = [cell for record in records for cell in record]
    n_quoted = sum(1 for c in cells if len(c) > 1 and c[0] == c[-1] == "'")
    return n_quoted > MIN_SINGLE_QUOTED_SHARE * len(cells)
