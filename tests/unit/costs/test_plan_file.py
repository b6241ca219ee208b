"""Reading a plan, and the price file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from automl_core.costs.infrastructure import Infrastructure, read_plan, runs_a_month
from automl_core.costs.ledger import Ledger
from automl_core.costs.prices import PriceFile
from automl_core.errors import InvalidInputError

PlanOf = Callable[..., Infrastructure]
Make = Callable[..., dict[str, Any]]


def test_resources_are_found_in_every_module_and_data_sources_are_none(
    plan_of: PlanOf, make_resource: Make
) -> None:
    read = make_resource("data.aws_kms_key.of_aws", mode="data")
    plan = plan_of(make_resource("module.a.module.b.aws_kms_key.ours"), read)

    assert [each.address for each in plan.of_type("aws_kms_key")] == [
        "module.a.module.b.aws_kms_key.ours"
    ]
    assert len(plan.of_type("aws_lambda_function")) == 4


def test_a_state_is_read_like_a_plan(make_function: Make) -> None:
    root = {"resources": [make_function("events", memory_size=256)]}
    state = read_plan(json.dumps({"format_version": "1.0", "values": {"root_module": root}}))

    assert state.function("events").memory_gb == 0.25


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"planned_values": {}}', '{"values": null}', '{"values": {"x": 1}}'],
)
def test_what_is_no_plan_is_refused_and_the_way_to_make_one_told(text: str) -> None:
    with pytest.raises(InvalidInputError, match="terraform show -json PLAN"):
        read_plan(text)


def test_the_plan_of_something_else_is_refused_by_what_it_lacks(plan_of: PlanOf) -> None:
    with pytest.raises(InvalidInputError, match=r"handler ends in '\.lambdas\.events\.handler'"):
        plan_of(without=("aws_lambda_function",)).function("events")


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(5 minutes)", 8760),
        ("rate(1 minute)", 43_800),
        ("rate(2 hours)", 365),
        ("rate(1 day)", 730 / 24),
    ],
)
def test_a_rate_is_counted_over_730_hours(
    plan_of: PlanOf, make_resource: Make, expression: str, runs: float
) -> None:
    rule = make_resource("aws_cloudwatch_event_rule.r", schedule_expression=expression)
    [schedule] = plan_of(rule).of_type("aws_cloudwatch_event_rule")

    assert runs_a_month(schedule) == pytest.approx(runs)


def test_a_schedule_that_is_no_rate_is_refused(plan_of: PlanOf, make_resource: Make) -> None:
    rule = make_resource("aws_cloudwatch_event_rule.r", schedule_expression="cron(0 * * * ? *)")
    [schedule] = plan_of(rule).of_type("aws_cloudwatch_event_rule")

    with pytest.raises(InvalidInputError, match=r"aws_cloudwatch_event_rule\.r runs at 'cron"):
        runs_a_month(schedule)


def test_every_price_names_a_page_of_aws_and_a_day(prices: PriceFile) -> None:
    sources = [*prices.prices.values(), *prices.always_free.values()]
    pages = [word for each in sources for word in each.source.split() if "://" in word]

    assert len(pages) == len(sources)
    assert {urlsplit(page).netloc for page in pages} == {"aws.amazon.com"}
    assert max(each.read for each in prices.prices.values()) == prices.as_of
    assert prices.region == "us-east-1"


def test_a_free_allowance_is_given_once_for_all_lines_together(prices: PriceFile) -> None:
    ledger = Ledger(prices, with_free_tier=True)
    ledger.add("one", "lambda_x86_gb_second", 300_000, "")
    ledger.add("two", "lambda_arm_gb_second", 300_000, "")

    first, second = ledger.bill("b", None).lines

    # 400,000 are free, whatever the processor.
    assert (first.free_quantity, first.dollars) == (300_000, 0)
    assert second.free_quantity == 100_000
    assert second.dollars == pytest.approx(200_000 * 0.0000133334)


def test_without_the_free_tier_every_unit_is_billed(prices: PriceFile) -> None:
    ledger = Ledger(prices, with_free_tier=False)
    ledger.add("alarms", "alarm_month", 9, "")

    assert ledger.bill("b", 0.90).dollars == pytest.approx(0.90)
    assert ledger.bill("b", 0.90).is_within
    assert not ledger.bill("b", 0.89).is_within
