"""``python -m automl_training`` against SQLite and a folder, as the runners start it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from automl_core.errors import NotFoundError
from automl_core.layout import REJECTS, SCHEMA, TABLE, UPLOAD, dataset_key, job_key
from automl_core.lifecycle import change_job, move
from automl_core.records import Dataset, Job, JobManifest, TrainConfig
from automl_core.settings import Settings, child_environment
from automl_core.tabular.confirm import Confirmer
from automl_core.tabular.kept import kept_key
from automl_core.tabular.read import scan_table
from automl_core.tabular.schema import ReadLimits, ReadOptions
from automl_core.wiring import Stores, kept_tables, open_stores

pytestmark = pytest.mark.slow

AS_IT_LIES = ReadOptions()
QUICK = TrainConfig(time_budget=60, families=["linear"], reproducible=True)
PLAN_ONLY = QUICK.model_copy(update={"auto_confirm": False})

#: The entry point as it is, and one whose search ends after a few trials.
AS_IT_IS = ["-m", "automl_training"]
FEW_TRIALS = [
    "-c",
    "import sys\n"
    "from automl_training.__main__ import main\n"
    "from automl_training.stages import STAGES\n"
    "from automl_training.stages.train import Train\n"
    "few = Train(max_trials=4)\n"
    "sys.exit(main([few if stage.name == 'train' else stage for stage in STAGES]))\n",
]

#: One whose profile is interrupted inside a library that makes an error of its own of it.
MUFFLED = [
    "-c",
    "import os, signal, sys, time\n"
    "from automl_training.__main__ import main\n"
    "from automl_training.stages import STAGES\n"
    "from automl_training.stages.profile import Profile\n"
    "class Muffled(Profile):\n"
    "    def run(self, context):\n"
    "        try:\n"
    "            os.kill(os.getpid(), signal.SIGTERM)\n"
    "            time.sleep(20)\n"
    "        except Exception as error:\n"
    "            raise ValueError('a template is wrong') from error\n"
    "sys.exit(main([Muffled() if s.name == 'profile' else s for s in STAGES]))\n",
]


class Platform:
    """The embedded platform's stores, and trainers started on them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, heartbeat_s=0.5, _env_file=None)
        self.stores: Stores = open_stores(self.settings)
        self.started: list[subprocess.Popen[str]] = []

    def add_job(
        self,
        upload: Path,
        target: str,
        config: TrainConfig = QUICK,
        read_options: ReadOptions = AS_IT_LIES,
        **changes: Any,
    ) -> Job:
        now = datetime.now(UTC)
        data = upload.read_bytes()
        scan = scan_table(lambda: upload.open("rb"), filename=upload.name, options=read_options)
        self.stores.objects.put(dataset_key("d1", UPLOAD), data)
        for name, document in ((SCHEMA, scan.schema), (REJECTS, scan.rejects)):
            self.stores.objects.put(dataset_key("d1", name), document.model_dump_json().encode())
        dataset = Dataset(
            dataset_id="d1", filename=upload.name, content_type="text/csv", status="ready",
            file_size=len(data), sha256=hashlib.sha256(data).hexdigest(),
            created_at=now, updated_at=now,
        )  # fmt: skip
        self.stores.metadata.add_dataset(dataset)
        job = Job(
            job_id="j1", dataset_id="d1", dataset_name=upload.name, target_column=target,
            config=config, time_budget_s=60, created_at=now, updated_at=now, **changes,
        )  # fmt: skip
        self.stores.metadata.add_job(job)
        return job

    def confirm(self) -> Dataset:
        """Confirm the data set as requests do: from here on its table is kept."""
        confirmer = Confirmer(kept_tables(self.stores), ReadLimits(), lambda: datetime.now(UTC))
        dataset = self.dataset
        return confirmer.confirm(dataset, confirmer.upload_stat(dataset), AS_IT_LIES).dataset

    @property
    def dataset(self) -> Dataset:
        return self.stores.metadata.get_dataset("d1")

    def environment(self, job: Job, **extra: str) -> dict[str, str]:
        return {
            **child_environment(self.settings),
            "JOB_ID": job.job_id,
            "DATASET_ID": job.dataset_id,
            "TARGET_COLUMN": job.target_column,
            "TIME_BUDGET": str(job.time_budget_s),
            **extra,
        }

    def start(self, job: Job, command: list[str] = AS_IT_IS, **extra: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=self.environment(job, **extra),
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, job: Job, **extra: str) -> int:
        process = self.start(job, FEW_TRIALS, **extra)
        process.communicate(timeout=200)
        return process.returncode

    @property
    def job(self) -> Job:
        return self.stores.metadata.get_job("j1")

    def artifact(self, name: str) -> bytes:
        return self.stores.objects.get(job_key("j1", name))

    def has(self, name: str) -> bool:
        return self.stores.objects.exists(job_key("j1", name))

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.stores.close()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(tmp_path / "platform")
    yield platform
    platform.close()


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, "waited two minutes"
        time.sleep(0.1)


