"""The model card: the headings of Mitchell et al., filled with what the job measured."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from automl_training.reports import render_model_card

# Test folders are no packages (importmode=importlib), so a neighbour is loaded by its path.
_SPEC = importlib.util.spec_from_file_location(
    "report_source", Path(__file__).with_name("report_source.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
made = importlib.util.module_from_spec(_SPEC)
sys.modules["report_source"] = made
_SPEC.loader.exec_module(made)

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`|**_x_** {{7*7}}"
TASKS = pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])


@TASKS
@pytest.mark.parametrize("make", [made.make_source, made.bare_source], ids=["whole", "bare"])
def test_the_card_has_every_heading_with_something_below_it(task, make):
    card = render_model_card(make(task))
    headings = [line for line in card.splitlines() if line.startswith("#")]

    assert headings == [
        "# Model card: yield",
        "## Model details",
        "## Intended use",
        "## Factors",
        "## Metrics",
        "## Evaluation data",
        "## Training data",
        "## Quantitative analyses",
        "## Ethical considerations",
        "## Caveats and recommendations",
    ]
    assert all(len(part.split("\n", 1)[1].strip()) > 20 for part in card.split("\n## ")[1:])
    assert "\n\n\n" not in card


def test_the_card_gives_each_score_with_interval_and_baseline():
    card = render_model_card(made.make_source("regression"))

    assert "| root mean squared error | 523.4 | 492.2 to 554.6 | 1803 |" in card


def test_the_card_shows_names_of_the_data_as_they_are():
    card = render_model_card(made.make_source(text=EVIL))

    assert "<script>" not in card
    assert "\\<script\\>" in card
    assert "&lt;" not in card


def test_the_card_of_a_useless_model_says_so():
    card = render_model_card(made.useless_source())

    assert card.splitlines()[2].startswith("**Do not deploy it as it stands.**")
    assert "it could not be told from guessing" in card


def test_the_card_repeats_the_warnings():
    assert "- The holdout has only 8 rows" in (render_model_card(made.make_source(n_holdout=8)))


def test_the_card_tells_how_rows_were_set_apart():
    card = render_model_card(made.time_source())

    assert "later than the training rows by column signed_up" in card
    assert "Groups of column household are never on both sides" in card
