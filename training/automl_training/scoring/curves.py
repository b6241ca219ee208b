"""Points of the curves that a report draws; each at most ``MAX_POINTS`` long."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_training.scoring.metrics import Codes, Floats, Scored

Point = dict[str, float]

MAX_POINTS = 100

#: Bins of equal rows; with 10 bins a holdout of 200 rows still has 20 rows a bin.
CALIBRATION_BINS = 10

#: Rows that a scatter of predicted against actual values shows.
MAX_SCATTER = 500

RESIDUAL_BINS = 30

#: Bins of equal rows of the predicted value; with fewer rows a bin its mean error is noise.
PREDICTED_BINS = 10
MIN_ROWS_PER_BIN = 20


def roc_points(scored: Scored) -> list[Point]:
    """False positive rate (x) against true positive rate (y) of class 1, rising."""
    tp, fp = _steps(scored)
    if tp[-1] == 0 or fp[-1] == 0:
        return []
    x = np.concatenate([[0.0], fp / fp[-1]])
    y = np.concatenate([[0.0], tp / tp[-1]])
    return _thinned(x, y)


def precision_recall_points(scored: Scored) -> list[Point]:
    """Recall (x) against precision (y) of class 1, rising in recall."""
    tp, fp = _steps(scored)
    if tp[-1] == 0:
        return []
    precision = tp / (tp + fp)
    return _thinned(
        np.concatenate([[0.0], tp / tp[-1]]), np.concatenate([precision[:1], precision])
    )


def _steps(scored: Scored) -> tuple[Floats, Floats]:
    tp, fp = scored.ranking(1).steps(np.ones((1, scored.y.size)))
    return tp[0], fp[0]


def _thinned(x: Floats, y: Floats) -> list[Point]:
    """Keep both ends and points evenly spaced along the curve's own length."""
    if x.size > MAX_POINTS:
        length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        wished = np.linspace(0.0, length[-1], MAX_POINTS)
        keep = np.unique(np.searchsorted(length, wished).clip(0, x.size - 1))
        keep[0] = 0
        keep[-1] = x.size - 1
        x, y = x[keep], y[keep]
    return [{"x": float(a), "y": float(b)} for a, b in zip(x, y, strict=True)]


def calibration_points(scored: Scored) -> list[dict[str, float | int]]:
    """Mean predicted probability (x) against observed share (y), in bins of equal rows.

    Of class 1 in a binary task, else of the class that was answered. Rows of one
    probability are never divided between bins, so there may be fewer than ten.
    """
    if scored.task == "binary":
        said, happened = scored.predicted[:, 1], scored.y == 1
    else:
        said, happened = scored.predicted.max(axis=1), scored.labels == scored.y
    edges = np.unique(np.quantile(said, np.linspace(0, 1, CALIBRATION_BINS + 1))[1:-1])
    bin_of = np.searchsorted(edges, said, side="left")
    n = np.bincount(bin_of)
    x, y = np.bincount(bin_of, said), np.bincount(bin_of, happened.astype(np.float64))
    return [
        {"x": float(x[b] / n[b]), "y": float(y[b] / n[b]), "n_rows": int(n[b])}
        for b in np.flatnonzero(n)
    ]


def calibration_error(points: list[dict[str, float | int]]) -> float:
    """Mean gap between predicted and observed, weighted by rows (Naeini et al., AAAI 2015)."""
    total = sum(point["n_rows"] for point in points)
    return sum(abs(point["x"] - point["y"]) * point["n_rows"] for point in points) / total


def residual_summary(scored: Scored, rng: np.random.Generator) -> dict[str, Any]:
    """Describe actual minus predicted: summary, histogram, and points of a scatter."""
    errors = scored.errors
    quantiles = np.quantile(errors, [0.05, 0.25, 0.5, 0.75, 0.95])
    counts, edges = histogram(errors)
    rows = np.arange(errors.size)
    if errors.size > MAX_SCATTER:
        rows = np.sort(rng.choice(rows, MAX_SCATTER, replace=False))
    return {
        "mean": float(errors.mean()),
        "std": float(errors.std()),
        "minimum": float(errors.min()),
        "maximum": float(errors.max()),
        "median_absolute": float(np.median(np.abs(errors))),
        "quantiles": {
            name: float(value)
            for name, value in zip(("q05", "q25", "q50", "q75", "q95"), quantiles, strict=True)
        },
        # Of the rows that were answered too high and too low, how many and by how much.
        "over": _side(errors < 0, errors),
        "under": _side(errors > 0, errors),
        "by_predicted": _by_predicted(scored),
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
        "points": [{"x": float(scored.y[row]), "y": float(scored.predicted[row])} for row in rows],
        "points_are_sampled": errors.size > MAX_SCATTER,
    }


def _side(rows: NDArray[np.bool_], errors: Floats) -> dict[str, float | None]:
    """Share of these rows, and their mean absolute error (null without rows)."""
    return {
        "share": float(rows.mean()),
        "mean_absolute": float(np.abs(errors[rows]).mean()) if rows.any() else None,
    }


def _by_predicted(scored: Scored) -> list[dict[str, float | int]]:
    """Error along the predicted value, in bins of equal rows that divide no equal values."""
    n_bins = min(PREDICTED_BINS, scored.y.size // MIN_ROWS_PER_BIN)
    if n_bins < 2:
        return []
    edges = np.unique(np.quantile(scored.predicted, np.linspace(0, 1, n_bins + 1)[1:-1]))
    bin_of = np.searchsorted(edges, scored.predicted, side="left")
    entries: list[dict[str, float | int]] = []
    for number in np.unique(bin_of):
        rows = bin_of == number
        errors = scored.errors[rows]
        entries.append(
            {
                "low": float(scored.predicted[rows].min()),
                "high": float(scored.predicted[rows].max()),
                "n_rows": int(rows.sum()),
                "mean_error": float(errors.mean()),
                "rmse": float(np.sqrt((errors**2).mean())),
                "mae": float(np.abs(errors).mean()),
            }
        )
    return entries


def histogram(values: Floats) -> tuple[Codes, NDArray[np.float64]]:
    """Counts in bins of equal width between the 1st and 99th percentile; the outer bins
    take what lies beyond, so that one far value does not flatten the picture."""
    low, high = np.quantile(values, [0.01, 0.99])
    if not low < high:
        low, high = float(values.min()), float(values.max())
    if not low < high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, RESIDUAL_BINS + 1)
    counts = np.histogram(np.clip(values, low, high), bins=edges)[0]
    return np.asarray(counts, np.int64), edges
