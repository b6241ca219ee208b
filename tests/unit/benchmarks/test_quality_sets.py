"""Every system gets the same rows, and the two proofs change only what they mean to change."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from benchmarks.quality import chance, rival
from benchmarks.quality.run import guess
from benchmarks.quality.sets import MANIFEST, DataSet, load_sets, split_rows, write_split


def table(n_rows=100):
    return pd.DataFrame(
        {
            "number": [str(at) for at in range(n_rows)],
            "mixed": ["" if at % 7 == 0 else "a" if at % 2 else "1" for at in range(n_rows)],
            "day": [f"2026-01-{1 + at % 28:02d}" for at in range(n_rows)],
            "kind": ["rare" if at % 10 == 0 else "often" for at in range(n_rows)],
        }
    )


CLASSES = DataSet("kinds", "binary", "kind", table(), ("day",))
VALUES = DataSet("numbers", "regression", "number", table(), ("day",))


def test_a_split_shares_out_every_class_alike_and_no_row_twice():
    train, test = split_rows(CLASSES, 0)

    assert sorted([*train, *test]) == list(range(100))
    assert CLASSES.table["kind"].iloc[test].value_counts().to_dict() == {"often": 18, "rare": 2}


def test_a_seed_always_draws_the_same_rows_and_another_seed_others():
    once, again, other = (split_rows(VALUES, seed)[1] for seed in (0, 0, 1))

    assert once.tolist() == again.tolist()
    assert once.tolist() != other.tolist()


def test_a_folder_lists_sets_whose_leaks_nobody_gets(tmp_path):
    table().assign(leak="x").to_csv(tmp_path / "t.csv", index=False)
    entry = {"name": "t", "file": "t.csv", "target": "kind", "task": "binary"}
    listed = {"datasets": [entry | {"leak_columns": ["leak"]}]}
    (tmp_path / "datasets.json").write_text(json.dumps(listed))

    [data] = load_sets(folder=tmp_path, packages=None)

    assert list(data.table.columns) == ["number", "mixed", "day", "kind"]
    assert data.classes == ["often", "rare"]


def test_a_name_that_no_set_has_is_refused(tmp_path):
    (tmp_path / "datasets.json").write_text('{"datasets": []}')

    with pytest.raises(ValueError, match="no set is called nowhere"):
        load_sets(folder=tmp_path, packages=None, only=["nowhere"])


def test_the_manifest_names_package_source_and_licence_of_every_set():
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    told = {"name", "package", "item", "target", "task", "source", "licence"}

    assert all(told <= entry.keys() for entry in manifest["sets"])
    assert {entry["package"] for entry in manifest["sets"]} == manifest["packages"].keys()
    assert len(manifest["sets"]) >= 10


def test_the_pinned_data_packages_are_those_of_the_manifest():
    pins = dict(line.split("==") for line in MANIFEST.with_name("data.txt").read_text().split())

    assert pins == json.loads(MANIFEST.read_text("utf-8"))["packages"]


def test_other_systems_read_the_same_types_in_both_tables(tmp_path):
    split = write_split(CLASSES, 0, tmp_path)
    facts = json.loads(split.facts.read_text("utf-8"))

    train, test = rival.read_frames(split.train.parent, facts)

    assert (len(train), len(test)) == (80, 20)
    assert train.dtypes.to_dict() == test.dtypes.to_dict()
    assert train["day"].dtype.kind == "M"
    assert set(train["mixed"].dropna()) == {"1", "a"}
    assert train["mixed"].isna().sum() + test["mixed"].isna().sum() == 15


@pytest.mark.parametrize("system", ["lightgbm", "hist_gradient_boosting", "random_forest"])
@pytest.mark.parametrize("data", [CLASSES, VALUES], ids=["classes", "values"])
def test_a_reference_answers_every_row_in_the_order_of_the_classes(system, data, tmp_path):
    split = write_split(data, 0, tmp_path)
    facts = json.loads(split.facts.read_text("utf-8"))
    train, test = rival.read_frames(split.train.parent, facts)
    question = rival.Question(
        task=data.task,
        classes=data.classes,
        target=data.target,
        features=train.drop(columns=data.target),
        answers=train[data.target],
        seed=0,
        budget_s=1,
        threads=1,
        scratch=tmp_path,
    )

    answers = rival.SYSTEMS[system](question)(test.drop(columns=data.target))

    assert answers.shape == ((20, 2) if data is CLASSES else (20,))
    if data is CLASSES:
        # Nine of ten are of the first class.
        assert answers[:, 0].mean() > 0.5


def test_guessing_answers_the_shares_of_the_training_rows(tmp_path):
    split = write_split(CLASSES, 0, tmp_path)

    assert guess(split).tolist() == [[0.9, 0.1]] * 20


# -- Shuffled and planted targets -----------------------------------------------------


def test_shuffling_moves_the_target_alone():
    made = chance.shuffled(CLASSES, 0)

    assert made.table.drop(columns="kind").equals(CLASSES.table.drop(columns="kind"))
    assert sorted(made.table["kind"]) == sorted(CLASSES.table["kind"])
    assert made.table["kind"].tolist() != CLASSES.table["kind"].tolist()


def test_both_planted_columns_tell_the_classes():
    made = chance.planted(CLASSES, 0).table

    assert made[chance.EXACT].equals(made["kind"])
    assert made.groupby(chance.DISGUISED)["kind"].nunique().tolist() == [1, 1]


def test_a_planted_echo_of_numbers_is_nearly_the_target_in_another_unit():
    made = chance.planted(VALUES, 0).table.astype({"number": float, chance.DISGUISED: float})

    assert np.corrcoef(made["number"], made[chance.DISGUISED])[0, 1] > 0.999999
    assert (made["number"] != made[chance.DISGUISED]).all()


def test_a_score_whose_interval_leaves_guessing_out_is_no_chance():
    metrics = {
        "metric": "rmse",
        "scores": {"rmse": {"value": 8.0, "low": 7.0, "high": 9.0}},
        "baseline": {"scores": {"rmse": 10.0}},
    }

    assert not chance.judge_score(metrics)[0]


# -- The page -------------------------------------------------------------------------


def test_the_page_lists_the_sets_of_the_manifest_with_their_licences():
    page = (MANIFEST.parents[2] / "docs" / "benchmarks.md").read_text("utf-8")
    section = page.partition("## The sets")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    entries = json.loads(MANIFEST.read_text("utf-8"))["sets"]

    listed = {(row[0], row[1], row[2], row[6]) for row in rows[1:]}
    assert listed == {(e["name"], e["target"], e["task"], e["licence"]) for e in entries}
