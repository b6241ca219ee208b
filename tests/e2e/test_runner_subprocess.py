"""The subprocess runner with real processes: queue, death, cancellation, restart."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from automl_backend.runners.processes import ProcessRef
from automl_backend.runners.subprocess import SubprocessRunner, Timing
from automl_core.errors import PlatformError
from automl_core.lifecycle import change_job, move
from automl_core.records import Job, JobProgress, TrainConfig
from automl_core.settings import Settings, child_environment
from automl_core.wiring import Stores, open_stores

pytestmark = pytest.mark.slow

TRAINER = Path(__file__).with_name("fake_trainer.py")
#: Much longer than anything here takes on an idle machine.
PATIENCE_S = 30.0
FAST = Timing(poll_s=0.05, kill_after_s=0.5, stop_within_s=5.0, silence_s=60.0, linger_s=0.3)


def utc_now() -> datetime:
    return datetime.now(UTC)


def eventually(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("It did not come about.")


def is_running(pid: int) -> bool:
    return ProcessRef.of(pid) is not None


class Bench:
    """A database, a folder, and as many platforms one after the other as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(_env_file=None, data_dir=folder)
        self.stores: Stores = open_stores(self.settings)
        self.runners: list[SubprocessRunner] = []
        self._n_jobs = 0

    def runner(self, timing: Timing = FAST, **changes: Any) -> SubprocessRunner:
        options: dict[str, Any] = {
            "metadata": self.stores.metadata,
            "command": [sys.executable, str(TRAINER)],
            "environment": child_environment(self.settings),
            "logs": self.settings.data_dir / "logs",
            "scratch": self.scratch,
            "slots": 1,
            "max_attempts": 3,
            "now": utc_now,
            "monotonic": time.monotonic,
            "timing": timing,
        }
        runner = SubprocessRunner(**(options | changes))
        self.runners.append(runner)
        runner.start()
        return runner

    def add(self, manner: str, **changes: Any) -> str:
        self._n_jobs += 1
        now = utc_now() + timedelta(microseconds=self._n_jobs)
        job = Job(
            job_id=f"job{self._n_jobs}",
            created_at=now,
            updated_at=now,
            dataset_id="data",
            dataset_name="data.csv",
            target_column=manner,
            config=TrainConfig(),
            time_budget_s=60,
        )
        self.stores.metadata.add_job(job.model_copy(update=changes))
        return job.job_id

    def job(self, job_id: str) -> Job:
        return self.stores.metadata.get_job(job_id)

    def wait_for(self, job_id: str, status: str) -> Job:
        eventually(lambda: self.job(job_id).status == status)
        return self.job(job_id)

    def pid(self, job_id: str) -> int:
        """Process number of a trainer that has begun to work."""
        eventually(lambda: self.job(job_id).runner_ref and self.printed(job_id))
        ref = ProcessRef.parse(self.job(job_id).runner_ref)
        assert ref is not None
        return ref.pid

    def printed(self, job_id: str) -> str:
        attempt = self.job(job_id).attempt
        path = self.settings.data_dir / "logs" / f"{job_id}-{attempt}.log"
        return path.read_text() if path.exists() else ""

    @property
    def scratch(self) -> Path:
        """Folder of what trainers keep while they run."""
        return self.settings.data_dir / "scratch"

    def ask_to_cancel(self, job_id: str) -> None:
        change_job(
            self.stores.metadata,
            job_id,
            lambda job: job.model_copy(update={"cancel_requested": True}),
        )

    def close(self) -> None:
        for runner in self.runners:
            runner.stop()
        self.stores.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_a_pending_job_is_run_and_its_output_kept(bench):
    job_id = bench.add("quick")

    bench.runner()

    job = bench.wait_for(job_id, "completed")
    assert [entry.status for entry in job.timeline] == ["running", "completed"]
    assert f"{job_id} attempt 1" in bench.printed(job_id)


def test_jobs_are_run_one_after_the_other_oldest_first(bench):
    jobs = [bench.add("quick") for _ in range(4)]

    bench.runner()

    finished = [bench.wait_for(job_id, "completed") for job_id in jobs]
    assert [job.finished_at for job in finished] == sorted(job.finished_at for job in finished)
    for earlier, later in itertools.pairwise(finished):
        assert later.started_at >= earlier.finished_at


def test_as_many_trainers_run_at_once_as_there_are_slots(bench):
    jobs = [bench.add("slow") for _ in range(3)]

    bench.runner(slots=2)

    bench.pid(jobs[0])
    bench.pid(jobs[1])
    assert bench.job(jobs[2]).status == "pending"


