"""Learn from the training rows how columns become the model's matrix and the target its codes.

The rules are applied by :class:`automl_core.bundle.runtime.Encoder`, here and at prediction.
Nothing here looks at the target when it fits a column, so one fit serves every fold; what does,
is learned inside the folds (``families/target_codes.py``).
"""

from __future__ import annotations

from automl_training.encoding.columns import (
    MIN_CATEGORY_ROWS,
    category_features,
    fit_columns,
)
from automl_training.encoding.target import describe_target, encode_target, json_number

__all__ = [
    "MIN_CATEGORY_ROWS",
    "category_features",
    "describe_target",
    "encode_target",
    "fit_columns",
    "json_number",
]
