"""Findings about single columns: what is left out, gaps, stand-ins, shapes, categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from automl_core.tabular.name_words import names_a_code
from automl_core.tabular.signs import Signs
from automl_core.tabular.thresholds import (
    DISGUISE_NUMBERS,
    DISGUISE_SHARE,
    DISGUISE_SPREADS,
    DISGUISE_WORDS,
    HIGH_CARDINALITY,
    HIGH_MISSING_SHARE,
    NEAR_CONSTANT_SHARE,
    NEARLY_EMPTY_SHARE,
    OUTLIER_ROWS,
    OUTLIER_SHARE,
    SKEW,
    SKEW_VALUES,
    ZERO_SHARE,
)
from automl_core.tabular.wording import finding, join, of_columns, quantity, share

Finding = dict[str, Any]
Columns = list[Mapping[str, Any]]

_EMPTY_SHARE: Final = 1.0
_LEFT_OUT: Final = "Nothing to do: {it} left out of training."
_LEARNED: Final = frozenset({"numeric", "categorical", "boolean", "datetime"})
_CATEGORIES: Final = frozenset({"categorical", "boolean"})


def about_columns(profile: Mapping[str, Any], columns: Columns, signs: Signs) -> Iterator[Finding]:
    """Tell what is odd about columns besides the target."""
    yield from _left_out(columns)
    yield from _gaps(columns)
    disguised = list(_disguised(columns, signs))
    yield from disguised
    yield from _mixed(signs, {c["name"] for c in columns})
    # A stand-in far from the bulk makes skew and outliers, which go when it goes.
    explained = {name for item in disguised for name in item["columns"]}
    shaped = [c for c in columns if c["name"] not in explained]
    yield from _shapes(shaped, profile["rows"]["kept"])
    yield from _categories(columns)


def _left_out(columns: Columns) -> Iterator[Finding]:
    empty = [c["name"] for c in columns if c["missing"]["share"] >= _EMPTY_SHARE]
    forms = (
        ("empty", empty, "{} {has} no value in any row.", _LEFT_OUT),
        (
            "constant",
            [c["name"] for c in columns if c["kind"] == "constant" and c["name"] not in empty],
            "{} {has} one value only.",
            _LEFT_OUT,
        ),
        (
            "identifier",
            [c["name"] for c in columns if c["kind"] == "identifier"],
            "{} {names} rows instead of describing them.",
            _LEFT_OUT,
        ),
        (
            "text",
            [c["name"] for c in columns if c["kind"] == "text"],
            "{} {is} free text.",
            "Nothing to do: frequent words are counted and learned from; exclude {them} if they "
            "are written after the answer is known.",
        ),
    )
    for code, names, sentence, action in forms:
        if names:
            yield of_columns(code, "info", names, sentence, action)


def _gaps(columns: Columns) -> Iterator[Finding]:
    gappy = sorted(
        (c for c in columns if HIGH_MISSING_SHARE <= c["missing"]["share"] < _EMPTY_SHARE),
        key=lambda c: -c["missing"]["share"],
    )
    nearly = [c for c in gappy if c["missing"]["share"] >= NEARLY_EMPTY_SHARE]
    often = [c for c in gappy if c["missing"]["share"] < NEARLY_EMPTY_SHARE]
    for code, severity, rows, group in (
        ("nearly-empty", "medium", "nearly all rows", nearly),
        ("high-missing", "low", "many rows", often),
    ):
        if group:
            one = len(group) == 1
            yield _measured(
                code,
                severity,
                {c["name"]: c["missing"]["share"] for c in group},
                sentence=f"Missing in {rows}: {{}}.",
                action="Kept, since an empty cell may mean 'none'; exclude "
                f"{'it' if one else 'them'} if it does not.",
            )


# -- Stand-ins for missing ------------------------------------------------------------


def _disguised(columns: Columns, signs: Signs) -> Iterator[Finding]:
    for column in columns:
        name = column["name"]
        if name in signs.stand_in_dates:
            moment, part = signs.stand_in_dates[name]
            yield _stand_in(name, _day(moment), part, None)
        elif name in signs.doubtful_zeros:
            part = signs.doubtful_zeros[name]
            yield finding(
                "disguised-missing",
                "medium",
                [name],
                {"value": 0, "share": part},
                sentence=f"{name!r} is 0 in {share(part)} of its values, and no other value comes "
                "near it: its name speaks of something that is never zero.",
                action="If 0 stands for 'unknown', replace it by an empty cell in the file.",
            )
        elif column["kind"] in {"numeric", "categorical", "text"} and name not in signs.personal:
            for item in column["top"]:
                if item["share"] >= DISGUISE_SHARE and _is_disguise(item["value"], column["stats"]):
                    yield _stand_in(name, _shown(item["value"]), item["share"], item["rows"])
                    break


def _stand_in(name: str, value: str, part: float, rows: int | None) -> Finding:
    where = f"in {quantity(rows, 'row')} ({share(part)})" if rows else f"in {share(part)} of rows"
    return finding(
        "disguised-missing",
        "medium",
        [name],
        {"value": value, "share": part} | ({"rows": rows} if rows else {}),
        sentence=f"{name!r} has the value {value} {where}, which looks like a stand-in for a "
        "missing value.",
        action="If it is one, replace it by an empty cell in the file.",
    )


def _is_disguise(value: Any, stats: Mapping[str, Any] | None) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in DISGUISE_WORDS
    if stats is None or value not in DISGUISE_NUMBERS:
        return False
    # An end of the range, far from the bulk: 999 among ages, not 999 among prices.
    middle = {item["share"]: item["value"] for item in stats["quantiles"]}
    spread = middle[0.75] - middle[0.25]
    at_an_end = value in (stats["minimum"], stats["maximum"])
    return at_an_end and abs(value - middle[0.5]) > DISGUISE_SPREADS * max(spread, 1.0)


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else f"{value:g}"


def _day(seconds: float) -> str:
    # Not fromtimestamp: platforms differ in the years that they take.
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date().isoformat()


def _mixed(signs: Signs, names: set[str]) -> Iterator[Finding]:
    for name, (part, words) in signs.words_among_numbers.items():
        if name in names:
            yield finding(
                "mixed",
                "medium",
                [name],
                {"share": part},
                sentence=f"{share(part)} of the values of {name!r} are numbers; the others are "
                f"words such as {join([repr(word) for word in words])}, so that the column is "
                "read as words.",
                action="Replace the words by numbers or empty cells in the file, so that the "
                "column is read as numbers.",
            )
    for name, unit in signs.units.items():
        if name in names:
            yield finding(
                "units",
                "low",
                [name],
                {"unit": unit},
                sentence=f"{name!r} holds numbers written with the unit {unit!r}, and is read as "
                "words.",
                action="Write the numbers alone, and the unit into the column's name.",
            )


# -- Shapes ---------------------------------------------------------------------------


def _shapes(columns: Columns, n_rows: int) -> Iterator[Finding]:
    infinite = {c["name"]: c["infinite"] for c in columns if c["infinite"]}
    if infinite:
        yield _measured(
            "infinite",
            "medium",
            infinite,
            sentence="Infinite values: {}.",
            action="They count as missing; check how they were computed.",
        )
    numeric = [
        c
        for c in columns
        if c["kind"] == "numeric"
        and c["stats"] is not None
        and c["distinct"]["value"] > SKEW_VALUES
    ]
    zeros = {
        c["name"]: c["stats"]["share_zero"]
        for c in numeric
        if c["stats"]["share_zero"] > ZERO_SHARE
    }
    if zeros:
        yield _measured(
            "excess-zeros",
            "info",
            zeros,
            sentence="Mostly zero: {}.",
            action="Check that zero is a value and not 'unknown'.",
        )
    # What is mostly zero is skewed for that reason, and it is said once.
    rest = [c for c in numeric if c["name"] not in zeros]
    skewed = {c["name"]: c["stats"]["skew"] for c in rest if abs(c["stats"]["skew"] or 0.0) > SKEW}
    if skewed:
        yield finding(
            "skew",
            "low",
            list(skewed),
            skewed,
            sentence="Strongly skewed: "
            + join([f"{name!r} ({value:,.1f})" for name, value in skewed.items()])
            + ".",
            action="Tree models do not mind; a linear model may gain from a logarithm.",
        )
    outlying = {
        c["name"]: c["stats"]["share_outside"]
        for c in rest
        if c["stats"]["share_outside"] > OUTLIER_SHARE
        and c["stats"]["share_outside"] * (n_rows - c["missing"]["rows"]) >= OUTLIER_ROWS - 0.5
    }
    if outlying:
        yield _measured(
            "outliers",
            "low",
            outlying,
            sentence="Values beyond three interquartile ranges: {}.",
            action="Check that they are real measurements.",
        )


def _categories(columns: Columns) -> Iterator[Finding]:
    near = {
        c["name"]: c["top"][0]["share"]
        for c in columns
        if c["kind"] in _LEARNED and c["top"] and c["top"][0]["share"] >= NEAR_CONSTANT_SHARE
    }
    if near:
        yield _measured(
            "near-constant",
            "low",
            near,
            sentence="Nearly always the same value: {}.",
            action=f"{'It' if len(near) == 1 else 'They'} can hardly help; exclude "
            f"{'it' if len(near) == 1 else 'them'} to save time.",
        )
    many = {
        c["name"]: c["distinct"]["value"]
        for c in columns
        if c["kind"] in _CATEGORIES and c["distinct"]["value"] > HIGH_CARDINALITY
    }
    if many:
        yield _measured(
            "high-cardinality",
            "info",
            many,
            sentence="Categories with many different values: {}.",
            action="Rare ones are learned as one; a coarser grouping may serve better.",
        )
    codes = {
        c["name"]: c["distinct"]["value"]
        for c in columns
        if c["kind"] == "numeric"
        and c["storage"] == "integer"
        and c["distinct"]["value"] > SKEW_VALUES
        and names_a_code(c["original_name"])
    }
    if codes:
        yield _measured(
            "codes",
            "info",
            codes,
            sentence="Whole numbers that are named like codes: {} different values.",
            action="If their size means nothing, write them with a letter in front to have them "
            "learned as categories.",
        )


def _measured(
    code: str, severity: str, numbers: Mapping[str, Any], *, sentence: str, action: str
) -> Finding:
    """Several columns in one finding, each with its share or count."""
    shown = [
        f"{name!r} ({value:,})" if isinstance(value, int) else f"{name!r} ({share(value)})"
        for name, value in numbers.items()
    ]
    return finding(
        code, severity, list(numbers), numbers, sentence=sentence.format(join(shown)), action=action
    )
