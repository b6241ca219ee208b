"""Data sets."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from automl_backend.schemas.base import Body, View
from automl_backend.services.datasets import (
    READING_RETRY_S,
    SHOWN_REJECTS,
    DatasetDetails,
    DatasetList,
)
from automl_core.records import (
    ClassCount,
    ColumnKind,
    Dataset,
    DatasetStatus,
    DroppedColumn,
    ErrorNote,
    Metric,
    Plan,
    PlanNote,
    Storage,
    Task,
)
from automl_core.tabular.schema import (
    ColumnSchema,
    FileFacts,
    Preview,
    ReadOptions,
    Reject,
    ValueCount,
)


class ConfirmRequest(Body):
    """What the user knows better than the reader; a missing field: the reader decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"delimiter": ";", "decimal": ","}]})

    encoding: str | None = Field(default=None, max_length=40)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    header: bool | None = None

    def options(self) -> ReadOptions:
        """The reader's form of it."""
        return ReadOptions(**self.model_dump())


class ColumnView(View):
    """One column: what it stores, what it is for a model, and why."""

    name: str
    original_name: str
    position: int
    storage: Storage
    kind: ColumnKind
    kind_reason: str
    missing: int
    distinct: int
    distinct_is_exact: bool
    unreadable: int
    minimum: float | None
    maximum: float | None
    examples: list[str]
    top_values: list[ValueCount]
    warnings: list[str]

    @classmethod
    def of(cls, column: ColumnSchema) -> ColumnView:
        """Show a column of a schema."""
        return cls(
            name=column.name,
            original_name=column.original_name,
            position=column.position,
            storage=column.storage,
            kind=column.kind,
            kind_reason=column.kind_reason,
            missing=column.n_missing,
            distinct=column.n_distinct,
            distinct_is_exact=column.distinct_is_exact,
            unreadable=column.n_unreadable,
            minimum=column.minimum,
            maximum=column.maximum,
            examples=column.examples,
            top_values=column.top_values,
            warnings=column.warnings,
        )


class RejectedRowsView(View):
    """Lines that were set aside or padded; the first few are shown."""

    set_aside: int
    padded: int
    lines: list[Reject]


class DatasetSummary(View):
    """A data set in a list."""

    dataset_id: str
    filename: str
    content_type: str
    status: DatasetStatus
    created_at: AwareDatetime
    updated_at: AwareDatetime
    file_size: int | None
    sha256: str | None
    row_count: int | None
    column_count: int | None
    error: ErrorNote | None

    @classmethod
    def of(cls, dataset: Dataset) -> DatasetSummary:
        """Show a record without its columns."""
        return cls(**dataset.model_dump(include=set(DatasetSummary.model_fields)))


class DatasetView(DatasetSummary):
    """A data set with its columns; they are empty until it is confirmed."""

    columns: list[ColumnView]
    file: FileFacts | None
    rejected_rows: RejectedRowsView | None
    warnings: list[str]

    @classmethod
    def of_details(cls, details: DatasetDetails) -> DatasetView:
        """Show a record together with what reading the file told."""
        summary = DatasetSummary.of(details.dataset).model_dump()
        schema, rejects = details.schema, details.rejects
        return cls(
            **summary,
            columns=[ColumnView.of(column) for column in schema.columns] if schema else [],
            file=schema.file if schema else None,
            rejected_rows=RejectedRowsView(
                set_aside=rejects.n_set_aside,
                padded=rejects.n_padded,
                lines=rejects.lines[:SHOWN_REJECTS],
            )
            if rejects
            else None,
            warnings=schema.warnings if schema else [],
        )

    def headers(self) -> dict[str, str]:
        """When to ask again, while the data set is being read."""
        return {"Retry-After": str(READING_RETRY_S)} if self.status == "profiling" else {}


def confirmation_status(view: DatasetView) -> int:
    """HTTP status of a confirmation: 202 if the file is still to be read."""
    return 202 if view.status == "profiling" else 200


class DatasetPage(View):
    """One page of data sets, newest first."""

    items: list[DatasetSummary]
    next_token: str | None

    @classmethod
    def of(cls, page: DatasetList) -> DatasetPage:
        """Show a page."""
        items = [DatasetSummary.of(dataset) for dataset in page.items]
        return cls(items=items, next_token=page.next_token)


class PreviewView(View):
    """First rows as text; a missing cell is null."""

    columns: list[str]
    rows: list[list[str | None]]

    @classmethod
    def of(cls, preview: Preview) -> PreviewView:
        """Show a preview."""
        return cls(columns=preview.columns, rows=preview.rows)


class TargetCheckRequest(Body):
    """A column that somebody thinks of predicting."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"target_column": "species"}]})

    target_column: str = Field(min_length=1, max_length=1000)


class TargetCheckView(View):
    """What predicting a column would mean, and whether it can be done."""

    target_column: str
    is_usable: bool
    task: Task
    confidence: Literal["high", "medium", "low", "given"]
    reason: str
    metric: Metric
    metric_reason: str
    classes: list[ClassCount]
    positive_label: str | None
    row_count: int
    rows_without_target: int
    dropped: list[DroppedColumn]
    warnings: list[PlanNote]
    blocking: list[PlanNote]

    @classmethod
    def of(cls, plan: Plan) -> TargetCheckView:
        """Show the part of a plan that depends on the target alone."""
        return cls(
            target_column=plan.target_column,
            is_usable=not plan.blocking,
            task=plan.task,
            confidence=plan.task_confidence,
            reason=plan.task_reason,
            metric=plan.metric,
            metric_reason=plan.metric_reason,
            classes=plan.classes,
            positive_label=plan.positive_label,
            row_count=plan.row_count,
            rows_without_target=plan.rows_without_target,
            dropped=plan.dropped,
            warnings=plan.warnings,
            blocking=plan.blocking,
        )
