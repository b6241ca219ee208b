"""What the task of a column does not depend on: order, length and spelling of the table."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.tabular.read import scan_table
from automl_core.tabular.target import TaskDecision, detect_task

NAMES = ("y", "visits", "class", "price", "year", "store_id", "group", "score")


def _decide(name: str, cells: list[str]) -> TaskDecision:
    """The task of a column, through the reader; a second column makes it a table."""
    text = f"{name},other\n" + "".join(f"{cell},x\n" for cell in cells)
    schema = scan_table(lambda: io.BytesIO(text.encode()), filename="table.csv").schema
    column = schema.column(name)
    assert column is not None
    return detect_task(column, n_rows=schema.n_rows)


def _cells() -> st.SearchStrategy[list[str]]:
    """Rows of a column of codes, counts, measurements, words or gaps."""
    whole = st.integers(0, 3) | st.integers(0, 14) | st.integers(-5, 300)
    halves = whole.map(lambda value: f"{value / 2}")
    words = st.sampled_from(["good", "bad", "fair", "n/a", "true", "2 kg"])
    return st.one_of(
        *(
            st.lists(cell.map(str) | st.just(""), min_size=25, max_size=120)
            for cell in (whole, halves, words)
        )
    )


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), cells=_cells(), seed=st.integers(0, 9))
def test_the_order_of_rows_does_not_change_the_task(name: str, cells: list[str], seed: int) -> None:
    shuffled = random.Random(seed).sample(cells, len(cells))

    assert _decide(name, shuffled).task == _decide(name, cells).task
    assert _decide(name, sorted(cells)).task == _decide(name, cells).task


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), cells=_cells(), times=st.integers(2, 40))
def test_a_repeated_table_does_not_change_the_task(name: str, cells: list[str], times: int) -> None:
    once = _decide(name, cells)
    if once.task is None:
        return  # Refused because each value names one row, which a repeated table hides.

    assert _decide(name, cells * times).task == once.task


@pytest.mark.parametrize(
    ("name", "draw", "task"),
    [
        pytest.param("target", lambda r: r.choice([0, 1]), "binary", id="two"),
        pytest.param("target", lambda r: r.randrange(8), "multiclass", id="eight codes"),
        pytest.param("target", lambda r: r.randrange(12), "regression", id="twelve values"),
        pytest.param("target", lambda r: r.randrange(18), "regression", id="eighteen values"),
        pytest.param("age", lambda r: r.randrange(18, 90), "regression", id="ages"),
        pytest.param("class", lambda r: r.randrange(15), "multiclass", id="fifteen classes"),
        pytest.param("rating", lambda r: r.randrange(2, 11) / 2, "regression", id="half stars"),
        pytest.param("price", lambda r: round(r.lognormvariate(3, 1), 2), "regression", id="money"),
        pytest.param("grade", lambda r: r.choice("ABCDEF"), "multiclass", id="letters"),
    ],
)
def test_200_rows_and_40_000_rows_ask_the_same(name, draw, task):
    rng = random.Random(7)
    cells = [str(draw(rng)) for _ in range(40_000)]

    assert [_decide(name, cells[:n]).task for n in (200, 2_000, 40_000)] == [task] * 3
