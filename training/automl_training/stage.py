"""What a stage is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from automl_core.records import StageName, TrainConfig
from automl_core.tabular.kept import TypedTable
from automl_core.tabular.schema import ReadLimits, ReadOptions


class Workspace(Protocol):
    """The artifacts of one job as local files, whatever home they are kept in."""

    folder: Path

    def has(self, name: str) -> bool:
        """Tell whether an artifact is there, whole."""
        ...

    def path(self, name: str) -> Path:
        """Local path of an artifact that is there (fetched first if need be).

        Raises
        ------
        NotFoundError
            If no stage has made it.
        """
        ...

    def write(self, name: str, data: bytes | str) -> None:
        """Make an artifact, atomically, and keep it in the job's home."""
        ...

    def take(self, name: str, path: Path) -> None:
        """Make an artifact of a finished local file (moved, atomically)."""
        ...

    def remove(self, names: tuple[str, ...]) -> None:
        """Forget artifacts that must be made again."""
        ...

    def scratch(self, name: str) -> Path:
        """A local path that is no artifact: never kept in the job's home, gone with it."""
        ...


class Reporter(Protocol):
    """Tells the outside how far the job is. Each call may raise ``JobStopped``."""

    def stage(self, name: StageName) -> None: ...

    def progress(
        self,
        share: float,
        message: str = "",
        *,
        best_score: float | None = None,
        n_trials: int | None = None,
    ) -> None:
        """``share`` of the present stage, 0 to 1."""
        ...


class JobStopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The job was cancelled, interrupted or handed to another attempt; unwind at once."""


class WaitingForAnswer(Exception):  # noqa: N818 - not an error: the plan is there to be confirmed
    """The plan was proposed and the user wants to confirm it first; unwind and wait."""


@dataclass(frozen=True)
class StageContext:
    """All that a stage may use; nothing is fetched from a global.

    The table comes from ``fetch_kept``, or else from ``upload``; only *ingest* asks for it.
    """

    job_id: str
    target_column: str
    config: TrainConfig
    upload: Path | None
    """The table as it came; None where it is kept typed."""
    upload_name: str
    workspace: Workspace
    reporter: Reporter
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    fetch_kept: Callable[[Path], TypedTable] | None = None
    """Puts the table into a folder as it was typed when its upload was confirmed."""
    read_options: ReadOptions = field(default_factory=ReadOptions)
    limits: ReadLimits = field(default_factory=ReadLimits)
    holdout_upload: Path | None = None
    """A second table that is the holdout, instead of a share of the first."""
    started: float | None = None
    """``monotonic()`` when the process began, from where the rule of the time budget counts;
    None: when a stage first asks."""
    n_threads: int = 2
    decide: Callable[..., None] = lambda **fields: None
    """Note a decision or a warning in the telemetry: ``decide(what=…, chosen=…, why=…)``."""


class Stage(Protocol):
    """One step of a job. Keeps nothing in memory for the next one.

    Reads ``needs``, writes ``makes``; the pipeline skips a stage whose artifacts are all there.
    """

    @property
    def name(self) -> StageName: ...

    @property
    def needs(self) -> tuple[str, ...]: ...

    @property
    def makes(self) -> tuple[str, ...]: ...

    def run(self, context: StageContext) -> None: ...


def read_json(workspace: Workspace, name: str) -> Any:
    """Parse an artifact that holds JSON."""
    import json

    return json.loads(workspace.path(name).read_bytes())
