"""Fit a calibrator to out-of-fold answers, and keep it only where it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    # With it come the families and scikit-learn, which scores alone do not need.
    from automl_training.families.calibrator import Calibrator

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

#: Fewer rows than this say nothing about calibration.
MIN_ROWS = 60

#: Rows of a class, and of all others, from which it may get an offset of its own.
MIN_ROWS_FOR_BIAS = 50

#: Beyond these a model is not badly calibrated but wrong, and stretching hides it.
SLOPES = (0.4, 2.5)

N_FOLDS = 5

#: Cells of probabilities looked at (two seconds); more rows move a slope by less than 0.01.
MAX_CELLS = 200_000

#: The gain has to exceed this many of its standard errors: one side of 95 %.
N_ERRORS = 1.645

#: Gains of log loss below this change no decision; they would only make the graph longer.
MIN_GAIN = 1e-4

#: Spread of the priors on log(slope) and on offsets; they hold back fits to few rows.
SPREAD_OF_SLOPE = 0.5
SPREAD_OF_BIAS = 1.0


def fit_calibrator(
    probabilities: NDArray[Any],
    y: NDArray[Any],
    *,
    n_classes: int,
    weights: NDArray[Any] | None = None,
    seed: int = 0,
    keep_labels: bool = False,
) -> Calibrator | None:
    """Find temperature and class offsets that lower the log loss of new rows.

    A slope alone and a slope with offsets are fitted by maximum likelihood and compared
    with the plain answers on rows that each fit has not seen.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Out-of-fold answers, uncalibrated.
    y : ndarray of shape (n_rows,)
        Class codes.
    n_classes : int
        Columns of ``probabilities``.
    weights : ndarray of shape (n_rows,), optional
        Row weights, not negative.
    seed : int
        Of the folds.
    keep_labels : bool
        Fit no offsets, so that the most probable class of every row stays what it is: for
        metrics of labels (macro-F1, accuracy …), which offsets can harm.

    Returns
    -------
    Calibrator or None
        None unless cross-fitted log loss gets better by more than noise. Classes with few
        rows have no offset of their own.

    References
    ----------
    Platt: Probabilistic Outputs for Support Vector Machines, 1999; Guo et al.: On
    Calibration of Modern Neural Networks, ICML 2017.
    """
    from automl_training.families.calibrator import FLOOR

    p = np.asarray(probabilities, np.float64)
    codes = np.asarray(y, np.int64)
    w = np.ones(codes.size) if weights is None else np.asarray(weights, np.float64)
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero((w > 0) & np.isfinite(p).all(axis=1))
    most = max(MIN_ROWS, MAX_CELLS // max(n_classes, 1))
    if kept.size > most:
        kept = np.sort(rng.choice(kept, most, replace=False))
    p, codes, w = p[kept], codes[kept], w[kept]
    if codes.size < MIN_ROWS or np.unique(codes).size < 2:
        return None
    w = w / w.mean()
    logs = np.log(np.maximum(p, FLOOR))

    counts = np.bincount(codes, minlength=n_classes)
    may_shift = np.minimum(counts, codes.size - counts) >= MIN_ROWS_FOR_BIAS
    folds = _folds(codes, rng)
    plain = -np.log(np.clip(p[np.arange(codes.size), codes], np.finfo(np.float64).eps, 1.0))
    nobody = np.zeros(n_classes, bool)
    shifted, losses = nobody, _cross_fitted(logs, codes, w, folds, nobody)
    if not keep_labels and may_shift.sum() > 1:
        richer = _cross_fitted(logs, codes, w, folds, may_shift)
        if _is_gain(losses - richer, w):
            shifted, losses = may_shift, richer
    if not _is_gain(plain - losses, w):
        return None
    calibrator = _fit(logs, codes, w, shifted)
    # A fit that is the identity after all would only make the graph longer.
    is_identity = abs(calibrator.slope - 1) < 1e-3 and max(map(abs, calibrator.bias)) < 1e-3
    return None if is_identity and p.min() >= FLOOR else calibrator


def _is_gain(gains: Floats, weights: Floats) -> bool:
    """Tell whether the weighted mean of paired gains exceeds its noise."""
    mean = float(np.average(gains, weights=weights))
    squares = float(((weights * (gains - mean)) ** 2).sum())
    return bool(mean > max(N_ERRORS * np.sqrt(squares) / float(weights.sum()), MIN_GAIN))


def _folds(codes: Codes, rng: np.random.Generator) -> Codes:
    """Deal the rows of each class out to the folds in turn."""
    order = rng.permutation(codes.size)
    order = order[np.argsort(codes[order], kind="stable")]
    fold_of = np.empty(codes.size, np.int64)
    fold_of[order] = np.arange(codes.size) % N_FOLDS
    return fold_of


def _cross_fitted(
    logs: Floats, codes: Codes, weights: Floats, folds: Codes, may_shift: NDArray[np.bool_]
) -> Floats:
    """Log loss of each row by a calibrator that was fitted without it."""
    losses = np.empty(codes.size)
    for fold in range(N_FOLDS):
        out = folds == fold
        calibrator = _fit(logs[~out], codes[~out], weights[~out], may_shift)
        scores = calibrator.slope * logs[out] + np.asarray(calibrator.bias)
        losses[out] = -_log_softmax(scores)[np.arange(int(out.sum())), codes[out]]
    return losses


def _fit(logs: Floats, codes: Codes, weights: Floats, may_shift: NDArray[np.bool_]) -> Calibrator:
    """Most probable log(slope) and offsets, under weak priors; convex in slope and offsets."""
    from scipy.optimize import minimize

    from automl_training.families.calibrator import Calibrator

    rows = np.arange(codes.size)
    free = np.flatnonzero(may_shift)
    bias = np.zeros(logs.shape[1])

    def loss(point: Floats) -> tuple[float, Floats]:
        slope = float(np.exp(point[0]))
        bias[free] = _centred(point[1:])
        shares = _log_softmax(slope * logs + bias)
        value = -float(weights @ shares[rows, codes])
        np.exp(shares, out=shares)
        shares[rows, codes] -= 1.0
        shares *= weights[:, np.newaxis]
        gradient = np.empty_like(point)
        gradient[0] = slope * float(np.einsum("ij,ij->", shares, logs))
        gradient[1:] = _centred(shares[:, free].sum(axis=0))
        scales = np.concatenate([[SPREAD_OF_SLOPE], np.full(free.size, SPREAD_OF_BIAS)])
        value += 0.5 * float(((point / scales) ** 2).sum())
        return value / codes.size, (gradient + point / scales**2) / codes.size

    bounds = [(float(np.log(SLOPES[0])), float(np.log(SLOPES[1])))] + [(None, None)] * free.size
    best = minimize(loss, np.zeros(1 + free.size), jac=True, method="L-BFGS-B", bounds=bounds)
    offsets = np.zeros(logs.shape[1])
    offsets[free] = _centred(best.x[1:])
    offsets -= offsets[0]
    slope = float(np.clip(np.exp(best.x[0]), *SLOPES))
    return Calibrator(slope, tuple(float(offset) for offset in offsets))


def _centred(offsets: Floats) -> Floats:
    """Keep the classes that may shift from shifting together, away from those that may not."""
    return offsets - offsets.mean() if offsets.size else offsets


def _log_softmax(scores: Floats) -> Floats:
    shifted: Floats = scores - scores.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
