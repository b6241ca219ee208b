"""The first thing to read: is the model worth deploying, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from automl_core.tabular.report.parts import Text
from automl_core.tabular.report.words import prose, whole
from automl_core.tabular.wording import quantity
from automl_training.reports.source import ReportSource
from automl_training.reports.words import (
    between,
    block,
    figure,
    items,
    part,
    percent,
    sentence,
)

FEW_ROWS: Final = 100
"""Holdout rows below which an interval of a share is wider than about ± 10 points."""
BADLY_CALIBRATED: Final = 0.05
"""Mean gap between predicted and observed from which a probability misleads a reader."""

TOLERATED: Final = 0.02
"""Coverage may surely be so much less than promised before a reader is warned."""

_LEAKAGE: Final = "leakage-"
"""Codes of findings about columns that may hold the answer."""
_TO_KNOW: Final = ("few-rows", "families-left-out", "rows-set-aside", "target-missing-rows")

Level = Literal["high", "medium", "info"]

LEVEL_WORDS: Final = {"high": "Serious", "medium": "Mind this", "info": "Good to know"}


@dataclass(frozen=True)
class Verdict:
    """Whether to deploy, and the figures it rests on."""

    is_good: bool
    headline: str
    lead: Text


@dataclass(frozen=True)
class Warned:
    """One thing that a reader should know before relying on the model."""

    level: Level
    sentence: Text
    action: Text = ""

    @property
    def words(self) -> str:
        """The level in words; its colour says it a second time."""
        return LEVEL_WORDS[self.level]


def verdict(source: ReportSource) -> Verdict:
    """Say whether the model is worth deploying.

    Jobs of earlier versions only know whether it is better than guessing.
    """
    metrics = source.metrics
    is_better = bool(metrics.get("is_better_than_baseline"))
    is_worth = bool(metrics.get("is_worth_deploying", is_better))
    is_leaky = bool(block(metrics, "leak_check").get("suspicious")) or any(
        note.code.startswith(_LEAKAGE) for note in source.plan.warnings
    )
    if is_worth and is_leaky:
        headline = "Better than guessing, but read the first warning before deploying it."
    elif is_worth:
        headline = "Worth deploying."
    else:
        headline = "Do not deploy it as it stands."
    lead = prose(metrics.get("verdict") or _own_words(source))
    return Verdict(is_worth and not is_leaky, headline, lead)


def _own_words(source: ReportSource) -> str:
    entry = block(block(source.metrics, "scores"), source.plan.metric)
    return f"{source.measured_on} {figure(entry.get('value'))} on the holdout."


def tiles(source: ReportSource) -> list[tuple[str, str]]:
    """The figures of the verdict: score, interval, baseline, rows."""
    name = source.plan.metric
    entry = block(block(source.metrics, "scores"), name)
    guess = block(block(source.metrics, "baseline"), "scores").get(name)
    title = source.measured_on
    return [
        (f"{title[0].upper()}{title[1:]} on the holdout", figure(entry.get("value"))),
        ("95 % interval", between(entry.get("low"), entry.get("high"))),
        ("Guessing", figure(guess)),
        ("Rows in the holdout", whole(source.n_holdout)),
    ]


def warnings(source: ReportSource) -> list[Warned]:
    """Collect what speaks against the model or limits it, most serious first."""
    found = [
        *_leak(source),
        *_parity(source),
        *_rows(source),
        *_probabilities(source),
        *_coverage(source),
        *_of_plan(source),
        *(Warned("info", prose(sentence(note))) for note in items(source.splits, "notes")),
        *_point_intervals(source),
    ]
    order: Sequence[Level] = ("high", "medium", "info")
    return sorted(found, key=lambda item: order.index(item.level))


def _of_plan(source: ReportSource) -> list[Warned]:
    """Warnings from before the search; what may give the answer away is serious."""
    levels: dict[str, Level] = dict.fromkeys(_TO_KNOW, "info")
    return [
        Warned(
            "high" if note.code.startswith(_LEAKAGE) else levels.get(note.code, "medium"),
            prose(sentence(note.text)),
        )
        for note in source.plan.warnings
    ]


def _leak(source: ReportSource) -> list[Warned]:
    check = block(source.metrics, "leak_check")
    if not check.get("suspicious"):
        return []
    reason = str(check.get("reason") or "")
    if not reason or reason in str(source.metrics.get("verdict")):
        reason = f"Column {check.get('column')!r} alone holds nearly everything the model knows"
    return [
        Warned(
            "high",
            prose(sentence(reason)),
            "Find out whether this column is known at the moment of the prediction. If it is not, "
            "exclude it and train again.",
        )
    ]


def _parity(source: ReportSource) -> list[Warned]:
    if source.parity.get("passed", True):
        return []
    return [
        Warned(
            "high",
            "The exported model does not answer as the fitted one does.",
            "Do not deploy it; train again with other families.",
        )
    ]


def _rows(source: ReportSource) -> list[Warned]:
    if source.n_holdout >= FEW_ROWS:
        return []
    return [
        Warned(
            "medium",
            f"The holdout has only {quantity(source.n_holdout, 'row')}: read the intervals, not "
            "the scores.",
            "Scores become surer with more rows.",
        )
    ]


def _probabilities(source: ReportSource) -> list[Warned]:
    gap = source.metrics.get("calibration_error")
    if gap is None or gap < BADLY_CALIBRATED or source.n_holdout < FEW_ROWS:
        return []
    return [
        Warned(
            "medium",
            f"Its probabilities are {100 * gap:.1f} percentage points off on average.",
            "Use them to rank rows; for decisions, check the calibration chart at your threshold.",
        )
    ]


def _coverage(source: ReportSource) -> list[Warned]:
    for name, what in (("interval", "prediction intervals"), ("label_set", "label sets")):
        entry = block(source.metrics, name)
        measured = block(entry, "measured")
        wished, high = entry.get("coverage"), measured.get("high")
        if wished is not None and high is not None and high < wished - TOLERATED:
            return [
                Warned(
                    "medium",
                    f"The {what} hold the truth for {part(measured.get('coverage'))} of the "
                    f"holdout rows, where {percent(wished)} are promised.",
                    "The holdout is not like the training rows; a split by time or by group often "
                    "is not.",
                )
            ]
    return []


def _point_intervals(source: ReportSource) -> list[Warned]:
    scores: Any = block(source.metrics, "scores").values()
    if not any(entry.get("low") is not None and entry["low"] == entry["high"] for entry in scores):
        return []
    return [
        Warned(
            "info",
            "An interval without width means that every resample of these rows scored the same; "
            "it is no promise for other rows.",
        )
    ]
