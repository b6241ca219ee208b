"""Container entry point: ``python -m automl_training.confirm`` reads one large upload.

The environment names the data set (``DATASET_ID``) and what its owner knows better than
the reader (``AUTOML_READ_OPTIONS``, JSON). The data set ends ready, with its table typed and
profiled, or refused with the reason; where neither can be said, it awaits another confirmation.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from automl_core.errors import (
    AutoMLError,
    ConfigurationError,
    NotFoundError,
    PlatformError,
    StaleRecordError,
    WorkerLostError,
    exit_code,
)
from automl_core.logs import configure_logs
from automl_core.records import Dataset, ReadOptions
from automl_core.settings import Settings, load_settings
from automl_core.tabular.confirm import Confirmer, release, require_same_upload
from automl_core.tabular.schema import ReadLimits
from automl_core.wiring import Stores, kept_tables, open_stores

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReadingOrder:
    """What the environment asks for."""

    dataset_id: str
    options: ReadOptions

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ReadingOrder:
        """Read the container's variables.

        Raises
        ------
        ConfigurationError
            If no data set is named, or the options are none.
        """
        dataset_id = environment.get("DATASET_ID")
        if not dataset_id:
            raise ConfigurationError("Set DATASET_ID: it says which data set is to be read.")
        text = environment.get("AUTOML_READ_OPTIONS") or "{}"
        try:
            options = ReadOptions.model_validate_json(text)
        except ValueError:
            raise ConfigurationError(
                f"AUTOML_READ_OPTIONS must be a JSON object with encoding, delimiter, decimal or"
                f" header, not {text[:200]!r}."
            ) from None
        return cls(dataset_id, options)


def main() -> int:
    """Read the data set that the environment names; return the process's exit code."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level)
        order = ReadingOrder.from_environment(os.environ)
        with closing(open_stores(settings)) as stores:
            return read_dataset(order, settings, stores)
    except AutoMLError as error:
        _LOG.error("%s: %s", error.title, error.detail, extra={"code": error.code})
        return exit_code(error)


def read_dataset(order: ReadingOrder, settings: Settings, stores: Stores) -> int:
    """Read, profile and keep a data set, and write on it how that ended.

    Parameters
    ----------
    order : ReadingOrder
        Which data set, and how to read it.
    settings, stores
        The platform.

    Returns
    -------
    int
        0: ready, or nothing to do.

    Raises
    ------
    AutoMLError
        Its class decides the exit code. 65: the table is refused, with the reason on the data
        set; 66: the data set is gone; 70: it cannot be read as it is now; 75: the platform is
        in trouble, worth another try.
    """
    dataset = stores.metadata.get_dataset(order.dataset_id)
    if dataset.status != "profiling" or dataset.reading != order.options:
        _LOG.info("nothing to read", extra={"dataset_id": order.dataset_id})
        return 0
    try:
        _confirm(dataset, order.options, settings, stores)
    except (PlatformError, StaleRecordError, NotFoundError):
        # Still to be read, by the next try; or confirmed anew, or deleted: not ours to say.
        raise
    except AutoMLError as error:
        # A table that was refused is at another version by now and stays so; everything else
        # awaits another confirmation.
        release(stores.metadata, dataset, error, at=_now())
        raise
    except MemoryError as error:
        short = WorkerLostError(
            "The reader ran out of memory. Upload the table as Parquet or with fewer columns."
        )
        release(stores.metadata, dataset, short, at=_now())
        raise short from error
    return 0


def _confirm(dataset: Dataset, options: ReadOptions, settings: Settings, stores: Stores) -> None:
    confirmer = Confirmer(
        tables=kept_tables(stores),
        limits=ReadLimits(max_columns=settings.max_columns),
        now=_now,
    )
    stat = confirmer.upload_stat(dataset)
    require_same_upload(
        stat, dataset, "The file was replaced while it waited to be read; confirm it again."
    )
    confirmed = confirmer.confirm(dataset, stat, options, with_profile=True)
    _LOG.info(
        "read",
        extra={
            "dataset_id": dataset.dataset_id,
            "n_rows": confirmed.schema.n_rows,
            "n_columns": len(confirmed.schema.columns),
        },
    )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
