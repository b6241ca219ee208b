"""``automl up``: the embedded platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl_cli.options import AsJSON
from automl_cli.speech import Speech
from automl_core.errors import ConfigurationError


def up(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one [8000]."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of everything it keeps [AUTOML_DATA_DIR or ~/.automl-lite]."),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Start the embedded platform; Ctrl-C stops it.

    API, page and job runner in one process. Its records and files lie in one folder;
    nothing leaves this machine.
    """
    from automl_core.logs import configure_logs
    from automl_core.settings import load_settings

    try:
        from automl_backend.main import serve
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith(("automl_backend", "uvicorn")):
            raise
        raise ConfigurationError(
            "The platform is not installed; install the member 'backend' (make setup)."
        ) from error
    speech: Speech = context.obj
    settings = load_settings(host=host, port=port, data_dir=data_dir)
    configure_logs(settings.log_level)

    def tell(address: str) -> None:
        speech.result(
            {"url": address, "data_dir": str(settings.data_dir)},
            f"AutoML Lite at {address} (data in {settings.data_dir}); Ctrl-C stops it.",
        )

    serve(settings, on_ready=tell)
