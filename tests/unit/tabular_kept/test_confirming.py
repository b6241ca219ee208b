"""A confirmation keeps everything or nothing, whoever else is at it."""

from __future__ import annotations

import hashlib

import pytest

from automl_core.errors import (
    DatasetChangedError,
    NotFoundError,
    PlatformError,
    StaleRecordError,
    TableEmptyError,
)
from automl_core.layout import UPLOAD, dataset_key, dataset_prefix
from automl_core.records import ReadOptions
from automl_core.tabular.kept import kept_key

DOCUMENTS = ("preview.json", "rejects.json", "schema.json", "table.parquet")


def of(folder, *names):
    return sorted([UPLOAD, *(f"{folder}/{name}" for name in names)])


def test_a_confirmation_keeps_the_table_beside_what_was_told_of_it(home):
    home.add()

    ready = home.confirm().dataset

    assert (ready.status, ready.row_count, ready.column_count) == ("ready", 50, 3)
    assert home.lie == of("v1-t1", *DOCUMENTS)
    table = home.objects.get(kept_key(ready, "table.parquet"))
    assert ready.kept.folder == "v1-t1"
    assert (ready.kept.size_bytes, ready.kept.sha256) == (
        len(table),
        hashlib.sha256(table).hexdigest(),
    )


def test_a_confirmation_may_bring_the_profile(home, counting):
    home.add()
    work = counting()

    home.confirm(work=work, with_profile=True)

    assert work.done == ["read", "profile"]
    assert "v1-t1/profile.json" in home.lie


def test_a_table_that_is_refused_leaves_nothing_but_its_upload(home):
    home.add(b"a,b,c\n")

    with pytest.raises(TableEmptyError):
        home.confirm()

    assert home.dataset.status == "refused"
    assert home.lie == [UPLOAD]


def test_an_upload_replaced_while_it_is_read_leaves_nothing_behind(home, counting):
    dataset = home.add()
    work = counting(lambda: home.objects.put(dataset_key("d1", UPLOAD), b"a,b\n1,2\n"))

    with pytest.raises(DatasetChangedError):
        home.confirm(work=work)

    assert home.dataset == dataset
    assert home.lie == [UPLOAD]


@pytest.mark.parametrize("n_written", range(4))
def test_nothing_is_seen_of_a_confirmation_that_was_cut_short(home, monkeypatch, n_written):
    dataset = home.add()
    put_file, written = home.objects.put_file, []

    def cut_short(key, path):
        if len(written) == n_written:
            raise PlatformError("The store is away.")
        written.append(key)
        put_file(key, path)

    monkeypatch.setattr(home.objects, "put_file", cut_short)
    with pytest.raises(PlatformError):
        home.confirm()
    half = home.lie
    monkeypatch.undo()

    assert home.dataset == dataset
    assert len(half) == 1 + n_written
    again = home.confirm().dataset
    assert home.lie == of(again.kept.folder, *DOCUMENTS)


def test_deletion_finds_what_a_confirmation_that_was_cut_short_has_left(home, monkeypatch):
    home.add()

    def away(dataset):
        raise PlatformError("The store is away.")

    monkeypatch.setattr(home.metadata, "update_dataset", away)
    with pytest.raises(PlatformError):
        home.confirm()

    assert len(home.lie) == 1 + len(DOCUMENTS)
    home.objects.delete_prefix(dataset_prefix("d1"))
    assert home.lie == []


def test_of_two_confirmations_at_once_one_wins_and_the_other_leaves_nothing(home, counting):
    dataset = home.add()
    quick = []
    slow = counting(lambda: quick.append(home.confirm(dataset)))

    with pytest.raises(StaleRecordError):
        home.confirm(dataset, slow, ReadOptions(header=False))

    assert home.dataset == quick[0].dataset
    assert home.dataset.row_count == 50
    assert home.lie == of(home.dataset.kept.folder, *DOCUMENTS)


def test_reading_anew_with_other_options_leaves_nothing_of_the_earlier_reading(home):
    home.add()
    first = home.confirm(with_profile=True).dataset

    second = home.confirm(options=ReadOptions(header=False)).dataset

    assert (first.row_count, second.row_count) == (50, 51)
    assert second.version == first.version + 1
    assert home.lie == of(second.kept.folder, *DOCUMENTS)


def test_a_reading_that_has_just_begun_is_not_cleared_away_by_one_that_ends(home, counting):
    home.add()
    later = "v7-other/table.parquet"
    home.confirm(work=counting(lambda: home.objects.put(dataset_key("d1", later), b"half")))

    assert later in home.lie


def test_a_data_set_deleted_while_it_is_read_leaves_nothing_behind(home, counting):
    home.add()

    with pytest.raises(NotFoundError):
        home.confirm(work=counting(lambda: home.metadata.delete_dataset("d1")))

    assert home.lie == []


def test_what_cannot_be_cleared_away_does_not_spoil_a_confirmation(home, monkeypatch):
    home.add()

    def away(prefix):
        raise PlatformError("The store is away.")

    monkeypatch.setattr(home.objects, "keys", away)

    assert home.confirm().dataset.status == "ready"
