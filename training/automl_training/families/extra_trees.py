"""Extra trees: averaged deep trees with random thresholds."""

from __future__ import annotations

from automl_training.families.base import Family
from automl_training.families.forest import to_onnx, why_not

FAMILY = Family(
    name="extra_trees",
    title="Extra trees",
    flaml_name="extra_tree",
    to_onnx=to_onnx,
    why_not=why_not,
)
