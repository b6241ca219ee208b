"""``python -m automl_training.confirm`` against SQLite and a folder, as runners start it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automl_core.layout import (
    PREVIEW,
    PROFILE,
    REJECTS,
    SCHEMA,
    TABLE,
    UPLOAD,
    dataset_key,
    dataset_prefix,
)
from automl_core.records import Dataset, ReadOptions
from automl_core.settings import Settings, child_environment
from automl_core.tabular.kept import kept_key
from automl_core.wiring import Stores, open_stores

pytestmark = pytest.mark.slow

CELLS = b"a;b;c\n" + b"1,5;x;2\n2,5;y;3\n" * 20


class Home:
    """The embedded platform's stores, and readers started on them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, _env_file=None)
        self.stores: Stores = open_stores(self.settings)

    def add(self, data: bytes | None = CELLS, **changes: object) -> Dataset:
        now = datetime.now(UTC)
        key = dataset_key("d1", UPLOAD)
        pinned: dict[str, object] = {}
        if data is not None:
            self.stores.objects.put(key, data)
            stat = self.stores.objects.stat(key)
            pinned = {"etag": stat.etag, "object_version": stat.object_version}
        values = {
            "dataset_id": "d1",
            "filename": "t.csv",
            "content_type": "text/csv",
            "status": "profiling",
            "reading": ReadOptions(),
            "created_at": now,
            "updated_at": now,
            **pinned,
        }
        self.stores.metadata.add_dataset(Dataset.model_validate(values | changes))
        return self.dataset

    @property
    def dataset(self) -> Dataset:
        return self.stores.metadata.get_dataset("d1")

    def run(self, **extra: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "automl_training.confirm"],
            env={**child_environment(self.settings), "DATASET_ID": "d1", **extra},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.stores.close()


def test_a_data_set_is_read_profiled_and_ready(home):
    before = home.add(reading=ReadOptions(decimal=","))

    code, words = home.run(AUTOML_READ_OPTIONS='{"decimal": ","}')

    ready = home.dataset
    assert (code, ready.status, ready.reading) == (0, "ready", None), words
    assert (ready.row_count, ready.column_count, ready.file_size) == (40, 3, len(CELLS))
    assert (ready.etag, ready.object_version) == (before.etag, before.object_version)
    lie = {key.removeprefix(dataset_prefix("d1")) for key in home.stores.objects.keys("datasets/")}
    names = (TABLE, SCHEMA, REJECTS, PREVIEW, PROFILE)
    assert lie == {UPLOAD, *(f"{ready.kept.folder}/{name}" for name in names)}
    table = home.stores.objects.get(kept_key(ready, TABLE))
    assert (len(table), hashlib.sha256(table).hexdigest()) == (
        ready.kept.size_bytes,
        ready.kept.sha256,
    )
    assert json.loads(home.stores.objects.get(kept_key(ready, PROFILE)))["rows"]["kept"] == 40


def test_a_data_set_that_is_read_already_is_left_alone(home):
    ready = home.add(status="ready", reading=None)

    assert home.run()[0] == 0
    assert home.dataset == ready


def test_a_reading_with_other_options_than_were_asked_for_last_does_nothing(home):
    asked = home.add(reading=ReadOptions(delimiter=";"))

    assert home.run(AUTOML_READ_OPTIONS='{"delimiter": ","}')[0] == 0
    assert home.dataset == asked


def test_a_refused_table_keeps_its_reason(home):
    home.add(b"a,b,c\n")

    code, words = home.run()

    refused = home.dataset
    assert (code, refused.status, refused.error.code) == (65, "refused", "table-empty")
    assert refused.error.detail in words
    assert "Traceback" not in words


def test_a_table_that_is_too_wide_for_the_platform_is_refused(home):
    home.add()

    code, _ = home.run(AUTOML_MAX_COLUMNS="2")

    assert (code, home.dataset.error.code) == (65, "table-too-wide")


def test_an_option_that_cannot_be_followed_is_told_and_the_file_kept_for_another(home):
    home.add(reading=ReadOptions(delimiter="\n"))

    code, _ = home.run(AUTOML_READ_OPTIONS=json.dumps({"delimiter": "\n"}))

    assert (code, home.dataset.status) == (65, "awaiting_upload")
    assert (home.dataset.error.code, home.dataset.reading) == ("config-invalid", None)


def test_a_file_that_was_replaced_before_it_was_read_is_not_read(home):
    home.add()
    home.stores.objects.put(dataset_key("d1", UPLOAD), CELLS + b"9,9;z;9\n")

    code, _ = home.run()

    assert (code, home.dataset.status) == (70, "awaiting_upload")
    assert home.dataset.error.code == "dataset-changed"


def test_an_upload_that_is_gone_is_told(home):
    home.add(data=None)

    code, _ = home.run()

    assert (code, home.dataset.status, home.dataset.error.code) == (
        70,
        "awaiting_upload",
        "upload-missing",
    )


def test_a_data_set_that_is_gone_is_not_found(home):
    assert home.run()[0] == 66


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param({"DATASET_ID": ""}, "Set DATASET_ID", id="no data set"),
        pytest.param({"AUTOML_READ_OPTIONS": "{"}, "AUTOML_READ_OPTIONS must be", id="no JSON"),
        pytest.param(
            {"AUTOML_READ_OPTIONS": '{"delimeter": ";"}'}, "delimeter", id="no such option"
        ),
    ],
)
def test_a_wrong_environment_is_named_and_nothing_is_read(home, extra, words):
    asked = home.add()

    code, told = home.run(**extra)

    assert code == 78
    assert words in told
    assert home.dataset == asked
