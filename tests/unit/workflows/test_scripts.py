"""The scripts of the workflows, run as they are, with stand-ins for the command lines of AWS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / ".github" / "scripts"
DIGEST = "sha256:" + "a" * 64
HASH = "b" * 64


def _require(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not missing:
        return
    reason = f"left out: {' and '.join(missing)} needed by the scripts of the workflows"
    if os.environ.get("AUTOML_TEST_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (AUTOML_TEST_REQUIRE_ALL is set)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """Folder of stand-ins, first on the path; each call is written down."""
    _require("bash", "jq")
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def stand_in(commands: Path, name: str, script: str) -> None:
    path = commands / name
    calls = commands.parent / f"{name}.calls"
    path.write_text(f'#!/usr/bin/env bash\nprintf "%s\\n" "$*" >>"{calls}"\n{script}\n', "utf-8")
    path.chmod(0o755)


def calls_of(commands: Path, name: str) -> list[str]:
    path = commands.parent / f"{name}.calls"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def run(
    commands: Path, script: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", **variables}
    return subprocess.run(
        [SCRIPTS / script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


GIVEN = {
    "ENVIRONMENT": "dev",
    "AWS_REGION": "eu-central-1",
    "GITHUB_REPOSITORY": "somebody/automl-lite",
    "ECR_REPOSITORY": "1.dkr.example.org/automl-lite-training",
    "API_TOKEN_HASHES": json.dumps({"dev": [HASH], "prod": []}),
}


def test_what_is_deployed_stays_if_no_image_is_named(commands, tmp_path):
    stand_in(commands, "terraform", "echo arn:aws:batch:eu-central-1:1:job-definition/trainer:3")
    stand_in(commands, "aws", f"echo registry/deployed@{DIGEST}")

    done = run(commands, "terraform-variables.sh", f"{tmp_path}/v.json", **GIVEN)

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "v.json").read_text()) == {
        "region": "eu-central-1",
        "api_token_hashes": [HASH],
        "training_image": f"registry/deployed@{DIGEST}",
        "github_repository": "somebody/automl-lite",
    }


def test_a_first_deployment_takes_the_newest_image(commands, tmp_path):
    stand_in(commands, "terraform", "echo 'No outputs found' >&2; exit 1")
    stand_in(commands, "aws", f"echo {DIGEST}")

    done = run(commands, "terraform-variables.sh", f"{tmp_path}/v.json", **GIVEN)

    assert done.returncode == 0, done.stderr
    image = json.loads((tmp_path / "v.json").read_text())["training_image"]
    assert image == f"1.dkr.example.org/automl-lite-training@{DIGEST}"
    assert "--repository-name automl-lite-training" in calls_of(commands, "aws")[0]


def test_a_named_image_and_a_boundary_are_taken_as_they_are(commands, tmp_path):
    boundary = "arn:aws:iam::1:policy/boundary"

    done = run(
        commands, "terraform-variables.sh", f"{tmp_path}/v.json", **GIVEN,
        TRAINING_IMAGE=f"registry/new@{DIGEST}", PERMISSIONS_BOUNDARY_ARN=boundary,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "v.json").read_text())
    assert written["training_image"] == f"registry/new@{DIGEST}"
    assert written["permissions_boundary_arn"] == boundary


@pytest.mark.parametrize(
    "hashes",
    ["", "null", "{}", '{"prod": ["x"]}', '{"dev": []}', '{"dev": "x"}', "not JSON"],
    ids=["unset", "null", "empty", "another environment", "no hash", "no list", "no JSON"],
)
def test_hashes_that_are_missing_are_asked_for_by_name(commands, tmp_path, hashes):
    done = run(
        commands,
        "terraform-variables.sh",
        f"{tmp_path}/v.json",
        **(GIVEN | {"API_TOKEN_HASHES": hashes}),
    )

    assert done.returncode == 1
    assert "API_TOKEN_HASHES must be a JSON object with a list of hashes for dev" in done.stderr
    assert not (tmp_path / "v.json").exists()


@pytest.mark.parametrize("missing", ["ENVIRONMENT", "STATE_BUCKET", "AWS_REGION"])
def test_a_variable_that_the_state_needs_is_asked_for_by_name(commands, missing):
    stand_in(commands, "terraform", "exit 0")
    given = {"ENVIRONMENT": "dev", "STATE_BUCKET": "state", "AWS_REGION": "eu-central-1"}
    given[missing] = ""

    done = run(commands, "terraform-init.sh", **given)

    assert done.returncode == 1
    assert f"{missing} is not set" in done.stderr
    assert calls_of(commands, "terraform") == []


def test_every_environment_has_a_state_of_its_own(commands):
    stand_in(commands, "terraform", "exit 0")
    given = {"ENVIRONMENT": "prod", "STATE_BUCKET": "state", "AWS_REGION": "eu-central-1"}

    done = run(commands, "terraform-init.sh", "-lockfile=readonly", **given)

    assert done.returncode == 0, done.stderr
    [call] = calls_of(commands, "terraform")
    assert "-backend-config=key=automl-lite/prod.tfstate" in call
    assert call.endswith("-lockfile=readonly")


@pytest.mark.parametrize(
    ("counts", "code"),
    [("null", 0), ('{"HIGH": 3}', 0), ('{"CRITICAL": 1, "LOW": 9}', 1)],
    ids=["none", "no critical one", "a critical one"],
)
def test_a_critical_weakness_of_an_image_ends_the_run(commands, tmp_path, counts, code):
    stand_in(
        commands, "aws", f"case \"$2\" in describe-image-scan-findings) echo '{counts}' ;; esac"
    )

    done = run(
        commands, "scan-image.sh", f"registry/trainer@{DIGEST}",
        GITHUB_STEP_SUMMARY=f"{tmp_path}/summary",
    )  # fmt: skip

    assert done.returncode == code, done.stderr
    assert f"--image-id imageDigest={DIGEST}" in calls_of(commands, "aws")[-1]


class Deployed(BaseHTTPRequestHandler):
    """A platform of which everything answers, and which asks for a token."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/health") else 401)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def deployed() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Deployed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_deployed_platform_is_asked_for_its_health_and_for_its_door(commands, deployed):
    _require("curl")

    done = run(commands, "smoke.sh", f"{deployed}/", no_proxy="127.0.0.1")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "/health answers 200",
        "/health/ready answers 200",
        "/health/model-runtime answers 200",
        "/jobs answers 401",
    ]


