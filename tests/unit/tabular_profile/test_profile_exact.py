"""Every figure of a column, on any table and in each way it may be read, is the plain one."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_core.tabular.parquet_source import ParquetSource
from automl_core.tabular.profile import profile_table
from automl_core.tabular.profile_columns import measure_columns
from automl_core.tabular.row_keys import RowKeys
from automl_core.tabular.sampling import draw_sample

FIRST, LAST = (datetime.fromisoformat(text) for text in ("1677-09-22", "2262-04-11"))
CELLS = {
    "integer": st.integers(-(10**15), 10**15) | st.integers(-3, 3),
    "decimal": st.floats(allow_nan=False) | st.sampled_from([0.5, -0.0, 0.0, 1.5]),
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "datetime": st.datetimes(
        datetime.fromisoformat("1677-09-22"), datetime.fromisoformat("2262-04-11")
    ),
    "boolean": st.sampled_from(["yes", "no"]),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
    | st.sampled_from(["a", "b", "ä", "'\"", "日本"]),
}


@st.composite
def tables(draw):
    """Storage and cells of up to six columns; None is missing."""
    n_rows = draw(st.integers(3, 30))
    columns = {}
    for i in range(draw(st.integers(1, 6))):
        storage = draw(st.sampled_from(sorted(CELLS)))
        cells = draw(
            st.lists(st.none() | CELLS[storage], min_size=n_rows, max_size=n_rows)
            if draw(st.booleans())
            else st.lists(CELLS[storage], min_size=n_rows, max_size=n_rows)
        )
        columns[f'c "{i}"'] = (storage, cells)
    return columns


def plain(storage, cell):
    """A cell as the profile tells it: numbers as float, times as seconds since 1970."""
    if cell is None or storage in {"text", "boolean"}:
        return cell
    if storage == "date":
        return float((cell - date(1970, 1, 1)).days * 86_400)
    if storage == "datetime":
        return (cell.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    return float(cell) + 0.0


def uncounted(schema):
    """The schema of a reader that gave up counting: every column may have many values."""
    columns = [c.model_copy(update={"distinct_is_exact": False}) for c in schema.columns]
    return schema.model_copy(update={"columns": columns})


def figures(profile):
    """The columns without their flags: some findings look at the cells of the sample."""
    return [{**column, "flags": []} for column in profile["columns"]]


def check_column(column, storage, cells):
    values = [plain(storage, cell) for cell in cells if cell is not None]
    finite = [v for v in values if isinstance(v, str) or math.isfinite(v)]
    counted = sorted(Counter(finite).items(), key=lambda item: (-item[1], item[0]))

    assert column["missing"]["rows"] == len(cells) - len(values)
    assert column["distinct"] == {"value": len(counted), "exact": True}
    assert column["infinite"] == len(values) - len(finite)
    wanted = [n for _, n in counted[:10]] if counted and counted[0][1] > 1 else []
    assert [item["rows"] for item in column["top"]] == wanted
    for item, (value, _) in zip(column["top"], counted, strict=False):
        # Six significant digits.
        assert item["value"] == (
            value if isinstance(value, str) else pytest.approx(value, rel=1e-5)
        )
    if storage in {"text", "boolean"}:
        lengths = [len(value) for value in values]
        told = column["lengths"]
        assert (told is None) == (not values)
        if told:
            assert (told["minimum"], told["maximum"]) == (min(lengths), max(lengths))
            assert told["mean"] == pytest.approx(sum(lengths) / len(lengths), rel=1e-5)
    elif finite:
        stats, bars = column["stats"], column["histogram"]
        assert stats["minimum"] == pytest.approx(min(finite), rel=1e-5)
        assert stats["maximum"] == pytest.approx(max(finite), rel=1e-5)
        beside = bars.get("n_below", 0) + bars.get("n_above", 0)
        assert sum(bars["counts"]) + beside == len(finite)
    else:
        assert (column["stats"], column["histogram"]) == (None, None)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(columns=tables())
def test_whole_or_sampled_counted_or_sorted_a_column_s_figures_are_the_plain_ones(typed, columns):
    path, schema = typed(columns)

    whole = profile_table(path, schema, target=None)
    counted = profile_table(path, schema, target=None, sample_rows=2)
    fetched = profile_table(path, uncounted(schema), target=None, sample_rows=2)

    for column, (storage, cells) in zip(whole["columns"], columns.values(), strict=True):
        check_column(column, storage, cells)
    assert figures(counted) == figures(whole)
    assert figures(fetched) == figures(whole)
    rows = list(zip(*([plain(s, c) for c in cells] for s, cells in columns.values()), strict=True))
    repeats = len(rows) - len(set(rows))
    for profile in (whole, counted, fetched):
        assert profile["duplicates"]["rows"] == repeats
        assert profile["missing_patterns"]["patterns"] == whole["missing_patterns"]["patterns"]


@pytest.mark.parametrize("sample_rows", [1_000, 30], ids=["whole", "sampled"])
def test_a_wide_table_s_figures_are_the_plain_ones(typed, sample_rows):
    random = np.random.default_rng(2)
    columns = {}
    for i in range(60):
        columns[f"n{i}"] = ("decimal", [None, *random.normal(size=99).round(1).tolist()])
        columns[f"t{i}"] = ("text", [*random.choice(["a", "bb", "c"], 99).tolist(), None])
    path, schema = typed(columns)

    for given_schema in (schema, uncounted(schema)):
        profile = profile_table(path, given_schema, target=None, sample_rows=sample_rows)
        for column, (storage, cells) in zip(profile["columns"], columns.values(), strict=True):
            check_column(column, storage, cells)


def test_the_most_frequent_of_many_texts_are_exact(typed):
    # Two thousand texts come twice: too many to be asked for one by one.
    texts = [f"w{i:04d}" for i in range(2_100)] * 2 + ["last"] * 5
    path, schema = typed({"t": ("text", texts), "x": ("integer", list(range(4_205)))})

    column = profile_table(path, uncounted(schema), target=None, sample_rows=50)["columns"][0]

    assert [item["value"] for item in column["top"]] == ["last", *(f"w{i:04d}" for i in range(9))]
    assert column["distinct"] == {"value": 2_101, "exact": True}


def test_the_texts_of_a_very_long_table_are_estimated_and_said_to_be(typed):
    texts = [None, *(f"w{i % 700}" for i in range(999))]
    path, schema = typed({"t": ("text", texts)})

    with ParquetSource(path) as source:
        sample = draw_sample(
            source, schema, n_rows=1_000, target=None, task=None, seed=0, wanted=100
        )
        measured = measure_columns(
            source,
            uncounted(schema),
            sample,
            RowKeys(1_000, {}),
            target=None,
            is_over=lambda: False,
            max_exact_rows=500,
        )

    found = measured.details["t"]
    assert found["exact"] is False
    # HyperLogLog is off by a few percent.
    assert found["n_distinct"] == pytest.approx(700, rel=0.15)
    assert (found["n_missing"], found["top"]) == (1, [])
    assert found["lengths"]["maximum"] == 4
    assert measured.uncounted == ["t"]
