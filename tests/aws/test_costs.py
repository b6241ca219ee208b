"""The bills of the real plan: within their bars, nothing billed by the hour, told on the page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

pytestmark = [pytest.mark.aws, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plan_of(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Path of the plan of a fresh home, made once for each environment."""

    @cache
    def make(environment: str) -> str:
        path = str(tmp_path_factory.mktemp("plan") / f"{environment}.json")
        planned = run(
            "infrastructure/local/plan_json.py", "--environment", environment, "--out", path
        )
        assert planned.returncode == 0, planned.stderr
        return path

    return make


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_bill_is_within_its_bar_and_nothing_costs_by_the_hour(
    plan_of: Callable[[str], str], environment: str
) -> None:
    checked = run("-m", "automl_cli", "cost", "check", "--plan", plan_of(environment))

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_page_about_costs_tells_what_the_calculator_says(
    plan_of: Callable[[str], str],
) -> None:
    compared = run("benchmarks/cost_tables.py", plan_of("dev"), "--check")

    assert compared.returncode == 0, compared.stdout + compared.stderr
