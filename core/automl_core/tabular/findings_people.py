"""Findings about people: personal data and columns that need care."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from automl_core.tabular.name_words import sensitive_topic
from automl_core.tabular.signs import Signs
from automl_core.tabular.wording import finding, join, share

Finding = dict[str, Any]
Columns = list[Mapping[str, Any]]


def about_people(columns: Columns, signs: Signs) -> Iterator[Finding]:
    """Tell which columns may identify or describe people; never a value of them."""
    by_name = {c["name"]: c for c in columns}
    for name, personal in signs.personal.items():
        if name not in by_name:
            continue
        left_out = by_name[name]["kind"] in {"identifier", "constant"}
        yield finding(
            "personal-data",
            "low" if personal.share is None else "medium",
            [name],
            {"kind": personal.kind, "share": personal.share},
            sentence=f"{name!r} looks like personal data ({personal.kind}): "
            + (
                "its name says so."
                if personal.share is None
                else f"{share(personal.share)} of the values that were looked at do."
            ),
            action="Its values are hidden in this report"
            + (", and it is left out of training" if left_out else "")
            + ". Remove or replace it in the file, unless you may keep and share it.",
        )
    topics = {
        c["name"]: topic
        for c in columns
        if c["kind"] not in {"constant", "empty"}
        and c["name"] not in signs.personal
        and (topic := sensitive_topic(c["original_name"])) is not None
    }
    if topics:
        shown = [f"{name!r} ({topic})" for name, topic in topics.items()]
        one = len(topics) == 1
        yield finding(
            "sensitive",
            "info",
            list(topics),
            topics,
            sentence=f"{'This column' if one else 'These columns'} may describe what people must "
            f"not be judged by, going by the name{'' if one else 's'}: {join(shown)}.",
            action="If rows are people: decide whether the model may use "
            f"{'it' if one else 'them'}, and compare its errors between groups.",
        )
