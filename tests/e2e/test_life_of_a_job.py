"""What becomes of a job when the platform, its trainer or both are killed; real processes all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automl_cli.boundary import run
from automl_cli.client import Client
from automl_cli.remote import download_artifacts, upload_dataset
from automl_core.samples import PENGUINS_TARGET, penguins_path

_PROC = Path("/proc")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (_PROC / "self" / "environ").exists(),
        reason="left out: only Linux tells the environment by which the processes are found",
    ),
]

#: A search of about ten seconds on an idle machine: long enough to be hit in its middle.
SHORT = {"time_budget": 60, "reproducible": True, "families": ["linear"]}
#: A search that does not end by itself before the test does.
LONG = {"time_budget": 300}
#: Much longer than anything here takes on an idle machine.
PATIENCE_S = 120.0

BEFORE_TRAIN = ("ingest", "profile", "clarify", "preprocess")
FROM_TRAIN_ON = ("train", "evaluate", "explain", "export", "verify", "report")


def eventually(what: Callable[[], Any], *, within_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("It did not come about.")


def processes_with(variable: str) -> dict[int, str]:
    """Command lines, by number, of the processes whose environment has ``NAME=value``."""
    found = {}
    for process in _PROC.glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if variable.encode() in environment:
            found[int(process.name)] = " ".join(word.decode() for word in command).strip()
    return found


def processes_of(job_id: str) -> dict[int, str]:
    return processes_with(f"JOB_ID={job_id}")


def trainer_of(job_id: str) -> int:
    """Number of the job's trainer, which leads a session and a process group."""
    (pid,) = (
        pid for pid, line in processes_of(job_id).items() if line.endswith("-m automl_training")
    )
    assert os.getsid(pid) == os.getpgid(pid) == pid
    return pid


def searches_of(job_id: str) -> list[int]:
    return [pid for pid, line in processes_of(job_id).items() if "search.child" in line]


