"""Encodings are learned from the training rows alone, and targets keep their coding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from automl_core.bundle.runtime import Encoder
from automl_core.errors import TargetUnusableError
from automl_core.records import (
    ColumnKind,
    MissingPolicy,
    Plan,
    PlanFeature,
    Range,
    SplitPlan,
    Storage,
    Task,
)
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema
from automl_training.encoding import (
    MIN_CATEGORY_ROWS,
    category_features,
    describe_target,
    encode_target,
    fit_columns,
)


def column(name: str, storage: Storage, kind: ColumnKind = "numeric", **more: Any) -> ColumnSchema:
    return ColumnSchema(
        name=name,
        original_name=f" {name}",
        position=0,
        storage=storage,
        kind=kind,
        kind_reason="",
        n_missing=0,
        n_distinct=0,
        **more,
    )


def make_plan(
    columns: Sequence[ColumnSchema] = (),
    *,
    missing: MissingPolicy = "auto",
    task: Task = "binary",
    positive_label: str | None = None,
) -> Plan:
    return Plan(
        target_column="t",
        task=task,
        task_confidence="high",
        task_reason="",
        metric="roc_auc",
        metric_reason="",
        positive_label=positive_label,
        row_count=0,
        rows_without_target=0,
        features=[PlanFeature(name=one.name, kind=one.kind) for one in columns],
        dropped=[],
        split=SplitPlan(method="random", test_size=0.2, reason=""),
        families=["lightgbm"],
        missing=missing,
        time_budget_s=60,
        seed=0,
        reproducible=False,
        estimated_seconds=Range(low=0, high=0),
        estimated_dollars=Range(low=0, high=0),
    )


def fit(
    one: ColumnSchema, values: Any, *, missing: MissingPolicy = "auto", rows: Any = None
) -> dict[str, Any]:
    array = np.asarray(values) if not isinstance(values, list) else np.array(values, dtype=object)
    schema = TableSchema(
        file=FileFacts(bytes=1, sha256="", format="csv"), n_rows=len(array), columns=[one]
    )
    chosen = np.arange(len(array)) if rows is None else np.asarray(rows)
    found = fit_columns({one.name: array}, schema, make_plan([one], missing=missing), chosen)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found[0]


NUMBER = column("n", "integer")
GAPPY = np.array([1.0, 2.0, 2.0, 9.0, np.nan])
WHOLE = np.array([1.0, 2.0, 2.0, 9.0])


@pytest.mark.parametrize(
    ("missing", "gappy", "whole"),
    [
        pytest.param("auto", None, 2.0, id="auto"),
        pytest.param("mean", 3.5, 3.5, id="mean"),
        pytest.param("median", 2.0, 2.0, id="median"),
        pytest.param("most_frequent", 2.0, 2.0, id="most-frequent"),
        pytest.param("drop", 2.0, 2.0, id="drop"),
    ],
)
def test_a_missing_number_becomes_what_the_policy_says(
    missing: MissingPolicy, gappy: float | None, whole: float
):
    assert fit(NUMBER, GAPPY, missing=missing)["fill"] == gappy
    assert fit(NUMBER, WHOLE, missing=missing)["fill"] == whole


def test_a_number_is_described_with_range_and_a_typical_value():
    spec = fit(NUMBER, GAPPY)

    assert (spec["kind"], spec["name"], spec["original_name"]) == ("numeric", "n", " n")
    assert (spec["minimum"], spec["maximum"], spec["typical"]) == (1.0, 9.0, 2)
    assert type(spec["typical"]) is int
    assert spec["n_missing"] == 1


def test_only_the_training_rows_are_learned_from():
    spec = fit(NUMBER, np.array([1.0, 2.0, 1e9, np.nan]), rows=[0, 1])

    assert (spec["maximum"], spec["n_missing"], spec["fill"]) == (2.0, 0, 1.5)


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.array([np.inf, np.nan, -np.inf])])
def test_an_empty_number_column_is_described_without_numbers(values: np.ndarray):
    spec = fit(NUMBER, values, missing="median")

    assert (spec["fill"], spec["minimum"], spec["typical"], spec["n_missing"]) == (
        None,
        None,
        None,
        3,
    )


TEXT = column("c", "text", "categorical")
CITIES = ["Oslo"] * 9 + ["Bergen"] * 6 + ["Rome"] * (MIN_CATEGORY_ROWS - 1)


def test_categories_are_ordered_from_rare_to_frequent_and_very_rare_ones_are_pooled():
    spec = fit(TEXT, CITIES)

    assert spec["categories"] == ["Bergen", "Oslo"]
    assert spec["typical"] == "Oslo"
    matrix = Encoder([spec]).encode({"c": ["Oslo", "Bergen", "Rome", "Paris"]}, 4)
    assert matrix[:, 0].tolist() == [3, 2, 1, 1]


@pytest.mark.parametrize(
    ("missing", "gappy", "whole"),
    [
        pytest.param("auto", None, "Oslo", id="auto"),
        pytest.param("median", None, "Oslo", id="median"),
        pytest.param("most_frequent", "Oslo", "Oslo", id="most-frequent"),
        pytest.param("drop", "Oslo", "Oslo", id="drop"),
    ],
)
def test_a_missing_category_becomes_what_the_policy_says(
    missing: MissingPolicy, gappy: str | None, whole: str
):
    assert fit(TEXT, [*CITIES, None, "", " "], missing=missing)["fill_category"] == gappy
    assert fit(TEXT, CITIES, missing=missing)["fill_category"] == whole


def test_a_column_of_rare_values_has_no_categories():
    spec = fit(TEXT, ["a", "b", "c"])

    assert (spec["categories"], spec["fill_category"], spec["typical"]) == ([], None, None)
    assert Encoder([spec]).encode({"c": ["a", None]}, 2)[:, 0].tolist() == [1, 0]


def test_a_number_column_that_is_a_category_is_spelled_as_numbers():
    spec = fit(column("c", "integer", "categorical"), np.array([1.0] * 5 + [2.0] * 6 + [np.nan]))

    assert spec["kind"] == "categorical"
    assert (spec["categories"], spec["typical"]) == (["1", "2"], 2)
    assert Encoder([spec]).encode({"c": np.array([1.0, 2.0, 3.0, np.nan])}, 4)[:, 0].tolist() == [
        2, 3, 1, 0
    ]  # fmt: skip
    assert Encoder([spec]).encode({"c": ["1", "2.0", "x", ""]}, 4)[:, 0].tolist() == [2, 3, 1, 0]


def test_spellings_of_a_truth_value_are_one_category():
    flag = column("c", "boolean", "categorical", missing_tokens=["NA"])

    spec = fit(flag, ["Yes"] * 6 + ["yes"] * 3 + ["no"] * 5 + ["NA", None])

    assert spec["categories"] == ["no", "Yes"]
    assert spec["n_missing"] == 2
    codes = Encoder([spec]).encode({"c": ["yes", "YES", "No", True, False, "NA"]}, 6)
    assert codes[:, 0].tolist() == [3, 3, 2, 3, 2, 0]


def test_a_truth_value_that_counts_as_a_number_is_still_a_category():
    assert fit(column("c", "boolean", "numeric"), ["t"] * 5 + ["f"] * 5)["kind"] == "categorical"


def test_dates_are_described_in_seconds_and_in_their_own_format():
    days = np.array(["1970-01-01", "1970-01-02", "1970-01-05", "NaT"], dtype="datetime64[us]")
    when = column("d", "date", "datetime", time_format="%d.%m.%Y")

    spec = fit(when, days)

    assert (spec["kind"], spec["fill"], spec["n_missing"]) == ("datetime", None, 1)
    assert (spec["minimum"], spec["maximum"]) == (0, 4 * 86400)
    assert spec["typical"] == "02.01.1970"
    assert fit(when, days[:3])["fill"] == 86400
    assert fit(when, days, missing="median")["fill"] == 86400
    assert fit(column("d", "date", "datetime"), days)["typical"] == "1970-01-02"
    assert fit(column("d", "datetime", "datetime"), days)["typical"] == "1970-01-02T00:00:00"
    assert fit(when, days[3:], missing="mean")["fill"] is None


def test_category_features_are_found_behind_wide_columns():
    columns = [
        {"name": "d", "kind": "datetime"},
        {"name": "n", "kind": "numeric"},
        {"name": "c", "kind": "categorical", "categories": ["a", "b"]},
    ]

    assert category_features(columns) == {8: 4}


# -- Target ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("storage", "values", "classes", "codes"),
    [
        pytest.param("integer", np.array([10.0, 9.0, np.nan]), [9, 10], [1, 0, -1], id="integer"),
        pytest.param("decimal", np.array([1.0, 0.5]), [0.5, 1.0], [1, 0], id="decimal"),
        pytest.param(
            "text", ["b", "a", None, "None"], ["None", "a", "b"], [2, 1, -1, 0], id="text"
        ),
        pytest.param("text", ["10", "9"], ["10", "9"], [0, 1], id="digits-as-text"),
        pytest.param("boolean", ["true", "false"], [False, True], [1, 0], id="json-words"),
        pytest.param("boolean", ["True", "False"], ["False", "True"], [1, 0], id="python-words"),
        pytest.param("boolean", ["Yes", "yes", "no"], ["no", "Yes"], [1, 1, 0], id="words"),
    ],
)
def test_classes_keep_their_coding_and_their_order(
    storage: Storage, values: Any, classes: list[Any], codes: list[int]
):
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)

    y, found = encode_target(array, column("t", storage), make_plan(task="multiclass"), None)

    assert found == classes
    assert [type(label) for label in found] == [type(label) for label in classes]
    assert (y.dtype, y.tolist()) == (np.int64, codes)


@pytest.mark.parametrize(
    ("storage", "values", "positive", "classes"),
    [
        pytest.param("text", ["good", "bad"], "bad", ["good", "bad"], id="text"),
        pytest.param("text", ["good", "bad"], None, ["bad", "good"], id="none-given"),
        pytest.param("integer", np.array([0.0, 1.0]), "0", [1, 0], id="integer"),
        pytest.param("decimal", np.array([0.5, 1.5]), "0,5", [1.5, 0.5], id="decimal-comma"),
        pytest.param("boolean", ["Yes", "No"], "No", ["Yes", "No"], id="boolean"),
        pytest.param("integer", np.array([0.0, 1.0]), "x", [0, 1], id="unknown"),
    ],
)
def test_the_positive_class_comes_second(
    storage: Storage, values: Any, positive: str | None, classes: list[Any]
):
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    plan = make_plan(positive_label=positive)
    target = column("t", storage)

    found = encode_target(array, target, plan, None)[1]

    assert found == classes
    assert describe_target(target, plan, found) == {
        "name": "t",
        "storage": storage,
        "classes": classes,
        "positive": classes[1],
    }


@pytest.mark.parametrize(
    ("storage", "values", "classes"),
    [
        pytest.param("integer", np.array([2.0, 7.0, 1.0]), [1, 2], id="integer"),
        pytest.param("text", np.array(["b", "x", "a"], dtype=object), ["a", "b"], id="text"),
        pytest.param(
            "boolean", np.array(["TRUE", "x", "false"], dtype=object), [False, True], id="b"
        ),
    ],
)
def test_known_classes_keep_their_codes_and_others_have_none(
    storage: Storage, values: Any, classes: list[Any]
):
    y, found = encode_target(values, column("t", storage), make_plan(), classes)

    assert (y.tolist(), found) == ([1, -1, 0], classes)


def test_a_regression_keeps_its_numbers():
    values = np.array([1.5, np.nan, np.inf])

    y, classes = encode_target(values, column("t", "decimal"), make_plan(task="regression"), None)

    np.testing.assert_array_equal(y, [1.5, np.nan, np.nan])
    assert classes == []


@pytest.mark.parametrize(
    ("task", "values", "message"),
    [
        pytest.param("regression", ["a", "b"], "predicts numbers", id="text-regression"),
        pytest.param("binary", ["a", "a", None], "holds 1 classes", id="one-class"),
        pytest.param("binary", [None, None], "holds 0 classes", id="no-class"),
    ],
)
def test_a_target_that_cannot_be_coded_is_refused(task: Task, values: list[Any], message: str):
    with pytest.raises(TargetUnusableError, match=message):
        encode_target(
            np.array(values, dtype=object), column("t", "text"), make_plan(task=task), None
        )
