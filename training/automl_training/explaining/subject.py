"""The subject of all explanations: a model's answers to a sample of the holdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from automl_core.bundle.contributions import explained_output
from automl_core.records import Metric, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_training.job_table import JobTable

    FloatArray = NDArray[np.float64]
    Matrix = NDArray[np.float32]

Answer = Callable[["Matrix"], "FloatArray"]

#: However slow the model is, its answers to fewer rows would say nothing.
MIN_ROWS = 100
_N_PROBED = 64


@dataclass(frozen=True)
class Subject:
    """A model, and rows in random order that it was not trained on.

    Any beginning of the sample is a sample, too.

    Parameters
    ----------
    answer : callable
        Answers an encoded matrix with shape (n_rows, n_classes), or (n_rows, 1).
    columns : list of dict
        The encoder's columns, as in the bundle's manifest.
    table : mapping of str to ndarray of shape (n_rows,)
        Typed values of these columns.
    matrix : ndarray of shape (n_rows, n_features)
        The same rows, encoded.
    feature_columns : list of str
        For each column of the matrix the column of the table that it comes from.
    y : ndarray of shape (n_rows,)
        Class codes or values.
    weights : ndarray of shape (n_rows,) or None
        Row weights of the plan.
    rows : ndarray of shape (n_rows,)
        Numbers of the rows in their file, from 0.
    target : mapping
        As in the bundle's manifest.
    seed : int
        Of everything that is drawn.
    seconds_per_answer : float
        As it was measured; what is asked for is made to fit into the time by it.
    """

    answer: Answer
    columns: list[dict[str, Any]]
    table: Mapping[str, NDArray[Any]]
    matrix: Matrix
    feature_columns: list[str]
    y: NDArray[Any]
    weights: FloatArray | None
    rows: NDArray[np.int64]
    task: Task
    metric: Metric
    target: Mapping[str, Any]
    seed: int
    seconds_per_answer: float

    @property
    def classes(self) -> list[Any]:
        """Labels in the order of the answers; empty for regression."""
        return list(self.target.get("classes") or [])

    @property
    def output(self) -> int | None:
        """Which answer is explained; None: that of the predicted class."""
        return explained_output(self.task, self.target)

    @cached_property
    def answers(self) -> FloatArray:
        """The model's answers to the sample; asked for once."""
        return self.answer(self.matrix)

    @cached_property
    def explained(self) -> FloatArray:
        """The explained answer to each row, of shape (n_rows,)."""
        found: FloatArray = (
            self.answers.max(axis=1) if self.output is None else self.answers[:, self.output]
        )
        return found

    @cached_property
    def features_of(self) -> dict[str, NDArray[np.intp]]:
        """Columns of the matrix that each column of the table became."""
        import numpy as np

        names = np.array(self.feature_columns, dtype=object)
        return {column["name"]: np.flatnonzero(names == column["name"]) for column in self.columns}


def sample_holdout(
    table: JobTable,
    answer: Answer,
    *,
    max_rows: int,
    monotonic: Callable[[], float],
    max_seconds: float,
) -> Subject:
    """Take rows of the holdout at random, with what is known of them.

    Parameters
    ----------
    max_rows : int
        Rows, at most.
    monotonic, max_seconds : callable, float
        The model is to answer the sample within this time; a slow one gets fewer rows.
    """
    import numpy as np

    from automl_training.encoding import describe_target
    from automl_training.job_table import target_schema

    plan = table.plan
    n_holdout = len(table.splits["holdout"])
    picked = np.random.default_rng(plan.seed).permutation(n_holdout)[:max_rows]
    values = {name: column[picked] for name, column in table.features("holdout").items()}
    encoder = table.encoder()
    matrix = encoder.encode(values, len(picked))
    per_answer = _time_answers(answer, matrix[:_N_PROBED], monotonic)
    picked = picked[: max(MIN_ROWS, int(max_seconds / per_answer))]
    weights = table.weights("holdout")
    return Subject(
        answer=answer,
        columns=table.encoder_columns,
        table={name: column[: len(picked)] for name, column in values.items()},
        matrix=matrix[: len(picked)],
        feature_columns=encoder.feature_columns,
        y=table.target("holdout")[picked],
        weights=None if weights is None else weights[picked],
        rows=table.rows("holdout")[picked],
        task=plan.task,
        metric=plan.metric,
        target=describe_target(target_schema(table.schema, plan), plan, table.classes),
        seed=plan.seed,
        seconds_per_answer=per_answer,
    )


def _time_answers(answer: Answer, matrix: Matrix, monotonic: Callable[[], float]) -> float:
    # Once before, for the first time pays for what is loaded and allocated.
    answer(matrix)
    began = monotonic()
    answer(matrix)
    return max((monotonic() - began) / len(matrix), 1e-9)
