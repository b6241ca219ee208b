"""Say how much each column moves one prediction: sampled Shapley values, numpy alone.

A column is taken out of a row by putting the value of a background row in its place. What the
answer changes by when a column is put back, averaged over the orders in which that can be
done and over the background rows, is the column's contribution. Contributions add up to the
prediction less the baseline, which is the mean answer to the background rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from automl_core.bundle.runtime import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from automl_core.bundle.runtime import Predictor

    FloatArray = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float32]

#: Columns that count by themselves; all others move together, as one. More would cost more
#: answers for shares that nobody could read.
MAX_PLAYERS = 20
#: Answers of the model that one row may cost: 20 background rows, each with an order and its
#: reverse, over 20 columns. A graph of 500 trees gives them in about 10 ms.
MAX_ANSWERS = 800
#: With so few columns all orders are gone through: no more coalitions than are sampled else.
_MAX_EXACT_PLAYERS = 5
#: Cells of encoded rows that are answered at once: 16 MB.
_MAX_CELLS = 4 * 1024**2


class NoBackgroundError(Exception):
    """The bundle has no background rows: it is older than explanations are."""


class Player(NamedTuple):
    """One column of the table, or all those that are too many to count by themselves."""

    name: str
    columns: tuple[str, ...]


class Explanation(NamedTuple):
    """One prediction, taken apart.

    Attributes
    ----------
    output : int
        Position of the explained class; 0 for regression.
    baseline, prediction : float
        Mean answer to the background rows, and the answer to the row.
    shares : ndarray of shape (n_players,)
        They add up to ``prediction - baseline``.
    """

    output: int
    baseline: float
    prediction: float
    shares: FloatArray


def contributions(
    predictor: Predictor,
    rows: Sequence[Mapping[str, Any]],
    *,
    n_permutations: int | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Explain the predictions for rows as they come from JSON.

    Parameters
    ----------
    predictor : Predictor
        Of a bundle whose manifest has ``explain.background``.
    rows : sequence of mapping
        As :meth:`Predictor.predict_rows` takes them.
    n_permutations, seed
        See :func:`shapley`.

    Returns
    -------
    list of dict
        One a row: ``explained`` (label of the class that is explained: the positive one, or
        the predicted one of several; None for regression), ``baseline`` and ``prediction``
        (its probability, or the value in the target's unit) and ``contributions``: a list of
        ``column``, ``n_columns`` (1, or how many move together under that name), ``value``
        (as it was sent; None for several columns) and ``contribution``, largest first.

    Raises
    ------
    NoBackgroundError
        If the bundle has no background rows.
    InputError
        As :meth:`Predictor.predict_rows` does.

    References
    ----------
    Štrumbelj, Kononenko: Explaining prediction models and individual predictions with
    feature contributions, Knowledge and Information Systems 41 (2014).
    """
    manifest = predictor.manifest
    facts = manifest.get("explain") or {}
    if not facts.get("background"):
        raise NoBackgroundError("The bundle has no background rows.")
    encoder = predictor.encoder
    players, player_of_feature = find_players(
        encoder.feature_columns, facts.get("columns") or [], all_columns=encoder.column_names
    )
    explanations = shapley(
        predictor.outputs,
        encoder.encode_rows(rows),
        encoder.encode_rows(facts["background"]),
        player_of_feature,
        n_players=len(players),
        output=explained_output(manifest["task"], manifest["target"]),
        n_permutations=n_permutations,
        seed=seed,
    )
    classes = manifest["target"].get("classes") or [None]
    original = {
        column["name"]: column.get("original_name") or column["name"]
        for column in manifest["columns"]
    }
    return [
        {
            "explained": classes[found.output],
            "baseline": found.baseline,
            "prediction": found.prediction,
            "contributions": _told(players, found.shares, row, original),
        }
        for row, found in zip(rows, explanations, strict=True)
    ]


