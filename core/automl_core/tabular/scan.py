"""From counted columns to the schema of a text table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from automl_core.tabular.bulk_shapes import shapes_of
from automl_core.tabular.cell_block import CellBlock, ColumnCells, Index
from automl_core.tabular.cells import EMPTY, TOKEN, Decimal, parse_number
from automl_core.tabular.counting import MEMORY_BYTES, ColumnCounter, share_memory
from automl_core.tabular.kinds import ColumnStats, classify_column
from automl_core.tabular.names import clean_names
from automl_core.tabular.plain_numbers import note_plain, read_plain
from automl_core.tabular.schema import ColumnSchema, ValueCount
from automl_core.tabular.storage import (
    StorageDecision,
    choose_decimal,
    decide_storage,
    is_decimal_shown,
)
from automl_core.tabular.thresholds import MAX_CLASSES

N_EXAMPLES: Final = 5
N_TOP_VALUES: Final = 10
MAX_SHOWN: Final = 200
"""Characters of a value in the schema; longer ones are free text and only looked at."""


TakeBlock = Callable[[Sequence[ColumnCells], Sequence[Index | None], Sequence[ColumnCounter]], None]
"""Takes the columns of a block that was counted, and for each the places of its cells among the
texts of its counter, where these are kept."""


def count_columns(
    blocks: Iterable[CellBlock],
    n_columns: int,
    *,
    memory_bytes: int = MEMORY_BYTES,
    then: TakeBlock | None = None,
) -> list[ColumnCounter]:
    """Count every column of a stream of blocks, in bounded memory.

    Parameters
    ----------
    memory_bytes : int
        For the different values of all columns together; beyond it the columns with most
        of them are counted no further.
    then : callable or None
        Gets every block once it is counted.
    """
    counters = [ColumnCounter() for _ in range(n_columns)]
    for block in blocks:
        columns = block.columns()
        pairs = list(zip(counters, columns, strict=True))
        block.note_keys([cells for counter, cells in pairs if counter.needs_keys])
        note_plain(block, [cells for counter, cells in pairs if counter.needs_numbers])
        places = [counter.add(cells) for counter, cells in pairs]
        if then is not None:
            then(columns, places, counters)
        share_memory(counters, memory_bytes)
    for counter in counters:
        counter.finish()
    return counters


def describe_columns(
    counters: Sequence[ColumnCounter], original_names: Sequence[str], decimal: Decimal | None
) -> tuple[list[ColumnSchema], Decimal]:
    """Decide storage and kind of every column.

    Parameters
    ----------
    counters : sequence of ColumnCounter
        Finished.
    original_names : sequence of str
        As they stand in the file.
    decimal : {".", ","} or None
        None: found from the cells.

    Returns
    -------
    tuple of (list of ColumnSchema, {".", ","})
    """
    shapes = [counter.shapes for counter in counters]
    mark = decimal or choose_decimal(shapes)
    is_shown = decimal is not None or is_decimal_shown(shapes, mark)
    names = clean_names(original_names)
    columns = [
        _describe(counter, position, name, original, mark, is_shown=is_shown)
        for position, (counter, name, original) in enumerate(
            zip(counters, names, original_names, strict=True)
        )
    ]
    return columns, mark


def _describe(
    counter: ColumnCounter,
    position: int,
    name: str,
    original: str,
    decimal: Decimal,
    *,
    is_shown: bool,
) -> ColumnSchema:
    decision = decide_storage(counter.shapes, decimal, counter.samples, is_shown=is_shown)
    is_number = decision.storage in {"integer", "decimal"}
    n_values = counter.n_rows - decision.n_missing
    values = None if counter.counts is None else _values(counter.counts, decision, decimal)
    is_increasing = counter.is_increasing and n_values > 1 and decision.storage != "text"
    n_distinct = _count_distinct(counter, values, n_values, decision)
    low, high = counter.extremes.get(decimal, (None, None)) if is_number else (None, None)
    texts = _samples(counter, decision) if values is None else list(values)
    is_exact = values is not None or counter.is_exact or is_increasing
    length, words, share_single = _lengths(counter.sample if values is None else values)
    kind, reason = classify_column(
        ColumnStats(
            name=name,
            storage=decision.storage,
            n_values=n_values,
            n_distinct=n_distinct,
            n_counted=n_values if is_exact else counter.n_counted,
            is_increasing=is_increasing,
            minimum=low,
            maximum=high,
            mean_length=length,
            mean_words=words,
            share_single_words=share_single,
        )
    )
    return ColumnSchema(
        name=name,
        original_name=original,
        position=position,
        storage=decision.storage,
        kind=kind,
        kind_reason=reason,
        n_missing=decision.n_missing,
        n_distinct=n_distinct,
        distinct_is_exact=is_exact,
        n_unreadable=decision.n_unreadable,
        missing_tokens=list(decision.missing_tokens),
        time_format=decision.time_format,
        minimum=low,
        maximum=high,
        is_increasing=is_increasing,
        mean_length=round(length, 3),
        examples=[text[:MAX_SHOWN] for text in texts[:N_EXAMPLES]],
        top_values=_top(values),
        warnings=decision.warnings,
    )


def _values(counts: Counter[str], decision: StorageDecision, decimal: Decimal) -> Counter[str]:
    """Rows of each different value under the decision, unreadable and missing ones left out.

    Numbers are the same value however they are spelled; the first spelling stands for it.
    """
    texts = list(counts)
    stripped = [text.strip() for text in texts]
    if decision.storage == "text" and decision.missing_tokens == ():
        if stripped == texts:
            values = counts.copy()
            values.pop("", None)
            return values
        is_value = list(map(bool, stripped))
    else:
        is_value = [shape in decision.fitting for shape in shapes_of(texts)]
    numbers: list[float | None] = [None] * len(texts)
    if decision.storage in {"integer", "decimal"}:
        numbers = _numbers(stripped, decimal)
    values = Counter()
    first_spelling: dict[float, str] = {}
    for value, rows, number, is_there in zip(
        stripped, counts.values(), numbers, is_value, strict=True
    ):
        if is_there:
            spelling = value if number is None else first_spelling.setdefault(number, value)
            values[spelling] = values.get(spelling, 0) + rows
    return values


def _numbers(texts: Sequence[str], decimal: Decimal) -> list[float | None]:
    """The number that each text is, if it is one."""
    if decimal == ",":
        return [parse_number(text, decimal) for text in texts]
    plain = read_plain(ColumnCells.of_texts(texts)).values.tolist()
    return [
        parse_number(text) if math.isnan(number) else number
        for text, number in zip(texts, plain, strict=True)
    ]


def _count_distinct(
    counter: ColumnCounter, values: Counter[str] | None, n_values: int, decision: StorageDecision
) -> int:
    if values is not None:
        return len(values)
    if counter.is_increasing and not counter.is_exact:
        # Of values that grow none comes twice.
        return n_values
    are_numbers = decision.storage in {"integer", "decimal"}
    return min(counter.n_distinct(are_numbers=are_numbers), n_values)


def _samples(counter: ColumnCounter, decision: StorageDecision) -> list[str]:
    """A few values of a column that was not counted to the end."""
    missing = {EMPTY} if decision.storage == "text" else {EMPTY, TOKEN}
    return [
        cell
        for shape, cells in counter.samples.items()
        if shape in decision.fitting and shape not in missing
        for cell in cells
    ]


def _lengths(values: Counter[str]) -> tuple[float, float, float]:
    """Mean characters and words of a value, and the share of values that are one word."""
    if not values:
        return 0.0, 0.0, 0.0
    rows = np.fromiter(values.values(), np.int64, len(values))
    n_values = int(rows.sum())
    characters = np.fromiter(map(len, values), np.int64, len(values))
    words = np.fromiter((len(value.split()) for value in values), np.int64, len(values))
    n_single = int(rows[words == 1].sum())
    return (
        int((characters * rows).sum()) / n_values,
        int((words * rows).sum()) / n_values,
        n_single / n_values,
    )


def _top(values: Counter[str] | None) -> list[ValueCount]:
    if values is None:
        return []
    limit = MAX_CLASSES if len(values) <= MAX_CLASSES else N_TOP_VALUES
    return [
        ValueCount(value=value[:MAX_SHOWN], rows=rows) for value, rows in values.most_common(limit)
    ]
