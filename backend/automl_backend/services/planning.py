"""Plans before a job exists: what a training would do, and whether it can."""

from __future__ import annotations

from dataclasses import dataclass

from automl_backend.services.access import Caller
from automl_backend.services.datasets import DatasetService
from automl_backend.services.profiles import ProfileService
from automl_core.errors import ConfigInvalidError
from automl_core.records import Dataset, Plan, TrainConfig


@dataclass(frozen=True)
class PlannedTraining:
    """A plan and the data set it was made for."""

    dataset: Dataset
    plan: Plan


@dataclass(frozen=True, eq=False, repr=False)
class PlanningService:
    """Makes plans from what is already known of a table; reads no rows."""

    datasets: DatasetService
    profiles: ProfileService

    def plan(
        self, caller: Caller, dataset_id: str, target_column: str, config: TrainConfig
    ) -> PlannedTraining:
        """Settle task, columns, split and budget for a target.

        Whatever blocks the training is listed in ``plan.blocking``.

        Raises
        ------
        DatasetNotReadyError
            If the data set was not confirmed.
        TargetMissingError
            If the table has no such column.
        ConfigInvalidError
            If an option contradicts the table.
        """
        # Not at the top: few requests plan a training.
        from automl_core.tabular.plan import make_plan

        dataset, schema = self.datasets.table(caller, dataset_id)
        plan = make_plan(schema, target_column, config, profile=self.profiles.cached(dataset))
        return PlannedTraining(dataset, plan)

    def feasible(
        self, caller: Caller, dataset_id: str, target_column: str, config: TrainConfig
    ) -> PlannedTraining:
        """Plan a training that nothing blocks; raises what blocks it otherwise."""
        from automl_core.tabular.plan import require_feasible

        planned = self.plan(caller, dataset_id, target_column, config)
        require_feasible(planned.plan)
        return planned

    def check_target(self, caller: Caller, dataset_id: str, target_column: str) -> Plan:
        """Tell what predicting a column would mean, with every option left to the platform."""
        return self.plan(caller, dataset_id, target_column, TrainConfig()).plan


def merged_config(config: TrainConfig, changes: dict[str, object]) -> TrainConfig:
    """Apply a user's answers to a configuration, checking it as a whole again.

    >>> merged_config(TrainConfig(), {"time_budget": 90}).time_budget
    90
    """
    try:
        return TrainConfig.model_validate({**config.model_dump(), **changes})
    except ValueError as error:
        raise ConfigInvalidError("These answers do not make a valid configuration.") from error
