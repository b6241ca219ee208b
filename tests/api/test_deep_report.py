"""The deep report of a job: asked for by an option, served like every other report."""

from __future__ import annotations

import pytest

from automl_core.layout import job_key

PAGE = b"<!doctype html><title>Deep</title><script>alert(1)</script>"


@pytest.fixture
def deep(world) -> str:
    """A completed job that was asked for a deep report."""
    job_id = world.start(eda="deep")
    world.complete(job_id)
    world.objects.put(job_key(job_id, "eda_deep.html"), PAGE)
    return job_id


def test_a_job_keeps_how_deep_its_data_is_looked_at(world, deep):
    assert world.client.get(f"/jobs/{deep}").json()["config"]["eda"] == "deep"
    assert world.client.get(f"/jobs/{world.start()}").json()["config"]["eda"] == "fast"


def test_the_deep_report_is_served_where_nothing_in_it_can_run(world, deep):
    answer = world.client.get(f"/jobs/{deep}/reports/deep")

    policy = answer.headers["content-security-policy"]
    assert answer.content == PAGE
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script" not in policy
    assert "allow-" not in policy


def test_the_deep_report_is_among_the_artifacts(world, deep):
    names = [item["name"] for item in world.client.get(f"/jobs/{deep}/artifacts").json()["items"]]

    assert "eda_deep.html" in names


def test_a_job_that_was_not_asked_for_it_says_how_to_get_it(world):
    job_id = world.start()
    world.complete(job_id)

    answer = world.client.get(f"/jobs/{job_id}/reports/deep")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "eda set to deep" in answer.json()["detail"]


def test_before_the_job_is_done_the_deep_report_comes_later(world):
    answer = world.client.get(f"/jobs/{world.start(eda='deep')}/reports/deep")

    assert (answer.status_code, answer.json()["code"]) == (409, "result-not-ready")


def test_a_depth_that_does_not_exist_is_pointed_at(world):
    body = {
        "dataset_id": world.penguins(),
        "target_column": "species",
        "config": {"eda": "deeper"},
    }

    answer = world.client.post("/train", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/config/eda"


def test_the_deep_report_s_time_is_part_of_the_estimate(world):
    body = {"dataset_id": world.penguins(), "target_column": "species"}

    fast, deep = (
        world.client.post("/train?dry_run=true", json=body | {"config": {"eda": eda}}).json()
        for eda in ("fast", "deep")
    )

    assert deep["estimated_time"] - fast["estimated_time"] == 120
    lows = {each["plan"]["estimated_seconds"]["low"] for each in (fast, deep)}
    assert len(lows) == 1
