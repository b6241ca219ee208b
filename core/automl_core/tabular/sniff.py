"""How the lines of a text file make a table: delimiter, quotes, preamble, header.

Judged from the first records; every decision can be overridden. Nothing is read with an
engine's own detection: one ragged line makes such a detection see a single column.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from automl_core.tabular.cells import (
    DATE,
    DATETIME,
    DAY_OR_MONTH,
    EMPTY,
    INTEGER,
    LETTER_F,
    LETTER_T,
    TEXT,
    TOKEN,
    TRUE_FALSE,
    YES_NO,
    shape_of,
)  # fmt: skip
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
MIN_TYPED_BELOW: Final = 0.9
YEARS: Final = range(1900, 2101)

_WORD_SHAPES = frozenset({TEXT, TOKEN, YES_NO, TRUE_FALSE, LETTER_T, LETTER_F})

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


@dataclass(frozen=True)
class Layout:
    """Where the table begins and what its columns are called.

    Attributes
    ----------
    names : list of str
        As they stand in the file; empty strings where there is none.
    skipped_lines : int
        Lines before the header (or before the first row).
    """

    dialect: Dialect
    names: list[str]
    has_header: bool
    skipped_lines: int
    warnings: list[str]


def sniff(
    head: str, *, is_whole: bool, delimiter: str | None = None, header: bool | None = None
) -> Layout | None:
    """Find the layout of a text file.

    Parameters
    ----------
    head : str
        Its beginning.
    is_whole : bool
        Nothing comes behind ``head``; else its last line is taken as cut.
    delimiter, header
        What the user knows; None: decided here.

    Returns
    -------
    Layout or None
        None if there is no record at all.
    """
    lines = list(islice(io.StringIO(head, newline=""), SAMPLE_RECORDS * 5))
    if not is_whole and len(lines) > 1 and len("".join(lines)) == len(head):
        lines.pop()
    announced = _announced_delimiter(lines)
    n_skipped = _skip_remarks(lines, 1 if announced else 0)
    warnings = []
    if n_skipped > (1 if announced else 0):
        warnings.append(f"{n_skipped:,} lines before the table were left out.")
    body = lines[n_skipped:]
    if not any(line.strip() for line in body):
        return None
    wished = delimiter or announced
    dialect = _choose_dialect(body, (wished,) if wished else DELIMITERS)
    records, starts = _cut(body, dialect)
    layout = _lay_out(records, dialect, header)
    if layout is None:
        return None
    n_preamble = starts[layout.skipped_lines]
    if layout.skipped_lines:
        warnings.append(
            f"{n_preamble:,} lines before the header have fewer fields than the table and were "
            "left out."
        )
    return replace(
        layout, skipped_lines=n_skipped + n_preamble, warnings=warnings + layout.warnings
    )


def _announced_delimiter(lines: Sequence[str]) -> str | None:
    """Excel's own first line: ``sep=;``."""
    first = lines[0].strip("\r\n") if lines else ""
    if first[:4].lower() == "sep=" and len(first) == len("sep=;"):
        return first[4]
    return None


def _skip_remarks(lines: Sequence[str], start: int) -> int:
    """Number of leading lines that are blank or begin with ``#``.

    A last remark that has as many fields as the lines below is the header of the table.
    """
    n_skipped = start
    while n_skipped < len(lines) and (
        not lines[n_skipped].strip() or lines[n_skipped].startswith("#")
    ):
        n_skipped += 1
    if n_skipped == start or n_skipped >= len(lines) or not lines[n_skipped - 1].startswith("#"):
        return n_skipped
    dialect = _choose_dialect(lines[n_skipped:], DELIMITERS)
    (remark, first), _ = _cut([lines[n_skipped - 1], lines[n_skipped]], dialect)
    is_header = len(remark) == len(first) > 1 and not _may_be_names(first)
    return n_skipped - 1 if is_header else n_skipped


def _cut(lines: Sequence[str], dialect: Dialect) -> tuple[Records, list[int]]:
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


# -- Dialect --------------------------------------------------------------------------


