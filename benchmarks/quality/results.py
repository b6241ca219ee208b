"""Results: one JSON line a run, with one loss a row beside them, so that a run can be resumed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.quality.scoring import LOSS, Task


@dataclass(frozen=True)
class Result:
    """One system on one set under one seed.

    Attributes
    ----------
    measures : dict
        From :func:`benchmarks.quality.scoring.measures`; empty after a failure.
    guessing : float
        The loss, on the same rows, of answering the training rows' class shares or mean.
    failure : str or None
        Why there are no measures.
    wall_s, cpu_s, peak_mib : float
        Of the whole process and its descendants; for ours that is ``automl train``.
    facts : dict
        What the run told of itself: ``one_row_ms``, ``versions``; of ours also the model,
        parity, coverage and the holdout's score with its interval.
    load : float
        The machine's load average before the run: above 0.5 something else ran as well.
    at : str
        When it ended, UTC.
    """

    set_name: str
    task: Task
    system: str
    seed: int
    budget_s: int
    threads: int
    n_train: int
    n_test: int
    measures: dict[str, float | None]
    guessing: float
    failure: str | None
    wall_s: float
    cpu_s: float
    peak_mib: float
    load: float
    at: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What a resumed run need not do again."""
        return (self.set_name, self.system, self.seed, self.budget_s)

    @property
    def loss(self) -> float | None:
        """The loss that ranks; None after a failure."""
        return self.measures.get(LOSS[self.task])


def read_results(paths: Iterable[Path]) -> list[Result]:
    """Read every line; of two with the same key the later one counts.

    A last line that was cut off by a kill is left out: its run is done again.
    """
    found: dict[tuple[str, str, int, int], Result] = {}
    for path in paths:
        if not path.exists():
            continue
        for line in path.read_text("utf-8").splitlines():
            try:
                result = Result(**json.loads(line))
            except json.JSONDecodeError:
                continue
            found[result.key] = result
    return list(found.values())


def add_result(path: Path, result: Result) -> None:
    """Append a line; a line that an earlier kill cut off is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_cut = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as stream:
        stream.write(("\n" if is_cut else "") + json.dumps(asdict(result)) + "\n")


def losses_path(path: Path, result: Result) -> Path:
    """Where the losses of a run's rows are kept, beside the lines."""
    name = f"{result.set_name}-{result.system}-{result.seed}-{result.budget_s}.npy"
    return path.with_suffix(".losses") / name


def keep_losses(path: Path, result: Result, losses: npt.NDArray[np.float64]) -> None:
    """Keep the losses of a run's rows, for paired comparisons."""
    target = losses_path(path, result)
    target.parent.mkdir(parents=True, exist_ok=True)
    np.save(target, losses.astype(np.float32))


def losses_of(paths: Iterable[Path], result: Result) -> npt.NDArray[np.float64] | None:
    """Read them again; None if nobody kept them."""
    for path in paths:
        kept = losses_path(path, result)
        if kept.exists():
            losses: npt.NDArray[np.float64] = np.load(kept).astype(np.float64)
            return losses
    return None
