"""Verify: the bundle, loaded afresh, answers as the fitted model does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_core.errors import ParityError
from automl_core.layout import (
    BUNDLE_FILES,
    BUNDLE_MODEL,
    ENCODER,
    METRICS,
    MODEL,
    PARITY,
    SPLITS,
    TABLE,
)
from automl_core.records import StageName
from automl_training.job_table import Columns, JobTable
from automl_training.stage import StageContext, read_json
from automl_training.workspace import write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_core.bundle.runtime import Predictions, Predictor
    from automl_training.export import ParityResult
    from automl_training.families import Candidate

#: Rows that are also sent as the values a client would send, text and numbers in lists.
MAX_CLIENT_ROWS = 2000

#: Rows with a missing cell and with an unseen category, as far as the columns allow.
MAX_CHANGED_ROWS = 2000
MAX_CHANGED_ROWS_OF_COLUMN = 20

_UNSEEN = "a value that no training row has \u2063"
_OPEN_KINDS = frozenset({"categorical", "text"})


class Verify:
    """The last word: raw rows through the bundle against the trainer's own model."""

    name: StageName = "verify"
    needs = (TABLE, SPLITS, ENCODER, MODEL, METRICS, *BUNDLE_FILES)
    makes = (PARITY,)

    def run(self, context: StageContext) -> None:
        """Compare on every holdout row, on missing cells and on unseen categories and texts.

        Raises
        ------
        ParityError
            If the bundle is not whole, answers otherwise than the fitted model, or promises
            other ranges and label sets than were measured.
        """
        from automl_core.bundle.checker import check_bundle
        from automl_core.bundle.runtime import Predictor
        from automl_training.native import load_model

        workspace = context.workspace
        for name in BUNDLE_FILES:
            workspace.path(name)
        folder = workspace.path(BUNDLE_MODEL).parent
        problems = check_bundle(folder)
        if problems:
            raise ParityError("The exported bundle cannot be used: " + " ".join(problems))
        table = JobTable.open(workspace)
        features = table.features("holdout")
        candidate = load_model(workspace.path(MODEL))
        proof = _Proof(table, candidate, Predictor.load(folder), features)
        holdout = proof.of_all_rows()
        proof.check_promises(read_json(workspace, METRICS))
        context.reporter.progress(0.5, "rows with missing cells and unseen values")
        proof.check_client_rows()
        missing = proof.of_changed_rows(table.encoder_columns, None)
        unseen = proof.of_changed_rows(
            [column for column in table.encoder_columns if column["kind"] in _OPEN_KINDS],
            _UNSEEN,
        )
        parity = _parity(table, holdout, missing, unseen)
        if not parity["passed"]:
            context.decide(what="parity", chosen="not passed", **parity)
            raise ParityError(
                "The bundle answers otherwise than the fitted model: the largest gap is "
                f"{parity['max_probability_gap'] or parity['max_relative_gap']} (allowed: "
                f"{parity['tolerance']:.2g}), with {parity['label_flips']} other answers. Choose "
                "other families and train again."
            )
        write_json(workspace, PARITY, parity)
        context.decide(what="parity", chosen="passed", **parity)


