"""Jobs over HTTP: started, watched, changed, stopped, tried again, deleted, compared."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from automl_core.layout import job_key
from automl_core.records import JobProgress


def train(world, dataset_id, target="species", headers=None, **config):
    body = {"dataset_id": dataset_id, "target_column": target, "config": config}
    return world.client.post("/train", json=body, headers=headers)


def test_a_training_is_started_with_its_plan(world):
    answer = train(world, world.penguins())

    started = answer.json()
    assert answer.status_code == 200, answer.text
    assert started["status"] == "pending"
    assert started["estimated_time"] > 0
    assert started["plan"]["task"] == "multiclass"
    assert started["plan"]["time_budget_s"] == 120
    assert world.runner.submitted == [started["job_id"]]


def test_a_dry_run_plans_and_starts_nothing(world):
    dataset_id = world.penguins()

    answer = world.client.post(
        "/train",
        params={"dry_run": "true"},
        json={"dataset_id": dataset_id, "target_column": "species"},
    )

    planned = answer.json()
    assert answer.status_code == 200, answer.text
    assert (planned["job_id"], planned["status"]) == (None, None)
    assert planned["plan"]["blocking"] == []
    assert planned["plan"]["estimated_seconds"]["low"] <= planned["estimated_time"]
    assert world.client.get("/jobs").json()["items"] == []


def rows(values):
    return "a,b,y\n" + "".join(f"{n * 1.5},{n % 7},{value}\n" for n, value in enumerate(values))


@pytest.mark.parametrize(
    ("values", "target", "code"),
    [
        pytest.param(["x", "z"] * 50, "nothing", "target-not-found", id="target missing"),
        pytest.param(["x"] * 100, "y", "target-unusable", id="target constant"),
        pytest.param([f"id{n:04}" for n in range(100)], "y", "target-unusable", id="identifier"),
        pytest.param([""] * 100, "y", "table-too-short", id="target empty"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(world, values, target, code):
    dataset_id = world.upload(rows(values).encode()).json()["dataset_id"]

    answer = train(world, dataset_id, target)

    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert world.runner.submitted == []


def test_a_class_with_a_single_row_is_refused_by_name(world):
    values = ["x", "z"] * 60 + ["rare"]
    dataset_id = world.upload(rows(values).encode()).json()["dataset_id"]

    answer = train(world, dataset_id, "y")

    assert (answer.status_code, answer.json()["code"]) == (422, "target-unusable")
    assert "The class 'rare' has a single row" in answer.json()["detail"]


def test_a_blocked_plan_is_shown_by_a_dry_run(world):
    dataset_id = world.upload(rows(["x"] * 100).encode()).json()["dataset_id"]

    answer = world.client.post(
        "/train?dry_run=true", json={"dataset_id": dataset_id, "target_column": "y"}
    )

    assert answer.status_code == 200
    assert [note["code"] for note in answer.json()["plan"]["blocking"]] == ["target-unusable"]


@pytest.mark.parametrize(
    ("config", "pointer"),
    [
        ({"time_budget": 59}, "/config/time_budget"),
        ({"time_budget": 3601}, "/config/time_budget"),
        ({"metric": "beauty"}, "/config/metric"),
        ({"deep_learning": True}, "/config/deep_learning"),
        ({"test_size": 0.9}, "/config/test_size"),
    ],
)
def test_an_option_out_of_bounds_is_pointed_at(world, config, pointer):
    answer = train(world, world.penguins(), **config)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_same_key_starts_one_job(world):
    dataset_id, headers = world.penguins(), {"Idempotency-Key": "once"}

    first = train(world, dataset_id, headers=headers)
    second = train(world, dataset_id, headers=headers)

    assert first.json() == second.json()
    assert len(world.runner.submitted) == 1


def test_the_same_key_with_another_body_is_refused(world):
    dataset_id, headers = world.penguins(), {"Idempotency-Key": "once"}
    train(world, dataset_id, headers=headers)

    answer = train(world, dataset_id, headers=headers, seed=1)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency-mismatch"


def test_a_key_is_free_again_after_a_day(world):
    dataset_id, headers = world.penguins(), {"Idempotency-Key": "once"}
    first = train(world, dataset_id, headers=headers).json()
    world.clock.move(hours=25)

    second = train(world, dataset_id, headers=headers, seed=1).json()

    assert first["job_id"] != second["job_id"]


def test_a_refused_wish_leaves_its_key_free(world):
    dataset_id, headers = world.penguins(), {"Idempotency-Key": "once"}
    train(world, dataset_id, target="nothing", headers=headers)

    answer = train(world, dataset_id, headers=headers)

    assert answer.status_code == 200


def test_fifty_threads_with_one_key_start_one_job(world, make_client):
    dataset_id = world.penguins()
    body = {"dataset_id": dataset_id, "target_column": "species"}
    clients = [make_client(world.app) for _ in range(50)]

    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(
                lambda client: client.post(
                    "/train", json=body, headers={"Idempotency-Key": "storm"}
                ),
                clients,
            )
        )

    accepted = {each.json()["job_id"] for each in answers if each.status_code == 200}
    assert len(accepted) == 1
    assert {each.status_code for each in answers} <= {200, 409}
    assert len(world.runner.submitted) == 1


def test_more_active_jobs_than_allowed_are_refused_for_a_while(make_world):
    world = make_world(max_active_jobs=2)
    dataset_id = world.penguins()
    first = train(world, dataset_id).json()["job_id"]
    train(world, dataset_id)

    refused = train(world, dataset_id)
    world.client.post(f"/jobs/{first}/cancel")
    allowed = train(world, dataset_id)

    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-jobs")
    assert int(refused.headers["retry-after"]) > 0
    assert allowed.status_code == 200


def test_the_limit_of_active_jobs_holds_under_threads(make_world, make_client):
    world = make_world(max_active_jobs=3)
    body = {"dataset_id": world.penguins(), "target_column": "species"}
    clients = [make_client(world.app) for _ in range(20)]

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda client: client.post("/train", json=body).status_code, clients))

    assert codes.count(200) == 3
    assert codes.count(429) == 17


def test_a_job_is_read_with_its_version_as_etag(world):
    path = f"/jobs/{world.start()}"
    first = world.client.get(path)

    same = world.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    world.client.patch(path, json={"notes": "changed"})
    other = world.client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, max-age=0, must-revalidate"
    assert (same.status_code, other.status_code) == (304, 200)
    assert other.json()["notes"] == "changed"


def test_a_job_does_not_show_what_only_the_platform_needs(world):
    job = world.client.get(f"/jobs/{world.start()}").json()

    assert not {"runner_ref", "owner_id", "project_id"} & set(job)


def test_tags_and_notes_are_changed_apart(world):
    path = f"/jobs/{world.start()}"

    world.client.patch(path, json={"tags": ["a", "b", "a"]})
    answer = world.client.patch(path, json={"notes": "good"})

    assert (answer.json()["tags"], answer.json()["notes"]) == (["a", "b"], "good")


@pytest.mark.parametrize(
    "body",
    [
        {"tags": [f"t{n}" for n in range(11)]},
        {"tags": ["x" * 51]},
        {"tags": [""]},
        {"notes": "x" * 1001},
        {"status": "completed"},
    ],
    ids=["too many tags", "a long tag", "an empty tag", "long notes", "another field"],
)
def test_tags_and_notes_have_limits(world, body):
    assert world.client.patch(f"/jobs/{world.start()}", json=body).status_code == 422


def test_a_change_of_an_old_version_is_refused(world):
    path = f"/jobs/{world.start()}"
    etag = world.client.get(path).headers["etag"]

    first = world.client.patch(path, json={"notes": "one"}, headers={"If-Match": etag})
    second = world.client.patch(path, json={"notes": "two"}, headers={"If-Match": etag})
    third = world.client.patch(
        path, json={"notes": "two"}, headers={"If-Match": first.headers["etag"]}
    )

    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 200)
    assert second.json()["code"] == "precondition-failed"


def test_jobs_are_listed_by_filter(world):
    dataset_id = world.penguins()
    jobs = [world.start(dataset_id) for _ in range(3)]
    world.client.post(f"/jobs/{jobs[0]}/cancel")
    world.client.patch(f"/jobs/{jobs[1]}", json={"tags": ["keep"], "notes": "the blue one"})

    def listed(**where):
        items = world.client.get("/jobs", params=where).json()["items"]
        return [item["job_id"] for item in items]

    assert listed() == jobs[::-1]
    assert listed(status="cancelled") == [jobs[0]]
    assert listed(tag="keep") == [jobs[1]]
    assert listed(q="BLUE") == [jobs[1]]
    assert listed(dataset_id="other") == []


def test_jobs_are_paged(world):
    dataset_id = world.penguins()
    jobs = [world.start(dataset_id) for _ in range(3)]

    first = world.client.get("/jobs", params={"limit": 2}).json()
    second = world.client.get(
        "/jobs", params={"limit": 2, "next_token": first["next_token"]}
    ).json()

    assert [item["job_id"] for item in first["items"] + second["items"]] == jobs[::-1]
    assert second["next_token"] is None


def test_the_status_joins_record_and_progress_and_says_when_to_ask_again(world):
    job_id = world.start()
    world.move(job_id, "running", stage="train")
    world.metadata.put_progress(
        JobProgress(
            job_id=job_id,
            attempt=1,
            heartbeat_at=world.clock(),
            stage="train",
            progress=41.5,
            best_score=0.9,
            n_trials=7,
            message="searching",
        )
    )

    answer = world.client.get(f"/jobs/{job_id}/status")

    status = answer.json()
    assert (status["progress"], status["best_score"], status["n_trials"]) == (41.5, 0.9, 7)
    assert int(answer.headers["retry-after"]) >= 1


def test_progress_of_an_earlier_attempt_is_not_shown(world):
    job_id = world.start()
    world.move(job_id, "running")
    world.metadata.put_progress(
        JobProgress(job_id=job_id, attempt=1, heartbeat_at=world.clock(), progress=80.0)
    )
    world.move(job_id, "failed")
    world.client.post(f"/jobs/{job_id}/retry")

    assert world.client.get(f"/jobs/{job_id}/status").json()["progress"] == 0.0


def test_an_ended_job_need_not_be_asked_again(world):
    job_id = world.start()
    world.complete(job_id)

    answer = world.client.get(f"/jobs/{job_id}/status")

    assert answer.json()["progress"] == 100.0
    assert "retry-after" not in answer.headers


def test_the_log_is_read_after_a_cursor(world):
    job_id = world.start()
    world.complete(job_id)

    first = world.client.get(f"/jobs/{job_id}/logs", params={"limit": 1}).json()
    rest = world.client.get(f"/jobs/{job_id}/logs", params={"after": first["next"]}).json()

    assert [line["message"] for line in first["lines"]] == ["one"]
    assert [line["message"] for line in rest["lines"]] == ["two"]
    assert (first["is_complete"], rest["is_complete"]) == (False, True)


def test_a_job_without_a_log_has_an_empty_one(world):
    assert world.client.get(f"/jobs/{world.start()}/logs").json()["lines"] == []


def test_the_time_line_is_told(world):
    job_id = world.start()
    world.move(job_id, "running", stage="ingest")

    events = world.client.get(f"/jobs/{job_id}/events").json()["items"]

    assert [(event["status"], event["stage"]) for event in events] == [("running", "ingest")]


def test_a_pending_job_is_cancelled_at_once_and_again_without_effect(world):
    job_id = world.start()
    path = f"/jobs/{job_id}/cancel"

    first, second = world.client.post(path), world.client.post(path)

    assert first.json()["status"] == "cancelled"
    assert second.json() == first.json()
    # The runner may have a place for it in a queue of its own.
    assert world.runner.cancelled == [job_id]


def test_a_running_job_is_handed_to_the_runner_to_cancel(world):
    job_id = world.start()
    world.move(job_id, "running")

    answer = world.client.post(f"/jobs/{job_id}/cancel")

    assert (answer.json()["status"], answer.json()["cancel_requested"]) == ("running", True)
    assert world.runner.cancelled == [job_id]


def test_a_completed_job_cannot_be_cancelled(world):
    job_id = world.start()
    world.complete(job_id)

    answer = world.client.post(f"/jobs/{job_id}/cancel")

    assert answer.status_code == 409
    assert answer.json()["code"] == "illegal-transition"


def test_a_waiting_job_goes_on_with_the_answers(world):
    job_id = world.start(auto_confirm=False)
    world.move(job_id, "running")
    world.move(job_id, "waiting", stage="clarify")

    answer = world.client.post(
        f"/jobs/{job_id}/clarify", json={"exclude_columns": ["comments"], "time_budget": 90}
    )

    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["time_budget_s"]) == ("pending", 90)
    assert b"comments" in world.objects.get(job_key(job_id, "answers.json"))
    assert world.runner.submitted == [job_id, job_id]


def test_a_waiting_job_shows_the_plan_to_be_confirmed_and_then_the_one_it_follows(world):
    dataset_id = world.penguins()
    job_id = world.start(dataset_id, auto_confirm=False)
    proposed = world.client.post(
        "/train?dry_run=true", json={"dataset_id": dataset_id, "target_column": "species"}
    ).json()["plan"]
    settled = {**proposed, "seed": 7}
    world.objects.put(job_key(job_id, "proposal.json"), json.dumps(proposed).encode())
    world.move(job_id, "running")
    assert world.client.get(f"/jobs/{job_id}/plan").json()["code"] == "result-not-ready"
    world.move(job_id, "waiting", stage="clarify")

    assert world.client.get(f"/jobs/{job_id}/plan").json() == proposed

    world.client.post(f"/jobs/{job_id}/clarify", json={})
    world.objects.put(job_key(job_id, "plan.json"), json.dumps(settled).encode())
    assert world.client.get(f"/jobs/{job_id}/plan").json() == settled


def test_answers_that_block_the_plan_are_refused(world):
    job_id = world.start(auto_confirm=False)
    world.move(job_id, "running")
    world.move(job_id, "waiting", stage="clarify")

    answer = world.client.post(f"/jobs/{job_id}/clarify", json={"exclude_columns": ["colour"]})

    assert answer.status_code == 422
    assert world.client.get(f"/jobs/{job_id}").json()["status"] == "waiting"


def test_only_a_waiting_job_takes_answers(world):
    answer = world.client.post(f"/jobs/{world.start()}/clarify", json={})

    assert answer.status_code == 409


def test_a_failed_job_is_tried_again_as_a_new_attempt(world):
    job_id = world.start()
    world.move(job_id, "running")
    world.move(job_id, "failed")

    answer = world.client.post(f"/jobs/{job_id}/retry")

    assert (answer.json()["status"], answer.json()["attempt"]) == ("pending", 2)
    assert world.runner.submitted == [job_id, job_id]


def test_a_completed_job_is_not_tried_again(world):
    job_id = world.start()
    world.complete(job_id)

    assert world.client.post(f"/jobs/{job_id}/retry").status_code == 409


def test_deleting_a_job_removes_its_artifacts_and_nothing_of_the_data_set(world):
    dataset_id = world.penguins()
    job_id = world.start(dataset_id)
    world.complete(job_id)
    kept = world.objects.keys(f"datasets/{dataset_id}/")

    answer = world.client.delete(f"/jobs/{job_id}")

    assert (answer.status_code, answer.headers["cache-control"]) == (204, "no-store")
    assert world.objects.keys("jobs/") == []
    assert world.objects.keys("datasets/") == kept
    assert world.client.get(f"/jobs/{job_id}").status_code == 404


def test_an_active_job_is_cancelled_before_it_is_deleted(world):
    job_id = world.start()

    refused = world.client.delete(f"/jobs/{job_id}")
    world.client.post(f"/jobs/{job_id}/cancel")

    assert refused.status_code == 409
    assert world.client.delete(f"/jobs/{job_id}").status_code == 204


def test_a_deployed_model_is_withdrawn_before_its_job_is_deleted(world):
    job_id = world.deployed()

    refused = world.client.delete(f"/jobs/{job_id}")

    assert (refused.status_code, refused.json()["code"]) == (409, "model-deployed")
    world.client.post(f"/jobs/{job_id}/deploy", json={"deploy": False})
    assert world.client.delete(f"/jobs/{job_id}").status_code == 204


def test_jobs_on_the_same_data_and_target_are_ranked(world):
    dataset_id = world.penguins()
    good, better = world.start(dataset_id), world.start(dataset_id)
    world.complete(good, score=0.9)
    world.complete(better, score=0.95)

    answer = world.client.post("/jobs/compare", json={"job_ids": [good, better]}).json()

    assert (answer["is_ranked"], answer["ranking"]) == (True, [better, good])


def test_the_same_file_uploaded_twice_is_the_same_data(world):
    jobs = [world.start(world.penguins()) for _ in range(2)]
    for job_id in jobs:
        world.complete(job_id)

    assert world.client.post("/jobs/compare", json={"job_ids": jobs}).json()["is_ranked"]


def test_jobs_with_different_targets_or_without_a_score_are_not_ranked(world):
    dataset_id = world.penguins()
    done = world.start(dataset_id)
    world.complete(done)
    other = train(world, dataset_id, target="sex").json()["job_id"]

    answer = world.client.post("/jobs/compare", json={"job_ids": [done, other]}).json()

    assert (answer["is_ranked"], answer["ranking"]) == (False, [])
    assert any("different columns" in reason for reason in answer["reasons"])
    assert any("no score yet" in reason for reason in answer["reasons"])


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param({"metric": "macro_f1"}, "different metrics", id="metric"),
        pytest.param({"seed": 5}, "different rows aside", id="holdout"),
    ],
)
def test_jobs_whose_scores_mean_different_things_are_not_ranked(world, other, reason):
    dataset_id = world.penguins()
    jobs = [world.start(dataset_id), world.start(dataset_id, **other)]
    for job_id, metric in zip(jobs, ["log_loss", other.get("metric", "log_loss")], strict=True):
        world.complete(job_id, metric=metric)

    answer = world.client.post("/jobs/compare", json={"job_ids": jobs}).json()

    assert (answer["is_ranked"], answer["ranking"]) == (False, [])
    assert [text for text in answer["reasons"] if reason in text]


def test_lines_of_a_log_that_were_cut_short_are_shown_as_they_are(world):
    job_id = world.start()
    world.objects.put(
        job_key(job_id, "log.jsonl"),
        b'{"at": "2026-01-01", "level": "warning", "message": "late", "stage": "train"}\n'
        b'"only text"\n{"at": "2026-01',
    )

    lines = world.client.get(f"/jobs/{job_id}/logs").json()["lines"]

    assert [line["message"] for line in lines] == ["late", '"only text"', '{"at": "2026-01']
    assert (lines[0]["level"], lines[0]["stage"]) == ("warning", "train")


@pytest.mark.parametrize("count", [1, 5])
def test_two_to_four_jobs_are_compared(world, count):
    answer = world.client.post("/jobs/compare", json={"job_ids": ["x"] * count})

    assert answer.status_code == 422
