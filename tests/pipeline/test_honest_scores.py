"""A model is called good only where there is something to learn, and no copy gives it away."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest

from automl_training.stages.evaluate import Evaluate

from .conftest import write_table

pytestmark = pytest.mark.slow


@pytest.fixture
def shuffled(tables, penguins, tmp_path):
    """A table with the targets dealt out to the rows at random."""

    def make(name: str, target: str) -> Path:
        source = penguins if name == "penguins" else tables / f"{name}.csv"
        with source.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        targets = [row[target] for row in rows]
        random.Random(0).shuffle(targets)
        dealt = [row | {target: value} for row, value in zip(rows, targets, strict=True)]
        return write_table(tmp_path / "shuffled.csv", list(rows[0]), [[*r.values()] for r in dealt])

    return make


@pytest.mark.parametrize(
    ("name", "target", "options"),
    [
        ("loans", "paid", {}),
        ("loans", "paid", {"metric": "f1"}),
        ("penguins", "species", {"metric": "macro_f1"}),
        ("numbers", "y", {}),
    ],
    ids=["binary", "binary by F1", "multiclass by macro-F1", "regression"],
)
def test_a_shuffled_target_scores_like_chance(train, shuffled, tmp_path, name, target, options):  # noqa: PLR0917 - fixtures
    metrics = train(shuffled(name, target), tmp_path / "out", target, **options).metrics

    assert not metrics["is_worth_deploying"]
    assert metrics["verdict"].startswith("Not worth deploying because")
    assert not metrics["leak_check"]["suspicious"]


@pytest.fixture(scope="module")
def with_copy(tmp_path_factory):
    """Loans with a code that follows from the target in 99 of 100 rows."""
    rng = random.Random(0)
    rows = []
    for _ in range(500):
        income, age = rng.gauss(40, 12), rng.randint(18, 90)
        paid = income + 0.1 * age + rng.gauss(0, 12) > 44
        code = (7 if paid else 3) if rng.random() > 0.01 else rng.choice([3, 7])
        rows.append([f"{income:.1f}", age, code, rng.choice("xyz"), "yes" if paid else "no"])
    return write_table(
        tmp_path_factory.mktemp("copy") / "copy.csv",
        ["income", "age", "ledger", "branch", "paid"],
        rows,
    )


@pytest.fixture(scope="module")
def trained_with_copy(train, with_copy, tmp_path_factory):
    """A training that was not told to leave the code out."""
    return train(with_copy, tmp_path_factory.mktemp("out") / "copy", "paid")


def test_a_planted_copy_of_the_target_is_named_before_training(train, with_copy, tmp_path):
    plan = train(with_copy, tmp_path / "out", "paid", plan_only=True).plan

    named = [note for note in plan.warnings if "ledger" in note.columns]
    assert named
    assert "exclude it" in named[0].text


def test_a_planted_copy_of_the_target_is_named_after_training(trained_with_copy):
    metrics = trained_with_copy.metrics

    assert metrics["leak_check"]["suspicious"]
    assert metrics["leak_check"]["column"] == "ledger"
    assert "Check before deploying: Column 'ledger'" in metrics["verdict"]


def test_ranges_and_sets_are_made_of_rows_that_the_search_held_back(trained_with_copy):
    metrics = trained_with_copy.metrics
    with np.load(trained_with_copy.folder / "out_of_fold.npz", allow_pickle=False) as kept:
        n_rows = kept["rows"].size

    assert metrics["label_set"]["calibrated_on"] == "out_of_fold"
    assert metrics["label_set"]["n_rows"] == n_rows
    assert metrics["thresholds"]["chosen_on"] == "out_of_fold"


def test_what_is_measured_on_the_holdout_is_served(trained_with_copy):
    manifest = json.loads((trained_with_copy.folder / "bundle" / "manifest.json").read_bytes())

    measured = trained_with_copy.metrics["label_set"]
    assert manifest["label_set"] == {
        "coverage": measured["coverage"], "threshold": measured["threshold"],
    }  # fmt: skip


def test_a_stage_of_scores_needs_no_out_of_fold_answers():
    assert "out_of_fold.npz" not in Evaluate.needs
