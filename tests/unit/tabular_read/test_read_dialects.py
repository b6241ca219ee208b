"""Whatever a spreadsheet or a program writes is read as the same table."""

from __future__ import annotations

import gzip
import io

import pytest

from automl_core.tabular.read import preview_rows, read_text_columns, scan_table
from automl_core.tabular.schema import ReadLimits, ReadOptions

PLAIN = "name,size,born\nAda,1.5,1815-12-10\nÉmile,2.25,1902-04-02\nZoë,3,1990-01-31\n"
ROWS = [
    ["Ada", "1.5", "1815-12-10"],
    ["Émile", "2.25", "1902-04-02"],
    ["Zoë", "3", "1990-01-31"],
]


def scan(data: bytes, options: ReadOptions | None = None, limits: ReadLimits | None = None):
    return scan_table(
        lambda: io.BytesIO(data),
        filename="table.csv",
        options=options or ReadOptions(),
        limits=limits or ReadLimits(),
    )


def read(data: bytes, options: ReadOptions | None = None):
    schema = scan(data, options).schema
    return schema, preview_rows(lambda: io.BytesIO(data), schema, n_rows=1000)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN.encode(), id="plain UTF-8"),
        pytest.param(PLAIN.encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param(PLAIN.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(PLAIN.encode("utf-16-le"), id="UTF-16 little endian without a mark"),
        pytest.param(PLAIN.encode("utf-16-be"), id="UTF-16 big endian without a mark"),
        pytest.param(PLAIN.encode("utf-32"), id="UTF-32 with a mark"),
        pytest.param(PLAIN.encode("cp1252"), id="Western European"),
        pytest.param(PLAIN.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r").encode(), id="CR only"),
        pytest.param(PLAIN.replace("\n", "\r\n", 2).encode(), id="mixed line ends"),
        pytest.param(PLAIN.replace("\n", "\n\n").encode(), id="blank lines between"),
        pytest.param(PLAIN.rstrip("\n").encode(), id="no end of the last line"),
        pytest.param(PLAIN.replace(",", ";").encode(), id="semicolons"),
        pytest.param(PLAIN.replace(",", "\t").encode(), id="tabs"),
        pytest.param(PLAIN.replace(",", "|").encode(), id="bars"),
        pytest.param(PLAIN.replace(",", ", ").encode(), id="a blank behind each delimiter"),
        pytest.param(("sep=;\n" + PLAIN.replace(",", ";")).encode(), id="sep line"),
        pytest.param(("# made by a program\n#\n\n" + PLAIN).encode(), id="remarks before"),
        pytest.param(("Report of May\n\n" + PLAIN).encode(), id="title before"),
        pytest.param(PLAIN.replace("\n", ",\n").encode(), id="a trailing delimiter everywhere"),
        pytest.param(("#" + PLAIN).encode(), id="header behind a hash"),
        pytest.param(gzip.compress(PLAIN.encode()), id="gzip"),
        pytest.param(
            gzip.compress(PLAIN[:20].encode()) + gzip.compress(PLAIN[20:].encode()),
            id="gzip of two members",
        ),
        pytest.param(PLAIN.replace("Ada", "A\0da").encode(), id="a stray NUL"),
    ],
)
def test_the_same_table_is_read_from_every_dialect(data):
    schema, rows = read(data)

    assert [row[:3] for row in rows] == ROWS
    assert [c.storage for c in schema.columns][:3] == ["text", "decimal", "date"]
    assert [c.name.lstrip("#") for c in schema.columns][:3] == ["name", "size", "born"]


def test_rows_that_alone_end_with_a_delimiter_keep_their_columns():
    data = b"a,b,c\n" + b"".join(b"x%d,%d,2.5,\n" % (i, i) for i in range(30))

    schema, rows = read(data)

    assert [c.name for c in schema.columns] == ["a", "b", "c"]
    assert rows[3] == ["x3", "3", "2.5"]


def test_row_names_without_a_header_become_a_column_without_a_name():
    schema, rows = read(b"x,y\nr1,1,2\nr2,3,4\nr3,5,6\n")

    assert [c.name for c in schema.columns] == ["column_1", "x", "y"]
    assert rows[0] == ["r1", "1", "2"]


def test_quotes_protect_delimiters_line_ends_and_quotes():
    schema, rows = read(b'a,b\n"x, y",1\n"line\r\nline",2\n"say ""hi""",3\n')

    assert [row[0] for row in rows] == ["x, y", "line\r\nline", 'say "hi"']
    assert schema.rows_set_aside == 0


def test_single_quotes_are_found_when_there_are_no_double_ones():
    _, rows = read(b"'name','n'\n'a, b','1'\n'c','2'\n'd','3'\n'e','4'\n")

    assert rows[0] == ["a, b", "1"]


def test_a_backslash_before_a_quote_is_understood():
    data = b"a,b\n" + rb'"say \"hi, you\"",1' + b"\n" + rb'"\"x\"",2' + b"\nz,3\n"

    _, rows = read(data)

    assert rows[0] == ['say "hi, you"', "1"]


def test_a_decimal_comma_is_found_and_thousands_are_dots():
    schema, _ = read(b"name;price;n\na;1.234,50;1.000\nb;2,25;2.000\nc;10,0;3.000\n")

    assert schema.file.decimal == ","
    assert (schema.columns[1].minimum, schema.columns[1].maximum) == (2.25, 1234.5)
    assert schema.columns[2].storage == "integer"
    assert schema.columns[2].maximum == 3000


def test_english_thousands_are_no_decimal_commas():
    schema, _ = read(b'name,price\na,"1,234"\nb,"12,500"\nc,"3,999"\n')

    assert schema.file.decimal == "."
    assert schema.columns[1].storage == "text"
    assert "decimal mark" in schema.columns[1].warnings[0]


def test_the_user_overrules_what_was_found():
    options = ReadOptions(encoding="cp437", delimiter=";", decimal=",", header=False)

    schema, rows = read("é;1,234\nà;2,5\n".encode("cp437"), options)

    assert rows == [["é", "1,234"], ["à", "2,5"]]
    assert [c.name for c in schema.columns] == ["col_1", "col_2"]
    assert schema.columns[1].minimum == 1.234


def test_a_table_without_a_header_is_told_and_loses_no_row():
    schema, rows = read(b"1,2.5,a\n2,3.5,b\n3,4.5,a\n")

    assert len(rows) == schema.n_rows == 3
    assert [c.name for c in schema.columns] == ["col_1", "col_2", "col_3"]
    assert "No header" in schema.warnings[0]


def test_years_may_be_names_of_columns():
    schema, _ = read(b"country,2019,2020\nDE,1.5,2.5\nFR,2.5,3.5\n")

    assert [c.name for c in schema.columns] == ["country", "2019", "2020"]


def test_words_without_numbers_have_a_header():
    schema, rows = read(b"color,shape\nred,round\nblue,square\nred,square\n")

    assert [c.name for c in schema.columns] == ["color", "shape"]
    assert len(rows) == 3


def test_names_are_clean_unique_and_traceable():
    schema, _ = read("value, value ,VALUE__2,,Cafe\u0301\n1,2,3,4,5\n".encode())

    assert [c.name for c in schema.columns] == ["value", "value__3", "VALUE__2", "column_4", "Café"]
    assert [c.original_name for c in schema.columns][3:] == ["", "Cafe\u0301"]
    assert "renamed" in schema.warnings[-1]


def test_short_rows_are_padded_and_long_ones_set_aside_with_their_lines():
    good = b"".join(b"%d,x,y\n" % i for i in range(100))
    data = b'a,b,c\n"1\n2",x,y\n3,x\n4,x,y,z\n' + good

    scan_ = scan(data)

    assert scan_.schema.n_rows == 102
    assert (scan_.schema.rows_padded, scan_.schema.rows_set_aside) == (1, 1)
    assert [(r.line, r.text) for r in scan_.rejects.lines] == [(4, "3,x"), (5, "4,x,y,z")]


def test_nearly_valid_utf8_stays_utf8_and_is_told():
    data = b"name,n\n" + "Zoë,1\n".encode() * 500 + b"Zo\xeb,2\n"

    schema, rows = read(data)

    assert schema.file.encoding == "utf-8"
    assert rows[0][0] == "Zoë"
    assert "1 places are not valid utf-8" in schema.warnings[0]


def test_japanese_is_recognised():
    text = "都市,人口\n" + "東京とおおさかのまち,1\nきょうとしのひと,2\n" * 40

    schema, rows = read(text.encode("shift_jis"))

    assert rows[0][0] == "東京とおおさかのまち"
    assert schema.file.encoding == "cp932"


def test_columns_are_read_as_they_stand_under_either_name():
    data = b"a, b ,c\nx,1,NA\n ,2,None\nNone,NA,7\n"
    schema = scan(data).schema

    columns = read_text_columns(lambda: io.BytesIO(data), schema, [" b ", "a", "c"])

    assert list(columns[" b "]) == ["1", "2", None]
    assert list(columns["a"]) == ["x", None, "None"]
    assert list(columns["c"]) == [None, None, "7"]


def test_a_preview_stops_after_the_rows_that_were_asked_for():
    data = PLAIN.encode()

    rows = preview_rows(lambda: io.BytesIO(data), scan(data).schema, n_rows=2)

    assert rows == ROWS[:2]
