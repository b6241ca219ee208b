"""The job's table as its later stages see it: training rows and holdout rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from automl_core.layout import ENCODER, PLAN, SCHEMA, SPLITS, TABLE
from automl_core.records import Plan
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_training.stage import Workspace, read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_core.bundle.runtime import Encoder

Side = Literal["train", "holdout"]
Columns = dict[str, "NDArray[Any]"]

#: The rows of a second file that is the holdout, converted like the first one.
HOLDOUT_TABLE = "holdout.parquet"


def read_schema(workspace: Workspace) -> TableSchema:
    """Read what *ingest* found in the file."""
    return TableSchema.model_validate_json(workspace.path(SCHEMA).read_bytes())


def read_plan(workspace: Workspace) -> Plan:
    """Read what *clarify* settled."""
    return Plan.model_validate_json(workspace.path(PLAN).read_bytes())


def target_schema(schema: TableSchema, plan: Plan) -> ColumnSchema:
    """Find the target among the columns; the plan was made of this very schema."""
    return next(column for column in schema.columns if column.name == plan.target_column)


@dataclass(frozen=True)
class JobTable:
    """Access to both sides of the split; reads from disk what is asked for, keeps nothing."""

    workspace: Workspace
    schema: TableSchema
    plan: Plan
    splits: dict[str, Any]
    encoder_columns: list[dict[str, Any]]
    classes: list[Any]
    """Labels in the order of their codes, in their original coding; empty for regression."""

    @classmethod
    def open(cls, workspace: Workspace) -> JobTable:
        """Read what *preprocess* settled."""
        encoder = read_json(workspace, ENCODER)
        return cls(
            workspace=workspace,
            schema=read_schema(workspace),
            plan=read_plan(workspace),
            splits=read_json(workspace, SPLITS),
            encoder_columns=encoder["columns"],
            classes=encoder["classes"],
        )

    def rows(self, side: Side) -> NDArray[np.int64]:
        """Row numbers of a side, in the table that the side's rows lie in."""
        import numpy as np

        return np.asarray(self.splits[side], dtype=np.int64)

    def columns(self, side: Side, names: Sequence[str]) -> Columns:
        """Typed values of columns, in the order of the side's rows."""
        from automl_core.tabular.convert import read_columns

        in_other_file = side == "holdout" and self.splits["holdout_is_other_file"]
        path = self.workspace.path(HOLDOUT_TABLE if in_other_file else TABLE)
        whole = read_columns(path, self.schema, list(dict.fromkeys(names)))
        rows = self.rows(side)
        # Columns are let go one by one: two copies of a large table would be too many.
        return {name: whole.pop(name)[rows] for name in list(whole)}

    def features(self, side: Side) -> Columns:
        """Typed values of every column that the model reads."""
        return self.columns(side, [column["name"] for column in self.encoder_columns])

    def encoder(self) -> Encoder:
        """The encoder that was fitted on the training rows."""
        from automl_core.bundle.runtime import Encoder

        return Encoder(self.encoder_columns)

    def matrix(self, side: Side) -> NDArray[np.float32]:
        """The encoded features, of shape (n_rows, n_features)."""
        return self.encoder().encode(self.features(side), len(self.splits[side]))

    def target(self, side: Side) -> NDArray[Any]:
        """Class codes, or values for regression."""
        from automl_training.encoding import encode_target

        name = self.plan.target_column
        values = self.columns(side, [name])[name]
        column = target_schema(self.schema, self.plan)
        return encode_target(values, column, self.plan, self.classes or None)[0]

    def weights(self, side: Side) -> NDArray[np.float64] | None:
        """Row weights, if the plan names a column of them."""
        name = self.plan.weight_column
        return None if name is None else self.columns(side, [name])[name]

    def groups(self, side: Side) -> NDArray[Any] | None:
        """Group of each row, if the plan keeps groups together."""
        name = self.plan.split.group_column
        return None if name is None else self.columns(side, [name])[name]
