"""Plans, leaderboards and scores in words."""

from __future__ import annotations

from automl_cli.presentation import (
    importance_words,
    leaderboard_words,
    metrics_words,
    parity_words,
    plan_words,
    reading_words,
)

PLAN = {
    "target_column": "price",
    "task": "regression",
    "task_reason": "Its values are numbers.",
    "metric": "rmse",
    "metric_reason": "The usual one.",
    "classes": [],
    "features": [{"name": "size", "kind": "numeric"}],
    "dropped": [{"name": "id", "code": "identifier", "reason": "Every value is different."}],
    "split": {"method": "random", "test_size": 0.2, "reason": "At random."},
    "families": ["linear", "lightgbm"],
    "time_budget_s": 120,
    "estimated_seconds": {"low": 130.0, "high": 170.0},
    "estimated_dollars": {"low": 0.002, "high": 0.02},
    "warnings": [{"code": "few-rows", "columns": [], "text": "Only 40 rows."}],
    "blocking": [{"code": "no-features", "columns": [], "text": "Nothing is left."}],
}


def test_a_plan_is_told_with_its_reasons_its_price_and_what_blocks_it():
    assert plan_words(PLAN).splitlines() == [
        "Predict 'price': regression. Its values are numbers.",
        "Optimise rmse. The usual one.",
        "Learn from 1 columns: size.",
        "Leave out id: Every value is different.",
        "Set 20% of the rows aside as holdout. At random.",
        "Families: linear, lightgbm.",
        "2 min of search; 2 min 10 s to 2 min 50 s in all, $0.0020 to $0.02 if it ran on AWS.",
        "warning: Only 40 rows.",
        "cannot train: Nothing is left.",
    ]


def test_a_leaderboard_shows_the_best_of_each_family_and_what_was_passed_over():
    best = {"rank": 1, "family": "linear", "score": 0.91, "n_trials": 7, "train_seconds": 0.5}
    board = {
        "metric": "roc_auc",
        "n_trials": 9,
        "evaluated_on": "5-fold cross-validation on the 80 training rows",
        "families": [best],
        "rejected": [{"family": "xgboost", "reason": "Its graph differs."}],
        "chosen": {"family": "linear"},
    }

    assert leaderboard_words(board).splitlines() == [
        "Best of 9 trials by family (5-fold cross-validation on the 80 training rows):",
        "rank  family  roc_auc (validation)  trials  fit s",
        "   1  linear                  0.91       7    0.5",
        "passed over: xgboost: Its graph differs.",
        "Chosen: linear.",
    ]


def test_scores_stand_with_interval_baseline_split_and_rows():
    metrics = {
        "metric": "rmse",
        "split": "holdout",
        "n_rows": 20,
        "scores": {
            "mae": {"value": 1.0, "low": None, "high": None},
            "rmse": {"value": 2.0, "low": 1.5, "high": 2.5},
        },
        "baseline": {"name": "mean of the training rows", "scores": {"rmse": 9.0, "mae": 7.0}},
        "verdict": "Better than guessing.",
    }

    assert metrics_words(metrics).splitlines() == [
        "On 20 rows of the holdout, looked at once:",
        "score  value  95 % interval  baseline",
        "rmse       2  1.5 to 2.5            9",
        "mae        1  –                     7",
        "Baseline: mean of the training rows.",
        "Better than guessing.",
    ]


def test_parity_is_told_with_the_gap_that_fits_the_task():
    parity = {
        "passed": True,
        "task": "binary",
        "tolerance": 1e-5,
        "n_rows": 20,
        "n_missing_rows": 5,
        "n_unseen_rows": 3,
        "max_probability_gap": 1.2e-7,
        "max_relative_gap": 0.5,
        "label_flips": 0,
    }

    classified = parity_words(parity)
    measured = parity_words(parity | {"task": "regression", "passed": False})

    assert classified.startswith("Exported model against fitted one on 28 rows (20 holdout, ")
    assert classified.endswith(
        "largest gap of a probability 1.2e-07, 0 labels differ; allowed 1e-05: passed."
    )
    assert measured.endswith("largest relative gap 0.5; allowed 1e-05: NOT passed.")


def test_importances_are_told_best_first():
    explanations = {
        "metric": "rmse",
        "features": [
            {"name": "size", "importance": 3.0, "std": 0.5},
            {"name": "age", "importance": 0.1, "std": 0.2},
        ],
    }

    assert importance_words(explanations, at_most=1).splitlines()[1:] == [
        "size                           3  0.5"
    ]


def test_how_a_table_was_read_is_one_line():
    file = {
        "format": "csv",
        "encoding": "cp1252",
        "delimiter": ";",
        "has_header": False,
        "decimal": ",",
        "compression": "gzip",
    }

    assert reading_words(file) == (
        "CSV, cp1252, semicolon between fields, without a header, decimal comma, gzip"
    )
    assert reading_words(file | {"format": "parquet"}) == "Parquet"
