"""Contributions over a sample: what matters on the whole, and three rows taken apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_core.bundle.contributions import Explanation, Player
    from automl_training.explaining.subject import Matrix, Subject

MAX_ROWS = 200
#: Times its share of the time that the examples alone may take; a slower model gets none.
_PATIENCE = 2.0
#: Which rows are shown, as shares of the rows with a lower answer.
EXAMPLES = {"typical": 0.5, "low": 0.02, "high": 0.98}


def contribution_summary(
    subject: Subject,
    background: Matrix,
    ordered: Sequence[str],
    *,
    monotonic: Callable[[], float],
    max_seconds: float,
) -> dict[str, Any] | None:
    """Explain rows of the sample one by one and sum up what the columns contribute.

    Parameters
    ----------
    subject : Subject
    background : ndarray of shape (n_background, n_features)
        The rows that the bundle will hold, encoded.
    ordered : sequence of str
        Columns, most important first.
    monotonic, max_seconds : callable, float
        Once the time is up no further rows are explained; the examples always are.

    Returns
    -------
    dict or None
        None if the model is too slow even for the examples. ``scale`` (in words: what
        contributions are parts of), ``baseline`` (None for several classes, each of which
        has its own), ``n_rows``, ``features`` (``name`` and ``mean_abs``, the largest first)
        and ``examples``: ``kind``, ``row`` (number in its file, from 0), ``actual``,
        ``explained`` (label), ``baseline``, ``prediction`` and ``contributions`` (``name``,
        ``value``, ``contribution``).
    """
    import numpy as np

    from automl_core.bundle.contributions import find_players, shapley

    started = monotonic()
    players, of_feature = find_players(
        subject.feature_columns, ordered, all_columns=[column["name"] for column in subject.columns]
    )

    n_answers = len(background) * min(2 * len(players), 2 ** len(players))
    if len(EXAMPLES) * n_answers * subject.seconds_per_answer > _PATIENCE * max_seconds:
        return None

    def explain(matrix: Matrix) -> list[Explanation]:
        return shapley(
            subject.answer,
            matrix,
            background,
            of_feature,
            n_players=len(players),
            output=subject.output,
            seed=subject.seed,
        )

    places = {
        kind: int(np.argsort(subject.explained, kind="stable")[round(share * (len(subject.y) - 1))])
        for kind, share in EXAMPLES.items()
    }
    shown = dict(zip(places, explain(subject.matrix[list(places.values())]), strict=True))
    found: list[Explanation] = []
    for place in range(min(MAX_ROWS, len(subject.matrix))):
        if found and monotonic() - started > max_seconds:
            break
        found += explain(subject.matrix[place : place + 1])
    sizes = np.abs([each.shares for each in found]).mean(axis=0)
    return {
        "scale": _scale(subject),
        "n_rows": len(found),
        "baseline": None if subject.output is None else found[0].baseline,
        "features": [
            {"name": players[at].name, "mean_abs": float(sizes[at])}
            for at in np.argsort(-sizes, kind="stable")
        ],
        "examples": [
            _example(subject, kind, place, players, shown[kind]) for kind, place in places.items()
        ],
    }


def _scale(subject: Subject) -> str:
    from automl_core.bundle.runtime import label_text

    if not subject.classes:
        return "value"
    if subject.output is None:
        return "probability"
    return f"probability of {label_text(subject.classes[subject.output])}"


def _example(
    subject: Subject, kind: str, place: int, players: Sequence[Player], explanation: Explanation
) -> dict[str, Any]:
    import numpy as np

    (values,) = rows_as_json(subject, [place])
    classes = subject.classes
    actual = subject.y[place]
    return {
        "kind": kind,
        "row": int(subject.rows[place]),
        "actual": classes[int(actual)] if classes else float(actual),
        "explained": classes[explanation.output] if classes else None,
        "baseline": explanation.baseline,
        "prediction": explanation.prediction,
        "contributions": [
            {
                "name": players[at].name,
                "value": values.get(players[at].name) if len(players[at].columns) == 1 else None,
                "contribution": float(explanation.shares[at]),
            }
            for at in np.argsort(-np.abs(explanation.shares), kind="stable")
        ],
    }


def rows_as_json(subject: Subject, places: Sequence[int]) -> list[Mapping[str, Any]]:
    """Rows of the sample with the values that a client would send."""
    from automl_core.bundle.manifest import probe_rows_of

    picked = {name: values[list(places)] for name, values in subject.table.items()}
    return list(probe_rows_of(subject.columns, picked, n_rows=len(places)))
