"""Which columns are compared, and what is told of their pairs."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.tabular.profile import profile_table

N = 400


@pytest.fixture
def random():
    return np.random.default_rng(5)


def numbers(values):
    return ("decimal", [None if np.isnan(v) else float(v) for v in values])


def test_each_kind_of_pair_has_its_measure(typed, random):
    x = random.normal(size=N)
    group = np.where(x > 0, "high", "low")
    path, schema = typed(
        {
            "x": numbers(x),
            "bent": numbers(np.exp(x)),
            "group": ("text", group.tolist()),
            "same": ("text", [value.upper() for value in group]),
            "noise": numbers(random.normal(size=N)),
        }
    )

    found = profile_table(path, schema, target=None)["associations"]

    pairs = {tuple(pair["columns"]): pair for pair in found["pairs"]}
    assert pairs["x", "bent"]["measure"] == "spearman"
    assert pairs["x", "bent"]["value"] == pytest.approx(1.0)
    assert pairs["x", "bent"]["pearson"] == pytest.approx(np.corrcoef(x, np.exp(x))[0, 1], abs=1e-5)
    assert pairs["group", "same"]["measure"] == "cramers_v"
    assert pairs["x", "group"]["measure"] == "correlation_ratio"
    # A sign explains 2/π of a normal variance.
    assert pairs["x", "group"]["value"] == pytest.approx(np.sqrt(2 / np.pi), abs=0.05)
    assert not any("noise" in columns for columns in pairs)
    assert (found["numeric"], found["categorical"]) == (
        {"compared": 3, "of": 3},
        {"compared": 2, "of": 2},
    )


def test_the_matrix_holds_every_pair_in_the_order_of_the_table(typed, random):
    x = random.normal(size=N)
    path, schema = typed(
        {
            "c": ("text", np.where(x > 0, "u", "v").tolist()),
            "x": numbers(x),
            "minus": numbers(-x),
            "gap": numbers(np.where(np.arange(N) < 5, x, np.nan)),
        }
    )

    matrix = profile_table(path, schema, target=None)["associations"]["matrix"]

    assert matrix["columns"] == ["c", "x", "minus", "gap"]
    values = matrix["values"]
    assert [values[i][i] for i in range(4)] == [1, 1, 1, 1]
    assert values[1][2] == values[2][1] == -1
    assert values[0][1] == values[1][0] == pytest.approx(0.8, abs=0.05)
    # Five rows say nothing.
    assert values[1][3] is None


def test_target_identifiers_texts_and_many_valued_categories_are_not_compared(typed, random):
    path, schema = typed(
        {
            "key": ("text", [f"k{i}" for i in range(N)]),
            "note": ("text", [f"words {i}" for i in range(N)]),
            "city": ("text", [f"c{i % 150}" for i in range(N)]),
            "x": numbers(random.normal(size=N)),
            "c": ("text", random.choice(["a", "b"], N).tolist()),
            "y": ("text", random.choice(["a", "b"], N).tolist()),
        },
        key="identifier",
        note="text",
    )

    profile = profile_table(path, schema, target="y")

    assert profile["associations"]["matrix"]["columns"] == ["x", "c"]
    (told,) = profile["skipped"]
    assert (told["block"], told["columns"]) == ("associations", ["city"])
    assert "100 values" in told["why"]


def test_of_a_wide_table_the_columns_that_tell_most_are_compared(typed, random):
    y = random.normal(size=N)
    columns = {f"noise{i:03d}": numbers(random.normal(size=N)) for i in range(110)}
    columns["tells"] = numbers(y + random.normal(size=N))
    columns["y"] = numbers(y)
    path, schema = typed(columns)

    profile = profile_table(path, schema, target="y")

    found = profile["associations"]
    assert found["numeric"] == {"compared": 100, "of": 111}
    assert "tells" in found["matrix"]["columns"]
    assert len(found["matrix"]["columns"]) == 40
    (told,) = [item for item in profile["skipped"] if item["block"] == "associations"]
    assert len(told["columns"]) == 11
    assert "tells" not in told["columns"]


def test_without_a_target_the_columns_with_the_fewest_gaps_are_compared(typed, random):
    columns = {}
    for i in range(105):
        values = random.normal(size=60)
        values[: i // 2] = np.nan
        columns[f"c{i:03d}"] = numbers(values)
    path, schema = typed(columns)

    profile = profile_table(path, schema, target=None)

    (told,) = [item for item in profile["skipped"] if item["block"] == "associations"]
    assert told["columns"] == ["c100", "c101", "c102", "c103", "c104"]
