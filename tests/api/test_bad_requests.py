"""Refusals say what would repair the request, and point to the field that is meant."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_a_misspelt_dry_run_starts_nothing(world, prefix):
    body = {"dataset_id": world.penguins(), "target_column": "species"}

    answer = world.client.post(f"{prefix}/train?dryrun=true", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"] == ("There is no query parameter 'dryrun'; there are dry_run.")
    assert answer.json()["errors"][0]["pointer"] == "/query/dryrun"
    assert world.client.get("/jobs").json()["items"] == []


def test_known_query_parameters_are_taken_under_both_addresses(world):
    answers = [world.client.get(f"{prefix}/jobs?limit=5&q=a") for prefix in ("", "/api")]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        pytest.param("/datasets", "GET, POST", id="one route a method"),
        pytest.param("/api/datasets", "GET, POST", id="under /api"),
        pytest.param("/jobs/nobody", "DELETE, GET, PATCH", id="with an identifier"),
        pytest.param("/docs", "GET", id="a page"),
    ],
)
def test_every_method_of_an_address_is_named(world, path, methods):
    answer = world.client.put(path)

    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert answer.json()["detail"] == f"PUT is not offered at '{path}'; send {methods}."


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({"target_column": "nothing"}, "/target_column", id="no such target"),
        pytest.param({"target_column": "region"}, "/target_column", id="a constant target"),
        pytest.param({"config": {"metric": "rmse"}}, "/config/metric", id="metric of another task"),
        pytest.param(
            {"config": {"exclude_columns": ["nothing"]}}, "/config/exclude_columns", id="no column"
        ),
    ],
)
def test_a_refused_training_points_into_its_body(world, changes, pointer):
    body = {"dataset_id": world.penguins(), "target_column": "species"} | changes

    answer = world.client.post("/train", json=body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_an_unknown_field_is_called_one(world):
    body = {"dataset_id": "a", "target_column": "b", "config": {"time_bugdet": 60}}

    answer = world.client.post("/train", json=body)

    assert answer.json()["detail"] == (
        "/config/time_bugdet: There is no such field; check its spelling."
    )


def test_a_body_that_is_no_object_is_told_what_to_send(world):
    answer = world.client.post("/train", content=b"{}", headers={"Content-Type": "text/plain"})

    assert answer.json()["detail"] == (
        "The body: Send a JSON object, as Content-Type application/json."
    )


def test_a_cell_that_cannot_be_one_is_told_what_can(world):
    answer = world.client.post(f"/predict/{world.deployed()}", json={"features": {"island": [1]}})

    assert answer.json()["detail"] == (
        "/features/island: A cell is a finite number, a text, true, false or null."
    )


def test_the_only_row_of_a_request_has_no_number(world):
    answer = world.client.post(f"/predict/{world.deployed()}", json={"features": {"nothing": 1}})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("The row has none of the model's columns")


def test_the_api_page_shows_fields_and_an_example_of_each_body(world):
    page = world.client.get("/docs").text

    assert "<code>target_column</code> (required)" in page
    assert "&#34;target_column&#34;: &#34;species&#34;" in page
    assert "``" not in page
