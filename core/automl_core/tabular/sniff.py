"""How the lines of a text file make a table: delimiter, quotes, preamble, header.

Judged from the first records; every decision can be overridden. Nothing is read with an
engine's own detection: one ragged line makes such a detection see a single column.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from automl_core.tabular.cells import (
    DATE,
    DATETIME,
    DAY_OR_MONTH,
    EMPTY,
    FALSE,
    INTEGER,
    LETTER_F,
    LETTER_T,
    MAY,
    NO,
    TEXT,
    TOKEN,
    TRUE,
    VAGUE_TOKEN,
    YES,
    ZONED_DATETIME,
    shape_of,
)  # fmt: skip
from automl_core.tabular.dialect import (
    DELIMITERS,
    SAMPLE_RECORDS,
    Dialect,
    Records,
    choose_dialect,
    cut,
    modal_width,
)
from automl_core.tabular.odd_rows import tell_odd_rows
from automl_core.tabular.schema import TableFormat

__all__ = ["Dialect", "Layout", "sniff"]

MAX_LAST_CHARACTERS: Final = 10_000
_MAX_COMPARED_CELLS: Final = 40_000
_MIN_COMPARED_ROWS: Final = 20
"""Cells below a header that are looked at; 200 rows of 200 columns."""
MIN_TYPED_BELOW: Final = 0.9
YEARS: Final = range(1900, 2101)

_ABSENT = frozenset({EMPTY, TOKEN, VAGUE_TOKEN})
_WORD_SHAPES = frozenset({TEXT, TOKEN, VAGUE_TOKEN, YES, NO, TRUE, FALSE, LETTER_T, LETTER_F})


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
    head: str,
    *,
    is_whole: bool,
    delimiter: str | None = None,
    header: bool | None = None,
    table_format: TableFormat = "csv",
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
    table_format : {"csv", "jsonl", "xlsx"}
        Of the upload. Where the CSV is of our own making its dialect is known, and JSON
        always has names.

    Returns
    -------
    Layout or None
        None if there is no record at all.
    """
    lines = list(islice(io.StringIO(head, newline=""), SAMPLE_RECORDS * 5))
    if not is_whole and len(lines) > 1 and len("".join(lines)) == len(head):
        lines.pop()
    if table_format != "csv":
        return _lay_out_converted(lines, True if table_format == "jsonl" else header)
    announced = _announced_delimiter(lines)
    n_skipped = _skip_remarks(lines, 1 if announced else 0)
    warnings = []
    if n_skipped > (1 if announced else 0):
        warnings.append(f"{n_skipped:,} lines before the table were left out.")
    body = lines[n_skipped:]
    if not any(line.strip() for line in body):
        return None
    wished = delimiter or announced
    dialect = choose_dialect(body, (wished,) if wished else DELIMITERS)
    records, starts = cut(body, dialect)
    layout = _lay_out(records, dialect, header)
    if layout is None:
        return None
    layout = _count_lines(layout, starts, n_skipped, warnings)
    last = list(io.StringIO(head[-MAX_LAST_CHARACTERS:], newline=""))[-3:] if is_whole else []
    return replace(
        layout,
        warnings=layout.warnings + tell_odd_rows(layout, records, cut(last, dialect)[0][-1:]),
    )


def _count_lines(
    layout: Layout, starts: Sequence[int], n_skipped: int, warnings: list[str]
) -> Layout:
    """From records before the header to lines, and tell them."""
    n_preamble = starts[layout.skipped_lines]
    if layout.skipped_lines:
        warnings = [
            *warnings,
            f"{n_preamble:,} lines before the header have fewer fields than the table and were "
            "left out.",
        ]
    return replace(
        layout, skipped_lines=n_skipped + n_preamble, warnings=warnings + layout.warnings
    )


def _lay_out_converted(lines: Sequence[str], header: bool | None) -> Layout | None:
    dialect = Dialect()
    records, starts = cut(lines, dialect)
    if not records:
        return None
    if header:
        return Layout(dialect, records[0], True, 0, [])
    layout = _lay_out(records, dialect, header)
    return None if layout is None else _count_lines(layout, starts, 0, [])


def _announced_delimiter(lines: Sequence[str]) -> str | None:
    """Excel's own first line: ``sep=;``."""
    first = lines[0].strip("\r\n").removeprefix('"').removesuffix('"') if lines else ""
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
    dialect = choose_dialect(lines[n_skipped:], DELIMITERS)
    records, _ = cut([lines[n_skipped - 1], lines[n_skipped]], dialect)
    if len(records) != 2:
        # A quote runs over both lines.
        return n_skipped
    remark, first = records
    is_header = len(remark) == len(first) > 1 and not _may_be_names(first)
    return n_skipped - 1 if is_header else n_skipped


# -- Preamble and header --------------------------------------------------------------


def _lay_out(records: Records, dialect: Dialect, header: bool | None) -> Layout | None:
    """Find the header; ``skipped_lines`` of the answer counts records."""
    if not records:
        return None
    modal, _ = modal_width(records)
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
    that is short by one is a header beside row names. A spreadsheet writes its title as wide
    as the table, with nothing behind it.
    """
    if (
        modal > 2
        and len(records[0]) == modal - 1
        and len(records) > 1
        and _n_filled(records[0]) > 1
    ):
        return 0
    at = 0
    while at < len(records) - 1 and len(records[at]) < modal:
        at += 1
    titles = at
    while titles < len(records) - 1 and _n_filled(records[titles]) <= 1:
        titles += 1
    # Names for most columns must come then; else it is a table with few values.
    is_titled = modal > 2 and titles > at and 2 * _n_filled(records[titles]) > modal
    return titles if is_titled else at


def _n_filled(record: Sequence[str]) -> int:
    return sum(1 for cell in record if cell.strip())


def _is_header(first: Sequence[str], below: Records) -> bool:
    """Tell names from data by comparing the first record with those below it."""
    if not _may_be_names(first):
        return False
    if not below:
        return True
    # A wide table tells by its many columns.
    below = below[: max(_MIN_COMPARED_ROWS, _MAX_COMPARED_CELLS // len(first))]
    votes = 0
    repeats = True
    # Joined files have the header again.
    others = [record for record in below if record != first]
    for index, cell in enumerate(first):
        column = [record[index] for record in below if index < len(record)]
        values = [record[index] for record in others if index < len(record)]
        shapes = [shape for value in values if (shape := shape_of(value)) not in _ABSENT]
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
    return shape in {DATE, DATETIME, ZONED_DATETIME} or shape.startswith((DAY_OR_MONTH, MAY, "%"))
