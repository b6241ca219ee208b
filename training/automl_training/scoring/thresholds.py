"""From which probability on to say yes: a table to choose from, and tuned advice."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_training.scoring.metrics import Floats, Scored

#: Rows of the table; a slider needs no finer steps.
MAX_ROWS = 101

#: What a threshold is tuned for.
GOALS = ("f1", "balanced_accuracy", "youden")

Entry = dict[str, float | int | None]


def threshold_block(
    holdout: Scored,
    tuned_on: Scored,
    *,
    weights: Floats | None = None,
    tuned_weights: Floats | None = None,
    chosen_on: str = "out_of_fold",
) -> dict[str, Any]:
    """Tune thresholds on one set of rows and say what they are worth on another.

    A row is called positive if the probability of class 1 reaches the threshold.

    Parameters
    ----------
    holdout : Scored
        Binary; the rows that the table counts.
    tuned_on : Scored
        Binary; rows that the model had not seen, of the training side.
    weights, tuned_weights : ndarray, optional
        Row weights of both. They enter the rates; ``tp`` … ``tn`` count rows.
    chosen_on : str
        Name of the rows in ``tuned_on``.

    Returns
    -------
    dict
        The ``thresholds`` of ``metrics.json``: table by rising threshold, best thresholds by
        goal (null where one class is missing), and what they score on the holdout.
    """
    best = best_thresholds(tuned_on, tuned_weights)
    wanted = sorted({value for value in best.values() if value is not None})
    at = np.unique(np.concatenate([_grid(holdout.predicted[:, 1], MAX_ROWS - len(wanted)), wanted]))
    entries = dict(zip(at.tolist(), table(holdout, at, weights), strict=True))
    return {
        "chosen_on": chosen_on,
        "n_rows": int(tuned_on.y.size),
        "table": list(entries.values()),
        "best": best,
        "at_best": {
            goal: None if value is None else entries[value] for goal, value in best.items()
        },
    }


def best_thresholds(scored: Scored, weights: Floats | None = None) -> dict[str, float | None]:
    """Threshold of the highest F1, balanced accuracy and Youden's J (the latter two agree).

    Of equally good ones the highest; halfway to the next lower probability, so that rounding
    moves no row across it.
    """
    w = np.ones(scored.y.size) if weights is None else weights
    order, starts = scored.ranking(1).order, scored.ranking(1).starts
    tp, fp = (steps[0] for steps in scored.ranking(1).steps(w[np.newaxis, :]))
    positives, negatives = tp[-1], fp[-1]
    if not (positives > 0 and negatives > 0):
        return dict.fromkeys(GOALS)
    values = scored.predicted[order, 1][starts]
    cuts = (values + np.append(values[1:], max(0.0, float(values[-1]) - 1e-6))) / 2
    f1 = 2 * tp / (tp + fp + positives)
    balanced = (tp / positives + (negatives - fp) / negatives) / 2
    f1_cut, balanced_cut = float(cuts[np.argmax(f1)]), float(cuts[np.argmax(balanced)])
    return {"f1": f1_cut, "balanced_accuracy": balanced_cut, "youden": balanced_cut}


def _grid(probabilities: Floats, n: int) -> Floats:
    """Half of the steps even between 0 and 1, half where the probabilities lie."""
    n_even = n // 2 + 1
    even = np.round(np.linspace(0.0, 1.0, n_even), 4)
    shares = np.linspace(0.0, 1.0, n - n_even + 2)[1:-1]
    lying = np.quantile(probabilities, shares, method="lower")
    # Rounded down, so that the rows at a quantile stay on its positive side.
    return np.unique(np.concatenate([even, np.floor(lying * 1e4) / 1e4]))


def table(scored: Scored, thresholds: Floats, weights: Floats | None = None) -> list[Entry]:
    """Count and rate the rows at each threshold; rates without a denominator are null."""
    w = np.ones(scored.y.size) if weights is None else weights
    order = np.argsort(scored.predicted[:, 1], kind="stable")
    ordered = scored.predicted[order, 1]
    below = np.searchsorted(ordered, thresholds, side="left")
    is_positive = (scored.y == 1)[order]

    def sums(each: Floats) -> tuple[Floats, float]:
        """What of ``each`` lies at or above every threshold, and all of it."""
        reached = np.concatenate([[0.0], np.cumsum(each)])
        return reached[-1] - reached[below], float(reached[-1])

    tp, n_positive = sums(is_positive.astype(np.float64))
    fp, n_negative = sums((~is_positive).astype(np.float64))
    w_tp, positives = sums(w[order] * is_positive)
    w_fp, negatives = sums(w[order] * ~is_positive)
    entries: list[Entry] = []
    for i, threshold in enumerate(thresholds.tolist()):
        recall = _share(w_tp[i], positives)
        specificity = _share(negatives - w_fp[i], negatives)
        entries.append(
            {
                "threshold": threshold,
                "precision": _share(w_tp[i], w_tp[i] + w_fp[i]),
                "recall": recall,
                "f1": _share(2 * w_tp[i], w_tp[i] + w_fp[i] + positives),
                "specificity": specificity,
                "balanced_accuracy": None
                if recall is None or specificity is None
                else (recall + specificity) / 2,
                "share_positive": _share(w_tp[i] + w_fp[i], positives + negatives),
                "tp": round(float(tp[i])),
                "fp": round(float(fp[i])),
                "fn": round(n_positive - float(tp[i])),
                "tn": round(n_negative - float(fp[i])),
            }
        )
    return entries


def _share(over: float, under: float) -> float | None:
    # Cumulated sums may miss their total by a rounding.
    return min(1.0, max(0.0, float(over / under))) if under > 0 else None
