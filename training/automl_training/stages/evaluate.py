"""Evaluate: score the chosen model on the holdout, once."""

from __future__ import annotations

from automl_core.layout import ENCODER, METRICS, MODEL, PLAN, SPLITS, TABLE
from automl_core.records import StageName
from automl_training.job_table import JobTable
from automl_training.stage import StageContext
from automl_training.workspace import write_json


class Evaluate:
    """Every row of the holdout counts; its targets are read here and nowhere before."""

    name: StageName = "evaluate"
    needs = (TABLE, PLAN, SPLITS, ENCODER, MODEL)
    makes = (METRICS,)

    def run(self, context: StageContext) -> None:
        """Write scores with intervals, the baseline beside them, and a verdict."""
        import joblib

        from automl_training.families import predict_matrix
        from automl_training.scoring import evaluate

        table = JobTable.open(context.workspace)
        candidate = joblib.load(context.workspace.path(MODEL))
        predicted = predict_matrix(candidate, table.matrix("holdout"))
        context.reporter.progress(0.3, "scoring")
        metrics = evaluate(
            table.target("holdout"),
            predicted,
            task=table.plan.task,
            metric=table.plan.metric,
            classes=table.classes,
            y_train=table.target("train"),
            weights=table.weights("holdout"),
            weights_train=table.weights("train"),
            seed=table.plan.seed,
        )
        context.decide(what="verdict", chosen=metrics["verdict"], n_rows=metrics["n_rows"])
        write_json(context.workspace, METRICS, metrics)
