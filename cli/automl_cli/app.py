"""The command tree. Commands import what they need when they run, so that help is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from automl_cli.commands import (
    cost,
    datasets,
    demo,
    deployments,
    jobs,
    models,
    predict,
    profile,
    train,
    up,
)
from automl_cli.exits import USAGE

app = typer.Typer(
    name="automl",
    help="Train tabular models, prove them, and use them: here or on a running platform.",
    epilog="Exit codes: 0 good, 2 usage, 65 bad data, 66 not found, 70 training failed, "
    "75 platform trouble (worth a retry), 78 configuration.",
    invoke_without_command=True,
    # Plain help appears in a third of the time, and options are not cut to fit a box.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"automl {version('automl-cli')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Train tabular models, prove them, and use them: here or on a running platform."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


# On this machine.
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("profile")(profile.profile)
app.command("train")(train.train)
app.command("predict")(predict.predict)
# On the plan of a platform on AWS.
app.add_typer(cost.group, name="cost")
# On a running platform.
app.add_typer(datasets.group, name="datasets")
app.add_typer(jobs.group, name="jobs")
app.add_typer(deployments.group, name="deployments")
app.add_typer(models.group, name="models")
