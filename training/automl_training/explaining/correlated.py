"""Columns that tell nearly the same: their importances hide behind one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Strength of an association from which two columns can stand in for one another: Spearman's
#: rho, Cramér's V or the correlation ratio, whose square is the share that one tells of the
#: other (0.64 here).
MIN_STRENGTH = 0.8
MAX_GROUPS = 5


def find_groups(
    pairs: Iterable[Mapping[str, Any]], names: Iterable[str]
) -> list[tuple[tuple[str, ...], float]]:
    """Join pairs of associated columns into groups.

    Parameters
    ----------
    pairs : iterable of mapping
        ``associations.pairs`` of the profile: ``columns`` and ``value``.
    names : iterable of str
        Columns that the model reads; pairs with others are passed over.

    Returns
    -------
    list of (column names, strength)
        At most ``MAX_GROUPS``, the most tightly bound first; a column is in one group only.
        The strength is that of the weakest pair that joined two parts of the group.

    Examples
    --------
    >>> find_groups([{"columns": ["a", "b"], "value": -0.9}], ["a", "b", "c"])
    [(('a', 'b'), 0.9)]
    """
    known = list(names)
    group_of = {name: [name] for name in known}
    strengths: dict[int, float] = {}
    strong = [
        (abs(pair["value"]), *pair["columns"])
        for pair in pairs
        if abs(pair["value"]) >= MIN_STRENGTH and group_of.keys() >= set(pair["columns"])
    ]
    for strength, first, second in sorted(strong, key=lambda pair: -pair[0]):
        one, other = group_of[first], group_of[second]
        if one is not other:
            one += other
            group_of.update(dict.fromkeys(other, one))
            strengths[id(one)] = strength
    groups = {id(group): group for group in group_of.values() if len(group) > 1}
    found = [
        (tuple(sorted(group, key=known.index)), strengths[key]) for key, group in groups.items()
    ]
    return sorted(found, key=lambda group: -group[1])[:MAX_GROUPS]
