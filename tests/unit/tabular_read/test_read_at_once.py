"""A table that is written while it is scanned is the one that is scanned first and then written."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.errors import AutoMLError, TableUnreadableError
from automl_core.tabular.blocks import read_blocks
from automl_core.tabular.convert import read_columns, read_table, write_parquet
from automl_core.tabular.early import EarlyWriter
from automl_core.tabular.read import scan_table
from automl_core.tabular.rows import RowReader
from automl_core.tabular.scan import count_columns, describe_columns
from automl_core.tabular.schema import ReadLimits, TableSchema
from automl_core.tabular.source import Source

LIMITS = ReadLimits()
WORDS = st.sampled_from(["", "a", " a", "b ", "long enough to be hashed", "NA", "None", "é"])
NUMBERS = st.one_of(st.integers(-9, 9).map(str), st.sampled_from(["", "007", "NA", "1e3", "-0"]))
PARTS = st.one_of(st.floats(-9, 9).map(lambda x: f"{x:.3f}"), st.sampled_from(["", "1,5", "x"]))
TIMES = st.one_of(
    st.dates().map(str), st.sampled_from(["", "31.12.2013", "1/2/2013", "2013-01-01 10:00"])
)
FLAGS = st.sampled_from(["yes", "no", "", "-"])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Columns that begin as one thing and may go on as another."""
    kinds = st.sampled_from([WORDS, NUMBERS, PARTS, TIMES, FLAGS])
    columns = []
    n_before, n_after = draw(st.integers(1, 30)), draw(st.integers(0, 30))
    for _ in range(draw(st.integers(2, 4))):
        before, after = draw(kinds), draw(kinds)
        if draw(st.booleans()):
            after = before
        cells = st.tuples(
            st.lists(before, min_size=n_before, max_size=n_before),
            st.lists(after, min_size=n_after, max_size=n_after),
        )
        columns.append([cell for part in draw(cells) for cell in part])
    names = [f"column_{i}" for i in range(len(columns))]
    lines = [names, *zip(*columns, strict=True)]
    return "".join(
        ";".join(cell.replace(";", "") for cell in line) + "\n" for line in lines
    ).encode()


def in_blocks(data: bytes, schema: TableSchema, block_bytes: int) -> Any:
    reader = RowReader.of(
        Source(lambda: io.BytesIO(data), LIMITS), schema.file, len(schema.columns), LIMITS
    )
    return read_blocks(reader, block_bytes=block_bytes)


def at_once(data: bytes, schema: TableSchema, out: Path, block_bytes: int) -> TableSchema:
    """Scan and write with blocks of another size than a table's."""
    names = [column.original_name for column in schema.columns]
    with EarlyWriter(out, names, None) as early:
        blocks = in_blocks(data, schema, block_bytes)
        counters = count_columns(blocks, len(names), then=early.take)
        columns, decimal = describe_columns(counters, names, None)
        facts = schema.file.model_copy(update={"decimal": decimal})
        found = schema.model_copy(update={"columns": columns, "file": facts})
        early.finish(found, lambda: in_blocks(data, schema, block_bytes))
    return found


def plain(path: Path, schema: TableSchema) -> dict[str, list[str]]:
    return {name: [repr(v) for v in values] for name, values in read_columns(path, schema).items()}


@settings(deadline=None, max_examples=150)
@given(tables(), st.sampled_from([20, 100, 400, 10**6]))
def test_both_ways_give_the_same_table_whatever_the_blocks(data: bytes, block_bytes: int) -> None:
    with TemporaryDirectory() as folder:
        late, early = Path(folder) / "late.parquet", Path(folder) / "early.parquet"
        try:
            schema = scan_table(lambda: io.BytesIO(data), filename="t.csv").schema
        except AutoMLError:
            return
        write_parquet(lambda: io.BytesIO(data), schema, late, scratch=Path(folder))
        found = at_once(data, schema, early, block_bytes)

        assert found == schema
        assert plain(early, found) == plain(late, schema)


def test_columns_that_turn_into_something_else_are_written_again(tmp_path: Path) -> None:
    rows = [f"{i},{i},{'' if i < 500 else 'w'},{i / 8}" for i in range(1000)]
    rows += [f"{i},{i}.5,w,no" for i in range(1000, 1200)]
    data = ("n,grows_decimal,comes_late,becomes_text\n" + "\n".join(rows) + "\n").encode()
    schema = scan_table(lambda: io.BytesIO(data), filename="t.csv").schema
    out, late = tmp_path / "t.parquet", tmp_path / "late.parquet"

    at_once(data, schema, out, 2_000)
    write_parquet(lambda: io.BytesIO(data), schema, late, scratch=tmp_path)

    assert [column.storage for column in schema.columns] == ["integer", "decimal", "text", "text"]
    assert plain(out, schema) == plain(late, schema)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    data = b"a,b\n" + b"1,x\n" * 50 + b"1.5,x\n"
    schema = scan_table(lambda: io.BytesIO(data), filename="t.csv").schema
    names = [column.name for column in schema.columns]

    with (
        pytest.raises(TableUnreadableError, match="has changed"),
        EarlyWriter(tmp_path / "t.parquet", names, None) as early,
    ):
        count_columns(in_blocks(data, schema, 30), 2, then=early.take)
        early.finish(schema, lambda: in_blocks(data[:100], schema, 30))


@pytest.mark.parametrize("n_rows", [1, 50_000])
def test_a_table_is_read_at_once(tmp_path: Path, n_rows: int) -> None:
    data = b"id,word\n" + b"".join(b"%d,w%d\n" % (i, i % 7) for i in range(n_rows)) + b"5,x"
    out = tmp_path / "t.parquet"

    scan = read_table(lambda: io.BytesIO(data), filename="t.csv", out=out, scratch=tmp_path)
    table = read_columns(out, scan.schema)

    assert scan == scan_table(lambda: io.BytesIO(data), filename="t.csv")
    assert table["id"].tolist() == [*range(n_rows), 5]
    assert table["word"].tolist() == [*(f"w{i % 7}" for i in range(n_rows)), "x"]
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_nothing_is_left_of_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    data = b"a,b\n" + b"1,2\n" * 40 + b"1,2,3,4\n" * 40

    with pytest.raises(TableUnreadableError):
        read_table(lambda: io.BytesIO(data), filename="t.csv", out=tmp_path / "t", scratch=tmp_path)

    assert list(tmp_path.iterdir()) == []
