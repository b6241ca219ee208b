"""Blocks of the profile that are put together from what was read and counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from automl_core.tabular.schema import ColumnSchema, TableSchema

MAX_TEXT: Final = 200
"""Characters of a cell that a profile keeps."""
_FILE_FACTS: Final = (
    "bytes", "sha256", "format", "compression", "encoding", "encoding_reason", "delimiter",
    "quote", "escape",
)  # fmt: skip


def file_block(schema: TableSchema) -> dict[str, Any]:
    """How the bytes of the upload were understood."""
    facts = schema.file.model_dump(mode="json")
    return {
        **{key: facts[key] for key in _FILE_FACTS},
        "header": facts["has_header"],
        "decimal": facts["decimal"],
        "skipped_lines": facts["skipped_lines"],
    }


def column_block(
    column: ColumnSchema, details: Mapping[str, Any] | None, n_rows: int
) -> dict[str, Any]:
    """A column's block; what was not measured is what the reader had counted."""
    found = details if details is not None else _as_read(column)
    n_missing = found["n_missing"]
    n_present = n_rows - n_missing
    return {
        "position": column.position,
        "name": column.name,
        "original_name": column.original_name,
        "kind": _kind(column, n_present),
        "kind_reason": column.kind_reason,
        "storage": column.storage,
        "missing": {"rows": n_missing, "share": n_missing / n_rows if n_rows else 0.0},
        "unreadable": column.n_unreadable,
        "distinct": {"value": found["n_distinct"], "exact": found.get("exact", True)},
        "is_increasing": column.is_increasing,
        "infinite": found["n_infinite"],
        "stats": found["stats"],
        "histogram": found["histogram"],
        "lengths": found["lengths"],
        "top": [
            {
                "value": value[:MAX_TEXT] if isinstance(value, str) else value,
                "rows": rows,
                "share": rows / n_present,
            }
            for value, rows in found["top"]
        ],
        "examples": [example[:MAX_TEXT] for example in column.examples],
        "warnings": list(column.warnings),
        "flags": [],
    }


def _kind(column: ColumnSchema, n_present: int) -> str:
    """The schema's kind, told more finely: an empty column, and a truth value."""
    if n_present == 0:
        return "empty"
    if column.storage == "boolean" and column.kind == "categorical":
        return "boolean"
    return column.kind


def _as_read(column: ColumnSchema) -> dict[str, Any]:
    return {
        "n_missing": column.n_missing,
        "n_infinite": 0,
        "n_distinct": column.n_distinct,
        "exact": column.distinct_is_exact,
        "stats": None,
        "histogram": None,
        "lengths": None,
        "top": [],
    }


def flag_columns(columns: list[dict[str, Any]], findings: list[dict[str, Any]]) -> None:
    """Write the codes of findings on the columns they name, most severe first."""
    by_name = {column["name"]: column for column in columns}
    for finding in findings:
        for name in finding["columns"]:
            flags = by_name[name]["flags"] if name in by_name else []
            if finding["code"] not in flags:
                flags.append(finding["code"])
