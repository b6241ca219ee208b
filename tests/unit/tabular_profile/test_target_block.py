"""The block about the target: what it says, what blocks it, and its charts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from automl_core.tabular.profile import profile_table
from automl_core.tabular.target_charts import MAX_CHART_CLASSES, N_LEVELS, wilson

N = 400


@pytest.fixture
def random():
    return np.random.default_rng(11)


@pytest.fixture
def target_of(table):
    def make(columns, **options):
        path, schema = table(columns)
        return profile_table(path, schema, target="y", **options)["target"]

    return make


def chart(block, name):
    return next(item for item in block["charts"] if item["name"] == name)


# -- What it says ---------------------------------------------------------------------


def test_a_numeric_target_has_a_distribution_and_no_classes(target_of, random):
    y = random.normal(size=N).round(3)

    block = target_of({"x": random.normal(size=N).tolist(), "y": y.tolist()})

    assert (block["task"], block["classes"], block["rate_of"]) == ("regression", [], None)
    assert block["distribution"]["mean"] == pytest.approx(y.mean(), rel=1e-4)


def test_scores_come_best_first_with_the_bits_they_tell(target_of, random):
    y = random.choice(["no", "yes"], N)
    strong, weak = random.normal(size=N) + 2 * (y == "yes"), random.normal(size=N) + (y == "yes")

    block = target_of(
        {"weak": weak.tolist(), "noise": random.normal(size=N).tolist(), "strong": strong.tolist(),
         "y": y.tolist()}
    )  # fmt: skip

    assert [item["name"] for item in block["scores"]] == ["strong", "weak", "noise"]
    bits = [item["mutual_information"] for item in block["scores"]]
    assert bits[0] > bits[1] > bits[2] >= 0
    assert block["measure"] == "roc_auc"


@pytest.mark.parametrize(
    ("y", "code"),
    [
        pytest.param(["same"] * N, "target-unusable", id="a constant"),
        pytest.param(["a"] * 200 + ["b"] * 199 + ["c"], "target-unusable", id="a class of one row"),
        pytest.param(["a", "b"] * 5 + [None] * 390, "table-too-short", id="ten answers"),
    ],
)
def test_what_stops_a_training_stands_in_blocking(target_of, random, y, code):
    block = target_of({"x": random.normal(size=N).tolist(), "y": y})

    assert code in [item["code"] for item in block["blocking"]]
    assert all(item["sentence"].endswith(".") for item in block["blocking"])


def test_a_good_target_is_blocked_by_nothing(target_of, random):
    block = target_of({"x": random.normal(size=N).tolist(), "y": ["a", "b"] * 200})

    assert block["blocking"] == []


def test_a_table_without_features_is_blocked(target_of):
    block = target_of({"row_id": list(range(N)), "y": ["a", "b"] * 200})

    assert [item["code"] for item in block["blocking"]] == ["no-features"]


def test_a_chosen_task_is_followed(target_of, random):
    columns = {"x": random.normal(size=N).tolist(), "y": [i % 4 for i in range(N)]}

    block = target_of(columns, task="regression")

    assert (block["task"], block["confidence"], block["measure"]) == ("regression", "given", "r2")


# -- Charts ---------------------------------------------------------------------------


def test_a_number_against_two_classes_shows_the_rarer_one_with_its_interval(target_of):
    x = [i / 10 for i in range(N)]
    y = ["rare" if i >= 300 and i % 2 else "usual" for i in range(N)]

    block = target_of({"x": x, "y": y})

    bars = chart(block, "x")["bars"]
    assert block["rate_of"] == "rare"
    assert len(bars) == 10
    assert sum(bar["rows"] for bar in bars) == N
    assert (bars[0]["low"], bars[-1]["high"]) == (0.0, 39.9)
    assert (bars[0]["mean"], bars[-1]["mean"]) == (0.0, 0.5)
    assert bars[-1]["interval"] == pytest.approx(wilson(20, 40), abs=1e-5)
    assert all(high["low"] > low["high"] for low, high in pairwise(bars))


def test_a_category_shows_its_most_frequent_values_and_its_gaps(target_of, random):
    letters = [None if i % 10 == 0 else f"v{min(i % 37, 20):02d}" for i in range(N)]
    y = ["yes" if letter is None else "no" for letter in letters]
    y[1] = "yes"

    block = target_of({"c": letters, "x": random.normal(size=N).tolist(), "y": y})

    found = chart(block, "c")
    assert (found["kind"], found["n_levels"]) == ("categorical", 21)
    assert len(found["bars"]) == N_LEVELS + 1
    assert found["bars"][-1]["label"] is None
    assert found["bars"][-1]["mean"] == 1.0


def test_few_values_get_a_bar_each(target_of, random):
    x = [i % 4 for i in range(N)]

    block = target_of({"x": x, "y": random.choice(["a", "b"], N).tolist()})

    assert [(bar["low"], bar["high"], bar["rows"]) for bar in chart(block, "x")["bars"]] == [
        (float(value), float(value), 100) for value in range(4)
    ]


def test_several_classes_show_the_share_of_each(target_of, random):
    y = random.choice(list("abcdefgh"), 800, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05])

    block = target_of({"x": random.normal(size=800).tolist(), "y": y.tolist()})

    assert len(block["chart_classes"]) == MAX_CHART_CLASSES
    assert block["rate_of"] == block["chart_classes"][0] == "a"
    for bar in chart(block, "x")["bars"]:
        assert len(bar["shares"]) == MAX_CHART_CLASSES
        assert bar["shares"][0] == bar["mean"]
        assert sum(bar["shares"]) <= 1.0001


def test_a_numeric_target_shows_its_middle_and_quartiles(target_of, random):
    x = random.normal(size=N)
    y = 3 * x + random.normal(size=N)

    block = target_of({"x": x.tolist(), "y": y.tolist()})

    bars = chart(block, "x")["bars"]
    inside = (x >= bars[4]["low"] - 1e-5) & (x <= bars[4]["high"] + 1e-5)
    # Numbers of a profile have six digits, and quartiles are values of the data.
    assert bars[4]["rows"] == inside.sum()
    assert bars[4]["mean"] == pytest.approx(y[inside].mean(), rel=1e-3)
    assert bars[4]["q1"] < bars[4]["median"] < bars[4]["q3"]
    assert bars[4]["median"] == pytest.approx(np.median(y[inside]), abs=0.2)


def test_a_personal_column_is_scored_and_not_drawn(target_of, random):
    mails = [f"u{i % 40}@example.org" for i in range(N)]

    block = target_of({"mail": mails, "y": random.choice(["a", "b"], N).tolist()})

    assert [item["name"] for item in block["scores"]] == ["mail"]
    assert block["charts"] == []


def test_at_most_two_hundred_features_are_drawn(target_of, random):
    columns = {f"c{i}": random.normal(size=60).round(3).tolist() for i in range(210)}

    block = target_of({**columns, "y": ["a", "b"] * 30})

    assert (len(block["scores"]), len(block["charts"])) == (210, 200)


def test_rates_of_a_stratified_sample_are_those_of_the_table(target_of, random):
    n = 60_000
    y = np.where(random.random(n) < 0.003, "rare", "usual")
    flag = np.where(random.random(n) < 0.5, "u", "v")

    block = target_of({"flag": flag.tolist(), "y": y.tolist()})

    rates = {bar["label"]: bar["mean"] for bar in chart(block, "flag")["bars"]}
    # 180 rare rows in two halves: a rate of 0.003 is known to ±0.0005.
    assert rates["u"] == pytest.approx(float((y[flag == "u"] == "rare").mean()), abs=0.0012)


def test_wilson_holds_what_newcombe_printed():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