def _choose_dialect(lines: Sequence[str], delimiters: Sequence[str]) -> Dialect:
    """The delimiter that cuts most records alike, then the quotes that go with it."""
    scored = [(_score(_cut(lines, Dialect(mark))[0]), Dialect(mark)) for mark in delimiters]
    # The first of equals wins, so that the order of DELIMITERS means something.
    score, dialect = max(scored, key=lambda pair: pair[0])
    if len(delimiters) > 1 and score == _NO_SCORE:
        dialect = Dialect()
    sample = "".join(lines)
    records, _ = _cut(lines, dialect)
    if '"' not in sample and _is_single_quoted(records):
        dialect = replace(dialect, quote="'")
    if f"\\{dialect.quote}" in sample:
        escaped = replace(dialect, escape="\\")
        if _score(_cut(lines, escaped)[0]) >= _score(_cut(lines, dialect)[0]):
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
    modal, n_modal = _modal_width(records)
    share = n_modal / len(records)
    agrees = len(records[0]) == modal
    if modal < 2 or share < (MIN_RAGGED_SHARE if agrees else MIN_MODAL_SHARE):
        return _NO_SCORE
    below = records[1:] or records
    shapes = Counter(shape_of(cell) for record in below[:50] for cell in record[:SCORED_CELLS])
    typed = 1 - sum(shapes[shape] for shape in (TEXT, EMPTY)) / max(1, shapes.total())
    return round(share + 0.5 * agrees + 0.3 * typed, 6), modal


def _modal_width(records: Records) -> tuple[int, int]:
    return Counter(len(record) for record in records).most_common(1)[0]


def _is_single_quoted(records: Records) -> bool:
    cells = [cell for record in records for cell in record]
    n_quoted = sum(1 for c in cells if len(c) > 1 and c[0] == c[-1] == "'")
    return n_quoted > MIN_SINGLE_QUOTED_SHARE * len(cells)


# -- Preamble and header --------------------------------------------------------------


def _lay_out(records: Records, dialect: Dialect, header: bool | None) -> Layout | None:
    """Find the header; ``skipped_lines`` of the answer counts records."""
    if not records:
        return None
    modal, _ = _modal_width(records)
    at = _first_of_table(records, modal)
    first, below = records[at], records[at + 1 :]
    warnings: list[str] = []
    names, has_header = first, header
    if has_header is None:
        has_header = _is_header(first, below)
        if not has_header:
            warnings.append(
                "No header was found: the first row is taken as data and the columns are named "
                "col_1, col_2 and so on."
            )
    if not has_header:
        width = max(modal, len(first))
        names = [f"col_{index}" for index in range(1, width + 1)]
    elif len(first) > 1 and below and all(len(record) == len(first) + 1 for record in below):
        if any(record[-1].strip() for record in below):
            names = ["", *first]
            warnings.append("The first column has no name in the header: it holds row names.")
        else:
            warnings.append("Every row ends with a delimiter; the empty field behind it is left.")
    if dialect.escape is not None:
        warnings.append("A backslash before a quote is read as that quote.")
    return Layout(dialect, list(names), has_header, at, warnings)


def _first_of_table(records: Records, modal: int) -> int:
    """Index of the first record that is as wide as the table, behind narrower ones.

    A wider record is no preamble but a header of which the rows leave out the end, and one
    that is short by one is a header beside row names.
    """
    if modal > 2 and len(records[0]) == modal - 1 and len(records) > 1:
        return 0
    narrow = 0
    while narrow < len(records) - 1 and len(records[narrow]) < modal:
        narrow += 1
    return narrow


def _is_header(first: Sequence[str], below: Records) -> bool:
    """Tell names from data by comparing the first record with those below it."""
    if not _may_be_names(first):
        return False
    if not below:
        return True
    votes = 0
    repeats = True
    for index, cell in enumerate(first):
        column = [record[index] for record in below if index < len(record)]
        shapes = [shape for value in column if (shape := shape_of(value)) not in {EMPTY, TOKEN}]
        n_typed = sum(1 for shape in shapes if shape not in _WORD_SHAPES)
        if cell.strip() and shapes and n_typed >= MIN_TYPED_BELOW * len(shapes):
            if _is_period(cell) and any(_is_period(value) for value in column):
                return False
            votes += 1
        repeats &= cell in column
    # Names among typed columns; or words that do not come again, each in its own column.
    return votes > 0 or not repeats


def _may_be_names(record: Sequence[str]) -> bool:
    """No cell is a number or a time, save years and dates beside ordinary names."""
    cells = [cell.strip() for cell in record if cell.strip()]
    n_typed = sum(1 for cell in cells if shape_of(cell) not in _WORD_SHAPES)
    n_periods = sum(1 for cell in cells if _is_period(cell))
    return bool(cells) and (n_typed == 0 or n_typed == n_periods < len(cells))


def _is_period(cell: str) -> bool:
    """A year or a date: a table of a measure over time names its columns so."""
    stripped = cell.strip()
    shape = shape_of(stripped)
    if shape == INTEGER:
        return int(stripped) in YEARS
    return shape in {DATE, DATETIME} or shape.startswith((DAY_OR_MONTH, "%"))
