"""``automl models``: the deployed models of a running platform, and asking them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from automl_cli.commands.datasets import more_words
from automl_cli.options import DEFAULT_ADDRESS, Address, AsJSON, Limit, NextToken, existing_file
from automl_cli.speech import Speech, cell, moment_text, printable, table
from automl_core.errors import InvalidInputError

group = typer.Typer(
    help="Models of a running platform: deployed, ready to answer.",
    rich_markup_mode=None,
)

JobId = Annotated[str, typer.Argument(metavar="JOB_ID")]


@group.command("list")
def list_models(
    context: typer.Context,
    *,
    limit: Limit = 20,
    next_token: NextToken = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """List deployed models with their last use."""
    from automl_cli.client import open_client

    speech: Speech = context.obj
    with open_client(api) as client:
        page = client.get("/models", limit=limit, next_token=next_token)
    rows = [
        [
            m["job_id"],
            m["target_column"],
            m["task"],
            m["metric"],
            m["score"],
            moment_text(m["last_used_at"]),
        ]
        for m in page["items"]
    ]
    head = ["job", "target", "task", "metric", "score (holdout)", "last used (UTC)"]
    words = table(head, rows) if rows else "No model is deployed."
    speech.result(page, words + more_words(page))


@group.command("info")
def info(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Show which fields a model reads, with an example."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("predict", job_id, "info"))
    speech.result(answer, info_words(answer))


def info_words(answer: dict[str, Any]) -> str:
    """A model's fields in words."""
    rows = [[f["name"], f["type"], f["input"], _allowed(f)] for f in answer["fields"]]
    example = json.dumps(answer["example_request"]["features"], ensure_ascii=False)
    return f"{table(['field', 'type', 'input', 'allowed'], rows)}\n\nExample: {example}"


def _allowed(field: dict[str, Any]) -> str:
    values = field.get("allowed_values")
    if values:
        return ", ".join(printable(value) for value in values)
    low, high = field.get("minimum"), field.get("maximum")
    if low is None or high is None:
        return ""
    if field["type"] == "datetime":
        return f"{_day(low)} to {_day(high)}"
    return f"{cell(low)} to {cell(high)}"


def _day(seconds: float) -> str:
    """The date (UTC) so many seconds after 1970 began."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%d}"


@group.command("predict")
def predict(
    context: typer.Context,
    *,
    job_id: JobId,
    features: Annotated[
        str | None, typer.Option(metavar="JSON", help="One row as a JSON object.")
    ] = None,
    rows_file: Annotated[
        Path | None,
        typer.Option("--rows", metavar="FILE", help="JSON file with a list of rows; - is stdin."),
    ] = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Ask a deployed model."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    if (features is None) == (rows_file is None):
        raise typer.BadParameter("Give either --features or --rows.")
    if features is not None:
        body = {"features": _parse(features, "--features")}
    else:
        body = {"rows": _parse(_text_of(rows_file), "--rows")}
    with open_client(api) as client:
        answer = client.send("POST", path_of("predict", job_id), body)
    speech.result(answer, prediction_words(answer))


def _text_of(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.read()
    return existing_file(file).read_text(encoding="utf-8")


def _parse(text: str, option: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"{option} is no JSON: {error}.", pointer=option) from error


def prediction_words(answer: dict[str, Any]) -> str:
    """A prediction in words; a table where there were several rows."""
    if "predictions" in answer:
        rows = [
            [i, p["prediction"], p.get("probability"), p.get("lower"), p.get("upper")]
            for i, p in enumerate(answer["predictions"], 1)
        ]
        return table(["row", "prediction", "probability", "lower", "upper"], rows)
    lines = [f"prediction: {cell(answer['prediction'])}"]
    if answer.get("probability") is not None:
        lines[0] += f" (probability {answer['probability']:.3f})"
    if answer.get("lower") is not None:
        lines[0] += f" (between {cell(answer['lower'])} and {cell(answer['upper'])})"
    lines += [f"note: {_note_words(note)}" for note in answer.get("notes") or []]
    return "\n".join(lines)


def _note_words(note: dict[str, Any]) -> str:
    """A note with its column's name, which not every message has."""
    name, message = printable(note["column"]), printable(note["message"])
    return message if name in message else f"{name}: {message}"
