"""Signs in cells: personal data by its check digits, order, and what is hidden."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.tabular.personal import kinds_of, passes_luhn
from automl_core.tabular.samples import SampleColumn
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema
from automl_core.tabular.signs import HIDDEN, find_signs, mask_personal


def signs_of(name, cells, storage="text", kind="categorical", **others):
    """Signs of a table of one column."""
    if isinstance(cells, np.ndarray):
        sample = SampleColumn(name, numbers=cells.astype(np.float64))
        n_distinct = len(np.unique(cells))
    else:
        levels, codes = np.unique(cells, return_inverse=True)
        sample = SampleColumn(name, codes=codes.astype(np.int64), levels=tuple(levels.tolist()))
        n_distinct = len(levels)
    column = ColumnSchema(
        name=name, original_name=name, position=0, storage=storage, kind=kind,
        kind_reason="It was made for a test.", n_missing=0, n_distinct=n_distinct, **others,
    )  # fmt: skip
    file = FileFacts(bytes=1, sha256="0" * 64, format="csv")
    schema = TableSchema(file=file, n_rows=len(cells), columns=[column])
    return find_signs(schema, {name: sample})


# -- Checks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        pytest.param("ada.lovelace+x@mail.example.org", "e-mail address", id="e-mail"),
        pytest.param("4111 1111 1111 1111", "payment card", id="card with blanks"),
        pytest.param("378282246310005", "payment card", id="card of 15 digits"),
        pytest.param("DE89370400440532013000", "bank account (IBAN)", id="German IBAN"),
        pytest.param("GB82 WEST 1234 5698 7654 32", "bank account (IBAN)", id="British IBAN"),
        pytest.param("192.168.0.17", "IP address", id="IPv4"),
        pytest.param("2001:db8::8a2e:370:7334", "IP address", id="IPv6"),
        pytest.param("078-05-1120", "US social security number", id="SSN"),
        pytest.param("AB 12 34 56 C", "UK national insurance number", id="NINO"),
        pytest.param("12345678Z", "Spanish DNI or NIE", id="DNI"),
        pytest.param("X1234567L", "Spanish DNI or NIE", id="NIE"),
        pytest.param("RSSMRA85T10A562S", "Italian codice fiscale", id="codice fiscale"),
        pytest.param("2 55 08 14 168 025 38", "French social security number", id="NIR"),
        pytest.param("86095742719", "German tax number", id="Steuer-ID"),
        pytest.param("756.9217.0769.85", "Swiss AHV number", id="AHV"),
        pytest.param("111222333", "Dutch BSN", id="BSN"),
        pytest.param("44051401359", "Polish PESEL", id="PESEL"),
        pytest.param("529.982.247-25", "Brazilian CPF", id="CPF"),
        pytest.param("+43 664 1234567", "phone number", id="international phone"),
        pytest.param("(555) 123-4567", "phone number", id="American phone"),
        pytest.param("030 / 901820", "phone number", id="German phone"),
    ],
)
def test_a_cell_is_known_for_what_it_is(cell, kind):
    assert kind in kinds_of(cell)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("4111 1111 1111 1112", id="card with a wrong digit"),
        pytest.param("DE89370400440532013001", id="IBAN with a wrong digit"),
        pytest.param("12345678A", id="DNI with a wrong letter"),
        pytest.param("RSSMRA85T10A562T", id="codice fiscale with a wrong letter"),
        pytest.param("86095742718", id="tax number with a wrong digit"),
        pytest.param("756.9217.0769.84", id="AHV with a wrong digit"),
        pytest.param("000-12-3456", id="SSN that is never given"),
        pytest.param("1.2.3", id="version"),
        pytest.param("300.1.1.1", id="IP out of range"),
        pytest.param("12:30:45", id="time of day"),
        pytest.param("2024-01-31", id="date"),
        pytest.param("01/02/2024", id="date that begins with nought"),
        pytest.param("0012345678", id="number with leading zeros"),
        pytest.param("2024-01-31 12:30:00", id="moment"),
        pytest.param("123456.789", id="decimal"),
        pytest.param("2:3:1", id="ratio"),
        pytest.param("N14120", id="tail number"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_only_looks_alike_is_not(cell):
    assert kinds_of(cell) == []


@given(st.text(max_size=120))
def test_any_text_can_be_asked(cell):
    assert isinstance(kinds_of(cell), list)


@given(st.integers(0, 10**15))
def test_one_wrong_digit_fails_the_check(number):
    digits = next(f"{number}{last}" for last in range(10) if passes_luhn(f"{number}{last}"))
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)

    assert passes_luhn(digits)
    assert not passes_luhn(wrong)


# -- Columns --------------------------------------------------------------------------


def test_random_numbers_of_a_check_digit_s_length_are_not_people():
    random = np.random.default_rng(5)

    for _ in range(20):
        values = random.integers(10**10, 10**11, 400)
        assert signs_of("amount", values, "integer", "numeric").personal == {}


def test_whole_numbers_that_all_check_are_people():
    random = np.random.default_rng(5)
    numbers = []
    while len(numbers) < 60:
        number = str(random.integers(10**10, 10**11))
        numbers += [float(number)] if "German tax number" in kinds_of(number) else []

    found = signs_of("ref", np.array(numbers), "integer", "identifier", maximum=max(numbers))

    assert found.personal["ref"].kind == "German tax number"


def test_an_address_inside_free_text_is_found():
    texts = [f"please answer number {i} soon" for i in range(190)]
    texts += [f"write to person{i}@example.org about it" for i in range(10)]

    found = signs_of("message", texts, kind="text")

    assert found.personal["message"].share == pytest.approx(0.05)


@pytest.mark.parametrize("name", ["E-Mail", "telefonnummer", "Prénom", "fecha_de_nacimiento"])
def test_a_name_is_a_hint_in_four_languages(name):
    found = signs_of(name, [f"value {i} of it" for i in range(60)])

    assert found.personal[name].share is None


def test_rows_backwards_in_time_are_in_order_too():
    times = np.arange(400.0)[::-1] * 86_400

    order = signs_of("when", times, "date", "datetime").order["when"]

    assert (order.is_sorted, order.is_falling) == (True, True)


def test_shuffled_rows_are_in_no_order():
    times = np.random.default_rng(3).permutation(400) * 86_400.0

    assert not signs_of("when", times, "date", "datetime").order["when"].is_sorted


def test_days_that_come_again_each_month_are_in_no_order():
    days = np.repeat(np.tile(np.arange(1.0, 31), 12), 40)

    assert not signs_of("day", days, "integer", "numeric").order["day"].is_sorted


def test_all_cells_of_a_personal_column_are_hidden():
    found = signs_of("login", [f"user{i}@example.org" for i in range(60)])
    column = {
        "name": "login",
        "storage": "integer",
        "examples": ["user1@example.org"],
        "top": [{"value": "user1@example.org", "rows": 1, "share": 0.1}],
        "warnings": ["3 values are odd ('user1@example.org', 'user2@example.org')."],
        "stats": {"maximum": 1.0},
        "histogram": {"counts": [1]},
    }
    other = {"name": "other", "examples": ["kept"]}

    mask_personal([column, other], found)

    assert "user1" not in str(column)
    assert column["examples"] == [HIDDEN]
    assert (column["stats"], column["histogram"]) == (None, None)
    assert other["examples"] == ["kept"]