class Platform:
    """``automl up`` on one data folder: started, killed, started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.scratch = folder / "scratch"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTOML_")}
        environment |= {
            "AUTOML_DATA_DIR": str(self.folder),
            # Progress is seen soon, so that nothing here waits for a heartbeat.
            "AUTOML_HEARTBEAT_S": "0.5",
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "automl_cli", "up", "--port", "0"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        self.address = next((word for word in said.split() if word.startswith("http://")), "")
        assert self.address, self.log.read_text()
        self.client = Client(self.address)

    def kill(self) -> None:
        """End the platform with SIGKILL; its trainers are not touched."""
        assert self._process is not None
        self.client.close()
        self._process.kill()
        self._process.communicate()
        self._process = None

    def is_up(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None and self.client.get("/health")["status"] == "ok"

    def end_all(self) -> None:
        """Leave no process behind, whatever the test came to."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        while left := processes_with(f"AUTOML_DATA_DIR={self.folder}"):
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.05)

    def upload(self) -> str:
        dataset_id: str = upload_dataset(self.client, penguins_path())["dataset_id"]
        return dataset_id

    def train(self, dataset_id: str, config: dict[str, Any]) -> str:
        body = {"dataset_id": dataset_id, "target_column": PENGUINS_TARGET, "config": config}
        job_id: str = self.client.send("POST", "/train", body, once=True)["job_id"]
        return job_id

    def status(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/jobs/{job_id}/status")
        return found

    def wait_for(self, job_id: str, *statuses: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        eventually(lambda: self.status(job_id)["status"] in statuses, within_s=within_s)
        return self.status(job_id)

    def wait_for_trials(self, job_id: str) -> None:
        """Return in the middle of the train stage."""

        def is_searching() -> bool:
            status = self.status(job_id)
            assert status["status"] in ("pending", "running"), status
            return status["stage"] == "train" and status["n_trials"] > 0

        eventually(is_searching)
        assert searches_of(job_id)

    def events(self, job_id: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get(f"/jobs/{job_id}/events")["items"]
        return items

    def stage_endings(self, job_id: str) -> list[tuple[str, str]]:
        """Stage and outcome of every stage's line of ``telemetry.jsonl``."""
        (file,) = download_artifacts(
            self.client, job_id, self.folder / "fetched", ["telemetry.jsonl"]
        )
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        return [(line["stage"], line["outcome"]) for line in lines if line["kind"] == "stage"]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path)
    try:
        made.start()
        yield made
        made.client.close()
    finally:
        made.end_all()


def test_a_trainer_outlives_a_killed_platform_and_the_next_one_adopts_it(platform):
    job_id = platform.train(platform.upload(), SHORT)
    platform.wait_for_trials(job_id)
    trainer = trainer_of(job_id)

    platform.kill()
    platform.start()

    assert trainer_of(job_id) == trainer
    ended = platform.wait_for(job_id, "completed", "failed", "cancelled")
    assert (ended["status"], ended["attempt"]) == ("completed", 1), ended
    assert {event["attempt"] for event in platform.events(job_id)} == {1}
    assert platform.stage_endings(job_id) == [
        (stage, "done") for stage in BEFORE_TRAIN + FROM_TRAIN_ON
    ]
    assert "trainer adopted" in platform.log.read_text()
    eventually(lambda: not processes_of(job_id))


def test_killed_with_its_platform_a_job_goes_on_where_it_was_and_what_waited_still_waits(platform):
    dataset_id = platform.upload()
    job_id = platform.train(dataset_id, SHORT)
    queued_id = platform.train(dataset_id, SHORT)
    platform.wait_for_trials(job_id)
    trainer = trainer_of(job_id)

    platform.kill()
    os.killpg(trainer, signal.SIGKILL)
    eventually(lambda: not processes_of(job_id), within_s=10)
    platform.start()

    waiting = platform.status(queued_id)
    assert (waiting["status"], waiting["attempt"]) == ("pending", 1)
    ended = platform.wait_for(job_id, "completed", "failed", "cancelled")
    assert (ended["status"], ended["attempt"]) == ("completed", 2), ended
    assert platform.stage_endings(job_id) == [
        *((stage, "done") for stage in BEFORE_TRAIN),
        *((stage, "skipped") for stage in BEFORE_TRAIN),
        *((stage, "done") for stage in FROM_TRAIN_ON),
    ]
    queued = platform.wait_for(queued_id, "running")
    assert queued["attempt"] == 1
    assert queued["started_at"] >= ended["finished_at"]


def test_a_killed_trainer_fails_its_job_with_the_signal_s_name_and_a_retry_opens_attempt_2(
    platform,
):
    job_id = platform.train(platform.upload(), LONG)
    platform.wait_for_trials(job_id)

    os.kill(trainer_of(job_id), signal.SIGKILL)

    failed = platform.wait_for(job_id, "failed", within_s=30)
    assert failed["error"]["code"] == "worker-lost"
    assert "SIGKILL" in failed["error"]["detail"]
    assert failed["error"]["stage"] == "train"
    assert platform.is_up()
    eventually(lambda: not processes_of(job_id), within_s=10)
    eventually(lambda: not list(platform.scratch.iterdir()), within_s=10)

    retried = platform.client.send("POST", f"/jobs/{job_id}/retry")

    assert (retried["status"], retried["attempt"]) == ("pending", 2)
    assert platform.wait_for(job_id, "running")["attempt"] == 2
    platform.client.send("POST", f"/jobs/{job_id}/cancel")
    assert platform.wait_for(job_id, "cancelled")["attempt"] == 2


def test_a_job_cancelled_in_its_search_is_gone_with_every_process_within_ten_seconds(platform):
    job_id = platform.train(platform.upload(), LONG)
    platform.wait_for_trials(job_id)
    asked_at = time.monotonic()

    platform.client.send("POST", f"/jobs/{job_id}/cancel")
    platform.wait_for(job_id, "cancelled", within_s=10)
    eventually(lambda: not processes_of(job_id), within_s=10)

    assert time.monotonic() - asked_at <= 10
    assert platform.is_up()
    eventually(lambda: not list(platform.scratch.iterdir()), within_s=10)


def test_the_commands_that_steer_a_job_work_on_a_real_platform(platform, capsys):
    def ask(*line: str) -> Any:
        code = run([*line, "--json", "--api", platform.address])
        said = capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    def told(*line: str) -> str:
        assert run([*line, "--api", platform.address]) == 0
        return capsys.readouterr().out

    start = ("jobs", "start", platform.upload(), "--target", PENGUINS_TARGET, "--ask")
    job_id, other_id = ask(*start)["job_id"], ask(*start, "--seed", "1")["job_id"]

    assert ask("jobs", "watch", job_id)["status"] == "waiting"
    assert ask("jobs", "plan", job_id)["task"] == "multiclass"
    assert "multiclass" in told("jobs", "plan", job_id)
    answered = ask("jobs", "clarify", job_id, "--exclude", "date_egg", "--time-budget", "120")
    assert (answered["status"], answered["time_budget_s"]) == ("pending", 120)
    eventually(lambda: platform.status(job_id)["stage"] == "train")
    confirmed = ask("jobs", "plan", job_id)
    assert "date_egg" not in {feature["name"] for feature in confirmed["features"]}

    assert ask("jobs", "cancel", job_id)["cancel_requested"] is True
    platform.wait_for(job_id, "cancelled")
    assert ask("jobs", "retry", job_id)["attempt"] == 2
    ask("jobs", "cancel", job_id)
    assert platform.wait_for(job_id, "cancelled")["attempt"] == 2

    platform.wait_for(other_id, "waiting")
    assert "cancelled" in told("jobs", "cancel", other_id)
    compared = ask("jobs", "compare", job_id, other_id)
    assert [job["job_id"] for job in compared["jobs"]] == [job_id, other_id]
    assert (compared["is_ranked"], compared["ranking"]) == (False, [])
    assert "has no score yet" in told("jobs", "compare", job_id, other_id)
    assert run(["jobs", "compare", job_id, "no-such-job", "--api", platform.address]) == 66
    assert "no-such-job" in capsys.readouterr().err
    assert run(["jobs", "clarify", job_id, "--api", platform.address]) == 70
    assert "only a waiting job takes answers" in capsys.readouterr().err
