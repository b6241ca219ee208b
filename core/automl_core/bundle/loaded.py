"""Loaded models: the few that answered last, checked against their hash when fetched."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, Protocol

from automl_core.errors import ModelCorruptError, NotFoundError
from automl_core.layout import BUNDLE_MANIFEST, BUNDLE_MODEL, job_key

if TYPE_CHECKING:
    # Loaded with the first model: what only builds this needs no onnxruntime.
    from automl_core.bundle.runtime import Predictor

#: Bytes of ONNX models kept loaded; a session takes a small multiple of its file.
MAX_LOADED_BYTES = 512 * 1024**2


class BundleSource(Protocol):
    """Where bundles lie: an object store, or the part of one that reading needs."""

    def get(self, key: str) -> bytes:
        """Read an object; raises ``NotFoundError`` if there is none."""
        ...


class _Key(NamedTuple):
    job_id: str
    sha256: str


class _Loaded(NamedTuple):
    predictor: Predictor
    size_bytes: int


class LoadedModels:
    """Predictors by job and bundle hash, least recently used dropped first, by bytes.

    Parameters
    ----------
    objects : BundleSource
    max_bytes : int
        Bytes of ONNX models kept; the last one is kept whatever its size.
    """

    def __init__(self, objects: BundleSource, *, max_bytes: int = MAX_LOADED_BYTES) -> None:
        self._objects = objects
        self._max_bytes = max_bytes
        self._models: OrderedDict[_Key, _Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def predictor(self, job_id: str, sha256: str) -> Predictor:
        """Give the loaded model, fetching and checking it if need be.

        Parameters
        ----------
        job_id : str
            Whose bundle.
        sha256 : str
            Hash of the bundle's manifest as the job's record has it; the manifest in turn
            holds the model's.

        Raises
        ------
        ModelCorruptError
            If the stored bytes are missing or not those that were proven.
        """
        key = _Key(job_id, sha256)
        with self._lock:
            loaded = self._models.get(key)
            if loaded is not None:
                self._models.move_to_end(key)
                return loaded.predictor
        # Loaded outside the lock: a large model must not hold up the others. Two requests
        # may load the same one once each; the later one is kept.
        loaded = self._load(key)
        with self._lock:
            self._models[key] = loaded
            while len(self._models) > 1 and self._total() > self._max_bytes:
                self._models.popitem(last=False)
        return loaded.predictor

    def _total(self) -> int:
        return sum(loaded.size_bytes for loaded in self._models.values())

    def _load(self, key: _Key) -> _Loaded:
        from automl_core.bundle.runtime import BundleError, Predictor

        try:
            manifest = self._objects.get(job_key(key.job_id, BUNDLE_MANIFEST))
            model = self._objects.get(job_key(key.job_id, BUNDLE_MODEL))
        except NotFoundError as error:
            raise ModelCorruptError(
                f"Parts of the model bundle of job {key.job_id} are missing; train it again."
            ) from error
        if hashlib.sha256(manifest).hexdigest() != key.sha256:
            raise ModelCorruptError(
                f"The manifest of job {key.job_id}'s model is not the one that was proven;"
                " restore it, or train again."
            )
        try:
            predictor = Predictor.from_bytes(model, manifest)
        except BundleError as error:
            raise ModelCorruptError(
                f"The model of job {key.job_id} is damaged; restore it, or train again.",
                reason=str(error),
            ) from error
        return _Loaded(predictor, len(model))
