"""Charts of the data report: anything can be drawn, and nothing is drawn wrong."""

from __future__ import annotations

import re

import pytest

from automl_core.tabular.report import charts, heat, histogram, svg
from automl_core.tabular.report.distribution import chart_of, top_table

EVIL = '<script>alert("x")</script>'


@pytest.mark.parametrize("counts", [[], [0, 0], [5], [1, 0, 1_000_000]])
def test_a_histogram_of_anything_can_be_drawn(counts):
    drawn = histogram.histogram(counts, title="t", description="d.", labels=["0", "1"])

    assert drawn.startswith('<svg role="img"')
    assert "nan" not in drawn


def test_a_bar_that_exists_is_seen():
    drawn = histogram.histogram([1, 0, 1_000_000], title="t", description="d.", labels=[])

    assert re.findall("V([0-9.]+)h", drawn) == ["82.8", "84", "2"]


def test_the_strip_of_quantiles_lies_on_the_scale_of_the_bars():
    drawn = histogram.histogram(
        [1, 1],
        title="t",
        description="d.",
        labels=["0", "100"],
        scale=histogram.Scale(0, 100, width=100),
        spread=histogram.Spread(-10, 25, 50, 75, 200),
    )

    assert 'class="w" d="M0 95H100"' in drawn
    assert 'class="m" d="M50 ' in drawn


def test_charts_escape_what_they_are_told():
    drawn = [
        histogram.histogram([1], title=EVIL, description=EVIL, labels=[EVIL, EVIL]),
        charts.bins(
            [charts.Bin(1.0)],
            gap=None,
            axis=charts.Axis(0, 1, (EVIL, EVIL)),
            ends=[EVIL],
            is_share=True,
            title=EVIL,
            description=EVIL,
        ),
        charts.class_rows(
            [[1.0]], classes=[EVIL], ends=[EVIL], has_gap=False, title=EVIL, description=EVIL
        ),
        charts.class_grid([[1.0]], classes=[EVIL], levels=[EVIL], title=EVIL, description=EVIL),
        heat.heat_map([EVIL], [[]], words=str, title=EVIL, description=EVIL),
    ]

    assert [text for text in drawn if "<script" in text] == []


@pytest.mark.parametrize("is_share", [True, False], ids=["shares", "means"])
@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="nothing"),
        pytest.param([charts.Bin(0.5)], id="one range"),
        pytest.param([charts.Bin(0.5), charts.Bin(0.5)], id="no difference"),
        pytest.param([charts.Bin(0.0, (0.0, 0.9)), charts.Bin(1.0)], id="a spread"),
    ],
)
@pytest.mark.parametrize("gap", [None, charts.Bin(0.2, (0.0, 1.0))], ids=["whole", "gap"])
def test_a_target_along_anything_can_be_drawn(values, gap, is_share):
    drawn = charts.bins(
        values,
        gap=gap,
        axis=charts.Axis(0.0, 1.0, ("0", "1"), overall=0.4),
        ends=["a", "b"],
        is_share=is_share,
        title="t",
        description="d.",
    )

    assert drawn.endswith("</svg>")
    assert ("missing" in drawn) == (gap is not None)


def test_a_spread_beyond_the_axis_ends_at_the_axis():
    axis = charts.Axis(0.0, 0.1, ("0", "10"))

    assert axis.up(0.9) == axis.up(0.1)


def test_a_negative_association_is_told_by_more_than_its_colour():
    few = [f"c{i}" for i in range(4)]
    many = [f"c{i}" for i in range(30)]

    written = heat.heat_map(
        few, [[-0.5] * i for i in range(4)], words=str, title="t", description="d."
    )
    stroked = heat.heat_map(
        many, [[-0.5] * i for i in range(30)], words=str, title="t", description="d."
    )

    assert ">-0.5</text>" in written
    assert re.search('class="m" d="(M[0-9]+ [0-9]+h[0-9]+)+"', stroked)


def test_a_bar_within_a_table_never_leaves_it():
    assert 'd="M0 0h120v8H0z"' in svg.share_bar(7.5)
    assert 'd="M0 0h0v8H0z"' in svg.share_bar(-1.0)


# -- A column's own chart -------------------------------------------------------------


def column(histogram, *, storage="integer", kind="numeric", **others):
    return {
        "name": "x",
        "storage": storage,
        "kind": kind,
        "histogram": histogram,
        "stats": {"minimum": 0.0, "maximum": 9.0, "quantiles": [], "is_whole": True},
        "top": [],
        "distinct": {"value": 3, "exact": True},
    } | others


def rows_of(chart):
    return [tuple(row) for row in chart.twin.rows]


def bars(edges, counts, **others):
    usual = {"kind": "bars", "n_below": 0, "n_above": 0, "unit": None, "step": None}
    return usual | {"edges": edges, "counts": counts} | others


def test_whole_numbers_are_told_by_the_first_and_last_of_each_bar():
    chart = chart_of(column(bars([0.0, 10.0, 20.0], [3, 4])))

    assert rows_of(chart) == [("0 to 9", "3"), ("10 to 19", "4")]


def test_parts_of_the_calendar_are_told_as_such():
    new_years = [1672531200.0, 1704067200.0, 1735689600.0]

    years = column(bars(new_years, [3, 4], unit="year", step=1), storage="date", kind="datetime")
    halves = column(
        bars([1672531200.0, 1688169600.0, 1704067200.0], [3, 4], unit="month", step=6),
        storage="date",
        kind="datetime",
    )

    assert rows_of(chart_of(years)) == [("2023", "3"), ("2024", "4")]
    assert rows_of(chart_of(halves)) == [
        ("2023-01 to 2023-06", "3"),
        ("2023-07 to 2023-12", "4"),
    ]


def test_rows_that_are_not_drawn_are_told():
    chart = chart_of(column(bars([0.0, 1.5], [3], n_below=2, n_above=1)))

    assert chart.note == "Not drawn: 2 rows below 0 and 1 row above 1.5."
    assert rows_of(chart) == [("below 0, not drawn", "2"), ("0 to 1.5", "3"), (
        "above 1.5, not drawn", "1",
    )]  # fmt: skip


def test_values_far_apart_are_drawn_side_by_side_and_it_says_so():
    near = chart_of(column({"kind": "values", "values": [1.0, 2.0, 5.0], "counts": [1, 2, 3]}))
    far = chart_of(column({"kind": "values", "values": [1.0, 2.0, 5e6], "counts": [1, 2, 3]}))

    assert near.note == ""
    assert "not to scale" in far.note


def test_there_is_no_chart_of_nothing_and_of_one_value():
    assert chart_of(column(None)) is None
    assert chart_of(column({"kind": "values", "values": [], "counts": []})) is None
    assert (
        chart_of(column({"kind": "values", "values": [1.0], "counts": [9]}, kind="constant"))
        is None
    )


def test_values_beyond_the_most_frequent_ones_are_one_row():
    top = [{"value": "a", "rows": 6, "share": 0.6}, {"value": "b", "rows": 1, "share": 0.1}]

    table = top_table(column(None, top=top, distinct={"value": 5, "exact": True}))

    assert [row[0] for row in table.rows] == ["<bdi>a</bdi>", "<bdi>b</bdi>", "3 other values"]
    assert table.rows[-1][2] == "30.0\u00a0%"
