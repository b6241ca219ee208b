"""Rows written typed while the table is still being scanned.

How a column is to be read is known for certain only when all of it was seen. What the first rows
say is hardly ever wrong, so the rows are written by that as they come; where more rows told
otherwise, that column is written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from automl_core.errors import TableUnreadableError
from automl_core.records import Storage
from automl_core.tabular.cell_block import CellBlock, ColumnCells, Index
from automl_core.tabular.cells import Decimal
from automl_core.tabular.counting import ColumnCounter
from automl_core.tabular.names import clean_names
from automl_core.tabular.parquet_writer import ParquetWriter
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.storage import choose_decimal, decide_storage, is_decimal_shown
from automl_core.tabular.typed import Convert, Decision, converter_of

_FEW_SHARE: Final = 0.1
"""Different values for each row so far up to which hardly more are to come."""


@dataclass(frozen=True)
class _Guess:
    """How a column is read, as far as it is known; see ``typed.Decision``."""

    storage: Storage
    missing_tokens: Sequence[str]
    time_format: str | None
    n_distinct: int
    distinct_is_exact: bool
    """Whether hardly more of them are to come."""


class _Counted(NamedTuple):
    """A block, and for each column the places of its cells among its different texts, if kept."""

    columns: Sequence[ColumnCells]
    places: Sequence[Index | None]
    texts: Sequence[Sequence[str]]


class EarlyWriter:
    """Takes the blocks of a scan and writes them.

    Parameters
    ----------
    path : Path
        Of the Parquet file.
    names : sequence of str
        As they stand in the file.
    decimal : {".", ","} or None
        None: found from the cells.
    """

    def __init__(self, path: Path, names: Sequence[str], decimal: Decimal | None) -> None:
        self._path = path
        self._names = clean_names(names)
        self._decimal = decimal
        self._first: _Counted | None = None
        self._writer: ParquetWriter | None = None
        self._converters: list[Convert] = []
        self._rules: list[tuple[object, ...]] = []

    def __enter__(self) -> EarlyWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)

    def take(
        self,
        columns: Sequence[ColumnCells],
        places: Sequence[Index | None],
        counters: Sequence[ColumnCounter],
    ) -> None:
        """Take a block that was just counted."""
        block = _Counted(columns, places, [counter.texts for counter in counters])
        if self._writer is not None:
            self._write(block)
        elif self._first is None:
            # Of a table of one block all is known before it is written.
            self._first = block
        else:
            self._begin(*_guess(counters, self._decimal))
            self._write(self._first)
            self._write(block)
            self._first = None

    def finish(self, schema: TableSchema, read_again: Callable[[], Iterable[CellBlock]]) -> None:
        """Complete the file.

        Parameters
        ----------
        schema : TableSchema
            What was found in the end.
        read_again : callable
            Yields the same blocks once more; called if a column was not what it seemed.

        Raises
        ------
        TableUnreadableError
            If there are other rows than were counted.
        """
        decimal = schema.file.decimal
        if self._writer is None:
            self._begin(schema.columns, decimal)
            if self._first is not None:
                self._write(self._first)
        assert self._writer is not None
        wrong = [
            column
            for column, rules in zip(schema.columns, self._rules, strict=True)
            if rules != _rules(column, decimal)
        ]
        if wrong:
            self._write_again(wrong, decimal, read_again())
        if self._writer.n_rows != schema.n_rows:
            raise changed(self._writer.n_rows, schema.n_rows)

    def _begin(self, columns: Sequence[Decision], decimal: Decimal) -> None:
        self._rules = [_rules(column, decimal) for column in columns]
        self._converters = [converter_of(column, decimal) for column in columns]
        storages = [column.storage for column in columns]
        self._writer = ParquetWriter(self._path, list(zip(self._names, storages, strict=True)))

    def _write(self, block: _Counted) -> None:
        assert self._writer is not None
        values = [
            convert(cells) if places is None else convert.of_places(cells, places, texts)
            for convert, cells, places, texts in zip(self._converters, *block, strict=True)
        ]
        self._writer.write(values, len(block.columns[0]))

    def _write_again(
        self, columns: Sequence[ColumnSchema], decimal: Decimal, blocks: Iterable[CellBlock]
    ) -> None:
        assert self._writer is not None
        converters = [(column.position, converter_of(column, decimal)) for column in columns]
        for column in columns:
            self._writer.set_storage(column.position, column.storage)
        n_rows = 0
        expected = self._writer.rows_of_groups
        for number, block in enumerate(blocks):
            if number >= len(expected) or block.n_rows != expected[number]:
                break
            n_rows += block.n_rows
            for position, convert in converters:
                self._writer.replace(number, position, convert(block.column(position)))
        if n_rows != self._writer.n_rows:
            raise changed(n_rows, self._writer.n_rows)


def changed(n_found: int, n_counted: int) -> TableUnreadableError:
    """The error of an upload whose rows are not those that were counted."""
    return TableUnreadableError(
        f"{n_found:,} rows were read where {n_counted:,} were counted before: the file "
        "has changed. Upload it again."
    )


def _rules(column: Decision, decimal: Decimal) -> tuple[object, ...]:
    """All that decides what a cell of the column is read as."""
    is_number = column.storage in {"integer", "decimal"}
    return (
        column.storage,
        tuple(column.missing_tokens),
        column.time_format,
        decimal if is_number else None,
    )


def _guess(
    counters: Sequence[ColumnCounter], decimal: Decimal | None
) -> tuple[Sequence[Decision], Decimal]:
    """How the columns are to be read by what was counted until now."""
    told = [counter.so_far() for counter in counters]
    shapes = [counter.shapes for counter in told]
    mark = decimal or choose_decimal(shapes)
    is_shown = decimal is not None or is_decimal_shown(shapes, mark)
    guesses = []
    for counter, seen in zip(counters, told, strict=True):
        decision = decide_storage(seen.shapes, mark, seen.samples, is_shown=is_shown)
        guesses.append(
            _Guess(
                storage=decision.storage,
                missing_tokens=list(decision.missing_tokens),
                time_format=decision.time_format,
                n_distinct=counter.n_seen,
                distinct_is_exact=counter.n_seen <= _FEW_SHARE * counter.n_rows,
            )
        )
    return guesses, mark
