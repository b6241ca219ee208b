"""Findings about rows that belong together: in time, in groups, by weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from automl_core.tabular.name_words import names_a_weight
from automl_core.tabular.signs import Signs
from automl_core.tabular.thresholds import (
    GROUP_SHARE,
    GROUP_TELLS_AUC,
    GROUP_TELLS_R2,
    TIME_TELLS_AUC,
    TIME_TELLS_R2,
    WEIGHT_SPREAD,
)
from automl_core.tabular.wording import finding, join, of_columns

Finding = dict[str, Any]
Columns = list[Mapping[str, Any]]


def about_order(profile: Mapping[str, Any], columns: Columns, signs: Signs) -> Iterator[Finding]:
    """Tell what a random split would tear apart."""
    target = profile["target"] or {}
    yield from _times(columns, target, signs)
    yield from _groups(columns, target, profile["rows"]["kept"])
    yield from _weights(columns)


def _times(columns: Columns, target: Mapping[str, Any], signs: Signs) -> Iterator[Finding]:
    scores = {item["name"]: item["score"] for item in target.get("scores", [])}
    tells = TIME_TELLS_R2 if target.get("measure") == "r2" else TIME_TELLS_AUC
    others = []
    for column in columns:
        name = column["name"]
        order = signs.order.get(name)
        is_date = column["kind"] == "datetime"
        is_sorted = column["is_increasing"] or (order is not None and order.is_sorted)
        changes = scores.get(name, 0.0) >= tells
        if not (is_date and (is_sorted or changes)) and not (order is not None and order.is_sorted):
            others += [name] if is_date else []
            continue
        parts = []
        if is_sorted:
            falling = order is not None and order.is_falling
            parts.append(
                f"The rows stand in the order of {name!r}{', the latest first' if falling else ''}"
            )
        if changes:
            subject = "it" if is_sorted else repr(name)
            measure = "R²" if target["measure"] == "r2" else "area under the ROC curve"
            parts.append(
                f"{subject} alone tells something about {target['column']!r} "
                f"({measure} {scores[name]:.2f} out of fold): the answer depends on when"
            )
        gap = order.gap if order is not None and is_date else None
        sentence = ", and ".join(parts)
        yield finding(
            "time-order",
            "medium" if changes else "low",
            [name],
            {"is_sorted": is_sorted, "score": scores.get(name)},
            sentence=f"{sentence[0].upper()}{sentence[1:]}.{_gap_words(gap)}",
            action="If the model is to predict the future, choose it as time_column: a random "
            "split lets the model look ahead."
            if is_date
            else "If later rows are to be predicted from earlier ones, a random split lets the "
            "model look ahead; set the last rows aside as a holdout file.",
        )
    if others:
        yield of_columns(
            "time",
            "info",
            others,
            "{} {says} when a row happened.",
            "If the model is to predict the future, choose {it_or_one} as time_column: a random "
            "split lets the model look ahead.",
        )


def _gap_words(gap: tuple[float, float] | None) -> str:
    if gap is None:
        return ""
    start, end = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s) for s in gap)
    return f" No row lies between {start.date()} and {end.date()}."


def _groups(columns: Columns, target: Mapping[str, Any], n_rows: int) -> Iterator[Finding]:
    found: dict[str, tuple[int, int]] = {}
    for column in columns:
        n_present = n_rows - column["missing"]["rows"]
        n_distinct = column["distinct"]["value"]
        if column["kind"] == "identifier" and 2 <= n_distinct < GROUP_SHARE * n_present:
            found[column["name"]] = (n_distinct, n_present)
    if not found:
        return
    tells = GROUP_TELLS_R2 if target.get("measure") == "r2" else GROUP_TELLS_AUC
    share_answer = [
        item["column"]
        for item in target.get("identifiers", [])
        if item["column"] in found and item["by"] != "prefix" and item["score"] >= tells
    ]
    shown = [f"{name!r} ({n:,} values in {rows:,} rows)" for name, (n, rows) in found.items()]
    also = (
        f" Rows of one {join([repr(name) for name in share_answer])} mostly have the same "
        f"{target['column']!r}."
        if share_answer
        else ""
    )
    yield finding(
        "groups",
        "medium" if share_answer else "low",
        list(found),
        {name: n_distinct for name, (n_distinct, _) in found.items()},
        sentence=f"Identifiers that repeat: {join(shown)}.{also}",
        action="If rows of one value belong together (one person, one event), choose it as "
        "group_column, so that no group is on both sides of the split.",
    )


def _weights(columns: Columns) -> Iterator[Finding]:
    for column in columns:
        stats = column["stats"]
        if column["kind"] != "numeric" or stats is None or not names_a_weight(column["name"]):
            continue
        median = {item["share"]: item["value"] for item in stats["quantiles"]}[0.5]
        if stats["minimum"] < 0 or not median > 0 or stats["maximum"] < WEIGHT_SPREAD * median:
            continue
        yield finding(
            "weights",
            "info",
            [column["name"]],
            {"median": median, "maximum": stats["maximum"]},
            sentence=f"{column['name']!r} may weigh the rows of a survey: its largest value is "
            f"{stats['maximum'] / median:,.0f} times its median.",
            action="If it does, choose it as weight_column; it is no property of the row.",
        )
