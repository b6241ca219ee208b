"""The model families that the search may try, each with its exact way into ONNX."""

from __future__ import annotations

from automl_core.records import FamilyName
from automl_training.families import (
    extra_trees,
    hist_gradient_boosting,
    lightgbm,
    linear,
    random_forest,
    xgboost,
)
from automl_training.families.base import (
    Candidate,
    Family,
    ModelName,
    Traits,
    predict_matrix,
)
from automl_training.families.blend import Blend
from automl_training.families.calibrator import Calibrator
from automl_training.families.coded import Coded

__all__ = [
    "FAMILIES",
    "Blend",
    "Calibrator",
    "Candidate",
    "Coded",
    "Family",
    "ModelName",
    "Traits",
    "family",
    "predict_matrix",
]

#: In the order in which the search tries them: the cheap and strong ones first.
FAMILIES: tuple[Family, ...] = (
    lightgbm.FAMILY,
    xgboost.FAMILY,
    hist_gradient_boosting.FAMILY,
    extra_trees.FAMILY,
    random_forest.FAMILY,
    linear.FAMILY,
)


def family(name: FamilyName) -> Family:
    """Find a family by the record's word for it."""
    return next(one for one in FAMILIES if one.name == name)
