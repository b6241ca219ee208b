"""Fixtures of the proof: what it needs, a home each, and how long every step took."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automl_core.samples import penguins_path
from home import missing_tools

from .deployment import PACKAGES, Deployment, deployed

_REQUIRE_ALL = "AUTOML_TEST_REQUIRE_ALL"
_FUNCTIONS = ("api", "authorizer", "events", "inference")


def _leave_out(reason: str) -> None:
    """Skip what this machine cannot run, or fail where everything must run."""
    if os.environ.get(_REQUIRE_ALL) == "1":
        pytest.fail(f"{reason} ({_REQUIRE_ALL} is set)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def tools() -> None:
    """The emulator, terraform, and the packages to deploy."""
    missing = missing_tools()
    if not all((PACKAGES / f"{name}-x86_64.zip").exists() for name in _FUNCTIONS):
        missing.append(f"the Lambda packages in {PACKAGES} (make package)")
    if missing:
        _leave_out(f"left out: the emulated AWS needs {', '.join(missing)}")


class Story:
    """What earlier steps found out and later ones need."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        self._known[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            pytest.fail(f"The step that finds {name!r} did not pass.", pytrace=False)
        return self._known[name]


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.fixture(scope="session")
def penguins() -> bytes:
    return penguins_path().read_bytes()


@pytest.fixture(scope="session")
def open_home(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The platform where nobody is refused by IAM; limits lowered so that tests meet them."""
    limits = {
        # Above the sample's size, below that of the larger table.
        "AUTOML_INLINE_READ_BYTES": "65536",
        "AUTOML_MAX_UPLOAD_BYTES": "1048576",
        "AUTOML_UPLOAD_URL_TTL_S": "20",
        "AUTOML_MAX_ACTIVE_JOBS": "10",
    }
    with deployed(
        tmp_path_factory.mktemp("open-home"),
        secrets.token_urlsafe(24),
        enforces_iam=False,
        lambda_environment=limits,
    ) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def strict_home(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The platform where every call is judged by the policies of whoever makes it."""
    limits = {"AUTOML_INLINE_READ_BYTES": "65536", "AUTOML_MAX_ACTIVE_JOBS": "100"}
    with deployed(
        tmp_path_factory.mktemp("strict-home"),
        secrets.token_urlsafe(24),
        enforces_iam=True,
        lambda_environment=limits,
    ) as deployment:
        yield deployment


#: Test -> seconds of its fixtures and its call, filled where the run is reported.
_STEPS: dict[str, float] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what a step took."""
    folder = f"{Path(__file__).parent.name}/"
    if folder in report.nodeid:
        name = report.nodeid.partition(folder)[2]
        _STEPS[name] = _STEPS.get(name, 0.0) + report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how long every step took."""
    if _STEPS:
        terminalreporter.section("seconds of each step")
        for name, seconds in _STEPS.items():
            terminalreporter.write_line(f"{seconds:8.1f}  {name}")
