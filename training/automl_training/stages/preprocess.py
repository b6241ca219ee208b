"""Preprocess: settle which rows train, and learn the encoder from them alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from automl_core.errors import ConfigInvalidError, TableTooShortError
from automl_core.layout import ENCODER, PLAN, SCHEMA, SPLITS, TABLE
from automl_core.records import Plan, StageName
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_training.holdout_file import take_holdout_file
from automl_training.job_table import (
    HOLDOUT_TABLE,
    Columns,
    read_plan,
    read_schema,
    target_schema,
)
from automl_training.stage import StageContext
from automl_training.workspace import write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_training.splitting import Split

#: Fewer training rows than this after leaving out rows with gaps are no training.
MIN_TRAINING_ROWS = 10


class Preprocess:
    """The split comes first; nothing is learned from a row of the holdout."""

    name: StageName = "preprocess"
    needs = (TABLE, SCHEMA, PLAN)
    makes = (SPLITS, ENCODER)

    def run(self, context: StageContext) -> None:
        """Write both sides of the split and the columns of the encoder."""
        from automl_core.tabular.convert import read_columns
        from automl_training.encoding import encode_target, fit_columns

        workspace = context.workspace
        schema, plan = read_schema(workspace), read_plan(workspace)
        has_file = context.holdout_upload is not None
        if has_file:
            take_holdout_file(context, schema, plan)
        split = _split(context, schema, plan, has_file=has_file)
        for note in split.notes:
            context.decide(what="split", why=note)

        context.reporter.progress(0.4, "encoding")
        names = [feature.name for feature in plan.features]
        table = read_columns(workspace.path(TABLE), schema, names)
        train = split.train
        notes = list(split.notes)
        if plan.missing == "drop":
            train = _without_gaps(table, train)
            n_left_out = split.train.size - train.size
            notes.append(
                f"{n_left_out} of {split.train.size} training rows were left out: they have a "
                "gap in a column that is read."
            )
            context.decide(what="missing", chosen="drop", why=notes[-1])
        if train.size < MIN_TRAINING_ROWS:
            raise TableTooShortError(
                f"Only {train.size} rows are left to train on; at least {MIN_TRAINING_ROWS} are "
                "needed. Upload more rows, or choose another way with missing cells."
            )
        columns = fit_columns(table, schema, plan, train)
        del table
        column = target_schema(schema, plan)
        values = _targets(context, schema, column.name, has_file=False)
        classes = encode_target(values[train], column, plan, None)[1]
        holdout = split.holdout
        if classes:
            values = _targets(context, schema, column.name, has_file=has_file)
            codes = encode_target(values[holdout], column, plan, classes)[0]
            holdout = holdout[codes >= 0]
            if holdout.size < split.holdout.size:
                notes.append(
                    f"{split.holdout.size - holdout.size} holdout rows were left out: their class "
                    "has no training row without a gap."
                )
        write_json(workspace, ENCODER, {"columns": columns, "classes": classes})
        write_json(
            workspace,
            SPLITS,
            {
                "method": split.method,
                "seed": split.seed,
                "holdout_is_other_file": has_file,
                "notes": notes,
                "train": train.tolist(),
                "holdout": holdout.tolist(),
            },
        )


def _targets(
    context: StageContext, schema: TableSchema, name: str, *, has_file: bool
) -> NDArray[Any]:
    from automl_core.tabular.convert import read_columns

    path = context.workspace.path(HOLDOUT_TABLE if has_file else TABLE)
    return read_columns(path, schema, [name])[name]


def _split(context: StageContext, schema: TableSchema, plan: Plan, *, has_file: bool) -> Split:
    import numpy as np

    from automl_core.tabular.convert import read_columns
    from automl_training.splitting import split_rows

    target, times, groups = plan.target_column, plan.split.time_column, plan.split.group_column
    wanted = [name for name in (times, groups) if name is not None]
    table = read_columns(context.workspace.path(TABLE), schema, wanted)
    values = _targets(context, schema, target, has_file=False)
    n_rows = values.size
    if has_file:
        values = np.concatenate([values, _targets(context, schema, target, has_file=True)])
    split = split_rows(
        _coded(values, target_schema(schema, plan), plan),
        plan,
        times=None if times is None else table[times],
        groups=None if groups is None else table[groups],
        is_given_holdout=np.arange(values.size) >= n_rows if has_file else None,
        seed=plan.seed,
    )
    if not has_file:
        return split
    if split.holdout.size == 0:
        raise ConfigInvalidError(
            f"No row of the holdout file has a value in {target!r} that the training rows know, "
            "so no model can be checked on it; give another file or none.",
            pointer=target,
        )
    # Rows of the second file are counted from its own beginning.
    return replace(split, holdout=split.holdout - n_rows)


def _coded(values: NDArray[Any], column: ColumnSchema, plan: Plan) -> NDArray[np.float64]:
    """The target as numbers, NaN where it is missing: one code for all spellings of a class."""
    import numpy as np

    from automl_training.encoding import encode_target

    codes = encode_target(values, column, plan, None)[0].astype(np.float64)
    return codes if plan.task == "regression" else np.where(codes < 0, np.nan, codes)


def _without_gaps(table: Columns, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    from automl_training.splitting import is_missing

    has_gap = np.zeros(rows.size, dtype=bool)
    for values in table.values():
        has_gap |= is_missing(values[rows])
    kept: NDArray[Any] = rows[~has_gap]
    return kept
