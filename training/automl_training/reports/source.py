"""Everything that a report is made of: the parsed artifacts of one job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from automl_core.records import Plan
from automl_core.tabular.schema import TableSchema

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ReportSource:
    """The artifacts of one job.

    Documents may be of an earlier version: a part that is not there is read as "nothing is
    known", and the page says so.

    Attributes
    ----------
    splits, metrics, leaderboard, explanations, parity, manifest : mapping
        Content of the artifacts of these names; ``manifest`` is the bundle's.
    family_titles, metric_titles : mapping
        Names for people, by the names used in the artifacts.
    lower_is_better : frozenset of str
        Measures whose lower values are the better ones.
    telemetry : sequence of mapping
        Lines of ``telemetry.jsonl`` so far.
    """

    job_id: str
    dataset_name: str
    made_at: datetime
    plan: Plan
    schema: TableSchema
    splits: Document
    encoder_columns: list[dict[str, Any]]
    metrics: Document
    leaderboard: Document
    explanations: Document
    parity: Document
    manifest: Document
    family_titles: Mapping[str, str]
    metric_titles: Mapping[str, str]
    lower_is_better: frozenset[str] = frozenset()
    telemetry: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def is_regression(self) -> bool:
        """Whether a number is predicted."""
        return self.plan.task == "regression"

    @property
    def n_train(self) -> int:
        """Rows the model was fitted on."""
        return len(self.splits.get("train", ()))

    @property
    def n_holdout(self) -> int:
        """Rows the scores were measured on."""
        return int(self.metrics.get("n_rows", len(self.splits.get("holdout", ()))))

    @property
    def measured_on(self) -> str:
        """Name of the metric for people."""
        return self.metric(self.plan.metric)

    def metric(self, name: str) -> str:
        """Name of a measure for people; one that is not known here keeps its own."""
        return self.metric_titles.get(name, name.replace("_", " "))

    def family(self, name: str) -> str:
        """Name of a model family for people."""
        if name == "ensemble":
            return "Ensemble"
        return self.family_titles.get(name, name.replace("_", " "))

    def is_higher_better(self, name: str) -> bool:
        """Whether higher values of a measure are the better ones."""
        return name not in self.lower_is_better
