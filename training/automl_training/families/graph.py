"""Write fitted tree ensembles as ONNX graphs that decide every split as the model does.

All families of trees share one graph: a ``TreeEnsembleRegressor`` that adds up the leaves
(one output per class), and standard operators for the link. Written here rather than by the
converters because these send rows down another branch: skl2onnx drops the direction that a
forest has learned for missing values, and rounds the thresholds of histogram boosting to the
*nearest* float32, as onnxmltools does with LightGBM's (docs/adr/0008-own-onnx-graphs.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from automl_core.errors import ParityError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

#: Old enough for every onnxruntime that we support, and for the tree operators used here.
TARGET_OPSET = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
INPUT = "x"
PROBABILITIES = "probabilities"
VALUE = "value"

Link = Literal["identity", "logistic", "softmax", "binary_mean", "mean"]


@dataclass(frozen=True)
class Tree:
    """One decision tree as arrays over its nodes; node 0 is the root.

    Parameters
    ----------
    feature : ndarray of shape (n_nodes,)
        Column that a node looks at.
    threshold : ndarray of shape (n_nodes,)
        A row goes to ``yes`` if its value is at or below it (below it, for ``BRANCH_LT``).
    missing_yes : ndarray of bool, shape (n_nodes,)
        Whether a missing value goes to ``yes``.
    yes, no : ndarray of shape (n_nodes,)
        Child nodes; -1 at a leaf.
    values : ndarray of shape (n_nodes, n_targets)
        What a leaf adds to the outputs ``first_target``, ``first_target + 1`` …
    """

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    missing_yes: npt.NDArray[Any]
    yes: npt.NDArray[Any]
    no: npt.NDArray[Any]
    values: npt.NDArray[Any]
    first_target: int = 0


def floor_to_float32(thresholds: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Round thresholds down to float32, so that ``x <= threshold`` keeps its answer.

    For a float32 ``x``, ``x <= t`` holds exactly if ``x`` is at most the largest float32
    not above ``t``. Rounding to nearest may round up onto a value of the data.

    >>> floor_to_float32(np.array([0.1, 0.5, 1e300, -1e300])).tolist()
    [0.09999999403953552, 0.5, 3.4028234663852886e+38, -inf]
    """
    exact = np.asarray(thresholds, dtype=np.float64)
    with np.errstate(over="ignore"):
        nearest = exact.astype(np.float32)
        too_high = nearest.astype(np.float64) > exact
        floored = np.where(too_high, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    return floored.astype(np.float32)


def tree_model(
    trees: Sequence[Tree],
    *,
    n_features: int,
    base: npt.ArrayLike,
    link: Link,
    mode: Literal["BRANCH_LEQ", "BRANCH_LT"] = "BRANCH_LEQ",
) -> ModelProto:
    """Make the graph of a tree ensemble.

    Parameters
    ----------
    trees : sequence of Tree
    n_features : int
        Columns of the matrix.
    base : array-like of shape (n_outputs,)
        What every row starts from.
    link : {"identity", "logistic", "softmax", "binary_mean", "mean"}
        ``identity``: the sum is the value. ``logistic``, ``softmax``: the sums are scores.
        ``mean``: the trees' average holds the probabilities, or the value with one output;
        ``binary_mean``: it holds the second class's probability.
    mode : {"BRANCH_LEQ", "BRANCH_LT"}
        Comparison that leads to ``yes``.

    Returns
    -------
    onnx.ModelProto
        Input ``x`` float32 (n, n_features); output ``probabilities`` (n, n_classes), or
        ``value`` (n, 1).
    """
    from onnx import helper

    start = np.asarray(base, dtype=np.float64).reshape(-1)
    attributes = _ensemble_attributes(trees, mode)
    if np.any(start):
        attributes["base_values"] = start.astype(np.float32).tolist()
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        ["scores"],
        domain="ai.onnx.ml",
        aggregate_function="AVERAGE" if link in {"mean", "binary_mean"} else "SUM",
        post_transform="NONE",
        n_targets=len(start),
    )
    node.attribute.extend(_attribute(name, values) for name, values in attributes.items())
    if link == "identity" or (link == "mean" and len(start) == 1):
        node.output[0] = VALUE
        return finish([node], [], n_features=n_features, output=VALUE, width=1)
    nodes, width = link_nodes(link, len(start))
    return finish([node, *nodes], [], n_features=n_features, output=PROBABILITIES, width=width)


