"""The training report as a whole: every part in the order in which it is read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from automl_core.tabular.report import house
from automl_core.tabular.report.words import cell, opening, prose, short, whole
from automl_core.tabular.wording import quantity
from automl_training.reports import (
    calling,
    classes,
    curves,
    dependence,
    explained,
    origin,
    residuals,
    scores,
    search,
    verdict,
)
from automl_training.reports.source import ReportSource
from automl_training.reports.words import items

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE: Final = "automl_training.reports"

#: The figures of this page as JSON, beside it in the job's folder, and what each one holds.
TWINS: Final = (
    ("metrics.json", "scores, curves, thresholds, intervals, segments"),
    ("leaderboard.json", "every trial, the best of each family, the ensemble"),
    ("explanations.json", "importances, Shapley values, partial dependence"),
    ("parity.json", "the proof of the exported model"),
    ("plan.json", "what was decided before the search, and why"),
)


def render_report(source: ReportSource) -> str:
    """Write ``report.html``: one file that loads nothing and runs nothing.

    Every text of the data (names, labels, reasons) is escaped. Documents of earlier versions
    are drawn as far as they go.
    """
    style = house.style(_PACKAGE, "report.css")
    template = _environment().get_template("report.html")
    return template.render(_view(source), style=style, policy=house.policy(style))


def _view(source: ReportSource) -> dict[str, Any]:
    plan = source.plan
    return {
        "plan": plan,
        "job_id": source.job_id,
        "dataset_name": source.dataset_name,
        "made_at": source.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        "task_words": origin.task_words(source),
        "model": search.model_words(source),
        "n_columns": len(source.encoder_columns),
        "twins": TWINS,
        # Verdict and scores.
        "verdict": verdict.verdict(source),
        "tiles": verdict.tiles(source),
        "warnings": verdict.warnings(source),
        "scores": scores.score_table(source),
        "about_scores": scores.about_scores(source),
        "undefined_scores": scores.undefined_scores(source),
        **_errors(source),
        **_search(source),
        **_explained(source),
        # What was done, and how to do it again.
        "decisions": origin.decisions(source),
        "dropped": origin.dropped_table(source),
        "features": origin.feature_table(source),
        "split": origin.split_facts(source),
        "data": origin.data_facts(source),
        "parity": origin.parity_text(source.parity),
        "parity_table": origin.parity_table(source.parity),
        "calls": calling.calls(source),
        "is_local": calling.is_local(source),
        "expected": calling.expected(source),
        "n_left_out": calling.n_left_out(source),
        "native": source.manifest.get("native") or None,
        "command": origin.command(source),
        "settings": origin.settings(source),
        "stages": origin.stage_table(source),
    }


def _errors(source: ReportSource) -> dict[str, Any]:
    """Where the model is right and where it errs."""
    return {
        "charts": residuals.error_charts(source) if source.is_regression else curves.curves(source),
        "about_calibration": "" if source.is_regression else curves.about_calibration(source),
        "thresholds": curves.threshold_chart(source),
        "chosen_thresholds": curves.chosen_thresholds(source),
        "about_thresholds": curves.about_thresholds(source),
        "confusion": classes.confusion(source),
        "why_no_confusion": classes.why_no_confusion(source),
        "classes": classes.class_tables(source),
        "segments": residuals.segment_table(source),
        "about_segments": residuals.about_segments(source),
        "promises": residuals.about_interval(source)
        if source.is_regression
        else classes.about_label_sets(source),
        "interval_table": residuals.interval_table(source),
        "coverage": residuals.coverage_table(source),
    }


def _search(source: ReportSource) -> dict[str, Any]:
    return {
        "about_choice": search.about_choice(source),
        "families": search.family_table(source),
        "about_ensemble": search.about_ensemble(source),
        "members": search.member_table(source),
        "progress": search.progress_chart(source),
        "trials": search.trial_table(source),
        "n_trials": len(items(source.leaderboard, "trials")),
        "rejected": search.rejected(source),
    }


def _explained(source: ReportSource) -> dict[str, Any]:
    curves_along = dependence.curves_along(source)
    return {
        "importances": explained.importance_bars(source),
        "about_importances": explained.about_importances(source),
        "shapley": explained.shapley_bars(source),
        "about_shapley": explained.about_shapley(source),
        "dependence": curves_along[: dependence.N_OPEN],
        "more_dependence": curves_along[dependence.N_OPEN :],
        "about_dependence": dependence.about_dependence(source),
        "classes_drawn": dependence.classes_drawn(source),
        "groups": explained.groups(source),
        "examples": explained.examples(source),
    }


@cache
def _environment() -> Environment:
    environment = house.environment(_PACKAGE)
    environment.filters |= {
        "cell": cell,
        "prose": prose,
        "short": short,
        "whole": whole,
        "opening": opening,
        "quantity": quantity,
    }
    return environment
