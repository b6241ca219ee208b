"""The data report: ``profile.json`` as one readable HTML page.

Self-contained and without script: names and cells are escaped by the template engine,
charts are inline SVG, and a content security policy in the page forbids everything else.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from automl_core.tabular import svg
from automl_core.tabular.wording import quantity, share

MAX_CHARTS: Final = 200
"""Columns that get a chart; the rest of a wide table are rows of numbers."""
MAX_CELL: Final = 200
_MAX_SCORES: Final = 20
_MAX_TWIN_ROWS: Final = 40
_MAX_VALUES: Final = 5
"""Values of a category that are drawn with their names; the rest is a number."""
_SMALL: Final = (220, 44)
"""Width and height in CSS pixels of a chart in a row of the table of columns."""
_MIDDLE: Final = (260, 72)
_LARGE: Final = (520, 110)
_MARKS: Final = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", ":": "colon"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = ("numeric", "categorical", "datetime", "text", "identifier", "constant")
_SEVERITY_WORDS: Final = {
    "high": "Important",
    "medium": "Look at this",
    "low": "Good to know",
    "info": "For information",
}
_MEASURES: Final = {
    "spearman": "Spearman's ρ",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
    "roc_auc": "area under the ROC curve",
    "r2": "R²",
}


def render_eda(profile: Mapping[str, Any]) -> str:
    """Write the report of a profile.

    Parameters
    ----------
    profile : mapping
        Content of ``profile.json``.

    Returns
    -------
    str
        A whole HTML document; it loads nothing and runs nothing.
    """
    columns = [
        _column_view(column, has_chart=i < MAX_CHARTS)
        for i, column in enumerate(profile["columns"])
    ]
    kinds = Counter(column["kind"] for column in profile["columns"])
    n_rows = profile["rows"]["kept"]
    n_missing = sum(column["missing"]["rows"] for column in profile["columns"])
    n_cells = n_rows * len(profile["columns"])
    return _template().render(
        profile=profile,
        columns=columns,
        kinds=[(kind, kinds[kind]) for kind in _KINDS if kinds[kind]],
        n_rows=n_rows,
        n_missing=n_missing,
        missing_share=n_missing / n_cells if n_cells else 0.0,
        target=_target_view(profile),
        max_charts=MAX_CHARTS,
        max_scores=_MAX_SCORES,
        severities=_SEVERITY_WORDS,
        measures=_MEASURES,
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "cell": cell,
        "number": number,
        "share": share,
        "bytes": _bytes,
        "mark": lambda delimiter: _MARKS.get(delimiter, repr(delimiter)),
        "scope": scope_words,
        "share_bar": svg.share_bar,
        "quantity": quantity,
        "opening": opening,
        "score": _score,
    }
    text = resources.files("automl_core.tabular").joinpath("eda.html").read_text("utf-8")
    return environment.from_string(text)


# -- Words ----------------------------------------------------------------------------


def opening(text: str) -> str:
    """A phrase as the beginning of a sentence; ``capitalize`` would lower "ROC"."""
    return text[:1].upper() + text[1:]


def _score(value: float) -> str:
    """Three decimals, without a minus in front of zero."""
    return f"{round(value, 3) + 0.0:.3f}"


def cell(value: object) -> Markup:
    """A name or cell from outside: cut, without control characters, isolated in direction.

    >>> cell("<b>\\x07x")
    Markup('<bdi>&lt;b&gt;x</bdi>')
    """
    return Markup("<bdi>{}</bdi>").format(_clean(value))


def _clean(value: object) -> str:
    text = "".join(
        " " if char in "\t\n\r" else char
        for char in str(value)
        if char in "\t\n\r" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )
    return text if len(text) <= MAX_CELL else f"{text[:MAX_CELL]}…"


def number(value: float | None) -> str:
    """A number to four significant digits; thousands are set apart from 10,000 on, so that
    years read as years.

    >>> number(1234567.0), number(0.123456), number(None), number(2012.0), number(1e-9)
    ('1,234,567', '0.1235', '–', '2012', '1e-09')
    """
    if value is None:
        return "–"
    if abs(value) >= 1e15 or (abs(value) < 1000 and not float(value).is_integer()):
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.0f}"


def _moment(seconds: float | None, *, with_time: bool) -> str:
    """Seconds since 1970 as a date (UTC)."""
    if seconds is None:
        return "–"
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return number(seconds)
    return moment.strftime("%Y-%m-%d %H:%M" if with_time else "%Y-%m-%d")


def _bytes(size: int) -> str:
    """A file's size in decimal units.

    >>> _bytes(43942), _bytes(5402379)
    ('43.9 kB', '5.4 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    for unit, step in (("kB", 1e3), ("MB", 1e6)):
        if size < 1000 * step:
            return f"{size / step:.1f} {unit}"
    return f"{size / 1e9:.1f} GB"


def scope_words(scope: Mapping[str, Any]) -> str:
    """Tell what a block was computed on."""
    if scope["basis"] == "all_rows":
        return f"computed on all {quantity(scope['of'], 'row')}"
    return (
        f"on a random sample of {scope['rows']:,} of {quantity(scope['of'], 'row')} "
        f"(seed {scope['seed']})"
    )


# -- Views ----------------------------------------------------------------------------


def _column_view(
    column: Mapping[str, Any], *, has_chart: bool, size: tuple[int, int] = _SMALL
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "column": column,
        "chart": None,
        "lying": [],
        "n_more": 0,
        "width": size[0],
        "ends": None,
        "twin": [],
        "facts": _facts(column),
    }
    if column["histogram"] is None:
        # Words have no order to draw them in: each value is a line with its name instead.
        if has_chart and column["kind"] in {"categorical", "numeric", "datetime"}:
            view["lying"] = [
                (item["value"], item["share"], share(item["share"]))
                for item in column["top"][:_MAX_VALUES]
            ]
            view["n_more"] = max(column["distinct"]["value"] - len(view["lying"]), 0)
        return view
    bars, twin = _chart_rows(column)
    if has_chart and bars:
        largest = max(range(len(bars)), key=bars.__getitem__)
        view["chart"] = svg.bars(
            bars,
            title=f"Distribution of {_clean(column['name'])}",
            description=f"{len(bars)} bars; the highest stands for {_clean(twin[largest][0])} "
            f"with {quantity(int(bars[largest]), 'row')}.",
            width=size[0],
            height=size[1],
        )
        view["ends"] = _ends(column, twin)
        view["twin"] = twin[:_MAX_TWIN_ROWS]
    return view


def _chart_rows(column: Mapping[str, Any]) -> tuple[list[int], list[tuple[str, int]]]:
    """Bars of a histogram and the rows of its table twin (label, rows)."""
    histogram = column["histogram"]
    show = _value_words(column)
    if histogram["kind"] == "values":
        rows = [
            (show(value), int(count))
            for value, count in zip(histogram["values"], histogram["counts"], strict=True)
        ]
        return [count for _, count in rows], rows
    edges = histogram["edges"]
    counts = [int(count) for count in histogram["counts"]]
    rows = [
        (f"{show(low)} to {show(high)}", count)
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    if histogram["n_below"]:
        rows.insert(0, (f"below {show(edges[0])} (not drawn)", int(histogram["n_below"])))
        counts_drawn = [0, *counts]
    else:
        counts_drawn = list(counts)
    if histogram["n_above"]:
        rows.append((f"above {show(edges[-1])} (not drawn)", int(histogram["n_above"])))
        counts_drawn.append(0)
    return counts_drawn, rows


def _ends(column: Mapping[str, Any], twin: list[tuple[str, int]]) -> tuple[str, str] | None:
    """Labels below the ends of a chart of numbers or dates."""
    histogram = column["histogram"]
    if len(twin) < 2:
        return None
    show = _value_words(column)
    axis = histogram["values"] if histogram["kind"] == "values" else histogram["edges"]
    return show(axis[0]), show(axis[-1])


def _value_words(column: Mapping[str, Any]) -> Any:
    if column["storage"] in {"date", "datetime"}:
        with_time = column["storage"] == "datetime"
        return lambda value: _moment(value, with_time=with_time)
    return number


def _facts(column: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers that say most about a column of its kind."""
    stats, lengths = column["stats"], column["lengths"]
    if stats is not None:
        show = _value_words(column)
        middle = {item["share"]: item["value"] for item in stats["quantiles"]}
        facts = [
            ("range", f"{show(stats['minimum'])} to {show(stats['maximum'])}"),
            ("median", show(middle[0.5])),
        ]
        if column["storage"] in {"integer", "decimal"}:
            facts.append(("mean ± sd", f"{number(stats['mean'])} ± {number(stats['std'])}"))
        return facts
    facts = []
    if column["top"] and column["kind"] not in {"text", "identifier"}:
        first = column["top"][0]
        if column["kind"] == "constant":
            facts.append(("always", _clean(first["value"])))
        else:
            facts.append(("most frequent", f"{_clean(first['value'])} ({share(first['share'])})"))
    if lengths is not None and column["kind"] in {"text", "identifier"}:
        facts.append(
            ("characters", f"{lengths['minimum']} to {lengths['maximum']}"),
        )
        facts += [("for example", _clean(example)) for example in column["examples"][:1]]
    return facts


def _target_view(profile: Mapping[str, Any]) -> dict[str, Any] | None:
    target = profile["target"]
    if target is None:
        return None
    by_name = {column["name"]: column for column in profile["columns"]}
    words = number if target["measure"] == "r2" else share
    return {
        "block": target,
        "column": _column_view(by_name[target["name"]], has_chart=True, size=_LARGE),
        "charts": [
            _target_chart(chart, by_name[chart["name"]], target["name"], words)
            for chart in target["charts"]
        ],
    }


def _target_chart(
    chart: Mapping[str, Any],
    column: Mapping[str, Any],
    target: str,
    words: Callable[[float], str],
) -> dict[str, Any]:
    """The target's mean along one column: bars of ranges, or a line for each category."""
    show = _value_words(column)
    rows = [(_bar_label(bar, show), bar["mean"], bar["rows"]) for bar in chart["bars"]]
    means = [mean for _, mean, _ in rows]
    low, high = min(0.0, *means), max(0.0, *means)
    if not any("low" in bar for bar in chart["bars"]):
        lying = [
            (
                label,
                (mean - low) / (high - low) if high > low else 0.0,
                f"{words(mean)} in {quantity(rows_of, 'row')}",
            )
            for label, mean, rows_of in sorted(rows, key=lambda row: -row[1])
        ]
        return {"name": chart["name"], "chart": None, "lying": lying}
    return {
        "name": chart["name"],
        "rows": [(label, words(mean), rows_of) for label, mean, rows_of in rows],
        "ends": _range_ends(chart["bars"], show) if len(rows) > 1 else None,
        "span": f"Bars from {words(low)} to {words(high)}.",
        "width": _MIDDLE[0],
        "chart": svg.bars(
            means,
            title=f"{_clean(target)} by {_clean(chart['name'])}",
            description=f"{len(rows)} bars from {words(min(means))} to {words(max(means))}.",
            width=_MIDDLE[0],
            height=_MIDDLE[1],
            gap=2,
            lowest=low,
        ),
    }


def _range_ends(bars: Sequence[Mapping[str, Any]], show: Any) -> tuple[str, str]:
    """Where the first range begins and the last one ends, or that the last bar is the gaps."""
    first, last = bars[0], bars[-1]
    return (
        show(first["low"]) if "low" in first else _bar_label(first, show),
        show(last["high"]) if "high" in last else _bar_label(last, show),
    )


def _bar_label(bar: Mapping[str, Any], show: Any) -> str:
    if "low" in bar:
        low, high = show(bar["low"]), show(bar["high"])
        return str(low) if low == high else f"{low} to {high}"
    return "missing" if bar["label"] is None else _clean(bar["label"])
