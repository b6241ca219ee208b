"""The profile of a table: its shape, its scopes and what it leaves out."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from automl_core.tabular.convert import write_parquet
from automl_core.tabular.profile import profile_table
from automl_core.tabular.read import scan_table
from automl_core.tabular.sampling import draw_rows

N = 400


@pytest.fixture
def random():
    return np.random.default_rng(11)


def block(profile, name):
    return next(column for column in profile["columns"] if column["name"] == name)


def words(random, n=N):
    return random.choice(["red", "green", "blue"], n).tolist()


def coins(random, n=N):
    return random.choice(["yes", "no"], n).tolist()


class Watch:
    """A clock that goes on by so many seconds whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


# -- Columns ----------------------------------------------------------------------------


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
    assert day["histogram"]["unit"] == "day"
    assert is_new["top"][0]["value"] == "no"
    assert profile["scope"] == {
        "basis": "all_rows", "rows": 40, "of": 40, "method": "all rows", "seed": None,
    }  # fmt: skip
    assert profile["target"] is None


def test_kinds_tell_truth_values_and_empty_columns_apart(table):
    path, schema = table(
        {
            "is_new": ["yes", "no"] * 20,
            "always": ["yes"] * 40,
            "nothing": [None] * 40,
            "x": [i + 0.5 for i in range(40)],
        }
    )

    profile = profile_table(path, schema, target=None)

    kinds = [column["kind"] for column in profile["columns"]]
    assert kinds == ["boolean", "constant", "empty", "numeric"]
    assert block(profile, "nothing")["lengths"] is None


def test_a_column_whose_values_are_all_different_has_no_most_frequent_one(table):
    path, schema = table({"x": [i + 0.5 for i in range(40)], "t": [f"k{i}z" for i in range(40)]})

    profile = profile_table(path, schema, target=None)

    assert [column["top"] for column in profile["columns"]] == [[], []]


def test_names_that_need_quoting_are_no_trouble(table):
    path, schema = table({'a "b"; drop': [1, 2, 3] * 10, "x.y": ["u", "v", "w"] * 10})

    profile = profile_table(path, schema, target="x.y", sample_rows=20)

    assert [column["missing"]["rows"] for column in profile["columns"]] == [0, 0]


def test_a_column_carries_the_codes_of_its_findings(table, random):
    y = coins(random)
    path, schema = table({"copy": y, "x": random.normal(size=N).tolist(), "y": y})

    profile = profile_table(path, schema, target="y")

    named = [f["code"] for f in profile["findings"] if "copy" in f["columns"]]
    assert block(profile, "copy")["flags"] == list(dict.fromkeys(named))
    assert named[0].startswith("leakage")
    assert block(profile, "x")["flags"] == []


# -- Table ------------------------------------------------------------------------------


def test_the_file_and_its_rows_are_told_as_they_were_read(table):
    path, schema = table({"x": [1, 2] * 20, "y": ["a", "b"] * 20})
    schema = schema.model_copy(update={"rows_set_aside": 3, "rows_padded": 2})

    profile = profile_table(path, schema, target=None)

    assert profile["schema_version"] == 1
    assert profile["rows"] == {"read": 43, "kept": 40, "set_aside": 3, "padded": 2}
    assert profile["file"]["header"] is True
    assert profile["file"]["sha256"] == schema.file.sha256


def test_a_profile_is_strict_json_and_the_same_for_the_same_seed(table, random):
    path, schema = table(
        {"x": random.normal(size=N).tolist(), "c": words(random), "y": coins(random)}
    )

    first, second = (
        profile_table(path, schema, target="y", seed=5, clock=lambda: 0.0, sample_rows=100)
        for _ in range(2)
    )

    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)


@pytest.mark.parametrize("n_rows", [1, 2, 21])
def test_small_tables_are_described_without_a_crash(table, n_rows):
    path, schema = table(
        {"x": [i + 0.5 for i in range(n_rows)], "y": [i % 2 for i in range(n_rows)]}
    )

    profile = profile_table(path, schema, target="y")

    assert profile["rows"]["kept"] == n_rows


def test_a_table_without_rows_is_described_without_a_crash(typed):
    path, schema = typed({"x": ("decimal", []), "y": ("text", [])})

    profile = profile_table(path, schema, target=None)

    assert [column["kind"] for column in profile["columns"]] == ["empty", "empty"]


# -- Samples ----------------------------------------------------------------------------


def test_the_sample_is_drawn_from_the_whole_table_with_a_seed():
    rows = draw_rows(1_000_000, 20, seed=1)

    assert len(rows) == 50_000
    assert len(np.unique(rows)) == 50_000
    assert 0.49e6 < rows.mean() < 0.51e6
    assert np.array_equal(rows, draw_rows(1_000_000, 20, seed=1))
    assert not np.array_equal(rows, draw_rows(1_000_000, 20, seed=2))


def test_a_wide_table_is_sampled_more_thinly():
    assert len(draw_rows(100_000, 2_000, seed=0)) == 8_000
    assert len(draw_rows(1_500, 2_000, seed=0)) == 1_500


