"""Profile: what is in the table, as numbers for the plan and as a page for people."""

from __future__ import annotations

import json

from automl_core.layout import EDA_REPORT, PROFILE, SCHEMA, TABLE
from automl_core.records import StageName
from automl_core.tabular.profile import profile_table
from automl_core.tabular.report import render_eda
from automl_core.tabular.schema import TableSchema
from automl_training.stage import StageContext


class Profile:
    """Describes the table with the job's target and writes the data report."""

    name: StageName = "profile"
    needs: tuple[str, ...] = (TABLE, SCHEMA)
    makes: tuple[str, ...] = (PROFILE, EDA_REPORT)

    def run(self, context: StageContext) -> None:
        """Make ``profile.json`` and ``eda.html``."""
        workspace, reporter = context.workspace, context.reporter
        schema = TableSchema.model_validate_json(workspace.path(SCHEMA).read_bytes())
        # A target that is not there is refused by the plan, with names that come close.
        target = schema.column(context.target_column)
        reporter.progress(0.0, "Describing columns")
        profile = profile_table(
            workspace.path(TABLE),
            schema,
            target=target.name if target is not None else None,
            seed=context.config.seed,
            task=None if context.config.task_type == "auto" else context.config.task_type,
            clock=context.monotonic,
        )
        for finding in profile["findings"]:
            if finding["severity"] == "high":
                context.decide(what="finding", chosen=finding["code"], why=finding["sentence"])
        reporter.progress(0.9, "Writing the data report")
        workspace.write(PROFILE, json.dumps(profile, allow_nan=False, ensure_ascii=False))
        workspace.write(EDA_REPORT, render_eda(profile))
        reporter.progress(1.0, f"{len(profile['findings'])} findings")
