"""What a profile means, in sentences: findings ranked by severity, each with an action.

Reads the profile's own numbers and the signs in its cells, and nothing else. A finding is
``{code, severity, columns, numbers, sentence, action}``; codes stand in ``finding_codes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from automl_core.tabular.finding_codes import CODES
from automl_core.tabular.findings_columns import about_columns
from automl_core.tabular.findings_order import about_order
from automl_core.tabular.findings_people import about_people
from automl_core.tabular.findings_target import about_target
from automl_core.tabular.signs import Signs
from automl_core.tabular.thresholds import (
    CORRELATED,
    DUPLICATE_SHARE,
    FEW_ROWS,
    NEAR_CONSTANT_SHARE,
    NEARLY_EMPTY_SHARE,
)
from automl_core.tabular.wording import finding, join, quantity, share

Finding = dict[str, Any]
Columns = list[Mapping[str, Any]]

SEVERITIES: Final = ("high", "medium", "low", "info")
_WORTH: Final = {code: place for place, code in enumerate(CODES)}
_NO_SIGNS: Final = Signs()


def find_all(profile: Mapping[str, Any], signs: Signs = _NO_SIGNS) -> list[Finding]:
    """Write every finding, most severe first; within a severity in the order of worth.

    Parameters
    ----------
    profile : mapping
        Everything but ``findings`` and ``seconds``.
    signs : Signs
        What the sampled cells show beyond counts.
    """
    target = (profile["target"] or {}).get("column")
    columns: Columns = [c for c in profile["columns"] if c["name"] != target]
    found = [
        *about_target(profile),
        *_about_rows(profile, columns),
        *about_order(profile, columns, signs),
        *about_people(columns, signs),
        *about_columns(profile, columns, signs),
        *_pairs(profile["associations"], columns),
        *_reading(profile),
    ]
    return sorted(
        found, key=lambda item: (SEVERITIES.index(item["severity"]), _WORTH[item["code"]])
    )


def flags_of(findings: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Codes of the findings that name each column, in their order, none twice."""
    flags: dict[str, list[str]] = {}
    for item in findings:
        for name in item["columns"]:
            codes = flags.setdefault(name, [])
            if item["code"] not in codes:
                codes.append(item["code"])
    return flags


def _about_rows(profile: Mapping[str, Any], columns: Columns) -> Iterator[Finding]:
    n_rows = profile["rows"]["kept"]
    repeated = profile["duplicates"]["rows"]
    if repeated:
        part = profile["duplicates"]["share"]
        yield finding(
            "duplicates",
            "medium" if part > DUPLICATE_SHARE else "low",
            [],
            {"rows": repeated, "share": part},
            sentence=f"{quantity(repeated, 'row')} of {n_rows:,} ({share(part)}) "
            f"{'repeats' if repeated == 1 else 'repeat'} an earlier row in every column.",
            action="Check whether they are real; copies on both sides of a split flatter the "
            "score.",
        )
    conflicts = profile["duplicates"]["conflicting_rows"]
    if conflicts:
        part = conflicts / n_rows
        yield finding(
            "conflicting-labels",
            "medium" if part > DUPLICATE_SHARE else "low",
            [],
            {"rows": conflicts, "share": part},
            sentence=f"{quantity(conflicts, 'row')} of {n_rows:,} ({share(part)}) "
            f"{'is' if conflicts == 1 else 'are'} alike in every feature as a row with another "
            "target.",
            action="No model can tell them apart: the best possible score is below perfect. "
            "Look for a column that does.",
        )
    if n_rows < FEW_ROWS:
        yield finding(
            "few-rows",
            "medium",
            [],
            {"rows": n_rows},
            sentence=f"The table has only {quantity(n_rows, 'row')}.",
            action="Read every score with its interval, or collect more rows.",
        )
    if len(columns) > n_rows:
        yield finding(
            "wide",
            "medium",
            [],
            {"columns": len(columns), "rows": n_rows},
            sentence=f"There are more columns ({len(columns):,}) than rows ({n_rows:,}).",
            action="Some columns will fit by chance; read importances with care.",
        )


def _pairs(associations: Mapping[str, Any], columns: Columns) -> Iterator[Finding]:
    # What hardly varies or is hardly there goes with anything, by a handful of rows.
    scant = {
        c["name"]
        for c in columns
        if c["missing"]["share"] >= NEARLY_EMPTY_SHARE
        or (c["top"] and c["top"][0]["share"] >= NEAR_CONSTANT_SHARE)
    }
    strong = [
        pair
        for pair in associations["pairs"]
        if abs(pair["value"]) >= CORRELATED and not scant & set(pair["columns"])
    ]
    if not strong:
        return
    shown = [f"{a!r} and {b!r} ({p['value']:.2f})" for p in strong for a, b in [p["columns"]]]
    names = dict.fromkeys(name for pair in strong for name in pair["columns"])
    yield finding(
        "correlated",
        "low",
        list(names),
        {" × ".join(pair["columns"]): pair["value"] for pair in strong},
        sentence=f"Nearly the same information twice: {join(shown, most=5)}.",
        action="One of each pair would do; importances are shared between them.",
    )


def _reading(profile: Mapping[str, Any]) -> Iterator[Finding]:
    rows = profile["rows"]
    if rows["set_aside"]:
        yield finding(
            "set-aside",
            "medium",
            [],
            {"lines": rows["set_aside"]},
            sentence=f"{quantity(rows['set_aside'], 'line')} could not be read as rows.",
            action="See rejects.json for the lines and repair them in the file.",
        )
    if rows.get("padded"):
        yield finding(
            "padded",
            "low",
            [],
            {"rows": rows["padded"]},
            sentence=f"{quantity(rows['padded'], 'row')} "
            f"{'was' if rows['padded'] == 1 else 'were'} shorter than the header; the cells at "
            "the end are empty.",
            action="See rejects.json, and check that no value moved into the wrong column.",
        )
    unreadable = [c for c in profile["columns"] if c["unreadable"]]
    if unreadable:
        yield finding(
            "unreadable",
            "low",
            [c["name"] for c in unreadable],
            {c["name"]: c["unreadable"] for c in unreadable},
            sentence="Cells that do not fit their column and are read as missing: "
            + join([f"{c['name']!r} ({c['unreadable']:,})" for c in unreadable])
            + ".",
            action="Repair them in the file.",
        )
    renamed: Sequence[Mapping[str, str]] = profile["renamed"]
    if renamed:
        shown = [
            f"{item['original']!r} is {item['final']!r}"
            if item["original"].strip()
            else f"a nameless column is {item['final']!r}"
            for item in renamed
        ]
        yield finding(
            "renamed",
            "info",
            [item["final"] for item in renamed],
            {item["final"]: item["original"] for item in renamed},
            sentence=f"Columns that were given a name of their own: {join(shown, most=5)}.",
            action="Use the new names in options; predictions take both.",
        )