def test_a_killed_trainer_fails_its_job_at_once_and_says_why(bench):
    job_id = bench.add("slow")
    bench.runner()
    pid = bench.pid(job_id)

    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    job = bench.wait_for(job_id, "failed")

    assert time.monotonic() - began < 5
    assert job.error.code == "worker-lost"
    assert "SIGKILL (signal 9)" in job.error.detail
    assert "memory" in job.error.detail


def test_what_a_killed_trainer_kept_for_itself_is_removed(bench):
    job_id = bench.add("slow")
    bench.runner()
    pid = bench.pid(job_id)
    (bench.scratch / f"{job_id}-1" / "upload").write_bytes(b"a gigabyte")

    os.kill(pid, signal.SIGKILL)

    bench.wait_for(job_id, "failed")
    eventually(lambda: not list(bench.scratch.iterdir()))


def test_a_trainer_that_ends_with_an_error_fails_its_job(bench):
    job_id = bench.add("crash")

    bench.runner()

    assert "exit code 3" in bench.wait_for(job_id, "failed").error.detail


def test_after_a_failed_job_the_next_one_is_run(bench):
    bench.add("crash")
    job_id = bench.add("quick")

    bench.runner()

    bench.wait_for(job_id, "completed")


def test_a_cancelled_job_is_stopped(bench):
    job_id = bench.add("slow")
    runner = bench.runner()
    pid = bench.pid(job_id)

    bench.ask_to_cancel(job_id)
    runner.cancel(bench.job(job_id))

    assert bench.wait_for(job_id, "cancelled").error is None
    assert not is_running(pid)


def test_a_trainer_that_does_not_listen_is_killed(bench):
    job_id = bench.add("stubborn")
    runner = bench.runner()
    pid = bench.pid(job_id)

    bench.ask_to_cancel(job_id)
    runner.cancel(bench.job(job_id))

    bench.wait_for(job_id, "cancelled")
    assert not is_running(pid)


def test_the_children_of_a_trainer_go_with_it(bench):
    job_id = bench.add("family")
    runner = bench.runner()
    child = int(eventually(lambda: re.search(r"child (\d+)", bench.printed(job_id))).group(1))

    bench.ask_to_cancel(job_id)
    runner.cancel(bench.job(job_id))

    bench.wait_for(job_id, "cancelled")
    eventually(lambda: not is_running(child))


def test_a_trainer_past_its_hard_limit_is_stopped(bench):
    job_id = bench.add("slow", time_budget_s=0)

    bench.runner(Timing(poll_s=0.05, kill_after_s=0.5, spare_s=0.5))

    job = bench.wait_for(job_id, "failed")
    assert job.error.code == "job-timeout"


def test_a_trainer_without_a_sign_of_life_is_stopped(bench):
    job_id = bench.add("mute")

    bench.runner(Timing(poll_s=0.05, kill_after_s=0.5, silence_s=1.0))

    job = bench.wait_for(job_id, "failed")
    assert job.error.code == "worker-lost"
    assert "sign of life" in job.error.detail


def test_a_trainer_that_ends_its_job_but_not_itself_does_not_hold_up_the_queue(bench):
    bench.add("said")
    job_id = bench.add("quick")

    bench.runner()

    bench.wait_for(job_id, "completed")


def test_a_trainer_whose_job_was_deleted_is_stopped(bench):
    job_id = bench.add("slow")
    bench.runner()
    pid = bench.pid(job_id)

    bench.stores.metadata.delete_job(job_id)

    eventually(lambda: not is_running(pid))


def test_stopping_the_platform_returns_its_jobs_to_the_queue(bench):
    job_id = bench.add("slow")
    runner = bench.runner()
    pid = bench.pid(job_id)

    runner.stop()

    job = bench.job(job_id)
    assert (job.status, job.attempt) == ("pending", 2)
    assert not is_running(pid)
    with pytest.raises(PlatformError):
        runner.ping()


def test_the_next_platform_runs_what_the_last_one_returned(bench):
    job_id = bench.add("slow")
    first = bench.runner()
    bench.pid(job_id)
    first.stop()

    bench.runner()

    eventually(lambda: bench.job(job_id).status == "running")
    assert "attempt 2" in eventually(lambda: bench.printed(job_id))


