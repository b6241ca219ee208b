"""The typed table holds what the file says, row by row."""

from __future__ import annotations

import csv
import io
import string

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.errors import NotFoundError, TableUnreadableError
from automl_core.tabular.convert import read_columns, write_parquet
from automl_core.tabular.read import preview_rows, read_text_columns, scan_table
from automl_core.tabular.schema import ReadLimits, ReadOptions


def convert(data: bytes, tmp_path, options: ReadOptions | None = None):
    schema = scan_table(
        lambda: io.BytesIO(data), filename="t.csv", options=options or ReadOptions()
    ).schema
    out = tmp_path / "table.parquet"
    write_parquet(lambda: io.BytesIO(data), schema, out, scratch=tmp_path)
    return schema, read_columns(out, schema)


def test_every_storage_comes_back_in_its_type(tmp_path):
    data = (
        b"n,x,ok,day,at,word\n"
        b"1,1.5,yes,2024-01-31,2024-01-31T10:00:00+02:00,None\n"
        b"NA,,no,,2024-02-01 00:00,\n"
        b"+3, 2e3 ,NA,2024-02-29,null, spaced \n"
    )

    schema, table = convert(data, tmp_path)

    assert [c.storage for c in schema.columns] == [
        "integer", "decimal", "boolean", "date", "datetime", "text",
    ]  # fmt: skip
    np.testing.assert_array_equal(table["n"], [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(table["x"], [1.5, np.nan, 2000.0])
    assert list(table["ok"]) == ["yes", "no", None]
    assert table["day"].dtype == table["at"].dtype == np.dtype("datetime64[us]")
    assert list(table["day"].astype(str)) == ["2024-01-31T00:00:00.000000", "NaT",
        "2024-02-29T00:00:00.000000"]  # fmt: skip
    assert str(table["at"][0]) == "2024-01-31T08:00:00.000000"
    assert np.isnat(table["at"][2])
    assert list(table["word"]) == ["None", None, "spaced"]


def test_other_formats_are_read_by_the_same_rules(tmp_path):
    data = "wert;tag\n1.234,5;31.12.2023\n0,25;01.02.2024\n;\n".encode("utf-16")

    _, table = convert(data, tmp_path)

    np.testing.assert_array_equal(table["wert"], [1234.5, 0.25, np.nan])
    assert str(table["tag"][1]) == "2024-02-01T00:00:00.000000"


def test_whole_numbers_are_never_rounded_into_being(tmp_path):
    data = b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(999)) + b"0.73,x\n"

    schema, table = convert(data, tmp_path)

    assert schema.columns[0].storage == "decimal"
    assert table["a"][-1] == 0.73


def test_rows_that_were_set_aside_stay_out_and_the_order_is_kept(tmp_path):
    rows = [f'{i},"w\r\n{i}\r",z' for i in range(3000)]
    rows[10] += ",extra"
    data = ("a,b,c\n" + "\n".join(rows) + "\n").encode()

    schema, table = convert(data, tmp_path)

    assert schema.n_rows == 2999
    assert list(table["a"][8:12]) == [8.0, 9.0, 11.0, 12.0]
    assert table["b"][-1] == "w\r\n2999"


def test_names_that_sql_would_trip_over_are_kept(tmp_path):
    data = b'"a ""b""",\'; drop table t,select\n1,2,3\n4,5,6\n'

    schema, table = convert(data, tmp_path)

    assert list(table) == [c.name for c in schema.columns] == ['a "b"', "'; drop table t", "select"]


def test_one_column_of_the_table_is_enough(tmp_path):
    data = b"a,b\n1,x\n2,y\n"
    schema, _ = convert(data, tmp_path)

    table = read_columns(tmp_path / "table.parquet", schema, ["b"])

    assert list(table) == ["b"]
    with pytest.raises(NotFoundError):
        read_columns(tmp_path / "table.parquet", schema, ["c"])


def test_an_upload_that_changed_meanwhile_makes_nothing(tmp_path):
    schema = scan_table(lambda: io.BytesIO(b"a,b\n1,x\n2,y\n"), filename="t.csv").schema
    out = tmp_path / "table.parquet"

    with pytest.raises(TableUnreadableError, match="3 rows were read where 2"):
        write_parquet(lambda: io.BytesIO(b"a,b\n1,x\n2,y\n3,z\n"), schema, out, scratch=tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_parquet_upload_keeps_its_types(tmp_path):
    upload = tmp_path / "upload.parquet"
    duckdb.sql(
        "SELECT i AS n, i / 7.0 AS x, i % 2 = 0 AS ok, DATE '2024-01-01' + i::INTEGER AS day, "
        "CASE WHEN i % 5 = 0 THEN NULL ELSE 'w' || i % 3 END AS word, "
        "CASE WHEN i = 3 THEN 'nan'::DOUBLE ELSE i END AS gap, 10000000000000000 + i AS long "
        "FROM range(60) r(i)"
    ).write_parquet(str(upload))
    schema = scan_table(lambda: upload.open("rb"), filename="t").schema
    out = tmp_path / "table.parquet"

    write_parquet(lambda: upload.open("rb"), schema, out, scratch=tmp_path)
    table = read_columns(out, schema)

    assert [c.storage for c in schema.columns] == [
        "integer", "decimal", "boolean", "date", "text", "decimal", "text",
    ]  # fmt: skip
    assert [c.kind for c in schema.columns] == [
        "identifier", "numeric", "categorical", "datetime", "categorical", "numeric", "identifier",
    ]  # fmt: skip
    assert (schema.n_rows, schema.file.format) == (60, "parquet")
    assert [int(np.isnan(table["gap"]).sum()), schema.columns[5].n_missing] == [1, 1]
    assert schema.columns[4].n_missing == sum(v is None for v in table["word"]) == 12
    np.testing.assert_array_equal(table["n"], np.arange(60.0))
    assert list(table["ok"][:2]) == ["true", "false"]
    assert preview_rows(lambda: upload.open("rb"), schema, n_rows=1)[0][:3] == ["0", "0.0", "true"]
    words = read_text_columns(lambda: upload.open("rb"), schema, ["word"])["word"]
    assert list(words) == list(table["word"])


WORDS = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " ,;|\t\"'\n\r.-+#=äß€日"), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(WORDS, min_size=width, max_size=width), min_size=1, max_size=25
        )
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_the_csv_module_writes_is_read_back(rows, delimiter, line_end):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow([f"name{i}" for i in range(len(rows[0]))])
    writer.writerows(rows)
    data = text.getvalue().encode()
    options = ReadOptions(delimiter=delimiter, header=True)

    schema = scan_table(lambda: io.BytesIO(data), filename="t.csv", options=options).schema
    read = preview_rows(lambda: io.BytesIO(data), schema, n_rows=len(rows) + 1)

    missing = [set(column.missing_tokens) for column in schema.columns]
    assert read == [
        [None if not cell.strip() or cell.strip() in tokens else cell
         for cell, tokens in zip(row, missing, strict=True)]
        for row in rows
    ]  # fmt: skip


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.none()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(NUMBERS, WORDS), min_size=1, max_size=20))
def test_numbers_and_words_survive_the_typed_table_exactly(tmp_path_factory, rows):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", "word"])
    writer.writerows(["" if x is None else repr(x), f"w{word}"] for x, word in rows)
    tmp_path = tmp_path_factory.mktemp("typed")

    schema, table = convert(
        text.getvalue().encode(), tmp_path, ReadOptions(delimiter=",", header=True)
    )

    assert list(table["word"]) == [f"w{word}".strip() for _, word in rows]
    if schema.columns[0].storage == "decimal":
        expected = [np.nan if x is None else x for x, _ in rows]
        np.testing.assert_array_equal(table["number"], expected)
    assert scan_table(
        lambda: io.BytesIO(text.getvalue().encode()),
        filename="t.csv",
        limits=ReadLimits(max_cell_bytes=100),
        options=ReadOptions(delimiter=",", header=True),
    ).schema.n_rows == len(rows)
