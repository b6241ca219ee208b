"""Data sets over HTTP: uploads, confirmation, refusals, lists, deletion."""

from __future__ import annotations

import json

import pytest

DEMO_TARGET = "species"


def signed_upload(world, data, filename="birds.csv"):
    ticket = world.client.post(
        "/upload/request-url", json={"filename": filename, "content_type": "text/csv"}
    ).json()
    sent = world.client.post(
        ticket["upload_url"], data=ticket["fields"], files={"file": (filename, data, "text/csv")}
    )
    return ticket, sent


def test_a_table_is_uploaded_by_a_signed_form_and_confirmed(world, penguins_csv):
    ticket, sent = signed_upload(world, penguins_csv)

    answer = world.client.post(f"/datasets/{ticket['dataset_id']}/confirm")

    assert sent.status_code == 201, sent.text
    assert answer.status_code == 200, answer.text
    dataset = answer.json()
    assert (dataset["status"], dataset["row_count"], dataset["column_count"]) == ("ready", 344, 17)
    assert dataset["file_size"] == len(penguins_csv)
    assert len(dataset["sha256"]) == 64
    kinds = {column["name"]: column["kind"] for column in dataset["columns"]}
    assert kinds["bill_length_mm"] == "numeric"
    assert kinds[DEMO_TARGET] == "categorical"


def test_a_table_is_uploaded_by_a_signed_put(world, penguins_csv):
    ticket = world.client.post(
        "/upload",
        json={
            "filename": "birds.csv",
            "content_type": "text/csv",
            "size_bytes": len(penguins_csv),
            "method": "PUT",
        },
    ).json()

    sent = world.client.put(ticket["upload_url"], content=penguins_csv, headers=ticket["headers"])

    assert sent.status_code == 200, sent.text
    confirmed = world.client.post(f"/datasets/{ticket['dataset_id']}/confirm")
    assert confirmed.json()["row_count"] == 344


def test_a_put_of_another_size_than_signed_is_refused_and_nothing_is_kept(world):
    ticket = world.client.post(
        "/upload/request-url",
        json={
            "filename": "a.csv",
            "content_type": "text/csv",
            "size_bytes": 10,
            "method": "PUT",
        },
    ).json()

    sent = world.client.put(
        ticket["upload_url"], content=b"a,b\n1,2\n3,4\n5,6\n", headers=ticket["headers"]
    )

    assert sent.status_code == 413
    assert sent.headers["content-type"] == "application/problem+json"
    assert world.objects.keys("datasets/") == []


def test_a_form_with_an_edited_field_is_refused_and_nothing_is_kept(world, penguins_csv):
    ticket = world.client.post(
        "/upload/request-url", json={"filename": "a.csv", "content_type": "text/csv"}
    ).json()

    sent = world.client.post(
        ticket["upload_url"],
        data={**ticket["fields"], "key": "datasets/other/upload"},
        files={"file": ("a.csv", penguins_csv, "text/csv")},
    )

    assert sent.status_code == 422
    assert sent.json()["code"] == "upload-refused"
    assert world.objects.keys("datasets/") == []


def test_an_expired_ticket_is_refused(world, penguins_csv):
    ticket = world.client.post(
        "/upload/request-url", json={"filename": "a.csv", "content_type": "text/csv"}
    ).json()
    world.clock.move(seconds=ticket["expires_in"] + 1)

    sent = world.client.post(
        ticket["upload_url"],
        data=ticket["fields"],
        files={"file": ("a.csv", penguins_csv, "text/csv")},
    )

    assert sent.status_code == 422
    assert world.objects.keys("datasets/") == []


