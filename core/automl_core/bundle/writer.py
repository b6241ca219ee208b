"""Write a model bundle: a folder of three files, or a zip of it; and what to say of it."""

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

#: May lie beside them; nothing reads it but people.
README_NAME = "README.md"

#: Columns of a row that a README shows, and characters of a value; more would hide the rest.
_SHOWN_COLUMNS = 5
_SHOWN_CHARACTERS = 40

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


def download_readme(manifest: Mapping[str, Any]) -> str:
    """Say how to use what a download holds: the bundle, and the fitted model beside it.

    Parameters
    ----------
    manifest : mapping
        Of either format; one without ``native`` has no fitted model to speak of.

    Returns
    -------
    str
        Markdown.
    """
    names = [column["name"] for column in manifest["columns"]]
    probes = (manifest.get("probes") or {}).get("rows") or [dict.fromkeys(names)]
    row = {name: _cut(probes[0].get(name)) for name in names[:_SHOWN_COLUMNS]}
    rest = f" (and {len(names) - len(row)} more columns)" if len(names) > len(row) else ""
    target = manifest["target"]["name"]
    is_regression = manifest["task"] == "regression"
    answer = "values" if is_regression else "labels, answer.probabilities"
    lines = [
        f"# Model of {target!r}",
        "",
        f"Made by job {manifest['job_id']}, {manifest['created_at']}. {_members(manifest)}",
        "",
        "| file | what it is |",
        "|---|---|",
        f"| `{runtime.MODEL_NAME}` | the model, as one ONNX graph |",
        f"| `{runtime.MANIFEST_NAME}` | columns, classes, scores, origin; how raw values become"
        " numbers |",
        f"| `{runtime.SCRIPT_NAME}` | the predictor; needs only numpy and onnxruntime |",
    ]
    native = manifest.get("native")
    if native:
        lines.append(f"| `{native['file']}` | the fitted model itself, for Python |")
    lines += [
        "",
        "## Predict",
        "",
        "```",
        "pip install numpy onnxruntime",
        f"python {runtime.SCRIPT_NAME} INPUT.csv --out SCORED.csv",
        "```",
        "",
        f"or from Python{rest}:",
        "",
        "```python",
        "from predict import Predictor",
        "",
        'predictor = Predictor.load(".")  # this folder, or the zip',
        f"answer, notes = predictor.predict_rows([{row!r}], notes=True)",
        f"print(answer.{answer}, notes)",
        "```",
        "",
        *_promises(manifest),
        "Values that are missing, or that training has not seen, are answered too; `notes` names"
        " them.",
    ]
    return "\n".join([*lines, *(_native_lines(native) if native else []), ""])


def _cut(value: object) -> object:
    """Shorten a long text."""
    is_long = isinstance(value, str) and len(value) > _SHOWN_CHARACTERS
    return f"{str(value)[:_SHOWN_CHARACTERS]}…" if is_long else value


def _members(manifest: Mapping[str, Any]) -> str:
    shares: dict[str, float] = {}
    for member in manifest["model"].get("members") or ():
        shares[member["family"]] = shares.get(member["family"], 0.0) + member["weight"]
    n_models = len(manifest["model"].get("members") or ())
    if n_models < 2:
        return f"One model: {manifest['model']['family']}."
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return f"The weighted mean of {n_models} models: {words}."


def _promises(manifest: Mapping[str, Any]) -> list[str]:
    interval, label_set = manifest.get("interval"), manifest.get("label_set")
    if interval:
        return [
            f"`answer.lower` and `answer.upper` enclose the true value in"
            f" {interval['coverage']:.0%} of rows like those of the training.",
            "",
        ]
    if label_set:
        return [
            f"`answer.label_sets` hold the true label in {label_set['coverage']:.0%} of rows like"
            " those of the training; a set may hold several labels, or none.",
            "",
        ]
    return []


def _native_lines(native: Mapping[str, Any]) -> list[str]:
    trusted = "".join(f'    "{name}",\n' for name in native["trusted"])
    return [
        "",
        "## Go on in Python",
        "",
        f"`{native['file']}` (SHA-256 `{native['sha256']}`) is read by skops: nothing in it is"
        " run, and any type that is not in this list is refused. The versions of the libraries"
        f" are in `{runtime.MANIFEST_NAME}`.",
        "",
        "```python",
        "# pip install skops, and the libraries of the families above",
        "import skops.io",
        "",
        f"trusted = [\n{trusted}]",
        f'fitted = skops.io.load("{native["file"]}", trusted=trusted)',
        "```",
        "",
        '`fitted` is a dictionary. A single model is `fitted["model"]`; of a mean of models,'
        ' `fitted["members"]` has one entry each, with its `weight`. An entry\'s `estimator` reads'
        " the matrix that `predictor.encoder.encode(columns, n_rows)` makes, after the columns in"
        ' its `codes` (if any) were replaced by their `tables`. `fitted["calibrator"]` (if any)'
        " turns the mean probabilities into `softmax(slope * log(max(p, 1e-5)) + bias)`.",
    ]


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)  # noqa: PTH105 - the one spelling that says “replace”
