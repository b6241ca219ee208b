"""What a training costs on AWS Fargate, from a dated price file.

Fargate bills virtual CPUs, memory and a public address by the second from the pull of the
image to the end of the task, for a minute at least.
"""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from importlib import resources

from automl_core.records import Range, Record


class FargatePrices(Record):
    """US dollars an hour; the Spot price floats, the file holds a quoted one."""

    vcpu_hour: float
    gb_hour: float
    spot_vcpu_hour: float
    spot_gb_hour: float
    ipv4_hour: float
    minimum_s: float


class TaskSize(Record):
    """The training container and the seconds that it is billed for before it works."""

    vcpu: float
    memory_gb: float
    start_s: float


class PriceFile(Record):
    """``prices.json``: prices with the day they were read."""

    as_of: date
    region: str
    currency: str
    source: str
    fargate: FargatePrices
    task: TaskSize


@cache
def load_prices() -> PriceFile:
    """Read the price file that ships with the package."""
    text = resources.files("automl_core.tabular").joinpath("prices.json").read_text("utf-8")
    return PriceFile.model_validate(json.loads(text))


def training_cost(seconds: Range, prices: PriceFile | None = None) -> Range:
    """Estimate dollars for a training.

    Parameters
    ----------
    seconds : Range
        Duration of the container's work; its start is added here.
    prices : PriceFile or None
        None: the file that ships with the package.

    Returns
    -------
    Range
        Low: the short duration on Spot; high: the long one on demand.
    """
    prices = prices or load_prices()
    fargate, task = prices.fargate, prices.task
    spot = task.vcpu * fargate.spot_vcpu_hour + task.memory_gb * fargate.spot_gb_hour
    on_demand = task.vcpu * fargate.vcpu_hour + task.memory_gb * fargate.gb_hour

    def cost(dollars_an_hour: float, duration_s: float) -> float:
        billed_s = max(duration_s + task.start_s, fargate.minimum_s)
        return round((dollars_an_hour + fargate.ipv4_hour) * billed_s / 3600, 4)

    return Range(low=cost(spot, seconds.low), high=cost(on_demand, seconds.high))
