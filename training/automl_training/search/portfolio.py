"""Where the search of each family begins, and within which bounds it goes on.

The first configurations are the libraries' defaults with smaller steps, and such as came out
strong over hundreds of tables (Salinas and Erickson: TabRepo, AutoML 2024). The number of
rounds is not searched: a boosting ends when the rows it has not seen say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from automl_core.records import FamilyName, Metric, Task
from automl_training.search.records import SearchSpec

#: Trees that a configuration's models may have in all folds together: single rows are answered
#: at about 10,000 trees in a millisecond.
MAX_TREES = 4_000

#: Leaves of all trees of a configuration; 33 bytes each in the exported graph.
MAX_LEAVES = 500_000

#: More than this no curve of ours has needed at the smallest step.
MAX_ROUNDS = 2_000
MIN_ROUNDS = 40

#: Steps times rounds that a boosting needs to learn what it can, about; and the largest step.
LEARNING = 8.0
MAX_STEP = 0.25

#: Cells times outputs that a boosting goes through in a second, on two cores and with room to
#: spare, and the share of the budget that a trial may take where it is not timed: with that,
#: a reproducible search bounds its rounds by the data and never by the clock.
CELLS_PER_S = 30_000_000
TRIAL_SHARE = 0.1

#: Trees of a forest, spread over the folds, and the smallest number in one.
FOREST_TREES = 360
MIN_FOREST_TREES = 40

#: Metrics of labels that count every class alike, or one rare class: weighing classes alike in
#: fitting may serve them.
BALANCING: frozenset[Metric] = frozenset({"f1", "macro_f1", "balanced_accuracy"})

Config = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """What the configurations depend on.

    Parameters
    ----------
    n_rows : int
        Rows of one fit.
    n_folds : int
        Models of one configuration.
    has_codes : bool
        There are categories whose codes can be learned from the target.
    """

    spec: SearchSpec
    n_rows: int
    n_features: int
    n_folds: int
    has_codes: bool

    @property
    def outputs(self) -> int:
        """Trees of one round."""
        return self.spec.n_classes if self.spec.n_classes > 2 else 1

    def rounds(self, leaves: int) -> int:
        """Rounds that a boosting may make with trees of so many leaves."""
        per_round = self.n_folds * self.outputs
        most = min(MAX_TREES // per_round, MAX_LEAVES // (per_round * leaves), MAX_ROUNDS)
        if self.spec.reproducible:
            cells = self.n_rows * self.n_features * per_round
            most = min(most, int(TRIAL_SHARE * self.spec.budget_s * CELLS_PER_S / cells))
        return max(MIN_ROUNDS, most)


def starts(family: FamilyName, shape: Shape) -> list[Config]:
    """Configurations to begin with, the most promising first."""
    made = {
        "lightgbm": _lightgbm,
        "xgboost": _xgboost,
        "hist_gradient_boosting": _histogram,
        "extra_trees": _extra_trees,
        "random_forest": _random_forest,
        "linear": _linear,
    }[family](shape)
    return [complete(family, config, shape) for config in made]


def complete(family: FamilyName, config: Config, shape: Shape) -> Config:
    """Add what follows from the shape: rounds or trees, codes."""
    whole = dict(config)
    if family == "linear":
        return whole
    if family in {"extra_trees", "random_forest"}:
        per_fold = max(MIN_FOREST_TREES, FOREST_TREES // shape.n_folds)
        whole.setdefault("n_estimators", per_fold)
        whole["max_leaf_nodes"] = min(
            whole.get("max_leaf_nodes") or shape.n_rows,
            max(64, MAX_LEAVES // (shape.n_folds * whole["n_estimators"])),
        )
    else:
        whole["n_estimators"] = shape.rounds(_leaves(family, whole))
        slowest = min(LEARNING / whole["n_estimators"], MAX_STEP)
        whole["learning_rate"] = max(whole["learning_rate"], slowest)
    if shape.has_codes:
        whole.setdefault("target_codes", True)
    return whole


def _leaves(family: FamilyName, config: Config) -> int:
    if family == "lightgbm":
        return int(config["num_leaves"])
    if family == "xgboost":
        # Deep trees are seldom full.
        return int(min(2 ** config["max_depth"], 4 * config["max_depth"] ** 2))
    return int(config["max_leaf_nodes"])


def _lightgbm(shape: Shape) -> list[Config]:
    tiny = shape.n_rows < 1_000
    return [
        {"learning_rate": 0.05, "num_leaves": 15 if tiny else 31,
         "min_child_samples": 5 if tiny else 20, "colsample_bytree": 0.8, "reg_lambda": 1.0},
        {"learning_rate": 0.05, "num_leaves": 63, "min_child_samples": 5, "colsample_bytree": 0.6,
         "extra_trees": True, "reg_lambda": 1.0},
        {"learning_rate": 0.05, "num_leaves": 5, "min_child_samples": 10, "colsample_bytree": 0.5,
         "reg_lambda": 3.0},
        {"learning_rate": 0.03, "num_leaves": 128, "min_child_samples": 3,
         "colsample_bytree": 0.9, "reg_lambda": 0.1},
        {"learning_rate": 0.02, "num_leaves": 53, "min_child_samples": 14,
         "colsample_bytree": 0.7, "subsample": 0.8, "subsample_freq": 1, "reg_lambda": 1.0},
        {"learning_rate": 0.03, "num_leaves": 16, "min_child_samples": 48,
         "colsample_bytree": 0.56, "extra_trees": True, "reg_lambda": 1.0},
    ]  # fmt: skip


def _xgboost(shape: Shape) -> list[Config]:
    del shape
    return [
        {"learning_rate": 0.06, "max_depth": 6, "min_child_weight": 1.0, "subsample": 0.8,
         "colsample_bytree": 0.8, "reg_lambda": 1.0},
        {"learning_rate": 0.08, "max_depth": 3, "min_child_weight": 3.0, "subsample": 0.8,
         "colsample_bytree": 0.6, "reg_lambda": 2.0},
        {"learning_rate": 0.03, "max_depth": 9, "min_child_weight": 0.6, "subsample": 0.9,
         "colsample_bytree": 0.6, "reg_lambda": 1.0},
    ]  # fmt: skip


def _histogram(shape: Shape) -> list[Config]:
    loss = {"loss": "absolute_error"} if shape.spec.metric == "mae" else {}
    return [
        {"learning_rate": 0.06, "max_leaf_nodes": 31, "min_samples_leaf": 20,
         "l2_regularization": 1.0, "max_features": 0.8, **loss},
        {"learning_rate": 0.06, "max_leaf_nodes": 12, "min_samples_leaf": 10,
         "l2_regularization": 5.0, "max_features": 0.5, **loss},
    ]  # fmt: skip


def _extra_trees(shape: Shape) -> list[Config]:
    root = _root_share(shape)
    if shape.spec.task == "regression":
        return [
            {"max_features": 1.0, "min_samples_leaf": 1},
            {"max_features": 0.5, "min_samples_leaf": 3},
        ]
    return [
        {"max_features": root, "min_samples_leaf": 2},
        {"max_features": max(0.5, root), "min_samples_leaf": 5},
    ]


def _random_forest(shape: Shape) -> list[Config]:
    if shape.spec.task == "regression":
        return [{"max_features": 0.5, "min_samples_leaf": 1}]
    return [{"max_features": _root_share(shape), "min_samples_leaf": 3}]


def _root_share(shape: Shape) -> float:
    """The square root of the number of columns, as a share of them."""
    return round(1 / math.sqrt(shape.n_features), 4)


def _linear(shape: Shape) -> list[Config]:
    if shape.spec.task == "regression":
        return [{"alpha": alpha} for alpha in (1.0, 30.0)]
    return [{"C": c} for c in (1.0, 0.05)]


def space(family: FamilyName, shape: Shape) -> dict[str, Any]:
    """Bounds of FLAML's search of one family; what has no bounds here stays as it is."""
    from flaml import tune

    most_leaves = max(8, min(512, shape.n_rows // 2))
    smallest = min(64, max(3, shape.n_rows // 20))
    if family == "lightgbm":
        return {
            "learning_rate": tune.loguniform(0.01, 0.3),
            "num_leaves": tune.lograndint(4, most_leaves),
            "min_child_samples": tune.lograndint(2, smallest + 1),
            "colsample_bytree": tune.uniform(0.2, 1.0),
            "reg_lambda": tune.loguniform(1e-3, 100.0),
            "reg_alpha": tune.loguniform(1e-4, 10.0),
        }
    if family == "xgboost":
        return {
            "learning_rate": tune.loguniform(0.01, 0.3),
            "max_depth": tune.randint(2, 13),
            "min_child_weight": tune.loguniform(0.1, 64.0),
            "subsample": tune.uniform(0.5, 1.0),
            "colsample_bytree": tune.uniform(0.2, 1.0),
            "reg_lambda": tune.loguniform(1e-2, 100.0),
        }
    if family == "hist_gradient_boosting":
        return {
            "learning_rate": tune.loguniform(0.01, 0.3),
            "max_leaf_nodes": tune.lograndint(4, most_leaves),
            "min_samples_leaf": tune.lograndint(2, smallest + 1),
            "l2_regularization": tune.loguniform(1e-3, 100.0),
            "max_features": tune.uniform(0.2, 1.0),
        }
    if family == "linear":
        if shape.spec.task == "regression":
            return {"alpha": tune.loguniform(1e-3, 1e5)}
        return {"C": tune.loguniform(1e-4, 1e3)}
    return {
        "max_features": tune.uniform(min(0.1, _root_share(shape)), 1.0),
        "min_samples_leaf": tune.lograndint(1, smallest),
    }


def may_balance(task: Task, metric: Metric) -> bool:
    """Tell whether weighing classes alike is worth a try."""
    return task != "regression" and metric in BALANCING
