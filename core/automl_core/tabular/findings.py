"""What a profile means, in sentences: findings ranked by severity, each with an action.

Reads the profile's own numbers and nothing else. A finding is
``{code, severity, columns, numbers, sentence, action}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automl_core.tabular.findings_target import about_target
from automl_core.tabular.thresholds import (
    CORRELATED,
    DUPLICATE_SHARE,
    FEW_ROWS,
    HIGH_CARDINALITY,
    HIGH_MISSING_SHARE,
    NEAR_CONSTANT_SHARE,
    NEARLY_EMPTY_SHARE,
    OUTLIER_SHARE,
    SKEW,
    ZERO_SHARE,
)
from automl_core.tabular.wording import finding, join, quantity, share

Finding = dict[str, Any]
Columns = list[Mapping[str, Any]]

SEVERITIES: Final = ("high", "medium", "low", "info")
_LEFT_OUT: Final = "Nothing to do: it is left out of training."
_SUSPECT_NUMBERS: Final = (-99999, -9999, -999, -99, -9, 999, 9999, 99999)
_SUSPECT_WORDS: Final = frozenset(
    {"?", "-", "--", "unknown", "missing", "not available", "n.a.", "undefined", "tbd"}
)
_SUSPECT_SHARE: Final = 0.005
_GROUP_SHARE: Final = 0.98
_EMPTY_COLUMN: Final = 1.0


def find_all(profile: Mapping[str, Any]) -> list[Finding]:
    """Write every finding, most severe first; within a severity in the order of worth."""
    n_rows = profile["rows"]["kept"]
    target = (profile["target"] or {}).get("name")
    columns: Columns = [c for c in profile["columns"] if c["name"] != target]
    found = [
        *about_target(profile),
        *_about_rows(profile, columns),
        *_left_out(columns, n_rows),
        *_gaps(columns),
        *_disguised(columns),
        *_shapes(columns),
        *_categories(columns),
        *_pairs(profile["associations"]),
        *_times(columns),
        *_reading(profile),
    ]
    return sorted(found, key=lambda item: SEVERITIES.index(item["severity"]))


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
            action="Check whether they are real; a copy on both sides flatters the score.",
        )
    conflicts = profile["duplicates"]["conflicting_rows"]
    if conflicts:
        yield finding(
            "conflicts",
            "low",
            [],
            {"rows": conflicts},
            sentence=f"{quantity(conflicts, 'row')} of {n_rows:,} are alike in every feature as "
            "a row with another target.",
            action="No model can tell them apart: the best possible score is below perfect.",
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


def _left_out(columns: Columns, n_rows: int) -> Iterator[Finding]:
    empty = [c for c in columns if c["missing"]["share"] >= _EMPTY_COLUMN]
    if empty:
        yield _of_columns("empty", "info", empty, "{} has no value in any row.", _LEFT_OUT)
    constant = [c for c in columns if c["kind"] == "constant" and c not in empty]
    if constant:
        yield _of_columns("constant", "info", constant, "{} has one value only.", _LEFT_OUT)
    identifiers = [c for c in columns if c["kind"] == "identifier"]
    if identifiers:
        yield _of_columns(
            "identifier", "info", identifiers, "{} names rows instead of describing them.",
            _LEFT_OUT,
        )  # fmt: skip
    yield from _groups(identifiers, n_rows)
    texts = [c for c in columns if c["kind"] == "text"]
    if texts:
        yield _of_columns(
            "text", "info", texts, "{} is free text.",
            "It is left out of training; extract categories or numbers from it to use it.",
        )  # fmt: skip


def _groups(identifiers: Columns, n_rows: int) -> Iterator[Finding]:
    found = {}
    for column in identifiers:
        n_present = n_rows - column["missing"]["rows"]
        if 2 <= column["distinct"]["value"] < _GROUP_SHARE * n_present:
            found[column["name"]] = (column["distinct"]["value"], n_present)
    if found:
        shown = [f"{name!r} ({n:,} values in {rows:,} rows)" for name, (n, rows) in found.items()]
        yield finding(
            "groups",
            "low",
            list(found),
            {name: n_distinct for name, (n_distinct, _) in found.items()},
            sentence=f"Identifiers that repeat: {join(shown)}.",
            action="If rows of one value belong together (one person, one event), choose it as "
            "group_column, so that no group is on both sides of the split.",
        )


def _gaps(columns: Columns) -> Iterator[Finding]:
    gappy = sorted(
        (c for c in columns if HIGH_MISSING_SHARE <= c["missing"]["share"] < _EMPTY_COLUMN),
        key=lambda c: -c["missing"]["share"],
    )
    nearly = [c for c in gappy if c["missing"]["share"] >= NEARLY_EMPTY_SHARE]
    often = [c for c in gappy if c["missing"]["share"] < NEARLY_EMPTY_SHARE]
    action = "Kept, since an empty cell may mean 'none'; exclude it if it does not."
    for code, severity, group in (
        ("nearly-empty", "medium", nearly),
        ("high-missing", "low", often),
    ):
        if group:
            shown = [f"{c['name']!r} ({share(c['missing']['share'])})" for c in group]
            yield finding(
                code,
                severity,
                [c["name"] for c in group],
                {c["name"]: c["missing"]["share"] for c in group},
                sentence=f"Missing in {'nearly all' if code == 'nearly-empty' else 'many'} rows: "
                f"{join(shown)}.",
                action=action,
            )


def _disguised(columns: Columns) -> Iterator[Finding]:
    for column in columns:
        if column["kind"] not in {"numeric", "categorical"}:
            continue
        stats = column["stats"]
        for item in column["top"]:
            if item["share"] < _SUSPECT_SHARE or not _is_disguise(item["value"], stats):
                continue
            yield finding(
                "disguised-missing",
                "medium",
                [column["name"]],
                {"rows": item["rows"], "share": item["share"]},
                sentence=f"{column['name']!r} has the value {_shown(item['value'])} in "
                f"{quantity(item['rows'], 'row')} ({share(item['share'])}), which looks like a "
                "stand-in for a missing value.",
                action="If it is one, replace it by an empty cell in the file.",
            )
            break


def _is_disguise(value: Any, stats: Mapping[str, Any] | None) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _SUSPECT_WORDS
    if stats is None or value not in _SUSPECT_NUMBERS:
        return False
    # An end of the range, far from the bulk: 999 among ages, not 999 among prices.
    middle = {item["share"]: item["value"] for item in stats["quantiles"]}
    spread = max(middle[0.75] - middle[0.25], 1e-12)
    at_an_end = value in (stats["minimum"], stats["maximum"])
    return at_an_end and abs(value - middle[0.5]) > 5 * spread


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else f"{value:g}"


def _shapes(columns: Columns) -> Iterator[Finding]:
    numeric = [c for c in columns if c["kind"] == "numeric" and c["stats"] is not None]
    infinite = [c for c in columns if c["infinite"]]
    if infinite:
        yield finding(
            "infinite",
            "medium",
            [c["name"] for c in infinite],
            {c["name"]: c["infinite"] for c in infinite},
            sentence="Infinite values: "
            + join([f"{c['name']!r} ({c['infinite']:,})" for c in infinite])
            + ".",
            action="They are left out of the statistics; check how they were computed.",
        )
    skewed = [c for c in numeric if abs(c["stats"]["skew"] or 0.0) > SKEW]
    if skewed:
        yield _measured(
            "skew", "low", skewed, {c["name"]: c["stats"]["skew"] for c in skewed},
            sentence="Strongly skewed: {}.",
            action="Tree models do not mind; a linear model may gain from a logarithm.",
        )  # fmt: skip
    outlying = [c for c in numeric if c["stats"]["share_outside"] > OUTLIER_SHARE]
    if outlying:
        yield _measured(
            "outliers", "low", outlying,
            {c["name"]: c["stats"]["share_outside"] for c in outlying},
            sentence="Values beyond three interquartile ranges: {}.",
            action="Check that they are real measurements.", as_share=True,
        )  # fmt: skip
    zeros = [
        c for c in numeric
        if c["stats"]["share_zero"] > ZERO_SHARE and c["distinct"]["value"] > 2
    ]  # fmt: skip
    if zeros:
        yield _measured(
            "zeros", "info", zeros, {c["name"]: c["stats"]["share_zero"] for c in zeros},
            sentence="Mostly zero: {}.",
            action="Check that zero is a value and not 'unknown'.", as_share=True,
        )  # fmt: skip


def _categories(columns: Columns) -> Iterator[Finding]:
    learned = [c for c in columns if c["kind"] in {"numeric", "categorical"}]
    near = [c for c in learned if c["top"] and c["top"][0]["share"] >= NEAR_CONSTANT_SHARE]
    if near:
        yield _measured(
            "near-constant", "low", near, {c["name"]: c["top"][0]["share"] for c in near},
            sentence="Nearly always the same value: {}.",
            action="It can hardly help; exclude it to save time.", as_share=True,
        )  # fmt: skip
    many = [
        c for c in columns
        if c["kind"] == "categorical" and c["distinct"]["value"] > HIGH_CARDINALITY
    ]  # fmt: skip
    if many:
        yield _measured(
            "high-cardinality", "info", many, {c["name"]: c["distinct"]["value"] for c in many},
            sentence="Categories with many different values: {}.",
            action="Rare ones are learned as one; a coarser grouping may serve better.",
        )  # fmt: skip


def _pairs(associations: Mapping[str, Any]) -> Iterator[Finding]:
    strong = [pair for pair in associations["pairs"] if abs(pair["value"]) >= CORRELATED]
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
        action="Importances are shared between them; one of each pair would do.",
    )


def _times(columns: Columns) -> Iterator[Finding]:
    times = [c for c in columns if c["kind"] == "datetime"]
    if times:
        yield _of_columns(
            "time", "info", times, "{} says when a row happened.",
            "If the model is to predict the future, choose it as time_column: a random split "
            "lets the model look ahead.",
        )  # fmt: skip


def _reading(profile: Mapping[str, Any]) -> Iterator[Finding]:
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
    set_aside = profile["rows"]["set_aside"]
    if set_aside:
        yield finding(
            "set-aside",
            "medium",
            [],
            {"lines": set_aside},
            sentence=f"{quantity(set_aside, 'line')} could not be read as rows.",
            action="See rejects.json for the lines and repair them in the file.",
        )


# -- Forms ----------------------------------------------------------------------------


def _of_columns(code: str, severity: str, columns: Columns, sentence: str, action: str) -> Finding:
    """One finding about several columns; the sentence is written for one and turned plural."""
    names = [c["name"] for c in columns]
    if len(names) > 1:
        for one, several in _PLURAL:
            sentence = sentence.replace(one, several)
            action = action.replace(one, several)
    subject = join([repr(name) for name in names])
    return finding(code, severity, names, {}, sentence=sentence.format(subject), action=action)


_PLURAL: Final = (
    ("{} has ", "{} have "),
    ("{} is ", "{} are "),
    ("{} names ", "{} name "),
    ("{} says ", "{} say "),
    ("one value only", "one value each"),
    ("it is left", "they are left"),
    ("It is left", "They are left"),
    ("choose it", "choose one"),
    ("from it to use it", "from them to use them"),
)


def _measured(
    code: str,
    severity: str,
    columns: Columns,
    numbers: Mapping[str, Any],
    *,
    sentence: str,
    action: str,
    as_share: bool = False,
) -> Finding:
    def word(value: float) -> str:
        return share(value) if as_share else f"{value:,.1f}" if value % 1 else f"{value:,.0f}"

    shown = [f"{name!r} ({word(value)})" for name, value in numbers.items()]
    return finding(
        code,
        severity,
        [c["name"] for c in columns],
        numbers,
        sentence=sentence.format(join(shown)),
        action=action,
    )
