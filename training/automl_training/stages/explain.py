"""Explain: which columns the model relies on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from automl_core.layout import ENCODER, EXPLANATIONS, MODEL, PLAN, SPLITS, TABLE
from automl_core.records import StageName
from automl_training.explaining import permutation_importances
from automl_training.job_table import JobTable
from automl_training.stage import StageContext
from automl_training.workspace import write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_core.bundle.runtime import Encoder

MAX_ROWS = 2000

#: Seconds for all shuffles, and the most of them as a share of the time budget.
MAX_SECONDS = 10.0
MAX_SHARE_OF_BUDGET = 0.1


class Explain:
    """Permutation importances by column of the table, through the exported graph."""

    name: StageName = "explain"
    needs = (TABLE, PLAN, SPLITS, ENCODER, MODEL)
    makes = (EXPLANATIONS,)

    def run(self, context: StageContext) -> None:
        """Shuffle each column on a sample of the holdout and write what the score loses."""
        import joblib
        import numpy as np

        from automl_training.export import to_onnx_bytes

        table = JobTable.open(context.workspace)
        encoder = table.encoder()
        candidate = joblib.load(context.workspace.path(MODEL))
        model = to_onnx_bytes(candidate, len(encoder.feature_names))
        n_holdout = len(table.splits["holdout"])
        # In random order, so that any beginning of the sample is one, too.
        order = np.random.default_rng(table.plan.seed).permutation(n_holdout)[:MAX_ROWS]
        importances = permutation_importances(
            _answers(model, context.n_threads),
            table.matrix("holdout")[order],
            table.target("holdout")[order],
            _slices(encoder),
            task=table.plan.task,
            metric=table.plan.metric,
            seed=table.plan.seed,
            monotonic=context.monotonic,
            max_seconds=min(MAX_SECONDS, MAX_SHARE_OF_BUDGET * table.plan.time_budget_s),
            on_progress=context.reporter.progress,
        )
        if importances.n_rows < n_holdout:
            context.decide(
                what="sample",
                chosen=importances.n_rows,
                why=f"Importances use {importances.n_rows} of {n_holdout} holdout rows.",
            )
        write_json(
            context.workspace,
            EXPLANATIONS,
            {"method": "permutation", "split": "holdout", **asdict(importances)},
        )


def _answers(model: bytes, n_threads: int) -> Any:
    """Answer matrices with the exported graph."""
    import numpy as np

    from automl_core.bundle.runtime import open_session

    session = open_session(model, n_threads=n_threads)
    name = session.get_inputs()[0].name

    def predict(matrix: NDArray[np.float32]) -> NDArray[Any]:
        output = np.asarray(session.run(None, {name: matrix})[0], dtype=np.float64)
        return output[:, 0] if output.shape[1] == 1 else output

    return predict


def _slices(encoder: Encoder) -> dict[str, slice]:
    """Tell which features of the matrix each column of the table became."""
    slices: dict[str, slice] = {}
    for number, name in enumerate(encoder.feature_columns):
        begin = slices[name].start if name in slices else number
        slices[name] = slice(begin, number + 1)
    return slices
