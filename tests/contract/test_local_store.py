"""What is of the folder only: what lies on the disk, and what a crash leaves there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from automl_core.adapters.object_store_local import LocalObjectStore
from automl_core.adapters.signing import Signer
from automl_core.errors import ConflictError, PlatformError, UploadTooLargeError
from automl_core.layout import job_key

KEY = "datasets/d1/upload"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def open_store(root: Path, clock: Callable[[], datetime]) -> Callable[[], LocalObjectStore]:
    signer = Signer(b"the secret of the contract tests")
    return lambda: LocalObjectStore(root, signer, "http://api.test", clock)


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def upload(store: LocalObjectStore, data: bytes) -> None:
    ticket = store.upload_form(KEY, content_type="text/csv", max_bytes=100, expires_in=60)
    store.receive_form(ticket.fields, "t.csv", "", io.BytesIO(data))


def test_an_object_is_a_plain_file_of_its_name(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    open_store().put(job_key("j1", "report.html"), b"<p>")

    assert (root / "objects/jobs/j1/report.html").read_bytes() == b"<p>"
    assert files(root / "objects") == ["jobs/j1/report.html"]
    assert files(root / "scratch") == []


def test_everything_is_there_after_a_restart(
    open_store: Callable[[], LocalObjectStore],
) -> None:
    before = open_store()
    upload(before, b"a,b\n1,2\n")
    stat = before.stat(KEY)

    after = open_store()

    assert after.get(KEY) == b"a,b\n1,2\n"
    assert after.stat(KEY) == stat
    assert after.keys("") == [KEY]


def test_a_copied_folder_keeps_contents_types_and_etags(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    store = open_store()
    upload(store, b"a,b\n1,2\n")
    stat = store.stat(KEY)
    shutil.copytree(root, root.with_name("copy"))
    shutil.rmtree(root)
    root.with_name("copy").rename(root)

    assert open_store().stat(KEY) == stat


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(None, id="no note"),
        pytest.param("", id="empty note"),
        pytest.param("{", id="half a note"),
        pytest.param("[]", id="another kind of note"),
        pytest.param('{"content_type": "text/csv"}', id="a note with parts missing"),
    ],
)
def test_a_missing_or_damaged_note_is_made_up_for(
    open_store: Callable[[], LocalObjectStore], root: Path, note: str | None
) -> None:
    store = open_store()
    store.put("jobs/j1/metrics.json", b"{}")
    path = root / "notes/jobs/j1/metrics.json"
    path.unlink() if note is None else path.write_text(note)

    stat = store.stat("jobs/j1/metrics.json")

    assert (stat.size_bytes, stat.etag) == (2, hashlib.sha256(b"{}").hexdigest())
    assert json.loads(path.read_text())["etag"] == stat.etag


def test_a_crash_between_note_and_file_leaves_the_old_object_with_its_own_etag(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    store = open_store()
    store.put("jobs/j1/a.json", b"old")
    old = (root / "objects/jobs/j1/a.json").read_bytes()
    store.put("jobs/j1/a.json", b"new")
    # As if the note of the new object had been written and its file had not.
    shutil.rmtree(root / "objects/jobs")
    (root / "objects/jobs/j1").mkdir(parents=True)
    (root / "objects/jobs/j1/a.json").write_bytes(old)

    assert store.stat("jobs/j1/a.json").etag == hashlib.sha256(b"old").hexdigest()


def test_a_file_changed_behind_the_stores_back_has_another_etag(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    store = open_store()
    upload(store, b"a,b\n1,2\n")
    confirmed = store.stat(KEY)
    path = root / "objects" / KEY
    path.write_bytes(b"a,b\n9,9\n")
    os.utime(path, ns=(0, 0))

    assert store.stat(KEY).etag != confirmed.etag


def test_an_upload_again_through_the_same_ticket_changes_the_etag(
    open_store: Callable[[], LocalObjectStore],
) -> None:
    store = open_store()
    ticket = store.upload_form(KEY, content_type="text/csv", max_bytes=100, expires_in=60)
    first = store.receive_form(ticket.fields, "t.csv", "", io.BytesIO(b"first"))

    second = store.receive_form(ticket.fields, "t.csv", "", io.BytesIO(b"other"))

    assert second.etag != first.etag


def test_a_refused_upload_leaves_no_file_anywhere(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    with pytest.raises(UploadTooLargeError):
        upload(open_store(), b"x" * 101)

    assert files(root) == []


def test_deleting_leaves_neither_files_nor_notes_nor_folders(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    store = open_store()
    store.put("jobs/j1/bundle/model.onnx", b"x")

    store.delete_prefix("jobs/j1/")

    assert files(root) == []
    assert list((root / "objects/jobs").iterdir()) == []
    assert list((root / "notes/jobs").iterdir()) == []


def test_drafts_of_killed_processes_are_swept_and_young_ones_are_not(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    open_store()
    (root / "scratch/abandoned").write_bytes(b"half")
    (root / "scratch/at work").write_bytes(b"half")
    os.utime(root / "scratch/abandoned", (0, 0))

    store = open_store()

    assert files(root / "scratch") == ["at work"]
    assert store.keys("") == []


def test_a_key_below_an_object_is_a_conflict_and_harms_nothing(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    store = open_store()
    store.put("jobs/j1/bundle", b"x")
    store.put("jobs/j2/bundle/model.onnx", b"x")

    with pytest.raises(ConflictError):
        store.put("jobs/j1/bundle/model.onnx", b"y")
    with pytest.raises(ConflictError):
        store.put("jobs/j2/bundle", b"y")

    assert store.keys("") == ["jobs/j1/bundle", "jobs/j2/bundle/model.onnx"]
    assert files(root / "scratch") == []


def test_a_store_that_cannot_be_written_is_platform_trouble_without_its_path(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    store = open_store()
    shutil.rmtree(root / "scratch")

    for act in (store.ping, lambda: store.put(KEY, b"x"), lambda: upload(store, b"x")):
        with pytest.raises(PlatformError) as caught:
            act()
        assert str(root) not in caught.value.detail


def test_objects_are_readable_by_their_owner_only(
    open_store: Callable[[], LocalObjectStore], root: Path
) -> None:
    open_store().put("jobs/j1/a.json", b"{}")

    assert (root / "objects/jobs/j1/a.json").stat().st_mode & 0o777 == 0o600
