"""What a column stores and how it enters a model."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automl_core.samples import penguins_path
from automl_core.tabular.cells import NUMBER_SHAPES, parse_number, parse_time, shape_of
from automl_core.tabular.kinds import ColumnStats, classify_column, name_hint
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ReadOptions

PENGUINS = penguins_path()


def column_of(cells: list[str], name: str = "x", **options):
    data = f"row;{name}\n" + "".join(f"r{i};{cell}\n" for i, cell in enumerate(cells))
    schema = scan_table(
        lambda: io.BytesIO(data.encode()),
        filename="t.csv",
        options=ReadOptions(delimiter=";", header=True, **options),
    ).schema
    return schema.columns[1]


@pytest.mark.parametrize(
    ("cells", "storage"),
    [
        pytest.param(["1", "-2", "+3", " 4 "], "integer", id="whole numbers"),
        pytest.param(["1", "2.5", "3e2", ".5", "5."], "decimal", id="numbers"),
        pytest.param(["1", "2", "NA", "", "null"], "integer", id="missing tokens"),
        pytest.param(["01", "12", "90210"], "text", id="leading zeros"),
        pytest.param(["1234567890123456", "1"], "text", id="more than 15 digits"),
        pytest.param(["1_000", "2_000"], "text", id="underscores"),
        pytest.param(["inf", "nan", "1e999"], "text", id="nothing finite"),
        pytest.param(["١٢", "٣"], "text", id="digits of another script"),
        pytest.param(["yes", "no", "Yes", "NA"], "boolean", id="yes and no"),
        pytest.param(["true", "FALSE"], "boolean", id="true and false"),
        pytest.param(["t", "f", "f"], "boolean", id="t and f"),
        pytest.param(["f", "m", "f"], "text", id="f and m"),
        pytest.param(["f", "f"], "text", id="f alone"),
        pytest.param(["yes", "no", "maybe"], "text", id="a third word"),
        pytest.param(["0", "1", "1"], "integer", id="zeros and ones"),
        pytest.param(["2024-01-31", "2024-02-01"], "date", id="ISO dates"),
        pytest.param(["2024-01-31T10:00:00Z", "2024-02-01"], "datetime", id="ISO moments"),
        pytest.param(["2024-02-30", "2024-02-01"], "text", id="a day that is none"),
        pytest.param(["2:3:1", "2:5:1", "12:30:59"], "text", id="ratios"),
        pytest.param(["10:30", "11:45"], "text", id="times of day"),
        pytest.param(["", "", ""], "text", id="nothing"),
        pytest.param(["NA", "", "NA"], "text", id="only missing tokens"),
        pytest.param(["None", "Stone", "BrkFace"], "text", id="a class called None"),
    ],
)
def test_storage_follows_from_the_cells(cells, storage):
    assert column_of(cells).storage == storage


@pytest.mark.parametrize(
    ("cells", "time_format"),
    [
        pytest.param(["31/12/2023", "01/02/2024"], "%d/%m/%Y", id="day first"),
        pytest.param(["12/31/2023", "1/2/2024"], "%m/%d/%Y", id="month first"),
        pytest.param(["31.12.2023 9:05", "1.2.2024 10:00"], "%d.%m.%Y %H:%M", id="with a clock"),
        pytest.param(["12/31/2023 1:05 PM", "1/2/2024 2:00 am"], "%m/%d/%Y %I:%M %p", id="am, pm"),
        pytest.param(["2023/12/31", "2024/1/2"], "%Y/%m/%d", id="year first"),
        pytest.param(["2023-12-31", "2024-1-2"], "%Y-%m-%d", id="nearly ISO"),
        pytest.param(["14-Nov-2009", "2-May-2010"], "%d-%b-%Y", id="name of the month"),
        pytest.param(["Nov 14, 2009", "May 2, 2010"], "%b %d, %Y", id="month name first"),
    ],
)
def test_an_unambiguous_time_format_is_found(cells, time_format):
    column = column_of(cells)

    assert column.time_format == time_format
    assert column.kind == "datetime"
    assert column.n_missing == 0
    assert all(parse_time(cell, time_format) for cell in cells)


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["01/02/2024", "03/04/2024"], id="either way"),
        pytest.param(["31/12/2023", "12/31/2023"], id="both ways"),
    ],
)
def test_undecidable_dates_stay_text_and_are_told(cells):
    column = column_of(cells)

    assert column.storage == "text"
    assert column.warnings


def test_a_few_odd_cells_are_missing_counted_and_shown():
    column = column_of([str(i) for i in range(999)] + ["twelve"])

    assert (column.storage, column.n_unreadable, column.n_missing) == ("integer", 1, 1)
    assert "1 of 1,000 values are no numbers ('twelve')" in column.warnings[0]


def test_more_odd_cells_keep_the_column_text_and_say_why():
    column = column_of([str(i) for i in range(90)] + ["x"] * 10)

    assert (column.storage, column.n_missing) == ("text", 0)
    assert "90 of 100 values are numbers" in column.warnings[0]


def test_a_token_in_a_text_column_is_a_value_and_told():
    column = column_of(["None", "Stone", "None", "Brick", ""])

    assert (column.n_missing, column.n_distinct, column.missing_tokens) == (1, 3, [])
    assert column.top_values[0].value == "None"
    assert "kept as a value" in column.warnings[0]


def test_numbers_are_one_value_however_they_are_spelled():
    column = column_of(["1", "1.0", "1.00", "2.5"])

    assert column.n_distinct == 2
    assert [(v.value, v.rows) for v in column.top_values] == [("1", 3), ("2.5", 1)]


def test_growing_values_are_noticed_across_gaps():
    assert column_of(["1", "", "5", "9"]).is_increasing
    assert column_of(["2024-01-01", "2024-01-02"]).is_increasing
    assert not column_of(["1", "5", "5"]).is_increasing


@pytest.mark.parametrize("cell", ["1", "-1.5", "1,5", "1.234", "1,234", "1.234,5", "1.234.567",
    "0.123", "007", "1e5", "1e999", "5.", ",5", ".5", "-", "+", "1.2.3", "1,2,3", "--5", "5-3",
    "1.234e5", "0,5e2", "12,"])  # fmt: skip
@pytest.mark.parametrize("decimal", [".", ","])
def test_a_shape_is_a_number_exactly_when_it_can_be_read(cell, decimal):
    fits = shape_of(cell) in NUMBER_SHAPES[decimal]

    assert fits == (parse_number(cell, decimal) is not None)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("id", "id"), ("ID", "id"), ("PID", "id"), ("caseid", "id"), ("userId", "id"),
        ("customer_id", "id"), ("individual_id", "id"), ("uuid", "id"), ("row_key", "id"),
        ("sample_number", "id"), ("invoice no", "id"), ("Unnamed: 0", "row"), ("index", "row"),
        ("row_number", "row"), ("Order", "row"), ("year", "time"), ("hr", None), ("day", "time"),
        ("humid", None), ("paid", None), ("bid", None), ("acid", None), ("solid", None),
        ("flight", None), ("MS.SubClass", None), ("Lot.Area", None), ("price", None),
        ("number_of_rooms", None), ("total_number", None), ("num_no", None), ("covid", None),
    ],
)  # fmt: skip
def test_a_name_hints_only_in_whole_words(name, hint):
    assert name_hint(name) == hint


def stats(name: str, storage: str, n: int, distinct: int, **more) -> ColumnStats:
    return ColumnStats(
        name=name, storage=storage, n_values=n, n_distinct=distinct, n_counted=n, **more
    )


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        pytest.param(stats("x", "text", 0, 0), "constant", id="empty"),
        pytest.param(stats("x", "integer", 50, 1), "constant", id="one value"),
        pytest.param(stats("when", "datetime", 50, 50), "datetime", id="unique moments"),
        pytest.param(stats("PID", "integer", 2930, 2930), "identifier", id="unique and named"),
        pytest.param(stats("sample_number", "integer", 344, 152), "identifier", id="repeats"),
        pytest.param(stats("store_id", "integer", 9000, 45), "numeric", id="few stores"),
        pytest.param(stats("store_id", "text", 9000, 45), "categorical", id="few stores in words"),
        pytest.param(
            stats("n", "integer", 500, 500, is_increasing=True, minimum=1, maximum=500),
            "identifier", id="row numbers",
        ),
        pytest.param(
            stats("price", "integer", 500, 500, is_increasing=True, minimum=12789, maximum=755000),
            "numeric", id="sorted prices",
        ),
        pytest.param(
            stats("year", "integer", 60, 60, is_increasing=True, minimum=1960, maximum=2019),
            "numeric", id="years in order",
        ),
        pytest.param(
            stats("Lot.Area", "integer", 900, 890, minimum=1300, maximum=215245),
            "numeric", id="unique areas in any order",
        ),
        pytest.param(
            stats("account_id", "decimal", 900, 900), "numeric", id="never a decimal measurement"
        ),
        pytest.param(stats("code", "text", 189, 189), "identifier", id="unique single words"),
        pytest.param(
            stats("title", "text", 900, 880, mean_words=3.1, mean_length=20, share_single_words=0),
            "text", id="titles",
        ),
        pytest.param(
            stats("answer", "text", 900, 5, mean_words=6, mean_length=30, share_single_words=0),
            "categorical", id="answers to choose from",
        ),
        pytest.param(stats("tailnum", "text", 334264, 4043), "categorical", id="many categories"),
        pytest.param(stats("ok", "boolean", 90, 2), "categorical", id="yes or no"),
        pytest.param(stats("hr", "integer", 8645, 24), "numeric", id="hours"),
    ],
)  # fmt: skip
def test_a_kind_follows_from_few_numbers_and_the_name(column, kind):
    assert classify_column(column)[0] == kind


def test_the_penguins_are_understood():
    schema = scan_table(lambda: PENGUINS.open("rb"), filename="penguins.csv").schema

    by_kind: dict[str, set[str]] = {}
    for column in schema.columns:
        by_kind.setdefault(column.kind, set()).add(column.name)
    assert schema.n_rows == 344
    assert by_kind["constant"] == {"region", "stage"}
    assert by_kind["identifier"] == {"sample_number", "individual_id"}
    assert by_kind["datetime"] == {"date_egg"}
    assert by_kind["text"] == {"comments"}
    assert schema.column("clutch_completion").storage == "boolean"
    assert schema.warnings == []


# -- Spellings of offices -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "point", "comma"),
    [
        ("1,234,567", 1234567.0, None), ("1,234.5", 1234.5, None), ("1.234,5", None, 1234.5),
        ("1'234.5", 1234.5, None), ("1\u00a0234,5", None, 1234.5),
        ("1 234 567", 1234567.0, 1234567.0),
        ("12%", 12.0, 12.0), ("12,5 %", None, 12.5), ("$1,234.50", 1234.5, None),
        ("-$5", -5.0, -5.0), ("€ 5", 5.0, 5.0), ("5 EUR", 5.0, 5.0), ("(5.5)", -5.5, None),
        ("5-", -5.0, -5.0), ("−5", -5.0, -5.0), ("1.23457E+12", 1.23457e12, None),
        ("5--", None, None), ("(5", None, None), ("-(5)", None, None), ("$5€", None, None),
        ("+1 234 567", None, None), ("12 34", None, None), ("1 2345", None, None),
        ("5 kg", None, None), ("1,23,456", None, None), ("0,123,456", None, None),
        ("%", None, None),
    ],
)  # fmt: skip
def test_numbers_of_offices_are_read(cell, point, comma):
    assert (parse_number(cell, "."), parse_number(cell, ",")) == (point, comma)


@example("1.234.567.890.123.456.789", ".")
@example("1,234,567,890,123,456,789", ",")
@example("1e999", ".")
@given(st.text("0123456789.,-+()$€%'’ \u00a0eE", max_size=14), st.sampled_from([".", ","]))
def test_a_shape_says_which_decimal_marks_read_a_cell(cell, decimal):
    assert (shape_of(cell) in NUMBER_SHAPES[decimal]) == (parse_number(cell, decimal) is not None)


@pytest.mark.parametrize(
    ("cells", "storage", "n_missing", "told"),
    [
        pytest.param(["1,234", "12,500"], "text", 0, "name the decimal mark", id="open commas"),
        pytest.param(["1,234", "1,234,567"], "integer", 0, "", id="thousands by commas"),
        pytest.param(["$1,234", "$12,500"], "integer", 0, "sign $", id="thousands of dollars"),
        pytest.param(["1.234", "12.500"], "decimal", 0, "name the comma", id="open points"),
        pytest.param(["1.234", "12.500", "7"], "text", 0, "name the decimal mark", id="points"),
        pytest.param(["1.234", "12.5", "7"], "decimal", 0, "", id="decimals"),
        pytest.param(["1.234.567", "12.500"], "integer", 0, "", id="thousands by points"),
        pytest.param(["$5", "7"], "integer", 0, "sign $", id="a sign in some cells"),
        pytest.param(["5%", "7"], "text", 0, "same sign", id="percent in some cells"),
        pytest.param(["-", "5", "."], "integer", 2, "read as missing", id="vague tokens"),
        pytest.param(["-", "a", "."], "text", 0, "kept as a value", id="vague words"),
        pytest.param(["yes", "no", "-"], "boolean", 1, "read as missing", id="truth and a dash"),
        pytest.param(["yes", "yes", "None"], "text", 0, "kept as a value", id="one truth"),
        pytest.param(["inf", "1.5", "-inf"], "decimal", 2, "are no numbers", id="infinite"),
        pytest.param(["31DEC2023", "15MAY2024"], "date", 0, "", id="dates of SAS"),
        pytest.param(["May 5, 2024", "May 6, 2024"], "date", 0, "", id="May alone"),
        pytest.param(["31.12.23", "01.02.24"], "text", 0, "century", id="short years"),
        pytest.param(["612 345 678", "698 765 432"], "text", 0, "telephone", id="telephones"),
        pytest.param(["612 345 678", "98 765"], "integer", 0, "", id="thousands by blanks"),
    ],
)
def test_a_column_decides_what_its_cells_mean(cells, storage, n_missing, told):
    column = column_of(cells)

    assert (column.storage, column.n_missing) == (storage, n_missing)
    assert told in " ".join(column.warnings)
    assert bool(told) == bool(column.warnings)
