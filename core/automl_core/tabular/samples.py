"""Columns on sampled rows, as later blocks of the profile take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.tabular.statistics import Codes, Floats


@dataclass(frozen=True)
class SampleColumn:
    """One column on the sampled rows: numbers with NaN, or codes with -1 where missing.

    Dates are numbers: seconds since 1970, UTC. ``levels`` are the codes' texts, sorted.
    """

    name: str
    numbers: Floats | None = None
    codes: Codes | None = None
    levels: tuple[str, ...] = ()

    @property
    def is_missing(self) -> npt.NDArray[np.bool_]:
        """Mask of shape (n_sampled,)."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        assert self.codes is not None
        return self.codes < 0

    def take(self, rows: Codes | npt.NDArray[np.bool_]) -> SampleColumn:
        """The column on some of its rows: positions or a mask."""
        return SampleColumn(
            self.name,
            numbers=None if self.numbers is None else self.numbers[rows],
            codes=None if self.codes is None else self.codes[rows],
            levels=self.levels,
        )


def sample_of_numbers(name: str, values: Floats) -> SampleColumn:
    """A sampled column of numbers; infinities are missing, as every later block wants it."""
    finite = np.isfinite(values)
    return SampleColumn(name, numbers=values if finite.all() else np.where(finite, values, np.nan))


def encode(name: str, column: npt.NDArray[Any]) -> SampleColumn:
    """Number the texts of a column in their order; -1 where missing."""
    there = ~np.ma.getmaskarray(column)
    codes = np.full(len(column), -1, dtype=np.int64)
    levels: tuple[str, ...] = ()
    if there.any():
        texts = np.ma.getdata(column)[there].tolist()
        positions = {text: i for i, text in enumerate(sorted(set(texts)))}
        codes[there] = np.fromiter(map(positions.__getitem__, texts), np.int64, len(texts))
        levels = tuple(positions)
    return SampleColumn(name, codes=codes, levels=levels)


def only_used(name: str, codes: Codes, levels: tuple[str, ...]) -> SampleColumn:
    """Leave out levels that no sampled row has; the others keep their order."""
    used = np.bincount(codes + 1, minlength=len(levels) + 1)[1:] > 0
    renumbered = np.concatenate(([-1], np.where(used, np.cumsum(used) - 1, -1)))
    kept = tuple(level for level, is_used in zip(levels, used.tolist(), strict=True) if is_used)
    return SampleColumn(name, codes=renumbered[codes + 1].astype(np.int64), levels=kept)
