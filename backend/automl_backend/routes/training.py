"""Starting a training."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from automl_backend.deps import IdempotencyHeader, Jobs, Planning, TheCaller
from automl_backend.routing import guarded_router
from automl_backend.schemas.training import TrainRequest, TrainView

router = guarded_router("jobs")


@router.post("/train", operation_id="start_training")
def start_training(
    *,
    body: TrainRequest,
    caller: TheCaller,
    jobs: Jobs,
    planning: Planning,
    dry_run: Annotated[bool, Query(description="Make the plan only; start nothing.")] = False,
    idempotency_key: IdempotencyHeader = None,
) -> TrainView:
    """Start a training job on a confirmed data set, or only plan it."""
    wish = {"dataset_id": body.dataset_id, "target_column": body.target_column}
    if dry_run:
        return TrainView.of_plan(planning.plan(caller, **wish, config=body.config))
    return TrainView.of(jobs.start(caller, **wish, config=body.config, key=idempotency_key))