def link_nodes(link: Link, n_scores: int) -> tuple[list[NodeProto], int]:
    """Nodes from ``scores`` (n, n_scores) to ``probabilities``, and the number of classes."""
    from onnx import helper

    if link == "softmax":
        return [helper.make_node("Softmax", ["scores"], [PROBABILITIES], axis=1)], n_scores
    if link == "mean":
        return [helper.make_node("Identity", ["scores"], [PROBABILITIES])], n_scores
    positive = "scores"
    nodes = []
    if link == "logistic":
        positive = "positive"
        nodes.append(helper.make_node("Sigmoid", ["scores"], [positive]))
    one = helper.make_tensor("one", _type_code("FLOAT"), [1], [1.0])
    nodes += [
        helper.make_node("Constant", [], ["one"], value=one),
        helper.make_node("Sub", ["one", positive], ["negative"]),
        helper.make_node("Concat", ["negative", positive], [PROBABILITIES], axis=1),
    ]
    return nodes, 2


def finish(
    nodes: Sequence[NodeProto],
    initializers: Sequence[Any],
    *,
    n_features: int,
    output: str,
    width: int,
) -> ModelProto:
    """Wrap nodes into a model with our one input and one output, and let onnx check it."""
    from onnx import checker, helper

    real = _type_code("FLOAT")
    graph = helper.make_graph(
        list(nodes),
        "automl_lite",
        [helper.make_tensor_value_info(INPUT, real, [None, n_features])],
        [helper.make_tensor_value_info(output, real, [None, width])],
        initializer=list(initializers),
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(d, v) for d, v in TARGET_OPSET.items()],
        ir_version=IR_VERSION,
        producer_name="automl-lite",
    )
    checker.check_model(model)
    return model


def _type_code(name: str) -> int:
    from onnx import TensorProto

    return int(TensorProto.DataType.Value(name))


def _attribute(name: str, values: list[Any]) -> Any:
    """Make a list attribute; onnx's own helper looks at every value's type, for seconds."""
    from onnx import AttributeProto

    kinds = {bytes: ("strings", "STRINGS"), float: ("floats", "FLOATS"), int: ("ints", "INTS")}
    field, kind = kinds[type(values[0])]
    attribute = AttributeProto(name=name, type=AttributeProto.AttributeType.Value(kind))
    getattr(attribute, field).extend(values)
    return attribute


def _ensemble_attributes(trees: Sequence[Tree], mode: str) -> dict[str, Any]:
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
            "nodes_modes": np.where(is_leaf, b"LEAF", mode.encode()),
            "nodes_values": np.where(is_leaf, 0, tree.threshold).astype(np.float32),
            "nodes_truenodeids": np.where(is_leaf, 0, tree.yes),
            "nodes_falsenodeids": np.where(is_leaf, 0, tree.no),
            "nodes_missing_value_tracks_true": np.where(is_leaf, 0, tree.missing_yes).astype(int),
            "target_treeids": np.full(len(leaves), number),
            "target_nodeids": leaves,
            "target_ids": targets + tree.first_target,
            "target_weights": tree.values[leaves, targets].astype(np.float32),
        }
        for name, column in made.items():
            columns.setdefault(name, []).append(column)
    if not columns:
        raise ParityError("The model holds no trees, so there is nothing to export.")
    return {name: np.concatenate(parts).tolist() for name, parts in columns.items()}


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
