"""The training report: verdict first, then everything that a job found out."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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
EVIL = made.EVIL
TASKS = pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])


# -- Verdict --------------------------------------------------------------------------


@TASKS
def test_the_verdict_with_number_interval_and_baseline_comes_first(task):
    source = made.make_source(task)
    html = render_report(source)
    first = html[: html.index('id="scores"')]

    assert "Worth deploying." in first
    assert source.metrics["verdict"] in first
    assert "95 % interval" in first
    assert "Guessing" in first


def test_a_score_stands_with_its_interval_beside_the_baseline():
    source = made.make_source("regression")
    source.metrics["scores"]["rmse"] = {"value": 0.5, "low": 0.4, "high": 0.6}
    source.metrics["baseline"]["scores"]["rmse"] = 2.0

    assert "Root mean squared errorlower is better0.50.4 to 0.62" in text_of(source)


def test_a_model_no_better_than_guessing_is_not_recommended():
    html = render_report(made.useless_source())

    assert '<div class="verdict bad"><p class="headline">Do not deploy it as it stands.' in html


def test_a_leak_is_named_with_what_to_do():
    text = text_of(changed(made.useless_source(), "metrics", is_worth_deploying=True))

    assert "Better than guessing, but read the first warning before deploying it." in text
    assert "Column 'closed_at' alone holds 98 % of the improvement." in text
    assert "exclude it and train again" in text


def test_a_finding_of_leakage_before_the_search_is_serious():
    source = made.make_source()
    note = source.plan.warnings[0].model_copy(update={"code": "leakage-formula"})
    html = render_report(replace(source, plan=source.plan.model_copy(update={"warnings": [note]})))

    assert "Better than guessing, but read the first warning before deploying it." in html
    assert '<li class="high"><p class="level">Serious</p>' in html


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"n_rows": 40}, "The holdout has only 40 rows"),
        ({"calibration_error": 0.083}, "Its probabilities are 8.3 percentage points off"),
        (
            {"label_set": {"coverage": 0.9, "measured": {"coverage": 0.8, "high": 0.85}}},
            "The label sets hold the truth for 80.0 % of the holdout rows, where 90 % are promised",
        ),
        (
            {"scores": {"roc_auc": {"value": 1.0, "low": 1.0, "high": 1.0}}},
            "An interval without width",
        ),
    ],
    ids=["few rows", "probabilities are off", "too little coverage", "interval without width"],
)
def test_what_limits_the_model_is_said_below_the_verdict(part, words):
    source = made.make_source()
    assert words not in text_of(source)

    assert words in text_of(changed(source, "metrics", **part))


def test_warnings_of_the_plan_and_notes_of_the_split_are_repeated():
    text = text_of(made.make_source())

    assert "Few of yield." in text
    assert "Note on yield." in text


def test_what_is_not_defined_is_said_and_not_shown_as_a_number():
    source = made.make_source()
    source.metrics["scores"]["roc_auc"] = {
        "value": None, "low": None, "high": None, "reason": "only one class is there.",
    }  # fmt: skip

    assert "ROC AUC: Only one class is there." in text_of(source)


# -- Where it errs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "headings"),
    [
        ("binary", ["ROC curve", "Precision and recall", "Calibration", "Where to draw the line",
                    "Confusion of classes", "Each class", "By segment"]),
        ("multiclass", ["Calibration", "Confusion of classes", "Most often taken for each other",
                        "Each class", "By segment"]),
        ("regression", ["Predicted against actual", "Errors", "By segment",
                        "Promised and measured", "Range by predicted value"]),
    ],
    ids=["binary", "multiclass", "regression"],
)  # fmt: skip
def test_each_task_has_its_own_pictures_of_errors(task, headings):
    html = render_report(made.make_source(task))

    assert [each for each in headings if f">{each}</h3>" not in html] == []


def test_tuned_thresholds_stand_beside_the_label_with_their_scores():
    text = text_of(made.make_source())

    assert "Threshold0.5: the label0.412: highest F10.301: highest balanced accuracy" in text
    assert "highest balanced accuracy and Youden's J" in text
    assert "Tuned on the answers that 3,200 training rows got" in text


@pytest.mark.parametrize(
    ("n_classes", "is_drawn", "is_told"),
    [(3, False, False), (20, True, False), (60, False, True)],
    ids=["as a table", "as a map", "not at all"],
)
def test_the_confusion_is_shown_as_the_number_of_classes_allows(n_classes, is_drawn, is_told):
    html = render_report(made.make_source("multiclass", n_classes=n_classes))

    assert ("<title>Confusion of classes</title>" in html) == is_drawn
    assert ("The confusion of classes is not shown: 60 classes; shown up to 50." in html) == is_told


def test_coverage_is_measured_beside_the_promise():
    assert "Holds the actual value90.5 %88.4 % to 92.5 %90 %" in (
        text_of(made.make_source("regression")).replace("\u00a0", " ")
    )
    assert "Holds the actual class89.3 %87.0 % to 91.0 %90 %" in (
        text_of(made.make_source()).replace("\u00a0", " ")
    )


def test_a_search_for_segments_that_found_none_says_so():
    source = changed(made.make_source(), "metrics", segments=[])

    assert "No group of holdout rows differs from the others" in text_of(source)


# -- Leaderboard ----------------------------------------------------------------------


def test_the_report_says_why_the_search_ended():
    source = changed(
        made.make_source(), "leaderboard", stopped_because="nothing had improved for 24 seconds"
    )

    assert "It ended because nothing had improved for 24 seconds." in text_of(source)


def test_an_ensemble_shows_its_members_and_what_it_gains():
    text = text_of(made.ensemble_source()).replace("\u00a0", " ")

    assert "Model: Ensemble of Extra trees, LightGBM, Linear model" in text
    assert "LightGBMtrial 1256.0 %531" in text
    assert "a gain of +12 (95 % interval 4.1 to 20.2)" in text


def test_an_ensemble_that_gains_nothing_is_said_to_be_left_out():
    assert "One model was enough: no ensemble." in text_of(made.make_source())


def test_an_ensemble_that_was_not_wanted_is_not_discussed():
    source = made.make_source()
    source = replace(source, plan=source.plan.model_copy(update={"ensemble": "off"}))

    assert "Blending several models was switched off." in text_of(source)


def test_of_very_many_trials_the_best_are_listed():
    source = made.make_source()
    board = made.make_leaderboard(source.plan, "yield", n_trials=3000)

    assert "Show the best 200 of 3,000 trials" in text_of(replace(source, leaderboard=board))


def test_the_best_score_over_time_only_gets_better():
    source = changed(
        made.make_source("regression"), "leaderboard",
        trials=[
            {"family": "linear", "score": score, "at_seconds": at}
            for at, score in [(3.0, 12.0), (1.0, 20.0), (2.0, 25.0), (4.0, 11.0)]
        ],
    )  # fmt: skip
    html = render_report(source)
    (twin,) = re.findall("<caption>Best score over time</caption>.*?</table>", html, re.DOTALL)

    assert re.findall("<td>([0-9.]+)</td>", twin) == ["20", "12", "11"]


# -- What matters ---------------------------------------------------------------------


def test_an_importance_stands_with_its_interval():
    source = made.make_source("regression")
    source.explanations["features"] = [
        {"name": "tenure", "importance": 4.0, "std": 0.5, "low": 3.0, "high": 5.0}
    ]

    assert "tenure43 to 5" in text_of(source)


def test_importances_of_earlier_jobs_get_an_interval_from_their_spread():
    source = made.make_source()
    source.explanations["features"] = [{"name": "tenure", "importance": 4.0, "std": 0.5}]
    source.explanations["n_repeats"] = 4

    assert "tenure43.51 to 4.49" in text_of(source)


def test_classes_share_a_chart_of_dependence_and_missing_values_are_told():
    html = render_report(made.make_source("multiclass", n_columns=4))

    assert html.count("<title>Prediction along tenure</title>") == 0
    assert html.count("<title>Prediction along contract</title>") == 1
    assert "and dots: " in html
    assert "Where it is missing: " in html


def test_an_example_adds_up_its_less_important_columns():
    text = text_of(made.make_source("regression", n_columns=12))

    assert "A typical row" in text
    assert "4 other columns" in text


def test_all_bars_of_a_table_begin_at_one_zero():
    source = made.make_source()
    source.explanations["features"] = [
        {"name": "a", "importance": 3.0, "std": 0.1, "low": 2.0, "high": 4.0},
        {"name": "b", "importance": 0.1, "std": 0.1, "low": -1.0, "high": 1.0},
    ]
    html = render_report(source)
    (table,) = re.findall(
        "<caption>Importance of each column</caption>.*?</table>", html, re.DOTALL
    )

    assert re.findall('<path class="b" d="M([0-9.]+) ', table) == ["24", "24"]


def test_columns_that_tell_the_same_are_named():
    assert "“yield” and another tell the same." in text_of(made.make_source())


def test_a_report_without_importances_says_so():
    source = replace(made.make_source(), explanations={})

    assert "No column was measured." in text_of(source)


# -- Decisions, proof, calls ----------------------------------------------------------


def test_what_was_dropped_stands_with_the_reason():
    text = text_of(made.make_source())

    assert "2 columns left out" in text
    assert "customer_ididentifierEvery row has its own." in text


@pytest.mark.parametrize(
    ("task", "row", "other"),
    [
        ("binary", "Answers that changed", "Largest relative difference of a value"),
        ("regression", "Largest relative difference of a value", "Answers that changed"),
    ],
)
def test_the_proof_has_no_row_that_its_task_cannot_fill(task, row, other):
    text = text_of(made.make_source(task))

    assert row in text
    assert other not in text


def calls_of(source: Any) -> list[str]:
    from html import unescape

    return [unescape(code) for code in re.findall("<pre[^>]*><code>(.*?)</code></pre>",
                                                  render_report(source), re.DOTALL)]  # fmt: skip


@pytest.mark.parametrize("text", ["churned", EVIL, 'a"b\\c\n$x `y`'], ids=["plain", "evil", "odd"])
def test_the_calls_send_the_example_row_as_it_is(text):
    source = made.make_source(text=text)
    row = source.manifest["probes"]["rows"][0]
    curl, javascript, python, *_ = calls_of(source)

    assert json.loads(curl.split("<<'JSON'\n")[1].removesuffix("\nJSON")) == {"features": row}
    names: dict[str, Any] = {}
    exec(python[python.index("row = ") : python.index("predictions, ")], names)
    assert names["row"] == row
    body = javascript.split("JSON.stringify(")[1].split("),\n})")[0]
    assert json.loads(body) == {"features": row}


def test_a_job_without_a_platform_is_called_from_its_bundle():
    source = replace(made.make_source(), job_id="local-0123456789abcdef")

    assert calls_of(source)[0].startswith("# Needs numpy and onnxruntime only.")
    assert "JOB_ID stands for a job of one" in text_of(source)
    assert "local-" not in "".join(calls_of(source))


def test_the_call_of_a_wide_table_has_the_columns_that_matter():
    source = made.make_source(n_columns=40)
    curl = calls_of(source)[0]

    assert len(json.loads(curl.split("<<'JSON'\n")[1].removesuffix("\nJSON"))["features"]) == 12
    assert "28 less important columns are left out here" in text_of(source)


def test_the_expected_answer_stands_beside_the_call():
    assert "For this row the model answers 3671." in text_of(made.make_source("regression"))


def test_the_command_repeats_every_option():
    source = made.time_source()
    plan = source.plan.model_copy(update={"reproducible": True, "weight_column": "it's"})
    command = calls_of(replace(source, plan=plan))[-1]

    assert command.replace(" \\\n ", "") == (
        "automl train yield.csv --target yield --task regression --metric rmse --time-budget 60 "
        "--seed 7 --time-column signed_up --group-column household --weight-column "
        "'it'\"'\"'s' --test-size 0.2 --missing auto --families "
        "lightgbm,xgboost,extra_trees,linear --reproducible --out again"
    )
