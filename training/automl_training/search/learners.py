"""Our families as FLAML knows them: its own learners, seeded, bounded, and safe on rare classes."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from flaml import tune
from flaml.automl.contrib.histgb import HistGradientBoostingEstimator
from flaml.automl.model import (
    BaseEstimator,
    ExtraTreesEstimator,
    LGBMEstimator,
    RandomForestEstimator,
    SKLearnEstimator,
    XGBoostSklearnEstimator,
)
from lightgbm.basic import LightGBMError
from numpy.typing import NDArray

from automl_core.records import FamilyName
from automl_training.families import family, linear
from automl_training.search.records import SearchSpec
from automl_training.search.watch import FamilyFailed, SearchOver, Watch

#: Upper ends of FLAML's ranges: without them it tries 32,768 trees of 32,768 leaves, which
#: no budget of an hour fits and no bundle should carry.
MAX_TREES = 2000
MAX_LEAVES = 1024
MAX_FOREST_TREES = 400
MAX_FOREST_LEAVES = 8192

#: What a library raises when it cannot fit a configuration to a matrix (XGBoostError and
#: LinAlgError are ValueErrors). Anything else is a fault of ours and ends the child.
UNFITTABLE = (ValueError, ArithmeticError, MemoryError, LightGBMError)

#: Iterations after which a histogram boosting looks at the clock.
FIRST_ROUNDS = 16


class Learner(BaseEstimator):  # type: ignore[misc] # FLAML is untyped
    """What every learner of ours adds to FLAML's: mixed in before FLAML's own class.

    ``fit_seconds`` is the time of the last fit.
    """

    family: ClassVar[FamilyName]
    spec: ClassVar[SearchSpec]
    watch: ClassVar[Watch | None] = None
    """None: fitting outside a search, with no clock to look at."""
    fit_seconds: float = 0.0

    def __init__(self, task: Any = "binary", **config: Any) -> None:
        super().__init__(task, **{"random_state": self.spec.seed, **config})

    @classmethod
    def search_space(cls, data_size: tuple[int, int], task: Any, **params: Any) -> dict[str, Any]:
        """Take FLAML's space, with upper ends that a budget and a bundle can bear."""
        space: dict[str, Any] = super().search_space(data_size=data_size, task=task, **params)
        for name, most in cls.upper_ends().items():
            if name in space:
                upper = int(min(most, max(5, data_size[0])))
                space[name]["domain"] = tune.lograndint(lower=4, upper=upper)
        return space

    @classmethod
    def upper_ends(cls) -> dict[str, int]:
        """Upper ends of ranges to lower."""
        return {"n_estimators": MAX_TREES, "num_leaves": MAX_LEAVES, "max_leaves": MAX_LEAVES}

    def fit(
        self,
        X_train: NDArray[Any],  # noqa: N803 - FLAML's names
        y_train: NDArray[Any],
        budget: float | None = None,
        free_mem_ratio: float = 0,
        **kwargs: Any,
    ) -> float:
        """Fit one fold.

        Raises
        ------
        SearchOver
            If the search should end, or FLAML is about to refit by itself, without a limit.
        FamilyFailed
            If the library cannot fit this matrix.
        """
        if kwargs.pop("is_retrain", False):
            raise SearchOver("the time for searching was used up")
        if self.watch is not None:
            self.watch.check_clock()
            self.watch.check_hope()
        y_train = self._recoded(y_train)
        started = time.monotonic()
        try:
            super().fit(X_train, y_train, budget, free_mem_ratio, **kwargs)
        except UNFITTABLE as error:
            reason = f"{type(error).__name__}: {str(error).strip()[:300]}"
            raise FamilyFailed(self.family, reason) from error
        self.fit_seconds = time.monotonic() - started
        return self.fit_seconds

    def _recoded(self, y: NDArray[Any]) -> NDArray[Any]:
        """Close the gaps where a fold lacks classes: XGBoost wants codes without gaps."""
        self._present: NDArray[np.int64] | None = None
        if self.spec.task == "regression":
            return y
        present = np.flatnonzero(np.bincount(y, minlength=self.spec.n_classes))
        if present.size == self.spec.n_classes:
            return y
        self._present = present
        return np.searchsorted(present, y)

    def predict_proba(self, X: NDArray[Any], **kwargs: Any) -> NDArray[Any]:  # noqa: N803 - FLAML's
        """Probabilities of all classes; 0 for those the fold lacked."""
        narrow = np.asarray(super().predict_proba(X, **kwargs))
        if self._present is None:
            return narrow
        wide = np.zeros((narrow.shape[0], self.spec.n_classes), narrow.dtype)
        wide[:, self._present] = narrow
        return wide


class _Truncated(Learner):
    """A boosting that FLAML stops at its deadline: the configuration tells what was fitted."""

    def n_fitted(self) -> int:
        raise NotImplementedError

    def fit(
        self,
        X_train: NDArray[Any],  # noqa: N803 - FLAML's names
        y_train: NDArray[Any],
        budget: float | None = None,
        free_mem_ratio: float = 0,
        **kwargs: Any,
    ) -> float:
        seconds = super().fit(X_train, y_train, budget, free_mem_ratio, **kwargs)
        # Fewer rounds long before the deadline mean that nothing was left to split.
        if budget is not None and seconds > budget / 2:
            self.params["n_estimators"] = self.n_fitted()
        return seconds


