"""What a read table is: how the file was understood, and every column with its kind."""

# No postponed annotations here: pydantic would compile each again, a fifth of the time that
# making these classes takes.
from typing import Literal

from pydantic import Field

from automl_core.records import ColumnKind, ReadOptions, Record, Storage

__all__ = [
    "ColumnSchema",
    "FileFacts",
    "Preview",
    "ReadLimits",
    "ReadOptions",
    "Reject",
    "Rejects",
    "TableFormat",
    "TableSchema",
    "ValueCount",
]

TableFormat = Literal["csv", "parquet", "jsonl", "xlsx"]


class ReadLimits(Record):
    """Limits of a table, each with its own error."""

    min_columns: int = 2
    max_columns: int = 2000
    max_cell_bytes: int = 1024**2
    max_expanded_bytes: int = 8 * 1024**3
    """Of a compressed file once unpacked."""
    max_expansion: int = 100
    """Unpacked bytes for one packed byte; 1028:1 was measured for a gzip bomb."""


class FileFacts(Record):
    """How the bytes were understood; every line of it was decided or overridden."""

    bytes: int
    sha256: str
    format: TableFormat
    compression: Literal["none", "gzip"] = "none"
    encoding: str = "utf-8"
    encoding_reason: str = ""
    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    """Character that takes the meaning of the next one away; None: a doubled quote does."""
    skip_initial_space: bool = False
    """A blank behind a delimiter belongs to the delimiter."""
    has_header: bool = True
    decimal: Literal[".", ","] = "."
    skipped_lines: int = 0
    """Lines before the header that are not part of the table."""


class ValueCount(Record):
    """A value as it stands in the file, and its rows."""

    value: str
    rows: int


class ColumnSchema(Record):
    """One column: what it stores, what it is for a model, and why."""

    name: str
    original_name: str
    position: int
    storage: Storage
    kind: ColumnKind
    kind_reason: str
    n_missing: int
    n_distinct: int
    """Of the values that are there; a lower bound unless ``distinct_is_exact``."""
    distinct_is_exact: bool = True
    n_unreadable: int = 0
    """Cells that do not fit the storage and are read as missing; counted in ``n_missing``."""
    missing_tokens: list[str] = Field(default_factory=list)
    """Texts besides the empty cell that are read as missing in this column."""
    time_format: str | None = None
    """strptime format of a date or datetime column; None: ISO 8601."""
    minimum: float | None = None
    maximum: float | None = None
    is_increasing: bool = False
    """Every value is larger than the one before it: row numbers, time stamps."""
    mean_length: float = 0.0
    """Mean characters of a value that is there."""
    examples: list[str] = Field(default_factory=list)
    top_values: list[ValueCount] = Field(default_factory=list)
    """Most frequent first; complete if there are at most ``MAX_CLASSES`` distinct values,
    else the first few. Empty where different values are too many to be kept while a text table
    is read: over 256 numbers, over 20,000 others; ``examples`` has some."""
    warnings: list[str] = Field(default_factory=list)


class TableSchema(Record):
    """The reader's whole answer; ``schema.json``."""

    format_version: Literal[1] = 1
    file: FileFacts
    n_rows: int
    rows_set_aside: int = 0
    rows_padded: int = 0
    columns: list[ColumnSchema]
    warnings: list[str] = Field(default_factory=list)

    def column(self, name: str) -> ColumnSchema | None:
        """Find a column by its final name, then by its name in the file."""
        for column in self.columns:
            if column.name == name:
                return column
        return next((c for c in self.columns if c.original_name == name), None)


class Reject(Record):
    """A line that was set aside."""

    line: int
    reason: str
    text: str
    """The line's beginning, at most 200 characters."""


class Rejects(Record):
    """``rejects.json``: the first hundred lines that were set aside or padded."""

    n_set_aside: int = 0
    n_padded: int = 0
    lines: list[Reject] = Field(default_factory=list)


class Preview(Record):
    """``preview.json``: the first rows as text; a missing cell is None."""

    columns: list[str]
    rows: list[list[str | None]]
