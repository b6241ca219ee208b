"""The columns of the table: a card each, and a plain table of those without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report.distribution import chart_of, top_table
from automl_core.tabular.report.parts import Card, Head, Link, Table
from automl_core.tabular.report.words import (
    cell,
    distinct_words,
    duration,
    join_markup,
    label,
    number,
    prose,
    share,
    value_text,
    value_words,
    whole,
)
from automl_core.tabular.wording import quantity

MAX_CARDS: Final = 200
"""Columns that get a card with charts; the rest of a wide table are rows of numbers."""
_MAX_EXAMPLES: Final = 3
_MAX_FREQUENT: Final = 3
"""Frequent values told of a column that has a histogram already."""


def anchor_of(column: Mapping[str, Any]) -> str:
    """The column's place in the page; by position, since a name may be anything."""
    return f"c{column['position']}"


def link_to(column: Mapping[str, Any]) -> Markup:
    """A column's name that leads to its card or row."""
    return Markup('<a href="#{}">{}</a>').format(anchor_of(column), label(column["name"]))


def choose(profile: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Columns with a card and columns without, each in the order of the table.

    Of a wide table the target comes first, then what tells most about it, then what findings
    name, then the rest in order.
    """
    columns = profile["columns"]
    if len(columns) <= MAX_CARDS:
        return list(columns), []
    target = profile["target"] or {}
    ranks: dict[str, int] = {}
    for name in (
        target.get("column"),
        *(item["name"] for item in target.get("scores", ())[: MAX_CARDS // 2]),
        *(name for found in profile["findings"] for name in found["columns"]),
        *(column["name"] for column in columns),
    ):
        if name is not None:
            ranks.setdefault(name, len(ranks))
    chosen = sorted(columns, key=lambda c: ranks[c["name"]])[:MAX_CARDS]
    names = {column["name"] for column in chosen}
    return (
        [column for column in columns if column["name"] in names],
        [column for column in columns if column["name"] not in names],
    )


def skip_list(columns: Sequence[Mapping[str, Any]]) -> list[Link]:
    """Links to the cards."""
    return [Link(label(column["name"]), anchor_of(column)) for column in columns]


def card(
    column: Mapping[str, Any],
    *,
    findings: Sequence[tuple[str, str, str]],
    is_target: bool,
) -> Card:
    """One column with everything that is known about it."""
    chart = chart_of(column)
    return Card(
        anchor=anchor_of(column),
        name=cell(column["name"]),
        chips=_chips(column),
        lead=prose(column["kind_reason"]),
        original=_original(column),
        chart=chart,
        bars=top_table(column) if chart is None and _has_classes(column) else None,
        facts=_facts(column, has_chart=chart is not None),
        notes=[prose(text) for text in column["warnings"]],
        findings=findings,
        is_target=is_target,
    )


def _chips(column: Mapping[str, Any]) -> list[str]:
    kind, storage = column["kind"], column["storage"]
    return [kind] if kind == storage else [kind, f"stored as {storage}"]


def _original(column: Mapping[str, Any]) -> Markup | None:
    if column["original_name"] == column["name"]:
        return None
    return value_text(column["original_name"])


def _has_classes(column: Mapping[str, Any]) -> bool:
    """Whether the most frequent values say something: not of names of rows, not of texts."""
    return column["kind"] not in {"identifier", "text", "constant", "empty"}


def _facts(column: Mapping[str, Any], *, has_chart: bool) -> list[tuple[str, str | Markup]]:
    facts: list[tuple[str, str | Markup]] = [
        ("Missing", _missing(column)),
        ("Different values", distinct_words(column["distinct"])),
    ]
    if column["unreadable"]:
        facts.append(("Unreadable", f"{quantity(column['unreadable'], 'cell')}, read as missing"))
    if column["infinite"]:
        facts.append(("Infinite", quantity(column["infinite"], "cell")))
    if column["stats"] is not None and column["kind"] != "constant":
        facts += _number_facts(column)
    if column["kind"] == "constant":
        always = [item["value"] for item in column["top"]] + column["examples"]
        facts += [("Always", _value(column, always[0]))] if always else []
    elif has_chart and column["histogram"]["kind"] == "bars" and _has_classes(column):
        facts += [("Most frequent", _frequent(column))] if column["top"] else []
    if column["lengths"] is not None and column["kind"] in {"text", "identifier"}:
        facts += _length_facts(column["lengths"])
        if column["examples"]:
            shown = [value_text(text) for text in column["examples"][:_MAX_EXAMPLES]]
            facts.append(("For example", join_markup(shown, between=" · ")))
    if column["is_increasing"]:
        facts.append(("Order", "every value is larger than the one before"))
    return facts


def _missing(column: Mapping[str, Any]) -> str:
    missing = column["missing"]
    if not missing["rows"]:
        return "none"
    return f"{whole(missing['rows'])} ({share(missing['share'])})"


def _number_facts(column: Mapping[str, Any]) -> list[tuple[str, str | Markup]]:
    stats = column["stats"]
    show = value_words(column)
    ends = value_words(column, exactly=True)
    at = {item["share"]: item["value"] for item in stats["quantiles"]}
    facts: list[tuple[str, str | Markup]] = [
        ("Smallest to largest", f"{ends(stats['minimum'])} to {ends(stats['maximum'])}")
    ]
    if column["kind"] == "identifier":
        return facts
    if 0.25 in at and 0.75 in at:
        facts.append(("Middle half", f"{show(at[0.25])} to {show(at[0.75])}"))
    if 0.5 in at:
        facts.append(("Median", show(at[0.5])))
    if column["storage"] in {"date", "datetime"}:
        facts.append(("Span", duration(stats["maximum"] - stats["minimum"])))
        return facts
    facts.append(("Mean ± std. dev.", f"{show(stats['mean'])} ± {show(stats['std'])}"))
    if stats["skew"] is not None:
        facts.append(("Skewness", number(round(stats["skew"], 2) + 0.0)))
    if stats["share_zero"]:
        facts.append(("Zero", share(stats["share_zero"])))
    if stats["share_outside"]:
        facts.append(("Far outside", share(stats["share_outside"])))
    return facts


def _length_facts(lengths: Mapping[str, Any]) -> list[tuple[str, str | Markup]]:
    low, high = lengths["minimum"], lengths["maximum"]
    if low is None or high is None:
        return []
    if low == high:
        return [("Length", quantity(int(low), "character"))]
    return [
        (
            "Length",
            f"{whole(low)} to {whole(high)} characters, {number(lengths['mean'])} on average",
        )
    ]


def _frequent(column: Mapping[str, Any]) -> Markup:
    return join_markup(
        [
            Markup("{} ({})").format(_value(column, item["value"]), share(item["share"]))
            for item in column["top"][:_MAX_FREQUENT]
        ]
    )


def _value(column: Mapping[str, Any], value: object) -> str | Markup:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value_words(column, exactly=True)(value)
    return value_text(value)


# -- Columns without a card -----------------------------------------------------------


def plain_table(
    columns: Sequence[Mapping[str, Any]], flags: Mapping[str, Sequence[tuple[str, str, str]]]
) -> Table:
    """One row a column, for those of a wide table that have no card."""
    return Table(
        caption="Columns without a card",
        heads=(
            Head("Column"),
            Head("Kind"),
            Head("Missing", is_number=True),
            Head("Different", is_number=True),
            Head("Values"),
            Head("Findings"),
        ),
        rows=[
            (
                Markup('<span id="{}">{}</span>').format(anchor_of(column), cell(column["name"])),
                column["kind"],
                share(column["missing"]["share"]) if column["missing"]["rows"] else "0",
                distinct_words(column["distinct"]),
                _brief(column),
                ", ".join(words for _, words, _ in flags.get(column["name"], ())),
            )
            for column in columns
        ],
        kind="stack",
    )


def _brief(column: Mapping[str, Any]) -> str | Markup:
    """The one thing to know about the values of a column."""
    stats = column["stats"]
    if stats is not None:
        show = value_words(column)
        if column["storage"] in {"date", "datetime"}:
            return f"{show(stats['minimum'])} to {show(stats['maximum'])}"
        low, high, mean = (show(stats[key]) for key in ("minimum", "maximum", "mean"))
        return f"{low} to {high}, mean {mean}"
    if column["top"] and _has_classes(column):
        return _frequent(column)
    return ""
