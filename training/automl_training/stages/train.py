"""Train: search for models, and choose the best one whose exported graph answers alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from automl_core.errors import ParityError
from automl_core.layout import (
    ENCODER,
    LEADERBOARD,
    MODEL,
    OUT_OF_FOLD,
    PLAN,
    SPLITS,
    TABLE,
    TRIAL_LOG,
)
from automl_core.records import Metric, StageName
from automl_training.job_table import JobTable
from automl_training.stage import StageContext
from automl_training.timing import TimePlan, plan_time
from automl_training.workspace import write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_training.search import Fitted, Member, SearchResult, SearchSpec, Trial

#: Trials on the leaderboard; ``trials.jsonl`` has them all.
MAX_RANKED = 200

#: Metrics that look at the most probable class only. A calibration with an offset for each
#: class would move labels back to the frequent classes.
LABEL_METRICS: frozenset[Metric] = frozenset({"f1", "macro_f1", "balanced_accuracy", "accuracy"})

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
    makes = (MODEL, OUT_OF_FOLD, LEADERBOARD, TRIAL_LOG)

    def __init__(self, *, max_trials: int | None = None) -> None:
        self._max_trials = max_trials

    def run(self, context: StageContext) -> None:
        """Search, calibrate, prove, choose; write the model and the leaderboard."""
        import numpy as np

        from automl_training.native import save_model
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
        chosen, rejected = choose(table, calibrated(table, result.fitted))
        _tell(context, result, chosen, rejected)
        made = workspace.scratch("model")
        save_model(made, chosen.candidate)
        answers = workspace.scratch("out_of_fold")
        with answers.open("wb") as file:
            np.savez(
                file,
                rows=chosen.out_of_fold.rows,
                predictions=_final_answers(chosen),
            )
        _write_trials(context, result.trials)
        write_json(workspace, LEADERBOARD, leaderboard(table, result, chosen, rejected))
        workspace.take(OUT_OF_FOLD, answers)
        workspace.take(MODEL, made)


def calibrated(table: JobTable, fitted: Sequence[Fitted]) -> Iterator[Fitted]:
    """Give each candidate the calibration that its out-of-fold answers ask for.

    A candidate without it comes behind the one with it, should the graph of that one not be
    exact.
    """
    if table.plan.task == "regression":
        yield from fitted
        return
    from automl_training.scoring.calibration import fit_calibrator

    target, weights = table.target("train"), table.weights("train")
    for one in fitted:
        rows = one.out_of_fold.rows
        calibrator = fit_calibrator(
            one.out_of_fold.predictions,
            target[rows],
            n_classes=len(table.classes),
            weights=None if weights is None else weights[rows],
            seed=table.plan.seed,
            keep_labels=table.plan.metric in LABEL_METRICS,
        )
        if calibrator is not None:
            yield replace(one, candidate=replace(one.candidate, calibrator=calibrator))
        yield one


def _final_answers(fitted: Fitted) -> NDArray[np.float64]:
    calibrator = fitted.candidate.calibrator
    predictions = fitted.out_of_fold.predictions
    return predictions if calibrator is None else calibrator.apply(predictions)


def _tell(
    context: StageContext, result: SearchResult, chosen: Fitted, rejected: list[dict[str, Any]]
) -> None:
    if result.ensemble is not None:
        note = result.ensemble
        context.decide(
            what="ensemble",
            chosen=note.chosen,
            why=note.reason,
            gain=note.gain,
            gain_low=note.gain_low,
            gain_high=note.gain_high,
        )
    calibrator = chosen.candidate.calibrator
    if chosen.candidate.task != "regression":
        context.decide(
            what="calibration",
            chosen=None if calibrator is None else asdict(calibrator),
            why="Out-of-fold log loss gets no better by it."
            if calibrator is None
            else "Out-of-fold log loss gets better by it.",
        )
    context.decide(
        what="model",
        chosen=chosen.candidate.family,
        why=f"Best validation score ({chosen.candidate.validation_score:.6g}) among "
        f"{len(result.fitted)} candidates whose exported graph answers alike; "
        f"{len(rejected)} did not.",
    )


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


def choose(table: JobTable, fitted: Iterable[Fitted]) -> tuple[Fitted, list[dict[str, Any]]]:
    """Find the first candidate whose exported graph answers as it does.

    Looked at are the features of every holdout row, and rows with missing cells and unseen
    categories; no target of the holdout is read.

    Returns
    -------
    Fitted
        The first that passes.
    list of dict
        Family and reason of those before it.

    Raises
    ------
    ParityError
        If none passes.
    """
    import numpy as np

    from automl_training.export import compare, export_within_size, stress_rows

    matrix = table.matrix("holdout")
    n_features = matrix.shape[1]
    rows = np.concatenate([matrix, stress_rows(table.encoder_columns, matrix)])
    del matrix
    rejected: list[dict[str, Any]] = []
    for one in fitted:
        candidate = one.candidate
        try:
            candidate, model, note = export_within_size(candidate, n_features)
            parity = compare(candidate, model, rows)
        except ParityError as error:
            rejected.append({"family": candidate.family, "reason": error.detail})
            continue
        if parity.passed:
            if note:
                rejected.append({"family": candidate.family, "reason": note})
            return replace(one, candidate=candidate), rejected
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
    table: JobTable, result: SearchResult, chosen: Fitted, rejected: list[dict[str, Any]]
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
            "family": chosen.candidate.family,
            "kind": chosen.kind,
            "trial_id": chosen.trial.trial_id,
            "score": _finite(chosen.candidate.validation_score),
            "config": chosen.candidate.config,
            "members": [_member(member) for member in chosen.members],
        },
        "ensemble": _ensemble(result),
        "class_weights": _class_weights(chosen.candidate.config),
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


def _ensemble(result: SearchResult) -> dict[str, Any] | None:
    note = result.ensemble
    if note is None:
        return None
    return asdict(note) | {"members": [_member(member) for member in note.members]}


def _member(member: Member) -> dict[str, Any]:
    return asdict(member) | {"score": _finite(member.score)}


def _class_weights(config: dict[str, Any]) -> str | None:
    configs = [member["config"] for member in config.get("members", ())] or [config]
    if not any(one.get("balanced") for one in configs):
        return None
    return "Rows were weighted so that every class weighs alike in fitting."


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


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
        ensemble=plan.ensemble,
    )


def _earlier_trials(context: StageContext) -> list[Trial]:
    """Trials of an attempt that was interrupted; none in a reproducible search."""
    from automl_training.search import read_trials

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
