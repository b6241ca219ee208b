"""Training without a server: the whole pipeline on a local file, into a folder."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from automl_core.errors import ConflictError, InvalidInputError, LimitExceededError, NotFoundError
from automl_core.layout import (
    EXPLANATIONS,
    LEADERBOARD,
    MANIFEST,
    METRICS,
    PARITY,
    PLAN,
    TELEMETRY,
)
from automl_core.records import Plan, TrainConfig
from automl_core.tabular.schema import ReadLimits, ReadOptions
from automl_training.pipeline import run_pipeline, write_manifest
from automl_training.reporting import CallbackReporter, ProgressEvent
from automl_training.stage import Stage, StageContext, read_json
from automl_training.stages import STAGES
from automl_training.stages.deep import with_deep_report
from automl_training.threads import available_threads
from automl_training.workspace import SCRATCH, FolderWorkspace, sha256_of

#: What a folder of results was made from; decides whether it may be continued.
JOB = "job.json"


@dataclass(frozen=True)
class LocalResult:
    """What a local training made; all but the plan is None after ``plan_only``."""

    folder: Path
    job_id: str
    plan: Plan
    metrics: dict[str, Any] | None = None
    leaderboard: dict[str, Any] | None = None
    explanations: dict[str, Any] | None = None
    parity: dict[str, Any] | None = None
    deep_report_note: str | None = None
    """What is to be said of the deep report; None if none was asked for."""

    @property
    def model_family(self) -> str | None:
        """Family of the chosen model."""
        return None if self.leaderboard is None else str(self.leaderboard["chosen"]["family"])

    @property
    def score(self) -> float | None:
        """Value of the plan's metric on the holdout; None also if it is not defined there."""
        if self.metrics is None:
            return None
        value = self.metrics["scores"][self.metrics["metric"]]["value"]
        return None if value is None else float(value)


def train_locally(
    upload: Path,
    out: Path,
    *,
    target_column: str,
    config: TrainConfig | None = None,
    holdout_upload: Path | None = None,
    read_options: ReadOptions | None = None,
    limits: ReadLimits | None = None,
    plan_only: bool = False,
    on_progress: Callable[[ProgressEvent], None] = lambda event: None,
    n_threads: int | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
    started: float | None = None,
    deep_report_python: Path | None = None,
    stages: Sequence[Stage] = STAGES,
) -> LocalResult:
    """Train on a file and write every artifact of a job into a folder.

    A folder that an interrupted training of the same file, target and options left behind
    is continued. Input that is refused leaves the folder as it was found.

    Parameters
    ----------
    upload : Path
        CSV (plain or gzip) or Parquet file.
    out : Path
        Empty or missing, or of the same training; ``manifest.json`` is written last.
    target_column : str
        The column to predict.
    config : TrainConfig or None
        Options; None: the defaults.
    holdout_upload : Path or None
        A second table with the same columns, which is the holdout.
    read_options, limits : ReadOptions, ReadLimits or None
        How to read the files, and how large they may be.
    plan_only : bool
        Stop once the plan is made.
    on_progress : callable
        Gets every step; may raise :class:`~automl_training.stage.JobStopped` to end the
        training, which can be continued later.
    n_threads : int or None
        Threads of the model libraries; None: one for each processor.
    now, monotonic : callable
        Clocks.
    started : float or None
        ``monotonic()`` when the process began, from where the rule of the time budget
        counts; None: now.
    deep_report_python : Path or None
        Interpreter that has the profiler, for ``config.eda`` "deep"; None: looked for.
    stages : sequence of Stage
        All stages of a job.

    Raises
    ------
    NotFoundError
        If a file is not there.
    ConflictError
        If the folder holds something else.
    AutoMLError
        Whatever a stage refuses.
    """
    started = monotonic() if started is None else started
    config = config or TrainConfig()
    stages = with_deep_report(stages, config, python=deep_report_python)
    read_options = read_options or ReadOptions()
    identity = _identity(upload, holdout_upload, target_column, config, read_options)
    is_made_here = not out.exists()
    is_new = _open_folder(out, identity)
    workspace = FolderWorkspace(out)
    context = StageContext(
        job_id=identity["job_id"],
        target_column=target_column,
        config=config,
        upload=upload,
        upload_name=upload.name,
        workspace=workspace,
        reporter=CallbackReporter(on_progress),
        now=now,
        monotonic=monotonic,
        read_options=read_options,
        limits=limits or ReadLimits(),
        holdout_upload=holdout_upload,
        n_threads=n_threads or available_threads(),
        started=started,
    )
    try:
        if is_new:
            workspace.write(JOB, json.dumps(identity, indent=2) + "\n")
        if not workspace.has(MANIFEST) and run_pipeline(
            context, stages, until="clarify" if plan_only else None
        ):
            write_manifest(context, stages, workspace)
    except (InvalidInputError, LimitExceededError):
        if is_new:
            _forget(workspace, stages)
        raise
    finally:
        workspace.close()
        if is_made_here and not any(out.iterdir()):
            out.rmdir()
    return _result(workspace, context.job_id)


