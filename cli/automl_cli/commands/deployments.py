"""``automl deployments``: which models of a running platform answer predictions."""

from __future__ import annotations

from typing import Annotated

import typer

from automl_cli.options import DEFAULT_ADDRESS, Address, AsJSON
from automl_cli.speech import Speech, moment_text, table

group = typer.Typer(
    help="Deployments of a running platform: models that may answer.",
    rich_markup_mode=None,
)

JobId = Annotated[str, typer.Argument(metavar="JOB_ID")]


@group.command("list")
def list_deployments(
    context: typer.Context, job_id: JobId, api: Address = DEFAULT_ADDRESS, as_json: AsJSON = False
) -> None:
    """Show when a job's model was deployed and withdrawn.

    `automl models list` shows every model that is deployed now.
    """
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.get(path_of("jobs", job_id, "deployments"))
    rows = [[moment_text(d["at"]), d["action"], d["model_version"]] for d in answer["items"]]
    words = table(["at (UTC)", "action", "bundle"], rows) if rows else "Never deployed."
    speech.result(answer, words)


@group.command("deploy")
def deploy(
    context: typer.Context, job_id: JobId, api: Address = DEFAULT_ADDRESS, as_json: AsJSON = False
) -> None:
    """Let a job's model answer predictions."""
    _switch(context, job_id, api, is_deployed=True)


@group.command("undeploy")
def undeploy(
    context: typer.Context, job_id: JobId, api: Address = DEFAULT_ADDRESS, as_json: AsJSON = False
) -> None:
    """Withdraw a job's model."""
    _switch(context, job_id, api, is_deployed=False)


def _switch(context: typer.Context, job_id: str, api: str, *, is_deployed: bool) -> None:
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.send("POST", path_of("jobs", job_id, "deploy"), {"deploy": is_deployed})
    verb = "Deployed" if is_deployed else "Withdrew"
    speech.result(answer, f"{verb} the model of job {job_id}.")
