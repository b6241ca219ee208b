"""The data report: readable, self-contained, and deaf to markup in a table."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from automl_core.tabular.profile import profile_table
from automl_core.tabular.report import cell, number, render_eda
from automl_core.tabular.svg import bars

EVIL = '<script>alert("x")</script>'
IMG = "\"><img src=x onerror=alert(1)>'"


class Page(HTMLParser):
    """Elements, attributes and the nesting of a page."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def evil_report(table):
    path, schema = table(
        {
            EVIL: [EVIL, IMG, "c"] * 20,
            f"{IMG}2": [i * 0.37 for i in range(60)],
            "note\u202e\x07": [f"{IMG} and many more words in row {i}" for i in range(60)],
            "y": [IMG, EVIL] * 30,
        }
    )
    return render_eda(profile_table(path, schema, target="y"))


def test_markup_in_names_and_cells_stays_text(evil_report):
    page = Page(evil_report)

    assert page.named("script") == []
    assert page.named("img") == []
    assert [name for _, a in page.elements for name in a if name.startswith("on")] == []
    assert "&lt;script&gt;" in evil_report


def test_control_and_direction_characters_are_left_out(evil_report):
    assert "\u202e" not in evil_report
    assert "\x07" not in evil_report


def test_the_page_loads_nothing_and_forbids_everything(evil_report):
    page = Page(evil_report)

    (policy,) = [
        a["content"] for a in page.named("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert [a for _, a in page.elements if "src" in a] == []
    assert [a["href"] for a in page.named("a") if not (a["href"] or "").startswith("#")] == []
    assert page.named("link") == []
    assert "url(" not in evil_report
    assert "@import" not in evil_report


def test_the_page_is_whole_and_well_nested(evil_report):
    page = Page(evil_report)

    assert evil_report.startswith("<!doctype html>")
    assert (page.open, page.wrong) == ([], [])


def test_every_chart_has_a_title_a_description_and_numbers_beside_it(evil_report):
    page = Page(evil_report)
    charts = [a for a in page.named("svg") if a.get("role") == "img"]

    assert len(charts) >= 2
    assert len(page.named("title")) == 1 + len(charts)
    assert len(page.named("desc")) == len(charts)
    assert len(page.named("details")) == len(charts)


def test_words_are_drawn_with_their_names_and_shares(table):
    path, schema = table({"city": ["Bonn", "Kiel", "Bonn"] * 20, "y": [0.5 * i for i in range(60)]})

    report = render_eda(profile_table(path, schema, target="y"))

    assert '<th scope="row"><bdi>Bonn</bdi></th>' in report
    assert '<td class="n">66.7 %</td>' in report
    assert "14.75 in 40 rows" in report


def test_it_follows_light_and_dark(evil_report):
    assert "color-scheme:light dark" in evil_report
    assert "prefers-color-scheme:dark" in evil_report


def test_it_says_what_each_part_was_computed_on(table):
    path, schema = table({"x": [i * 0.5 for i in range(60)], "y": [i % 3 for i in range(60)]})

    report = render_eda(profile_table(path, schema, target="y"))

    assert "Computed on all 60 rows." in report


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(None, id="no target"),
        pytest.param("x", id="a number"),
        pytest.param("c", id="two classes"),
        pytest.param("k", id="a refused target"),
        pytest.param("d", id="a date"),
    ],
)
def test_every_kind_of_target_is_drawn(table, target):
    path, schema = table(
        {
            "x": [i * 0.5 for i in range(60)],
            "c": ["a", "b", "a"] * 20,
            "k": ["same"] * 60,
            "d": [f"2024-02-{1 + i % 28:02d}" for i in range(60)],
            "e": [None] * 60,
        }
    )

    report = render_eda(profile_table(path, schema, target=target))

    assert ("Target" in report) == (target is not None)


def test_thirty_columns_stay_below_300_kb(table):
    path, schema = table(
        {f"column_{i}": [(j * (i + 1) * 0.617) % 31.7 for j in range(300)] for i in range(30)}
    )

    assert len(render_eda(profile_table(path, schema, target="column_0")).encode()) < 300_000


def test_a_long_cell_is_cut():
    assert len(cell("x" * 5000)) < 250


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (1234567.0, "1,234,567"), (0.00012345, "0.0001234"), (1e20, "1e+20")],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_a_chart_escapes_what_it_is_told():
    drawn = bars([1, 2], title=EVIL, description=IMG)

    assert "<script" not in drawn
    assert "<img" not in drawn


@pytest.mark.parametrize("heights", [[], [0, 0], [5], [-3.0, 2.0]])
def test_a_chart_of_anything_can_be_drawn(heights):
    assert bars(heights, title="t", description="d", lowest=min([0, *heights])).endswith("</svg>")
