"""Explain: which columns the model relies on, how, and what its answers are compared with."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from automl_core.layout import ENCODER, EXPLANATIONS, MODEL, PLAN, PROFILE, SPLITS, TABLE
from automl_core.records import StageName
from automl_training.job_table import JobTable
from automl_training.stage import StageContext, read_json
from automl_training.workspace import write_json

if TYPE_CHECKING:
    from automl_training.explaining.subject import Answer, FloatArray, Matrix

MAX_ROWS = 2000

#: Seconds for all of it, and the most of them as a share of the time budget.
MAX_SECONDS = 10.0
MAX_SHARE_OF_BUDGET = 0.1
#: What of the time may be gone after importances, and after contributions.
_AFTER_IMPORTANCES, _AFTER_CONTRIBUTIONS = 0.5, 0.8
#: Share of the time that every part gets.
_LEAST = 0.1


class Explain:
    """Importances, contributions and dependence by column, through the exported graph."""

    name: StageName = "explain"
    needs = (TABLE, PROFILE, PLAN, SPLITS, ENCODER, MODEL)
    makes = (EXPLANATIONS,)

    def run(self, context: StageContext) -> None:
        """Ask the model about a sample of the holdout and write what its answers rest on."""
        from automl_training.explaining import (
            choose_background,
            contribution_summary,
            count_background,
            find_groups,
            partial_dependence,
            permutation_importances,
            rows_as_json,
            sample_holdout,
        )
        from automl_training.export import to_onnx_bytes
        from automl_training.native import load_model

        table = JobTable.open(context.workspace)
        candidate = load_model(context.workspace.path(MODEL))
        model = to_onnx_bytes(candidate, len(table.encoder().feature_names))

        monotonic, started = context.monotonic, context.monotonic()
        max_seconds = min(MAX_SECONDS, MAX_SHARE_OF_BUDGET * table.plan.time_budget_s)

        def left(share: float) -> float:
            # However long the parts before took, each part gets a little.
            return max(_LEAST * max_seconds, share * max_seconds - (monotonic() - started))

        subject = sample_holdout(
            table,
            _answer(model, context.n_threads),
            max_rows=MAX_ROWS,
            monotonic=monotonic,
            max_seconds=_LEAST * max_seconds,
        )

        pairs = read_json(context.workspace, PROFILE)["associations"]["pairs"]
        importances = permutation_importances(
            subject,
            find_groups(pairs, subject.features_of),
            monotonic=monotonic,
            max_seconds=left(_AFTER_IMPORTANCES),
            on_progress=lambda share: context.reporter.progress(_AFTER_IMPORTANCES * share),
        )
        ordered = [feature.name for feature in importances.features]
        context.reporter.progress(_AFTER_IMPORTANCES, "contributions")
        background = choose_background(subject, ordered, n_rows=count_background(model))
        shapley = contribution_summary(
            subject,
            subject.matrix[background],
            ordered,
            monotonic=monotonic,
            max_seconds=left(_AFTER_CONTRIBUTIONS),
        )
        context.reporter.progress(_AFTER_CONTRIBUTIONS, "dependence")
        dependence = partial_dependence(
            subject, ordered, monotonic=monotonic, max_seconds=left(1.0)
        )
        n_holdout = len(table.splits["holdout"])
        if importances.n_rows < n_holdout:
            context.decide(
                what="sample",
                chosen=importances.n_rows,
                why=f"Importances use {importances.n_rows} of {n_holdout} holdout rows.",
            )
        write_json(
            context.workspace,
            EXPLANATIONS,
            {
                "method": "permutation",
                "split": "holdout",
                **asdict(importances),
                "shapley": shapley,
                "partial_dependence": dependence,
                "background": rows_as_json(subject, background.tolist()),
                "seconds": round(monotonic() - started, 3),
            },
        )


def _answer(model: bytes, n_threads: int) -> Answer:
    """Answer matrices with the exported graph."""
    import numpy as np

    from automl_core.bundle.runtime import open_session

    session = open_session(model, n_threads=n_threads)
    name = session.get_inputs()[0].name

    def answer(matrix: Matrix) -> FloatArray:
        return np.asarray(session.run(None, {name: matrix})[0], dtype=np.float64)

    return answer
