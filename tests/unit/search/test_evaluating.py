"""One trial: what its models have seen, what they answer, and how many rounds are kept."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from automl_training.families import Coded
from automl_training.search import SearchSpec
from automl_training.search.fitting import FamilyFailed, FitPlan, fit, keep_rounds
from automl_training.search.folds import balanced_weights
from automl_training.search.records import TrainingRows
from automl_training.search.rounds import Rounds
from automl_training.search.trials import Evaluator
from automl_training.search.validation import make_validation

SPEC = SearchSpec(
    task="binary", n_classes=2, metric="log_loss", families=("lightgbm",), category_features={},
    budget_s=60, hard_deadline_s=70, reproducible=True,
)  # fmt: skip
BOOSTINGS = {
    "lightgbm": {"learning_rate": 0.3, "num_leaves": 4, "min_child_samples": 2,
                 "n_estimators": 12},
    "xgboost": {"learning_rate": 0.3, "max_depth": 2, "n_estimators": 12},
    "hist_gradient_boosting": {"learning_rate": 0.3, "max_leaf_nodes": 4, "min_samples_leaf": 2,
                               "n_estimators": 12},
}  # fmt: skip


def evaluator(spec: SearchSpec, data: TrainingRows, **changes) -> Evaluator:
    validation = make_validation(
        data.target, spec, groups=None, time_ordered=False, n_features=data.matrix.shape[1]
    )
    return Evaluator(spec, data, dataclasses.replace(validation, **changes), elapsed=lambda: 0.0)


def noisy_rows(n_rows: int = 300, n_classes: int = 2) -> TrainingRows:
    """Rows that can be remembered and tell nothing."""
    rng = np.random.default_rng(0)
    return TrainingRows(
        rng.normal(size=(n_rows, 4)).astype(np.float32), rng.integers(0, n_classes, n_rows)
    )


def test_no_answer_is_by_a_model_that_saw_its_row():
    # A tree that grows to single rows knows its own rows by heart; unseen ones it must guess.
    data = noisy_rows(1_200)
    config = {"n_estimators": 20, "max_features": 1.0, "min_samples_leaf": 1}
    with evaluator(SPEC, data) as made:
        found = made.evaluate("extra_trees", config)

    is_right = found.predictions.argmax(axis=1) == data.target
    by_heart = found.models[0].predict(data.matrix) == data.target
    assert found.rows.tolist() == list(range(1_200))
    assert 0.4 < is_right.mean() < 0.6
    assert by_heart.mean() > 0.85


def test_codes_of_categories_never_know_the_target_of_a_validated_row():
    # Every value has two rows with targets of its own: codes that saw them would tell.
    rng = np.random.default_rng(0)
    values = np.repeat(np.arange(600), 2) + 2
    target = np.repeat(rng.integers(0, 2, 600), 2)
    spec = dataclasses.replace(SPEC, category_features={0: 602}, metric="roc_auc")
    order = rng.permutation(1_200)
    validation_rows = TrainingRows(values[order, None].astype(np.float32), target[order])
    groups = values[order]
    validation = make_validation(
        validation_rows.target, spec, groups=groups, time_ordered=False, n_features=1
    )
    config = BOOSTINGS["lightgbm"] | {"target_codes": True}

    with Evaluator(spec, validation_rows, validation, elapsed=lambda: 0.0) as made:
        found = made.evaluate("lightgbm", config)

    assert isinstance(found.models[0], Coded)
    assert 0.4 < 1 - found.loss < 0.6


def test_rows_that_are_dealt_out_twice_are_answered_by_the_mean():
    data = noisy_rows(120)
    with evaluator(SPEC, data) as made:
        found = made.evaluate("linear", {"C": 1.0})

    assert found.rows.size == 120
    assert found.predictions.sum(axis=1) == pytest.approx(np.ones(120), abs=1e-5)
    assert len(found.models) == 6


def test_every_fold_keeps_the_same_number_of_rounds():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(1_200, 3)).astype(np.float32)
    data = TrainingRows(matrix, (matrix[:, 0] + rng.normal(0, 0.5, 1_200) > 0).astype(np.int64))
    config = BOOSTINGS["lightgbm"] | {"n_estimators": 300, "learning_rate": 0.1}
    with evaluator(SPEC, data) as made:
        found = made.evaluate("lightgbm", config)

    assert {model.booster_.current_iteration() for model in found.models} == {
        found.config["n_estimators"]
    }
    assert 5 < found.config["n_estimators"] < 300


@pytest.mark.parametrize("family", list(BOOSTINGS))
@pytest.mark.parametrize("n_classes", [0, 2, 3], ids=["regression", "binary", "multiclass"])
def test_forgetting_rounds_gives_the_model_that_made_no_more(family, n_classes):
    data = noisy_rows(n_classes=max(2, n_classes))
    task = {0: "regression", 2: "binary", 3: "multiclass"}[n_classes]
    if task == "regression":
        data = TrainingRows(data.matrix, data.matrix[:, 0].astype(np.float64))
    spec = dataclasses.replace(SPEC, task=task, n_classes=n_classes)
    plan = FitPlan(spec, 1, lambda: False, data)

    whole = fit(family, BOOSTINGS[family], data, plan).estimator
    keep_rounds(family, whole, 5)
    short = fit(family, BOOSTINGS[family] | {"n_estimators": 5}, data, plan).estimator

    answer = "predict" if task == "regression" else "predict_proba"
    assert np.array_equal(getattr(whole, answer)(data.matrix), getattr(short, answer)(data.matrix))


@pytest.mark.parametrize("family", list(BOOSTINGS))
def test_the_clock_ends_a_boosting_after_the_round_in_flight(family):
    data = noisy_rows()
    config = BOOSTINGS[family] | {"n_estimators": 500, "learning_rate": 0.03}

    fitted = fit(family, config, data, FitPlan(SPEC, 1, lambda: True, data))

    assert fitted.is_cut_short
    assert fitted.curve.size < 100


def test_the_clock_ends_a_forest_with_the_trees_it_has():
    data = noisy_rows()
    plan = FitPlan(SPEC, 1, lambda: True)

    fitted = fit("random_forest", {"n_estimators": 400, "max_features": 0.5}, data, plan)

    assert len(fitted.estimator.estimators_) == 20


def test_a_configuration_that_is_clearly_worse_is_given_up_early():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3_000, 3)).astype(np.float32)
    data = TrainingRows(matrix, (matrix[:, 0] > 0).astype(np.int64))
    with evaluator(SPEC, data) as made:
        made.evaluate("linear", {"C": 10.0})

        worse = made.evaluate("linear", {"C": 1e-4})

    assert (worse.n_folds, worse.models) == (2, [])
    assert worse.as_trial(
        SPEC, 2, seconds=1, at_seconds=1, n_rows=3_000, n_folds=6
    ).sample_rows == 1_000  # fmt: skip


def test_a_family_that_cannot_be_fitted_says_why():
    data = noisy_rows()
    data.matrix[3, 0] = np.inf

    with evaluator(SPEC, data) as made, pytest.raises(FamilyFailed, match="ValueError: Input"):
        made.evaluate("extra_trees", {"n_estimators": 5})


def test_balanced_weights_give_every_class_the_same_say():
    rows = TrainingRows(np.zeros((10, 1), np.float32), np.array([0] * 8 + [1] * 2))

    weights = balanced_weights(rows)

    assert weights[:8].sum() == pytest.approx(weights[8:].sum())
    assert weights.mean() == pytest.approx(1)


def test_rounds_end_when_no_more_is_learned():
    rounds = Rounds(lambda: False, patience=3)

    told = [rounds.is_over(loss) for loss in (1.0, 0.5, 0.6, 0.6, 0.6)]

    assert told == [False, False, False, False, True]
    assert not rounds.is_cut_short
