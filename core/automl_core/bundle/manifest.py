"""Build a bundle's manifest, and check one against its own promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.bundle.runtime import (
    FORMAT,
    MODEL_NAME,
    BundleError,
    Encoder,
    Predictor,
    read_manifest,
)
from automl_core.records import FamilyName, Task, utc_text

#: Rows answered again at every load: enough to touch most columns, quick to replay.
N_PROBES = 20

_SCALARS = (str, int, float, bool)


def build_manifest(
    *,
    job_id: str,
    created_at: datetime,
    task: Task,
    target: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    model: bytes,
    family: FamilyName,
    dataset: Mapping[str, Any],
    training: Mapping[str, Any],
    versions: Mapping[str, str],
    probe_rows: Sequence[Mapping[str, Any]] = (),
    interval: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    importances: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Put together what prediction needs, and let the model answer the probe rows.

    Parameters
    ----------
    target : mapping
        ``name``, ``storage``, ``classes`` (JSON typed, in the order of the probabilities;
        empty for regression) and ``positive``.
    columns : sequence of mapping
        From ``automl_training.encoding.fit_columns``.
    model : bytes
        The ONNX model.
    probe_rows : sequence of mapping
        From :func:`probe_rows_of`.
    interval : mapping or None
        ``coverage`` in (0, 1) and ``half_width`` in the target's unit; regression only.

    Returns
    -------
    dict
        Strict JSON; see :func:`dump_manifest`.

    Raises
    ------
    BundleError
        If the model and the columns do not fit together.
    """
    encoder = Encoder(columns)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "job_id": job_id,
        "created_at": utc_text(created_at),
        "task": task,
        "target": dict(target),
        "columns": [dict(column) for column in columns],
        "features": encoder.feature_names,
        "model": {
            "file": MODEL_NAME,
            "sha256": hashlib.sha256(model).hexdigest(),
            "family": family,
            "input": "x",
            "n_features": len(encoder.feature_names),
        },
        "interval": None if interval is None else dict(interval),
        "metrics": dict(metrics or {}),
        "importances": [dict(entry) for entry in importances],
        "dataset": dict(dataset),
        "training": dict(training),
        "versions": dict(versions),
        "probes": {"rows": [], "outputs": []},
    }
    predictor = Predictor.from_bytes(model, dump_manifest(manifest))
    if probe_rows:
        answer = predictor.predict_rows(probe_rows)[0]
        manifest["probes"] = {"rows": list(probe_rows), "outputs": answer.outputs().tolist()}
    return manifest


def dump_manifest(manifest: Mapping[str, Any]) -> bytes:
    """Write a manifest as strict JSON; raises ``ValueError`` for NaN and infinities."""
    return json.dumps(manifest, allow_nan=False, ensure_ascii=False, indent=1).encode()


def probe_rows_of(
    columns: Sequence[Mapping[str, Any]],
    table: Mapping[str, npt.NDArray[Any]],
    *,
    n_rows: int = N_PROBES,
) -> list[dict[str, Any]]:
    """Pick rows of a table, evenly spread, as the JSON values a client would send.

    Parameters
    ----------
    columns : sequence of mapping
        The manifest's columns.
    table : mapping of str to ndarray
        Typed columns (``automl_core.tabular.convert.read_columns``), of equal length.

    Returns
    -------
    list of dict
        At most ``n_rows``; missing values are None.
    """
    length = min((len(table[column["name"]]) for column in columns), default=0)
    picked = np.unique(np.linspace(0, length - 1, min(n_rows, length)).astype(int))
    return [
        {column["name"]: _json_value(table[column["name"]][row], column) for column in columns}
        for row in picked.tolist()
    ]


def _json_value(value: Any, column: Mapping[str, Any]) -> Any:
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return None
        moment = value.astype("datetime64[us]").item()
        time_format = column.get("time_format")
        return moment.isoformat() if time_format is None else moment.strftime(time_format)
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return None
        is_whole = column.get("storage") == "integer" and float(value).is_integer()
        return int(value) if is_whole else float(value)
    return value.item() if isinstance(value, np.generic) else value


def check_manifest(data: bytes) -> list[str]:
    """Name everything in a manifest that does not hold together; empty: nothing.

    Parameters
    ----------
    data : bytes
        The file as it lies in the bundle.
    """
    try:
        manifest = read_manifest(data)
    except BundleError as error:
        return [str(error)]
    problems = [
        f"The manifest has no {name!r}."
        for name in ("job_id", "created_at")
        if name not in manifest
    ]
    problems += [
        f"The manifest has no {name!r}, or it is no object."
        for name in ("dataset", "training", "versions", "probes")
        if not isinstance(manifest.get(name), dict)
    ]
    if manifest["model"].get("file") != MODEL_NAME:
        problems.append(f"The manifest's model is not called {MODEL_NAME!r}.")
    if manifest["model"].get("n_features") != len(manifest["features"]):
        problems.append("The manifest's number of features is not that of its list.")
    classes = manifest["target"].get("classes") or []
    if not all(isinstance(label, _SCALARS) for label in classes):
        problems.append("A class label is neither text, number nor truth value.")
    if len({json.dumps(label) for label in classes}) != len(classes):
        problems.append("A class label stands twice.")
    if manifest["task"] == "binary" and len(classes) != 2:
        problems.append("A binary model has two classes.")
    interval = manifest.get("interval")
    if interval is not None and (manifest["task"] != "regression" or "half_width" not in interval):
        problems.append("The interval belongs to no regression, or has no half width.")
    names = [column.get("name") for column in manifest["columns"] if isinstance(column, dict)]
    if len(set(names)) != len(manifest["columns"]):
        problems.append("A column stands twice, or has no name.")
    return problems
