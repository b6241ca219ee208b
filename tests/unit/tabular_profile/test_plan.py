"""What a plan settles, warns of and refuses."""

from __future__ import annotations

import pytest

from automl_core.costs.training import task_size, training_cost
from automl_core.errors import (
    ConfigInvalidError,
    NoFeaturesError,
    TableTooNarrowError,
    TableTooShortError,
    TargetMissingError,
    TargetUnusableError,
)
from automl_core.records import ClassCount, Range, TrainConfig
from automl_core.tabular.plan import auto_time_budget, make_plan, require_feasible
from automl_core.tabular.plan_columns import MAX_TEXT_COLUMNS


@pytest.fixture
def credit(column, schema):
    """A small binary table: two features, an identifier, a constant, a weight, a date."""
    return schema(
        column("status", counts={"good": 900, "bad": 100}),
        column("age", "integer", n_distinct=50, minimum=18, maximum=90),
        column("job", counts={"fixed": 600, "free": 400}),
        column("id", "integer", "identifier", n_distinct=1000, kind_reason="It is unique."),
        column("country", "text", "constant", counts={"AT": 1000}, kind_reason="One value."),
        column("nothing", "text", "constant", n_missing=1000, kind_reason="One value."),
        column("notes", "text", "text", n_distinct=900, kind_reason="Sentences."),
        column("w", "decimal", n_distinct=500, minimum=0.1, maximum=9.0),
        column("day", "date", "datetime", n_distinct=300),
        n_rows=1000,
    )


def codes(notes):
    return [note.code for note in notes]


# -- Columns --------------------------------------------------------------------------


def test_a_plan_keeps_what_describes_rows_and_says_why_it_drops_the_rest(credit):
    plan = make_plan(credit, "status", TrainConfig(exclude_columns=["job"], weight_column="w"))

    assert [(feature.name, feature.kind) for feature in plan.features] == [
        ("age", "numeric"),
        ("notes", "text"),
        ("day", "datetime"),
    ]
    assert {drop.name: (drop.code, drop.reason) for drop in plan.dropped} == {
        "job": ("excluded", "Excluded in the options."),
        "id": ("identifier", "It is unique."),
        "country": ("constant", "One value."),
        "nothing": ("empty", "Empty in all 1,000 rows."),
        "w": ("weight", "Weighs the rows; it is not learned from."),
    }
    assert plan.weight_column == "w"
    assert plan.blocking == []


def test_the_words_of_a_text_are_counted_and_the_plan_says_so(credit):
    plan = make_plan(credit, "status", TrainConfig())

    reasons = {feature.name: feature.reason for feature in plan.features}
    assert reasons["notes"] == "Sentences. Its frequent words are counted."


def test_of_very_many_texts_only_the_fullest_are_read(column, schema):
    texts = [
        column(f"t{at}", "text", "text", n_distinct=90, n_missing=at, kind_reason="Sentences.")
        for at in range(MAX_TEXT_COLUMNS + 2)
    ]
    table = schema(column("y", counts={"a": 50, "b": 50}), *reversed(texts), n_rows=100)

    plan = make_plan(table, "y", TrainConfig())

    assert len(plan.features) == MAX_TEXT_COLUMNS
    assert {drop.name: drop.code for drop in plan.dropped} == {"t32": "text", "t33": "text"}
    assert plan.dropped[0].reason == (
        "Sentences. The table has 34 columns of free text; the 32 fullest of them are read."
    )


def test_a_column_may_be_named_as_in_the_file(column, schema):
    table = schema(
        column("value__2", original_name="Value", counts={"a": 30, "b": 30}),
        column("x", "decimal", n_distinct=60),
        n_rows=60,
    )

    assert make_plan(table, "Value", TrainConfig()).target_column == "value__2"


