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
        pytest.param("integer", spread(19, 50), 950, ("multiclass", "medium"), id="19 that repeat"),
        pytest.param("integer", spread(20, 50), 1000, ("regression", "high"), id="twenty numbers"),
        pytest.param(
            "decimal", spread(15, 100, step=0.5), 1500, ("regression", "low"), id="few halves"
        ),
        pytest.param(
            "decimal", spread(5, 100, step=0.5), 500, ("regression", "low"), id="five halves"
        ),
    ],
)
def test_the_counts_of_values_decide_the_task(column, storage, counts, n_rows, expected):
    decision = detect_task(column("y", storage, counts=counts), n_rows=n_rows)

    assert (decision.task, decision.confidence) == expected
    assert decision.refusal is None
    assert decision.reason.endswith(".")


@pytest.mark.parametrize(
    ("name", "minimum", "maximum", "task"),
    [
        pytest.param("grade", 1, 15, "multiclass", id="codes from one"),
        pytest.param("doctor_visits", 1, 15, "regression", id="named like a quantity"),
        pytest.param("roomCount", 1, 15, "regression", id="a quantity in camel case"),
        pytest.param("country_stage", 1, 15, "multiclass", id="quantity words inside others"),
        pytest.param("events", 0, 14, "regression", id="from nought without a gap"),
        pytest.param("code", 0, 40, "multiclass", id="from nought with gaps"),
    ],
)
def test_few_repeating_numbers_are_classes_unless_they_count(column, name, minimum, maximum, task):
    numbers = column(name, "integer", counts=spread(15, 100), minimum=minimum, maximum=maximum)

    assert detect_task(numbers, n_rows=1500).task == task


def test_many_numbers_are_a_regression_although_their_values_were_not_counted(column):
    bikers = column("bikers", "integer", n_distinct=585)

    decision = detect_task(bikers, n_rows=8645)

    assert (decision.task, decision.confidence) == ("regression", "high")
    assert decision.reason == "It has 585 different numbers in 8,645 rows."


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
