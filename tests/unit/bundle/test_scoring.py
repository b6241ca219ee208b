"""Files are scored row by row, in their order, into CSV that a spreadsheet can open safely."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automl_core.bundle.runtime import (
    CHUNK_ROWS,
    InputError,
    Predictor,
    label_text,
    safe_cell,
    score_csv,
)
from automl_core.bundle.scoring import score_file

MakePredictor = Callable[..., Predictor]

TABLE = "age,city,when\n20,Oslo,01.02.2003\n80,Bergen,01.02.2003\n,,\n"


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def score(predictor: Predictor, folder: Path, data: bytes | str) -> list[list[str]]:
    source = folder / "input"
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    n_rows = score_file(predictor, source, folder / "out.csv")
    rows = read(folder / "out.csv")
    assert n_rows == len(rows) - 1
    return rows


def test_classes_come_with_a_probability_each(predictor: MakePredictor, tmp_path: Path):
    assert score(predictor("binary"), tmp_path, TABLE) == [
        ["age", "city", "when", "prediction", "probability_no", "probability_yes"],
        ["20", "Oslo", "01.02.2003", "no", "0.899999976", "0.100000001"],
        ["80", "Bergen", "01.02.2003", "yes", "0.100000001", "0.899999976"],
        ["", "", "", "yes", "0.100000001", "0.899999976"],
    ]


def test_numbers_come_with_their_interval(predictor: MakePredictor, tmp_path: Path):
    assert score(predictor("regression"), tmp_path, TABLE)[:2] == [
        ["age", "city", "when", "prediction", "lower", "upper"],
        ["20", "Oslo", "01.02.2003", "1", "-4", "6"],
    ]


def test_a_model_without_interval_writes_the_number_alone(predictor: MakePredictor, tmp_path: Path):
    loaded = predictor("regression", interval=None)

    assert score(loaded, tmp_path, TABLE)[0] == ["age", "city", "when", "prediction"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TABLE.encode("utf-8-sig"), id="utf-8-with-mark"),
        pytest.param(TABLE.encode("utf-16"), id="utf-16"),
        pytest.param(TABLE.replace(",", ";").encode(), id="semicolon"),
        pytest.param(TABLE.replace(",", "\t").encode(), id="tab"),
        pytest.param(TABLE.replace(",", "|").encode(), id="bar"),
        pytest.param(TABLE.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(TABLE.replace("\n", "\r").encode(), id="cr"),
        pytest.param(gzip.compress(TABLE.encode()), id="gzip"),
        pytest.param(b"\n" + TABLE.replace("\n", "\n\n").encode(), id="blank-lines"),
        pytest.param(b"Report, 2026\nby somebody\n" + TABLE.encode(), id="lines-above"),
        pytest.param(TABLE.replace("\n,,\n", "\n\x20\n").encode(), id="short-line"),
        pytest.param(TABLE.replace(",,\n", ",,,,\n").encode(), id="empty-cells-too-many"),
        pytest.param(TABLE.removesuffix("\n").encode(), id="no-last-newline"),
        pytest.param(TABLE.replace("age", '" age"').encode(), id="the-files-own-name"),
    ],
)
def test_files_of_many_shapes_give_the_same_predictions(
    predictor: MakePredictor, tmp_path: Path, data: bytes
):
    rows = score(predictor("binary"), tmp_path, data)

    assert [row[3] for row in rows] == ["prediction", "no", "yes", "yes"]


def test_a_file_in_windows_1252_keeps_its_letters(predictor: MakePredictor, tmp_path: Path):
    rows = score(predictor("binary"), tmp_path, TABLE.replace("Oslo", "Zürich").encode("cp1252"))

    assert rows[1][1] == "Zürich"


def test_columns_may_come_in_any_order_and_with_others(predictor: MakePredictor, tmp_path: Path):
    data = 'when,note,age,city\n01.02.2003,"two\nlines, quoted",80,Oslo\n'

    rows = score(predictor("binary"), tmp_path, data)

    assert rows[1][:5] == ["01.02.2003", "two\nlines, quoted", "80", "Oslo", "yes"]


def test_a_columns_name_of_ours_in_the_input_stays_the_inputs(
    predictor: MakePredictor, tmp_path: Path
):
    data = "age,city,when,prediction\n80,Oslo,,old\n"

    rows = score(predictor("regression"), tmp_path, data)

    assert rows[0][3:] == ["prediction", "prediction_2", "lower", "upper"]
    assert rows[1][3:5] == ["old", "100"]


def test_many_rows_keep_their_order(predictor: MakePredictor, tmp_path: Path):
    n_rows = 2 * CHUNK_ROWS + 7
    lines = "".join(f"{number % 100},Oslo,,{number}\n" for number in range(n_rows))

    rows = score(predictor("binary"), tmp_path, "age,city,when,number\n" + lines)[1:]

    assert [row[3] for row in rows] == [str(number) for number in range(n_rows)]
    assert [row[4] for row in rows] == ["yes" if n % 100 > 50 else "no" for n in range(n_rows)]


def test_a_header_alone_gives_a_header(predictor: MakePredictor, tmp_path: Path):
    assert len(score(predictor("binary"), tmp_path, "age,city,when\n")) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "None of the model's columns", id="empty"),
        pytest.param(b"a,b\n1,2\n", "None of the model's columns", id="another-table"),
        pytest.param(
            b"age\n1\n", "2 columns that are not in the file: 'city', 'when'", id="absent"
        ),
        pytest.param(
            b"age,city,when\n1,2,3,4\n", "Line 2 has 4 cells, the header 3", id="too-long"
        ),
        pytest.param(
            b'age,city,when\n1,"' + b"x" * (1024**2 + 9) + b'",\n', "Line 2 cannot", id="huge-cell"
        ),
        pytest.param(gzip.compress(TABLE.encode() * 99)[:-20], "gzip", id="cut-gzip"),
        pytest.param(b"\x1f\x8b\x08nonsense", "gzip", id="no-gzip"),
        pytest.param(b"age,city,when\n1,\x81\xff,\n", "neither UTF-8 nor", id="no-text"),
        pytest.param(b"PAR1nonsense", "Parquet", id="no-parquet"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_and_leaves_nothing(
    predictor: MakePredictor, tmp_path: Path, data: bytes, message: str
):
    loaded = predictor("binary")

    with pytest.raises(InputError, match=message):
        score(loaded, tmp_path, data)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["binary", "input"]


def test_parquet_is_scored_like_the_same_csv(predictor: MakePredictor, tmp_path: Path):
    duckdb.execute(
        f"""COPY (SELECT * FROM (VALUES
            (20, 'Oslo', DATE '2003-02-01', true, 1.5::DECIMAL(4, 2),
                TIMESTAMPTZ '2020-01-01 00:00:00+02'),
            (80, 'Bergen', DATE '2003-02-01', false, -2.5, NULL),
            (NULL, NULL, NULL, NULL, NULL, NULL)) t(age, city, "when", flag, price, "at"))
            TO '{tmp_path / "table.parquet"}' (FORMAT parquet)"""
    )
    loaded = predictor("binary")

    n_rows = score_file(loaded, tmp_path / "table.parquet", tmp_path / "out.csv")

    rows = read(tmp_path / "out.csv")
    assert n_rows == 3
    assert rows[0][:7] == ["age", "city", "when", "flag", "price", "at", "prediction"]
    assert [row[6] for row in rows[1:]] == ["no", "yes", "yes"]
    assert rows[1][:6] == ["20", "Oslo", "2003-02-01", "true", "1.50", "2019-12-31 22:00:00"]
    assert rows[2][4] == "-2.50"
    assert rows[3][:6] == [""] * 6


# -- Cells ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "=", "-", "+49 30 1", "-1%", "=\n1"]
)
def test_a_cell_that_a_spreadsheet_would_run_gets_a_quote(cell: str):
    assert safe_cell(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell", ["", "-1", "+1.5", "-1,5", "-1.234,5", "1e-5", "-.5", "a=b", "'x", "Oslo", " -x"]
)
def test_numbers_and_other_texts_stay_as_they_are(cell: str):
    assert safe_cell(cell) == cell


@given(st.text(max_size=10))
@example("-0")
def test_no_safe_cell_starts_a_formula(cell: str):
    safe = safe_cell(cell)

    assert safe in {cell, "'" + cell}
    assert safe[:1] not in set("=@\t\r")
    if safe[:1] in {"+", "-"}:
        float(
            safe.replace(",", ".").replace(".", "", max(0, safe.count(",") + safe.count(".") - 1))
        )


def test_formulas_in_cells_headers_and_labels_are_quoted(predictor: MakePredictor, tmp_path: Path):
    target = {"name": "t", "storage": "text", "classes": ["=no", "-yes"], "positive": "-yes"}

    rows = score(predictor("binary", target=target), tmp_path, "age,city,when,=h\n80,=x(),,-5\n")

    assert rows[0] == ["age", "city", "when", "'=h", "prediction", "probability_=no",
                       "probability_-yes"]  # fmt: skip
    assert rows[1][:5] == ["80", "'=x()", "", "-5", "'-yes"]


@pytest.mark.parametrize(
    ("label", "text"), [(True, "true"), (False, "false"), (1, "1"), (1.5, "1.5"), ("Ja", "Ja")]
)
def test_labels_are_written_as_they_stand_in_the_file(label: object, text: str):
    assert label_text(label) == text


def test_scoring_a_csv_replaces_an_older_result(predictor: MakePredictor, tmp_path: Path):
    (tmp_path / "in.csv").write_text(TABLE)
    (tmp_path / "out.csv").write_text("old")

    score_csv(predictor("binary"), tmp_path / "in.csv", tmp_path / "out.csv")

    assert len(read(tmp_path / "out.csv")) == 4
