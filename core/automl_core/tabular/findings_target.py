"""Findings about the target: leakage, balance, missing answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automl_core.tabular.thresholds import (
    IMBALANCE_ROWS,
    IMBALANCE_SHARE,
    LEAK_AUC,
    LEAK_R2,
    SUSPECT_AUC,
    SUSPECT_R2,
)
from automl_core.tabular.wording import finding, join, quantity, share

Finding = dict[str, Any]

_MEASURE_WORDS: Final = {"roc_auc": "area under the ROC curve", "r2": "R²"}
_MAX_LEAKS: Final = 20
_EXCLUDE: Final = (
    "If it is known only afterwards, exclude it (exclude_columns): the score would be a promise "
    "that the model cannot keep."
)


def about_target(profile: Mapping[str, Any]) -> Iterator[Finding]:
    """Leakage first: nothing else changes so much what a score is worth."""
    target = profile["target"]
    if target is None:
        return
    name = target["name"]
    if target["refused"]:
        yield finding("target-refused", "high", [name], {}, sentence=target["reason"], action="")
        return
    yield from _leaks(target)
    yield from _balance(target)
    if target["missing"]:
        n_rows = profile["rows"]["kept"]
        yield finding(
            "target-missing",
            "medium",
            [name],
            {"rows": target["missing"]},
            sentence=f"{quantity(target['missing'], 'row')} of {n_rows:,} have no value of "
            f"the target {name!r}.",
            action="They are left out of training; no target is ever filled in.",
        )


def _leaks(target: Mapping[str, Any]) -> Iterator[Finding]:
    name = target["name"]
    for leak in target["pair_leaks"]:
        pair = [leak["first"], leak["second"]]
        formula = leak["operation"].format(*(repr(column) for column in pair))
        yield finding(
            "leakage",
            "high",
            pair,
            {},
            sentence=f"{name!r} is exactly {formula}: the answer is computed from these columns.",
            action="Exclude both (exclude_columns), unless they are known before the answer is.",
        )
    for leak in target["gap_leaks"]:
        yield finding(
            "leakage",
            "high",
            [leak["column"]],
            {"gaps": leak["n_gaps"], "purity": leak["purity"], "coverage": leak["coverage"]},
            sentence=f"Where {leak['column']!r} is empty ({quantity(leak['n_gaps'], 'row')}), "
            f"{name!r} is {leak['label']!r} in {share(leak['purity'])}: the gap itself gives the "
            f"answer away (for {share(leak['coverage'])} of that class).",
            action=_EXCLUDE,
        )
    for column in target["spelled_by"]:
        yield finding(
            "leakage",
            "high",
            [column],
            {},
            sentence=f"The text of {column!r} contains the value of {name!r}.",
            action=_EXCLUDE,
        )
    yield from _strong_scores(target)


def _strong_scores(target: Mapping[str, Any]) -> Iterator[Finding]:
    measure = target["measure"]
    leak, suspect = (LEAK_R2, SUSPECT_R2) if measure == "r2" else (LEAK_AUC, SUSPECT_AUC)
    words = _MEASURE_WORDS.get(measure, "")
    strong = [item for item in target["scores"] if item["score"] >= leak]
    for item in strong[:_MAX_LEAKS]:
        yield finding(
            "leakage",
            "high",
            [item["name"]],
            {"measure": measure, "score": item["score"]},
            sentence=f"{item['name']!r} alone predicts {target['name']!r} almost perfectly "
            f"({words} {item['score']:.3f} out of fold).",
            action=_EXCLUDE,
        )
    suspects = [item for item in target["scores"] if suspect <= item["score"] < leak]
    if suspects:
        one = len(suspects) == 1
        shown = [f"{item['name']!r} ({item['score']:.3f})" for item in suspects]
        yield finding(
            "leakage-suspect",
            "low" if target["task"] == "multiclass" else "medium",
            [item["name"] for item in suspects],
            {item["name"]: item["score"] for item in suspects},
            sentence=f"Very strong on {'its' if one else 'their'} own ({words} out of fold): "
            f"{join(shown)}.",
            action=f"Check that {'it is' if one else 'they are'} known before the answer is.",
        )


def _balance(target: Mapping[str, Any]) -> Iterator[Finding]:
    classes = target["classes"]
    if len(classes) < 2:
        return
    rarest, most = classes[-1], classes[0]
    if rarest["share"] < IMBALANCE_SHARE:
        yield finding(
            "imbalance",
            "medium",
            [target["name"]],
            {"rows": rarest["rows"], "share": rarest["share"]},
            sentence=f"The class {rarest['label']!r} has {quantity(rarest['rows'], 'row')} "
            f"({share(rarest['share'])}): always answering {most['label']!r} would be right in "
            f"{share(most['share'])}.",
            action="Judge by a metric that minds the balance, not by accuracy.",
        )
    rare = [found for found in classes if found["rows"] < IMBALANCE_ROWS]
    if rare:
        shown = [f"{found['label']!r} ({found['rows']})" for found in rare]
        yield finding(
            "rare-class",
            "medium",
            [target["name"]],
            {found["label"]: found["rows"] for found in rare},
            sentence=f"Classes with fewer than {IMBALANCE_ROWS} rows: {join(shown)}.",
            action="Add rows or merge with another class; their scores are uncertain.",
        )