def test_a_content_type_that_is_no_tables_is_refused_early(world):
    answer = world.client.post(
        "/upload/request-url", json={"filename": "cat.png", "content_type": "image/png"}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/content_type"


def test_an_announced_size_over_the_limit_is_refused(make_world):
    world = make_world(max_upload_bytes=1000)

    answer = world.client.post(
        "/upload/request-url",
        json={"filename": "a.csv", "content_type": "text/csv", "size_bytes": 1001},
    )

    assert answer.status_code == 413
    assert answer.json()["code"] == "upload-too-large"


def test_confirming_before_the_file_arrived_says_so(world):
    ticket = world.client.post(
        "/upload/request-url", json={"filename": "a.csv", "content_type": "text/csv"}
    ).json()

    answer = world.client.post(f"/datasets/{ticket['dataset_id']}/confirm")

    assert answer.status_code == 409
    assert answer.json()["code"] == "upload-missing"


def test_confirming_again_gives_the_same_answer(world, penguins_csv):
    ticket, _ = signed_upload(world, penguins_csv)
    path = f"/datasets/{ticket['dataset_id']}/confirm"

    first, second = world.client.post(path), world.client.post(path)

    assert first.json() == second.json()


def test_a_file_replaced_after_its_confirmation_is_not_confirmed_again(world, penguins_csv):
    ticket, _ = signed_upload(world, penguins_csv)
    path = f"/datasets/{ticket['dataset_id']}/confirm"
    world.client.post(path)
    world.client.post(
        ticket["upload_url"],
        data=ticket["fields"],
        files={"file": ("a.csv", b"a,b\n1,2\n", "text/csv")},
    )

    answer = world.client.post(path)

    assert answer.status_code == 409
    assert answer.json()["code"] == "dataset-changed"


def test_what_the_user_knows_better_overrides_the_reader(world):
    rows = "\n".join(f"{n},5;{n % 3}" for n in range(40))
    ticket, _ = signed_upload(world, f"width;group\n{rows}\n".encode())
    path = f"/datasets/{ticket['dataset_id']}/confirm"

    answer = world.client.post(path, json={"delimiter": ";", "decimal": ","})

    assert answer.status_code == 200, answer.text
    facts = answer.json()["file"]
    assert (facts["delimiter"], facts["decimal"]) == (";", ",")
    assert answer.json()["columns"][0]["maximum"] == 39.5


def test_other_options_are_refused_once_a_job_has_used_the_reading(world):
    dataset_id = world.penguins()
    world.start(dataset_id)

    answer = world.client.post(f"/datasets/{dataset_id}/confirm", json={"header": False})

    assert answer.status_code == 409
    assert answer.json()["code"] == "dataset-in-use"


def test_a_wrong_option_can_be_taken_back(world, penguins_csv):
    ticket, _ = signed_upload(world, penguins_csv)
    path = f"/datasets/{ticket['dataset_id']}/confirm"

    wrong = world.client.post(path, json={"encoding": "klingon"})
    right = world.client.post(path)

    assert wrong.status_code == 422
    assert "klingon" in wrong.json()["detail"]
    assert right.json()["status"] == "ready"


ZIP = b"PK\x03\x04" + bytes(range(256)) * 20
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        pytest.param(b"", "table-empty", 422, id="an empty file"),
        pytest.param(b"a,b,c\n", "table-empty", 422, id="a header and nothing else"),
        pytest.param(b"a\n1\n2\n3\n", "table-too-narrow", 422, id="one column"),
        pytest.param(PNG, "table-unreadable", 422, id="a picture named .csv"),
        pytest.param(ZIP, "table-unreadable", 422, id="an archive named .csv"),
        pytest.param(
            (",".join(f"c{n}" for n in range(10_000)) + "\n").encode() + b"1," * 9_999 + b"1\n",
            "table-too-wide",
            413,
            id="ten thousand columns",
        ),
    ],
)
def test_what_is_no_table_of_ours_is_refused_and_the_reason_kept(world, data, code, status):
    answer = world.upload(data)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    listed = world.client.get("/datasets").json()["items"][0]
    assert listed["status"] == "refused"
    assert listed["error"]["code"] == code
    assert listed["error"]["detail"] == problem["detail"]


