"""Where a model errs most and least: error by the values of the columns it reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_training.scoring.metrics import Codes, Floats

MAX_SEGMENTS = 12
MAX_WORST = 8

#: Fewer rows than this make a segment of noise.
MIN_ROWS = 30

#: Bins of equal rows of a number or a time; most frequent values of a category.
N_BINS = 5
MAX_VALUES = 12

#: Rows and columns looked at; more would take longer than they tell.
MAX_ROWS = 20_000
MAX_COLUMNS = 60

N_RESAMPLES = 200

#: Segments of one column that may be shown, so that one column does not fill the list.
MAX_PER_COLUMN = 3


@dataclass(frozen=True)
class _Segment:
    column: str
    name: str
    rows: Codes
    mean: float
    spread: float
    """Standard error of the mean."""


def segments(
    losses: Floats,
    columns: Mapping[str, NDArray[Any]],
    *,
    metric: str,
    take_root: bool,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Find the segments whose error differs surely from that of all rows.

    Parameters
    ----------
    losses : ndarray of shape (n_rows,)
        Error of each row: its log loss, absolute or squared error.
    columns : mapping of str to ndarray
        Typed values of the same rows.
    metric : str
        What the mean of ``losses`` is called.
    take_root : bool
        Whether the square root of the mean is shown (RMSE).
    seed : int
        Of the resamples, and of the rows looked at if there are very many.

    Returns
    -------
    list of dict
        At most ``MAX_SEGMENTS``, the worst first, then the best. ``low`` and ``high`` bound
        the score by a 95 % bootstrap. Only segments whose error differs from that of the
        other rows by more than chance allows among all segments looked at (Bonferroni).
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(losses.size)
    if rows.size > MAX_ROWS:
        rows = np.sort(rng.choice(rows, MAX_ROWS, replace=False))
    losses = losses[rows]
    found = [
        segment
        for name in list(columns)[:MAX_COLUMNS]
        for segment in _segments_of(name, columns[name][rows], losses)
    ]
    overall = float(losses.mean()) if losses.size else 0.0
    sure = _sure_distance(len(found))
    worse = [s for s in found if s.mean - sure * s.spread > overall]
    better = [s for s in found if s.mean + sure * s.spread < overall]
    # By the end of the interval that is nearer: a large gap known well comes first.
    worse.sort(key=lambda s: (sure * s.spread - s.mean, s.column, s.name))
    better.sort(key=lambda s: (s.mean + sure * s.spread, s.column, s.name))
    chosen = _spread_out(worse)[:MAX_WORST]
    chosen += _spread_out(better)[: MAX_SEGMENTS - len(chosen)][: MAX_SEGMENTS - MAX_WORST]

    def shown(value: float) -> float:
        return float(np.sqrt(value)) if take_root else float(value)

    entries = []
    for segment in chosen:
        low, high = _bounds(losses[segment.rows], rng)
        entries.append(
            {
                "column": segment.column,
                "segment": segment.name,
                "n_rows": int(segment.rows.size),
                "metric": metric,
                "score": shown(segment.mean),
                "overall": shown(overall),
                "low": shown(low),
                "high": shown(high),
                "is_worse": segment.mean > overall,
            }
        )
    return entries


def _spread_out(ordered: list[_Segment]) -> list[_Segment]:
    taken: dict[str, int] = {}
    kept = []
    for segment in ordered:
        taken[segment.column] = taken.get(segment.column, 0) + 1
        if taken[segment.column] <= MAX_PER_COLUMN:
            kept.append(segment)
    return kept


def _sure_distance(n_segments: int) -> float:
    """Standard errors that one of so many segments exceeds by chance once in twenty times."""
    from scipy.stats import norm

    return float(norm.isf(0.025 / max(n_segments, 1)))


def _bounds(losses: Floats, rng: np.random.Generator) -> tuple[float, float]:
    means = losses[rng.integers(0, losses.size, (N_RESAMPLES, losses.size))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _segments_of(name: str, values: NDArray[Any], losses: Floats) -> Iterator[_Segment]:
    codes, names = _parts(values)
    for code, label in enumerate(names):
        rows = np.flatnonzero(codes == code)
        if rows.size < MIN_ROWS or losses.size - rows.size < MIN_ROWS:
            continue
        part = losses[rows]
        yield _Segment(
            name, label, rows, float(part.mean()), float(part.std(ddof=1) / np.sqrt(rows.size))
        )


def _parts(values: NDArray[Any]) -> tuple[Codes, list[str]]:
    """Divide a column into named parts; -1 for rows of none."""
    # NaN and NaT differ from themselves.
    missing = np.asarray(values != values, np.bool_)  # noqa: PLR0124
    if values.dtype.kind == "O":
        missing |= np.fromiter((value is None for value in values), np.bool_, values.size)
    codes = np.full(values.size, -1, np.int64)
    names: list[str] = []
    present = values[~missing]
    if values.dtype.kind in "fiumM" and np.unique(present[:1000]).size > N_BINS:
        codes[~missing], names = _bins(present)
    elif present.size:
        texts = _texts(present)
        known, inverse, counts = np.unique(texts, return_inverse=True, return_counts=True)
        frequent = np.argsort(-counts, kind="stable")[:MAX_VALUES]
        place = np.full(known.size, -1, np.int64)
        place[frequent] = np.arange(frequent.size)
        codes[~missing] = place[inverse]
        names = [f"is {_short(str(known[at]))}" for at in frequent]
    if missing.any():
        codes[missing] = len(names)
        names.append("is missing")
    return codes, names


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "f":
        return np.array([f"{value:.6g}" for value in values.tolist()])
    if values.dtype.kind != "O":
        return values.astype(str)
    return np.array(["true" if v is True else "false" if v is False else str(v) for v in values])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _bins(values: NDArray[Any]) -> tuple[Codes, list[str]]:
    is_time = values.dtype.kind in "mM"
    numbers = values.astype(np.int64) if is_time else values.astype(np.float64)
    edges = np.unique(
        np.quantile(numbers, np.linspace(0, 1, N_BINS + 1)[1:-1], method="inverted_cdf")
    )
    edges = edges[edges < numbers.max()]

    def shown(edge: float) -> str:
        if not is_time:
            return f"{edge:.6g}"
        return str(np.int64(edge).astype(values.dtype).astype("datetime64[s]"))[:16]

    bounds = [shown(edge) for edge in edges.tolist()]
    if not bounds:
        return np.zeros(values.size, np.int64), [f"is {shown(numbers.max())}"]
    names = [f"at most {bounds[0]}"]
    names += [f"above {a}, at most {b}" for a, b in itertools.pairwise(bounds)]
    names.append(f"above {bounds[-1]}")
    # A value on an edge belongs to the bin below it.
    return np.asarray(np.searchsorted(edges, numbers, side="left"), np.int64), names
