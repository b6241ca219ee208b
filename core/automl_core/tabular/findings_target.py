"""Findings about the target: leakage, balance, missing answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from automl_core.tabular.findings_leaks import about_leaks
from automl_core.tabular.thresholds import IMBALANCE_ROWS, IMBALANCE_SHARE, SKEW
from automl_core.tabular.wording import finding, join, quantity, share

Finding = dict[str, Any]


def about_target(profile: Mapping[str, Any]) -> Iterator[Finding]:
    """Leakage first: nothing else changes so much what a score is worth."""
    target = profile["target"]
    if target is None:
        return
    name = target["column"]
    if target["task"] is None:
        yield finding(
            "target-refused",
            "high",
            [name],
            {},
            sentence=target["reason"],
            action="Choose another target; or choose the task (task_type), if it can be predicted.",
        )
        return
    yield from about_leaks(target, {c["name"]: c["kind"] for c in profile["columns"]})
    yield from _balance(target)
    yield from _skew(target)
    if target["missing"]:
        n_rows = profile["rows"]["kept"]
        yield finding(
            "target-missing",
            "medium",
            [name],
            {"rows": target["missing"], "share": target["missing"] / n_rows},
            sentence=f"{quantity(target['missing'], 'row')} of {n_rows:,} have no value of "
            f"the target {name!r}.",
            action="They are left out of training; no target is ever filled in.",
        )


def _balance(target: Mapping[str, Any]) -> Iterator[Finding]:
    classes = target["classes"]
    if len(classes) < 2:
        return
    rarest, most = classes[-1], classes[0]
    if rarest["share"] < IMBALANCE_SHARE:
        usual = (
            f": always answering {most['label']!r} would be right in {share(most['share'])}"
            if most["share"] > 0.5
            else f", the class {most['label']!r} {share(most['share'])}"
        )
        yield finding(
            "imbalance",
            "medium",
            [target["column"]],
            {"rows": rarest["rows"], "share": rarest["share"]},
            sentence=f"The class {rarest['label']!r} has {quantity(rarest['rows'], 'row')} "
            f"({share(rarest['share'])}){usual}.",
            action="Judge by a metric that minds the balance, not by accuracy.",
        )
    rare = [found for found in classes if found["rows"] < IMBALANCE_ROWS]
    if rare:
        shown = [f"{found['label']!r} ({found['rows']})" for found in rare]
        yield finding(
            "rare-classes",
            "medium",
            [target["column"]],
            {found["label"]: found["rows"] for found in rare},
            sentence=f"Classes with fewer than {IMBALANCE_ROWS} rows: {join(shown)}.",
            action="Add rows or merge with another class; their scores are uncertain.",
        )


def _skew(target: Mapping[str, Any]) -> Iterator[Finding]:
    skew = (target["distribution"] or {}).get("skew")
    if skew is None or abs(skew) <= SKEW:
        return
    yield finding(
        "target-skew",
        "low",
        [target["column"]],
        {"skew": skew},
        sentence=f"The target {target['column']!r} is strongly skewed ({skew:,.1f}): a few rows "
        "decide the root mean squared error.",
        action="Judge by the mean absolute error as well, or predict the logarithm.",
    )
