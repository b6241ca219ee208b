"""The page as a whole: every part of the report in the order in which it is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from automl_core.tabular.report import columns as cards
from automl_core.tabular.report import facts, features, house, pairs, sentences, target
from automl_core.tabular.report.words import (
    cell,
    opening,
    prose,
    scope_words,
    share,
    short,
    whole,
)
from automl_core.tabular.wording import quantity

if TYPE_CHECKING:
    from jinja2 import Environment

_MAX_SKIP_LIST: Final = 60
"""Columns up to which the list of links to their cards is open."""


def render_eda(profile: Mapping[str, Any]) -> str:
    """Write the report of a profile.

    Parameters
    ----------
    profile : mapping
        Content of ``profile.json``. ``seconds`` is not read: the same profile gives the
        same page.

    Returns
    -------
    str
        A whole HTML document; it loads nothing and runs nothing.
    """
    style = house.style("automl_core.tabular.report", "eda.css")
    template = _environment().get_template("eda.html")
    return template.render(_view(profile), style=style, policy=house.policy(style))


def _view(profile: Mapping[str, Any]) -> dict[str, Any]:
    by_name = {column["name"]: column for column in profile["columns"]}
    flags = facts.flags(profile)
    with_card, without_card = cards.choose(profile)
    n_rows = profile["rows"]["kept"]
    n_missing = sum(column["missing"]["rows"] for column in profile["columns"])
    n_cells = n_rows * len(by_name)
    missing = n_missing / n_cells if n_cells else 0.0
    block = profile["target"]
    charted = features.feature_cards(block, by_name) if block is not None else []
    return {
        "profile": profile,
        "missing_share": missing,
        "about_table": sentences.about_table(profile, missing),
        "decisions": facts.decisions(profile),
        "notes": facts.reading_notes(profile),
        "verdict": facts.verdict(profile),
        "findings": facts.findings(profile, by_name),
        "target": block,
        "target_card": None
        if block is None
        else cards.card(by_name[block["column"]], findings=(), is_target=True),
        "classes": None if block is None else target.classes_table(block),
        "scores": None if block is None else target.score_tables(block, by_name),
        "features": charted[: features.N_OPEN],
        "more_features": charted[features.N_OPEN :],
        "about_charts": sentences.about_charts(block, len(charted)) if block is not None else "",
        "about_cards": sentences.about_cards(
            len(with_card), len(by_name), has_target=block is not None
        ),
        "skipped": sentences.about_skipped(profile["skipped"]),
        "cards": [
            cards.card(
                column,
                findings=flags.get(column["name"], ()),
                is_target=block is not None and column["name"] == block["column"],
            )
            for column in with_card
        ],
        "skip_list": cards.skip_list(with_card),
        "is_skip_list_open": len(with_card) <= _MAX_SKIP_LIST,
        "plain": cards.plain_table(without_card, flags) if without_card else None,
        "gaps": pairs.gap_table(profile),
        "patterns": pairs.pattern_table(profile["missing_patterns"]),
        "gap_pairs": pairs.gap_pair_table(profile["missing_patterns"], by_name),
        "heat": pairs.heat_chart(profile["associations"]),
        "pairs": pairs.pair_table(profile["associations"], by_name),
        "definitions": facts.definitions(profile),
        "max_scores": target.MAX_SCORES,
        "max_findings": facts.MAX_FINDINGS,
    }


@cache
def _environment() -> Environment:
    environment = house.environment("automl_core.tabular.report")
    environment.filters |= {
        "cell": cell,
        "prose": prose,
        "short": short,
        "whole": whole,
        "share": share,
        "quantity": quantity,
        "scope": scope_words,
        "opening": opening,
        "about_task": sentences.about_task,
        "about_scores": sentences.about_scores,
        "about_features": sentences.about_features,
        "about_pairs": sentences.about_pairs,
        "about_duplicates": sentences.about_duplicates,
    }
    return environment
