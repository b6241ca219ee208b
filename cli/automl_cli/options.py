"""Options that several commands share, declared once."""

from __future__ import annotations

import csv
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from automl_core.errors import ConfigInvalidError, NotFoundError

if TYPE_CHECKING:
    from automl_core.records import TrainConfig
    from automl_core.tabular.schema import ReadOptions

TaskOption = Literal["auto", "binary", "multiclass", "regression"]
MetricOption = Literal[
    "auto", "roc_auc", "log_loss", "average_precision", "f1", "macro_f1", "balanced_accuracy",
    "accuracy", "rmse", "mae", "r2",
]  # fmt: skip
MissingOption = Literal["auto", "drop", "mean", "median", "most_frequent"]
DecimalOption = Literal[".", ","]
EDAOption = Literal["fast", "deep"]
EnsembleOption = Literal["auto", "off"]

# Read by `boundary.wants_json` before the line is parsed; here it is only declared.
AsJSON = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document on stdout; words go to stderr."),
]
Address = Annotated[
    str,
    typer.Option(
        "--api",
        envvar="AUTOML_API_URL",
        metavar="URL",
        help="Address of the platform; a token is read from AUTOML_API_TOKEN.",
    ),
]
DEFAULT_ADDRESS = "http://127.0.0.1:8000"

Limit = Annotated[int, typer.Option(min=1, max=100, help="Records on one page.")]
NextToken = Annotated[
    str | None, typer.Option("--next-token", help="Token of the next page, as the last one said.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

TableFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A table: CSV or TSV (also .gz), JSON Lines, Excel (.xlsx), Parquet."
    ),
]

Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Text encoding, where the reader decided wrongly."),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="CHAR", help="One character between fields; 'tab' for a tabulator."),
]
Decimal = Annotated[DecimalOption | None, typer.Option(help="Decimal mark of numbers.")]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first line holds the names."),
]

Task = Annotated[TaskOption, typer.Option(help="Kind of question; auto: read off the target.")]
TimeBudget = Annotated[
    int | None,
    typer.Option(
        min=60, max=3600, metavar="S", help="Seconds of search; default: by the number of rows."
    ),
]
MetricName = Annotated[MetricOption, typer.Option("--metric", help="What the search optimises.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The one source of randomness.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COL,…",
        help="Columns to leave out; may be given again, and a name with a comma in quotes.",
    ),
]
TimeColumn = Annotated[
    str | None, typer.Option(metavar="COL", help="Train on the past, check on the latest rows.")
]
GroupColumn = Annotated[
    str | None, typer.Option(metavar="COL", help="Keep rows of one group on one side of the split.")
]
WeightColumn = Annotated[str | None, typer.Option(metavar="COL", help="Weight of each row.")]
Missing = Annotated[MissingOption, typer.Option(help="What becomes of missing cells.")]
TestSize = Annotated[
    float, typer.Option(min=0.05, max=0.5, help="Share of rows set aside as the holdout.")
]
Families = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME,…", help="Model families to search; default: all that fit."),
]
Reproducible = Annotated[
    bool,
    typer.Option("--reproducible", help="Search a fixed number of trials instead of seconds."),
]
Ensemble = Annotated[
    EnsembleOption,
    typer.Option(
        "--ensemble",
        help="auto: blend several models where that is better by more than noise; off: one model.",
    ),
]
EDA = Annotated[
    EDAOption,
    typer.Option(
        "--eda",
        help="deep: also a report by fg-data-profiling, where it is installed (make deep); up to "
        "two minutes more.",
    ),
]


def names_of(values: list[str] | None) -> list[str]:
    """Column names out of comma-separated, repeatable option values.

    >>> names_of(["a,b", '"c,d"']), names_of(None)
    (['a', 'b', 'c,d'], [])
    """
    rows = csv.reader(values or [], skipinitialspace=True)
    return [name for row in rows for name in row if name]


def read_options(
    encoding: str | None, delimiter: str | None, decimal: DecimalOption | None, header: bool | None
) -> ReadOptions:
    """Build the reader's overrides; a delimiter of more than one character is refused."""
    from automl_core.tabular.schema import ReadOptions

    mark = "\t" if delimiter in ("tab", "\\t") else delimiter
    if mark is not None and len(mark) != 1:
        raise typer.BadParameter(f"--delimiter must be one character, not {mark!r}.")
    return ReadOptions(encoding=encoding, delimiter=mark, decimal=decimal, header=header)


def train_config(
    *,
    task: str,
    time_budget: int | None,
    metric: str,
    seed: int,
    exclude: list[str] | None,
    time_column: str | None,
    group_column: str | None,
    weight_column: str | None,
    missing: str,
    test_size: float,
    families: list[str] | None,
    reproducible: bool,
    ensemble: EnsembleOption = "auto",
    eda: EDAOption = "fast",
    auto_confirm: bool = True,
) -> TrainConfig:
    """Build the training options from those of the command line.

    Raises
    ------
    ConfigInvalidError
        Naming the option and the value that the record refuses.
    """
    from pydantic import ValidationError

    from automl_core.records import TrainConfig

    try:
        return TrainConfig.model_validate(
            {
                "task_type": task,
                "time_budget": time_budget,
                "metric": metric,
                "seed": seed,
                "exclude_columns": names_of(exclude),
                "time_column": time_column,
                "group_column": group_column,
                "weight_column": weight_column,
                "missing": missing,
                "test_size": test_size,
                "families": names_of(families),
                "reproducible": reproducible,
                "ensemble": ensemble,
                "eda": eda,
                "auto_confirm": auto_confirm,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0])
        raise ConfigInvalidError(
            f"{option} cannot be {first['input']!r}: {first['msg']}.", pointer=option
        ) from error


def deep_report_python() -> Path | None:
    """The interpreter that the settings name for the deep report, if they name one."""
    from automl_core.settings import load_settings

    return load_settings().deep_report_python


def existing_file(path: Path) -> Path:
    """Return the path of a file that is there.

    Raises
    ------
    NotFoundError
        If there is nothing, or a folder.
    """
    if path.is_dir():
        raise NotFoundError(f"{str(path)!r} is a folder; name a file in it.")
    if not path.is_file():
        raise NotFoundError(f"There is no file {str(path)!r}.")
    return path


def upload_content_type(path: Path) -> str:
    """Content type that an upload of this file declares.

    >>> upload_content_type(Path("a.csv")), upload_content_type(Path("a.csv.gz"))
    ('text/csv', 'application/gzip')
    """
    known = {
        ".csv": "text/csv",
        ".tsv": "text/tab-separated-values",
        ".txt": "text/plain",
        ".gz": "application/gzip",
        ".parquet": "application/vnd.apache.parquet",
        ".jsonl": "application/x-ndjson",
        ".ndjson": "application/x-ndjson",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    guessed = known.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return guessed or "application/octet-stream"
