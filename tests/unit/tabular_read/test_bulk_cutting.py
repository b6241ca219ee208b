"""Cutting whole blocks gives the same cells as following every character."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.errors import AutoMLError
from automl_core.tabular.blocks import read_blocks
from automl_core.tabular.cutting import cut_block
from automl_core.tabular.rows import RowReader
from automl_core.tabular.schema import ReadLimits
from automl_core.tabular.sniff import Dialect
from automl_core.tabular.source import Source

LIMITS = ReadLimits()


def a_reader(data: bytes, n_columns: int, **facts: Any) -> RowReader:
    return RowReader(
        Source(lambda: io.BytesIO(data), LIMITS),
        facts.get("dialect", Dialect()),
        facts.get("encoding", "utf-8"),
        facts.get("skipped_lines", 0),
        facts.get("has_header", True),
        n_columns,
        LIMITS,
    )


def account(reader: RowReader, rows: list[list[str]]) -> dict[str, Any]:
    return {
        "rows": rows,
        "n_rows": reader.n_rows,
        "padded": reader.n_padded,
        "set_aside": reader.n_set_aside,
        "trimmed": reader.n_trimmed,
        "rejects": reader.rejects,
        "next_line": reader.line,
    }


def one_by_one(reader: RowReader) -> Any:
    try:
        rows = [row for chunk in reader.chunks() for row in chunk]
    except AutoMLError as error:
        return error.detail
    return account(reader, rows)


def in_blocks(reader: RowReader, block_bytes: int) -> Any:
    try:
        blocks = list(read_blocks(reader, block_bytes=block_bytes))
    except AutoMLError as error:
        return error.detail
    return account(reader, [row for block in blocks for row in block.head(block.n_rows)])


PLAIN = st.sampled_from(["", "1", "-2.5", "abc", " x ", "hällo", "日本語のとても長い文字列"])
QUOTED = st.sampled_from(['"a,b"', '"x\ny"', '"x\r\ny"', '"x\ry"', '""', '"q""q"', '""""', '"é"'])
ODD = st.sampled_from(['a"b', '"a"b', ' "a"', '"', '""x', 'x""'])


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    n_columns = draw(st.integers(2, 4))
    cell = st.one_of(PLAIN, PLAIN, QUOTED, *([ODD] if draw(st.booleans()) else []))
    width = st.integers(0, n_columns + 2) if draw(st.booleans()) else st.just(n_columns)
    lines = [
        ",".join(draw(st.lists(cell, min_size=n, max_size=n)))
        for n in draw(st.lists(width, max_size=12))
    ]
    n_skipped = draw(st.sampled_from([0, 0, 2]))
    header = ",".join(f"h{i}" for i in range(n_columns))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = end.join(["a note"] * n_skipped + [header, *lines])
    text += draw(st.sampled_from(["", end, end * 2]))
    encoding = draw(st.sampled_from(["utf-8", "utf-16-le"]))
    return {
        "data": text.encode(encoding),
        "n_columns": n_columns,
        "encoding": encoding,
        "skipped_lines": n_skipped,
        "has_header": draw(st.booleans()),
    }


@settings(deadline=None)
@given(table=tables(), block_bytes=st.sampled_from([2, 16, 100, 10_000]))
def test_both_ways_agree_on_cells_counts_rejects_and_errors(
    table: dict[str, Any], block_bytes: int
) -> None:
    assert in_blocks(a_reader(**table), block_bytes) == one_by_one(a_reader(**table))


@pytest.mark.parametrize(
    "dialect",
    [Dialect(";", "'"), Dialect("|", '"', "\\"), Dialect(",", '"', None, True)],
    ids=["single-quotes", "escapes", "blank-behind"],
)
def test_every_dialect_gives_the_same_both_ways(dialect: Dialect) -> None:
    d, q = dialect.delimiter, dialect.quote
    text = f"a{d}b\n1{d} {q}y{q}\n{q}p{d}q{q}{d}\\{q}\n" * 50
    facts = {"data": text.encode(), "n_columns": 2, "dialect": dialect}

    assert in_blocks(a_reader(**facts), 64) == one_by_one(a_reader(**facts))


def test_a_return_inside_quotes_counts_as_a_line() -> None:
    data = b'a,b\n1,"x\ry"\n' + b"3,4\n" * 30 + b"5,6,7\n"

    account = in_blocks(a_reader(data, 2), 14)

    assert account["rejects"][0].line == 34
    assert account == one_by_one(a_reader(data, 2))


def test_a_regular_block_is_cut_and_the_rest_left_for_the_next() -> None:
    block = b'a,"b,""c"""\r\n"",2\r\nopen,"en'

    cut = cut_block(block, delimiter=",", quote='"', n_columns=2)

    assert cut.cells is not None
    assert cut.cells.head(9) == [["a", 'b,"c"'], ["", "2"]]
    assert block[cut.n_bytes :] == b'open,"en'
    assert cut.n_lines == 2


@pytest.mark.parametrize(
    ("block", "is_plain"),
    [
        (b"1,2\n3\n", True),
        (b"1,2\n\n3,4\n", True),
        (b"1,2\r3,4\n", True),
        (b'1,a"b\n3,"\n', False),
        (b'1,"a"b\n', False),
        (b'1, "a"\n', False),
    ],
    ids=["short", "blank-line", "lone-return", "inside", "behind", "after-a-blank"],
)
def test_what_is_in_doubt_is_not_cut(block: bytes, is_plain: bool) -> None:
    cut = cut_block(block, delimiter=",", quote='"', n_columns=2)

    assert cut.cells is None
    assert cut.has_plain_quotes == is_plain


def test_a_clean_table_never_meets_the_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f'{i},"x, ""{i}""",é\n' for i in range(1000))
    reader = a_reader(b"a,b,c\n" + rows.encode(), 3)
    monkeypatch.setattr(RowReader, "take", None)

    assert sum(block.n_rows for block in read_blocks(reader, block_bytes=4096)) == 1000
