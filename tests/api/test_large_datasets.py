"""Uploads that are too large for a request: handed to the runner, watched, asked for again."""

from __future__ import annotations

import pytest

from automl_core.errors import NotFoundError, PlatformError, StaleRecordError, TableEmptyError
from automl_core.layout import UPLOAD, dataset_key, dataset_prefix
from automl_core.records import ReadOptions
from automl_core.tabular.confirm import Confirmer
from automl_core.tabular.kept import KeptTables
from automl_core.tabular.schema import ReadLimits
from automl_core.tabular.work import WorkHere


@pytest.fixture
def world(make_world):
    """A platform whose requests read no more than a kilobyte themselves."""
    return make_world(inline_read_bytes=1000, max_active_jobs=50)


def uploaded(world, data, filename="birds.csv"):
    ticket = world.client.post(
        "/upload/request-url", json={"filename": filename, "content_type": "text/csv"}
    ).json()
    sent = world.client.post(
        ticket["upload_url"], data=ticket["fields"], files={"file": (filename, data, "text/csv")}
    )
    assert sent.status_code == 201, sent.text
    return f"/datasets/{ticket['dataset_id']}"


def confirmer(world, work=None):
    tables = KeptTables(world.metadata, world.objects, work or WorkHere(), lambda: "reader")
    return Confirmer(tables, ReadLimits(), world.clock)


def read(world, path):
    """Read a data set as the runner's reader does."""
    dataset = world.metadata.get_dataset(path.rpartition("/")[2])
    made = confirmer(world)
    return made.confirm(dataset, made.upload_stat(dataset), dataset.reading, with_profile=True)


def test_a_large_upload_is_handed_to_the_runner(world, penguins_csv):
    path = uploaded(world, penguins_csv)

    answer = world.client.post(f"{path}/confirm", json={"delimiter": ","})

    assert answer.status_code == 202, answer.text
    assert answer.headers["retry-after"].isdigit()
    assert (answer.json()["status"], answer.json()["columns"]) == ("profiling", [])
    assert answer.json()["file_size"] == len(penguins_csv)
    stored = world.metadata.get_dataset(path.rpartition("/")[2])
    assert world.runner.readings == [(stored.dataset_id, stored.version)]
    assert stored.reading == ReadOptions(delimiter=",")


def test_a_small_upload_is_still_read_by_the_request(world):
    path = uploaded(world, b"a,b\n1,2\n3,4\n5,6\n")

    answer = world.client.post(f"{path}/confirm")

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert "retry-after" not in answer.headers
    assert world.runner.readings == []


def test_every_way_to_upload_a_large_file_leads_to_the_runner(world, penguins_csv):
    form = world.upload(penguins_csv)
    sample = world.client.post("/datasets/sample")

    assert [(each.status_code, each.json()["status"]) for each in (form, sample)] == [
        (201, "profiling"),
        (201, "profiling"),
    ]
    assert form.headers["retry-after"].isdigit()


