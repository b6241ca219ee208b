"""How to call the model: code to copy, with the job's own columns and an example row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from automl_core.tabular.report.words import clean
from automl_training.reports.source import ReportSource
from automl_training.reports.words import block, figure, items

MAX_COLUMNS: Final = 30
"""Columns up to which the example row is whole; of wider tables it has the most important."""
N_SHOWN: Final = 12
MAX_NAME: Final = 200
MAX_VALUE: Final = 120
"""Characters of a value in an example; a text of a page would bury the call."""


def example_row(source: ReportSource) -> dict[str, Any]:
    """A row as a client would send it; empty where the bundle keeps no probe."""
    rows = items(block(source.manifest, "probes"), "rows")
    if not rows or not isinstance(rows[0], Mapping):
        return {}
    row = {name: _cut(value) for name, value in rows[0].items() if len(name) <= MAX_NAME}
    if len(row) <= MAX_COLUMNS:
        return row
    features = items(source.explanations, "features")
    ordered = [entry["name"] for entry in features if entry.get("name") in row]
    chosen = set((ordered or list(row))[:N_SHOWN])
    return {name: value for name, value in row.items() if name in chosen}


def _cut(value: Any) -> Any:
    return f"{value[:MAX_VALUE]}…" if isinstance(value, str) and len(value) > MAX_VALUE else value


def n_left_out(source: ReportSource) -> int:
    """Columns that the example row does not have."""
    rows = items(block(source.manifest, "probes"), "rows")
    return len(rows[0]) - len(example_row(source)) if rows else 0


def expected(source: ReportSource) -> str:
    """What the model answers for the example row, where the bundle tells; one sentence."""
    probes = block(source.manifest, "probes")
    outputs = items(probes, "outputs")
    row = items(probes, "rows")
    if not outputs or not row or example_row(source) != dict(row[0]):
        return ""
    answer = outputs[0]
    if source.is_regression:
        value = answer[0] if isinstance(answer, list) else answer
        return f"For this row the model answers {figure(value)}."
    classes = items(source.metrics, "classes")
    if not isinstance(answer, list) or len(answer) != len(classes):
        return ""
    best = max(range(len(answer)), key=answer.__getitem__)
    return (
        f"For this row the model answers {clean(classes[best], most=60)} with a probability of "
        f"{figure(round(answer[best], 4))}."
    )


def calls(source: ReportSource) -> list[tuple[str, str]]:
    """Code by language, the one that works for this job first.

    A job that was trained without a platform has no address; its examples name a placeholder.
    """
    row = example_row(source) or {
        name: None for name in _names(source)[:N_SHOWN] if len(name) <= MAX_NAME
    }
    path = f"/predict/{'JOB_ID' if is_local(source) else quote(source.job_id, safe='')}"
    body = json.dumps({"features": row}, ensure_ascii=False, indent=2)
    remote = [("curl", _curl(path, body)), ("JavaScript", _javascript(path, body))]
    local = [
        ("Python, in the unpacked bundle", _python(source, row)),
        ("A whole CSV file, in the unpacked bundle", "python predict.py rows.csv --out scored.csv"),
    ]
    return [*local, *remote] if is_local(source) else [*remote, *local]


def is_local(source: ReportSource) -> bool:
    """Whether the job was trained on a machine of its own, without a platform."""
    return source.job_id.startswith("local-")


def _names(source: ReportSource) -> list[str]:
    return [str(column.get("name")) for column in source.encoder_columns]


def _curl(path: str, body: str) -> str:
    return (
        f'curl -s "$AUTOML_API_URL{path}" \\\n'
        "  -H 'content-type: application/json' \\\n"
        '  -H "Authorization: Bearer $AUTOML_API_TOKEN" \\\n'
        "  --data-binary @- <<'JSON'\n"
        f"{body}\n"
        "JSON"
    )


def _python(source: ReportSource, row: Mapping[str, Any]) -> str:
    cells = "".join(f"    {name!r}: {value!r},\n" for name, value in row.items())
    answer = "predictions.values" if source.is_regression else "predictions.labels"
    shown = f"print({answer}[0])" if source.is_regression else (
        f"print({answer}[0], predictions.probabilities[0])"
    )  # fmt: skip
    return (
        "# Needs numpy and onnxruntime only.\n"
        "from predict import Predictor\n\n"
        'predictor = Predictor.load(".")\n'
        f"row = {{\n{cells}}}\n"
        "predictions, notes = predictor.predict_rows([row], notes=True)\n"
        f"{shown}"
    )


def _javascript(path: str, body: str) -> str:
    return (
        f"const answer = await fetch(`${{apiUrl}}{path}`, {{\n"
        '  method: "POST",\n'
        "  headers: {\n"
        '    "content-type": "application/json",\n'
        "    authorization: `Bearer ${apiToken}`,\n"
        "  },\n"
        f"  body: JSON.stringify({_indented(body)}),\n"
        "})\n"
        "const prediction = await answer.json()"
    )


def _indented(body: str) -> str:
    return body.replace("\n", "\n  ")
