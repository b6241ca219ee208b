"""Puts together what talks to AWS Batch: the API's runner, and the watch of the events' function.

Imports neither web framework nor data libraries: the events' package holds none. Nor, before
they are needed, runner and watch: each function uses one of them, and the API's rarely.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from automl_core.errors import ConfigurationError
from automl_core.ports import MetadataStore
from automl_core.settings import Settings, variable

if TYPE_CHECKING:
    from automl_backend.runners.batch import BatchRunner
    from automl_backend.services.job_watch import JobWatch

#: Heartbeats that may be missed before Batch is asked about a trainer.
MISSED_HEARTBEATS = 12


def require_batch(settings: Settings) -> dict[str, str]:
    """Read the settings of Batch, by the fields' names.

    Raises
    ------
    ConfigurationError
        Naming every variable of Batch's that is missing.
    """
    names = ("batch_job_queue", "batch_on_demand_queue", "batch_job_definition", "aws_region")
    found = {name: getattr(settings, name) for name in names}
    missing = [variable(name) for name, value in found.items() if not value]
    if missing:
        raise ConfigurationError(
            f"Set {', '.join(missing)} from the outputs of Terraform: without them the AWS home"
            " runs no job."
        )
    return found


def batch_runner(settings: Settings, metadata: MetadataStore) -> BatchRunner:
    """Make the runner that the settings name; Batch is asked nothing yet.

    Raises
    ------
    ConfigurationError
        Naming every variable of Batch's that is missing.
    """
    from automl_backend.runners.batch import BatchRunner
    from automl_core.adapters.aws_clients import aws_errors, make_client

    found = require_batch(settings)
    return BatchRunner(
        partial(make_client, "batch", region=found["aws_region"]),
        aws_errors,
        metadata,
        queue=found["batch_job_queue"],
        on_demand_queue=found["batch_on_demand_queue"],
        job_definition=found["batch_job_definition"],
        # What trainer and platform must agree on. The stores' names stand in the definition.
        environment={
            variable("heartbeat_s"): f"{settings.heartbeat_s:g}",
            variable("max_columns"): str(settings.max_columns),
            variable("log_level"): settings.log_level,
        },
    )


def build_watch(settings: Settings) -> JobWatch:
    """Open the records and put the watch over Batch's jobs together.

    Raises
    ------
    ConfigurationError
        If the settings are not those of an AWS home.
    """
    from automl_backend.services.job_truth import Patience
    from automl_backend.services.job_watch import JobWatch
    from automl_core.wiring import open_stores

    if settings.home != "aws":
        raise ConfigurationError(
            f"Set {variable('jobs_table')} and the other stores' variables from the outputs of"
            " Terraform: only the AWS home has jobs of Batch to watch."
        )
    metadata = open_stores(settings).metadata
    usual = Patience()
    silence_s = max(usual.silence_s, MISSED_HEARTBEATS * settings.heartbeat_s)
    return JobWatch(
        metadata=metadata,
        trainers=batch_runner(settings, metadata),
        max_attempts=settings.max_attempts,
        patience=replace(usual, silence_s=silence_s, hang_s=max(usual.hang_s, 2 * silence_s)),
        now=lambda: datetime.now(UTC),
    )
