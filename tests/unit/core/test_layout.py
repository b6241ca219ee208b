"""Keys of the object store."""

from __future__ import annotations

import pytest

from automl_core import layout
from automl_core.adapters.object_keys import check_key, check_prefix

ARTIFACTS = sorted(
    value
    for name, value in vars(layout).items()
    if name.isupper() and isinstance(value, str) and name != "UPLOAD"
)


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_every_artifact_has_a_key_that_stores_take_and_a_content_type(artifact: str) -> None:
    key = layout.job_key("j1", artifact)

    assert check_key(key) == f"jobs/j1/{artifact}"
    assert key.startswith(check_prefix(layout.job_prefix("j1")))
    known = layout.CONTENT_TYPES[artifact[artifact.rfind(".") :]]
    assert layout.content_type(key) == known


def test_a_data_sets_objects_lie_under_its_prefix() -> None:
    key = layout.dataset_key("d1", layout.UPLOAD)

    assert check_key(key) == "datasets/d1/upload"
    assert key.startswith(check_prefix(layout.dataset_prefix("d1")))
    assert layout.content_type(key) == "application/octet-stream"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("datasets/d1/upload", "datasets"),
        ("datasets/d1/schema.json", "datasets"),
        ("jobs/j1/model.skops", "models"),
        ("jobs/j1/model.joblib", "models"),
        ("jobs/j1/bundle/model.onnx", "models"),
        ("jobs/j1/bundle/manifest.json", "models"),
        ("jobs/j1/bundle/predict.py", "models"),
        ("jobs/j1/manifest.json", "reports"),
        ("jobs/j1/report.html", "reports"),
        ("jobs/j1/table.parquet", "reports"),
    ],
)
def test_keys_belong_to_the_bucket_of_their_kind(key: str, kind: str) -> None:
    assert layout.bucket_kind(key) == kind


@pytest.mark.parametrize("name", ["upload", "", "model.unknown", "a.b/c", "."])
def test_what_no_ending_tells_is_bytes(name: str) -> None:
    assert layout.content_type(name) == "application/octet-stream"
