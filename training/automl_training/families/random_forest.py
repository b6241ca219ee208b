"""Random forest: averaged deep trees on resampled rows."""

from __future__ import annotations

from automl_training.families.base import Family
from automl_training.families.forest import read, why_not

FAMILY = Family(name="random_forest", title="Random forest", read=read, why_not=why_not)
