"""The engine alone, with stages that write a line each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automl_core.errors import TargetUnusableError, TrainingError
from automl_core.records import StageName, TrainConfig
from automl_training.pipeline import run_pipeline, write_manifest
from automl_training.reporting import SilentReporter
from automl_training.stage import JobStopped, Stage, StageContext
from automl_training.workspace import FolderWorkspace

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class Writing:
    """A stage that writes each of its artifacts, or does what it is told."""

    name: StageName
    makes: tuple[str, ...]
    needs: tuple[str, ...] = ()
    instead: Callable[[StageContext], None] | None = None
    runs: int = field(default=0)

    def run(self, context: StageContext) -> None:
        self.runs += 1
        if self.instead is not None:
            self.instead(context)
            return
        for name in self.makes:
            context.workspace.write(name, f"{name}, made in run {self.runs}\n")


@pytest.fixture
def workspace(tmp_path: Path) -> FolderWorkspace:
    return FolderWorkspace(tmp_path / "job")


@pytest.fixture
def context(workspace: FolderWorkspace, tmp_path: Path) -> StageContext:
    ticks = iter(range(1000))
    return StageContext(
        job_id="j1",
        target_column="y",
        config=TrainConfig(),
        upload=tmp_path / "upload",
        upload_name="table.csv",
        workspace=workspace,
        reporter=SilentReporter(),
        now=lambda: NOON,
        monotonic=lambda: float(next(ticks)),
    )


@pytest.fixture
def stages() -> list[Writing]:
    return [
        Writing("ingest", ("a.json",)),
        Writing("profile", ("b.json", "bundle/c.json")),
        Writing("clarify", ("d.json",)),
    ]


def lines(workspace: FolderWorkspace) -> list[dict[str, object]]:
    text = workspace.path("telemetry.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def runs_of(stages: list[Writing]) -> list[int]:
    return [stage.runs for stage in stages]


def test_every_stage_runs_once_and_in_order(context, stages, workspace):
    finished = run_pipeline(context, stages)

    assert finished
    assert runs_of(stages) == [1, 1, 1]
    assert [line["stage"] for line in lines(workspace)] == ["ingest", "profile", "clarify"]


def test_a_restarted_job_runs_only_what_is_missing(context, stages, workspace):
    run_pipeline(context, stages)
    workspace.remove(("d.json",))

    run_pipeline(context, stages)

    assert runs_of(stages) == [1, 1, 2]
    assert [line["outcome"] for line in lines(workspace)[3:]] == ["skipped", "skipped", "done"]


def test_a_stage_with_one_artifact_missing_runs_again_and_so_does_all_that_follows(
    context, stages, workspace
):
    run_pipeline(context, stages)
    workspace.remove(("bundle/c.json",))

    run_pipeline(context, stages)

    assert runs_of(stages) == [1, 2, 2]


def test_later_artifacts_are_gone_while_an_earlier_stage_runs_again(context, stages, workspace):
    run_pipeline(context, stages)
    write_manifest(context, stages, workspace)
    workspace.remove(("a.json",))
    seen: list[str] = []

    def look(context: StageContext) -> None:
        seen.extend(n for n in ("b.json", "d.json", "manifest.json") if context.workspace.has(n))
        raise JobStopped

    stages[0].instead = look
    with pytest.raises(JobStopped):
        run_pipeline(context, stages)

    assert seen == []


def test_a_pause_leaves_the_rest_for_the_next_call(context, stages):
    paused = run_pipeline(context, stages, until="profile")
    finished = run_pipeline(context, stages)

    assert (paused, finished) == (False, True)
    assert runs_of(stages) == [1, 1, 1]


def test_a_pause_after_a_stage_that_is_made_already_runs_nothing(context, stages):
    run_pipeline(context, stages)

    assert run_pipeline(context, stages, until="ingest")
    assert runs_of(stages) == [1, 1, 1]


def test_a_stage_that_does_not_make_what_it_promised_fails_the_job(context, stages):
    stages[1].instead = lambda context: None

    with pytest.raises(TrainingError, match=r"profile did not make b.json, bundle/c.json"):
        run_pipeline(context, stages)


def test_a_refusal_is_noted_in_the_telemetry(context, stages, workspace):
    def refuse(context: StageContext) -> None:
        raise TargetUnusableError("Column 'y' is constant.")

    stages[2].instead = refuse
    with pytest.raises(TargetUnusableError):
        run_pipeline(context, stages)

    failure, end = lines(workspace)[-2:]
    assert (failure["what"], failure["chosen"]) == ("failure", "target-unusable")
    assert (end["stage"], end["outcome"]) == ("clarify", "failed")


def test_telemetry_tells_seconds_memory_and_decisions_of_each_stage(context, stages, workspace):
    def decide(context: StageContext) -> None:
        context.decide(what="delimiter", chosen=";", why="fits every line")
        context.workspace.write("a.json", "{}")

    stages[0].instead = decide
    run_pipeline(context, stages[:1])

    decision, end = lines(workspace)
    assert decision == {
        "at": "2026-01-02T12:00:00.000000Z",
        "kind": "decision",
        "stage": "ingest",
        "what": "delimiter",
        "chosen": ";",
        "why": "fits every line",
    }
    assert end["seconds"] == 1.0
    assert end["peak_rss_mib"] > 1


def test_the_manifest_names_every_artifact_with_size_and_sha256(context, stages, workspace):
    run_pipeline(context, stages)

    manifest = write_manifest(context, stages, workspace, attempt=2)

    assert [a.name for a in manifest.artifacts] == [
        "a.json", "b.json", "bundle/c.json", "d.json", "telemetry.jsonl",
    ]  # fmt: skip
    first = manifest.artifacts[0]
    data = workspace.path("a.json").read_bytes()
    assert (first.size_bytes, first.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert manifest.attempt == 2
    assert json.loads(workspace.path("manifest.json").read_bytes())["job_id"] == "j1"


def test_a_stage_is_what_the_protocol_says(stages):
    checked: list[Stage] = list(stages)

    assert all(stage.makes for stage in checked)
