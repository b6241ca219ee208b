"""``automl train``: the whole pipeline on this machine, without a server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_cli.exits import CommandError, exit_status_of
from automl_cli.options import (
    EDA,
    AsJSON,
    Decimal,
    Delimiter,
    Encoding,
    Ensemble,
    Exclude,
    Families,
    GroupColumn,
    Header,
    MetricName,
    Missing,
    Reproducible,
    Seed,
    TableFile,
    Task,
    TestSize,
    TimeBudget,
    TimeColumn,
    WeightColumn,
    deep_report_python,
    existing_file,
    read_options,
    train_config,
)
from automl_cli.presentation import (
    deep_report_words,
    importance_words,
    leaderboard_words,
    metrics_words,
    parity_words,
    plan_words,
)
from automl_cli.progress import Step, open_progress
from automl_cli.speech import Speech
from automl_core.errors import ConfigurationError, TrainingError

if TYPE_CHECKING:
    from automl_training.local import LocalResult
    from automl_training.reporting import ProgressEvent


def train(
    context: typer.Context,
    *,
    file: TableFile,
    target: Annotated[str, typer.Option(metavar="COL", help="Column to predict.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for every artifact.")],
    task: Task = "auto",
    time_budget: TimeBudget = None,
    metric: MetricName = "auto",
    seed: Seed = 0,
    exclude: Exclude = None,
    time_column: TimeColumn = None,
    group_column: GroupColumn = None,
    weight_column: WeightColumn = None,
    holdout_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Table that is the holdout, instead of a share."),
    ] = None,
    missing: Missing = "auto",
    test_size: TestSize = 0.2,
    families: Families = None,
    reproducible: Reproducible = False,
    ensemble: Ensemble = "auto",
    eda: EDA = "fast",
    plan_only: Annotated[
        bool, typer.Option("--plan-only", help="Read, profile and plan; train nothing.")
    ] = False,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    header: Header = None,
    as_json: AsJSON = False,
) -> None:
    """Train on a table and prove the model, without a server.

    Plans, searches, scores, explains, exports, and writes every artifact under DIR.
    The bundle under DIR/bundle answers predictions on its own: `automl predict`, or
    `python predict.py`.
    """
    # Loading the model libraries takes seconds that count against the time budget's rule.
    started = time.monotonic()
    speech: Speech = context.obj
    existing_file(file)
    if holdout_file is not None:
        existing_file(holdout_file)
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
    )
    options = read_options(encoding, delimiter, decimal, header)
    try:
        from automl_training.local import train_locally
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Training needs the member 'training' and its libraries ({error.name} is missing); "
            "install them (make setup)."
        ) from error

    with open_progress(speech.err) as progress:

        def show(event: ProgressEvent) -> None:
            progress.show(
                Step(
                    stage=event.stage,
                    percent=event.progress,
                    message=event.message,
                    best_score=event.best_score,
                    n_trials=event.n_trials,
                )
            )

        result = train_locally(
            file,
            out,
            target_column=target,
            config=config,
            holdout_upload=holdout_file,
            read_options=options,
            plan_only=plan_only,
            on_progress=show,
            started=started,
            deep_report_python=deep_report_python() if eda == "deep" else None,
        )
    if plan_only:
        _tell_plan(speech, result)
    else:
        _tell_result(speech, result)


def _tell_plan(speech: Speech, result: LocalResult) -> None:
    plan = result.plan.model_dump(mode="json")
    document = {"status": "planned", "out": str(result.folder), "plan": plan}
    words = f"{plan_words(plan)}\n\nWritten to {result.folder}."
    if result.plan.blocking:
        first = result.plan.blocking[0]
        if not speech.as_json:
            speech.say(words)
        raise CommandError(
            first.text,
            code=first.code,
            exit_status=exit_status_of(first.code),
            document=document | {"status": "blocked"},
        )
    speech.result(document, words)


def _tell_result(speech: Speech, result: LocalResult) -> None:
    plan = result.plan.model_dump(mode="json")
    metrics, leaderboard = result.metrics, result.leaderboard
    parity, explanations = result.parity, result.explanations
    if metrics is None or leaderboard is None or parity is None or explanations is None:
        raise TrainingError("The training ended without a result; run it again.")
    out = result.folder
    document = {
        "status": "completed",
        "out": str(out),
        "job_id": result.job_id,
        "task": plan["task"],
        "target_column": plan["target_column"],
        "metric": metrics["metric"],
        "score": metrics["scores"].get(metrics["metric"]),
        "split": metrics["split"],
        "n_rows": metrics["n_rows"],
        "baseline": metrics["baseline"],
        "verdict": metrics["verdict"],
        "chosen": leaderboard["chosen"],
        "n_trials": leaderboard["n_trials"],
        "parity": parity,
        "bundle": str(out / "bundle"),
        "report": str(out / "report.html"),
        "deep_report": result.deep_report_note,
    }
    parts = [
        plan_words(plan),
        leaderboard_words(leaderboard),
        metrics_words(metrics),
        importance_words(explanations),
        parity_words(parity),
        f"Report: {out / 'report.html'}\nBundle: {out / 'bundle'}\n"
        f"Use it: automl predict {out / 'bundle'} INPUT.csv --out predictions.csv",
    ]
    if result.deep_report_note is not None:
        parts.insert(-1, deep_report_words(out, result.deep_report_note))
    speech.result(document, "\n\n".join(parts))
