"""Small real tables and searches of a few trials."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from automl_core.records import TrainConfig
from automl_training.local import LocalResult, train_locally
from automl_training.stage import Stage
from automl_training.stages import STAGES
from automl_training.stages.train import Train

Table = Callable[..., Path]
Training = Callable[..., LocalResult]

#: The whole pipeline with a search that takes seconds.
FEW_TRIALS: tuple[Stage, ...] = tuple(
    Train(max_trials=6) if stage.name == "train" else stage for stage in STAGES
)


@pytest.fixture(scope="session")
def penguins() -> Path:
    """344 real penguins: three species, text, dates, gaps, constant and identifier columns."""
    from importlib.resources import files

    return Path(str(files("automl_core.samples").joinpath("penguins.csv")))


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small tables whose answer is known.

    ``numbers.csv``: y = 3 a - 2 b + noise of 0.1. ``loans.csv``: two classes by income, with
    gaps and rare cities. ``loans_later.csv``: more of them, with a new city, in another
    order of columns. ``noise.csv``: a target that nothing tells.
    """
    folder = tmp_path_factory.mktemp("tables")
    rng = random.Random(1)
    numbers = []
    for _ in range(220):
        a, b = rng.uniform(-1, 1), rng.uniform(-1, 1)
        numbers.append([f"{v:.4f}" for v in (a, b, 3 * a - 2 * b + rng.gauss(0, 0.1))])
    write_table(folder / "numbers.csv", ["a", "b", "y"], numbers)
    write_table(folder / "loans.csv", ["income", "city", "since", "paid"], _loans(rng, 300, []))
    later = [
        [paid, since, city, income] for income, city, since, paid in _loans(rng, 80, ["Zürich"])
    ]
    write_table(folder / "loans_later.csv", ["paid", "since", "city", "income"], later)
    noise = [[f"{rng.random():.4f}", f"{rng.random():.4f}", rng.choice("ab")] for _ in range(400)]
    write_table(folder / "noise.csv", ["u", "v", "side"], noise)
    return folder


def _loans(rng: random.Random, n_rows: int, new_cities: list[str]) -> list[list[str]]:
    rows = []
    for number in range(n_rows):
        income = rng.gauss(40, 12)
        city = rng.choice(["Oslo", "Bergen", "Tromsø", *new_cities])
        if number % 40 == 0:
            city = f"Hamlet {number}"
        bonus = 8 if city == "Oslo" else 0
        paid = "yes" if income + bonus + rng.gauss(0, 5) > 42 else "no"
        rows.append(
            [
                "" if number % 11 == 0 else f"{income:.2f}",
                "" if number % 13 == 0 else city,
                f"20{rng.randint(10, 24)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
                paid,
            ]
        )
    return rows


@pytest.fixture(scope="session")
def quick() -> Callable[..., TrainConfig]:
    """Options of a reproducible search over two families."""

    def config(**options: Any) -> TrainConfig:
        return TrainConfig(
            **{"reproducible": True, "families": ["lightgbm", "linear"], "seed": 3, **options}
        )

    return config


@pytest.fixture(scope="session")
def train(quick: Callable[..., TrainConfig]) -> Training:
    """Train a few trials; keywords that ``train_locally`` does not know are options."""

    def run(upload: Path, out: Path, target: str, **keywords: Any) -> LocalResult:
        own = {
            name: keywords.pop(name)
            for name in ("holdout_upload", "plan_only", "on_progress", "deep_report_python")
            if name in keywords
        }
        return train_locally(
            upload,
            out,
            target_column=target,
            config=quick(**keywords),
            n_threads=1,
            stages=FEW_TRIALS,
            **own,
        )

    return run
