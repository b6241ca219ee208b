"""Write fitted models as one ONNX graph that decides every split as they do.

All trees of a graph lie in one ``TreeEnsembleRegressor`` for scores, and one for what is
averaged as it is; standard operators do the rest, and as few of them as can be: a row costs
a microsecond a node. Written here rather than by the converters because these send rows down
another branch: skl2onnx drops the direction that a forest has learned for missing values, and
rounds the thresholds of histogram boosting to the *nearest* float32, as onnxmltools does with
LightGBM's (docs/adr/0008-own-onnx-graphs.md).

Two classes are a softmax over (0, score): it keeps the digits of a small probability, which
``1 - p`` would lose and a calibrator's logarithm needs. onnxruntime's ``Sigmoid`` has no such
digits either (a rational function plus one half).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl_core.records import Task
from automl_training.families.calibrator import FLOOR, Calibrator
from automl_training.families.design_nodes import linear_scores
from automl_training.families.ensemble_node import tree_node
from automl_training.families.parts import (
    FloatArray,
    LinearPart,
    Link,
    Part,
    Tree,
    TreePart,
)

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

    from automl_training.families.target_codes import TargetCodes

#: Old enough for every onnxruntime that we support, and for the tree operators used here.
TARGET_OPSET = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
INPUT = "x"
PROBABILITIES = "probabilities"
VALUE = "value"


@dataclass(frozen=True)
class Member:
    """A model's share of the answer.

    Parameters
    ----------
    part : TreePart or LinearPart
    weight : float
        Of its answer in the mean; the weights of a graph's members sum to 1.
    codes : TargetCodes or None
        What replaces columns of the matrix before the model reads it.
    """

    part: Part
    weight: float = 1.0
    codes: TargetCodes | None = None


class Nodes:
    """Nodes and constants of a graph that is being written."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[Any] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a standard operator and return its output's name."""
        from onnx import helper

        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def add_trees(
        self, trees: Sequence[Tree], data: str, base: FloatArray, *, in_float64: bool = False
    ) -> str:
        """Add the sums of trees' leaves and return the output's name."""
        if in_float64:
            from onnx import TensorProto

            data = self.add("Cast", data, to=TensorProto.DOUBLE)
        output = f"v{len(self.nodes)}"
        self.nodes.append(
            tree_node(trees, data=data, output=output, base=base, in_float64=in_float64)
        )
        return output

    def constant(self, values: npt.NDArray[Any]) -> str:
        """Keep an array and return its name."""
        from onnx import numpy_helper

        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def finish(self, result: str, *, n_features: int, output: str, width: int) -> ModelProto:
        """Wrap all into a model with our one input and one output, and let onnx check it."""
        from onnx import TensorProto, checker, helper

        last = self.nodes[-1]
        if list(last.output) != [result]:
            raise AssertionError(f"{result!r} is not what the last node makes.")
        last.output[0] = output
        real = int(TensorProto.DataType.Value("FLOAT"))
        graph = helper.make_graph(
            self.nodes,
            "automl_lite",
            [helper.make_tensor_value_info(INPUT, real, [None, n_features])],
            [helper.make_tensor_value_info(output, real, [None, width])],
            initializer=self.initializers,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(d, v) for d, v in TARGET_OPSET.items()],
            ir_version=IR_VERSION,
            producer_name="automl-lite",
        )
        checker.check_model(model)
        return model


def write_graph(
    members: Sequence[Member],
    *,
    n_features: int,
    task: Task,
    n_classes: int,
    calibrator: Calibrator | None = None,
) -> ModelProto:
    """Make one graph of the weighted mean of models.

    Parameters
    ----------
    members : sequence of Member
    n_features : int
        Columns of the matrix.
    n_classes : int
        0 for regression.

    Returns
    -------
    onnx.ModelProto
        Input ``x`` float32 (n, n_features); output ``probabilities`` (n, n_classes), or
        ``value`` (n, 1).
    """
    nodes = Nodes()
    data, features = _coded(nodes, members, n_features)
    placed = [
        replace(member, part=_renumbered(member.part, numbers))
        for member, numbers in zip(members, features, strict=True)
    ]
    if task == "regression":
        result = _mean_value(nodes, placed, data)
        return nodes.finish(result, n_features=n_features, output=VALUE, width=1)
    result = _mean_probabilities(nodes, placed, data, n_classes)
    if calibrator is not None:
        result = _calibrated(nodes, result, calibrator)
    return nodes.finish(result, n_features=n_features, output=PROBABILITIES, width=n_classes)


