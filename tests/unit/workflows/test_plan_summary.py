"""What a plan would change is said, and refused where only functions may change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / ".github" / "scripts" / "plan_summary.py"


def change(address: str, *actions: str) -> dict[str, Any]:
    return {
        "address": address,
        "type": address.split(".")[-2],
        "change": {"actions": list(actions)},
    }


def run(tmp_path: Path, *found: dict[str, Any], only: str) -> subprocess.CompletedProcess[str]:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"resource_changes": list(found)}), "utf-8")
    return subprocess.run(
        [sys.executable, SCRIPT, plan, "--only", only], capture_output=True, text=True, check=False
    )


NEW_CODE = change("module.api.aws_lambda_function.this", "update")
NEW_TABLE = change("module.tables.aws_dynamodb_table.jobs", "update")
LOST_FUNCTION = change("module.api.aws_lambda_function.this", "delete", "create")
AS_IT_IS = change("module.tables.aws_dynamodb_table.jobs", "no-op")


def test_every_change_is_listed_and_what_stays_is_not(tmp_path):
    done = run(tmp_path, NEW_CODE, NEW_TABLE, AS_IT_IS, only="anything")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "### Plan: 2 changes",
        "",
        "- update `module.api.aws_lambda_function.this`",
        "- update `module.tables.aws_dynamodb_table.jobs`",
    ]


def test_new_code_of_a_function_may_be_deployed_by_itself(tmp_path):
    assert run(tmp_path, NEW_CODE, AS_IT_IS, only="functions").returncode == 0


@pytest.mark.parametrize(
    "other", [NEW_TABLE, LOST_FUNCTION], ids=["another resource", "a function made anew"]
)
def test_more_than_new_code_is_refused_and_named(tmp_path, other):
    done = run(tmp_path, NEW_CODE, other, only="functions")

    assert done.returncode == 1
    assert other["address"] in done.stderr
    assert "Deploy infrastructure" in done.stderr
