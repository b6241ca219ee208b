"""Kill trainings at random moments, repeat them, and compare with one that nobody disturbed.

    python benchmarks/interruptions.py [--table FILE --target COL] [--moments 10] [--chained]
        [--time-budget 60] [--seed 0] [--out DIR]

Without ``--table`` the sample that ships with the project is trained on. The undisturbed training
comes first. Then, for each of ``--moments`` equal parts of its wall time, a new training is killed
at a random moment of that part, and the same command is given again. ``--chained``: one training
is killed that many times, each attempt at a random moment, before it may end. Kills alternate
between SIGKILL and SIGTERM, and reach every process of the training. Exits with 1 unless every
training ends complete (``manifest.json`` lists every artifact, with its hash) and with a score no
worse than the bad end of the undisturbed score's interval.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.quality.processes import end_group, start

AUTOML = Path(sys.executable).parent / "automl"
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
SMALLER_IS_BETTER = frozenset({"rmse", "mae", "log_loss", "mape", "brier"})

#: A training that is killed sooner has not made anything yet.
SOONEST_S = 0.5
#: What an attempt may take: several times the bound that the quality benchmark holds it to.
LIMIT_FACTOR = 5


@dataclass(frozen=True)
class Kill:
    """One interruption: after how many seconds of its attempt, by what, in which stage."""

    after_s: float
    signal: str
    stage: str


@dataclass(frozen=True)
class Undisturbed:
    """What a disturbed training is held against: the plan's metric and its interval."""

    metric: str
    interval: tuple[float, float]

    def objection(self, score: float) -> str | None:
        """Say that a score is worse than the bad end of the interval; None if it is not."""
        low, high = self.interval
        if is_no_worse(self.metric, score, self.interval):
            return None
        return f"{self.metric} {score:.4g} is worse than {low:.4g} to {high:.4g}"


@dataclass(frozen=True)
class Trial:
    """One training, with what was done to it and what came of it."""

    kills: list[Kill]
    attempts: int
    seconds: float
    score: float | None
    n_trials: int
    problems: list[str]


def draw_moments(n_moments: int, wall_s: float, generator: random.Random) -> list[float]:
    """One moment in each of ``n_moments`` equal parts of a training, in seconds.

    >>> moments = draw_moments(4, 40.0, random.Random(0))
    >>> [int(moment // 10) for moment in moments]
    [0, 1, 2, 3]
    """
    part = wall_s / n_moments
    return [max(SOONEST_S, (at + generator.random()) * part) for at in range(n_moments)]


def is_no_worse(metric: str, score: float, interval: tuple[float, float]) -> bool:
    """Tell whether a score reaches the bad end of an undisturbed score's interval.

    >>> is_no_worse("roc_auc", 0.79, (0.8, 0.9)), is_no_worse("rmse", 11.0, (10.0, 12.0))
    (False, True)
    """
    low, high = interval
    return score <= high if metric in SMALLER_IS_BETTER else score >= low


