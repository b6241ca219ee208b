"""One sentence that says whether a model is worth anything, in words and figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl_training.scoring.metrics import Measure


@dataclass(frozen=True)
class Improvement:
    """How much better than the baseline, in the metric's unit; positive is better.

    ``low`` and ``high`` bound the middle 95 % of resamples; NaN where undefined.
    """

    value: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Tell whether even the lower bound is better than the baseline."""
        return self.low > 0


def verdict(
    m: Measure,
    value: float,
    guess: float,
    baseline: str,
    improvement: Improvement,
    *,
    n_rows: int,
) -> str:
    """Say what the holdout says about a model.

    >>> from automl_training.scoring.metrics import measure
    >>> verdict(measure("roc_auc"), 0.84, 0.5, "class shares", Improvement(0.34, 0.31, 0.37),
    ...         n_rows=891)
    'Better than guessing by 0.34 ROC AUC (95 % interval 0.31 to 0.37): 0.84 against 0.5 for \
the class shares, on 891 holdout rows.'
    """
    if not math.isfinite(improvement.value):
        reason = m.undefined_because if not math.isfinite(value) else "guessing has no score"
        return (
            f"Cannot be judged by {m.title} on these {n_rows:,} holdout rows: {reason}. "
            "Upload more rows or choose another metric."
        )
    figures = (
        f"{_figure(value)} against {_figure(guess)} for the {baseline}, on {n_rows:,} holdout rows"
    )
    if not math.isfinite(improvement.low):
        return (
            f"Not worth deploying yet because there are too few holdout rows to be sure of the "
            f"{m.title}: {figures}. Upload more rows."
        )
    bounds = f"95 % interval {_figure(improvement.low)} to {_figure(improvement.high)}"
    amount = f"{_figure(abs(improvement.value))} {m.title}"
    if improvement.is_certain:
        return f"Better than guessing by {amount} ({bounds}): {figures}."
    if improvement.high < 0:
        return (
            f"Not worth deploying because it is worse than guessing by {amount} "
            f"(improvement {bounds}): {figures}. The features may not tell the target, or the "
            "holdout differs from the training rows."
        )
    return (
        f"Not worth deploying because it cannot be told from guessing by {m.title} "
        f"(improvement {_figure(improvement.value)}, {bounds}): {figures}. "
        "More rows or other features may help."
    )


def _figure(value: float) -> str:
    """Four significant digits, without an exponent where people would write none."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
