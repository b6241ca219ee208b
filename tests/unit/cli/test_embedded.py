"""The platform as a child process: started, waited for, stopped, whatever happens."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import httpx
import pytest

from automl_cli.embedded import EmbeddedPlatform, free_port
from automl_core.errors import PlatformError

SERVER = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

port = int(sys.argv[sys.argv.index("--port") + 1])

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        stores = (os.environ["AUTOML_DATABASE_URL"], os.environ.get("S3_BUCKET_DATASETS", ""))
        body = " ".join(stores).strip().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def server(tmp_path: Path) -> list[str]:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return [sys.executable, str(script)]


def test_a_platform_is_ready_inside_and_gone_outside(server, tmp_path):
    with EmbeddedPlatform(tmp_path / "data", command=server) as platform:
        platform.wait_until_ready()
        url = httpx.get(platform.address, trust_env=False).text

    assert url == f"sqlite:///{tmp_path / 'data' / 'automl.db'}"
    with pytest.raises(httpx.ConnectError):
        httpx.get(platform.address, trust_env=False)


def test_a_platform_is_stopped_when_a_step_fails(server, tmp_path):
    with (
        pytest.raises(ValueError, match="a step"),
        EmbeddedPlatform(tmp_path, command=server) as platform,
    ):
        platform.wait_until_ready()
        raise ValueError("a step")

    with pytest.raises(httpx.ConnectError):
        httpx.get(platform.address, trust_env=False)


def test_a_platform_that_does_not_start_is_told_with_the_end_of_its_log(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no room left')")

    with (
        pytest.raises(PlatformError, match=r"did not start \(exit code 1\).*no room left"),
        EmbeddedPlatform(tmp_path, command=[sys.executable, str(script)]) as platform,
    ):
        platform.wait_until_ready()


def test_a_taken_port_is_told_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with (
            pytest.raises(PlatformError, match=f"Port {port} is taken"),
            EmbeddedPlatform(tmp_path / "data", port=port),
        ):
            pass

    assert not (tmp_path / "data").exists()


def test_ctrl_c_ends_serving_without_an_error(server, tmp_path):
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with EmbeddedPlatform(tmp_path, command=server, sleep=interrupt) as platform:
        platform.serve_until_interrupted()

    assert platform.log.exists()


def test_the_user_s_own_settings_do_not_reach_the_demo(server, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("S3_BUCKET_DATASETS", "bucket-of-the-team")

    with EmbeddedPlatform(tmp_path, command=server) as platform:
        platform.wait_until_ready()
        stores = httpx.get(platform.address, trust_env=False).text

    assert stores.startswith("sqlite:///")
    assert "bucket-of-the-team" not in stores
    assert os.environ["AUTOML_DATABASE_URL"] == "postgresql://elsewhere/db"


def test_a_free_port_can_be_bound():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
