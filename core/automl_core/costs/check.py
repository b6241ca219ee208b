"""Hold a plan against what it may cost."""

from __future__ import annotations

from datetime import date

from automl_core.costs.forbidden import Forbidden, find_forbidden
from automl_core.costs.idle import idle_month
from automl_core.costs.infrastructure import MONTH_HOURS, Infrastructure
from automl_core.costs.ledger import Bill
from automl_core.costs.predictions import predictions
from automl_core.costs.prices import PriceFile
from automl_core.costs.training_run import training_run
from automl_core.records import Record


class Comparison(Record):
    """What something comparable costs elsewhere."""

    item: str
    dollars: float
    source: str
    read: date


class CostCheck(Record):
    """Every bill of a plan, and what must not be in it."""

    bills: list[Bill]
    forbidden: list[Forbidden]
    comparisons: list[Comparison]
    is_good: bool

    @property
    def verdict(self) -> str:
        """What is wrong, in a sentence; all is well if nothing is."""
        wrong = [
            f"{bill.title} costs ${bill.dollars:.4f}, above ${bill.bar_dollars:g}"
            for bill in self.bills
            if not bill.is_within
        ]
        wrong += [
            f"{each.address} ({each.what}) costs while nobody uses it; {each.instead}"
            for each in self.forbidden
        ]
        return f"{'; '.join(wrong)}." if wrong else "Every bar is kept."


def check_plan(
    plan: Infrastructure, prices: PriceFile, *, with_free_tier: bool = True
) -> CostCheck:
    """Reckon an idle month, a training of five minutes and a million predictions."""
    bills = [
        idle_month(plan, prices, with_free_tier=with_free_tier),
        training_run(plan, prices, with_free_tier=with_free_tier),
        predictions(plan, prices, with_free_tier=with_free_tier),
    ]
    forbidden = find_forbidden(plan, prices)
    is_good = not forbidden and all(bill.is_within for bill in bills)
    return CostCheck(
        bills=bills, forbidden=forbidden, comparisons=comparisons(prices), is_good=is_good
    )


def comparisons(prices: PriceFile) -> list[Comparison]:
    """What SageMaker lists for the same: exploring and training, and an endpoint for a month."""
    priced = (
        ("an hour of a SageMaker Canvas session", "sagemaker_canvas_session_hour", 1),
        ("a month of an ml.m5.xlarge endpoint", "sagemaker_endpoint_m5_xlarge_hour", MONTH_HOURS),
        ("a month of an ml.t3.medium endpoint", "sagemaker_endpoint_t3_medium_hour", MONTH_HOURS),
    )
    return [
        Comparison(
            item=item,
            dollars=prices.dollars(name) * n_units,
            source=prices.prices[name].source,
            read=prices.prices[name].read,
        )
        for item, name, n_units in priced
    ]
