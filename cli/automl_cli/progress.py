"""Live progress of a training: a bar in a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from automl_cli.speech import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: A plain line at least this often while a stage goes on: a log must show life.
PLAIN_EVERY_S = 10.0

#: Stages in words of people.
STAGE_WORDS = {
    "queued": "Waiting for a free trainer",
    "ingest": "Reading the table",
    "profile": "Profiling the columns",
    "clarify": "Planning",
    "preprocess": "Splitting and encoding",
    "train": "Searching for models",
    "evaluate": "Scoring on the holdout",
    "explain": "Measuring what matters",
    "export": "Exporting to ONNX",
    "verify": "Proving the exported model",
    "report": "Writing the reports",
    "done": "Done",
}


@dataclass(frozen=True)
class Step:
    """Where a training is; ``percent`` of the whole job, None where it is not known."""

    stage: str
    percent: float | None
    message: str = ""
    best_score: float | None = None
    n_trials: int = 0

    @property
    def words(self) -> str:
        """The stage and what is known of the search, in one line."""
        parts = [STAGE_WORDS.get(self.stage, printable(self.stage))]
        if self.n_trials:
            parts.append(f"{self.n_trials} trials")
        if self.best_score is not None:
            parts.append(f"best {self.best_score:.4g} in validation")
        if self.message:
            parts.append(printable(self.message))
        return ", ".join(parts)


class ProgressView(Protocol):
    """Shows steps as they come; used as a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, step: Step) -> None:
        """Show the present step."""
        ...


class PlainProgress:
    """One line a change, for logs and pipes."""

    def __init__(self, out: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._monotonic = monotonic
        self._stage = ""
        self._words = ""
        self._at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def show(self, step: Step) -> None:
        """Print a line when the stage changes, and now and then while it lasts."""
        now = self._monotonic()
        if step.stage == self._stage and (
            step.words == self._words or now - self._at < PLAIN_EVERY_S
        ):
            return
        self._stage, self._words, self._at = step.stage, step.words, now
        percent = "" if step.percent is None else f"{step.percent:3.0f} %  "
        print(f"  {percent}{step.words}", file=self._out, flush=True)


class LiveProgress:
    """A bar that redraws itself."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress: Progress = Progress(
            TextColumn("  {task.percentage:3.0f} %"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(file=out),
            transient=True,
        )
        self._task: TaskID = self._progress.add_task("", total=100)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, step: Step) -> None:
        """Move the bar; where the percentage is not known it stays."""
        self._progress.update(self._task, completed=step.percent, description=step.words)


def open_progress(out: TextIO) -> ProgressView:
    """A bar where somebody watches, lines where something records."""
    if out.isatty() and os.environ.get("TERM") != "dumb":
        return LiveProgress(out)
    return PlainProgress(out)
