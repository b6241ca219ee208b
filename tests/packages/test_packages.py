"""The packages themselves: what is in them, how large they are, and that they are reproducible."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUT = ROOT / "dist" / "lambda"
MEGABYTE = 1024**2
FUNCTIONS = ("api", "events", "inference", "authorizer")
#: What the runtime brings: a copy in a package would be another version of it.
OF_THE_RUNTIME = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3"}


@pytest.fixture(scope="module")
def content(unpacked, machine) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """Members of each package."""
    found = {}
    for name in FUNCTIONS:
        with zipfile.ZipFile(OUT / f"{name}-{machine}.zip") as archive:
            found[name] = {entry.filename: entry for entry in archive.infolist()}
    return found


def tops(members) -> set[str]:
    """First parts of the members' paths."""
    return {name.partition("/")[0] for name in members}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_package_can_be_sent_to_lambda(unpacked, content, machine, name):
    unpacked_bytes = sum(entry.file_size for entry in content[name].values())

    assert (OUT / f"{name}-{machine}.zip").stat().st_size <= 50 * MEGABYTE
    assert unpacked_bytes <= (130 if name == "inference" else 250) * MEGABYTE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_package_has_no_copy_of_what_the_runtime_brings(content, name):
    assert tops(content[name]) & OF_THE_RUNTIME == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_package_has_neither_tests_nor_stubs_nor_scripts(content, name):
    found = [
        member
        for member in content[name]
        if "/tests/" in member or member.startswith("bin/") or member.endswith((".pyi", ".pxd"))
    ]

    assert found == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_module_is_there_compiled(content, name):
    members = set(content[name])
    sources = {Path(member) for member in members if member.endswith(".py")}

    missing = [
        str(path)
        for path in sources
        if str(path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc") not in members
    ]

    assert sources != set()
    assert missing == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_members_are_sorted_dated_alike_and_readable_by_everybody(content, name):
    entries = list(content[name].values())

    assert [entry.filename for entry in entries] == sorted(content[name])
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {oct(entry.external_attr >> 16) for entry in entries} <= {"0o100644", "0o100755"}


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        # What only the embedded home has, and what only the other functions have.
        pytest.param("api", {"sqlalchemy", "uvicorn", "onnxruntime"}, id="api"),
        pytest.param("events", {"fastapi", "numpy", "duckdb", "mangum"}, id="events"),
        pytest.param(
            "inference",
            {"pydantic", "fastapi", "aws_lambda_powertools", "google", "flatbuffers", "packaging"},
            id="inference",
        ),
    ],
)
def test_a_package_has_no_library_of_another_part(content, name, left_out):
    assert tops(content[name]) & left_out == set()


def test_the_authorizer_is_ours_and_the_standard_librarys_alone(content):
    assert tops(content["authorizer"]) == {"automl_backend", "automl_core"}


def test_ours_is_packed_only_where_it_is_used(content):
    ours = [member for member in content["inference"] if member.endswith("/api.py")]

    assert ours == []
    assert "automl_backend/lambdas/inference.py" in content["inference"]
    assert "automl_core/adapters/metadata_store_sql.py" not in content["api"]
    assert "automl_backend/templates/docs.html" in content["api"]
    assert "automl_backend/routes/jobs.py" in content["api"]


def test_the_summary_tells_sizes_and_hashes(unpacked, machine):
    summary = json.loads((OUT / "packages.json").read_text("utf-8"))

    for name in FUNCTIONS:
        file = OUT / f"{name}-{machine}.zip"
        assert summary[file.name]["zip_bytes"] == file.stat().st_size
        assert summary[file.name]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_same_wheels_make_the_same_bytes(package, unpacked, machine, tmp_path):
    hashes = []
    for turn in ("first", "second"):
        cache = tmp_path / f"cache-{turn}"
        # The wheels alone: everything that is made of them is made anew.
        cache.mkdir()
        (cache / "wheels").symlink_to(OUT / ".cache" / "wheels")
        out = tmp_path / turn
        done = package(
            "events", "authorizer", "--architecture", machine, "--no-import",
            "--out", str(out), "--cache", str(cache),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        hashes.append(
            {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.glob("*.zip")}
        )

    assert hashes[0] == hashes[1]
    assert sorted(hashes[0]) == [f"authorizer-{machine}.zip", f"events-{machine}.zip"]


def test_what_has_not_changed_is_not_built_again(package, unpacked, machine):
    before = {path.name: path.stat().st_mtime_ns for path in OUT.glob(f"*-{machine}.zip")}

    done = package("--architecture", machine, "--no-import")

    assert done.returncode == 0, done.stderr
    after = {path.name: path.stat().st_mtime_ns for path in OUT.glob(f"*-{machine}.zip")}
    assert before == after


def test_an_unknown_function_is_refused_with_the_names_that_there_are(package):
    done = package("predict")

    assert done.returncode == 2
    assert "there is no function predict; there are ['api', 'events'" in done.stderr
