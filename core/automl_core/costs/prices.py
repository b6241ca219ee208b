"""The price file: list prices in US dollars, each with its unit, its source and its day."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from importlib import resources

from automl_core.records import Record


class Price(Record):
    """What one unit costs."""

    dollars: float
    unit: str
    source: str
    read: date
    """The day on which the source said so."""


class FreeAllowance(Record):
    """What every account gets each month without end; what ends after a year is no part of it."""

    amount: float
    source: str


class PriceFile(Record):
    """``prices.json``."""

    as_of: date
    region: str
    currency: str
    prices: dict[str, Price]
    always_free: dict[str, FreeAllowance]

    def dollars(self, name: str) -> float:
        """Price of one unit."""
        return self.prices[name].dollars

    def free(self, name: str) -> float:
        """Units a month that are always free; 0 where none are."""
        allowance = self.always_free.get(name)
        return allowance.amount if allowance else 0.0


@cache
def load_prices() -> PriceFile:
    """Read the price file that ships with the package."""
    text = resources.files("automl_core.costs").joinpath("prices.json").read_text("utf-8")
    return PriceFile.model_validate(json.loads(text))
