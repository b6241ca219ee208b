"""Files of our writer, read by DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.records import Storage
from automl_core.tabular.cell_block import ColumnCells
from automl_core.tabular.parquet_writer import Coded, Column, ParquetWriter, RawTexts, Values

FIELDS: list[tuple[str, Storage]] = [
    ("whole", "integer"), ("part", "decimal"), ("word", "text"), ("raw", "text"),
    ("day", "date"), ("moment", "datetime"), ("flag", "boolean"), ("code", "integer"),
]  # fmt: skip
READ = "SELECT whole, part, word, raw, epoch(day) / 86400, epoch_us(moment), flag, code FROM t"


def meant(column: Column) -> list[Any]:
    if isinstance(column, Coded):
        known = [v.decode() if isinstance(v, bytes) else int(v) for v in column.distinct]
        return [None if code < 0 else known[code] for code in column.codes.tolist()]
    if isinstance(column, RawTexts):
        texts = column.cells.texts(np.arange(len(column.cells)))
        return [t if there else None for t, there in zip(texts, column.is_there, strict=True)]
    values = column.array.tolist()
    return [v if there else None for v, there in zip(values, column.is_there, strict=True)]


def a_group(rng: np.random.Generator, n_rows: int, n_words: int, share: float) -> list[Column]:
    def there() -> np.ndarray:
        return rng.random(n_rows) < share

    def codes(n: int) -> np.ndarray:
        return rng.integers(-1, n, n_rows)

    words = [f"wörd {i}".encode() * (i % 3) for i in range(n_words)]
    raw = ["x" * int(n) + "日" for n in rng.integers(0, 30, n_rows)]
    return [
        Values(rng.integers(-(2**62), 2**62, n_rows), there()),
        Values(rng.normal(size=n_rows), there()),
        Coded(codes(n_words), words),
        RawTexts(ColumnCells.of_texts(raw), there()),
        Values(rng.integers(-10_000, 20_000, n_rows), there()),
        Values(rng.integers(-(10**15), 10**15, n_rows), there()),
        Coded(codes(2), [b"yes", b"no"]),
        Coded(codes(3), np.array([5, -7, 2**40])),
    ]


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([1, 7, 8, 9, 1000]), max_size=4),
    n_words=st.sampled_from([1, 2, 3, 5, 17, 255, 256, 257, 70_000]),
    share=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_what_is_written_is_what_duckdb_reads(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    n_words: int,
    share: float,
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    rng = np.random.default_rng(seed)
    groups = [(a_group(rng, n_rows, n_words, share), n_rows) for n_rows in sizes]

    with ParquetWriter(path, FIELDS) as writer:
        for columns, n_rows in groups:
            writer.write(columns, n_rows)

    with duckdb.connect() as connection:
        connection.read_parquet(str(path)).create_view("t")
        rows = connection.execute(READ).fetchall()
    expected = [list(zip(*map(meant, columns), strict=True)) for columns, _ in groups]
    assert rows == [row for group in expected for row in group]


def test_the_types_are_those_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with ParquetWriter(path, FIELDS):
        pass

    with duckdb.connect() as connection:
        found = connection.read_parquet(str(path))
        types = dict(zip(found.columns, map(str, found.types), strict=True))

    assert list(types.values()) == [
        "BIGINT", "DOUBLE", "VARCHAR", "VARCHAR", "DATE", "TIMESTAMP", "VARCHAR", "BIGINT",
    ]  # fmt: skip


def test_a_file_that_an_error_ended_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(RuntimeError), ParquetWriter(path, FIELDS):
        raise RuntimeError

    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        connection.read_parquet(str(path))
