"""The parent's promises, proven with children that misbehave on purpose."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

from automl_core.errors import SearchFailedError
from automl_training.families import Candidate
from automl_training.search import (
    Fitted,
    Member,
    OutOfFold,
    SearchSpec,
    Trial,
    fixed_trials,
    read_trials,
    run_search,
)
from automl_training.stage import JobStopped

#: A child that plays the parts which a test names, one a phase.
FAKE_CHILD = """
import json, os, shutil, signal, sys, time
from pathlib import Path

ready, plays, folder, phase = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
(folder / f"pid-{phase}").write_text(str(os.getpid()))

def tell(event, text, **values):
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps({"event": event, "text": text, **values}) + "\\n")

def trial():
    with (folder / "trials.jsonl").open("a") as file:
        file.write(json.dumps({"trial_id": 1, "family": "linear", "score": 0.7, "loss": 0.3,
            "config": {"C": 1.0}, "train_seconds": 0.1, "at_seconds": 0.2, "sample_rows": 9}) + "\\n")

for act in plays[phase]:
    if act == "trial": trial()
    elif act == "over": tell("search_over", "it was over")
    elif act == "fit":
        shutil.copy(ready, folder / "candidate-0.joblib")
        tell("fitted", "done", file="candidate-0.joblib", rank=1)
    elif act == "fail":
        tell("failed", "Nothing fits.")
        sys.exit(3)
    elif act == "crash": raise ValueError("broken here")
    elif act == "die": os.kill(os.getpid(), signal.SIGKILL)
    elif act == "hang": time.sleep(60)
    elif act == "nap": time.sleep(2.5)
