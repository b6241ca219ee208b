"""The rule of the time budget: 1.1 budgets and 15 seconds for the whole process."""

from __future__ import annotations

import errno

import pytest

from automl_core.errors import TrainingError, exit_code
from automl_training.__main__ import name_failure
from automl_training.timing import LATER_CELLS_PER_S, LATER_STAGES_S, plan_time


@pytest.mark.parametrize("budget_s", [60, 300, 3600])
@pytest.mark.parametrize("spent_s", [2, 15, 30])
@pytest.mark.parametrize("n_cells", [1_000, 1_300_000])
def test_all_parts_together_keep_the_promise(budget_s, spent_s, n_cells):
    plan = plan_time(budget_s=budget_s, spent_s=spent_s, n_cells=n_cells)

    later_s = LATER_STAGES_S + n_cells / LATER_CELLS_PER_S
    total_s = spent_s + plan.deadline_s + later_s
    assert total_s <= 1.1 * budget_s + 15 + 1e-9
    assert plan.search_s <= plan.deadline_s


def test_a_small_table_gets_its_whole_budget():
    plan = plan_time(budget_s=60, spent_s=2, n_cells=1_000)

    assert (plan.search_s, plan.reason) == (60, "The whole budget.")


def test_a_search_that_is_shortened_says_why():
    plan = plan_time(budget_s=60, spent_s=40, n_cells=0)

    assert plan.search_s < 60
    assert plan.reason.startswith("Reading and profiling took 40 s")


def test_half_of_the_budget_is_searched_whatever_reading_took():
    assert plan_time(budget_s=60, spent_s=1000, n_cells=0).search_s == 30


def test_a_reproducible_search_may_use_all_the_time_there_is():
    plain = plan_time(budget_s=60, spent_s=0, n_cells=0)
    fixed = plan_time(budget_s=60, spent_s=0, n_cells=0, is_reproducible=True)

    assert fixed.deadline_s > plain.deadline_s


@pytest.mark.parametrize(
    ("unexpected", "words"),
    [
        pytest.param(MemoryError(), "more memory", id="out of memory"),
        pytest.param(OSError(errno.ENOSPC, "full"), "more disk", id="disk full"),
        pytest.param(OSError(errno.EROFS, "read-only"), "cannot be written", id="read-only"),
        pytest.param(KeyError("secret cell"), "nobody foresaw", id="a mistake of ours"),
    ],
)
def test_an_unforeseen_error_becomes_advice_without_its_own_text(unexpected, words):
    error = name_failure(unexpected)

    assert isinstance(error, TrainingError)
    assert exit_code(error) == 70
    assert words in error.detail
    assert "secret" not in error.detail
