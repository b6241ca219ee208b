"""``automl predict``: score a table with a model bundle, without a platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from automl_cli.options import AsJSON, existing_file
from automl_cli.speech import Speech, printable
from automl_core.errors import ConfigurationError, InvalidInputError, NotFoundError


def predict(
    context: typer.Context,
    *,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder or zip of a bundle.")],
    file: Annotated[Path, typer.Argument(metavar="INPUT", help="CSV or Parquet to score.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV to write.")],
    as_json: AsJSON = False,
) -> None:
    """Score the rows of a table in their order.

    Writes the input's columns, then `prediction` in the target's own coding, and
    `probability_<label>` for each class, or `lower` and `upper` for a number.
    """
    from automl_core.bundle import runtime
    from automl_core.bundle.scoring import score_file

    speech: Speech = context.obj
    existing_file(file)
    if not bundle.exists():
        raise NotFoundError(f"There is no bundle {str(bundle)!r}.")
    if out.exists() and out.samefile(file):
        raise typer.BadParameter("--out names the input itself; choose another file.")
    try:
        predictor = runtime.Predictor.load(bundle)
        out.parent.mkdir(parents=True, exist_ok=True)
        n_rows = score_file(predictor, file, out)
    except ModuleNotFoundError as error:
        if error.name != "duckdb":
            raise
        raise ConfigurationError(
            "Scoring Parquet needs duckdb; install it, or save the table as CSV."
        ) from error
    except (runtime.InputError, runtime.BundleError) as error:
        raise InvalidInputError(str(error), pointer=getattr(error, "pointer", None)) from error
    speech.result(
        _document(predictor.manifest, n_rows, out), _words(predictor.manifest, n_rows, out)
    )


def _document(manifest: dict[str, Any], n_rows: int, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "n_rows": n_rows,
        "job_id": manifest.get("job_id"),
        "task": manifest["task"],
        "target_column": manifest["target"]["name"],
    }


def _words(manifest: dict[str, Any], n_rows: int, out: Path) -> str:
    target = printable(manifest["target"]["name"])
    return f"Predicted {target!r} for {n_rows} rows; written to {out}."
