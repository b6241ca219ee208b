"""A second file as holdout: read like the first one, its columns checked against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from automl_core.errors import ConfigInvalidError
from automl_core.records import Plan, Storage
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_training.job_table import HOLDOUT_TABLE
from automl_training.stage import StageContext

if TYPE_CHECKING:
    from pathlib import Path


def take_holdout_file(context: StageContext, schema: TableSchema, plan: Plan) -> None:
    """Convert the holdout file with the types of the training table.

    Columns are found by name, whatever their order; columns that the model does not need
    are left out. A cell that does not fit its column's type is missing, as it is when the
    model is used.

    Raises
    ------
    ConfigInvalidError
        If a column that is needed is not there.
    AutoMLError
        If the file cannot be read as a table.
    """
    from automl_core.tabular.convert import write_parquet
    from automl_core.tabular.read import scan_table

    assert context.holdout_upload is not None
    upload: Path = context.holdout_upload

    def open_stream() -> BinaryIO:
        return upload.open("rb")

    found = scan_table(
        open_stream, filename=upload.name, options=context.read_options, limits=context.limits
    ).schema
    holdout = _like_training(found, schema, plan)
    folder = context.workspace.scratch("holdout")
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / HOLDOUT_TABLE
    write_parquet(open_stream, holdout, made, scratch=folder)
    context.workspace.take(HOLDOUT_TABLE, made)
    context.decide(
        what="holdout",
        chosen="file",
        why=f"{holdout.n_rows} rows of a second file are the holdout.",
        sha256=found.file.sha256,
    )


def _like_training(found: TableSchema, schema: TableSchema, plan: Plan) -> TableSchema:
    """The file's schema with the names of the training table, and of text its types, too."""
    needed = [plan.target_column, *(feature.name for feature in plan.features)]
    if plan.weight_column is not None:
        needed.append(plan.weight_column)
    renamed: dict[str, ColumnSchema] = {}
    missing: list[str] = []
    for name in dict.fromkeys(needed):
        trained = next(column for column in schema.columns if column.name == name)
        here = found.column(trained.name) or found.column(trained.original_name)
        if here is None:
            missing.append(name)
        else:
            renamed[here.name] = _typed(here, trained, found)
    if missing:
        raise ConfigInvalidError(
            f"The holdout file has no column {', '.join(map(repr, missing[:10]))}"
            f"{' …' if len(missing) > 10 else ''}; it needs the same columns as the training file."
        )
    taken = {column.name for column in renamed.values()}
    columns = [
        renamed.get(column.name) or column.model_copy(update={"name": _free(column.name, taken)})
        for column in found.columns
    ]
    return found.model_copy(update={"columns": columns})


def _typed(here: ColumnSchema, trained: ColumnSchema, found: TableSchema) -> ColumnSchema:
    """One column of the holdout file, to be read as the training table's was."""
    if found.file.format == "parquet":
        if _sort_of(here.storage) != _sort_of(trained.storage):
            raise ConfigInvalidError(
                f"Column {trained.name!r} holds {here.storage} values in the holdout file and "
                f"{trained.storage} values in the training file; make them alike.",
                pointer=trained.name,
            )
        return here.model_copy(update={"name": trained.name})
    is_fraction = (trained.storage, here.storage) == ("integer", "decimal")
    return trained.model_copy(
        update={
            "position": here.position,
            "original_name": here.original_name,
            # A number is itself: whole numbers in training are no reason to cut others off.
            "storage": "decimal" if is_fraction else trained.storage,
        }
    )


def _sort_of(storage: Storage) -> str:
    """What kinds of values arrays of this storage hold."""
    if storage in {"integer", "decimal"}:
        return "numbers"
    return "times" if storage in {"date", "datetime"} else "texts"


def _free(name: str, taken: set[str]) -> str:
    """A name for a column that is not needed, which no column that is needed has."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
