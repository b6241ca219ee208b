"""Both homes of a job's artifacts keep the same promises."""

from __future__ import annotations

import hashlib

import pytest

from automl_core.adapters.object_store_memory import MemoryObjectStore
from automl_core.adapters.signing import Signer
from automl_core.errors import NotFoundError, PlatformError
from automl_core.wiring import utc_now
from automl_training.workspace import FolderWorkspace, StoreWorkspace, write_json


@pytest.fixture
def store() -> MemoryObjectStore:
    return MemoryObjectStore(Signer(b"k" * 32), "http://localhost", utc_now)


@pytest.fixture(params=["folder", "store"])
def workspace(request, tmp_path, store):
    if request.param == "folder":
        return FolderWorkspace(tmp_path / "job")
    return StoreWorkspace(tmp_path / "job", store, "j1")


def test_what_was_written_is_there_and_can_be_read(workspace):
    workspace.write("bundle/manifest.json", "{}")

    assert workspace.has("bundle/manifest.json")
    assert workspace.path("bundle/manifest.json").read_text() == "{}"


def test_what_nobody_made_is_not_found(workspace):
    assert not workspace.has("plan.json")
    with pytest.raises(NotFoundError, match=r"plan\.json"):
        workspace.path("plan.json")


def test_a_finished_file_is_taken_over(workspace):
    made = workspace.scratch("table.parquet")
    made.write_bytes(b"rows")

    workspace.take("table.parquet", made)

    assert workspace.path("table.parquet").read_bytes() == b"rows"
    assert not made.exists()


def test_a_file_of_another_folder_is_taken_over_too(workspace, tmp_path):
    made = tmp_path / "made"
    made.write_bytes(b"rows")

    workspace.take("table.parquet", made)

    assert workspace.path("table.parquet").read_bytes() == b"rows"


def test_scratch_files_are_no_artifacts_and_go_with_the_workspace(workspace):
    scratch = workspace.scratch("x")
    scratch.write_bytes(b"")
    workspace.write("plan.json", "{}")

    workspace.close()

    assert not workspace.has("x")
    assert not scratch.exists()
    assert workspace.path("plan.json").read_text() == "{}"


def test_removed_artifacts_are_made_again(workspace):
    workspace.write("plan.json", "{}")
    workspace.remove(("plan.json", "never-made.json"))

    assert not workspace.has("plan.json")


def test_an_artifact_is_described_by_its_bytes(workspace):
    workspace.write("plan.json", "{}")

    artifact = workspace.describe("plan.json")

    assert artifact.model_dump() == {
        "name": "plan.json",
        "size_bytes": 2,
        "sha256": hashlib.sha256(b"{}").hexdigest(),
        "content_type": "application/json",
    }


def test_numbers_that_json_does_not_know_are_refused(workspace):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(workspace, "metrics.json", {"score": float("nan")})
    assert not workspace.has("metrics.json")


def test_a_later_attempt_finds_what_an_earlier_one_made(store, tmp_path):
    StoreWorkspace(tmp_path / "first", store, "j1").write("bundle/model.onnx", b"model")

    later = StoreWorkspace(tmp_path / "second", store, "j1")

    assert later.path("bundle/model.onnx").read_bytes() == b"model"


def test_a_later_attempt_does_not_find_what_was_removed(store, tmp_path):
    first = StoreWorkspace(tmp_path / "first", store, "j1")
    first.write("plan.json", "{}")
    first.remove(("plan.json",))

    assert not StoreWorkspace(tmp_path / "second", store, "j1").has("plan.json")


def test_artifacts_of_another_job_are_not_seen(store, tmp_path):
    StoreWorkspace(tmp_path / "first", store, "j1").write("plan.json", "{}")

    assert not StoreWorkspace(tmp_path / "second", store, "j2").has("plan.json")


def test_an_artifact_that_the_store_lost_bytes_of_does_not_get_into_a_manifest(store, tmp_path):
    workspace = StoreWorkspace(tmp_path / "job", store, "j1")
    workspace.write("plan.json", "{}")
    store.put("jobs/j1/plan.json", b"{")

    with pytest.raises(PlatformError, match=r"1 bytes of plan\.json, but 2"):
        workspace.describe("plan.json")