def test_an_unknown_target_is_refused_with_the_names_that_come_close(credit):
    with pytest.raises(TargetMissingError, match="did you mean 'status'"):
        make_plan(credit, "Statis", TrainConfig())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"exclude_columns": ["jobb"]}, "did you mean 'job'", id="unknown excluded"),
        pytest.param({"exclude_columns": ["status"]}, "is the target", id="excluded target"),
        pytest.param({"time_column": "none"}, "is no column", id="unknown time"),
        pytest.param({"time_column": "job"}, "no order in time", id="text as time"),
        pytest.param({"time_column": "nothing"}, "no order in time", id="empty time"),
        pytest.param({"group_column": "country"}, "fewer than two", id="constant group"),
        pytest.param({"weight_column": "job"}, "a weight is a number", id="text as weight"),
        pytest.param(
            {"time_column": "day", "group_column": "id"}, "Leave one out", id="time and group"
        ),
        pytest.param(
            {"time_column": "w", "weight_column": "w"}, "Choose another", id="weight orders rows"
        ),
        pytest.param({"metric": "rmse"}, "does not fit a binary task", id="metric of numbers"),
    ],
)
def test_an_option_that_cannot_be_followed_is_refused(credit, options, words):
    with pytest.raises(ConfigInvalidError, match=words):
        make_plan(credit, "status", TrainConfig(**options))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"minimum": -1.0}, "cannot be negative", id="negative"),
        pytest.param({"n_missing": 3}, "missing in 3 rows", id="with gaps"),
    ],
)
def test_a_weight_must_be_there_and_not_negative(credit, changes, words):
    columns = [
        found.model_copy(update=changes) if found.name == "w" else found for found in credit.columns
    ]
    table = credit.model_copy(update={"columns": columns})

    with pytest.raises(ConfigInvalidError, match=words):
        make_plan(table, "status", TrainConfig(weight_column="w"))


# -- Classes and metric ---------------------------------------------------------------


def test_the_rarer_class_is_positive_and_classes_are_counted(credit):
    plan = make_plan(credit, "status", TrainConfig())

    assert plan.classes == [
        ClassCount(label="good", rows=900),
        ClassCount(label="bad", rows=100),
    ]
    assert plan.positive_label == "bad"


def test_of_two_equal_classes_the_later_by_label_is_positive(column, schema):
    def positive(counts):
        x = column("x", "decimal", n_distinct=80)
        return make_plan(schema(column(counts=counts), x, n_rows=80), "y", TrainConfig())

    assert positive({"yes": 40, "no": 40}).positive_label == "yes"
    assert positive({"no": 40, "yes": 40}).positive_label == "yes"


@pytest.mark.parametrize(
    ("counts", "metric"),
    [
        pytest.param({"a": 60, "b": 40}, "roc_auc", id="two classes"),
        pytest.param({"a": 97, "b": 3}, "roc_auc", id="two unbalanced classes"),
        pytest.param({"a": 50, "b": 45, "c": 5}, "log_loss", id="three classes"),
        pytest.param({"a": 50, "b": 46, "c": 4}, "macro_f1", id="a rare third class"),
    ],
)
def test_the_metric_is_chosen_by_task_and_balance(column, schema, counts, metric):
    table = schema(column(counts=counts), column("x", "decimal", n_distinct=100), n_rows=100)

    assert make_plan(table, "y", TrainConfig()).metric == metric


def test_a_number_is_judged_by_rmse_and_has_no_classes(credit):
    plan = make_plan(credit, "age", TrainConfig())

    assert (plan.task, plan.metric, plan.classes, plan.positive_label) == (
        "regression",
        "rmse",
        [],
        None,
    )


def test_a_named_metric_and_task_are_followed(credit):
    plan = make_plan(credit, "age", TrainConfig(task_type="multiclass", metric="macro_f1"))

    assert (plan.task, plan.task_confidence, plan.metric) == ("multiclass", "given", "macro_f1")


