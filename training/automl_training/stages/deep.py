"""The deep report, made with the stage that ends a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from automl_core.layout import EDA_DEEP_REPORT, PROFILE, SCHEMA, TABLE
from automl_core.records import StageName, TrainConfig
from automl_core.tabular.schema import TableSchema
from automl_training.deep import DeepLimits, DeepSource, make_deep_report
from automl_training.stage import Stage, StageContext, read_json


@dataclass(frozen=True)
class WithDeepReport:
    """A stage that also makes the deep report, or the page that says why there is none.

    The last stage takes it on: by then the search has had its time and the model is proven,
    a job whose plan is refused does not wait for it, and an attempt that is killed while
    it runs leaves nothing else to be made again.
    """

    stage: Stage
    python: Path | None = None
    """``AUTOML_DEEP_REPORT_PYTHON``; None: looked for."""
    limits: DeepLimits = field(default_factory=DeepLimits)

    @property
    def name(self) -> StageName:
        """The stage's own."""
        return self.stage.name

    @property
    def needs(self) -> tuple[str, ...]:
        """The stage's own, and the table."""
        return (*self.stage.needs, TABLE, SCHEMA, PROFILE)

    @property
    def makes(self) -> tuple[str, ...]:
        """The stage's own, and ``eda_deep.html``."""
        return (*self.stage.makes, EDA_DEEP_REPORT)

    def run(self, context: StageContext) -> None:
        """Make ``eda_deep.html``, then what the stage makes."""
        workspace = context.workspace
        # The pipeline has removed it if anything that it is made of was made anew.
        if not workspace.has(EDA_DEEP_REPORT):
            message = "Writing the deep data report"
            context.reporter.progress(0.0, message)
            report = make_deep_report(
                DeepSource(
                    table=workspace.path(TABLE),
                    schema=TableSchema.model_validate_json(workspace.path(SCHEMA).read_bytes()),
                    title=context.upload_name,
                    profile=read_json(workspace, PROFILE),
                    excluded=context.config.exclude_columns,
                    seed=context.config.seed,
                    python=self.python,
                    limits=self.limits,
                ),
                workspace.scratch("deep"),
                on_wait=lambda: context.reporter.progress(0.0, message),
                monotonic=context.monotonic,
            )
            workspace.write(EDA_DEEP_REPORT, report.page)
            context.decide(
                what="deep report", chosen="made" if report.is_made else "none", why=report.note
            )
        self.stage.run(context)


def with_deep_report(
    stages: Sequence[Stage], config: TrainConfig, *, python: Path | None
) -> tuple[Stage, ...]:
    """Have the last stage make the deep report, too, where the options ask for it.

    Parameters
    ----------
    stages : sequence of Stage
        All stages of a job.
    config : TrainConfig
    python : Path or None
        ``AUTOML_DEEP_REPORT_PYTHON``.
    """
    *before, last = stages
    if config.eda != "deep":
        return (*before, last)
    return (*before, WithDeepReport(last, python))
