"""Puts the prediction function together: its settings, its stores, its serving."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from automl_backend.lambdas.prediction_events import PredictionEvents
from automl_backend.services.health import HealthService, check_model_runtime
from automl_backend.services.tokens import HASHES_VARIABLE, TokenHashes, token_hashes
from automl_core.adapters.deployed_models_aws import open_bundles, open_served_jobs
from automl_core.bundle.loaded import LoadedModels
from automl_core.bundle.serving import Serving
from automl_core.errors import ConfigurationError
from automl_core.owners import LOCAL_OWNER

#: The defaults of ``automl_core.settings``, which needs pydantic; a test compares them.
MAX_BODY_BYTES: Final = 8 * 1024**2
MAX_PREDICTION_ROWS: Final = 10_000
LOG_LEVEL: Final = "info"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class InferenceSettings:
    """The settings that this function reads, under the names that the whole platform has.

    Parameters
    ----------
    environment : mapping of str to str

    Raises
    ------
    ConfigurationError
        Naming every variable that is missing or cannot be worked with; the function is
        never open for want of a token.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._wrong: list[str] = []
        self.models_bucket = self._text("S3_BUCKET_MODELS")
        self.jobs_table = self._text("DYNAMODB_JOBS_TABLE")
        self.region = self._text("AWS_REGION")
        self.max_rows = self._number("AUTOML_MAX_PREDICTION_ROWS", MAX_PREDICTION_ROWS)
        self.max_body_bytes = self._number("AUTOML_MAX_BODY_BYTES", MAX_BODY_BYTES)
        self.log_level = self._log_level()
        self.tokens = self._tokens()
        if self._wrong:
            raise ConfigurationError(" ".join(self._wrong))

    def _text(self, name: str) -> str:
        value = self.environment.get(name, "").strip()
        if not value:
            self._wrong.append(f"{name} is not set; Terraform's outputs have its value.")
        return value

    def _number(self, name: str, default: int) -> int:
        text = self.environment.get(name, "").strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            self._wrong.append(f"{name} is {text!r}; it must be a whole number above 0.")
            return default
        return int(text)

    def _log_level(self) -> str:
        level = self.environment.get("AUTOML_LOG_LEVEL", "").strip() or LOG_LEVEL
        if level not in LOG_LEVELS:
            self._wrong.append(
                f"AUTOML_LOG_LEVEL is {level!r}; it must be one of {', '.join(LOG_LEVELS)}."
            )
            return LOG_LEVEL
        return level

    def _tokens(self) -> TokenHashes:
        try:
            return token_hashes(self.environment.get(HASHES_VARIABLE))
        except ConfigurationError as error:
            self._wrong.append(error.detail)
            return TokenHashes(())


def assemble(
    settings: InferenceSettings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
    timer: Callable[[], float] = time.perf_counter,
    new_id: Callable[[], str] = lambda: os.urandom(16).hex(),
) -> PredictionEvents:
    """Connect the serving with the stores that the settings name; asks them nothing yet.

    Raises
    ------
    ConfigurationError
        If there are no credentials, or an endpoint of one's own is no address.
    """
    environment = settings.environment
    region = settings.region
    jobs = open_served_jobs(
        environment, region=region, table=settings.jobs_table, now=now, monotonic=monotonic
    )
    bundles = open_bundles(environment, region=region, bucket=settings.models_bucket)
    serving = Serving(jobs, LoadedModels(bundles), settings.max_rows, timer)

    def close() -> None:
        jobs.close()
        bundles.close()

    return PredictionEvents(
        serving=serving,
        tokens=settings.tokens,
        owner_id=LOCAL_OWNER,
        health=HealthService({"model-runtime": check_model_runtime}),
        max_body_bytes=settings.max_body_bytes,
        new_id=new_id,
        monotonic=timer,
        close=close,
    )
