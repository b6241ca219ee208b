"""Linear models: logistic regression and ridge on scaled numbers and one-hot categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from automl_core.records import Task
from automl_training.families.base import Family, Traits
from automl_training.families.parts import LinearPart, Link

#: Categories with more codes than this are left out: one weight per value would be learned
#: from too few rows each, and would widen the design matrix for nothing.
MAX_ONE_HOT_CODES = 50
#: Columns of the design matrix beyond which the solvers take too long for one trial.
MAX_DESIGN_COLUMNS = 2_000
#: Cells of the design matrix, 8 bytes each: half a gigabyte with the solver's copy.
MAX_DESIGN_CELLS = 30_000_000
#: Enough for standardised features; the search must not wait for more.
MAX_ITERATIONS = 200


class DesignMatrix(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Turn the encoded matrix into what a linear model can weigh, in float64.

    Numbers: missing filled with the median, then standardised. Categories: one column per
    code, missing and unknown among them; a code outside the known range gives zeros.

    Parameters
    ----------
    category_features : mapping of int to int
        Matrix column of each category, and its number of codes.
    """

    def __init__(self, category_features: Mapping[int, int]) -> None:
        self.category_features = category_features

    def fit(self, X: npt.NDArray[Any], y: object = None) -> DesignMatrix:  # noqa: N803 - sklearn's
        """Learn medians, means and scales of the numbers."""
        del y
        self.n_features_in_ = X.shape[1]
        self.numbers_ = np.array(
            [i for i in range(X.shape[1]) if i not in self.category_features], dtype=np.int64
        )
        hot = [
            (column, code)
            for column, n_codes in sorted(self.category_features.items())
            if n_codes <= MAX_ONE_HOT_CODES
            for code in range(n_codes)
        ]
        self.hot_columns_ = np.array([column for column, _ in hot], dtype=np.int64)
        self.hot_codes_ = np.array([code for _, code in hot], dtype=np.float32)
        numbers = X[:, self.numbers_].astype(np.float64)
        is_empty = np.isnan(numbers).all(axis=0)
        numbers[:, is_empty] = 0.0
        self.medians_ = np.nanmedian(numbers, axis=0) if numbers.size else np.zeros(0)
        filled = np.where(np.isnan(numbers), self.medians_, numbers)
        self.means_ = filled.mean(axis=0)
        spread = filled.std(axis=0)
        self.scales_ = np.where(spread > 0, spread, 1.0)
        return self

    def transform(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:  # noqa: N803 - sklearn's
        """Make the design matrix: numbers first, then one column per category code."""
        numbers = X[:, self.numbers_].astype(np.float64)
        numbers = np.where(np.isnan(numbers), self.medians_, numbers)
        numbers = (numbers - self.means_) / self.scales_
        hot = X[:, self.hot_columns_] == self.hot_codes_
        return np.hstack([numbers, hot.astype(np.float64)])


class LinearPipeline(Pipeline):  # type: ignore[misc] # sklearn is untyped
    """A pipeline that keeps the linear algebra's threads within a limit while fitting."""

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        n_threads: int = 1,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any = None, **params: Any) -> LinearPipeline:  # noqa: N803 - sklearn's
        """Fit all steps; ``params`` go to them (``model__sample_weight``)."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=self.n_threads):
            super().fit(X, y, **params)
        return self


def build(
    config: Mapping[str, Any],
    *,
    task: Task,
    category_features: Mapping[int, int],
    seed: int,
    n_threads: int,
) -> LinearPipeline:
    """Make an unfitted linear model.

    Parameters
    ----------
    config : mapping
        ``C`` (inverse strength of the L2 penalty, default 1) for classification,
        ``alpha`` (strength, default 1) for regression.
    category_features : mapping of int to int
        From ``encoding.category_features``.
    n_threads : int
        Limit for the linear algebra library while fitting.

    Returns
    -------
    LinearPipeline
        Steps ``design`` and ``model``; sample weights as ``model__sample_weight``.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regression":
        model: Any = Ridge(alpha=float(config.get("alpha", 1.0)), random_state=seed)
    else:
        model = LogisticRegression(
            C=float(config.get("C", 1.0)), max_iter=MAX_ITERATIONS, random_state=seed
        )
    design = DesignMatrix(dict(category_features))
    return LinearPipeline([("design", design), ("model", model)], n_threads=n_threads)


def count_columns(n_features: int, category_features: Mapping[int, int]) -> int:
    """Columns of the design matrix; ``Traits.n_onehot``.

    >>> count_columns(3, {1: 4, 2: 500})
    5
    """
    codes = [n for n in category_features.values() if n <= MAX_ONE_HOT_CODES]
    return n_features - len(category_features) + sum(codes)


def why_not(traits: Traits) -> str | None:
    """Say why a linear model does not suit the data, if it does not."""
    if traits.n_onehot == 0:
        return f"no number, and no category with at most {MAX_ONE_HOT_CODES - 2} known values"
    if traits.n_onehot > MAX_DESIGN_COLUMNS:
        return f"{traits.n_onehot:,} columns after one-hot coding (limit {MAX_DESIGN_COLUMNS:,})"
    cells = traits.n_onehot * traits.n_rows
    if cells > MAX_DESIGN_CELLS:
        return f"{cells:,} cells after one-hot coding (limit {MAX_DESIGN_CELLS:,})"
    return None


def read(estimator: Any, task: Task, n_classes: int) -> LinearPart:
    """Read a fitted pipeline of :func:`build`."""
    del n_classes
    design, model = estimator.named_steps["design"], estimator.named_steps["model"]
    links: dict[Task, Link] = {
        "binary": "logistic", "multiclass": "softmax", "regression": "identity"
    }  # fmt: skip
    return LinearPart(
        numbers=design.numbers_,
        medians=design.medians_,
        means=design.means_,
        scales=design.scales_,
        hot_columns=design.hot_columns_,
        hot_codes=design.hot_codes_,
        weights=np.atleast_2d(model.coef_).T.astype(np.float64),
        bias=np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64)),
        link=links[task],
    )


FAMILY = Family(name="linear", title="Linear model", read=read, why_not=why_not)