def test_a_pending_job_is_trained_to_its_end(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")

    assert platform.run(job) == 0

    job = platform.job
    assert (job.status, job.stage, job.error) == ("completed", "done", None)
    assert (job.task, job.metric, job.model_family) == ("regression", "rmse", "linear")
    assert job.score == json.loads(platform.artifact("metrics.json"))["scores"]["rmse"]["value"]
    assert (
        job.bundle_sha256 == hashlib.sha256(platform.artifact("bundle/manifest.json")).hexdigest()
    )
    assert [entry.stage for entry in job.timeline] == [
        "queued", "ingest", "profile", "clarify", "preprocess", "train",
        "evaluate", "explain", "export", "verify", "report", "done",
    ]  # fmt: skip
    progress = platform.stores.metadata.get_progress("j1")
    assert (progress.progress, progress.stage) == (100.0, "done")
    manifest = JobManifest.model_validate_json(platform.artifact("manifest.json"))
    for artifact in manifest.artifacts:
        data = platform.artifact(artifact.name)
        assert hashlib.sha256(data).hexdigest() == artifact.sha256, artifact.name
    assert b'"stage train"' in platform.artifact("log.jsonl")


def test_the_table_is_trained_on_as_it_was_confirmed(platform, tables):
    """Without the override the first line would be the header, and there were no col_3."""
    job = platform.add_job(
        tables / "numbers.csv",
        "col_3",
        QUICK.model_copy(update={"auto_confirm": False}),
        read_options=ReadOptions(header=False),
    )

    assert platform.run(job) == 0

    assert platform.job.status == "waiting"
    assert json.loads(platform.artifact("proposal.json"))["row_count"] == 221
    assert json.loads(platform.artifact("schema.json"))["file"]["has_header"] is False


def test_a_constant_target_fails_the_job_with_its_reason(platform, penguins):
    job = platform.add_job(penguins, "region")

    assert platform.run(job) == 65

    error = platform.job.error
    assert platform.job.status == "failed"
    assert (error.code, error.stage) == ("target-unusable", "clarify")
    assert "region" in error.detail
    assert not platform.has("manifest.json")


def test_a_file_that_has_changed_since_it_was_confirmed_is_not_trained_on(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")
    platform.stores.objects.put(dataset_key("d1", "upload"), b"a,b,y\n1,2,3\n")

    assert platform.run(job) == 70

    assert platform.job.error.code == "dataset-changed"


def test_a_kept_table_is_trained_on_without_its_upload(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y", PLAN_ONLY)
    ready = platform.confirm()
    platform.stores.objects.delete(dataset_key("d1", UPLOAD))

    assert platform.run(job) == 0

    assert platform.job.status == "waiting"
    assert platform.dataset == ready
    kept = platform.stores.objects.get(kept_key(ready, TABLE))
    assert platform.artifact(TABLE) == kept


def test_a_data_set_confirmed_when_no_table_was_kept_is_trained_on_and_then_has_one(
    platform, tables
):
    job = platform.add_job(tables / "numbers.csv", "y", PLAN_ONLY)
    before = platform.dataset

    assert platform.run(job) == 0

    assert before.kept is None
    kept = platform.stores.objects.get(kept_key(platform.dataset, TABLE))
    assert platform.artifact(TABLE) == kept
    assert (platform.dataset.status, platform.dataset.sha256) == ("ready", before.sha256)


def test_a_damaged_table_that_cannot_be_made_again_fails_the_job_with_what_to_do(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y", PLAN_ONLY)
    ready = platform.confirm()
    platform.stores.objects.put(kept_key(ready, TABLE), b"PAR1 damaged")
    platform.stores.objects.delete(dataset_key("d1", UPLOAD))

    assert platform.run(job) == 70

    error = platform.job.error
    assert (platform.job.status, error.code, error.stage) == ("failed", "dataset-damaged", "ingest")
    assert "upload the file as a new data set" in error.detail


def test_a_plan_to_be_confirmed_lets_the_job_wait_and_then_go_on(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y", PLAN_ONLY)

    assert platform.run(job) == 0
    assert (platform.job.status, platform.job.stage) == ("waiting", "clarify")
    assert not platform.has("splits.json")

    platform.stores.objects.put(job_key("j1", "answers.json"), b'{"exclude_columns": ["b"]}')
    change_job(
        platform.stores.metadata, "j1", lambda job: move(job, "pending", at=datetime.now(UTC))
    )
    assert platform.run(job) == 0
    assert platform.job.status == "completed"
    plan = json.loads(platform.artifact("plan.json"))
    assert [feature["name"] for feature in plan["features"]] == ["a"]


def test_a_terminated_trainer_leaves_the_job_to_the_next_attempt(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")
    process = platform.start(job)
    wait_until(lambda: platform.job.stage == "train")

    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    process.communicate(timeout=60)

    assert process.returncode == 75
    assert time.monotonic() - started < 25
    assert (platform.job.status, platform.job.attempt) == ("running", 1)
    assert platform.has("splits.json")
    assert not platform.has("manifest.json")

    change_job(
        platform.stores.metadata, "j1", lambda job: move(job, "pending", at=datetime.now(UTC))
    )
    assert platform.run(platform.job, AUTOML_ATTEMPT="2") == 0
    job = platform.job
    assert (job.status, job.attempt) == ("completed", 2)
    assert [entry.stage for entry in job.timeline if entry.attempt == 2][2] == "train"


def test_a_signal_that_a_library_takes_for_an_error_of_its_own_still_interrupts(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")

    process = platform.start(job, MUFFLED)
    process.communicate(timeout=60)

    assert process.returncode == 75
    assert (platform.job.status, platform.job.error) == ("running", None)


def test_a_cancelled_job_ends_its_trainer_and_is_never_completed(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")
    process = platform.start(job)
    wait_until(lambda: platform.job.stage == "train")

    change_job(
        platform.stores.metadata,
        "j1",
        lambda job: job.model_copy(update={"cancel_requested": True}),
    )
    started = time.monotonic()
    process.communicate(timeout=60)

    assert time.monotonic() - started < 10
    assert (process.returncode, platform.job.status) == (0, "cancelled")


def test_a_late_attempt_changes_nothing(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y", attempt=2)

    assert platform.run(job, AUTOML_ATTEMPT="1") == 0

    assert platform.job == job
    assert not platform.has("table.parquet")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param({"JOB_ID": ""}, "Set JOB_ID", id="no job"),
        pytest.param({"TIME_BUDGET": "soon"}, "TIME_BUDGET must be", id="no number"),
        pytest.param({"AUTOML_HEARTBEAT_S": "0"}, "AUTOML_HEARTBEAT_S", id="a wrong setting"),
    ],
)
def test_a_wrong_environment_is_named_and_nothing_is_started(platform, tables, extra, words):
    job = platform.add_job(tables / "numbers.csv", "y")

    process = platform.start(job, **extra)
    _, told = process.communicate(timeout=60)

    assert process.returncode == 78
    assert words in told
    assert platform.job.status == "pending"


def test_a_cancelled_job_whose_trainer_is_terminated_too_is_cancelled(platform, tables):
    """AWS Batch ends a job by SIGTERM, which alone would mean: another attempt."""
    job = platform.add_job(tables / "numbers.csv", "y")
    process = platform.start(job, AUTOML_HEARTBEAT_S="60")
    wait_until(lambda: platform.job.stage == "train")

    change_job(
        platform.stores.metadata,
        "j1",
        lambda job: job.model_copy(update={"cancel_requested": True}),
    )
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert (process.returncode, platform.job.status) == (0, "cancelled")


def test_a_job_of_batch_notes_its_container_and_is_gone_on_with_by_it_alone(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")
    batch = {"AUTOML_ATTEMPT": "1", "AWS_BATCH_JOB_ID": "4c75", "AWS_BATCH_JOB_ATTEMPT": "1"}
    process = platform.start(job, **batch)
    wait_until(lambda: platform.job.stage == "train")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    interrupted = platform.job

    twice = platform.run(job, **(batch | {"AWS_BATCH_JOB_ID": "9999"}))
    untouched = platform.job
    again = platform.run(job, **(batch | {"AWS_BATCH_JOB_ATTEMPT": "2"}))

    assert (interrupted.status, interrupted.runner_ref) == ("running", "batch:4c75")
    assert (twice, untouched) == (0, interrupted)
    assert (again, platform.job.status, platform.job.attempt) == (0, "completed", 1)
    lines = [json.loads(line) for line in platform.artifact("log.jsonl").splitlines()]
    tries = [line["batch_try"] for line in lines if line["message"] == "attempt 1 begins"]
    assert tries[-1] == "2"


@pytest.mark.parametrize(
    "runner",
    [{"AUTOML_ATTEMPT": "1"}, {"AWS_BATCH_JOB_ID": "4c75"}],
    ids=["a runner's", "Batch's"],
)
def test_a_job_that_was_deleted_is_not_recorded_anew(platform, tables, runner):
    job = platform.add_job(tables / "numbers.csv", "y")

    assert platform.run(job, JOB_ID="j9", **runner) == 66

    with pytest.raises(NotFoundError):
        platform.stores.metadata.get_job("j9")


def test_a_trainer_started_by_hand_records_its_job(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")

    assert platform.run(job, JOB_ID="by-hand", TIME_BUDGET="90") == 0

    made = platform.stores.metadata.get_job("by-hand")
    assert (made.status, made.attempt, made.time_budget_s) == ("completed", 1, 90)
    assert (made.dataset_id, made.dataset_name, made.target_column) == ("d1", "numbers.csv", "y")
    assert made.config == TrainConfig(time_budget=90)
    assert made.timeline[0].note == "started by hand"
    assert made.runner_ref == f"container:{socket.gethostname()}"
    assert platform.job.status == "pending"


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        pytest.param({"JOB_ID": "a/b"}, 78, id="no name for a job"),
        pytest.param({"JOB_ID": "j9", "DATASET_ID": "d9"}, 66, id="no such data set"),
        pytest.param({"JOB_ID": "j9", "TIME_BUDGET": "5"}, 78, id="no budget"),
    ],
)
def test_what_cannot_be_recorded_by_hand_is_refused(platform, tables, extra, code):
    job = platform.add_job(tables / "numbers.csv", "y")

    assert platform.run(job, **extra) == code

    assert platform.stores.metadata.jobs_with_status(["pending", "running", "failed"]) == [job]


def test_a_trainer_that_is_killed_leaves_only_whole_artifacts(platform, tables):
    job = platform.add_job(tables / "numbers.csv", "y")
    process = platform.start(job)
    wait_until(lambda: platform.job.stage == "preprocess" or platform.has("encoder.json"))

    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)

    assert platform.job.status == "running"
    for name in ("schema.json", "profile.json", "plan.json"):
        json.loads(platform.artifact(name))
    assert not platform.has("manifest.json")
