"""``automl datasets``: data sets of a running platform."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from automl_cli.options import (
    DEFAULT_ADDRESS,
    Address,
    AsJSON,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    Limit,
    NextToken,
    TableFile,
    Yes,
    existing_file,
    read_options,
)
from automl_cli.speech import Speech, bytes_text, facts, moment_text, printable, table

group = typer.Typer(
    help="Data sets of a running platform: one uploaded table each.",
    rich_markup_mode=None,
)

DatasetId = Annotated[str, typer.Argument(metavar="DATASET_ID")]


@group.command("list")
def list_datasets(
    context: typer.Context,
    *,
    limit: Limit = 20,
    next_token: NextToken = None,
    q: Annotated[str | None, typer.Option("--q", help="Part of the file's name.")] = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """List data sets, newest first."""
    from automl_cli.client import open_client

    speech: Speech = context.obj
    with open_client(api) as client:
        page = client.get("/datasets", limit=limit, next_token=next_token, q=q)
    rows = [
        [d["dataset_id"], d["filename"], d["status"], d["row_count"], moment_text(d["created_at"])]
        for d in page["items"]
    ]
    words = (
        table(["dataset", "file", "status", "rows", "created (UTC)"], rows)
        if rows
        else "No data set."
    )
    speech.result(page, words + more_words(page))


def more_words(page: dict[str, Any]) -> str:
    """How to ask for the next page, if there is one."""
    token = page.get("next_token")
    return f"\nMore: --next-token {token}" if token else ""


@group.command("get")
def get_dataset(
    context: typer.Context,
    *,
    dataset_id: DatasetId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Show a data set with its columns."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        dataset = client.get(path_of("datasets", dataset_id))
    speech.result(dataset, dataset_words(dataset))


def dataset_words(dataset: dict[str, Any]) -> str:
    """A data set in words: facts, then one line a column."""
    size = dataset["file_size"]
    head = facts(
        [
            ("dataset", dataset["dataset_id"]),
            ("file", dataset["filename"]),
            ("status", dataset["status"]),
            ("rows", dataset["row_count"]),
            ("size", None if size is None else bytes_text(size)),
            ("sha256", dataset["sha256"]),
        ]
    )
    columns = dataset.get("columns") or []
    if not columns:
        return head
    rows = [[c["name"], c["kind"], c["missing"], c["distinct"]] for c in columns]
    return f"{head}\n\n{table(['column', 'kind', 'missing', 'distinct'], rows)}"


@group.command("upload")
def upload(
    context: typer.Context,
    *,
    file: TableFile,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    header: Header = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Upload a table and have it read."""
    from automl_cli.client import open_client
    from automl_cli.remote import upload_dataset

    speech: Speech = context.obj
    existing_file(file)
    options = read_options(encoding, delimiter, decimal, header)
    with open_client(api) as client:
        dataset = upload_dataset(client, file, options=options.model_dump())
    speech.result(dataset, dataset_words(dataset))


@group.command("sample")
def sample(context: typer.Context, api: Address = DEFAULT_ADDRESS, as_json: AsJSON = False) -> None:
    """Have the platform make the example data set."""
    from automl_cli.client import open_client

    speech: Speech = context.obj
    with open_client(api) as client:
        dataset = client.send("POST", "/datasets/sample")
    speech.result(dataset, dataset_words(dataset))


@group.command("preview")
def preview(
    context: typer.Context,
    *,
    dataset_id: DatasetId,
    rows: Annotated[int, typer.Option(min=1, max=100, help="Rows to show.")] = 10,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Show the first rows as they were read."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("datasets", dataset_id, "preview"), rows=rows)
    speech.result(answer, table([printable(c) for c in answer["columns"]], answer["rows"]))


@group.command("profile")
def profile(
    context: typer.Context,
    *,
    dataset_id: DatasetId,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write profile.json here.")
    ] = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Fetch the data set's statistics (profile.json)."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of
    from automl_cli.speech import json_text

    speech: Speech = context.obj
    with open_client(api) as client:
        content = client.get(path_of("datasets", dataset_id, "profile"))
    if out is not None:
        out.write_text(json_text(content), encoding="utf-8")
    speech.result(content, f"Written to {out}." if out else json_text(content))


@group.command("check")
def check_target(
    context: typer.Context,
    *,
    dataset_id: DatasetId,
    target: Annotated[str, typer.Option(metavar="COL", help="Column to predict.")],
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Ask what predicting a column would mean.

    Task, balance of classes, and columns that would be left out.
    """
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.send(
            "POST", path_of("datasets", dataset_id, "target-check"), {"target_column": target}
        )
    speech.result(answer, target_words(answer))


def target_words(answer: dict[str, Any]) -> str:
    """A target check in words."""
    lines = [f"{answer['task']} ({answer['confidence']} confidence): {answer['reason']}"]
    lines += [f"{printable(c['label'])}: {c['rows']} rows" for c in answer["classes"][:20]]
    lines += [f"leave out {printable(d['name'])}: {d['reason']}" for d in answer["dropped"]]
    lines += [f"warning: {note['text']}" for note in answer["warnings"]]
    lines += [f"cannot train: {note['text']}" for note in answer["blocking"]]
    return "\n".join(lines)


@group.command("delete")
def delete(
    context: typer.Context,
    *,
    dataset_id: DatasetId,
    force: Annotated[bool, typer.Option("--force", help="Even if jobs use it.")] = False,
    yes: Yes = False,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Delete a data set; refused while jobs use it unless forced."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    confirm_deletion(f"Delete data set {dataset_id} and its file?", yes=yes or as_json)
    with open_client(api) as client:
        client.send("DELETE", path_of("datasets", dataset_id), params={"force": force})
    speech.result({"dataset_id": dataset_id, "deleted": True}, f"Deleted {dataset_id}.")


def confirm_deletion(question: str, *, yes: bool) -> None:
    """Ask before something goes for good, where somebody sits at the terminal."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)
