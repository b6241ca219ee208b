"""XGBoost: gradient boosting with second-order trees."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from automl_core.errors import ParityError
from automl_core.records import Task
from automl_training.families.base import Family
from automl_training.families.parts import Link, Tree, TreePart, below_float32

_LINKS: dict[str, Link] = {
    "binary:logistic": "logistic",
    "multi:softprob": "softmax",
    "reg:squarederror": "identity",
}


def read(estimator: Any, task: Task, n_classes: int) -> TreePart:
    """Read a fitted ``XGBClassifier`` or ``XGBRegressor``.

    Raises
    ------
    ParityError
        For an objective or a booster that this graph does not express.
    """
    booster = estimator.get_booster()
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    boosting = learner["gradient_booster"]
    # Trees that were dropped out weigh less; older versions name the booster after it.
    has_dropout = boosting["name"] == "dart" or "weight_drop" in boosting.get("model", {})
    if objective not in _LINKS or boosting["name"] != "gbtree" or has_dropout:
        raise ParityError(
            f"XGBoost models of {boosting['name']}{' with dropout' if has_dropout else ''} and"
            f" {objective!r} are not exported."
        )
    width = n_classes if task == "multiclass" else 1
    trees, targets = boosting["model"]["trees"], boosting["model"]["tree_info"]
    best_round = booster.attr("best_iteration")
    if best_round is not None:
        # After early stopping the scikit-learn wrapper uses the trees up to the best round.
        last = boosting["model"]["iteration_indptr"][int(best_round) + 1]
        trees, targets = trees[:last], targets[:last]
    return TreePart(
        trees=tuple(_read_tree(tree, target) for tree, target in zip(trees, targets, strict=True)),
        base=_base_scores(learner["learner_model_param"]["base_score"], objective, width),
        link=_LINKS[objective],
        adds_in_float32=True,
    )


def _base_scores(text: str, objective: str, width: int) -> np.ndarray[Any, Any]:
    """Read ``base_score``, one number or one per class; a probability for the logistic link."""
    base = np.atleast_1d(np.array(json.loads(text), dtype=np.float64))
    if objective == "binary:logistic":
        base = np.log(base / (1 - base))
    return np.broadcast_to(base, (width,))


def _read_tree(tree: dict[str, Any], target: int) -> Tree:
    if any(tree["split_type"]):
        raise ParityError("XGBoost splits by category are not exported.")
    yes = np.array(tree["left_children"], dtype=np.int64)
    conditions = np.array(tree["split_conditions"], dtype=np.float64)
    return Tree(
        feature=np.array(tree["split_indices"], dtype=np.int64),
        # XGBoost's rows go left below the threshold.
        threshold=below_float32(conditions.astype(np.float32)),
        missing_yes=np.array(tree["default_left"], dtype=bool),
        yes=yes,
        no=np.array(tree["right_children"], dtype=np.int64),
        values=np.where(yes < 0, conditions, 0.0)[:, None],
        first_target=target,
    )


FAMILY = Family(name="xgboost", title="XGBoost", read=read)
