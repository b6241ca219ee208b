"""The page of the training report: harmless, whole, readable, and drawn for every job."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from automl_core.tabular.report.palette import LIGHT
from automl_training.reports import render_report

# Test folders are no packages (importmode=importlib), so a neighbour is loaded by its path.
_SPEC = importlib.util.spec_from_file_location(
    "report_source", Path(__file__).with_name("report_source.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
made = importlib.util.module_from_spec(_SPEC)
sys.modules["report_source"] = made
_SPEC.loader.exec_module(made)

text_of = made.text_of
changed = made.changed
html_of = made.html_of
page_of = made.page_of
Page = made.Page
EVIL = made.EVIL
TASKS = pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
EVERY_JOB = pytest.mark.parametrize("job", made.JOBS)


# -- Harmless -------------------------------------------------------------------------


@TASKS
def test_names_and_labels_of_the_data_become_no_markup(task):
    clean = Page(render_report(made.make_source(task)))
    evil = Page(render_report(made.make_source(task, text=EVIL)))

    assert sorted(set(evil.tags)) == sorted(set(clean.tags))
    assert {name for name, _ in evil.attributes} == {name for name, _ in clean.attributes}
    assert (evil.open, evil.wrong) == ([], [])
    assert EVIL in evil.text


@EVERY_JOB
def test_the_page_loads_nothing_and_runs_nothing(job):
    html, page = html_of(job), page_of(job)
    addresses = [value for name, value in page.attributes if name == "href"]
    files = {"metrics.json", "leaderboard.json", "explanations.json", "parity.json", "plan.json"}

    assert not {"script", "link", "img", "iframe", "object", "form", "use"} & set(page.tags)
    assert not [n for n, _ in page.attributes if n.startswith("on") or n in {"src", "style"}]
    assert {href for href in addresses if not href.startswith("#")} == files
    assert "url(" not in html


@EVERY_JOB
def test_the_policy_allows_this_style_sheet_and_nothing_else(job):
    html = html_of(job)
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert (
        "content",
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    ) in page_of(job).attributes


def test_a_name_of_ten_thousand_letters_does_not_fill_the_page():
    words = text_of(made.make_source(text="n" * 10_000)).split("To repeat it")[0]

    assert max(map(len, re.findall("n{41,}", words))) <= 200


# -- Whole, and readable for everybody ------------------------------------------------


@EVERY_JOB
def test_the_page_is_whole_and_well_nested(job):
    html, page = html_of(job), page_of(job)

    assert html.startswith("<!doctype html>")
    assert (page.open, page.wrong) == ([], [])
    assert page.tags.count("main") == page.tags.count("h1") == 1


@EVERY_JOB
def test_identifiers_are_unique_and_links_within_lead_somewhere(job):
    attributes = page_of(job).attributes
    ids = [value for name, value in attributes if name == "id"]
    anchors = {v[1:] for n, v in attributes if n == "href" and v.startswith("#")}

    assert len(ids) == len(set(ids))
    assert anchors <= set(ids)


@EVERY_JOB
def test_no_figure_is_missing_its_words(job):
    text = " ".join(page_of(job).text.split())

    assert not re.search(
        r"\b(nan|inf|None|True|False(?! alarm)|undefined|Markup)\b", text.split("curl")[0]
    )


@EVERY_JOB
def test_each_chart_has_a_title_a_description_and_a_table(job):
    html = html_of(job)
    charts = re.findall(r'<svg role="img"[^>]*>(.*?)</svg>', html, re.DOTALL)
    figures = re.findall(r"<figure[^>]*>(.*?)</figure>", html, re.DOTALL)

    assert all(re.match("<title>[^<]+</title><desc>[^<]+</desc>", chart) for chart in charts)
    assert len(figures) == len(charts)
    assert all("<summary>Show as table</summary>" in each and "<table" in each for each in figures)


@EVERY_JOB
def test_each_table_says_what_it_is_and_what_its_rows_are(job):
    html = html_of(job)

    assert html.count("<table") == html.count("<caption>")
    rows = re.findall(r"<tr>(<th scope=\"row\">)?", html.replace("<thead><tr>", "<thead>"))
    assert all(rows)


def test_the_style_sheet_has_no_colour_of_its_own():
    css = resources.files("automl_training.reports").joinpath("report.css").read_text("utf-8")

    assert set(re.findall(r"var\(--([a-z]+)\)", css)) <= set(LIGHT)
    assert re.findall("#[0-9a-fA-F]{3,8}", css) == []


def test_thirty_columns_fit_in_half_a_megabyte():
    source = made.make_source(n_columns=30)
    board = made.make_leaderboard(source.plan, "yield", n_trials=3000)

    assert len(render_report(replace(source, leaderboard=board)).encode()) < 500_000


def test_the_same_job_gives_the_same_page():
    assert render_report(made.make_source()) == render_report(made.make_source())


# -- Earlier versions -----------------------------------------------------------------


@TASKS
@pytest.mark.parametrize(
    "document", ["metrics", "leaderboard", "explanations", "parity", "manifest"]
)
def test_a_part_that_is_missing_leaves_the_others_as_they_are(task, document):
    source = made.make_source(task, n_columns=3)

    for name in getattr(source, document):
        parts = {key: value for key, value in getattr(source, document).items() if key != name}
        html = render_report(replace(source, **{document: parts}))
        assert html.rstrip().endswith("</html>"), name


@TASKS
@pytest.mark.parametrize("document", ["metrics", "leaderboard", "explanations", "manifest"])
def test_a_part_that_is_null_is_left_out(task, document):
    source = made.make_source(task, n_columns=3)

    for name, value in getattr(source, document).items():
        if isinstance(value, list | dict):
            assert "AutoML Lite" in render_report(changed(source, document, **{name: None})), name


@TASKS
def test_a_bare_job_says_what_is_not_there(task):
    text = text_of(made.bare_source(task))

    assert "No curve can be drawn" in text
    assert "are not part of this job's model" in text
    assert "No column was measured." in text
    assert "was not recorded" in text
