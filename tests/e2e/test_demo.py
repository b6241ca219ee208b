"""The demo, as a user runs it: a real server, a real training, a real prediction."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automl_cli.boundary import run
from automl_cli.embedded import EmbeddedPlatform
from automl_core.samples import penguins_path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _demo(data_dir: Path, *options: str, **more: object) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTOML_")}
    return subprocess.Popen(
        [sys.executable, "-m", "automl_cli", "demo", "--data-dir", str(data_dir), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **more,
    )


def _is_answering(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _processes_of(folder: Path) -> list[str]:
    """Processes whose environment names the folder, where the system tells (Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in environment and b"automl_" in command:
            found.append(command.decode())
    return found


@dataclass(frozen=True)
class Finished:
    """A demo that ran to its end."""

    data_dir: Path
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "notes.txt").write_text("mine")
    demo = _demo(folder, "--exit", "--json")
    out, err = demo.communicate()
    return Finished(folder, demo.returncode, out, err)


def test_the_demo_goes_from_a_file_to_a_prediction(finished):
    assert finished.code == 0, finished.err
    document = json.loads(finished.out)
    metric = document["metric"]
    assert (document["task"], document["split"]) == ("multiclass", "holdout")
    assert document["parity"]["passed"] is True
    assert document["score"]["value"] != document["baseline"]["scores"][metric]
    assert document["prediction"]["prediction"] in {"Adelie", "Chinstrap", "Gentoo"}
    assert {note["code"] for note in document["prediction"]["notes"]} >= {"missing", "unseen"}
    for title in ("Upload", "Train", "Look at the result", "Deploy", "Where things are"):
        assert f". {title}" in finished.err
    assert not _is_answering(document["url"])


def test_what_the_demo_made_is_kept_and_every_client_command_reads_it(finished, tmp_path, capsys):
    document = json.loads(finished.out)
    job, dataset = document["job_id"], document["dataset_id"]

    def ask(*line: str) -> Any:
        code = run([*line, "--json", "--api", platform.address])
        said = capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    with EmbeddedPlatform(finished.data_dir) as platform:
        platform.wait_until_ready()

        assert ask("datasets", "list")["items"][0]["dataset_id"] == dataset
        assert ask("datasets", "get", dataset)["row_count"] == 344
        assert len(ask("datasets", "preview", dataset, "--rows", "3")["rows"]) == 3
        assert ask("datasets", "profile", dataset)
        assert ask("datasets", "check", dataset, "--target", "sex")["task"] == "binary"
        assert ask("jobs", "list", "--status", "completed")["items"][0]["job_id"] == job
        assert ask("jobs", "watch", job)["score"] == document["score"]["value"]
        assert ask("jobs", "logs", job)["lines"]
        assert ask("jobs", "events", job)["items"]
        assert ask("jobs", "leaderboard", job)["n_trials"] > 1
        assert ask("jobs", "update", job, "--tag", "demo")["tags"] == ["demo"]
        assert "bundle/model.onnx" in {a["name"] for a in ask("jobs", "artifacts", job)["items"]}
        assert ask("jobs", "download", job, "--out", str(tmp_path / "job"))["files"]
        plan = ask("jobs", "start", dataset, "--target", "species", "--dry-run")["plan"]
        assert plan["task"] == "multiclass"
        assert ask("models", "list")["items"][0]["n_predictions"] == 1
        example = ask("models", "info", job)["example_request"]["features"]
        answer = ask("models", "predict", job, "--features", json.dumps(example))
        assert answer["prediction"] in {"Adelie", "Chinstrap", "Gentoo"}
        assert ask("deployments", "undeploy", job)["is_deployed"] is False
        assert len(ask("deployments", "list", job)["items"]) == 2
        refused = run(["datasets", "delete", dataset, "--yes", "--api", platform.address])
        capsys.readouterr()
        assert refused == 70
        assert ask("jobs", "delete", job)["deleted"] is True
        assert ask("datasets", "delete", dataset)["deleted"] is True

    rows = penguins_path()
    assert (
        run(["predict", str(tmp_path / "job" / "bundle"), str(rows), "--out", str(tmp_path / "o")])
        == 0
    )
    assert (finished.data_dir / "notes.txt").read_text() == "mine"


def test_ctrl_c_in_the_middle_of_the_training_stops_everything(tmp_path):
    demo = _demo(tmp_path)
    assert demo.stdout is not None
    assert demo.stderr is not None

    address = ""
    for line in demo.stdout:
        address = address or next((w for w in line.split() if w.startswith("http://")), "")
        if ". Train" in line:
            break
    while "Searching" not in demo.stderr.readline():
        assert demo.poll() is None
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=60)

    assert demo.returncode == 130
    assert "Traceback" not in err
    assert _processes_of(tmp_path) == []
    assert not _is_answering(address)


def test_a_taken_port_ends_the_demo_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        demo = _demo(tmp_path, "--exit", "--port", str(taken.getsockname()[1]))
        _, err = demo.communicate(timeout=60)

    assert demo.returncode == 75
    assert "is taken by another program" in err
