"""The training report and the model card: readable, complete, and harmless."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from automl_training.reports import render_model_card, render_report

# Test folders are no packages (importmode=importlib), so a neighbour is loaded by its path.
_SPEC = importlib.util.spec_from_file_location(
    "report_source", Path(__file__).with_name("report_source.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
sys.modules["report_source"] = _MODULE
_SPEC.loader.exec_module(_MODULE)
make_source = _MODULE.make_source

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`|**_x_** {{7*7}}"
TASKS = ["binary", "multiclass", "regression"]


class Page(HTMLParser):
    """Elements, their attributes and the text of a page."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("task", TASKS)
def test_names_and_labels_of_the_data_become_no_markup(task):
    clean = Page(render_report(make_source(task)))
    evil = Page(render_report(make_source(task, text=EVIL)))

    assert sorted(set(evil.tags)) == sorted(set(clean.tags))
    assert {name for name, _ in evil.attributes} == {name for name, _ in clean.attributes}
    assert EVIL in evil.text


@pytest.mark.parametrize("task", TASKS)
def test_the_page_loads_nothing_and_runs_nothing(task):
    page = Page(render_report(make_source(task)))

    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    ) in page.attributes


@pytest.mark.parametrize("task", TASKS)
def test_every_element_is_closed(task):
    assert Page(render_report(make_source(task))).open == []


@pytest.mark.parametrize(
    ("task", "titles"),
    [
        ("binary", ["ROC curve", "Precision and recall", "Calibration"]),
        ("multiclass", ["Calibration"]),
        ("regression", ["Predicted against actual", "Errors"]),
    ],
)
def test_each_chart_has_a_title_a_description_and_a_table(task, titles):
    html = render_report(make_source(task))
    page = Page(html)

    n_charts = len(titles) + 1  # the importances
    assert all(f"<title>{title}</title>" in html for title in titles)
    assert page.tags.count("svg") == page.tags.count("desc") == n_charts
    assert page.tags.count("details") == n_charts


def test_the_verdict_comes_before_any_table():
    html = render_report(make_source())

    assert html.index("Better than guessing by") < html.index("<table>")


def test_a_score_stands_with_its_interval_beside_the_baseline():
    source = make_source("regression")
    source.metrics["scores"]["rmse"] = {"value": 0.5, "low": 0.4, "high": 0.6}
    source.metrics["baseline"]["scores"]["rmse"] = 2.0

    text = Page(render_report(source)).text

    assert "root mean squared error0.50.4 to 0.62lower" in text


def test_what_is_not_defined_is_said_and_not_shown_as_a_number():
    source = make_source()
    source.metrics["scores"]["roc_auc"] = {
        "value": None, "low": None, "high": None, "reason": "only one class is there.",
    }  # fmt: skip

    text = Page(render_report(source)).text

    assert "ROC AUC: only one class is there." in text
    assert "nan" not in text.lower().replace("finance", "")


def test_a_model_no_better_than_guessing_is_not_marked_good():
    source = make_source()
    source.metrics["is_better_than_baseline"] = False

    html = render_report(source)

    assert '<section class="verdict"' in html
    assert "could not be told from guessing" in render_model_card(source)


def test_too_many_classes_for_a_matrix_leave_its_reason():
    source = make_source("multiclass")
    source.metrics["confusion"] = {"labels": [], "matrix": None, "reason": "80 classes."}

    assert "The confusion of classes is not shown: 80 classes." in Page(render_report(source)).text


def test_a_report_without_importances_says_so():
    source = make_source()
    source = dataclasses.replace(source, explanations={**source.explanations, "features": []})

    assert "No column was measured." in Page(render_report(source)).text


def test_the_report_says_why_the_search_ended():
    source = make_source()
    source.leaderboard["stopped_because"] = "nothing had improved for 24 seconds"

    assert "The search ended because nothing had improved for 24 seconds." in (
        Page(render_report(source)).text
    )


def test_an_interval_without_width_is_explained():
    source = make_source()
    note = "An interval without width"
    source.metrics["scores"] = {"roc_auc": {"value": 0.9, "low": 0.8, "high": 0.95}}
    assert note not in Page(render_report(source)).text

    source.metrics["scores"]["roc_auc"] = {"value": 1.0, "low": 1.0, "high": 1.0}
    assert note in Page(render_report(source)).text


@pytest.mark.parametrize(
    ("task", "row", "other"),
    [
        ("binary", "Answers that changed", "Largest relative difference of a value"),
        ("regression", "Largest relative difference of a value", "Answers that changed"),
    ],
)
def test_the_proof_has_no_row_that_its_task_cannot_fill(task, row, other):
    text = Page(render_report(make_source(task))).text

    assert row in text
    assert other not in text


@pytest.mark.parametrize("task", TASKS)
def test_the_model_card_says_what_how_good_and_when_not(task):
    card = render_model_card(make_source(task))

    headings = [line for line in card.splitlines() if line.startswith("#")]
    assert headings == [
        "# Model card: yield",
        "## What it does",
        "## How good it is",
        "## What it learned from",
        "## When not to trust it",
        "## Proof and origin",
    ]


def test_the_model_card_shows_names_of_the_data_as_they_are():
    card = render_model_card(make_source(text=EVIL))

    assert "<script>" not in card
    assert "\\<script\\>" in card
    assert "\n\n\n" not in card
