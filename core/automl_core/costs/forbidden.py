"""What must not be in a plan: resources that cost by the hour or month while nobody uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from automl_core.costs.infrastructure import MONTH_HOURS, MONTH_S, Infrastructure, Resource
from automl_core.costs.prices import PriceFile
from automl_core.records import Record


class Forbidden(Record):
    """One resource that may not be there."""

    address: str
    what: str
    dollars_a_month: float | None
    """None: it depends on a size that the price file does not list."""
    instead: str


_Rule = Callable[[Resource, PriceFile], Forbidden | None]

_HOURLY: Final[Mapping[str, tuple[str, str, str]]] = {
    "aws_nat_gateway": (
        "NAT gateway",
        "nat_gateway_hour",
        "run containers in public subnets without ingress",
    ),
    "aws_eip": ("kept public address", "public_ipv4_hour", "let tasks get an address as they run"),
    "aws_lb": ("load balancer", "load_balancer_hour", "use the HTTP API"),
    "aws_alb": ("load balancer", "load_balancer_hour", "use the HTTP API"),
    "aws_elb": ("load balancer", "load_balancer_hour", "use the HTTP API"),
}

_MONTHLY: Final[Mapping[str, tuple[str, str, str]]] = {
    "aws_kms_key": ("customer KMS key", "kms_key_month", "use the keys that AWS manages"),
    "aws_kms_external_key": ("customer KMS key", "kms_key_month", "use the keys that AWS manages"),
    "aws_kms_replica_key": ("customer KMS key", "kms_key_month", "use the keys that AWS manages"),
    "aws_secretsmanager_secret": (
        "secret of Secrets Manager",
        "secret_month",
        "keep hashes in variables and keys in the jobs table",
    ),
    "aws_wafv2_web_acl": ("web ACL of WAF", "web_acl_month", "throttle at the HTTP API"),
    "aws_waf_web_acl": ("web ACL of WAF", "web_acl_month", "throttle at the HTTP API"),
    "aws_route53_zone": ("hosted zone", "hosted_zone_month", "keep the domain's zone elsewhere"),
}

#: Billed by the hour at a price that depends on their size.
_ALWAYS_ON: Final[Mapping[str, str]] = {
    "aws_apprunner_service": "App Runner service",
    "aws_autoscaling_group": "group of EC2 instances",
    "aws_db_instance": "RDS database",
    "aws_dax_cluster": "DAX cluster",
    "aws_docdb_cluster": "DocumentDB cluster",
    "aws_ec2_transit_gateway": "transit gateway",
    "aws_ec2_transit_gateway_vpc_attachment": "attachment of a transit gateway",
    "aws_ecs_service": "ECS service, whose tasks never end",
    "aws_eks_cluster": "EKS cluster",
    "aws_elasticache_cluster": "ElastiCache cluster",
    "aws_elasticache_replication_group": "ElastiCache cluster",
    "aws_elasticache_serverless_cache": "ElastiCache cache, which has a minimum",
    "aws_globalaccelerator_accelerator": "Global Accelerator",
    "aws_instance": "EC2 instance",
    "aws_kinesis_stream": "Kinesis stream",
    "aws_mq_broker": "message broker",
    "aws_msk_cluster": "Kafka cluster",
    "aws_mwaa_environment": "Airflow environment",
    "aws_networkfirewall_firewall": "Network Firewall",
    "aws_opensearch_domain": "OpenSearch domain",
    "aws_opensearchserverless_collection": "OpenSearch collection, which has a minimum",
    "aws_rds_cluster": "Aurora cluster",
    "aws_rds_cluster_instance": "Aurora instance",
    "aws_redshift_cluster": "Redshift cluster",
    "aws_route53_resolver_endpoint": "Route 53 resolver endpoint",
    "aws_sagemaker_domain": "SageMaker domain",
    "aws_sagemaker_endpoint": "SageMaker endpoint",
    "aws_sagemaker_notebook_instance": "SageMaker notebook",
    "aws_shield_protection": "Shield Advanced",
    "aws_vpn_connection": "VPN connection",
}


def find_forbidden(plan: Infrastructure, prices: PriceFile) -> list[Forbidden]:
    """Find every resource of a plan that costs without being used, by address."""
    found = [rule(each, prices) for each in plan.resources for rule in _RULES]
    return sorted((each for each in found if each is not None), key=lambda each: each.address)


def _hourly(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type not in _HOURLY:
        return None
    what, price, instead = _HOURLY[resource.type]
    return _forbid(resource, what, prices.dollars(price) * MONTH_HOURS, instead)


def _monthly(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type not in _MONTHLY:
        return None
    what, price, instead = _MONTHLY[resource.type]
    return _forbid(resource, what, prices.dollars(price), instead)


def _always_on(resource: Resource, prices: PriceFile) -> Forbidden | None:
    what = _ALWAYS_ON.get(resource.type)
    return _forbid(resource, what, None, "use what is billed by request") if what else None


def _endpoint(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type != "aws_vpc_endpoint":
        return None
    kind = resource.values.get("vpc_endpoint_type") or "Gateway"
    if kind == "Gateway":
        return None
    # The subnets may be known only after apply: one at least.
    n_zones = max(1, len(resource.values.get("subnet_ids") or []))
    return _forbid(
        resource,
        f"{kind.lower()} endpoint in {n_zones} zones"
        if n_zones > 1
        else f"{kind.lower()} endpoint",
        prices.dollars("interface_endpoint_hour") * MONTH_HOURS * n_zones,
        "use gateway endpoints (S3, DynamoDB) and public subnets",
    )


def _provisioned_concurrency(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type != "aws_lambda_provisioned_concurrency_config":
        return None
    count = resource.values.get("provisioned_concurrent_executions") or 1
    # The memory stands at the function, which this resource only names: the least there is.
    dollars = prices.dollars("lambda_provisioned_gb_second") * MONTH_S * count * 128 / 1024
    return _forbid(
        resource,
        f"provisioned concurrency of {count} (at 128 MB)",
        dollars,
        "keep cold starts short",
    )


def _snap_start(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type != "aws_lambda_function":
        return None
    if resource.block("snap_start").get("apply_on") != "PublishedVersions":
        return None
    memory_gb = float(resource.values.get("memory_size") or 128) / 1024
    dollars = prices.dollars("lambda_snapstart_cache_gb_second") * MONTH_S * memory_gb
    return _forbid(resource, "SnapStart cache of a version", dollars, "keep cold starts short")


def _provisioned_table(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type != "aws_dynamodb_table":
        return None
    # Provisioned is what a table is where nothing is said.
    if (resource.values.get("billing_mode") or "PROVISIONED") == "PAY_PER_REQUEST":
        return None
    return _forbid(
        resource, "table with provisioned capacity", None, 'set billing_mode = "PAY_PER_REQUEST"'
    )


def _waiting_machines(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type != "aws_batch_compute_environment":
        return None
    n_waiting = resource.block("compute_resources").get("min_vcpus") or 0
    if not n_waiting:
        return None
    return _forbid(
        resource, f"{n_waiting} vCPUs that wait for jobs", None, "use Fargate, or min_vcpus = 0"
    )


def _cache_cluster(resource: Resource, prices: PriceFile) -> Forbidden | None:
    if resource.type != "aws_api_gateway_stage" or not resource.values.get("cache_cluster_enabled"):
        return None
    return _forbid(resource, "cache of an API's stage", None, "use the HTTP API without a cache")


def _forbid(resource: Resource, what: str, dollars: float | None, instead: str) -> Forbidden:
    # What Terraform makes several of is listed one by one: nothing is multiplied here.
    rounded = None if dollars is None else round(dollars, 2)
    return Forbidden(address=resource.address, what=what, dollars_a_month=rounded, instead=instead)


_RULES: Final[tuple[_Rule, ...]] = (
    _hourly,
    _monthly,
    _always_on,
    _endpoint,
    _provisioned_concurrency,
    _snap_start,
    _provisioned_table,
    _waiting_machines,
    _cache_cluster,
)
