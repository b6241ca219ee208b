"""What a month costs in which nobody does anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from automl_core.costs.forbidden import find_forbidden
from automl_core.costs.infrastructure import Infrastructure, runs_a_month
from automl_core.costs.ledger import Bill, Ledger
from automl_core.costs.prices import PriceFile

#: An idle month may cost so much.
IDLE_BAR_DOLLARS: Final = 0.15

#: Metrics that the functions write into their logs, without dimensions: StuckJobs, LostJobs
#: and UnexpectedErrors. The last two are billed only in hours in which they happen.
LOGGED_METRICS: Final = 3

#: One call of the sweep: half a second, since every few calls are cold starts; a query of
#: one read unit for each status of a job that is not over; three lines of log.
SWEEP_S: Final = 0.5
SWEEP_READS: Final = 3
SWEEP_LOG_BYTES: Final = 1500

#: Records of some hundred jobs and data sets.
TABLES_GB: Final = 0.01

#: AWS bills logs by 10^9 bytes.
_GB_A_BYTE: Final = 1e-9


@dataclass(frozen=True)
class IdleAssumptions:
    """What the plan does not say.

    ``image_gb`` is the training image as the registry keeps it: its packages were measured
    to be 185 MB compressed, the base image is about 45 MB, and the rest is margin. Tags
    share layers; here they share none.
    """

    image_gb: float = 0.35
    n_images: int = 2
    stored_gb: float = 1.0


def idle_month(
    plan: Infrastructure,
    prices: PriceFile,
    *,
    assuming: IdleAssumptions = IdleAssumptions(),
    with_free_tier: bool = True,
) -> Bill:
    """Bill a month without a request.

    Parameters
    ----------
    plan : Infrastructure
        What is built.
    prices : PriceFile
        Prices and allowances.
    assuming : IdleAssumptions
        What lies in buckets and registry.
    with_free_tier : bool
        Whether to take off what is always free.
    """
    ledger = Ledger(prices, with_free_tier=with_free_tier)
    ledger.add(
        "training images",
        "ecr_gb_month",
        assuming.image_gb * assuming.n_images,
        f"{assuming.n_images} kept images of {assuming.image_gb:g} GB that share nothing",
    )
    ledger.add("objects", "s3_gb_month", assuming.stored_gb, "assumed: data sets and models")
    _add_tables(ledger, plan)
    _add_watching(ledger, plan)
    _add_sweep(ledger, plan)
    for found in find_forbidden(plan, prices):
        if found.dollars_a_month is not None:
            ledger.add_dollars(found.what, found.dollars_a_month, found.address)
    return ledger.bill("A month in which nobody does anything", IDLE_BAR_DOLLARS)


def _add_tables(ledger: Ledger, plan: Infrastructure) -> None:
    tables = plan.of_type("aws_dynamodb_table")
    ledger.add(
        "records", "dynamodb_gb_month", TABLES_GB, f"{len(tables)} tables, billed by request"
    )
    backed_up = [each for each in tables if each.block("point_in_time_recovery").get("enabled")]
    if backed_up:
        ledger.add(
            "backups of the records",
            "dynamodb_backup_gb_month",
            TABLES_GB,
            f"point-in-time recovery of {len(backed_up)} tables",
        )


def _add_watching(ledger: Ledger, plan: Infrastructure) -> None:
    alarms = plan.of_type("aws_cloudwatch_metric_alarm")
    watched = sum(_alarm_metrics(each.values.get("metric_query") or []) for each in alarms)
    ledger.add("alarms", "alarm_month", watched, f"{len(alarms)} metric alarms of the plan")
    composite = len(plan.of_type("aws_cloudwatch_composite_alarm"))
    if composite:
        ledger.add("composite alarms", "composite_alarm_month", composite, "in the plan")
    filters = len(plan.of_type("aws_cloudwatch_log_metric_filter"))
    ledger.add(
        "custom metrics",
        "metric_month",
        filters + LOGGED_METRICS,
        f"{filters} log filters of the plan, {LOGGED_METRICS} written by the functions",
    )
    dashboards = len(plan.of_type("aws_cloudwatch_dashboard"))
    ledger.add("dashboards", "dashboard_month", dashboards, "in the plan")


def _alarm_metrics(queries: list[dict[str, object]]) -> int:
    """An alarm on a formula is billed for every metric in it."""
    return sum(bool(query.get("metric")) for query in queries) or 1


def _add_sweep(ledger: Ledger, plan: Infrastructure) -> None:
    scheduler = plan.of_type("aws_scheduler_schedule")
    rules = [
        each
        for each in plan.of_type("aws_cloudwatch_event_rule")
        if each.values.get("schedule_expression")
    ]
    runs = sum(runs_a_month(each) for each in (*scheduler, *rules))
    if not runs:
        return
    function = plan.function("events")
    often = f"{runs:,.0f} calls by schedule"
    if scheduler:
        ledger.add(
            "schedule", "scheduler_invocation", sum(runs_a_month(each) for each in scheduler), often
        )
    ledger.add("sweep: calls", "lambda_request", runs, often)
    ledger.add(
        "sweep: compute",
        function.price,
        runs * SWEEP_S * function.memory_gb,
        f"{SWEEP_S:g} s of {function.memory_gb * 1024:.0f} MB a call",
    )
    ledger.add(
        "sweep: queries", "dynamodb_read", runs * SWEEP_READS, f"{SWEEP_READS} read units a call"
    )
    logged_gb = runs * SWEEP_LOG_BYTES * _GB_A_BYTE
    ledger.add("sweep: log lines", "log_ingest_gb", logged_gb, f"{SWEEP_LOG_BYTES} bytes a call")
    ledger.add("sweep: kept log", "log_gb_month", logged_gb, "a month's lines, kept for a month")
    if function.is_traced:
        ledger.add("sweep: traces", "trace", runs, "each call is traced")
