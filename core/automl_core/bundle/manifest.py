"""Build a bundle's manifest, and check one against its own promises."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

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
#: Of a text, which may have a million characters; what it is answered with is computed from this.
MAX_PROBE_CHARACTERS = 1000

#: Rows that an explanation compares with, at most: each is asked for every column.
MAX_BACKGROUND_ROWS = 20

_SCALARS = (str, int, float, bool)
_SHA256_CHARACTERS = 64
_WEIGHT_SLACK = 1e-6


def build_manifest(
    *,
    job_id: str,
    created_at: datetime,
    task: Task,
    target: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    model: bytes,
    family: FamilyName | Literal["ensemble"],
    dataset: Mapping[str, Any],
    training: Mapping[str, Any],
    versions: Mapping[str, str],
    probe_rows: Sequence[Mapping[str, Any]] = (),
    interval: Mapping[str, Any] | None = None,
    label_set: Mapping[str, Any] | None = None,
    explain: Mapping[str, Any] | None = None,
    members: Sequence[Mapping[str, Any]] = (),
    native: Mapping[str, Any] | None = None,
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
    family : str
        Of the model, or "ensemble".
    interval : mapping or None
        ``coverage`` in (0, 1), ``half_width`` in the target's unit, and ``bins``: None, or the
        rising ``edges`` between bins of the predicted value and one of ``half_widths`` more;
        regression only.
    label_set : mapping or None
        ``coverage`` in (0, 1) and ``threshold``: the set holds the classes that are at least
        as probable; classification only.
    explain : mapping or None
        ``background``: rows as JSON values, which contributions are measured against;
        ``columns``: the most important first; ``baseline``: the mean answer to them.
    members : sequence of mapping
        ``family`` and ``weight`` of each model in the graph; empty: one model of ``family``.
    native : mapping or None
        ``file``, ``sha256`` and ``trusted`` types of the fitted model, which lies beside the
        bundle in a download.

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
            "members": [dict(one) for one in members] or [{"family": family, "weight": 1.0}],
            "input": "x",
            "n_features": len(encoder.feature_names),
        },
        "interval": None if interval is None else {"bins": None, **interval},
        "label_set": None if label_set is None else dict(label_set),
        "explain": None if explain is None else dict(explain),
        "native": None if native is None else dict(native),
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
    if column.get("kind") == "text" and isinstance(value, str):
        return value[:MAX_PROBE_CHARACTERS]
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
    names = [column.get("name") for column in manifest["columns"] if isinstance(column, dict)]
    if len(set(names)) != len(manifest["columns"]):
        problems.append("A column stands twice, or has no name.")
    is_regression = manifest["task"] == "regression"
    problems += _check_interval(manifest.get("interval"), is_regression)
    problems += _check_label_set(manifest.get("label_set"), is_regression)
    problems += _check_explain(manifest.get("explain"), names)
    problems += _check_members(manifest["model"].get("members"))
    problems += _check_native(manifest.get("native"))
    return problems


def _check_interval(interval: object, is_regression: bool) -> list[str]:
    if interval is None:
        return []
    if not is_regression or not isinstance(interval, dict) or "half_width" not in interval:
        return ["The interval belongs to no regression, or has no half width."]
    problems = []
    if not _is_share(interval.get("coverage")) or _number(interval["half_width"], 0) is None:
        problems.append("The interval's coverage is no share, or its half width no number.")
    bins = interval.get("bins")
    if bins is None:
        return problems
    edges, widths = (
        (bins.get("edges"), bins.get("half_widths")) if isinstance(bins, dict) else (None, None)
    )
    fits = (
        isinstance(edges, list)
        and isinstance(widths, list)
        and len(widths) == len(edges) + 1
        and all(_number(edge) is not None for edge in edges)
        and all(_number(width, 0) is not None for width in widths)
        and edges == sorted(set(edges))
    )
    return problems if fits else [*problems, "The bins of the interval do not fit together."]


def _check_label_set(label_set: object, is_regression: bool) -> list[str]:
    if label_set is None:
        return []
    if is_regression or not isinstance(label_set, dict):
        return ["The label set belongs to no classification."]
    threshold = _number(label_set.get("threshold"), 0)
    if _is_share(label_set.get("coverage")) and threshold is not None and threshold <= 1:
        return []
    return ["The label set's coverage is no share, or its threshold no probability."]


def _check_explain(explain: object, names: Sequence[object]) -> list[str]:
    if explain is None:
        return []
    background = explain.get("background") if isinstance(explain, dict) else None
    columns = explain.get("columns") if isinstance(explain, dict) else None
    if not isinstance(background, list) or not isinstance(columns, list):
        return ["The manifest's rows to compare with, or their columns, are not there."]
    problems = []
    if len(background) > MAX_BACKGROUND_ROWS:
        problems.append(f"The manifest has more than {MAX_BACKGROUND_ROWS} rows to compare with.")
    known = set(names)
    are_rows = all(isinstance(row, dict) and known.issuperset(row) for row in background)
    are_columns = all(isinstance(name, str) and name in known for name in columns)
    if not are_rows or not are_columns or len(set(map(str, columns))) != len(columns):
        problems.append("The rows to compare with, or their columns, are not those of the model.")
    return problems


def _check_members(members: object) -> list[str]:
    if members is None:
        return []
    total = 0.0
    for member in members if isinstance(members, list) else ():
        is_named = isinstance(member, dict) and isinstance(member.get("family"), str)
        weight = _number(member.get("weight"), 0) if is_named else None
        total += math.nan if weight is None else weight
    if abs(total - 1) <= _WEIGHT_SLACK:
        return []
    return ["The model's members have no weights that sum to 1."]


def _check_native(native: object) -> list[str]:
    if native is None:
        return []
    trusted = native.get("trusted") if isinstance(native, dict) else None
    fits = (
        isinstance(native, dict)
        and isinstance(native.get("file"), str)
        and isinstance(native.get("sha256"), str)
        and len(native["sha256"]) == _SHA256_CHARACTERS
        and isinstance(trusted, list)
        and all(isinstance(name, str) for name in trusted)
    )
    return [] if fits else ["The fitted model has no file, no hash or no list of trusted types."]


def _number(value: object, least: float = -math.inf) -> float | None:
    """Read a finite number that is not below ``least``; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= least else None


def _is_share(value: object) -> bool:
    share = _number(value, 0)
    return share is not None and 0 < share < 1
