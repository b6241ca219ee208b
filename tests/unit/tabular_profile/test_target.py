"""Which task a column asks for."""

from __future__ import annotations

import pytest

from automl_core.tabular.target import check_task, detect_task


def spread(n_values: int, rows_each: int, *, start: int = 1, step: float = 1) -> dict[str, int]:
    return {f"{start + i * step:g}": rows_each for i in range(n_values)}


@pytest.mark.parametrize(
    ("storage", "counts", "n_rows", "expected"),
    [
        pytest.param("text", {"good": 3200, "bad": 1254}, 4454, ("binary", "high"), id="two words"),
        pytest.param(
            "text", {"a": 9, "b": 9, "c": 9}, 27, ("multiclass", "high"), id="three words"
        ),
        pytest.param("boolean", {"yes": 5, "no": 50}, 55, ("binary", "high"), id="yes and no"),
        pytest.param("integer", {"0": 59, "1": 71}, 130, ("binary", "high"), id="0 and 1"),
        pytest.param("decimal", {"1.0": 50, "2.0": 50}, 100, ("binary", "high"), id="two decimals"),
        pytest.param("integer", spread(3, 60), 180, ("multiclass", "high"), id="three codes"),
        pytest.param("integer", spread(10, 2), 20, ("multiclass", "medium"), id="ten numbers"),
        pytest.param("decimal", spread(4, 50), 200, ("multiclass", "high"), id="whole decimals"),
        pytest.param("integer", spread(11, 9), 99, ("regression", "medium"), id="11 in few rows"),
        pytest.param("integer", spread(11, 9), 9 * 10**6, ("regression", "medium"), id="in many"),
        pytest.param("integer", spread(19, 50), 950, ("regression", "medium"), id="19 that repeat"),
        pytest.param("integer", spread(20, 50), 1000, ("regression", "high"), id="twenty numbers"),
        pytest.param(
            "decimal", spread(15, 100, step=0.5), 1500, ("regression", "medium"), id="few halves"
        ),
        pytest.param(
            "decimal", spread(5, 100, step=0.5), 500, ("regression", "low"), id="five halves"
        ),
        pytest.param(
            "decimal",
            {"0.5": 20, "1.0": 20, "2.0": 20},
            60,
            ("multiclass", "low"),
            id="three doses",
        ),
    ],
)
def test_the_counts_of_values_decide_the_task(column, storage, counts, n_rows, expected):
    decision = detect_task(column("y", storage, counts=counts), n_rows=n_rows)

    assert (decision.task, decision.confidence) == expected
    assert decision.refusal is None
    assert decision.reason.endswith(".")


POISSON = {"0": 996, "1": 2987, "2": 4481, "3": 4481, "4": 3361, "5": 2016, "6": 1008, "7": 432,
           "8": 162, "9": 54}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "counts", "task"),
    [
        pytest.param("grade", spread(15, 100), "regression", id="more than codes have"),
        pytest.param("MS.SubClass", spread(16, 50, step=10), "multiclass", id="named a class"),
        pytest.param("MOSTYPE", spread(40, 50), "multiclass", id="type at the end of one word"),
        pytest.param("age_group", spread(12, 50), "multiclass", id="a group of ages"),
        pytest.param("type_of_dwelling", spread(16, 50), "multiclass", id="the head before of"),
        pytest.param("class_size", spread(30, 50), "regression", id="a size of classes"),
        pytest.param("num_types", spread(30, 50), "regression", id="a number of types"),
        pytest.param("store_id", spread(45, 50), "multiclass", id="few stores"),
        pytest.param("id", spread(9, 50), "multiclass", id="hardly an identifier"),
        pytest.param("childNum", spread(15, 50), "regression", id="which child of a family"),
        pytest.param("y", POISSON, "regression", id="a count that nobody named"),
        pytest.param("class", POISSON, "multiclass", id="classes, the rarest last"),
        pytest.param("doctor_visits", spread(9, 50, start=0), "regression", id="a count by name"),
        pytest.param("visits", spread(4, 50, start=0), "multiclass", id="too few to count"),
        pytest.param("age", spread(8, 50, start=18), "regression", id="ages of pupils"),
        pytest.param("age", spread(7, 50), "multiclass", id="bands of ages"),
        pytest.param("price", {"5": 9, "10": 9, "20": 9, "50": 9, "100": 9, "200": 9}, "regression",
                     id="prices"),
        pytest.param("digit", spread(10, 50, start=0), "multiclass", id="digits"),
        pytest.param("satisfaction", spread(10, 50), "multiclass", id="ten steps"),
        pytest.param("year", spread(48, 50, start=1975), "regression", id="years"),
        pytest.param("index", spread(90, 50), "regression", id="an index of something"),
    ],
)  # fmt: skip
def test_whole_numbers_are_codes_or_quantities(column, name, counts, task):
    assert detect_task(column(name, "integer", counts=counts), n_rows=1500).task == task


