"""Data sets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response, UploadFile

from automl_backend.deps import (
    Datasets,
    IdempotencyHeader,
    IdempotentWrites,
    NextToken,
    PageLimit,
    Planning,
    Profiles,
    SearchText,
    TheCaller,
    tagged,
    versioned,
)
from automl_backend.routing import guarded_router
from automl_backend.schemas.datasets import (
    ConfirmRequest,
    DatasetPage,
    DatasetView,
    PreviewView,
    TargetCheckRequest,
    TargetCheckView,
    confirmation_status,
)
from automl_backend.services.datasets import MAX_PREVIEW_ROWS
from automl_core.tabular.schema import ReadOptions

router = guarded_router("datasets", prefix="/datasets")


@router.get("", operation_id="list_datasets")
def list_datasets(
    caller: TheCaller,
    datasets: Datasets,
    limit: PageLimit = 20,
    next_token: NextToken = None,
    q: SearchText = None,
) -> DatasetPage:
    """List data sets, newest first; ``q`` is a part of the file's name."""
    return DatasetPage.of(datasets.list(caller, limit=limit, next_token=next_token, text=q))


@router.post("", operation_id="create_dataset", status_code=201)
def create_dataset(
    file: UploadFile, response: Response, caller: TheCaller, datasets: Datasets
) -> DatasetView:
    """Upload and confirm a small file at once; large ones go through /upload/request-url."""
    view = DatasetView.of_details(
        datasets.create(
            caller,
            filename=file.filename or "table",
            content_type=file.content_type or "application/octet-stream",
            stream=file.file,
        )
    )
    response.headers.update(view.headers())
    return view


@router.post("/sample", operation_id="create_sample_dataset", status_code=201)
def create_sample_dataset(
    caller: TheCaller,
    datasets: Datasets,
    writes: IdempotentWrites,
    idempotency_key: IdempotencyHeader = None,
) -> DatasetView:
    """Create the demo data set: 344 penguins of three species."""
    return writes.once(
        caller,
        idempotency_key,
        request="sample",
        answer_type=DatasetView,
        run=lambda: DatasetView.of_details(datasets.create_sample(caller)),
    )


@router.get("/{dataset_id}", operation_id="get_dataset", response_model=DatasetView)
def get_dataset(
    dataset_id: str, request: Request, caller: TheCaller, datasets: Datasets
) -> Response:
    """Read one data set with its columns; while it is being read, ``Retry-After`` says when
    to ask again."""
    details = datasets.get(caller, dataset_id)
    view = DatasetView.of_details(details)
    answer = versioned(request, view, details.dataset.version)
    answer.headers.update(view.headers())
    return answer


@router.delete("/{dataset_id}", operation_id="delete_dataset", status_code=204)
def delete_dataset(
    dataset_id: str,
    caller: TheCaller,
    datasets: Datasets,
    force: Annotated[bool, Query(description="Delete it even if jobs refer to it.")] = False,
) -> None:
    """Delete a data set with its file."""
    datasets.delete(caller, dataset_id, force=force)


@router.post(
    "/{dataset_id}/confirm",
    operation_id="confirm_dataset",
    responses={
        202: {
            "model": DatasetView,
            "description": "The file is large and being read (status profiling); Retry-After says"
            " when to ask for the data set.",
        }
    },
)
def confirm_dataset(
    dataset_id: str,
    response: Response,
    caller: TheCaller,
    datasets: Datasets,
    body: ConfirmRequest | None = None,
) -> DatasetView:
    """Read the uploaded file, pin what was read, and tell its columns."""
    options = body.options() if body else ReadOptions()
    view = DatasetView.of_details(datasets.confirm(caller, dataset_id, options))
    response.status_code = confirmation_status(view)
    response.headers.update(view.headers())
    return view


@router.get("/{dataset_id}/preview", operation_id="preview_dataset")
def preview_dataset(
    dataset_id: str,
    caller: TheCaller,
    datasets: Datasets,
    rows: Annotated[int, Query(ge=1, le=MAX_PREVIEW_ROWS)] = 50,
) -> PreviewView:
    """Read the first rows as text."""
    return PreviewView.of(datasets.preview(caller, dataset_id, n_rows=rows))


@router.get("/{dataset_id}/profile", operation_id="profile_dataset", response_model=dict[str, Any])
def profile_dataset(
    dataset_id: str, request: Request, caller: TheCaller, profiles: Profiles
) -> Response:
    """Read the profile; the first question computes it."""
    found = profiles.find(caller, dataset_id)
    return tagged(request, found.read, f'"{found.etag}"')


@router.post("/{dataset_id}/target-check", operation_id="check_target")
def check_target(
    dataset_id: str, body: TargetCheckRequest, caller: TheCaller, planning: Planning
) -> TargetCheckView:
    """Tell what predicting a column would mean, and whether it can be done."""
    return TargetCheckView.of(planning.check_target(caller, dataset_id, body.target_column))
