"""Fitting one configuration of a family to some rows, round by round where it has rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import FamilyName
from automl_training.families import linear
from automl_training.search.records import SearchSpec, TrainingRows

if TYPE_CHECKING:
    from automl_training.search.rounds import Rounds

#: Trees that a forest grows between two looks at the clock.
FOREST_STEP = 20

#: Settings that are ours and mean nothing to the libraries.
OURS = frozenset({"target_codes", "balanced"})

#: Families that read categories as numbers along which they cut, so that an order of the codes
#: helps them; the linear family has a weight for each code.
TREES: frozenset[FamilyName] = frozenset(
    {"lightgbm", "xgboost", "hist_gradient_boosting", "extra_trees", "random_forest"}
)


class FamilyFailed(Exception):  # noqa: N818 - caught by the search, which goes on without it
    """A family cannot be fitted on this matrix."""

    def __init__(self, family: FamilyName, reason: str) -> None:
        super().__init__(reason)
        self.family = family
        self.reason = reason


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Parameters
    ----------
    curve : ndarray of shape (n_rounds,) or None
        Loss on the watched rows after each round of a boosting; None if it has no rounds, or
        nothing was watched.
    is_cut_short : bool
        The clock ended it, not its settings.
    """

    estimator: Any
    curve: NDArray[np.float64] | None = None
    is_cut_short: bool = False


@dataclass(frozen=True)
class FitPlan:
    """How to fit.

    Parameters
    ----------
    n_threads : int
        Threads of this one fit.
    is_late : callable
        Tells that the fit should come to an end.
    watched : TrainingRows or None
        Rows after whose loss a boosting ends its rounds; None: it makes all of them.
    """

    spec: SearchSpec
    n_threads: int
    is_late: Callable[[], bool]
    watched: TrainingRows | None = None


def fit(
    family: FamilyName,
    config: dict[str, Any],
    data: TrainingRows,
    plan: FitPlan,
) -> Fit:
    """Fit one configuration.

    Parameters
    ----------
    config : dict
        Settings in the words of the family's library; those of ``OURS`` are left out.
    data : TrainingRows
        Class codes without gaps.

    Raises
    ------
    FamilyFailed
        If the library cannot fit these rows.
    """
    from lightgbm.basic import LightGBMError

    settings = {name: value for name, value in config.items() if name not in OURS}
    try:
        if family == "linear":
            return _linear(settings, data, plan)
        if family in {"extra_trees", "random_forest"}:
            return _forest(family, settings, data, plan)
        return _boosting(family, settings, data, plan)
    # What a library raises when it cannot fit a configuration to a matrix (XGBoostError and
    # LinAlgError are ValueErrors). Anything else is a fault of ours and ends the child.
    except (ValueError, ArithmeticError, MemoryError, LightGBMError) as error:
        reason = f"{type(error).__name__}: {str(error).strip()[:300]}"
        raise FamilyFailed(family, reason) from error


def _linear(settings: dict[str, Any], data: TrainingRows, plan: FitPlan) -> Fit:
    model = linear.build(
        settings,
        task=plan.spec.task,
        category_features=plan.spec.category_features,
        seed=plan.spec.seed,
        n_threads=plan.n_threads,
    )
    weights = {} if data.weights is None else {"model__sample_weight": data.weights}
    model.fit(data.matrix, data.target, **weights)
    return Fit(model)


def _forest(family: FamilyName, settings: dict[str, Any], data: TrainingRows, plan: FitPlan) -> Fit:
    """Grow a forest in steps; one that the clock ends has fewer trees and is whole."""
    from sklearn import ensemble

    kinds: dict[tuple[str, bool], Any] = {
        ("extra_trees", True): ensemble.ExtraTreesRegressor,
        ("extra_trees", False): ensemble.ExtraTreesClassifier,
        ("random_forest", True): ensemble.RandomForestRegressor,
        ("random_forest", False): ensemble.RandomForestClassifier,
    }
    settings = dict(settings)
    wanted = int(settings.pop("n_estimators"))
    model = kinds[family, plan.spec.task == "regression"](
        **settings, n_estimators=0, n_jobs=plan.n_threads, random_state=plan.spec.seed,
        warm_start=True,
    )  # fmt: skip
    is_cut_short = False
    while model.n_estimators < wanted and not is_cut_short:
        model.n_estimators = min(model.n_estimators + FOREST_STEP, wanted)
        model.fit(data.matrix, data.target, sample_weight=data.weights)
        is_cut_short = model.n_estimators < wanted and plan.is_late()
    model.set_params(warm_start=False)
    return Fit(model, is_cut_short=is_cut_short)


def _boosting(
    family: FamilyName, settings: dict[str, Any], data: TrainingRows, plan: FitPlan
) -> Fit:
    from automl_training.search.rounds import Rounds

    rounds = Rounds(plan.is_late, patience_of(settings))
    if family == "lightgbm":
        return _lightgbm(settings, data, plan, rounds)
    if family == "xgboost":
        return _xgboost(settings, data, plan, rounds)
    return _histogram(settings, data, plan, rounds)


