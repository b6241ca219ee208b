"""The pipeline: runs the stages of a job in order and skips what is already made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Protocol

from automl_core.errors import AutoMLError, TrainingError
from automl_core.layout import MANIFEST, TELEMETRY
from automl_core.records import Artifact, JobManifest, StageName
from automl_training.stage import Stage, StageContext, WaitingForAnswer, Workspace
from automl_training.telemetry import Telemetry


class DescribingWorkspace(Workspace, Protocol):
    """A workspace that can measure what it keeps, for the manifest."""

    def describe(self, name: str) -> Artifact:
        """Tell size and SHA-256 of an artifact as it is kept."""
        ...


def run_pipeline(
    context: StageContext, stages: Sequence[Stage], *, until: StageName | None = None
) -> bool:
    """Run the stages whose artifacts are not all there.

    Once one stage had to run, every later one runs too: what it would read has changed.
    Their old artifacts are removed before anything is made, so that a process killed at
    any moment leaves nothing that does not fit together.

    Parameters
    ----------
    context : StageContext
        Its ``decide`` is replaced: decisions go to ``telemetry.jsonl``.
    stages : sequence of Stage
        All stages of a job, in order.
    until : StageName or None
        Pause after this stage; None: run them all.

    Returns
    -------
    bool
        Whether every stage's artifacts are there now.

    Raises
    ------
    AutoMLError
        Whatever a stage refuses; artifacts of the stages before it stay.
    JobStopped
        If the reporter says so.
    WaitingForAnswer
        If the plan is to be confirmed first.
    """
    telemetry = Telemetry(context.workspace, context.now)
    context = replace(context, decide=telemetry.decide)
    n_made = len(list(takewhile(lambda stage: _is_made(stage, context.workspace), stages)))
    for stage in stages[:n_made]:
        telemetry.begin(stage.name)
        telemetry.end(seconds=0.0, outcome="skipped")
    stale = tuple(name for stage in stages[n_made + 1 :] for name in stage.makes)
    context.workspace.remove((MANIFEST, *stale))
    names = [stage.name for stage in stages]
    n_wanted = len(stages) if until is None else names.index(until) + 1
    for stage in stages[n_made:n_wanted]:
        _run_stage(stage, context, telemetry)
    return max(n_made, n_wanted) == len(stages)


def write_manifest(
    context: StageContext,
    stages: Sequence[Stage],
    workspace: DescribingWorkspace,
    *,
    attempt: int = 1,
) -> JobManifest:
    """List every artifact with size and SHA-256; the last thing that a job makes.

    Parameters
    ----------
    context : StageContext
        Whose job and clock.
    stages : sequence of Stage
        All stages, whose artifacts must be there.
    workspace : DescribingWorkspace
        Where they are kept; the same as the context's.
    attempt : int
        Which attempt finished the job.

    Raises
    ------
    NotFoundError
        If an artifact is missing.
    """
    names = [name for stage in stages for name in stage.makes]
    manifest = JobManifest(
        job_id=context.job_id,
        attempt=attempt,
        finished_at=context.now(),
        artifacts=[workspace.describe(name) for name in (*names, TELEMETRY)],
    )
    workspace.write(MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return manifest


def _is_made(stage: Stage, workspace: Workspace) -> bool:
    return all(workspace.has(name) for name in stage.makes)


def _run_stage(stage: Stage, context: StageContext, telemetry: Telemetry) -> None:
    telemetry.begin(stage.name)
    started = context.monotonic()
    try:
        context.reporter.stage(stage.name)
        stage.run(context)
        missing = [name for name in stage.makes if not context.workspace.has(name)]
        if missing:
            raise TrainingError(f"Stage {stage.name} did not make {', '.join(missing)}.")
    except WaitingForAnswer:
        telemetry.end(seconds=context.monotonic() - started, outcome="waiting")
        raise
    except AutoMLError as error:
        telemetry.decide(what="failure", chosen=error.code, why=error.detail)
        telemetry.end(seconds=context.monotonic() - started, outcome="failed")
        raise
    # A stopped stage writes nothing: the job may belong to another attempt by now.
    telemetry.end(seconds=context.monotonic() - started, outcome="done")
