"""Columns together: associations as a heat map and a list, and gaps that come together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report import svg
from automl_core.tabular.report.columns import link_to
from automl_core.tabular.report.facts import names
from automl_core.tabular.report.heat import heat_map
from automl_core.tabular.report.parts import Chart, Head, Table
from automl_core.tabular.report.words import (
    clean,
    correlation,
    measure_words,
    share,
    short,
    whole,
)
from automl_core.tabular.wording import quantity

MAX_HEAT: Final = 40
_MAX_ROW_LABEL: Final = 20
_MAX_PATTERN_NAMES: Final = 12
_MAX_GAPS: Final = 40
"""Columns listed by their gaps."""
_FEWEST: Final = 3
"""Columns from which a map shows more than the list beside it."""

Columns = Mapping[str, Mapping[str, Any]]

# -- Associations ---------------------------------------------------------------------


def pair_table(associations: Mapping[str, Any], columns: Columns) -> Table | None:
    """The strongest pairs, strongest first."""
    if not associations["pairs"]:
        return None
    return Table(
        caption="Strongest pairs of columns",
        heads=(
            Head("First column"),
            Head("Second column"),
            Head("Measure"),
            Head("Strength"),
            Head("Value", is_number=True),
        ),
        rows=[
            (
                link_to(columns[pair["columns"][0]]),
                link_to(columns[pair["columns"][1]]),
                measure_words(pair["measure"]),
                svg.share_bar(abs(pair["value"])),
                correlation(pair["value"]),
            )
            for pair in associations["pairs"]
        ],
        kind="stack",
    )


def heat_chart(associations: Mapping[str, Any]) -> Chart | None:
    """Columns against each other, in the order of the table; None where a list says as much."""
    listed = associations["matrix"]["columns"][:MAX_HEAT]
    if len(listed) < _FEWEST:
        return None
    values = [row[:i] for i, row in enumerate(associations["matrix"]["values"][: len(listed)])]
    known = [
        (abs(value), listed[i], listed[j], value)
        for i, row in enumerate(values)
        for j, value in enumerate(row)
        if value is not None
    ]
    told = "No pair is known."
    if known:
        _, first, second, value = max(known, key=lambda item: item[0])
        told = (
            f"{quantity(len(known), 'pair')} of columns; the strongest is {short(second)} and "
            f"{short(first)} with {correlation(value)}."
        )
    drawing = heat_map(
        [clean(name, most=_MAX_ROW_LABEL) for name in listed],
        values,
        words=correlation,
        title=f"Associations among {quantity(len(listed), 'column')}",
        description=told,
    )
    heads = (Head("Column"), *(Head(str(i + 1), is_number=True) for i in range(len(listed) - 1)))
    rows = [
        (
            Markup("{}. <bdi>{}</bdi>").format(i + 1, short(name)),
            *(correlation(value) for value in values[i]),
            *[""] * (len(listed) - 1 - i),
        )
        for i, name in enumerate(listed)
    ]
    return Chart(drawing, Table("Associations of columns", heads, rows, "twin"))


# -- Gaps -----------------------------------------------------------------------------


def gap_table(profile: Mapping[str, Any]) -> Table | None:
    """Columns with gaps, those with most first."""
    n_rows = profile["rows"]["kept"]
    gappy = sorted(
        (column for column in profile["columns"] if column["missing"]["rows"]),
        key=lambda column: (-column["missing"]["rows"], column["position"]),
    )
    if not gappy or not n_rows:
        return None
    rows = [
        (
            link_to(column),
            svg.share_bar(column["missing"]["share"]),
            share(column["missing"]["share"]),
            whole(column["missing"]["rows"]),
        )
        for column in gappy[:_MAX_GAPS]
    ]
    heads = (
        Head("Column"),
        Head(""),
        Head("Missing", is_number=True),
        Head("Rows", is_number=True),
    )
    caption = "Columns by share of missing cells"
    if len(gappy) > _MAX_GAPS:
        caption += f"; the first {_MAX_GAPS} of {len(gappy):,}"
    return Table(caption, heads, rows, "bars")


def pattern_table(block: Mapping[str, Any]) -> Table | None:
    """The most frequent sets of columns that are missing in one row."""
    if not block["patterns"]:
        return None
    rows = [
        (
            _pattern(pattern["columns"]),
            svg.share_bar(pattern["share"]),
            share(pattern["share"]),
            whole(pattern["rows"]),
        )
        for pattern in block["patterns"]
    ]
    heads = (
        Head("Missing in the row"),
        Head(""),
        Head("Share", is_number=True),
        Head("Rows", is_number=True),
    )
    return Table("Most frequent patterns of gaps", heads, rows, "bars")


def _pattern(columns: list[str]) -> Markup:
    if not columns:
        return Markup("<i>nothing: the row is complete</i>")
    return names(columns, most=_MAX_PATTERN_NAMES)


def gap_pair_table(block: Mapping[str, Any], columns: Columns) -> Table | None:
    """Pairs of columns whose gaps lie in the same rows."""
    if not block["pairs"]:
        return None
    return Table(
        caption="Pairs of columns that are missing in the same rows",
        heads=(
            Head("First column"),
            Head("Second column"),
            Head("Missing in both, of rows missing in either", is_number=True),
            Head("Rows", is_number=True),
        ),
        rows=[
            (
                link_to(columns[pair["columns"][0]]),
                link_to(columns[pair["columns"][1]]),
                share(pair["together"]),
                whole(pair["rows"]),
            )
            for pair in block["pairs"]
        ],
        kind="stack",
    )
