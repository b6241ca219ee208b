"""The workflows hold what the project promises of them; actionlint and zizmor check the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "workflows"
PATHS = sorted(FOLDER.glob("*.yml"))
DEPLOYING = [path for path in PATHS if path.stem.startswith("deploy-")]
SCRIPTS = sorted((ROOT / ".github" / "scripts").iterdir())

every_workflow = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> dict[Any, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return workflow


def triggers(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the word `on` as true.
    given: dict[str, Any] = read(path)[True]
    return given


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", [])]


def test_every_workflow_is_there():
    assert {path.stem for path in PATHS} == {
        "ci", "deploy-frontend", "deploy-infrastructure", "deploy-lambda-api",
        "deploy-training-container", "destroy", "plan-and-apply",
    }  # fmt: skip


@every_workflow
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(path: Path):
    lines = re.findall(r"uses: (.+)$", path.read_text("utf-8"), re.MULTILINE)

    for line in lines:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) or re.fullmatch(
            r"\$/\.github/workflows/[\w-]+\.yml", line
        ), line


def test_the_same_action_is_the_same_commit_everywhere():
    pins: dict[str, set[str]] = {}
    for path in PATHS:
        for action, pin in re.findall(r"uses: ([\w./-]+)@(.+)$", path.read_text("utf-8"), re.M):
            pins.setdefault(action, set()).add(pin)

    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@every_workflow
def test_nothing_is_permitted_but_what_a_job_asks_for(path: Path):
    workflow = read(path)

    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert set(job.get("permissions", {})) <= {"contents", "id-token"}, name
        assert job.get("permissions", {}).get("contents", "read") == "read", name


@every_workflow
def test_every_job_ends_in_time(path: Path):
    jobs = read(path)["jobs"]

    assert [
        name for name, job in jobs.items() if "uses" not in job and "timeout-minutes" not in job
    ] == []


@every_workflow
def test_every_workflow_says_what_may_run_at_the_same_time(path: Path):
    assert {"group", "cancel-in-progress"} == set(read(path)["concurrency"])


@every_workflow
def test_no_script_holds_an_expression(path: Path):
    # What is put into a script before the shell reads it can be code; variables cannot.
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@every_workflow
def test_no_workflow_runs_foreign_code_with_rights(path: Path):
    assert {"pull_request_target", "workflow_run"}.isdisjoint(triggers(path))


@every_workflow
def test_no_long_lived_key_of_aws_is_used(path: Path):
    text = path.read_text("utf-8")

    assert "secrets." not in text
    assert not re.search(r"aws-(access-key-id|secret-access-key)", text)


@every_workflow
def test_checkouts_leave_no_token_behind(path: Path):
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_workflow
def test_what_a_job_runs_is_there(path: Path):
    text = path.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    for script in re.findall(r"\.github/scripts/[\w.-]+", text):
        assert (ROOT / script).is_file(), script
    assert set(re.findall(r"run: make ([a-z-]+)", text)) <= targets


@pytest.mark.parametrize("path", DEPLOYING, ids=lambda path: path.stem)
def test_tests_stand_before_every_deployment(path: Path):
    jobs = read(path)["jobs"]
    before: dict[str, set[str]] = {}
    for name, job in jobs.items():
        needed = job.get("needs", [])
        before[name] = set([needed] if isinstance(needed, str) else needed)

    assert jobs["tests"]["uses"].endswith("/ci.yml")
    for name in set(jobs) - {"tests"}:
        seen, open_ = set(), {name}
        while open_:
            each = open_.pop()
            seen.add(each)
            open_ |= before[each] - seen
        assert "tests" in seen, name


def test_what_is_applied_is_the_plan_that_was_made_in_a_protected_environment():
    jobs = read(FOLDER / "plan-and-apply.yml")["jobs"]
    applied = [step.get("run", "") for step in jobs["apply"]["steps"]]

    assert "environment" not in jobs["plan"]
    assert jobs["apply"]["needs"] == "plan"
    assert jobs["apply"]["environment"] == "${{ inputs.environment }}"
    [apply] = [run for run in applied if " apply " in run]
    assert apply.endswith(" plan.tfplan")
    assert [run for run in applied if " plan " in run] == []
    assert jobs["smoke"]["needs"] == "apply"


def test_planning_reads_only_and_applying_has_a_role_of_its_own():
    jobs = read(FOLDER / "plan-and-apply.yml")["jobs"]
    roles = {
        name: [
            step["with"]["role-to-assume"]
            for step in job["steps"]
            if "configure-aws-credentials" in step.get("uses", "")
        ]
        for name, job in jobs.items()
    }

    assert roles == {
        "plan": ["${{ vars.AWS_PLAN_ROLE_ARN }}"],
        "apply": ["${{ vars.AWS_DEPLOY_ROLE_ARN }}"],
        "smoke": [],
    }


def test_destroying_needs_a_typed_word_and_prod_another_one():
    workflow = read(FOLDER / "destroy.yml")
    [check] = [step["run"] for step in workflow["jobs"]["word"]["steps"]]

    assert triggers(FOLDER / "destroy.yml")["workflow_dispatch"]["inputs"]["word"]["required"]
    assert workflow["jobs"]["destroy"]["needs"] == "word"
    assert re.search(r"dev\) expected=destroy-dev ;;", check)
    assert re.search(r"prod\) expected=destroy-prod-and-all-its-data ;;", check)


def test_one_thing_at_a_time_happens_to_an_environment():
    groups = {
        path.stem: read(path)["concurrency"]
        for path in (FOLDER / "plan-and-apply.yml", FOLDER / "destroy.yml")
    }

    assert {each["group"] for each in groups.values()} == {"deploy-${{ inputs.environment }}"}
    assert {each["cancel-in-progress"] for each in groups.values()} == {False}


def test_ci_runs_every_supported_python():
    [supported] = re.findall(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "core" / "pyproject.toml").read_text()
    )
    matrix = read(FOLDER / "ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"]

    assert matrix == [f"3.{minor}" for minor in range(*map(int, supported))]


def test_every_script_can_be_run_and_stops_at_the_first_error():
    for path in SCRIPTS:
        if path.suffix == ".sh":
            assert path.stat().st_mode & 0o111, path.name
            assert "set -euo pipefail" in path.read_text("utf-8"), path.name


def test_dependabot_watches_every_place_that_pins_something():
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))["updates"]
    watched = {
        (each["package-ecosystem"], folder)
        for each in updates
        for folder in each.get("directories", [each.get("directory")])
    }
    dockerfiles = {
        ("docker", f"/{path.parent.relative_to(ROOT)}")
        for folder in ("backend", "training", "infrastructure/local")
        for path in (ROOT / folder).glob("Dockerfile")
    }

    assert {
        ("pip", "/requirements"),
        ("github-actions", "/"),
        ("terraform", "/infrastructure"),
    } <= (watched)
    assert dockerfiles == {each for each in watched if each[0] == "docker"}
