"""Whole trainings on small tables: every artifact, and what it promises."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import statistics
from pathlib import Path

import pytest

from automl_core.bundle.checker import check_bundle
from automl_core.bundle.runtime import Predictor
from automl_core.errors import (
    ConfigInvalidError,
    ConflictError,
    NotFoundError,
    TargetMissingError,
    TargetUnusableError,
)
from automl_core.records import JobManifest
from automl_training.stage import JobStopped

pytestmark = pytest.mark.slow

ARTIFACTS = {
    "table.parquet", "schema.json", "rejects.json", "profile.json", "eda.html", "plan.json",
    "splits.json", "encoder.json", "model.skops", "out_of_fold.npz", "leaderboard.json",
    "trials.jsonl", "metrics.json", "explanations.json", "bundle/model.onnx",
    "bundle/manifest.json", "bundle/predict.py", "bundle/README.md", "parity.json", "report.html",
    "model_card.md", "telemetry.jsonl",
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(train, penguins, tmp_path_factory):
    """One finished training on the penguins; tests only read it."""
    return train(penguins, tmp_path_factory.mktemp("out") / "penguins", "species")


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of the finished training, to be damaged and continued."""
    return Path(shutil.copytree(trained.folder, tmp_path / "copy"))


def stages_run(train, penguins, folder, **keywords) -> list[str]:
    seen: list[str] = []
    train(
        penguins, folder, "species", on_progress=lambda event: seen.append(event.stage), **keywords
    )
    return list(dict.fromkeys(seen))


# -- What a training leaves -----------------------------------------------------------


def test_a_training_writes_every_artifact_and_lists_it_with_its_hash(trained):
    manifest = JobManifest.model_validate_json((trained.folder / "manifest.json").read_bytes())

    assert {artifact.name for artifact in manifest.artifacts} == ARTIFACTS
    for artifact in manifest.artifacts:
        data = (trained.folder / artifact.name).read_bytes()
        assert artifact.size_bytes == len(data)
        assert artifact.sha256 == hashlib.sha256(data).hexdigest()


def test_a_training_leaves_nothing_else_behind(trained):
    files = {
        str(path.relative_to(trained.folder))
        for path in trained.folder.rglob("*")
        if path.is_file()
    }

    assert files == ARTIFACTS | {"manifest.json", "job.json"}


def test_every_json_artifact_is_strict(trained):
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    for path in trained.folder.rglob("*.json"):
        json.loads(path.read_bytes(), parse_constant=refuse)


def test_the_model_beats_guessing_on_rows_it_has_not_seen(trained):
    assert trained.plan.task == "multiclass"
    assert trained.metrics["is_better_than_baseline"]
    assert trained.metrics["scores"]["accuracy"]["value"] > 0.9


def test_no_row_is_on_both_sides(trained):
    splits = json.loads((trained.folder / "splits.json").read_bytes())

    assert not set(splits["train"]) & set(splits["holdout"])
    assert len(splits["train"]) + len(splits["holdout"]) == 344


def test_parity_was_proven_on_every_holdout_row_and_on_odd_ones(trained):
    parity = trained.parity

    assert parity["passed"]
    assert parity["n_rows"] == trained.metrics["n_rows"]
    assert parity["n_missing_rows"] > 0
    assert parity["n_unseen_rows"] > 0
    assert parity["max_probability_gap"] <= parity["tolerance"] == 1e-5
    assert parity["label_flips"] == 0


def test_the_bundle_is_whole_and_answers_on_its_own(trained, penguins):
    with penguins.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    predictor = Predictor.load(trained.folder / "bundle")
    labels = predictor.predict_rows([dict(row) for row in rows])[0].labels

    assert check_bundle(trained.folder / "bundle") == []
    assert sum(label == row["species"] for label, row in zip(labels, rows, strict=True)) > 330


