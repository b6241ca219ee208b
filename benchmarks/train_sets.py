"""Train and predict on every data set of a folder; print what was reached, how fast, with how much.

    python benchmarks/train_sets.py --data FOLDER [--only NAME ...] [--time-budget 60] [--out DIR]

FOLDER holds ``datasets.json``: a list ``datasets`` of objects with ``name``, ``file``, ``target``,
``task``, ``leak_columns`` and ``expect.score_at_least``. Without ``--data`` the sample that ships
with the project is run. Each set is trained by a fresh ``automl train`` process with the leak
columns excluded, and scored by a fresh ``automl predict`` process. Wall time is that of the whole
process; memory is the largest sum of resident memory over the process and its children, looked at
every 0.2 s. Exits with 1 if a score, a time, a memory or a parity bound was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

AUTOML = Path(sys.executable).parent / "automl"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SAMPLE_SECONDS = 0.2

MAX_PROBABILITY_GAP = 1e-5
MAX_RELATIVE_GAP = 1e-4
MAX_MEMORY_MIB = 3 * 1024


@dataclass(frozen=True)
class Run:
    """One data set's figures; ``missed`` names the bounds that did not hold."""

    name: str
    rows: int
    metric: str
    score: float
    floor: float
    baseline: float | None
    family: str
    n_trials: int
    train_s: float
    allowed_s: float
    peak_mib: float
    predict_s: float
    gap: float
    label_flips: int
    missed: list[str]


#: The printed table: head of the column, and how a run fills it.
COLUMNS: dict[str, Callable[[Run], str]] = {
    "set": lambda run: run.name,
    "rows": lambda run: f"{run.rows:,}",
    "metric": lambda run: run.metric,
    "score": lambda run: f"{run.score:.4f}",
    "floor": lambda run: f"{run.floor}",
    "trivial": lambda run: "–" if run.baseline is None else f"{run.baseline:.4f}",
    "family": lambda run: run.family,
    "trials": lambda run: f"{run.n_trials}",
    "train s (allowed)": lambda run: f"{run.train_s:.0f} ({run.allowed_s:.0f})",
    "peak MiB": lambda run: f"{run.peak_mib:.0f}",
    "predict s": lambda run: f"{run.predict_s:.1f}",
    "parity gap": lambda run: f"{run.gap:.1e}",
    "flips": lambda run: f"{run.label_flips}",
}


