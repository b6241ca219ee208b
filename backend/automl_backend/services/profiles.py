"""Profiles: what is in a table, computed when first asked for and kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from automl_backend.services.access import Caller
from automl_backend.services.datasets import DatasetService
from automl_core.errors import NotFoundError, PlatformError
from automl_core.layout import PROFILE, dataset_prefix
from automl_core.ports import ObjectStat
from automl_core.records import Dataset
from automl_core.tabular.kept import KeptTables, kept_key

__all__ = ["ProfileService", "StoredProfile"]


@dataclass(frozen=True)
class StoredProfile:
    """A profile that is kept: what tells it from others, and its bytes when they are wanted."""

    etag: str
    read: Callable[[], bytes]
    """JSON, as it lies in the store."""


@dataclass(frozen=True, eq=False, repr=False)
class ProfileService:
    """Profiles of data sets, kept as objects beside their typed tables."""

    datasets: DatasetService
    tables: KeptTables
    max_bytes: int | None
    """Of an upload whose profile a request makes; None: any. Larger tables bring theirs along:
    whoever reads them for the platform makes it."""
    # One profile at a time: who asked second finds what the first one had made.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, caller: Caller, dataset_id: str) -> StoredProfile:
        """Find the profile, computing it from the typed table if nobody has asked before.

        Raises
        ------
        DatasetNotReadyError
            If the data set was not confirmed, or refused.
        PlatformError
            If the table is too large to be profiled by a request.
        """
        dataset = self.datasets.ready(caller, dataset_id)
        found = self._stored(dataset)
        if found is None:
            with self._lock:
                # It may have been read anew, and profiled, while this waited for its turn.
                dataset = self.datasets.ready(caller, dataset_id)
                found = self._stored(dataset) or self._make(dataset)
        return StoredProfile(found.etag, partial(self.tables.objects.get, found.key))

    def cached(self, dataset: Dataset) -> dict[str, Any] | None:
        """Read the profile if there is one; of what was kept before tables were, there is none."""
        if dataset.kept is None:
            return None
        try:
            found: dict[str, Any] = json.loads(self.tables.objects.get(kept_key(dataset, PROFILE)))
        except NotFoundError:
            return None
        return found

    def _stored(self, dataset: Dataset) -> ObjectStat | None:
        if dataset.kept is None:
            return None
        try:
            return self.tables.objects.stat(kept_key(dataset, PROFILE))
        except NotFoundError:
            return None

    def _make(self, dataset: Dataset) -> ObjectStat:
        size = dataset.file_size or 0
        if self.max_bytes is not None and size > self.max_bytes:
            raise PlatformError(
                f"The profile of this table of {size:,} bytes is not there, and a request makes"
                f" none of more than {self.max_bytes:,}. The table can still be trained on; for"
                f" its profile, confirm it again (POST /datasets/{dataset.dataset_id}/confirm)."
            )
        objects = self.tables.objects
        with TemporaryDirectory(prefix="automl-profile-") as place:
            folder = Path(place)
            table = self.tables.fetch(dataset, folder)
            self.tables.work.profile(folder)
            key = kept_key(table.dataset, PROFILE)
            objects.put_file(key, folder / PROFILE)
        try:
            present = self.tables.metadata.get_dataset(dataset.dataset_id)
        except NotFoundError:
            # Deleted meanwhile: this came after the deletion had looked.
            objects.delete_prefix(dataset_prefix(dataset.dataset_id))
            raise
        if present.kept != table.dataset.kept:
            objects.delete(key)
            raise PlatformError("This data set was read anew while it was profiled; ask again.")
        return objects.stat(key)