class LightGBMLearner(_Truncated, LGBMEstimator):  # type: ignore[misc] # FLAML is untyped
    """LightGBM."""

    def __init__(self, task: Any = "binary", **config: Any) -> None:
        if self.spec.reproducible:
            # Else LightGBM times two ways of building histograms and takes the faster one,
            # and their sums differ in the last digit.
            config = {"deterministic": True, "force_row_wise": True, **config}
        super().__init__(task, **config)

    def n_fitted(self) -> int:
        return max(1, int(self._model.booster_.current_iteration()))


class XGBoostLearner(_Truncated, XGBoostSklearnEstimator):  # type: ignore[misc] # FLAML is untyped
    """XGBoost, growing by leaves."""

    def n_fitted(self) -> int:
        return max(1, int(self._model.get_booster().num_boosted_rounds()))


class _ForestLearner(Learner):
    @classmethod
    def upper_ends(cls) -> dict[str, int]:
        return {"n_estimators": MAX_FOREST_TREES, "max_leaves": MAX_FOREST_LEAVES}


class RandomForestLearner(_ForestLearner, RandomForestEstimator):  # type: ignore[misc] # FLAML is untyped
    """Random forest."""


class ExtraTreesLearner(_ForestLearner, ExtraTreesEstimator):  # type: ignore[misc] # FLAML is untyped
    """Extremely randomised trees."""


class HistGradientBoostingLearner(Learner, HistGradientBoostingEstimator):  # type: ignore[misc] # FLAML is untyped
    """scikit-learn's histogram boosting, which has no callback: fitted in two steps."""

    _budget: float | None = None

    def _fit(self, X_train: NDArray[Any], y_train: NDArray[Any], **kwargs: Any) -> float:  # noqa: N803 - FLAML's
        budget, self._budget = self._budget, None
        rounds = self.params["max_iter"]
        if budget is None or rounds <= FIRST_ROUNDS:
            return float(super()._fit(X_train, y_train, **kwargs))
        started = time.monotonic()
        model = self.estimator_class(**self.params | {"max_iter": FIRST_ROUNDS, "warm_start": True})
        model.fit(X_train, y_train, **kwargs)
        used = time.monotonic() - started
        affordable = int(FIRST_ROUNDS * budget / max(used, 1e-3))
        rounds = min(rounds, max(FIRST_ROUNDS, affordable))
        if rounds > FIRST_ROUNDS and model.n_iter_ == FIRST_ROUNDS:
            model.set_params(max_iter=rounds)
            model.fit(X_train, y_train, **kwargs)
        model.set_params(warm_start=False)
        # FLAML copies this into the trial's configuration, as ``max_iter``.
        self.params["max_iter"] = rounds
        self._model = model
        return time.monotonic() - started

    def fit(
        self,
        X_train: NDArray[Any],  # noqa: N803 - FLAML's names
        y_train: NDArray[Any],
        budget: float | None = None,
        free_mem_ratio: float = 0,
        **kwargs: Any,
    ) -> float:
        self._budget = budget
        return super().fit(X_train, y_train, budget, free_mem_ratio, **kwargs)


class LinearLearner(Learner, SKLearnEstimator):  # type: ignore[misc] # FLAML is untyped
    """Our linear pipeline: imputing, scaling and one-hot coding are fitted in each fold."""

    @classmethod
    def search_space(cls, data_size: tuple[int, int], task: Any, **_: Any) -> dict[str, Any]:
        """Strength of the penalty."""
        if task.is_classification():
            domain, name = tune.loguniform(lower=1e-4, upper=1e3), "C"
        else:
            domain, name = tune.loguniform(lower=1e-3, upper=1e5), "alpha"
        return {name: {"domain": domain, "init_value": 1.0}}

    @classmethod
    def cost_relative2lgbm(cls) -> float:
        """Seconds for one trial against LightGBM's first one (measured on 4,454 x 13)."""
        return 10.0

    def _fit(self, X_train: NDArray[Any], y_train: NDArray[Any], **kwargs: Any) -> float:  # noqa: N803 - FLAML's
        started = time.monotonic()
        model = linear.build(
            self.params,
            task=self.spec.task,
            category_features=self.spec.category_features,
            seed=self.spec.seed,
            n_threads=self.spec.n_threads,
        )
        weights = kwargs.get("sample_weight")
        model.fit(
            X_train, y_train, **({} if weights is None else {"model__sample_weight": weights})
        )
        self._model = model
        return time.monotonic() - started


_LEARNERS: dict[FamilyName, type[Learner]] = {
    "lightgbm": LightGBMLearner,
    "xgboost": XGBoostLearner,
    "random_forest": RandomForestLearner,
    "extra_trees": ExtraTreesLearner,
    "hist_gradient_boosting": HistGradientBoostingLearner,
    "linear": LinearLearner,
}


def make_learners(spec: SearchSpec, watch: Watch | None = None) -> dict[str, type[Learner]]:
    """Make the learner of each family for one search, by its name in FLAML.

    FLAML makes learners itself and hands them nothing of ours, so what they need to know is
    bound to classes of this very search.
    """
    return {
        family(name).flaml_name: type(
            _LEARNERS[name].__name__,
            (_LEARNERS[name],),
            {"family": name, "spec": spec, "watch": watch},
        )
        for name in spec.families
    }
