"""Evaluate: score the chosen model on the holdout, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_core.layout import ENCODER, METRICS, MODEL, OUT_OF_FOLD, PLAN, SPLITS, TABLE
from automl_core.records import StageName
from automl_training.job_table import JobTable
from automl_training.stage import StageContext
from automl_training.workspace import write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_core.bundle.runtime import Encoder
    from automl_training.families import Candidate
    from automl_training.scoring import Unseen


class Evaluate:
    """Every row of the holdout counts; its targets are read here and nowhere before.

    ``out_of_fold.npz`` is read where *train* left it; without it, ranges, label sets and
    thresholds are made of the holdout, and say so.
    """

    name: StageName = "evaluate"
    needs = (TABLE, PLAN, SPLITS, ENCODER, MODEL)
    makes = (METRICS,)

    def run(self, context: StageContext) -> None:
        """Write scores with intervals, the baseline beside them, and a verdict."""
        from automl_training.families import predict_matrix
        from automl_training.native import load_model
        from automl_training.scoring import Evidence, evaluate, leak_check

        table = JobTable.open(context.workspace)
        plan = table.plan
        candidate = load_model(context.workspace.path(MODEL))
        features, encoder = table.features("holdout"), table.encoder()
        matrix = encoder.encode(features, len(table.splits["holdout"]))
        target = table.target("holdout")
        predicted = predict_matrix(candidate, matrix)
        context.reporter.progress(0.3, "scoring")
        leak = leak_check(
            lambda rows: predict_matrix(candidate, rows),
            matrix,
            target,
            _slices(encoder),
            task=plan.task,
            seed=plan.seed,
        )
        del matrix
        context.reporter.progress(0.5, "scoring")
        y_train, weights_train = table.target("train"), table.weights("train")
        metrics = evaluate(
            target,
            predicted,
            task=plan.task,
            metric=plan.metric,
            classes=table.classes,
            y_train=y_train,
            weights=table.weights("holdout"),
            weights_train=weights_train,
            seed=plan.seed,
            evidence=Evidence(
                unseen=_unseen(context, candidate, y_train, weights_train),
                split=plan.split.method,
                calibrator=candidate.calibrator,
                segments=_segments(table, features, target, predicted),
                leak=leak,
            ),
        )
        if leak["suspicious"]:
            context.decide(what="leak", chosen=leak["column"], why=leak["reason"])
        context.decide(what="verdict", chosen=metrics["verdict"], n_rows=metrics["n_rows"])
        write_json(context.workspace, METRICS, metrics)


def _unseen(
    context: StageContext,
    candidate: Candidate,
    y_train: NDArray[Any],
    weights_train: NDArray[Any] | None,
) -> Unseen | None:
    """Read the answers to training rows by models that had not seen them, if they were kept."""
    import numpy as np

    from automl_training.scoring import Unseen

    why = None
    if not context.workspace.has(OUT_OF_FOLD):
        why = "An earlier attempt of this job kept none."
    else:
        with np.load(context.workspace.path(OUT_OF_FOLD), allow_pickle=False) as kept:
            rows, predicted = kept["rows"], np.asarray(kept["predictions"], np.float64)
        if not rows.size:
            why = "The search kept none of the chosen model."
    if why is not None:
        context.decide(
            what="out_of_fold",
            chosen="holdout",
            why=f"{why} Ranges, label sets and thresholds are made of the holdout instead.",
        )
        return None
    if candidate.task == "regression":
        predicted = predicted.reshape(rows.size)
    return Unseen(y_train[rows], predicted, None if weights_train is None else weights_train[rows])


def _segments(
    table: JobTable,
    features: dict[str, NDArray[Any]],
    target: NDArray[Any],
    predicted: NDArray[np.float64],
) -> list[dict[str, Any]]:
    """Compare the errors of parts of the holdout; texts divide nothing."""
    from automl_training.scoring import segments
    from automl_training.scoring.metrics import Scored

    scored = Scored(table.plan.task, target, predicted)
    columns = {
        column["name"]: features[column["name"]]
        for column in table.encoder_columns
        if column["kind"] != "text"
    }
    seed = table.plan.seed
    if table.plan.task != "regression":
        return segments(scored.row_log_loss, columns, metric="log_loss", take_root=False, seed=seed)
    if table.plan.metric == "mae":
        return segments(abs(scored.errors), columns, metric="mae", take_root=False, seed=seed)
    return segments(scored.errors**2, columns, metric="rmse", take_root=True, seed=seed)


def _slices(encoder: Encoder) -> dict[str, slice]:
    """Tell which features of the matrix each column of the table became."""
    slices: dict[str, slice] = {}
    for number, name in enumerate(encoder.feature_columns):
        begin = slices[name].start if name in slices else number
        slices[name] = slice(begin, number + 1)
    return slices
