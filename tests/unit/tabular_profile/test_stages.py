"""The first three stages: from an upload to a plan."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from automl_core.errors import DatasetDamagedError, TargetMissingError, TargetUnusableError
from automl_core.layout import PROPOSAL
from automl_core.records import Dataset, Plan, TrainConfig
from automl_core.tabular.kept import TypedTable
from automl_core.tabular.schema import Rejects, TableSchema
from automl_training.reporting import SilentReporter
from automl_training.stage import StageContext, WaitingForAnswer
from automl_training.stages.clarify import Clarify
from automl_training.stages.ingest import Ingest
from automl_training.stages.profile import Profile
from automl_training.workspace import FolderWorkspace


@pytest.fixture
def context(tmp_path):
    """Make the context of a job on a small upload."""
    upload = tmp_path / "upload"
    rows = [f"{i},{i % 7},{'ab'[i % 2]},same" for i in range(60)]
    upload.write_text("\n".join(["row_id,x,y,k", *rows]) + "\n")

    def make(target="y", **options):
        return StageContext(
            job_id="j1",
            target_column=target,
            config=TrainConfig(**options),
            upload=upload,
            upload_name="table.csv",
            workspace=FolderWorkspace(tmp_path / "job"),
            reporter=SilentReporter(),
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            monotonic=lambda: 0.0,
        )

    return make


def run(context, *stages):
    for stage in stages or (Ingest(), Profile(), Clarify()):
        stage.run(context)
    return context.workspace


def test_each_stage_makes_what_it_promises(context):
    made = run(context())

    for stage in (Ingest(), Profile(), Clarify()):
        assert [name for name in stage.makes if not made.has(name)] == []


def test_ingest_leaves_nothing_but_its_artifacts(context):
    made = run(context(), Ingest())

    assert not made.scratch("ingest").exists()
    assert json.loads(made.path("schema.json").read_bytes())["n_rows"] == 60
    assert json.loads(made.path("rejects.json").read_bytes())["lines"] == []


def test_ingest_starts_afresh_over_the_leftovers_of_a_killed_attempt(context):
    job = context()
    leftover = job.workspace.scratch("ingest") / "half.csv"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half a")

    assert run(job, Ingest()).has("table.parquet")


def test_ingest_refuses_a_kept_table_of_other_rows_than_its_schema_counts(context, tmp_path):
    first = run(context(), Ingest())
    schema = TableSchema.model_validate_json(first.path("schema.json").read_bytes())
    few = schema.model_copy(update={"n_rows": 59})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    dataset = Dataset(
        dataset_id="d1", filename="t.csv", content_type="text/csv", created_at=now, updated_at=now
    )
    found = TypedTable(dataset, few, Rejects(), first.path("table.parquet"))
    job = replace(
        context(),
        upload=None,
        fetch_kept=lambda folder: found,
        workspace=FolderWorkspace(tmp_path / "other"),
    )

    with pytest.raises(DatasetDamagedError, match="60 rows where 59 were counted"):
        run(job, Ingest())


def test_ingest_takes_a_kept_table_as_it_is_and_reads_no_upload(context, tmp_path):
    first = run(context(), Ingest())
    table = first.path("table.parquet").read_bytes()
    schema = TableSchema.model_validate_json(first.path("schema.json").read_bytes())

    def fetch(folder):
        path = folder / "table.parquet"
        path.write_bytes(table)
        return TypedTable(None, schema, Rejects(n_set_aside=3), path)

    job = replace(
        context(), upload=None, fetch_kept=fetch, workspace=FolderWorkspace(tmp_path / "other")
    )
    made = run(job, Ingest())

    assert made.path("table.parquet").read_bytes() == table
    assert made.path("schema.json").read_bytes() == first.path("schema.json").read_bytes()
    assert json.loads(made.path("rejects.json").read_bytes())["n_set_aside"] == 3
    assert not made.scratch("ingest").exists()


def test_the_plan_follows_table_profile_and_options(context):
    made = run(context(metric="accuracy"))

    plan = Plan.model_validate_json(made.path("plan.json").read_bytes())
    assert (plan.task, plan.metric, plan.row_count) == ("binary", "accuracy", 60)
    assert [feature.name for feature in plan.features] == ["x"]
    assert {drop.name: drop.code for drop in plan.dropped} == {
        "row_id": "identifier",
        "k": "constant",
    }
    assert "few-rows" in [note.code for note in plan.warnings]


def test_decisions_are_told_with_their_reasons(context):
    told = []
    job = context()
    job = StageContext(**{**vars(job), "decide": lambda **fields: told.append(fields)})

    run(job)

    assert {"reading", "task", "metric", "split", "drop", "warning"} == {
        fields["what"] for fields in told
    }
    assert all("why" in fields for fields in told)


def test_an_unknown_target_is_refused_by_the_plan(context):
    with pytest.raises(TargetMissingError, match="'z'"):
        run(context(target="z"))


def test_a_plan_that_cannot_be_carried_out_stops_the_job(context):
    job = context(target="k")

    with pytest.raises(TargetUnusableError, match="same value"):
        run(job)
    assert not job.workspace.has("plan.json")


def test_a_user_who_confirms_plans_is_shown_a_proposal(context):
    job = context(auto_confirm=False)

    with pytest.raises(WaitingForAnswer):
        run(job)

    proposal = Plan.model_validate_json(job.workspace.path(PROPOSAL).read_bytes())
    assert proposal.target_column == "y"
    assert not job.workspace.has("plan.json")


def test_an_answer_changes_the_plan_and_ends_the_waiting(context):
    job = context(auto_confirm=False)
    with pytest.raises(WaitingForAnswer):
        run(job)
    job.workspace.write("answers.json", json.dumps({"time_budget": 90, "exclude_columns": ["k"]}))

    made = run(job, Clarify())

    plan = Plan.model_validate_json(made.path("plan.json").read_bytes())
    assert plan.time_budget_s == 90
    assert ("k", "excluded") in [(drop.name, drop.code) for drop in plan.dropped]
    assert not made.has(PROPOSAL)


def test_a_blocked_proposal_is_shown_so_that_the_user_can_change_it(context):
    job = context(target="k", auto_confirm=False)

    with pytest.raises(WaitingForAnswer):
        run(job)

    proposal = Plan.model_validate_json(job.workspace.path(PROPOSAL).read_bytes())
    assert [note.code for note in proposal.blocking] == ["target-unusable"]


def test_the_report_and_the_profile_speak_of_the_target(context):
    made = run(context(), Ingest(), Profile())

    profile = json.loads(made.path("profile.json").read_bytes())
    assert profile["target"]["column"] == "y"
    assert "Target: <bdi>y</bdi>" in made.path("eda.html").read_text()
