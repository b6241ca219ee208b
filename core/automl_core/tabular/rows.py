"""The one strict pass over all records: every row as wide as the table, or accounted for."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from automl_core.errors import TableUnreadableError
from automl_core.tabular.schema import FileFacts, ReadLimits, Reject, Rejects
from automl_core.tabular.sniff import Dialect
from automl_core.tabular.source import END_OF_TABLE, Source
from automl_core.tabular.text import lines_of, utf8_pieces

CHUNK_ROWS: Final = 512
CHUNK_CELLS: Final = 16_000
"""Cells held at a time. Small chunks stay in the processor's cache: 4,096 rows of 20 columns
took 1.6 times as long as 512."""
MAX_REJECTS: Final = 100
MAX_REJECT_TEXT: Final = 200
MAX_SET_ASIDE_SHARE: Final = 0.05

Row = Sequence[str]

_LINE_END = re.compile("\r\n|\r|\n")


@dataclass
class RowReader:
    """Yields the rows of a text table in chunks, all of one width.

    Too short a row is padded with empty cells, too long a one is set aside unless all its
    extra cells are empty. After the last chunk the counts and ``rejects`` are complete.

    Attributes
    ----------
    n_rows : int
        Rows given out.
    n_trimmed : int
        Rows whose extra cells were all empty.
    """

    source: Source
    dialect: Dialect
    encoding: str
    skipped_lines: int
    has_header: bool
    n_columns: int
    limits: ReadLimits
    n_rows: int = 0
    n_padded: int = 0
    n_set_aside: int = 0
    n_trimmed: int = 0
    rejects: list[Reject] = field(default_factory=list)
    _line: int = 1
    _first_set_aside: str = ""
    _text: str = ""
    _is_over: bool = False
    _awaits_header: bool = field(init=False)

    def __post_init__(self) -> None:
        self._awaits_header = self.has_header

    @classmethod
    def of(cls, source: Source, file: FileFacts, n_columns: int, limits: ReadLimits) -> RowReader:
        """Read again what was scanned before."""
        return cls(
            source, Dialect.of(file), file.encoding, file.skipped_lines, file.has_header,
            n_columns, limits,
        )  # fmt: skip

    def chunks(self) -> Iterator[list[list[str]]]:
        """Yield the rows.

        Raises
        ------
        TableUnreadableError
            If a quote is never closed, a cell or a line is too long, or more than
            ``MAX_SET_ASIDE_SHARE`` of the rows had to be set aside.
        """
        with closing(utf8_pieces(self.source, self.encoding)) as pieces:
            lines = lines_of(pieces)
            self.pass_over(sum(1 for _ in islice(lines, self.skipped_lines)))
            yield from self.take(lines)
        self.refuse_ragged()

    @property
    def line(self) -> int:
        """Number of the line that is read next."""
        return self._line

    @property
    def awaits_header(self) -> bool:
        """Whether the header is still to come."""
        return self._awaits_header

    def pass_over(self, n_lines: int) -> None:
        """Count lines that hold no rows, or rows that were cut by somebody else."""
        self._line += n_lines

    def take_cut(self, n_rows: int, n_lines: int) -> None:
        """Count rows that were cut by somebody else, and the lines that they took."""
        self._awaits_header = False
        self.n_rows += n_rows
        self._line += n_lines

    def take(self, lines: Iterator[str]) -> Iterator[list[list[str]]]:
        """Yield the rows of further lines, which begin where a record does.

        Parameters
        ----------
        lines : iterator of str
            With their ends; the last one is ``END_OF_TABLE``.
        """
        # The limit is one for the whole process; every reader of ours sets the same.
        csv.field_size_limit(self.limits.max_cell_bytes)
        first_line = self._line
        self._is_over = False
        reader = csv.reader(self._watch(lines), **self.dialect.options())
        size = max(1, min(CHUNK_ROWS, CHUNK_CELLS // self.n_columns))
        while not self._is_over:
            records: list[list[str]] = []
            error = None
            try:
                # What was read before an error stays in the list.
                records.extend(islice(reader, size))
            except csv.Error as raised:
                error = raised
            if records and records[-1] == [END_OF_TABLE]:
                self._is_over = True
                records.pop()
            broken_at = self._line + (sum(map(_count_lines, records)) if error else 0)
            if self._awaits_header:
                self._awaits_header = not self._drop_header(records)
            rows = self._even_out(records)
            if error is not None:
                self._set_aside_broken(error, broken_at, is_header=self._awaits_header)
            # The line that only says that the table is over does not count.
            self._line = first_line + reader.line_num - self._is_over
            if rows:
                self.n_rows += len(rows)
                yield rows

    def _watch(self, lines: Iterator[str]) -> Iterator[str]:
        """Remember the present line, and that the last one is gone."""
        for line in lines:
            self._text = line
            yield line
        self._is_over = True

    def _set_aside_broken(self, error: csv.Error, line: int, *, is_header: bool) -> None:
        """Account for a record that cannot be cut; the reader goes on behind its last line.

        Raises
        ------
        TableUnreadableError
            If the record is the header, or ends neither before the file does nor within the
            limit of a cell.
        """
        if self._is_over:
            raise TableUnreadableError(
                f"A quotation mark that opens in the row at line {line} is never closed, so "
                "the rest of the file would be one cell. Close it, or double it if it is meant."
            ) from error
        if "field limit" in str(error):
            limit = self.limits.max_cell_bytes
            raise TableUnreadableError(
                f"A cell in the row at line {line} is longer than {limit:,} characters; most "
                "likely a quotation mark there is never closed. Close it, or shorten the cell."
            ) from error
        if is_header:
            raise TableUnreadableError(
                f"The header at line {line} has a quotation mark inside a quoted name. Double it."
            ) from error
        self._set_aside(line, "a quotation mark inside a quoted cell", self._text.strip())

    def _drop_header(self, records: list[list[str]]) -> bool:
        """Take the header off, and the blank lines before it."""
        for index, record in enumerate(records):
            if record:
                self._line += sum(map(_count_lines, records[: index + 1]))
                del records[: index + 1]
                return True
        return False

    def _even_out(self, records: list[list[str]]) -> list[list[str]]:
        """Make all rows of one width."""
        width = self.n_columns
        if set(map(len, records)) == {width}:
            return records
        rows = []
        for record in records:
            line = self._line
            self._line += _count_lines(record)
            if len(record) == width:
                rows.append(record)
            elif not record:
                continue
            elif len(record) < width:
                self.n_padded += 1
                found = f"{len(record)} fields instead of {width}"
                self._note(line, f"{found}: padded", self._join(record))
                rows.append(record + [""] * (width - len(record)))
            elif not any(cell.strip() for cell in record[width:]):
                self.n_trimmed += 1
                rows.append(record[:width])
            else:
                found = f"{len(record)} fields instead of {width}"
                self._set_aside(line, found, self._join(record))
        return rows

    def _join(self, record: Row) -> str:
        return self.dialect.delimiter.join(record)

    def _set_aside(self, line: int, reason: str, text: str) -> None:
        self.n_set_aside += 1
        self._first_set_aside = self._first_set_aside or f"{line} ({reason})"
        self._note(line, f"{reason}: set aside", text)

    def _note(self, line: int, reason: str, text: str) -> None:
        if len(self.rejects) < MAX_REJECTS:
            self.rejects.append(Reject(line=line, reason=reason, text=text[:MAX_REJECT_TEXT]))

    def refuse_ragged(self) -> None:
        """Refuse a table of which too many rows had to be set aside.

        Raises
        ------
        TableUnreadableError
            With the first such line.
        """
        n_read = self.n_rows + self.n_set_aside
        if self.n_set_aside > MAX_SET_ASIDE_SHARE * n_read:
            raise TableUnreadableError(
                f"{self.n_set_aside:,} of {n_read:,} rows do not fit a table of {self.n_columns} "
                f"columns, the first at line {self._first_set_aside}. Check the delimiter (taken: "
                f"{self.dialect.delimiter!r}) and the quotes around cells that hold it; a quote "
                "inside a quoted cell is doubled."
            )

    def result(self) -> Rejects:
        """The account of what was padded and set aside."""
        return Rejects(n_set_aside=self.n_set_aside, n_padded=self.n_padded, lines=self.rejects)


def _count_lines(record: Row) -> int:
    """Lines of the file that a record takes up."""
    return 1 + sum(len(_LINE_END.findall(cell)) for cell in record if "\n" in cell or "\r" in cell)
