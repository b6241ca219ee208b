"""What must not be in a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from automl_core.costs.forbidden import find_forbidden
from automl_core.costs.infrastructure import Infrastructure
from automl_core.costs.prices import PriceFile

PlanOf = Callable[..., Infrastructure]
Make = Callable[..., dict[str, Any]]

FORBIDDEN = [
    ("aws_nat_gateway.x", {}, 32.85),
    ("aws_eip.x", {}, 3.65),
    ("aws_lb.x", {}, 16.43),
    ("aws_kms_key.x", {}, 1.00),
    ("aws_secretsmanager_secret.x", {}, 0.40),
    ("aws_wafv2_web_acl.x", {}, 5.00),
    ("aws_route53_zone.x", {}, 0.50),
    ("aws_vpc_endpoint.x", {"vpc_endpoint_type": "Interface"}, 7.30),
    (
        "aws_vpc_endpoint.x",
        {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b", "c"]},
        21.90,
    ),
    (
        "aws_lambda_provisioned_concurrency_config.x",
        {"provisioned_concurrent_executions": 2},
        # 2 of 128 MB for 2,628,000 s.
        2.74,
    ),
    (
        "aws_lambda_function.x",
        {"snap_start": [{"apply_on": "PublishedVersions"}], "memory_size": 1024},
        3.95,
    ),
    ("aws_dynamodb_table.x", {"billing_mode": "PROVISIONED"}, None),
    ("aws_dynamodb_table.x", {}, None),
    ("aws_batch_compute_environment.x", {"compute_resources": [{"min_vcpus": 2}]}, None),
    ("aws_api_gateway_stage.x", {"cache_cluster_enabled": True}, None),
    ("aws_instance.x", {}, None),
    ("aws_db_instance.x", {}, None),
    ("aws_eks_cluster.x", {}, None),
    ("aws_sagemaker_endpoint.x", {}, None),
    ("aws_opensearchserverless_collection.x", {}, None),
]

ALLOWED = [
    ("aws_vpc_endpoint.x", {}),
    ("aws_vpc_endpoint.x", {"vpc_endpoint_type": "Gateway"}),
    ("aws_dynamodb_table.x", {"billing_mode": "PAY_PER_REQUEST"}),
    ("aws_batch_compute_environment.x", {"compute_resources": [{"type": "FARGATE_SPOT"}]}),
    ("aws_batch_compute_environment.x", {"compute_resources": [{"min_vcpus": 0}]}),
    ("aws_lambda_function.x", {"snap_start": [{"apply_on": "None"}]}),
    ("aws_lambda_function.x", {"snap_start": []}),
    ("aws_api_gateway_stage.x", {"cache_cluster_enabled": False}),
    ("aws_internet_gateway.x", {}),
    ("aws_s3_bucket.x", {}),
    ("aws_cloudfront_distribution.x", {}),
]


@pytest.mark.parametrize(("address", "values", "dollars"), FORBIDDEN)
def test_what_costs_while_nobody_uses_it_is_found_with_its_price(
    plan_of: PlanOf,
    make_resource: Make,
    prices: PriceFile,
    *,
    address: str,
    values: dict[str, Any],
    dollars: float | None,
) -> None:
    plan = plan_of(make_resource(f"module.m.{address}", **values))

    [found] = find_forbidden(plan, prices)

    assert found.address == f"module.m.{address}"
    assert found.instead
    assert found.dollars_a_month == (None if dollars is None else pytest.approx(dollars, abs=0.006))


@pytest.mark.parametrize(("address", "values"), ALLOWED)
def test_what_is_billed_by_use_is_not_forbidden(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile, address: str, values: dict[str, Any]
) -> None:
    assert find_forbidden(plan_of(make_resource(address, **values)), prices) == []


def test_data_sources_are_not_forbidden(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    read = make_resource("data.aws_kms_key.of_aws", mode="data")

    assert find_forbidden(plan_of(read), prices) == []


def test_all_are_found_in_the_order_of_their_addresses(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    plan = plan_of(*(make_resource(f"aws_eip.x[{n}]") for n in (2, 0, 1)))

    assert [each.address for each in find_forbidden(plan, prices)] == [
        "aws_eip.x[0]",
        "aws_eip.x[1]",
        "aws_eip.x[2]",
    ]
