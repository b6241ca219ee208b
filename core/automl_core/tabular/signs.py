"""Signs in the cells that counting does not show, read from the sampled rows.

Personal data, numbers mixed with words, stand-in dates, noughts that are no measurements,
and whether the rows stand in the order of time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from automl_core.tabular.name_hints import name_hint
from automl_core.tabular.name_words import never_zero, personal_name
from automl_core.tabular.parquet_source import Floats, SampleColumn
from automl_core.tabular.personal import holds_email, kinds_of
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.thresholds import (
    DISGUISE_DATES,
    DISGUISE_SHARE,
    MIXED_SHARE,
    NEAR_CONSTANT_SHARE,
    PERSONAL_CHECKED_SHARE,
    PERSONAL_ROWS,
    PERSONAL_SHARE,
    PERSONAL_TEXT_SHARE,
    SORTED_SHARE,
    SORTED_VALUES,
    TIME_GAP_SHARE,
    TIME_GAP_STEPS,
    ZERO_GAP_SHARE,
    ZERO_SHARE,
)

HIDDEN: Final = "(hidden)"
"""Stands where a cell of a personal column would."""
_LOOKED_AT: Final = 400
"""Cells of a column that are asked for personal data: a share of a half is known to ±0.05."""
_TEXTS_LOOKED_AT: Final = 2_000
_NAMED_DISTINCT: Final = 20
"""A personal column by name alone has more values: ``phone`` with yes and no is none."""
_LEAST_NUMBER: Final = 100_000
"""The shortest numbers of phones, accounts and people have six digits."""
_MAX_WORDS: Final = 20
_QUOTED: Final = re.compile(r"(['\"]).*?\1")
_DIGITS: Final = re.compile(r"\d+")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
_UNIT: Final = re.compile(
    r"(?P<before>[$€£¥])?\s?[+-]?\d[\d.,]*\s?(?P<after>[%€$£¥°]?[A-Za-zµ²³/]{0,6})"
)
_NUMERIC_KINDS: Final = frozenset(
    (
        "phone number", "national or tax number", "bank account", "payment card",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Personal:
    """A column that seems to identify people.

    Attributes
    ----------
    kind : str
        In words, such as ``e-mail address``.
    share : float or None
        Of the looked-at values, those that look like it; None: by the column's name alone.
    """

    kind: str
    share: float | None


@dataclass(frozen=True)
class Order:
    """How the rows stand in time; bounds are values of the column (seconds for dates)."""

    is_sorted: bool
    is_falling: bool
    gap: tuple[float, float] | None


@dataclass(frozen=True)
class Signs:
    """What the cells show; every mapping goes from the column's name."""

    personal: Mapping[str, Personal] = field(default_factory=dict)
    words_among_numbers: Mapping[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)
    """Share of numbers, and the words beside them."""
    units: Mapping[str, str] = field(default_factory=dict)
    stand_in_dates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Seconds since 1970 and share of the values."""
    doubtful_zeros: Mapping[str, float] = field(default_factory=dict)
    order: Mapping[str, Order] = field(default_factory=dict)


def find_signs(schema: TableSchema, sampled: Mapping[str, SampleColumn]) -> Signs:
    """Look at the sampled cells of every column.

    Parameters
    ----------
    schema : TableSchema
    sampled : mapping of name to SampleColumn
        Rows in the order of the file.
    """
    personal: dict[str, Personal] = {}
    words: dict[str, tuple[float, tuple[str, ...]]] = {}
    units: dict[str, str] = {}
    dates: dict[str, tuple[float, float]] = {}
    zeros: dict[str, float] = {}
    order: dict[str, Order] = {}
    for column in schema.columns:
        sample = sampled.get(column.name)
        if sample is None:
            continue
        who = _personal(column, sample)
        if who is not None:
            personal[column.name] = who
        elif sample.codes is not None and column.storage == "text":
            _look_at_words(column, sample, words, units)
        if sample.numbers is None:
            continue
        if column.kind == "datetime":
            stand_in = _stand_in_date(sample.numbers)
            if stand_in is not None:
                dates[column.name] = stand_in
        if column.kind == "numeric" and never_zero(column.name):
            share = _doubtful_zeros(sample.numbers)
            if share is not None:
                zeros[column.name] = share
        if column.kind == "datetime" or (
            column.kind == "numeric" and name_hint(column.name) == "time"
        ):
            order[column.name] = _order(sample.numbers, is_date=column.kind == "datetime")
    return Signs(personal, words, units, dates, zeros, order)


def mask_personal(columns: Iterable[MutableMapping[str, Any]], signs: Signs) -> None:
    """Hide the cells of personal columns in the profile's column blocks, in place.

    Examples, frequent values, cells quoted in warnings, and the numbers of whole numbers.
    """
    for column in columns:
        if column["name"] not in signs.personal:
            continue
        column["examples"] = [HIDDEN for _ in column["examples"]]
        column["top"] = [{**item, "value": HIDDEN} for item in column["top"]]
        column["warnings"] = [_QUOTED.sub(HIDDEN, warning) for warning in column["warnings"]]
        if column["storage"] == "integer":
            # Quantiles and bars of phone numbers are phone numbers.
            column["stats"] = column["histogram"] = None


# -- Personal data --------------------------------------------------------------------


def _personal(column: ColumnSchema, sample: SampleColumn) -> Personal | None:
    if column.storage in {"boolean", "date", "datetime", "decimal"}:
        return _by_name(column)
    cells = _some_cells(sample, _TEXTS_LOOKED_AT if column.kind == "text" else _LOOKED_AT)
    if len(cells) >= PERSONAL_ROWS:
        # Categories repeat: each different cell is asked once.
        asked = Counter(cells[:: max(1, len(cells) // _LOOKED_AT)])
        n_asked = asked.total()
        counts: Counter[str] = Counter()
        for cell, rows in asked.items():
            counts.update(dict.fromkeys(kinds_of(cell), rows))
        kind, hits = max(counts.items(), key=lambda item: item[1], default=("", 0))
        bare = sum(n for cell, n in asked.items() if _DIGITS.fullmatch(cell)) > n_asked / 2
        wanted = PERSONAL_CHECKED_SHARE if bare else PERSONAL_SHARE
        if hits >= PERSONAL_ROWS and hits >= wanted * n_asked:
            return Personal(kind, hits / n_asked)
    if sample.codes is not None and len(cells):
        inside = sum(map(holds_email, cells))
        if inside >= PERSONAL_ROWS and inside >= PERSONAL_TEXT_SHARE * len(cells):
            return Personal("e-mail address", inside / len(cells))
    return _by_name(column)


def _some_cells(sample: SampleColumn, most: int) -> list[str]:
    """Cells from all over the sample; whole numbers of nine digits and more as text."""
    if sample.codes is not None:
        there = np.flatnonzero(sample.codes >= 0)
        chosen = there[:: max(1, len(there) // most)]
        return [str(sample.levels[code]) for code in sample.codes[chosen].tolist()]
    assert sample.numbers is not None
    there = np.flatnonzero(np.abs(sample.numbers) >= 1e8)
    if len(there) < 0.5 * np.count_nonzero(~np.isnan(sample.numbers)):
        return []
    chosen = there[:: max(1, len(there) // most)]
    return [f"{value:.0f}" for value in sample.numbers[chosen].tolist()]


def _by_name(column: ColumnSchema) -> Personal | None:
    kind = personal_name(column.original_name) or personal_name(column.name)
    if kind is None or column.n_distinct < _NAMED_DISTINCT:
        return None
    fits = {
        "text": True,
        "integer": kind in _NUMERIC_KINDS and (column.maximum or 0) >= _LEAST_NUMBER,
        "date": kind == "date of birth",
        "datetime": kind == "date of birth",
    }
    return Personal(kind, None) if fits.get(column.storage, False) else None


# -- Words and numbers ----------------------------------------------------------------


def _look_at_words(
    column: ColumnSchema,
    sample: SampleColumn,
    words: dict[str, tuple[float, tuple[str, ...]]],
    units: dict[str, str],
) -> None:
    """Find numbers written with a unit, and words among numbers."""
    cells = _some_cells(sample, _TEXTS_LOOKED_AT)
    if len(cells) < 2 * PERSONAL_ROWS:
        return
    numbers = sum(_NUMBER.fullmatch(cell.strip()) is not None for cell in cells)
    share = numbers / len(cells)
    if MIXED_SHARE <= share < NEAR_CONSTANT_SHARE and column.kind != "identifier":
        others = [cell for cell in cells if _NUMBER.fullmatch(cell.strip()) is None]
        frequent = sorted(set(others), key=lambda cell: (-others.count(cell), cell))
        if len(frequent) <= _MAX_WORDS:
            words[column.name] = (share, tuple(cell[:40] for cell in frequent[:3]))
    elif share == 0:
        found: Counter[str] = Counter()
        for cell, rows in Counter(cells).items():
            match = _UNIT.fullmatch(cell.strip())
            if match is not None:
                found[match["before"] or match["after"]] += rows
        unit = max(found, key=lambda key: found[key], default="")
        if unit and found[unit] >= SORTED_SHARE * len(cells) and column.n_distinct > 2:
            units[column.name] = unit


# -- Numbers and times ----------------------------------------------------------------


def _stand_in_date(values: Floats) -> tuple[float, float] | None:
    there = values[~np.isnan(values)]
    if len(there) == 0:
        return None
    ends = (float(there.min()), float(there.max()))
    for moment in DISGUISE_DATES:
        share = float(np.mean(there == moment))
        if moment in ends and DISGUISE_SHARE <= share < 1.0:
            return float(moment), share
    return None


def _doubtful_zeros(values: Floats) -> float | None:
    """Share of noughts in a column that is never nought, if no value comes near them."""
    there = values[~np.isnan(values)]
    others = there[there != 0]
    share = 1.0 - len(others) / max(len(there), 1)
    if not DISGUISE_SHARE <= share <= ZERO_SHARE or len(others) == 0:
        return None
    nearest, usual = float(np.abs(others).min()), float(np.median(np.abs(others)))
    return share if nearest >= ZERO_GAP_SHARE * usual else None


def _order(values: Floats, *, is_date: bool) -> Order:
    there = values[~np.isnan(values)]
    distinct = np.unique(there)
    is_sorted = is_falling = False
    if len(distinct) >= SORTED_VALUES:
        steps = np.diff(there)
        steps = steps[steps != 0]
        rising = float(np.mean(steps > 0))
        # Rows of one day may stand in any order: the place of the whole counts as well.
        place = np.searchsorted(distinct, there)
        going = float(np.corrcoef(place, np.arange(len(there)))[0, 1])
        is_falling = max(1 - rising, -going) >= SORTED_SHARE
        is_sorted = is_falling or max(rising, going) >= SORTED_SHARE
    return Order(is_sorted, is_falling, _largest_gap(distinct) if is_date else None)


def _largest_gap(distinct: Floats) -> tuple[float, float] | None:
    if len(distinct) < SORTED_VALUES or distinct[0] in DISGUISE_DATES:
        return None
    steps = np.diff(distinct)
    widest = int(steps.argmax())
    wanted = max(TIME_GAP_SHARE * np.ptp(distinct), TIME_GAP_STEPS * np.median(steps))
    if steps[widest] < wanted:
        return None
    return float(distinct[widest]), float(distinct[widest + 1])