def test_the_site_is_copied_pages_last_and_cleared_afterwards(commands, deployed, tmp_path):
    _require("curl")
    site = tmp_path / "dist"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html>", "utf-8")
    names = {"site_bucket": "bucket", "site_distribution_id": "E1", "site_url": deployed}
    cases = "".join(f"{name}) echo {value} ;; " for name, value in names.items())
    stand_in(commands, "terraform", f'case "${{@: -1}}" in {cases}esac')
    stand_in(commands, "aws", "echo I1")
    # The stand-in of a platform answers 401 to whoever asks for a page.
    stand_in(commands, "curl", "exit 0")

    done = run(commands, "publish-site.sh", str(site))

    assert done.returncode == 0, done.stderr
    assets, others, pages, clearing, forgetting, waiting = calls_of(commands, "aws")
    assert "immutable" in assets
    assert "--exclude *.html" in others
    assert "--include *.html" in pages
    assert "--delete" not in assets + others + pages
    # Pages that are open ask for parts of the build that they came from.
    assert "--exclude assets/*" in clearing
    assert "--delete" in clearing
    assert "create-invalidation --distribution-id E1 --paths /*" in forgetting
    assert "--id I1" in waiting


def test_a_site_that_was_not_built_is_not_published(commands, tmp_path):
    stand_in(commands, "aws", "exit 0")

    done = run(commands, "publish-site.sh", str(tmp_path))

    assert done.returncode == 1
    assert "make site builds it" in done.stderr
    assert calls_of(commands, "aws") == []
