"""Random forest: averaged deep trees on resampled rows."""

from __future__ import annotations

from automl_training.families.base import Family
from automl_training.families.forest import to_onnx, why_not

FAMILY = Family(
    name="random_forest", title="Random forest", flaml_name="rf", to_onnx=to_onnx, why_not=why_not
)
