"""The profile of a table: what it counts and what it finds."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from automl_core.tabular.convert import write_parquet
from automl_core.tabular.profile import draw_rows, profile_table
from automl_core.tabular.read import scan_table

N = 400


@pytest.fixture
def random():
    return np.random.default_rng(11)


def codes(profile, *severities):
    return [
        found["code"]
        for found in profile["findings"]
        if not severities or found["severity"] in severities
    ]


def the(profile, code):
    (found,) = [item for item in profile["findings"] if item["code"] == code]
    return found


def block(profile, name):
    return next(column for column in profile["columns"] if column["name"] == name)


def words(random, n=N):
    return random.choice(["red", "green", "blue"], n).tolist()


def coins(random, n=N):
    return random.choice(["yes", "no"], n).tolist()


# -- Counts ---------------------------------------------------------------------------


def test_every_column_is_counted_on_all_rows(table):
    path, schema = table(
        {
            "size": [1.5, 2.5, None, 2.5] * 10,
            "colour": ["red", "blue", "red", None] * 10,
            "day": ["2024-01-01", "2024-01-02", "2024-01-02", None] * 10,
            "is_new": ["yes", "no", "no", "no"] * 10,
        }
    )

    profile = profile_table(path, schema, target=None)

    size, colour, day, is_new = profile["columns"]
    assert size["missing"] == {"rows": 10, "share": 0.25}
    assert size["distinct"] == {"value": 2, "exact": True}
    assert size["stats"]["mean"] == pytest.approx(2.16667)
    assert size["top"][0] == {"value": 2.5, "rows": 20, "share": 0.666667}
    assert colour["top"] == [
        {"value": "red", "rows": 20, "share": 0.666667},
        {"value": "blue", "rows": 10, "share": 0.333333},
    ]
    assert colour["lengths"] == {"minimum": 3, "mean": 3.33333, "maximum": 4}
    # 2024-01-01 as seconds since 1970.
    assert day["stats"]["minimum"] == 1704067200
    assert is_new["top"][0]["value"] == "no"
    assert profile["scope"] == {"basis": "all_rows", "rows": 40, "of": 40, "seed": None}
    assert profile["target"] is None


def test_names_that_need_quoting_are_no_trouble(table):
    path, schema = table({'a "b"; drop': [1, 2, 3] * 10, "x.y": ["u", "v", "w"] * 10})

    profile = profile_table(path, schema, target="x.y")

    assert [column["missing"]["rows"] for column in profile["columns"]] == [0, 0]


def test_a_profile_is_strict_json_and_the_same_for_the_same_seed(table, random):
    path, schema = table(
        {"x": random.normal(size=N).tolist(), "c": words(random), "y": coins(random)}
    )

    first = profile_table(path, schema, target="y", seed=5, clock=lambda: 0.0)
    second = profile_table(path, schema, target="y", seed=5, clock=lambda: 0.0)

    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)


def test_the_sample_is_drawn_from_the_whole_table_with_a_seed():
    rows = draw_rows(1_000_000, 20, seed=1)

    assert len(rows) == 50_000
    assert len(np.unique(rows)) == 50_000
    assert 0.49e6 < rows.mean() < 0.51e6
    assert np.array_equal(rows, draw_rows(1_000_000, 20, seed=1))
    assert not np.array_equal(rows, draw_rows(1_000_000, 20, seed=2))


def test_a_wide_table_is_sampled_more_thinly():
    assert len(draw_rows(100_000, 2_000, seed=0)) == 5_000
    assert len(draw_rows(1_500, 2_000, seed=0)) == 1_500


def test_a_sampled_block_says_so(table):
    n = 60_000
    path, schema = table({"x": [i % 97 for i in range(n)], "y": [i % 2 for i in range(n)]})

    profile = profile_table(path, schema, target="y", seed=3)

    expected = {"basis": "sample", "rows": 50_000, "of": n, "seed": 3}
    assert profile["target"]["scope"] == expected
    assert profile["associations"]["scope"] == expected
    assert profile["scope"]["basis"] == "all_rows"
    assert [item["rows"] for item in profile["target"]["classes"]] == [30_000, 30_000]


def test_sampled_rows_of_all_columns_belong_together(table, random):
    n = 60_000
    x = random.normal(size=n).round(6)
    path, schema = table(
        {"x": x.tolist(), "sign": np.where(x > 0, "plus", "minus").tolist(), "y": (2 * x).tolist()}
    )

    scores = {
        item["name"]: item["score"]
        for item in profile_table(path, schema, target="y")["target"]["scores"]
    }

    assert scores["x"] == pytest.approx(1.0, abs=1e-4)
    # A sign explains 2/π of a normal variance.
    assert scores["sign"] == pytest.approx(0.637, abs=0.02)


def test_repeated_and_contradicting_rows_are_counted(table):
    rows = list(range(30))
    path, schema = table({"x": [*rows, 0, 1, 2], "y": ["a", "b", "a"] * 10 + ["a", "b", "b"]})

    duplicates = profile_table(path, schema, target="y")["duplicates"]

    assert (duplicates["rows"], duplicates["conflicting_rows"]) == (2, 2)


def test_columns_that_go_missing_together_are_told(table):
    path, schema = table(
        {
            "a": [None, 1.5, 2.5, 3.5] * 10,
            "b": [None, 1.5, 2.5, 3.5] * 10,
            "c": [1.5, 2.5, 3.5, None] * 10,
        }
    )

    patterns = profile_table(path, schema, target=None)["missing_patterns"]

    assert patterns["pairs"] == [{"columns": ["a", "b"], "rows": 10, "together": 1}]
    assert {tuple(p["columns"]): p["rows"] for p in patterns["patterns"]} == {
        (): 20,
        ("a", "b"): 10,
        ("c",): 10,
    }


# -- Findings -------------------------------------------------------------------------


def test_a_column_that_knows_the_answer_is_the_first_finding(table, random):
    y = coins(random)
    severity = [random.integers(4, 6) if answer == "yes" else random.integers(0, 4) for answer in y]
    path, schema = table({"x": random.normal(size=N).tolist(), "severity": severity, "y": y})

    first = profile_table(path, schema, target="y")["findings"][0]

    assert (first["code"], first["severity"], first["columns"]) == ("leakage", "high", ["severity"])
    assert first["numbers"] == {"measure": "roc_auc", "score": 1.0}
    assert "exclude" in first["action"]


def test_a_gap_that_gives_the_answer_away_is_found(table, random):
    y = ["yes" if i % 10 == 0 else "no" for i in range(N)]
    tail = [None if i % 20 == 0 else f"N{i % 7}" for i in range(N)]
    path, schema = table({"tail": tail, "x": random.normal(size=N).tolist(), "y": y})

    found = the(profile_table(path, schema, target="y"), "leakage")

    assert found["columns"] == ["tail"]
    assert found["numbers"] == {"gaps": 20, "purity": 1, "coverage": 0.5}
    assert "the gap itself" in found["sentence"]


def test_two_columns_that_add_up_to_the_target_are_found(table, random):
    casual, registered = random.integers(0, 90, N), random.integers(0, 90, N)
    path, schema = table(
        {
            "casual": casual.tolist(),
            "registered": registered.tolist(),
            "bikers": (casual + registered).tolist(),
        }
    )

    found = the(profile_table(path, schema, target="bikers"), "leakage")

    assert found["columns"] == ["casual", "registered"]
    assert "'casual' + 'registered'" in found["sentence"]


def test_honest_columns_are_not_accused(table, random):
    x = random.normal(size=N)
    y = np.where(x + random.normal(size=N) > 0, "yes", "no").tolist()
    path, schema = table({"x": x.tolist(), "c": words(random), "y": y})

    assert "leakage" not in codes(profile_table(path, schema, target="y"))


@pytest.mark.parametrize(
    ("name", "cells", "code"),
    [
        pytest.param("c", ["same"] * N, "constant", id="constant"),
        pytest.param("c", [None] * N, "empty", id="empty"),
        pytest.param("c", ["b"] + ["a"] * (N - 1), "near-constant", id="near constant"),
        pytest.param("c", [1.5] * 8 + [None] * (N - 8), "nearly-empty", id="nearly empty"),
        pytest.param("c", ["a", None] * (N // 2), "high-missing", id="often missing"),
        pytest.param("row_id", list(range(N)), "identifier", id="identifier"),
        pytest.param("case_id", [f"k{i // 2}" for i in range(N)], "groups", id="repeated id"),
        pytest.param("c", [f"v{i % 80}" for i in range(N)], "high-cardinality", id="many values"),
        pytest.param("c", [2.0 ** (i % 40) for i in range(N)], "skew", id="skewed"),
        pytest.param("c", [0.0] * 300 + [0.5 + i for i in range(100)], "zeros", id="zeros"),
        pytest.param(
            "age", [-999.0] * 20 + [20.0 + i % 60 for i in range(380)], "disguised-missing",
            id="a number for missing",
        ),
        pytest.param(
            "c", ["unknown"] * 20 + ["a", "b"] * 190, "disguised-missing", id="a word for missing"
        ),
        pytest.param(
            "when", [f"2024-01-{1 + i % 28:02d}" for i in range(N)], "time", id="dates"
        ),
    ],
)  # fmt: skip
def test_a_strange_column_is_found(table, random, name, cells, code):
    path, schema = table({name: cells, "x": random.normal(size=N).tolist(), "y": coins(random)})

    found = the(profile_table(path, schema, target="y"), code)

    assert found["columns"] == [name]
    assert found["sentence"].endswith(".")
    assert found["action"]


def test_the_target_s_balance_and_gaps_are_told(table, random):
    y = ["rare"] * 10 + ["usual"] * 380 + [None] * 10
    path, schema = table({"x": random.normal(size=N).tolist(), "y": y})

    profile = profile_table(path, schema, target="y")

    assert {"imbalance", "rare-class", "target-missing"} <= set(codes(profile, "medium"))
    assert the(profile, "target-missing")["numbers"] == {"rows": 10}


def test_the_same_information_twice_is_told(table, random):
    x = random.normal(size=N).round(4)
    path, schema = table({"x": x.tolist(), "double": (2 * x).tolist(), "y": coins(random)})

    found = the(profile_table(path, schema, target="y"), "correlated")

    assert found["columns"] == ["x", "double"]


def test_a_target_that_cannot_be_learned_is_a_finding_and_not_a_crash(table, random):
    path, schema = table({"x": random.normal(size=N).tolist(), "c": ["same"] * N})

    profile = profile_table(path, schema, target="c")

    assert codes(profile, "high") == ["target-refused"]
    assert profile["target"]["scores"] == []


def test_a_chosen_task_is_followed(table, random):
    path, schema = table({"x": random.normal(size=N).tolist(), "y": [i % 4 for i in range(N)]})

    target = profile_table(path, schema, target="y", task="regression")["target"]

    assert (target["task"], target["confidence"], target["measure"]) == (
        "regression",
        "given",
        "r2",
    )


@pytest.mark.parametrize("n_rows", [1, 2, 21])
def test_small_tables_are_described_without_a_crash(table, n_rows):
    path, schema = table(
        {"x": [i + 0.5 for i in range(n_rows)], "y": [i % 2 for i in range(n_rows)]}
    )

    profile = profile_table(path, schema, target="y")

    assert profile["rows"]["kept"] == n_rows


# -- A real table ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def penguins(tmp_path_factory):
    sample = resources.files("automl_core.samples").joinpath("penguins.csv")
    folder = tmp_path_factory.mktemp("penguins")
    schema = scan_table(lambda: sample.open("rb"), filename="penguins.csv").schema
    write_parquet(lambda: sample.open("rb"), schema, folder / "t.parquet", scratch=folder)
    return profile_table(folder / "t.parquet", schema, target="species")


def test_the_penguins_are_understood(penguins):
    target = penguins["target"]

    assert (target["task"], target["confidence"]) == ("multiclass", "high")
    assert [(item["label"], item["rows"]) for item in target["classes"]] == [
        ("Adelie", 152),
        ("Gentoo", 124),
        ("Chinstrap", 68),
    ]
    assert the(penguins, "constant")["columns"] == ["region", "stage"]
    assert the(penguins, "identifier")["columns"] == ["sample_number", "individual_id"]
    assert the(penguins, "groups")["numbers"]["individual_id"] == 190
    assert block(penguins, "date_egg")["kind"] == "datetime"
    assert "leakage" not in codes(penguins)


def test_the_penguins_profile_is_small(penguins):
    assert len(json.dumps(penguins, allow_nan=False)) < 60_000
