"""The search: its best model of each family, the ensemble, and every trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from automl_core.tabular.report.parts import Chart, Head, Table, Text
from automl_core.tabular.report.svg import share_bar
from automl_core.tabular.report.words import clean, prose, share, whole
from automl_core.tabular.wording import quantity
from automl_training.reports.plots import Axis, Line, Point, interval_bar, lines
from automl_training.reports.source import ReportSource
from automl_training.reports.words import (
    between,
    block,
    figure,
    items,
    seconds,
    sentence,
    signed,
    two_lines,
)

MAX_TRIALS: Final = 200
"""Trials in the page; a search of an hour makes thousands, and leaderboard.json has all."""
MAX_CONFIG: Final = 160
MAX_STEPS: Final = 60
"""Steps of the best score so far that its table lists."""
_FAR: Final = 4.0
"""A first score so many times further from the best than the next one is off the axis."""

Step = tuple[float, float, str]
"""Seconds, best score from then on, and the family that reached it."""

_KINDS: Final = {
    "bag": "the mean of models of one configuration, each fitted on other rows",
    "ensemble": "a weighted mean of several models",
}


def model_words(source: ReportSource) -> str:
    """What the chosen model is, in words."""
    chosen = block(source.leaderboard, "chosen")
    members = items(chosen, "members")
    title = source.family(str(chosen.get("family", "")))
    if chosen.get("kind") == "ensemble" or chosen.get("family") == "ensemble":
        families = sorted({source.family(str(member.get("family"))) for member in members})
        of = f" of {', '.join(families)}" if families else ""
        return f"Ensemble{of}"
    if chosen.get("kind") == "bag" and len(members) > 1:
        return f"{title}, a bag of {len(members)}"
    return title


def about_choice(source: ReportSource) -> str:
    """How validation scores chose the model, and why they are not the score to expect."""
    board = source.leaderboard
    better = "higher" if board.get("higher_is_better", True) else "lower"
    evaluated = f" by {board['evaluated_on']}" if board.get("evaluated_on") else ""
    kind = _KINDS.get(str(block(board, "chosen").get("kind", "")))
    is_made_of = f" The chosen model is {kind}." if kind else ""
    return (
        f"{quantity(int(board.get('n_trials', 0)), 'trial')} were judged{evaluated}. Validation "
        f"scores ({source.measured_on}, {better} is better) chose the model; they are not the "
        f"score to expect, which stands above.{is_made_of}"
    )


def family_table(source: ReportSource) -> Table | None:
    """The best trial of each family."""
    families = [
        entry for entry in items(source.leaderboard, "families") if entry.get("score") is not None
    ]
    if not families:
        return None
    scores = [float(entry["score"]) for entry in families]
    axis = Axis.over(scores, "", margin=0.15)
    heads = (
        Head("Family"), Head(""), Head("Best validation score", is_number=True),
        Head("Seconds to fit", is_number=True),
    )  # fmt: skip
    rows = [
        (
            two_lines(
                source.family(str(entry.get("family"))),
                quantity(int(entry.get("n_trials") or 0), "trial"),
            ),
            interval_bar(float(entry["score"]), None, None, axis=axis),
            figure(entry["score"]),
            seconds(entry.get("train_seconds")),
        )
        for entry in families
    ]
    return Table("Best trial of each family", heads, rows, "bars")


def rejected(source: ReportSource) -> list[Text]:
    """Models that were passed over, and what else was noted."""
    passed = [
        prose(f"{source.family(str(entry.get('family')))}: {sentence(entry.get('reason', ''))}")
        for entry in items(source.leaderboard, "rejected")
    ]
    notes = [prose(sentence(note)) for note in items(source.leaderboard, "notes")]
    weights = source.leaderboard.get("class_weights")
    if isinstance(weights, str):
        notes.append(prose(sentence(weights)))
    return [*passed, *notes]


# -- Ensemble -------------------------------------------------------------------------


def about_ensemble(source: ReportSource) -> Text:
    """Whether several models are blended, and what that gains."""
    if source.plan.ensemble == "off":
        return "Blending several models was switched off."
    found = block(source.leaderboard, "ensemble")
    if not found:
        return ""
    if not found.get("considered", True):
        return prose(sentence(found.get("reason") or "An ensemble was not considered"))
    gain = found.get("gain")
    interval = between(found.get("gain_low"), found.get("gain_high"))
    measured = (
        ""
        if gain is None
        else f" Blending scores {figure(found.get('score'))} where the best single model scores "
        f"{figure(found.get('best_single_score'))}: a gain of {signed(gain)} (95 % interval "
        f"{interval}), on rows that were not used for its weights."
    )
    verdict = (
        "Several models are blended."
        if found.get("chosen")
        else "One model was enough: no ensemble."
    )
    reason = f" {sentence(found['reason'])}" if found.get("reason") else ""
    return prose(f"{verdict}{measured}{reason}")


def member_table(source: ReportSource) -> Table | None:
    """The members of the chosen model, or of an ensemble that was considered."""
    chosen = block(source.leaderboard, "chosen")
    members = items(chosen, "members") or items(block(source.leaderboard, "ensemble"), "members")
    if len(members) < 2:
        return None
    heads = (
        Head("Member"), Head(""), Head("Weight", is_number=True),
        Head("Validation score", is_number=True),
    )  # fmt: skip
    rows = []
    for member in members:
        weight = member.get("weight")
        trial = member.get("trial_id")
        rows.append(
            (
                two_lines(
                    source.family(str(member.get("family"))),
                    "" if trial is None else f"trial {trial}",
                ),
                share_bar(float(weight or 0.0)),
                "–" if weight is None else share(float(weight)),
                figure(member.get("score")),
            )
        )
    return Table("Members of the model", heads, rows, "bars")


# -- Trials ---------------------------------------------------------------------------


def progress_chart(source: ReportSource) -> Chart | None:
    """The best score so far over the time of the search."""
    board = source.leaderboard
    timed = sorted(
        (float(trial["at_seconds"]), float(trial["score"]), str(trial.get("family", "")))
        for trial in items(board, "trials")
        if trial.get("at_seconds") is not None and trial.get("score") is not None
    )
    if len(timed) < 2:
        return None
    sign = 1.0 if board.get("higher_is_better", True) else -1.0
    better: list[Step] = []
    for at, score, family in timed:
        if not better or sign * score > sign * better[-1][1]:
            better.append((at, score, family))
    begin, is_cut = _begin(better)
    shown = [score for _, score, _ in better[begin:]]
    last = timed[-1][0]
    steps: list[Point] = []
    for i, (at, score, _) in enumerate(better[begin:]):
        if i:
            steps.append((at, shown[i - 1]))
        steps.append((at, score))
    steps.append((last, shown[-1]))
    cut = f" The first {quantity(begin, 'score')} lie beyond the axis." if is_cut else ""
    return Chart(
        lines(
            [Line(steps)],
            x=Axis(0.0, max(last, 1e-3), "seconds of search"),
            y=Axis.over(shown, "best score so far", margin=0.08),
            title="Best score over time",
            description=f"From {figure(better[0][1])} to {figure(better[-1][1])} in "
            f"{quantity(len(better), 'step')}.",
        ),
        Table(
            "Best score over time",
            (Head("Seconds"), Head("Best so far", is_number=True), Head("Family", is_number=True)),
            [
                (seconds(at), figure(score), source.family(family))
                for at, score, family in _thinned(better)
            ],
            "twin",
        ),
        f"Best validation score so far; the last step came after {seconds(better[-1][0])} of "
        f"{seconds(last)} seconds.{cut}",
    )


def _thinned(better: Sequence[Step]) -> Sequence[Step]:
    """Evenly chosen steps with the first and the last; leaderboard.json has every trial."""
    if len(better) <= MAX_STEPS:
        return better
    return [better[round(k * (len(better) - 1) / (MAX_STEPS - 1))] for k in range(MAX_STEPS)]


def _begin(better: Sequence[Step]) -> tuple[int, bool]:
    """Leave out first scores that would flatten all the others."""
    best = better[-1][1]
    begin = 0
    while (
        len(better) - begin > 3
        and abs(better[begin][1] - best) > _FAR * abs(better[begin + 1][1] - best) > 0
    ):
        begin += 1
    return begin, begin > 0


def trial_table(source: ReportSource) -> Table | None:
    """The best trials with their settings."""
    trials = items(source.leaderboard, "trials")[:MAX_TRIALS]
    if not trials:
        return None
    heads = (
        Head("Rank"), Head("Family"), Head("Validation score", is_number=True),
        Head("Seconds", is_number=True), Head("Rows", is_number=True), Head("Settings"),
    )  # fmt: skip
    rows = [
        (
            str(trial.get("rank", "–")),
            source.family(str(trial.get("family"))),
            figure(trial.get("score")),
            seconds(trial.get("train_seconds")),
            "–" if trial.get("sample_rows") is None else whole(trial["sample_rows"]),
            config_words(block(trial, "config")),
        )
        for trial in trials
    ]
    return Table("Trials, best first", heads, rows)


def config_words(config: Mapping[str, Any]) -> str:
    """Settings of a trial on one line.

    >>> config_words({"C": 0.123456, "depth": 3})
    'C 0.1235, depth 3'
    """
    words = ", ".join(
        f"{name} {figure(value) if isinstance(value, float) else value}"
        for name, value in config.items()
    )
    return clean(words, most=MAX_CONFIG)
