"""Trees as the attributes of ONNX's ``TreeEnsembleRegressor``, which adds up their leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl_core.errors import ParityError
from automl_training.families.parts import Tree

if TYPE_CHECKING:
    from onnx import NodeProto

_REALS = frozenset({"nodes_values", "target_weights", "base_values"})


def tree_node(
    trees: Iterable[Tree],
    *,
    data: str,
    output: str,
    base: npt.NDArray[np.float64],
    in_float64: bool = False,
) -> NodeProto:
    """Make the node that sums the trees' leaves onto ``base``, of shape (n_targets,).

    Parameters
    ----------
    in_float64 : bool
        Whether ``data`` is float64; then leaves are added up in float64, too. The sums are
        float32 in any case.

    Raises
    ------
    ParityError
        If there is no tree.
    """
    from onnx import helper, numpy_helper

    kind = np.float64 if in_float64 else np.float32
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [data],
        [output],
        domain="ai.onnx.ml",
        aggregate_function="SUM",
        post_transform="NONE",
        n_targets=len(base),
    )
    attributes = _attributes(trees)
    if np.any(base):
        attributes["base_values"] = base
    for name, values in attributes.items():
        if name not in _REALS:
            node.attribute.append(_attribute(name, values.tolist()))
        elif in_float64:
            tensor = numpy_helper.from_array(values.astype(kind), name)
            node.attribute.append(helper.make_attribute(f"{name}_as_tensor", tensor))
        else:
            node.attribute.append(_attribute(name, values.astype(kind).tolist()))
    return node


def _attribute(name: str, values: list[Any]) -> Any:
    """Make a list attribute; onnx's own helper looks at every value's type, for seconds."""
    from onnx import AttributeProto

    kinds = {bytes: ("strings", "STRINGS"), float: ("floats", "FLOATS"), int: ("ints", "INTS")}
    field, kind = kinds[type(values[0])]
    attribute = AttributeProto(name=name, type=AttributeProto.AttributeType.Value(kind))
    getattr(attribute, field).extend(values)
    return attribute


def _attributes(trees: Iterable[Tree]) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, list[npt.NDArray[Any]]] = {}
    for number, raw in enumerate(trees):
        tree = _only_reachable(raw)
        n_nodes = len(tree.feature)
        is_leaf = tree.yes < 0
        leaves, targets = np.nonzero(is_leaf[:, None] & (tree.values != 0))
        # A leaf without any weight would be no leaf to the runtime: give it a zero.
        bare = np.flatnonzero(is_leaf & ~np.any(tree.values != 0, axis=1))
        leaves = np.concatenate([leaves, bare])
        targets = np.concatenate([targets, np.zeros(len(bare), dtype=targets.dtype)])
        order = np.lexsort((targets, leaves))
        leaves, targets = leaves[order], targets[order]
        made = {
            "nodes_treeids": np.full(n_nodes, number),
            "nodes_nodeids": np.arange(n_nodes),
            "nodes_featureids": np.where(is_leaf, 0, tree.feature),
            "nodes_modes": np.where(is_leaf, b"LEAF", b"BRANCH_LEQ"),
            "nodes_values": np.where(is_leaf, 0, tree.threshold),
            "nodes_truenodeids": np.where(is_leaf, 0, tree.yes),
            "nodes_falsenodeids": np.where(is_leaf, 0, tree.no),
            "nodes_missing_value_tracks_true": np.where(is_leaf, 0, tree.missing_yes).astype(int),
            "target_treeids": np.full(len(leaves), number),
            "target_nodeids": leaves,
            "target_ids": targets + tree.first_target,
            "target_weights": tree.values[leaves, targets],
        }
        for name, column in made.items():
            columns.setdefault(name, []).append(column)
    if not columns:
        raise ParityError("The model holds no trees, so there is nothing to export.")
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def _only_reachable(tree: Tree) -> Tree:
    """Leave out pruned nodes: the runtime would take each of them for another root."""
    reached = np.zeros(len(tree.feature), dtype=bool)
    level = np.array([0])
    while len(level):
        reached[level] = True
        level = np.concatenate([tree.yes[level], tree.no[level]])
        level = level[level >= 0]
    if reached.all():
        return tree
    new_number = np.cumsum(reached) - 1

    def renumbered(children: npt.NDArray[Any]) -> npt.NDArray[Any]:
        kept = children[reached]
        return np.where(kept < 0, -1, new_number[kept])

    return Tree(
        feature=tree.feature[reached],
        threshold=tree.threshold[reached],
        missing_yes=tree.missing_yes[reached],
        yes=renumbered(tree.yes),
        no=renumbered(tree.no),
        values=tree.values[reached],
        first_target=tree.first_target,
    )
