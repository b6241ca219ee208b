"""Results are kept line by line, and the page's tables say what the lines say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.quality import report
from benchmarks.quality.results import (
    Result,
    add_result,
    keep_losses,
    losses_of,
    read_results,
)

OURS = Result(
    set_name="wine",
    task="multiclass",
    system="automl_lite",
    seed=0,
    budget_s=60,
    threads=2,
    n_train=142,
    n_test=36,
    measures={"log_loss": 0.1, "accuracy": 0.97},
    guessing=1.09,
    failure=None,
    wall_s=70.0,
    cpu_s=120.0,
    peak_mib=500.0,
    load=0.2,
    at="2026-11-22T12:00:00+00:00",
    facts={
        "one_row_ms": 0.02,
        "model": "lightgbm",
        "kind": "ensemble",
        "members": [{"family": "lightgbm", "weight": 0.7}, {"family": "linear", "weight": 0.3}],
        "n_trials": 40,
        "parity": {
            "passed": True,
            "max_probability_gap": 2e-7,
            "max_relative_gap": None,
            "label_flips": 0,
        },
        "coverage": 0.9,
        "set_size": 1.1,
        "model_kib": 12.5,
        "versions": {"flaml": "2.7.0"},
    },
)
FLAML = replace(
    OURS,
    system="flaml",
    measures={"log_loss": 0.2, "accuracy": 0.95},
    facts={"one_row_ms": 12.0, "versions": {"flaml": "2.7.0"}},
)
FAILED = replace(OURS, system="mljar", measures={}, failure="no model", facts={})


def test_results_are_read_as_they_were_kept(tmp_path):
    path = tmp_path / "results.jsonl"
    for result in (OURS, FLAML, FAILED):
        add_result(path, result)

    assert read_results([path]) == [OURS, FLAML, FAILED]


def test_a_line_cut_off_by_a_kill_is_run_again_and_spoils_no_other(tmp_path):
    path = tmp_path / "results.jsonl"
    add_result(path, OURS)
    with path.open("a") as stream:
        stream.write('{"set_name": "wi')
    add_result(path, FLAML)

    assert read_results([path]) == [OURS, FLAML]


def test_a_run_that_was_repeated_counts_once_and_last(tmp_path):
    path = tmp_path / "results.jsonl"
    again = replace(OURS, wall_s=71.0)
    add_result(path, OURS)
    add_result(path, again)

    assert read_results([path]) == [again]


def test_losses_are_found_in_whichever_folder_keeps_them(tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    keep_losses(second, OURS, np.array([0.5, 0.25]))

    found = losses_of([first, second], OURS)

    assert found is not None
    assert found.tolist() == [0.5, 0.25]
    assert losses_of([first], OURS) is None


def test_the_table_of_systems_says_who_failed_and_how_often_we_win():
    rows = report.by_system([OURS, FLAML, FAILED]).splitlines()[2:]

    assert [row.split(" | ")[:5] for row in rows] == [
        ["| automl_lite", "1.00", "0 of 1", "–", "–"],
        ["| flaml", "2.00", "0 of 1", "100%", "0.500"],
        ["| mljar", "3.00", "1 of 1", "100%", "nan"],
    ]


def test_our_jobs_name_members_parity_and_coverage():
    [row] = report.of_ours([OURS, FLAML]).splitlines()[2:]

    assert row == (
        "| wine | ensemble of lightgbm + linear | 40 | 70 (81) | 500 | 2.0e-07 | 0 | 0.900 | "
        "1.10 | 12 |"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"wall_s": 82.0}, "82 s of 81 s", id="too slow"),
        pytest.param({"peak_mib": 3073.0}, "3,073 MiB", id="too much memory"),
        pytest.param({"measures": {"log_loss": 0.21}}, "1.050 × the loss of flaml", id="worse"),
        pytest.param({"measures": {"log_loss": 0.21}}, "win rate over flaml 0%", id="no wins"),
        pytest.param({"facts": OURS.facts | {"coverage": 0.8}}, "cover 80.0%", id="coverage"),
        pytest.param(
            {"facts": OURS.facts | {"parity": OURS.facts["parity"] | {"label_flips": 1}}},
            "'label_flips': 1",
            id="another label",
        ),
        pytest.param({"failure": "exit 70", "measures": {}}, "failed, exit 70", id="a failure"),
    ],
)
def test_a_missed_bound_is_named(changes, words):
    missed = report.misses([replace(OURS, **changes), FLAML])

    assert any(words in each for each in missed), missed


def test_nothing_is_missed_where_every_bound_holds():
    assert report.misses([OURS, FLAML, FAILED]) == []


def test_the_comparison_says_what_is_beyond_noise(tmp_path):
    path = tmp_path / "results.jsonl"
    keep_losses(path, OURS, np.full(36, 0.1))
    keep_losses(path, FLAML, np.full(36, 0.2))

    [row] = report.against([OURS, FLAML], [path], "flaml").splitlines()[2:]

    assert row == "| wine | 0.500 | 0.500 to 0.500 | better |"


def test_tables_take_the_place_between_the_marks_and_nothing_else(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- quality table -->\nold\n<!-- /quality table -->\nafter\n")

    report.write_into_page(page, "new")

    assert page.read_text() == (
        "before\n<!-- quality table -->\n\nnew\n\n<!-- /quality table -->\nafter\n"
    )


def test_a_page_without_marks_is_left_alone(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("no marks\n")

    with pytest.raises(ValueError, match="pair of marks"):
        report.write_into_page(page, "new")
    assert page.read_text() == "no marks\n"