PLATFORM = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from automl_backend.runners.subprocess import SubprocessRunner, Timing
from automl_core.settings import child_environment, load_settings
from automl_core.wiring import open_stores
settings = load_settings()
SubprocessRunner(
    metadata=open_stores(settings).metadata, command=[sys.executable, sys.argv[1]],
    environment=child_environment(settings), logs=settings.data_dir / "logs",
    scratch=settings.data_dir / "scratch", slots=1,
    max_attempts=3, now=lambda: datetime.now(UTC), monotonic=time.monotonic,
    timing=Timing(poll_s=0.05),
).start()
time.sleep(600)
"""


@pytest.fixture
def killed_platform(bench: Bench) -> Callable[[str], int]:
    """Have a job running under a platform that was then killed; the trainer's number."""

    def run(job_id: str) -> int:
        platform = subprocess.Popen(
            [sys.executable, "-c", PLATFORM, str(TRAINER)],
            env=child_environment(bench.settings),
        )
        try:
            pid = bench.pid(job_id)
        finally:
            platform.kill()
            platform.wait()
        return pid

    return run


def test_a_trainer_that_outlived_its_platform_is_adopted(bench, killed_platform):
    job_id = bench.add("slow")
    pid = killed_platform(job_id)
    assert is_running(pid)

    runner = bench.runner()
    time.sleep(0.5)
    adopted = bench.job(job_id)
    bench.ask_to_cancel(job_id)
    runner.cancel(adopted)

    assert (adopted.status, adopted.attempt) == ("running", 1)
    bench.wait_for(job_id, "cancelled")
    assert not is_running(pid)


def test_an_adopted_trainer_keeps_its_slot_and_its_scratch(bench, killed_platform):
    first = bench.add("slow")
    killed_platform(first)
    second = bench.add("quick")
    (bench.scratch / "dead-1").mkdir()

    bench.runner()
    time.sleep(0.5)

    assert bench.job(second).status == "pending"
    assert [folder.name for folder in bench.scratch.iterdir()] == [f"{first}-1"]


def test_a_job_whose_trainer_died_with_the_platform_is_tried_again(bench, killed_platform):
    job_id = bench.add("slow")
    pid = killed_platform(job_id)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_running(pid))

    bench.runner()

    eventually(lambda: bench.job(job_id).attempt == 2)
    assert bench.wait_for(job_id, "running").attempt == 2


def test_a_job_that_lost_its_trainer_too_often_fails(bench):
    job_id = bench.add("slow", attempt=3)
    change_job(bench.stores.metadata, job_id, lambda job: move(job, "running", at=utc_now()))

    bench.runner()

    job = bench.wait_for(job_id, "failed")
    assert job.error.code == "worker-lost"
    assert "Attempt 3 of 3" in job.error.detail


def test_a_reused_process_number_is_not_taken_for_the_trainer(bench):
    job_id = bench.add("quick")
    mine = ProcessRef.of(os.getpid())
    stranger = ProcessRef(mine.host, mine.pid, "1")
    change_job(
        bench.stores.metadata,
        job_id,
        lambda job: move(job, "running", at=utc_now(), runner_ref=str(stranger)),
    )

    bench.runner()

    assert bench.wait_for(job_id, "completed").attempt == 2


def by_hand(bench: Bench, heard_at: datetime) -> str:
    """A job that a container works on which somebody started by hand."""
    job_id = bench.add("quick", updated_at=heard_at)
    job = bench.job(job_id)
    bench.stores.metadata.update_job(
        move(job, "running", at=heard_at, runner_ref="container:elsewhere")
    )
    bench.stores.metadata.put_progress(
        JobProgress(job_id=job_id, attempt=1, heartbeat_at=heard_at, stage="train")
    )
    return job_id


def test_a_trainer_that_somebody_started_by_hand_is_left_alone(bench):
    job_id = by_hand(bench, utc_now())

    bench.runner()
    other = bench.add("quick")
    bench.wait_for(other, "completed")

    assert (bench.job(job_id).status, bench.job(job_id).attempt) == ("running", 1)


def test_a_trainer_started_by_hand_that_fell_silent_is_followed_by_one_of_ours(bench):
    job_id = by_hand(bench, utc_now() - timedelta(seconds=61))

    bench.runner()

    assert bench.wait_for(job_id, "completed").attempt == 2


def test_a_job_cancelled_while_no_platform_ran_stays_cancelled(bench):
    job_id = bench.add("slow", cancel_requested=True)
    change_job(bench.stores.metadata, job_id, lambda job: move(job, "running", at=utc_now()))

    bench.runner()

    bench.wait_for(job_id, "cancelled")


def test_a_trainer_that_cannot_be_started_leaves_its_job_to_be_tried_and_is_told(bench):
    job_id = bench.add("quick")

    runner = bench.runner(command=["/nowhere/trainer"])

    job = bench.wait_for(job_id, "failed")
    assert job.attempt == 3
    assert "could not be started" in job.error.detail
    runner.stop()
