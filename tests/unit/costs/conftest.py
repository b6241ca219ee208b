"""Small plans, written by hand as ``terraform show -json`` writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from automl_core.costs.infrastructure import Infrastructure, read_plan
from automl_core.costs.prices import PriceFile, load_prices


def function(name: str, **values: Any) -> dict[str, Any]:
    quiet = [{"log_format": "JSON", "system_log_level": "WARN"}]
    return resource(
        f"module.{name}.aws_lambda_function.this",
        handler=f"automl_backend.lambdas.{name}.handler",
        **{"memory_size": 512, "architectures": ["x86_64"], "logging_config": quiet} | values,
    )


def resource(address: str, mode: str = "managed", **values: Any) -> dict[str, Any]:
    kind = address.split(".")[-2]
    return {"address": address, "mode": mode, "type": kind, "values": values}


def as_document(*resources: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """Half of the resources in a module of a module, as Terraform nests them."""
    half = len(resources) // 2
    nested = {"child_modules": [{"resources": list(resources[half:])}]}
    return {
        "format_version": "1.2",
        "variables": {name: {"value": value} for name, value in variables.items()},
        "planned_values": {
            "root_module": {"resources": list(resources[:half]), "child_modules": [nested]}
        },
    }


HOME = (
    function("api", memory_size=1024),
    function("inference"),
    function("events"),
    function("authorizer", memory_size=128),
    *(resource(f"aws_cloudwatch_metric_alarm.this[{n}]", metric_query=[]) for n in range(9)),
    resource("aws_cloudwatch_dashboard.this"),
    resource("aws_dynamodb_table.jobs", billing_mode="PAY_PER_REQUEST"),
    resource("aws_scheduler_schedule.sweep", schedule_expression="rate(5 minutes)"),
    resource(
        "aws_apigatewayv2_authorizer.token",
        authorizer_type="REQUEST",
        authorizer_result_ttl_in_seconds=300,
    ),
    resource("aws_batch_compute_environment.spot", compute_resources=[{"type": "FARGATE_SPOT"}]),
    resource("aws_batch_compute_environment.more", compute_resources=[{"type": "FARGATE"}]),
    # As in the first plan: what it holds is known only after apply.
    resource("aws_batch_job_definition.trainer"),
)


@pytest.fixture
def plan_of() -> Callable[..., Infrastructure]:
    """A plan of the usual home with further resources, or without those of some types."""

    def build(
        *more: dict[str, Any], without: tuple[str, ...] = (), **variables: Any
    ) -> Infrastructure:
        kept = [each for each in HOME if each["type"] not in without]
        return read_plan(json.dumps(as_document(*kept, *more, **variables)))

    return build


@pytest.fixture
def home(plan_of: Callable[..., Infrastructure]) -> Infrastructure:
    return plan_of()


@pytest.fixture
def make_function() -> Callable[..., dict[str, Any]]:
    return function


@pytest.fixture
def make_resource() -> Callable[..., dict[str, Any]]:
    return resource


@pytest.fixture
def prices() -> PriceFile:
    return load_prices()
