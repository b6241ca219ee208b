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
from automl_core.errors import DatasetChangedError
from automl_core.layout import PROFILE, UPLOAD, dataset_key
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.records import Dataset
from automl_core.tabular.schema import TableSchema

#: Makes ``profile.json`` of a downloaded upload and its schema.
ComputeProfile = Callable[[Path, TableSchema], dict[str, Any]]


@dataclass(frozen=True)
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
        key = _profile_key(dataset)
        if not self.objects.exists(key):
            return None
        profile: dict[str, Any] = json.loads(self.objects.get(key))
        return profile

    def _make(self, dataset: Dataset, schema: TableSchema) -> dict[str, Any]:
        key = dataset_key(dataset.dataset_id, UPLOAD)
        stat = self.objects.stat(key)
        if (stat.etag, stat.object_version) != (dataset.etag, dataset.object_version):
            raise DatasetChangedError(
                "The file was replaced after this data set had been confirmed;"
                " upload it as a new data set."
            )
        with TemporaryDirectory(prefix="automl-profile-") as folder:
            upload = Path(folder) / UPLOAD
            self.objects.download(key, upload)
            profile = self.compute(upload, schema)
        self.objects.put(_profile_key(dataset), json.dumps(profile, allow_nan=False).encode())
        return profile


def _profile_key(dataset: Dataset) -> str:
    # The version counts readings of the file: other options, another profile.
    return dataset_key(dataset.dataset_id, f"v{dataset.version}/{PROFILE}")


def profile_in_process(upload: Path, schema: TableSchema) -> dict[str, Any]:
    """Profile a downloaded upload in this process; needs room for the whole table."""
    from automl_core.tabular.convert import write_parquet
    from automl_core.tabular.profile import profile_table

    with TemporaryDirectory(prefix="automl-table-") as folder:
        parquet = Path(folder) / "table.parquet"
        write_parquet(lambda: upload.open("rb"), schema, parquet, scratch=Path(folder))
        return profile_table(parquet, schema, target=None)
