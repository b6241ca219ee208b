"""What the values of a numeric column say of it: whole, counted up, codes, dates in disguise.

Shares decide, never numbers of rows: a table twice as long says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from automl_core.tabular.name_hints import says_date
from automl_core.tabular.schema import ColumnSchema
from automl_core.tabular.thresholds import FEW_CODES

COUNT_VALUES: Final = 8
"""Different values that the shape of a count can be told from without the name's help."""
COUNT_TAIL_SHARE: Final = 0.05
"""Of the rows: the upper third of a count's values, such as 7, 8 and 9 visits."""
COUNT_BUMP_SHARE: Final = 0.015
"""Of the rows: what a value behind a count's peak may have more than the one before it."""
SHOWN_DATES: Final = 5
"""Values that must all be days of a calendar where the name does not say date; of eight-digit
numbers in this range one in thirty is."""


def _sorted_values(column: ColumnSchema) -> list[tuple[float, int]]:
    """The most frequent values as numbers with their rows, smallest first."""
    found = ((_number(counted.value), counted.rows) for counted in column.top_values)
    return sorted((value, rows) for value, rows in found if value is not None)


def _number(text: str) -> float | None:
    for spelled in (text, text.replace(",", "."), text.replace(",", "")):
        try:
            return float(spelled)
        except ValueError:
            continue
    return None


def is_whole(column: ColumnSchema) -> bool:
    """Tell whether every value is a whole number, as far as it was counted."""
    if column.storage == "integer":
        return True
    values = _shown(column)
    return bool(values) and all(value is not None and value.is_integer() for value in values)


def _shown(column: ColumnSchema) -> list[float | None]:
    """The most frequent values as numbers, or the examples where these were not counted."""
    if column.top_values:
        return [_number(counted.value) for counted in column.top_values]
    return [_number(example) for example in column.examples]


def starts_like_codes(column: ColumnSchema) -> bool:
    """Tell whether the values begin at 0 or 1, with few gaps: 1, 2, 3, 5."""
    values = _sorted_values(column)
    if not values:
        return False
    low, high = values[0][0], values[-1][0]
    return low in {0.0, 1.0} and high - low < 1.5 * len(values)


def falls_like_a_count(column: ColumnSchema) -> bool:
    """Tell whether 0, 1, 2 … become rarer behind one peak, to a thin tail."""
    values = _sorted_values(column)
    if len(values) < max(COUNT_VALUES, column.n_distinct) or values[0][0] != 0:
        return False
    if not starts_like_codes(column):
        return False
    rows = [count for _, count in values]
    total = sum(rows)
    peak = rows.index(max(rows))
    bump = COUNT_BUMP_SHARE * total
    tail = rows[-(len(rows) // 3) :]
    return (
        peak <= len(rows) // 2
        and _rises(rows[: peak + 1], bump)
        and _rises(rows[peak:][::-1], bump)
        and sum(tail) <= COUNT_TAIL_SHARE * total
    )


def _rises(rows: Sequence[int], bump: float) -> bool:
    return all(later >= earlier - bump for earlier, later in pairwise(rows))


def are_dates(column: ColumnSchema) -> bool:
    """Tell whether whole numbers are dates: 20240131, 202401, or seconds since 1970."""
    low, high = column.minimum, column.maximum
    if low is None or high is None or column.n_distinct <= FEW_CODES:
        return False
    values = [low, high, *(value for value in _shown(column) if value is not None)]
    if not all(float(value).is_integer() for value in values):
        return False
    named = says_date(column.name)
    is_date = False
    # Without the name's help enough values must be seen that no amount would all hit.
    if named or len(values) > SHOWN_DATES:
        is_date = all(_is_day(value) for value in values)
    if not is_date and named:
        is_date = _within(low, high, 3e8, 4e9) or _within(low, high, 3e11, 4e12)
    return is_date


def _within(low: float, high: float, least: float, most: float) -> bool:
    return least <= low and high <= most


def _is_day(value: float) -> bool:
    """Tell whether a number is a day or a month of 1900 to 2100.

    >>> _is_day(20240229), _is_day(20240230), _is_day(202412), _is_day(202413)
    (True, False, True, False)
    """
    digits = f"{value:.0f}"
    if not (190001 <= value <= 210012 or 19000101 <= value <= 21001231):
        return False
    try:
        datetime.strptime(digits, "%Y%m%d" if len(digits) == 8 else "%Y%m")  # noqa: DTZ007 - a day
    except ValueError:
        return False
    return True
