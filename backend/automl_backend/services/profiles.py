"""Profiles: what is in a table, computed when first asked for and kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from automl_backend.services.access import Caller
from automl_backend.services.datasets import DatasetService
from automl_core.errors import PlatformError
from automl_core.layout import UPLOAD, dataset_key
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.records import Dataset
from automl_core.tabular.confirm import profile_in_process, profile_key, require_same_upload
from automl_core.tabular.schema import TableSchema

__all__ = ["ComputeProfile", "ProfileService", "SmallTableProfile", "profile_in_process"]

#: Makes ``profile.json`` of a downloaded upload and its schema.
ComputeProfile = Callable[[Path, TableSchema], dict[str, Any]]


@dataclass(frozen=True)
class SmallTableProfile:
    """Profiles in this process, where memory and time are those of one request.

    Larger tables bring their profile along: whoever reads them for the platform makes it.
    """

    max_bytes: int | None
    """Of the upload; None: any."""

    def __call__(self, upload: Path, schema: TableSchema) -> dict[str, Any]:
        """Profile a downloaded upload.

        Raises
        ------
        PlatformError
            If the upload is too large to be profiled here.
        """
        size = upload.stat().st_size
        if self.max_bytes is not None and size > self.max_bytes:
            raise PlatformError(
                f"The profile of this table of {size:,} bytes is not there, and a request makes"
                f" none of more than {self.max_bytes:,}. The table can still be trained on; for"
                " its profile, upload it again."
            )
        return profile_in_process(upload, schema)


@dataclass(frozen=True, eq=False, repr=False)
class ProfileService:
    """Profiles of data sets, cached as objects beside them."""

    metadata: MetadataStore
    objects: ObjectStore
    datasets: DatasetService
    compute: ComputeProfile
    # One profile at a time: each holds a whole table in memory.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, caller: Caller, dataset_id: str) -> dict[str, Any]:
        """Read the profile, computing it if nobody has asked before."""
        dataset, schema = self.datasets.table(caller, dataset_id)
        profile = self.cached(dataset)
        if profile is not None:
            return profile
        with self._lock:
            return self.cached(dataset) or self._make(dataset, schema)

    def cached(self, dataset: Dataset) -> dict[str, Any] | None:
        """Read the profile if it was computed for the bytes that were confirmed."""
        key = profile_key(dataset.dataset_id, dataset.version)
        if not self.objects.exists(key):
            return None
        profile: dict[str, Any] = json.loads(self.objects.get(key))
        return profile

    def _make(self, dataset: Dataset, schema: TableSchema) -> dict[str, Any]:
        key = dataset_key(dataset.dataset_id, UPLOAD)
        stat = self.objects.stat(key)
        require_same_upload(
            stat,
            dataset,
            "The file was replaced after this data set had been confirmed;"
            " upload it as a new data set.",
        )
        with TemporaryDirectory(prefix="automl-profile-") as folder:
            upload = Path(folder) / UPLOAD
            self.objects.download(key, upload)
            profile = self.compute(upload, schema)
        self.objects.put(
            profile_key(dataset.dataset_id, dataset.version),
            json.dumps(profile, allow_nan=False).encode(),
        )
        return profile
