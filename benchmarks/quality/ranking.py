"""From losses to ranks, win rates and ratios. Less loss is better throughout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Losses per set and seed, per system; None is a failure.
Losses = Mapping[str, float | None]
Cells = Mapping[tuple[str, int], Losses]

#: Two systems that both leave less than this share of guessing's loss are as good as each other:
#: the ratio of two hardly measurable losses says nothing, and would outweigh every other set.
NEGLIGIBLE = 0.01

RESAMPLES = 1000


def floored(loss: float | None, guessing: float) -> float | None:
    """Raise a loss to the least that counts, :data:`NEGLIGIBLE` of what guessing costs.

    >>> floored(0.003, 1.05), floored(0.4, 1.05), floored(None, 1.05)
    (0.0105, 0.4, None)
    """
    return None if loss is None else max(loss, NEGLIGIBLE * guessing)


def ranks(losses: Losses) -> dict[str, float]:
    """Rank systems from 1, the best; equal ones share the mean of their places.

    Failures share the last places.

    >>> ranks({"a": 0.2, "b": 0.1, "c": None, "d": 0.2})
    {'a': 2.5, 'b': 1.0, 'c': 4.0, 'd': 2.5}
    """
    values = {name: math.inf if loss is None else loss for name, loss in losses.items()}
    return {
        name: 1
        + sum(other < value for other in values.values())
        + (sum(other == value for other in values.values()) - 1) / 2
        for name, value in values.items()
    }


def mean_ranks(cells: Cells, systems: Sequence[str]) -> dict[str, float]:
    """Mean of the ranks over all sets and seeds that every one of the systems was run on."""
    ranked = [
        ranks({name: losses[name] for name in systems})
        for losses in cells.values()
        if all(name in losses for name in systems)
    ]
    return {name: float(np.mean([one[name] for one in ranked])) for name in systems if ranked}


@dataclass(frozen=True)
class Duel:
    """One system against another.

    Attributes
    ----------
    n : int
        Sets times seeds on which both were run.
    win_rate : float
        Share in which it lost less; ties, and failures of both, count half.
    ratio : float
        Geometric mean over the sets of its loss by the other's; failures left out.
    by_set : dict
        The same for each set, over its seeds.
    """

    n: int
    win_rate: float
    ratio: float
    by_set: dict[str, float]


def duel(cells: Cells, one: str, other: str) -> Duel | None:
    """Compare two systems; None if they never met.

    Examples
    --------
    >>> met = duel({("s", 0): {"a": 0.1, "b": 0.2}, ("t", 0): {"a": 0.4, "b": 0.2}}, "a", "b")
    >>> met.win_rate, round(met.ratio, 6), met.by_set
    (0.5, 1.0, {'s': 0.5, 't': 2.0})
    """
    points: list[float] = []
    logs: dict[str, list[float]] = {}
    for (set_name, _), losses in cells.items():
        if one not in losses or other not in losses:
            continue
        mine, theirs = losses[one], losses[other]
        points.append(_point(mine, theirs))
        if mine is not None and theirs is not None:
            logs.setdefault(set_name, []).append(math.log(mine / theirs))
    if not points:
        return None
    by_set = {name: math.exp(float(np.mean(each))) for name, each in logs.items()}
    overall = math.exp(float(np.mean([math.log(each) for each in by_set.values()] or [math.nan])))
    return Duel(len(points), float(np.mean(points)), overall, by_set)


def _point(mine: float | None, theirs: float | None) -> float:
    if mine == theirs:
        return 0.5
    if mine is None or theirs is None:
        return float(theirs is None)
    return float(mine < theirs)


def gap_closed(cells: Cells, ours: str, base: str, best: str) -> float | None:
    """Share of the way from ``base`` to ``best`` that ours goes, in logs of mean losses.

    1 is level with ``best``, 0 with ``base``, more than 1 ahead of ``best``. Only sets and
    seeds on which all three answered count; None if there are none, or if ``best`` is not
    ahead of ``base``.
    """
    shared = {
        key: losses
        for key, losses in cells.items()
        if all(losses.get(name) is not None for name in (ours, base, best))
    }
    mine, theirs = duel(shared, ours, base), duel(shared, best, base)
    if mine is None or theirs is None or theirs.ratio >= 1:
        return None
    return math.log(mine.ratio) / math.log(theirs.ratio)


def paired_interval(
    pairs: Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]],
    *,
    floors: Sequence[float],
    is_root: bool,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of the ratio of two systems' losses on one set, over its seeds.

    Percentile bootstrap of the test's rows: both systems answered the same rows, so what makes
    a row hard for both cancels. It holds the models fixed: how much they would differ if they
    were trained again is not in it, beyond the seeds that there are.

    Parameters
    ----------
    pairs : sequence of (ndarray of shape (n_rows,), ndarray of shape (n_rows,))
        For each seed, what each row cost the one and the other.
    floors : sequence of float
        For each seed, the least loss that counts.
    is_root : bool
        Whether the loss is the root of the mean (RMSE).
    seed : int

    Returns
    -------
    float, float
        Geometric mean of the ratios over the seeds, low and high end.
    """
    generator = np.random.default_rng(seed)
    total = np.zeros(RESAMPLES)
    power = 0.5 if is_root else 1.0
    for (one, other), floor in zip(pairs, floors, strict=True):
        n_rows = len(one)
        for at in range(RESAMPLES):
            rows = generator.integers(0, n_rows, n_rows)
            mine, theirs = float(one[rows].mean()) ** power, float(other[rows].mean()) ** power
            total[at] += math.log(max(mine, floor) / max(theirs, floor))
    ratios = np.exp(total / len(pairs))
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)
