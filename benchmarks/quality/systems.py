"""The systems: each runs on a split in fresh processes and leaves answers for the test's rows."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.quality.processes import Outcome, measure
from benchmarks.quality.scoring import Array, Task, interval_coverage, label_set_coverage
from benchmarks.quality.sets import Split

OURS = "automl_lite"
#: Every other system, and the environment that it runs in ("": the project's own).
RIVALS = {
    "flaml": "",
    "lightgbm": "",
    "hist_gradient_boosting": "",
    "random_forest": "",
    "mljar": "mljar",
    "autogluon": "autogluon",
}
SYSTEMS = (OURS, *RIVALS)

#: Of many classes our own choice may be macro-F1, which asks for other answers than the measure
#: that ranks here; FLAML chooses log loss by itself, AutoGluon is told it too.
METRICS: dict[Task, str] = {"multiclass": "log_loss"}

AUTOML = Path(sys.executable).parent / "automl"
RIVAL = Path(__file__).with_name("rival.py")
ROOT = Path(__file__).parents[2]

#: A system that has not answered by then never will at this budget, and holds up the others.
BUDGETS_ALLOWED = 4
SECONDS_ALLOWED = 180


@dataclass(frozen=True)
class Answered:
    """What a system left behind; ``answers`` is None if it failed."""

    outcome: Outcome
    answers: Array | None
    facts: dict[str, Any]


def run_system(
    system: str, split: Split, out: Path, *, budget: int, threads: int, environments: Path
) -> Answered:
    """Run one system on one split.

    Parameters
    ----------
    system : str
        One of :data:`SYSTEMS`.
    split : Split
    out : Path
        An empty folder, for its files and logs.
    budget : int
        Seconds of search; who knows no budget is not told.
    threads : int
    environments : Path
        Folder that ``setup`` made.

    Returns
    -------
    Answered
        The outcome is that of training, and of answering where one process does both.
    """
    limit_s = BUDGETS_ALLOWED * budget + SECONDS_ALLOWED
    if system == OURS:
        return _run_ours(split, out, budget=budget, threads=threads, limit_s=limit_s)
    python: str | Path = sys.executable
    if RIVALS[system]:
        python = environments / RIVALS[system] / "bin/python"
    outcome = measure(
        [
            python, RIVAL, system, split.train.parent, out,
            "--budget", str(budget), "--threads", str(threads),
        ],
        out / "log.txt",
        threads=threads,
        limit_s=limit_s,
    )  # fmt: skip
    if outcome.failure is not None:
        return Answered(outcome, None, {})
    facts = json.loads((out / "run.json").read_text("utf-8"))
    return Answered(outcome, np.load(out / "answers.npy"), facts)


def train_command(split: Split, job: Path, *options: str) -> list[str | Path]:
    """The product's own command line for a split."""
    data = split.data
    return [
        AUTOML, "train", split.train, "--target", data.target, "--task", data.task,
        "--out", job, "--holdout-file", split.test, "--seed", str(split.seed), *options,
    ]  # fmt: skip


def _run_ours(split: Split, out: Path, *, budget: int, threads: int, limit_s: float) -> Answered:
    job, scored = out / "job", out / "answers.csv"
    metric = METRICS.get(split.data.task, "auto")
    outcome = measure(
        train_command(split, job, "--time-budget", str(budget), "--metric", metric),
        out / "log.txt",
        threads=threads,
        limit_s=limit_s,
    )
    if outcome.failure is not None:
        return Answered(outcome, None, {})
    later_commands: list[tuple[list[str | Path], str]] = [
        ([AUTOML, "predict", job / "bundle", split.test, "--out", scored], "predict.log"),
        ([sys.executable, "-m", "benchmarks.quality.probe", job / "bundle"], "probe.json"),
    ]
    for command, log in later_commands:
        later = measure(
            command, out / log, threads=threads, limit_s=limit_s, extra={"PYTHONPATH": str(ROOT)}
        )
        if later.failure is not None:
            return Answered(replace(outcome, failure=later.failure), None, {})
    answers, bounds = read_answers(scored, job, split)
    facts = _facts_of(job) | json.loads((out / "probe.json").read_text("utf-8"))
    return Answered(outcome, answers, facts | coverage_of(job, split, answers, bounds))


def read_answers(scored: Path, job: Path, split: Split) -> tuple[Array, Array | None]:
    """Read what ``automl predict`` wrote: probabilities in the set's order, or values, bounds."""
    target = _manifest_of(job)["target"]
    with scored.open(newline="", encoding="utf-8") as stream:
        rows = csv.reader(stream)
        next(rows)
        n_read = len(split.data.table.columns) + 1
        # After the table's own columns and the prediction.
        found = [(row[n_read - 1], row[n_read:]) for row in rows]
    rest = np.array([cells for _, cells in found], dtype=float)
    if split.data.task == "regression":
        return np.array([value for value, _ in found], dtype=float), rest if rest.size else None
    order = match_labels(target["classes"], split.data.classes)
    return rest[:, order], None


def match_labels(labels: Sequence[Any], texts: Sequence[str]) -> list[int]:
    """For each class text of the table, the position of the bundle's label for it.

    >>> match_labels([True, False], ["false", "true"]), match_labels([1.0, 2.0], ["1", "2"])
    ([1, 0], [0, 1])

    Raises
    ------
    ValueError
        If a class has no label.
    """

    def alike(label: object, text: str) -> bool:
        if str(label).casefold() == text.casefold():
            return True
        try:
            return isinstance(label, int | float) and float(label) == float(text)
        except ValueError:
            return False

    found = []
    for text in texts:
        at = next((at for at, label in enumerate(labels) if alike(label, text)), None)
        if at is None:
            raise ValueError(f"the bundle has no class {text!r}, but {list(labels)}")
        found.append(at)
    return found


def coverage_of(job: Path, split: Split, answers: Array, bounds: Array | None) -> dict[str, Any]:
    """Count how often intervals or label sets hold the truth, from the answers themselves."""
    manifest = _manifest_of(job)
    truth = split.data.truth(split.test_rows)
    if bounds is not None:
        return {"coverage": interval_coverage(truth, bounds[:, 0], bounds[:, 1])}
    label_set = manifest.get("label_set")
    if label_set is None:
        return {}
    share, size = label_set_coverage(truth, answers, label_set["threshold"])
    return {"coverage": share, "set_size": size}


def _facts_of(job: Path) -> dict[str, Any]:
    """What the job says of itself."""
    parity, leaderboard, metrics = (
        json.loads((job / f"{name}.json").read_text("utf-8"))
        for name in ("parity", "leaderboard", "metrics")
    )
    chosen = leaderboard["chosen"]
    metric = metrics["metric"]
    return {
        "model": chosen["family"],
        "kind": chosen.get("kind", "single"),
        "members": [
            {"family": member["family"], "weight": member["weight"]}
            for member in chosen.get("members") or []
        ],
        "n_trials": leaderboard["n_trials"],
        "metric": metric,
        "score": metrics["scores"][metric],
        "parity": {
            key: parity.get(key)
            for key in ("passed", "max_probability_gap", "max_relative_gap", "label_flips")
        },
        "model_kib": (job / "bundle/model.onnx").stat().st_size / 1024,
        "versions": _manifest_of(job).get("versions", {}),
    }


def _manifest_of(job: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((job / "bundle/manifest.json").read_text("utf-8"))
    return manifest
