"""Train: search for models, and choose the best one whose exported graph answers alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from automl_core.errors import ParityError
from automl_core.layout import ENCODER, LEADERBOARD, MODEL, PLAN, SPLITS, TABLE, TRIAL_LOG
from automl_core.records import StageName
from automl_training.job_table import JobTable
from automl_training.stage import StageContext
from automl_training.timing import TimePlan, plan_time
from automl_training.workspace import write_json

if TYPE_CHECKING:
    from automl_training.families import Candidate
    from automl_training.search import SearchResult, SearchSpec, Trial

#: Trials on the leaderboard; ``trials.jsonl`` has them all.
MAX_RANKED = 200

#: Seconds between two copies of the trial log, from which a later attempt would go on.
KEEP_TRIALS_EVERY_S = 10.0


class Train:
    """The search runs in a child process; here its candidates are put to the proof.

    Parameters
    ----------
    max_trials : int or None
        Trials after which the search ends; None: the time budget ends it, or, in a
        reproducible search, a number made of rows and budget.
    """

    name: StageName = "train"
    needs = (TABLE, PLAN, SPLITS, ENCODER)
    makes = (MODEL, LEADERBOARD, TRIAL_LOG)

    def __init__(self, *, max_trials: int | None = None) -> None:
        self._max_trials = max_trials

    def run(self, context: StageContext) -> None:
        """Search, prove, choose; write the model and the leaderboard."""
        import joblib

        from automl_training.search import run_search

        workspace = context.workspace
        table = JobTable.open(workspace)
        time_plan = plan_time(
            budget_s=table.plan.time_budget_s,
            spent_s=0.0 if context.started is None else context.monotonic() - context.started,
            n_cells=len(table.splits["holdout"]) * len(table.encoder_columns),
            is_reproducible=table.plan.reproducible,
        )
        context.decide(what="time", chosen=asdict(time_plan), why=time_plan.reason)
        earlier = _earlier_trials(context)
        spec = _spec(table, context, time_plan, self._max_trials)
        folder = workspace.scratch("search")
        folder.mkdir(parents=True, exist_ok=True)
        context.reporter.progress(0.0, "searching")
        result = run_search(
            folder,
            spec,
            table.matrix("train"),
            table.target("train"),
            weights=table.weights("train"),
            groups=table.groups("train"),
            time_ordered=table.plan.split.method == "time",
            resume=earlier,
            on_progress=_Watch(context, spec),
        )
        for note in result.notes:
            context.decide(what="search", why=note)
        context.decide(what="search", chosen="stopped", why=result.stopped_because)

        context.reporter.progress(0.97, "proving the exported model")
        number, rejected = choose(table, result.candidates)
        chosen = result.candidates[number]
        trial = result.fitted_trials[number]
        context.decide(
            what="model",
            chosen=chosen.family,
            why=f"Best validation score ({trial.score:.6g}) among {len(result.candidates)} fitted "
            f"candidates whose exported graph answers alike; {len(rejected)} did not.",
        )
        made = workspace.scratch("model")
        joblib.dump(chosen, made, compress=3)
        _write_trials(context, result.trials)
        write_json(workspace, LEADERBOARD, leaderboard(table, result, trial, rejected))
        workspace.take(MODEL, made)


class _Watch:
    """Tells the reporter how the search goes, and keeps its trials for a later attempt."""

    def __init__(self, context: StageContext, spec: SearchSpec) -> None:
        self._context = context
        self._spec = spec
        self._started = context.monotonic()
        self._kept_at = self._started

    def __call__(self, trials: list[Trial]) -> None:
        now = self._context.monotonic()
        finite = [trial for trial in trials if math.isfinite(trial.loss)]
        best = min(finite, key=lambda trial: trial.loss, default=None)
        self._context.reporter.progress(
            0.95 * min((now - self._started) / self._spec.budget_s, 1.0),
            "" if best is None else f"best so far: {best.family}",
            best_score=None if best is None else best.score,
            n_trials=len(trials),
        )
        if trials and now - self._kept_at >= KEEP_TRIALS_EVERY_S:
            self._kept_at = now
            _write_trials(self._context, trials)


def choose(table: JobTable, candidates: Sequence[Candidate]) -> tuple[int, list[dict[str, Any]]]:
    """Find the first candidate whose exported graph answers as it does.

    Looked at are the features of every holdout row, and rows with missing cells and unseen
    categories; no target of the holdout is read.

    Returns
    -------
    int
        Position among the candidates.
    list of dict
        Family and reason of those before it.

    Raises
    ------
    ParityError
        If none passes.
    """
    import numpy as np

    from automl_training.export import compare, stress_rows, to_onnx_bytes

    matrix = table.matrix("holdout")
    n_features = matrix.shape[1]
    rows = np.concatenate([matrix, stress_rows(table.encoder_columns, matrix)])
    del matrix
    rejected: list[dict[str, Any]] = []
    for number, candidate in enumerate(candidates):
        try:
            parity = compare(candidate, to_onnx_bytes(candidate, n_features), rows)
        except ParityError as error:
            rejected.append({"family": candidate.family, "reason": error.detail})
            continue
        if parity.passed:
            return number, rejected
        rejected.append(
            {
                "family": candidate.family,
                "reason": f"The exported graph differs from the fitted model by up to "
                f"{parity.max_gap:.2g} (allowed: {parity.tolerance:.2g}), with "
                f"{parity.label_flips} other answers on {parity.n_rows} rows.",
            }
        )
    raise ParityError(
        "No fitted model could be exported exactly: "
        + " ".join(f"{entry['family']}: {entry['reason']}" for entry in rejected)
        + " Choose other families and train again."
    )


def leaderboard(
    table: JobTable, result: SearchResult, chosen: Trial, rejected: list[dict[str, Any]]
) -> dict[str, Any]:
    """Shape ``leaderboard.json``: trials and families, best validation score first."""
    from automl_training.scoring import is_higher_better

    trials = sorted(
        result.trials,
        key=lambda t: (
            t.loss if math.isfinite(t.loss) else math.inf, -t.sample_rows, t.trial_id,
        ),
    )  # fmt: skip
    ranked = [_entry(rank, trial) for rank, trial in enumerate(trials, 1)]
    n_trials: dict[str, int] = {}
    for trial in trials:
        n_trials[trial.family] = n_trials.get(trial.family, 0) + 1
    best: dict[str, dict[str, Any]] = {}
    for entry in ranked:
        best.setdefault(entry["family"], {**entry, "n_trials": n_trials[entry["family"]]})
    return {
        "metric": table.plan.metric,
        "higher_is_better": is_higher_better(table.plan.metric),
        "evaluated_on": result.evaluated_on,
        "n_trials": len(trials),
        "trials": ranked[:MAX_RANKED],
        "families": list(best.values()),
        "chosen": {
            "family": chosen.family,
            "trial_id": chosen.trial_id,
            "score": _finite(chosen.score),
            "config": chosen.config,
        },
        "rejected": rejected,
        "stopped_because": result.stopped_because,
        "notes": result.notes,
    }


def _entry(rank: int, trial: Trial) -> dict[str, Any]:
    return {
        "rank": rank,
        "trial_id": trial.trial_id,
        "family": trial.family,
        "score": _finite(trial.score),
        "config": trial.config,
        "train_seconds": trial.train_seconds,
        "at_seconds": trial.at_seconds,
        "sample_rows": trial.sample_rows,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _spec(
    table: JobTable, context: StageContext, time_plan: TimePlan, max_trials: int | None
) -> SearchSpec:
    from automl_training.encoding import category_features
    from automl_training.search import SearchSpec

    plan = table.plan
    return SearchSpec(
        task=plan.task,
        n_classes=len(table.classes),
        metric=plan.metric,
        families=tuple(plan.families),
        category_features=category_features(table.encoder_columns),
        budget_s=time_plan.search_s,
        hard_deadline_s=time_plan.deadline_s,
        seed=plan.seed,
        n_threads=context.n_threads,
        reproducible=plan.reproducible,
        max_trials=max_trials,
    )


def _earlier_trials(context: StageContext) -> list[Trial]:
    """Trials of an attempt that was interrupted; none in a reproducible search."""
    from automl_training.search.records import read_trials

    if context.config.reproducible or not context.workspace.has(TRIAL_LOG):
        return []
    trials = read_trials(context.workspace.path(TRIAL_LOG))
    if trials:
        context.decide(
            what="resume",
            chosen=len(trials),
            why="Trials of an interrupted attempt are known and are not repeated.",
        )
    return trials


def _write_trials(context: StageContext, trials: Sequence[Trial]) -> None:
    context.workspace.write(TRIAL_LOG, "".join(f"{trial.to_line()}\n" for trial in trials))