def _memory_of_tree(pid: int) -> int:
    """Bytes of resident memory of a process and all its descendants."""
    total = 0
    pending = [pid]
    while pending:
        current = pending.pop()
        try:
            total += int(Path(f"/proc/{current}/statm").read_text().split()[1]) * PAGE_BYTES
            for task in Path(f"/proc/{current}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def _measured(command: list[str], log: Path) -> tuple[float, float]:
    """Run a command; tell its seconds and its tree's peak memory in MiB."""
    peak = 0
    with log.open("w") as stream:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
        while process.poll() is None:
            peak = max(peak, _memory_of_tree(process.pid))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - start
    if process.returncode != 0:
        raise SystemExit(f"{command} exited with {process.returncode}:\n{log.read_text()[-3000:]}")
    return seconds, peak / 2**20


def run_set(entry: dict[str, Any], data: Path, out: Path, *, time_budget: int, seed: int) -> Run:
    """Train on one set, predict the same file, and hold the figures against the bounds."""
    table = data / entry["file"]
    folder = out / entry["name"]
    command = [
        str(AUTOML), "train", str(table), "--target", entry["target"], "--out", str(folder),
        "--time-budget", str(time_budget), "--seed", str(seed),
    ]  # fmt: skip
    if entry.get("leak_columns"):
        command += ["--exclude", ",".join(entry["leak_columns"])]
    train_s, peak_mib = _measured(command, out / f"{entry['name']}.train.log")
    scored = out / f"{entry['name']}.predictions.csv"
    predict_s, _ = _measured(
        [str(AUTOML), "predict", str(folder / "bundle"), str(table), "--out", str(scored)],
        out / f"{entry['name']}.predict.log",
    )
    metrics = json.loads((folder / "metrics.json").read_text())
    parity = json.loads((folder / "parity.json").read_text())
    leaderboard = json.loads((folder / "leaderboard.json").read_text())
    plan = json.loads((folder / "plan.json").read_text())
    ((metric, floor),) = entry["expect"]["score_at_least"].items()
    score = metrics["scores"][metric]["value"]
    is_regression = plan["task"] == "regression"
    gap = parity["max_relative_gap"] if is_regression else parity["max_probability_gap"]
    allowed_s = 1.1 * time_budget + 15
    with scored.open() as stream:
        n_scored = sum(1 for _ in stream) - 1
    checks = {
        f"task {plan['task']}": plan["task"] == entry["task"],
        f"{metric} {score:.4f} < {floor}": score >= floor,
        f"{train_s:.0f} s > {allowed_s:.0f} s": train_s <= allowed_s,
        f"{peak_mib:.0f} MiB": peak_mib <= MAX_MEMORY_MIB,
        f"parity gap {gap:.1e}": gap
        <= (MAX_RELATIVE_GAP if is_regression else MAX_PROBABILITY_GAP),
        f"{parity['label_flips']} label flips": not parity["label_flips"],
        "parity not passed": parity["passed"],
        f"{n_scored} rows scored of {entry['rows']}": n_scored >= entry["rows"],
    }
    return Run(
        name=entry["name"],
        rows=entry["rows"],
        metric=metric,
        score=score,
        floor=floor,
        baseline=metrics["baseline"]["scores"].get(metric),
        family=leaderboard["chosen"]["family"],
        n_trials=leaderboard["n_trials"],
        train_s=train_s,
        allowed_s=allowed_s,
        peak_mib=peak_mib,
        predict_s=predict_s,
        gap=gap,
        label_flips=parity["label_flips"] or 0,
        missed=[text for text, holds in checks.items() if not holds],
    )


def _sample_manifest() -> tuple[list[dict[str, Any]], Path]:
    from automl_core.samples import PENGUINS_TARGET, penguins_path

    path = penguins_path()
    entry = {
        "name": "penguins", "file": path.name, "target": PENGUINS_TARGET, "task": "multiclass",
        "rows": 344, "expect": {"score_at_least": {"macro_f1": 0.95}},
    }  # fmt: skip
    return [entry], path.parent


def main() -> int:
    """Run the sets one after another and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with datasets.json")
    parser.add_argument("--only", nargs="*", help="names of the sets to run")
    parser.add_argument("--time-budget", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep artifacts, logs and results.json here")
    options = parser.parse_args()
    if options.data:
        entries, data = (
            json.loads((options.data / "datasets.json").read_text())["datasets"],
            options.data,
        )
    else:
        entries, data = _sample_manifest()
    entries = [e for e in entries if not options.only or e["name"] in options.only]
    out = options.out or Path(tempfile.mkdtemp(prefix="automl-bench-"))
    out.mkdir(parents=True, exist_ok=True)

    load = os.getloadavg()[0]
    print(
        f"{len(entries)} sets, {options.time_budget} s each, {os.cpu_count()} CPUs, load {load:.1f}"
    )
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    runs = []
    for entry in entries:
        run = run_set(entry, data, out, time_budget=options.time_budget, seed=options.seed)
        runs.append(run)
        cells = " | ".join(show(run) for show in COLUMNS.values())
        missed = f" **missed: {'; '.join(run.missed)}**" if run.missed else ""
        print(f"| {cells} |{missed}", flush=True)
    (out / "results.json").write_text(json.dumps([asdict(run) for run in runs], indent=1))
    return int(any(run.missed for run in runs))


if __name__ == "__main__":
    sys.exit(main())
