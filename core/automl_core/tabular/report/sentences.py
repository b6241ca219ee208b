"""Paragraphs of the report that depend on more than one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report.facts import kinds_words, names
from automl_core.tabular.report.words import (
    cell,
    file_size,
    measure_words,
    number,
    prose,
    share,
    whole,
)
from automl_core.tabular.wording import quantity

_TASKS: Final = {
    "binary": "Binary classification",
    "multiclass": "Multiclass classification",
    "regression": "Regression",
}
_GAPS: Final = " An outline stands for rows where the column is missing."


def about_table(profile: Mapping[str, Any], missing: float) -> str:
    """The table in one line: its size, its kinds of columns, its gaps."""
    columns = profile["columns"]
    kinds = f" ({kinds_words(columns)})" if columns else ""
    gaps = f"{share(missing)} of cells are missing" if missing else "No cell is missing"
    rows = quantity(profile["rows"]["kept"], "row")
    return (
        f"{rows} and {quantity(len(columns), 'column')}{kinds}, "
        f"{file_size(profile['file']['bytes'])}. {gaps}."
    )


def about_task(target: Mapping[str, Any]) -> Markup:
    """The task, how it was found, and rows that cannot be learned from."""
    found = "as chosen"
    if target["confidence"] != "given":
        found = f"detected with {target['confidence']} confidence"
    gaps = ""
    if target["missing"]:
        has = "has" if target["missing"] == 1 else "have"
        left = "is" if target["missing"] == 1 else "are"
        gaps = f" {quantity(target['missing'], 'row')} {has} no target and {left} left out."
    return Markup("<strong>{}</strong>, {}: {}{}").format(
        _TASKS[target["task"]], found, prose(target["reason"]), gaps
    )


def about_scores(target: Mapping[str, Any]) -> Markup:
    """What the score of a single column is."""
    ends = "0 is no better than the mean, 1 is certain."
    if target["measure"] == "roc_auc":
        ends = "0.5 is chance, 1 is certain."
    return Markup(
        "What each column tells about {} by itself: {}, measured on rows that were not used to "
        "learn it. {}"
    ).format(cell(target["column"]), measure_words(target["measure"]), ends)


def about_features(target: Mapping[str, Any]) -> Markup:
    """How to read the charts of features against the target."""
    name = cell(target["column"])
    if target["task"] == "regression":
        return Markup(
            "Mean of {} in each range or value of a column, strongest columns first. The thin "
            "lines span the middle half of rows; the dashed line, or the upright mark in a list, "
            "is the mean of the whole table.{}"
        ).format(name, _GAPS)
    if target["task"] == "binary":
        return Markup(
            "Share of rows where {} is {} in each range or value of a column, strongest columns "
            "first. The thin lines are 95 % intervals; the dashed line, or the upright mark in a "
            "list, is the share in the whole table.{}"
        ).format(name, cell(target["rate_of"]), _GAPS)
    n_drawn = len(target["chart_classes"])
    only = "" if n_drawn == len(target["classes"]) else f" The {n_drawn} most frequent are drawn."
    return Markup(
        "Share of each class of {} in each range or value of a column, strongest columns first.{} "
        "A bar of full height or width is the highest share of its chart.{}"
    ).format(name, only, _GAPS)


def about_charts(target: Mapping[str, Any], n_drawn: int) -> str:
    """How many features have a chart, where not all have."""
    n = len(target["scores"])
    return f"Charts of the strongest {n_drawn} of {quantity(n, 'column')}." if n > n_drawn else ""


def about_pairs(block: Mapping[str, Any]) -> str:
    """What was compared, and what of it is shown."""
    numeric, categorical = block["numeric"], block["categorical"]
    if numeric["compared"] + categorical["compared"] < 2:
        return "There are no two columns to compare."
    listed = "pairs"
    if len(block["pairs"]) < block["n_pairs"]:
        listed = f"strongest {len(block['pairs'])} of {whole(block['n_pairs'])} pairs"
    return (
        "How strongly two columns go together: Spearman's ρ for two numbers, Cramér's V for two "
        "categories, the correlation ratio for one of each. Compared were "
        f"{whole(numeric['compared'])} of {whole(numeric['of'])} numeric and "
        f"{whole(categorical['compared'])} of {whole(categorical['of'])} categorical columns, "
        f"without the target and identifiers; listed are the {listed} of at least "
        f"{number(block['weakest'])}."
    )


def about_duplicates(block: Mapping[str, Any]) -> Markup:
    """Rows that repeat an earlier one, and rows that contradict each other."""
    if block["rows"] is None:
        return Markup('They were not counted; see <a href="#skipped">what was not computed</a>.')
    told: list[str | Markup] = [_repeats(block["rows"], block["share"])]
    others = block["without_identifiers"]
    if others is not None:
        ends = "none does either."
        if others["rows"]:
            does = "does" if others["rows"] == 1 else "do"
            ends = f"{quantity(others['rows'], 'row')} ({share(others['share'])}) {does}."
        told.append(
            Markup("Without the columns that name rows ({}) {}").format(
                names(others["columns"]), ends
            )
        )
    conflicts = block["conflicting_rows"]
    if conflicts:
        have = "has" if conflicts == 1 else "have"
        told.append(
            f"{quantity(conflicts, 'row')} {have} the same features as another row but another "
            "target: no model can tell them apart."
        )
    elif conflicts is not None:
        told.append("No two rows have the same features and different targets.")
    return Markup(" ").join(told)


def _repeats(rows: int, part: float) -> str:
    if not rows:
        return "No row repeats another in every column."
    repeat = "repeats" if rows == 1 else "repeat"
    return f"{quantity(rows, 'row')} ({share(part)}) {repeat} an earlier row in every column."


def about_cards(n_cards: int, n_columns: int, *, has_target: bool) -> str:
    """Which columns of a wide table have a card."""
    first = "the target, what tells most about it, " if has_target else ""
    return (
        f"{n_cards:,} of {quantity(n_columns, 'column')} have a card: {first}what findings name, "
        "then the first ones."
    )


def about_skipped(items: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """Blocks that were left out, with their columns and the reason."""
    told = []
    for item in items:
        block = Markup("<strong>{}</strong>").format(prose(_opened(item["block"])))
        of = Markup(" of {}").format(names(item["columns"])) if item["columns"] else ""
        told.append(Markup("{}{}: {}").format(block, of, prose(item["why"])))
    return told


def _opened(code: str) -> str:
    words = code.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
