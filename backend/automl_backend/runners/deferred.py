"""A runner that is made when a request first needs one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from automl_core.ports import JobRunner
from automl_core.records import Dataset, Job, ReadOptions


class DeferredRunner:
    """Passes everything on to a runner that is loaded and made at the first call.

    A Lambda function starts anew for one request, and few requests start or stop anything.

    Parameters
    ----------
    make : callable
        Imports and makes the runner.
    """

    def __init__(self, make: Callable[[], JobRunner]) -> None:
        self._make = make

    @cached_property
    def _runner(self) -> JobRunner:
        return self._make()

    def submit(self, job: Job) -> None:
        """Have a pending job run as soon as there is room."""
        self._runner.submit(job)

    def cancel(self, job: Job) -> None:
        """Stop the job's trainer, if it has one."""
        self._runner.cancel(job)

    def read_dataset(self, dataset: Dataset, options: ReadOptions) -> None:
        """Have a data set that is ``profiling`` read and kept."""
        self._runner.read_dataset(dataset, options)

    def is_reading(self, dataset: Dataset) -> bool:
        """Tell whether a ``profiling`` data set is still to be read."""
        return self._runner.is_reading(dataset)

    def ping(self) -> None:
        """Raise ``PlatformError`` if no job would be run."""
        self._runner.ping()
