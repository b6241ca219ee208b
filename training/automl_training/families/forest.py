"""What random forests and extra trees share: scikit-learn's trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.records import Task
from automl_training.families.base import Traits
from automl_training.families.parts import Tree, TreePart, floor_to_float32

#: Rows times classes beyond which forests are left out. Their leaves grow with the rows
#: and hold one share per class: at this size one forest of FLAML's default range takes
#: minutes to fit on two cores and passes ``export.MAX_MODEL_BYTES``.
MAX_ROW_CLASSES = 2_000_000


def why_not(traits: Traits) -> str | None:
    """Say why a forest does not suit the data, if it does not."""
    size = traits.n_rows * max(1, traits.n_classes)
    if size <= MAX_ROW_CLASSES:
        return None
    return (
        f"{traits.n_rows:,} rows times {max(1, traits.n_classes)} outputs would make a forest "
        f"too large to serve (limit {MAX_ROW_CLASSES:,})"
    )


def read(estimator: Any, task: Task, n_classes: int) -> TreePart:
    """Read a fitted forest of scikit-learn: the average over its trees.

    A node's learned direction for missing values is kept, also for columns that had no gap
    in training.
    """
    del task
    return TreePart(
        trees=tuple(_read_tree(member.tree_) for member in estimator.estimators_),
        base=np.zeros(max(1, n_classes)),
        link="mean",
    )


def _read_tree(tree: Any) -> Tree:
    return Tree(
        feature=tree.feature,
        threshold=floor_to_float32(tree.threshold),
        missing_yes=tree.missing_go_to_left.astype(bool),
        yes=tree.children_left,
        no=tree.children_right,
        values=tree.value[:, 0, :],
    )
