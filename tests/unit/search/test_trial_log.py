from __future__ import annotations

import math

from automl_training.search import Trial, best_of_each, read_trials, write_trials
from automl_training.search.trial_log import TrialLog


def make_trial(number: int, loss: float, *, family: str = "linear", rows: int = 100) -> Trial:
    score = math.nan if math.isinf(loss) else 1 - loss
    return Trial(number, family, score, loss, {"C": 1.0}, 0.5, float(number), rows)


def test_a_log_gives_back_what_was_written(tmp_path):
    trials = [make_trial(1, 0.25), make_trial(2, 0.125)]

    write_trials(tmp_path / "log", trials)

    assert read_trials(tmp_path / "log") == trials


def test_a_loss_that_is_not_finite_survives_strict_json(tmp_path):
    write_trials(tmp_path / "log", [make_trial(1, math.inf)])

    text = (tmp_path / "log").read_text()
    (trial,) = read_trials(tmp_path / "log")

    assert "Infinity" not in text
    assert "NaN" not in text
    assert math.isinf(trial.loss)
    assert math.isnan(trial.score)


def test_a_line_that_is_being_written_waits(tmp_path):
    path = tmp_path / "trials.jsonl"
    write_trials(path, [make_trial(1, 0.25)])
    reader = TrialLog(tmp_path)
    line = make_trial(2, 0.125).to_line()

    with path.open("a") as file:
        file.write(line[:20])
    early = reader.read()
    with path.open("a") as file:
        file.write(line[20:] + "\n")

    assert early == []
    assert reader.read() == [make_trial(2, 0.125)]
    assert [t.trial_id for t in reader.trials] == [1, 2]


def test_a_line_that_was_cut_off_is_overwritten_by_the_next_writer(tmp_path):
    path = tmp_path / "trials.jsonl"
    write_trials(path, [make_trial(1, 0.25)])
    with path.open("a") as file:
        file.write('{"trial_id": 2, "fam')

    TrialLog(tmp_path).add(make_trial(2, 0.125))

    assert [t.trial_id for t in read_trials(path)] == [1, 2]


def test_the_best_of_each_family_saw_more_rows_on_equal_losses():
    trials = [
        make_trial(1, 0.25, rows=50),
        make_trial(2, 0.25),
        make_trial(3, 0.5, family="lightgbm"),
        make_trial(4, math.inf, family="xgboost"),
    ]

    assert [t.trial_id for t in best_of_each(trials)] == [2, 3, 4]
