"""Lines of a bill: item, quantity, price and dollars, and what is always free of them."""

from __future__ import annotations

from typing import Final

from automl_core.costs.prices import PriceFile
from automl_core.records import Record

#: Prices whose units are taken from one allowance.
_ALLOWANCES: Final = {
    "lambda_x86_gb_second": "lambda_gb_second",
    "lambda_arm_gb_second": "lambda_gb_second",
}


class CostLine(Record):
    """One line of a bill."""

    item: str
    quantity: float
    unit: str
    unit_dollars: float
    free_quantity: float
    """Of the quantity, what every account has free each month without end."""
    dollars: float
    basis: str
    """Where the quantity comes from: the plan, or an assumption and its reason."""


class Bill(Record):
    """An amount with everything that it is made of."""

    title: str
    lines: list[CostLine]
    dollars: float
    bar_dollars: float | None
    """What it may cost at most; None where nothing was agreed upon."""
    is_within: bool
    """Whether it costs no more than that; true where there is no bar."""
    counts_free_tier: bool
    region: str
    prices_as_of: str


class Ledger:
    """Collects the lines of one bill.

    Parameters
    ----------
    prices : PriceFile
        Prices and allowances.
    with_free_tier : bool
        Whether to take off what is always free. Each allowance is one for the whole
        account: another platform in it may have used it up.
    """

    def __init__(self, prices: PriceFile, *, with_free_tier: bool) -> None:
        self.prices = prices
        self._with_free_tier = with_free_tier
        self._used: dict[str, float] = {}
        self._lines: list[CostLine] = []

    def add(self, item: str, price: str, quantity: float, basis: str) -> None:
        """Add a line; ``price`` is a name in the price file."""
        found = self.prices.prices[price]
        allowance = _ALLOWANCES.get(price, price)
        left = self.prices.free(allowance) - self._used.get(allowance, 0.0)
        free = min(quantity, max(left, 0.0)) if self._with_free_tier else 0.0
        self._used[allowance] = self._used.get(allowance, 0.0) + free
        self._lines.append(
            CostLine(
                item=item,
                quantity=quantity,
                unit=found.unit,
                unit_dollars=found.dollars,
                free_quantity=free,
                dollars=(quantity - free) * found.dollars,
                basis=basis,
            )
        )

    def add_dollars(self, item: str, dollars: float, basis: str) -> None:
        """Add a line whose amount is known as a whole."""
        line = CostLine(
            item=item,
            quantity=1,
            unit="month",
            unit_dollars=dollars,
            free_quantity=0,
            dollars=dollars,
            basis=basis,
        )
        self._lines.append(line)

    def bill(self, title: str, bar_dollars: float | None) -> Bill:
        """Sum up."""
        total = sum(line.dollars for line in self._lines)
        return Bill(
            title=title,
            lines=self._lines,
            dollars=total,
            bar_dollars=bar_dollars,
            # A price is a decimal fraction: what is exactly at the bar must not fail by 1e-17.
            is_within=bar_dollars is None or round(total, 9) <= bar_dollars,
            counts_free_tier=self._with_free_tier,
            region=self.prices.region,
            prices_as_of=self.prices.as_of.isoformat(),
        )
