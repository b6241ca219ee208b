"""What a column's name says of its values: identifier, row number, code, class, count, amount.

Only whole words speak: "count" is not in "country", nor "age" in "stage". A name is a hint and
never the only evidence, as far as the values can say something themselves.
"""

from __future__ import annotations

import re
from typing import Literal

NameHint = Literal["id", "person", "row", "time", "rank"]
ValueHint = Literal["code", "class", "count", "quantity", "year"]

# -- Identifiers and times ------------------------------------------------------------

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
#: A whole name that says whose number it is: numbers below it name persons.
_PERSON = re.compile(
    r"applicant|client|customer|employee|household|individual|member|participant|patient|"
    r"person|player|respondent|student|subject|user",
    re.IGNORECASE,
)
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
        "month", "months", "period", "quarter", "second", "seconds", "season", "step", "t", "time",
        "timestamp", "trend", "ts", "week", "weeks", "year", "years", "yr", "yrs",
    )
)  # fmt: skip
#: Numbers that are given out once each and still measure something.
_RANK_WORDS = frozenset(("percentile", "place", "position", "rank", "ranking"))
_DATE_WORDS = frozenset(
    ("created", "date", "dates", "datetime", "epoch", "time", "timestamp", "ts", "unix", "updated")
)

# -- Codes, classes, counts, amounts --------------------------------------------------

#: Numbers that name a thing, however many of them there are.
_CODE = re.compile(
    r"(?:zip|post|postal|area|bar|country|state|fips|naics|sic|icd|hs|dial)?codes?|zip|zip\d|plz|"
    r"postal|fips|naics|sku|isbn|ean|upc|gtin|iban|ssn|phone|telephone|mobile|fax|barcode|msisdn",
    re.IGNORECASE,
)
#: Words for a kind of thing, at the end of a name: ``MS.SubClass``, ``age_group``, ``MOSTYPE``.
_CLASS = re.compile(
    r"\w*(?:class|type|category|cluster)|label|cat|group|grp|segment|species|genus|kind|status|"
    r"mode|district|region|zone|state|county|country|sector|industry|occupation|profession|dept|"
    r"department|division|brand|channel|site|store|shop|warehouse|diagnosis|digit|letter|"
    r"symbol|race|ethnicity|religion|nationality|language|origin|band|bin|bucket|bracket|tier|"
    r"quartile|quintile|judge|rater|team",
    re.IGNORECASE,
)
#: Words that say "how many".
_COUNTS = frozenset(
    (
        "accidents", "articles", "babies", "bathrooms", "bedrooms", "beds", "calls", "children",
        "claims", "clicks", "count", "counts", "days", "deaths", "errors", "events", "floors",
        "goals", "hours", "injuries", "items", "kids", "minutes", "months", "n", "nights", "nr",
        "num", "number", "occurrences", "orders", "passengers", "people", "persons", "pieces",
        "purchases", "qty", "quantity", "rooms", "seats", "siblings", "times", "trips", "views",
        "visits", "weeks", "wins", "years", "yrs",
    )
)  # fmt: skip
#: Words that say "how much".
_AMOUNTS = frozenset(
    (
        "age", "amount", "area", "balance", "cost", "depth", "distance", "duration", "experience",
        "fare", "fee", "height", "hp", "income", "km", "length", "mileage", "mpg", "price",
        "rent", "revenue", "salary", "sales", "score", "size", "speed", "sum", "tax",
        "temp", "temperature", "time", "total", "value", "wage", "weight", "width",
    )
)  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")


def words_of(name: str) -> list[str]:
    """Words of a name, in lower case.

    >>> words_of("roomCount"), words_of("MS.SubClass"), words_of("zip_code2")
    (['room', 'count'], ['ms', 'sub', 'class'], ['zip', 'code', '2'])
    """
    return [word.lower() for word in _WORDS.findall(name)]


def name_hint(name: str) -> NameHint | None:
    """What a name says of the rows: identifier, person, row number, time, rank, or None.

    >>> [name_hint(name) for name in ("caseid", "PID", "sample_number", "individual_id")]
    ['id', 'id', 'id', 'id']
    >>> [name_hint(name) for name in ("humid", "flight", "MS.SubClass", "number_of_rooms", "bid")]
    [None, None, None, None, None]
    """
    if _ROW_NUMBER.fullmatch(name.strip()):
        return "row"
    words = words_of(name)
    if not words:
        return None
    if _ID_WORD.fullmatch(words[-1]) or _ID_WORD.fullmatch("".join(words)):
        return "id"
    hint: NameHint | None = None
    if _ends_in_number(words):
        hint = "id"
    elif _PERSON.fullmatch("".join(words)):
        hint = "person"
    elif _TIME_WORDS & set(words):
        hint = "time"
    elif _RANK_WORDS & set(words):
        hint = "rank"
    return hint


def names_things(name: str) -> bool:
    """Tell whether numbers below a name surely say which thing or person, not how many or much.

    >>> [names_things(name) for name in ("id", "prof_id", "Subject", "class_id", "sample_number")]
    [True, True, True, False, False]
    """
    words = words_of(name)
    if not words or _ends_in_number(words):
        return False
    if _PERSON.fullmatch("".join(words)):
        return True
    is_id = bool(_ID_WORD.fullmatch(words[-1]) or _ID_WORD.fullmatch("".join(words)))
    return is_id and not (len(words) > 1 and _CLASS.fullmatch(words[-2]))


def value_hint(name: str) -> ValueHint | None:
    """What a name says of numbers: a code, a class, a count, an amount, a year, or None.

    The head of the name decides: its last word, or the one before "of".

    >>> [value_hint(name) for name in ("zipcode", "MS.SubClass", "type_of_dwelling", "age_group")]
    ['code', 'class', 'class', 'class']
    >>> [value_hint(name) for name in ("n_kids", "num_types", "class_size", "Year.Built", "V1")]
    ['count', 'count', 'quantity', 'year', None]
    """
    words = [word for word in words_of(name) if not word.isdigit()]
    if not words:
        return None
    head = words[words.index("of") - 1] if "of" in words[1:] else words[-1]
    if head in {"id", "ids"} and len(words) > 1:
        head = words[-2]
    hint: ValueHint | None = None
    if _CODE.fullmatch(head):
        hint = "code"
    elif words[0] in {"n", "num", "number", "count"} or head in _COUNTS:
        hint = "count"
    elif head in _AMOUNTS:
        hint = "quantity"
    elif _CLASS.fullmatch(head):
        hint = "class"
    elif {"year", "yr"} & set(words):
        hint = "year"
    elif set(words) & _COUNTS:
        hint = "count"
    elif set(words) & _AMOUNTS:
        hint = "quantity"
    return hint


def says_date(name: str) -> bool:
    """Tell whether a word of the name speaks of a moment in time.

    >>> says_date("created_at"), says_date("update")
    (True, False)
    """
    return bool(_DATE_WORDS & set(words_of(name)))


def _ends_in_number(words: list[str]) -> bool:
    """``sample_number`` numbers things; ``total_number`` and ``number_of_rooms`` count them."""
    return (
        len(words) > 1
        and _NUMBER_WORD.fullmatch(words[-1]) is not None
        and not _COUNTING_WORDS & set(words[:-1])
    )
