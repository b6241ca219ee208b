"""Numbers as offices write them: signs of money, percent, thousands, minus at the end.

Only spellings that mean one number whoever reads them, once the decimal mark is known:
what is left over after the dress is taken off is read by the rule of plain numbers.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MONEY_SIGNS: Final = "$€£¥₹"
MONEY_CODES: Final = (
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "INR", "JPY", "NOK", "PLN",
    "SEK", "USD",
)  # fmt: skip
UNITS: Final = ("", "%", *MONEY_SIGNS, *MONEY_CODES)
#: How often thousands are set apart by a blank or an apostrophe: not at all, once, more often.
GROUPINGS: Final = ("", "once", "more")

MAX_CHARACTERS: Final = 60
"""Of a dressed number; a float64 has 17 digits."""

_DRESSED = re.compile(
    r"(?P<open>\()?(?P<sign>[-+−])?(?:(?P<front>[$€£¥₹])[ \u00a0\u202f]?(?P<inner>[-+−])?)?"
    r"(?P<body>[0-9.,'’ \u00a0\u202f\u2009]*[0-9.,])(?P<power>[eE][+-]?[0-9]{1,3})?"
    rf"(?:[ \u00a0\u202f]?(?P<back>[%{MONEY_SIGNS}]|{'|'.join(MONEY_CODES)}))?"
    r"(?P<trail>-)?(?P<close>\))?"
)
_SET_APART = re.compile(
    r"[1-9][0-9]{0,2}(?:(['’ \u00a0\u202f\u2009])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]*)?"
)
_MARKS = re.compile("['’ \u00a0\u202f\u2009]")


class Dressed(NamedTuple):
    """A number and what stood around it.

    Attributes
    ----------
    plain : str
        Sign, digits and marks alone.
    unit : str
        One of ``UNITS``.
    grouping : str
        One of ``GROUPINGS``; thousands set apart by commas or points are not meant.
    is_turned : bool
        The minus stood behind the number, or brackets for it.
    """

    plain: str
    unit: str
    grouping: str
    is_turned: bool


def undress(stripped: str) -> Dressed | None:
    """Take off what offices put around a number; None if there is nothing of the kind.

    >>> undress("(1'234.50)").plain, undress("12,5 %"), undress("1234.5")
    ('-1234.50', Dressed(plain='12,5', unit='%', grouping='', is_turned=False), None)
    >>> undress("+41 079 123"), undress("5--"), undress("€5€")
    (None, None, None)
    """
    match = _DRESSED.fullmatch(stripped) if len(stripped) <= MAX_CHARACTERS else None
    if match is None:
        return None
    is_turned = match["open"] is not None or match["trail"] is not None
    signs = [sign for sign in match.group("sign", "inner", "open", "trail") if sign]
    if len(signs) > 1 or (match["open"] is None) != (match["close"] is None):
        return None
    if match["front"] and match["back"]:
        return None
    body, grouping = match["body"], ""
    if _MARKS.search(body):
        # A plus before groups begins a telephone number.
        if match["power"] or signs == ["+"] or _SET_APART.fullmatch(body) is None:
            return None
        plain_body = _MARKS.sub("", body)
        grouping = GROUPINGS[1 if len(body) - len(plain_body) == 1 else 2]
        body = plain_body
    minus = "" if not signs else "+" if signs == ["+"] else "-"
    plain = f"{minus}{body}{match['power'] or ''}"
    if plain == stripped:
        return None
    return Dressed(plain, match["front"] or match["back"] or "", grouping, is_turned)
