"""Tables that are typed once: what requests read of them, and what they do about damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.layout import UPLOAD, dataset_key, dataset_prefix
from automl_core.records import Dataset
from automl_core.tabular.kept import kept_key
from automl_core.tabular.work import WorkHere

#: What a platform had stored that kept no tables.
STORED_BEFORE = Path(__file__).parents[1] / "unit" / "tabular_kept" / "stored_before"


class CountingWork(WorkHere):
    """Does the work here, and counts it."""

    def __init__(self):
        self.done = []
        self.meanwhile = lambda: None

    def read(self, upload, folder, order):
        self.done.append("read")
        super().read(upload, folder, order)
        self.meanwhile()

    def convert(self, upload, folder):
        self.done.append("convert")
        super().convert(upload, folder)

    def profile(self, folder):
        self.done.append("profile")
        super().profile(folder)
        self.meanwhile()


@pytest.fixture
def work():
    """Work that is counted."""
    return CountingWork()


@pytest.fixture
def world(make_world, work):
    """A platform whose work is counted."""
    return make_world(work=work, max_active_jobs=50)


def record(world, dataset_id):
    return world.metadata.get_dataset(dataset_id)


def drop(world, dataset_id, *names):
    for name in names:
        world.objects.delete(kept_key(record(world, dataset_id), name))


def stored_before(world):
    for name in (UPLOAD, "schema.json", "rejects.json", "preview.json"):
        world.objects.put(dataset_key("d1", name), (STORED_BEFORE / name).read_bytes())
    world.objects.put(dataset_key("d1", "v1/profile.json"), b'{"format_version": 1}')
    world.metadata.add_dataset(
        Dataset.model_validate_json((STORED_BEFORE / "dataset.json").read_bytes())
    )
    return "d1"


def test_a_confirmed_table_is_described_without_its_upload(world, work):
    dataset_id = world.penguins()
    world.objects.delete(dataset_key(dataset_id, UPLOAD))
    path = f"/datasets/{dataset_id}"

    profile = world.client.get(f"{path}/profile")
    preview = world.client.get(f"{path}/preview")
    check = world.client.post(f"{path}/target-check", json={"target_column": "species"})

    assert [each.status_code for each in (profile, preview, check)] == [200] * 3
    assert profile.json()["rows"]["kept"] == 344
    assert work.done == ["read", "profile"]


def test_a_profile_is_kept_by_the_browser_and_asked_about(world, work):
    path = f"/datasets/{world.penguins()}/profile"
    first = world.client.get(path)

    again = world.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    other = world.client.get(path, headers={"If-None-Match": '"another"'})

    assert first.headers["cache-control"] == again.headers["cache-control"]
    assert "must-revalidate" in first.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, other.json()) == (200, first.json())
    assert work.done == ["read", "profile"]


def test_a_table_read_anew_has_another_profile(world):
    dataset_id = world.penguins()
    path = f"/datasets/{dataset_id}"
    before = world.client.get(f"{path}/profile")
    world.client.post(f"{path}/confirm", json={"header": False})

    after = world.client.get(f"{path}/profile", headers={"If-None-Match": before.headers["etag"]})

    assert (after.status_code, after.json()["rows"]["kept"]) == (200, 345)


def test_a_profile_of_what_is_deleted_meanwhile_is_not_left_behind(world, work, make_client):
    dataset_id, other = world.penguins(), make_client(world.app)
    work.meanwhile = lambda: other.delete(f"/datasets/{dataset_id}")

    answer = world.client.get(f"/datasets/{dataset_id}/profile")

    assert answer.status_code == 404
    assert world.objects.keys(dataset_prefix(dataset_id)) == []


def test_a_profile_of_what_is_read_anew_meanwhile_is_asked_for_again(world, work, make_client):
    dataset_id, other = world.penguins(), make_client(world.app)
    path = f"/datasets/{dataset_id}"

    def read_anew():
        work.meanwhile = lambda: None
        other.post(f"{path}/confirm", json={"header": False})

    work.meanwhile = read_anew

    answer = world.client.get(f"{path}/profile")
    again = world.client.get(f"{path}/profile")

    assert (answer.status_code, answer.json()["code"]) == (503, "platform-unavailable")
    assert again.json()["rows"]["kept"] == 345
    kept = record(world, dataset_id).kept.folder
    assert {key.split("/")[2] for key in world.objects.keys(f"datasets/{dataset_id}/")} == {
        UPLOAD,
        kept,
    }


def test_a_damaged_table_is_made_again_for_its_profile(world, work):
    dataset_id = world.penguins()
    world.objects.put(kept_key(record(world, dataset_id), "table.parquet"), b"PAR1 damaged")

    answer = world.client.get(f"/datasets/{dataset_id}/profile")

    assert (answer.status_code, answer.json()["rows"]["kept"]) == (200, 344)
    assert work.done == ["read", "convert", "profile"]


def test_a_damaged_table_whose_upload_is_gone_is_told(world):
    dataset_id = world.penguins()
    world.objects.put(kept_key(record(world, dataset_id), "table.parquet"), b"PAR1 damaged")
    world.objects.delete(dataset_key(dataset_id, UPLOAD))

    answer = world.client.get(f"/datasets/{dataset_id}/profile")

    assert (answer.status_code, answer.json()["code"]) == (409, "dataset-damaged")
    assert "upload the file as a new data set" in answer.json()["detail"]


@pytest.mark.parametrize("way", ["", "/preview"])
def test_documents_that_are_gone_are_told_and_confirming_makes_them_again(world, work, way):
    dataset_id = world.penguins()
    path = f"/datasets/{dataset_id}"
    whole = world.client.get(path + way).json()
    drop(world, dataset_id, "schema.json", "preview.json")

    told = world.client.get(path + way)
    again = world.client.post(f"{path}/confirm")

    assert (told.status_code, told.json()["code"]) == (409, "dataset-damaged")
    assert again.status_code == 200, again.text
    found = world.client.get(path + way).json()
    assert found | {"updated_at": None} == whole | {"updated_at": None}
    assert work.done == ["read", "read"]


@pytest.mark.parametrize("with_job", [False, True], ids=["unused", "with a job"])
def test_confirming_again_makes_a_table_that_is_gone(world, work, with_job):
    dataset_id = world.penguins()
    if with_job:
        world.start(dataset_id)
    drop(world, dataset_id, "table.parquet")

    answer = world.client.post(f"/datasets/{dataset_id}/confirm")

    assert (answer.status_code, answer.json()["row_count"]) == (200, 344)
    assert world.objects.exists(kept_key(record(world, dataset_id), "table.parquet"))
    assert work.done == ["read", "convert"]


@pytest.mark.parametrize(
    ("second", "status"),
    [
        pytest.param({}, 200, id="alike"),
        pytest.param({"header": False}, 409, id="with other options"),
    ],
)
def test_of_two_who_confirm_at_once_the_first_to_end_wins(
    world, work, make_client, penguins_csv, *, second, status
):
    ticket = world.client.post(
        "/upload/request-url", json={"filename": "p.csv", "content_type": "text/csv"}
    ).json()
    world.objects.put(dataset_key(ticket["dataset_id"], UPLOAD), penguins_csv)
    path = f"/datasets/{ticket['dataset_id']}/confirm"
    other, answers = make_client(world.app), []

    def the_other_ends_first():
        work.meanwhile = lambda: None
        answers.append(other.post(path))

    work.meanwhile = the_other_ends_first
    mine = world.client.post(path, json=second)

    assert (answers[0].status_code, mine.status_code) == (200, status)
    assert work.done == ["read", "read"]
    if status == 200:
        assert mine.json() == answers[0].json()
    else:
        assert mine.json()["code"] == "stale-record"
    kept = record(world, ticket["dataset_id"]).kept.folder
    lie = world.objects.keys(dataset_prefix(ticket["dataset_id"]))
    assert {key.split("/")[2] for key in lie} == {UPLOAD, kept}


# -- Confirmed when no table was kept ---------------------------------------------------


def test_a_data_set_stored_before_is_shown_previewed_and_checked_as_it_lies(world, work):
    path = f"/datasets/{stored_before(world)}"

    shown = world.client.get(path)
    preview = world.client.get(f"{path}/preview", params={"rows": 2})
    check = world.client.post(f"{path}/target-check", json={"target_column": "frei"})

    assert (shown.json()["row_count"], len(shown.json()["columns"])) == (59, 6)
    assert preview.json()["rows"][0][:2] == ["1", "9,50"]
    assert (check.json()["task"], check.json()["is_usable"]) == ("binary", True)
    assert work.done == []
    assert record(world, "d1").kept is None


def test_a_data_set_stored_before_is_profiled_by_todays_rules(world, work):
    path = f"/datasets/{stored_before(world)}/profile"

    first, second = world.client.get(path), world.client.get(path)

    assert first.json() == second.json()
    assert first.json()["rows"]["kept"] == 59
    assert work.done == ["convert", "profile"]


def test_a_data_set_stored_before_is_confirmed_again_as_it_was_read(world, work):
    dataset_id = stored_before(world)

    answer = world.client.post(f"/datasets/{dataset_id}/confirm", json={"decimal": ","})

    assert (answer.status_code, answer.json()["file"]["delimiter"]) == (200, ";")
    assert work.done == ["convert"]
    assert record(world, dataset_id).kept is not None


def test_a_large_one_stored_before_is_read_anew_by_the_runner_with_its_options(make_world):
    world = make_world(inline_read_bytes=1000)
    dataset_id = stored_before(world)

    told = world.client.get(f"/datasets/{dataset_id}")
    answer = world.client.post(f"/datasets/{dataset_id}/confirm")

    assert told.json()["status"] == "ready"
    assert (answer.status_code, answer.json()["status"]) == (202, "profiling")
    assert record(world, dataset_id).reading.model_dump() == {
        "encoding": "cp1252",
        "delimiter": ";",
        "decimal": ",",
        "header": True,
    }


def test_a_large_one_stored_before_stays_ready_while_jobs_need_it(make_world):
    world = make_world(inline_read_bytes=1000)
    dataset_id = stored_before(world)
    wish = {"dataset_id": dataset_id, "target_column": "frei"}
    assert world.client.post("/train", json=wish).status_code == 200

    answer = world.client.post(f"/datasets/{dataset_id}/confirm")

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert world.runner.readings == []


def test_a_data_set_stored_before_is_deleted_with_everything_of_it(world):
    dataset_id = stored_before(world)
    world.client.get(f"/datasets/{dataset_id}/profile")

    assert world.client.delete(f"/datasets/{dataset_id}").status_code == 204
    assert world.objects.keys("datasets/") == []
