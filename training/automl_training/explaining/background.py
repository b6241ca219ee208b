"""Background rows: those that a column's value is compared with when a row is explained."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from automl_training.explaining.subject import FloatArray, Subject

#: An order and its reverse from each of them over 20 columns is what
#: ``automl_core.bundle.contributions.MAX_ANSWERS`` allows; the mean answer to 20 rows, picked
#: as below, is that of the sample to a few hundredths of its spread.
N_BACKGROUND = 20
#: Of slower models fewer rows, so that serving explains any of them in time.
MIN_BACKGROUND = 5
#: Splits that an answer passes up to which a model is fast: those of 500 trees of 32 leaves,
#: with which a row of 20 columns is explained in about 10 ms.
_FAST_SPLITS = 2500
#: Selections tried; the best of so many is near the best that there are.
_N_TRIED = 100
_N_COLUMNS = 20


def count_background(model: bytes) -> int:
    """Tell how many background rows a model can do with, by the splits that an answer passes.

    By the graph, not by the clock: the same model gets the same rows on every machine.
    """
    import onnx

    splits = 0.0
    for node in onnx.load_model_from_string(model).graph.node:
        for attribute in node.attribute:
            if attribute.name == "nodes_treeids":
                n_trees = len(set(attribute.ints))
                splits += n_trees * log2(max(2.0, len(attribute.ints) / n_trees / 2))
    n_rows = int(N_BACKGROUND * min(1.0, _FAST_SPLITS / max(splits, 1.0)))
    return max(MIN_BACKGROUND, n_rows)


def choose_background(
    subject: Subject, ordered: Sequence[str], *, n_rows: int = N_BACKGROUND
) -> NDArray[np.intp]:
    """Pick few rows whose answers and values are like those of the whole sample.

    The rows are sorted by their predicted class and answer and cut into as many parts as
    rows are wanted; one is drawn of each. Of a hundred such selections that one is taken
    whose mean answer and mean ranks of features are nearest to the sample's.

    Parameters
    ----------
    subject : Subject
    ordered : sequence of str
        Columns, most important first; the first twenty are looked at.
    n_rows : int
        Rows wanted.

    Returns
    -------
    ndarray of shape (n_background,)
        Positions in the sample, rising; all of them if there are no more.
    """
    import numpy as np

    n_sample = len(subject.matrix)
    if n_sample <= n_rows:
        return np.arange(n_sample)
    predicted = subject.answers.argmax(axis=1) if subject.output is None else np.zeros(n_sample)
    order = np.lexsort((subject.explained, predicted))
    parts = np.array_split(order, n_rows)
    rng = np.random.default_rng(subject.seed)
    tried = np.stack([[part[rng.integers(len(part))] for part in parts] for _ in range(_N_TRIED)])
    places = [subject.features_of[name] for name in ordered[:_N_COLUMNS]]
    values = subject.matrix[:, np.concatenate(places)]
    measured = np.column_stack([_scaled(subject.answers), _scaled(_ranks(values))])
    # The answers count as much as all features together.
    n_outputs = subject.answers.shape[1]
    shares = np.repeat(
        [0.5 / n_outputs, 0.5 / max(1, values.shape[1])],
        [n_outputs, values.shape[1]],
    )
    gaps = [float(np.abs(measured[rows].mean(axis=0)) @ shares) for rows in tried]
    picked: NDArray[np.intp] = np.sort(tried[int(np.argmin(gaps))])
    return picked


def _ranks(matrix: NDArray[np.float32]) -> FloatArray:
    """Rank of each value in its column, missing ones last."""
    import numpy as np

    return np.argsort(np.argsort(matrix, axis=0, kind="stable"), axis=0).astype(np.float64)


def _scaled(values: FloatArray) -> FloatArray:
    import numpy as np

    centered = values - values.mean(axis=0)
    spread = centered.std(axis=0)
    scaled: FloatArray = np.divide(centered, spread, out=np.zeros_like(centered), where=spread > 0)
    return scaled
