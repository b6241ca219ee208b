"""What is no table is refused by name, quickly and in little memory."""

from __future__ import annotations

import gzip
import io
import random
import time
import tracemalloc
import zlib

import pytest

from automl_core.errors import (
    ConfigInvalidError,
    TableEmptyError,
    TableTooNarrowError,
    TableTooWideError,
    TableUnreadableError,
    UploadTooLargeError,
)
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ReadLimits, ReadOptions

WORKBOOK = b"PK\x03\x04" + b"\0" * 26 + b"xl/workbook.xml" + b"\0" * 50


def scan(data: bytes, **kwargs):
    return scan_table(lambda: io.BytesIO(data), filename="table.csv", **kwargs)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(b"%PDF-1.7\nabc", "PDF", id="PDF"),
        pytest.param(WORKBOOK, "Excel workbook", id="xlsx"),
        pytest.param(b"PK\x03\x04" + b"\0" * 60, "zip archive", id="zip"),
        pytest.param(b"\x7fELF\x02\x01\x01" + b"\0" * 60, "ELF", id="ELF"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "PNG", id="PNG"),
        pytest.param(b"  <!DOCTYPE html><html><p>a,b</p>", "HTML", id="HTML with a doctype"),
        pytest.param(b"\xef\xbb\xbf<html>", "HTML", id="HTML behind a mark"),
        pytest.param(b'{1: "a", 2: "b"}\n', "JSON", id="JSON without names"),
        pytest.param(b"SQLite format 3\0" + b"\0" * 60, "SQLite", id="SQLite"),
        pytest.param(gzip.compress(b"%PDF-1.7\n"), "PDF", id="PDF in gzip"),
        pytest.param(gzip.compress(gzip.compress(b"a,b\n")), "gzip", id="gzip in gzip"),
        pytest.param(b"a,b\n" + bytes(range(256)) * 8, "binary", id="NUL bytes"),
        pytest.param(random.Random(1).randbytes(5000), "binary", id="random bytes"),
        pytest.param(bytes(range(1, 256)) * 8, "control characters", id="no NUL, no delimiter"),
        pytest.param(b"PAR1 no parquet at all PAR1", "Parquet", id="damaged Parquet"),
    ],
)
def test_another_kind_of_file_is_refused_by_name(data, name):
    with pytest.raises(TableUnreadableError, match=name):
        scan(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="no bytes"),
        pytest.param(b" \n\r\n\t", id="only blanks"),
        pytest.param(b"\xef\xbb\xbf", id="only a mark"),
        pytest.param(b"# a\n# b\n", id="only remarks"),
        pytest.param(b"a,b,c\n", id="only a header"),
        pytest.param(b"a,b,c\n\n\n", id="a header and blank lines"),
        pytest.param(gzip.compress(b""), id="empty gzip"),
    ],
)
def test_a_file_without_rows_is_refused_as_empty(data):
    with pytest.raises(TableEmptyError):
        scan(data)


def test_one_column_is_too_narrow_unless_the_limit_allows_it():
    data = b"a\n1\n2\n3\n"

    with pytest.raises(TableTooNarrowError):
        scan(data)

    schema = scan(data, limits=ReadLimits(min_columns=1)).schema
    assert schema.n_rows == 3
    assert "one column only" in schema.warnings[-1]


def test_prose_is_one_column_and_not_cut_at_its_commas():
    data = b"text\nwell, this, that\nno comma here\nand, one\nnothing\n" * 20

    with pytest.raises(TableTooNarrowError):
        scan(data)


def test_ten_thousand_columns_are_refused_at_once():
    header = ",".join(f"c{i}" for i in range(10_000))
    data = (header + "\n" + ("1," * 9_999 + "1\n") * 300).encode()
    before = time.process_time()

    with pytest.raises(TableTooWideError, match="10,000"):
        scan(data)

    # Generous: only the first MiB is looked at.
    assert time.process_time() - before < 10


def test_an_open_quote_is_refused_with_the_line_it_opens_in():
    rows = b"".join(b"%d,ok\n" % i for i in range(1000))
    data = b"a,b\n" + rows + b'1000,"open\n' + rows

    with pytest.raises(TableUnreadableError, match="line 1002 is never closed"):
        scan(data)


def test_a_quote_that_closes_too_late_costs_its_rows_and_no_others():
    rows = b"".join(b'%d,"ok"\n' % i for i in range(1000))
    data = b"a,b\n" + rows + b'1000,"open\n' + rows

    result = scan(data)

    assert (result.schema.n_rows, result.schema.rows_set_aside) == (1999, 1)
    assert [reject.line for reject in result.rejects.lines] == [1002]


def test_a_broken_header_is_refused():
    with pytest.raises(TableUnreadableError, match="header at line 1"):
        scan(b'a,"b"b\n' + b"1,2\n" * 50)


def test_an_open_quote_in_the_last_row_is_refused():
    with pytest.raises(TableUnreadableError, match="line 3 is never closed"):
        scan(b'a,b\n1,x\n2,"y\n')


def test_a_cell_past_the_limit_is_refused_with_its_line():
    data = b"a,b\n" + b"1,x\n" * 50 + b"2,%s\n" % (b"y" * 3000) + b"3,z\n"

    with pytest.raises(TableUnreadableError, match="line 52"):
        scan(data, limits=ReadLimits(max_cell_bytes=2000))


def test_too_many_long_rows_are_refused_with_the_first_line():
    rows = b"1,2,3\n" * 90 + b"1,2,3,4\n" * 10

    with pytest.raises(TableUnreadableError, match=r"10 of 100 rows.*line 92"):
        scan(b"a,b,c\n" + rows)


def test_damaged_gzip_is_refused():
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(5000)))

    with pytest.raises(TableUnreadableError, match="damaged or cut short"):
        scan(packed[: len(packed) // 2])


@pytest.mark.parametrize(
    ("unit", "error"),
    [
        pytest.param(b"0,", TableUnreadableError, id="one endless line"),
        pytest.param(b"0,0\n", UploadTooLargeError, id="endless rows"),
    ],
)
def test_a_gzip_bomb_is_refused_fast_and_in_little_memory(unit, error):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = unit * (1024**2 // len(unit))
    bomb = b"".join(packer.compress(block) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    before = time.process_time()

    with pytest.raises(error):
        scan(bomb)

    assert time.process_time() - before < 2
    assert tracemalloc.get_traced_memory()[1] < 64 * 1024**2
    tracemalloc.stop()


def test_an_unpacked_size_past_the_limit_is_refused():
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7) for i in range(50_000)))

    with pytest.raises(UploadTooLargeError):
        scan(packed, limits=ReadLimits(max_expanded_bytes=100_000))


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13"])
def test_an_encoding_that_is_none_is_refused(encoding):
    with pytest.raises(TableUnreadableError, match="no text encoding"):
        scan(b"a,b\n1,2\n", options=ReadOptions(encoding=encoding))


def test_an_encoding_that_does_not_fit_is_refused():
    data = b"name,n\n" + "Zoë,1\n".encode("cp1252") * 50

    with pytest.raises(TableUnreadableError, match="not valid utf-8"):
        scan(data, options=ReadOptions(encoding="utf-8"))


def test_a_quote_cannot_be_the_delimiter():
    with pytest.raises(ConfigInvalidError):
        scan(b"a,b\n1,2\n", options=ReadOptions(delimiter='"'))
