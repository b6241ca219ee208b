"""Where things lie in the object store: every key is made here and nowhere else.

Keys hold identifiers of ours only, never a name that somebody typed.
"""

from __future__ import annotations

import re
from typing import Literal

BucketKind = Literal["datasets", "models", "reports"]

UPLOAD = "upload"
SCHEMA = "schema.json"
REJECTS = "rejects.json"
PREVIEW = "preview.json"

TABLE = "table.parquet"
PROFILE = "profile.json"
EDA_REPORT = "eda.html"
EDA_DEEP_REPORT = "eda_deep.html"
"""Only of a job whose ``eda`` is deep."""
ANSWERS = "answers.json"
PLAN = "plan.json"
PROPOSAL = "proposal.json"
"""The plan as it would be without an answer; exists only while a job waits."""
SPLITS = "splits.json"
ENCODER = "encoder.json"
MODEL = "model.skops"
"""The fitted model; loaded only against a list of trusted types, never unpickled."""
OUT_OF_FOLD = "out_of_fold.npz"
"""Answers to training rows by models that did not see them: what intervals are made of."""
LEADERBOARD = "leaderboard.json"
TRIAL_LOG = "trials.jsonl"
METRICS = "metrics.json"
EXPLANATIONS = "explanations.json"
BUNDLE_MODEL = "bundle/model.onnx"
BUNDLE_MANIFEST = "bundle/manifest.json"
BUNDLE_SCRIPT = "bundle/predict.py"
BUNDLE_README = "bundle/README.md"
"""How to use what a download holds; jobs of earlier versions have none."""
PARITY = "parity.json"
TRAINING_REPORT = "report.html"
MODEL_CARD = "model_card.md"
TELEMETRY = "telemetry.jsonl"
LOG = "log.jsonl"
MANIFEST = "manifest.json"

_READING = re.compile(r"v(\d+)(?:-[^/]*)?(?:/|$)")

BUNDLE_FILES = (BUNDLE_MODEL, BUNDLE_MANIFEST, BUNDLE_SCRIPT)

#: A fitted model as jobs kept it before; it is neither offered nor read any more.
_PICKLED = ("model.joblib",)

#: Content type of each artifact, as it is served.
CONTENT_TYPES = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".onnx": "application/octet-stream",
    ".skops": "application/zip",
    ".npz": "application/zip",
    ".py": "text/x-python; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".zip": "application/zip",
}


def dataset_prefix(dataset_id: str) -> str:
    """Everything of one data set."""
    return f"datasets/{dataset_id}/"


def dataset_key(dataset_id: str, name: str) -> str:
    """One object of a data set: ``upload``, ``schema.json`` …"""
    return dataset_prefix(dataset_id) + name


def reading_folder(version: int, token: str) -> str:
    """Folder of what one reading of an upload makes, under the data set's own.

    Parameters
    ----------
    version : int
        Of the record, once the reading is written on it.
    token : str
        Tells readings apart that began at the same version; only one of them can win.
    """
    return f"v{version}-{token}"


def reading_version(name: str) -> int | None:
    """Version in the name of a reading's folder, or of an object inside it; None: it is none.

    Before tables were kept the version stood alone.

    >>> reading_version("v3-1f0c/table.parquet"), reading_version("v2/profile.json")
    (3, 2)
    >>> reading_version("upload") is reading_version("schema.json") is None
    True
    """
    found = _READING.match(name)
    return None if found is None else int(found.group(1))


def job_prefix(job_id: str) -> str:
    """Everything of one job."""
    return f"jobs/{job_id}/"


def job_key(job_id: str, artifact: str) -> str:
    """One artifact of a job, for example ``bundle/model.onnx``."""
    return job_prefix(job_id) + artifact


def bucket_kind(key: str) -> BucketKind:
    """Tell which bucket a key belongs to.

    >>> bucket_kind("datasets/d1/upload"), bucket_kind("jobs/j1/bundle/model.onnx")
    ('datasets', 'models')
    >>> bucket_kind("jobs/j1/report.html")
    'reports'
    """
    if key.startswith("datasets/"):
        return "datasets"
    if key.endswith((MODEL, *_PICKLED, *BUNDLE_FILES)):
        return "models"
    return "reports"


def is_offered(artifact: str) -> bool:
    """Tell whether an artifact may be downloaded: nothing that would have to be unpickled.

    >>> is_offered("model.skops"), is_offered("model.joblib")
    (True, False)
    """
    return artifact not in _PICKLED


def content_type(name: str) -> str:
    """Content type of an artifact by its ending; bytes where the ending says nothing."""
    dot = name.rfind(".")
    return CONTENT_TYPES.get(name[dot:] if dot >= 0 else "", "application/octet-stream")
