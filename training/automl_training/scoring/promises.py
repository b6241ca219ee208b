"""What a deployed model promises beside its answer: a range, or a set of labels.

Made of out-of-fold answers to training rows, measured on the holdout. Jobs of older versions
kept no such answers; theirs are made of the holdout, a tenth at a time held back to measure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from automl_core.records import SplitMethod
from automl_training.scoring.conformal import (
    COVERAGE,
    Interval,
    fit_interval,
    fit_threshold,
    wilson,
)
from automl_training.scoring.metrics import Codes, Floats

#: Folds of the holdout where nothing else is there to calibrate on.
N_FOLDS = 10

#: A measured coverage whose bounds lie beyond these is worth a warning.
TOLERATED = (COVERAGE - 0.02, COVERAGE + 0.02)

_UNLIKE: dict[str, str] = {
    "time": "Later rows may differ from the earlier ones that this was made of, so the promise "
    "holds only as long as the process stays the same; the measured coverage is of later rows.",
    "group": "New groups may differ from those that this was made of, so the promise holds for "
    "groups like them; the measured coverage is of other groups.",
    "given": "The holdout is a file of its own and may differ from the training rows; the "
    "measured coverage is of its rows.",
}

Fitted = TypeVar("Fitted")


@dataclass(frozen=True)
class Unseen:
    """Answers to training rows by models that had not seen them.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Class codes or values.
    predicted : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Final answers (calibrated, where the model is).
    weights : ndarray of shape (n_rows,), optional
        Row weights.
    """

    y: NDArray[Any]
    predicted: Floats
    weights: Floats | None = None


def interval_block(
    y: Floats, predicted: Floats, unseen: Unseen | None, *, split: SplitMethod, seed: int
) -> dict[str, Any]:
    """Give the ``interval`` of ``metrics.json``: half widths, and how often they hold.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_rows,)
        Of the holdout.
    unseen : Unseen or None
        What the widths are made of; None: the holdout itself.
    split : SplitMethod
        How the holdout was set aside, for the words.
    seed : int
        Of the folds, if the holdout is all there is.
    """
    source = Unseen(y, predicted) if unseen is None else unseen
    found = fit_interval(np.asarray(source.y, np.float64), source.predicted)
    block: dict[str, Any] = {
        "coverage": COVERAGE,
        "half_width": None if found is None else found.half_width,
        "bins": None,
        "calibrated_on": "holdout" if unseen is None else "out_of_fold",
        "n_rows": int(source.y.size),
        "measured": None,
        "method": "",
        "note": None,
    }
    if found is None:
        block["method"] = "none."
        block["reason"] = _too_few(source.y.size, "ranges")
        return block
    if found.edges:
        block["bins"] = {"edges": list(found.edges), "half_widths": list(found.half_widths)}
    if unseen is None:
        widths, kept = _held_back(
            y.size, seed, lambda rows: fit_interval(y[rows], predicted[rows]),
            lambda fitted, rows: fitted.width_at(predicted[rows]),
        )  # fmt: skip
    else:
        widths, kept = found.width_at(predicted), np.arange(y.size)
    if kept.size:
        inside = np.abs(y[kept] - predicted[kept]) <= widths
        block["measured"] = _measured(inside) | {"mean_width": float(2 * widths.mean())}
    block["method"] = _interval_words(found, source.y.size, unseen is None)
    block["note"] = _note(block["measured"], split)
    return block


def label_set_block(
    y: Codes, predicted: Floats, unseen: Unseen | None, *, split: SplitMethod, seed: int
) -> dict[str, Any]:
    """Give the ``label_set`` of ``metrics.json``: from which probability on a class belongs
    to a row's set, and how often the right one is in it.

    Parameters are those of :func:`interval_block`, with class codes and probabilities.
    """
    source = Unseen(y, predicted) if unseen is None else unseen
    threshold = fit_threshold(np.asarray(source.y, np.int64), source.predicted)
    block: dict[str, Any] = {
        "coverage": COVERAGE,
        "threshold": threshold,
        "calibrated_on": "holdout" if unseen is None else "out_of_fold",
        "n_rows": int(source.y.size),
        "measured": None,
        "method": "",
        "note": None,
    }
    if threshold is None:
        block["method"] = "none."
        block["reason"] = _too_few(source.y.size, "label sets")
        return block
    if unseen is None:
        thresholds, kept = _held_back(
            y.size, seed, lambda rows: fit_threshold(y[rows], predicted[rows]),
            lambda fitted, rows: np.full(rows.size, fitted),
        )  # fmt: skip
    else:
        thresholds, kept = np.full(y.size, threshold), np.arange(y.size)
    if kept.size:
        is_in = predicted[kept] >= thresholds[:, np.newaxis]
        sizes = is_in.sum(axis=1)
        block["measured"] = _measured(is_in[np.arange(kept.size), y[kept]]) | {
            "mean_size": float(sizes.mean()),
            "share_empty": float((sizes == 0).mean()),
            "share_single": float((sizes == 1).mean()),
        }
    words = _source_words(source.y.size, unseen is None)
    block["method"] = (
        f"split conformal prediction (LAC, Sadinle et al. 2019) from {words}: a set holds every "
        f"class with a probability of {threshold:.4g} or more. A set may hold several classes "
        "(the model hesitates) or none (nothing fits well enough)."
    )
    block["note"] = _note(block["measured"], split)
    return block


def _held_back(
    n_rows: int,
    seed: int,
    fit: Callable[[Codes], Fitted | None],
    apply: Callable[[Fitted, Codes], Floats],
) -> tuple[Floats, Codes]:
    """Answer each row by what the rows of other folds give; second: the rows answered."""
    folds = np.random.default_rng(seed).permutation(n_rows) % N_FOLDS
    values, answered = [], []
    for fold in range(N_FOLDS):
        rows = np.flatnonzero(folds == fold)
        fitted = fit(np.flatnonzero(folds != fold))
        if fitted is not None and rows.size:
            values.append(apply(fitted, rows))
            answered.append(rows)
    if not values:
        return np.empty(0), np.empty(0, np.int64)
    return np.concatenate(values), np.concatenate(answered)


def _measured(hits: NDArray[np.bool_]) -> dict[str, Any]:
    low, high = wilson(int(hits.sum()), hits.size)
    return {"coverage": float(hits.mean()), "low": low, "high": high, "n_rows": int(hits.size)}


def _source_words(n_rows: int, is_holdout: bool) -> str:
    if is_holdout:
        return (
            f"{n_rows:,} holdout rows (this job kept no out-of-fold answers; coverage is "
            "measured on each tenth of them by the others)"
        )
    return f"{n_rows:,} training rows answered by models that had not seen them"


def _interval_words(found: Interval, n_rows: int, is_holdout: bool) -> str:
    words = (
        "split conformal prediction (Lei et al. 2018) from the errors of "
        f"{_source_words(n_rows, is_holdout)}"
    )
    if found.edges:
        return (
            f"{words}; errors grow or shrink with the predicted value, so each of "
            f"{len(found.half_widths)} bins of it has its own width (Mondrian, Boström and "
            "Johansson 2020)."
        )
    return f"{words}; one width for all rows."


def _note(measured: dict[str, Any] | None, split: SplitMethod) -> str | None:
    parts = [_UNLIKE[split]] if split in _UNLIKE else []
    if measured is not None and measured["high"] < TOLERATED[0]:
        parts.append(
            f"Measured on the holdout, only {measured['coverage']:.1%} of {measured['n_rows']:,} "
            f"rows are covered, not {COVERAGE:.0%}: take the promise as too bold."
        )
    elif measured is not None and measured["low"] > TOLERATED[1]:
        parts.append(
            f"Measured on the holdout, {measured['coverage']:.1%} of {measured['n_rows']:,} rows "
            f"are covered, more than {COVERAGE:.0%}: the promise is careful."
        )
    return " ".join(parts) or None


def _too_few(n_rows: int, what: str) -> str:
    return f"{n_rows:,} rows are too few for {COVERAGE:.0%} {what}; upload more rows."
