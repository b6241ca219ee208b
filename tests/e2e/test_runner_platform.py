"""The embedded platform as a process: its address, its rules for starting, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from automl_core.samples import penguins_path

pytestmark = pytest.mark.slow

SCRIPT = """
from automl_backend.main import serve
from automl_core.settings import load_settings
serve(load_settings(), on_ready=lambda url: print(url, flush=True))
"""
PATIENCE_S = 60


def start(folder: Path, **variables: str) -> subprocess.Popen[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"AUTOML_DATA_DIR": str(folder), "AUTOML_PORT": "0", **variables}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def platform(tmp_path: Path, request) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    process = start(tmp_path, **getattr(request, "param", {}))
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


def test_it_is_ready_and_its_signed_addresses_name_the_port_it_took(platform):
    _, client = platform

    ready = client.get("/health/ready")
    ticket = client.post(
        "/upload/request-url", json={"filename": "p.csv", "content_type": "text/csv"}
    ).json()
    sent = client.post(
        ticket["upload_url"],
        data=ticket["fields"],
        files={"file": ("p.csv", penguins_path().read_bytes(), "text/csv")},
    )
    confirmed = client.post(f"/datasets/{ticket['dataset_id']}/confirm")
    profile = client.get(f"/datasets/{ticket['dataset_id']}/profile")

    assert ready.json()["status"] == "ready", ready.text
    assert urlsplit(ticket["upload_url"]).port == client.base_url.port != 0
    assert sent.status_code == 201, sent.text
    assert confirmed.json()["row_count"] == 344
    assert profile.status_code == 200, profile.text


def test_a_put_streams_into_the_store(platform):
    _, client = platform
    data = penguins_path().read_bytes()
    ticket = client.post(
        "/upload/request-url",
        json={
            "filename": "p.csv",
            "content_type": "text/csv",
            "size_bytes": len(data),
            "method": "PUT",
        },
    ).json()

    sent = client.put(ticket["upload_url"], content=data, headers=ticket["headers"])

    assert sent.status_code == 200, sent.text
    assert client.post(f"/datasets/{ticket['dataset_id']}/confirm").json()["row_count"] == 344


@pytest.mark.parametrize("platform", [{"AUTOML_INLINE_READ_BYTES": "1000"}], indirect=True)
def test_a_large_upload_is_read_by_a_process_of_its_own(platform):
    _, client = platform
    data = penguins_path().read_bytes()
    ticket = client.post(
        "/upload/request-url", json={"filename": "p.csv", "content_type": "text/csv"}
    ).json()
    client.post(ticket["upload_url"], data=ticket["fields"], files={"file": ("p.csv", data)})
    path = f"/datasets/{ticket['dataset_id']}"

    confirmed = client.post(f"{path}/confirm")
    deadline = time.monotonic() + PATIENCE_S
    while client.get(path).json()["status"] == "profiling" and time.monotonic() < deadline:
        time.sleep(0.2)
    ready = client.get(path).json()

    assert (confirmed.status_code, confirmed.json()["status"]) == (202, "profiling")
    assert (ready["status"], ready["row_count"]) == ("ready", 344), ready["error"]
    assert client.get(f"{path}/profile").json()["rows"]["kept"] == 344


def test_it_ends_in_order_when_it_is_told_to(platform):
    process, _ = platform

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0


def test_a_second_platform_on_the_same_folder_is_refused(platform, tmp_path):
    with start(tmp_path) as second:
        _, words = second.communicate(timeout=PATIENCE_S)

    assert second.returncode != 0
    assert "Another platform works on this data folder" in words


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        pytest.param({"AUTOML_HOST": "0.0.0.0"}, "AUTOML_API_TOKEN_HASHES", id="open to others"),
        pytest.param({"AUTOML_API_TOKEN_HASHES": "secret"}, "SHA-256", id="a token for a hash"),
    ],
)
def test_settings_it_cannot_work_with_stop_it_at_once(
    tmp_path: Path, variables: dict[str, str], word: str
):
    environment = {"PATH": os.environ["PATH"], "AUTOML_DATA_DIR": str(tmp_path), **variables}

    done = subprocess.run(
        [sys.executable, "-m", "automl_backend.main"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 78
    assert word in done.stderr
    assert "Traceback" not in done.stderr