def test_a_sampled_block_says_so(table):
    n = 60_000
    path, schema = table({"x": [i % 97 for i in range(n)], "y": [i % 2 for i in range(n)]})

    profile = profile_table(path, schema, target="y", seed=3)

    expected = {
        "basis": "sample", "rows": 50_000, "of": n, "method": "uniform random sample", "seed": 3,
    }  # fmt: skip
    assert profile["target"]["scope"] == expected
    assert profile["associations"]["scope"] == expected
    assert profile["scope"]["basis"] == "all_rows"
    assert profile["missing_patterns"]["scope"]["basis"] == "all_rows"
    assert [item["rows"] for item in profile["target"]["classes"]] == [30_000, 30_000]


def test_a_rare_class_is_topped_up_for_the_target_and_not_for_the_pairs(typed, random):
    n = 5_000
    y = ["rare" if i % 50 == 0 else "tiny" if i < 40 else "usual" for i in range(n)]
    path, schema = typed({"x": ("decimal", random.normal(size=n).tolist()), "y": ("text", y)})

    profile = profile_table(path, schema, target="y", seed=4, sample_rows=1_000)

    scope = profile["target"]["scope"]
    assert scope["rows"] > 1_000
    assert "every class has 200 rows of it, or all its rows" in scope["method"]
    assert profile["associations"]["scope"]["method"] == "uniform random sample"
    assert profile["associations"]["scope"]["rows"] == 1_000


def test_a_numeric_target_s_sample_is_uniform(typed, random):
    n = 3_000
    x = random.normal(size=n)
    path, schema = typed({"x": ("decimal", x.tolist()), "y": ("decimal", (2 * x).tolist())})

    profile = profile_table(path, schema, target="y", sample_rows=500)

    assert profile["target"]["scope"]["method"] == "uniform random sample"


def test_sampled_rows_of_all_columns_belong_together(typed, random):
    n = 20_000
    x = random.normal(size=n).round(6)
    sign = np.where(x > 0, "plus", "minus")
    path, schema = typed(
        {
            "x": ("decimal", x.tolist()),
            "sign": ("text", sign.tolist()),
            "name": ("text", [f"{s}{i}" for i, s in enumerate(sign)]),
            "y": ("decimal", (2 * x).tolist()),
        }
    )

    profile = profile_table(path, schema, target="y", sample_rows=5_000)

    scores = {item["name"]: item["score"] for item in profile["target"]["scores"]}
    assert scores["x"] == pytest.approx(1.0, abs=1e-3)
    # A sign explains 2/π of a normal variance.
    assert scores["sign"] == pytest.approx(0.637, abs=0.02)


# -- Time -------------------------------------------------------------------------------


def test_what_time_does_not_suffice_for_is_named(table, random):
    path, schema = table(
        {"x": random.normal(size=N).tolist(), "c": words(random), "y": coins(random)}
    )

    # A look at the clock costs a second: the columns are done, what follows is not.
    profile = profile_table(path, schema, target="y", clock=Watch(1.0), budget_s=6.0)

    blocks = [item["block"] for item in profile["skipped"]]
    assert {"target", "associations", "missing_patterns"} <= set(blocks)
    assert {item["why"] for item in profile["skipped"]} == {
        "The 6 s that a profile may take were over."
    }
    assert profile["target"] is None
    assert profile["associations"]["pairs"] == []


def test_columns_that_time_does_not_suffice_for_are_told_as_they_were_read(table, random):
    path, schema = table({f"c{i}": words(random) for i in range(6)} | {"y": coins(random)})

    profile = profile_table(path, schema, target="y", clock=Watch(1.0), budget_s=3.0)

    (left,) = [item["columns"] for item in profile["skipped"] if item["block"] == "columns"]
    # The target comes first.
    assert "y" not in left
    assert block(profile, left[-1])["distinct"]["value"] == 3
    assert block(profile, left[-1])["lengths"] is None
    assert profile["duplicates"]["rows"] is None


def test_every_second_of_the_budget_is_a_profile(table, random):
    x = [None if i % 7 == 0 else i % 90 + 0.5 for i in range(N)]
    path, schema = table({"x": x, "c": words(random), "y": coins(random)})

    for budget in range(0, 24, 2):
        profile = profile_table(path, schema, target="y", clock=Watch(1.0), budget_s=budget)
        assert [column["name"] for column in profile["columns"]] == ["x", "c", "y"]


# -- A real table -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def penguins(tmp_path_factory):
    sample = resources.files("automl_core.samples").joinpath("penguins.csv")
    folder = tmp_path_factory.mktemp("penguins")
    schema = scan_table(lambda: sample.open("rb"), filename="penguins.csv").schema
    write_parquet(lambda: sample.open("rb"), schema, folder / "t.parquet", scratch=folder)
    return profile_table(folder / "t.parquet", schema, target="species")


def test_the_penguins_are_understood(penguins):
    target = penguins["target"]

    assert (target["column"], target["task"], target["blocking"]) == ("species", "multiclass", [])
    assert [(item["label"], item["rows"]) for item in target["classes"]] == [
        ("Adelie", 152),
        ("Gentoo", 124),
        ("Chinstrap", 68),
    ]
    assert block(penguins, "date_egg")["kind"] == "datetime"
    assert block(penguins, "date_egg")["histogram"]["unit"] is not None
    assert block(penguins, "region")["kind"] == "constant"
    assert block(penguins, "individual_id")["kind"] == "identifier"
    assert penguins["skipped"] == []
