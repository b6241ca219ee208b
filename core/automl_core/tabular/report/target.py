"""The target: its classes, and what single columns tell about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from automl_core.tabular.report import svg
from automl_core.tabular.report.columns import link_to
from automl_core.tabular.report.parts import Head, Table, Text
from automl_core.tabular.report.words import (
    measure_words,
    score,
    share,
    short,
    value_text,
    whole,
)

N_SCORES: Final = 20
MAX_SCORES: Final = 200
_MAX_CLASSES: Final = 40


def classes_table(target: Mapping[str, Any]) -> Table | None:
    """The classes with their rows, most frequent first."""
    classes = target["classes"]
    if not classes:
        return None
    rows: list[Sequence[Text]] = [
        (
            value_text(item["label"]),
            svg.share_bar(item["share"]),
            share(item["share"]),
            whole(item["rows"]),
        )
        for item in classes[:_MAX_CLASSES]
    ]
    others = classes[_MAX_CLASSES:]
    if others:
        part = sum(item["share"] for item in others)
        rows.append(
            (
                f"{len(others):,} more classes" if len(others) > 1 else "1 more class",
                svg.share_bar(part),
                share(part),
                whole(sum(item["rows"] for item in others)),
            )
        )
    heads = (Head("Class"), Head(""), Head("Share", is_number=True), Head("Rows", is_number=True))
    return Table(f"Classes of {short(target['column'])}", heads, rows, "bars")


# -- Scores ---------------------------------------------------------------------------


def score_tables(
    target: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]
) -> tuple[Table, Table | None] | None:
    """Columns by what each tells about the target alone: the best, then the others."""
    scores = target["scores"]
    if not scores:
        return None
    first = _score_table(scores[:N_SCORES], target, columns)
    others = scores[N_SCORES:MAX_SCORES]
    return first, _score_table(others, target, columns) if others else None


def _score_table(
    scores: Sequence[Mapping[str, Any]],
    target: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, Any]],
) -> Table:
    measure = target["measure"]
    chance = 0.5 if measure == "roc_auc" else 0.0
    return Table(
        caption=f"What single columns tell about {short(target['column'])}",
        heads=(Head("Column"), Head(""), Head(measure_words(measure), is_number=True)),
        rows=[
            (
                link_to(columns[item["name"]]),
                svg.share_bar((item["score"] - chance) / (1 - chance)),
                score(item["score"]),
            )
            for item in scores
        ],
        kind="bars",
    )
