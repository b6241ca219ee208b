"""Every configuration that may be proposed can be fitted, for every family and task."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from automl_training.search import SearchSpec, Trial
from automl_training.search.fitting import FitPlan, fit
from automl_training.search.portfolio import MAX_TREES, Shape, space, starts
from automl_training.search.proposals import ORDER, Proposals
from automl_training.search.records import TrainingRows
from automl_training.search.trials import Evaluated

SPEC = SearchSpec(
    task="binary", n_classes=2, metric="roc_auc", families=ORDER, category_features={2: 5},
    budget_s=60, hard_deadline_s=70, reproducible=True,
)  # fmt: skip
TASKS = {
    "binary": SPEC,
    "multiclass": dataclasses.replace(SPEC, task="multiclass", n_classes=3, metric="log_loss"),
    "regression": dataclasses.replace(SPEC, task="regression", n_classes=0, metric="mae"),
}


def make_shape(spec: SearchSpec = SPEC, *, n_rows: int = 60, has_codes: bool = False) -> Shape:
    return Shape(spec, n_rows, 3, 6, has_codes)


def make_rows(spec: SearchSpec, n_rows: int = 60) -> TrainingRows:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n_rows, 3)).astype(np.float32)
    matrix[:, 2] = rng.integers(0, 5, n_rows)
    matrix[::7, 0] = np.nan
    target = matrix[:, 1] if spec.task == "regression" else np.arange(n_rows) % spec.n_classes
    return TrainingRows(matrix, target)


def found(family, config, loss: float, **changes) -> Evaluated:
    made = Evaluated(
        family, config, loss, np.arange(3), np.zeros(3, np.float32), [None], 6, is_cut_short=False
    )
    return dataclasses.replace(made, **changes)


@pytest.mark.parametrize("task", list(TASKS))
@pytest.mark.parametrize("family", ORDER)
def test_every_start_can_be_fitted(family, task):
    spec = TASKS[task]
    rows = make_rows(spec)
    plan = FitPlan(spec, 1, lambda: False, rows)
    configs = starts(family, make_shape(spec))

    for config in configs:
        few = config | {"n_estimators": 3} if "n_estimators" in config else config
        model = fit(family, few, rows, plan).estimator

        answers = (
            model.predict(rows.matrix) if task == "regression" else model.predict_proba(rows.matrix)
        )
        assert np.isfinite(answers).all()
    assert len({str(config) for config in configs}) == len(configs)


@pytest.mark.parametrize("n_rows", [20, 3_000, 300_000])
@pytest.mark.parametrize("family", ORDER)
def test_every_bound_is_a_range(family, n_rows):
    for domain in space(family, make_shape(n_rows=n_rows)).values():
        assert domain.lower < domain.upper


def test_rounds_are_limited_by_what_is_served():
    many = dataclasses.replace(SPEC, task="multiclass", n_classes=22, metric="log_loss")

    binary = starts("lightgbm", make_shape(n_rows=5_000))[0]["n_estimators"]
    classes = starts("lightgbm", make_shape(many, n_rows=5_000))[0]["n_estimators"]

    assert 6 * binary <= MAX_TREES
    assert classes == 40


def test_every_family_has_its_first_trial_before_any_has_a_second():
    proposals = Proposals(ORDER, make_shape())

    asked = [proposals.next() for _ in ORDER]

    assert [family for family, _ in asked] == list(ORDER)


def test_codes_and_balance_are_tried_once_and_the_better_ones_kept():
    spec = dataclasses.replace(SPEC, metric="macro_f1")
    proposals = Proposals(("lightgbm", "xgboost"), make_shape(spec, has_codes=True))

    for loss in (0.3, 0.2, 0.4):
        family, config = proposals.next()
        assert family == "lightgbm"
        proposals.learn(config, found(family, config, loss), seconds=1, time_s=1, is_timed=False)

    _, config = proposals.next()
    assert (config["target_codes"], config["balanced"]) == (False, False)


def learn_all(proposals: Proposals, n: int) -> list[tuple[str, dict]]:
    """Tell that every trial is a little better than the one before."""
    asked = []
    for number in range(n):
        family, config = proposals.next()
        asked.append((family, config))
        proposals.learn(
            config, found(family, config, 1 / (number + 1)), seconds=1, time_s=1, is_timed=False
        )
    return asked


def test_after_the_starts_the_best_are_varied_within_their_bounds():
    shape = make_shape(n_rows=3_000)

    asked = learn_all(Proposals(("lightgbm",), shape), 20)

    bounds = space("lightgbm", shape)
    assert len({str(config) for _, config in asked}) == 20
    for _, config in asked[6:]:
        for name, domain in bounds.items():
            assert domain.lower <= config[name] <= domain.upper


def test_the_same_seed_proposes_the_same_and_another_one_something_else():
    def asked(seed: int):
        spec = dataclasses.replace(SPEC, seed=seed)
        return learn_all(Proposals(ORDER, make_shape(spec, n_rows=3_000)), 40)

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


def test_a_resumed_search_begins_with_the_best_of_each_family():
    shape = make_shape()
    first = learn_all(Proposals(ORDER, shape), 12)
    earlier = [
        Trial(number, family, 1 - loss, loss, config, 1.0, 1.0, 60)
        for number, (family, config) in enumerate(first, 1)
        for loss in [1 / number]
    ]

    again = Proposals(ORDER, shape, earlier)

    assert again.next() == first[-1]


def test_slow_families_take_larger_steps():
    timed = dataclasses.replace(SPEC, reproducible=False)
    proposals = Proposals(("lightgbm",), make_shape(timed, n_rows=100_000))
    family, config = proposals.next(10.0)
    cut = found(family, config | {"n_estimators": 40}, 0.3, is_cut_short=True)
    proposals.learn(config, cut, seconds=10, time_s=10, is_timed=True)

    _, hastened = proposals.next(10.0)

    assert config["learning_rate"] == 0.05
    assert hastened["learning_rate"] > 0.1


def test_a_reproducible_search_bounds_its_rounds_by_the_data():
    few, many = (starts("lightgbm", make_shape(n_rows=n))[0] for n in (3_000, 300_000))

    assert many["n_estimators"] < few["n_estimators"]
    assert many["learning_rate"] > few["learning_rate"]


def test_a_family_that_was_given_up_is_not_proposed():
    proposals = Proposals(("lightgbm", "linear"), make_shape())

    proposals.give_up("lightgbm")

    assert proposals.next()[0] == "linear"


def test_the_best_boosting_goes_on_once_where_the_clock_had_ended_it():
    proposals = Proposals(("lightgbm", "xgboost"), make_shape())
    for loss in (0.3, 0.5):
        family, config = proposals.next(5.0)
        made = found(family, config, loss, is_cut_short=True)
        proposals.learn(config, made, seconds=5.0, time_s=5.0, is_timed=True)

    assert proposals.is_unfinished
    family, _ = proposals.next(30.0)
    assert family == "lightgbm"
    assert not proposals.is_unfinished
