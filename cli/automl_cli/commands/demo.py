"""``automl demo``: the main job end to end, over real HTTP, on the example data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_cli.options import AsJSON
from automl_cli.speech import Speech


def demo(
    context: typer.Context,
    *,
    exit_after: Annotated[
        bool, typer.Option("--exit", help="Stop the platform after the prediction.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on [a free one].")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder of everything it keeps [a folder 'demo' inside AUTOML_DATA_DIR or "
            "~/.automl-lite, apart from the data of 'automl up'; nothing in it is deleted]."
        ),
    ] = None,
    time_budget: Annotated[
        int, typer.Option(min=60, max=3600, metavar="S", help="Seconds of search.")
    ] = 60,
    as_json: AsJSON = False,
) -> None:
    """Train, prove, deploy and predict on real data, step by step.

    Starts a platform of its own and does over HTTP what a first user would do. Then it
    goes on serving until Ctrl-C, unless --exit was given.
    """
    from automl_cli.client import Client
    from automl_cli.embedded import EmbeddedPlatform
    from automl_cli.walkthrough import Walkthrough
    from automl_core.samples import PENGUINS_TARGET, penguins_path
    from automl_core.settings import load_settings

    speech: Speech = context.obj
    folder = data_dir or load_settings().data_dir / "demo"
    with EmbeddedPlatform(folder.absolute(), port=port) as platform:
        speech.say(f"Starting a platform at {platform.address} (data in {folder}) …")
        platform.wait_until_ready()
        client = Client(platform.address)
        try:
            document = Walkthrough(client, speech).run(
                penguins_path(), PENGUINS_TARGET, time_budget
            )
        finally:
            client.close()
        document |= {"url": platform.address, "data_dir": str(folder)}
        speech.result(document, "The demo is through.")
        if not exit_after:
            speech.note(f"The platform goes on at {platform.address}; Ctrl-C stops it.")
            platform.serve_until_interrupted()
    if exit_after:
        speech.note(f"The platform has stopped; its data stays in {folder}.")
