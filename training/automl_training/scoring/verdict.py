"""One sentence that says whether a model is worth anything, in words and figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl_training.scoring.metrics import Measure, loss_of

#: Less than this share of the way from guessing to perfect is of no use to anybody, however
#: sure it is.
MIN_SKILL = 0.01

#: Standard errors by which a gain has to exceed 0: one model in 200 that has learned nothing
#: does. (The lower bound of a 95 % interval alone is passed by one in 40.)
N_ERRORS = 2.576


@dataclass(frozen=True)
class Improvement:
    """How much better than the baseline, in the metric's unit; positive is better.

    ``low`` and ``high`` bound the middle 95 % of resamples, ``spread`` is their standard
    deviation; NaN where undefined.
    """

    value: float
    low: float
    high: float
    spread: float = 0.0

    @property
    def is_certain(self) -> bool:
        """Tell whether even the lower bound is better than the baseline."""
        return self.low > 0

    @property
    def may_be_luck(self) -> bool:
        """Tell whether a model that has learned nothing comes as far now and then."""
        return not (self.is_certain and self.value > N_ERRORS * self.spread)


def skill(m: Measure, value: float, guess: float) -> float:
    """Share of the way from guessing to perfect; 0 if guessing is perfect already.

    >>> from automl_training.scoring.metrics import measure
    >>> skill(measure("roc_auc"), 0.75, 0.5), skill(measure("rmse"), 3.0, 4.0)
    (0.5, 0.25)
    """
    loss, worst = loss_of(m.name, value), loss_of(m.name, guess)
    return 1 - loss / worst if worst > 0 else 0.0


def is_worth_deploying(m: Measure, value: float, guess: float, improvement: Improvement) -> bool:
    """Tell whether a model is surely better than guessing, and by an amount that matters."""
    return (
        math.isfinite(value)
        and math.isfinite(guess)
        and not improvement.may_be_luck
        and skill(m, value, guess) >= MIN_SKILL
    )


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
    if is_worth_deploying(m, value, guess, improvement):
        return f"Better than guessing by {amount} ({bounds}): {figures}."
    if improvement.is_certain and improvement.may_be_luck:
        why = f"its lead over guessing may be luck, {amount} ({bounds})"
        advice = "More rows would tell."
    elif improvement.is_certain:
        why = f"it is hardly better than guessing, by {amount} ({bounds})"
        advice = "More or other features may help."
    elif improvement.high < 0:
        why = f"it is worse than guessing by {amount} (improvement {bounds})"
        advice = (
            "The features may not tell the target, or the holdout differs from the training rows."
        )
    else:
        why = (
            f"it cannot be told from guessing by {m.title} "
            f"(improvement {_figure(improvement.value)}, {bounds})"
        )
        advice = "More rows or other features may help."
    return f"Not worth deploying because {why}: {figures}. {advice}"


def imbalance_words(label: object, share: float, value: float, guess: float) -> str:
    """Say why accuracy flatters where most rows are of one class.

    >>> imbalance_words("no", 0.95, 0.62, 0.5)
    "95 % of the holdout rows are 'no', so accuracy flatters: balanced accuracy is 0.62 \
against 0.5 for guessing."
    """
    return (
        f"{100 * share:.0f} % of the holdout rows are {label!r}, so accuracy flatters: balanced "
        f"accuracy is {_figure(value)} against {_figure(guess)} for guessing."
    )


def _figure(value: float) -> str:
    """Four significant digits, without an exponent where people would write none."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
