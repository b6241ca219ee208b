from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from automl_training.scoring.metrics import Scored
from automl_training.scoring.thresholds import (
    MAX_ROWS,
    best_thresholds,
    table,
    threshold_block,
)


def scored(y, positives) -> Scored:
    p = np.asarray(positives, np.float64)
    return Scored("binary", np.asarray(y), np.column_stack([1 - p, p]))


def draw(n_rows, seed=0, share=0.2):
    rng = np.random.default_rng(seed)
    y = (rng.random(n_rows) < share).astype(np.int64)
    return scored(y, 1 / (1 + np.exp(2 - 2 * y + rng.normal(size=n_rows))))


def test_a_hand_computed_table():
    rows = scored([0, 1, 0, 1, 1], [0.1, 0.2, 0.6, 0.6, 0.9])

    entries = table(rows, np.array([0.0, 0.6, 0.95]))

    assert entries == [
        {
            "threshold": 0.0, "precision": 0.6, "recall": 1.0, "f1": 0.75, "specificity": 0.0,
            "balanced_accuracy": 0.5, "share_positive": 1.0, "tp": 3, "fp": 2, "fn": 0, "tn": 0,
        },
        {
            "threshold": 0.6, "precision": pytest.approx(2 / 3), "recall": pytest.approx(2 / 3),
            "f1": pytest.approx(2 / 3), "specificity": 0.5,
            "balanced_accuracy": pytest.approx(7 / 12), "share_positive": 0.6,
            "tp": 2, "fp": 1, "fn": 1, "tn": 1,
        },
        {
            "threshold": 0.95, "precision": None, "recall": 0.0, "f1": 0.0, "specificity": 1.0,
            "balanced_accuracy": 0.5, "share_positive": 0.0, "tp": 0, "fp": 0, "fn": 3, "tn": 2,
        },
    ]  # fmt: skip


def test_weights_enter_the_rates_but_not_the_counts():
    rows = scored([0, 1, 1], [0.7, 0.8, 0.1])

    entry = table(rows, np.array([0.5]), np.array([1.0, 3.0, 1.0]))[0]

    assert (entry["precision"], entry["recall"]) == (0.75, 0.75)
    assert (entry["tp"], entry["fp"], entry["fn"], entry["tn"]) == (1, 1, 1, 0)


def test_the_table_is_that_of_scikit_learn():
    rows = draw(500)
    at = np.array([0.05, 0.2, 0.5, 0.7])

    entries = table(rows, at)

    for threshold, entry in zip(at, entries, strict=True):
        said = (rows.predicted[:, 1] >= threshold).astype(int)
        assert entry["precision"] == pytest.approx(sk.precision_score(rows.y, said))
        assert entry["recall"] == pytest.approx(sk.recall_score(rows.y, said))
        assert entry["f1"] == pytest.approx(sk.f1_score(rows.y, said))
        assert entry["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(rows.y, said))
        assert [[entry["tn"], entry["fp"]], [entry["fn"], entry["tp"]]] == sk.confusion_matrix(
            rows.y, said
        ).tolist()


def test_the_tuned_threshold_is_the_best_one_of_all():
    rows = draw(400)
    best = best_thresholds(rows)
    every = np.unique(np.concatenate([[0.0], rows.predicted[:, 1]]))
    entries = table(rows, every)

    at_f1, at_balanced = table(rows, np.array([best["f1"], best["balanced_accuracy"]]))

    assert at_f1["f1"] == pytest.approx(max(entry["f1"] for entry in entries))
    assert at_balanced["balanced_accuracy"] == pytest.approx(
        max(entry["balanced_accuracy"] for entry in entries)
    )
    assert best["youden"] == best["balanced_accuracy"]


def test_a_tuned_threshold_lies_between_two_probabilities():
    best = best_thresholds(scored([0, 0, 1, 1], [0.1, 0.3, 0.5, 0.9]))

    assert best["f1"] == pytest.approx(0.4)


def test_without_both_classes_there_is_no_best_threshold():
    block = threshold_block(draw(50), scored([0, 0, 0], [0.1, 0.2, 0.3]))

    assert block["best"] == {"f1": None, "balanced_accuracy": None, "youden": None}
    assert block["at_best"] == {"f1": None, "balanced_accuracy": None, "youden": None}
    assert block["table"]


def test_thresholds_are_tuned_elsewhere_and_judged_on_the_holdout():
    holdout, unseen = draw(300, seed=1), draw(900)

    block = threshold_block(holdout, unseen)

    assert (block["chosen_on"], block["n_rows"]) == ("out_of_fold", 900)
    assert block["best"] == best_thresholds(unseen)
    assert block["at_best"]["f1"] == table(holdout, np.array([block["best"]["f1"]]))[0]
    assert block["at_best"]["f1"] in block["table"]


@pytest.mark.parametrize("share", [0.2, 0.001])
def test_the_table_is_short_rising_and_strict_json(share):
    block = threshold_block(draw(20_000, share=share), draw(500))

    at = [entry["threshold"] for entry in block["table"]]
    assert 20 < len(at) <= MAX_ROWS
    assert at == sorted(set(at))
    assert (at[0], at[-1]) == (0.0, 1.0)
    assert json.loads(json.dumps(block, allow_nan=False)) == block


def test_where_all_probabilities_are_small_the_table_is_fine_there():
    rng = np.random.default_rng(0)
    rows = scored(rng.random(5000) < 0.01, rng.uniform(0, 0.03, 5000))

    block = threshold_block(rows, rows)

    assert sum(entry["threshold"] < 0.03 for entry in block["table"]) > 40


def test_a_constant_probability_has_a_table_too():
    rows = scored([0, 1, 0, 1], [0.5] * 4)

    block = threshold_block(rows, rows)

    assert block["at_best"]["f1"]["recall"] == 1.0
