"""Report: everything the job found out, for people."""

from __future__ import annotations

import json

from automl_core.layout import (
    BUNDLE_MANIFEST,
    ENCODER,
    EXPLANATIONS,
    LEADERBOARD,
    METRICS,
    MODEL_CARD,
    PARITY,
    PLAN,
    SCHEMA,
    SPLITS,
    TELEMETRY,
    TRAINING_REPORT,
)
from automl_core.records import StageName
from automl_training.job_table import read_plan, read_schema
from automl_training.stage import StageContext, read_json


class Report:
    """A page to read and a card to keep with the model."""

    name: StageName = "report"
    needs = (
        SCHEMA, PLAN, SPLITS, ENCODER, METRICS, LEADERBOARD, EXPLANATIONS, PARITY, BUNDLE_MANIFEST,
    )  # fmt: skip
    makes = (TRAINING_REPORT, MODEL_CARD)

    def run(self, context: StageContext) -> None:
        """Write ``report.html`` and ``model_card.md``."""
        from automl_training.families import FAMILIES
        from automl_training.reports import ReportSource, render_model_card, render_report
        from automl_training.scoring.metrics import MEASURES

        workspace = context.workspace
        telemetry = []
        if workspace.has(TELEMETRY):
            lines = workspace.path(TELEMETRY).read_text(encoding="utf-8").splitlines()
            telemetry = [json.loads(line) for line in lines]
        source = ReportSource(
            job_id=context.job_id,
            dataset_name=context.upload_name,
            made_at=context.now(),
            plan=read_plan(workspace),
            schema=read_schema(workspace),
            splits=read_json(workspace, SPLITS),
            encoder_columns=read_json(workspace, ENCODER)["columns"],
            metrics=read_json(workspace, METRICS),
            leaderboard=read_json(workspace, LEADERBOARD),
            explanations=read_json(workspace, EXPLANATIONS),
            parity=read_json(workspace, PARITY),
            manifest=read_json(workspace, BUNDLE_MANIFEST),
            family_titles={family.name: family.title for family in FAMILIES},
            metric_titles={measure.name: measure.title for measure in MEASURES},
            lower_is_better=frozenset(m.name for m in MEASURES if not m.is_higher_better),
            telemetry=telemetry,
        )
        workspace.write(TRAINING_REPORT, render_report(source))
        workspace.write(MODEL_CARD, render_model_card(source))