def test_a_data_set_tells_that_it_is_being_read_until_it_has_been(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")

    before = world.client.get(path)
    read(world, path)
    after = world.client.get(path, headers={"If-None-Match": before.headers["etag"]})

    assert before.json()["status"] == "profiling"
    assert before.headers["retry-after"].isdigit()
    assert (after.json()["status"], after.json()["row_count"]) == ("ready", 344)
    assert "retry-after" not in after.headers


def test_the_reader_leaves_the_profile_behind(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")
    read(world, path)
    kept = [key for key in world.objects.keys("datasets/") if key.endswith("profile.json")]

    answer = world.client.get(f"{path}/profile")

    assert answer.status_code == 200
    assert answer.json()["rows"]["kept"] == 344
    assert len(kept) == 1
    assert [key for key in world.objects.keys("datasets/") if key.endswith("profile.json")] == kept


@pytest.mark.parametrize("what", ["preview", "profile"])
def test_nothing_is_told_of_a_table_that_is_still_being_read(world, penguins_csv, what):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")

    answer = world.client.get(f"{path}/{what}")

    assert (answer.status_code, answer.json()["code"]) == (409, "dataset-not-ready")
    assert "still being read" in answer.json()["detail"]


def test_no_job_is_started_on_a_table_that_is_still_being_read(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")
    wish = {"dataset_id": path.rpartition("/")[2], "target_column": "species"}

    answer = world.client.post("/train", json=wish)

    assert (answer.status_code, answer.json()["code"]) == (409, "dataset-not-ready")
    assert world.runner.submitted == []


def test_confirming_again_while_it_is_read_asks_for_no_second_reading(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    first = world.client.post(f"{path}/confirm")

    again = world.client.post(f"{path}/confirm")

    assert (again.status_code, again.json()) == (202, first.json())
    assert len(world.runner.readings) == 1


def test_other_options_wait_until_the_reading_is_done(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")

    answer = world.client.post(f"{path}/confirm", json={"header": False})

    assert (answer.status_code, answer.json()["code"]) == (409, "dataset-not-ready")
    assert "other options" in answer.json()["detail"]


def test_a_reading_that_died_is_begun_again_by_confirming(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")
    world.runner.readings.clear()

    answer = world.client.post(f"{path}/confirm", json={"header": True})

    assert (answer.status_code, answer.json()["status"]) == (202, "profiling")
    assert len(world.runner.readings) == 1


def test_a_reader_that_was_overtaken_changes_nothing(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")
    late = world.metadata.get_dataset(path.rpartition("/")[2])
    world.runner.readings.clear()
    world.client.post(f"{path}/confirm")
    present = world.metadata.get_dataset(late.dataset_id)
    made = confirmer(world)

    with pytest.raises(StaleRecordError):
        made.confirm(late, made.upload_stat(late), ReadOptions())

    assert world.metadata.get_dataset(late.dataset_id) == present


def test_a_reading_of_which_nothing_is_heard_is_over_after_its_limit(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")
    before = world.client.get(path)
    world.clock.move(hours=2)

    after = world.client.get(path)
    again = world.client.post(f"{path}/confirm")

    assert (after.json()["status"], after.json()["error"]["code"]) == (
        "awaiting_upload",
        "worker-lost",
    )
    assert after.headers["etag"] != before.headers["etag"]
    assert (again.status_code, again.json()["error"]) == (202, None)
    assert len(world.runner.readings) == 2


def test_a_table_that_the_reader_refuses_says_why(world):
    path = uploaded(world, b"a,b,c" + b"\n" * 2000)
    world.client.post(f"{path}/confirm")

    with pytest.raises(TableEmptyError):
        read(world, path)

    dataset = world.client.get(path).json()
    assert (dataset["status"], dataset["error"]["code"]) == ("refused", "table-empty")


def test_a_runner_that_takes_no_reading_leaves_the_data_set_to_be_confirmed(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.runner.refusal = PlatformError("The queue is full.")
    refused = world.client.post(f"{path}/confirm")
    world.runner.refusal = None

    shown = world.client.get(path).json()
    again = world.client.post(f"{path}/confirm")

    assert (refused.status_code, refused.json()["code"]) == (503, "platform-unavailable")
    assert (shown["status"], shown["error"]["detail"]) == ("awaiting_upload", "The queue is full.")
    assert again.status_code == 202


def test_a_data_set_deleted_while_it_is_read_leaves_nothing_behind(world, penguins_csv):
    path = uploaded(world, penguins_csv)
    world.client.post(f"{path}/confirm")
    dataset = world.metadata.get_dataset(path.rpartition("/")[2])

    class DeletedMeanwhile(WorkHere):
        def read(self, upload, folder, order):
            super().read(upload, folder, order)
            assert world.client.delete(path).status_code == 204
            # As if the form had been sent once more.
            world.objects.put(dataset_key(dataset.dataset_id, UPLOAD), penguins_csv)

    made = confirmer(world, DeletedMeanwhile())
    with pytest.raises(NotFoundError):
        made.confirm(dataset, made.upload_stat(dataset), ReadOptions())

    assert world.objects.keys(dataset_prefix(dataset.dataset_id)) == []