def _identity(
    upload: Path,
    holdout_upload: Path | None,
    target_column: str,
    config: TrainConfig,
    read_options: ReadOptions,
) -> dict[str, Any]:
    """Describe a training by its content, so that the same one is known again."""
    for path in (upload, holdout_upload):
        if path is not None and not path.is_file():
            raise NotFoundError(f"There is no file {path.name!r}; check its name and folder.")
    identity = {
        "format_version": 1,
        "input_sha256": sha256_of(upload),
        "holdout_sha256": None if holdout_upload is None else sha256_of(holdout_upload),
        "target_column": target_column,
        # A folder of before there was a choice is continued by who does not make one.
        "config": config.model_dump(mode="json", exclude={"eda"} if config.eda == "fast" else None),
        "read_options": read_options.model_dump(mode="json"),
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return {"job_id": f"local-{digest[:16]}", **identity}


def _open_folder(out: Path, identity: dict[str, Any]) -> bool:
    """Tell whether the folder is new; refuse one that holds something else."""
    if out.exists() and not out.is_dir():
        raise ConflictError(f"{out.name!r} is a file; name a folder for the results.")
    if not out.exists() or not any(path.name != SCRATCH for path in out.iterdir()):
        return True
    job = out / JOB
    if not job.is_file():
        raise ConflictError(
            f"The folder {out.name!r} is not empty and holds no training; name an empty or a "
            "new folder."
        )
    try:
        present = json.loads(job.read_bytes())
    except ValueError:
        present = None
    if present != identity:
        raise ConflictError(
            f"The folder {out.name!r} holds a training of another file, target or options; "
            "name an empty or a new folder, or repeat that training with its own options."
        )
    return False


def _forget(workspace: FolderWorkspace, stages: Sequence[Stage]) -> None:
    """Remove what a refused training made in a folder that was empty before."""
    workspace.remove(
        (JOB, MANIFEST, TELEMETRY, *(name for stage in stages for name in stage.makes))
    )


def _result(workspace: FolderWorkspace, job_id: str) -> LocalResult:
    plan = Plan.model_validate_json(workspace.path(PLAN).read_bytes())
    if not workspace.has(MANIFEST):
        return LocalResult(workspace.folder, job_id, plan)
    return LocalResult(
        workspace.folder,
        job_id,
        plan,
        metrics=read_json(workspace, METRICS),
        leaderboard=read_json(workspace, LEADERBOARD),
        explanations=read_json(workspace, EXPLANATIONS),
        parity=read_json(workspace, PARITY),
        deep_report_note=_deep_report_note(workspace),
    )


def _deep_report_note(workspace: FolderWorkspace) -> str | None:
    lines = workspace.path(TELEMETRY).read_text(encoding="utf-8").splitlines()
    told = (line for line in map(json.loads, reversed(lines)) if line.get("what") == "deep report")
    return next((str(line["why"]) for line in told), None)