def test_the_leaderboard_ranks_by_validation_score(trained):
    board = trained.leaderboard
    finite = [trial["score"] for trial in board["trials"] if trial["score"] is not None]

    assert not board["higher_is_better"]
    assert finite == sorted(finite)
    assert board["n_trials"] == len(board["trials"])
    assert board["families"][0]["family"] == board["trials"][0]["family"]
    assert board["chosen"]["trial_id"] in {trial["trial_id"] for trial in board["trials"]}


def test_importances_name_each_column_once_most_important_first(trained):
    features = trained.explanations["features"]
    importances = [feature["importance"] for feature in features]

    assert sorted(feature["name"] for feature in features) == sorted(
        feature.name for feature in trained.plan.features
    )
    assert importances == sorted(importances, reverse=True)
    assert importances[0] > 0


def test_identifiers_and_constants_are_left_out_with_a_reason(trained):
    dropped = {column.name: column.code for column in trained.plan.dropped}

    assert dropped["region"] == "constant"
    assert dropped["individual_id"] == "identifier"


def test_the_report_begins_with_the_verdict(trained):
    report = (trained.folder / "report.html").read_text(encoding="utf-8")

    assert trained.metrics["verdict"] in report
    assert "<script" not in report


def test_telemetry_has_time_and_memory_of_every_stage(trained):
    lines = [
        json.loads(line)
        for line in (trained.folder / "telemetry.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    done = [line for line in lines if line["kind"] == "stage"]

    assert [line["stage"] for line in done] == [
        "ingest", "profile", "clarify", "preprocess", "train",
        "evaluate", "explain", "export", "verify", "report",
    ]  # fmt: skip
    assert all(line["seconds"] >= 0 and line["peak_rss_mib"] > 10 for line in done)


# -- Going on where another one ended -------------------------------------------------


def test_a_finished_training_is_not_done_again(train, penguins, copied):
    assert stages_run(train, penguins, copied) == []


def test_a_restarted_training_runs_only_what_is_missing(train, penguins, copied):
    for name in ("metrics.json", "manifest.json"):
        (copied / name).unlink()
    before = (copied / "model.skops").read_bytes()

    assert stages_run(train, penguins, copied) == [
        "evaluate", "explain", "export", "verify", "report",
    ]  # fmt: skip
    assert (copied / "model.skops").read_bytes() == before
    assert (copied / "manifest.json").is_file()


def test_a_stopped_training_has_no_manifest_and_can_be_continued(train, penguins, copied):
    for name in ("parity.json", "manifest.json"):
        (copied / name).unlink()

    def stop(event):
        if event.stage == "verify":
            raise JobStopped

    with pytest.raises(JobStopped):
        train(penguins, copied, "species", on_progress=stop)
    assert not (copied / "manifest.json").exists()
    assert not (copied / "report.html").exists()
    assert stages_run(train, penguins, copied) == ["verify", "report"]


def test_a_folder_of_another_training_is_not_touched(train, penguins, copied):
    before = sorted((path.name, path.stat().st_mtime_ns) for path in copied.iterdir())

    with pytest.raises(ConflictError, match="another file, target or options"):
        train(penguins, copied, "species", seed=4)

    assert sorted((path.name, path.stat().st_mtime_ns) for path in copied.iterdir()) == before


def test_a_folder_with_something_else_in_it_is_refused(train, penguins, tmp_path):
    (tmp_path / "diary.txt").write_text("private")

    with pytest.raises(ConflictError, match="not empty and holds no training"):
        train(penguins, tmp_path, "species")


# -- Refusals -------------------------------------------------------------------------


def test_a_refused_target_leaves_the_folder_as_it_was_found(train, penguins, tmp_path):
    (tmp_path / "empty").mkdir()

    for name in ("empty", "missing"):
        with pytest.raises(TargetMissingError, match="species"):
            train(penguins, tmp_path / name, "specie")

    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_constant_target_is_refused(train, penguins, tmp_path):
    with pytest.raises(TargetUnusableError):
        train(penguins, tmp_path / "out", "region")


def test_a_missing_file_is_not_found(train, tmp_path):
    with pytest.raises(NotFoundError, match=r"no file 'nothing\.csv'"):
        train(tmp_path / "nothing.csv", tmp_path / "out", "y")


def test_a_plan_alone_trains_nothing(train, penguins, tmp_path):
    result = train(penguins, tmp_path / "out", "species", plan_only=True)

    assert result.metrics is None
    assert (result.plan.task, result.score, result.model_family) == ("multiclass", None, None)
    assert not (tmp_path / "out" / "model.skops").exists()


# -- Other tasks and tables -----------------------------------------------------------


def test_the_same_seed_gives_the_same_model_and_scores(train, tables, tmp_path):
    first = train(tables / "numbers.csv", tmp_path / "first", "y")
    second = train(tables / "numbers.csv", tmp_path / "second", "y")

    assert first.metrics == second.metrics
    # How long explaining took is told too.
    assert first.explanations | {"seconds": 0} == second.explanations | {"seconds": 0}
    assert (first.folder / "bundle/model.onnx").read_bytes() == (
        second.folder / "bundle/model.onnx"
    ).read_bytes()


def test_a_regression_is_near_its_noise_and_comes_with_intervals(train, tables, tmp_path):
    result = train(tables / "numbers.csv", tmp_path / "out", "y")

    assert result.plan.task == "regression"
    assert result.score < 0.5
    assert result.parity["max_relative_gap"] <= result.parity["tolerance"] == 1e-4
    predictions = Predictor.load(tmp_path / "out" / "bundle").predict_rows([{"a": 0.5, "b": -0.5}])[
        0
    ]
    assert abs(predictions.values[0] - 2.5) < 0.7
    assert predictions.lower[0] < predictions.values[0] < predictions.upper[0]


def test_a_second_file_is_the_holdout_with_new_categories_and_gaps(train, tables, tmp_path):
    result = train(
        tables / "loans.csv",
        tmp_path / "out",
        "paid",
        holdout_upload=tables / "loans_later.csv",
    )

    splits = json.loads((tmp_path / "out" / "splits.json").read_bytes())
    assert (result.plan.split.method, result.metrics["n_rows"]) == ("given", 80)
    assert len(splits["train"]) == 300
    assert result.metrics["scores"]["roc_auc"]["value"] > 0.7
    assert result.parity["passed"]


def test_a_holdout_file_without_a_column_is_refused(train, tables, tmp_path):
    with pytest.raises(ConfigInvalidError, match="no column 'income', 'city', 'since'"):
        train(
            tables / "loans.csv", tmp_path / "out", "paid",
            holdout_upload=_only_targets(tables / "loans.csv", tmp_path / "later.csv"),
        )  # fmt: skip


def test_rows_with_gaps_are_left_out_on_demand(train, tables, tmp_path):
    result = train(tables / "loans.csv", tmp_path / "out", "paid", missing="drop")

    splits = json.loads((tmp_path / "out" / "splits.json").read_bytes())
    assert len(splits["train"]) < 230
    assert "have a gap in a column that is read" in splits["notes"][0]
    answer = Predictor.load(tmp_path / "out" / "bundle").predict_rows([{"income": None}])[0]
    assert answer.labels[0] in {"yes", "no"}
    assert result.parity["passed"]


def test_a_target_that_nothing_tells_scores_near_chance_and_the_verdict_says_so(
    train, tables, tmp_path
):
    result = train(tables / "noise.csv", tmp_path / "out", "side")

    # 80 rows: the standard error of an area of 0.5 is about 0.065.
    assert abs(result.score - 0.5) < 0.2
    assert result.metrics["verdict"].startswith("Not worth deploying")
    assert (
        statistics.fmean(abs(feature["importance"]) for feature in result.explanations["features"])
        < 0.2
    )


def _only_targets(source: Path, out: Path) -> Path:
    with source.open(newline="", encoding="utf-8") as file:
        rows = [[row["paid"], "x"] for row in csv.DictReader(file)]
    with out.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["paid", "other"], *rows])
    return out
