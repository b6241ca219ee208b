"""``automl jobs``: trainings of a running platform."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from automl_cli.commands import job_results
from automl_cli.commands.datasets import confirm_deletion, more_words
from automl_cli.options import (
    DEFAULT_ADDRESS,
    EDA,
    Address,
    AsJSON,
    Ensemble,
    Exclude,
    Families,
    GroupColumn,
    Limit,
    MetricName,
    Missing,
    NextToken,
    Reproducible,
    Seed,
    Task,
    TestSize,
    TimeBudget,
    TimeColumn,
    WeightColumn,
    Yes,
    names_of,
    train_config,
)
from automl_cli.presentation import plan_words
from automl_cli.speech import Speech, facts, table

group = typer.Typer(
    help="Jobs of a running platform: one training each.",
    rich_markup_mode=None,
)

JobId = Annotated[str, typer.Argument(metavar="JOB_ID")]
StatusOption = Literal["pending", "running", "waiting", "completed", "failed", "cancelled"]


@group.command("list")
def list_jobs(
    context: typer.Context,
    *,
    limit: Limit = 20,
    next_token: NextToken = None,
    status: Annotated[StatusOption | None, typer.Option(help="Only jobs in this status.")] = None,
    dataset_id: Annotated[str | None, typer.Option(help="Only jobs on this data set.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only jobs with this tag.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Part of file, target or notes.")] = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """List jobs, newest first."""
    from automl_cli.client import open_client

    speech: Speech = context.obj
    with open_client(api) as client:
        page = client.get(
            "/jobs",
            limit=limit,
            next_token=next_token,
            status=status,
            dataset_id=dataset_id,
            tag=tag,
            q=q,
        )
    rows = [
        [j["job_id"], j["dataset_name"], j["target_column"], j["status"], j["metric"], j["score"]]
        for j in page["items"]
    ]
    head = ["job", "file", "target", "status", "metric", "score (holdout)"]
    speech.result(page, (table(head, rows) if rows else "No job.") + more_words(page))


@group.command("get")
def get_job(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Show a job."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        job = client.get(path_of("jobs", job_id))
    speech.result(job, job_words(job))


def job_words(job: dict[str, Any]) -> str:
    """A job in words."""
    error = job.get("error")
    return facts(
        [
            ("job", job["job_id"]),
            ("file", job["dataset_name"]),
            ("target", job["target_column"]),
            ("status", job["status"]),
            ("stage", job["stage"]),
            ("attempt", job["attempt"]),
            ("task", job["task"]),
            ("metric", job["metric"]),
            ("score (holdout)", job["score"]),
            ("family", job["model_family"]),
            ("deployed", job["is_deployed"]),
            ("tags", ", ".join(job["tags"])),
            ("notes", job["notes"]),
            ("error", error["detail"] if error else None),
        ]
    )


@group.command("start")
def start(
    context: typer.Context,
    *,
    dataset_id: Annotated[str, typer.Argument(metavar="DATASET_ID")],
    target: Annotated[str, typer.Option(metavar="COL", help="Column to predict.")],
    task: Task = "auto",
    time_budget: TimeBudget = None,
    metric: MetricName = "auto",
    seed: Seed = 0,
    exclude: Exclude = None,
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    weight_column: WeightColumn = None,
    missing: Missing = "auto",
    test_size: TestSize = 0.2,
    families: Families = None,
    reproducible: Reproducible = False,
    ensemble: Ensemble = "auto",
    eda: EDA = "fast",
    ask: Annotated[bool, typer.Option("--ask", help="Stop at the plan and wait for you.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan; start nothing.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Start a training."""
    from automl_cli.client import open_client
    from automl_cli.progress import open_progress
    from automl_cli.remote import path_of, watch_job

    speech: Speech = context.obj
    config = train_config(
        task=task,
        time_budget=time_budget,
        metric=metric,
        seed=seed,
        exclude=exclude,
        time_column=time_column,
        group_column=group_column,
        weight_column=weight_column,
        missing=missing,
        test_size=test_size,
        families=families,
        reproducible=reproducible,
        ensemble=ensemble,
        eda=eda,
        auto_confirm=not ask,
    )
    body = {
        "dataset_id": dataset_id,
        "target_column": target,
        "config": config.model_dump(mode="json"),
    }
    with open_client(api) as client:
        if dry_run:
            answer = client.send("POST", "/train", body, params={"dry_run": True})
            speech.result(answer, plan_words(answer["plan"]))
            return
        answer = client.send("POST", "/train", body, once=True)
        job_id = answer["job_id"]
        if not watch:
            speech.result(answer, f"Started job {job_id}; follow it: automl jobs watch {job_id}")
            return
        speech.note(f"Started job {job_id}.")
        with open_progress(speech.err) as progress:
            watch_job(client, job_id, progress)
        job = client.get(path_of("jobs", job_id))
    speech.result(job, job_words(job))


