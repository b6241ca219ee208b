"""Starting a training."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from automl_backend.schemas.base import Body, View
from automl_backend.services.jobs import StartedJob
from automl_backend.services.planning import PlannedTraining
from automl_core.records import JobStatus, Plan, TrainConfig


class TrainRequest(Body):
    """A wish to train."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dataset_id": "5e0c2f4a9b8d4f6e8a7c1d2e3f405162",
                    "target_column": "species",
                    "config": {"time_budget": 60, "metric": "macro_f1"},
                },
                {
                    "dataset_id": "5e0c2f4a9b8d4f6e8a7c1d2e3f405162",
                    "target_column": "body_mass_g",
                    "config": {"eda": "deep"},
                },
            ]
        }
    )

    dataset_id: str = Field(min_length=1, max_length=100)
    target_column: str = Field(min_length=1, max_length=1000)
    config: TrainConfig = Field(default_factory=TrainConfig)


class TrainView(View):
    """The job that was started; of a dry run, only the plan is there."""

    job_id: str | None
    status: JobStatus | None
    estimated_time: int = Field(description="Seconds until the report, at the upper estimate.")
    plan: Plan

    @classmethod
    def of(cls, started: StartedJob) -> TrainView:
        """Show a started job."""
        return cls(**dict(started))

    @classmethod
    def of_plan(cls, planned: PlannedTraining) -> TrainView:
        """Show a dry run."""
        seconds = round(planned.plan.estimated_seconds.high)
        return cls(job_id=None, status=None, estimated_time=seconds, plan=planned.plan)
