"""The cache of loaded models: what it keeps, what it lets go."""

from __future__ import annotations

import hashlib

import pytest

from automl_core.adapters.object_store_memory import MemoryObjectStore
from automl_core.adapters.signing import Signer
from automl_core.bundle.loaded import LoadedModels
from automl_core.errors import ModelCorruptError
from automl_core.layout import job_key

from .conftest import Clock, small_bundle


@pytest.fixture
def objects():
    """An empty object store."""
    return MemoryObjectStore(Signer(b"a secret for tests only"), "http://127.0.0.1", Clock())


@pytest.fixture
def bundles(objects):
    """Bundle hashes of three jobs, by job."""
    found = {}
    for job_id in ("a", "b", "c"):
        model, manifest = small_bundle(job_id)
        objects.put(job_key(job_id, "bundle/model.onnx"), model)
        objects.put(job_key(job_id, "bundle/manifest.json"), manifest)
        found[job_id] = hashlib.sha256(manifest).hexdigest()
    return found


def test_a_model_is_loaded_once(objects, bundles):
    cache = LoadedModels(objects)

    assert cache.predictor("a", bundles["a"]) is cache.predictor("a", bundles["a"])


def test_the_least_recently_used_model_is_let_go(objects, bundles):
    size = objects.stat(job_key("a", "bundle/model.onnx")).size_bytes
    cache = LoadedModels(objects, max_bytes=2 * size)
    kept, dropped = (cache.predictor(job_id, bundles[job_id]) for job_id in ("a", "b"))

    cache.predictor("a", bundles["a"])
    cache.predictor("c", bundles["c"])

    assert cache.predictor("a", bundles["a"]) is kept
    assert cache.predictor("b", bundles["b"]) is not dropped


def test_a_model_larger_than_the_cache_is_kept_alone(objects, bundles):
    cache = LoadedModels(objects, max_bytes=1)

    assert cache.predictor("a", bundles["a"]) is cache.predictor("a", bundles["a"])


def test_a_model_of_another_hash_is_never_answered_from_the_cache(objects, bundles):
    cache = LoadedModels(objects)
    cache.predictor("a", bundles["a"])

    with pytest.raises(ModelCorruptError):
        cache.predictor("a", "0" * 64)
