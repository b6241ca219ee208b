"""Whoever needs a table gets the one that was kept, or one that was made again, or the reason."""

from __future__ import annotations

import json

import pytest

from automl_core.errors import (
    DatasetChangedError,
    DatasetDamagedError,
    DatasetNotReadyError,
    NotFoundError,
    PlatformError,
)
from automl_core.layout import UPLOAD, dataset_key
from automl_core.records import ReadOptions
from automl_core.tabular.convert import read_columns
from automl_core.tabular.kept import kept_key

DAMAGES = {
    "cut short": lambda data: data[:-9],
    "empty": lambda data: b"",
    "one bit": lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
    "another table's": lambda data: b"PAR1" + data,
}


def damage(home, name="table.parquet", change=lambda data: data[:-9]):
    key = kept_key(home.dataset, name)
    home.objects.put(key, change(home.objects.get(key)))


def drop(home, name):
    home.objects.delete(kept_key(home.dataset, name))


def drop_upload(home):
    home.objects.delete(dataset_key("d1", UPLOAD))


@pytest.fixture
def confirmed(home):
    """A home with one confirmed data set."""
    home.add()
    home.confirm()
    return home


def test_a_kept_table_is_fetched_without_its_upload(confirmed, counting):
    drop_upload(confirmed)
    work = counting()

    found = confirmed.fetch(work=work)

    assert work.done == []
    assert found.dataset == confirmed.dataset
    columns = read_columns(found.path, found.schema)
    assert columns["b"].tolist() == [n + 0.5 for n in range(50)]
    assert json.loads((found.path.parent / "schema.json").read_bytes())["n_rows"] == 50


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_made_again_and_kept(confirmed, counting, change):
    before = confirmed.dataset
    damage(confirmed, change=change)
    work = counting()

    healed = confirmed.fetch(work=work)
    again = confirmed.fetch(work=work)

    assert work.done == ["convert"]
    assert read_columns(healed.path, healed.schema)["a"].tolist() == list(range(50))
    assert again.dataset == healed.dataset == confirmed.dataset
    assert (again.dataset.version, again.dataset.row_count) == (before.version + 1, 50)
    assert {name.partition("/")[0] for name in confirmed.lie} == {
        UPLOAD,
        confirmed.dataset.kept.folder,
    }


def test_a_table_that_is_gone_is_made_again(confirmed, counting):
    drop(confirmed, "table.parquet")
    work = counting()

    assert confirmed.fetch(work=work).schema.n_rows == 50
    assert work.done == ["convert"]


def test_a_table_made_again_keeps_its_profile(home):
    home.add()
    home.confirm(with_profile=True)
    profile = home.objects.get(kept_key(home.dataset, "profile.json"))
    damage(home)

    home.fetch()

    assert home.objects.get(kept_key(home.dataset, "profile.json")) == profile


def test_a_damaged_table_without_its_upload_is_told_with_what_to_do(confirmed):
    damage(confirmed)
    drop_upload(confirmed)
    before = (confirmed.dataset, confirmed.lie)

    with pytest.raises(DatasetDamagedError, match=r"Confirm the data set again.*new data set"):
        confirmed.fetch()

    assert (confirmed.dataset, confirmed.lie) == before


def test_a_damaged_table_is_not_made_of_another_upload(confirmed):
    damage(confirmed)
    confirmed.objects.put(dataset_key("d1", UPLOAD), b"a,b\n1,2\n")

    with pytest.raises(DatasetChangedError, match=r"'t.csv' is no longer the one"):
        confirmed.fetch()


@pytest.mark.parametrize("name", ["schema.json", "rejects.json"])
@pytest.mark.parametrize("change", [lambda data: data[:20], lambda data: b"{}x"])
def test_documents_that_cannot_be_read_are_told(confirmed, name, change):
    damage(confirmed, name, change)

    with pytest.raises(DatasetDamagedError, match="cannot be read any more"):
        confirmed.fetch()


def test_a_table_that_cannot_be_made_as_it_was_read_is_told(confirmed):
    damage(confirmed, "schema.json", lambda text: text.replace(b'"n_rows":50', b'"n_rows":49'))

    with pytest.raises(DatasetDamagedError, match="cannot be typed again as it was read"):
        confirmed.fetch()


def test_a_table_that_was_read_anew_meanwhile_is_fetched_as_it_is_now(confirmed):
    early = confirmed.dataset
    confirmed.confirm(options=ReadOptions(header=False))

    found = confirmed.fetch(early)

    assert (found.schema.n_rows, found.dataset) == (51, confirmed.dataset)


def test_of_two_who_make_a_table_again_one_keeps_it_and_both_have_it(confirmed, counting):
    damage(confirmed)
    quick = []
    slow = counting(lambda: quick.append(confirmed.fetch()) if not quick else None)

    found = confirmed.fetch(work=slow)

    assert found.dataset == quick[0].dataset == confirmed.dataset
    assert found.path.read_bytes() == quick[0].path.read_bytes()


def test_a_data_set_that_is_being_read_anew_is_waited_for(confirmed):
    early = confirmed.dataset
    drop(confirmed, "table.parquet")
    changes = {"status": "profiling", "reading": ReadOptions()}
    confirmed.metadata.update_dataset(early.model_copy(update=changes))

    with pytest.raises(DatasetNotReadyError, match="being read anew"):
        confirmed.fetch(early)


def test_a_data_set_that_is_gone_is_not_found(confirmed):
    early = confirmed.dataset
    confirmed.objects.delete_prefix("datasets/d1/")
    confirmed.metadata.delete_dataset("d1")

    with pytest.raises(NotFoundError):
        confirmed.fetch(early)


def test_a_store_that_does_not_answer_is_no_damage(confirmed, counting, monkeypatch):
    def away(key, path):
        raise PlatformError("The store is away.")

    monkeypatch.setattr(confirmed.objects, "download", away)
    work = counting()

    with pytest.raises(PlatformError):
        confirmed.fetch(work=work)
    assert work.done == []


# -- Confirmed when no table was kept ---------------------------------------------------


def test_a_data_set_stored_before_gets_its_table_when_it_is_first_needed(home, counting):
    before = home.add_stored_before()
    schema = home.objects.get(dataset_key("d1", "schema.json"))
    work = counting()

    first, second = home.fetch(work=work), home.fetch(work=work)

    assert work.done == ["convert"]
    assert second.dataset == home.dataset
    assert (home.dataset.version, home.dataset.updated_at) == (
        before.version + 1,
        before.updated_at,
    )
    # As it was read then, with what its owner had overruled.
    assert first.schema == second.schema
    for before, now in zip(json.loads(schema)["columns"], first.schema.columns, strict=True):
        assert before.items() <= now.model_dump(mode="json").items()
    columns = read_columns(first.path, first.schema)
    assert columns["Preis"][:3].tolist() == [9.5, 10.75, 12.0]
    assert columns["Code"][0] == "000"
    assert (first.schema.n_rows, first.rejects.n_set_aside) == (59, 1)


def test_a_data_set_stored_before_is_wholly_of_today_afterwards(home):
    home.add_stored_before()

    home.fetch()

    folder = home.dataset.kept.folder
    names = ("preview.json", "rejects.json", "schema.json", "table.parquet")
    # The profile of then was of another form, and is made anew.
    assert home.lie == sorted([UPLOAD, *(f"{folder}/{name}" for name in names)])


def test_a_data_set_stored_before_whose_upload_is_gone_says_so(home):
    home.add_stored_before()
    drop_upload(home)

    with pytest.raises(DatasetDamagedError, match="nor is all that it could be made of"):
        home.fetch()
