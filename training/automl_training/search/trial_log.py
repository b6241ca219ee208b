"""The log of trials: one line a trial, on disk when the next one begins."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from automl_training.search.records import TRIALS, Trial


class TrialLog:
    """Follows the log in a search's folder, or continues it.

    Attributes
    ----------
    trials : list of Trial
        All read or written so far: those of an earlier, interrupted search first.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / TRIALS
        self._read_bytes = 0
        self.trials: list[Trial] = []
        self.read()

    def read(self) -> list[Trial]:
        """Read what was written since the last call; give the new trials.

        A line that is still being written waits for the next call.
        """
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read_bytes += len(whole) + len(newline)
        fresh = [Trial.from_line(line.decode()) for line in whole.splitlines() if line]
        self.trials += fresh
        return fresh

    def add(self, trial: Trial) -> None:
        """Append a trial; what an earlier writer left unfinished is cut off."""
        line = f"{trial.to_line()}\n".encode()
        with self._path.open("r+b") as file:
            file.truncate(self._read_bytes)
            file.seek(self._read_bytes)
            file.write(line)
        self._read_bytes += len(line)
        self.trials.append(trial)


def read_trials(path: Path) -> list[Trial]:
    """Read a whole log; a last line that was cut off by a kill is skipped."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [Trial.from_line(line) for line in lines if line]


def write_trials(path: Path, trials: Iterable[Trial]) -> None:
    """Write a whole log."""
    path.write_text("".join(f"{trial.to_line()}\n" for trial in trials), encoding="utf-8")
