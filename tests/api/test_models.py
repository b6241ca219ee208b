"""Results, deployments and predictions over HTTP."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from automl_core.layout import job_key


@pytest.fixture
def done(world):
    """A completed job that is not deployed."""
    job_id = world.start()
    world.complete(job_id)
    return job_id


@pytest.fixture
def deployed(world):
    """A job whose model is deployed."""
    return world.deployed()


# -- Results ----------------------------------------------------------------------------


def test_artifacts_are_listed_with_addresses_that_answer_as_attachments(world, done):
    artifacts = world.client.get(f"/jobs/{done}/artifacts").json()

    report = next(each for each in artifacts["items"] if each["name"] == "report.html")
    fetched = world.client.get(report["download_url"])

    assert artifacts["is_complete"]
    assert artifacts["expires_in"] <= 900
    assert (len(fetched.content), len(report["sha256"])) == (report["size_bytes"], 64)
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in fetched.headers["content-security-policy"]


def test_an_edited_or_expired_download_address_is_refused(world, done):
    url = world.client.get(f"/jobs/{done}/artifacts").json()["items"][0]["download_url"]

    edited = world.client.get(url.replace("jobs", "datasets"))
    world.clock.move(minutes=20)
    expired = world.client.get(url)

    assert (edited.status_code, expired.status_code) == (404, 404)


def test_the_result_joins_the_figures_and_may_be_kept_for_ever(world, done):
    answer = world.client.get(f"/jobs/{done}/result")

    result = answer.json()
    assert (result["score"], result["split"], result["metric"]) == (0.97, "holdout", "macro_f1")
    assert result["parity"]["passed"] is True
    assert "immutable" in answer.headers["cache-control"]


def test_a_job_that_has_not_completed_has_no_result(world):
    job_id = world.start()

    for path in ("result", "leaderboard", "reports/eda", "reports/training", "bundle"):
        answer = world.client.get(f"/jobs/{job_id}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "result-not-ready")


def test_the_leaderboard_is_read(world, done):
    board = world.client.get(f"/jobs/{done}/leaderboard").json()

    assert [trial["family"] for trial in board["trials"]] == ["linear"]
    assert board["chosen"]["trial_id"] == "0"


@pytest.mark.parametrize("name", ["eda", "training"])
def test_reports_are_served_where_nothing_in_them_can_run(world, done, name):
    answer = world.client.get(f"/jobs/{done}/reports/{name}")

    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert policy.startswith("sandbox;")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy


def test_the_bundle_is_a_zip_that_is_the_same_every_time(world, done):
    first = world.client.get(f"/jobs/{done}/bundle")
    second = world.client.get(f"/jobs/{done}/bundle")

    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        assert sorted(archive.namelist()) == ["manifest.json", "model.onnx", "predict.py"]
        assert json.loads(archive.read("manifest.json"))["job_id"] == done
    assert first.content == second.content
    assert "penguins-species" in first.headers["content-disposition"]


def test_the_fitted_model_lies_in_the_zip_with_a_word_on_how_to_use_it(world, done):
    world.objects.put(f"jobs/{done}/bundle/README.md", b"# How")
    world.objects.put(f"jobs/{done}/model.skops", b"fitted")

    answer = world.client.get(f"/jobs/{done}/bundle")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("model.skops") == b"fitted"
        assert archive.read("README.md") == b"# How"


# -- Deployments ------------------------------------------------------------------------


def test_a_model_is_deployed_once_and_withdrawn(world, done):
    path = f"/jobs/{done}/deploy"

    first = world.client.post(path, json={"deploy": True})
    again = world.client.post(path, json={"deploy": True})
    withdrawn = world.client.post(path, json={"deploy": False})

    assert first.json() == again.json()
    assert (first.json()["is_deployed"], withdrawn.json()["is_deployed"]) == (True, False)
    journal = world.client.get(f"/jobs/{done}/deployments").json()["items"]
    assert [entry["action"] for entry in journal] == ["undeploy", "deploy"]


def test_a_model_without_passed_parity_is_not_deployed(world):
    job_id = world.start()
    world.complete(job_id, passed=False)

    answer = world.client.post(f"/jobs/{job_id}/deploy", json={"deploy": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "model-unproven")


def test_a_job_that_has_not_completed_is_not_deployed(world):
    answer = world.client.post(f"/jobs/{world.start()}/deploy", json={"deploy": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "result-not-ready")


def test_models_are_listed_with_their_last_use(world, deployed):
    before = world.client.get("/models").json()["items"]
    world.client.post(f"/predict/{deployed}", json={"rows": [{"island": "Dream"}] * 3})
    after = world.client.get("/models").json()["items"]

    assert [(model["job_id"], model["last_used_at"]) for model in before] == [(deployed, None)]
    assert after[0]["n_predictions"] == 3
    assert after[0]["last_used_at"] is not None


# -- Predictions ------------------------------------------------------------------------


def test_one_row_is_answered_flat(world, deployed):
    answer = world.client.post(
        f"/predict/{deployed}", json={"features": {"bill_length_mm": 59.0, "island": "Biscoe"}}
    )

    predicted = answer.json()
    assert answer.status_code == 200, answer.text
    assert (predicted["prediction"], predicted["model_type"]) == ("Gentoo", "linear")
    assert predicted["probability"] == predicted["probabilities"]["Gentoo"]
    assert sum(predicted["probabilities"].values()) == pytest.approx(1.0, abs=1e-6)
    assert predicted["notes"] == []
    assert predicted["inference_time_ms"] >= 0


def test_rows_and_columns_give_the_same_answers(world, deployed):
    rows = [{"bill_length_mm": 33.0}, {"bill_length_mm": 44.0}, {"bill_length_mm": 58.0}]
    columns = {"bill_length_mm": [33.0, 44.0, 58.0]}

    by_rows = world.client.post(f"/predict/{deployed}", json={"rows": rows}).json()
    by_columns = world.client.post(f"/predict/{deployed}", json={"columns": columns}).json()

    assert by_rows["predictions"] == by_columns["predictions"]
    assert [row["prediction"] for row in by_rows["predictions"]][::2] == ["Adelie", "Gentoo"]


def test_what_makes_a_prediction_uncertain_is_noted(world, deployed):
    answer = world.client.post(
        f"/predict/{deployed}",
        json={"features": {"bill_length_mm": 99.0, "island": "Elba", "colour": "red"}},
    )

    notes = {note["column"]: note["code"] for note in answer.json()["notes"]}
    assert notes == {
        "bill_length_mm": "out_of_range",
        "island": "unseen",
        "colour": "unknown_column",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param(
            {"features": {"bill_length_mm": "long"}}, "/features/bill_length_mm", id="one row"
        ),
        pytest.param(
            {"rows": [{"bill_length_mm": 1}, {"bill_length_mm": "long"}]},
            "/rows/1/bill_length_mm",
            id="rows",
        ),
        pytest.param(
            {"columns": {"bill_length_mm": [1, 2, "long"]}}, "/columns/bill_length_mm/2",
            id="columns",
        ),
    ],
)  # fmt: skip
def test_a_text_for_a_number_is_refused_and_pointed_at(world, deployed, body, pointer):
    answer = world.client.post(f"/predict/{deployed}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "prediction-input")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "long" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        '{"features": {"bill_length_mm": NaN}}',
        '{"features": {"bill_length_mm": Infinity}}',
        '{"features": {"bill_length_mm": 1e999}}',
        '{"features": {"bill_length_mm": [1]}}',
        '{"features": {"bill_length_mm": {"a": 1}}}',
        '{"features": {"bill_length_mm": true}}',
        '{"features": {}}',
        '{"rows": []}',
        '{"columns": {}}',
        '{"columns": {"bill_length_mm": [1], "island": []}}',
        '{"features": {"island": "Dream"}, "rows": [{"island": "Dream"}]}',
        "{}",
        "[]",
        "null",
    ],
)
def test_a_body_that_is_no_prediction_is_refused(world, deployed, body):
    answer = world.client.post(
        f"/predict/{deployed}", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("value", [1e308, -1e308, 10**30, None], ids=str)
@pytest.mark.parametrize("column", ["bill_length_mm", "island"])
def test_an_extreme_number_is_answered_with_finite_numbers(world, deployed, column, value):
    answer = world.client.post(f"/predict/{deployed}", json={"features": {column: value}})

    assert answer.status_code == 200, answer.text
    json.loads(answer.text, parse_constant=pytest.fail)


@pytest.mark.parametrize(("column", "status"), [("bill_length_mm", 422), ("island", 200)])
def test_a_megabyte_of_text_is_no_number_but_a_new_category(world, deployed, column, status):
    body = {"features": {column: "x" * 1_000_000}}

    answer = world.client.post(f"/predict/{deployed}", json=body)

    assert answer.status_code == status
    assert len(answer.content) < 10_000


def test_more_rows_than_allowed_are_refused(make_world):
    world = make_world(max_prediction_rows=2)
    job_id = world.deployed()

    answer = world.client.post(f"/predict/{job_id}", json={"rows": [{"island": "Dream"}] * 3})

    assert answer.status_code == 413


def test_an_explanation_adds_up_to_the_prediction(world, deployed):
    body = {"rows": [{"bill_length_mm": 36.5, "island": "Dream"}, {"bill_length_mm": 50.0}]}

    answer = world.client.post(f"/predict/{deployed}?explain=true", json=body)

    assert answer.status_code == 200, answer.text
    for row in answer.json()["predictions"]:
        told = row["explanation"]
        assert told["explained"] == row["prediction"]
        # The session may add floats in another order where it answers many rows.
        assert told["prediction"] == pytest.approx(row["probability"], abs=1e-6)
        total = sum(part["contribution"] for part in told["contributions"])
        assert told["baseline"] + total == pytest.approx(told["prediction"], abs=1e-9)
        assert {part["column"] for part in told["contributions"]} == {"bill_length_mm", "island"}


def test_an_explanation_is_given_only_when_it_is_asked_for(world, deployed):
    body = {"features": {"island": "Dream"}}

    plain = world.client.post(f"/predict/{deployed}", json=body)
    declined = world.client.post(f"/predict/{deployed}?explain=false", json=body)

    assert plain.json()["explanation"] is None
    assert declined.json()["explanation"] is None


def test_a_model_that_cannot_be_explained_says_what_to_do(world):
    job_id = world.deployed(explains=False)

    refused = world.client.post(
        f"/predict/{job_id}?explain=true", json={"features": {"island": "Dream"}}
    )

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/explain"
    assert "train again" in refused.json()["detail"]


def test_more_rows_than_are_explained_at_once_are_refused(world, deployed):
    body = {"rows": [{"island": "Dream"}] * 101}

    refused = world.client.post(f"/predict/{deployed}?explain=true", json=body)

    assert (refused.status_code, refused.json()["code"]) == (413, "limit-exceeded")
    assert "at most 100" in refused.json()["detail"]
    assert world.client.post(f"/predict/{deployed}", json=body).status_code == 200


def test_a_withdrawn_model_answers_no_more_at_once(world, deployed):
    body = {"features": {"island": "Dream"}}
    assert world.client.post(f"/predict/{deployed}", json=body).status_code == 200

    world.client.post(f"/jobs/{deployed}/deploy", json={"deploy": False})
    answer = world.client.post(f"/predict/{deployed}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "model-not-deployed")
    assert world.client.get(f"/predict/{deployed}/info").status_code == 404


@pytest.mark.parametrize("name", ["bundle/manifest.json", "bundle/model.onnx"])
def test_a_damaged_bundle_is_not_used(world, deployed, name):
    data = world.objects.get(job_key(deployed, name))
    world.objects.put(job_key(deployed, name), data[:-1] + bytes([data[-1] ^ 1]))

    answer = world.client.post(f"/predict/{deployed}", json={"features": {"island": "Dream"}})

    assert (answer.status_code, answer.json()["code"]) == (503, "model-corrupt")


def test_the_fields_of_a_model_are_described_and_the_example_works(world, deployed):
    info = world.client.get(f"/predict/{deployed}/info").json()

    example = {key: value for key, value in info["example_request"].items() if value is not None}
    answer = world.client.post(f"/predict/{deployed}", json=example)

    fields = {field["name"]: field for field in info["fields"]}
    assert fields["bill_length_mm"]["input"] == "number"
    assert (fields["bill_length_mm"]["minimum"], fields["bill_length_mm"]["maximum"]) == (
        32.1,
        59.6,
    )
    assert fields["island"]["input"] == "select"
    assert fields["island"]["allowed_values"] == ["Biscoe", "Dream", "Torgersen"]
    assert info["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert answer.status_code == 200
    assert answer.json()["notes"] == []
