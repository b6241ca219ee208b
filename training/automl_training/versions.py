"""Versions of everything that a model's answers depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

#: Distributions whose version can change a model; the last ones answer its predictions.
_DISTRIBUTIONS = (
    "automl-training",
    "flaml",
    "scikit-learn",
    "lightgbm",
    "xgboost-cpu",
    "onnx",
    "onnxruntime",
    "numpy",
)


def library_versions() -> dict[str, str]:
    """Name each library with its version; what is not installed is left out."""
    versions = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
