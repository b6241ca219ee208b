"""Clarify: settle the plan, and wait for the user if they want to confirm it."""

from __future__ import annotations

from automl_core.layout import ANSWERS, PLAN, PROFILE, PROPOSAL, SCHEMA
from automl_core.records import ClarifyAnswers, Plan, StageName, TrainConfig
from automl_core.tabular.plan import make_plan, require_feasible
from automl_core.tabular.schema import TableSchema
from automl_training.stage import StageContext, WaitingForAnswer, read_json


class Clarify:
    """Makes the plan that every later stage follows."""

    name: StageName = "clarify"
    needs: tuple[str, ...] = (SCHEMA, PROFILE)
    makes: tuple[str, ...] = (PLAN,)

    def run(self, context: StageContext) -> None:
        """Make ``plan.json``.

        Raises
        ------
        AutoMLError
            If the plan cannot be carried out; the detail says what would repair it.
        WaitingForAnswer
            If the user confirms plans themselves and has not answered; ``proposal.json``
            holds the plan to be confirmed.
        """
        workspace, reporter = context.workspace, context.reporter
        reporter.progress(0.0, "Making the plan")
        schema = TableSchema.model_validate_json(workspace.path(SCHEMA).read_bytes())
        is_answered = workspace.has(ANSWERS)
        config = context.config
        if is_answered:
            config = _answered(
                config, ClarifyAnswers.model_validate_json(workspace.path(ANSWERS).read_bytes())
            )
        plan = make_plan(
            schema,
            context.target_column,
            config,
            profile=read_json(workspace, PROFILE),
            has_holdout_file=context.holdout_upload is not None,
        )
        if not config.auto_confirm and not is_answered:
            # What blocks the plan may be what the user wants to change: shown, not refused.
            workspace.write(PROPOSAL, plan.model_dump_json(indent=2))
            raise WaitingForAnswer
        require_feasible(plan)
        _note(context, plan)
        workspace.write(PLAN, plan.model_dump_json(indent=2))
        workspace.remove((PROPOSAL,))
        reporter.progress(1.0, f"{plan.task} on {len(plan.features)} columns")


def _answered(config: TrainConfig, answers: ClarifyAnswers) -> TrainConfig:
    """The configuration with what the user changed; what they left alone stays."""
    changes = answers.model_dump(exclude_none=True)
    return TrainConfig.model_validate(config.model_dump() | changes)


def _note(context: StageContext, plan: Plan) -> None:
    decide = context.decide
    decide(what="task", chosen=plan.task, why=plan.task_reason)
    decide(what="metric", chosen=plan.metric, why=plan.metric_reason)
    decide(what="split", chosen=plan.split.method, why=plan.split.reason)
    for drop in plan.dropped:
        decide(what="drop", chosen=drop.name, why=drop.reason)
    for warning in plan.warnings:
        decide(what="warning", chosen=warning.code, why=warning.text)
