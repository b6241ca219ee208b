"""Builders of columns and tables."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from automl_core.records import ColumnKind, Storage
from automl_core.tabular.convert import write_parquet
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema, ValueCount

SQL_TYPES: dict[Storage, str] = {
    "integer": "BIGINT", "decimal": "DOUBLE", "boolean": "VARCHAR", "date": "DATE",
    "datetime": "TIMESTAMP", "text": "VARCHAR",
}  # fmt: skip


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


@pytest.fixture
def typed(tmp_path: Path) -> Callable[..., tuple[Path, TableSchema]]:
    """Write columns straight to a typed table: (storage, cells) by name; None is missing."""

    def make(
        columns: Mapping[str, tuple[Storage, Sequence[Any]]], **kinds: ColumnKind
    ) -> tuple[Path, TableSchema]:
        path = tmp_path / "typed.parquet"
        names = [name.replace('"', '""') for name in columns]
        fields = ", ".join(
            f'"{name}" {SQL_TYPES[storage]}'
            for name, (storage, _) in zip(names, columns.values(), strict=True)
        )
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE made ({fields})")
            lists = ", ".join(
                f"unnest(CAST(? AS {SQL_TYPES[storage]}[]))" for storage, _ in columns.values()
            )
            connection.execute(
                f"INSERT INTO made SELECT {lists}", [list(cells) for _, cells in columns.values()]
            )
            connection.execute(f"COPY made TO '{path}' (FORMAT parquet)")
        found = [
            _counted(name, position, storage, cells, kinds.get(name))
            for position, (name, (storage, cells)) in enumerate(columns.items())
        ]
        file = FileFacts(bytes=1, sha256="0" * 64, format="parquet")
        return path, TableSchema(file=file, n_rows=found[0][1], columns=[c for c, _ in found])

    return make


def _counted(
    name: str,
    position: int,
    storage: Storage,
    cells: Sequence[Any],
    kind: ColumnKind | None,
) -> tuple[ColumnSchema, int]:
    values = Counter(str(cell) for cell in cells if cell is not None)
    usual: dict[Storage, ColumnKind] = {
        "integer": "numeric", "decimal": "numeric", "date": "datetime", "datetime": "datetime",
    }  # fmt: skip
    few = "constant" if len(values) < 2 else usual.get(storage, "categorical")
    described = ColumnSchema(
        name=name,
        original_name=name,
        position=position,
        storage=storage,
        kind=kind or few,
        kind_reason="It was made for a test.",
        n_missing=sum(cell is None for cell in cells),
        n_distinct=len({cell for cell in cells if cell is not None}),
        top_values=[ValueCount(value=v, rows=n) for v, n in values.most_common(100)],
    )
    return described, len(cells)
