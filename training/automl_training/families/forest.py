"""What random forests and extra trees share: scikit-learn's trees as ONNX."""

from __future__ import annotations

from typing import Any

from automl_core.records import Task
from automl_training.families.base import Traits
from automl_training.families.graph import Link, Tree, floor_to_float32, tree_model

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


def to_onnx(estimator: Any, n_features: int, task: Task, n_classes: int) -> Any:
    """Express a fitted forest of scikit-learn: the average over its trees.

    A node's learned direction for missing values is kept, also for columns that had no
    gap in training.
    """
    link: Link = "binary_mean" if task == "binary" else "mean"
    return tree_model(
        [_read_tree(member.tree_, task) for member in estimator.estimators_],
        n_features=n_features,
        base=[0.0] * (n_classes if task == "multiclass" else 1),
        link=link,
    )


def _read_tree(tree: Any, task: Task) -> Tree:
    values = tree.value[:, 0, :]
    return Tree(
        feature=tree.feature,
        threshold=floor_to_float32(tree.threshold),
        missing_yes=tree.missing_go_to_left.astype(bool),
        yes=tree.children_left,
        no=tree.children_right,
        values=values[:, 1:] if task == "binary" else values,
    )
