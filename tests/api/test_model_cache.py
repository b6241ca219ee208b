"""The cache of loaded models: what it keeps, what it lets go."""

from __future__ import annotations

import hashlib

import pytest

from automl_backend.services.model_cache import ModelCache
from automl_core.errors import ModelCorruptError
from automl_core.layout import job_key


@pytest.fixture
def bundles(world):
    """Bundle hashes of three completed jobs, by job."""
    dataset_id = world.penguins()
    found = {}
    for _ in range(3):
        job_id = world.start(dataset_id)
        world.complete(job_id)
        manifest = world.objects.get(job_key(job_id, "bundle/manifest.json"))
        found[job_id] = hashlib.sha256(manifest).hexdigest()
    return found


def test_a_model_is_loaded_once(world, bundles):
    cache = ModelCache(world.objects)
    job_id, sha256 = next(iter(bundles.items()))

    assert cache.predictor(job_id, sha256) is cache.predictor(job_id, sha256)


def test_the_least_recently_used_model_is_let_go(world, bundles):
    size = world.objects.stat(job_key(next(iter(bundles)), "bundle/model.onnx")).size_bytes
    cache = ModelCache(world.objects, max_bytes=2 * size)
    (first, a), (second, b), (third, c) = bundles.items()
    kept, dropped = cache.predictor(first, a), cache.predictor(second, b)

    cache.predictor(first, a)
    cache.predictor(third, c)

    assert cache.predictor(first, a) is kept
    assert cache.predictor(second, b) is not dropped


def test_a_model_of_another_hash_is_never_answered_from_the_cache(world, bundles):
    cache = ModelCache(world.objects)
    job_id, sha256 = next(iter(bundles.items()))
    cache.predictor(job_id, sha256)

    with pytest.raises(ModelCorruptError):
        cache.predictor(job_id, "0" * 64)