def patience_of(settings: dict[str, Any]) -> int:
    """Rounds without a gain after which a boosting ends: small steps need more of them.

    >>> patience_of({"learning_rate": 0.1}), patience_of({"learning_rate": 0.01})
    (25, 120)
    """
    return int(np.clip(round(2.5 / settings["learning_rate"]), 20, 120))


def _lightgbm(settings: dict[str, Any], data: TrainingRows, plan: FitPlan, rounds: Rounds) -> Fit:
    import lightgbm

    spec = plan.spec
    kind = lightgbm.LGBMRegressor if spec.task == "regression" else lightgbm.LGBMClassifier
    if spec.reproducible:
        # Else LightGBM times two ways of building histograms and takes the faster one, and
        # their sums differ in the last digit.
        settings = {"deterministic": True, "force_row_wise": True, **settings}
    model = kind(**settings, n_jobs=plan.n_threads, random_state=spec.seed, verbosity=-1)
    watched: dict[str, Any] = {}
    if plan.watched is not None:
        watched = {
            "eval_X": plan.watched.matrix,
            "eval_y": plan.watched.target,
            "eval_sample_weight": None if plan.watched.weights is None else [plan.watched.weights],
        }
        if spec.metric == "mae":
            watched["eval_metric"] = "l1"
    model.fit(
        data.matrix, data.target, sample_weight=data.weights,
        callbacks=[rounds.of_lightgbm(metric="l1" if spec.metric == "mae" else None)], **watched,
    )  # fmt: skip
    return Fit(model, rounds.curve, rounds.is_cut_short)


def _xgboost(settings: dict[str, Any], data: TrainingRows, plan: FitPlan, rounds: Rounds) -> Fit:
    import xgboost

    spec = plan.spec
    kind = xgboost.XGBRegressor if spec.task == "regression" else xgboost.XGBClassifier
    watched: dict[str, Any] = {}
    if plan.watched is not None:
        watched = {
            "eval_set": [(plan.watched.matrix, plan.watched.target)],
            "sample_weight_eval_set": None
            if plan.watched.weights is None
            else [plan.watched.weights],
        }
    model = kind(
        **settings, n_jobs=plan.n_threads, random_state=spec.seed, tree_method="hist",
        verbosity=0, callbacks=[rounds.of_xgboost()],
        eval_metric="mae" if spec.metric == "mae" else None,
    )  # fmt: skip
    model.fit(data.matrix, data.target, sample_weight=data.weights, verbose=False, **watched)
    model.set_params(callbacks=None)
    return Fit(model, rounds.curve, rounds.is_cut_short)


def _histogram(settings: dict[str, Any], data: TrainingRows, plan: FitPlan, rounds: Rounds) -> Fit:
    """Fit scikit-learn's boosting, which tells nobody of its rounds, a few of them at a time."""
    from sklearn import ensemble

    is_regression = plan.spec.task == "regression"
    kind: Any = (
        ensemble.HistGradientBoostingRegressor
        if is_regression
        else ensemble.HistGradientBoostingClassifier
    )
    settings = dict(settings)
    wanted = int(settings.pop("n_estimators"))
    watched: dict[str, Any] = {}
    if plan.watched is not None:
        watched = {
            "X_val": plan.watched.matrix,
            "y_val": plan.watched.target,
            "sample_weight_val": plan.watched.weights,
        }
    model = kind(
        **settings, max_iter=1, warm_start=True, random_state=plan.spec.seed,
        early_stopping=plan.watched is not None, scoring="loss", n_iter_no_change=10**6,
    )  # fmt: skip
    n_rounds = 0
    while n_rounds < wanted:
        n_rounds = min(n_rounds + rounds.patience, wanted)
        model.set_params(max_iter=n_rounds)
        model.fit(data.matrix, data.target, sample_weight=data.weights, **watched)
        # Nothing was left to split, or what was learned so far is enough.
        if model.n_iter_ < n_rounds or rounds.is_over_with(_losses(model)):
            break
    model.set_params(warm_start=False)
    return Fit(model, rounds.curve, rounds.is_cut_short)


def _losses(model: Any) -> NDArray[np.float64]:
    """Loss on the watched rows after each round; the first score is of no round at all."""
    return -np.asarray(model.validation_score_, np.float64)[1:]


def keep_rounds(family: FamilyName, estimator: Any, n_rounds: int) -> None:
    """Forget all rounds of a fitted boosting but the first ones."""
    if family == "lightgbm":
        import lightgbm

        booster = estimator.booster_
        text = booster.model_to_string(num_iteration=n_rounds)
        estimator._Booster = lightgbm.Booster(model_str=text)
    elif family == "xgboost":
        booster = estimator.get_booster()
        if booster.num_boosted_rounds() > n_rounds:
            estimator._Booster = booster[:n_rounds]
    elif family == "hist_gradient_boosting":
        estimator._predictors = estimator._predictors[:n_rounds]
