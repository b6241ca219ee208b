"""Run systems on sets, one at a time, and keep a line of each."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from benchmarks.quality.results import Result, add_result, keep_losses, read_results
from benchmarks.quality.scoring import Array, loss_of, measures, row_losses
from benchmarks.quality.sets import DataSet, Split, write_split
from benchmarks.quality.systems import Answered, run_system


@dataclass(frozen=True)
class Settings:
    """How to run: equal for every system."""

    budget: int
    threads: int
    cache: Path
    environments: Path
    keep: Path | None = None
    """Where our jobs' artifacts are kept; None: nowhere."""


def guess(split: Split) -> Array:
    """Answer every test row with the training rows' class shares, or mean."""
    data, n_test = split.data, len(split.test_rows)
    truth = data.truth(split.train_rows)
    if data.task == "regression":
        return np.full(n_test, float(truth.mean()))
    shares = np.bincount(truth.astype(np.int64), minlength=len(data.classes)) / len(truth)
    return np.tile(shares, (n_test, 1))


def run_one(split: Split, system: str, out: Path, settings: Settings) -> Result:
    """Run one system on one split; a failure of the system is a result, too."""
    data = split.data
    truth = data.truth(split.test_rows)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="automl-quality-") as folder:
        answered = run_system(
            system,
            split,
            Path(folder),
            budget=settings.budget,
            threads=settings.threads,
            environments=settings.environments,
        )
        if settings.keep is not None:
            kept = settings.keep / f"{data.name}-{system}-{split.seed}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(
                folder, kept, ignore=shutil.ignore_patterns(".scratch", "table.parquet")
            )
    found, failure, losses = _scored(answered, data, truth)
    result = Result(
        set_name=data.name,
        task=data.task,
        system=system,
        seed=split.seed,
        budget_s=settings.budget,
        threads=settings.threads,
        n_train=len(split.train_rows),
        n_test=len(truth),
        measures=found,
        guessing=loss_of(data.task, row_losses(data.task, truth, guess(split))),
        failure=failure,
        wall_s=round(answered.outcome.seconds, 2),
        cpu_s=round(answered.outcome.cpu_s, 2),
        peak_mib=round(answered.outcome.peak_mib, 1),
        load=round(load, 2),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=answered.facts,
    )
    if losses is not None:
        keep_losses(out, result, losses)
    add_result(out, result)
    return result


def _scored(
    answered: Answered, data: DataSet, truth: Array
) -> tuple[dict[str, float | None], str | None, Array | None]:
    if answered.answers is None:
        return {}, answered.outcome.failure, None
    try:
        losses = row_losses(data.task, truth, answered.answers)
        return measures(data.task, truth, answered.answers), None, losses
    except ValueError as error:
        return {}, str(error), None


def run_all(
    data_sets: Sequence[DataSet],
    systems: Sequence[str],
    seeds: Sequence[int],
    out: Path,
    settings: Settings,
    *,
    retry: bool = False,
) -> list[Result]:
    """Run what ``out`` does not hold yet; systems follow each other on the same split.

    ``retry``: failures that it holds are run again as well.

    So that a benchmark that is ended early holds whole comparisons, the outer loop is the
    seeds, the next one the sets.
    """
    done = {result.key for result in read_results([out]) if result.failure is None or not retry}
    made = []
    for seed in seeds:
        for data in data_sets:
            todo = [
                name for name in systems if (data.name, name, seed, settings.budget) not in done
            ]
            if not todo:
                continue
            split = write_split(data, seed, settings.cache)
            for system in todo:
                result = run_one(split, system, out, settings)
                made.append(result)
                print(_line(result), flush=True)
    return made


def _line(result: Result) -> str:
    told = result.failure or ", ".join(
        f"{name} {'–' if value is None else f'{value:.5g}'}"
        for name, value in result.measures.items()
    )
    return (
        f"{result.set_name} seed {result.seed} {result.system}: {told[:160]} "
        f"({result.wall_s:.0f} s, {result.cpu_s:.0f} s of CPU, "
        f"{result.peak_mib:.0f} MiB, load {result.load})"
    )
