"""What numbers rows, what names them, and what only looks so; whatever the order of the rows."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.tabular.kinds import ColumnStats, classify_column
from automl_core.tabular.name_hints import name_hint, value_hint
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ColumnSchema


def read(name: str, cells: list[str]) -> ColumnSchema:
    text = f"{name},other\n" + "".join(f"{cell},x\n" for cell in cells)
    schema = scan_table(lambda: io.BytesIO(text.encode()), filename="table.csv").schema
    return schema.columns[0]


def whole(name: str, n: int, distinct: int, low: int, high: int) -> ColumnStats:
    return ColumnStats(
        name=name, storage="integer", n_values=n, n_distinct=distinct, n_counted=n,
        minimum=low, maximum=high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        pytest.param(whole("x", 20, 20, 1, 20), "identifier", id="twenty rows, numbered"),
        pytest.param(whole("x", 500, 500, 1, 500), "identifier", id="shuffled row numbers"),
        pytest.param(whole("x", 500, 495, 1, 500), "identifier", id="five rows read twice"),
        pytest.param(whole("x", 50_000, 50_000, 1, 10**8), "identifier", id="every 2,000th"),
        pytest.param(whole("x", 30, 30, 10, 900), "numeric", id="thirty amounts"),
        pytest.param(whole("x", 900, 890, 1300, 215_245), "numeric", id="areas, some twice"),
        pytest.param(whole("pop", 1704, 1704, 60_011, 13 * 10**8), "numeric", id="inhabitants"),
        pytest.param(whole("rank", 100, 100, 1, 100), "numeric", id="ranks"),
        pytest.param(whole("t", 286, 286, 1, 286), "numeric", id="time steps"),
        pytest.param(whole("episode_count", 94, 94, 1, 94), "numeric", id="a running count"),
        pytest.param(whole("yr", 69, 69, 1948, 2016), "numeric", id="years"),
        pytest.param(whole("Unnamed: 0", 100, 100, 5, 10**9), "identifier", id="rows of a sample"),
        pytest.param(whole("Subject", 90, 60, 300, 400), "identifier", id="persons, some twice"),
        pytest.param(whole("Subject", 180, 18, 308, 372), "numeric", id="18 persons ten times"),
    ],
)
def test_numbers_of_rows_are_told_from_quantities(column, kind):
    assert classify_column(column)[0] == kind


def test_several_words_that_differ_in_every_row_are_text_not_categories():
    names = [f"{first} {last}" for first in ("Ada", "Bo", "Cy") for last in "ABCDEFGH"]

    assert read("car", names).kind == "text"
    assert read("car", names * 3).kind == "categorical"


def test_words_that_tell_a_time_or_a_person_are_no_identifiers():
    months = [f"{month}/{year}" for year in range(86, 91) for month in range(1, 13)]
    subjects = [f"subject{i}" for i in range(60)] + ["music"] * 90

    assert read("month", months).kind == "text"
    assert read("subject", subjects).kind == "categorical"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 400), min_size=25, max_size=150), st.booleans())
def test_the_order_of_rows_does_not_change_the_kind(numbers: list[int], unique: bool) -> None:
    values = list(dict.fromkeys(numbers)) if unique else numbers
    cells = [str(value) for value in values]
    kinds = {
        read("x", found).kind
        for found in (cells, sorted(cells, key=int), random.Random(1).sample(cells, len(cells)))
    }

    assert len(kinds) == 1


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Subject", "person"), ("subjects", None), ("class", None), ("percentile", "rank"),
        ("yr", "time"), ("student", "person"), ("number", None), ("house_no", "id"), ("t", "time"),
    ],
)  # fmt: skip
def test_a_name_says_what_its_rows_are(name, hint):
    assert name_hint(name) == hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("zip", "code"), ("postcode", "code"), ("Postal Code", "code"), ("country_code", "code"),
        ("decode", None), ("class", "class"), ("passengerClass", "class"), ("archetypes", None),
        ("type_2", "class"), ("number_of_rooms", "count"), ("n", "count"), ("roomCount", "count"),
        ("country", "class"), ("stage", None), ("Lot.Area", "quantity"), ("ageOFocc", "quantity"),
        ("water_level", None), ("yearVeh", "year"), ("", None), ("2013", None), ("价格", None),
    ],
)  # fmt: skip
def test_a_name_says_what_its_numbers_are(name, hint):
    assert value_hint(name) == hint
