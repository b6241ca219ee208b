"""scikit-learn's histogram gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.errors import ParityError
from automl_core.records import Task
from automl_training.families.base import Family
from automl_training.families.parts import Link, Tree, TreePart, floor_to_float32

_LINKS: dict[Task, Link] = {"binary": "logistic", "multiclass": "softmax", "regression": "identity"}


def read(estimator: Any, task: Task, n_classes: int) -> TreePart:
    """Read a fitted ``HistGradientBoostingClassifier`` or ``…Regressor``.

    Raises
    ------
    ParityError
        For native categories, and for a loss whose values are not the plain sum of leaves.
    """
    del n_classes  # One set of trees per class is in the model itself.
    if task == "regression" and estimator.loss not in {"squared_error", "absolute_error"}:
        raise ParityError(f"Histogram boosting with the loss {estimator.loss!r} is not exported.")
    trees = tuple(
        _read_tree(predictor.nodes, target)
        for of_round in estimator._predictors
        for target, predictor in enumerate(of_round)
    )
    baseline = np.asarray(estimator._baseline_prediction)
    return TreePart(trees, baseline.ravel().astype(np.float64), _LINKS[task])


def _read_tree(nodes: Any, target: int) -> Tree:
    if np.any(nodes["is_categorical"]):
        raise ParityError("Histogram boosting with native categories is not exported.")
    is_leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        feature=nodes["feature_idx"],
        threshold=floor_to_float32(nodes["num_threshold"]),
        missing_yes=nodes["missing_go_to_left"].astype(bool),
        yes=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        no=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
        values=np.where(is_leaf, nodes["value"], 0.0)[:, None],
        first_target=target,
    )


FAMILY = Family(
    name="hist_gradient_boosting",
    title="Histogram gradient boosting",
    read=read,
)
