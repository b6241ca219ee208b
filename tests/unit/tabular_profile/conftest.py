"""Builders of columns and tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from automl_core.records import ColumnKind, Storage
from automl_core.tabular.convert import write_parquet
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema, ValueCount


@pytest.fixture
def column() -> Callable[..., ColumnSchema]:
    """Make a column of so many rows per value, without a file."""

    def make(
        name: str = "y",
        storage: Storage = "text",
        kind: ColumnKind | None = None,
        *,
        counts: Mapping[str, int] | None = None,
        n_distinct: int | None = None,
        n_missing: int = 0,
        **others: Any,
    ) -> ColumnSchema:
        usual: ColumnKind = "numeric" if storage in {"integer", "decimal"} else "categorical"
        values = {} if counts is None else counts
        return ColumnSchema(
            name=name,
            original_name=others.pop("original_name", name),
            position=others.pop("position", 0),
            storage=storage,
            kind=kind or usual,
            kind_reason=others.pop("kind_reason", "It was made for a test."),
            n_missing=n_missing,
            n_distinct=len(values) if n_distinct is None else n_distinct,
            top_values=[ValueCount(value=value, rows=rows) for value, rows in values.items()],
            **others,
        )

    return make


@pytest.fixture
def schema() -> Callable[..., TableSchema]:
    """Make a table's schema of columns."""

    def make(*columns: ColumnSchema, n_rows: int, **others: Any) -> TableSchema:
        placed = [found.model_copy(update={"position": i}) for i, found in enumerate(columns)]
        file = FileFacts(bytes=1, sha256="0" * 64, format="csv")
        return TableSchema(file=file, n_rows=n_rows, columns=placed, **others)

    return make


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., tuple[Path, TableSchema]]:
    """Read columns of cells as a CSV upload would be; None is an empty cell."""

    def make(columns: Mapping[str, Sequence[object]]) -> tuple[Path, TableSchema]:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow(["" if cell is None else cell for cell in row])
        data = text.getvalue().encode()
        found = scan_table(lambda: io.BytesIO(data), filename="table.csv").schema
        path = tmp_path / "table.parquet"
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        write_parquet(lambda: io.BytesIO(data), found, path, scratch=scratch)
        return path, found

    return make