def test_a_refused_data_set_cannot_be_trained_on(world):
    world.upload(b"a,b,c\n")
    dataset_id = world.client.get("/datasets").json()["items"][0]["dataset_id"]

    answer = world.client.post("/train", json={"dataset_id": dataset_id, "target_column": "a"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "dataset-not-ready"
    assert "no rows" in answer.json()["detail"].lower() or "row" in answer.json()["detail"]


def test_a_multipart_upload_over_the_limit_is_refused_before_it_is_read(make_world):
    world = make_world(max_upload_bytes=1000)

    answer = world.upload(b"a,b\n" + b"1,2\n" * 50_000)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body-too-large"
    assert world.client.get("/datasets").json()["items"] == []


def test_the_sample_is_created_once_for_an_idempotency_key(world):
    headers = {"Idempotency-Key": "demo"}

    first = world.client.post("/datasets/sample", headers=headers)
    second = world.client.post("/datasets/sample", headers=headers)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert len(world.client.get("/datasets").json()["items"]) == 1


def test_a_data_set_is_read_with_its_version_as_etag(world):
    path = f"/datasets/{world.penguins()}"
    first = world.client.get(path)

    again = world.client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert again.status_code == 304
    assert again.content == b""


def test_the_preview_shows_the_first_rows_as_text(world):
    path = f"/datasets/{world.penguins()}/preview"

    preview = world.client.get(path, params={"rows": 3}).json()

    assert len(preview["rows"]) == 3
    assert preview["columns"][2] == DEMO_TARGET
    assert preview["rows"][0][2] == "Adelie"
    assert preview["rows"][0][16] is None
    assert world.client.get(path, params={"rows": 101}).status_code == 422


def test_the_profile_is_computed_once_and_kept(world):
    dataset_id = world.penguins()

    first = world.client.get(f"/datasets/{dataset_id}/profile")
    second = world.client.get(f"/datasets/{dataset_id}/profile")

    assert first.status_code == 200, first.text
    assert first.json() == second.json()
    kept = [key for key in world.objects.keys(f"datasets/{dataset_id}/") if "profile" in key]
    assert len(kept) == 1


def test_lists_are_paged_newest_first(world):
    made = [world.penguins() for _ in range(5)]
    seen, token = [], None

    for _ in range(3):
        params = {"limit": 2, **({"next_token": token} if token else {})}
        page = world.client.get("/datasets", params=params).json()
        seen += [item["dataset_id"] for item in page["items"]]
        token = page["next_token"]

    assert seen == made[::-1]
    assert token is None


def test_a_cursor_of_another_filter_is_refused(world):
    for _ in range(3):
        world.penguins()
    token = world.client.get("/datasets", params={"limit": 1}).json()["next_token"]

    answer = world.client.get("/datasets", params={"next_token": token, "q": "peng"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "cursor-invalid"


@pytest.mark.parametrize(
    "edit", [lambda t: t[:-2], lambda t: "A" + t[1:], lambda t: "é", str.upper]
)
def test_an_edited_cursor_is_refused(world, edit):
    for _ in range(3):
        world.penguins()
    token = world.client.get("/datasets", params={"limit": 1}).json()["next_token"]

    answer = world.client.get("/datasets", params={"next_token": edit(token)})

    assert answer.status_code == 400
    assert answer.json()["code"] == "cursor-invalid"


def test_a_data_set_is_deleted_with_everything_of_it(world):
    dataset_id = world.penguins()

    answer = world.client.delete(f"/datasets/{dataset_id}")

    assert answer.status_code == 204
    assert world.objects.keys("datasets/") == []
    assert world.client.get(f"/datasets/{dataset_id}").status_code == 404


def test_a_data_set_that_jobs_refer_to_is_deleted_only_by_force(world):
    dataset_id = world.penguins()
    job_id = world.start(dataset_id)

    refused = world.client.delete(f"/datasets/{dataset_id}")
    forced = world.client.delete(f"/datasets/{dataset_id}", params={"force": "true"})

    assert (refused.status_code, refused.json()["code"]) == (409, "dataset-in-use")
    assert forced.status_code == 204
    assert world.client.get(f"/jobs/{job_id}").status_code == 200


def test_a_target_check_explains_the_task(world):
    answer = world.client.post(
        f"/datasets/{world.penguins()}/target-check", json={"target_column": DEMO_TARGET}
    )

    check = answer.json()
    assert answer.status_code == 200, answer.text
    assert (check["task"], check["is_usable"]) == ("multiclass", True)
    assert {each["label"]: each["rows"] for each in check["classes"]} == {
        "Adelie": 152,
        "Gentoo": 124,
        "Chinstrap": 68,
    }
    assert {each["name"] for each in check["dropped"]} >= {"individual_id", "region"}


def test_a_target_that_is_not_there_is_named(world):
    answer = world.client.post(
        f"/datasets/{world.penguins()}/target-check", json={"target_column": "specie"}
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "target-not-found"
    assert "specie" in answer.json()["detail"]


def test_answers_never_hold_a_number_that_json_has_no_word_for(world):
    dataset_id = world.penguins()

    for path in ("", "/preview", "/profile"):
        text = world.client.get(f"/datasets/{dataset_id}{path}").text
        json.loads(text, parse_constant=pytest.fail)
