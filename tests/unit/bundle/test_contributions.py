"""Contributions of columns to single predictions, on games whose shares are known."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.bundle.contributions import (
    MAX_ANSWERS,
    MAX_PLAYERS,
    NoBackgroundError,
    contributions,
    explained_output,
    find_players,
    shapley,
)
from automl_core.bundle.manifest import dump_manifest
from automl_core.bundle.runtime import InputError, Predictor

from .conftest import manifest_of, model_bytes

BACKGROUND = [
    {"age": 30, "city": "Oslo", "when": "01.02.2003"},
    {"age": 70, "city": "Rome", "when": "31.12.2020"},
]


def explainable(task: str, **changes: Any) -> Predictor:
    """Load the small bundle of a task with background rows."""
    facts = {"background": BACKGROUND, "columns": ["age", "city", "when"], "baseline": 0.5}
    manifest = {**manifest_of(task), "explain": facts, **changes}
    return Predictor.from_bytes(model_bytes(task), dump_manifest(manifest))


def game(n_rows: int, n_players: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_rows, n_players)).astype(np.float32)


def interacting(matrix: np.ndarray) -> np.ndarray:
    x = matrix.astype(np.float64).T
    return (x[0] + 3 * x[1] * x[2] - np.maximum(x[0], x[3]))[:, None]


def explain(answer: Any, matrix: np.ndarray, background: np.ndarray, **changes: Any) -> Any:
    n_players = matrix.shape[1]
    options = {"n_players": n_players, "output": 0, **changes}
    return shapley(answer, matrix, background, np.arange(n_players), **options)


def by_definition(answer: Any, row: np.ndarray, background: np.ndarray) -> list[float]:
    """Shapley values by their formula, coalition by coalition."""
    n = len(row)

    def worth(players: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(players)] = row[list(players)]
        return float(answer(mixed)[:, 0].mean())

    return [
        sum(
            math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            * (worth((*others, player)) - worth(others))
            for size in range(n)
            for others in itertools.combinations([p for p in range(n) if p != player], size)
        )
        for player in range(n)
    ]  # fmt: skip


# -- Shares -------------------------------------------------------------------------------


def test_four_columns_get_their_shapley_values():
    rows, background = game(3, 4), game(6, 4, seed=1)

    found = explain(interacting, rows, background)

    for row, explanation in zip(rows, found, strict=True):
        expected = by_definition(interacting, row, background)
        assert explanation.shares == pytest.approx(expected, abs=1e-12)


def test_sampled_orders_come_close_to_all_of_them():
    rows, background = game(3, 4), game(6, 4, seed=1)
    every = explain(interacting, rows, background)

    sampled = explain(interacting, rows, background, n_permutations=4000)

    # 4,000 orders: an error of some hundredths of shares around one.
    for exact, near in zip(every, sampled, strict=True):
        assert near.shares == pytest.approx(exact.shares, abs=0.05)


@pytest.mark.parametrize("n_players", [1, 3, 6, 21])
def test_a_sum_is_taken_apart_into_its_terms(n_players):
    weights = np.arange(1.0, n_players + 1)
    row, background = game(1, n_players), game(8, n_players, seed=1)

    (found,) = explain(lambda m: (m @ weights)[:, None], row, background)

    expected = weights * (row[0] - background.astype(np.float64).mean(axis=0))
    assert found.shares == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    n_players=st.integers(1, 12),
    n_background=st.integers(1, 20),
    n_permutations=st.none() | st.integers(1, 60),
    seed=st.integers(0, 2**31 - 1),
)
def test_shares_add_up_to_prediction_less_baseline(n_players, n_background, n_permutations, seed):
    matrix, background = game(2, n_players, seed), game(n_background, n_players, seed + 1)

    def answer(rows):
        return np.sin(rows.astype(np.float64).prod(axis=1, keepdims=True) + rows[:, :1])

    found = explain(answer, matrix, background, n_permutations=n_permutations, seed=seed)

    for row, explanation in zip(matrix, found, strict=True):
        assert explanation.baseline == pytest.approx(float(answer(background).mean()), abs=1e-12)
        assert explanation.prediction == answer(row[None])[0, 0]
        gap = explanation.prediction - explanation.baseline
        assert float(explanation.shares.sum()) == pytest.approx(gap, abs=1e-12)


def test_a_column_that_the_model_does_not_read_gets_exactly_nothing():
    rows, background = game(4, 9), game(20, 9, seed=1)

    found = explain(interacting, rows, background)

    assert all(not explanation.shares[4:].any() for explanation in found)


def test_columns_that_do_the_same_get_the_same():
    row, background = game(1, 4), game(5, 4, seed=1)
    row[:, 1], background[:, 1] = row[:, 0], background[:, 0]

    (found,) = explain(lambda m: m[:, :3].prod(axis=1, keepdims=True), row, background)

    assert found.shares[0] == pytest.approx(found.shares[1], abs=1e-9)
    assert found.shares[0] != 0


def test_the_same_seed_gives_the_same_shares_whichever_rows_are_asked_with_them():
    rows, background = game(5, 9), game(20, 9, seed=1)

    together = explain(interacting, rows, background, seed=7)
    alone = explain(interacting, rows[3:4], background, seed=7)
    other = explain(interacting, rows[3:4], background, seed=8)

    assert together[3].shares.tolist() == alone[0].shares.tolist()
    assert alone[0].shares.tolist() != other[0].shares.tolist()


def test_the_predicted_class_is_explained_where_there_are_several():
    rows, background = game(6, 3), game(4, 3, seed=1)

    found = explain(lambda m: m.astype(np.float64), rows, background, output=None)

    assert [each.output for each in found] == rows.argmax(axis=1).tolist()
    assert [each.prediction for each in found] == rows.max(axis=1).tolist()


def test_a_missing_cell_is_a_value_like_others():
    row = np.array([[np.nan, 1.0]], dtype=np.float32)
    background = np.array([[0.0, 1.0], [np.nan, 2.0]], dtype=np.float32)

    (found,) = explain(lambda m: np.isnan(m[:, :1]) + 0.0, row, background)

    assert found.shares.tolist() == [0.5, 0.0]


def test_a_row_costs_no_more_answers_than_it_may():
    asked = []

    def answer(rows):
        asked.append(len(rows))
        return interacting(rows)

    explain(answer, game(1, MAX_PLAYERS), game(20, MAX_PLAYERS, seed=1))

    assert len(asked) == 1
    assert asked[0] <= MAX_ANSWERS


def test_coalitions_of_very_wide_rows_are_answered_in_parts():
    n_features = 100_000
    asked = []

    def answer(rows):
        asked.append(rows.size)
        return rows[:, :1].astype(np.float64) + rows[:, -1:]

    player_of_feature = np.arange(n_features) % 3
    matrix, background = game(1, n_features), game(10, n_features, seed=1)
    (found,) = shapley(answer, matrix, background, player_of_feature, n_players=3, output=0)

    assert len(asked) > 1
    assert max(asked) * 4 <= 16 * 1024**2
    assert found.shares[1:2] == 0


# -- Players ------------------------------------------------------------------------------


def test_all_features_of_a_column_move_together():
    players, of_feature = find_players(["a", "b", "b", "c"], ["b"])

    assert [player.name for player in players] == ["b", "a", "c"]
    assert of_feature.tolist() == [1, 0, 0, 2]


def test_columns_beyond_the_most_important_move_as_one():
    names = [f"c{number}" for number in range(1500)]

    players, of_feature = find_players(names, names[::-1])

    assert [player.name for player in players[:2]] == ["c1499", "c1498"]
    assert players[-1].name == "1,480 other columns"
    assert players[-1].columns == tuple(names[:-20][::-1])
    assert of_feature[-1] == 0
    assert set(of_feature[:1480].tolist()) == {MAX_PLAYERS}


def test_a_single_column_is_no_rest():
    names = [f"c{number}" for number in range(MAX_PLAYERS + 1)]

    assert [player.name for player in find_players(names, names)[0]] == names


def test_names_that_the_model_does_not_have_are_passed_over():
    players, _ = find_players(["a", "b"], ["gone", "b", "b"])

    assert [player.name for player in players] == ["b", "a"]


@pytest.mark.parametrize(
    ("task", "target", "output"),
    [
        ("regression", {"classes": []}, 0),
        ("binary", {"classes": [False, True], "positive": True}, 1),
        ("binary", {"classes": ["yes", "no"], "positive": "yes"}, 0),
        ("binary", {"classes": [0, 1], "positive": None}, 1),
        ("multiclass", {"classes": [1, 2, 3]}, None),
    ],
)
def test_the_class_that_is_explained(task, target, output):
    assert explained_output(task, target) == output


# -- Bundles ------------------------------------------------------------------------------


def test_a_binary_answer_is_the_probability_of_the_positive_class():
    (found,) = contributions(
        explainable("binary"), [{"age": 80, "city": "Oslo", "when": "01.02.2003"}]
    )

    assert found["explained"] == "yes"
    assert found["prediction"] == pytest.approx(0.9, abs=1e-6)
    assert found["baseline"] == pytest.approx(0.5, abs=1e-6)
    first = found["contributions"][0]
    assert first["contribution"] == pytest.approx(0.4, abs=1e-6)
    assert (first["column"], first["n_columns"], first["value"]) == ("age", 1, 80)
    assert [each["contribution"] for each in found["contributions"][1:]] == [0.0, 0.0]


def test_of_several_classes_the_predicted_one_is_named():
    rows = [{"age": 20}, {"age": 80}]

    found = contributions(explainable("multiclass"), rows)

    assert [each["explained"] for each in found] == [1, 3]
    assert [each["prediction"] for each in found] == pytest.approx([0.7, 0.75], abs=1e-6)


def test_a_value_is_explained_in_the_targets_unit():
    (found,) = contributions(explainable("regression"), [{" age": 30, "city": "Bergen"}])

    assert (found["explained"], found["prediction"]) == (None, 2.0)
    shares = {each["column"]: each["contribution"] for each in found["contributions"]}
    assert shares == {"age": -49.5, "city": 1.0, "when": 0.0}
    values = {each["column"]: each["value"] for each in found["contributions"]}
    assert values == {"age": 30, "city": "Bergen", "when": None}


@pytest.mark.parametrize("facts", [None, {}, {"background": []}])
def test_a_bundle_without_background_rows_cannot_explain(facts):
    with pytest.raises(NoBackgroundError):
        contributions(explainable("binary", explain=facts), [{"age": 1}])


def test_a_value_that_its_column_cannot_hold_is_refused():
    with pytest.raises(InputError) as caught:
        contributions(explainable("binary"), [{"age": 1}, {"age": "old"}])

    assert caught.value.pointer == "/1/age"


def test_a_mixture_without_a_finite_answer_names_the_row():
    def answer(rows):
        raise InputError("Row 17 has no finite answer.", "/17")

    with pytest.raises(InputError, match="Row 0 cannot be explained") as caught:
        explain(answer, game(1, 2), game(2, 2, seed=1))

    assert caught.value.pointer == "/0"
