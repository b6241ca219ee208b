"""Findings about columns that know the answer; each column is told once, by its strongest sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automl_core.tabular.leakage import chance_of_area
from automl_core.tabular.thresholds import (
    CHANCE,
    LEAK_AUC,
    LEAK_R2,
    MAX_SCORED_CLASSES,
    SURE_AUC,
    SUSPECT_AUC,
    SUSPECT_R2,
)
from automl_core.tabular.wording import finding, join, quantity, share

Finding = dict[str, Any]

_MEASURE_WORDS: Final = {"roc_auc": "area under the ROC curve", "r2": "R²"}
_MAX_LEAKS: Final = 20
"""Scores told one by one; a table of copies would fill the page."""
_EXCLUDE: Final = (
    "If it is known only afterwards, exclude it (exclude_columns): the score would be a promise "
    "that the model cannot keep."
)
_LEFT_OUT_KINDS: Final = frozenset({"identifier", "constant", "empty"})
_IS_LEFT_OUT: Final = (
    "It is left out of training, so that the score stays honest. Other columns may know the "
    "answer from the same source."
)


def about_leaks(target: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[Finding]:
    """Tell every sign of leakage in the target's block, the surest first.

    ``kinds`` are the columns' kinds: that dates go with the answer is told by
    ``time-order``, unless they go with it almost perfectly, and what is no feature needs no
    excluding.
    """
    told: set[str] = set()
    for item in (
        *_formulas(target),
        *_copies(target),
        *_gaps(target),
        *_texts(target),
        *_scores(target),
    ):
        if set(item["columns"]) <= told:
            continue
        told |= set(item["columns"])
        if all(kinds.get(name) in _LEFT_OUT_KINDS for name in item["columns"]):
            item["action"] = _IS_LEFT_OUT
        yield item
    times = frozenset(name for name, kind in kinds.items() if kind == "datetime")
    yield from _suspects(target, told, times)
    yield from _names(target, told)
    yield from _identifiers(target, told)


def _formulas(target: Mapping[str, Any]) -> Iterator[Finding]:
    name = target["column"]
    for leak in target["pair_leaks"]:
        pair = [leak["first"], leak["second"]]
        formula = leak["operation"].format(*(repr(column) for column in pair))
        exactly = "exactly" if leak["share"] == 1.0 else f"in {share(leak['share'])} of rows"
        yield finding(
            "leakage-formula",
            "high",
            pair,
            {"share": leak["share"]},
            sentence=f"{name!r} is {exactly} {formula}: the answer is computed from these columns.",
            action="Exclude both (exclude_columns), unless they are known before the answer is.",
        )
    if target["sum_leak"]:
        columns = target["sum_leak"]
        yield finding(
            "leakage-formula",
            "high",
            columns,
            {"columns": len(columns)},
            sentence=f"{name!r} is a weighted sum of {join([repr(c) for c in columns])}: the "
            "answer is computed from these columns.",
            action="Exclude them (exclude_columns), unless they are known before the answer is.",
        )


def _copies(target: Mapping[str, Any]) -> Iterator[Finding]:
    name = target["column"]
    forms = {
        "copy": ("leakage-copy", "{} is {} in other words: one value for each class."),
        "order": ("leakage-copy", "{} rises or falls with {} almost without exception."),
        "function": (
            "leakage-function",
            "{} follows from {}: each of its values stands for a group of classes."
            if target["measure"] == "roc_auc"
            else "{} follows from {}: each of its values stands for a range of it.",
        ),
    }
    for trace in target["traces"]:
        if trace["trace"] in forms:
            code, form = forms[trace["trace"]]
            yield finding(
                code,
                "high",
                [trace["column"]],
                {"measure": target["measure"], "score": trace["score"]},
                sentence=form.format(repr(trace["column"]), repr(name)),
                action=_EXCLUDE,
            )


def _gaps(target: Mapping[str, Any]) -> Iterator[Finding]:
    name = target["column"]
    for leak in target["gap_leaks"]:
        gaps = leak["of"] == "gaps"
        yield finding(
            "leakage-gap",
            "high",
            [leak["column"]],
            {"rows": leak["n_gaps"], "purity": leak["purity"], "coverage": leak["coverage"]},
            sentence=f"Where {leak['column']!r} {'is empty' if gaps else 'has a value'} "
            f"({quantity(leak['n_gaps'], 'row')}), {name!r} is {leak['label']!r} in "
            f"{share(leak['purity'])}: the {'gap' if gaps else 'value'} itself gives the answer "
            f"away (for {share(leak['coverage'])} of that class).",
            action=_EXCLUDE,
        )


def _texts(target: Mapping[str, Any]) -> Iterator[Finding]:
    for column in target["spelled_by"]:
        yield finding(
            "leakage-text",
            "high",
            [column],
            {},
            sentence=f"The text of {column!r} contains the value of {target['column']!r}.",
            action=_EXCLUDE,
        )


def _strong(target: Mapping[str, Any], least: float) -> list[Mapping[str, Any]]:
    """Scores from a bound up that are no chance among so many columns."""
    scores = [item for item in target["scores"] if item["score"] >= least]
    classes = target["classes"]
    if target["measure"] != "roc_auc" or len(classes) < 2:
        return scores
    n_rows = target["scope"]["rows"]
    rarer = classes[-1]["share"] if len(classes) == 2 else 1 / min(len(classes), MAX_SCORED_CLASSES)
    n_rarer = max(1, round(rarer * n_rows))
    n_others = max(1, n_rows - n_rarer)
    n_asked = len(target["scores"])
    return [
        item
        for item in scores
        if chance_of_area(item["score"], n_rarer, n_others) * n_asked <= CHANCE
    ]


def _scores(target: Mapping[str, Any]) -> Iterator[Finding]:
    words = _MEASURE_WORDS.get(target["measure"], "")
    for item in _strong(target, LEAK_R2 if target["measure"] == "r2" else LEAK_AUC)[:_MAX_LEAKS]:
        is_sure = target["task"] != "multiclass" or item["score"] >= SURE_AUC
        yield finding(
            "leakage-score",
            "high" if is_sure else "medium",
            [item["name"]],
            {"measure": target["measure"], "score": item["score"]},
            sentence=f"{item['name']!r} alone predicts {target['column']!r} almost perfectly "
            f"({words} {item['score']:.3f} out of fold).",
            action=_EXCLUDE,
        )


def _suspects(
    target: Mapping[str, Any], told: set[str], times: frozenset[str]
) -> Iterator[Finding]:
    least, leak = (SUSPECT_R2, LEAK_R2) if target["measure"] == "r2" else (SUSPECT_AUC, LEAK_AUC)
    suspects = [
        item
        for item in _strong(target, least)
        if item["score"] < leak and item["name"] not in told | times
    ]
    if not suspects:
        return
    told |= {item["name"] for item in suspects}
    one = len(suspects) == 1
    words = _MEASURE_WORDS.get(target["measure"], "")
    shown = [f"{item['name']!r} ({item['score']:.3f})" for item in suspects]
    yield finding(
        "leakage-suspect",
        # Classes of nature differ in a single measurement; answers of business seldom do.
        "low" if target["task"] == "multiclass" else "medium",
        [item["name"] for item in suspects],
        {item["name"]: item["score"] for item in suspects},
        sentence=f"Very strong on {'its' if one else 'their'} own ({words} out of fold): "
        f"{join(shown)}.",
        action=f"Check that {'it is' if one else 'they are'} known before the answer is.",
    )


def _names(target: Mapping[str, Any], told: set[str]) -> Iterator[Finding]:
    words = _MEASURE_WORDS.get(target["measure"], "")
    for trace in target["traces"]:
        if trace["trace"] not in {"named-after", "afterwards"} or trace["column"] in told:
            continue
        told.add(trace["column"])
        named = trace["trace"] == "named-after"
        says = (
            f"is named after the target {target['column']!r}"
            if named
            else f"speaks of the time after the answer ({trace['word']!r})"
        )
        yield finding(
            "leakage-name",
            "medium",
            [trace["column"]],
            {"measure": target["measure"], "score": trace["score"]},
            sentence=f"The name of {trace['column']!r} {says}, and the column alone predicts it "
            f"well ({words} {trace['score']:.2f} out of fold)."
            if named
            else f"The name of {trace['column']!r} {says}, and the column alone predicts "
            f"{target['column']!r} well ({words} {trace['score']:.2f} out of fold).",
            action="Check when it is filled in; if that is after the answer is known, exclude it "
            "(exclude_columns).",
        )


def _identifiers(target: Mapping[str, Any], told: set[str]) -> Iterator[Finding]:
    least = LEAK_R2 if target["measure"] == "r2" else LEAK_AUC
    words = _MEASURE_WORDS.get(target["measure"], "")
    how = {"order": "The order of", "prefix": "The leading letters of", "value": "The value of"}
    for item in target["identifiers"]:
        if item["score"] < least or item["column"] in told:
            continue
        yield finding(
            "leakage-identifier",
            "medium",
            [item["column"]],
            {"measure": target["measure"], "score": item["score"]},
            sentence=f"{how[item['by']]} {item['column']!r} tells {target['column']!r} almost "
            f"perfectly ({words} {item['score']:.3f} out of fold).",
            action="It is left out of training as an identifier. Find out why rows of one answer "
            "stand together; other columns may know it from the same source.",
        )
