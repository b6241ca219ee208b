"""Texts from a table and numbers, written for a reader.

Whatever comes from outside goes through `cell` or `prose` on its way into the page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular import wording
from automl_core.tabular.wording import quantity

MAX_CELL: Final = 200
_MAX_LABEL: Final = 40
"""Characters of a name inside a chart or a list of names, where it cannot wrap well."""
_MAX_PROSE: Final = 1200
"""Characters of a sentence that quotes names."""
_MAX_SOURCE: Final = 100_000
_MAX_WORD: Final = 60
_NO_WORD: Final = re.compile(rf"\S{{{_MAX_WORD + 20},}}")
"""A name of 10 kB must not fill the page, and take the rest of its sentence away."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_S: Final = 86_400
_FROM_HERE_GROUPED: Final = 10_000
_JOINERS: Final = frozenset("\u200c\u200d")
"""Needed to write Persian, Indic scripts and composed emoji; they change no direction."""
_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MEASURES: Final = {
    "spearman": "Spearman's ρ",
    "pearson": "Pearson's r",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
    "roc_auc": "area under the ROC curve",
    "r2": "R²",
}

# -- Texts ----------------------------------------------------------------------------


def clean(value: object, *, most: int = MAX_CELL) -> str:
    """A text without control and direction characters, cut after ``most`` characters.

    >>> clean("a\\tb\\x07\\u202ec"), clean("abcdef", most=3)
    ('a bc', 'abc…')
    """
    text = str(value)
    if len(text) > 4 * most:
        # Cleaning looks at every character; a cell of a megabyte is cut first.
        text = text[: 4 * most]
    if not text.isprintable():
        text = "".join(
            " " if char in "\t\n\r\u2028\u2029" else char
            for char in text
            if char in "\t\n\r\u2028\u2029" or _is_shown(char)
        )
    return text if len(text) <= most else f"{text[:most]}…"


def _is_shown(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}


def cell(value: object) -> Markup:
    """A name or cell from outside: cut, without control characters, isolated in direction.

    >>> cell("<b>\\x07x")
    Markup('<bdi>&lt;b&gt;x</bdi>')
    """
    return Markup("<bdi>{}</bdi>").format(clean(value))


def label(value: object) -> Markup:
    """A name where there is little room.

    >>> label("x" * 50) == Markup("<bdi>{}…</bdi>").format("x" * 40)
    True
    """
    return Markup("<bdi>{}</bdi>").format(clean(value, most=_MAX_LABEL))


def short(value: object) -> str:
    """`label` as plain text, for titles of charts and names of regions."""
    return clean(value, most=_MAX_LABEL)


def prose(value: object) -> Markup:
    """A sentence that may quote names and cells; what is no word of any language is cut.

    >>> prose("It is called " + "n" * 5000 + ".") == cell("It is called " + "n" * 60 + "….")
    True
    """
    text = clean(value, most=_MAX_SOURCE)
    text = _NO_WORD.sub(lambda found: f"{found[0][:_MAX_WORD]}…{found[0][-1]}", text)
    return Markup("<bdi>{}</bdi>").format(clean(text, most=_MAX_PROSE))


def value_text(value: object) -> Markup:
    """A cell's value where it may be a text with no visible character.

    >>> value_text(""), value_text("  ")
    (Markup('<i>empty text</i>'), Markup('<i>blanks only</i>'))
    """
    text = clean(value)
    if text.strip():
        return cell(value)
    return Markup("<i>blanks only</i>") if text else Markup("<i>empty text</i>")


def opening(text: str) -> str:
    """A phrase as the beginning of a sentence; ``capitalize`` would lower "ROC"."""
    return text[:1].upper() + text[1:]


def code_words(code: str) -> str:
    """The code of a finding as words.

    >>> code_words("near-constant")
    'near constant'
    """
    return code.replace("-", " ").replace("_", " ")


def measure_words(measure: str) -> str:
    """Name of a measure; one that is not known here keeps its own name."""
    return _MEASURES.get(measure, code_words(measure))


# -- Numbers --------------------------------------------------------------------------


def whole(value: float) -> str:
    """A count: always whole, thousands set apart."""
    return f"{int(value):,}"


def number(value: float | None, *, is_grouped: bool = False) -> str:
    """A number to four significant digits; thousands are set apart from 10,000 on, so that
    years read as years, or from 1,000 on if ``is_grouped``.

    >>> number(1234567.0), number(0.123456), number(None), number(2012.0), number(-3.0)
    ('1,234,567', '0.1235', '–', '2012', '−3')
    >>> number(1e-9), number(1.5e20)
    ('1 × 10⁻⁹', '1.5 × 10²⁰')
    """
    return _written(value, digits=4, is_grouped=is_grouped)