# -- Split, families, budget ----------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "options", "has_holdout_file", "method"),
    [
        pytest.param("status", {}, False, "stratified", id="classes"),
        pytest.param("age", {}, False, "random", id="numbers"),
        pytest.param("status", {"time_column": "day"}, False, "time", id="time"),
        pytest.param("status", {"group_column": "id"}, False, "group", id="group"),
        pytest.param("status", {"group_column": "id"}, True, "given", id="holdout file"),
    ],
)
def test_the_split_follows_the_options(credit, target, options, has_holdout_file, method):
    plan = make_plan(credit, target, TrainConfig(**options), has_holdout_file=has_holdout_file)

    assert plan.split.method == method
    assert plan.split.reason.endswith(".")


def test_the_group_column_is_not_learned_from(credit):
    plan = make_plan(credit, "status", TrainConfig(group_column="job"))

    assert ("job", "group") in [(drop.name, drop.code) for drop in plan.dropped]


def test_named_families_are_searched_in_the_usual_order(credit):
    plan = make_plan(credit, "status", TrainConfig(families=["linear", "lightgbm"]))

    assert plan.families == ["lightgbm", "linear"]


def test_forests_are_left_out_of_huge_tables_unless_named(credit):
    huge = credit.model_copy(update={"n_rows": 300_000})
    named = TrainConfig(families=["random_forest"])

    plan = make_plan(huge, "age", TrainConfig())

    assert plan.families == ["lightgbm", "xgboost", "hist_gradient_boosting", "linear"]
    assert "families-left-out" in codes(plan.warnings)
    assert make_plan(huge, "age", named).families == ["random_forest"]


@pytest.mark.parametrize(
    ("n_rows", "seconds"),
    [(1, 120), (999, 120), (1000, 300), (9999, 300), (10_000, 600), (50_000, 1200)],
)
def test_the_budget_grows_in_half_open_steps(n_rows, seconds):
    assert auto_time_budget(n_rows) == seconds


def test_a_plan_tells_seconds_and_dollars(credit):
    plan = make_plan(credit, "status", TrainConfig(time_budget=300))

    assert plan.time_budget_s == 300
    assert plan.estimated_seconds == Range(low=305, high=345)
    # A small table: two processors and 4 GB.
    assert plan.estimated_dollars == training_cost(plan.estimated_seconds, size=task_size(0))


def test_a_plan_reckons_with_the_container_that_its_table_needs(credit):
    large = credit.model_copy(update={"n_rows": 20_000_000})

    cost = make_plan(large, "status", TrainConfig(time_budget=300)).estimated_dollars
    small = make_plan(credit, "status", TrainConfig(time_budget=300)).estimated_dollars

    assert cost.low > 3 * small.low


# -- Warnings -------------------------------------------------------------------------


def test_a_plan_warns_of_what_changes_the_worth_of_a_score(column, schema):
    table = schema(
        column("y", counts={"a": 90, "b": 5, "c": 3}, n_missing=2),
        *(column(f"x{i}", "decimal", n_distinct=90) for i in range(120)),
        column("gappy", "decimal", n_distinct=9, n_missing=90),
        n_rows=100,
        rows_set_aside=4,
    )

    plan = make_plan(table, "y", TrainConfig())

    assert codes(plan.warnings) == [
        "imbalance",
        "rare-class",
        "few-rows",
        "wide",
        "target-missing-rows",
        "rows-set-aside",
        "high-missing",
    ]
    assert (plan.row_count, plan.rows_without_target) == (100, 2)
    assert plan.blocking == []


def finding(code, columns, severity="high"):
    return {
        "code": code,
        "severity": severity,
        "columns": columns,
        "numbers": {},
        "sentence": "It is so.",
        "action": "Do this.",
    }


def test_leakage_of_the_profile_is_told_and_drops_nothing(credit):
    profile = {"target": {"column": "status"}, "findings": [finding("leakage-score", ["age"])]}

    plan = make_plan(credit, "status", TrainConfig(), profile=profile)

    (warning,) = [note for note in plan.warnings if note.code == "leakage-score"]
    assert (warning.columns, warning.text) == (["age"], "It is so. Do this.")
    assert "age" in [feature.name for feature in plan.features]


