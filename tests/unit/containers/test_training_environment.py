"""What the training container runs, run from the same packages where there is no engine.

A clean environment of Python 3.13 from the image's requirements, the members as wheels, the
command and the environment of the image, and the order as AWS Batch or compose gives it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automl_core.layout import REJECTS, SCHEMA, UPLOAD, dataset_key, job_key
from automl_core.records import Dataset
from automl_core.samples import PENGUINS_TARGET, penguins_path
from automl_core.settings import Settings
from automl_core.tabular.read import scan_table
from automl_core.wiring import Stores, open_stores

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "training" / "Dockerfile"
DATASET_ID = "c0ffee"
JOB_ID = "0123456789abcdef0123456789abcdef"


def find_python() -> Path | None:
    """An interpreter of the image's version."""
    found = shutil.which("python3.13")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*([Path(found)] if found else []), *sorted(pyenv.glob("3.13.*/bin/python"))]
    asks = "import sys; raise SystemExit(sys.version_info[:2] != (3, 13))"
    return next(
        (
            each
            for each in candidates
            if subprocess.run([each, "-c", asks], capture_output=True, check=False).returncode == 0
        ),
        None,
    )


@dataclass(frozen=True)
class Container:
    """What stands for the container: an environment, and an empty folder to work in."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def run(self, command: list[str], **order: str) -> subprocess.CompletedProcess[str]:
        """Run a command with the image's variables and the order, and none of this machine's."""
        work = self.folder / "home"
        work.mkdir(exist_ok=True)
        return subprocess.run(
            command,
            cwd=work,
            env=image_environment() | {"PATH": f"{self.python.parent}:/usr/bin:/bin"} | order,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )


def image_environment() -> Mapping[str, str]:
    """ENV of the Dockerfile, but for the path and pip's own."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    pairs = re.findall(r"([A-Z_]+)=(\S+)", " ".join(re.findall(r"^ENV (.+)$", text, re.MULTILINE)))
    return {name: value for name, value in pairs if name != "PATH" and not name.startswith("PIP_")}


def image_command() -> list[str]:
    [command] = re.findall(r"^CMD (\[.+\])$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    interpreter = find_python()
    if interpreter is None:
        reason = "left out: the training container's Python 3.13 is not on this machine"
        if os.environ.get("AUTOML_TEST_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason} (AUTOML_TEST_REQUIRE_ALL is set)", pytrace=False)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("container")

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    pinned = ("--require-hashes", "--no-deps", "--only-binary=:all:")
    run(interpreter, "-m", "venv", "build")
    run(interpreter, "-m", "venv", "--without-pip", "venv")
    pip = (folder / "build" / "bin" / "python", "-m", "pip")
    into = ("--python", folder / "venv" / "bin" / "python", "install")
    run(*pip, "install", *pinned, "-r", ROOT / "requirements" / "build.txt")
    run(*pip, *into, *pinned, "-r", ROOT / "requirements" / "training.txt")
    # Copies: building leaves its own files beside what it builds.
    for member in ("core", "training"):
        shutil.copytree(
            ROOT / member,
            folder / member,
            ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"),
        )
    run(
        *pip,
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--wheel-dir",
        "wheels",
        "./core",
        "./training",
    )
    run(*pip, *into, "--no-deps", "--no-index", *sorted((folder / "wheels").glob("*.whl")))
    return Container(folder)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    """The embedded home with an uploaded and confirmed data set, and no job."""
    stores = open_stores(Settings(data_dir=tmp_path / "data", _env_file=None))
    table = penguins_path()
    scan = scan_table(lambda: table.open("rb"), filename=table.name)
    data = table.read_bytes()
    stores.objects.put(dataset_key(DATASET_ID, UPLOAD), data)
    for name, document in ((SCHEMA, scan.schema), (REJECTS, scan.rejects)):
        stores.objects.put(dataset_key(DATASET_ID, name), document.model_dump_json().encode())
    now = datetime.now(UTC)
    stores.metadata.add_dataset(
        Dataset(
            dataset_id=DATASET_ID,
            filename=table.name,
            content_type="text/csv",
            status="ready",
            file_size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            created_at=now,
            updated_at=now,
        )
    )
    yield stores
    stores.close()


def test_a_container_without_an_order_says_what_it_misses(container, tmp_path):
    done = container.run(image_command(), AUTOML_DATA_DIR=str(tmp_path / "data"))

    assert done.returncode == 78
    assert "JOB_ID, DATASET_ID, TARGET_COLUMN, TIME_BUDGET" in done.stderr


def test_a_container_trains_an_uploaded_data_set_and_records_the_job(container, stores, tmp_path):
    done = container.run(
        image_command(),
        AUTOML_DATA_DIR=str(tmp_path / "data"),
        JOB_ID=JOB_ID,
        DATASET_ID=DATASET_ID,
        TARGET_COLUMN=PENGUINS_TARGET,
        TIME_BUDGET="60",
    )

    assert done.returncode == 0, done.stderr[-3000:]
    job = stores.metadata.get_job(JOB_ID)
    assert (job.status, job.dataset_id, job.target_column) == (
        "completed", DATASET_ID, PENGUINS_TARGET,
    )  # fmt: skip
    parity = json.loads(stores.objects.get(job_key(JOB_ID, "parity.json")))
    assert parity["passed"] is True


def test_the_container_holds_neither_the_api_nor_a_build_tool(container):
    names = ("automl_backend", "automl_cli", "fastapi", "pip", "setuptools", "torch")
    asks = (
        "import importlib.util, sys;"
        "print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])"
    )

    done = container.run([str(container.python), "-c", asks, *names])

    assert done.stdout.strip() == "[]"
