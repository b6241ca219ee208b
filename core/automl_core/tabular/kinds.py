"""How a column enters a model: a pure rule of a few counted numbers and its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from automl_core.records import ColumnKind, Storage
from automl_core.tabular.name_hints import name_hint, value_hint, words_of

# -- Thresholds -----------------------------------------------------------------------

UNIQUE_SHARE: Final = 0.98
"""Different values per value from which a column names its rows, a few doubles forgiven."""
MIN_UNIQUE_ROWS: Final = 20
"""In fewer rows anything may happen to be unique."""
EXPECTED_DOUBLES: Final = 7.0
"""Quantities so close together would share a value this often by chance, and hardly ever never
(e⁻⁷); numbers that were given out one by one do not. Sorted prices or areas lie wider apart."""
MAX_DOUBLES: Final = 0.1
"""Of the expected doubles: so few may be there, as a few rows are often read twice."""
NAMED_SHARE: Final = 0.3
NAMED_DISTINCT: Final = 50
"""An identifier by name may repeat (several rows of one person), up to about three rows a
value; ``store_id`` with a few dozen values is a category."""
SENTENCE_WORDS: Final = 4.0
SENTENCE_CHARACTERS: Final = 25.0
SENTENCE_ROWS_PER_VALUE: Final = 20.0
"""Sentences that come back more often than this are answers to choose from."""
PHRASE_WORDS: Final = 1.8
PHRASE_SHARE: Final = 0.5
PHRASE_DISTINCT: Final = 50
"""Titles and full names: words, and most of them different."""
MANY_CHARACTERS: Final = 100.0
"""Longer cells are documents, whatever they are made of."""


@dataclass(frozen=True)
class ColumnStats:
    """What the rule needs to know of a column.

    Attributes
    ----------
    n_values : int
        Rows that hold a value.
    n_distinct, n_counted : int
        Different values among the first ``n_counted`` values; all of them unless counting
        was given up.
    minimum, maximum : float or None
        Of a number column.
    mean_length, mean_words : float
        Characters and words of a value.
    share_single_words : float
        Of the values: those without a blank inside, 0 to 1.
    """

    name: str
    storage: Storage
    n_values: int
    n_distinct: int
    n_counted: int
    is_increasing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    mean_length: float = 0.0
    mean_words: float = 1.0
    share_single_words: float = 1.0

    @property
    def distinct_share(self) -> float:
        """Different values per value, 0 to 1."""
        return self.n_distinct / self.n_counted if self.n_counted else 0.0


def classify_column(stats: ColumnStats) -> tuple[ColumnKind, str]:
    """Decide how a column enters a model.

    Returns
    -------
    tuple of (ColumnKind, str)
        The kind and one sentence that says why.

    Examples
    --------
    >>> classify_column(ColumnStats("PID", "integer", 2930, 2930, 2930))[0]
    'identifier'
    >>> classify_column(ColumnStats("price", "decimal", 2930, 2930, 2930))[0]
    'numeric'
    """
    if stats.n_distinct <= 1:
        reason = "Every value is the same." if stats.n_values else "It holds no value at all."
        return "constant", reason
    if stats.storage in {"date", "datetime"}:
        what = "dates" if stats.storage == "date" else "moments in time"
        return "datetime", f"Its values are {what}."
    identifies = _identifies(stats)
    if identifies is not None:
        return "identifier", identifies
    if stats.storage in {"integer", "decimal"}:
        what = "whole numbers" if stats.storage == "integer" else "numbers"
        return "numeric", f"Its values are {what}."
    reads_as_text = _reads_as_text(stats) if stats.storage == "text" else None
    if reads_as_text is not None:
        return "text", reads_as_text
    what = "truth values" if stats.storage == "boolean" else f"{stats.n_distinct:,} different words"
    return "categorical", f"Its values are {what}."


def _identifies(stats: ColumnStats) -> str | None:
    """Why a column names its rows, or None. A measurement with decimals never does."""
    if stats.storage not in {"integer", "text"}:
        return None
    hint = name_hint(stats.name)
    names = hint == "id" or (hint == "person" and stats.storage == "integer")
    is_unique = stats.distinct_share >= UNIQUE_SHARE and stats.n_values >= MIN_UNIQUE_ROWS
    repeats_little = stats.distinct_share >= NAMED_SHARE and stats.n_distinct >= NAMED_DISTINCT
    counted = f"{stats.n_distinct:,} different values in {stats.n_counted:,} rows"
    reason = None
    if names and (is_unique or repeats_little):
        reason = f"Its name says identifier, and it has {counted}."
    elif is_unique and stats.storage == "integer":
        reason = _numbers_rows(stats, hint)
    elif (
        is_unique
        and stats.storage == "text"
        and hint != "time"
        and stats.share_single_words >= UNIQUE_SHARE
        and stats.mean_length < MANY_CHARACTERS
    ):
        reason = f"It names its rows: {counted}, each a single word."
    return reason


def _numbers_rows(stats: ColumnStats, hint: str | None) -> str | None:
    """Why unique whole numbers are row numbers, or None; whatever the order of the rows."""
    if hint == "row":
        return "Its name says row number, and hardly a value comes twice."
    says = value_hint(stats.name)
    # "n" or "number" alone may number the rows as well; "episode_count" does not.
    counts = says == "count" and len(words_of(stats.name)) > 1
    measures = hint in {"time", "rank"} or says == "quantity" or counts
    if measures or stats.minimum is None or stats.maximum is None:
        return None
    # The birthday problem: how often n values meet that fall anywhere in their range.
    expected = stats.n_counted**2 / (2 * (stats.maximum - stats.minimum + 1))
    doubles = stats.n_counted - stats.n_distinct
    if expected >= EXPECTED_DOUBLES and doubles <= MAX_DOUBLES * expected:
        return (
            f"It numbers the rows: {stats.n_distinct:,} different whole numbers from "
            f"{stats.minimum:,.0f} to {stats.maximum:,.0f}, hardly one of them twice."
        )
    return None


def _reads_as_text(stats: ColumnStats) -> str | None:
    """Why a column is free text rather than categories, or None."""
    if stats.mean_length >= MANY_CHARACTERS:
        return f"Its values are {stats.mean_length:.0f} characters long on average."
    rows_per_value = stats.n_counted / max(1, stats.n_distinct)
    if (
        stats.mean_words >= SENTENCE_WORDS
        and stats.mean_length >= SENTENCE_CHARACTERS
        and rows_per_value < SENTENCE_ROWS_PER_VALUE
    ):
        return f"Its values are sentences ({stats.mean_words:.1f} words on average)."
    if (
        stats.mean_words >= PHRASE_WORDS
        and stats.n_distinct >= PHRASE_DISTINCT
        and stats.distinct_share >= PHRASE_SHARE
    ):
        return f"Its values are phrases, {stats.n_distinct:,} of them different."
    if stats.distinct_share >= UNIQUE_SHARE and stats.n_values >= MIN_UNIQUE_ROWS:
        counted = f"{stats.n_distinct:,} of {stats.n_counted:,}"
        return f"Hardly a value comes twice: {counted} are different."
    return None
