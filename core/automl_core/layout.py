"""Where things lie in the object store: every key is made here and nowhere else.

Keys hold identifiers of ours only, never a name that somebody typed.
"""

from __future__ import annotations

from typing import Literal

BucketKind = Literal["datasets", "models", "reports"]

UPLOAD = "upload"
SCHEMA = "schema.json"
REJECTS = "rejects.json"
PREVIEW = "preview.json"

TABLE = "table.parquet"
PROFILE = "profile.json"
EDA_REPORT = "eda.html"
ANSWERS = "answers.json"
PLAN = "plan.json"
PROPOSAL = "proposal.json"
"""The plan as it would be without an answer; exists only while a job waits."""
SPLITS = "splits.json"
ENCODER = "encoder.json"
MODEL = "model.joblib"
LEADERBOARD = "leaderboard.json"
TRIAL_LOG = "trials.jsonl"
METRICS = "metrics.json"
EXPLANATIONS = "explanations.json"
BUNDLE_MODEL = "bundle/model.onnx"
BUNDLE_MANIFEST = "bundle/manifest.json"
BUNDLE_SCRIPT = "bundle/predict.py"
PARITY = "parity.json"
TRAINING_REPORT = "report.html"
MODEL_CARD = "model_card.md"
TELEMETRY = "telemetry.jsonl"
LOG = "log.jsonl"
MANIFEST = "manifest.json"

BUNDLE_FILES = (BUNDLE_MODEL, BUNDLE_MANIFEST, BUNDLE_SCRIPT)

#: Content type of each artifact, as it is served.
CONTENT_TYPES = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".onnx": "application/octet-stream",
    ".joblib": "application/octet-stream",
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
    if key.endswith((MODEL, *BUNDLE_FILES)):
        return "models"
    return "reports"


def content_type(name: str) -> str:
    """Content type of an artifact by its ending; bytes where the ending says nothing."""
    dot = name.rfind(".")
    return CONTENT_TYPES.get(name[dot:] if dot >= 0 else "", "application/octet-stream")