def tree_model(
    trees: Sequence[Tree], *, n_features: int, base: npt.ArrayLike, link: Link
) -> ModelProto:
    """Make the graph of one ensemble of trees; see :class:`TreePart`."""
    start = np.asarray(base, dtype=np.float64).reshape(-1)
    n_classes = 2 if link in {"logistic", "binary_mean"} else len(start)
    is_value = link == "identity" or (link == "mean" and len(start) == 1)
    return write_graph(
        [Member(TreePart(tuple(trees), start, link))],
        n_features=n_features,
        task="regression" if is_value else "binary" if n_classes == 2 else "multiclass",
        n_classes=0 if is_value else n_classes,
    )


def _coded(
    nodes: Nodes, members: Sequence[Member], n_features: int
) -> tuple[str, list[npt.NDArray[np.int64]]]:
    """Put the numbers that replace codes behind the matrix, each table's once.

    Returns
    -------
    str
        Name of the wider matrix.
    list of ndarray
        For each member the column of the wider matrix in which each of its features lies.
    """
    places: dict[tuple[int, int, bytes], int] = {}
    columns: list[int] = []
    tables: list[npt.NDArray[np.float32]] = []
    features = []
    for member in members:
        numbers = list(range(n_features))
        pairs = [] if member.codes is None else zip(
            member.codes.columns, member.codes.tables, strict=True
        )  # fmt: skip
        for column, table in pairs:
            key = (column, table.shape[1], np.ascontiguousarray(table).tobytes())
            first = places.get(key)
            if first is None:
                first = places[key] = len(columns)
                columns += [column] * table.shape[1]
                tables += list(table.T)
            numbers[column] = n_features + first
            numbers += range(n_features + first + 1, n_features + first + table.shape[1])
        features.append(np.array(numbers, dtype=np.int64))
    if not columns:
        return INPUT, features
    from onnx import TensorProto

    begins = np.cumsum([0, *(len(table) for table in tables[:-1])])
    codes = nodes.add("Gather", INPUT, nodes.constant(np.array(columns)), axis=1)
    codes = nodes.add("Cast", codes, to=TensorProto.INT64)
    if begins.any():
        codes = nodes.add("Add", codes, nodes.constant(begins.astype(np.int64)))
    flat = nodes.constant(np.concatenate(tables).astype(np.float32))
    return nodes.add("Concat", INPUT, nodes.add("Gather", flat, codes), axis=1), features


def _renumbered(part: Part, numbers: npt.NDArray[np.int64]) -> Part:
    if isinstance(part, LinearPart):
        return replace(part, numbers=numbers[part.numbers], hot_columns=numbers[part.hot_columns])
    trees = tuple(
        # Leaves of some libraries hold -2 for a feature; it is not looked at.
        replace(tree, feature=numbers[np.where(tree.yes < 0, 0, tree.feature)])
        for tree in part.trees
    )
    return replace(part, trees=trees)


def _mean_value(nodes: Nodes, members: Sequence[Member], data: str) -> str:
    """Sum everything into one number: the weights are those of leaves and of columns.

    A value near zero may be the sum of large leaves that cancel: of a target with a mean of
    6,000, float32 sums were off by 0.002. So they are summed in float64, as most libraries
    do. XGBoost's float32 sums are made as it makes them, and weighted afterwards.
    """
    trees: list[Tree] = []
    base = np.zeros(1)
    rounded: list[Tree] = []
    weights: list[float] = []
    for part, weight in _tree_parts(members):
        if part.adds_in_float32:
            rounded += [replace(tree, first_target=len(weights)) for tree in _from_base_on(part)]
            weights.append(weight)
            continue
        trees += _weighted(part, weight)
        base += weight * part.base
    linear = [member for member in members if isinstance(member.part, LinearPart)]
    results = []
    if trees:
        results.append(nodes.add_trees(trees, data, base, in_float64=True))
    if rounded:
        sums = nodes.add_trees(rounded, data, np.zeros(len(weights)))
        if weights != [1.0]:
            share = np.array(weights, dtype=np.float32)[:, None]
            sums = nodes.add("MatMul", sums, nodes.constant(share))
        results.append(sums)
    if linear:
        parts = [member.part for member in linear if isinstance(member.part, LinearPart)]
        results.append(linear_scores(nodes, data, parts, [m.weight for m in linear]))
    while len(results) > 1:
        results.append(nodes.add("Add", results.pop(), results.pop()))
    return results[0]