"""  # noqa: E501 - a script of its own

SPEC = SearchSpec(
    task="binary", n_classes=2, metric="accuracy", families=("linear",), category_features={},
    budget_s=1.0, hard_deadline_s=12.0,
)  # fmt: skip
TRIAL = Trial(1, "linear", 0.7, 0.3, {"C": 1.0}, 0.1, 0.2, 9)
MATRIX = np.arange(20, dtype=np.float32).reshape(10, 2)
TARGET = np.arange(10) % 2


@pytest.fixture
def play(tmp_path):
    """Run a search whose child does what is said for each phase."""
    script, ready = tmp_path / "fake_child.py", tmp_path / "ready.joblib"
    script.write_text(FAKE_CHILD)
    candidate = Candidate("linear", {"C": 1.0}, None, "binary", 2, 0.7, 10)
    unseen = OutOfFold(np.arange(10), np.full((10, 2), 0.5))
    joblib.dump(Fitted(candidate, "single", TRIAL, (Member("linear", 1, 1.0, 0.7),), unseen), ready)

    def run(spec: SearchSpec = SPEC, **plays):
        on_progress = plays.pop("on_progress", lambda trials: None)
        acts = {"search": [], "finish": [], "rescue": []} | plays
        command = (sys.executable, str(script), str(ready), json.dumps(acts))
        return run_search(
            tmp_path / "search", spec, MATRIX, TARGET, on_progress=on_progress, command=command
        )

    return run


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def pid_of(folder: Path, phase: str) -> int:
    return int((folder / f"pid-{phase}").read_text())


def test_a_child_that_does_its_work_is_believed(play):
    result = play(search=["trial", "over", "fit"])

    assert [t.score for t in result.trials] == [0.7]
    assert [c.family for c in result.candidates] == ["linear"]
    assert result.fitted_trials == result.trials
    assert result.stopped_because == "it was over"
    assert result.notes == []


def test_a_trial_that_does_not_end_is_killed_and_the_best_so_far_used(play, tmp_path):
    started = time.monotonic()

    result = play(search=["trial", "hang"], finish=["fit"])

    assert time.monotonic() - started < 6
    assert result.candidates
    assert "took longer" in result.stopped_because
    assert not is_running(pid_of(tmp_path / "search", "search"))


def test_a_finish_that_does_not_end_is_followed_by_a_last_resort(play):
    result = play(search=["trial", "over", "hang"], rescue=["fit"])

    assert result.candidates
    assert result.stopped_because == "it was over"


def test_a_second_candidate_may_take_until_the_deadline_and_no_longer(play):
    spec = SearchSpec(**vars(SPEC) | {"hard_deadline_s": 9.0, "budget_s": 1.0})
    started = time.monotonic()

    result = play(spec, search=["trial", "over", "fit", "hang"])

    assert 9.0 <= time.monotonic() - started < 10.5
    assert len(result.candidates) == 1


def test_without_a_trial_in_time_a_quick_model_is_fitted(play):
    result = play(search=["hang"], rescue=["trial", "fit"])

    assert len(result.candidates) == 1
    assert [t.trial_id for t in result.trials] == [1]


def test_a_late_model_is_better_than_none(play):
    spec = SearchSpec(**vars(SPEC) | {"hard_deadline_s": 2.5, "budget_s": 2.0})

    result = play(spec, search=["trial", "over"], rescue=["nap", "fit"])

    assert len(result.candidates) == 1


def test_without_any_fit_the_user_is_told_what_to_do(play):
    with pytest.raises(SearchFailedError, match="no model could be fitted on the 10 training rows"):
        play(search=["trial", "over"], finish=[], rescue=[])


def test_a_child_that_tells_its_failure_is_quoted(play):
    with pytest.raises(SearchFailedError) as caught:
        play(search=["fail"])

    assert caught.value.detail == "Nothing fits."


def test_a_crash_before_the_first_trial_gives_its_last_words(play):
    with pytest.raises(SearchFailedError, match="exit code 1: ValueError: broken here"):
        play(search=["crash"], rescue=["crash"])


def test_a_crash_after_a_trial_is_noted_and_the_trial_used(play):
    result = play(search=["trial", "crash"], finish=["fit"])

    assert result.candidates
    assert "ValueError: broken here" in result.notes[0]


def test_a_child_killed_by_the_system_points_at_memory(play):
    with pytest.raises(SearchFailedError, match="lack of memory; exclude columns"):
        play(search=["die"])


def test_whoever_stops_the_job_has_the_child_killed_first(play, tmp_path):
    def stop(trials):
        if trials:
            raise JobStopped

    with pytest.raises(JobStopped):
        play(search=["trial", "hang"], on_progress=stop)

    assert not is_running(pid_of(tmp_path / "search", "search"))


def test_progress_is_told_every_second_and_the_trials_are_kept(play, tmp_path):
    told = []

    play(search=["trial", "hang"], finish=["fit"], on_progress=lambda t: told.append(len(t)))

    assert len(told) >= 4
    assert told[-1] == 1
    assert len(read_trials(tmp_path / "search" / "trials.jsonl")) == 1


def test_what_an_earlier_search_left_in_the_folder_does_not_count(play, tmp_path):
    play(search=["trial", "over", "fit"])

    with pytest.raises(SearchFailedError):
        play(search=["fail"])
    assert not (tmp_path / "search" / "candidate-0.joblib").exists()


def test_a_class_without_a_row_is_refused(tmp_path):
    with pytest.raises(SearchFailedError, match="hold 1 of 2 classes"):
        run_search(tmp_path, SPEC, MATRIX, np.zeros(10, int))


def test_a_family_that_suits_nothing_is_refused_with_its_reason(tmp_path):
    spec = SearchSpec(**vars(SPEC) | {"category_features": {0: 900, 1: 900}})

    with pytest.raises(SearchFailedError, match="linear was left out: no number"):
        run_search(tmp_path, spec, MATRIX, TARGET)


def test_a_reproducible_search_does_not_resume(play, tmp_path):
    spec = SearchSpec(**vars(SPEC) | {"reproducible": True, "hard_deadline_s": 30.0})
    earlier = Trial(1, "linear", 0.9, 0.1, {}, 1.0, 1.0, 10)

    with pytest.raises(SearchFailedError):
        run_search(
            tmp_path / "s", spec, MATRIX, TARGET, resume=[earlier],
            command=(sys.executable, "-c", ""),
        )  # fmt: skip

    assert read_trials(tmp_path / "s" / "trials.jsonl") == []


def test_the_number_of_reproducible_trials_falls_with_the_data():
    counts = [fixed_trials(60, n_cells=n, n_classes=2) for n in (1_000, 100_000, 10_000_000)]

    assert counts == sorted(counts, reverse=True)
    assert counts[-1] >= 7


def test_a_child_dies_with_its_parent(tmp_path):
    child = textwrap.dedent("""
        import os, time
        from automl_training.search import mortal
        mortal.die_with(os.getppid())
        print(os.getpid(), flush=True)
        time.sleep(60)
    """)
    parent = textwrap.dedent(f"""
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", {child!r}], start_new_session=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        assert is_running(pid)

        os.kill(process.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.05)

        assert not is_running(pid)
