"""The pinned packages are what the project says of them: hashed, of one set, without CUDA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "requirements"
FILES = sorted(FOLDER.iterdir())
#: Tools that run in environments of their own, beside the tests.
OWN_ENVIRONMENT = ("checks", "deep", "emulator")
PINNED = sorted(path.stem for path in FOLDER.glob("*.txt"))

#: Pulls hundreds of megabytes of CUDA with it; nothing here trains on a GPU.
CUDA = re.compile(r"nvidia|cuda|cupy|torch|tensorflow|triton|xgboost(?!-cpu)|onnxruntime-gpu")


def read_pins(name: str) -> dict[str, dict[str, frozenset[str]]]:
    """Packages of a file, each with the hashes of its version; two where Pythons differ."""
    text = (FOLDER / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    pins: dict[str, dict[str, frozenset[str]]] = {}
    for line in text.splitlines():
        requirement, *hashes = line.split("--hash=")
        package, _, rest = requirement.partition(";")[0].partition("==")
        pins.setdefault(package.strip(), {})[rest.strip()] = frozenset(map(str.strip, hashes))
    return pins


def test_each_list_is_pinned():
    assert {path.name for path in FILES} == {
        f"{name}.{kind}"
        for name in (
            *("api", "build", "dev", "inference", "training", "lambda-api", "lambda-events"),
            *OWN_ENVIRONMENT,
        )
        for kind in ("in", "txt")
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_holds_an_address(path: Path):
    found = re.findall(r"\S*://\S*|^-\S*(?:index|find-links|trusted).*| @ ", path.read_text(), re.M)

    assert found == []


@pytest.mark.parametrize("name", PINNED)
def test_every_package_is_pinned_with_hashes(name: str):
    for package, versions in read_pins(name).items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*(\[[a-z,]+\])?", package)
        for version, hashes in versions.items():
            assert re.fullmatch(r"\d[\w.]*", version), package
            assert hashes, package
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), package


@pytest.mark.parametrize("name", [name for name in PINNED if name not in ("dev", *OWN_ENVIRONMENT)])
def test_what_is_installed_anywhere_is_what_the_tests_run_with(name: str):
    tested = read_pins("dev")

    pins = read_pins(name)

    assert {package: tested.get(package) for package in pins} == pins


@pytest.mark.parametrize("name", PINNED)
def test_no_package_brings_cuda(name: str):
    assert [package for package in read_pins(name) if CUDA.match(package)] == []


@pytest.mark.parametrize("name", ["api", "inference"])
def test_what_answers_predictions_holds_no_training_library(name: str):
    training = {"pandas", "scikit-learn", "flaml", "lightgbm", "xgboost-cpu", "onnx", "scipy"}

    assert training.isdisjoint(read_pins(name))


def test_the_tests_second_opinion_on_graphs_is_installed_for_tests_only():
    assert [name for name in PINNED if "skl2onnx" in read_pins(name)] == ["dev"]
