"""The model card: what the model is, for whom, how good, and when not to trust it.

Headings follow Mitchell et al.: Model Cards for Model Reporting, FAT* 2019; every sentence
is made of what this job measured.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from automl_core.tabular.report import house
from automl_core.tabular.report.words import whole
from automl_core.tabular.wording import join, quantity
from automl_training.reports import classes, explained, origin, residuals, scores, search, verdict
from automl_training.reports.source import ReportSource
from automl_training.reports.words import between, block, figure, items, part, sentence

if TYPE_CHECKING:
    from jinja2 import Environment

#: What Markdown, or HTML inside it, would read as markup (CommonMark 0.31, 2.4); an
#: underscore inside a word is none (6.2).
_MARKUP: Final = re.compile(r"[\\`*\[\]<>#|~&]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_MAX_CLASSES: Final = 10
_N_COLUMNS: Final = 5


def render_model_card(source: ReportSource) -> str:
    """Write ``model_card.md``; texts of the data are escaped for Markdown."""
    return _environment().get_template("model_card.md").render(_view(source)).strip() + "\n"


def escape_markdown(text: object) -> str:
    """Write a text so that Markdown shows it as it is, on one line.

    >>> print(escape_markdown("a|b <b>_x_</b> # bill_length_mm"))
    a\\|b \\<b\\>\\_x\\_\\</b\\> \\# bill_length_mm
    """
    return _MARKUP.sub(r"\\\g<0>", " ".join(str(text).split()))


@cache
def _environment() -> Environment:
    environment = house.environment("automl_training.reports")
    # Markdown has its own filter: an entity would be shown as it stands.
    environment.autoescape = False
    environment.filters |= {"md": escape_markdown, "whole": whole, "quantity": quantity}
    return environment


def _view(source: ReportSource) -> dict[str, Any]:
    plan, metrics = source.plan, source.metrics
    judged = verdict.verdict(source)
    names = [str(name) for name in items(metrics, "classes")]
    names = names or [each.label for each in plan.classes]
    return {
        "plan": plan,
        "source": source,
        "is_regression": source.is_regression,
        "headline": judged.headline,
        "verdict": str(metrics.get("verdict") or "").strip(),
        "model": search.model_words(source),
        "made_at": source.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        "versions": origin.versions_text(source),
        "what": origin.task_words(source),
        "n_classes": len(names),
        "classes": join(names, most=_MAX_CLASSES),
        "n_trials": int(source.leaderboard.get("n_trials", 0)),
        "evaluated_on": source.leaderboard.get("evaluated_on"),
        "errors": _errors(source),
        "about_segments": residuals.about_segments(source),
        "score_rows": _score_rows(source),
        "about_scores": scores.about_scores(source),
        "promises": residuals.about_interval(source)
        if source.is_regression
        else classes.about_label_sets(source),
        "segments": _segments(source),
        "class_rows": _class_rows(source),
        "columns": join(
            [
                str(entry.get("name"))
                for entry in items(source.explanations, "features")[:_N_COLUMNS]
            ],
            most=_N_COLUMNS,
        ),
        "n_columns": len(source.encoder_columns),
        "has_measured_columns": explained.importance_bars(source) is not None,
        "dropped": [f"{column.name} ({column.code.replace('_', ' ')})" for column in plan.dropped],
        "split": sentence(plan.split.reason),
        "warnings": [
            " ".join(_plain(text) for text in (item.sentence, item.action) if text)
            for item in verdict.warnings(source)
        ],
        "is_better": bool(metrics.get("is_better_than_baseline")),
        "gap": metrics.get("calibration_error"),
        "parity": origin.parity_text(source.parity),
        "sha256": source.schema.file.sha256,
    }


def _plain(text: object) -> str:
    """A text of the page without its marks of direction and its entities."""
    return text.striptags() if isinstance(text, Markup) else str(text)


def _score_rows(source: ReportSource) -> list[tuple[str, str, str, str]]:
    guesses = block(block(source.metrics, "baseline"), "scores")
    return [
        (
            source.metric(name),
            figure(entry.get("value")),
            between(entry.get("low"), entry.get("high")),
            figure(guesses.get(name)),
        )
        for name, entry in block(source.metrics, "scores").items()
    ]


def _segments(source: ReportSource) -> list[str]:
    return [
        f"Where {entry.get('column')} {_condition(str(entry.get('segment')))}: "
        f"{source.metric(str(entry.get('metric', 'score')))} {figure(entry.get('score'))} on "
        f"{quantity(int(entry.get('n_rows') or 0), 'row')}; all rows: "
        f"{figure(entry.get('overall'))}."
        for entry in items(source.metrics, "segments")[:6]
    ]


def _condition(segment: str) -> str:
    return segment if segment.startswith("is ") else f"is {segment}"


def _errors(source: ReportSource) -> str:
    """How far predicted values are off."""
    residuals_ = block(source.metrics, "residuals")
    quantiles = block(residuals_, "quantiles")
    low, high = quantiles.get("q05"), quantiles.get("q95")
    median = residuals_.get("median_absolute")
    texts = [] if median is None else [f"Half of the rows are off by less than {figure(median)}."]
    if low is not None and high is not None:
        texts.append(f"Nine in ten errors (actual minus predicted) lie in {between(low, high)}.")
    return " ".join([*texts, "The errors are drawn in report.html."])


def _class_rows(source: ReportSource) -> list[tuple[str, str, str, str]]:
    return [
        (
            str(entry.get("label")),
            whole(entry.get("n_rows") or 0),
            part(entry.get("precision")),
            part(entry.get("recall")),
        )
        for entry in items(source.metrics, "per_class")[: 2 * _MAX_CLASSES]
    ]