class _Proof:
    """Both sides of the comparison."""

    def __init__(
        self, table: JobTable, candidate: Candidate, predictor: Predictor, features: Columns
    ) -> None:
        self._task = table.plan.task
        self._encoder = table.encoder()
        self._candidate = candidate
        self._predictor = predictor
        self._features = features
        self._n_rows = len(table.splits["holdout"])

    def of_all_rows(self) -> ParityResult:
        return self._compare(self._features, self._n_rows)

    def check_promises(self, metrics: dict[str, Any]) -> None:
        """Ranges and label sets are those that were measured, around the model's own answers."""
        from automl_training.families import predict_matrix

        matrix = self._encoder.encode(self._features, self._n_rows)
        expected = predict_matrix(self._candidate, matrix)
        answer = self._predictor.predict(self._features, self._n_rows)
        if self._task == "regression":
            name, is_kept = "ranges", are_ranges_kept(expected, answer, metrics.get("interval"))
        else:
            name, is_kept = "sets", are_sets_kept(expected, answer, metrics.get("label_set"))
        if not is_kept:
            raise ParityError(
                f"The bundle's {name} are other than those that were measured. Export the model"
                " again."
            )

    def check_client_rows(self) -> None:
        """Values as a client sends them give the very same matrix as typed columns."""
        import numpy as np

        rows = _spread(self._n_rows, MAX_CLIENT_ROWS)
        typed = {name: values[rows] for name, values in self._features.items()}
        sent = {name: _as_sent(values) for name, values in typed.items()}
        expected = self._encoder.encode(typed, len(rows))
        found = self._predictor.encoder.encode(sent, len(rows))
        if not np.array_equal(expected, found, equal_nan=True):
            wrong = (expected != found) & ~(np.isnan(expected) & np.isnan(found))
            names = np.array(self._encoder.feature_columns)[wrong.any(axis=0)]
            raise ParityError(
                "The bundle encodes rows as a client sends them otherwise than in training, in "
                f"column {', '.join(repr(str(name)) for name in dict.fromkeys(names))}."
            )

    def of_changed_rows(
        self, columns: list[dict[str, Any]], value: str | None
    ) -> ParityResult | None:
        """Compare on rows in which one column after the other has another value."""
        if not columns:
            return None
        n_each = max(1, min(MAX_CHANGED_ROWS_OF_COLUMN, MAX_CHANGED_ROWS // len(columns)))
        rows = _spread(self._n_rows, n_each)
        sent = {name: _as_sent(values[rows]) for name, values in self._features.items()}
        changed: dict[str, list[Any]] = {
            name: values * len(columns) for name, values in sent.items()
        }
        for number, column in enumerate(columns):
            begin = number * len(rows)
            changed[column["name"]][begin : begin + len(rows)] = [value] * len(rows)
        return self._compare(changed, len(rows) * len(columns))

    def _compare(self, features: Any, n_rows: int) -> ParityResult:
        from automl_training.export import compare_outputs
        from automl_training.families import predict_matrix

        answer = self._predictor.predict(features, n_rows)
        found = answer.probabilities if answer.values is None else answer.values
        assert found is not None
        matrix = self._encoder.encode(features, n_rows)
        return compare_outputs(predict_matrix(self._candidate, matrix), found, self._task)


def are_ranges_kept(
    expected: NDArray[np.float64], answer: Predictions, block: dict[str, Any] | None
) -> bool:
    """Compare bounds with widths around the fitted model's values, away from edges of bins."""
    import numpy as np

    from automl_training.export import VALUE_TOLERANCE
    from automl_training.scoring.conformal import Interval

    if not block or block["half_width"] is None:
        return answer.lower is None and answer.upper is None
    if answer.lower is None or answer.upper is None:
        return False
    bins = block.get("bins") or {"edges": (), "half_widths": ()}
    edges = np.asarray(bins["edges"], dtype=np.float64)
    width = Interval(
        block["coverage"], block["half_width"], tuple(edges), tuple(bins["half_widths"])
    ).width_at(expected)
    slack = VALUE_TOLERANCE * np.maximum(1.0, np.abs(expected))
    is_clear = (np.abs(expected[:, None] - edges) > slack[:, None]).all(axis=1)
    gap = np.maximum(
        np.abs(answer.lower - (expected - width)), np.abs(answer.upper - (expected + width))
    )
    return bool((gap <= slack)[is_clear].all())


def are_sets_kept(
    expected: NDArray[np.float64], answer: Predictions, block: dict[str, Any] | None
) -> bool:
    """Compare label sets with the fitted model's, where no class is just at the threshold."""
    import numpy as np

    from automl_training.export import PROBABILITY_TOLERANCE

    found = answer.label_sets
    threshold = block.get("threshold") if block else None
    if threshold is None or found is None or answer.classes is None:
        return threshold is None and found is None
    is_clear = (np.abs(expected - threshold) > PROBABILITY_TOLERANCE).all(axis=1)
    classes = answer.classes
    return all(
        found[row] == [classes[at] for at in np.flatnonzero(expected[row] >= threshold).tolist()]
        for row in np.flatnonzero(is_clear).tolist()
    )


def _spread(n_rows: int, n_wanted: int) -> NDArray[np.int64]:
    """Row numbers evenly spread over the holdout, each once."""
    import numpy as np

    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, n_wanted)).astype(np.int64))


def _as_sent(values: NDArray[Any]) -> list[Any]:
    """Values of a column as JSON carries them: numbers, text, ISO times, null."""
    import numpy as np

    if values.dtype.kind == "M":
        return [None if np.isnat(v) else v.item().isoformat() for v in values]
    return [None if v is None or v != v else v for v in values.tolist()]  # noqa: PLR0124 - NaN


def _parity(
    table: JobTable,
    holdout: ParityResult,
    missing: ParityResult | None,
    unseen: ParityResult | None,
) -> dict[str, Any]:
    parts = [part for part in (holdout, missing, unseen) if part is not None]
    gap = max(part.max_gap for part in parts)
    # An answer that is not finite has no gap that JSON could tell; it has not passed.
    largest = gap if gap != float("inf") else None
    is_regression = table.plan.task == "regression"
    return {
        "passed": all(part.passed for part in parts),
        "task": table.plan.task,
        "tolerance": holdout.tolerance,
        "n_rows": holdout.n_rows,
        "n_missing_rows": 0 if missing is None else missing.n_rows,
        "n_unseen_rows": 0 if unseen is None else unseen.n_rows,
        "max_probability_gap": None if is_regression else largest,
        "max_relative_gap": largest if is_regression else None,
        "label_flips": sum(part.label_flips for part in parts),
        "exact_ties": sum(part.exact_ties for part in parts),
    }
