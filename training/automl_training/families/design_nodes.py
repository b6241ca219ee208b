"""Linear models as nodes of an ONNX graph: one design matrix and one product for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from automl_training.families.parts import FloatArray, LinearPart

if TYPE_CHECKING:
    from automl_training.families.graph import Nodes


def linear_scores(
    nodes: Nodes, data: str, parts: Sequence[LinearPart], weights: Sequence[float] | None
) -> str:
    """Add the scores of linear models, calculated in float64 as the models do.

    In float32 a dot product of large terms that cancel loses the parity. Scaling and filling
    are folded into the weights, so that models that learned other medians and scales share
    one design matrix: numbers (0 where missing), whether each is missing, and one column a
    category code.

    Parameters
    ----------
    weights : sequence of float or None
        Of each model, if their sums are to be added up; None: every model's scores stand
        apart, a logistic one's as (0, score).

    Returns
    -------
    str
        Name of the float32 scores, of shape (n_rows, n_scores).
    """
    from onnx import TensorProto

    numbers = np.unique(np.concatenate([part.numbers for part in parts]))
    hot = sorted({pair for part in parts for pair in _hot_pairs(part)})
    blocks = [_block(part, numbers, hot) for part in parts]
    if weights is None:
        blocks = [
            np.hstack([np.zeros((len(block), 1)), block]) if part.link == "logistic" else block
            for block, part in zip(blocks, parts, strict=True)
        ]
        matrix = np.hstack(blocks)
    else:
        matrix = np.sum([w * b for w, b in zip(weights, blocks, strict=True)], axis=0)

    pieces = []
    if len(numbers):
        wide = nodes.add("Gather", data, nodes.constant(numbers), axis=1)
        wide = nodes.add("Cast", wide, to=TensorProto.DOUBLE)
        gaps = nodes.add("IsNaN", wide)
        filled = nodes.add("Where", gaps, nodes.constant(np.zeros(1)), wide)
        pieces += [filled, nodes.add("Cast", gaps, to=TensorProto.DOUBLE)]
    if hot:
        columns = nodes.constant(np.array([column for column, _ in hot], dtype=np.int64))
        codes = nodes.constant(np.array([code for _, code in hot], dtype=np.float32))
        found = nodes.add("Equal", nodes.add("Gather", data, columns, axis=1), codes)
        pieces.append(nodes.add("Cast", found, to=TensorProto.DOUBLE))
    design = pieces[0] if len(pieces) == 1 else nodes.add("Concat", *pieces, axis=1)
    sums = nodes.add("MatMul", design, nodes.constant(matrix[:-1]))
    sums = nodes.add("Add", sums, nodes.constant(matrix[-1]))
    return nodes.add("Cast", sums, to=TensorProto.FLOAT)


def _hot_pairs(part: LinearPart) -> list[tuple[int, float]]:
    return list(zip(part.hot_columns.tolist(), part.hot_codes.tolist(), strict=True))


def _block(
    part: LinearPart,
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]],
    hot: Sequence[tuple[int, float]],
) -> FloatArray:
    """Weights of one model on the shared design matrix, and its bias in the last row."""
    n_numbers, n_outputs = len(numbers), part.weights.shape[1]
    block = np.zeros((2 * n_numbers + len(hot) + 1, n_outputs))
    slopes = part.weights[: len(part.numbers)] / part.scales[:, None]
    at = np.searchsorted(numbers, part.numbers)
    block[at] = slopes
    block[n_numbers + at] = part.medians[:, None] * slopes
    place = {pair: 2 * n_numbers + number for number, pair in enumerate(hot)}
    rows = [place[pair] for pair in _hot_pairs(part)]
    block[rows] = part.weights[len(part.numbers) :]
    block[-1] = part.bias - part.means @ slopes
    return block
