"""Two proofs that need no rival: nothing is found where there is nothing, and a leak is named.

*Shuffled*: the target's values are dealt out anew, so that no column knows them; the holdout's
score must be that of guessing. *Planted*: a copy of the target, and a disguised one, are put
among the columns; both must be named before anything is trained.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.quality.processes import measure
from benchmarks.quality.sets import DataSet, write_split
from benchmarks.quality.systems import train_command

#: Shuffled tables need no more rows to show that they hold nothing.
MAX_ROWS = 10_000
#: Few trials of families that overfit most readily, so that every set takes about a minute.
SEARCH = ("--reproducible", "--families", "lightgbm,random_forest,linear")
LIMIT_S = 900.0

#: A 95 % interval misses what it should hold once in twenty times; more misses than this many
#: sets would show by bad luck in one benchmark of a hundred are too many.
MISS_RATE, BAD_LUCK = 0.05, 0.01

EXACT, DISGUISED = "planted_copy", "planted_echo"


@dataclass(frozen=True)
class Verdict:
    """What came of one set; ``is_met`` is whether it is as it should be."""

    name: str
    is_met: bool
    words: str


def shuffled(data: DataSet, seed: int) -> DataSet:
    """Deal the target's values out anew; at most :data:`MAX_ROWS` rows."""
    generator = np.random.default_rng(seed)
    table = data.table
    if len(table) > MAX_ROWS:
        kept = np.sort(generator.choice(len(table), MAX_ROWS, replace=False))
        table = table.iloc[kept].reset_index(drop=True)
    table = table.assign(**{data.target: generator.permutation(table[data.target].to_numpy())})
    return replace(data, name=f"{data.name}-shuffled", table=table)


def planted(data: DataSet, seed: int) -> DataSet:
    """Put two columns among the others that tell the target.

    The disguised one has other words for the classes, or another unit and a ten-thousandth of
    the target's spread as noise.
    """
    table, target = data.table, data.table[data.target]
    if data.task == "regression":
        generator = np.random.default_rng(seed)
        values = target.astype(float)
        noise = generator.normal(0, 1e-4 * float(values.std()), len(values))
        echo = (values * 2.54 + 7 + noise).round(6).astype(str)
    else:
        words = {text: f"group {at + 1}" for at, text in enumerate(data.classes)}
        echo = target.map(words)
    return replace(
        data,
        name=f"{data.name}-planted",
        table=table.assign(**{EXACT: target, DISGUISED: echo}),
    )


def judge_score(metrics: dict[str, Any]) -> tuple[bool, str]:
    """Tell whether the interval of the plan's metric holds the trivial baseline's score.

    >>> judge_score({"metric": "roc_auc", "scores": {"roc_auc": {"value": 0.51, "low": 0.48,
    ...     "high": 0.54}}, "baseline": {"scores": {"roc_auc": 0.5}}})
    (True, 'roc_auc 0.51 [0.48, 0.54], guessing 0.5')
    """
    name = metrics["metric"]
    score, trivial = metrics["scores"][name], metrics["baseline"]["scores"][name]
    low, high = score["low"], score["high"]
    words = f"{name} {score['value']:.4g} [{low:.4g}, {high:.4g}], guessing {trivial:.4g}"
    # Answers that are the same for every row have an interval without width.
    is_held = low <= trivial <= high or math.isclose(score["value"], trivial, rel_tol=1e-3)
    return is_held, words


def named_columns(job: Path) -> set[str]:
    """Columns that the profile's findings or the plan call leaking, before any training."""
    profile = json.loads((job / "profile.json").read_text("utf-8"))
    plan = json.loads((job / "plan.json").read_text("utf-8"))
    found = {
        column
        for finding in profile["findings"]
        if finding["code"].startswith("leakage-") and finding["severity"] in ("high", "medium")
        for column in finding["columns"]
    }
    return found | {each["name"] for each in plan["dropped"] if each["reason"] == "leakage"}


def allowed_misses(n_sets: int) -> int:
    """Most misses that bad luck explains, by the binomial distribution.

    >>> allowed_misses(22), allowed_misses(1)
    (4, 1)
    """
    reached = 0.0
    for misses in range(n_sets + 1):
        reached += (
            math.comb(n_sets, misses) * MISS_RATE**misses * (1 - MISS_RATE) ** (n_sets - misses)
        )
        if reached >= 1 - BAD_LUCK:
            return misses
    return n_sets


def _check_shuffled(data: DataSet, seed: int, cache: Path, threads: int) -> Verdict:
    split = write_split(shuffled(data, seed), seed, cache)
    with tempfile.TemporaryDirectory(prefix="automl-chance-") as folder:
        job = Path(folder) / "job"
        outcome = measure(
            train_command(split, job, *SEARCH),
            Path(folder) / "log.txt",
            threads=threads,
            limit_s=LIMIT_S,
        )
        if outcome.failure is not None:
            return Verdict(data.name, False, outcome.failure)
        metrics = json.loads((job / "metrics.json").read_text("utf-8"))
    is_met, words = judge_score(metrics)
    if metrics.get("is_worth_deploying"):
        words += "; called worth deploying"
    return Verdict(data.name, is_met, words)


def _check_planted(data: DataSet, seed: int, cache: Path, threads: int) -> Verdict:
    split = write_split(planted(data, seed), seed, cache)
    with tempfile.TemporaryDirectory(prefix="automl-chance-") as folder:
        job = Path(folder) / "job"
        outcome = measure(
            train_command(split, job, "--plan-only"),
            Path(folder) / "log.txt",
            threads=threads,
            limit_s=LIMIT_S,
        )
        if outcome.failure is not None:
            return Verdict(data.name, False, outcome.failure)
        named = named_columns(job)
    missing = [column for column in (EXACT, DISGUISED) if column not in named]
    others = sorted(named - {EXACT, DISGUISED})
    words = f"not named: {', '.join(missing)}" if missing else "both named"
    return Verdict(
        data.name, not missing, words + (f"; also {', '.join(others)}" if others else "")
    )


def _print(head: str, verdicts: Sequence[Verdict]) -> int:
    n_met = sum(verdict.is_met for verdict in verdicts)
    print(f"{head}: {n_met} of {len(verdicts)}\n")
    print("| set | as it should be | |\n|---|---|---|")
    for verdict in verdicts:
        print(f"| {verdict.name} | {'yes' if verdict.is_met else 'NO'} | {verdict.words} |")
    print(flush=True)
    return len(verdicts) - n_met


def run(
    data_sets: Sequence[DataSet],
    cache: Path,
    *,
    seeds: Sequence[int],
    threads: int,
    only: str | None = None,
) -> int:
    """Check every set and print the tables; 1 if a bound was missed."""

    def each(check: Callable[[DataSet, int, Path, int], Verdict]) -> list[Verdict]:
        return [check(data, seed, cache, threads) for seed in seeds for data in data_sets]

    is_missed = False
    if only in (None, "planted"):
        is_missed |= _print("Planted copy named before training", each(_check_planted)) > 0
    if only in (None, "shuffled"):
        verdicts = each(_check_shuffled)
        misses = _print("Shuffled target scores like guessing", verdicts)
        is_missed |= misses > allowed_misses(len(verdicts))
    return int(is_missed)
