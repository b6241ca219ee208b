"""LightGBM: gradient boosting with leaf-wise trees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.errors import ParityError
from automl_core.records import Task
from automl_training.families.base import Family
from automl_training.families.parts import Link, Tree, TreePart, floor_to_float32

# Parts of ``decision_type`` in LightGBM's model text (include/LightGBM/tree.h).
_DEFAULT_LEFT = 2
_MISSING_NONE, _MISSING_ZERO = 0, 1

_LINKS: dict[str, Link] = {"binary": "logistic", "multiclass": "softmax", "regression": "identity"}


def read(estimator: Any, task: Task, n_classes: int) -> TreePart:
    """Read a fitted ``LGBMClassifier`` or ``LGBMRegressor``.

    Raises
    ------
    ParityError
        For an objective, tree type or boosting that this graph does not express.
    """
    header, *blocks = estimator.booster_.model_to_string().split("\nTree=")
    facts = _read_facts(header)
    objective = facts["objective"].split()
    known = (["binary", "sigmoid:1"], ["multiclass", f"num_class:{n_classes}"], ["regression"])
    if objective not in known or "average_output" in header.splitlines():
        raise ParityError(
            f"LightGBM models with the objective {facts['objective']!r} are not exported."
        )
    width = int(facts["num_tree_per_iteration"])
    trees = tuple(_read_tree(block, number % width) for number, block in enumerate(blocks))
    return TreePart(trees, np.zeros(width), _LINKS[task])


def _read_facts(block: str) -> dict[str, str]:
    lines = block.split("\n\n", 1)[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _read_tree(block: str, target: int) -> Tree:
    """Turn one tree of the model text into arrays: splits first, then leaves.

    The text numbers splits from 0 and writes leaf ``k`` as the child ``-k - 1``; a tree
    that found no split is one leaf.
    """
    facts = _read_facts(block)
    if int(facts["num_cat"]) or facts.get("is_linear", "0") != "0":
        raise ParityError("LightGBM with native categories or linear leaves is not exported.")
    n_leaves = int(facts["num_leaves"])
    n_splits = n_leaves - 1

    def of_splits(name: str, kind: type, at_leaves: float) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = np.array(facts[name].split() if n_splits else [], dtype=kind)
        return np.concatenate([values, np.full(n_leaves, at_leaves, dtype=kind)])

    def children(name: str) -> npt.NDArray[Any]:
        child = of_splits(name, np.int64, 0)
        child = np.where(child < 0, n_splits + ~child, child)
        child[n_splits:] = -1
        return child

    threshold = of_splits("threshold", np.float64, 0)
    kinds = of_splits("decision_type", np.int64, 0)
    missing = (kinds >> 2) & 3
    goes_left = (kinds & _DEFAULT_LEFT) != 0
    if np.any(missing == _MISSING_ZERO):
        raise ParityError("LightGBM models that take zero for missing are not exported.")
    return Tree(
        feature=of_splits("split_feature", np.int64, 0),
        threshold=floor_to_float32(threshold),
        # Where training saw no gap, LightGBM reads a missing value as 0.
        missing_yes=np.where(missing == _MISSING_NONE, threshold >= 0, goes_left),
        yes=children("left_child"),
        no=children("right_child"),
        values=np.concatenate(
            [np.zeros(n_splits), np.array(facts["leaf_value"].split(), dtype=np.float64)]
        )[:, None],
        first_target=target,
    )


FAMILY = Family(name="lightgbm", title="LightGBM", read=read)
