"""The deep report as part of a job: it fits the pipeline, and never fails it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automl_core.records import StageName, TrainConfig
from automl_training.deep import DeepSource
from automl_training.pipeline import run_pipeline, write_manifest
from automl_training.reporting import SilentReporter
from automl_training.stage import JobStopped, StageContext
from automl_training.stages.deep import with_deep_report
from automl_training.workspace import FolderWorkspace

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DEEP = TrainConfig(eda="deep", seed=5, exclude_columns=["weight"])


@dataclass
class Given:
    """A stage whose artifacts a test made."""

    name: StageName
    makes: tuple[str, ...]
    source: DeepSource
    needs: tuple[str, ...] = ()
    runs: int = field(default=0)

    def run(self, context: StageContext) -> None:
        self.runs += 1
        made = {
            "table.parquet": self.source.table.read_bytes,
            "schema.json": self.source.schema.model_dump_json,
            "profile.json": lambda: json.dumps({"target": {"column": "class", "scores": []}}),
            "report.html": lambda: f"run {self.runs}",
        }
        for name in self.makes:
            context.workspace.write(name, made[name]())


@pytest.fixture
def stages(plain: Callable[..., DeepSource]) -> list[Given]:
    source = plain()
    return [
        Given("ingest", ("table.parquet", "schema.json"), source),
        Given("profile", ("profile.json",), source),
        Given("report", ("report.html",), source),
    ]


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    return StageContext(
        job_id="j1",
        target_column="class",
        config=DEEP,
        upload=None,
        upload_name="sizes.csv",
        workspace=FolderWorkspace(tmp_path / "job"),
        reporter=SilentReporter(),
        now=lambda: NOON,
        monotonic=lambda: 0.0,
    )


def decisions(context: StageContext) -> list[dict[str, object]]:
    text = context.workspace.path("telemetry.jsonl").read_text(encoding="utf-8")
    return [line for line in map(json.loads, text.splitlines()) if line["kind"] == "decision"]


def test_a_job_that_asks_for_it_makes_it_last_and_lists_it(fake_python, stages, context):
    asked = with_deep_report(stages, DEEP, python=fake_python())

    assert run_pipeline(context, asked)

    page = context.workspace.path("eda_deep.html").read_text()
    assert "Deep report: sizes.csv" in page
    assert "<h2>weight</h2>" not in page
    manifest = write_manifest(context, asked, context.workspace)
    assert "eda_deep.html" in [artifact.name for artifact in manifest.artifacts]
    (told,) = decisions(context)
    assert (told["what"], told["chosen"], told["stage"]) == ("deep report", "made", "report")


def test_a_job_that_does_not_ask_has_the_stages_that_it_had(stages):
    assert with_deep_report(stages, TrainConfig(), python=None) == tuple(stages)


def test_its_failure_is_a_page_and_a_line_of_the_telemetry(fake_python, stages, context):
    asked = with_deep_report(stages, DEEP, python=fake_python(does="raise ValueError('x')"))

    assert run_pipeline(context, asked)

    assert "No deep report" in context.workspace.path("eda_deep.html").read_text()
    assert context.workspace.path("report.html").read_text() == "run 1"
    (told,) = decisions(context)
    assert told["chosen"] == "none"
    assert "ValueError" in str(told["why"])


def test_what_is_made_is_not_made_again(fake_python, stages, context):
    asked = with_deep_report(stages, DEEP, python=fake_python())
    run_pipeline(context, asked)
    page = context.workspace.path("eda_deep.html").read_text()

    again = with_deep_report(stages, DEEP, python=fake_python(does="raise ValueError('x')"))
    run_pipeline(context, again)
    context.workspace.remove(("report.html",))
    run_pipeline(context, again)

    assert context.workspace.path("eda_deep.html").read_text() == page
    assert [stage.runs for stage in stages] == [1, 1, 2]


def test_a_profile_made_anew_has_it_made_anew(fake_python, stages, context):
    run_pipeline(context, with_deep_report(stages, DEEP, python=fake_python()))
    context.workspace.remove(("profile.json",))

    run_pipeline(
        context, with_deep_report(stages, DEEP, python=fake_python(does="raise ValueError('x')"))
    )

    assert "No deep report" in context.workspace.path("eda_deep.html").read_text()


def test_an_attempt_that_stops_leaves_none_and_the_next_one_makes_it(fake_python, stages, context):
    def stop(share: float, message: str = "", **rest: object) -> None:
        if "deep" in message:
            raise JobStopped("interrupted")

    stopping = SilentReporter()
    stopping.progress = stop
    asked = with_deep_report(stages, DEEP, python=fake_python())

    with pytest.raises(JobStopped):
        run_pipeline(replace(context, reporter=stopping), asked)
    assert not context.workspace.has("eda_deep.html")
    assert not context.workspace.has("report.html")
    run_pipeline(context, asked)

    assert [stage.runs for stage in stages] == [1, 1, 1]
    assert context.workspace.has("eda_deep.html")
