"""Data sets on stores in memory, as the platform of today keeps them, and as the one before did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from automl_core.adapters.metadata_store_memory import MemoryMetadataStore
from automl_core.adapters.object_store_memory import MemoryObjectStore
from automl_core.adapters.signing import Signer
from automl_core.layout import UPLOAD, dataset_key, dataset_prefix
from automl_core.records import Dataset, ReadOptions
from automl_core.tabular.confirm import Confirmed, Confirmer
from automl_core.tabular.kept import KeptTables, TypedTable
from automl_core.tabular.schema import ReadLimits
from automl_core.tabular.work import ReadOrder, TableWork, WorkHere

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
CELLS = b"a,b,c\n" + b"".join(
    b"%d,%d.5,%s\n" % (n, n, b"xyz"[n % 3 : n % 3 + 1]) for n in range(50)
)

#: What a platform wrote that kept no tables: upload, documents and record, byte for byte.
STORED_BEFORE = Path(__file__).parent / "stored_before"


class CountingWork:
    """Does the work here, and counts it; may let something happen in between."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.done: list[str] = []
        self.meanwhile = meanwhile
        self._here = WorkHere()

    def read(self, upload: Path, folder: Path, order: ReadOrder) -> None:
        self.done.append("read")
        self._here.read(upload, folder, order)
        self.meanwhile()

    def convert(self, upload: Path, folder: Path) -> None:
        self.done.append("convert")
        self._here.convert(upload, folder)
        self.meanwhile()

    def profile(self, folder: Path) -> None:
        self.done.append("profile")
        self._here.profile(folder)


@dataclass
class Home:
    """Stores, and what is done on them."""

    folder: Path
    objects: MemoryObjectStore = field(
        default_factory=lambda: MemoryObjectStore(
            Signer(b"a secret for tests only"), "http://127.0.0.1:8000", lambda: BEGAN
        )
    )
    metadata: MemoryMetadataStore = field(default_factory=MemoryMetadataStore)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def tables(self, work: TableWork | None = None) -> KeptTables:
        return KeptTables(
            self.metadata, self.objects, work or WorkHere(), lambda: f"t{next(self.numbers)}"
        )

    def add(self, data: bytes = CELLS) -> Dataset:
        """Record a data set whose upload has arrived."""
        self.objects.put(dataset_key("d1", UPLOAD), data)
        self.metadata.add_dataset(
            Dataset(
                dataset_id="d1",
                filename="t.csv",
                content_type="text/csv",
                created_at=BEGAN,
                updated_at=BEGAN,
            )
        )
        return self.dataset

    def add_stored_before(self) -> Dataset:
        """Put what an earlier platform had stored of a confirmed data set."""
        for name in (UPLOAD, "schema.json", "rejects.json", "preview.json"):
            self.objects.put(dataset_key("d1", name), (STORED_BEFORE / name).read_bytes())
        self.objects.put(dataset_key("d1", "v1/profile.json"), b'{"format_version": 1}')
        self.metadata.add_dataset(
            Dataset.model_validate_json((STORED_BEFORE / "dataset.json").read_bytes())
        )
        return self.dataset

    def confirm(
        self,
        dataset: Dataset | None = None,
        work: TableWork | None = None,
        options: ReadOptions | None = None,
        *,
        with_profile: bool = False,
    ) -> Confirmed:
        confirmer = Confirmer(self.tables(work), ReadLimits(), lambda: BEGAN)
        dataset = dataset or self.dataset
        stat = confirmer.upload_stat(dataset)
        return confirmer.confirm(dataset, stat, options or ReadOptions(), with_profile=with_profile)

    def fetch(self, dataset: Dataset | None = None, work: TableWork | None = None) -> TypedTable:
        place = self.folder / f"fetched-{next(self.numbers)}"
        place.mkdir()
        return self.tables(work).fetch(dataset or self.dataset, place)

    @property
    def dataset(self) -> Dataset:
        return self.metadata.get_dataset("d1")

    @property
    def lie(self) -> list[str]:
        """What lies under the data set's prefix."""
        prefix = dataset_prefix("d1")
        return [key.removeprefix(prefix) for key in self.objects.keys(prefix)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Empty stores."""
    return Home(tmp_path)


@pytest.fixture
def counting() -> type[CountingWork]:
    """Makes work that is counted."""
    return CountingWork
