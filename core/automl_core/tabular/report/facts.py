"""What a table is: how its file was read, what stands out, what its words mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report.columns import link_to
from automl_core.tabular.report.words import (
    code_words,
    file_size,
    join_markup,
    label,
    number,
    opening,
    prose,
    share,
    whole,
)
from automl_core.tabular.wording import join, quantity

SEVERITIES: Final = {
    "high": "Important",
    "medium": "Look at this",
    "low": "Good to know",
    "info": "For information",
}
MAX_FINDINGS: Final = 100
_MAX_LINKS: Final = 12
_MAX_NOTES: Final = 40
_KINDS: Final = (
    "numeric",
    "categorical",
    "boolean",
    "datetime",
    "text",
    "identifier",
    "constant",
    "empty",
)
_FORMATS: Final = {
    "csv": "text table (CSV)",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "xlsx": "Excel workbook (xlsx)",
}
_MARKS: Final = {
    "\t": "tab",
    ",": "comma",
    ";": "semicolon",
    "|": "vertical bar",
    ":": "colon",
    " ": "blank",
    '"': "double quote",
    "'": "single quote",
    "\\": "backslash",
    ".": "point",
}

# -- The file -------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """One thing that reading the file had to settle."""

    question: str
    answer: str | Markup
    reason: str | Markup = ""


def decisions(profile: Mapping[str, Any]) -> list[Decision]:
    """Every decision of the reader, those that do not apply to the format left out."""
    file = profile["file"]
    packed = "" if file["compression"] == "none" else f", packed with {file['compression']}"
    found = [
        Decision(
            "Format",
            f"{_FORMATS.get(file['format'], file['format'])}{packed}",
            file_size(file["bytes"]),
        )
    ]
    if file["format"] in {"csv", "jsonl", "xlsx"}:
        reason = prose(opening(file["encoding_reason"])) if file["encoding_reason"] else ""
        found.append(Decision("Encoding", file["encoding"].upper(), reason))
    if file["format"] == "csv":
        found += _csv_decisions(file)
    rows = profile["rows"]
    read = rows.get("read", rows["kept"] + rows["set_aside"])
    found.append(
        Decision(
            "Rows",
            f"{whole(rows['kept'])} kept of {whole(read)} read",
            _row_rule(file, rows),
        )
    )
    if rows["set_aside"]:
        found.append(
            Decision(
                "Set aside",
                quantity(rows["set_aside"], "row"),
                "Too many fields, or unreadable; listed with line numbers in rejects.json.",
            )
        )
    if rows["padded"]:
        found.append(
            Decision(
                "Padded",
                quantity(rows["padded"], "row"),
                "Too few fields; the last ones are read as missing.",
            )
        )
    return found


def _row_rule(file: Mapping[str, Any], rows: Mapping[str, int]) -> str:
    if file["format"] != "csv":
        return ""
    if rows["set_aside"] or rows["padded"]:
        return "Rows of another length than the header are set aside or padded."
    return "Every row has as many fields as the header."


def _csv_decisions(file: Mapping[str, Any]) -> list[Decision]:
    escape = file["escape"]
    return [
        Decision("Between fields", _mark(file["delimiter"])),
        Decision(
            "Around fields",
            _mark(file["quote"]) if file["quote"] else "nothing",
            f"Inside a field a {_mark(escape)} takes the meaning of the next character away."
            if escape
            else "Doubled inside a field.",
        ),
        Decision(
            "Names of columns",
            "in the first row" if file["header"] else "none in the file",
            "" if file["header"] else "The first row is data; columns are numbered.",
        ),
        Decision("Decimal mark", _mark(file["decimal"])),
        Decision(
            "Lines skipped",
            whole(file["skipped_lines"]) if file["skipped_lines"] else "none",
            "Before the header; not part of the table." if file["skipped_lines"] else "",
        ),
    ]


def _mark(char: str) -> str:
    return _MARKS.get(char, f"“{char}”")


def reading_notes(profile: Mapping[str, Any]) -> list[Markup]:
    """What the reader has to say; names that it changed are told on each card, too."""
    return [prose(text) for text in profile["reading_notes"][:_MAX_NOTES]]


def kinds_words(columns: Sequence[Mapping[str, Any]]) -> str:
    """Kinds of columns with their numbers.

    >>> kinds_words([{"kind": "numeric"}, {"kind": "text"}, {"kind": "numeric"}])
    '2 numeric and 1 text'
    """
    counted = Counter(column["kind"] for column in columns)
    return join([f"{counted[kind]:,} {kind}" for kind in _KINDS if counted[kind]])


def names(found: Sequence[str], *, most: int = 8) -> Markup:
    """Names of columns, the first few of many.

    >>> names(["a", "b", "c"], most=2)
    Markup('<bdi>a</bdi>, <bdi>b</bdi> and 1 more')
    """
    shown = join_markup([label(name) for name in found[:most]])
    return (
        Markup("{} and {:,} more").format(shown, len(found) - most) if len(found) > most else shown
    )


# -- Findings -------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """A finding as it is shown."""

    anchor: str
    severity: str
    words: str
    sentence: Markup
    action: Markup | None
    links: Sequence[Markup]
    n_more: int


def findings(profile: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """The findings in their order, each with links to the columns it names."""
    shown = []
    for i, item in enumerate(profile["findings"][:MAX_FINDINGS]):
        named = [columns[name] for name in item["columns"] if name in columns]
        shown.append(
            Finding(
                anchor=f"f{i}",
                severity=item["severity"],
                words=SEVERITIES.get(item["severity"], item["severity"]),
                sentence=prose(item["sentence"]),
                action=prose(item["action"]) if item["action"] else None,
                links=[link_to(column) for column in named[:_MAX_LINKS]],
                n_more=max(len(named) - _MAX_LINKS, 0),
            )
        )
    return shown


def flags(profile: Mapping[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """Severity, words and place of the findings that name a column, by column."""
    answer: dict[str, list[tuple[str, str, str]]] = {}
    for i, item in enumerate(profile["findings"][:MAX_FINDINGS]):
        for name in item["columns"]:
            answer.setdefault(name, []).append(
                (item["severity"], code_words(item["code"]), f"f{i}")
            )
    return answer


@dataclass(frozen=True)
class Verdict:
    """The report in two sentences."""

    is_good: bool
    headline: str | Markup
    lead: str | Markup


def verdict(profile: Mapping[str, Any]) -> Verdict:
    """Tell first what decides whether the table can be learned from."""
    target = profile["target"]
    counted = Counter(item["severity"] for item in profile["findings"])
    told = [
        f"{counted['high']:,} important" if counted["high"] else "",
        f"{counted['medium']:,} to look at" if counted["medium"] else "",
        f"{counted['low']:,} good to know" if counted["low"] else "",
        f"{counted['info']:,} for information" if counted["info"] else "",
    ]
    told = [words for words in told if words]
    n = len(profile["findings"])
    lead = f"{quantity(n, 'finding')}: {join(told)}." if n else "No finding."
    if target is not None and target["blocking"]:
        sentence = target["blocking"][0]["sentence"]
        return Verdict(
            False,
            "This target cannot be learned as it stands",
            Markup("{} {}").format(prose(sentence), lead),
        )
    subject = "The table is readable" if target is None else "The table can be learned from"
    if counted["high"]:
        more = quantity(counted["high"], "important finding")
        return Verdict(False, f"{subject}, but {more} should be settled first", lead)
    if counted["medium"]:
        deserves = "deserves" if counted["medium"] == 1 else "deserve"
        return Verdict(
            True, f"{subject}; {quantity(counted['medium'], 'finding')} {deserves} a look", lead
        )
    return Verdict(True, f"{subject}; nothing speaks against it", lead)


# -- Definitions ----------------------------------------------------------------------


def definitions(profile: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Words of the report with the numbers that decide, as the profile states them."""
    limits = profile["thresholds"]

    def part(key: str) -> str:
        return share(limits[key])

    return [
        (
            "Kind of a column",
            "How it enters a model. Numeric, categorical, boolean and datetime columns are "
            "learned from, and the frequent words of text; identifiers, constants and empty "
            "columns are left out.",
        ),
        (
            "Missing",
            "An empty cell, or a word such as NA where the rest of the column says that it "
            "stands for nothing.",
        ),
        (
            "Quantile strip",
            "The strip below a histogram: the line spans the middle 90 % of values, the box the "
            "middle half, the upright mark is the median.",
        ),
        (
            "Median, middle half",
            "Half of the values lie below the median; a quarter lies below the middle half and a "
            "quarter above it.",
        ),
        ("Standard deviation", "How far values typically lie from their mean."),
        (
            "Skewness",
            "Zero for a symmetric column, positive with a long tail of large values, negative "
            f"with one of small values. Called skewed beyond ±{number(limits['skew'])}.",
        ),
        (
            "Far outside, outliers",
            f"Values more than {number(limits['outlier_iqr'])} times the width of the middle half "
            f"away from it. Told where they are more than {part('outlier_share')} of values.",
        ),
        (
            "Nearly constant, nearly empty, often missing",
            f"One value in at least {part('near_constant_share')} of rows; missing in at least "
            f"{part('nearly_empty_share')}; missing in at least {part('high_missing_share')}.",
        ),
        (
            "What a single column tells",
            "The column is cut into ranges or categories, its gaps as one more. Each fifth of "
            "the rows is predicted by what its range shows in the other four fifths.",
        ),
        (
            "Area under the ROC curve",
            "How often a row of a class is ranked above a row of another class: 0.5 is chance, "
            "1 is certain. With more than two classes the mean of each against the rest.",
        ),
        (
            "R²",
            "Share of the target's variation that is predicted: 0 is no better than always "
            "saying the mean, 1 is certain.",
        ),
        (
            "Leakage",
            "A column that knows the answer, because it was written down afterwards or computed "
            f"from it. Suspected from {number(limits['leak_auc'])} (area under the ROC curve) or "
            f"{number(limits['leak_r2'])} (R²) by one column alone; a look is advised from "
            f"{number(limits['suspect_auc'])}.",
        ),
        (
            "Imbalance, rare class",
            f"The rarest class has less than {part('imbalance_share')} of rows; a class of fewer "
            f"than {whole(limits['imbalance_rows'])} rows is rare.",
        ),
        (
            "Spearman's ρ",
            "Whether two numbers rise together (1) or one falls as the other rises (−1), by ranks; "
            "0 is neither.",
        ),
        (
            "Cramér's V",
            "Whether two categories go together, from 0 to 1, corrected for chance (Bergsma 2013).",
        ),
        (
            "Correlation ratio",
            "How much of a number's variation a category explains, from 0 to 1: the square root "
            "of its share, corrected for the number of values.",
        ),
        ("Duplicate", "A row that repeats an earlier row in every column."),
        (
            "Sample",
            "Counts, quantiles and charts of columns use all rows. Pairs and scores use at most "
            f"{whole(limits['sample_rows'])} rows, drawn at random from the whole table with a "
            "fixed seed; fewer for very wide tables. Every part says which.",
        ),
    ]
