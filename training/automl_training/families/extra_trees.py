"""Extra trees: averaged deep trees with random thresholds."""

from __future__ import annotations

from automl_training.families.base import Family
from automl_training.families.forest import read, why_not

FAMILY = Family(
    name="extra_trees",
    title="Extra trees",
    read=read,
    why_not=why_not,
)