@group.command("watch")
def watch(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Follow a job to its end.

    A failed job ends with the exit code of its error.
    """
    from automl_cli.client import open_client
    from automl_cli.progress import open_progress
    from automl_cli.remote import path_of, watch_job

    speech: Speech = context.obj
    with open_client(api) as client:
        with open_progress(speech.err) as progress:
            watch_job(client, job_id, progress)
        job = client.get(path_of("jobs", job_id))
    if job["status"] == "waiting":
        speech.note(
            f"The job waits at its plan; look at it with: automl jobs plan {job_id}, "
            f"go on with: automl jobs clarify {job_id}"
        )
    speech.result(job, job_words(job))


@group.command("cancel")
def cancel(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Stop a job."""
    _act(context, "cancel", job_id, api=api, doing="Cancelling")


@group.command("retry")
def retry(
    context: typer.Context,
    *,
    job_id: JobId,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Start a new attempt of a failed or cancelled job.

    It goes on where the last attempt ended.
    """
    _act(context, "retry", job_id, api=api, doing="Retrying")


@group.command("clarify")
def clarify(
    context: typer.Context,
    *,
    job_id: JobId,
    task: Annotated[
        Literal["binary", "multiclass", "regression"] | None, typer.Option(help="Another task.")
    ] = None,
    exclude: Exclude = None,
    time_budget: TimeBudget = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Answer a job that waits at its plan, and let it go on."""
    answers = {
        "task_type": task,
        "exclude_columns": names_of(exclude) if exclude else None,
        "time_budget": time_budget,
    }
    body = {name: value for name, value in answers.items() if value is not None}
    _act(context, "clarify", job_id, api=api, doing="Going on with", body=body)


def _act(
    context: typer.Context,
    action: str,
    job_id: str,
    *,
    api: str,
    doing: str,
    body: dict[str, Any] | None = None,
) -> None:
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.send("POST", path_of("jobs", job_id, action), body)
    speech.result(answer, f"{doing} job {job_id}: {answer['status']}.")


@group.command("update")
def update(
    context: typer.Context,
    *,
    job_id: JobId,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag; the ones given replace those there.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="Notes, at most 1,000 characters.")] = None,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Change a job's tags and notes."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    if tag is None and notes is None:
        raise typer.BadParameter("Give --tag, --notes or both.")
    given = {"tags": tag, "notes": notes}
    body = {name: value for name, value in given.items() if value is not None}
    with open_client(api) as client:
        job = client.send("PATCH", path_of("jobs", job_id), body)
    speech.result(job, job_words(job))


@group.command("delete")
def delete(
    context: typer.Context,
    *,
    job_id: JobId,
    yes: Yes = False,
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Delete a job and every artifact of it; the data set stays."""
    from automl_cli.client import open_client
    from automl_cli.remote import path_of

    speech: Speech = context.obj
    confirm_deletion(f"Delete job {job_id}, its model and its reports?", yes=yes or as_json)
    with open_client(api) as client:
        client.send("DELETE", path_of("jobs", job_id))
    speech.result({"job_id": job_id, "deleted": True}, f"Deleted {job_id}.")


@group.command("compare")
def compare(
    context: typer.Context,
    *,
    job_ids: Annotated[list[str], typer.Argument(metavar="JOB_ID…")],
    api: Address = DEFAULT_ADDRESS,
    as_json: AsJSON = False,
) -> None:
    """Hold up to four jobs side by side."""
    from automl_cli.client import open_client

    speech: Speech = context.obj
    with open_client(api) as client:
        answer = client.send("POST", "/jobs/compare", {"job_ids": job_ids})
    speech.result(answer, compare_words(answer))


def compare_words(answer: dict[str, Any]) -> str:
    """Jobs side by side, in words."""
    rows = [
        [j["job_id"], j["target_column"], j["task"], j["model_family"], j["metric"], j["score"]]
        for j in answer["jobs"]
    ]
    words = table(["job", "target", "task", "family", "metric", "score (holdout)"], rows)
    if answer["is_ranked"]:
        return f"{words}\nBest first: {', '.join(answer['ranking'])}"
    return "\n".join([words, "Not ranked:", *answer["reasons"]])


group.command("logs")(job_results.logs)
group.command("events")(job_results.events)
group.command("plan")(job_results.plan)
group.command("leaderboard")(job_results.leaderboard)
group.command("artifacts")(job_results.artifacts)
group.command("download")(job_results.download)