def incomplete(job: Path) -> list[str]:
    """Name what a finished training lacks: its manifest, or an artifact as the manifest has it."""
    manifest = job / "manifest.json"
    if not manifest.is_file():
        return ["no manifest.json"]
    problems = []
    for artifact in json.loads(manifest.read_text("utf-8"))["artifacts"]:
        path = job / artifact["name"]
        if not path.is_file():
            problems.append(f"no {artifact['name']}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != artifact["sha256"]:
            problems.append(f"{artifact['name']} is not what the manifest says")
    return problems


def stage_of(job: Path) -> str:
    """The last stage that was over, as the telemetry tells; "start" before any."""
    telemetry = job / "telemetry.jsonl"
    if not telemetry.is_file():
        return "start"
    stage = "start"
    for line in telemetry.read_text("utf-8", "replace").splitlines():
        try:
            stage = str(json.loads(line).get("stage") or stage)
        except ValueError:
            continue
    return stage


class Training:
    """The command, and how often it was given."""

    def __init__(self, command: list[str | Path], job: Path, *, limit_s: float) -> None:
        self.job = job
        self._command = [*command, "--out", job]
        self._limit_s = limit_s
        self.kills: list[Kill] = []
        self.attempts = 0
        self.seconds = 0.0

    def attempt(self, kill_after_s: float | None, by: signal.Signals) -> int | None:
        """Give the command; None if it was killed, else what it exited with."""
        log = self.job.with_name(f"{self.job.name}.{self.attempts}.log")
        self.attempts += 1
        began = time.monotonic()
        process = start(self._command, log, threads=os.cpu_count() or 1)
        try:
            wanted = self._limit_s if kill_after_s is None else kill_after_s
            return process.wait(timeout=wanted)
        except subprocess.TimeoutExpired:
            if kill_after_s is not None:
                self.kills.append(Kill(kill_after_s, by.name, stage_of(self.job)))
            end_group(process, by)
            return None
        finally:
            end_group(process)
            self.seconds += time.monotonic() - began

    def finish(self, reference: Undisturbed | None = None) -> Trial:
        """Give the command undisturbed, and judge what it made."""
        code = self.attempt(None, signal.SIGKILL)
        problems = [] if code == 0 else [f"exit {code}"]
        problems += incomplete(self.job)
        if problems:
            return Trial(self.kills, self.attempts, self.seconds, None, 0, problems)
        metrics = _read(self.job / "metrics.json")
        score = metrics["scores"][metrics["metric"]]["value"]
        n_trials = _read(self.job / "leaderboard.json")["n_trials"]
        objection = None if reference is None else reference.objection(score)
        problems = [] if objection is None else [objection]
        return Trial(self.kills, self.attempts, self.seconds, score, n_trials, problems)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _sample() -> tuple[Path, str]:
    from automl_core.samples import PENGUINS_TARGET, penguins_path

    return penguins_path(), PENGUINS_TARGET


def _row(name: str, trial: Trial) -> str:
    kills = (
        ", ".join(
            f"{kill.signal} {kill.after_s:.1f} s (after {kill.stage})" for kill in trial.kills
        )
        or "–"
    )
    score = "–" if trial.score is None else f"{trial.score:.4f}"
    told = "; ".join(trial.problems) or "complete"
    return (
        f"| {name} | {kills} | {trial.attempts} | {trial.seconds:.0f} | {trial.n_trials} | "
        f"{score} | {told} |"
    )


def main() -> int:
    """Train undisturbed, then disturbed, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--target")
    parser.add_argument("--exclude", help="columns to leave out, with commas between")
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--chained", action="store_true", help="one training, killed every time")
    parser.add_argument("--time-budget", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep the trainings and their logs here")
    options = parser.parse_args()
    table, target = (options.table, options.target) if options.table else _sample()
    if not target:
        parser.error("--table needs --target")
    out: Path = options.out or Path(tempfile.mkdtemp(prefix="automl-interruptions-"))
    out.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        AUTOML, "train", table, "--target", target, "--seed", str(options.seed),
        "--time-budget", str(options.time_budget),
    ]  # fmt: skip
    if options.exclude:
        command += ["--exclude", options.exclude]
    limit_s = LIMIT_FACTOR * (1.1 * options.time_budget + 15)
    generator = random.Random(options.seed)  # noqa: S311 - moments, not secrets

    def training(name: str) -> Training:
        return Training(command, out / name, limit_s=limit_s)

    print(f"{table.name}, {options.time_budget} s, load {os.getloadavg()[0]:.1f}\n")
    print("| training | killed | attempts | seconds | trials | score | |\n" + "|---" * 7 + "|")
    undisturbed = training("undisturbed").finish()
    print(_row("undisturbed", undisturbed), flush=True)
    if undisturbed.problems:
        return 1
    metrics = _read(out / "undisturbed/metrics.json")
    metric = metrics["metric"]
    interval = (metrics["scores"][metric]["low"], metrics["scores"][metric]["high"])
    moments = draw_moments(options.moments, undisturbed.seconds, generator)
    run = _chained if options.chained else _apart
    trials = run(training, moments, generator, Undisturbed(metric, interval))
    n_good = sum(not trial.problems for trial in trials)
    n_kills = sum(len(trial.kills) for trial in trials)
    print(
        f"\n{n_kills} kills; {n_good} of {len(trials)} trainings ended complete and no worse than "
        f"{metric} {undisturbed.score:.4f} ({interval[0]:.4f} to {interval[1]:.4f}). Kept in {out}."
    )
    return int(n_good < len(trials))


def _apart(
    training: Callable[[str], Training],
    moments: list[float],
    generator: random.Random,
    reference: Undisturbed,
) -> list[Trial]:
    """A training for each moment, killed once."""
    trials = []
    for at, moment in enumerate(moments):
        each = training(f"killed-{at + 1}")
        each.attempt(moment, SIGNALS[at % len(SIGNALS)])
        trials.append(each.finish(reference))
        print(_row(f"killed {at + 1}", trials[-1]), flush=True)
    return trials


def _chained(
    training: Callable[[str], Training],
    moments: list[float],
    generator: random.Random,
    reference: Undisturbed,
) -> list[Trial]:
    """One training, killed at every moment, in an order of chance."""
    each = training("killed")
    for at, moment in enumerate(generator.sample(moments, len(moments))):
        if each.attempt(moment, SIGNALS[at % len(SIGNALS)]) is not None:
            # It was through before its moment came: what is complete cannot be killed.
            break
    trials = [each.finish(reference)]
    print(_row("killed", trials[0]), flush=True)
    return trials


if __name__ == "__main__":
    sys.exit(main())
