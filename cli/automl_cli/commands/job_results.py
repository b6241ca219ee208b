"""Commands of ``automl jobs`` that read what a job said and made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_cli.options import DEFAULT_ADDRESS, Address, AsJSON
from automl_cli.presentation import leaderboard_words, plan_words
from automl_cli.speech import Speech, moment_text, printable, table

JobId = Annotated[str, typer.Argument(metavar="JOB_ID")]


def logs(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Print the job's log."""
    from automl_cli.client import open_client
    from automl_cli.remote import all_log_lines

    speech: Speech = context.obj
    with open_client(api) as client:
        lines = all_log_lines(client, job_id)
    words = [f"{line['at']}  {line['level']:7}  {printable(line['message'])}" for line in lines]
    speech.result({"job_id": job_id, "lines": lines}, "\n".join(words))


def events(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Print the job's time line."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("jobs", job_id, "events"))
    rows = [
        [moment_text(e["at"]), e["attempt"], e["status"], e["stage"], e["note"]]
        for e in answer["items"]
    ]
    speech.result(answer, table(["at (UTC)", "attempt", "status", "stage", "note"], rows))


def plan(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Print the job's plan.

    Of a waiting job, it is the one to be confirmed.
    """
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("jobs", job_id, "plan"))
    speech.result(answer, plan_words(answer))


def leaderboard(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Print every trial, best validation score first."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("jobs", job_id, "leaderboard"))
    speech.result(answer, leaderboard_words(answer))


def artifacts(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """List what the job made."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("jobs", job_id, "artifacts"))
    rows = [[a["name"], a["size_bytes"], a["sha256"]] for a in answer["items"]]
    speech.result(answer, table(["artifact", "bytes", "sha256"], rows))


def download(
    context: typer.Context,
    *,
    job_id: JobId,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into.")],
    artifact: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one; may be given again.")
    ] = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Fetch artifacts, the bundle among them, into a folder."""
    from automl_cli.client import open_client
    from automl_cli.remote import download_artifacts

    speech: Speech = context.obj
    with open_client(api) as client:
        written = download_artifacts(client, job_id, out, artifact or [])
    document = {"job_id": job_id, "out": str(out), "files": [str(path) for path in written]}
    speech.result(document, f"Wrote {len(written)} files to {out}.")
