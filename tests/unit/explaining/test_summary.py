"""Contributions over a sample, and the rows that answers are compared with."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from onnx import helper

from automl_core.bundle.runtime import Encoder
from automl_training.explaining import (
    choose_background,
    contribution_summary,
    count_background,
    rows_as_json,
)
from automl_training.explaining.background import N_BACKGROUND
from automl_training.explaining.summary import MAX_ROWS

from .conftest import COLUMNS, values

NAMES = [column["name"] for column in COLUMNS]


@pytest.fixture
def summarise(make_subject, timed):
    def make(task="regression", **changes):
        options = {**timed}
        options |= {name: changes.pop(name) for name in list(changes) if name in options}
        subject = make_subject(task, **changes)
        background = subject.matrix[choose_background(subject, NAMES)]
        return contribution_summary(subject, background, ["used", "when"], **options)

    return make


def test_columns_come_by_what_they_contribute_on_average(summarise):
    found = summarise()

    assert [feature["name"] for feature in found["features"]] == ["used", "when", "city", "idle"]
    # Of a normal number, times five: the mean distance from the background's mean.
    assert found["features"][0]["mean_abs"] == pytest.approx(5 * (2 / np.pi) ** 0.5, rel=0.2)
    assert found["features"][-1]["mean_abs"] == 0
    assert found["n_rows"] == MAX_ROWS


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_each_example_adds_up(summarise, task):
    for example in summarise(task)["examples"]:
        total = sum(part["contribution"] for part in example["contributions"])
        assert example["baseline"] + total == pytest.approx(example["prediction"], abs=1e-9)


def test_examples_are_a_typical_a_low_and_a_high_answer(summarise, make_subject):
    subject = make_subject()

    found = {example["kind"]: example for example in summarise()["examples"]}

    assert list(found) == ["typical", "low", "high"]
    answers = np.sort(subject.answers[:, 0])
    assert found["low"]["prediction"] <= answers[10]
    assert found["high"]["prediction"] >= answers[-10]
    place = found["typical"]["row"] - 1000
    assert found["typical"]["actual"] == subject.y[place]
    shown = {part["name"]: part["value"] for part in found["typical"]["contributions"]}
    assert shown["city"] == subject.table["city"][place]
    assert shown["used"] == subject.table["used"][place]


@pytest.mark.parametrize(
    ("task", "scale", "explained"),
    [
        ("regression", "value", {None}),
        ("binary", "probability of yes", {"yes"}),
        ("multiclass", "probability", {0, 1, 2, 3}),
    ],
)
def test_what_is_explained_is_said(summarise, task, scale, explained):
    found = summarise(task)

    assert found["scale"] == scale
    assert {example["explained"] for example in found["examples"]} <= explained
    assert (found["baseline"] is None) == (task == "multiclass")


def test_rows_are_explained_until_the_time_is_up(summarise):
    found = summarise(monotonic=itertools.count(step=1.0).__next__, max_seconds=3.0)

    assert 0 < found["n_rows"] < 50
    assert len(found["examples"]) == 3


def test_a_model_that_is_too_slow_for_three_examples_gets_none(summarise):
    assert summarise(seconds_per_answer=1.0) is None


def test_a_summary_is_strict_json(summarise):
    table = values()
    table["used"][::3] = np.nan

    found = summarise("binary", table=table)

    assert json.loads(json.dumps(found, allow_nan=False)) == found


# -- Background ---------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_background_rows_answer_on_average_as_the_sample_does(make_subject, task):
    subject = make_subject(task)

    picked = choose_background(subject, NAMES)

    assert len(picked) == len(set(picked.tolist())) == N_BACKGROUND
    gap = subject.answers[picked].mean(axis=0) - subject.answers.mean(axis=0)
    assert (abs(gap) < 0.15 * subject.answers.std(axis=0)).all()


def test_background_rows_hold_each_class_as_often_as_the_sample(make_subject):
    subject = make_subject("multiclass")

    picked = choose_background(subject, NAMES)

    predicted = subject.answers.argmax(axis=1)
    shares = np.bincount(predicted, minlength=4) / len(predicted)
    found = np.bincount(predicted[picked], minlength=4) / len(picked)
    assert found == pytest.approx(shares, abs=1 / N_BACKGROUND)


@pytest.mark.parametrize(("n_trees", "n_rows"), [(1, 20), (500, 20), (1000, 10), (50_000, 5)])
def test_slow_models_get_fewer_background_rows(n_trees, n_rows):
    nodes = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml",
        nodes_treeids=np.repeat(np.arange(n_trees), 63).tolist(),
    )  # fmt: skip
    graph = helper.make_graph([nodes], "trees", [], [])

    assert count_background(helper.make_model(graph).SerializeToString()) == n_rows


def test_the_same_seed_picks_the_same_rows(make_subject):
    first, again = (choose_background(make_subject(), NAMES).tolist() for _ in range(2))

    assert first == again
    assert first != choose_background(make_subject(seed=2), NAMES).tolist()


def test_of_few_rows_all_are_background(make_subject):
    assert choose_background(make_subject(table=values(7)), NAMES).tolist() == list(range(7))


def test_background_rows_are_encoded_again_to_the_same_bits(make_subject):
    table = values()
    table["used"][::4] = np.nan
    table["city"] = np.where(np.arange(400) % 5 == 0, None, table["city"])
    subject = make_subject(table=table)
    picked = choose_background(subject, NAMES)

    rows = rows_as_json(subject, picked.tolist())

    sent = json.loads(json.dumps(rows, allow_nan=False))
    assert np.array_equal(
        Encoder(COLUMNS).encode_rows(sent), subject.matrix[picked], equal_nan=True
    )
