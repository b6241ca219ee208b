"""Intervals of scores by resampling the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl_training.scoring.metrics import Codes, Floats, Measure, Scored, Weighted

#: Rows times resamples in all: about a second on one core for the ten measures of a binary
#: task. Up to 5,000 rows get 1,000 resamples, 50,000 rows and more the fewest.
MAX_WORK = 5_000_000
MAX_RESAMPLES = 1000
MIN_RESAMPLES = 100

#: Rows that are always resampled, however many classes there are to rank.
MIN_ROWS = 2000

#: Classes of so many rows or fewer keep their number in every resample (from ``MIN_KEPT``
#: rows on, where two or three rows would pass for certainty), so that a mean over classes is
#: always a mean over all of them.
MAX_KEPT = 9
MIN_KEPT = 3

#: Weights held in memory at once (8 MB as float64; larger chunks are slower).
_CHUNK = 1_000_000

#: Share of resamples on which a measure may be undefined before its interval is given up.
MAX_UNDEFINED = 0.1

LEVEL = 0.95


@dataclass(frozen=True)
class Resampled:
    """Values on the same resamples, each of shape (n_resamples,): of the model by every
    measure, of the baseline by the one that judges."""

    model: dict[str, Floats]
    baseline: Floats
    n_resamples: int
    n_rows: int
    """Rows drawn from; of very many, a part."""
    keeps_rare: bool
    """Whether some class kept its number of rows in every resample."""


def resample(
    model: Scored,
    baseline: Scored,
    measures: Sequence[Measure],
    judged_by: Measure,
    *,
    weights: Floats | None,
    seed: int,
) -> Resampled:
    """Score model and baseline on rows drawn with replacement, both on the same draws.

    Of very many rows a part is drawn from, and deviations shrink by the root of its share
    (they fall with the root of the rows), around the scores of all rows.

    Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter 13 (percentiles);
    Politis, Romano, Wolf: Subsampling (1999), chapter 2.
    """
    rng = np.random.default_rng(seed)
    # A class more is a ranking more, in the measures that compare one class with the rest.
    n_rankings = max(1.0, model.n_classes / 2 if model.task == "multiclass" else 1.0)
    affordable = max(MIN_ROWS, int(MAX_WORK / MIN_RESAMPLES / n_rankings))
    whole = None
    shrink = 1.0
    if model.y.size > affordable:
        ones = np.ones(model.y.size) if weights is None else weights
        everyone = ones[np.newaxis, :]
        whole = (Weighted(model, everyone), Weighted(baseline, everyone))
        shrink = float(np.sqrt(affordable / model.y.size))
        rows = _part(model, affordable, rng)
        model, baseline = model.only(rows), baseline.only(rows)
        weights = None if weights is None else weights[rows]
    n_rows = model.y.size
    n_resamples = int(np.clip(MAX_WORK / (n_rows * n_rankings), MIN_RESAMPLES, MAX_RESAMPLES))
    strata = _strata(model)
    values: dict[str, list[Floats]] = {m.name: [] for m in measures}
    guesses: list[Floats] = []
    step = max(1, _CHUNK // n_rows)
    for start in range(0, n_resamples, step):
        drawn = _draws(strata, n_rows, min(step, n_resamples - start), rng)
        if weights is not None:
            drawn *= weights
        sample = Weighted(model, drawn)
        for m in measures:
            values[m.name].append(m.of(sample))
        guesses.append(judged_by.guess(sample, Weighted(baseline, drawn)))
    scores = {name: np.concatenate(parts) for name, parts in values.items()}
    guessed = np.concatenate(guesses)
    if whole is not None:
        part = np.ones((1, n_rows)) if weights is None else weights[np.newaxis, :]
        some = (Weighted(model, part), Weighted(baseline, part))
        for m in measures:
            scores[m.name] = m.of(whole[0]) + shrink * (scores[m.name] - m.of(some[0]))
        guessed = judged_by.guess(*whole) + shrink * (guessed - judged_by.guess(*some))
    return Resampled(scores, guessed, n_resamples, n_rows, keeps_rare=len(strata) > 1)


def _part(model: Scored, n_rows: int, rng: np.random.Generator) -> Codes:
    """Draw rows without replacement, of every class its share."""
    order = rng.permutation(model.y.size)
    if model.task != "regression":
        order = order[np.argsort(model.y[order], kind="stable")]
    picked = np.linspace(0, order.size - 1, n_rows).astype(np.int64)
    return np.asarray(order[picked], np.int64)


def _strata(model: Scored) -> list[Codes]:
    """Rows that are drawn among themselves: each rare class, and everybody else."""
    if model.task == "regression":
        return [np.arange(model.y.size)]
    codes = np.asarray(model.y, np.int64)
    counts = np.bincount(codes)
    rare = np.flatnonzero((counts >= MIN_KEPT) & (counts <= MAX_KEPT))
    strata = [np.flatnonzero(codes == code) for code in rare]
    rest = np.flatnonzero(~np.isin(codes, rare))
    return [*strata, rest] if rest.size else strata


def _draws(strata: list[Codes], n_rows: int, n_now: int, rng: np.random.Generator) -> Floats:
    drawn = np.zeros((n_now, n_rows))
    for number in range(n_now):
        for rows in strata:
            picked = rng.integers(0, rows.size, rows.size)
            drawn[number, rows] = np.bincount(picked, minlength=rows.size)
    return drawn


def interval(values: Floats) -> tuple[float, float] | None:
    """The middle 95 % of resampled values; None if too many of them are undefined."""
    defined = values[np.isfinite(values)]
    if defined.size < (1 - MAX_UNDEFINED) * values.size:
        return None
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
