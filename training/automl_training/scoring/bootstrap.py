"""Intervals of scores by resampling the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl_training.scoring.metrics import Floats, Measure, Scored, Weighted

#: Rows times resamples in all: about two seconds on one core for the ten measures of a
#: binary task. Up to 8,000 rows get 1,000 resamples, 80,000 rows and more the fewest.
MAX_WORK = 8_000_000
MAX_RESAMPLES = 1000
MIN_RESAMPLES = 100

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

    Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter 13 (percentiles).
    """
    n_rows = model.y.size
    # A class more is a ranking more, in the measures that compare one class with the rest.
    n_rankings = model.n_classes if model.task == "multiclass" else 1
    work = n_rows * max(1.0, n_rankings / 2)
    n_resamples = int(np.clip(MAX_WORK / work, MIN_RESAMPLES, MAX_RESAMPLES))
    rng = np.random.default_rng(seed)
    values: dict[str, list[Floats]] = {m.name: [] for m in measures}
    guesses: list[Floats] = []
    step = max(1, _CHUNK // n_rows)
    for start in range(0, n_resamples, step):
        n_now = min(step, n_resamples - start)
        drawn = np.stack(
            [np.bincount(rng.integers(0, n_rows, n_rows), minlength=n_rows) for _ in range(n_now)]
        ).astype(np.float64)
        if weights is not None:
            drawn *= weights
        rows = Weighted(model, drawn)
        for m in measures:
            values[m.name].append(m.of(rows))
        guesses.append(judged_by.of(Weighted(baseline, drawn)))
    return Resampled(
        {name: np.concatenate(parts) for name, parts in values.items()},
        np.concatenate(guesses),
        n_resamples,
    )


def interval(values: Floats) -> tuple[float, float] | None:
    """The middle 95 % of resampled values; None if too many of them are undefined."""
    defined = values[np.isfinite(values)]
    if defined.size < (1 - MAX_UNDEFINED) * values.size:
        return None
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
