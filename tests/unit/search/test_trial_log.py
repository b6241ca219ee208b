from __future__ import annotations

import json
import math

import pytest

from automl_training.search import SearchSpec, Trial, read_trials, write_trials
from automl_training.search.records import RESUME
from automl_training.search.trial_log import TrialLog, log_name

SPEC = SearchSpec(
    task="binary", n_classes=2, metric="roc_auc", families=("lightgbm", "hist_gradient_boosting"),
    category_features={3: 7}, budget_s=10, hard_deadline_s=20,
)  # fmt: skip


def line(learner: str = "lgbm", loss: float = 0.25, **config) -> str:
    record = {
        "record_id": 0, "iter_per_learner": 1, "logged_metric": {}, "trial_time": 0.5,
        "wall_clock_time": 1.5, "validation_loss": loss, "config": config, "learner": learner,
        "sample_size": 100,
    }  # fmt: skip
    return json.dumps(record) + "\n"


def test_each_trial_is_read_once_and_numbered_on(tmp_path):
    path = tmp_path / log_name(0, 2.0)
    log = TrialLog(tmp_path, SPEC)
    path.write_text(line(n_estimators=4))
    first = log.read()
    with path.open("a") as file:
        file.write(line(n_estimators=8))

    assert [t.trial_id for t in first] == [1]
    assert [t.trial_id for t in log.read()] == [2]
    assert log.read() == []
    assert log.trials[0] == Trial(1, "lightgbm", 0.75, 0.25, {"n_estimators": 4}, 0.5, 3.5, 100)


def test_a_line_that_is_still_being_written_waits(tmp_path):
    path = tmp_path / log_name(0, 0)
    log = TrialLog(tmp_path, SPEC)
    whole = line()
    path.write_text(whole[:50])
    assert log.read() == []

    path.write_text(whole)

    assert len(log.read()) == 1


def test_the_last_line_that_names_the_best_is_no_trial(tmp_path):
    (tmp_path / log_name(0, 0)).write_text(line() + '{"curr_best_record_id": 0}\n')

    assert len(TrialLog(tmp_path, SPEC).read()) == 1


def test_a_second_run_of_flaml_continues_the_numbers(tmp_path):
    (tmp_path / log_name(0, 1.0)).write_text(line())
    (tmp_path / log_name(1, 9.0)).write_text(line())

    trials = TrialLog(tmp_path, SPEC).read()

    assert [(t.trial_id, t.at_seconds) for t in trials] == [(1, 2.5), (2, 10.5)]


def test_names_that_flaml_converts_are_turned_back(tmp_path):
    (tmp_path / log_name(0, 0)).write_text(
        line("histgb", n_estimators=99, max_iter=40, FLAML_sample_size=10)
    )

    (trial,) = TrialLog(tmp_path, SPEC).read()

    assert trial.family == "hist_gradient_boosting"
    assert trial.config == {"n_estimators": 40}


@pytest.mark.parametrize("loss", [2e29, float("inf")], ids=["one fold", "infinite"])
def test_a_trial_that_could_not_be_scored_has_no_score(tmp_path, loss):
    (tmp_path / log_name(0, 0)).write_text(line(loss=loss))

    (trial,) = TrialLog(tmp_path, SPEC).read()

    assert trial.loss == math.inf
    assert math.isnan(trial.score)


def test_trials_of_an_interrupted_search_come_first(tmp_path):
    earlier = Trial(1, "lightgbm", 0.8, 0.2, {}, 1.0, 2.0, 100)
    write_trials(tmp_path / RESUME, [earlier])
    (tmp_path / log_name(0, 0)).write_text(line())

    log = TrialLog(tmp_path, SPEC)
    log.read()

    assert [t.trial_id for t in log.trials] == [1, 2]
    assert log.trials[0] == earlier


def test_a_trial_survives_its_line_also_without_a_score():
    plain = Trial(1, "linear", 0.5, 0.5, {"C": 1.5}, 1.0, 2.0, 100)
    unscored = Trial(2, "linear", math.nan, math.inf, {}, 1.0, 2.0, 100)

    assert Trial.from_line(plain.to_line()) == plain
    assert Trial.from_line(unscored.to_line()).loss == math.inf
    assert '"score": null' in unscored.to_line()


def test_a_log_cut_off_by_a_kill_is_read_up_to_its_last_whole_line(tmp_path):
    trial = Trial(1, "linear", 0.5, 0.5, {}, 1.0, 2.0, 100)
    write_trials(tmp_path / "t.jsonl", [trial])
    with (tmp_path / "t.jsonl").open("a") as file:
        file.write('{"trial_id": 2, "fam')

    assert read_trials(tmp_path / "t.jsonl") == [trial]
    assert read_trials(tmp_path / "absent.jsonl") == []


def test_a_spec_survives_json():
    assert SearchSpec.from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC
