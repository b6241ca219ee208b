"""What one training costs on the infrastructure of a plan, with everything around it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from automl_core.costs.infrastructure import Infrastructure
from automl_core.costs.ledger import Bill, Ledger
from automl_core.costs.prices import PriceFile
from automl_core.costs.training import billed_seconds, task_size
from automl_core.errors import InvalidInputError

#: A training of five minutes on Spot capacity may cost so much.
TRAINING_BAR_DOLLARS: Final = 0.005
FIVE_MINUTES_S: Final = 300.0

#: A table of 337,000 rows and 19 columns.
USUAL_FILE_BYTES: Final = 30_000_000

#: Gigabytes of disk that come with a task.
INCLUDED_DISK_GB: Final = 20

#: Objects of a job (artifacts, each once, and its log after each stage), and how often they
#: are looked at or read.
OBJECTS_WRITTEN: Final = 40
OBJECTS_READ: Final = 50

#: Writes of a job's record, counting the indexes that follow it: about fifteen changes of
#: 3 kB in the table and four indexes.
RECORD_WRITE_UNITS: Final = 250
#: Seconds between two heartbeats: each writes its progress and reads the job.
HEARTBEAT_S: Final = 5.0

#: State changes of AWS Batch that the events function follows: RUNNING and the end.
STATE_CHANGES: Final = 2
EVENT_S: Final = 0.5

#: Calls that upload, confirm and start, and one every five seconds to watch.
STARTING_CALLS: Final = 10
WATCHING_S: Final = 5.0
CALL_S: Final = 0.02

LOG_BYTES: Final = 20_000
_GB_A_BYTE: Final = 1e-9


@dataclass(frozen=True)
class _Container:
    """What the job definition says beside its size."""

    is_arm: bool
    has_address: bool
    disk_gb: float


def training_run(
    plan: Infrastructure,
    prices: PriceFile,
    *,
    work_s: float = FIVE_MINUTES_S,
    file_size_bytes: int = USUAL_FILE_BYTES,
    is_spot: bool = True,
    with_free_tier: bool = True,
) -> Bill:
    """Bill one training.

    Parameters
    ----------
    plan : Infrastructure
        What is built.
    prices : PriceFile
        Prices and allowances.
    work_s : float
        Seconds between the trainer's first and last line.
    file_size_bytes : int
        Size of the CSV; decides about the container.
    is_spot : bool
        Whether it runs on Spot capacity, as first attempts do.
    with_free_tier : bool
        Whether to take off what is always free.

    Returns
    -------
    Bill
        With a bar if it is five minutes on Spot capacity with the usual table.

    Raises
    ------
    InvalidInputError
        If the plan has no compute environment of the kind asked for.
    """
    _require_capacity(plan, is_spot=is_spot)
    container, size = _container(plan), task_size(file_size_bytes)
    ledger = Ledger(prices, with_free_tier=with_free_tier)
    hours = billed_seconds(work_s, size) / 3600
    what = f"{work_s:g} s of work and {size.start_s:g} s of start"
    kind, where = _price_kind(container, is_spot=is_spot)
    ledger.add(
        "container: processors",
        f"{kind}_vcpu_hour",
        size.vcpu * hours,
        f"{size.vcpu:g} {where}; {what}",
    )
    ledger.add(
        "container: memory",
        f"{kind}_gb_hour",
        size.memory_gb * hours,
        f"{size.memory_gb:g} GB; {what}",
    )
    disk_gb = container.disk_gb - INCLUDED_DISK_GB
    if disk_gb > 0:
        ledger.add(
            "container: disk",
            "fargate_storage_gb_hour",
            disk_gb * hours,
            f"{container.disk_gb:g} GB, {INCLUDED_DISK_GB} of them included",
        )
    if container.has_address:
        ledger.add("container: public address", "public_ipv4_hour", hours, what)
    beats = work_s / HEARTBEAT_S
    ledger.add("artifacts written", "s3_put", OBJECTS_WRITTEN, "each once; the log by stage")
    ledger.add("artifacts read", "s3_get", OBJECTS_READ, "checked and downloaded")
    ledger.add(
        "records written",
        "dynamodb_write",
        RECORD_WRITE_UNITS + beats,
        f"{RECORD_WRITE_UNITS} units with indexes; one a heartbeat, every {HEARTBEAT_S:g} s",
    )
    _add_calls(ledger, plan, hours * 3600, beats)
    ledger.add("log of the trainer", "log_ingest_gb", LOG_BYTES * _GB_A_BYTE, f"{LOG_BYTES} bytes")
    capacity = "Spot capacity" if is_spot else "demand"
    is_agreed = is_spot and (work_s, file_size_bytes) == (FIVE_MINUTES_S, USUAL_FILE_BYTES)
    return ledger.bill(
        f"A training of {work_s / 60:g} minutes on {capacity}",
        TRAINING_BAR_DOLLARS if is_agreed else None,
    )


def _add_calls(ledger: Ledger, plan: Infrastructure, billed_s: float, beats: float) -> None:
    api, events = plan.function("api"), plan.function("events")
    calls = STARTING_CALLS + billed_s / WATCHING_S
    ledger.add("records read", "dynamodb_read", calls + beats, "one unit a heartbeat and a request")
    ledger.add(
        "requests",
        "http_api_request",
        calls,
        f"{STARTING_CALLS} to start it, one every {WATCHING_S:g} s to watch it",
    )
    ledger.add("calls of functions", "lambda_request", calls + STATE_CHANGES, "API and events")
    ledger.add(
        "compute of the API",
        api.price,
        calls * CALL_S * api.memory_gb,
        f"{CALL_S * 1000:g} ms of {api.memory_gb * 1024:.0f} MB a call",
    )
    ledger.add(
        "compute of the events",
        events.price,
        STATE_CHANGES * EVENT_S * events.memory_gb,
        f"{STATE_CHANGES} state changes of {EVENT_S:g} s",
    )


def _require_capacity(plan: Infrastructure, *, is_spot: bool) -> None:
    wanted = "FARGATE_SPOT" if is_spot else "FARGATE"
    found = [
        each.block("compute_resources").get("type")
        for each in plan.of_type("aws_batch_compute_environment")
    ]
    if wanted not in found:
        raise InvalidInputError(
            f"The plan has no compute environment of type {wanted}, only {found or 'none'}; give "
            "the plan of infrastructure/."
        )


def _price_kind(container: _Container, *, is_spot: bool) -> tuple[str, str]:
    """Name of the price, and how to tell the processors."""
    if is_spot:
        # No Spot price for Arm is listed in the file; it is no higher than that for x86.
        other = " (at the price of x86)" if container.is_arm else ""
        return "fargate_spot", f"vCPUs on Spot capacity{other}"
    return ("fargate_arm", "Arm vCPUs") if container.is_arm else ("fargate", "vCPUs")


def _container(plan: Infrastructure) -> _Container:
    """Read the job definition; where it is known only after apply, the plan's variables."""
    definitions = plan.of_type("aws_batch_job_definition")
    if not definitions:
        raise InvalidInputError(
            "The plan has no Batch job definition; give the plan of infrastructure/."
        )
    text = definitions[0].values.get("container_properties")
    if text is None:
        return _Container(
            is_arm=plan.variables.get("training_architecture") == "arm64",
            has_address=True,
            disk_gb=float(plan.variables.get("training_disk_gib") or INCLUDED_DISK_GB),
        )
    properties: dict[str, Any] = json.loads(text)
    platform = properties.get("runtimePlatform") or {}
    network = properties.get("networkConfiguration") or {}
    disk = properties.get("ephemeralStorage") or {}
    return _Container(
        is_arm=platform.get("cpuArchitecture") == "ARM64",
        has_address=network.get("assignPublicIp") == "ENABLED",
        disk_gb=float(disk.get("sizeInGiB") or INCLUDED_DISK_GB),
    )