def exact(value: float | None, *, is_grouped: bool = False) -> str:
    """A value that occurs in the table, to as many digits as the profile keeps.

    >>> exact(1234.5), exact(3.0), exact(0.1)
    ('1234.5', '3', '0.1')
    """
    return _written(value, digits=6, is_grouped=is_grouped)


def _written(value: float | None, *, digits: int, is_grouped: bool) -> str:
    if value is None:
        return "–"
    size = abs(value)
    comma = "," if size >= _FROM_HERE_GROUPED or is_grouped else ""
    if size and not 1e-4 <= size < 1e15:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    elif float(value).is_integer() or size >= 10 ** (digits - 1):
        text = f"{value:{comma}.0f}"
    else:
        text = f"{value:{comma}.{digits}g}"
    return text.replace("-", "−")


def share(value: float) -> str:
    """A percentage whose sign stays on its line."""
    return wording.share(value).replace(" ", "\u00a0")


def score(value: float) -> str:
    """Three decimals, without a minus in front of zero."""
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−")


def correlation(value: float | None) -> str:
    """Two decimals: a sample does not know more.

    >>> correlation(-0.456), correlation(None)
    ('−0.46', '–')
    """
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def file_size(size: int) -> str:
    """A file's size in decimal units.

    >>> file_size(43942), file_size(5402379)
    ('43.9\xa0kB', '5.4\xa0MB')
    """
    if size < 1000:
        return quantity(size, "byte")
    for unit, step in (("kB", 1e3), ("MB", 1e6)):
        if size < 1000 * step:
            return f"{size / step:.1f}\u00a0{unit}"
    return f"{size / 1e9:.1f}\u00a0GB"


# -- Values of a column ---------------------------------------------------------------


def moment(seconds: float | None, *, with_time: bool) -> str:
    """Seconds since 1970 as a date (UTC)."""
    if seconds is None:
        return "–"
    try:
        found = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return number(seconds)
    text = found.isoformat(sep=" ", timespec="minutes")[:16]
    return text if with_time else text[:10]


def duration(seconds: float) -> str:
    """A span of time in the unit that a person would use.

    >>> duration(86400 * 364), duration(86400 * 3650), duration(7200)
    ('364 days', '10.0 years', '2 hours')
    """
    days = seconds / DAY_S
    if days >= 3 * 365:
        return f"{days / 365.2425:.1f} years"
    if days >= 2:
        return quantity(round(days), "day")
    if seconds >= 2 * 3600:
        return quantity(round(seconds / 3600), "hour")
    return quantity(round(seconds), "second")


def value_words(column: Mapping[str, Any], *, exactly: bool = False) -> Callable[[Any], str]:
    """How the values of a column are written: dates as dates, numbers alike throughout."""
    if column["storage"] in {"date", "datetime"}:
        with_time = column["storage"] == "datetime"
        return lambda value: moment(value, with_time=with_time)
    stats = column["stats"]
    largest = max(abs(stats["minimum"]), abs(stats["maximum"])) if stats is not None else 0.0
    write = exact if exactly else number
    return partial(write, is_grouped=largest >= _FROM_HERE_GROUPED)


# -- Scope ----------------------------------------------------------------------------


def scope_words(scope: Mapping[str, Any]) -> str:
    """Tell what a block was computed on."""
    of = quantity(scope["of"], "row")
    if scope["basis"] == "all_rows":
        return f"computed on all {of}" if scope["of"] != 1 else "computed on the only row"
    if scope["basis"] == "estimate":
        return f"estimated from all {of}"
    drawn = f"on a random sample of {scope['rows']:,} of {of}"
    _, is_stratified, how = (scope["method"] or "").partition("stratified")
    if is_stratified:
        drawn += f", stratified{how}"
    return drawn if scope["seed"] is None else f"{drawn} (seed {scope['seed']})"


def distinct_words(distinct: Mapping[str, Any]) -> str:
    """A number of different values; an estimate says that it is one."""
    return whole(distinct["value"]) if distinct["exact"] else f"about {distinct['value']:,}"


def join_markup(parts: Sequence[Markup], *, between: str = ", ") -> Markup:
    """Join pieces that are safe already."""
    return Markup("{}").format(between).join(parts)