def _told(
    players: Sequence[Player],
    shares: FloatArray,
    row: Mapping[str, Any],
    original: Mapping[str, str],
) -> list[dict[str, Any]]:
    told = []
    for at in np.argsort(-np.abs(shares), kind="stable").tolist():
        name, columns = players[at]
        value = row.get(name) if len(columns) == 1 else None
        if value is None and len(columns) == 1:
            value = row.get(original[name])
        told.append(
            {
                "column": name,
                "n_columns": len(columns),
                "value": value,
                "contribution": float(shares[at]),
            }
        )
    return told


def explained_output(task: str, target: Mapping[str, Any]) -> int | None:
    """Position of the output that is explained; None: of the predicted class.

    >>> explained_output("binary", {"classes": ["no", "yes"], "positive": "no"})
    0
    >>> explained_output("multiclass", {"classes": [1, 2, 3]}) is None
    True
    """
    if task == "multiclass":
        return None
    if task == "regression":
        return 0
    classes = list(target["classes"])
    positive = target.get("positive")
    return classes.index(positive) if positive in classes else len(classes) - 1


def find_players(
    feature_columns: Sequence[str],
    ordered: Sequence[str],
    *,
    all_columns: Sequence[str] | None = None,
    max_players: int = MAX_PLAYERS,
) -> tuple[list[Player], npt.NDArray[np.intp]]:
    """Let the most important columns count by themselves, and the rest as one.

    Parameters
    ----------
    feature_columns : sequence of str
        For each column of the matrix the column of the table that it comes from.
    ordered : sequence of str
        Columns of the table, most important first; those that are left out come last.
    all_columns : sequence of str or None
        Columns of the table in its order, also those without a feature.
    max_players : int
        Columns that count by themselves.

    Returns
    -------
    list of Player
    ndarray of shape (n_features,)
        Number of the player that moves each column of the matrix.
    """
    there = list(dict.fromkeys(feature_columns if all_columns is None else all_columns))
    known = set(there)
    names = list(dict.fromkeys([*(name for name in ordered if name in known), *there]))
    n_alone = len(names) if len(names) <= max_players + 1 else max_players
    players = [Player(name, (name,)) for name in names[:n_alone]]
    rest = tuple(names[n_alone:])
    if rest:
        players.append(Player(f"{len(rest):,} other columns", rest))
    number = {name: at for at, player in enumerate(players) for name in player.columns}
    return players, np.array([number[name] for name in feature_columns], dtype=np.intp)


def shapley(
    answer: Callable[[Matrix], FloatArray],
    matrix: Matrix,
    background: Matrix,
    player_of_feature: npt.NDArray[np.intp],
    *,
    n_players: int,
    output: int | None,
    n_permutations: int | None = None,
    seed: int = 0,
) -> list[Explanation]:
    """Share each row's answer out among the players.

    Every background row meets the same number of orders, each together with its reverse
    (antithetic), hence the shares add up exactly whatever the number of orders. With up to
    five players all orders are gone through: the shares are the Shapley values themselves.

    Parameters
    ----------
    answer : callable
        Answers encoded rows with an array of shape (n_rows, n_outputs).
    matrix : ndarray of shape (n_rows, n_features)
        Rows to explain.
    background : ndarray of shape (n_background, n_features)
        At least one row.
    player_of_feature : ndarray of shape (n_features,)
        From :func:`find_players`.
    output : int or None
        Which output is explained; None: the largest of each row.
    n_permutations : int or None
        Orders for each row, rounded up to pairs for every background row. None: as many as
        :data:`MAX_ANSWERS` allows, a pair at least.
    seed : int
        Of the orders, which are the same for every row.

    Raises
    ------
    InputError
        If a mixture of a row and a background row has no finite answer.

    References
    ----------
    Štrumbelj, Kononenko 2014 (see :func:`contributions`), algorithm 1; the reversed orders:
    Mitchell, Cooper, Frank, Holmes: Sampling Permutations for Shapley Value Estimation,
    JMLR 23 (2022), section 3.1.
    """
    walks = _make_walks(n_players, len(background), n_permutations, seed)
    game = _Game(answer, background, player_of_feature)
    return [_explain(game, walks, row, number, output) for number, row in enumerate(matrix)]


