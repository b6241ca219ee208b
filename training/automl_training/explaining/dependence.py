"""Partial dependence: the mean answer when every row has the same value in one column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_training.explaining.subject import FloatArray, Matrix, Subject

MAX_COLUMNS = 10
MAX_POINTS = 20
MAX_ROWS = 500
#: Means over fewer rows say nothing; columns for which there is no time get no curve.
MIN_ROWS = 30
MAX_CLASSES = 3
#: The band around the mean holds four of five rows.
BAND = (0.1, 0.9)
#: Share of missing values from which they get a point of their own.
_MIN_SHARE_MISSING = 0.01


def partial_dependence(
    subject: Subject,
    names: Sequence[str],
    *,
    monotonic: Callable[[], float],
    max_seconds: float,
) -> list[dict[str, Any]]:
    """Ask how the answer moves with one column while all others stay as they are.

    Parameters
    ----------
    subject : Subject
    names : sequence of str
        Columns, most important first; texts have no order to go along and are left out.
    monotonic, max_seconds : callable, float
        The time is shared among the columns by using fewer rows; once it is up, no further
        column begins.

    Returns
    -------
    list of dict
        One a column, and for several classes one for each of the most frequent three, all
        columns for the most frequent class first:
        ``name``, ``kind``, ``class`` (label; None for regression), ``n_rows`` and
        ``points``: ``value`` (as a client would send it; None: missing), ``label`` (for
        people), ``mean``, ``low`` and ``high`` (10 % and 90 % of the rows' own answers).

    Notes
    -----
    Values are put into rows that may never hold them: where columns go together, the curve
    also averages over rows that do not exist.

    References
    ----------
    Friedman: Greedy Function Approximation, Annals of Statistics 29 (2001), section 8.2; the
    band: Goldstein, Kapelner, Bleich, Pitkin: Peeking Inside the Black Box, Journal of
    Computational and Graphical Statistics 24 (2015).
    """
    by_name = {column["name"]: column for column in subject.columns}
    asked = [by_name[name] for name in names if by_name[name]["kind"] in _GRIDS][:MAX_COLUMNS]
    if not asked:
        return []
    started = monotonic()
    curves: list[tuple[int, dict[str, Any]]] = []
    for number, column in enumerate(asked):
        left = max_seconds - (monotonic() - started)
        grid = _grid(subject, column)
        affordable = left / subject.seconds_per_answer / max(1, len(grid))
        if affordable < MIN_ROWS:
            break
        share = max(MIN_ROWS, int(affordable / (len(asked) - number)))
        n_rows = min(len(subject.matrix), MAX_ROWS, share)
        curves += enumerate(_curves(subject, column, grid, _answers(subject, column, grid, n_rows)))
    return [curve for _, curve in sorted(curves, key=lambda ranked: ranked[0])]


def _answers(
    subject: Subject, column: Mapping[str, Any], grid: NDArray[Any], n_rows: int
) -> FloatArray:
    """Answers of shape (n_points, n_rows, n_outputs)."""
    import numpy as np

    from automl_core.bundle.runtime import Encoder

    cells: Matrix = Encoder([column]).encode({column["name"]: grid}, len(grid))
    rows = np.tile(subject.matrix[:n_rows], (len(grid), 1))
    rows[:, subject.features_of[column["name"]]] = np.repeat(cells, n_rows, axis=0)
    answers = subject.answer(rows)
    return answers.reshape(len(grid), n_rows, answers.shape[1])


def _curves(
    subject: Subject, column: Mapping[str, Any], grid: NDArray[Any], answers: FloatArray
) -> list[dict[str, Any]]:
    import numpy as np

    from automl_core.bundle.manifest import probe_rows_of

    points = probe_rows_of([column], {column["name"]: grid}, n_rows=len(grid))
    values = [point[column["name"]] for point in points]
    curves = []
    for output in _outputs(subject):
        found = answers[:, :, output]
        low, high = np.quantile(found, BAND, axis=1)
        curves.append(
            {
                "name": column["name"],
                "kind": column["kind"],
                "class": subject.classes[output] if subject.classes else None,
                "n_rows": found.shape[1],
                "points": [
                    {
                        "value": value,
                        "label": _label(value),
                        "mean": float(mean),
                        "low": float(least),
                        "high": float(most),
                    }
                    for value, mean, least, most in zip(
                        values, found.mean(axis=1), low, high, strict=True
                    )
                ],
            }
        )
    return curves


def _outputs(subject: Subject) -> list[int]:
    """Outputs that get a curve: of several classes the most frequent ones of the sample."""
    import numpy as np

    if subject.output is not None:
        return [subject.output]
    rows = np.bincount(np.asarray(subject.y, np.int64), minlength=len(subject.classes))
    return [int(code) for code in np.argsort(-rows, kind="stable")[:MAX_CLASSES]]


def _label(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value).removesuffix("T00:00:00")


# -- Values to go along -------------------------------------------------------------------


def _grid(subject: Subject, column: Mapping[str, Any]) -> NDArray[Any]:
    """Values of the column that the sample holds: at most ``MAX_POINTS``, missing last."""
    values = subject.table[column["name"]]
    is_missing = _is_missing(values)
    has_missing = is_missing.mean() >= _MIN_SHARE_MISSING
    there = _GRIDS[column["kind"]](values[~is_missing], MAX_POINTS - int(has_missing))
    if not has_missing:
        return there
    import numpy as np

    return np.concatenate([there, values[is_missing][:1]])


def _is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    if values.dtype.kind in "Mf":
        is_missing: NDArray[np.bool_] = values != values  # noqa: PLR0124 - NaN and NaT alone
        return is_missing
    return np.array([value is None for value in values], dtype=bool)


def _spread(values: NDArray[Any], n_points: int) -> NDArray[Any]:
    """Every value if there are few, else values at even steps of their ranks."""
    import numpy as np

    ordered = np.sort(values)
    different = np.unique(ordered)
    if len(different) <= n_points:
        return different
    places = np.linspace(0, len(ordered) - 1, n_points).round().astype(int)
    return np.unique(ordered[places])


def _frequent(values: NDArray[Any], n_points: int) -> NDArray[Any]:
    """Most frequent categories first."""
    from collections import Counter

    import numpy as np

    counts = Counter(values.tolist())
    ordered = sorted(counts, key=lambda value: (-counts[value], str(value)))[:n_points]
    found = np.empty(len(ordered), dtype=values.dtype)
    found[:] = ordered
    return found


_GRIDS: Mapping[str, Callable[[NDArray[Any], int], NDArray[Any]]] = {
    "numeric": _spread,
    "datetime": _spread,
    "categorical": _frequent,
}
