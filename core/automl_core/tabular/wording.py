"""Small words of findings: numbers, lists, shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final


def quantity(number: int, noun: str) -> str:
    """A number with its noun.

    >>> quantity(1, "row"), quantity(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def join(items: Sequence[str], *, most: int = 8) -> str:
    """A list in words, cut after ``most`` items.

    >>> join(["a", "b", "c"]), join(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def share(value: float) -> str:
    """A share as a percentage that never rounds to all or nothing.

    >>> share(0.0245), share(0.99996), share(0.00002), share(0.25), share(1.0)
    ('2.5 %', '> 99.9 %', '< 0.1 %', '25.0 %', '100 %')
    """
    if value in (0.0, 1.0):
        return f"{value:.0%}".replace("%", " %")
    if value > 0.9995:
        return "> 99.9 %"
    if value < 0.0005:
        return "< 0.1 %"
    return f"{100 * value:.1f} %"


def finding(
    code: str,
    severity: str,
    columns: Sequence[str],
    numbers: Mapping[str, Any],
    *,
    sentence: str,
    action: str,
) -> dict[str, Any]:
    """One finding of a profile."""
    return {
        "code": code,
        "severity": severity,
        "columns": list(columns),
        "numbers": dict(numbers),
        "sentence": sentence,
        "action": action,
    }


def of_columns(
    code: str, severity: str, names: Sequence[str], sentence: str, action: str
) -> dict[str, Any]:
    """One finding about several columns; verbs in braces follow their number.

    >>> of_columns("x", "low", ["a", "b"], "{} {has} gaps.", "{It} left out.")["sentence"]
    "'a' and 'b' have gaps."
    """
    words = {word: forms[len(names) > 1] for word, forms in _FORMS.items()}
    subject = join([repr(name) for name in names])
    return finding(
        code,
        severity,
        names,
        {},
        sentence=sentence.format(subject, **words),
        action=action.format(subject, **words),
    )


_FORMS: Final = {
    "has": ("has", "have"),
    "is": ("is", "are"),
    "names": ("names", "name"),
    "says": ("says", "say"),
    "it": ("it is", "they are"),
    "It": ("It is", "They are"),
    "them": ("it", "them"),
    "it_or_one": ("it", "one"),
}
