"""Write a model bundle: a folder of three files, or a zip of it."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_core.bundle import runtime
from automl_core.bundle.manifest import dump_manifest

FILES = (runtime.MODEL_NAME, runtime.MANIFEST_NAME, runtime.SCRIPT_NAME)

#: The oldest date that a zip can hold: the same bundle gives the same zip.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def runtime_source() -> bytes:
    """Source of the predictor, as it lies in every bundle."""
    return Path(runtime.__file__).read_bytes()


def write_bundle(folder: Path, *, model: bytes, manifest: Mapping[str, Any]) -> str:
    """Write ``model.onnx``, ``predict.py`` and, last, ``manifest.json``.

    Each file appears whole; a folder with a manifest has the other two.

    Returns
    -------
    str
        SHA-256 of ``manifest.json`` in hexadecimal: the version of the model, since the
        manifest names the model's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = dump_manifest(manifest)
    for name, data in zip(FILES, (model, text, runtime_source()), strict=True):
        if name != runtime.MANIFEST_NAME:
            _write(folder / name, data)
    _write(folder / runtime.MANIFEST_NAME, text)
    return hashlib.sha256(text).hexdigest()


def zip_bundle(folder: Path, out: Path) -> Path:
    """Pack a bundle's folder; the same bundle gives the same bytes."""
    _write(out, zip_files({name: (folder / name).read_bytes() for name in FILES}))
    return out


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Pack named bytes into a zip without dates."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=_ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)  # noqa: PTH105 - the one spelling that says “replace”