@pytest.mark.parametrize(
    ("found", "options"),
    [
        pytest.param(finding("leakage-score", ["id"]), {}, id="of a dropped column"),
        pytest.param(
            finding("leakage-formula", ["age", "job"]),
            {"exclude_columns": ["job"]},
            id="of half a pair",
        ),
        pytest.param(finding("leakage-suspect", ["age"], "low"), {}, id="that is weak"),
        pytest.param(finding("groups", ["id"], "low"), {"group_column": "id"}, id="that is heeded"),
        pytest.param(
            finding("time-order", ["day"], "low"), {}, id="of an order that tells nothing"
        ),
        pytest.param(
            finding("time-order", ["day"], "medium"), {"time_column": "day"}, id="of a chosen order"
        ),
        pytest.param(finding("skew", ["age"], "low"), {}, id="of shape"),
    ],
)
def test_a_finding_that_does_not_concern_the_model_is_not_repeated(credit, found, options):
    profile = {"target": {"column": "status"}, "findings": [found]}

    plan = make_plan(credit, "status", TrainConfig(**options), profile=profile)

    assert found["code"] not in codes(plan.warnings)


def test_findings_about_another_target_are_not_repeated(credit):
    profile = {"target": {"column": "age"}, "findings": [finding("leakage-copy", ["job"])]}

    assert "leakage-copy" not in codes(
        make_plan(credit, "status", TrainConfig(), profile=profile).warnings
    )


# -- Blocking -------------------------------------------------------------------------


def test_a_class_with_one_row_blocks_and_is_named(column, schema):
    table = schema(
        column(counts={"a": 50, "b": 49, "lonely": 1}),
        column("x", "decimal", n_distinct=100),
        n_rows=100,
    )

    plan = make_plan(table, "y", TrainConfig())

    assert codes(plan.blocking) == ["target-unusable"]
    assert "'lonely' has a single row" in plan.blocking[0].text
    assert "merge with another class" in plan.blocking[0].text
    with pytest.raises(TargetUnusableError, match="lonely"):
        require_feasible(plan)


@pytest.mark.parametrize(
    ("names", "n_rows", "error"),
    [
        pytest.param(["y"], 100, TableTooNarrowError, id="one column"),
        pytest.param(["y", "x"], 19, TableTooShortError, id="19 rows"),
        pytest.param(["y", "c"], 100, NoFeaturesError, id="only a constant beside the target"),
        pytest.param(["c", "x"], 100, TargetUnusableError, id="constant target"),
    ],
)
def test_what_makes_training_impossible_raises_its_own_error(column, schema, names, n_rows, error):
    made = {
        "y": column("y", counts={"a": n_rows - n_rows // 2, "b": n_rows // 2}),
        "x": column("x", "decimal", n_distinct=n_rows),
        "c": column("c", "text", "constant", counts={"k": n_rows}),
    }
    plan = make_plan(schema(*(made[n] for n in names), n_rows=n_rows), names[0], TrainConfig())

    with pytest.raises(error) as caught:
        require_feasible(plan)
    assert caught.value.code == plan.blocking[0].code


def test_rows_without_a_target_do_not_count_as_rows(column, schema):
    table = schema(
        column(counts={"a": 10, "b": 9}, n_missing=81),
        column("x", "decimal", n_distinct=100),
        n_rows=100,
    )

    assert codes(make_plan(table, "y", TrainConfig()).blocking) == ["table-too-short"]


def test_a_task_that_the_target_cannot_bear_blocks_and_still_makes_a_plan(credit):
    plan = make_plan(credit, "status", TrainConfig(task_type="regression", metric="rmse"))

    assert codes(plan.blocking) == ["target-unusable"]
    assert "needs numbers" in plan.blocking[0].text
    assert plan.task_confidence == "low"


def test_a_plan_that_can_be_carried_out_passes(credit):
    require_feasible(make_plan(credit, "status", TrainConfig()))
