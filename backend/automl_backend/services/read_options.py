"""What a user may know better than the reader, held against how a table was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from automl_core.tabular.schema import FileFacts, ReadOptions, TableFormat, TableSchema

#: The options that matter to a format; what it says itself is not overruled.
OPTIONS_OF: Final[Mapping[TableFormat, tuple[str, ...]]] = {
    "csv": ("encoding", "delimiter", "decimal", "header"),
    "xlsx": ("decimal", "header"),
    "jsonl": ("decimal",),
    "parquet": (),
}


def as_read(file: FileFacts) -> ReadOptions:
    """The options that have a file read as it was before, whoever chose them then."""
    return ReadOptions.model_validate(_facts(file))


def agrees(schema: TableSchema, options: ReadOptions) -> bool:
    """Tell whether a table was already read as the options wish."""
    wished = options.model_dump(exclude_none=True)
    read_as = _facts(schema.file)
    return all(wished.get(name, value) == value for name, value in read_as.items())


def _facts(file: FileFacts) -> dict[str, object]:
    facts: Mapping[str, object] = {
        "encoding": file.encoding,
        "delimiter": file.delimiter,
        "decimal": file.decimal,
        "header": file.has_header,
    }
    return {name: facts[name] for name in OPTIONS_OF[file.format]}
