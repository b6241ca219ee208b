"""What is counted of a text column: every value, one hash a row, or an estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_core.tabular.statistics import Codes

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class TextRuns:
    """The different values of a text column in their order, each with its rows and hash."""

    values: tuple[str, ...]
    hashes: Hashes
    rows: Codes
    n_missing: int


@dataclass(frozen=True)
class HashedTexts:
    """A text column as one hash a row; lengths are in characters, of values that are there."""

    hashes: Hashes
    is_missing: npt.NDArray[np.bool_] | None
    length_min: int
    length_mean: float
    length_max: int


@dataclass(frozen=True)
class TextEstimate:
    """What is known of a text column without counting its values; distinct by HyperLogLog."""

    n_distinct: int
    n_present: int
    length_min: int
    length_mean: float
    length_max: int
