"""Where the way in or out is narrow, as it is behind Lambda, files go to the store and back."""

from __future__ import annotations

import dataclasses
from urllib.parse import unquote, urlsplit

import pytest

from automl_backend.app import create_app
from automl_core.layout import job_prefix

FORM_BYTES = 1000


@pytest.fixture
def done(world):
    """A completed job."""
    job_id = world.start()
    world.complete(job_id)
    return job_id


@pytest.fixture
def narrow(world, make_client):
    """The same platform, behind something that sends and takes little."""
    platform = world.app.state.platform
    return make_client(
        create_app(
            dataclasses.replace(
                platform,
                results=dataclasses.replace(platform.results, max_direct_bytes=100),
                limits=dataclasses.replace(platform.limits, max_form_bytes=FORM_BYTES),
            )
        )
    )


def follow(client, address):
    """Fetch what a signed address of the store names."""
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def test_a_large_bundle_is_answered_with_the_address_of_the_same_zip(world, done, narrow):
    direct = world.client.get(f"/jobs/{done}/bundle")
    answer = narrow.get(f"/jobs/{done}/bundle")
    fetched = follow(narrow, answer.headers["location"])

    assert (direct.status_code, answer.status_code, answer.content) == (200, 303, b"")
    assert fetched.content == direct.content
    assert fetched.headers["content-type"] == "application/zip"
    assert "penguins-species" in unquote(fetched.headers["content-disposition"])
    assert answer.headers["cache-control"] == "no-store"


def test_the_zip_is_put_into_the_store_once_and_goes_with_the_job(world, done, narrow):
    narrow.get(f"/jobs/{done}/bundle")
    kept = world.objects.keys(job_prefix(done) + "downloads/")
    etag = world.objects.stat(kept[0]).etag
    narrow.get(f"/jobs/{done}/bundle")

    assert world.objects.keys(job_prefix(done) + "downloads/") == kept
    assert len(kept) == 1
    assert world.objects.stat(kept[0]).etag == etag
    names = [each["name"] for each in narrow.get(f"/jobs/{done}/artifacts").json()["items"]]
    assert not [name for name in names if name.startswith("downloads/")]
    assert narrow.delete(f"/jobs/{done}").status_code == 204
    assert world.objects.keys(job_prefix(done)) == []


@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "in chunks"])
def test_a_form_that_is_too_large_is_told_the_way_for_large_files(narrow, is_announced):
    boundary = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n"
    body = boundary + b"a,b\n" * 20_000 + b"\r\n--x--\r\n"

    async def chunks():
        yield body

    answer = narrow.post(
        "/datasets",
        content=body if is_announced else chunks(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (413, "body-too-large")
    assert "POST /upload/request-url" in problem["detail"]
    assert "1,073,741,824 bytes" in problem["detail"]


def test_a_form_that_fits_is_taken(narrow):
    rows = "".join(f"{i},{i % 2}\n" for i in range(100))

    answer = narrow.post("/datasets", files={"file": ("a.csv", f"a,b\n{rows}", "text/csv")})

    assert (answer.status_code, answer.json()["status"]) == (201, "ready")