def _mean_probabilities(nodes: Nodes, members: Sequence[Member], data: str, n_classes: int) -> str:
    scored: list[Tree] = []
    averaged: list[Tree] = []
    base: list[FloatArray] = []
    weights: list[float] = []
    start = np.zeros(n_classes)
    for part, weight in _tree_parts(members):
        if part.link in {"mean", "binary_mean"}:
            averaged += _weighted(_two_classes(part), weight)
            start += weight * _two_classes(part).base
            continue
        # Of two classes the first one's score is 0: nothing is added to it.
        skipped = n_classes - len(part.base)
        offset = len(weights) * n_classes + skipped
        scored += [replace(tree, first_target=tree.first_target + offset) for tree in part.trees]
        base.append(np.concatenate([np.zeros(skipped), part.base]))
        weights.append(weight)
    scores = []
    if scored:
        scores.append(nodes.add_trees(scored, data, np.concatenate(base)))
    linear = [member.part for member in members if isinstance(member.part, LinearPart)]
    if linear:
        scores.append(linear_scores(nodes, data, linear, None))
        weights += [m.weight for m in members if isinstance(m.part, LinearPart)]
    mean = nodes.add_trees(averaged, data, start) if averaged and not scores else ""
    if not scores:
        return mean
    joined = scores[0] if len(scores) == 1 else nodes.add("Concat", *scores, axis=1)
    if len(weights) == 1:
        soft = nodes.add("Softmax", joined, axis=1)
    else:
        apart = nodes.constant(np.array([0, len(weights), n_classes], dtype=np.int64))
        flat = nodes.constant(np.array([0, len(weights) * n_classes], dtype=np.int64))
        soft = nodes.add("Softmax", nodes.add("Reshape", joined, apart), axis=2)
        soft = nodes.add("Reshape", soft, flat)
    if not averaged and len(weights) == 1:
        return soft
    sums = nodes.constant(
        np.kron(np.array(weights)[:, None], np.eye(n_classes, dtype=np.float32)).astype(np.float32)
    )
    if not averaged:
        return nodes.add("MatMul", soft, sums)
    return nodes.add("Gemm", soft, sums, nodes.add_trees(averaged, data, start))


def _calibrated(nodes: Nodes, probabilities: str, calibrator: Calibrator) -> str:
    floor = nodes.constant(np.array(FLOOR, dtype=np.float32))
    scores = nodes.add("Log", nodes.add("Max", probabilities, floor))
    scores = nodes.add("Mul", scores, nodes.constant(np.array(calibrator.slope, dtype=np.float32)))
    if any(calibrator.bias):
        bias = np.array(calibrator.bias, dtype=np.float32)
        scores = nodes.add("Add", scores, nodes.constant(bias))
    return nodes.add("Softmax", scores, axis=1)


def _tree_parts(members: Sequence[Member]) -> Iterator[tuple[TreePart, float]]:
    for member in members:
        if isinstance(member.part, TreePart):
            yield member.part, member.weight


def _weighted(part: TreePart, weight: float) -> list[Tree]:
    """Multiply leaves by the part's weight, and by a tree's share where trees are averaged."""
    factor = weight / len(part.trees) if part.link in {"mean", "binary_mean"} else weight
    if factor == 1:
        return list(part.trees)
    return [replace(tree, values=tree.values * factor) for tree in part.trees]


def _from_base_on(part: TreePart) -> list[Tree]:
    """Put what every row starts from into the first tree's leaves, where it is rounded with
    them as if it had been there first."""
    first, *others = part.trees
    values = (part.base.astype(np.float32) + first.values.astype(np.float32)).astype(np.float32)
    return [replace(first, values=values), *others]


def _two_classes(part: TreePart) -> TreePart:
    """Let leaves hold both classes' probabilities, where they hold the second one's."""
    if part.link != "binary_mean":
        return part
    trees = tuple(
        replace(tree, values=np.hstack([1 - tree.values, tree.values])) for tree in part.trees
    )
    return TreePart(trees, np.array([-part.base[0], part.base[0]]), "mean")
