"""How a column enters a model: a pure rule of a few counted numbers and its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from automl_core.records import ColumnKind, Storage

# -- Thresholds -----------------------------------------------------------------------

UNIQUE_SHARE: Final = 0.98
"""Different values per value from which a column names its rows, a few doubles forgiven."""
MIN_UNIQUE_ROWS: Final = 20
"""In fewer rows anything may happen to be unique."""
MAX_STEP: Final = 3.0
"""Mean step of growing whole numbers up to which they count rows; sorted prices or areas
have wider steps."""
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

# -- Words in names -------------------------------------------------------------------

#: Things that are numbered or named: ``userid``, ``CaseID``, ``p_id``.
_OWNERS = (
    "account|applicant|app|artist|booking|case|claim|client|contract|customer|cust|device|doc|"
    "document|employee|emp|event|family|g|house|household|image|individual|invoice|item|job|"
    "loan|member|o|obs|observation|order|p|parcel|participant|passenger|patient|person|player|"
    "policy|post|product|prop|property|record|rec|request|respondent|r|row|s|sample|session|"
    "song|specimen|store|student|study|subject|subj|test|ticket|track|trans|transaction|trip|tx|"
    "u|user|uu|visit|visitor"
)
#: A last or only word that says "identifier"; ``humid``, ``paid`` and ``bid`` do not.
_ID_WORD = re.compile(rf"(?:{_OWNERS})?ids?|uuid|guid|key|identifier", re.IGNORECASE)
#: A last word that numbers things, behind a word for the thing: ``sample_number``.
_NUMBER_WORD = re.compile(r"number|no|nr|num", re.IGNORECASE)
_COUNTING_WORDS = frozenset(
    ("average", "avg", "count", "max", "mean", "min", "n", "num", "number", "of", "total")
)
#: Names of row numbers as programs write them.
_ROW_NUMBER = re.compile(
    r"(?:unnamed[ :_]*\d*|column_1|index|idx|level_0|(?:row|line)"
    r"[ _.-]?(?:num|number|no|nr|names?|index|idx)?|rownames?|rownum|order|\.?rowid)",
    re.IGNORECASE,
)
_TIME_WORDS = frozenset(
    (
        "age", "date", "day", "days", "decade", "epoch", "hour", "hours", "minute", "minutes",
        "month", "months", "period", "quarter", "second", "seconds", "season", "step", "time",
        "timestamp", "ts", "week", "weeks", "year", "years",
    )
)  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


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
    is_unique = stats.distinct_share >= UNIQUE_SHARE and stats.n_values >= MIN_UNIQUE_ROWS
    repeats_little = stats.distinct_share >= NAMED_SHARE and stats.n_distinct >= NAMED_DISTINCT
    counted = f"{stats.n_distinct:,} different values in {stats.n_counted:,} rows"
    reason = None
    if hint == "id" and (is_unique or repeats_little):
        reason = f"Its name says identifier, and it has {counted}."
    elif is_unique and stats.storage == "integer":
        reason = _numbers_rows(stats, hint)
    elif (
        is_unique
        and stats.storage == "text"
        and stats.share_single_words >= UNIQUE_SHARE
        and stats.mean_length < MANY_CHARACTERS
    ):
        reason = f"It names its rows: {counted}, each a single word."
    return reason


def _numbers_rows(stats: ColumnStats, hint: str | None) -> str | None:
    """Why unique whole numbers are row numbers, or None."""
    if hint == "time" or stats.minimum is None or stats.maximum is None:
        return None
    step = (stats.maximum - stats.minimum) / max(1, stats.n_values - 1)
    if hint == "row" and (stats.is_increasing or step <= MAX_STEP):
        return "Its name says row number, and no value comes twice."
    if stats.is_increasing and step <= MAX_STEP:
        return "It counts the rows: whole numbers, each a little larger than the one before."
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
    return None


def name_hint(name: str) -> str | None:
    """What a column's name says: ``"id"``, ``"row"`` (row number), ``"time"`` or None.

    >>> [name_hint(name) for name in ("caseid", "PID", "sample_number", "individual_id")]
    ['id', 'id', 'id', 'id']
    >>> [name_hint(name) for name in ("humid", "flight", "MS.SubClass", "number_of_rooms", "bid")]
    [None, None, None, None, None]
    """
    if _ROW_NUMBER.fullmatch(name.strip()):
        return "row"
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return None
    if _ID_WORD.fullmatch(words[-1]) or _ID_WORD.fullmatch("".join(words)):
        return "id"
    if _ends_in_number(name):
        return "id"
    return "time" if _TIME_WORDS & set(words) else None


def _ends_in_number(name: str) -> bool:
    """``sample_number`` numbers things; ``total_number`` and ``number_of_rooms`` count them."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return (
        len(words) > 1
        and _NUMBER_WORD.fullmatch(words[-1]) is not None
        and not _COUNTING_WORDS & set(words[:-1])
    )