class _Game(NamedTuple):
    answer: Callable[[Matrix], FloatArray]
    background: Matrix
    player_of_feature: npt.NDArray[np.intp]


class _Walks(NamedTuple):
    """Ways from a background row to the row that is explained, one player after another.

    Attributes
    ----------
    orders : ndarray of shape (n_walks, n_players)
        Who moves when.
    starts : ndarray of shape (n_walks,)
        Number of the background row.
    coalitions : ndarray of shape (n_walks, n_players + 1)
        Bit p: player p has moved.
    """

    orders: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    coalitions: npt.NDArray[np.int64]


def _make_walks(n_players: int, n_background: int, n_permutations: int | None, seed: int) -> _Walks:
    if n_permutations is None and n_players <= _MAX_EXACT_PLAYERS:
        every = np.array(list(itertools.permutations(range(n_players))), dtype=np.int64)
        orders = np.tile(every, (n_background, 1))
        starts = np.repeat(np.arange(n_background), len(every))
    else:
        if n_permutations is None:
            n_pairs = max(1, MAX_ANSWERS // (2 * (n_players - 1) * n_background))
        else:
            n_pairs = max(1, math.ceil(n_permutations / (2 * n_background)))
        first = np.random.default_rng(seed).permuted(
            np.tile(np.arange(n_players, dtype=np.int64), (n_pairs * n_background, 1)), axis=1
        )
        orders = np.concatenate([first, first[:, ::-1]])
        starts = np.tile(np.arange(n_background), 2 * n_pairs)
    coalitions = np.zeros((len(orders), n_players + 1), dtype=np.int64)
    np.cumsum(np.int64(1) << orders, axis=1, out=coalitions[:, 1:])
    return _Walks(orders, starts, coalitions)


def _explain(
    game: _Game, walks: _Walks, row: Matrix, number: int, output: int | None
) -> Explanation:
    n_walks, n_players = walks.orders.shape
    background = game.background
    # A player with the same values in both rows changes nothing; leaving it out makes
    # coalitions equal, and each is answered once.
    is_other = (row != background) & ~(np.isnan(row) & np.isnan(background))
    others = np.zeros(len(background), dtype=np.int64)
    for player in range(n_players):
        has_other = is_other[:, game.player_of_feature == player].any(axis=1)
        others |= has_other.astype(np.int64) << player
    others_of_walk = others[walks.starts, None]
    coalitions = walks.coalitions & others_of_walk
    # The row itself is the same one, whichever background row a walk began with.
    keys, places = np.unique(
        np.where(
            coalitions == others_of_walk,
            (1 << n_players) - 1,
            walks.starts[:, None] << n_players | coalitions,
        ).ravel(),
        return_inverse=True,
    )
    try:
        answers = _answer_coalitions(game, row, keys, n_players)
    except InputError as error:
        raise InputError(
            f"Row {number} cannot be explained: mixed with rows of the training data it has no"
            " finite answer.",
            f"/{number}",
        ) from error
    whole = answers[places[n_players]]
    explained = int(whole.argmax()) if output is None else output
    walked = answers[places, explained].reshape(n_walks, n_players + 1)
    steps = np.diff(walked, axis=1)
    shares = np.bincount(walks.orders.ravel(), steps.ravel(), n_players) / n_walks
    return Explanation(explained, float(walked[:, 0].mean()), float(whole[explained]), shares)


def _answer_coalitions(
    game: _Game, row: Matrix, keys: npt.NDArray[np.int64], n_players: int
) -> FloatArray:
    """Answer mixtures: the low bits of a key say who has moved, the high ones from where."""
    at_once = max(1, _MAX_CELLS // len(row))
    found = []
    for begin in range(0, len(keys), at_once):
        some = keys[begin : begin + at_once]
        has_moved = (some[:, None] >> np.arange(n_players) & 1).astype(bool)
        is_own = has_moved[:, game.player_of_feature]
        found.append(game.answer(np.where(is_own, row, game.background[some >> n_players])))
    return np.concatenate(found)