def test_many_numbers_are_a_regression_although_their_values_were_not_counted(column):
    bikers = column("bikers", "integer", n_distinct=585)

    decision = detect_task(bikers, n_rows=8645)

    assert (decision.task, decision.confidence) == ("regression", "high")
    assert decision.reason == "It has 585 different numbers."


def test_the_order_of_values_in_the_file_plays_no_part(column):
    counts = {"b": 20, "a": 20, "c": 5}
    backwards = dict(reversed(counts.items()))

    assert detect_task(column(counts=counts), n_rows=45) == detect_task(
        column(counts=backwards), n_rows=45
    )


@pytest.mark.parametrize(
    ("storage", "kind", "n_distinct", "words"),
    [
        pytest.param("text", "constant", 1, "the same value", id="constant"),
        pytest.param("text", "constant", 0, "is empty", id="empty"),
        pytest.param("text", "identifier", 90, "identifier", id="identifier"),
        pytest.param("integer", "identifier", 90, "identifier", id="numeric identifier"),
        pytest.param("text", "text", 90, "free text", id="free text"),
        pytest.param("date", "datetime", 90, "dates", id="dates"),
        pytest.param("datetime", "datetime", 90, "dates", id="moments"),
        pytest.param("text", "categorical", 101, "at most 100 classes", id="101 classes"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_a_reason(column, storage, kind, n_distinct, words):
    decision = detect_task(column("y", storage, kind, n_distinct=n_distinct), n_rows=100)

    assert decision.task is None
    assert decision.refusal is not None
    assert decision.refusal.code == "target-unusable"
    assert decision.refusal.columns == ["y"]
    assert words in decision.refusal.text
    assert "hoose another target" in decision.refusal.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("customer_id", "an identifier", id="customers, each in a thousand rows"),
        pytest.param("zip", "a code", id="zip codes"),
        pytest.param("Postal Code", "a code", id="in two words"),
        pytest.param("Unnamed: 0", "a row number", id="row numbers of a doubled table"),
    ],
)
def test_many_numbers_that_name_things_are_refused_and_can_be_chosen(column, name, words):
    numbers = column(name, "integer", n_distinct=2000, minimum=1000, maximum=99000)

    decision = detect_task(numbers, n_rows=2_000_000)

    assert decision.refusal is not None
    assert f"is named like {words}" in decision.refusal.text
    assert "the regression task if it is one" in decision.refusal.text
    assert check_task(numbers, "regression", n_rows=2_000_000).task == "regression"


@pytest.mark.parametrize("name", ["id", "prof_id", "Subject", "userId"])
def test_identifiers_of_a_few_dozen_things_are_refused_and_can_be_chosen(column, name):
    numbers = column(name, "integer", counts=spread(48, 20))

    decision = detect_task(numbers, n_rows=960)

    assert decision.task is None
    assert "the regression or multiclass task if it is one" in decision.reason
    assert check_task(numbers, "multiclass", n_rows=960).task == "multiclass"


def days(*values: int) -> dict[str, int]:
    return {str(value): 3 for value in values}


@pytest.mark.parametrize(
    ("name", "counts", "is_date"),
    [
        pytest.param("d", days(*range(20240101, 20240120)), True, id="days"),
        pytest.param("d", days(*range(202401, 202412)), True, id="months"),
        pytest.param("d", days(*range(20240120, 20240140)), False, id="the 32nd of January"),
        pytest.param("created_at", days(*range(1_700_000_000, 1_700_000_020)), True, id="seconds"),
        pytest.param("timestamp", days(*range(17 * 10**11, 17 * 10**11 + 20)), True, id="ms"),
        pytest.param("revenue", days(*range(1_700_000_000, 1_700_000_020)), False, id="money"),
        pytest.param("time", days(*range(100, 120)), False, id="a duration"),
    ],
)
def test_dates_in_disguise_are_refused(column, name, counts, is_date):
    values = [int(value) for value in counts]
    numbers = column(name, "integer", counts=counts, minimum=min(values), maximum=max(values))

    decision = detect_task(numbers, n_rows=3 * len(counts))

    assert (decision.task is None) == is_date
    assert is_date == ("holds dates, written as numbers" in decision.reason)


def test_examples_stand_for_values_that_were_not_counted(column):
    days = column(
        "d", "integer", n_distinct=3000, minimum=20100101, maximum=20191231,
        examples=["20100105", "20110228", "20120229", "20150630", "20181130"],
    )  # fmt: skip
    persons = column("user_id", "decimal", n_distinct=3000, examples=["17.0", "4.0"])

    assert "holds dates" in detect_task(days, n_rows=9000).reason
    assert "named like an identifier" in detect_task(persons, n_rows=9000).reason


def test_text_that_is_a_number_with_a_unit_says_what_to_repair(column):
    counts = {f"{i} kg": 3 for i in range(101)}

    decision = detect_task(column("weight", counts=counts), n_rows=303)

    assert decision.task is None
    assert "If they are numbers, write them without units and words (not '0 kg')" in decision.reason


@pytest.mark.parametrize(
    ("storage", "kind", "n_distinct", "task"),
    [
        pytest.param("integer", "numeric", 3, "regression", id="codes as numbers"),
        pytest.param("integer", "numeric", 30, "multiclass", id="numbers as classes"),
        pytest.param("integer", "identifier", 90, "regression", id="only named like an identifier"),
        pytest.param("text", "categorical", 2, "binary", id="two words"),
    ],
)
def test_the_user_s_word_settles_what_is_only_doubtful(column, storage, kind, n_distinct, task):
    decision = check_task(column("y", storage, kind, n_distinct=n_distinct), task, n_rows=500)

    assert (decision.task, decision.refusal) == (task, None)


@pytest.mark.parametrize(
    ("storage", "n_distinct", "task", "words"),
    [
        pytest.param("text", 3, "regression", "needs numbers", id="regression on text"),
        pytest.param("boolean", 2, "regression", "yes/no values", id="regression on yes and no"),
        pytest.param("date", 90, "regression", "dates", id="regression on dates"),
        pytest.param("date", 90, "multiclass", "dates", id="classes of dates"),
        pytest.param("text", 3, "binary", "exactly 2", id="three classes are not two"),
        pytest.param("text", 2, "multiclass", "at least 3", id="two classes are not many"),
        pytest.param("integer", 101, "multiclass", "at most 100", id="too many classes"),
        pytest.param("integer", 1, "regression", "the same value", id="constant"),
    ],
)
def test_a_task_that_the_values_cannot_bear_is_refused(column, storage, n_distinct, task, words):
    decision = check_task(column("y", storage, n_distinct=n_distinct), task, n_rows=500)

    assert decision.task is None
    assert decision.refusal is not None
    assert words in decision.refusal.text
